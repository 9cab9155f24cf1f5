/**
 * For tests of virgl: a renderer on a validated GPU, with or without contexts, and backing of plain memory.
 * @module
 */

import type { Backing } from "../../../../core/host.ts";
import { GuestMemory } from "../../../../core/guest_memory.ts";
import { heapAllocator, pageAlign, type PageAllocator } from "../../../../core/memory.ts";
import "../../../os/testing.ts";
import { fdCount } from "../../vulkan/testing.ts";
import { type CapsLevel, VirglCaps } from "./caps.ts";
import { Formats } from "./formats.ts";
import { type GpuOptions, openGpu } from "./gpu.ts";
import type { Contexts, VirglLimits, VirglParts } from "./parts.ts";
import { Virgl } from "./virgl.ts";

/** How {@linkcode withVirgl} makes its renderer. */
export interface WithVirglOptions extends VirglLimits {
  /** What its clients are told; "gl33" by default. */
  readonly level?: CapsLevel;
  /** What makes contexts; none can be made by default. */
  readonly contexts?: (parts: VirglParts) => Contexts;
  /** Whether the validation layers watch; true by default. */
  readonly validation?: boolean;
  /** Features that the GPU is to do without. */
  readonly without?: GpuOptions["without"];
}

/**
 * Runs `body` with a renderer on a GPU under validation, and disposes of it.
 *
 * @throws {Error} if the validation layers complain, or something is left behind.
 */
export async function withVirgl(
  body: (virgl: Virgl) => void | Promise<void>,
  options: WithVirglOptions = {},
): Promise<void> {
  const before = fdCount(), log = Deno.makeTempFileSync();
  let complaints: string;
  try {
    const gpu = openGpu({
      validation: options.validation ?? true,
      validationLog: log,
      without: options.without,
    });
    const formats = new Formats(gpu), caps = new VirglCaps(gpu, formats, options.level ?? "gl33");
    const virgl = new Virgl(gpu, formats, caps, options.contexts ?? noContexts, options);
    const { device } = gpu;
    let bytes = 0;
    try {
      await body(virgl);
    } finally {
      virgl[Symbol.dispose]();
      bytes = virgl.holdings.used;
    }
    if (bytes !== 0 || device.ownedCount !== 0 || device.memory.blockCount !== 0) {
      throw new Error(`${bytes} bytes, ${device.ownedCount} objects, ${device.memory.blockCount} blocks are left`);
    }
    complaints = Deno.readTextFileSync(log);
  } finally {
    Deno.removeSync(log);
  }
  if (complaints !== "") throw new Error(`The validation layers report:\n${complaints}`);
  const after = fdCount();
  if (after > before) throw new Error(`${after - before} file descriptors were left open`);
}

function noContexts(): Contexts {
  return {
    create: () => {
      throw new TypeError("Cannot make a context: this renderer has none");
    },
    [Symbol.dispose]: () => {},
  };
}

/** Memory of a guest, in one piece or in several. */
export class TestMemory implements Disposable {
  /** Backing over all of it. */
  readonly backing: Backing;
  readonly #parts: { readonly bytes: () => Uint8Array; readonly size: number }[] = [];
  readonly #cleanup = new DisposableStack();

  /** @param sizes bytes of each piece. @param allocator where its pages come from; the heap by default */
  constructor(sizes: readonly number[], allocator: PageAllocator = heapAllocator()) {
    const memory = new GuestMemory(), gpas: number[] = [], lengths: number[] = [];
    for (const size of sizes) {
      const pages = this.#cleanup.use(allocator.allocate(pageAlign(size), "virgl-test"));
      const slot = memory.add(pages, 0, pages.size);
      this.#cleanup.defer(() => memory.remove(slot));
      gpas.push(slot.gpa);
      lengths.push(size);
      this.#parts.push({ bytes: () => pages.bytes(), size });
    }
    this.backing = { memory, gpas, lengths, size: lengths.reduce((sum, n) => sum + n, 0) };
  }

  /** All bytes, in order; a copy. */
  get bytes(): Uint8Array {
    const all = new Uint8Array(this.backing.size);
    let at = 0;
    for (const { bytes, size } of this.#parts) {
      all.set(bytes().subarray(0, size), at);
      at += size;
    }
    return all;
  }

  /** Writes all bytes. */
  set bytes(all: Uint8Array) {
    let at = 0;
    for (const { bytes, size } of this.#parts) {
      bytes().set(all.subarray(at, at + size));
      at += size;
    }
  }

  /** Frees it. */
  [Symbol.dispose](): void {
    this.#cleanup[Symbol.dispose]();
  }
}

/** Bytes that differ from place to place and from seed to seed. */
export function noise(size: number, seed: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  let state = Math.imul(seed + 1, 2654435761) >>> 0;
  for (let i = 0; i < size; i++) {
    state = Math.imul(state, 1664525) + 1013904223 >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}
