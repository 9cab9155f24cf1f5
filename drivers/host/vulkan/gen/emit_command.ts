/** Writes the FFI table of a group's commands and the interface of its call signatures. */
import { scalarOf } from "./layout.ts";
import type { Command, Member, Registry } from "./registry.ts";

/** Deno's FFI type of a parameter or result. Everything of 8 bytes is `u64`: bigints take the fast path, pointers and usize do not. */
export function ffiType(registry: Registry, member: Member): string {
  if (member.pointers > 0 || member.array.length > 0) return "u64";
  if (member.type === "void") return "void";
  if (member.type === "PFN_vkVoidFunction") return "pointer";
  const scalar = scalarOf(registry, member.type);
  switch (scalar) {
    case "bool":
      return "u32";
    case "u16":
    case "u32":
    case "i32":
    case "u64":
    case "i64":
    case "f32":
    case "f64":
      return scalar;
    default:
      throw new Error(`Cannot generate a call with ${member.text}: it has no FFI type`);
  }
}

function tsType(ffi: string): string {
  return ffi === "u64" || ffi === "i64"
    ? "bigint"
    : ffi === "void"
    ? "void"
    : ffi === "pointer"
    ? "Deno.PointerValue"
    : "number";
}

const reserved = new Set(["function", "default", "in", "new", "delete"]);

/** Lines for one group's commands. `name` is the table's name, `title` the interface's. */
export function emitCommands(registry: Registry, commands: readonly Command[], name: string, title: string): string[] {
  const lines = [`/** Call signatures of {@linkcode ${name}}. */`, `export interface ${title} {`];
  for (const c of commands) {
    const prototype = `${c.result.type}${"*".repeat(c.result.pointers)} ${c.name}(${
      c.params.map((p) => p.text).join(", ")
    })`;
    const codes = [...c.success, ...c.errors];
    const returns = codes.length > 0 ? ` Returns ${codes.join(", ")}.` : "";
    const params = c.params.map((p) =>
      `${reserved.has(p.name) ? `${p.name}_` : p.name}: ${tsType(ffiType(registry, p))}`
    );
    lines.push(`  /** \`${prototype}\`${returns} */`);
    lines.push(`  ${c.name}(${params.join(", ")}): ${tsType(ffiType(registry, c.result))};`);
  }
  lines.push("}", "/** FFI definitions. */", `export const ${name} = {`);
  for (const c of commands) {
    const params = c.params.map((p) => `"${ffiType(registry, p)}"`).join(", ");
    lines.push(`  ${c.name}: { parameters: [${params}], result: "${ffiType(registry, c.result)}" },`);
  }
  lines.push("} as const;");
  return lines;
}
