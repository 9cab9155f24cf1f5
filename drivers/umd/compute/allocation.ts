/**
 * An allocation with its GPU address, and who uses it: what buffers, kernels and batches of commands are made of.
 * @module
 */

/** Who uses memory: a queue, as an allocation sees it. */
export interface User {
  /** Whether what was submitted up to a value is done. */
  isDone(value: number): boolean;
  /** Waits until it is; submits first what is recorded. */
  waitFor(value: number): void;
}

/** Memory of the GPU. Made by {@linkcode DeviceMemory}. */
export class Allocation {
  /** Its handle. */
  readonly handle: number;
  /** Bytes, whole pages. */
  readonly size: number;
  /** GPU virtual address. */
  readonly address: number;
  /** Its bytes, if the CPU sees it. */
  readonly bytes: Uint8Array | undefined;
  /** The resource that it is, if it can be shared; otherwise 0. */
  readonly resource: number;
  /** Whether it may be used: it is resident, or soon (the paging fence says when). */
  resident = false;
  /** When it was used last, for choosing what is evicted. */
  tick = 0;
  /** The epoch (between two barriers) in which the GPU wrote it last. */
  writtenIn = 0;
  /** The epoch in which the GPU read it last. */
  readIn = 0;
  #user: User | undefined;
  #value = 0;
  #others: { readonly user: User; readonly value: number }[] | undefined;

  /** For DeviceMemory. */
  constructor(handle: number, size: number, address: number, bytes: Uint8Array | undefined, resource: number) {
    this.handle = handle;
    this.resource = resource;
    this.size = size;
    this.address = address;
    this.bytes = bytes;
  }

  /** The batch that becomes `value` of a queue uses it. */
  use(user: User, value: number): void {
    if (this.#user !== user) {
      if (this.#user !== undefined && !this.#user.isDone(this.#value)) {
        (this.#others ??= []).push({ user: this.#user, value: this.#value });
      }
      this.#user = user;
    }
    this.#value = value;
  }

  /** Whether nothing that was recorded or submitted uses it. */
  get isIdle(): boolean {
    if (this.#user !== undefined && !this.#user.isDone(this.#value)) return false;
    this.#others = this.#others?.filter(({ user, value }) => !user.isDone(value));
    if (this.#others?.length === 0) this.#others = undefined;
    return this.#others === undefined;
  }

  /** Waits until nothing uses it. */
  wait(): void {
    this.#user?.waitFor(this.#value);
    for (const { user, value } of this.#others ?? []) user.waitFor(value);
    this.#others = undefined;
  }
}
