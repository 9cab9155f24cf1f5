/**
 * A renderer for tests of this folder: it keeps the bytes of resources, does transfers, and remembers what was submitted.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import type { Backing, RenderResource } from "../../../core/host.ts";
import type { CursorImage, Frame } from "../../../core/display.ts";
import type {
  CapsetInfo,
  RenderContext,
  Renderer3d,
  Resource3d,
  Resource3dInfo,
  Transfer3d,
} from "../../../core/host3d.ts";
import { virglFormat, virglRowBytes, virglRows } from "../../../uapi/virgl_format.ts";
import { eventfdWrite, poll } from "../../os/mod.ts";

/** First word of a submission that is wrong. */
export const FAKE_WRONG = 0xbad0_0001;
/** First word of a submission that takes as many milliseconds as the second says. */
export const FAKE_SLOW = 0xbad0_0002;
/** First word of a submission that takes as many MiB of memory as the second says. */
export const FAKE_MEMORY = 0xbad0_0003;
/** First word of a submission that meets an error of the program itself. */
export const FAKE_BUG = 0xbad0_0004;

const LEVEL_MAX = 1 << 28;

/** A resource of {@linkcode FakeRenderer}: all its levels, layer after layer, row after row. */
export class FakeResource implements Resource3d {
  readonly info: Resource3dInfo;
  readonly width: number;
  readonly height: number;
  readonly format: number;
  /** Bytes of each level. */
  readonly levels: Uint8Array[] = [];
  backing: Backing | undefined;
  /** Bytes of all levels. */
  get footprint(): number {
    return this.levels.reduce((sum, { length }) => sum + length, 0);
  }
  /** Whether it was destroyed. */
  destroyed = false;
  /** Whether it is read at once. */
  readableByCpu = false;

  /** @param info what it is. */
  constructor(info: Resource3dInfo) {
    this.info = info;
    this.width = info.width;
    this.height = info.height;
    this.format = info.format;
    const format = virglFormat(info.format);
    if (format === undefined || format.blockBytes === 0 || info.target > 8 || info.lastLevel > 15) {
      throw wrong("resource");
    }
    if (info.width < 1 || info.height < 1 || info.depth < 1 || info.arraySize < Number(info.target > 0)) {
      throw wrong("size");
    }
    for (let level = 0; level <= info.lastLevel; level++) {
      const { width, height, layers } = this.size(level);
      const size = virglRowBytes(format, width) * virglRows(format, height) * layers;
      if (size > LEVEL_MAX) throw new DrmError("ENOMEM", `Cannot keep ${size} bytes`);
      this.levels.push(new Uint8Array(size));
    }
  }
  /** Of a level. */
  size(level: number): { readonly width: number; readonly height: number; readonly layers: number } {
    const { width, height, depth, arraySize, target } = this.info;
    return {
      width: Math.max(1, width >> level),
      height: Math.max(1, height >> level),
      layers: target === 3 ? Math.max(1, depth >> level) : Math.max(1, arraySize),
    };
  }
}

const wrong = (what: string): DrmError => new DrmError("EINVAL", `Cannot use this ${what}`);

class FakeContext implements RenderContext {
  readonly capsetId: number;
  readonly name: string;
  lost: string | undefined;
  readonly resources: Map<number, Resource3d> = new Map();
  disposed = false;
  readonly #renderer: FakeRenderer;
  constructor(renderer: FakeRenderer, capsetId: number, name: string) {
    this.#renderer = renderer;
    this.capsetId = capsetId;
    this.name = name;
  }
  attach(id: number, resource: Resource3d): void {
    if (this.resources.has(id)) throw new DrmError("EEXIST", `Cannot attach ${id} twice`);
    this.resources.set(id, resource);
  }
  detach(id: number): void {
    this.resources.delete(id);
  }
  submit(words: Uint32Array, count: number): void {
    if (this.lost !== undefined) throw new DrmError("EIO", "Cannot submit: the context was lost");
    this.#renderer.submissions++;
    this.#renderer.submittedWords += count;
    if (this.#renderer.keep) this.#renderer.submitted.push(words.slice(0, count));
    switch (words[0]) {
      case FAKE_WRONG:
        this.lost = "wrong";
        throw new DrmError("EINVAL", "Cannot execute 0xbad00001: there is no such command");
      case FAKE_SLOW:
        poll(-1, 0, words[1]);
        return;
      case FAKE_MEMORY:
        this.#renderer.hoard.push(new Uint8Array(words[1] * 2 ** 20).fill(1));
        return;
      case FAKE_BUG:
        throw new TypeError("a bug");
    }
  }
  [Symbol.dispose](): void {
    this.disposed = true;
  }
}

/** The renderer. */
export class FakeRenderer implements Renderer3d {
  readonly name = "fake";
  readonly device = "no GPU";
  readonly capsets: readonly CapsetInfo[] = [
    { id: 1, maxVersion: 1, maxSize: 308 },
    { id: 2, maxVersion: 2, maxSize: 1376 },
  ];
  /** Contexts that were made. */
  readonly contexts: FakeContext[] = [];
  /** Resources that were made. */
  readonly resources: FakeResource[] = [];
  /** What was submitted, with `keep`. */
  readonly submitted: Uint32Array[] = [];
  /** Whether to keep what is submitted, and what is created. */
  keep = true;
  /** How many submissions there were. */
  submissions = 0;
  /** How many words. */
  submittedWords = 0;
  /** Memory taken by FAKE_MEMORY. */
  readonly hoard: Uint8Array[] = [];
  /** Whether batches are only complete when `finish` says so. */
  manual = false;
  /** An eventfd that `finish` rings, if there is one; its owner closes it. */
  completionFd: number | undefined;
  #batch = 0;
  #completed = 0;
  #later: (() => void)[] = [];

