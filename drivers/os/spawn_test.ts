// Processes that are started, killed and waited for without an event loop.
import { assertEquals, assertThrows } from "@std/assert";
import { close, MessageBuffer, OsError, socketpair, spawn } from "./mod.ts";
import { assertNoFdLeak } from "./testing.ts";

Deno.test("spawn: the program has the descriptors as 3 and so on, and reads nothing", () => {
  assertNoFdLeak(() => {
    const [ours, theirs] = socketpair();
    const [ours2, theirs2] = socketpair();
    // The other way round than their numbers are.
    using child = spawn("/bin/sh", ["-c", "echo second >&4; echo first >&3; read x; echo $x$? >&3"], [theirs2, theirs]);
    close(theirs);
    close(theirs2);
    const buffer = new MessageBuffer(64);
    const text = (socket: number) => new TextDecoder().decode(buffer.bytes.subarray(0, buffer.receive(socket)));
    assertEquals([text(ours), text(ours2), text(ours2)], ["second\n", "first\n", "1\n"]);
    assertEquals(child.wait(5000), true);
    close(ours);
    close(ours2);
  });
});

Deno.test("spawn: kill ends it, and nothing is left of it", () => {
  assertNoFdLeak(() => {
    using child = spawn("/bin/sleep", ["100"], []);
    assertEquals(child.ended(), false);
    assertEquals(child.wait(10), false);
    child.kill();
    assertEquals(child.wait(5000), true);
    assertThrows(() => Deno.statSync(`/proc/${child.pid}`), Deno.errors.NotFound);
    child.kill();
  });
});

Deno.test("spawn: a program that is not there is an error", () => {
  assertNoFdLeak(() => void assertThrows(() => spawn("/nonexistent", [], []), OsError, "ENOENT"));
});
