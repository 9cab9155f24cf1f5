import { assertEquals, assertGreater, assertThrows } from "@std/assert";
import { VCMD_SUBMIT_CMD, VCMD_TRANSFER_PUT } from "../../../uapi/vtest.ts";
import "../../os/testing.ts";
import { difference, loadCapture, readCapture, replay } from "./replay.ts";
import { Pair } from "./testing_pair.ts";

const CAPTURES = new URL("../../../tests/data/virgl/captures/", import.meta.url);
const READBACKS = { gears: 174, build: 2, texture: 2, shading: 2, desktop: 2, shadow: 2 };

for (const [name, readbacks] of Object.entries(READBACKS)) {
  Deno.test(`a session takes what Mesa sent for ${name}, and answers all of it`, async () => {
    const messages = await loadCapture(new URL(`${name}.vtr.gz`, CAPTURES));
    using pair = new Pair();
    let pictures = 0;
    replay(pair.client, messages, ({ width, height, format, bytes }, actual) => {
      pictures++;
      assertEquals(actual.length, bytes.length);
      assertEquals([format?.blockBytes, width * height * 4 <= bytes.length], [4, true]);
    });
    assertEquals([pictures, pair.end()], [readbacks, undefined]);
    const submits = messages.filter(({ command }) => command === VCMD_SUBMIT_CMD);
    assertEquals(pair.renderer.submissions, submits.length);
    assertEquals(pair.renderer.submittedWords, submits.reduce((sum, { bytes }) => sum + bytes.length / 4 - 2, 0));
    assertEquals(pair.renderer.submitted[0], new Uint32Array(submits[0].bytes.slice(8).buffer));
    if (name === "texture") assertGreater(messages.filter(({ command }) => command === VCMD_TRANSFER_PUT).length, 0);
  });
}

Deno.test("difference: pixels that are further off than they may be; padding does not count", async () => {
  const messages = await loadCapture(new URL("build.vtr.gz", CAPTURES));
  const picture = messages.find(({ readback }) => readback !== undefined)?.readback;
  if (picture === undefined) throw new Error("Cannot find a picture");
  const pixels = picture.width * picture.height;
  assertEquals(difference(picture, picture.bytes), 0);
  const other = picture.bytes.slice();
  const at = picture.stride + 4;
  other[at] = picture.bytes[at] ^ 2, other[at + 5] = picture.bytes[at + 5] ^ 0x80;
  assertEquals(difference(picture, other), 1 / pixels);
  assertEquals(difference(picture, other, 255), 0);
  assertEquals(difference(picture, new Uint8Array(0)), 1);
  const padded = {
    ...picture,
    format: picture.format && { ...picture.format, channels: [{ type: "void", bits: 32, shift: 0 }] as const },
  };
  assertEquals(difference(padded, other), 0);
});

Deno.test("readCapture refuses what is no capture", () => {
  assertThrows(() => readCapture(new Uint8Array(4)), TypeError, "no VTR1");
  const short = new Uint8Array(Uint32Array.of(0x31525456, 0, 100, 0).buffer);
  assertThrows(() => readCapture(short), RangeError);
  const shared = new Uint8Array(Uint32Array.of(0x31525456, 2, 0).buffer);
  assertThrows(() => readCapture(shared), TypeError, "kind 2");
});
