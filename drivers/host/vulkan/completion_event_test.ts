import "../../os/testing.ts";
import { assert, assertEquals } from "@std/assert";
import { eventfdRead, PollSet } from "../../os/mod.ts";
import { CompletionEvent } from "./completion_event.ts";
import { withDevice } from "./testing.ts";

/** The thread of a Worker that was terminated, and its descriptors, go a little later. */
const settled = () => new Promise<void>((resolve) => setTimeout(resolve, 300));

Deno.test("a completion event becomes readable with the value that is expected, without an event loop", async () => {
  // The first Worker of a process leaves descriptors of the runtime's.
  const first = new Worker(new URL("./completion_worker.ts", import.meta.url), { type: "module" });
  await settled();
  first.terminate();
  await withDevice(
    async (device) => {
      const { queue } = device, set = new PollSet(1);
      const event = new CompletionEvent(device, queue);
      for (let i = 0; i < 50; i++) {
        event.expect(queue.submit(queue.begin()));
        set.clear();
        set.add(event.fd, 1);
        assertEquals(set.poll(10_000), 1);
        assert(eventfdRead(event.fd) > 0);
        assertEquals(queue.completed(), queue.lastSubmitted);
      }
      set.clear();
      set.add(event.fd, 1);
      assertEquals(set.poll(20), 0);
      event[Symbol.dispose]();
      await settled();
    },
    {},
    false,
  );
});

Deno.test("a completion event that is disposed of at once, and while it waits, ends its Worker", async () => {
  await withDevice(
    async (device) => {
      for (let i = 0; i < 3; i++) {
        const event = new CompletionEvent(device, device.queue);
        if (i > 0) event.expect(device.queue.submit(device.queue.begin()));
        if (i > 1) event.expect(device.queue.lastSubmitted + 1);
        event[Symbol.dispose]();
        event[Symbol.dispose]();
      }
      await settled();
    },
    {},
    false,
  );
});
