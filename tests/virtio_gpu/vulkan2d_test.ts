import "udrm/drivers/os/testing.ts";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { CursorImage, Display, Frame } from "udrm/core/display.ts";
import type { Renderer } from "udrm/core/host.ts";
import type { PageAllocator, Pages } from "udrm/core/memory.ts";
import { NullDisplay } from "udrm/drivers/display/null/mod.ts";
import { soft2d } from "udrm/drivers/host/render/soft2d/mod.ts";
import { vulkan2d } from "udrm/drivers/host/render/vulkan2d/mod.ts";
import { withRenderer } from "udrm/drivers/host/render/vulkan2d/testing.ts";
import { listPhysicalDevices } from "udrm/drivers/host/vulkan/mod.ts";
import { virtioGpuHost } from "udrm/drivers/host/virtio_gpu/mod.ts";
import { memfdAllocator } from "udrm/drivers/os/mod.ts";
import { mappingsOf } from "udrm/drivers/os/testing.ts";
import * as gpu from "udrm/uapi/virtio_gpu.ts";
import { VIRTIO_GPU_FORMATS } from "udrm/uapi/virtio_gpu_format.ts";
import { WireGuest } from "./wire.ts";

const OK = gpu.VIRTIO_GPU_RESP_OK_NODATA;
const XRGB = gpu.VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM;

/** Memfd pages that are all freed in the end: raw guests free none. */
class MemfdPool implements PageAllocator, Disposable {
  readonly #inner = memfdAllocator();
  readonly #all: Pages[] = [];

  allocate(size: number, name: string): Pages {
    const pages = this.#inner.allocate(size, name);
    this.#all.push(pages);
    return pages;
  }
  [Symbol.dispose](): void {
    for (const pages of this.#all) pages[Symbol.dispose]();
  }
}

/** Reads each frame twice: at once, and, held, when the next one comes. Notes everything in order. */
class TwiceDisplay implements Display {
  readonly name = "twice";
  readonly seen: unknown[] = [];
  #held: Frame | undefined;

