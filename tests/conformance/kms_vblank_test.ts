/** WAIT_VBLANK and the CRTC sequence requests. After igt's kms_vblank and kms_sequence. */
import { assert, assertEquals } from "@std/assert";
import * as uapi from "udrm/uapi/mod.ts";
import { outcome } from "./client.ts";
import { type KmsClient, KmsMachine } from "./kms_client.ts";

const { _DRM_VBLANK_RELATIVE: RELATIVE, _DRM_VBLANK_ABSOLUTE: ABSOLUTE, _DRM_VBLANK_EVENT: EVENT } = uapi;
const { _DRM_VBLANK_NEXTONMISS: NEXT, _DRM_VBLANK_SECONDARY: SECONDARY } = uapi;

function lit(monitors = 1): { machine: KmsMachine; client: KmsClient; [Symbol.dispose](): void } {
  const machine = new KmsMachine(monitors);
  const client = machine.client();
  for (let i = 0; i < monitors; i++) client.light(i);
  return { machine, client, [Symbol.dispose]: () => machine[Symbol.dispose]() };
}

const turn = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

Deno.test("vblank: a query tells the last frame and its time; so does the newer request", () => {
  using t = lit();
  const { client } = t;
  let last = client.vblank(RELATIVE);
  assertEquals(client.vblank(RELATIVE), last); // time stands still
  for (let i = 0; i < 20; i++) {
    client.frame(1);
    const now = client.vblank(RELATIVE);
    assertEquals([now.result, now.sequence], [0, last.sequence + 1]);
    assert(Math.abs(now.time - last.time - client.frameTime / 1000) <= 1);
    const arg = uapi.drm_crtc_get_sequence.of({ crtc_id: client.resources().crtcs[0] });
    client.card.ioctl(uapi.DRM_IOCTL_CRTC_GET_SEQUENCE, arg);
    assertEquals([arg.active, arg.sequence, arg.sequence_ns / 1000n], [1, BigInt(now.sequence), BigInt(now.time)]);
    last = now;
  }
});

Deno.test("vblank: a wait ends at its frame, for sleepers in any order", async () => {
  using t = lit();
  const { client } = t;
  const { sequence } = client.vblank(RELATIVE);
  const order: number[] = [];
  const waits = [3, 1, 2, 0].map(async (ahead) => {
    const reply = await client.sleepVblank(ahead % 2 === 0 ? RELATIVE : ABSOLUTE, ahead % 2 ? sequence + ahead : ahead);
    order.push(ahead);
    assertEquals([reply.result, reply.sequence], [0, sequence + ahead]);
  });
  for (let i = 0; i < 3; i++) {
    client.frame(1);
    await turn();
  }
  await Promise.all(waits);
  assertEquals(order, [0, 1, 2, 3]);
});

Deno.test("vblank: frames that have passed, 2^23 of them at most, and the first ones of all", () => {
  using t = lit();
  const { client } = t;
  client.frame(5);
  const { sequence } = client.vblank(RELATIVE);
  for (const passed of [sequence, sequence - 1, 0, -1, -1000]) {
    const reply = client.vblank(ABSOLUTE, passed >>> 0);
    assertEquals([reply.result, reply.sequence], [0, sequence], `${passed}`);
  }
  const event = client.vblank(ABSOLUTE | EVENT, -5 >>> 0, 5n);
  assertEquals([event.result, event.sequence], [0, sequence]);
  assertEquals(client.events().map((e) => [e.user_data, e.sequence]), [[5n, sequence]]);
  // Half of all numbers away: not passed but never to come.
  assertEquals([client.vblank(ABSOLUTE | EVENT, (sequence + 0x8000_0001) >>> 0).result, client.events().length], [
    0,
    0,
  ]);
});

Deno.test("vblank: NEXTONMISS turns what has passed into the next frame, and nothing else", async () => {
  using t = lit();
  const { client } = t;
  for (const [behind, ahead] of [[0, 1], [-1, 1], [-3, 1], [1, 1], [2, 2]]) {
    const { sequence } = client.vblank(RELATIVE);
    const waiting = client.sleepVblank(ABSOLUTE | NEXT, (sequence + behind) >>> 0);
    const state: { reply?: number } = {};
    void waiting.then((reply) => state.reply = reply.sequence);
    for (let i = 1; i <= ahead; i++) {
      await turn();
      assertEquals(state.reply, undefined, `${behind}`);
      client.frame(1);
    }
    assertEquals((await waiting).sequence, sequence + ahead);
  }
});

Deno.test("vblank: events come with cookie, frame and time, in the order of frames; 128 fit", () => {
  using t = lit();
  const { client } = t;
  const [crtc] = client.resources().crtcs;
  const { sequence } = client.vblank(RELATIVE);
  for (let i = 0; i < 128; i++) {
    assertEquals(client.vblank(RELATIVE | EVENT, 1 + (i * 37) % 16, BigInt(i)).result, 0);
  }
  assertEquals(client.vblank(RELATIVE | EVENT, 1, 128n).result, "ENOMEM");
  assertEquals(client.flip(client.fb(640, 480)), "ENOMEM"); // one room for all
  client.frame(17);
  const events = client.events();
  assertEquals(events.map((e) => e.sequence), Array.from({ length: 128 }, (_, i) => sequence + 1 + Math.floor(i / 8)));
  for (const e of events) {
    assertEquals([e.base.type, e.crtc_id, e.sequence], [
      uapi.DRM_EVENT_VBLANK,
      crtc,
      sequence + 1 + Number(e.user_data) * 37 % 16,
    ]);
  }
  assertEquals(client.vblank(RELATIVE | EVENT, 1).result, 0); // read, so there is room again
});

