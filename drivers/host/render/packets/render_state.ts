/**
 * What draws are made with: attachments, shaders, state and buffers. Each submission begins with none of it.
 * @module
 */

import type { GraphicsProgram } from "./graphics_programs.ts";
import type { PictureImage } from "./pictures.ts";

/** An attachment of RENDER_BEGIN. */
export interface Attachment {
  /** Where the picture is. */
  readonly va: number;
  /** DXP_FORMAT_*. */
  readonly format: number;
  /** Pixels. */
  readonly width: number;
  /** Lines. */
  readonly height: number;
  /** Bytes a line. */
  readonly pitch: number;
  /** DXP_LOAD, DXP_CLEAR or DXP_DISCARD. */
  readonly load: number;
  /** Whether it is stored. */
  readonly store: boolean;
  /** Clear words. */
  readonly clear: readonly [number, number, number, number];
  /** The image. */
  readonly picture: PictureImage;
}

/** A vertex attribute. */
export interface Attribute {
  /** Below 16. */
  readonly location: number;
  /** Of its vertex buffer. */
  readonly slot: number;
  /** DXP_FORMAT_*. */
  readonly format: number;
  /** Bytes from the vertex on. */
  readonly offset: number;
}

/** A vertex buffer. */
export class VertexBuffer {
  /** Where; meaningless while `size` is 0. */
  va = 0;
  /** Bytes; 0: none is chosen. */
  size = 0;
  /** Bytes from vertex to vertex. */
  stride = 0;
  /** Whether it has data of instances. */
  perInstance = false;
}

/** State. */
export class RenderState {
  /** Attachments between RENDER_BEGIN and RENDER_END, depth last. */
  attachments: readonly Attachment[] = [];
  /** Whether the last is depth. */
  hasDepth = false;
  /** Whether rendering was begun by a packet. */
  isActive = false;
  /** Whether it is begun in the command buffer. */
  isRecording = false;
  /** Whether attachments were cleared: rendering was begun at least once. */
  wasBegun = false;
  /** Area: x, y, width, height. */
  readonly area: [number, number, number, number] = [0, 0, 0, 0];
  /** Layers of the attachments. */
  layers = 1;
  /** SET_GRAPHICS.raster, depth, blend, writeMask. */
  raster = 0;
  /** See `raster`. */
  depth = 0;
  /** See `raster`. */
  blend = 0;
  /** See `raster`. */
  writeMask = 0;
  /** Vertex attributes. */
  attributes: readonly Attribute[] = [];
  /** Vertex buffers by slot. */
  readonly vertexBuffers: readonly VertexBuffer[] = Array.from({ length: 16 }, () => new VertexBuffer());
  /** The index buffer. */
  indices = 0;
  /** Its bytes; 0: none. */
  indexSize = 0;
  /** Whether indices are words. */
  wideIndices = false;
  /** x, y, width, height, near, far; undefined: the area. */
  viewport: readonly number[] | undefined;
  /** x, y, width, height; undefined: the area. */
  scissor: readonly number[] | undefined;
  #program: GraphicsProgram | undefined;

  /** The shaders. */
  get program(): GraphicsProgram | undefined {
    return this.#program;
  }
  set program(program: GraphicsProgram | undefined) {
    if (this.#program !== undefined) this.#program.holders--;
    if (program !== undefined) program.holders++;
    this.#program = program;
  }

  /** Forgets everything; rendering must be over. */
  reset(): void {
    this.program = undefined;
    this.attachments = [];
    this.attributes = [];
    this.isActive =
      this.isRecording =
      this.wasBegun =
      this.hasDepth =
        false;
    for (const buffer of this.vertexBuffers) buffer.size = 0;
    this.indexSize = 0;
    this.viewport = this.scissor = undefined;
  }
}
