import { assertEquals, assertGreater, assertMatch, assertThrows } from "@std/assert";
import { VIRGL_FORMAT_R8_UNORM } from "../../../uapi/virgl_format.ts";
import { close, eventfd, eventfdWrite, listenStream } from "../../os/mod.ts";
import { openFds } from "../../os/testing.ts";
import { VtestError } from "./error.ts";
import type { VtestEvent } from "./event.ts";
import { VTEST_LIMITS, type VtestLimits } from "./limits.ts";
import { VtestServer } from "./server.ts";
import { texture, VtestClient } from "./testing.ts";
import { FAKE_BUG, FakeRenderer } from "./testing_renderer.ts";

const buffer = (width: number) => texture(width, 1, VIRGL_FORMAT_R8_UNORM, { target: 0 });

class Bench implements Disposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "vtest" });
  readonly path = `${this.folder}/socket`;
  readonly events: VtestEvent[] = [];
  readonly renderer = new FakeRenderer();
  readonly server: VtestServer;
  constructor(limits: Partial<VtestLimits> = {}, maxClients?: number, completionFd?: number) {
    this.renderer.completionFd = completionFd;
    this.server = new VtestServer({
      path: this.path,
      renderer: this.renderer,
      limits: { ...VTEST_LIMITS, ...limits },
      maxClients,
      onKick: () => false,
      onEvent: (event) => void this.events.push(event),
    });
  }
  client(): VtestClient {
    return new VtestClient(this.path, () => void this.server.turn(0));
  }
  ends(): string[] {
    return this.events.flatMap((event) => event.kind === "end" ? [`${event.client} ${event.reason}`] : []);
  }
  [Symbol.dispose](): void {
    this.server[Symbol.dispose]();
    Deno.removeSync(this.folder, { recursive: true });
  }
}

Deno.test("VtestServer: many clients at once, each with ids and contents of its own", () => {
  using bench = new Bench();
  const clients = Array.from({ length: 40 }, () => bench.client());
  clients.forEach((client, i) => assertEquals(client.handshake(`client ${i}`, 0), 0));
  clients.forEach((client, i) => {
    client.create(1, buffer(4), 0);
    client.transferPut(1, 0, 0, 0, [0, 0, 0, 4, 1, 1], Uint8Array.of(i, i, i, i));
  });
  clients.forEach((client, i) => {
    assertEquals(client.transferGet(1, 0, 0, 0, [0, 0, 0, 4, 1, 1], 4), Uint8Array.of(i, i, i, i));
  });
  assertEquals(bench.server.clients, 40);
  clients.forEach((client) => client[Symbol.dispose]());
  while (bench.server.turn(0) > 0);
  assertEquals([bench.server.clients, bench.ends().length], [0, 40]);
});

Deno.test("VtestServer: what one client does wrong, others do not notice", () => {
  using bench = new Bench();
  using good = bench.client(), bad = bench.client(), worse = bench.client();
  good.handshake("good", 2), bad.handshake("bad", 2), worse.handshake("worse", 2);
  bad.message(1, 99, [1]);
  worse.submit([FAKE_BUG]);
  assertEquals([bad.ended(0) || bad.ended(10), worse.ended(10)], [true, true]);
  good.submit([1, 2, 3]);
  assertEquals(good.busyWait(0, true), false);
  const ends = bench.ends().toSorted();
  assertEquals([ends.length, ends[0]], [2, "2 command 99: there is no such command"]);
  assertMatch(ends[1], /3 SUBMIT_CMD: TypeError: a bug/);
});

