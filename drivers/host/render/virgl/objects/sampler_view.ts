/**
 * VIRGL_OBJECT_SAMPLER_VIEW: a texture, or the texels of a buffer, as shaders see it. Mirrors pipe_sampler_view.
 * @module
 */

import { PIPE_BUFFER, PIPE_TEXTURE_3D } from "../../../../../uapi/pipe.ts";
import { virglFormat } from "../../../../../uapi/virgl_format.ts";
import { VIRGL_OBJECT_SAMPLER_VIEW } from "../../../../../uapi/virgl_protocol.ts";
import type { NumericType } from "../../../shader/tgsi/mod.ts";
import type { VirglContext } from "../context.ts";
import { isIdentity } from "../format_names.ts";
import type { GpuFormat } from "../formats.ts";
import { VirglObject } from "../object.ts";
import { badFormat } from "../refusal.ts";
import type { VirglResource } from "../resource.ts";
import { FOR_INTEGERS, FOR_NEAREST, FOR_SWIZZLE } from "./sampler_state.ts";
import { viewClass } from "../view_class.ts";

let nextId = 1;

/** The client's swizzle of a buffer's texels after the format's; 0o3210 where there is nothing to do. */
function texelSwizzle({ swizzle, info }: GpuFormat, asked: number): number {
  const plain = isIdentity(swizzle, info.channels.length);
  if (plain && asked === IDENTITY) return IDENTITY;
  let word = 0;
  for (let i = 0; i < 4; i++) {
    const from = asked >>> i * 3 & 7;
    word |= (from > 3 || plain ? from : swizzle[from]) << i * 3;
  }
  return word;
}

/** R, G, B, A as they are. */
const IDENTITY = 0o3210;

/** A view. */
export class SamplerView extends VirglObject {
  readonly type = VIRGL_OBJECT_SAMPLER_VIEW;
  /** Unique, never used again. */
  readonly id: number = nextId++;
  /** Whose. */
  readonly resource: VirglResource;
  /** How it is seen. */
  readonly format: GpuFormat;
  /** What shaders may sample it as: see view_class.ts. */
  readonly viewClass: number;
  /** What texels are. */
  readonly numeric: NumericType;
  /** The client's swizzle, four times 3 bits of PIPE_SWIZZLE_*; of a buffer, with the format's, as nothing else knows it. */
  readonly swizzle: number;
  /** What its samplers have to be: FOR_* bits. */
  readonly samplerKind: number;
  /** The VkImageView; of a buffer, the VkBufferView. */
  readonly view: bigint;
  /** The same for comparisons, whose one result the shader spreads by itself: without a swizzle. */
  readonly comparing: bigint;

  /** Makes it. @throws {VirglRefusal} and DrmError for what the resource has not */
  constructor(context: VirglContext, words: Uint32Array, at: number) {
    super();
    const resource = context.resource(words[at]), number = words[at + 1] & 0xff_ffff, asked = words[at + 1] >>> 24;
    const a = words[at + 2], b = words[at + 3];
    let format = context.engine.formats.of(number);
    if (format === undefined) {
      throw badFormat(`Cannot make a sampler view of format ${virglFormat(number)?.name ?? number}: it is none here`);
    }
    const swizzle = words[at + 4] & 0o7777;
    this.swizzle = resource.buffer === undefined ? swizzle : texelSwizzle(format, swizzle);
    const target = asked === PIPE_BUFFER ? resource.target : asked;
    if (resource.buffer !== undefined) {
      const offset = a * format.blockBytes;
      this.view = resource.bufferView(format, offset, (b - a + 1) * format.blockBytes);
      this.comparing = this.view;
      this.viewClass = viewClass(PIPE_BUFFER, 1);
    } else {
      // Depth and stencil of one image have formats of their own in Gallium, which Vulkan tells apart by aspect.
      const own = resource.gpuFormat;
      if (own.info.isDepth || own.info.isStencil) {
        format = !format.info.isDepth && format.info.isStencil && own.info.isStencil
          ? { ...format, vk: own.vk, aspect: own.aspect }
          : own;
      }
      const volume = target === PIPE_TEXTURE_3D;
      const seen = format, last = Math.min(b >>> 8 & 0xff, resource.levels - 1);
      const made = (swizzle: number) =>
        resource.sampledView(seen, target, b & 0xff, last, volume ? 0 : a & 0xffff, volume ? 0 : a >>> 16, swizzle);
      this.view = made(this.swizzle);
      this.comparing = seen.info.isDepth && this.swizzle !== 0o3210 ? made(0o3210) : this.view;
      this.viewClass = viewClass(target, resource.samples);
    }
    this.format = format;
    const { info } = format;
    const integer = info.isInteger || (!info.isDepth && info.isStencil);
    this.numeric = !integer ? "float" : info.type === "sint" ? "int" : "uint";
    const plain = info.isDepth || info.isStencil || isIdentity(format.swizzle, info.channels.length);
    this.samplerKind = (integer ? FOR_INTEGERS : 0) | (integer || !format.canFilter ? FOR_NEAREST : 0) |
      (plain ? 0 : format.swizzle.reduce((bits, from, i) => bits | from << i * 3, 0) << FOR_SWIZZLE);
    this.resource = resource;
    resource.ref();
  }

  protected override release(): void {
    this.resource.unref();
  }
}
