/**
 * What a compute API must know of a SPIR-V module: its entry points, the bindings of descriptor set 0, the size of a
 * workgroup. The host checks modules; here they are only read, and one entry point is given the name `main` that the
 * packets ask for.
 * @module
 */

const MAGIC = 0x07230203;
const Op = { EntryPoint: 15, ExecutionMode: 16, TypeStruct: 30, TypePointer: 32, Constant: 43 } as const;
const MORE = { SpecConstant: 50, Variable: 59, Decorate: 71, MemberDecorate: 72, ExecutionModeId: 331 } as const;
const Decoration = { Block: 2, BufferBlock: 3, NonWritable: 24, Binding: 33, DescriptorSet: 34 } as const;
const Storage = { Uniform: 2, StorageBuffer: 12 } as const;
const GL_COMPUTE = 5, LOCAL_SIZE = 17, LOCAL_SIZE_ID = 38;

/** A binding of a kernel. */
export interface KernelBinding {
  /** Its number in descriptor set 0. */
  readonly binding: number;
  /** What it is. */
  readonly kind: "storage-buffer" | "uniform-buffer";
  /** Whether the kernel may write it. */
  readonly writes: boolean;
}

/** What a module is. */
export interface KernelModule {
  /** Its words, with `main` as the one entry point. */
  readonly words: Uint32Array;
  /** Bindings by number. */
  readonly bindings: readonly KernelBinding[];
  /** Invocations of a workgroup in x, y and z. */
  readonly workgroupSize: readonly [number, number, number];
}

interface Entry {
  readonly at: number;
  readonly id: number;
  readonly name: string;
  readonly end: number;
}

/**
 * Reads a module and chooses its entry point.
 *
 * @param words SPIR-V. @param entry the entry point's name; the only one by default.
 * @throws {TypeError} if it is no SPIR-V, has no such entry point, or a binding that a kernel cannot have.
 */
export function readModule(words: Uint32Array, entry?: string): KernelModule {
  if (words.length < 5 || words[0] !== MAGIC) throw new TypeError("Cannot make a kernel: this is no SPIR-V");
  const entries: Entry[] = [], sizes = new Map<number, number[]>(), sizeIds = new Map<number, number[]>();
  const decorations = new Map<number, Map<number, number>>(), readOnlyMembers = new Map<number, number>();
  const constants = new Map<number, number>(),
    structs = new Map<number, number>(),
    pointers = new Map<number, number>();
  const variables: { readonly id: number; readonly pointer: number; readonly storage: number }[] = [];
  for (let at = 5; at < words.length;) {
    const op = words[at] & 0xffff, count = words[at] >>> 16;
    if (count === 0 || at + count > words.length) throw new TypeError("Cannot make a kernel: its SPIR-V is cut off");
    switch (op) {
      case Op.EntryPoint: {
        const { text, next } = textAt(words, at + 3, at + count);
        if (words[at + 1] === GL_COMPUTE) entries.push({ at, id: words[at + 2], name: text, end: next });
        break;
      }
      case Op.ExecutionMode:
        if (words[at + 2] === LOCAL_SIZE) sizes.set(words[at + 1], [...words.subarray(at + 3, at + 6)]);
        break;
      case MORE.ExecutionModeId:
        if (words[at + 2] === LOCAL_SIZE_ID) sizeIds.set(words[at + 1], [...words.subarray(at + 3, at + 6)]);
        break;
      case Op.TypeStruct:
        structs.set(words[at + 1], count - 2);
        break;
      case Op.TypePointer:
        pointers.set(words[at + 1], words[at + 3]);
        break;
      case Op.Constant:
      case MORE.SpecConstant:
        constants.set(words[at + 2], words[at + 3]);
        break;
      case MORE.Variable:
        variables.push({ pointer: words[at + 1], id: words[at + 2], storage: words[at + 3] });
        break;
      case MORE.Decorate: {
        let own = decorations.get(words[at + 1]);
        if (own === undefined) decorations.set(words[at + 1], own = new Map());
        own.set(words[at + 2], count > 3 ? words[at + 3] : 0);
        break;
      }
      case MORE.MemberDecorate:
        if (words[at + 3] === Decoration.NonWritable) {
          readOnlyMembers.set(words[at + 1], (readOnlyMembers.get(words[at + 1]) ?? 0) + 1);
        }
    }
    at += count;
  }
  const chosen = choose(entries, entry);
  const bindings: KernelBinding[] = [];
  for (const { id, pointer, storage } of variables) {
    const own = decorations.get(id), binding = own?.get(Decoration.Binding);
    if (binding === undefined) continue;
    const type = pointers.get(pointer) ?? 0, members = structs.get(type);
    if ((storage !== Storage.Uniform && storage !== Storage.StorageBuffer) || members === undefined) {
      throw new TypeError(`Cannot make a kernel: binding ${binding} is no buffer`);
    }
    if (own?.get(Decoration.DescriptorSet) !== 0) {
      throw new TypeError(`Cannot make a kernel: binding ${binding} is of a descriptor set other than 0`);
    }
    const isUniform = storage === Storage.Uniform && decorations.get(type)?.has(Decoration.BufferBlock) !== true;
    const isReadOnly = own.has(Decoration.NonWritable) || (members > 0 && readOnlyMembers.get(type) === members);
    bindings.push({
      binding,
      kind: isUniform ? "uniform-buffer" : "storage-buffer",
      writes: !isUniform && !isReadOnly,
    });
  }
  bindings.sort((a, b) => a.binding - b.binding);
  const size = sizes.get(chosen.id) ?? sizeIds.get(chosen.id)?.map((id) => constants.get(id) ?? 1) ?? [1, 1, 1];
  return { words: only(words, entries, chosen), bindings, workgroupSize: [size[0], size[1], size[2]] };
}

