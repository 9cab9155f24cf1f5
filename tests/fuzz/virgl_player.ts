/**
 * Plays scripts to a renderer, as a server does for its clients: nothing that a client does may throw anything but a DrmError,
 * and after a wrong command its context is lost.
 * @module
 */

import { DrmError } from "udrm/core/error.ts";
import { GuestMemory } from "udrm/core/guest_memory.ts";
import type { RenderContext, Renderer3d, Resource3d } from "udrm/core/host3d.ts";
import { SharedPages } from "udrm/drivers/bus/vtest/shared_pages.ts";
import { VIRTIO_GPU_CAPSET_VIRGL2 } from "udrm/uapi/virtio_gpu.ts";
import type { Script, Step } from "./virgl_script.ts";

/** The most that a client here shares, bytes. */
const SHARED_BYTES = 1 << 20;
/** The most that it reads at once. */
const READ_BYTES = 16 << 20;

/** Memory that clients share with the renderer, one after the other. */
export class ClientMemory implements Disposable {
  readonly memory = new GuestMemory();
  readonly #pages = new SharedPages(SHARED_BYTES);
  readonly #slot = this.memory.add(this.#pages, 0, SHARED_BYTES);

  /** A backing of some bytes of it; odd numbers are scattered. */
  backing(id: number, size: number) {
    const length = Math.min(size, SHARED_BYTES / 2), start = this.#slot.gpa + (id * 4096) % (SHARED_BYTES / 2);
    const cut = id % 2 === 1 && length > 64 ? Math.floor(length / 2) : length;
    const gpas = cut < length ? [start + SHARED_BYTES / 4, start] : [start];
    return { memory: this.memory, gpas, lengths: cut < length ? [cut, length - cut] : [length], size: length };
  }

  [Symbol.dispose](): void {
    this.memory.remove(this.#slot);
    this.#pages[Symbol.dispose]();
  }
}

/** A client of a renderer. */
export class Player implements Disposable {
  readonly context: RenderContext;
  readonly #renderer: Renderer3d;
  readonly #memory: ClientMemory | undefined;
  readonly #resources = new Map<number, Resource3d>();
  /** Errors that it met. */
  errors = 0;

  constructor(renderer: Renderer3d, memory: ClientMemory | undefined, name: string) {
    this.#renderer = renderer;
    this.#memory = memory;
    this.context = renderer.createContext(VIRTIO_GPU_CAPSET_VIRGL2, name);
  }

  /**
   * Does a step.
   * @returns what was read, if anything was. @throws what is no DrmError, and an Error if a context that met a wrong command goes on
   */
  step(step: Step): Uint8Array | undefined {
    try {
      return this.#do(step);
    } catch (error) {
      if (!(error instanceof DrmError)) throw error;
      this.errors++;
      if (step.kind === "submit" && this.context.lost === undefined) {
        throw new Error(`The context goes on after "${error.message}"`, { cause: error });
      }
      return undefined;
    }
  }

  #do(step: Step): Uint8Array | undefined {
    const renderer = this.#renderer;
    if (step.kind === "submit") {
      this.context.submit(step.words, step.words.length);
      renderer.submit();
      return undefined;
    }
    const resource = this.#resources.get(step.id);
    if (step.kind === "create") {
      if (resource !== undefined) throw new DrmError("EEXIST", `Cannot make resource ${step.id}: it exists`);
      const made = renderer.createResource3d(step.info);
      this.#resources.set(step.id, made);
      this.context.attach(step.id, made);
      if (step.shared > 0) renderer.setBacking(made, this.#memory?.backing(step.id, step.shared));
      return undefined;
    }
    if (resource === undefined) throw new DrmError("ENOENT", `Cannot find resource ${step.id}`);
    switch (step.kind) {
      case "unref":
        this.#resources.delete(step.id);
        this.context.detach(step.id);
        renderer.destroyResource(resource);
        return undefined;
      case "put":
        renderer.writeResource(resource, step.transfer, step.bytes);
        return undefined;
      case "get": {
        if (step.size > READ_BYTES) throw new DrmError("ENOMEM", `Cannot read ${step.size} bytes`);
        const bytes = new Uint8Array(step.size);
        renderer.readResource(resource, step.transfer, bytes);
        return bytes;
      }
      case "toHost":
        renderer.transferToHost3d(resource, step.transfer);
        return undefined;
      case "fromHost":
        renderer.transferFromHost3d(resource, step.transfer);
        return undefined;
    }
  }

  /** Plays all of a script; a context that is lost stays so. */
  play(script: Script): void {
    let refused = 0;
    for (const step of script.steps) {
      // A lost context refuses; that it does so always is seen after a few.
      if (this.context.lost !== undefined && refused++ > 4) break;
      this.step(step);
    }
  }

  /** It is gone, with all that it has. */
  [Symbol.dispose](): void {
    this.context[Symbol.dispose]();
    for (const resource of this.#resources.values()) this.#renderer.destroyResource(resource);
    this.#resources.clear();
  }
}
