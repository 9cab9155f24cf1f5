import { assertEquals, assertThrows } from "@std/assert";
import { ERRNO } from "udrm/uapi/errno.ts";
import { close, flock, fstat, LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN, reopen } from "./fd.ts";
import { accept, bindAbstract, listen } from "./listener.ts";
import { openMemfd } from "./memfd.ts";
import { MessageBuffer, MSG_DONTWAIT, passCredentials, socketpair } from "./message_socket.ts";
import { OsError } from "./os_error.ts";
import { pidfdGetfd, pidfdOpen } from "./pidfd.ts";
import { identity } from "./process.ts";
import { assertNoFdLeak } from "./testing.ts";

Deno.test("listen makes one socket a path; accept without a connection is EAGAIN", () => {
  const folder = Deno.makeTempDirSync({ prefix: "udrm-" });
  assertNoFdLeak(() => {
    const socket = listen(`${folder}/socket`);
    assertEquals(accept(socket), -ERRNO.EAGAIN);
    const error = assertThrows(() => listen(`${folder}/socket`), OsError);
    assertEquals(error.code, "EADDRINUSE");
    assertThrows(() => listen(`${folder}/${"x".repeat(120)}`), RangeError);
    close(socket);
  });
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("bindAbstract names a socket once", () => {
  assertNoFdLeak(() => {
    const [a, b] = socketpair();
    const name = `udrm-test-${crypto.randomUUID()}`;
    assertEquals(bindAbstract(a, name), 0);
    assertEquals(bindAbstract(a, `${name}-2`), -ERRNO.EINVAL);
    assertEquals(bindAbstract(b, name), -ERRNO.EADDRINUSE);
    close(a);
    close(b);
  });
});

Deno.test("passCredentials: the kernel says who sent a message, beside descriptors too", () => {
  assertNoFdLeak(() => {
    const [a, b] = socketpair();
    const message = new MessageBuffer(64);
    message.send(a, 1);
    message.receive(b);
    assertEquals(message.pid, 0);
    passCredentials(b);
    message.fds[0] = a;
    message.send(a, 1, 1);
    assertEquals(message.receive(b, MSG_DONTWAIT), 1);
    assertEquals([message.pid, message.fdCount], [identity().pid, 1]);
    message.closeFds();
    close(a);
    close(b);
  });
});

Deno.test("pidfdGetfd duplicates a descriptor of the process", () => {
  assertNoFdLeak(() => {
    const pidfd = pidfdOpen(identity().pid);
    const memory = openMemfd("pidfd", 4096);
    const copy = pidfdGetfd(pidfd, memory);
    assertEquals(fstat(copy).ino, fstat(memory).ino);
    assertEquals(pidfdGetfd(pidfd, 9999), -ERRNO.EBADF);
    for (const fd of [pidfd, memory, copy]) close(fd);
  });
  assertEquals(pidfdOpen(0x7fff_fff0), -ERRNO.ESRCH);
});

Deno.test("flock on a reopened memfd goes with its last descriptor", () => {
  assertNoFdLeak(() => {
    const memory = openMemfd("flock", 4096);
    const other = reopen(memory, 2);
    assertEquals(flock(other, LOCK_SH), 0);
    assertEquals(flock(memory, LOCK_EX | LOCK_NB), -ERRNO.EAGAIN);
    close(other);
    assertEquals(flock(memory, LOCK_EX | LOCK_NB), 0);
    assertEquals(flock(memory, LOCK_UN), 0);
    close(memory);
  });
});
