import { assertEquals, assertGreater, assertMatch } from "@std/assert";
import { VIRGL_FORMAT_B8G8R8A8_UNORM, VIRGL_FORMAT_R8_UNORM } from "../../../uapi/virgl_format.ts";
import {
  VCMD_CREATE_RENDERER,
  VCMD_GET_CAPS,
  VCMD_GET_PARAM,
  VCMD_PING_PROTOCOL_VERSION,
  VCMD_PROTOCOL_VERSION,
  VCMD_RESOURCE_BUSY_WAIT,
  VCMD_RESOURCE_CREATE,
  VCMD_RESOURCE_CREATE2,
  VCMD_RESOURCE_UNREF,
  VCMD_SUBMIT_CMD,
  VCMD_TRANSFER_PUT,
} from "../../../uapi/vtest.ts";
import { addSeals, close, F_SEAL_SHRINK, F_SEAL_WRITE, fstat, ftruncate, openMemfd, sendStream } from "../../os/mod.ts";
import { assertNoFdLeak, mappingsOf } from "../../os/testing.ts";
import { texture } from "./testing.ts";
import { Pair } from "./testing_pair.ts";
import { FAKE_BUG, FAKE_WRONG } from "./testing_renderer.ts";

const BGRA = VIRGL_FORMAT_B8G8R8A8_UNORM;
const buffer = (width: number) => texture(width, 1, VIRGL_FORMAT_R8_UNORM, { target: 0 });
const ramp = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i * 7 + 1);

for (const [asked, version] of [[0, 0], [1, 0], [2, 2], [3, 3], [4, 3], [0xffff_ffff, 3]]) {
  Deno.test(`PROTOCOL_VERSION ${asked} is answered by ${version}`, () => {
    using pair = new Pair();
    assertEquals(pair.client.handshake("es2gears", asked), version);
    assertEquals([pair.session.version, pair.session.name], [version, "es2gears"]);
  });
}

Deno.test("Mesa 25 asks for version 3, reads the capabilities, and asks again for 2: ids are then its own", () => {
  using pair = new Pair();
  const { client } = pair;
  assertEquals(client.handshake("es2gears", 3), 3);
  client.caps();
  client.message(0, VCMD_PING_PROTOCOL_VERSION);
  client.message(2, VCMD_RESOURCE_BUSY_WAIT, [0, 0]);
  client.reply(VCMD_PING_PROTOCOL_VERSION, 0);
  client.reply(VCMD_RESOURCE_BUSY_WAIT, 1);
  assertEquals(client.protocolVersion(2), 2);
  assertEquals(pair.session.version, 2);
  const [, fd] = client.create2(7, buffer(8), 8, 2);
  close(fd);
  client.message(1, VCMD_RESOURCE_UNREF, [7]);
  assertEquals(pair.session.version, 2);
});

Deno.test("GET_CAPS2 and GET_CAPS: lengths in bytes and one, the first reply is called 2", () => {
  using pair = new Pair();
  pair.client.handshake("caps", 2);
  const [caps2, caps1] = pair.client.caps();
  assertEquals([caps2.length, caps1.length], [1376, 308]);
  assertEquals([caps2[0], caps2[4], caps1[0], caps1[4]], [2, 2, 1, 1]);
});

Deno.test("version 0: resources of the client's numbers, bytes inline, of lengths that are no words", () => {
  using pair = new Pair();
  const { client } = pair;
  assertEquals(client.handshake("odd", 0), 0);
  client.create(9, buffer(100), 0);
  const bytes = ramp(33);
  client.transferPut(9, 0, 0, 0, [5, 0, 0, 33, 1, 1], bytes);
  client.submit([1, 2, 3]);
  client.transferPut(9, 0, 0, 0, [60, 0, 0, 7, 1, 1], bytes.subarray(0, 7));
  assertEquals(client.transferGet(9, 0, 0, 0, [5, 0, 0, 33, 1, 1], 33), bytes);
  assertEquals(client.transferGet(9, 0, 0, 0, [58, 0, 0, 4, 1, 1], 4), Uint8Array.of(0, 0, 1, 8));
  assertEquals(pair.renderer.submitted, [Uint32Array.of(1, 2, 3)]);
  client.unref(9);
  client.create(9, texture(4, 4, BGRA), 0);
  // Rows of the message's stride; what lies between them is zero.
  client.transferPut(9, 0, 20, 0, [1, 1, 0, 2, 2, 1], ramp(28));
  const got = client.transferGet(9, 0, 12, 0, [1, 1, 0, 2, 2, 1], 20);
  assertEquals([...got], [...ramp(8), 0, 0, 0, 0, ...ramp(28).subarray(20)]);
  assertEquals(pair.session.resources, 1);
});

