import { assertEquals, assertMatch } from "@std/assert";
import { VIRGL_FORMAT_R8_UNORM } from "../../../uapi/virgl_format.ts";
import { VCMD_SYNC_WAIT } from "../../../uapi/vtest.ts";
import { close, eventfdRead, Mapping } from "../../os/mod.ts";
import { assertNoFdLeak } from "../../os/testing.ts";
import { texture } from "./testing.ts";
import { Pair } from "./testing_pair.ts";

const buffer = (width: number) => texture(width, 1, VIRGL_FORMAT_R8_UNORM, { target: 0 });

function start(limits = {}): Pair {
  const pair = new Pair(limits);
  pair.client.handshake("v3", 3);
  return pair;
}

Deno.test("GET_PARAM, GET_CAPSET and CONTEXT_INIT", () => {
  using pair = start();
  const { client, renderer } = pair;
  assertEquals([client.getParam(1), client.getParam(2)], [64, undefined]);
  assertEquals([client.getCapset(1, 1)?.length, client.getCapset(2, 2)?.[0]], [308, 2]);
  assertEquals([client.getCapset(2, 3), client.getCapset(4, 0)], [undefined, undefined]);
  client.contextInit(1);
  client.contextInit(1);
  assertEquals(client.create(0, buffer(4), 3), 1);
  assertEquals(renderer.contexts.map(({ capsetId, name }) => [capsetId, name]), [[1, "v3"]]);
  client.contextInit(2);
  assertMatch(pair.end() ?? "", /set 1, not 2/);
});

Deno.test("ids of resources are the server's; memory comes behind them", () => {
  using pair = start();
  const { client, renderer } = pair;
  const [one, first] = client.create2(0, buffer(8), 8, 3);
  const [two, none] = client.create2(0, buffer(8), 0, 3);
  const [three, blob] = client.createBlob(1, 1, 5000);
  assertEquals([one, two, none, three], [1, 2, -1, 3]);
  assertEquals([...renderer.contexts[0].resources.keys()], [1, 2, 3]);
  assertEquals([renderer.resources[2].width, renderer.resources[2].backing?.size], [5000, 5000]);
  using mapping = Mapping.map(blob, 5000);
  new Uint8Array(mapping.buffer)[4999] = 77;
  client.transferPut2(3, 0, [4999, 0, 0, 1, 1, 1], 1, 4999);
  client.busyWait(3, true);
  assertEquals(renderer.resources[2].levels[0][4999], 77);
  client.unref(2);
  assertEquals(client.create(0, buffer(1), 3), 4);
  close(first), close(blob);
});

Deno.test("timelines: values, waits for all and for any, timeouts", () => {
  using pair = start();
  const { client } = pair;
  assertNoFdLeak(() => {
    const a = client.syncCreate(5n), b = client.syncCreate(2n ** 40n);
    assertEquals([client.syncRead(a), client.syncRead(b)], [5n, 2n ** 40n]);
    const all = client.syncWait(false, 10_000, [[a, 6n], [b, 1n]]);
    const any = client.syncWait(true, 10_000, [[a, 7n], [b, 2n ** 40n + 1n]]);
    const ready = client.syncWait(false, 0, [[a, 5n]]);
    const half = client.syncWait(true, 10_000, [[a, 9n], [b, 1n]]);
    const never = client.syncWait(false, 0, [[a, 9n]]);
    assertEquals([all, any, ready, half, never].map((fd) => eventfdRead(fd) > 0), [false, false, true, true, false]);
    client.syncWrite(a, 6n);
    client.ping();
    assertEquals([all, any].map((fd) => eventfdRead(fd) > 0), [true, false]);
    client.syncWrite(b, 2n ** 63n);
    client.ping();
    assertEquals([any, never].map((fd) => eventfdRead(fd) > 0), [true, false]);
    assertEquals(client.syncRead(b), 2n ** 63n);
    client.syncWrite(b, 1n);
    assertEquals(client.syncRead(b), 1n);
    [all, any, ready, half, never].forEach((fd) => close(fd));
    client.syncUnref(a), client.syncUnref(b);
    client.ping();
  });
});

Deno.test("SUBMIT_CMD2: timelines move at once without a ring, and with one when the batch is complete", () => {
  using pair = start();
  const { client, renderer } = pair;
  const a = client.syncCreate(0n), b = client.syncCreate(0n);
  renderer.manual = true;
  client.submit2([
    { commands: [1, 2], syncs: [[a, 1n]] },
    { commands: [3], syncs: [[b, 1n], [a, 2n]], ring: 63 },
    { commands: [], syncs: [[b, 2n]], ring: 0 },
  ]);
  const fd = client.syncWait(false, 10_000, [[b, 2n]]);
  assertEquals([client.syncRead(a), client.syncRead(b), eventfdRead(fd) > 0], [1n, 0n, false]);
  assertEquals(renderer.submitted, [Uint32Array.of(1, 2), Uint32Array.of(3)]);
  assertEquals(pair.session.watching, true);
  // The timeline lives on without its id.
  client.syncUnref(b);
  client.ping();
  renderer.finish();
  client.ping();
  assertEquals([client.syncRead(a), eventfdRead(fd) > 0, pair.session.watching], [2n, true, false]);
  close(fd);
});

Deno.test("timelines and waits have limits; waits whose time is over make room", async () => {
  using pair = start({ syncs: 2, waits: 2 });
  const { client } = pair;
  const a = client.syncCreate(0n);
  client.syncCreate(0n);
  const fds = [client.syncWait(false, 1, [[a, 1n]]), client.syncWait(false, 1, [[a, 1n]])];
  await new Promise((done) => setTimeout(done, 5));
  fds.push(client.syncWait(false, 10_000, [[a, 1n]]), client.syncWait(false, 10_000, [[a, 1n]]));
  client.message(5, 23, [0, 1000, a, 1, 0]);
  assertMatch(pair.end() ?? "", /too many waits/);
  fds.forEach((fd) => close(fd));
});

Deno.test("timelines: waits have so many points together, those that are over do not count, and nothing is left of them", () => {
  assertNoFdLeak(() => {
    using pair = start({ waits: 8 });
    const { client } = pair;
    const sync = client.syncCreate(0n), points = (count: number) => new Array(count).fill([sync, 1n] as const);
    const fds = [1, 2, 3].map(() => client.syncWait(false, 10_000, points(8)));
    client.syncWrite(sync, 1n);
    // All of them are over; 32 points are again to be had.
    const next = client.syncCreate(0n), others = (count: number) => new Array(count).fill([next, 1n] as const);
    for (let i = 0; i < 4; i++) fds.push(client.syncWait(false, 10_000, others(8)));
    for (const fd of fds) close(fd);
    client.message(5, VCMD_SYNC_WAIT, [0, 10_000, next, 1, 0]);
    assertMatch(pair.end() ?? "", /SYNC_WAIT: too many waits/);
  });
});
