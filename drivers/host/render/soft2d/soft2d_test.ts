import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { DrmError } from "../../../../core/error.ts";
import { GuestMemory } from "../../../../core/guest_memory.ts";
import type { Backing } from "../../../../core/host.ts";
import { heapAllocator, pageAlign } from "../../../../core/memory.ts";
import * as fourcc from "../../../../uapi/drm_fourcc.ts";
import * as gpu from "../../../../uapi/virtio_gpu.ts";
import { VIRTIO_GPU_FORMATS, virtioGpuFormat, virtioGpuFourcc } from "../../../../uapi/virtio_gpu_format.ts";
import { soft2d } from "./soft2d.ts";

const BGRA = gpu.VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM;

/** Backing of random bytes, cut into pieces at `cuts` and laid into memory with `gap` bytes between them. */
function backing(
  size: number,
  cuts: readonly number[] = [],
  gap = 0,
): { backing: Backing; bytes: Uint8Array; memory: GuestMemory } {
  const memory = new GuestMemory();
  const edges = [0, ...[...new Set(cuts.map((c) => c % size))].filter((c) => c > 0).sort((a, b) => a - b), size];
  const pages = heapAllocator().allocate(pageAlign(size + gap * edges.length), "backing");
  const { gpa } = memory.add(pages, 0, pages.size);
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = Math.imul(i + 1, 2654435761) >>> 24;
  const gpas: number[] = [], lengths: number[] = [];
  for (let i = 0; i + 1 < edges.length; i++) {
    gpas.push(gpa + edges[i] + i * gap);
    lengths.push(edges[i + 1] - edges[i]);
    pages.bytes().set(bytes.subarray(edges[i], edges[i + 1]), edges[i] + i * gap);
  }
  return { backing: { memory, gpas, lengths, size }, bytes, memory };
}

Deno.test("VIRTIO_GPU_FORMATS: bytes in memory and components of a word name the same layout", () => {
  // Both names are spelled out and compared: virtio from the first byte on, DRM from the highest byte on.
  const virtioNames = Object.entries(gpu).filter(([name]) => name.startsWith("VIRTIO_GPU_FORMAT_"));
  assertEquals(virtioNames.length, 8);
  assertEquals(VIRTIO_GPU_FORMATS.size, 8);
  for (const [name, format] of virtioNames) {
    const order = name.replace(/VIRTIO_GPU_FORMAT_(.*)_UNORM/, "$1").replaceAll("8", "");
    const drm = `DRM_FORMAT_${[...order].reverse().join("")}8888`;
    assertEquals(virtioGpuFourcc(format as number), (fourcc as Record<string, unknown>)[drm], name);
    assertEquals(virtioGpuFormat(virtioGpuFourcc(format as number) ?? 0), format);
  }
  assertEquals([virtioGpuFourcc(0), virtioGpuFourcc(5), virtioGpuFormat(fourcc.DRM_FORMAT_NV12)], [
    undefined,
    undefined,
    undefined,
  ]);
});

Deno.test("property: a transfer copies what a plain loop copies, for any rectangle, offset and scattering", () => {
  const side = fc.integer({ min: 1, max: 300 });
  fc.assert(
    fc.property(
      fc.record({
        width: side,
        height: fc.integer({ min: 1, max: 40 }),
        rects: fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat(), fc.nat(), fc.nat()), { minLength: 1, maxLength: 4 }),
        cuts: fc.array(fc.nat(), { maxLength: 6 }),
        gap: fc.constantFrom(0, 1, 4, 6),
      }),
      ({ width, height, rects, cuts, gap }) => {
        using renderer = soft2d();
        const size = width * height * 4 + 64;
        const source = backing(size, cuts, gap);
        const resource = renderer.createResource(BGRA, width, height);
        const model = new Uint8Array(width * height * 4);
        for (const [a, b, c, d, e] of rects) {
          const x = a % width, y = b % height;
          const w = 1 + c % (width - x), h = 1 + d % (height - y);
          const need = ((h - 1) * width + w) * 4;
          const offset = e % (size - need + 1);
          renderer.transferToHost(resource, x, y, w, h, offset, source.backing);
          for (let row = 0; row < h; row++) {
            for (let i = 0; i < w * 4; i++) {
              model[((y + row) * width + x) * 4 + i] = source.bytes[offset + row * width * 4 + i];
            }
          }
        }
        const seen = new Uint8Array(width * height * 4);
        renderer.frame(resource, { x: 0, y: 0, width, height }, []).read(seen, width * 4);
        assertEquals(seen, model);
      },
    ),
    { numRuns: 400 },
  );
});