Deno.test("TRANSFER_PUT may be longer than the session's buffer", () => {
  using pair = new Pair({ submitWords: 64 });
  const { client } = pair;
  client.handshake("long", 0);
  const bytes = ramp(300_001);
  client.create(1, buffer(400_000), 0);
  client.transferPut(1, 0, 0, 0, [0, 0, 0, bytes.length, 1, 1], bytes);
  client.submit([5]);
  assertEquals(client.transferGet(1, 0, 0, 0, [0, 0, 0, bytes.length, 1, 1], bytes.length), bytes);
  assertEquals(pair.renderer.submitted, [Uint32Array.of(5)]);
});

Deno.test("version 2: memory is shared, sealed, and laid out as the whole level", () => {
  using pair = new Pair();
  const { client, renderer } = pair;
  client.handshake("shm", 2);
  const size = 8 * 8 * 4 + 4 * 4 * 4;
  const [id, mapping] = client.create2Mapped(7, texture(8, 8, BGRA, { lastLevel: 1 }), size, 2);
  assertEquals(id, 7);
  const shared = new Uint8Array(mapping.buffer);
  shared.set(ramp(size));
  // One column of the second level: rows are 16 bytes apart there.
  client.transferPut2(7, 1, [1, 1, 0, 1, 2, 1], 20, 256 + 16 + 4);
  client.submit([1]);
  assertEquals(client.busyWait(7, true), false);
  const level = renderer.resources[0].levels[1];
  assertEquals(level.subarray(20, 24), ramp(size).subarray(276, 280));
  assertEquals(level.subarray(36, 40), ramp(size).subarray(292, 296));
  assertEquals(level.subarray(40, 64), new Uint8Array(24));
  shared.fill(0);
  client.transferGet2(7, 1, [1, 2, 0, 1, 1, 1], 4, 256 + 32 + 4);
  client.busyWait(7, true);
  assertEquals(shared.subarray(292, 296), ramp(size).subarray(292, 296));
  assertEquals(shared.reduce((sum, byte) => sum + Number(byte !== 0), 0), 4);
  mapping[Symbol.dispose]();
});

Deno.test("version 2: nobody can shrink or forbid the memory; none comes for 0 bytes", () => {
  using pair = new Pair();
  const { client } = pair;
  client.handshake("seals", 2);
  const [, fd] = client.create2(1, buffer(5000), 5000, 2);
  assertEquals(fstat(fd).size, 8192);
  assertEquals([ftruncate(fd, 1) < 0, addSeals(fd, F_SEAL_WRITE) < 0, addSeals(fd, F_SEAL_SHRINK) < 0], [
    true,
    true,
    true,
  ]);
  close(fd);
  assertEquals(client.create2(2, texture(8, 8, BGRA), 0, 2), [2, -1]);
  assertEquals(client.busyWait(2, true), false);
});

Deno.test("BUSY_WAIT tells the truth, and with WAIT comes when the batch is complete", () => {
  using pair = new Pair();
  const { client, renderer, session } = pair;
  client.handshake("busy", 2);
  const [, mapping] = client.create2Mapped(1, buffer(16), 16, 2);
  const shared = new Uint8Array(mapping.buffer);
  assertEquals(client.busyWait(1, false), false);
  renderer.manual = true;
  renderer.resources[0].levels[0].set(ramp(16));
  client.submit([1]);
  client.transferGet2(1, 0, [0, 0, 0, 16, 1, 1], 16, 0);
  assertEquals(client.busyWait(1, false), true);
  client.message(2, 7, [1, 1]);
  client.submit([2]);
  pair.run();
  assertEquals([pair.need, shared[0], renderer.submissions, session.busy], ["batch", 0, 1, true]);
  renderer.finish();
  assertEquals(client.reply(7, 1)[0], 0);
  assertEquals([shared[0], renderer.submissions], [1, 2]);
  mapping[Symbol.dispose]();
});

