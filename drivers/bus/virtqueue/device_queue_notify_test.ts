import { assert, assertEquals } from "@std/assert";
import { setup } from "./device_queue_testing.ts";

Deno.test("2.7.7 interrupts without the event index follow NO_INTERRUPT", () => {
  const b = setup();
  const use = (): void => {
    b.ring.descriptor(0, b.gpa, 4, 0);
    b.ring.expose(0);
    const chain = b.queue.chain();
    assert(b.queue.pop(chain));
    b.queue.push(chain.head, 0);
    b.queue.interrupt();
  };
  use();
  assertEquals(b.interrupts, 1);
  b.ring.availFlags = 1;
  use();
  assertEquals(b.interrupts, 1);
  b.ring.availFlags = 0;
  use();
  assertEquals(b.interrupts, 2);
  b.queue.interrupt();
  assertEquals(b.interrupts, 2, "nothing was pushed since");
});

Deno.test("2.7.7 interrupts with the event index come when idx passes used_event, around 2^16 too", () => {
  const b = setup({ eventIdx: true });
  b.ring.availFlags = 1; // must be ignored
  const chain = b.queue.chain();
  let used = 0;
  const use = (count: number): number => {
    const before = b.interrupts;
    for (let i = 0; i < count; i++) {
      b.ring.descriptor(0, b.gpa, 4, 0);
      b.ring.expose(0);
      if (!b.queue.pop(chain)) throw new Error(b.queue.broken);
      b.queue.push(0, 0);
    }
    used += count;
    b.queue.interrupt();
    return b.interrupts - before;
  };
  assertEquals(use(1), 1, "used_event 0: after the first buffer");
  assertEquals(use(5), 0, "and not again");
  b.ring.usedEvent = used + 2;
  assertEquals(use(2), 0);
  assertEquals(use(1), 1);
  b.ring.usedEvent = used;
  assertEquals(use(3), 1, "passed in the middle of a batch");
  while (used < 0xfffe) use(Math.min(7, 0xfffe - used));
  b.ring.usedEvent = 1;
  assertEquals(use(3), 0, "idx is 1");
  assertEquals(use(1), 1, "idx went from 1 to 2 behind the wrap");
});

Deno.test("2.7.10 kicks: NO_NOTIFY without the event index, avail_event with it", () => {
  const b = setup();
  assertEquals(b.queue.enableKicks(), true);
  b.queue.disableKicks();
  assertEquals(b.ring.usedFlags, 1);
  b.ring.descriptor(0, b.gpa, 4, 0);
  b.ring.expose(0);
  assertEquals(b.queue.enableKicks(), false, "one is there already");
  assertEquals(b.ring.usedFlags, 0);
  const e = setup({ eventIdx: true });
  e.ring.descriptor(0, e.gpa, 4, 0);
  e.ring.expose(0);
  const chain = e.queue.chain();
  assert(e.queue.pop(chain));
  e.queue.disableKicks();
  assertEquals([e.ring.usedFlags, e.ring.availEvent], [0, 0], "flags stay 0");
  assertEquals(e.queue.enableKicks(), true);
  assertEquals(e.ring.availEvent, 1);
});
