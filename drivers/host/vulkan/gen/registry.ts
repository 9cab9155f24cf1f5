/**
 * Parses vk.xml (the Vulkan registry, "The Khronos Vulkan API Registry" schema) into plain objects: types, enums, commands and the
 * blocks of features and extensions that require them. Only what api="vulkan" sees is kept.
 */
import { parse } from "txml";

/** An element of the parsed document. */
export interface Element {
  readonly tagName: string;
  readonly attributes: Readonly<Record<string, string | null>>;
  readonly children: readonly (Element | string)[];
}

/** A member of a struct, or a parameter of a command. */
export interface Member {
  readonly name: string;
  readonly type: string;
  /** How many `*` the declarator has. */
  readonly pointers: number;
  readonly constant: boolean;
  /** Array dimensions: numbers, or names of API constants. */
  readonly array: readonly (number | string)[];
  /** The registry's `len`, split at commas; empty when there is none or when it is a formula. */
  readonly len: readonly string[];
  readonly optional: boolean;
  /** The one value that the member may have (sType). */
  readonly values: string | undefined;
  readonly comment: string;
  /** The C declaration on one line. */
  readonly text: string;
}

/** A struct or a union. */
export interface Composite {
  readonly kind: "struct" | "union";
  readonly name: string;
  readonly members: readonly Member[];
  readonly extendsTypes: readonly string[];
  readonly returnedOnly: boolean;
  readonly comment: string;
}

/** A type that is no struct or union: what it is, and what it stands for. */
export interface Simple {
  readonly kind: "handle" | "enum" | "bitmask" | "base" | "function" | "external";
  readonly name: string;
  /** For a base type or a bitmask: the type it is a typedef of. */
  readonly base: string;
  /** For a bitmask: its FlagBits enum, "" when it has none yet. */
  readonly bits: string;
}

/** Whether a type is a struct or a union. */
export function isComposite(type: Composite | Simple | undefined): type is Composite {
  return type?.kind === "struct" || type?.kind === "union";
}

/** A value of an enum or an API constant. */
export interface EnumValue {
  readonly name: string;
  readonly value: bigint;
  readonly comment: string;
}

/** An enum or FlagBits type. */
export interface Enum {
  readonly name: string;
  readonly bitmask: boolean;
  readonly wide: boolean;
  readonly values: EnumValue[];
}

/** A command. */
export interface Command {
  readonly name: string;
  readonly result: Member;
  readonly params: readonly Member[];
  readonly success: readonly string[];
  readonly errors: readonly string[];
}

/** A `<require>` of a feature or an extension. */
export interface Block {
  readonly owner: string;
  readonly comment: string;
  readonly types: readonly string[];
  readonly commands: readonly string[];
  readonly enums: readonly Element[];
  /** Features and extensions that must be selected too for the block to count. */
  readonly needs: readonly string[];
  readonly extensionNumber: number;
}