  present(scanout: number, frame: Frame | undefined): void {
    this.late();
    this.seen.push(
      frame === undefined ? ["off", scanout] : ["frame", scanout, frame.format, frame.damage, pixels(frame)],
    );
    frame?.hold?.();
    this.#held = frame;
  }
  cursor(scanout: number, image: CursorImage | undefined, x: number, y: number): void {
    this.seen.push(["cursor", scanout, image && { ...image, bytes: image.bytes.slice() }, x, y]);
  }
  late(): void {
    if (this.#held === undefined) return;
    this.seen.push(["late", pixels(this.#held)]);
    this.#held.release?.();
    this.#held = undefined;
  }
  [Symbol.dispose](): void {}
}

function pixels(frame: Frame): Uint8Array {
  const bytes = new Uint8Array(frame.width * frame.height * 4);
  frame.read(bytes, frame.width * 4);
  return bytes;
}

type Step = readonly [kind: number, a: number, b: number, c: number, d: number, e: number];

/** Plays the same random commands to a renderer; what the guest was answered and what the display saw. */
function play(renderer: Renderer, steps: readonly Step[], allocator?: PageAllocator): unknown[] {
  const formats = [...VIRTIO_GPU_FORMATS.keys()];
  const display = new TwiceDisplay();
  using host = virtioGpuHost({ renderer, display });
  using guest = new WireGuest(host, { allocator });
  const one = guest.pattern(70 * 70 * 4, 1), two = guest.pattern(70 * 70 * 4, 2);
  const sizes = new Map<number, readonly [number, number]>();
  for (const [kind, a, b, c, d, e] of steps) {
    const id = 1 + a % 4;
    const [width, height] = sizes.get(id) ?? [1 + b % 70, 1 + c % 70];
    const x = b % width, y = c % height, w = 1 + d % (width - x), h = 1 + e % (height - y);
    let answer: number;
    if (kind === 0) {
      const side = e % 3 === 0 ? [64, 64] as const : [width, height] as const;
      answer = guest.create2d(id, formats[d % formats.length], ...side);
      if (answer === OK) sizes.set(id, side);
    } else if (kind === 1) {
      const cut = 4 * (1 + d % 4000);
      const pieces = e % 2 === 0
        ? [[one.gpa, 70 * 70 * 4]] as const
        : [[two.gpa + d % 5, cut], [one.gpa, 70 * 70 * 4 - cut]] as const;
      answer = guest.attach(id, pieces);
    } else if (kind === 2) answer = d % 4 === 0 ? guest.unref(id) : guest.detach(id);
    else if (kind === 3) answer = guest.setScanout(0, d % 5 === 0 ? 0 : id, x, y, w, h);
    else if (kind < 8) {
      answer = guest.transfer(id, x, y, w, h, kind === 4 ? e % 20_000 : (y * width + x) * 4);
    } else if (kind === 8) answer = guest.updateCursor(0, id, d % 100, e % 100, 3, 4);
    else if (kind === 9) {
      // Every answer is there, so that no copy is under way.
      (d % 2 === 0 ? one : two).bytes.fill(e, b % 1000, 1000 + c % 10_000);
      answer = 0;
    } else answer = guest.flush(id, x, y, w, h);
    if (kind === 2 && answer === OK && d % 4 === 0) sizes.delete(id);
    display.seen.push([kind, answer]);
  }
  display.late();
  return display.seen;
}

Deno.test("property: vulkan2d shows what soft2d shows, for every format and any commands, in place and staged", async () => {
  const number = fc.nat(1 << 24);
  const steps = fc.array(fc.tuple(fc.nat(11), number, number, number, number, number), {
    minLength: 40,
    maxLength: 120,
    size: "max",
  });
  for (const importBytes of [64, Infinity]) {
    await withRenderer((renderer) => {
      fc.assert(
        fc.property(steps, (random) => {
          const start: Step[] = [[0, 0, 50, 40, random[0][1], 1], [1, 0, 0, 0, 7, 1], [3, 0, 1, 2, 44, 99]];
          const all = [...start, ...random];
          using pool = new MemfdPool();
          assertEquals(play(renderer, all, pool), play(soft2d(), all));
        }),
        { numRuns: 40 },
      );
      assertEquals(renderer.usage.imports, 0);
    }, { importBytes, stagingBytes: 256 * 1024 });
  }
});

Deno.test("every format: a scanout of vulkan2d has soft2d's bytes and DRM format", async () => {
  await withRenderer((renderer) => {
    for (const format of VIRTIO_GPU_FORMATS.keys()) {
      const steps: Step[] = [];
      const d = [...VIRTIO_GPU_FORMATS.keys()].indexOf(format);
      steps.push([0, 0, 0, 0, d, 0], [1, 0, 0, 0, 0, 0], [3, 0, 0, 0, 63, 63], [5, 0, 0, 0, 63, 63], [
        10,
        0,
        0,
        0,
        63,
        63,
      ]);
      steps.push([8, 0, 0, 0, 1, 1]);
      const seen = play(renderer, steps);
      assertEquals(seen, play(soft2d(), steps));
      const frame = seen.find((s) => Array.isArray(s) && s[0] === "frame" && s[4].some((byte: number) => byte !== 0));
      assertEquals(Array.isArray(frame) && frame[2], VIRTIO_GPU_FORMATS.get(format));
    }
  });
});

Deno.test("a kick is one submission, however many commands; a null display costs none", async () => {
  await withRenderer((renderer, device) => {
    const display = new NullDisplay();
    using pool = new MemfdPool();
    using host = virtioGpuHost({ renderer, display });
    using guest = new WireGuest(host, { allocator: pool });
    const memory = guest.pattern(256 * 256 * 4);
    assertEquals(guest.create2d(1, XRGB, 256, 256), OK);
    assertEquals(guest.attach(1, [[memory.gpa, 256 * 256 * 4]]), OK);
    assertEquals(guest.setScanout(0, 1, 0, 0, 256, 256), OK);
    assertEquals(device.queue.lastSubmitted, 0);
    for (let i = 0; i < 10; i++) {
      assertEquals(guest.transfer(1, 16 * i, 0, 16, 16, 0), OK);
      assertEquals(guest.flush(1, 16 * i, 0, 16, 16), OK);
    }
    assertEquals(device.queue.lastSubmitted, 10);
    assertEquals(display.frames, 11);
  });
});

Deno.test("a reset gives guest memory back that was read in place", async () => {
  await withRenderer((renderer) => {
    using pool = new MemfdPool();
    using host = virtioGpuHost({ renderer, display: new NullDisplay() });
    using guest = new WireGuest(host, { allocator: pool });
    const memory = guest.pattern(1920 * 1080 * 4);
    const mapped = mappingsOf("memfd:raw guest");
    for (let round = 0; round < 3; round++) {
      assertEquals(guest.create2d(1, XRGB, 1920, 1080), OK);
      assertEquals(guest.attach(1, [[memory.gpa, 1920 * 1080 * 4]]), OK);
      assertEquals(guest.transfer(1, 0, 0, 1920, 1080, 0), OK);
      assertEquals([renderer.usage.imports, mappingsOf("memfd:raw guest") > mapped], [1, true]);
      guest.restart();
      assertEquals(renderer.usage, { bytes: 0, imports: 0 });
    }
    // What is left besides: the memory that requests are sent through.
    assert(mappingsOf("memfd:raw guest") <= mapped + 1);
  });
});

Deno.test("vulkan2d says which GPU it chose and why, and that the CPU is none", () => {
  const devices = listPhysicalDevices();
  using renderer = vulkan2d();
  const chosen = devices.find((d) => renderer.device.includes(d.name));
  assert(chosen !== undefined, renderer.device);
  assertEquals(renderer.device.startsWith("CPU rendering"), chosen.type === "cpu");
  assert(renderer.device.includes(chosen.driver));
  using same = vulkan2d({ gpu: chosen.uuid });
  assert(same.device.includes("was asked for"), same.device);
});

Deno.test("vulkan2d names what there is when no GPU is as wished", () => {
  const [{ name }] = listPhysicalDevices();
  let message = "";
  try {
    vulkan2d({ gpu: "Voodoo 2" })[Symbol.dispose]();
  } catch (error) {
    message = String(error);
  }
  assert(message.includes("Voodoo 2") && message.includes(name), message);
});
