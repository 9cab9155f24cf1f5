/**
 * The disassembler of the dxg packet format: one line a packet, for traces, fault reports and tests.
 * @module
 */

import type { DxpOperand } from "../../../../uapi/dxp.ts";
import { DXP_MARKER } from "../../../../uapi/dxp_isa.ts";
import { PacketDecoder } from "./decoder.ts";

/** The most words of a plain tail that a line shows. */
const SHOWN = 8;

const hex = (value: number): string => `0x${value.toString(16)}`;

function operands(list: readonly (readonly [string, DxpOperand])[], slots: Float64Array): string {
  let slot = 0;
  let text = "";
  for (const [name, { kind }] of list) {
    let value: string;
    if (kind === "u64") {
      value = `0x${((BigInt(slots[slot + 1]) << 32n) | BigInt(slots[slot])).toString(16)}`;
      slot++;
    } else if (kind === "va" || kind === "bits") value = hex(slots[slot]);
    else value = `${slots[slot]}`;
    slot++;
    text += ` ${name}=${value}`;
  }
  return text;
}

function line(d: PacketDecoder): string {
  const { op } = d;
  const flags = op.flags.filter((_, bit) => (d.flags >>> bit) & 1).map((name) => `.${name}`).join("");
  let text = `${d.at.toString().padStart(6, "0")}  ${op.name}${flags}${operands(op.operands, d.slots)}`;
  if (op === DXP_MARKER) {
    const words = d.words.slice(d.tailAt, d.tailAt + d.tailCount);
    return `${text} ${JSON.stringify(new TextDecoder().decode(words).replace(/\0+$/, ""))}`;
  }
  const { tail } = op;
  if (tail === undefined || d.tailCount === 0) return text;
  if (tail.element.length > 0) {
    for (let i = 0; i < d.tailCount; i++) text += ` {${operands(tail.element, d.element(i)).trimStart()}}`;
    return text;
  }
  const shown = Math.min(d.tailCount, SHOWN);
  text += ` ${tail.name}[${d.tailCount}]`;
  if (op.name === "NOP") return text;
  for (let i = 0; i < shown; i++) text += ` ${hex(d.words[d.tailAt + i])}`;
  return d.tailCount > shown ? `${text} ...` : text;
}

/** The packet that a decoder shows, without its offset. */
export function disassembleOne(decoder: PacketDecoder): string {
  return line(decoder).replace(/^ *\d+ {2}/, "");
}

/**
 * The packets of a buffer as text: its offset in words, its name with flags, its operands. A buffer that is wrong ends with
 * a line that begins with `!` and says how.
 */
export function disassemble(words: Uint32Array): string {
  const decoder = new PacketDecoder().start(words);
  const lines: string[] = [];
  while (decoder.next()) lines.push(line(decoder));
  if (decoder.ended) lines.push(`${decoder.at.toString().padStart(6, "0")}  END`);
  else lines.push(`! ${decoder.describe()}`);
  return lines.join("\n");
}
