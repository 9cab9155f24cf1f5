/**
 * One client's state: its version, its context, its resources and timelines, and what it has submitted.
 * @module
 */

import type { RenderContext, Renderer3d, Resource3d, Transfer3d } from "../../../core/host3d.ts";
import { VIRTIO_GPU_CAPSET_VIRGL, VIRTIO_GPU_CAPSET_VIRGL2 } from "../../../uapi/virtio_gpu_3d.ts";
import { VCMD_RESOURCE_BUSY_WAIT } from "../../../uapi/vtest.ts";
import { VtestError } from "./error.ts";
import type { Graveyard } from "./graveyard.ts";
import type { VtestLimits } from "./limits.ts";
import { Output } from "./output.ts";
import { Resources } from "./resources.ts";
import { Syncs } from "./syncs.ts";

/** One client, as its commands find it. */
export class Client implements Disposable {
  /** Who executes. */
  readonly renderer: Renderer3d;
  /** How much it may have. */
  readonly limits: VtestLimits;
  /** The way back. */
  readonly output: Output;
  /** Its resources. */
  readonly resources: Resources;
  /** Its timelines. */
  readonly syncs: Syncs;
  /** What it calls itself. */
  name = "";
  /** The version agreed upon: 0, 2 or 3. */
  version = 0;
  /** A transfer, filled anew for each. */
  readonly transfer: Transfer3d = {
    level: 0,
    stride: 0,
    layerStride: 0,
    x: 0,
    y: 0,
    z: 0,
    width: 0,
    height: 0,
    depth: 0,
    offset: 0,
  };
  readonly #graveyard: Graveyard;
  #context: RenderContext | undefined;
  // Whether there is work that no batch holds yet.
  #dirty = false;
  #last = 0;
  #waiting = false;
  // What is read then; undefined: BUSY_WAIT is answered.
  #reading: Resource3d | undefined;

  /** @param socket the connection; its owner closes it. @param graveyard the renderer's. */
  constructor(socket: number, renderer: Renderer3d, graveyard: Graveyard, limits: VtestLimits) {
    this.renderer = renderer;
    this.limits = limits;
    this.output = new Output(socket);
    this.#graveyard = graveyard;
    this.resources = new Resources(renderer, limits, (thing) => this.#bury(thing));
    this.syncs = new Syncs(limits);
  }

  /** Whether it has a context. */
  get initialized(): boolean {
    return this.#context !== undefined;
  }

  /** Its context, made at the first command that needs one. @throws {DrmError} as `createContext` */
  get context(): RenderContext {
    return this.#context ?? this.initialize(this.#defaultCapset());
  }

  /** Makes its context. @throws {VtestError} if it has one of another set. @throws {DrmError} EINVAL for an unknown set */
  initialize(capset: number): RenderContext {
    if (this.#context !== undefined) {
      if (this.#context.capsetId === capset) return this.#context;
      throw new VtestError(`the context speaks capability set ${this.#context.capsetId}, not ${capset}`);
    }
    return this.#context = this.renderer.createContext(capset, this.name);
  }

  #defaultCapset(): number {
    const has = (id: number): boolean => this.renderer.capsets.some((capset) => capset.id === id);
    return has(VIRTIO_GPU_CAPSET_VIRGL2) ? VIRTIO_GPU_CAPSET_VIRGL2 : VIRTIO_GPU_CAPSET_VIRGL;
  }

  /** Executes. @throws {DrmError} as `RenderContext.submit` */
  submit(words: Uint32Array, count: number): void {
    this.#dirty = true;
    this.context.submit(words, count);
  }

  /** There is work for the next batch. */
  touch(): void {
    this.#dirty = true;
  }

  /** A read has submitted all work, and waited for it. */
  settle(): void {
    this.#dirty = false;
  }

  /** Ends the batch, if there is anything in it. @returns the last batch with work of this client. */
  flush(): number {
    if (this.#dirty) {
      this.#dirty = false;
      this.#last = this.renderer.submit();
    }
    return this.#last;
  }

  /** Ends the batch if the GPU has nothing to do: it need not wait for what the client says next. */
  begin(): void {
    if (this.#dirty && !this.busy) this.flush();
  }

  /** The last batch with work of this client. */
  get last(): number {
    return this.#last;
  }

  /** Whether the GPU has something of it to do. Looks at the device. */
  get busy(): boolean {
    return this.#last > this.renderer.completed();
  }

  /** Executes `transfer` from a resource: once the GPU is done, if that is the quicker way. @throws {DrmError} as `transferFromHost3d` */
  read(resource: Resource3d): void {
    if (resource.readableByCpu === true) {
      this.flush();
      if (this.busy) {
        this.#waiting = true;
        this.#reading = resource;
        return;
      }
    }
    this.renderer.transferFromHost3d(resource, this.transfer);
    this.touch();
  }

  /** Answers BUSY_WAIT once all that was submitted is complete. */
  answerWhenIdle(): void {
    this.flush();
    this.#waiting = true;
    this.look();
  }

  /** Whether it waits for the GPU: none of its messages is looked at meanwhile. */
  get waiting(): boolean {
    return this.#waiting;
  }

  /** Looks at the device, and does what waited for it. */
  look(): void {
    if (!this.#waiting && !this.syncs.pending) return;
    const completed = this.renderer.completed();
    if (this.syncs.pending) this.syncs.complete(completed);
    if (this.#waiting && this.#last <= completed) {
      const reading = this.#reading;
      this.#waiting = false;
      this.#reading = undefined;
      if (reading === undefined) this.output.reply(VCMD_RESOURCE_BUSY_WAIT, 0);
      else this.read(reading);
    }
  }

  #bury(thing: Disposable): void {
    if (!this.#dirty && !this.busy) thing[Symbol.dispose]();
    else this.#graveyard.bury(this.flush(), thing);
  }

  /** It is gone. What the GPU still does for it is done; nobody waits for that. */
  [Symbol.dispose](): void {
    try {
      this.flush();
    } catch {
      // The renderer is broken: whoever still uses it will hear of that.
      this.#dirty = false;
    }
    this.output[Symbol.dispose]();
    this.syncs[Symbol.dispose]();
    this.resources[Symbol.dispose]();
    this.#context?.[Symbol.dispose]();
    this.#context = undefined;
    this.#graveyard.sweep();
  }
}