Deno.test("vblank: a wait that is too long is EBUSY after three seconds, a signal EINTR, a dark CRTC ends it", async () => {
  using t = lit();
  const { client } = t;
  const long = client.sleepVblank(RELATIVE, 100_000);
  t.machine.pass(2.9e9);
  await turn();
  const interrupt = new AbortController();
  const interrupted = client.sleepVblank(RELATIVE, 10, interrupt.signal);
  interrupt.abort();
  assertEquals((await interrupted).result, "EINTR");
  t.machine.pass(0.2e9);
  assertEquals((await long).result, "EBUSY");
  const dark = client.sleepVblank(RELATIVE, 50);
  const event = client.vblank(RELATIVE | EVENT, 50, 9n);
  const { sequence } = client.vblank(RELATIVE);
  client.dark();
  assertEquals([(await dark).result, (await dark).sequence], [0, sequence]);
  assertEquals([event.sequence, client.events().map((e) => [e.user_data, e.sequence])], [sequence + 50, [[
    9n,
    sequence,
  ]]]);
  assertEquals([client.vblank(RELATIVE).result, client.vblank(RELATIVE | EVENT, 1).result], ["EINVAL", "EINVAL"]);
});

Deno.test("vblank: frames go on counting over darkness and mode sets", () => {
  using t = lit();
  const { client } = t;
  client.frame(10);
  const before = client.vblank(RELATIVE);
  client.dark();
  t.machine.pass(10e9);
  client.light();
  const after = client.vblank(RELATIVE);
  assertEquals(after.sequence, before.sequence + 2);
  assert(after.time > before.time + 9e6);
});

Deno.test("vblank: CRTCs by number; signals, unknown bits and numbers are EINVAL; users may wait too", () => {
  using t = lit(2);
  const { client } = t;
  client.frame(1);
  const high = (pipe: number): number => pipe << uapi._DRM_VBLANK_HIGH_CRTC_SHIFT;
  client.dark(0);
  assertEquals([client.vblank(RELATIVE).result, client.vblank(RELATIVE | SECONDARY).result], ["EINVAL", 0]);
  assertEquals([client.vblank(RELATIVE | high(1)).result, client.vblank(RELATIVE | high(2)).result], [0, "EINVAL"]);
  for (const pipe of [3, 16, 31]) assertEquals(client.vblank(RELATIVE | high(pipe)).result, "EINVAL");
  for (const bits of [uapi._DRM_VBLANK_SIGNAL, 0x40, 0x0800_0000, 0x8000_0000]) {
    assertEquals(client.vblank((RELATIVE | SECONDARY | bits) >>> 0).result, "EINVAL", bits.toString(16));
  }
  const user = t.machine.client();
  assertEquals(user.vblank(RELATIVE | SECONDARY).result, 0);
  const event = user.vblank(RELATIVE | SECONDARY | EVENT, 1, 1n);
  client.frame(1);
  assertEquals([event.result, user.events().length, client.events().length], [0, 1, 0]);
});

Deno.test("sequence: events of 64 bits, relative, passed, next on miss; what is wrong", () => {
  using t = lit();
  const { client } = t;
  const [crtc_id] = client.resources().crtcs;
  client.frame(3);
  const now = BigInt(client.vblank(RELATIVE).sequence);
  const queue = (init: Parameters<typeof uapi.drm_crtc_queue_sequence.of>[0]): bigint | string => {
    const arg = uapi.drm_crtc_queue_sequence.of({ crtc_id, ...init });
    const result = outcome(() => client.card.ioctl(uapi.DRM_IOCTL_CRTC_QUEUE_SEQUENCE, arg));
    return result === 0 ? arg.sequence : `${result}`;
  };
  const cookie = 0xffff_ffff_ffff_fff0n;
  assertEquals(queue({ sequence: now + 2n, user_data: cookie }), now + 2n);
  assertEquals(queue({ sequence: 1n, flags: uapi.DRM_CRTC_SEQUENCE_RELATIVE, user_data: 2n }), now + 1n);
  assertEquals(queue({ sequence: now - 1n, user_data: 3n }), now); // at once
  assertEquals(queue({ sequence: -1n & (1n << 64n) - 1n, user_data: 4n }), now); // frame -1 has passed as well
  assertEquals(queue({ sequence: now, flags: uapi.DRM_CRTC_SEQUENCE_NEXT_ON_MISS, user_data: 5n }), now + 1n);
  assertEquals(queue({ sequence: 1n << 63n, user_data: 6n }), 1n << 63n); // never
  client.frame(2);
  const bytes = new Uint8Array(4096);
  const length = client.card.read(bytes);
  const events = Array.from({ length: length / 32 }, (_, i) => uapi.drm_event_crtc_sequence.at(bytes, i * 32));
  assertEquals(events.map((e) => [e.user_data, e.sequence]), [
    [3n, now],
    [4n, now],
    [2n, now + 1n],
    [5n, now + 1n],
    [cookie, now + 2n],
  ]);
  assertEquals(events.map((e) => [e.base.type, e.base.length]), Array(5).fill([uapi.DRM_EVENT_CRTC_SEQUENCE, 32]));
  assertEquals([queue({ crtc_id: 0 }), queue({ crtc_id: 0, flags: 4 }), queue({ flags: 4 })], [
    "ENOENT",
    "ENOENT",
    "EINVAL",
  ]);
  client.dark();
  assertEquals([queue({ sequence: 1n }), queue({ flags: 4 })], ["EINVAL", "EINVAL"]);
  assertEquals(client.events().length, 1); // the one that was never to come
  const get = uapi.drm_crtc_get_sequence.of({ crtc_id });
  assertEquals(outcome(() => client.card.ioctl(uapi.DRM_IOCTL_CRTC_GET_SEQUENCE, get)), "EINVAL");
});