Deno.test("a transfer is a snapshot: what the guest writes later is not seen", () => {
  using renderer = soft2d();
  const { backing: source, memory } = backing(16 * 16 * 4);
  const resource = renderer.createResource(BGRA, 16, 16);
  renderer.transferToHost(resource, 0, 0, 16, 16, 0, source);
  const before = new Uint8Array(1024), after = new Uint8Array(1024);
  const frame = renderer.frame(resource, { x: 0, y: 0, width: 16, height: 16 }, []);
  frame.read(before, 64);
  memory.bytes(source.gpas[0], 1024).fill(0);
  frame.read(after, 64);
  assertEquals(after, before);
  assert(before.some((b) => b !== 0));
});

Deno.test("transfer throws EFAULT where backing is short or gone", () => {
  using renderer = soft2d();
  const { backing: source, memory } = backing(16 * 16 * 4);
  const resource = renderer.createResource(BGRA, 16, 16);
  assertThrows(() => renderer.transferToHost(resource, 0, 0, 16, 16, 4, source), DrmError, "1024");
  assertThrows(() => renderer.transferToHost(resource, 0, 0, 1, 1, 1024, source), DrmError);
  renderer.transferToHost(resource, 0, 0, 1, 1, 1020, source);
  const slot = memory.find(source.gpas[0]);
  assert(slot);
  memory.remove(slot);
  assertThrows(() => renderer.transferToHost(resource, 0, 0, 1, 1, 0, source), DrmError, "no slot");
});

Deno.test("createResource: EINVAL for a format that is none, zeroed pixels", () => {
  using renderer = soft2d();
  assertThrows(() => renderer.createResource(5, 1, 1), DrmError, "format 5");
  const pixels = new Uint8Array(16).fill(9);
  renderer.frame(renderer.createResource(BGRA, 2, 2), { x: 0, y: 0, width: 2, height: 2 }, []).read(pixels, 8);
  assertEquals(pixels, new Uint8Array(16));
  assertThrows(() => renderer.destroyResource({ width: 1, height: 1, format: BGRA }), TypeError);
});

Deno.test("frame: a part of a picture, read whole, in part, with any stride, and in place", () => {
  using renderer = soft2d();
  const { backing: source, bytes } = backing(10 * 8 * 4);
  const resource = renderer.createResource(gpu.VIRTIO_GPU_FORMAT_X8R8G8B8_UNORM, 10, 8);
  renderer.transferToHost(resource, 0, 0, 10, 8, 0, source);
  const frame = renderer.frame(resource, { x: 2, y: 3, width: 5, height: 4 }, [{ x: 0, y: 0, width: 1, height: 1 }]);
  const { format, modifier, width, height, damage } = frame;
  assertEquals({ format, modifier, width, height, damage }, {
    format: fourcc.DRM_FORMAT_BGRX8888,
    modifier: 0n,
    width: 5,
    height: 4,
    damage: [{ x: 0, y: 0, width: 1, height: 1 }],
  });
  const at = (x: number, y: number): number[] => [...bytes.subarray((y * 10 + x) * 4, (y * 10 + x) * 4 + 4)];
  const all = new Uint8Array(4 * 24);
  frame.read(all, 24);
  for (let y = 0; y < 4; y++) {
    for (let x = 0; x < 5; x++) assertEquals([...all.subarray(y * 24 + x * 4, y * 24 + x * 4 + 4)], at(2 + x, 3 + y));
    assertEquals([...all.subarray(y * 24 + 20, y * 24 + 24)], [0, 0, 0, 0], "bytes between rows are left alone");
  }
  const part = new Uint8Array(2 * 8);
  frame.read(part, 8, { x: 3, y: 2, width: 2, height: 2 });
  assertEquals([...part], [...at(5, 5), ...at(6, 5), ...at(5, 6), ...at(6, 6)]);
  const direct = frame.direct?.();
  assertEquals(direct?.stride, 40);
  assertEquals([...direct!.bytes.subarray(0, 4)], at(2, 3));
  assertEquals(direct!.bytes.length, 3 * 40 + 20);
  assertThrows(() => frame.read(all, 24, { x: 1, y: 0, width: 5, height: 1 }), RangeError);
  assertThrows(() => frame.read(all, 16), RangeError);
  assertThrows(() => frame.read(new Uint8Array(91), 24), RangeError);
  frame.read(new Uint8Array(92), 24);
});

