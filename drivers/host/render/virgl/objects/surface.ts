/**
 * VIRGL_OBJECT_SURFACE: a level and layers of a texture as an attachment. Mirrors pipe_surface.
 * @module
 */

import { virglFormat } from "../../../../../uapi/virgl_format.ts";
import { VIRGL_OBJECT_SURFACE } from "../../../../../uapi/virgl_protocol.ts";
import type { VirglContext } from "../context.ts";
import type { GpuFormat } from "../formats.ts";
import { VirglObject } from "../object.ts";
import { badFormat, badSurface } from "../refusal.ts";
import type { VirglResource } from "../resource.ts";

/** A surface. */
export class Surface extends VirglObject {
  readonly type = VIRGL_OBJECT_SURFACE;
  /** Whose. */
  readonly resource: VirglResource;
  /** How it is seen. */
  readonly format: GpuFormat;
  /** Its level. */
  readonly level: number;
  /** Its first layer, or slice of a 3D texture. */
  readonly firstLayer: number;
  /** How many. */
  readonly layers: number;
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Samples. */
  readonly samples: number;
  /** The VkImageView; 0n if nothing can render to the format. */
  readonly view: bigint;

  /** Makes it. @throws {VirglRefusal} for what is no attachment. @throws {DrmError} for a level or layer that is none */
  constructor(context: VirglContext, words: Uint32Array, at: number, length: number) {
    super();
    const resource = context.resource(words[at]), number = words[at + 1];
    const format = context.engine.formats.of(number);
    if (format === undefined) {
      throw badFormat(`Cannot make a surface of format ${virglFormat(number)?.name ?? number}: it is none here`);
    }
    if (resource.image === undefined) throw badSurface("Cannot make a surface of a buffer");
    const layers = words[at + 3], first = layers & 0xffff, last = layers >>> 16;
    // MSAA_SURFACE: samples that exist while it is rendered to only.
    if (length > 4 && words[at + 4] > 1 && words[at + 4] !== resource.samples) {
      throw badSurface(`Cannot make a surface of ${words[at + 4]} samples: its texture has ${resource.samples}`);
    }
    this.level = words[at + 2];
    this.firstLayer = first;
    this.layers = last - first + 1;
    // Mesa makes surfaces of what it then finds unfit; framebuffers refuse them.
    const fit = format.canRender || format.canDepth;
    this.view = fit ? resource.attachmentView(format, this.level, first, this.layers) : 0n;
    this.format = format;
    this.width = resource.levelWidth(this.level);
    this.height = resource.levelHeight(this.level);
    this.samples = resource.samples;
    this.resource = resource;
    resource.ref();
  }

  protected override release(): void {
    this.resource.unref();
  }
}
