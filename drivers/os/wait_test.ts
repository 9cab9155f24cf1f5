import { assertEquals, assertGreaterOrEqual, assertThrows } from "@std/assert";
import { ERRNO } from "udrm/uapi/errno.ts";
import { monotonicNs, realtimeNs } from "./clock.ts";
import { Epoll, EPOLLHUP, EPOLLIN, EPOLLOUT } from "./epoll.ts";
import { eventfd, eventfdRead, eventfdWrite } from "./eventfd.ts";
import { close, dup, fcntl, fstat, setCloexec, setNonblocking } from "./fd.ts";
import { openMemfd } from "./memfd.ts";
import { socketpair } from "./message_socket.ts";
import { poll, POLLHUP, POLLIN, POLLNVAL, POLLOUT, PollSet } from "./poll.ts";
import { assertNoFdLeak } from "./testing.ts";

const { EPERM, ENOENT, EBADF, EAGAIN, EEXIST, EINVAL } = ERRNO;

Deno.test("monotonicNs never goes back and runs as fast as performance.now", async () => {
  const [ns, ms] = [monotonicNs(), performance.now()];
  let last = ns;
  for (let i = 0; i < 10_000; i++) {
    const now = monotonicNs();
    assertGreaterOrEqual(now, last);
    last = now;
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
  const difference = (monotonicNs() - ns) / 1e6 - (performance.now() - ms);
  assertEquals(Math.abs(difference) < 5, true, `${difference} ms apart`);
  assertEquals(Math.abs(realtimeNs() / 1e6 - Date.now()) < 1000, true);
});

Deno.test("eventfd counts, reads all at once, and says EAGAIN at zero and at the top", () => {
  const fd = eventfd(3);
  assertEquals([eventfdWrite(fd), eventfdWrite(fd, 0x1_0000_0000n)], [0, 0]);
  assertEquals([eventfdRead(fd), eventfdRead(fd)], [0x1_0000_0004, -EAGAIN]);
  assertEquals(eventfdWrite(fd, 0xffff_ffff_ffff_ffffn), -EINVAL);
  assertEquals(eventfdWrite(fd, 0xffff_ffff_ffff_fffen), 0);
  assertEquals(eventfdWrite(fd), -EAGAIN);
  close(fd);
  assertEquals([eventfdRead(fd), eventfdWrite(fd)], [-EBADF, -EBADF]);
});

Deno.test("eventfd as a semaphore gives one a read", () => {
  const fd = eventfd(2, true);
  assertEquals([eventfdRead(fd), eventfdRead(fd), eventfdRead(fd)], [1, 1, -EAGAIN]);
  close(fd);
});

Deno.test("poll tells readable from writable from hung up from closed", () => {
  const fd = eventfd();
  assertEquals([poll(fd, POLLIN), poll(fd, POLLIN | POLLOUT)], [0, POLLOUT]);
  eventfdWrite(fd);
  assertEquals(poll(fd, POLLIN), POLLIN);
  const [a, b] = socketpair();
  const set = new PollSet(3);
  set.add(a, POLLIN);
  set.add(fd, POLLIN);
  set.add(b, POLLIN);
  assertEquals([set.poll(0), set.revents(0), set.revents(1), set.revents(2)], [1, 0, POLLIN, 0]);
  assertThrows(() => set.add(fd, POLLIN), RangeError);
  close(b);
  assertEquals(poll(a, POLLIN) & POLLHUP, POLLHUP);
  close(a);
  close(fd);
  assertEquals(poll(fd, POLLIN), POLLNVAL);
});

Deno.test("Epoll reports each descriptor by its key, and only what is watched for", () => {
  assertNoFdLeak(() => {
    using epoll = new Epoll(2);
    const fds = [eventfd(), eventfd(), eventfd()];
    fds.forEach((fd, i) => assertEquals(epoll.add(fd, EPOLLIN, 0xffff_fff0 + i), 0));
    assertEquals(epoll.wait(0), 0);
    eventfdWrite(fds[1]);
    assertEquals([epoll.wait(0), epoll.key(0), epoll.events(0)], [1, 0xffff_fff1, EPOLLIN]);
    assertEquals(epoll.modify(fds[1], EPOLLOUT, 7), 0);
    assertEquals([epoll.wait(0), epoll.key(0), epoll.events(0)], [1, 7, EPOLLOUT]);
    assertEquals(epoll.remove(fds[1]), 0);
    assertEquals(epoll.wait(0), 0);
    eventfdWrite(fds[0]), eventfdWrite(fds[2]);
    assertEquals([epoll.wait(0), new Set([epoll.key(0), epoll.key(1)])], [2, new Set([0xffff_fff0, 0xffff_fff2])]);
    fds.forEach(close);
  });
});

Deno.test("Epoll answers epoll_ctl's errno", () => {
  using epoll = new Epoll();
  const fd = eventfd(), file = openMemfd("file", 4096);
  assertEquals([epoll.add(fd, EPOLLIN, 1), epoll.add(fd, EPOLLIN, 1)], [0, -EEXIST]);
  assertEquals([epoll.add(file, EPOLLIN, 1), epoll.add(-1, EPOLLIN, 1)], [-EPERM, -EBADF]);
  assertEquals([epoll.remove(fd), epoll.remove(fd), epoll.modify(fd, 0, 0)], [0, -ENOENT, -ENOENT]);
  close(fd), close(file);
});

Deno.test("Epoll reports a hang-up unasked", () => {
  using epoll = new Epoll();
  const [a, b] = socketpair();
  epoll.add(a, 0, 5);
  assertEquals(epoll.wait(0), 0);
  close(b);
  assertEquals([epoll.wait(0), epoll.key(0), epoll.events(0) & EPOLLHUP], [1, 5, EPOLLHUP]);
  close(a);
});

Deno.test("dup shares the file under a number of its own; flags are per descriptor or per file", () => {
  const fd = openMemfd("dup", 4096), copy = dup(fd, 100);
  assertEquals(copy >= 100, true);
  assertEquals(fstat(copy).ino, fstat(fd).ino);
  setNonblocking(fd, true);
  assertEquals(fcntl(copy, 3) & 0o4000, 0o4000);
  setNonblocking(copy, false);
  assertEquals(fcntl(fd, 3) & 0o4000, 0);
  setCloexec(copy, false);
  assertEquals([fcntl(fd, 1), fcntl(copy, 1)], [1, 0]);
  assertEquals([close(copy), close(copy), close(fd)], [0, -EBADF, 0]);
  assertThrows(() => fstat(fd), Error, "EBADF");
});

Deno.test("Epoll waits by nanoseconds, never less, and at once or for ever where it is told so", () => {
  assertNoFdLeak(() => {
    using epoll = new Epoll();
    let shortest = Infinity;
    for (let i = 0; i < 30; i++) {
      const before = monotonicNs();
      assertEquals(epoll.waitNs(200_000), 0);
      const waited = monotonicNs() - before;
      assertGreaterOrEqual(waited, 200_000);
      shortest = Math.min(shortest, waited);
    }
    // By milliseconds it would be a whole one.
    assertGreaterOrEqual(950_000, shortest);
    const before = monotonicNs();
    assertEquals([epoll.waitNs(0), epoll.waitNs(-5)], [0, 0]);
    assertGreaterOrEqual(1e9, monotonicNs() - before);
    const fd = eventfd(1);
    epoll.add(fd, EPOLLIN, 7);
    assertEquals([epoll.waitNs(Infinity), epoll.key(0), epoll.waitNs(1e18)], [1, 7, 1]);
    close(fd);
  });
});
