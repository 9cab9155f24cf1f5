/** Writes a struct or union as an interface and a StructType with offsets, writer and reader. */
import { sentence } from "./emit_enum.ts";
import { elementCount, layoutOf, type Scalar, scalarOf, scalarSize } from "./layout.ts";
import { type Composite, isComposite, type Member } from "./registry.ts";
import { resolve, type Selection } from "./select.ts";

/** Names that the code of one file uses from others. */
export interface Uses {
  /** Generated types and structs by name. */
  readonly names: Set<string>;
  /** Names from struct.ts. */
  readonly helpers: Set<string>;
}

const views: Readonly<Record<Exclude<Scalar, "char" | "bool">, string>> = {
  u8: "u8",
  u16: "u16",
  u32: "u32",
  i32: "i32",
  u64: "u64",
  i64: "i64",
  f32: "f32",
  f64: "f64",
};

/** One member with everything that its code needs. */
interface Field {
  readonly member: Member;
  readonly offset: number;
  readonly count: number;
  readonly type: string;
  readonly scalar: Scalar | undefined;
  readonly composite: Composite | undefined;
  /** Pointer members that this member counts. */
  readonly counts: readonly Member[];
}

function isWide(scalar: Scalar): boolean {
  return scalar === "u64" || scalar === "i64";
}

/** Emits the structs of a selection. */
export class StructEmitter {
  readonly #selection: Selection;
  readonly #extenders: ReadonlyMap<string, readonly string[]>;

  /** @param selection what is generated; pNext types name only structs in it */
  constructor(selection: Selection) {
    this.#selection = selection;
    const extenders = new Map<string, string[]>();
    for (const group of selection.groups) {
      for (const type of group.types) {
        if (type.kind !== "struct") continue;
        for (const target of type.extendsTypes) {
          const name = resolve(selection.registry, target);
          extenders.set(name, [...extenders.get(name) ?? [], type.name]);
        }
      }
    }
    this.#extenders = extenders;
  }

