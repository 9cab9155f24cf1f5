/**
 * What a draw uses is noted, and what it clashes with since the last barrier has a barrier first; then the pass is open.
 * @module
 */

import type { Bindings } from "./bindings.ts";
import { DIRTY_INDEX_BUFFER, DIRTY_RESOURCES } from "./dirty.ts";
import type { Engine } from "./engine.ts";
import type { VertexElements } from "./objects/vertex_elements.ts";
import type { Program } from "./programs.ts";
import { StorageBindings } from "./storage.ts";
import type { SubContext } from "./sub_context.ts";
import { VERTEX_INPUT } from "./usage.ts";
import type { VertexInput } from "./vertex_input.ts";

/** Notes the uses of draws. */
export class DrawUses {
  readonly #engine: Engine;
  readonly #vertices: VertexInput;
  readonly #bindings: Bindings;
  #stamp = 0;

  /** Prepares. @param vertices binds vertex buffers. @param bindings binds what shaders read */
  constructor(engine: Engine, vertices: VertexInput, bindings: Bindings) {
    this.#engine = engine;
    this.#vertices = vertices;
    this.#bindings = bindings;
  }

  /** Opens the pass of a draw, after a barrier if one is due. @returns the command buffer */
  enter(sub: SubContext, program: Program, elements: VertexElements, indexed: boolean): bigint {
    const { pass, recorder } = this.#engine, { framebuffer, drawHooks: hooks } = sub;
    const open = pass.isOpen(framebuffer), storage = program.layout.sets[2].slots;
    const all = !open || recorder.stamp !== this.#stamp ||
      (sub.dirty & DIRTY_RESOURCES & ~DIRTY_INDEX_BUFFER) !== 0 ||
      storage.length > 0 || hooks.length > 0;
    const index = all || (indexed && (sub.dirty & DIRTY_INDEX_BUFFER) !== 0) ? sub.indexBuffer.resource : undefined;
    if (!all && index === undefined) return recorder.commands;
    let due = index !== undefined && recorder.needsBarrier(index, VERTEX_INPUT);
    if (all) {
      if (!open && pass.needsBarrier(framebuffer)) due = true;
      if (this.#vertices.needsBarrier(sub, elements)) due = true;
      if (this.#bindings.needsBarrier(sub, program)) due = true;
      if (storage.length > 0 && sub.extra(StorageBindings).needsBarrier(storage)) due = true;
      for (let i = 0; i < hooks.length; i++) if (hooks[i].use()) due = true;
    }
    if (due) recorder.barrier();
    const commands = pass.enter(framebuffer);
    if (index !== undefined) recorder.note(index, VERTEX_INPUT);
    if (all || due) {
      // With the barrier of an index buffer alone, all the rest is noted anew, too.
      this.#vertices.note(sub, elements);
      this.#bindings.note(sub, program);
      if (storage.length > 0) sub.extra(StorageBindings).note(storage);
      for (let i = 0; i < hooks.length; i++) hooks[i].use();
    }
    this.#stamp = recorder.stamp;
    return commands;
  }
}