Deno.test("TRANSFER_GET2 of what the CPU reads waits for the GPU, and takes no batch", () => {
  using pair = new Pair();
  const { client, renderer } = pair;
  client.handshake("read", 2);
  const [, mapping] = client.create2Mapped(1, buffer(16), 16, 2), shared = new Uint8Array(mapping.buffer);
  const [resource] = renderer.resources;
  resource.readableByCpu = true;
  renderer.manual = true;
  resource.levels[0].set(ramp(16));
  client.submit([1]);
  client.transferGet2(1, 0, [4, 0, 0, 8, 1, 1], 8, 2);
  client.submit([2]);
  pair.run();
  assertEquals([pair.need, renderer.submissions, renderer.batches, shared[2]], ["batch", 1, 1, 0]);
  renderer.finish();
  pair.run();
  assertEquals([...shared.subarray(0, 12)], [0, 0, ...ramp(16).subarray(4, 12), 0, 0]);
  assertEquals([pair.need, renderer.submissions, renderer.batches], ["input", 2, 2]);
  // Without anything to wait for it is there at once.
  renderer.finish();
  client.transferGet2(1, 0, [0, 0, 0, 2, 1, 1], 2, 0);
  pair.run();
  assertEquals([shared[0], shared[1]], [ramp(16)[0], ramp(16)[1]]);
  mapping[Symbol.dispose]();
});

Deno.test("SUBMIT_CMD: an idle GPU begins at once, a busy one with all that has come", () => {
  using pair = new Pair();
  const { client, renderer } = pair;
  client.handshake("begin", 2);
  renderer.manual = true;
  const busy = client.message.bind(client, 2, 7, [1, 0]);
  client.submit([1]);
  client.submit([2]);
  client.submit([3]);
  busy();
  pair.run();
  assertEquals([renderer.submissions, renderer.batches], [3, 2]);
  client.reply(7, 1);
});

Deno.test("memory stays until the GPU is done with it, and is never mapped for nothing", () => {
  using pair = new Pair();
  const { client, renderer } = pair;
  client.handshake("unref", 2);
  // A page is kept for the next fence.
  close(client.create2(100, buffer(8), 8, 2)[1]);
  client.unref(100);
  client.busyWait(0, true);
  assertNoFdLeak(() => {
    for (let i = 1; i <= 50; i++) {
      close(client.create2(i, buffer(8), 8, 2)[1]);
      client.unref(i);
    }
    client.busyWait(0, true);
  });
  assertEquals([mappingsOf("memfd:vtest"), pair.session.resources], [0, 0]);
  renderer.manual = true;
  close(client.create2(99, buffer(8), 8, 2)[1]);
  client.transferGet2(99, 0, [0, 0, 0, 8, 1, 1], 8, 0);
  client.unref(99);
  assertEquals(client.busyWait(0, false), true);
  assertEquals(pair.graveyard.size, 1);
  renderer.finish();
  pair.graveyard.sweep();
  assertEquals([pair.graveyard.size, mappingsOf("memfd:vtest")], [0, 0]);
  assertEquals(renderer.resources.every(({ destroyed, backing }) => destroyed && !backing), true);
});

Deno.test("a message is executed however it is cut", () => {
  using pair = new Pair();
  const { client, renderer } = pair;
  const text = new Uint8Array(8 + 6 + 8 + 8 + 16 + 8 + 44 + 3);
  const view = new DataView(text.buffer);
  const put = (at: number, ...words: number[]) => words.forEach((word, i) => view.setUint32(at + i * 4, word, true));
  put(0, 6, VCMD_CREATE_RENDERER);
  text.set(new TextEncoder().encode("odd!!"), 8);
  put(14, 0, VCMD_PING_PROTOCOL_VERSION);
  put(22, 4, VCMD_SUBMIT_CMD, 10, 20, 30, 40);
  put(46, 12, VCMD_TRANSFER_PUT, 1, 0, 0, 0, 0, 0, 0, 3, 1, 1, 3);
  const whole = pair.renderer;
  for (const byte of text.subarray(0, 46)) {
    client.send(Uint8Array.of(byte));
    pair.run();
  }
  client.reply(VCMD_PING_PROTOCOL_VERSION, 0);
  client.create(1, buffer(3), 0);
  for (const byte of text.subarray(46, text.length - 3)) client.send(Uint8Array.of(byte)), pair.run();
  client.send(Uint8Array.of(7, 8)), pair.run();
  client.send(Uint8Array.of(9)), pair.run();
  assertEquals([...whole.resources[0].levels[0]], [7, 8, 9]);
  assertEquals(renderer.submitted, [Uint32Array.of(10, 20, 30, 40)]);
});