/** The registry. */
export interface Registry {
  /** VK_HEADER_VERSION, such as "239". */
  readonly headerVersion: string;
  readonly types: ReadonlyMap<string, Composite | Simple>;
  readonly aliases: ReadonlyMap<string, string>;
  readonly enums: ReadonlyMap<string, Enum>;
  /** API constants: name to C text, such as "(~0U)". */
  readonly constants: ReadonlyMap<string, { readonly text: string; readonly type: string; readonly comment: string }>;
  readonly commands: ReadonlyMap<string, Command>;
  readonly commandAliases: ReadonlyMap<string, string>;
  readonly blocks: readonly Block[];
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** Replaces the five XML entities. */
export function unescapeXml(text: string): string {
  return text.replace(/&(lt|gt|amp|quot|apos);/g, (_, name: string) => entities[name]);
}

/** An attribute's text, "" when absent. */
export function attribute(element: Element, name: string): string {
  return unescapeXml(element.attributes[name] ?? "");
}

/** An element's children of one tag that api="vulkan" sees. */
export function childrenOf(element: Element, tag: string): Element[] {
  return element.children.filter((c): c is Element => typeof c !== "string" && c.tagName === tag && seen(c));
}

function seen(element: Element): boolean {
  const api = element.attributes["api"];
  return typeof api !== "string" || api.split(",").includes("vulkan");
}

function textOf(node: Element | string): string {
  if (typeof node === "string") return unescapeXml(node);
  return node.tagName === "comment" ? "" : node.children.map(textOf).join(" ");
}

function commentOf(element: Element): string {
  const inner = childrenOf(element, "comment").map((c) => c.children.map(textOf).join(" ")).join(" ");
  return (attribute(element, "comment") || inner).replace(/\s+/g, " ").replaceAll("*/", "* /").trim();
}

/** Parses a `<member>`, `<param>` or `<proto>`: a C declaration with its type and name marked up. */
function parseMember(element: Element): Member {
  let type = "", name = "", before = "", between = "", after = "";
  for (const child of element.children) {
    const text = textOf(child);
    if (typeof child !== "string" && child.tagName === "type") type = text;
    else if (typeof child !== "string" && child.tagName === "name") name = text;
    else if (name !== "") after += text;
    else if (type !== "") between += text;
    else before += text;
  }
  if (after.includes(":")) throw new Error(`Cannot generate ${name}: bit fields are not supported`);
  const array = [...after.matchAll(/\[\s*(\w+)\s*\]/g)].map((m) => /^\d+$/.test(m[1]) ? Number(m[1]) : m[1]);
  const len = attribute(element, "len");
  const formula = element.attributes["altlen"] !== undefined || /latexmath|[()]/.test(len);
  const constant = /\bconst\b/.test(before);
  return {
    name,
    type,
    array,
    constant,
    pointers: [...between].filter((c) => c === "*").length,
    len: len === "" || formula ? [] : len.split(","),
    optional: attribute(element, "optional").split(",")[0] === "true" ||
      attribute(element, "noautovalidity") === "true",
    values: attribute(element, "values") || undefined,
    comment: commentOf(element),
    text: `${constant ? "const " : ""}${type}${between.replace(/\s+/g, " ").replace(" *", "*").trim()} ${name}${
      after.replace(/\s/g, "")
    }`,
  };
}

function parseType(element: Element, aliases: Map<string, string>): Composite | Simple | undefined {
  const category = attribute(element, "category");
  const name = attribute(element, "name") || childrenOf(element, "name").map(textOf).join("");
  const alias = attribute(element, "alias");
  if (alias !== "") {
    aliases.set(name, alias);
    return undefined;
  }
  const base = childrenOf(element, "type").map(textOf).join(" ").trim();
  switch (category) {
    case "struct":
    case "union": {
      let members: Member[];
      try {
        members = childrenOf(element, "member").map(parseMember);
      } catch {
        return undefined; // Bit fields: acceleration structures only. Selecting one of them fails as an unknown type.
      }
      const extendsTypes = attribute(element, "structextends").split(",").filter((s) => s !== "");
      const returnedOnly = attribute(element, "returnedonly") === "true";
      return { kind: category, name, members, extendsTypes, returnedOnly, comment: commentOf(element) };
    }
    case "handle":
      return { kind: "handle", name, base, bits: "" };
    case "enum":
      return { kind: "enum", name, base: "", bits: "" };
    case "bitmask":
      return { kind: "bitmask", name, base, bits: attribute(element, "requires") || attribute(element, "bitvalues") };
    case "basetype":
      return { kind: base === "" ? "external" : "base", name, base, bits: "" };
    case "funcpointer":
      return { kind: "function", name, base: "", bits: "" };
    case "":
      return { kind: "external", name, base: "", bits: "" };
    default:
      return undefined;
  }
}

/** The value that an `<enum>` element stands for, or undefined for an alias. */
export function enumValue(element: Element, extensionNumber: number): bigint | undefined {
  const value = attribute(element, "value"), bit = attribute(element, "bitpos"), offset = attribute(element, "offset");
  if (value !== "") return value.startsWith("-") ? -BigInt(value.slice(1)) : BigInt(value);
  if (bit !== "") return 1n << BigInt(bit);
  if (offset === "") return undefined;
  const number = Number(attribute(element, "extnumber") || extensionNumber);
  const absolute = 1000000000n + BigInt(number - 1) * 1000n + BigInt(offset);
  return attribute(element, "dir") === "-" ? -absolute : absolute;
}

/** Parses the registry's text; throws an Error when it is not a Vulkan registry. */
export function parseRegistry(xml: string): Registry {
  const parsed: unknown = parse(xml, { filter: undefined });
  const roots = (parsed as (Element | string)[]).filter((e): e is Element => typeof e !== "string");
  const root = roots.find((e) => e.tagName === "registry") ??
    roots.flatMap((e) => e.children).find((e): e is Element => typeof e !== "string" && e.tagName === "registry");
  if (root === undefined) throw new Error("Cannot generate bindings: the file has no <registry> element");

  const types = new Map<string, Composite | Simple>(), aliases = new Map<string, string>();
  let headerVersion = "";
  for (const element of childrenOf(root, "types").flatMap((t) => childrenOf(t, "type"))) {
    const text = textOf(element);
    const version = /#define\s+VK_HEADER_VERSION\s+(\d+)/.exec(text);
    if (version !== null) headerVersion = version[1];
    const type = parseType(element, aliases);
    if (type !== undefined) types.set(type.name, type);
  }
  if (headerVersion === "") throw new Error("Cannot generate bindings: the registry has no VK_HEADER_VERSION");

  const enums = new Map<string, Enum>();
  const constants = new Map<string, { text: string; type: string; comment: string }>();
  for (const group of childrenOf(root, "enums")) {
    const name = attribute(group, "name"), kind = attribute(group, "type");
    if (kind === "" || kind === "constants") {
      for (const e of childrenOf(group, "enum")) {
        const text = attribute(e, "value");
        if (text !== "") {
          constants.set(attribute(e, "name"), { text, type: attribute(e, "type"), comment: commentOf(e) });
        }
      }
      continue;
    }
    const target: Enum = { name, bitmask: kind === "bitmask", wide: attribute(group, "bitwidth") === "64", values: [] };
    enums.set(name, target);
    const later: Element[] = [];
    for (const e of childrenOf(group, "enum")) {
      const value = enumValue(e, 0);
      if (value === undefined) later.push(e);
      else target.values.push({ name: attribute(e, "name"), value, comment: commentOf(e) });
    }
    addAliases(target, later);
  }

  const commands = new Map<string, Command>(), commandAliases = new Map<string, string>();
  for (const element of childrenOf(root, "commands").flatMap((c) => childrenOf(c, "command"))) {
    const alias = attribute(element, "alias");
    if (alias !== "") {
      commandAliases.set(attribute(element, "name"), alias);
      continue;
    }
    const result = parseMember(childrenOf(element, "proto")[0]);
    const codes = (key: string) => attribute(element, key).split(",").filter((s) => s !== "");
    const params = childrenOf(element, "param").map(parseMember);
    commands.set(result.name, {
      name: result.name,
      result,
      params,
      success: codes("successcodes"),
      errors: codes("errorcodes"),
    });
  }

  const blocks: Block[] = [];
  const owners = [
    ...childrenOf(root, "feature"),
    ...childrenOf(root, "extensions").flatMap((e) => childrenOf(e, "extension")),
  ];
  for (const owner of owners) {
    for (const block of childrenOf(owner, "require")) {
      blocks.push({
        owner: attribute(owner, "name"),
        comment: attribute(block, "comment"),
        types: childrenOf(block, "type").map((t) => attribute(t, "name")),
        commands: childrenOf(block, "command").map((t) => attribute(t, "name")),
        enums: childrenOf(block, "enum"),
        needs: ["feature", "extension", "depends"].flatMap((k) => attribute(block, k).split(/[,+]/)).filter((s) =>
          s !== ""
        ),
        extensionNumber: /^\d+$/.test(attribute(owner, "number")) ? Number(attribute(owner, "number")) : 0,
      });
    }
  }
  return { headerVersion, types, aliases, enums, constants, commands, commandAliases, blocks };
}

const suffix =
  /_(KHR|EXT|NV|NVX|AMD|INTEL|ARM|QCOM|IMG|GOOGLE|VALVE|HUAWEI|MESA|FUCHSIA|ANDROID|LUNARG|NN|GGP|MVK|SEC|QNX)$/;

/** Adds the aliases among elements whose own name carries no vendor suffix (the suffixed ones only serve old code). */
export function addAliases(target: Enum, elements: readonly Element[]): void {
  for (const element of elements) {
    const name = attribute(element, "name");
    const same = target.values.find((v) => v.name === attribute(element, "alias"));
    if (same === undefined || suffix.test(name) || target.values.some((v) => v.name === name)) continue;
    target.values.push({ name, value: same.value, comment: `Same as ${same.name}.` });
  }
}
