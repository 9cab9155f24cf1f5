/**
 * Tessellation control shaders that Gallium implies: where only an evaluation shader is bound, all vertices are passed on, and the
 * levels are those of SET_TESS_STATE.
 * @module
 */

import {
  VIRGL_SHADER_TESS_CTRL,
  VIRGL_SHADER_TESS_EVAL,
  VIRGL_SHADER_VERTEX,
} from "../../../../uapi/virgl_protocol.ts";
import { passthroughControl } from "../../shader/tgsi/mod.ts";
import { Shader } from "./objects/shader.ts";
import type { SubContext } from "./sub_context.ts";

/** How many are remembered. */
const MOST = 64;

/** The implied shaders of a sub-context, and the list of its shaders with one of them. */
export class ImpliedControls implements Disposable {
  readonly #sub: SubContext;
  // By the vertex shader's id and the vertices of a patch; those made last are behind.
  readonly #shaders = new Map<string, Shader>();
  readonly #list: (Shader | undefined)[] = [];

  /** None yet. */
  constructor(sub: SubContext) {
    this.#sub = sub;
  }

  /** Whether a sub-context's shaders imply one. */
  static needed({ shaders }: SubContext): boolean {
    return shaders[VIRGL_SHADER_TESS_EVAL] !== undefined && shaders[VIRGL_SHADER_TESS_CTRL] === undefined &&
      shaders[VIRGL_SHADER_VERTEX] !== undefined;
  }

  /**
   * The bound shaders, with the implied one.
   * @param vertices of a patch, 1 to 32
   * @throws {VirglRefusal} if what the vertex shader gives cannot be passed on
   */
  complete(vertices: number): readonly (Shader | undefined)[] {
    const { shaders } = this.#sub, list = this.#list, vertex = shaders[VIRGL_SHADER_VERTEX];
    for (let i = 0; i < shaders.length; i++) list[i] = shaders[i];
    if (vertex === undefined) return list;
    const key = `${vertex.id}/${vertices}`;
    let shader = this.#shaders.get(key);
    if (shader === undefined) {
      if (this.#shaders.size >= MOST) this.#forgetAll();
      shader = new Shader(this.#sub, VIRGL_SHADER_TESS_CTRL, passthroughControl(vertex.info, vertices), undefined);
      this.#shaders.set(key, shader);
    }
    list[VIRGL_SHADER_TESS_CTRL] = shader;
    return list;
  }

  #forgetAll(): void {
    for (const shader of this.#shaders.values()) shader.drop();
    this.#shaders.clear();
  }

  /** Lets go of them. */
  [Symbol.dispose](): void {
    this.#forgetAll();
  }
}