function choose(entries: readonly Entry[], wanted: string | undefined): Entry {
  const names = entries.map(({ name }) => name).join(", ");
  if (entries.length === 0) throw new TypeError("Cannot make a kernel: the module has no compute entry point");
  if (wanted === undefined) {
    if (entries.length === 1) return entries[0];
    throw new TypeError(`Cannot make a kernel: say which entry point: ${names}`);
  }
  const found = entries.find(({ name }) => name === wanted);
  if (found === undefined) throw new TypeError(`Cannot make a kernel: there is no entry point ${wanted}, but ${names}`);
  return found;
}

function textAt(words: Uint32Array, at: number, end: number): { readonly text: string; readonly next: number } {
  const bytes: number[] = [];
  for (let i = at; i < end; i++) {
    for (let shift = 0; shift < 32; shift += 8) {
      const byte = (words[i] >>> shift) & 0xff;
      if (byte === 0) return { text: new TextDecoder().decode(Uint8Array.from(bytes)), next: i + 1 };
      bytes.push(byte);
    }
  }
  throw new TypeError("Cannot make a kernel: a name in its SPIR-V has no end");
}

/** The module with one entry point, `main`, and its execution modes alone. */
function only(words: Uint32Array, entries: readonly Entry[], chosen: Entry): Uint32Array {
  if (entries.length === 1 && chosen.name === "main") return words;
  const dropped = new Set(entries.filter((entry) => entry !== chosen).map(({ id }) => id));
  const out: number[] = [...words.subarray(0, 5)];
  for (let at = 5; at < words.length;) {
    const op = words[at] & 0xffff, count = words[at] >>> 16;
    if (op === Op.EntryPoint) {
      if (at === chosen.at) {
        const variables = words.subarray(chosen.end, at + count);
        out.push(((5 + variables.length) << 16) | op, GL_COMPUTE, chosen.id, 0x6e69616d, 0, ...variables);
      }
    } else if (!((op === Op.ExecutionMode || op === MORE.ExecutionModeId) && dropped.has(words[at + 1]))) {
      for (let i = 0; i < count; i++) out.push(words[at + i]);
    }
    at += count;
  }
  return Uint32Array.from(out);
}