Deno.test("VtestServer: a client that waits for the GPU, or does not read, holds up nobody", () => {
  using bench = new Bench();
  using waits = bench.client(), lazy = bench.client(), other = bench.client();
  waits.handshake("waits", 2), lazy.handshake("lazy", 0), other.handshake("other", 2);
  lazy.create(1, buffer(1 << 20), 0);
  lazy.message(11, 4, [1, 0, 0, 0, 0, 0, 0, 1 << 20, 1, 1, 1 << 20]);
  bench.renderer.manual = true;
  waits.submit([1]);
  waits.message(2, 7, [0, 1]);
  for (let i = 0; i < 10; i++) other.ping();
  assertEquals(other.busyWait(0, false), false);
  bench.renderer.finish();
  assertEquals(waits.reply(7, 1)[0], 0);
  assertEquals(lazy.read(1 << 20).length, 1 << 20);
});

Deno.test("VtestServer: who hangs up while it waits for the GPU is let go; who waits too long is, too", () => {
  using bench = new Bench({ gpuNs: 100e6 });
  bench.renderer.manual = true;
  using waits = bench.client(), gone = bench.client();
  waits.handshake("waits", 2), gone.handshake("gone", 2);
  gone.submit([1]), gone.message(2, 7, [0, 1]);
  for (let i = 0; i < 5; i++) bench.server.turn(0);
  gone[Symbol.dispose]();
  for (let i = 0; i < 5; i++) bench.server.turn(0);
  assertEquals(bench.ends(), ["2 it is gone"]);
  waits.submit([1]), waits.message(2, 7, [0, 1]);
  const start = performance.now();
  while (bench.ends().length < 2 && performance.now() - start < 5000) bench.server.turn(1e6);
  assertEquals(bench.ends()[1], "1 the GPU did not finish within 0.1 s");
});

Deno.test("VtestServer: a renderer that can say so ends the wait for it", () => {
  const fd = eventfd();
  {
    using bench = new Bench({}, 8, fd);
    using waits = bench.client();
    waits.handshake("waits", 2);
    bench.renderer.manual = true;
    waits.submit([1]), waits.message(2, 7, [0, 1]);
    while (bench.server.turn(0) > 0);
    assertEquals(bench.server.turn(0), 0);
    bench.renderer.finish();
    assertEquals(bench.server.turn(1e9), 1);
    assertEquals(waits.words(3), Uint32Array.of(1, 7, 0));
    // It is an edge: nobody has to read it.
    assertEquals(bench.server.turn(0), 0);
  }
  close(fd);
});

Deno.test("VtestServer: more clients than are allowed wait", () => {
  using bench = new Bench({}, 1);
  using one = bench.client(), two = bench.client();
  one.handshake("one", 2);
  for (let i = 0; i < 5; i++) bench.server.turn(0);
  assertEquals(bench.server.clients, 1);
  one[Symbol.dispose]();
  assertEquals(two.handshake("two", 2), 2);
});

Deno.test("VtestServer: a kick ends run", () => {
  using bench = new Bench();
  eventfdWrite(bench.server.kick);
  bench.server.run();
});

Deno.test("VtestServer: the socket is this user's; a stale one is replaced, a served one is not, another file never", () => {
  const before = openFds();
  {
    using bench = new Bench();
    assertEquals((Deno.lstatSync(bench.path).mode ?? 0) & 0o777, 0o600);
    const { path, renderer } = bench;
    assertThrows(() => new VtestServer({ path, renderer }), VtestError, "is served already");
    const file = `${bench.folder}/file`, stale = `${bench.folder}/stale`;
    Deno.writeTextFileSync(file, "mine");
    assertThrows(() => new VtestServer({ path: file, renderer }), VtestError, "no socket");
    assertEquals(Deno.readTextFileSync(file), "mine");
    close(listenStream(stale));
    using second = new VtestServer({ path: stale, renderer });
    assertGreater(second.kick, 0);
    // Whose file it is not, the server leaves alone.
    Deno.removeSync(path);
    Deno.writeTextFileSync(path, "another's");
    bench.server[Symbol.dispose]();
    assertEquals(Deno.readTextFileSync(path), "another's");
  }
  assertEquals(openFds(), before);
});