Deno.test("SUBMIT_CMD: the same words for any place in the buffer, up to the longest", () => {
  using pair = new Pair();
  const { client, renderer } = pair;
  client.handshake("words", 2);
  const longest = Uint32Array.from({ length: 66560 }, (_, i) => Math.imul(i, 0x9e37_79b1) >>> 0);
  for (const count of [1, 2, 1026, 65536, 66560, 3]) client.submit(longest.subarray(0, count));
  client.submit([]);
  client.busyWait(0, true);
  assertEquals(renderer.submitted, [1, 2, 1026, 65536, 66560, 3].map((count) => longest.slice(0, count)));
});

Deno.test("messages that lie on no words cost no more than themselves", () => {
  using pair = new Pair();
  const { client } = pair;
  client.handshake("odd bytes", 0);
  client.create(1, buffer(1), 0);
  const part = new Uint8Array(8 + 44 + 1), words = new Uint32Array(part.buffer, 0, 13);
  words.set([12, VCMD_TRANSFER_PUT, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1]);
  const many = new Uint8Array(part.length * 3000);
  for (let i = 0; i < 3000; i++) part[52] = i, many.set(part, i * part.length);
  client.send(many);
  client.ping();
  assertEquals([...pair.renderer.resources[0].levels[0]], [2999 & 255]);
});

Deno.test("replies wait for a client that does not read, and its messages with them", () => {
  using pair = new Pair();
  const { client, renderer } = pair;
  client.handshake("lazy", 0);
  const size = 1 << 20;
  client.create(1, buffer(size), 0);
  renderer.resources[0]?.levels[0].fill(3);
  client.message(11, 4, [1, 0, 0, 0, 0, 0, 0, size, 1, 1, size]);
  client.submit([1]);
  pair.run();
  assertEquals([pair.need, renderer.submissions], ["output", 0]);
  renderer.resources[0].levels[0].fill(4);
  assertGreater(client.read(size).filter((byte) => byte === 0).length, -1);
  client.busyWait(0, true);
  assertEquals(renderer.submissions, 1);
});

