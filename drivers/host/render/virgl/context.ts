/**
 * A virgl context: the resources that its commands may name, and its sub-contexts, of which one is current. Mirrors
 * virglrenderer's vrend_context.
 * @module
 */

import { DrmError } from "../../../../core/error.ts";
import type { RenderContext, Resource3d } from "../../../../core/host3d.ts";
import { U32Map } from "../../../../core/u32_map.ts";
import { VkError } from "../../vulkan/mod.ts";
import { drmErrorOf } from "../vk_errno.ts";
import { Budget } from "./budget.ts";
import { decode } from "./decoder.ts";
import type { Engine } from "./engine.ts";
import { LIMITS } from "./limits.ts";
import { badCommand, badResource } from "./refusal.ts";
import { VirglResource } from "./resource.ts";
import { SubContext } from "./sub_context.ts";

/** A context. */
export class VirglContext implements RenderContext {
  /** VIRTIO_GPU_CAPSET_VIRGL or _VIRGL2. */
  readonly capsetId: number;
  /** For people. */
  readonly name: string;
  /** What it executes with: recorder, formats, caches; shared with the other contexts. */
  readonly engine: Engine;
  /** The sub-context that commands act on. */
  current: SubContext;
  readonly #budget = new Budget();
  readonly #resources = new U32Map<VirglResource>();
  readonly #subContexts = new Map<number, SubContext>();
  #lost: string | undefined;
  #open = true;

  /** An empty context, with sub-context 0. */
  constructor(engine: Engine, capsetId: number, name: string) {
    this.engine = engine;
    this.capsetId = capsetId;
    this.name = name;
    this.current = new SubContext(engine, this.#budget);
    this.#subContexts.set(0, this.current);
  }

  /** Why it was lost, if it was. */
  get lost(): string | undefined {
    return this.#lost;
  }

  /** Lets commands name a resource. @throws {DrmError} EEXIST if the id names another one; EINVAL for another renderer's. */
  attach(id: number, resource: Resource3d): void {
    if (!(resource instanceof VirglResource) || !resource.isOf(this.engine.gpu)) {
      throw new DrmError("EINVAL", `Cannot attach resource ${id}: it is another renderer's`);
    }
    if (!Number.isInteger(id) || id <= 0 || id > 0xffff_ffff) {
      throw new DrmError("EINVAL", `Cannot attach a resource as ${id}: ids are 1 to 2^32 - 1`);
    }
    const known = this.#resources.get(id);
    if (known === resource) return;
    if (known !== undefined) throw new DrmError("EEXIST", `Cannot attach resource ${id}: the id names another one`);
    this.#resources.set(id, resource);
    resource.ref();
  }

  /** Ends that; an id that names nothing is nothing to end. */
  detach(id: number): void {
    const resource = this.#resources.get(id);
    if (resource === undefined) return;
    this.#resources.delete(id);
    resource.unref();
  }

  /** A resource by the client's id, or undefined. */
  find(id: number): VirglResource | undefined {
    return id === 0 ? undefined : this.#resources.get(id);
  }

  /** A resource by the client's id. @throws {VirglRefusal} if it names none. */
  resource(id: number): VirglResource {
    const resource = id === 0 ? undefined : this.#resources.get(id);
    if (resource === undefined) throw badResource(`Cannot find resource ${id}: this context has none of that id`);
    return resource;
  }

  /** Executes commands; see core/host3d.ts. */
  submit(words: Uint32Array, count: number): void {
    if (this.#lost !== undefined) throw new DrmError("EIO", `Cannot submit: the context was lost: ${this.#lost}`);
    if (!this.#open) throw new DrmError("EIO", "Cannot submit: the context is gone");
    if (!(count >= 0 && count <= words.length)) {
      throw new DrmError("EINVAL", `Cannot submit ${count} words: there are ${words.length}`);
    }
    const { recorder } = this.engine;
    recorder.payer = this.#budget;
    try {
      decode(this, words, count);
    } catch (caught) {
      const error = caught instanceof VkError ? drmErrorOf(caught, "Cannot execute a command") : caught;
      this.#lost = error instanceof Error ? error.message : String(error);
      this.engine.disown();
      throw error;
    } finally {
      recorder.payer = undefined;
    }
  }

  /** Makes a sub-context. @throws {VirglRefusal} if there are too many; one that exists stays as it is. */
  createSubContext(id: number): void {
    if (this.#subContexts.has(id)) return;
    if (this.#subContexts.size >= LIMITS.subContexts) {
      throw badCommand(`Cannot make sub-context ${id}: there are ${this.#subContexts.size}`);
    }
    this.#subContexts.set(id, new SubContext(this.engine, this.#budget));
  }

  /** Makes a sub-context current. One that does not exist changes nothing, as in virglrenderer. */
  useSubContext(id: number): void {
    const next = this.#subContexts.get(id);
    if (next === undefined || next === this.current) return;
    this.current = next;
  }

  /** Ends a sub-context; of the current one, 0 becomes current. Sub-context 0 ends with the context only. */
  destroySubContext(id: number): void {
    const sub = this.#subContexts.get(id);
    if (sub === undefined || id === 0) return;
    this.#subContexts.delete(id);
    if (sub === this.current) this.useSubContext(0);
    sub[Symbol.dispose]();
  }

  /** Ends it with all that it holds; the GPU may still execute what was submitted. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    for (const sub of this.#subContexts.values()) sub[Symbol.dispose]();
    this.#subContexts.clear();
    for (const resource of this.#resources.values()) resource.unref();
    this.#resources.clear();
  }
}
