/**
 * Checks the generated bindings against the C headers of libvulkan-dev: writes a C program that prints sizes, alignments, offsets, values
 * and parameter sizes as gcc sees them, and says what the bindings should have made of each.
 */
import * as generated from "../generated/mod.ts";
import { coreCommands } from "../generated/core_commands.ts";
import { extensionCommands } from "../generated/extension_commands.ts";
import { Arena } from "../arena.ts";
import type { StructType } from "../struct.ts";

/** A fact that the C program prints, by name, and the value that the bindings have for it. */
export type Facts = Map<string, string>;

const ffiSizes: Readonly<Record<string, string>> = {
  u16: "2i",
  u32: "4i",
  i32: "4i",
  u64: "8i",
  i64: "8i",
  f32: "4f",
  f64: "8f",
  pointer: "8i",
  void: "0v",
};

function isStruct(value: unknown): value is StructType<Record<string, unknown>> {
  return typeof value === "object" && value !== null && "offsets" in value && "write" in value;
}

function structFacts(type: StructType<Record<string, unknown>>, lines: string[], facts: Facts): void {
  const { name } = type;
  lines.push(
    `  printf("${name} size %zu\\n", sizeof(${name}));`,
    `  printf("${name} align %zu\\n", _Alignof(${name}));`,
  );
  facts.set(`${name} size`, String(type.size)).set(`${name} align`, String(type.align));
  for (const [member, offset] of Object.entries(type.offsets)) {
    lines.push(`  printf("${name}.${member} offset %zu\\n", offsetof(${name}, ${member}));`);
    facts.set(`${name}.${member} offset`, String(offset));
  }
  if (type.sType === undefined) return;
  lines.push(`  printf("${name}.sType offset %zu\\n", offsetof(${name}, sType));`);
  facts.set(`${name}.sType offset`, "0");
}

function constantFacts(name: string, value: unknown, lines: string[], facts: Facts): void {
  if (typeof value === "string") {
    lines.push(`  printf("${name} %s\\n", ${name});`);
    facts.set(name, value);
  } else if (typeof value === "bigint") {
    lines.push(`  printf("${name} %llu\\n", (unsigned long long)(${name}));`);
    facts.set(name, String(value));
  } else if (typeof value === "number") {
    lines.push(`  printf("${name} %.17g\\n", (double)(${name}));`);
    facts.set(name, String(value));
  }
}

/** The parameter types of every `PFN_` typedef in vulkan_core.h, result first. */
export function headerSignatures(header: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [, result, name, text] of header.matchAll(/^typedef (.+?) \(VKAPI_PTR \*PFN_(vk\w+)\)\((.*)\);$/gm)) {
    const params = text === "void" ? [] : text.split(",").map((p) => {
      const type = p.trim().replace(/\w+(\[\d+\])?$/, "").trim();
      return /\[\d+\]$/.test(p) ? `${type}*` : type;
    });
    found.set(name, [result.trim(), ...params]);
  }
  return found;
}

function commandFacts(signatures: ReadonlyMap<string, readonly string[]>, lines: string[], facts: Facts): void {
  for (const [name, ffi] of Object.entries({ ...coreCommands, ...extensionCommands })) {
    const types = signatures.get(name);
    if (types === undefined) throw new Error(`Cannot check ${name}: the header does not declare it`);
    const described = types.map((t) => t === "void" ? `"0v"` : `KIND(${t})`).join(`, `);
    lines.push(`  printf("${name} call${" %s".repeat(types.length)}\\n", ${described});`);
    facts.set(`${name} call`, [ffi.result, ...ffi.parameters].map((t) => ffiSizes[t]).join(" "));
  }
}

/** How many bytes the generated reader looks at for each member: a byte belongs to it when changing that byte changes what is read. */
function bytesRead(type: StructType<Record<string, unknown>>): Map<string, number> {
  const arena = new Arena(type.size + 64);
  const found = new Map<string, number>();
  const text = () =>
    Object.entries(type.read(arena, 0)).map(([k, v]): [string, string] => [k, Deno.inspect(v, { depth: 9 })]);
  const changed = new Set<string>();
  for (const [fill, other] of [[0, 0xff], [0x41, 0x42]]) { // zero shows booleans, letters show text after its first byte
    arena.u8.fill(fill, 0, type.size);
    const before = new Map(text());
    for (let i = 0; i < type.size; i++) {
      arena.u8[i] = other;
      for (const [member, value] of text()) if (before.get(member) !== value) changed.add(`${member} ${i}`);
      arena.u8[i] = fill;
    }
  }
  for (const key of changed) {
    const member = key.split(" ")[0];
    found.set(member, (found.get(member) ?? 0) + 1);
  }
  return found;
}

/** Lines and facts about member sizes. A nested struct is read without its padding and sType, so that it must only fit. */
function memberFacts(type: StructType<Record<string, unknown>>, lines: string[], facts: Facts): void {
  const ends = Object.values(type.offsets).toSorted((a, b) => a - b);
  const sizes = bytesRead(type), sample = type.read(new Arena(type.size), 0);
  for (const [member, offset] of Object.entries(type.offsets)) {
    const value: unknown = sample[member];
    const first: unknown = Array.isArray(value) ? value[0] : value;
    const nested = typeof first === "object" && !(first instanceof Uint8Array);
    const name = `${type.name}.${member}`, expression = `sizeof(((${type.name}*)0)->${member})`;
    if (nested) {
      const room = (ends.find((e) => e > offset) ?? type.size) - offset;
      lines.push(
        `  printf("${name} fits %d\\n", ${expression} <= ${room} && ${expression} >= ${sizes.get(member) ?? 0});`,
      );
      facts.set(`${name} fits`, "1");
    } else {
      lines.push(`  printf("${name} bytes %zu\\n", ${expression});`);
      facts.set(`${name} bytes`, String(sizes.get(member) ?? 0));
    }
  }
}

/** The program's text, and what it must print. */
export function cProgram(header: string): { source: string; facts: Facts } {
  const lines: string[] = [], facts: Facts = new Map();
  for (const [name, value] of Object.entries(generated as Record<string, unknown>)) {
    if (isStruct(value)) {
      structFacts(value, lines, facts);
      memberFacts(value, lines, facts);
    } else if (name.startsWith("VK_")) constantFacts(name, value, lines, facts);
  }
  commandFacts(headerSignatures(header), lines, facts);
  const chunks: string[] = [];
  for (let i = 0; i < lines.length; i += 500) {
    chunks.push(`static void part${chunks.length}(void) {\n${lines.slice(i, i + 500).join("\n")}\n}`);
  }
  const source = `#include <stddef.h>
#include <stdio.h>
#include <vulkan/vulkan_core.h>
#define KIND(T) _Generic((T)0, float: "4f", double: "8f", default: sizeof(T) == 8 ? "8i" : sizeof(T) == 4 ? "4i" : sizeof(T) == 2 ? "2i" : "?")
${chunks.join("\n")}
int main(void) {
${chunks.map((_, i) => `  part${i}();`).join("\n")}
  return 0;
}
`;
  return { source, facts };
}