const refused: readonly (readonly [what: string, says: RegExp, version: number, words: readonly number[]])[] = [
  ["a number that is no command", /command 99: there is no such/, 2, [0, 99]],
  ["command 0", /command 0: there is no such/, 2, [0, 0]],
  ["CREATE_RENDERER again", /there is a renderer/, 2, [4, VCMD_CREATE_RENDERER, 0]],
  ["a command of a later version", /GET_PARAM: it is of version 3, and version 2/, 2, [1, VCMD_GET_PARAM, 1]],
  ["RESOURCE_CREATE2 in version 0", /version 2, and version 0/, 0, [11, VCMD_RESOURCE_CREATE2]],
  ["a submission that is too long", /SUBMIT_CMD: 4294967295 words/, 2, [0xffff_ffff, VCMD_SUBMIT_CMD]],
  ["a wrong submission", /SUBMIT_CMD: Cannot execute/, 2, [1, VCMD_SUBMIT_CMD, FAKE_WRONG]],
  ["resource 0", /not 0/, 2, [10, VCMD_RESOURCE_CREATE, 0, 2, BGRA, 2, 1, 1, 1, 1, 0, 0]],
  ["a resource that cannot be", /RESOURCE_CREATE: Cannot/, 2, [
    10,
    VCMD_RESOURCE_CREATE,
    1,
    99,
    BGRA,
    2,
    1,
    1,
    1,
    1,
    0,
    0,
  ]],
  ["an id in version 3", /the server's, not 5/, 3, [10, VCMD_RESOURCE_CREATE, 5, 2, BGRA, 2, 1, 1, 1, 1, 0, 0]],
  ["TRANSFER_PUT to nothing", /no resource 4/, 0, [12, VCMD_TRANSFER_PUT, 4, 0, 0, 0, 0, 0, 0, 1, 1, 1, 4]],
  ["too much inline", /no resource|too much/, 0, [12, VCMD_TRANSFER_PUT, 4, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0xffff_ffff]],
  ["TRANSFER_GET of nothing", /no resource 4/, 0, [11, 4, 4, 0, 0, 0, 0, 0, 0, 1, 1, 1, 4]],
  ["TRANSFER_GET2 of nothing", /no resource 4/, 2, [10, 13, 4, 0, 0, 0, 0, 1, 1, 1, 4, 0]],
  ["BUSY_WAIT before there is a context", /BUSY_WAIT before/, 2, [2, 7, 1, 0]],
  ["an unknown capability set", /CONTEXT_INIT: Cannot/, 3, [1, 17, 77]],
  ["capability set 0", /no capability set 0/, 3, [1, 17, 0]],
  ["a host blob", /no blobs of type 2/, 3, [6, 18, 2, 1, 4096, 0, 0, 0]],
  ["a blob of 0 bytes", /blob of 0 bytes/, 3, [6, 18, 1, 1, 0, 0, 0, 0]],
  ["a timeline that is none", /no timeline 3/, 3, [1, 21, 3]],
  ["a wait of a strange length", /SYNC_WAIT of 4 words/, 3, [4, 23, 0, 0, 1, 0]],
  ["batches outside of the message", /5 batches do not fit/, 3, [9, 24, 5, 0, 0, 0, 0, 0, 0, 0, 0]],
  ["commands outside of the message", /batch 0 lies outside/, 3, [9, 24, 1, 0, 9, 1, 0, 0, 0, 0, 0]],
  ["a ring that is none", /ring is none/, 3, [9, 24, 1, 1, 9, 0, 9, 0, 64, 0, 0]],
];
for (const [what, says, version, words] of refused) {
  Deno.test(`a client ends for ${what}`, () => {
    using pair = new Pair();
    pair.client.handshake("bad", version);
    pair.client.message(words[0], words[1], words.slice(2));
    assertMatch(pair.end() ?? "", says);
    assertEquals([pair.session.failed, pair.client.ended(0)], [false, true]);
  });
}

Deno.test("a client ends for another first message, a name too long, or another version later", () => {
  for (const [length, id] of [[0, VCMD_GET_CAPS], [1 << 20, VCMD_CREATE_RENDERER]]) {
    using pair = new Pair();
    pair.client.message(length, id);
    assertMatch(pair.end() ?? "", /first message|name of 1048576/);
  }
  using pair = new Pair();
  pair.client.handshake("late", 0);
  pair.client.submit([1]);
  pair.client.message(1, VCMD_PROTOCOL_VERSION, [3]);
  assertMatch(pair.end() ?? "", /version changes/);
});

Deno.test("a client ends for what goes beyond its limits, and for an id twice", () => {
  const cases: readonly [(pair: Pair) => void, RegExp][] = [
    [({ client }) => [1, 2, 3].forEach((id) => client.create(id, buffer(1), 2)), /2 resources already/],
    [
      ({ client }) => client.message(11, VCMD_RESOURCE_CREATE2, [1, 0, 64, 1, 1, 1, 1, 1, 0, 0, 9000]),
      /9000 bytes more/,
    ],
    [({ client }) => [1, 2].forEach((id) => client.create(id, buffer(6000), 0)), /6000 bytes more of the device/],
    [({ client }) => [1, 1].forEach((id) => client.create(id, buffer(1), 2)), /resource 1 exists/],
    [({ client }) => {
      client.create(1, buffer(64), 2);
      client.message(11, 4, [1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 5000]);
    }, /5000 bytes is too much/],
    [({ client }) => client.submit([FAKE_BUG]), /TypeError: a bug/],
  ];
  for (const [body, says] of cases) {
    using pair = new Pair({ resources: 2, sharedBytes: 8192, deviceBytes: 10000, inlineBytes: 4096 });
    pair.client.handshake("greedy", 2);
    body(pair);
    assertMatch(pair.end() ?? "", says);
    assertEquals(pair.session.failed, says.source.includes("bug"));
  }
});

Deno.test("a client that goes in the middle of a message leaves nothing", () => {
  assertNoFdLeak(() => {
    using pair = new Pair();
    pair.client.handshake("gone", 2);
    close(pair.client.create2(1, buffer(8), 8, 2)[1]);
    pair.client.message(100, VCMD_SUBMIT_CMD, [1, 2, 3]);
    pair.run();
    pair.client[Symbol.dispose]();
    assertEquals(pair.end(), "it is gone in the middle of a message");
    assertEquals([pair.renderer.resources[0].destroyed, pair.renderer.contexts[0].disposed], [true, true]);
  });
});

Deno.test("descriptors that a client sends are not taken", () => {
  using pair = new Pair();
  pair.client.handshake("fds", 2);
  const file = openMemfd("hostile", 4096);
  sendStream(pair.client.fd, new Uint8Array(Uint32Array.of(0, VCMD_PING_PROTOCOL_VERSION).buffer), [file, file]);
  assertNoFdLeak(() => void pair.client.reply(VCMD_PING_PROTOCOL_VERSION, 0));
  close(file);
});