  /** The lines of one struct; adds what they refer to to `uses`. */
  emit(type: Composite, uses: Uses): string[] {
    const { registry } = this.#selection;
    const layout = layoutOf(registry, type);
    const fields = type.members.map((member, i): Field => {
      const name = resolve(registry, member.type);
      const found = registry.types.get(name);
      return {
        member,
        offset: layout.offsets[i],
        count: elementCount(registry, member),
        type: name,
        scalar: scalarOf(registry, name),
        composite: isComposite(found) ? found : undefined,
        counts: type.members.filter((m) => m.pointers > 0 && m.len[0] === member.name),
      };
    });
    const visible = fields.filter((f) => f.member.name !== "sType");
    const sType = this.#sType(type);
    uses.helpers.add("StructType");
    const lines = [
      `/** ${type.kind} ${type.name}, ${layout.size} bytes.${type.comment === "" ? "" : ` ${sentence(type.comment)}`}${
        type.kind === "union" ? " The first given member is written; all are read." : ""
      } */`,
      `export interface ${type.name} {`,
    ];
    for (const field of visible) {
      const doc = field.member.comment === "" ? "" : ` ${sentence(field.member.comment)}`;
      lines.push(`  /** \`${field.member.text}\`${doc} */`);
      lines.push(
        `  ${field.member.name}${this.#required(type, field) ? "" : "?"}: ${this.#tsType(type, field, uses)};`,
      );
    }
    lines.push("}", `/** Layout, writer and reader of ${type.name}. */`);
    lines.push(`export const ${type.name}: StructType<${type.name}, "${type.name}"> = {`);
    lines.push(`  name: "${type.name}",`, `  size: ${layout.size},`, `  align: ${layout.align},`, `  sType: ${sType},`);
    lines.push(`  offsets: { ${visible.map((f) => `${f.member.name}: ${f.offset}`).join(", ")} },`);
    lines.push("  write(m, at, v) {", ...this.#cursors(type, fields, true));
    if (type.kind === "union") {
      lines.push(`    m.zero(at, ${layout.size});`);
      visible.forEach((field, i) => {
        const write = this.#write(type, field, uses).trim();
        lines.push(`    ${i > 0 ? "else " : ""}if (v.${field.member.name} !== undefined) ${write}`);
      });
    } else {
      if (sType !== "undefined") lines.push(`    m.u32[w] = ${sType};`);
      for (const field of visible) lines.push(this.#write(type, field, uses));
    }
    lines.push("  },", "  read(m, at) {", ...this.#cursors(type, fields, false), "    return {");
    for (const field of visible) lines.push(`      ${field.member.name}: ${this.#read(field)},`);
    lines.push("    };", "  },", "};");
    return lines;
  }

  #sType(type: Composite): string {
    const member = type.members.find((m) => m.name === "sType");
    if (member?.values === undefined) return member === undefined ? "undefined" : "0";
    const value = this.#selection.enums.get("VkStructureType")?.values.find((v) => v.name === member.values);
    if (value === undefined) throw new Error(`Cannot generate ${type.name}: ${member.values} is not selected`);
    return String(value.value);
  }

  #cursors(type: Composite, fields: readonly Field[], writing: boolean): string[] {
    const used = fields.filter((f) => f.member.name !== "sType");
    const quad = used.some((f) => !this.#isCall(f, writing) && this.#slot(f).startsWith("q"));
    const word = (writing && fields.length > used.length && this.#sType(type) !== "undefined") ||
      used.some((f) => !this.#isCall(f, writing) && this.#slot(f).startsWith("w"));
    const index = (f: Field) => f.count > 1 && f.member.pointers === 0 && f.scalar !== undefined && f.scalar !== "char";
    const q = quad || used.some((f) => index(f) && this.#slot(f).startsWith("q"));
    const w = word || used.some((f) => index(f) && this.#slot(f).startsWith("w"));
    return [...w ? ["    const w = at >>> 2;"] : [], ...q ? ["    const q = at >>> 3;"] : []];
  }

  /** Whether the member's code takes a byte offset rather than an index in a view. */
  #isCall(field: Field, writing: boolean): boolean {
    if (field.member.pointers > 0) return writing && !this.#isRaw(field);
    return field.scalar === undefined || field.scalar === "char" || field.count > 1;
  }

  /** Index of the member in its view: `w` counts 4 bytes, `q` 8, plain bytes otherwise. */
  #slot(field: Field): string {
    const size = field.member.pointers > 0 ? 8 : scalarSize(field.scalar ?? "u32");
    if (size === 1) return `at + ${field.offset}`;
    if (size === 2) return `(at + ${field.offset}) >>> 1`;
    const index = field.offset / size;
    const cursor = size === 8 ? "q" : "w";
    return index === 0 ? cursor : `${cursor} + ${index}`;
  }

  #at(field: Field): string {
    return field.offset === 0 ? "at" : `at + ${field.offset}`;
  }

  /** A pointer that is only ever an address: output, opaque, function-like or of a depth that has no init form. */
  #isRaw(field: Field): boolean {
    const { member, type, scalar, composite } = field;
    if (member.name === "pNext") return false;
    if (!member.constant) return true;
    if (member.pointers > 1) return type !== "char";
    if (type === "void") return member.len.length === 0;
    return scalar === undefined && composite === undefined;
  }

  #required(type: Composite, field: Field): boolean {
    const { member } = field;
    if (type.kind === "union" || type.returnedOnly || member.optional || member.name === "pNext") return false;
    if (member.pointers > 0) {
      const counter = type.members.find((m) => m.name === member.len[0]);
      return member.constant && counter?.optional !== true;
    }
    const found = this.#selection.registry.types.get(field.type);
    return found?.kind === "handle" && field.count === 1;
  }

  #elementType(field: Field, uses: Uses): string {
    if (field.composite !== undefined) {
      uses.names.add(field.type);
      return field.type;
    }
    if (field.scalar === undefined) throw new Error(`Cannot generate ${field.member.text}`);
    const found = this.#selection.registry.types.get(field.type);
    if (found !== undefined && found.kind !== "base" && found.kind !== "external") {
      uses.names.add(`type ${field.type}`);
      return field.type;
    }
    return field.scalar === "bool" ? "boolean" : isWide(field.scalar) ? "bigint" : "number";
  }

  #tsType(type: Composite, field: Field, uses: Uses): string {
    const { member } = field;
    if (member.name === "pNext") {
      const names = this.#extenders.get(type.name) ?? [];
      if (names.length === 0) return "bigint";
      uses.helpers.add("Chain");
      return `Chain<${names.map((n) => `"${n}"`).join(" | ")}>`;
    }
    if (member.pointers > 0) {
      if (this.#isRaw(field)) return "bigint";
      uses.helpers.add("Pointer");
      if (member.pointers === 2) return "Pointer<readonly string[]>";
      if (field.type === "char" && member.len[0] === "null-terminated") return "Pointer<string>";
      if (field.type === "void" || field.scalar === "u8" || field.scalar === "char") return "Pointer<Uint8Array>";
      const element = this.#elementType(field, uses);
      if (field.composite !== undefined) {
        return this.#isArray(field) ? `Pointer<readonly ${element}[]>` : `Pointer<${element}>`;
      }
      return `Pointer<ArrayLike<${field.scalar === "bool" ? "number" : element}>>`;
    }
    if (field.scalar === "char") return "string";
    if (field.count > 1) {
      if (field.scalar === "u8") return "Uint8Array";
      const element = this.#elementType(field, uses);
      return `readonly ${field.scalar === "bool" ? "number" : element}[]`;
    }
    return this.#elementType(field, uses);
  }

