/**
 * A renderer with 3D for tests of the device: on the CPU, with a language of four commands, and batches that are complete when
 * a test says so. It checks what it is given as a real one must, and counts what is alive.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import type { Backing } from "../../../core/host.ts";
import type {
  CapsetInfo,
  RenderContext,
  Renderer3d,
  Resource3d,
  Resource3dInfo,
  Transfer3d,
} from "../../../core/host3d.ts";
import { PIPE_TEXTURE_2D } from "../../../uapi/pipe_texture.ts";
import { virglFormat } from "../../../uapi/virgl_format.ts";
import { VIRTIO_GPU_CAPSET_VIRGL, VIRTIO_GPU_CAPSET_VIRGL2 } from "../../../uapi/virtio_gpu.ts";
import { Picture } from "../render/soft2d/picture.ts";
import { Soft2d } from "../render/soft2d/mod.ts";

/** Command, one word: nothing. */
export const FAKE_NOP = 0;
/** Command, three words: fills a resource's first level with a byte. */
export const FAKE_FILL = 1;
/** Command, three words: copies the first level of the second resource to the first's, as far as both go. */
export const FAKE_COPY = 2;
/** Command, one word: there is no memory for it. The context is not lost. */
export const FAKE_SHORT = 3;

const SIDE_MAX = 4096;
const BYTES_MAX = 64 * 2 ** 20;

/** A resource: each level of each layer is bytes of its own; the first is the picture's. */
export class FakeResource extends Picture implements Resource3d {
  /** How it was made. */
  readonly info: Resource3dInfo;
  /** Bytes of a texel. */
  readonly texel: number;
  /** Guest memory behind it. */
  backing: Backing | undefined;
  readonly #planes = new Map<number, Uint8Array>();

  /** @param info how it is made. Throws EINVAL for one that cannot be; ENOMEM. */
  constructor(info: Resource3dInfo) {
    const { width, height, depth, arraySize, lastLevel, nrSamples, target } = info;
    const texel = virglFormat(info.format)?.blockBytes ?? 0;
    const sides = [width, height, depth, arraySize];
    if (
      (texel !== 1 && texel !== 4) || sides.some((side) => side < 1 || side > SIDE_MAX) || target > 8 ||
      lastLevel > 12 || nrSamples > 4
    ) throw new DrmError("EINVAL", "Cannot make the resource");
    if (width * height * depth * arraySize * 4 > BYTES_MAX) throw new DrmError("ENOMEM", "Cannot make the resource");
    super(info.format, width, height);
    this.info = info;
    this.texel = texel;
  }

  /** Columns of a level. */
  columns(level: number): number {
    return Math.max(1, this.info.width >> level);
  }
  /** Rows of a level. */
  rows(level: number): number {
    return Math.max(1, this.info.height >> level);
  }
  /** Layers of a level, or slices. */
  layers(level: number): number {
    return Math.max(1, this.info.depth >> level) * this.info.arraySize;
  }

  /** The bytes of a layer, rows side by side. */
  plane(level: number, layer: number): Uint8Array {
    if (level === 0 && layer === 0) {
      if (this.holders > 0) {
        this.bytes = this.bytes.slice();
        this.holders = 0;
      }
      return this.bytes;
    }
    const key = level * 0x10000 + layer;
    let plane = this.#planes.get(key);
    if (plane === undefined) {
      this.#planes.set(key, plane = new Uint8Array(this.columns(level) * this.rows(level) * this.texel));
    }
    return plane;
  }

  /** Throws EINVAL for a box that is not the resource's. */
  check({ level, x, y, z, width, height, depth }: Transfer3d): void {
    if (
      level > this.info.lastLevel || x + width > this.columns(level) || y + height > this.rows(level) ||
      z + depth > this.layers(level)
    ) throw new DrmError("EINVAL", "Cannot transfer a box that is not the resource's");
  }

