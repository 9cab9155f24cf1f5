import { assertEquals } from "@std/assert";
import { close, lightPipe, poll, POLLERR, POLLHUP, POLLIN, POLLOUT, switchPipe } from "./mod.ts";
import { assertNoFdLeak } from "./testing.ts";

Deno.test("a light pipe is readable or writable, and switches from either end, however often", () => {
  assertNoFdLeak(() => {
    const [read, write] = lightPipe();
    const state = (): number[] => [poll(read, POLLIN), poll(write, POLLOUT)];
    assertEquals(state(), [0, POLLOUT]);
    assertEquals([switchPipe(write, true, true), ...state()], [0, POLLIN, 0]);
    assertEquals([switchPipe(write, true, true), ...state()], [0, POLLIN, 0]);
    assertEquals([switchPipe(write, true, false), ...state()], [0, 0, POLLOUT]);
    assertEquals([switchPipe(read, false, true), ...state()], [0, POLLIN, 0]);
    assertEquals([switchPipe(read, false, false), ...state()], [0, 0, POLLOUT]);
    assertEquals([switchPipe(read, false, false), ...state()], [0, 0, POLLOUT]);
    close(read);
    close(write);
  });
});

Deno.test("a light pipe's end tells when the other is closed", () => {
  for (const writes of [false, true]) {
    const [read, write] = lightPipe();
    const [mine, other] = writes ? [write, read] : [read, write];
    assertEquals(poll(mine, 0), 0);
    close(other);
    assertEquals(poll(mine, 0), writes ? POLLERR : POLLHUP);
    close(mine);
  }
});
