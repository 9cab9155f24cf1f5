import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { VIRGL_FORMAT_R8_UNORM } from "../../../uapi/virgl_format.ts";
import { VTEST_COMMANDS } from "../../../uapi/vtest.ts";
import { openFds } from "../../os/testing.ts";
import { VTEST_LIMITS } from "./limits.ts";
import { texture } from "./testing.ts";
import { Pair } from "./testing_pair.ts";
import { FakeRenderer } from "./testing_renderer.ts";

const RUNS = Number(Deno.env.get("UDRM_FUZZ_RUNS") ?? 400);
const LIMITS = {
  ...VTEST_LIMITS,
  resources: 8,
  sharedBytes: 65536,
  inlineBytes: 8192,
  submitWords: 128,
  syncs: 4,
  waits: 4,
};

// Words that mean something are likely: small numbers, live ids, limits, the largest.
const word = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 5 }) },
  { weight: 2, arbitrary: fc.constantFrom(16, 64, 100, 4096, 0x7fff_ffff, 0x8000_0000, 0xffff_fffc, 0xffff_ffff) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xffff_ffff }) },
);
const message = fc.record({
  id: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...VTEST_COMMANDS.map(({ number }) => number)) },
    { weight: 1, arbitrary: word },
  ),
  // Undefined: as long as the payload is.
  length: fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: word }),
  payload: fc.array(word, { maxLength: 24 }),
});

function encode(messages: readonly { id: number; length: number | undefined; payload: number[] }[]): Uint8Array {
  const words = messages.flatMap(({ id, length, payload }) => {
    const info = VTEST_COMMANDS[id - 1];
    const fixed = info === undefined || info.tail !== "none" ? payload : fit(payload, info.dwords);
    return [length ?? fixed.length, id, ...fixed];
  });
  return new Uint8Array(Uint32Array.from(words).buffer);
}
const fit = (words: number[], count: number): number[] => Array.from({ length: count }, (_, i) => words[i] ?? i & 1);

/** Sends bytes to a client's session, in pieces; whatever comes of it, another client of the renderer notices nothing. */
function attack(renderer: FakeRenderer, version: number, bytes: Uint8Array, cuts: readonly number[]): void {
  using good = new Pair(LIMITS, renderer);
  using bad = new Pair(LIMITS, renderer);
  good.client.handshake("good", 0);
  good.client.create(1, texture(16, 1, VIRGL_FORMAT_R8_UNORM, { target: 0 }), 0);
  good.client.transferPut(1, 0, 0, 0, [0, 0, 0, 16, 1, 1], new Uint8Array(16).fill(9));
  bad.client.handshake("bad", version);
  for (let at = 0, i = 0; at < bytes.length && bad.session.end === undefined; i++) {
    const part = bytes.subarray(at, at + (cuts.length === 0 ? bytes.length : 1 + cuts[i % cuts.length]));
    try {
      bad.client.send(part);
    } catch {
      // It was hung up on.
    }
    at += part.length;
    bad.run();
    if (bad.need === "output") bad.client.read(1);
  }
  assert(!bad.session.failed, bad.session.end);
  assertEquals(good.client.transferGet(1, 0, 0, 0, [0, 0, 0, 16, 1, 1], 16), new Uint8Array(16).fill(9));
  assertEquals(good.session.end, undefined);
}

Deno.test("fuzz: random messages, cut anywhere, end their client at most, and leave nothing open", () => {
  const renderer = new FakeRenderer();
  renderer.keep = false;
  const before = openFds();
  fc.assert(
    fc.property(
      fc.constantFrom(0, 2, 3),
      fc.array(message, { maxLength: 24 }),
      fc.array(fc.nat(200), { maxLength: 6 }),
      (version, messages, cuts) => attack(renderer, version, encode(messages), cuts),
    ),
    { numRuns: RUNS },
  );
  assertEquals(openFds(), before);
});

// A session as a client would have it, to be mutated.
function stream(): Uint8Array {
  return encode([
    { id: 12, length: undefined, payload: [1, 0, 64, 1, 64, 1, 1, 1, 0, 0, 64] },
    { id: 14, length: 12, payload: [1, 0, 0, 0, 0, 64, 1, 1, 8, 0] },
    { id: 6, length: undefined, payload: [1, 2, 3, 4] },
    { id: 13, length: undefined, payload: [1, 0, 0, 0, 0, 64, 1, 1, 8, 0] },
    { id: 7, length: undefined, payload: [1, 1] },
    { id: 3, length: undefined, payload: [1] },
  ]);
}

Deno.test("fuzz: a sound session with words changed ends its client at most", () => {
  const renderer = new FakeRenderer();
  renderer.keep = false;
  const before = openFds();
  const sound = stream();
  attack(renderer, 2, sound, []);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(sound.length / 4 - 1), word), { minLength: 1, maxLength: 3 }),
      fc.constantFrom(2, 3),
      fc.array(fc.nat(40), { maxLength: 3 }),
      (changes, version, cuts) => {
        const bytes = sound.slice(), words = new Uint32Array(bytes.buffer);
        for (const [at, value] of changes) words[at] = value;
        attack(renderer, version, bytes, cuts);
      },
    ),
    { numRuns: RUNS },
  );
  assertEquals(openFds(), before);
});

Deno.test("fuzz: bytes that are no messages end their client at most", () => {
  const renderer = new FakeRenderer();
  renderer.keep = false;
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.array(fc.nat(50), { maxLength: 3 }), (bytes, cuts) => {
      attack(renderer, 3, bytes, cuts);
      using raw = new Pair(LIMITS, renderer);
      raw.client.send(bytes);
      raw.run();
      assert(!raw.session.failed, raw.session.end);
    }),
    { numRuns: RUNS },
  );
});