  /** Moves a box between its bytes and `memory`, row by row. */
  move(transfer: Transfer3d, memory: (offset: number, row: Uint8Array) => void): void {
    this.check(transfer);
    const { level, x, y, z, width, height, depth, stride, layerStride, offset } = transfer;
    const pitch = this.columns(level) * this.texel;
    for (let layer = 0; layer < depth; layer++) {
      const plane = this.plane(level, z + layer);
      for (let row = 0; row < height; row++) {
        const from = (y + row) * pitch + x * this.texel;
        memory(
          offset + layer * layerStride + row * stride,
          plane.subarray(from, from + width * this.texel),
        );
      }
    }
  }
}

class FakeContext implements RenderContext {
  readonly capsetId: number;
  readonly name: string;
  lost: string | undefined;
  readonly resources = new Map<number, FakeResource>();
  readonly #renderer: FakeRenderer3d;

  constructor(renderer: FakeRenderer3d, capsetId: number, name: string) {
    this.#renderer = renderer;
    this.capsetId = capsetId;
    this.name = name;
    renderer.contexts.add(this);
  }

  attach(id: number, resource: Resource3d): void {
    const known = this.resources.get(id);
    if (known !== undefined && known !== resource) throw new DrmError("EEXIST", `Cannot attach resource ${id}`);
    this.resources.set(id, own(resource));
  }
  detach(id: number): void {
    this.resources.delete(id);
  }

  submit(words: Uint32Array, count: number): void {
    if (this.lost !== undefined) throw new DrmError("EIO", `Cannot submit: the context is lost: ${this.lost}`);
    this.#renderer.submissions.push(words.slice(0, count));
    const resource = (at: number): FakeResource => {
      const found = at < count ? this.resources.get(words[at]) : undefined;
      if (found === undefined) this.#lose(`no resource at word ${at}`);
      return found;
    };
    for (let at = 0; at < count;) {
      switch (words[at]) {
        case FAKE_NOP:
          at++;
          break;
        case FAKE_FILL:
          if (at + 3 > count) this.#lose("the stream ends");
          resource(at + 1).plane(0, 0).fill(words[at + 2]);
          at += 3;
          break;
        case FAKE_COPY: {
          const target = resource(at + 1).plane(0, 0), source = resource(at + 2).plane(0, 0);
          target.set(source.subarray(0, target.length));
          at += 3;
          break;
        }
        case FAKE_SHORT:
          throw new DrmError("ENOMEM", "Cannot execute: no memory");
        default:
          this.#lose(`command ${words[at]}`);
      }
    }
  }

  #lose(why: string): never {
    this.lost = why;
    throw new DrmError("EINVAL", `Cannot execute: ${why}`);
  }

  [Symbol.dispose](): void {
    this.resources.clear();
    this.#renderer.contexts.delete(this);
  }
}

function own(resource: unknown): FakeResource {
  if (resource instanceof FakeResource) return resource;
  throw new TypeError("Cannot use a resource that this renderer did not make");
}

/** The renderer. */
export class FakeRenderer3d extends Soft2d implements Renderer3d {
  /** virgl of two kinds, and a third set that is no virgl. */
  readonly capsets: readonly CapsetInfo[] = [
    { id: VIRTIO_GPU_CAPSET_VIRGL, maxVersion: 1, maxSize: 308 },
    { id: VIRTIO_GPU_CAPSET_VIRGL2, maxVersion: 2, maxSize: 1380 },
    { id: 5, maxVersion: 0, maxSize: 16 },
  ];
  /** An fd for servers, if a test gives one. */
  completionFd: number | undefined = undefined;
  /** Live contexts. */
  readonly contexts: Set<RenderContext & { readonly name: string }> = new Set();
  /** Live resources. */
  readonly resources: Set<FakeResource> = new Set();
  /** What was submitted. */
  readonly submissions: Uint32Array[] = [];
  /** Whether batches wait for `finish`. */
  hold = false;
  #submitted = 0;
  #finished = 0;

  /** Completes batches up to this one, all by default. */
  finish(batch = this.#submitted): void {
    this.#finished = Math.max(this.#finished, batch);
  }
  /** Ends a batch. */
  override submit(): number {
    this.#submitted++;
    if (!this.hold) this.finish();
    return this.#submitted;
  }
  /** The last complete batch. */
  override completed(): number {
    return this.#finished;
  }
  /** Completes it. */
  override wait(batch: number, _timeoutNs: number): boolean {
    this.finish(batch);
    return true;
  }

