/**
 * Vertices that Vulkan cannot fetch in place: attributes that do not lie at multiples of their components' size, strides beyond
 * the GPU's or less than a value, formats of three components where it has only those of four. They are copied by the CPU, each attribute into a buffer of
 * its own, and remembered until their source is written. All of it is bounded by what the source holds.
 * @module
 */

import { DrmError } from "../../../../core/error.ts";
import { type DeviceBuffer, VK_BUFFER_USAGE_VERTEX_BUFFER_BIT } from "../../vulkan/mod.ts";
import { bytesNow } from "./buffer_bytes.ts";
import type { Engine } from "./engine.ts";
import type { VertexElements } from "./objects/vertex_elements.ts";
import type { VirglResource } from "./resource.ts";
import type { BufferBinding, SubContext } from "./sub_context.ts";

/** Bytes of all copies, and how many. */
const MOST_BYTES = 256 * 2 ** 20, MOST_COPIES = 64;

/** Which vertices and instances a draw fetches at most. */
export interface FetchRange {
  /** The first vertex. */
  vertex: number;
  /** Behind the last; Infinity if only the GPU knows. */
  vertexEnd: number;
  /** The first instance. */
  instance: number;
  /** Instances; Infinity if only the GPU knows. */
  instances: number;
}

/** An attribute, copied. */
interface Copy {
  readonly resource: VirglResource;
  readonly version: number;
  readonly offset: number;
  readonly stride: number;
  /** Bytes taken and made of each; the fill behind them. */
  readonly taken: number;
  readonly made: number;
  readonly fill: number;
  /** Which there are. */
  readonly first: number;
  readonly end: number;
  readonly buffer: DeviceBuffer;
}

/** Copies of attributes, for all contexts of a renderer. */
export class VertexRepacks implements Disposable {
  /** The VkBuffer of each element that the last `repack` was for; 0n where nothing is left to fetch. */
  readonly handles: bigint[] = new Array(32).fill(0n);
  /** Bytes between its values. */
  readonly strides: Uint32Array = new Uint32Array(32);
  readonly #engine: Engine;
  // Those used last are behind.
  readonly #copies: Copy[] = [];
  #bytes = 0;

  /** None yet. */
  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Which of the first `count` elements cannot be fetched in place: a mask. */
  needed(sub: SubContext, elements: VertexElements, count: number): number {
    const most = this.#engine.gpu.limits.maxVertexInputBindingStride, { alignments, extents, fills } = elements;
    let mask = 0;
    for (let i = 0; i < count && i < elements.count; i++) {
      const { resource, offset, length } = sub.vertexBuffers[elements.buffers[i]];
      if (resource === undefined) continue;
      const at = offset + elements.offsets[i];
      // Values that overlap are not for strides that are set by a command (VUID-vkCmdBindVertexBuffers2-pStrides-06209).
      const overlap = length !== 0 && length < extents[i];
      if (overlap || ((at | length) & alignments[i]) !== 0 || length > most || fills[i] !== 0) mask |= 1 << i;
    }
    return mask;
  }

  /**
   * Copies elements of a mask, unless they are remembered. May submit and wait.
   * @throws {DrmError} ENOMEM for more than the host spends on it. @throws {VkError}
   */
  repack(sub: SubContext, elements: VertexElements, mask: number, range: FetchRange): void {
    for (let i = 0; i < elements.count; i++) {
      if ((mask >>> i & 1) === 0) continue;
      const binding = sub.vertexBuffers[elements.buffers[i]], divisor = elements.divisors[i];
      const first = divisor === 0 ? range.vertex : range.instance;
      const end = divisor === 0 ? range.vertexEnd : range.instance + Math.ceil(range.instances / divisor);
      this.handles[i] = this.#find(binding, elements, i, first, end);
    }
  }

  #find(binding: BufferBinding, elements: VertexElements, i: number, from: number, to: number): bigint {
    const { resource, length: stride } = binding, offset = binding.offset + elements.offsets[i];
    const taken = elements.extents[i], fill = elements.fills[i];
    const made = fill === 0 ? taken : taken / 3 * 4;
    this.strides[i] = stride === 0 ? 0 : made;
    const room = (resource?.buffer?.size ?? 0) - offset - taken;
    if (resource === undefined || room < 0) return 0n;
    const there = stride === 0 ? 1 : Math.floor(room / stride) + 1;
    let first = stride === 0 ? 0 : Math.max(0, from), end = stride === 0 ? 1 : Math.min(there, to);
    if (first >= end) return 0n;
    for (let at = this.#copies.length - 1; at >= 0; at--) {
      const copy = this.#copies[at];
      if (
        copy.resource !== resource || copy.offset !== offset || copy.stride !== stride || copy.taken !== taken ||
        copy.fill !== fill
      ) continue;
      this.#copies.splice(at, 1);
      if (copy.version === resource.version) {
        if (copy.first <= first && copy.end >= end) {
          this.#copies.push(copy);
          return copy.buffer.handle;
        }
        // Drawn piece by piece, and not written meanwhile: once for all.
        first = 0;
        end = there;
      }
      this.#drop(copy);
      break;
    }
    return this.#make(resource, offset, stride, taken, made, fill, first, end).buffer.handle;
  }

  #make(
    resource: VirglResource,
    offset: number,
    stride: number,
    taken: number,
    made: number,
    fill: number,
    first: number,
    end: number,
  ): Copy {
    const { gpu } = this.#engine, size = Math.ceil(end * made / 16) * 16;
    this.#forget(size);
    const span = (end - first - 1) * stride + taken;
    const source = bytesNow(this.#engine, resource, offset + first * stride, span);
    const buffer = gpu.device.createBuffer({ size, usage: VK_BUFFER_USAGE_VERTEX_BUFFER_BIT, memory: "upload" });
    const { bytes } = buffer;
    bytes.fill(0, 0, first * made);
    let to = first * made;
    for (let i = first, from = 0; i < end; i++, from += stride, to += made) {
      for (let k = 0; k < taken; k++) bytes[to + k] = source[from + k];
      for (let k = taken; k < made; k++) bytes[to + k] = fill >>> (k - taken) * 8;
    }
    bytes.fill(0, to);
    buffer.allocation.flush(0, size);
    const copy: Copy = { resource, version: resource.version, offset, stride, taken, made, fill, first, end, buffer };
    this.#copies.push(copy);
    this.#bytes += size;
    return copy;
  }

  // Makes room; what belongs to resources that are gone goes first.
  #forget(size: number): void {
    if (size > MOST_BYTES) throw new DrmError("ENOMEM", `Cannot copy vertices into ${size} bytes`);
    for (let i = this.#copies.length - 1; i >= 0; i--) {
      if (this.#copies[i].resource.refs <= 0) this.#drop(this.#copies.splice(i, 1)[0]);
    }
    while (this.#copies.length >= MOST_COPIES || this.#bytes + size > MOST_BYTES) {
      const oldest = this.#copies.shift();
      if (oldest === undefined) break;
      this.#drop(oldest);
    }
  }

  #drop({ buffer }: Copy): void {
    this.#bytes -= buffer.size;
    this.#engine.recorder.disposeLater(buffer);
  }

  /** Frees the copies; the GPU must be idle. */
  [Symbol.dispose](): void {
    for (const { buffer } of this.#copies.splice(0)) buffer[Symbol.dispose]();
  }
}
