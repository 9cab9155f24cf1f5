/**
 * The table of packets as Markdown, from the declarations: `deno run --allow-write isa_table.ts` writes generated/ISA.md.
 * @module
 */

import { DXP_VERSION, type DxpOperand, dxpWords } from "../../../../uapi/dxp.ts";
import { DXP_OPS } from "../../../../uapi/dxp_isa.ts";

function kind({ kind, align, limit, least }: DxpOperand): string {
  if (kind === "va" || kind === "size") return align > 1 ? `${kind}/${align}` : kind;
  if (kind === "enum") return `${least}..${limit - 1}`;
  return kind === "bits" ? `bits 0x${limit.toString(16)}` : kind;
}

const list = (operands: readonly (readonly [string, DxpOperand])[]): string =>
  operands.map(([name, operand]) => `${name} (${kind(operand)})`).join(", ");

/** The table of all packets. */
export function isaTable(): string {
  const rows = DXP_OPS.map((op) => {
    const words = op.operands.reduce((sum, [, operand]) => sum + dxpWords(operand), 1);
    const { tail } = op;
    const range = tail && `${tail.min} to ${tail.max}`;
    const after = tail
      ? tail.element.length > 0 ? `${tail.name}: ${range} of ${list(tail.element)}` : `${tail.name}: ${range} words`
      : "";
    const number = `0x${op.opcode.toString(16).padStart(2, "0")}`;
    const cells = [number, op.name, op.flags.join(", "), `${words}`, list(op.operands), after, op.doc];
    return `| ${cells.join(" | ")} |`;
  });
  return [
    `# dxg packets, version ${DXP_VERSION >>> 16}.${DXP_VERSION & 0xffff}`,
    "",
    "Written by `isa_table.ts` from the declarations in `uapi/dxp_isa.ts`.",
    "",
    "| number | packet | flags | words | operands | tail | what it does |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

if (import.meta.main) await Deno.writeTextFile(new URL("generated/ISA.md", import.meta.url), isaTable());
