/** The geometry of BLIT, of any numbers. */
import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { planBlit, sourceSlice } from "./blit_geometry.ts";

const size = { width: 16, height: 8, depth: 4 };

Deno.test("planBlit keeps to the level, the scissor and the layers, whatever the boxes are", () => {
  const int = fc.oneof(fc.integer({ min: -20, max: 20 }), fc.integer({ min: -0x80000000, max: 0x7fffffff }));
  const box = fc.record({ x: int, y: int, z: int, width: int, height: int, depth: int });
  const word = fc.integer({ min: 0, max: 0xffff });
  const scissor = fc.option(fc.record({ minX: word, minY: word, maxX: word, maxY: word }), { nil: undefined });
  fc.assert(
    fc.property(box, box, scissor, (dst, src, cut) => {
      const plan = planBlit(dst, size, src, size, cut);
      if (plan === undefined || typeof plan === "string") return;
      const { minX, minY, maxX, maxY } = plan.rect;
      assert(minX >= 0 && minY >= 0 && maxX <= 16 && maxY <= 8 && minX < maxX && minY < maxY);
      if (cut !== undefined) assert(minX >= cut.minX && minY >= cut.minY && maxX <= cut.maxX && maxY <= cut.maxY);
      assert(plan.firstLayer >= 0 && plan.layers > 0 && plan.firstLayer + plan.layers <= 4);
      for (let layer = 0; layer < plan.layers; layer++) {
        const slice = sourceSlice(plan, layer);
        assert(slice >= 0 && slice <= 4, `slice ${slice}`);
      }
    }),
    { numRuns: 5000, seed: 1 },
  );
});

Deno.test("planBlit flips by either box, and twice is not at all", () => {
  const box = { x: 0, y: 0, z: 0, width: 4, height: 4, depth: 1 };
  const flipped = { ...box, x: 4, width: -4 };
  const of = (dst: typeof box, src: typeof box) => {
    const plan = planBlit(dst, size, src, size, undefined);
    return typeof plan === "object" ? [plan.scaleX, plan.offsetX, plan.oneToOne] : plan;
  };
  assertEquals(of(box, box), [1, 0, true]);
  assertEquals(of(box, flipped), [-1, 4, false]);
  assertEquals(of(flipped, box), [-1, 4, false]);
  assertEquals(of(flipped, flipped), [1, 0, true]);
  assertEquals(of({ ...box, width: 0 }, box), undefined);
  assertEquals(of({ ...box, z: 4 }, box), "destination layers");
  assertEquals(of(box, { ...box, z: -1 }), "source layers");
});
