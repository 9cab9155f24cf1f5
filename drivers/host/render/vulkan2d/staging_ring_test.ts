import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { withDevice } from "../../vulkan/testing.ts";
import { StagingRing } from "./staging_ring.ts";

Deno.test("StagingRing never gives bytes that are in flight, and gives all of them back", async () => {
  await withDevice((device) => {
    const step = fc.record({ size: fc.integer({ min: 1, max: 4096 }), what: fc.nat(9) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        using ring = new StagingRing(device, 16384);
        let live: { at: number; size: number; value: number }[] = [];
        let value = 0, completed = 0;
        for (const { size, what } of steps) {
          if (what === 0) {
            ring.flush();
            ring.seal(++value);
          } else if (what === 1 && completed < value) {
            ring.reclaim(++completed);
            live = live.filter((l) => l.value > completed);
          } else {
            const used = ring.used;
            const at = ring.take(size);
            if (at < 0) {
              assertEquals(used > 0, true, "an empty ring has room");
              continue;
            }
            assertEquals(at % 4, 0);
            assertEquals(at >= 0 && at + size <= ring.size, true);
            for (const l of live) assertEquals(at + size <= l.at || l.at + l.size <= at, true);
            if (what === 2) {
              ring.undo();
              assertEquals(ring.used, used);
            } else live.push({ at, size, value: value + 1 });
          }
        }
        ring.seal(++value);
        ring.reclaim(value);
        assertEquals([ring.used, ring.oldest], [0, 0]);
      }),
      { numRuns: 60 },
    );
  });
});
