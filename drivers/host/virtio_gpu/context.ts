/**
 * Contexts of a virtio-gpu guest (virtio 1.3 section 5.7.6.8): what an id names, which resources it may use, its rings.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import type { RenderContext, Renderer3d } from "../../../core/host3d.ts";
import { U32Map } from "../../../core/u32_map.ts";
import type { HostResource, ResourceTable } from "./resource.ts";
import type { Ring } from "./rings.ts";

/** What a resource in a context is charged, bytes. */
const ATTACHMENT_COST = 128;

/** A context. */
export class HostContext {
  /** The id that the guest gave it, not 0. */
  readonly id: number;
  /** What executes its commands. */
  readonly context: RenderContext;
  /** What it may use. */
  readonly resources: Set<HostResource> = new Set();
  #rings: (Ring | undefined)[] | undefined = undefined;

  /** @param id not 0. @param context what executes. */
  constructor(id: number, context: RenderContext) {
    this.id = id;
    this.context = context;
  }

  /** One of its rings. @param index 0 to 63. */
  ring(index: number): Ring {
    return (this.#rings ??= [])[index] ??= { batch: 0 };
  }
}

/** The contexts of one guest. */
export class ContextTable {
  readonly #byId = new U32Map<HostContext>();
  readonly #resources: ResourceTable;
  readonly #limit: number;

  /** @param resources what pays for attachments. @param limit contexts at once. */
  constructor(resources: ResourceTable, limit: number) {
    this.#resources = resources;
    this.#limit = limit;
  }

  /** Contexts. */
  get count(): number {
    return this.#byId.size;
  }

  /** The context with this id, or undefined. */
  get(id: number): HostContext | undefined {
    return this.#byId.get(id);
  }

  /** CTX_CREATE with an id that is free. Throws ENOMEM, and what the renderer throws. */
  create(renderer: Renderer3d, id: number, capsetId: number, name: string): void {
    if (this.#byId.size >= this.#limit) {
      throw new DrmError("ENOMEM", `Cannot make context ${id}: there are ${this.#limit} already`);
    }
    this.#byId.set(id, new HostContext(id, renderer.createContext(capsetId, name)));
  }

  /** CTX_ATTACH_RESOURCE; once more does nothing. Throws ENOMEM, and what the renderer throws. */
  attach(context: HostContext, resource: HostResource): void {
    if (context.resources.has(resource)) return;
    this.#resources.charge(ATTACHMENT_COST);
    try {
      // A blob of guest memory is nothing that commands could name.
      if (resource.resource3d !== undefined) context.context.attach(resource.id, resource.resource3d);
    } catch (error) {
      this.#resources.refund(ATTACHMENT_COST);
      throw error;
    }
    context.resources.add(resource);
    (resource.contexts ??= new Set()).add(context);
  }

  /** CTX_DETACH_RESOURCE; of one that is not attached, does nothing. */
  detach(context: HostContext, resource: HostResource): void {
    if (!context.resources.delete(resource)) return;
    resource.contexts?.delete(context);
    this.#resources.refund(ATTACHMENT_COST);
    if (resource.resource3d !== undefined) context.context.detach(resource.id);
  }

  /** A resource goes: no context may use it any more. */
  forget(resource: HostResource): void {
    for (const context of resource.contexts ?? []) this.detach(context, resource);
  }

  /** CTX_DESTROY. */
  destroy(context: HostContext): void {
    if (!this.#byId.delete(context.id)) return;
    for (const resource of context.resources) this.detach(context, resource);
    context.context[Symbol.dispose]();
  }

  /** Destroys all. */
  clear(): void {
    for (const context of [...this.#byId.values()]) this.destroy(context);
  }
}
