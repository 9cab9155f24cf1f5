/**
 * For tests of commands: a client of a validated renderer that makes resources, sends single commands, and looks at the bytes.
 * @module
 */

import type { RenderContext, Resource3dInfo } from "../../../../core/host3d.ts";
import { PIPE_BUFFER, PIPE_TEXTURE_2D } from "../../../../uapi/pipe.ts";
import { VIRGL_FORMAT_R32G32B32A32_FLOAT, VIRGL_FORMAT_R8_UNORM } from "../../../../uapi/virgl_format.ts";
import {
  VIRGL_CCMD_BIND_OBJECT,
  VIRGL_CCMD_BIND_SHADER,
  VIRGL_CCMD_CREATE_OBJECT,
  VIRGL_CCMD_DRAW_VBO,
  VIRGL_CCMD_SET_FRAMEBUFFER_STATE,
  VIRGL_CCMD_SET_VERTEX_BUFFERS,
  VIRGL_CCMD_SET_VIEWPORT_STATE,
  VIRGL_CMD0,
  VIRGL_OBJECT_BLEND,
  VIRGL_OBJECT_DSA,
  VIRGL_OBJECT_RASTERIZER,
  VIRGL_OBJECT_SHADER,
  VIRGL_OBJECT_SURFACE,
  VIRGL_OBJECT_VERTEX_ELEMENTS,
  VIRGL_SHADER_FRAGMENT,
  VIRGL_SHADER_VERTEX,
} from "../../../../uapi/virgl_protocol.ts";
import { VIRTIO_GPU_CAPSET_VIRGL2 } from "../../../../uapi/virtio_gpu.ts";
import { virglContexts } from "./contexts.ts";
import type { VirglResource } from "./resource.ts";
import { withVirgl, type WithVirglOptions } from "./testing.ts";
import type { Virgl } from "./virgl.ts";

/** A client with one context. */
export class TestClient {
  /** The renderer. */
  readonly virgl: Virgl;
  #context: RenderContext;
  readonly #resources: VirglResource[] = [];
  #handles = 1000;

  /** Without resources. */
  constructor(virgl: Virgl) {
    this.virgl = virgl;
    this.#context = virgl.createContext(VIRTIO_GPU_CAPSET_VIRGL2, "test");
  }

  /** A resource by its id, from 1 on. */
  resource(id: number): VirglResource {
    const found = this.#resources[id - 1];
    if (found === undefined) throw new TypeError(`Cannot find resource ${id}`);
    return found;
  }

  /** Makes a resource. @returns its id */
  make(info: Partial<Resource3dInfo> & { readonly format: number }): number {
    const resource = this.virgl.createResource3d({
      target: PIPE_TEXTURE_2D,
      bind: 0,
      width: 1,
      height: 1,
      depth: 1,
      arraySize: 1,
      lastLevel: 0,
      nrSamples: 0,
      flags: 0,
      ...info,
    });
    const id = this.#resources.push(resource);
    this.#context.attach(id, resource);
    return id;
  }

  /** Makes a buffer. @returns its id */
  makeBuffer(size: number): number {
    return this.make({ target: PIPE_BUFFER, format: VIRGL_FORMAT_R8_UNORM, width: size });
  }

  /** Frees a resource. */
  destroy(id: number): void {
    this.#context.detach(id);
    this.virgl.destroyResource(this.resource(id));
  }

  /** Executes a command. A wrong one throws; the client goes on with a new context. */
  run(command: number, ...words: number[]): void {
    this.submit([VIRGL_CMD0(command, 0, words.length), ...words]);
  }

  /** Makes an object. */
  create(type: number, handle: number, ...words: number[]): void {
    this.submit([VIRGL_CMD0(VIRGL_CCMD_CREATE_OBJECT, type, words.length + 1), handle, ...words]);
  }

