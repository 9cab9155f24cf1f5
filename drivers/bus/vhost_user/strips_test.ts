import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Strips } from "./strips.ts";

Deno.test("property: what is marked is taken, once, and nothing outside the screen", () => {
  const rect = fc.record({
    x: fc.integer({ min: -20, max: 120 }),
    y: fc.integer({ min: -20, max: 120 }),
    width: fc.integer({ min: 0, max: 140 }),
    height: fc.integer({ min: 0, max: 140 }),
  });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 1, max: 100 }),
      fc.array(rect, { maxLength: 8 }),
      fc.integer({ min: 1, max: 5000 }),
      (width, height, rects, pixels) => {
        const strips = new Strips();
        strips.reset(width, height);
        strips.clear();
        const wanted = new Uint8Array(width * height), taken = new Uint8Array(width * height);
        const paint = (map: Uint8Array, r: { x: number; y: number; width: number; height: number }): void => {
          for (let y = Math.max(0, r.y); y < Math.min(height, r.y + r.height); y++) {
            for (let x = Math.max(0, r.x); x < Math.min(width, r.x + r.width); x++) map[y * width + x]++;
          }
        };
        for (const r of rects) {
          strips.mark(r.x, r.y, r.width, r.height);
          paint(wanted, r);
        }
        const out = { x: 0, y: 0, width: 0, height: 0 };
        while (strips.take(out, pixels)) {
          assert(out.x >= 0 && out.y >= 0 && out.width > 0 && out.height > 0);
          assert(out.x + out.width <= width && out.y + out.height <= height);
          paint(taken, out);
        }
        assert(strips.empty);
        for (let i = 0; i < wanted.length; i++) {
          assert(taken[i] <= 1);
          if (wanted[i] > 0) assertEquals(taken[i], 1);
        }
      },
    ),
  );
});

Deno.test("a screen that changes all the time is shown evenly: the strips that wait longest come next", () => {
  const strips = new Strips();
  strips.reset(10, 64);
  const out = { x: 0, y: 0, width: 0, height: 0 };
  const tops: number[] = [];
  for (let i = 0; i < 8; i++) {
    strips.mark(0, 0, 10, 64);
    assert(strips.take(out, 160));
    tops.push(out.y);
  }
  assertEquals(tops, [0, 16, 32, 48, 0, 16, 32, 48]);
});
