import { assertEquals, assertThrows } from "@std/assert";
import { ERRNO } from "../../uapi/errno.ts";
import { close, fstat } from "./fd.ts";
import { openMemfd } from "./memfd.ts";
import { StreamBuffer } from "./stream_buffer.ts";
import { sendStream, StreamInput, streamPair } from "./stream_socket.ts";
import { assertNoFdLeak } from "./testing.ts";

const { EAGAIN, EPIPE } = ERRNO;

Deno.test("StreamBuffer reads what is there to where it is told, and says when nothing is", () => {
  const [a, b] = streamPair();
  const buffer = new StreamBuffer(16);
  assertEquals(buffer.receive(a, 0, 16, false), -EAGAIN);
  sendStream(b, Uint8Array.of(1, 2, 3, 4, 5));
  assertEquals([buffer.receive(a, 2, 3, false), buffer.receive(a, 5, 11, false)], [3, 2]);
  assertEquals([...buffer.bytes], [0, 0, 1, 2, 3, 4, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  assertEquals(buffer.words[1], 0x0005_0403);
  assertThrows(() => buffer.receive(a, 8, 9, false), RangeError);
  assertThrows(() => buffer.receive(a, 8, 0, false), RangeError);
  close(b);
  assertEquals([buffer.receive(a, 0, 16, false), buffer.send(a, 0, 1)], [-EPIPE, -EPIPE]);
  close(a);
});

Deno.test("StreamBuffer sends from where it is told, with a descriptor", () => {
  const [a, b] = streamPair();
  const buffer = new StreamBuffer(8), input = new StreamInput(8);
  buffer.bytes.set([1, 2, 3, 4]);
  const file = openMemfd("sent", 4096);
  assertEquals([buffer.send(a, 1, 2), buffer.send(a, 3, 1, file)], [2, 1]);
  assertEquals([input.receive(b, 2), input.fdCount], [2, 0]);
  assertEquals([input.receive(b, 3), input.fdCount], [3, 1]);
  assertEquals([...input.bytes.subarray(0, 3)], [2, 3, 4]);
  assertEquals(fstat(input.fds[0]).ino, fstat(file).ino);
  assertEquals(buffer.send(a, 3, 1), 1);
  assertEquals([input.receive(b, 4), input.fdCount], [4, 1]);
  input.clear();
  for (const fd of [a, b, file]) close(fd);
});

Deno.test("StreamBuffer lets the kernel close descriptors that nobody asked for", () => {
  const [a, b] = streamPair();
  const buffer = new StreamBuffer(8);
  const file = openMemfd("hostile", 4096);
  sendStream(b, Uint8Array.of(7), [file, file, file]);
  assertNoFdLeak(() => assertEquals(buffer.receive(a, 0, 8, false), 1));
  for (const fd of [a, b, file]) close(fd);
});
