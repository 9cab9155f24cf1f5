import { assert, assertEquals } from "@std/assert";
import * as uapi from "../../uapi/mod.ts";
import { VirtualClock } from "../clock.ts";
import { Mode } from "./mode.ts";
import { errnoOfCall, TEST_MODE, type TestClient, TestKms } from "./testing.ts";
import { Vblank } from "./vblank.ts";

function on(pipes = 1): { test: TestKms; client: TestClient; fb: number; [Symbol.dispose](): void } {
  const test = new TestKms({ pipes });
  const client = test.client();
  const fb = client.enable();
  return { test, client, fb, [Symbol.dispose]: () => test[Symbol.dispose]() };
}

function request(type: number, sequence: number, signal = 0): uapi.View<uapi.drm_wait_vblank> {
  const arg = uapi.drm_wait_vblank.of();
  arg.request.type = type;
  arg.request.sequence = sequence;
  arg.request.signal = BigInt(signal);
  return arg;
}

const wait = (client: TestClient, arg: uapi.View<uapi.drm_wait_vblank>): string =>
  errnoOfCall(() => client.card.ioctl(uapi.DRM_IOCTL_WAIT_VBLANK, arg));

Deno.test("H1 a blocking wait ends at its frame, after 3 s with EBUSY, by a signal with EINTR", async () => {
  using setup = on();
  const { test, client } = setup;
  const { vblank } = test.kms.crtcs[0];
  const start = vblank.count;
  const arg = request(uapi._DRM_VBLANK_RELATIVE, 2);
  const done = client.card.wait(uapi.DRM_IOCTL_WAIT_VBLANK, arg);
  client.frame(3);
  assertEquals(await done, 0);
  assertEquals(arg.reply.sequence, start + 2);
  const late = client.card.wait(uapi.DRM_IOCTL_WAIT_VBLANK, request(uapi._DRM_VBLANK_RELATIVE, 1000));
  test.clock.advance(2_999_000_000);
  let ended = false;
  void late.then(() => ended = true);
  await Promise.resolve();
  assertEquals(ended, false);
  test.clock.advance(1_000_001);
  assertEquals(await late, -16);
  const abort = new AbortController();
  const interrupted = client.card.wait(uapi.DRM_IOCTL_WAIT_VBLANK, request(uapi._DRM_VBLANK_RELATIVE, 5), {
    signal: abort.signal,
  });
  abort.abort();
  assertEquals(await interrupted, -4);
  assertEquals(test.clock.next, Infinity); // nobody waits: no timer is armed
});

Deno.test("H1 a CRTC that is off, an unknown one, a signal and unknown bits are EINVAL", () => {
  using setup = on(2);
  const { client } = setup;
  assertEquals(wait(client, request(uapi._DRM_VBLANK_ABSOLUTE, 0)), "");
  assertEquals(wait(client, request(uapi._DRM_VBLANK_SECONDARY, 0)), "EINVAL"); // off
  assertEquals(wait(client, request(2 << uapi._DRM_VBLANK_HIGH_CRTC_SHIFT, 0)), "EINVAL"); // absent
  assertEquals(wait(client, request(uapi._DRM_VBLANK_SIGNAL, 0)), "EINVAL");
  assertEquals(wait(client, request(uapi._DRM_VBLANK_FLIP, 0)), "EINVAL");
});

Deno.test("H2 RELATIVE is rewritten to the absolute frame, so that a restart waits for the same one", () => {
  using setup = on();
  const { test, client } = setup;
  const arg = request(uapi._DRM_VBLANK_RELATIVE, 3);
  const file = client.card.file;
  const result = file.ioctl(client.process, uapi.DRM_IOCTL_WAIT_VBLANK, arg);
  assert(typeof result === "object");
  result.cancel();
  assertEquals([arg.request.type, arg.request.sequence], [
    uapi._DRM_VBLANK_ABSOLUTE,
    test.kms.crtcs[0].vblank.count + 3,
  ]);
});

Deno.test("H3 NEXTONMISS turns a frame that has passed into the next one", () => {
  using setup = on();
  const { test, client } = setup;
  client.frame(10);
  const { vblank } = test.kms.crtcs[0];
  const past = request(uapi._DRM_VBLANK_ABSOLUTE, vblank.count - 5);
  assertEquals(wait(client, past), ""); // passed: at once
  const arg = request(uapi._DRM_VBLANK_EVENT | uapi._DRM_VBLANK_NEXTONMISS, vblank.count - 5);
  assertEquals(wait(client, arg), "");
  assertEquals(arg.reply.sequence, vblank.count + 1);
  assertEquals(client.events().length, 0);
  client.frame();
  assertEquals(client.events().map((event) => event.sequence), [vblank.count]);
});

