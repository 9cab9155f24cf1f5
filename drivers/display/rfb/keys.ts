/**
 * From a viewer's keys to KEY_* of Linux: X keysyms as a US keyboard has them, and XT scancodes of QEMU's extended key events.
 * Modifiers are keys of their own, which the viewer sends: nothing is added here.
 * @module
 */

import * as K from "../../../uapi/input_keys.ts";
import { KEY_NEXTSONG, KEY_PLAYPAUSE, KEY_PREVIOUSSONG, KEY_STOPCD } from "../../../uapi/input_keys_media.ts";

const ROWS: readonly (readonly [first: number, plain: string, shifted: string])[] = [
  [K.KEY_1, "1234567890-=", "!@#$%^&*()_+"],
  [K.KEY_Q, "qwertyuiop[]", "QWERTYUIOP{}"],
  [K.KEY_A, "asdfghjkl;'`", 'ASDFGHJKL:"~'],
  [K.KEY_BACKSLASH, "\\zxcvbnm,./", "|ZXCVBNM<>?"],
  [K.KEY_SPACE, " ", " "],
];

const KEYSYMS: ReadonlyMap<number, number> = new Map([
  ...ROWS.flatMap(([first, plain, shifted]) =>
    [plain, shifted].flatMap((row) => [...row].map((char, i): [number, number] => [char.charCodeAt(0), first + i]))
  ),
  [0xa0, K.KEY_SPACE],
  [0xff08, K.KEY_BACKSPACE],
  [0xff09, K.KEY_TAB],
  [0xfe20, K.KEY_TAB], // ISO_Left_Tab: Tab with Shift
  [0xff0a, K.KEY_LINEFEED],
  [0xff0d, K.KEY_ENTER],
  [0xff13, K.KEY_PAUSE],
  [0xff6b, K.KEY_PAUSE],
  [0xff14, K.KEY_SCROLLLOCK],
  [0xff15, K.KEY_SYSRQ],
  [0xff61, K.KEY_SYSRQ],
  [0xff1b, K.KEY_ESC],
  [0xff50, K.KEY_HOME],
  [0xff51, K.KEY_LEFT],
  [0xff52, K.KEY_UP],
  [0xff53, K.KEY_RIGHT],
  [0xff54, K.KEY_DOWN],
  [0xff55, K.KEY_PAGEUP],
  [0xff56, K.KEY_PAGEDOWN],
  [0xff57, K.KEY_END],
  [0xff63, K.KEY_INSERT],
  [0xff67, K.KEY_COMPOSE],
  [0xff7f, K.KEY_NUMLOCK],
  [0xff80, K.KEY_SPACE],
  [0xff89, K.KEY_TAB],
  [0xff8d, K.KEY_KPENTER],
  // The keypad, with and without Num Lock.
  ...[K.KEY_KP7, K.KEY_KP4, K.KEY_KP8, K.KEY_KP6, K.KEY_KP2, K.KEY_KP9, K.KEY_KP3, K.KEY_KP1, K.KEY_KP5, K.KEY_KP0]
    .map((key, i): [number, number] => [0xff95 + i, key]),
  [0xff9f, K.KEY_KPDOT],
  [0xffaa, K.KEY_KPASTERISK],
  [0xffab, K.KEY_KPPLUS],
  [0xffac, K.KEY_KPCOMMA],
  [0xffad, K.KEY_KPMINUS],
  [0xffae, K.KEY_KPDOT],
  [0xffaf, K.KEY_KPSLASH],
  ...[K.KEY_KP0, K.KEY_KP1, K.KEY_KP2, K.KEY_KP3, K.KEY_KP4, K.KEY_KP5, K.KEY_KP6, K.KEY_KP7, K.KEY_KP8, K.KEY_KP9]
    .map((key, i): [number, number] => [0xffb0 + i, key]),
  [0xffbd, K.KEY_KPEQUAL],
  ...Array.from({ length: 10 }, (_, i): [number, number] => [0xffbe + i, K.KEY_F1 + i]),
  [0xffc8, K.KEY_F11],
  [0xffc9, K.KEY_F12],
  [0xffe1, K.KEY_LEFTSHIFT],
  [0xffe2, K.KEY_RIGHTSHIFT],
  [0xffe3, K.KEY_LEFTCTRL],
  [0xffe4, K.KEY_RIGHTCTRL],
  [0xffe5, K.KEY_CAPSLOCK],
  [0xffe7, K.KEY_LEFTMETA],
  [0xffe8, K.KEY_RIGHTMETA],
  [0xffe9, K.KEY_LEFTALT],
  [0xffea, K.KEY_RIGHTALT],
  [0xffeb, K.KEY_LEFTMETA],
  [0xffec, K.KEY_RIGHTMETA],
  [0xffff, K.KEY_DELETE],
  [0xfe03, K.KEY_RIGHTALT], // ISO_Level3_Shift
  [0xff7e, K.KEY_RIGHTALT], // Mode_switch
  [0x1008ff11, K.KEY_VOLUMEDOWN],
  [0x1008ff12, K.KEY_MUTE],
  [0x1008ff13, K.KEY_VOLUMEUP],
  [0x1008ff14, KEY_PLAYPAUSE],
  [0x1008ff15, KEY_STOPCD],
  [0x1008ff16, KEY_PREVIOUSSONG],
  [0x1008ff17, KEY_NEXTSONG],
]);

