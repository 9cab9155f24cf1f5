import { assert, assertEquals, assertThrows } from "@std/assert";
import * as uapi from "../uapi/mod.ts";
import { DrmError } from "./error.ts";
import { EventQueue } from "./event_queue.ts";
import { drmFile, errno, testSystem } from "./testing.ts";
import { Wait } from "./wait.ts";

const event = (fill: number, size = 32): Uint8Array => new Uint8Array(size).fill(fill);

/** read(2) of `capacity` bytes: the result, and the first byte of each stored event. */
function read(queue: EventQueue, capacity: number): [number | string, number[]] {
  const bytes: number[] = [];
  const result = errno(() => {
    const done = queue.read(capacity, true, (e) => bytes.push(e[0]));
    assert(typeof done === "number");
    return done;
  });
  return [result, bytes];
}

Deno.test("G1 4096 bytes a file, reserved at the request and returned by read: the 129th event of 32 bytes is ENOMEM", () => {
  const queue = new EventQueue();
  const slots = Array.from({ length: 128 }, () => queue.reserve(32));
  assertEquals(errno(() => queue.reserve(32)), "ENOMEM");
  slots[0].send(event(1));
  assertEquals(errno(() => queue.reserve(32)), "ENOMEM");
  assertEquals(read(queue, 32), [32, [1]]);
  queue.reserve(32).cancel();
  slots[1].cancel();
  slots[1].cancel();
  slots[1].send(event(2));
  assertEquals([queue.length, queue.space], [0, 64]);
});

Deno.test("G1 a slot sends once, and just what was reserved", () => {
  const queue = new EventQueue();
  const slot = queue.reserve(32);
  assertThrows(() => slot.send(event(1, 16)), RangeError);
  slot.send(event(1));
  slot.send(event(2));
  slot.cancel();
  assertEquals([queue.length, queue.space], [1, 4064]);
});

Deno.test("G2 read gives whole events, as many as fit; 0 when the first does not fit; EAGAIN when there is none", () => {
  const queue = new EventQueue();
  assertEquals(read(queue, 100), ["EAGAIN", []]);
  for (const i of [1, 2, 3]) queue.reserve(32).send(event(i));
  assertEquals([read(queue, 31), read(queue, 0)], [[0, []], [0, []]]);
  assertEquals([read(queue, 95), read(queue, 4096)], [[64, [1, 2]], [32, [3]]]);
});

Deno.test("G2 an event that cannot be stored goes back; those before it count", () => {
  const queue = new EventQueue();
  for (const i of [1, 2]) queue.reserve(32).send(event(i));
  const fault = (at: number) => (_e: Uint8Array, offset: number): void => {
    if (offset === at) throw new DrmError("EFAULT", "no memory there");
  };
  assertEquals(errno(() => queue.read(64, true, fault(0))), "EFAULT");
  assertEquals([queue.length, queue.read(64, true, fault(32)), queue.length], [2, 32, 1]);
  assertEquals(read(queue, 64), [32, [2]]);
});

Deno.test("G2 a blocking read waits for an event, a signal interrupts it", async () => {
  using t = testSystem();
  const queue = drmFile(t.card).events;
  const slot = queue.reserve(32);
  const target = new Uint8Array(64);
  assertEquals(t.card.read(target), -11);
  const pending = t.card.readWait(target);
  slot.send(event(7));
  assertEquals([await pending, target[31], target[32]], [32, 7, 0]);
  const abort = new AbortController();
  const interrupted = t.card.readWait(target, { signal: abort.signal });
  abort.abort();
  assertEquals(await interrupted, -4);
  const wait = queue.read(64, false, () => {});
  assert(wait instanceof Wait);
  wait.cancel();
  queue.reserve(32).send(event(8));
  assertEquals(queue.length, 1);
});

Deno.test("G2 O_NONBLOCK reads EAGAIN from an empty queue", () => {
  using t = testSystem();
  using file = t.task.open("/dev/dri/card0", uapi.O_RDWR | uapi.O_NONBLOCK);
  assertEquals(file.file.read(t.task, new Uint8Array(32)), -11);
});

Deno.test("a DRM file polls readable while events wait", async () => {
  using t = testSystem();
  const queue = drmFile(t.card).events;
  const slot = queue.reserve(32);
  assertEquals(t.card.poll(uapi.POLLIN | uapi.POLLOUT), 0);
  const pending = t.card.pollWait(uapi.POLLIN);
  slot.send(event(1));
  assertEquals([await pending, t.card.poll(uapi.POLLIN | uapi.POLLRDNORM | uapi.POLLOUT)], [
    uapi.POLLIN,
    uapi.POLLIN | uapi.POLLRDNORM,
  ]);
  t.card.read(new Uint8Array(32));
  assertEquals(t.card.poll(uapi.POLLIN), 0);
});

Deno.test("poll times out with 0 at its deadline", async () => {
  using t = testSystem();
  const pending = t.card.pollWait(uapi.POLLIN, 1000);
  t.clock.advance(1000);
  assertEquals(await pending, 0);
});

Deno.test("G3 closing the file drops its events, and what is sent later goes nowhere", () => {
  using t = testSystem();
  const file = t.task.open("/dev/dri/card0");
  const queue = drmFile(file).events;
  const late = queue.reserve(32);
  queue.reserve(32).send(event(1));
  file.close();
  late.send(event(2));
  assertEquals(queue.length, 0);
});

Deno.test("G4 an event is laid out as drm_event_vblank: 32 bytes, type and length first", () => {
  const flip = uapi.drm_event_vblank.of({
    base: { type: uapi.DRM_EVENT_FLIP_COMPLETE, length: uapi.drm_event_vblank.size },
    user_data: 5n,
    tv_sec: 1,
    tv_usec: 2,
    sequence: 3,
    crtc_id: 4,
  });
  assertEquals([uapi.DRM_EVENT_VBLANK, uapi.DRM_EVENT_FLIP_COMPLETE, uapi.DRM_EVENT_CRTC_SEQUENCE], [1, 2, 3]);
  const queue = new EventQueue();
  queue.reserve(uapi.drm_event_vblank.size).send(uapi.drm_event_vblank.bytes(flip));
  const out = new Uint8Array(32);
  queue.read(32, true, (e, offset) => out.set(e, offset));
  assertEquals([...new Uint32Array(out.buffer)], [2, 32, 5, 0, 1, 2, 3, 4]);
});