  #isArray(field: Field): boolean {
    return field.member.len.length > 0 && field.member.len[0] !== "1";
  }

  #write(type: Composite, field: Field, uses: Uses): string {
    const { member, scalar } = field;
    const value = `v.${member.name}`, at = this.#at(field);
    if (member.name === "pNext") return `    m.toChain(${at}, ${value});`;
    if (member.pointers > 0) {
      if (this.#isRaw(field)) return `    m.u64[${this.#slot(field)}] = ${value} ?? 0n;`;
      if (member.pointers === 2) return `    m.toTexts(${at}, ${value});`;
      if (field.type === "char" && member.len[0] === "null-terminated") return `    m.toText(${at}, ${value});`;
      if (field.composite !== undefined) {
        return `    m.${this.#isArray(field) ? "toStructs" : "toStruct"}(${at}, ${field.type}, ${value});`;
      }
      if (field.type === "void" || scalar === "char") return `    m.toNumbers(${at}, m.u8, ${value});`;
      if (scalar === undefined || scalar === "f64") throw new Error(`Cannot generate ${type.name}.${member.name}`);
      if (isWide(scalar)) return `    m.toBigInts(${at}, ${value});`;
      return `    m.toNumbers(${at}, m.${scalar === "bool" ? "u32" : views[scalar]}, ${value});`;
    }
    if (field.composite !== undefined) {
      if (field.count > 1) return `    m.setStructs(${at}, ${field.type}, ${field.count}, ${value});`;
      const { size } = layoutOf(this.#selection.registry, field.composite);
      if (type.kind === "union") return `    ${field.type}.write(m, ${at}, ${value});`;
      return `    if (${value} !== undefined) ${field.type}.write(m, ${at}, ${value});\n    else m.zero(${at}, ${size});`;
    }
    if (scalar === undefined) throw new Error(`Cannot generate ${type.name}.${member.name}`);
    if (scalar === "char") return `    m.setText(${at}, ${field.count}, ${value});`;
    const slot = this.#slot(field);
    if (field.count > 1) {
      if (isWide(scalar)) return `    m.setBigInts(${slot}, ${field.count}, ${value});`;
      return `    m.setNumbers(m.${scalar === "bool" ? "u32" : views[scalar]}, ${slot}, ${field.count}, ${value});`;
    }
    if (field.counts.length > 0) {
      const helper = isWide(scalar) ? "wideCountOf" : "countOf";
      uses.helpers.add(helper);
      const arrays = field.counts.map((m) => `v.${m.name}`).join(", ");
      const view = views[scalar === "bool" ? "u32" : scalar];
      return `    m.${view}[${slot}] = ${helper}("${type.name}.${member.name}", ${value}, ${arrays});`;
    }
    if (scalar === "bool") return `    m.u32[${slot}] = ${value} ? 1 : 0;`;
    return `    m.${views[scalar]}[${slot}] = ${value} ?? ${isWide(scalar) ? "0n" : "0"};`;
  }

  #read(field: Field): string {
    const { member, scalar } = field;
    const at = this.#at(field), slot = this.#slot(field);
    if (member.pointers > 0) return `m.u64[${slot}]`;
    if (field.composite !== undefined) {
      return field.count > 1 ? `m.structs(${at}, ${field.type}, ${field.count})` : `${field.type}.read(m, ${at})`;
    }
    if (scalar === undefined) throw new Error(`Cannot generate ${member.name}`);
    if (scalar === "char") return `m.text(${at}, ${field.count})`;
    if (field.count > 1) {
      if (scalar === "u8") return `m.u8.slice(${at}, ${at} + ${field.count})`;
      if (isWide(scalar)) return `m.bigInts(${slot}, ${field.count})`;
      return `m.numbers(m.${scalar === "bool" ? "u32" : views[scalar]}, ${slot}, ${field.count})`;
    }
    if (scalar === "bool") return `m.u32[${slot}] !== 0`;
    return `m.${views[scalar]}[${slot}]`;
  }
}
