import { assertEquals, assertGreater, assertMatch } from "@std/assert";
import { VIRGL_FORMAT_R8_UNORM } from "../../../uapi/virgl_format.ts";
import { VCMD_SUBMIT_CMD } from "../../../uapi/vtest.ts";
import { close, MessageBuffer, MSG_DONTWAIT } from "../../os/mod.ts";
import "../../os/testing.ts";
import type { VtestEvent } from "./event.ts";
import { VTEST_LIMITS } from "./limits.ts";
import { Processes } from "./processes.ts";
import { VtestSupervisor, type VtestSupervisorOptions } from "./supervisor.ts";
import { texture, VtestClient } from "./testing.ts";
import { FAKE_MEMORY, FAKE_SLOW } from "./testing_renderer.ts";

const CHILD = new URL("testing_child.ts", import.meta.url);
const buffer = (width: number) => texture(width, 1, VIRGL_FORMAT_R8_UNORM, { target: 0 });
const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

class Bench implements AsyncDisposable {
  readonly path = Deno.makeTempFileSync({ prefix: "vtest" }) + ".sock";
  readonly events: VtestEvent[] = [];
  readonly processes: Processes;
  readonly server: VtestSupervisor;
  failure = "";
  constructor(mode: string, more: Partial<VtestSupervisorOptions> = {}) {
    this.processes = new Processes(CHILD, [mode]);
    this.server = new VtestSupervisor({
      path: this.path,
      spawn: (id, control) => this.processes.spawn(id, control),
      kill: (id) => this.processes.kill(id),
      onEvent: (event) => void this.events.push(event),
      onFailed: (message) => void (this.failure = message),
      ...more,
    });
  }
  /** Runs the supervisor, and Deno's event loop, until something is so. */
  async until(what: () => boolean, ms = 20_000): Promise<void> {
    const end = performance.now() + ms;
    while (!what()) {
      if (performance.now() > end) throw new Error(`Cannot go on: ${JSON.stringify(this.events)}`);
      this.server.turn(0);
      await sleep(5);
    }
  }
  async client(): Promise<VtestClient> {
    const count = this.events.filter(({ kind }) => kind === "client").length;
    const client = new VtestClient(this.path);
    await this.until(() => this.events.filter(({ kind }) => kind === "client").length > count);
    return client;
  }
  ends(): Extract<VtestEvent, { kind: "end" }>[] {
    return this.events.filter((event) => event.kind === "end");
  }
  async [Symbol.asyncDispose](): Promise<void> {
    this.server[Symbol.dispose]();
    await this.processes.end();
    Deno.removeSync(this.path.slice(0, -5));
  }
}

Deno.test("a client's process serves it, ends with it, and a spare one waits for the next", async () => {
  await using bench = new Bench("usual");
  await bench.until(() => bench.server.ready);
  using one = await bench.client();
  assertEquals(one.handshake("first", 2), 2);
  const [, mapping] = one.create2Mapped(1, buffer(64), 64, 2);
  new Uint8Array(mapping.buffer).fill(5);
  one.transferPut2(1, 0, [0, 0, 0, 64, 1, 1], 64, 0);
  new Uint8Array(mapping.buffer).fill(0);
  one.submit([1]);
  one.transferGet2(1, 0, [0, 0, 0, 32, 1, 1], 32, 0);
  one.busyWait(1, true);
  mapping[Symbol.dispose]();
  using two = await bench.client();
  assertEquals(two.handshake("second", 3), 3);
  assertGreater(bench.server.pidOf(1), 0);
  assertEquals(bench.server.pidOf(1) === bench.server.pidOf(2), false);
  one[Symbol.dispose]();
  await bench.until(() => bench.ends().length === 1);
  assertEquals(bench.ends(), [{ kind: "end", client: 1, reason: "it is gone", failed: false }]);
  assertEquals(two.busyWait(0, true), false);
  await bench.until(() => bench.events.filter(({ kind }) => kind === "name").length === 2);
});

Deno.test("two spare processes wait; none starts beside clients until one of them has ended", async () => {
  await using bench = new Bench("usual");
  const { server } = bench;
  await bench.until(() => server.processes === 2);
  using one = await bench.client();
  assertEquals([server.processes, server.clients], [2, 1]);
  using two = await bench.client();
  assertEquals([server.processes, server.clients], [2, 2]);
  assertEquals([one.handshake("one", 2), two.handshake("two", 2)], [2, 2]);
  const start = performance.now();
  await bench.until(() => performance.now() - start > 1200);
  assertEquals([server.processes, server.clients], [2, 2]);
  one[Symbol.dispose]();
  await bench.until(() => bench.ends().length === 1);
  assertEquals([server.processes, server.clients], [2, 1]);
  await bench.until(() => server.ready);
  // One that finds none ready gets a process of its own.
  using three = await bench.client(), four = await bench.client();
  assertEquals([server.processes, server.clients], [3, 3]);
  assertEquals([three.handshake("three", 2), four.handshake("four", 2)], [2, 2]);
  two[Symbol.dispose]();
  three[Symbol.dispose]();
  four[Symbol.dispose]();
  await bench.until(() => bench.ends().length === 4 && server.processes === 2);
});

Deno.test("a process that works on one message for too long is killed; others go on", async () => {
  await using bench = new Bench("usual", { limits: { ...VTEST_LIMITS, gpuNs: 300e6 } });
  using slow = await bench.client();
  slow.handshake("slow", 2);
  using other = await bench.client();
  other.handshake("other", 2);
  slow.submit([FAKE_SLOW, 60_000]);
  slow.message(2, 7, [0, 1]);
  await bench.until(() => bench.ends().length === 1);
  assertMatch(bench.ends()[0].reason, /not done with after 0.3 s/);
  assertEquals([bench.ends()[0].client, bench.ends()[0].failed, slow.ended(1000)], [1, true, true]);
  other.submit([FAKE_SLOW, 50]);
  assertEquals(other.busyWait(0, true), false);
});