  createResource(): RenderResource {
    throw wrong("call");
  }
  destroyResource(resource: RenderResource): void {
    const own = resource as FakeResource;
    if (own.destroyed) throw new TypeError("Cannot destroy a resource twice");
    own.destroyed = true;
  }
  transferToHost(): void {
    throw wrong("call");
  }
  frame(): Frame {
    throw wrong("call");
  }
  blobFrame(): Frame {
    throw wrong("call");
  }
  cursor(): CursorImage {
    throw wrong("call");
  }
  submit(): number {
    this.#batch++;
    if (!this.manual) this.finish();
    return this.#batch;
  }
  /** All batches are complete. */
  finish(): void {
    for (const work of this.#later.splice(0)) work();
    this.#completed = this.#batch;
    if (this.completionFd !== undefined) eventfdWrite(this.completionFd);
  }
  /** Batches so far. */
  get batches(): number {
    return this.#batch;
  }
  completed(): number {
    return this.#completed;
  }
  wait(batch: number, timeoutNs: number): boolean {
    if (batch > this.#completed) poll(-1, 0, Math.min(timeoutNs / 1e6, 1000));
    return batch <= this.#completed;
  }
  capset(id: number, version: number): Uint8Array {
    const info = this.capsets.find((capset) => capset.id === id);
    if (info === undefined || version > info.maxVersion) throw wrong("capability set");
    return new Uint8Array(info.maxSize).fill(id).fill(version, 0, 4);
  }
  createContext(capsetId: number, name: string): FakeContext {
    if (!this.capsets.some(({ id }) => id === capsetId)) throw wrong("capability set");
    const context = new FakeContext(this, capsetId, name);
    if (this.keep) this.contexts.push(context);
    return context;
  }
  createResource3d(info: Resource3dInfo): FakeResource {
    const resource = new FakeResource(info);
    if (this.keep) this.resources.push(resource);
    return resource;
  }
  setBacking(resource: Resource3d, backing: Backing | undefined): void {
    (resource as FakeResource).backing = backing;
  }
  transferToHost3d(resource: Resource3d, transfer: Transfer3d): void {
    const { backing } = resource;
    if (backing === undefined) throw wrong("resource: it has no backing");
    this.#rows(
      resource as FakeResource,
      transfer,
      backing.size,
      (row, at) => backing.memory.read(backing.gpas[0] + at, row),
    );
  }
  transferFromHost3d(resource: Resource3d, transfer: Transfer3d): void {
    const { backing } = resource;
    if (backing === undefined) throw wrong("resource: it has no backing");
    const copies: (() => void)[] = [];
    this.#rows(resource as FakeResource, transfer, backing.size, (row, at) => {
      copies.push(() => backing.memory.write(backing.gpas[0] + at, row));
    });
    const copy = () => copies.forEach((row) => row());
    if ((resource as FakeResource).readableByCpu && this.#completed === this.#batch) copy();
    else this.#later.push(copy);
  }
  writeResource(resource: Resource3d, transfer: Transfer3d, bytes: Uint8Array): void {
    this.#rows(resource as FakeResource, transfer, bytes.length, (row, at) => {
      row.set(bytes.subarray(at, at + row.length));
    });
  }
  readResource(resource: Resource3d, transfer: Transfer3d, bytes: Uint8Array): void {
    this.submit();
    this.finish();
    this.#rows(resource as FakeResource, transfer, bytes.length, (row, at) => bytes.set(row, at));
  }
  // Each row of the box, and where it lies in memory.
  #rows(resource: FakeResource, t: Transfer3d, size: number, visit: (row: Uint8Array, at: number) => void): void {
    const format = virglFormat(resource.format);
    if (format === undefined || t.level > resource.info.lastLevel) throw wrong("level");
    const level = resource.size(t.level);
    if (t.width < 1 || t.height < 1 || t.depth < 1) throw wrong("box");
    if (t.x + t.width > level.width || t.y + t.height > level.height || t.z + t.depth > level.layers) {
      throw wrong("box");
    }
    const row = virglRowBytes(format, t.width), rows = virglRows(format, t.height);
    const stride = t.stride || row, layerStride = t.layerStride || stride * rows;
    if (stride < row || layerStride < stride * (rows - 1) + row) throw wrong("stride");
    if (t.offset + (t.depth - 1) * layerStride + (rows - 1) * stride + row > size) {
      throw new DrmError("EFAULT", "Cannot transfer: memory is short");
    }
    const pitch = virglRowBytes(format, level.width), x = virglRowBytes(format, t.x);
    for (let z = 0; z < t.depth; z++) {
      for (let y = 0; y < rows; y++) {
        const line = (t.z + z) * virglRows(format, level.height) + t.y / format.blockHeight + y;
        const start = line * pitch + x;
        visit(resource.levels[t.level].subarray(start, start + row), t.offset + z * layerStride + y * stride);
      }
    }
  }
  [Symbol.dispose](): void {
    this.hoard.length = 0;
  }
}