  /** Bytes that tell set, version and place. Throws EINVAL. */
  capset(id: number, version: number): Uint8Array {
    const info = this.capsets.find((one) => one.id === id);
    if (info === undefined || version > info.maxVersion) throw new DrmError("EINVAL", `Cannot tell capset ${id}`);
    return Uint8Array.from({ length: info.maxSize }, (_, i) => id * 16 + version + i);
  }
  /** A context. Throws EINVAL for an unknown set. */
  createContext(capsetId: number, name: string): RenderContext {
    if (!this.capsets.some((one) => one.id === capsetId)) throw new DrmError("EINVAL", `Cannot speak ${capsetId}`);
    return new FakeContext(this, capsetId, name);
  }
  /** A 2D resource is a 3D one. */
  override createResource(format: number, width: number, height: number): FakeResource {
    const one = { depth: 1, arraySize: 1, lastLevel: 0, nrSamples: 0 };
    return this.createResource3d({ target: PIPE_TEXTURE_2D, format, bind: 2, width, height, ...one, flags: 0 });
  }
  /** A resource. Throws EINVAL for one that cannot be; ENOMEM. */
  createResource3d(info: Resource3dInfo): FakeResource {
    const resource = new FakeResource(info);
    this.resources.add(resource);
    return resource;
  }
  /** It is dead. */
  override destroyResource(resource: FakeResource): void {
    if (!this.resources.delete(resource)) throw new TypeError("Cannot destroy a resource twice");
    super.destroyResource(resource);
  }
  /** Gives it its memory. */
  setBacking(resource: Resource3d, backing: Backing | undefined): void {
    own(resource).backing = backing;
  }
  /** Copies from backing. */
  transferToHost3d(resource: Resource3d, transfer: Transfer3d): void {
    const backing = backingOf(resource, transfer);
    own(resource).move(transfer, (offset, row) => access(backing, offset, row, false));
  }
  /** Copies to backing. */
  transferFromHost3d(resource: Resource3d, transfer: Transfer3d): void {
    const backing = backingOf(resource, transfer);
    own(resource).move(transfer, (offset, row) => access(backing, offset, row, true));
  }
  /** Copies from bytes. */
  writeResource(resource: Resource3d, transfer: Transfer3d, bytes: Uint8Array): void {
    own(resource).move(transfer, (offset, row) => row.set(bytes.subarray(offset, offset + row.length)));
  }
  /** Copies to bytes. */
  readResource(resource: Resource3d, transfer: Transfer3d, bytes: Uint8Array): void {
    own(resource).move(transfer, (offset, row) => bytes.set(row, offset));
  }
}

// All of a transfer must lie in backing before any of it is copied.
function backingOf(resource: Resource3d, transfer: Transfer3d): Backing {
  const { backing, texel } = own(resource);
  if (backing === undefined) throw new DrmError("EINVAL", "Cannot transfer without backing");
  own(resource).check(transfer);
  const { offset, width, height, depth, stride, layerStride } = transfer;
  const end = offset + (depth - 1) * layerStride + (height - 1) * stride + width * texel;
  if (end > backing.size) throw new DrmError("EFAULT", `Cannot reach byte ${end} of ${backing.size}`);
  return backing;
}

function access({ memory, gpas, lengths }: Backing, offset: number, row: Uint8Array, write: boolean): void {
  let start = 0, done = 0;
  for (let i = 0; i < gpas.length && done < row.length; start += lengths[i++]) {
    const inside = offset + done - start;
    if (inside < 0 || inside >= lengths[i]) continue;
    const part = row.subarray(done, done + Math.min(row.length - done, lengths[i] - inside));
    if (write) memory.write(gpas[i] + inside, part);
    else memory.read(gpas[i] + inside, part);
    done += part.length;
  }
  if (done < row.length) throw new DrmError("EFAULT", `Cannot reach ${row.length} bytes at ${offset}`);
}
