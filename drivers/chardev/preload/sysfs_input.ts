/**
 * What sysfs says of an input device and its node (drivers/input/input.c, evdev.c), as files of a `Tree`.
 * @module
 */

import type { InputDevice } from "../../../core/input.ts";
import {
  ABS_MAX,
  EV_ABS,
  EV_FF,
  EV_KEY,
  EV_LED,
  EV_MAX,
  EV_MSC,
  EV_REL,
  EV_SND,
  EV_SW,
  EV_SYN,
  KEY_MAX,
  KEY_MIN_INTERESTING,
  LED_MAX,
  MSC_MAX,
  REL_MAX,
  SND_MAX,
  SW_MAX,
} from "../../../uapi/input_codes.ts";
import { FF_MAX } from "../../../uapi/input.ts";
import { inputIds } from "./input_ids.ts";
import { type SysDevice, writeClassDevice } from "./sysfs.ts";
import type { Tree } from "./tree.ts";

const INPUT_MAJOR = 13;

/** Types of events in sysfs's order: the file, the letter in modalias, the first code that counts there, the last one. */
const TYPES: readonly (readonly [type: number, file: string, letter: string, first: number, last: number])[] = [
  [EV_SYN, "ev", "e", 0, EV_MAX],
  [EV_KEY, "key", "k", KEY_MIN_INTERESTING, KEY_MAX],
  [EV_REL, "rel", "r", 0, REL_MAX],
  [EV_ABS, "abs", "a", 0, ABS_MAX],
  [EV_MSC, "msc", "m", 0, MSC_MAX],
  [EV_LED, "led", "l", 0, LED_MAX],
  [EV_SND, "snd", "s", 0, SND_MAX],
  [EV_FF, "ff", "f", 0, FF_MAX],
  [EV_SW, "sw", "w", 0, SW_MAX],
];
const NONE = new Uint8Array();

/**
 * A bitmap as sysfs has it (input_print_bitmap): hexadecimal words of 64 bits from the highest that is not 0 on.
 *
 * @param bits a multiple of 8 bytes.
 */
export function bitmapText(bits: Uint8Array): string {
  const view = new DataView(bits.buffer, bits.byteOffset, bits.byteLength);
  const words: string[] = [];
  for (let at = bits.byteLength - 8; at >= 0; at -= 8) {
    const word = view.getBigUint64(at, true);
    if (word !== 0n || words.length > 0) words.push(word.toString(16));
  }
  return words.join(" ") || "0";
}

const hex = (value: number): string => value.toString(16).padStart(4, "0");

/**
 * What udev's tables know the device by (input_print_modalias).
 *
 * @param input which.
 */
export function inputModalias(input: InputDevice): string {
  const { bustype, vendor, product, version } = input.spec.id;
  const codes = TYPES.map(([type, , letter, first, last]) => {
    const bits = input.bits.get(type) ?? NONE;
    let text = letter;
    for (let code = first; code <= last; code++) {
      if (((bits[code >> 3] ?? 0) >> (code & 7) & 1) !== 0) text += `${code.toString(16).toUpperCase()},`;
    }
    return text;
  });
  const [b, v, p, e] = [bustype, vendor, product, version].map((value) => hex(value).toUpperCase());
  return `input:b${b}v${v}p${p}e${e}-${codes.join("")}`;
}

// What input_dev_uevent tells.
function inputProperties(input: InputDevice): Record<string, string> {
  const { name, phys, id } = input.spec;
  const properties: Record<string, string> = {
    PRODUCT: [id.bustype, id.vendor, id.product, id.version].map((value) => value.toString(16)).join("/"),
    NAME: `"${name}"`,
  };
  if (phys !== undefined) properties.PHYS = `"${phys}"`;
  properties.PROP = bitmapText(input.props);
  const types = input.bits.get(EV_SYN) ?? NONE;
  for (const [type, file] of TYPES) {
    const has = type === EV_SYN || (types[type >> 3] >> (type & 7) & 1) !== 0;
    if (has) properties[file.toUpperCase()] = bitmapText(input.bits.get(type) ?? NONE);
  }
  properties.MODALIAS = inputModalias(input);
  return properties;
}

/**
 * Writes an input device: its node, and what sysfs says of both.
 *
 * @param tree where. @param input which.
 * @returns its devices in sysfs, in the order in which the kernel adds them.
 */
export function writeInput(tree: Tree, input: InputDevice): SysDevice[] {
  const ids = inputIds(input);
  const path = `/devices/virtual/input/input${input.serial}`;
  const device: SysDevice = { path, subsystem: "input", properties: inputProperties(input), idPath: undefined, ids };
  const folder = `/sys${path}`;
  writeClassDevice(tree, device, undefined);
  const { name, phys = "", id } = input.spec;
  const attributes: Readonly<Record<string, string>> = {
    name,
    phys,
    uniq: "",
    modalias: inputModalias(input),
    properties: bitmapText(input.props),
    "id/bustype": hex(id.bustype),
    "id/vendor": hex(id.vendor),
    "id/product": hex(id.product),
    "id/version": hex(id.version),
  };
  for (const [file, text] of Object.entries(attributes)) tree.file(`${folder}/${file}`, `${text}\n`);
  for (const [type, file] of TYPES) {
    tree.file(`${folder}/capabilities/${file}`, `${bitmapText(input.bits.get(type) ?? NONE)}\n`);
  }
  const event = `event${input.number}`;
  const number = `${INPUT_MAJOR}:${input.minor}`;
  const node: SysDevice = {
    path: `${path}/${event}`,
    subsystem: "input",
    properties: { MAJOR: String(INPUT_MAJOR), MINOR: String(input.minor), DEVNAME: `input/${event}` },
    idPath: undefined,
    ids,
  };
  writeClassDevice(tree, node, folder);
  tree.file(`${folder}/${event}/dev`, `${number}\n`);
  tree.link(`/sys/dev/char/${number}`, `${folder}/${event}`);
  tree.node(input.path, 0o660);
  return [device, node];
}
