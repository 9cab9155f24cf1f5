import { assertEquals, assertStrictEquals } from "@std/assert";
import { parseTgsi } from "../../shader/tgsi/mod.ts";
import { ParsedTexts } from "./parsed_texts.ts";

const text = (instructions: number) => `FRAG\n${"NOP\n".repeat(instructions - 1)}END\n`;

Deno.test("ParsedTexts: what was used last is kept, and the rest is parsed again when it is wanted", () => {
  const texts = new ParsedTexts(undefined, 1000), first = {}, second = {}, third = {};
  const parsed = parseTgsi(text(300));
  texts.add(first, parsed);
  texts.add(second, parseTgsi(text(300)));
  assertStrictEquals(texts.get(first, text(300)), parsed);
  // Over the most: the second one, which was used before the first, goes.
  texts.add(third, parseTgsi(text(300)));
  assertStrictEquals(texts.get(first, text(300)), parsed);
  assertEquals(texts.count, 2 * (300 + 64));
  assertEquals(texts.get(second, text(300)).instructions.length, 300);
  assertEquals(texts.count, 2 * (300 + 64));
});

Deno.test("ParsedTexts: one that is too large for all is kept alone, and forgotten with the next", () => {
  const texts = new ParsedTexts(undefined, 100), large = {}, small = {};
  texts.add(large, parseTgsi(text(500)));
  assertEquals(texts.count, 564);
  texts.add(small, parseTgsi(text(3)));
  assertEquals(texts.count, 67);
  texts.drop(small);
  texts.drop(small);
  assertEquals(texts.count, 0);
});
