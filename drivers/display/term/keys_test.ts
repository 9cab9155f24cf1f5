import { assert, assertEquals } from "@std/assert";
import { KeyParser } from "./keys.ts";

const typed = (text: string): string =>
  new KeyParser().feed(new TextEncoder().encode(text)).map((each) =>
    each.kind === "key"
      ? [...each.modifiers, each.keysym].map((key) => key.toString(16)).join("+")
      : JSON.stringify(each)
  ).join(" ");

Deno.test("KeyParser knows characters, function keys, modifiers", () => {
  assertEquals(typed("aZ~é€"), "61 ffe1+5a ffe1+7e e9 10020ac");
  assertEquals(typed("\r\t\x7f\x01\x00"), "ff0d ff09 ff08 ffe3+61 ffe3+20");
  assertEquals(typed("\x1b[A\x1bOP\x1b[5~\x1b[24~\x1b[Z"), "ff52 ffbe ff55 ffc9 ffe1+ff09");
  assertEquals(typed("\x1b[1;5C\x1b[3;2~\x1b[1;8H"), "ffe3+ff53 ffe1+ffff ffe1+ffe3+ffe9+ff50");
  assertEquals(typed("\x1bx\x1b"), "ffe9+78 ff1b");
  assertEquals(typed("\x1d"), '{"kind":"quit"}');
  assertEquals(typed("\x1b[6;18;9t"), '{"kind":"cell","width":9,"height":18}');
  assertEquals(typed("\x1b[6;0;9999t\x1b[99~\x1b[<99M"), "");
});

Deno.test("KeyParser reads the pointer and the wheel", () => {
  assertEquals(
    typed("\x1b[<0;3;4M\x1b[<34;5;6M\x1b[<0;5;6m\x1b[<65;1;1M"),
    [
      '{"kind":"pointer","column":2,"row":3,"buttons":1}',
      '{"kind":"pointer","column":4,"row":5,"buttons":1}',
      '{"kind":"pointer","column":4,"row":5,"buttons":0}',
      '{"kind":"pointer","column":0,"row":0,"buttons":0}',
      '{"kind":"wheel","down":1,"right":0}',
    ].join(" "),
  );
});

Deno.test("KeyParser waits for the rest of a sequence, but not for ever", () => {
  const parser = new KeyParser();
  const feed = (text: string) => parser.feed(new TextEncoder().encode(text));
  assertEquals(feed("\x1b["), []);
  assertEquals(feed("A"), [{ kind: "key", modifiers: [], keysym: 0xff52 }]);
  assertEquals(parser.feed(Uint8Array.of(0xe2, 0x82)), []);
  assertEquals(parser.feed(Uint8Array.of(0xac)), [{ kind: "key", modifiers: [], keysym: 0x10020ac }]);
  feed(`\x1b[${"1".repeat(5000)}`);
  assert(feed("x").some((each) => each.kind === "key" && each.keysym === 0x78));
});