Deno.test("a client whose commands never complete on the GPU is told apart from one that waits for nothing", async () => {
  await using bench = new Bench("hang", { limits: { ...VTEST_LIMITS, gpuNs: 400e6 } });
  using idle = await bench.client();
  idle.handshake("idle", 2);
  using hung = await bench.client();
  hung.handshake("hung", 2);
  hung.submit([1]);
  await bench.until(() => bench.ends().length === 1);
  assertMatch(bench.ends()[0].reason, /GPU did not finish within 0.4 s/);
  assertEquals([bench.ends()[0].client, hung.ended(1000)], [2, true]);
  await sleep(600);
  bench.server.turn(0);
  idle.ping();
});

Deno.test("a process that takes too much memory is killed", async () => {
  await using bench = new Bench("usual", { memoryBytes: 600 * 2 ** 20 });
  using client = await bench.client();
  client.handshake("greedy", 2);
  client.submit([FAKE_MEMORY, 700]);
  await bench.until(() => bench.ends().length === 1);
  assertMatch(bench.ends()[0].reason, /more than 600 MiB/);
  assertEquals(client.ended(1000), true);
});

Deno.test("a process that is killed takes its client with it and nothing else; what is wrong ends one client", async () => {
  await using bench = new Bench("usual");
  using victim = await bench.client();
  victim.handshake("victim", 2);
  using other = await bench.client();
  other.handshake("other", 2);
  close(other.create2(1, buffer(8), 8, 2)[1]);
  await bench.until(() => bench.server.pidOf(1) > 0);
  Deno.kill(bench.server.pidOf(1), "SIGKILL");
  await bench.until(() => bench.ends().length === 1);
  assertEquals(bench.ends()[0], { kind: "end", client: 1, reason: "its process has died", failed: true });
  assertEquals([victim.ended(1000), other.busyWait(1, true)], [true, false]);
  other.message(0xffff_ffff, VCMD_SUBMIT_CMD);
  await bench.until(() => bench.ends().length === 2);
  assertMatch(bench.ends()[1].reason, /SUBMIT_CMD: 4294967295 words/);
  assertEquals(bench.ends()[1].failed, false);
});

Deno.test("without a renderer the first process says why", async () => {
  await using bench = new Bench("none");
  await bench.until(() => bench.failure !== "");
  assertEquals(bench.failure, "there is no GPU");
});

Deno.test("more clients than are allowed wait until one is gone", async () => {
  await using bench = new Bench("usual", { maxClients: 1 });
  using one = await bench.client();
  one.handshake("one", 2);
  using two = new VtestClient(bench.path);
  await bench.until(() => bench.events.some(({ kind }) => kind === "note"));
  assertEquals(bench.server.clients, 1);
  one[Symbol.dispose]();
  await bench.until(() => bench.events.filter(({ kind }) => kind === "client").length === 2);
  assertEquals(two.handshake("two", 2), 2);
});

Deno.test("a process may say what it likes: its client alone is concerned", () => {
  const path = Deno.makeTempFileSync({ prefix: "vtest" }), events: VtestEvent[] = [], controls: number[] = [];
  const server = new VtestSupervisor({
    path: `${path}.sock`,
    spawn: (_id, control) => void controls.push(control),
    kill: () => {},
    onEvent: (event) => void events.push(event),
    maxClients: 1,
  });
  const messages = new MessageBuffer(65536);
  const say = (text: string): void => {
    const { written } = new TextEncoder().encodeInto(text, messages.bytes);
    messages.send(controls[0], written, 0, MSG_DONTWAIT);
    server.turn(0);
  };
  say('{"kind":"ready","renderer":7}');
  assertEquals(server.ready, true);
  using _client = new VtestClient(`${path}.sock`);
  server.turn(0);
  for (const text of ["null", "7", "[]", "{", '"end"', '{"kind":"no"}', '{"kind":null}', '{"reason":{}}']) {
    say(text);
  }
  say('{"kind":"name","name":["\\u001b[2J"]}');
  say('{"kind":"name","name":"\\u001b[2Jx\\n"}');
  assertEquals(server.clients, 1);
  // Much at once is heard bit by bit.
  for (let i = 0; i < 20; i++) {
    const { written } = new TextEncoder().encodeInto('{"kind":"name","name":"n"}', messages.bytes);
    messages.send(controls[0], written, 0, MSG_DONTWAIT);
  }
  const heard = () => events.filter((event) => event.kind === "name" && event.name === "n").length;
  server.turn(0);
  assertEquals(heard(), 16);
  server.turn(0);
  assertEquals(heard(), 20);
  say('{"kind":"end","reason":{"a":1},"failed":"no"}');
  close(controls[0]);
  server.turn(0);
  assertEquals(events.filter(({ kind }) => kind !== "note").slice(0, 3), [
    { kind: "client", client: 1 },
    { kind: "name", client: 1, name: "" },
    { kind: "name", client: 1, name: "?[2Jx?" },
  ]);
  assertEquals(events.at(-1), { kind: "end", client: 1, reason: "", failed: false });
  server[Symbol.dispose]();
  for (const control of controls.slice(1)) close(control);
  Deno.removeSync(path);
});

Deno.test("processes end with the one that started them", async () => {
  const bench = new Bench("usual");
  await bench.until(() => bench.server.ready);
  using client = await bench.client();
  client.handshake("orphan", 2);
  bench.server[Symbol.dispose]();
  await bench.processes.end();
  assertEquals([client.ended(1000), bench.processes.count], [true, 0]);
  Deno.removeSync(bench.path.slice(0, -5));
});
