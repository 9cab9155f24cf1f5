/** Chooses what of the registry is generated (Vulkan 1.0-1.3 and the listed extensions) and divides it into one group a file. */
import {
  addAliases,
  attribute,
  type Command,
  type Composite,
  type Enum,
  enumValue,
  isComposite,
  type Registry,
  type Simple,
} from "./registry.ts";

/** What one generated file holds. */
export interface Group {
  /** Path below generated/, without ".ts". */
  readonly path: string;
  /** The feature or extension it comes from. */
  readonly owner: string;
  readonly title: string;
  readonly types: (Composite | Simple)[];
  readonly commands: Command[];
  readonly constants: { readonly name: string; readonly text: string; readonly comment: string }[];
}

/** The selected part of the registry. */
export interface Selection {
  readonly registry: Registry;
  readonly groups: readonly Group[];
  /** Name of a selected type to the path of its file. */
  readonly home: ReadonlyMap<string, string>;
  readonly enums: ReadonlyMap<string, Enum>;
}

/** Enums with more values, and structs with more members, than this get a file of their own. */
const large = 40;

/** Groups that would make a longer file than this are divided into enums, structs and commands. */
const longFile = 400;

/** `VkImageLayout` to `vk_image_layout`. */
export function snake(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").replace(/([A-Z])([A-Z][a-z])/g, "$1_$2").toLowerCase();
}

function pathOf(owner: string, comment: string): string {
  const version = /^VK_VERSION_(\d+)_(\d+)$/.exec(owner);
  if (version === null) return owner.replace(/^VK_/, "").toLowerCase();
  const folder = `v${version[1]}_${version[2]}`;
  const promoted = /VK_((?:KHR|EXT)_\w+)/.exec(comment);
  if (promoted !== null) return `${folder}/${promoted[1].toLowerCase()}`;
  const words = comment.replace(/ commands?$/i, "").toLowerCase().split(/[^a-z0-9]+/).filter((w) => w !== "");
  if (words.length === 0) return `${folder}/base`;
  if (words.length <= 5) return `${folder}/${words.join("_")}`;
  return `${folder}/${words.includes("protected") ? "protected_memory" : "other"}`;
}

/** Resolves an alias to the name that is generated. */
export function resolve(registry: Registry, name: string): string {
  let at = name;
  for (let next = registry.aliases.get(at); next !== undefined; next = registry.aliases.get(at)) at = next;
  return at;
}

/** Selects features 1.0-1.3 and `extensions`; throws an Error for an extension that the registry does not have. */
export function select(registry: Registry, extensions: readonly string[]): Selection {
  const chosen = new Set(["VK_VERSION_1_0", "VK_VERSION_1_1", "VK_VERSION_1_2", "VK_VERSION_1_3", ...extensions]);
  const known = new Set(registry.blocks.map((b) => b.owner));
  for (const name of chosen) {
    if (!known.has(name)) throw new Error(`Cannot generate ${name}: the registry does not have it`);
  }
  const blocks = registry.blocks.filter((b) => chosen.has(b.owner) && b.needs.every((n) => chosen.has(n)));

  const enums = new Map<string, Enum>();
  for (const [name, e] of registry.enums) enums.set(name, { ...e, values: [...e.values] });
  for (const block of blocks) {
    for (const element of block.enums) {
      const target = enums.get(resolve(registry, attribute(element, "extends")));
      if (target === undefined) continue;
      const value = enumValue(element, block.extensionNumber), name = attribute(element, "name");
      if (value === undefined || target.values.some((v) => v.name === name)) continue;
      target.values.push({ name, value, comment: attribute(element, "comment") });
    }
  }
  for (const block of blocks) {
    for (const element of block.enums) {
      const target = enums.get(resolve(registry, attribute(element, "extends")));
      if (target !== undefined && attribute(element, "alias") !== "") addAliases(target, [element]);
    }
  }

  const groups = new Map<string, Group>(), home = new Map<string, string>(), done = new Set<string>();
  const groupAt = (path: string, owner: string, title: string): Group => {
    let group = groups.get(path);
    if (group === undefined) groups.set(path, group = { path, owner, title, types: [], commands: [], constants: [] });
    return group;
  };
  const add = (given: string, group: Group): void => {
    const name = resolve(registry, given);
    const type = registry.types.get(name);
    if (type === undefined || home.has(name) || type.kind === "external" || type.kind === "base") return;
    const composite = isComposite(type);
    const parts = composite ? type.members.length : enums.get(name)?.values.length ?? 0;
    const folder = composite ? "structs" : "enums";
    const target = parts > large ? groupAt(`${folder}/${snake(name)}`, group.owner, name) : group;
    home.set(name, target.path);
    if (type.kind === "bitmask" && type.bits !== "") add(type.bits, group);
    if (composite) { for (const m of type.members) add(m.type, group); }
    target.types.push(type);
  };
  for (const block of blocks) {
    const group = groupAt(pathOf(block.owner, block.comment), block.owner, block.comment || block.owner);
    for (const element of block.enums) {
      const name = attribute(element, "name");
      const constant = registry.constants.get(name);
      if (constant !== undefined) group.constants.push({ name, text: constant.text, comment: constant.comment });
      else if (attribute(element, "extends") === "" && attribute(element, "value") !== "") {
        group.constants.push({ name, text: attribute(element, "value"), comment: "" });
      }
    }
    for (const name of block.types) add(name, group);
    for (const name of block.commands) {
      const command = registry.commands.get(name);
      if (command === undefined || done.has(name)) continue; // an alias of a command of core
      done.add(name);
      for (const m of [...command.params, command.result]) add(m.type, group);
      group.commands.push(command);
    }
  }
  const used = [...groups.values()].filter((g) => g.types.length + g.commands.length + g.constants.length > 0);
  return { registry, groups: used.flatMap((g) => divide(g, enums, home)), home, enums };
}

function linesOf(type: Composite | Simple, enums: ReadonlyMap<string, Enum>): number {
  if (isComposite(type)) return 16 + 4 * type.members.length;
  return 2 + 2 * (enums.get(type.name)?.values.length ?? 0);
}

/** Divides a group whose file would be too long; tells `home` where each type went. */
function divide(group: Group, enums: ReadonlyMap<string, Enum>, home: Map<string, string>): Group[] {
  const total = group.types.reduce((sum, t) => sum + linesOf(t, enums), 3 * group.commands.length);
  if (total <= longFile || group.types.length === 1) return [group];
  const structs = group.types.filter(isComposite);
  const plain = group.types.filter((t) => !isComposite(t));
  const parts: Group[] = [{ ...group, path: `${group.path}_types`, types: plain, commands: [] }];
  let lines = longFile;
  for (const type of structs) {
    if (lines + linesOf(type, enums) > longFile) {
      const suffix = parts.length === 1 ? "" : `_${parts.length}`;
      parts.push({ ...group, path: `${group.path}_structs${suffix}`, types: [], commands: [], constants: [] });
      lines = 0;
    }
    parts[parts.length - 1].types.push(type);
    lines += linesOf(type, enums);
  }
  if (group.commands.length > 0) parts.push({ ...group, types: [], constants: [] });
  for (const part of parts) for (const type of part.types) home.set(type.name, part.path);
  return parts.filter((p) => p.types.length + p.commands.length + p.constants.length > 0);
}