Deno.test("H4 32 bits mean the nearest frame of 64: just behind has passed, just ahead is waited for", () => {
  using test = new TestKms();
  const client = test.client();
  // A frame of 1000 ns: 2^32 of them are more than an hour.
  const sync = { hsyncStart: 260, hsyncEnd: 270, htotal: 300, vsyncStart: 260, vsyncEnd: 270, vtotal: 300 };
  client.enable(0, new Mode({ clock: 90_000_000, hdisplay: 256, vdisplay: 256, ...sync }));
  const { vblank } = test.kms.crtcs[0];
  test.clock.advance(1000 * (2 ** 32 - vblank.count + 1));
  assertEquals(vblank.count, 2 ** 32 + 1);
  assertEquals(wait(client, request(uapi._DRM_VBLANK_ABSOLUTE, 0xffff_ffff)), ""); // two frames ago
  const ahead = request(uapi._DRM_VBLANK_EVENT, 2);
  assertEquals(wait(client, ahead), "");
  assertEquals(client.events().length, 0);
  test.clock.advance(1000);
  assertEquals(client.events().map((event) => event.sequence), [2]);
  const arg = uapi.drm_crtc_get_sequence.of({ crtc_id: test.kms.crtcs[0].id });
  client.card.ioctl(uapi.DRM_IOCTL_CRTC_GET_SEQUENCE, arg);
  assertEquals(arg.sequence, 2n ** 32n + 2n);
});

Deno.test("H5 the event of a frame that has passed comes at once with the present frame's number", () => {
  using setup = on();
  const { test, client } = setup;
  client.frame(5);
  const { vblank } = test.kms.crtcs[0];
  const arg = request(uapi._DRM_VBLANK_EVENT, vblank.count - 3, 0x1234_5678_9abc);
  assertEquals(wait(client, arg), "");
  assertEquals(arg.reply.sequence, vblank.count);
  const [event] = client.events();
  assertEquals([event.base.type, event.sequence, event.user_data], [
    uapi.DRM_EVENT_VBLANK,
    vblank.count,
    0x1234_5678_9abcn,
  ]);
});

Deno.test("H6 switching a CRTC off sends its events early, with the present count, and ends waits", async () => {
  using setup = on();
  const { test, client } = setup;
  const [crtc] = test.kms.crtcs;
  wait(client, request(uapi._DRM_VBLANK_EVENT | uapi._DRM_VBLANK_RELATIVE, 100));
  const waiting = client.card.wait(uapi.DRM_IOCTL_WAIT_VBLANK, request(uapi._DRM_VBLANK_RELATIVE, 100));
  const count = crtc.vblank.count;
  client.atomic({ [crtc.id]: { ACTIVE: 0 } }, uapi.DRM_MODE_ATOMIC_ALLOW_MODESET);
  assertEquals(client.events().map((event) => event.sequence), [count]);
  assertEquals(await waiting, 0);
  assertEquals(test.clock.next, Infinity);
});

Deno.test("H7 the CRTC is chosen by index: SECONDARY or five bits", () => {
  using setup = on(3);
  const { test, client } = setup;
  client.enable(1);
  client.enable(2);
  const ids = test.kms.crtcs.map(({ id }) => id);
  for (const [type, index] of [[0, 0], [uapi._DRM_VBLANK_SECONDARY, 1], [1 << 1, 1], [2 << 1, 2]]) {
    assertEquals(wait(client, request(uapi._DRM_VBLANK_EVENT | uapi._DRM_VBLANK_RELATIVE | type, 1)), "");
    client.frame();
    assertEquals(client.events().map((event) => event.crtc_id), [ids[index]]);
  }
});

Deno.test("H8 GET_SEQUENCE tells enable, not active, and is EINVAL without frames", () => {
  using setup = on();
  const { test, client } = setup;
  const [crtc] = test.kms.crtcs;
  const arg = uapi.drm_crtc_get_sequence.of({ crtc_id: crtc.id });
  client.card.ioctl(uapi.DRM_IOCTL_CRTC_GET_SEQUENCE, arg);
  assertEquals([arg.active, arg.sequence, arg.sequence_ns], [
    1,
    BigInt(crtc.vblank.count),
    BigInt(crtc.vblank.timeOf(crtc.vblank.count)),
  ]);
  const get = (id: number): string =>
    errnoOfCall(() =>
      client.card.ioctl(uapi.DRM_IOCTL_CRTC_GET_SEQUENCE, uapi.drm_crtc_get_sequence.of({ crtc_id: id }))
    );
  assertEquals(get(999), "ENOENT");
  client.atomic({ [crtc.id]: { ACTIVE: 0 } }, uapi.DRM_MODE_ATOMIC_ALLOW_MODESET);
  assertEquals(get(crtc.id), "EINVAL");
});

