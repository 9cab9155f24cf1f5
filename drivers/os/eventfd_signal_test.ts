import { assertEquals } from "@std/assert";
import { ERRNO } from "udrm/uapi/errno.ts";
import {
  close,
  eventfd,
  eventfdRead,
  EventFdSignal,
  eventfdWrite,
  openMemfd,
  poll,
  POLLERR,
  POLLIN,
  setNonblocking,
} from "./mod.ts";
import { assertNoFdLeak } from "./testing.ts";

Deno.test("EventFdSignal adds 1 each time, more often than its queue is long", () => {
  assertNoFdLeak(() => {
    using signal = new EventFdSignal();
    const fd = eventfd();
    for (let i = 0; i < 1000; i++) assertEquals(signal.signal(fd), 0);
    assertEquals(eventfdRead(fd), 1000);
    close(fd);
  });
});

Deno.test("EventFdSignal never waits for a full counter, which stays at the top", () => {
  using signal = new EventFdSignal();
  const fd = eventfd();
  eventfdWrite(fd, 0xffff_ffff_ffff_fffen);
  setNonblocking(fd, false);
  for (let i = 0; i < 3; i++) assertEquals(signal.signal(fd), 0);
  assertEquals(poll(fd, POLLIN), POLLIN | POLLERR);
  close(fd);
});

Deno.test("EventFdSignal refuses other files and closed ones", () => {
  using signal = new EventFdSignal();
  const memory = openMemfd("none", 4096);
  assertEquals([signal.signal(memory), signal.signal(9999)], [-ERRNO.EINVAL, -ERRNO.EBADF]);
  close(memory);
});
