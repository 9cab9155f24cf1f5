import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { soft2d } from "udrm/drivers/host/render/soft2d/mod.ts";
import { virtioGpuHost } from "udrm/drivers/host/virtio_gpu/mod.ts";
import * as gpu from "udrm/uapi/virtio_gpu.ts";
import { VIRTIO_GPU_FORMATS } from "udrm/uapi/virtio_gpu_format.ts";
import { Recorder } from "./recorder.ts";
import { WireGuest } from "./wire.ts";

const OK = gpu.VIRTIO_GPU_RESP_OK_NODATA;

/** Cuts memory of `size` bytes into pieces, in another order than they lie, so that only the entries tell. */
function scatter(gpa: number, size: number, cuts: readonly number[]): [gpa: number, length: number][] {
  const edges = [
    0,
    ...[...new Set(cuts.map((cut) => cut % size))].filter((cut) => cut > 0).sort((a, b) => a - b),
    size,
  ];
  const pieces = edges.slice(1).map((end, i): [number, number] => [gpa + edges[i], end - edges[i]]);
  return pieces.length % 2 === 0 ? pieces.reverse() : pieces;
}

Deno.test("property: what a display sees is what a plain CPU model sees, for every format, rectangle, offset and scattering", () => {
  const number = fc.nat();
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("transfer" as const),
        a: number,
        b: number,
        c: number,
        d: number,
        e: number,
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant("flush" as const), a: number, b: number, c: number, d: number }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("scanout" as const), a: number, b: number, c: number, d: number }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("draw" as const), a: number, b: fc.nat(255) }) },
  );
  fc.assert(
    fc.property(
      fc.record({
        format: fc.constantFrom(...VIRTIO_GPU_FORMATS.keys()),
        width: fc.integer({ min: 1, max: 260 }),
        height: fc.integer({ min: 1, max: 30 }),
        cuts: fc.array(number, { maxLength: 5 }),
        steps: fc.array(step, { minLength: 1, maxLength: 24, size: "max" }),
      }),
      ({ format, width, height, cuts, steps }) => {
        const display = new Recorder();
        const host = virtioGpuHost({ renderer: soft2d(), display });
        using guest = new WireGuest(host);
        const size = width * height * 4 + 32;
        const memory = guest.pattern(size, width);
        const pieces = scatter(memory.gpa, size, cuts);
        assertEquals([guest.create2d(1, format, width, height), guest.attach(1, pieces)], [OK, OK]);
        const picture = new Uint8Array(width * height * 4);
        const backing = (at: number): number => {
          let start = 0;
          for (const [gpa, length] of pieces) {
            if (at < start + length) return memory.bytes[gpa - memory.gpa + at - start];
            start += length;
          }
          throw new RangeError(`byte ${at}`);
        };
        const part = (a: number, b: number, c: number, d: number) => {
          const x = a % width, y = b % height;
          return { x, y, w: 1 + c % (width - x), h: 1 + d % (height - y) };
        };
        let shown: { x: number; y: number; w: number; h: number } | undefined;
        const check = (): void => {
          if (shown === undefined) return;
          const { x, y, w, h } = shown;
          const expected = new Uint8Array(w * h * 4);
          for (let row = 0; row < h; row++) {
            const at = ((y + row) * width + x) * 4;
            expected.set(picture.subarray(at, at + w * 4), row * w * 4);
          }
          const frame = display.last();
          assertEquals([frame.width, frame.height, frame.format], [w, h, VIRTIO_GPU_FORMATS.get(format)]);
          assertEquals(frame.pixels, expected);
        };
        for (const s of steps) {
          if (s.kind === "draw") {
            memory.bytes[s.a % size] = s.b;
            continue;
          }
          const { x, y, w, h } = part(s.a, s.b, s.c, s.d);
          if (s.kind === "transfer") {
            const offset = s.e % (size - ((h - 1) * width + w) * 4 + 1);
            assertEquals(guest.transfer(1, x, y, w, h, offset), OK);
            for (let row = 0; row < h; row++) {
              for (let i = 0; i < w * 4; i++) {
                picture[((y + row) * width + x) * 4 + i] = backing(offset + row * width * 4 + i);
              }
            }
          } else if (s.kind === "scanout") {
            assertEquals(guest.setScanout(0, 1, x, y, w, h), OK);
            shown = { x, y, w, h };
            assertEquals(display.last().damage, []);
            check();
          } else {
            display.take();
            assertEquals(guest.flush(1, x, y, w, h), OK);
            if (shown === undefined) continue;
            const left = Math.max(x, shown.x), top = Math.max(y, shown.y);
            const right = Math.min(x + w, shown.x + shown.w), bottom = Math.min(y + h, shown.y + shown.h);
            if (left >= right || top >= bottom) {
              assertEquals(display.frames, []);
              continue;
            }
            const damage = { x: left - shown.x, y: top - shown.y, width: right - left, height: bottom - top };
            assertEquals(display.frames.map(({ frame }) => frame?.damage), [[damage]]);
            check();
          }
        }
      },
    ),
    { numRuns: 400 },
  );
});
