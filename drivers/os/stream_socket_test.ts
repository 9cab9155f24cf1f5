import { assert, assertEquals, assertThrows } from "@std/assert";
import "./testing.ts";
import { eventfd, eventfdRead, eventfdWrite } from "./eventfd.ts";
import { close, setNonblocking } from "./fd.ts";
import { accept } from "./listener.ts";
import { memfdCreate } from "./memfd.ts";
import { StreamBuffer } from "./stream_buffer.ts";
import {
  connectStream,
  IoVectors,
  isUnixStream,
  listenStream,
  sendStream,
  setReceiveTimeout,
  StreamInput,
  streamPair,
} from "./stream_socket.ts";
import { assertNoFdLeak } from "./testing.ts";

function withPair(run: (a: number, b: number) => void): void {
  const [a, b] = streamPair();
  try {
    run(a, b);
  } finally {
    close(a);
    close(b);
  }
}

Deno.test("StreamInput reads what is asked for, over as many calls as it takes, and no byte more", () => {
  withPair((a, b) => {
    const input = new StreamInput(16);
    assertEquals(input.receive(b, 4), -11);
    sendStream(a, Uint8Array.of(1, 2));
    assertEquals(input.receive(b, 4), -11);
    sendStream(a, Uint8Array.of(3, 4, 5));
    assertEquals(input.receive(b, 4), 4);
    assertEquals([...input.bytes.subarray(0, 4)], [1, 2, 3, 4]);
    input.clear();
    assertEquals(input.receive(b, 1), 1);
    assertEquals(input.bytes[0], 5);
    assertThrows(() => input.receive(b, 17), RangeError);
  });
});

Deno.test("StreamInput: descriptors come with the bytes that they were sent with, and clear closes those that nobody took", () => {
  assertNoFdLeak(() =>
    withPair((a, b) => {
      const event = eventfd();
      const input = new StreamInput(16);
      sendStream(a, Uint8Array.of(1));
      sendStream(a, Uint8Array.of(2), [event, event]);
      assertEquals([input.receive(b, 1), input.fdCount], [1, 0]);
      input.clear();
      assertEquals([input.receive(b, 1), input.fdCount], [1, 2]);
      const mine = input.takeFd(0);
      eventfdWrite(mine);
      assertEquals(eventfdRead(event), 1);
      input.clear();
      assertEquals(eventfdWrite(mine), 0);
      close(mine);
      close(event);
    })
  );
});

Deno.test("StreamInput tells of the end", () => {
  const [a, b] = streamPair();
  const input = new StreamInput(4);
  close(a);
  assertEquals(input.receive(b, 1), -32);
  close(b);
});

Deno.test("IoVectors sends pieces of several buffers as one, from where each begins", () => {
  withPair((a, b) => {
    const vectors = new IoVectors();
    const large = new Uint8Array(1000).map((_, i) => i);
    vectors.add(Uint8Array.of(7, 8, 9), 1, 2);
    vectors.add(large.subarray(100), 5, 10);
    vectors.add(large, 500, 1);
    assertEquals(vectors.size, 13);
    assertEquals(vectors.send(a), 13);
    const input = new StreamInput(13);
    assertEquals(input.receive(b, 13), 13);
    assertEquals([...input.bytes.subarray(0, 13)], [8, 9, ...large.subarray(105, 115), large[500]]);
    assertThrows(() => vectors.add(large, 999, 2), RangeError);
    assertThrows(() => vectors.add(large, 0, 0), RangeError);
  });
});

Deno.test("sending never waits: what has no room is told, and a closed end is EPIPE", () => {
  const [a, b] = streamPair();
  const much = new Uint8Array(1 << 20);
  let sent = 0, last = 0;
  while ((last = sendStream(a, much)) > 0) sent += last;
  assert(sent > 0);
  assertEquals(last, -11);
  close(b);
  assertEquals(sendStream(a, much), -32);
  close(a);
});

Deno.test("listenStream and connectStream meet at a path", () => {
  const folder = Deno.makeTempDirSync();
  const path = `${folder}/s`;
  assertThrows(() => connectStream(path), Error, "ENOENT");
  const listener = listenStream(path);
  assertThrows(() => listenStream(path), Error, "EADDRINUSE");
  const client = connectStream(path);
  const server = accept(listener);
  sendStream(client, Uint8Array.of(42));
  const input = new StreamInput(1);
  assertEquals([input.receive(server, 1), input.bytes[0]], [1, 42]);
  for (const fd of [listener, client, server]) close(fd);
  assertThrows(() => connectStream(path), Error, "ECONNREFUSED");
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("isUnixStream knows a stream socket from anything else", () => {
  withPair((a) => assertEquals(isUnixStream(a), true));
  const memory = memfdCreate("x", 4096);
  assertEquals([isUnixStream(memory), isUnixStream(-1)], [false, false]);
  close(memory);
});

Deno.test("setReceiveTimeout: a blocking receive gives up after that time, and not before", () => {
  withPair((a, b) => {
    setNonblocking(b, false);
    setReceiveTimeout(b, 1030);
    const buffer = new StreamBuffer(8), start = performance.now();
    assertEquals(buffer.receive(b, 0, 8, true), -11);
    assert(performance.now() - start >= 1000);
    sendStream(a, Uint8Array.of(5));
    assertEquals(buffer.receive(b, 0, 8, true), 1);
    assertThrows(() => setReceiveTimeout(-1, 1), Error, "EBADF");
  });
});