  /** Executes commands. A wrong one throws; the client goes on with a new context. */
  submit(words: readonly number[]): void {
    try {
      this.#context.submit(Uint32Array.from(words, (word) => word >>> 0), words.length);
    } catch (error) {
      this.#context[Symbol.dispose]();
      this.#context = this.virgl.createContext(VIRTIO_GPU_CAPSET_VIRGL2, "test");
      this.#resources.forEach((resource, i) => {
        if (!resource.destroyed) this.#context.attach(i + 1, resource);
      });
      throw error;
    }
  }

  /** Renders to level 0, all layers, of resources from now on. */
  render(
    colors: readonly (readonly [id: number, format: number])[],
    depth?: readonly [id: number, format: number],
  ): void {
    const surface = (of: readonly [number, number] | undefined) => {
      if (of === undefined) return 0;
      const handle = this.#handles++;
      const last = this.resource(of[0]).levelDepth(0) - 1;
      this.create(VIRGL_OBJECT_SURFACE, handle, of[0], of[1], 0, last << 16);
      return handle;
    };
    const handles = colors.map(surface);
    this.run(VIRGL_CCMD_SET_FRAMEBUFFER_STATE, handles.length, surface(depth), ...handles);
  }

  /**
   * Binds all that a draw needs: a vertex shader that hands IN[0] on as the position, a white fragment shader, a viewport.
   * @param streamout words of the vertex shader's transform feedback: strides of 4 buffers, 2 words an output
   */
  prepareDraws(width: number, height: number, streamout: readonly number[] = []): void {
    const shader = (handle: number, stage: number, text: string, captured: readonly number[]) => {
      const bytes = new Uint8Array(Math.ceil((text.length + 1) / 4) * 4);
      new TextEncoder().encodeInto(text, bytes);
      const outputs = captured.length === 0 ? 0 : (captured.length - 4) / 2;
      this.create(
        VIRGL_OBJECT_SHADER,
        handle,
        stage,
        text.length + 1,
        300,
        outputs,
        ...captured,
        ...new Uint32Array(bytes.buffer),
      );
      this.run(VIRGL_CCMD_BIND_SHADER, handle, stage);
    };
    shader(501, VIRGL_SHADER_VERTEX, VERTEX_SHADER, streamout);
    shader(502, VIRGL_SHADER_FRAGMENT, FRAGMENT_SHADER, []);
    const bind = (type: number, handle: number, ...words: number[]) => {
      this.create(type, handle, ...words);
      this.submit([VIRGL_CMD0(VIRGL_CCMD_BIND_OBJECT, type, 1), handle]);
    };
    bind(VIRGL_OBJECT_BLEND, 503, 0, 0, ...new Array<number>(8).fill(0xf << 27));
    bind(VIRGL_OBJECT_DSA, 504, 0, 0, 0, 0);
    bind(VIRGL_OBJECT_RASTERIZER, 505, 1 << 1 | 1 << 2 | 1 << 29, floatBits(1), 0, 0, floatBits(1), 0, 0, 0);
    bind(VIRGL_OBJECT_VERTEX_ELEMENTS, 506, 0, 0, 0, VIRGL_FORMAT_R32G32B32A32_FLOAT);
    const half = [width / 2, height / 2, 1, width / 2, height / 2, 0].map(floatBits);
    this.run(VIRGL_CCMD_SET_VIEWPORT_STATE, 0, ...half);
  }

  /** Draws triangles of clip coordinates x, y. */
  draw(...corners: readonly (readonly [x: number, y: number])[]): void {
    const vertices = Float32Array.from(corners.flatMap(([x, y]) => [x, y, 0, 1]));
    const id = this.makeBuffer(vertices.byteLength);
    this.write(id, new Uint8Array(vertices.buffer));
    this.run(VIRGL_CCMD_SET_VERTEX_BUFFERS, 16, 0, id);
    this.run(VIRGL_CCMD_DRAW_VBO, 0, corners.length, 4, 0, 1, 0, 0, 0, 0, 0, corners.length - 1, 0);
  }

  /** Fills all of a level with bytes. */
  write(id: number, bytes: Uint8Array, level = 0): void {
    this.virgl.writeResource(this.resource(id), this.#whole(id, level), bytes);
  }

  /** All bytes of a level. */
  read(id: number, level = 0): Uint8Array<ArrayBuffer> {
    const resource = this.resource(id), { blockWidth, blockHeight, blockBytes } = resource.gpuFormat;
    const size = resource.buffer?.size ??
      Math.ceil(resource.levelWidth(level) / blockWidth) * Math.ceil(resource.levelHeight(level) / blockHeight) *
        resource.levelDepth(level) * blockBytes;
    const bytes = new Uint8Array(size);
    this.virgl.readResource(resource, this.#whole(id, level), bytes);
    return bytes;
  }

  #whole(id: number, level: number) {
    const resource = this.resource(id);
    return {
      level,
      stride: 0,
      layerStride: 0,
      x: 0,
      y: 0,
      z: 0,
      width: resource.levelWidth(level),
      height: resource.levelHeight(level),
      depth: resource.levelDepth(level),
      offset: 0,
    };
  }

  /** Waits for the GPU, as a fence does. */
  finish(): void {
    if (!this.virgl.wait(this.virgl.submit(), 10e9)) throw new Error("The GPU has not finished for 10 s");
  }

  /** Gives everything up. */
  [Symbol.dispose](): void {
    this.#context[Symbol.dispose]();
    for (const resource of this.#resources) this.virgl.destroyResource(resource);
  }
}

const VERTEX_SHADER = `VERT
DCL IN[0]
DCL OUT[0], POSITION
  0: MOV OUT[0], IN[0]
  1: END
`;
const FRAGMENT_SHADER = `FRAG
PROPERTY FS_COLOR0_WRITES_ALL_CBUFS 1
DCL OUT[0], COLOR
IMM[0] FLT32 {1.0, 1.0, 1.0, 1.0}
  0: MOV OUT[0], IMM[0]
  1: END
`;

/** The bits of a float. */
export function floatBits(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0];
}

/** Runs `body` with a client, under validation. @throws {Error} if the layers complain, or something is left behind */
export function withClient(body: (client: TestClient) => void, options: WithVirglOptions = {}): Promise<void> {
  return withVirgl((virgl) => {
    const client = new TestClient(virgl);
    try {
      body(client);
    } finally {
      client[Symbol.dispose]();
    }
  }, { ...options, contexts: virglContexts });
}