Deno.test("G4 CRTC_QUEUE_SEQUENCE: event type 3 with 64-bit frame and ns; NEXT_ON_MISS; unknown flags EINVAL", () => {
  using setup = on();
  const { test, client } = setup;
  const [crtc] = test.kms.crtcs;
  const queue = (flags: number, sequence: bigint): { errno: string; sequence: bigint } => {
    const arg = uapi.drm_crtc_queue_sequence.of({
      crtc_id: crtc.id,
      flags,
      sequence,
      user_data: 0xffff_ffff_ffff_fff0n,
    });
    return {
      errno: errnoOfCall(() => client.card.ioctl(uapi.DRM_IOCTL_CRTC_QUEUE_SEQUENCE, arg)),
      sequence: arg.sequence,
    };
  };
  const count = BigInt(crtc.vblank.count);
  assertEquals(queue(uapi.DRM_CRTC_SEQUENCE_RELATIVE, 2n), { errno: "", sequence: count + 2n });
  assertEquals(queue(uapi.DRM_CRTC_SEQUENCE_NEXT_ON_MISS, count - 1n), { errno: "", sequence: count + 1n });
  assertEquals(queue(0, count), { errno: "", sequence: count });
  assertEquals(queue(4, 0n).errno, "EINVAL");
  assertEquals(queue(0, 2n ** 63n).errno, ""); // never comes
  client.frame(3);
  const bytes = new Uint8Array(4096);
  const length = client.card.read(bytes);
  const events = [];
  for (let at = 0; at < length; at += 32) events.push(uapi.drm_event_crtc_sequence.at(bytes, at));
  assertEquals(events.map((event) => event.sequence), [count, count + 1n, count + 2n]);
  for (const event of events) {
    assertEquals([event.base.type, event.base.length, event.user_data], [
      uapi.DRM_EVENT_CRTC_SEQUENCE,
      32,
      0xffff_ffff_ffff_fff0n,
    ]);
    assertEquals(event.time_ns, BigInt(crtc.vblank.timeOf(Number(event.sequence))));
  }
});

Deno.test("G1 the 129th event is ENOMEM, for waits and for flips, and nothing is committed", () => {
  using setup = on();
  const { test, client } = setup;
  const [crtc] = test.kms.crtcs;
  for (let i = 0; i < 128; i++) {
    assertEquals(wait(client, request(uapi._DRM_VBLANK_EVENT | uapi._DRM_VBLANK_RELATIVE, 5)), "");
  }
  assertEquals(wait(client, request(uapi._DRM_VBLANK_EVENT | uapi._DRM_VBLANK_RELATIVE, 5)), "ENOMEM");
  test.takeLog();
  assertEquals(
    errnoOfCall(() => client.atomic({ [crtc.primary.id]: { CRTC_X: 0 } }, uapi.DRM_MODE_PAGE_FLIP_EVENT)),
    "ENOMEM",
  );
  assertEquals(test.takeLog(), []);
  client.frame(6);
  assertEquals(client.events().length, 128);
});

Deno.test("G5 60 flips of a second: each has the time of its own frame, one after the other", () => {
  using setup = on();
  const { test, client, fb } = setup;
  const [crtc] = test.kms.crtcs;
  const next = client.framebuffer(1024, 768);
  const times: number[] = [], sequences: number[] = [];
  for (let i = 0; i < 60; i++) {
    client.atomic(
      { [crtc.primary.id]: { FB_ID: i & 1 ? fb : next } },
      uapi.DRM_MODE_ATOMIC_NONBLOCK | uapi.DRM_MODE_PAGE_FLIP_EVENT,
    );
    client.frame();
    const [event] = client.events();
    times.push(event.tv_sec * 1e6 + event.tv_usec);
    sequences.push(event.sequence);
  }
  const period = TEST_MODE.frameTime / 1000;
  sequences.forEach((sequence, i) => {
    assertEquals(times[i], Math.floor(crtc.vblank.timeOf(sequence) / 1000));
    if (i > 0) assert(Math.abs(times[i] - times[0] - (sequence - sequences[0]) * period) <= 1.001);
  });
  void test;
});

Deno.test("a late clock tells of each frame with its own number and time", () => {
  using setup = on();
  const { test, client } = setup;
  const { vblank } = test.kms.crtcs[0];
  const start = vblank.count;
  for (const frames of [3, 1, 2]) wait(client, request(uapi._DRM_VBLANK_EVENT | uapi._DRM_VBLANK_RELATIVE, frames));
  client.frame(20);
  const events = client.events();
  assertEquals(events.map((event) => event.sequence), [start + 1, start + 2, start + 3]);
  for (const event of events) {
    assertEquals(event.tv_sec * 1e6 + event.tv_usec, Math.floor(vblank.timeOf(event.sequence) / 1000));
  }
});

Deno.test("a clock with fractions of a nanosecond: each frame has one timer, not one after the other at the same time", () => {
  for (let i = 0; i < 200; i++) {
    const clock = new VirtualClock();
    let timers = 0;
    const at = clock.at.bind(clock);
    clock.at = (deadline, callback) => {
      if (++timers > 20) throw new Error("a timer comes before its frame, again and again");
      return at(deadline, callback);
    };
    clock.advance(25e9 + i * 50042215.611275);
    const vblank = new Vblank(clock);
    vblank.on(TEST_MODE);
    const seen: number[] = [];
    const waiter = { target: 1, fire: (sequence: number) => void seen.push(sequence) };
    vblank.add(waiter);
    clock.advance(TEST_MODE.frameTime * 2);
    vblank.add({ ...waiter, target: 3 });
    clock.advance(TEST_MODE.frameTime * 2);
    assertEquals(seen, [1, 3]);
  }
});