/** The key that a US keyboard has for a keysym; undefined for those that it has not. */
export function keyOfKeysym(keysym: number): number | undefined {
  // Unicode's own keysyms of Latin 1 are the same as the old ones.
  return KEYSYMS.get(keysym >>> 8 === 0x010000 ? keysym & 0xff : keysym);
}

// Scancodes behind an E0, as QEMU packs them: the code with bit 7 set. Others are KEY_* themselves up to F12, with these exceptions.
const SCANCODES: ReadonlyMap<number, number> = new Map([
  [0x54, K.KEY_SYSRQ],
  [0x59, K.KEY_KPEQUAL],
  [0x70, K.KEY_KATAKANAHIRAGANA],
  [0x73, K.KEY_RO],
  [0x79, K.KEY_HENKAN],
  [0x7b, K.KEY_MUHENKAN],
  [0x7d, K.KEY_YEN],
  [0x7e, K.KEY_KPCOMMA],
  [0x90, KEY_PREVIOUSSONG],
  [0x99, KEY_NEXTSONG],
  [0x9c, K.KEY_KPENTER],
  [0x9d, K.KEY_RIGHTCTRL],
  [0xa0, K.KEY_MUTE],
  [0xa2, KEY_PLAYPAUSE],
  [0xa4, KEY_STOPCD],
  [0xae, K.KEY_VOLUMEDOWN],
  [0xb0, K.KEY_VOLUMEUP],
  [0xb5, K.KEY_KPSLASH],
  [0xb7, K.KEY_SYSRQ],
  [0xb8, K.KEY_RIGHTALT],
  [0xc6, K.KEY_PAUSE],
  [0xc7, K.KEY_HOME],
  [0xc8, K.KEY_UP],
  [0xc9, K.KEY_PAGEUP],
  [0xcb, K.KEY_LEFT],
  [0xcd, K.KEY_RIGHT],
  [0xcf, K.KEY_END],
  [0xd0, K.KEY_DOWN],
  [0xd1, K.KEY_PAGEDOWN],
  [0xd2, K.KEY_INSERT],
  [0xd3, K.KEY_DELETE],
  [0xdb, K.KEY_LEFTMETA],
  [0xdc, K.KEY_RIGHTMETA],
  [0xdd, K.KEY_COMPOSE],
  [0xde, K.KEY_POWER],
]);

/** The key of an XT scancode as QEMU's key event has it; undefined for those that mean none. */
export function keyOfScancode(code: number): number | undefined {
  const special = SCANCODES.get(code);
  if (special !== undefined) return special;
  const plain = code >= K.KEY_ESC && code <= K.KEY_KPDOT || code >= K.KEY_102ND && code <= K.KEY_F12;
  return plain ? code : undefined;
}
