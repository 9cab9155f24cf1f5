import "../../../os/testing.ts";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Frame } from "../../../../core/display.ts";
import type { Backing, RenderResource } from "../../../../core/host.ts";
import { VIRTIO_GPU_FORMATS } from "../../../../uapi/virtio_gpu_format.ts";
import { memfdAllocator } from "../../../os/mod.ts";
import { mappingsOf } from "../../../os/testing.ts";
import { finish, ModelPicture, type Piece, pixels, readAll, scramble, TestGuest, withRenderer } from "./testing.ts";

interface Entry {
  readonly picture: RenderResource;
  readonly model: ModelPicture;
  backing: Backing;
}

interface Held {
  readonly frame: Frame;
  readonly bytes: Uint8Array;
}

const operation = fc.record({
  what: fc.constantFrom(
    "create",
    "destroy",
    "transfer",
    "transfer",
    "transfer",
    "write",
    "submit",
    "read",
    "hold",
    "release",
    "back",
  ),
  a: fc.nat(1 << 20),
  b: fc.nat(1 << 20),
  c: fc.nat(1 << 20),
  d: fc.nat(1 << 20),
  e: fc.nat(1 << 20),
});

/** Backing in one to four pieces, some of them in two slots, on any byte. */
function split(guest: TestGuest, pieces: readonly Piece[], size: number, a: number, b: number): Backing {
  const parts = 1 + a % 4, list: [number, number][] = [];
  for (let left = size, i = 0; left > 0; i++) {
    const length = i === parts - 1 ? left : Math.min(left, Math.ceil(size / parts) + b % 7);
    const piece = pieces[(a + i) % pieces.length];
    const shift = parts === 1 && a % 3 > 0 ? 0 : (b + i) % 61;
    list.push([piece.slot.gpa + shift, length]);
    left -= length;
  }
  return guest.backing(list);
}

for (const [name, importBytes] of [["in place from 64 bytes on", 64], ["staged", Infinity]] as const) {
  Deno.test(`pictures are what a plain model says after any operations, copies ${name}`, async () => {
    const formats = [...VIRTIO_GPU_FORMATS.keys()];
    await withRenderer((renderer) => {
      fc.assert(
        fc.property(fc.array(operation, { minLength: 20, maxLength: 120, size: "max" }), (operations) => {
          using guest = new TestGuest(memfdAllocator());
          const pieces = [0, 1, 2].map((seed) => {
            const piece = guest.alloc(64 * 64 * 4 + 4096);
            scramble(piece.pages.bytes(), seed);
            return piece;
          });
          const entries: Entry[] = [], held: Held[] = [];
          for (const { what, a, b, c, d, e } of operations) {
            const entry = entries[a % Math.max(1, entries.length)];
            if (what === "create") {
              if (entries.length === 6) continue;
              const width = 1 + b % 64, height = 1 + c % 64;
              const picture = renderer.createResource(formats[d % formats.length], width, height);
              const backing = split(guest, pieces, width * height * 4 + e % 64, d, e);
              entries.push({ picture, model: new ModelPicture(width, height), backing });
            } else if (what === "write") {
              // Copies in place may still be reading.
              finish(renderer);
              scramble(pieces[b % 3].pages.bytes(), c);
            } else if (what === "submit") {
              const batch = renderer.submit();
              assert(renderer.completed() <= batch);
            } else if (what === "release" && held.length > 0) {
              const [{ frame, bytes }] = held.splice(b % held.length, 1);
              assertEquals(readAll(frame), bytes);
              frame.release?.();
            } else if (entry !== undefined) {
              const { width, height } = entry.picture;
              const x = b % width, y = c % height, w = 1 + d % (width - x), h = 1 + e % (height - y);
              if (what === "destroy") {
                renderer.destroyResource(entry.picture);
                entries.splice(entries.indexOf(entry), 1);
              } else if (what === "transfer") {
                const room = entry.backing.size - ((h - 1) * width + w) * 4;
                const offset = d % 2 === 0 ? Math.min(room, (y * width + x) * 4) : e % (room + 1);
                renderer.transferToHost(entry.picture, x, y, w, h, offset, entry.backing);
                entry.model.transfer(x, y, w, h, offset, entry.backing);
              } else if (what === "read") {
                const frame = renderer.frame(entry.picture, { x, y, width: w, height: h }, []);
                assertEquals(readAll(frame), entry.model.crop(x, y, w, h));
              } else if (what === "hold" && held.length < 4) {
                const frame = renderer.frame(entry.picture, { x, y, width: w, height: h }, []);
                frame.hold?.();
                held.push({ frame, bytes: entry.model.crop(x, y, w, h) });
              } else if (what === "back") entry.backing = split(guest, pieces, width * height * 4, d, e);
            }
          }
          for (const { picture, model } of entries) {
            assertEquals(pixels(renderer, picture), model.bytes);
            renderer.destroyResource(picture);
          }
          for (const { frame, bytes } of held) {
            assertEquals(readAll(frame), bytes);
            frame.release?.();
          }
          finish(renderer);
          assertEquals(renderer.usage.imports, 0);
        }),
        { numRuns: 60 },
      );
    }, { importBytes, stagingBytes: 256 * 1024 });
    assertEquals(mappingsOf("vulkan2d-test"), 0);
  });
}
