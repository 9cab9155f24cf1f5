/** read(2) and poll(2) of events. After igt's drm_read. */
import { assert, assertEquals } from "@std/assert";
import * as uapi from "udrm/uapi/mod.ts";
import { outcome } from "./client.ts";
import { type KmsClient, KmsMachine } from "./kms_client.ts";

const EVENT = uapi._DRM_VBLANK_RELATIVE | uapi._DRM_VBLANK_EVENT;

function lit(): { machine: KmsMachine; client: KmsClient; [Symbol.dispose](): void } {
  const machine = new KmsMachine();
  const client = machine.client();
  client.light();
  return { machine, client, [Symbol.dispose]: () => machine[Symbol.dispose]() };
}

const turn = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

/** A read that may sleep; what it gave so far. */
function sleep(client: KmsClient, size: number, signal?: AbortSignal): { result?: number; bytes: Uint8Array } {
  const state: { result?: number; bytes: Uint8Array } = { bytes: new Uint8Array(size) };
  void client.card.readWait(state.bytes, { signal }).then((result) => state.result = result);
  return state;
}

const cookie = (bytes: Uint8Array, at = 0): bigint => uapi.drm_event_vblank.at(bytes, at).user_data;

Deno.test("read: of nothing is EAGAIN where it may not block, and sleeps where it may, until a signal", async () => {
  using t = lit();
  const { client } = t;
  assertEquals(client.card.read(new Uint8Array(128)), -11);
  const nonblock = client.process.open("/dev/dri/card0", uapi.O_RDWR | uapi.O_NONBLOCK);
  assertEquals(await nonblock.readWait(new Uint8Array(128)), -11);
  const abort = new AbortController();
  const asleep = sleep(client, 128, abort.signal);
  t.machine.pass(10e9);
  await turn();
  assertEquals(asleep.result, undefined);
  abort.abort();
  await turn();
  assertEquals(asleep.result, -4);
});

Deno.test("read: whole events only, as many as fit; one that does not fit is left, and the answer is 0", async () => {
  using t = lit();
  const { client } = t;
  for (let i = 1n; i <= 5n; i++) assertEquals(client.vblank(EVENT, 0, i).result, 0);
  for (const size of [0, 1, 8, 31]) {
    assertEquals([client.card.read(new Uint8Array(size)), await client.card.readWait(new Uint8Array(size))], [0, 0]);
  }
  const bytes = new Uint8Array(160).fill(0xee);
  assertEquals([client.card.read(bytes.subarray(0, 95)), cookie(bytes), cookie(bytes, 32)], [64, 1n, 2n]);
  assert(bytes.subarray(64).every((byte) => byte === 0xee));
  assertEquals([client.card.read(bytes.subarray(0, 32)), cookie(bytes)], [32, 3n]);
  assertEquals([client.card.read(bytes), cookie(bytes), cookie(bytes, 32)], [64, 4n, 5n]);
  assertEquals(client.card.read(bytes), -11);
});

Deno.test("read: a sleeper with too little room wakes with 0 and leaves the event to another", async () => {
  using t = lit();
  const { client } = t;
  const short = sleep(client, 16), long = sleep(client, 64);
  client.vblank(EVENT, 1, 7n);
  client.frame(1);
  await turn();
  assertEquals([short.result, long.result, cookie(long.bytes)], [0, 32, 7n]);
});

Deno.test("read: each event reaches one of the sleepers", async () => {
  using t = lit();
  const { client } = t;
  const sleepers = Array.from({ length: 4 }, () => sleep(client, 32));
  for (let i = 1n; i <= 4n; i++) client.vblank(EVENT, Number(i), i);
  for (let i = 1; i <= 4; i++) {
    client.frame(1);
    await turn();
    assertEquals(sleepers.filter(({ result }) => result === 32).length, i);
  }
  assertEquals(sleepers.map(({ bytes }) => cookie(bytes)).sort(), [1n, 2n, 3n, 4n]);
});

Deno.test("poll: readable as long as an event is there, and never writable", async () => {
  using t = lit();
  const { client } = t;
  const all = uapi.POLLIN | uapi.POLLOUT | uapi.POLLRDNORM | uapi.POLLPRI;
  assertEquals(client.card.poll(all), 0);
  client.vblank(EVENT, 1, 1n);
  const waiting = client.card.pollWait(uapi.POLLIN);
  client.frame(1);
  assertEquals([await waiting, client.card.poll(all)], [uapi.POLLIN, uapi.POLLIN | uapi.POLLRDNORM]);
  assertEquals([client.card.read(new Uint8Array(8)), client.card.poll(all)], [0, uapi.POLLIN | uapi.POLLRDNORM]);
  client.events();
  assertEquals(client.card.poll(all), 0);
});

Deno.test("read: events are the file's: a duplicate shares them, another open has its own", () => {
  using t = lit();
  const { client } = t;
  const other = t.machine.client(undefined, client.process);
  const dup = client.process.file(client.process.dup(client.card.fd));
  client.vblank(EVENT, 0, 1n);
  other.vblank(EVENT, 0, 2n);
  const bytes = new Uint8Array(64);
  assertEquals([dup.read(bytes), cookie(bytes), client.card.read(bytes)], [32, 1n, -11]);
  assertEquals([other.card.read(bytes), cookie(bytes)], [32, 2n]);
});

Deno.test("read: what was queued can be read after the device is gone", () => {
  using t = lit();
  const { client } = t;
  client.vblank(EVENT, 0, 1n);
  client.vblank(EVENT, 1000, 2n);
  t.machine.system.removeDevice(t.machine.device);
  const bytes = new Uint8Array(128);
  assertEquals([client.card.read(bytes), cookie(bytes), cookie(bytes, 32)], [64, 1n, 2n]);
  assertEquals(
    outcome(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_GETRESOURCES, uapi.drm_mode_card_res.of())),
    "ENODEV",
  );
});
