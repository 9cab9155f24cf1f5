import { assertEquals, assertThrows } from "@std/assert";
import {
  KEY_102ND,
  KEY_A,
  KEY_BACKSLASH,
  KEY_F12,
  KEY_GRAVE,
  KEY_KP0,
  KEY_KPENTER,
  KEY_RIGHTALT,
  KEY_SLASH,
} from "../../../uapi/input_keys.ts";
import { desEncrypt, vncResponse } from "./des.ts";
import { minorVersion } from "./handshake.ts";
import { keyOfKeysym, keyOfScancode } from "./keys.ts";
import { Palette } from "./palette.ts";

const hex = (text: string): Uint8Array => Uint8Array.fromHex(text);

Deno.test("desEncrypt gives the published answers", () => {
  // NBS Special Publication 500-20: variable plaintext, variable key, permutation, substitution; and FIPS 81's example.
  const vectors = [
    ["0101010101010101", "8000000000000000", "95f8a5e5dd31d900"],
    ["0101010101010101", "0000000000000001", "166b40b44aba4bd6"],
    ["8001010101010101", "0000000000000000", "95a8d72813daa94d"],
    ["1046913489980131", "0000000000000000", "88d55e54f54c97b4"],
    ["7ca110454a1a6e57", "01a1d6d039776742", "690f5b0d9a26939b"],
    ["0131d9619dc1376e", "5cd54ca83def57da", "7a389d10354bd271"],
    ["0123456789abcdef", "4e6f772069732074", "3fa40e8a984d4815"],
  ];
  for (const [key, plain, cipher] of vectors) assertEquals(desEncrypt(hex(key), hex(plain)).toHex(), cipher);
  assertThrows(() => desEncrypt(new Uint8Array(7), new Uint8Array(8)), RangeError, "8 bytes");
});

Deno.test("vncResponse uses eight characters of a password, no more", () => {
  const challenge = Uint8Array.from({ length: 16 }, (_, i) => i * 17);
  assertEquals(vncResponse("longpassword", challenge), vncResponse("longpass", challenge));
  assertEquals(vncResponse("longpas", challenge).toHex() === vncResponse("longpass", challenge).toHex(), false);
});

Deno.test("minorVersion takes every version from 3.3, and nothing else", () => {
  const of = (text: string): number => minorVersion(new TextEncoder().encode(text));
  assertEquals(["003.003", "003.005", "003.007", "003.008", "003.889", "004.001"].map((v) => of(`RFB ${v}\n`)), [
    3,
    3,
    7,
    8,
    8,
    8,
  ]);
  for (const wrong of ["RFB 003.002\n", "RFB 3.8\n    ", "GET / HTTP/1", "RFB 003.008\r"]) {
    assertThrows(() => of(wrong), Error, "it speaks");
  }
});

Deno.test("keyOfKeysym has a US keyboard's keys, with and without Shift", () => {
  assertEquals(["a", "A", "|", "\\", "~", "?"].map((char) => keyOfKeysym(char.charCodeAt(0))), [
    KEY_A,
    KEY_A,
    KEY_BACKSLASH,
    KEY_BACKSLASH,
    KEY_GRAVE,
    KEY_SLASH,
  ]);
  for (let code = 0x20; code < 0x7f; code++) {
    assertEquals(typeof keyOfKeysym(code), "number", String.fromCharCode(code));
  }
  assertEquals([0xffc9, 0xff8d, 0xffb0, 0xff9e, 0x01000041].map(keyOfKeysym), [
    KEY_F12,
    KEY_KPENTER,
    KEY_KP0,
    KEY_KP0,
    KEY_A,
  ]);
  assertEquals([0, 0xdf, 0x20ac, 0xffffffff].map(keyOfKeysym), [undefined, undefined, undefined, undefined]);
});

Deno.test("keyOfScancode has XT scancodes, those behind E0 with bit 7", () => {
  assertEquals([0x1e, 0x56, 0x58, 0x9c, 0xb8].map(keyOfScancode), [
    KEY_A,
    KEY_102ND,
    KEY_F12,
    KEY_KPENTER,
    KEY_RIGHTALT,
  ]);
  assertEquals([0, 0x55, 0x80, 0x1e1e].map(keyOfScancode), [undefined, undefined, undefined, undefined]);
});

Deno.test("Palette counts colours up to its limit, and runs", () => {
  const palette = new Palette();
  palette.look(Uint32Array.of(5, 5, 5, 7, 5, 7, 7), 7, 2);
  assertEquals([palette.count, palette.runs, palette.singles, palette.index(5), palette.index(7)], [2, 4, 2, 0, 1]);
  palette.look(Uint32Array.of(5, 6, 7), 3, 2);
  assertEquals(palette.count, 0);
  palette.look(new Uint32Array(600), 600, 2);
  assertEquals([palette.count, palette.lengths], [1, 3]);
});
