import { assertEquals, assertThrows } from "@std/assert";
import { ERRNO } from "udrm/uapi/errno.ts";
import { CMemory } from "./c_memory.ts";
import { eventfd, eventfdRead, eventfdWrite } from "./eventfd.ts";
import { close, dup, fcntl, fstat } from "./fd.ts";
import { libc } from "./libc.ts";
import { openMemfd } from "./memfd.ts";
import { MAX_FDS, MessageBuffer, MSG_DONTWAIT, peerCredentials, socketCookie, socketpair } from "./message_socket.ts";
import { identity } from "./process.ts";
import { fdLimit, setFdLimit } from "./rlimit.ts";
import { assertNoFdLeak } from "./testing.ts";

const { EBADF, EAGAIN, EPIPE, EBADMSG, EMSGSIZE } = ERRNO;

Deno.test("MessageBuffer keeps message boundaries", () => {
  assertNoFdLeak(() => {
    const [a, b] = socketpair();
    const message = new MessageBuffer(64);
    assertEquals(message.receive(b, MSG_DONTWAIT), -EAGAIN);
    message.bytes.set([1, 2, 3]);
    assertEquals([message.send(a, 3), message.send(a, 2)], [3, 2]);
    message.bytes.fill(0);
    assertEquals([message.receive(b), message.bytes[2], message.fdCount], [3, 3, 0]);
    assertEquals(message.receive(b), 2);
    close(a);
    assertEquals(message.receive(b), 0);
    assertEquals(message.send(b, 1), -EPIPE);
    close(b);
    assertEquals([message.send(b, 1), message.receive(b)], [-EBADF, -EBADF]);
  });
});

Deno.test("MessageBuffer carries descriptors: the same files, close-on-exec, the receiver's to close", () => {
  assertNoFdLeak(() => {
    const [a, b] = socketpair();
    const message = new MessageBuffer();
    const bell = eventfd(), memory = openMemfd("sent", 4096);
    message.fds.set([bell, memory]);
    assertEquals(message.send(a, 1, 2), 1);
    assertEquals([message.receive(b), message.fdCount], [1, 2]);
    assertEquals(fstat(message.fds[1]).ino, fstat(memory).ino);
    assertEquals(fcntl(message.fds[0], 1), 1);
    eventfdWrite(message.fds[0], 5n);
    assertEquals(eventfdRead(bell), 5);
    message.closeFds();
    assertEquals(message.send(a, 1), 1);
    assertEquals([message.receive(b), message.fdCount], [1, 0]);
    [a, b, bell, memory].forEach(close);
  });
});

Deno.test("MessageBuffer leaves nothing open of an empty message with descriptors, which is the end", () => {
  assertNoFdLeak(() => {
    const [a, b] = socketpair();
    const message = new MessageBuffer();
    // struct msghdr with no data, and one descriptor: our own `send` refuses to.
    const memory = new CMemory(80);
    memory.view.setBigUint64(32, memory.address + 56n, true);
    memory.view.setBigUint64(40, 24n, true);
    memory.view.setBigUint64(56, 20n, true);
    memory.i32.set([1, 1, a], 16);
    assertEquals(Number(libc().sendmsg(a, memory.pointer, 0)), 0);
    assertEquals([message.receive(b, MSG_DONTWAIT), message.fdCount], [0, 0]);
    [a, b].forEach(close);
  });
});

Deno.test("MessageBuffer carries 253 descriptors, and an odd number of them", () => {
  assertNoFdLeak(() => {
    const [a, b] = socketpair();
    const message = new MessageBuffer();
    const fd = eventfd();
    for (const count of [1, 3, MAX_FDS]) {
      message.fds.fill(fd);
      assertEquals(message.send(a, 1, count), 1);
      assertEquals([message.receive(b), message.fdCount, new Set(message.fds.subarray(0, count)).size], [
        1,
        count,
        count,
      ]);
      message.closeFds();
    }
    [a, b, fd].forEach(close);
  });
});

Deno.test("MessageBuffer refuses a message that does not fit and closes its descriptors", () => {
  assertNoFdLeak(() => {
    const [a, b] = socketpair();
    const large = new MessageBuffer(64), small = new MessageBuffer(16);
    large.fds[0] = a;
    assertEquals(large.send(a, 17, 1), 17);
    assertEquals(large.send(a, 16, 1), 16);
    assertEquals([small.receive(b), small.fdCount], [-EBADMSG, 0]);
    assertEquals([small.receive(b), small.fdCount], [16, 1]);
    small.closeFds();
    [a, b].forEach(close);
  });
});

Deno.test("MessageBuffer refuses a message that lost descriptors because this process has none left", () => {
  assertNoFdLeak(() => {
    const [a, b] = socketpair();
    const message = new MessageBuffer();
    message.fds.fill(a, 0, 4);
    assertEquals(message.send(a, 1, 4), 1);
    const { soft, hard } = fdLimit();
    setFdLimit(b + 3, hard);
    const result = message.receive(b);
    setFdLimit(soft, hard);
    assertEquals([result, message.fdCount, message.lost], [-EBADMSG, 0, true]);
    assertEquals([message.send(a, 1), message.receive(b), message.lost], [1, 1, false]);
    [a, b].forEach(close);
  });
});

Deno.test("MessageBuffer.send checks its counts, and the kernel its descriptors", () => {
  const [a, b] = socketpair(true);
  const message = new MessageBuffer(1 << 20);
  assertThrows(() => message.send(a, 0), RangeError);
  assertThrows(() => message.send(a, (1 << 20) + 1), RangeError);
  assertThrows(() => message.send(a, NaN), RangeError);
  assertThrows(() => message.send(a, 1, MAX_FDS + 1), RangeError);
  message.fds[0] = -1;
  assertEquals(message.send(a, 1, 1), -EBADF);
  assertEquals(message.send(a, 1 << 20), -EMSGSIZE);
  let sent = 0;
  while (message.send(a, 1024) === 1024) sent++;
  assertEquals(sent > 0, true);
  assertEquals(message.send(a, 1024), -EAGAIN);
  [a, b].forEach(close);
});

Deno.test("peerCredentials names this process on a pair of its own", () => {
  const [a, b] = socketpair();
  assertEquals(peerCredentials(a), identity());
  [a, b].forEach(close);
  assertThrows(() => peerCredentials(a), Error, "EBADF");
});

Deno.test("socketCookie tells sockets apart, and not their duplicates", () => {
  assertNoFdLeak(() => {
    const [a, b] = socketpair(), copy = dup(a), memory = openMemfd("none", 4096);
    assertEquals([socketCookie(a) === socketCookie(copy), socketCookie(a) === socketCookie(b)], [true, false]);
    assertEquals([socketCookie(memory), socketCookie(9999)], [-ERRNO.ENOTSOCK, -EBADF]);
    for (const fd of [a, b, copy, memory]) close(fd);
  });
});