Deno.test("a held frame keeps its pixels, one that is not held shows the next; release gives back the copy", () => {
  using renderer = soft2d();
  const { backing: source, bytes } = backing(4 * 4 * 4 + 8);
  const resource = renderer.createResource(BGRA, 4, 4);
  const rect = { x: 0, y: 0, width: 4, height: 4 };
  const read = (frame: { read(target: Uint8Array, stride: number): void }): Uint8Array => {
    const target = new Uint8Array(64);
    frame.read(target, 16);
    return target;
  };
  renderer.transferToHost(resource, 0, 0, 4, 4, 0, source);
  const held = renderer.frame(resource, rect, []), loose = renderer.frame(resource, rect, []);
  held.hold?.();
  held.hold?.();
  renderer.transferToHost(resource, 0, 0, 4, 4, 8, source);
  assertEquals(read(held), bytes.slice(0, 64));
  const next = renderer.frame(resource, rect, []);
  assertEquals(read(next), bytes.slice(8, 72));
  held.release?.();
  held.release?.();
  loose.release?.();
  const direct = next.direct?.()?.bytes.buffer;
  renderer.transferToHost(resource, 0, 0, 1, 1, 0, source);
  assertEquals(
    renderer.frame(resource, rect, []).direct?.()?.bytes.buffer,
    direct,
    "nothing is copied without a holder",
  );
  const kept = renderer.frame(resource, rect, []);
  kept.hold?.();
  renderer.destroyResource(resource);
  assertEquals(read(kept).subarray(0, 4), bytes.subarray(0, 4));
});

Deno.test("blobFrame shows guest memory in place until it is held", () => {
  using renderer = soft2d();
  const { backing: source, bytes, memory } = backing(400, [100, 203], 3);
  const frame = renderer.blobFrame(source, BGRA, 5, 6, 44, 12, []);
  const model = (): Uint8Array => {
    const out = new Uint8Array(120);
    for (let y = 0; y < 6; y++) out.set(bytes.subarray(12 + y * 44, 12 + y * 44 + 20), y * 20);
    return out;
  };
  const target = new Uint8Array(120);
  frame.read(target, 20);
  assertEquals(target, model());
  assertEquals(frame.direct?.(), undefined, "its bytes lie in pieces");
  memory.write(source.gpas[0] + 12, Uint8Array.of(7, 7, 7, 7));
  bytes.fill(7, 12, 16);
  frame.read(target, 20);
  assertEquals(target, model());
  frame.hold?.();
  memory.write(source.gpas[0] + 12, Uint8Array.of(8, 8, 8, 8));
  frame.read(target, 20);
  assertEquals(target, model());
  assertEquals(frame.direct?.()?.stride, 20);
  const whole = backing(400);
  const direct = renderer.blobFrame(whole.backing, BGRA, 5, 6, 44, 12, []).direct?.();
  assertEquals([direct?.stride, direct?.bytes.length, direct?.bytes[0]], [44, 240, whole.bytes[12]]);
  const slot = memory.find(source.gpas[0]);
  assert(slot);
  memory.remove(slot);
  assertThrows(() => renderer.blobFrame(source, BGRA, 5, 6, 44, 12, []).read(target, 20), DrmError);
});

Deno.test("cursor: every format becomes ARGB8888, with the unused byte as alpha, as Linux has it", () => {
  using renderer = soft2d();
  for (const [name, format] of Object.entries(gpu)) {
    if (!name.startsWith("VIRTIO_GPU_FORMAT_")) continue;
    const order = name.replace(/VIRTIO_GPU_FORMAT_(.*)_UNORM/, "$1").replaceAll("8", "");
    const values: Record<string, number> = { B: 11, G: 22, R: 33, A: 44, X: 55 };
    const { backing: source, memory } = backing(64 * 64 * 4);
    memory.write(source.gpas[0] + 4, Uint8Array.from([...order].map((c) => values[c])));
    const resource = renderer.createResource(format as number, 64, 64);
    renderer.transferToHost(resource, 0, 0, 64, 64, 0, source);
    const { width, height, hotX, hotY, bytes } = renderer.cursor(resource, 3, 4);
    assertEquals({ width, height, hotX, hotY, length: bytes.length }, {
      width: 64,
      height: 64,
      hotX: 3,
      hotY: 4,
      length: 16384,
    });
    assertEquals([...bytes.subarray(4, 8)], [11, 22, 33, order.includes("A") ? 44 : 55], name);
  }
});

Deno.test("batches are complete when they are submitted", () => {
  using renderer = soft2d();
  const first = renderer.submit();
  assert(renderer.submit() > first);
  assert(renderer.completed() >= first);
  assert(renderer.wait(first, 0));
});
