/**
 * One ioctl of /dev/dxg: its argument, copied in once, and the client's memory. dxgkrnl copies results back member by member, and
 * makes handles known only when that worked: so do the handlers here.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import type { IoctlArgument } from "../../../core/file.ts";
import { argumentIn, argumentOut } from "../../../core/ioctl.ts";
import type { PageSegment, UserMapping } from "../../../core/memory.ts";
import type { Process } from "../../../core/process.ts";
import type { Struct, View } from "../../../uapi/struct.ts";

/** A call. */
export class Call<A> {
  /** Who calls. */
  readonly task: Process;
  /** The argument, a private copy. */
  readonly args: View<A>;
  readonly #struct: Struct<A>;
  readonly #bytes: Uint8Array;
  readonly #user: IoctlArgument;
  #abandoned = false;

  /** Copies the argument in. Throws EFAULT. */
  constructor(task: Process, struct: Struct<A>, user: IoctlArgument) {
    this.task = task;
    this.#struct = struct;
    this.#user = user;
    this.args = struct.of();
    this.#bytes = struct.bytes(this.args);
    argumentIn(task, user, this.#bytes);
  }

  /** The client is not there any more: nothing can be copied, and what was made is undone as after EFAULT. */
  abandon(): void {
    this.#abandoned = true;
  }

  #check(): void {
    if (this.#abandoned) throw new DrmError("EFAULT", "Cannot copy to the caller: it was interrupted");
  }

  /** Puts another argument in its place. */
  replace(args: View<A>): void {
    this.#bytes.set(this.#struct.bytes(args));
  }

  /** copy_to_user of members of the argument, as `args` has them; of all of it without names. Throws EFAULT. */
  out(...names: readonly (keyof A & string)[]): void {
    this.#check();
    if (names.length === 0) argumentOut(this.task, this.#user, this.#bytes);
    for (const name of names) {
      const field = this.#struct.fields.find((info) => info.name === name);
      if (field === undefined) throw new TypeError(`Cannot copy out ${name}: ${this.#struct.name} has no such member`);
      argumentOut(this.task, this.#user, this.#bytes.subarray(field.offset, field.offset + field.size), field.offset);
    }
  }

  /** copy_from_user. Throws EFAULT. */
  copyIn(address: bigint, target: Uint8Array): void {
    this.#check();
    if (target.length > 0) this.task.memory.copyIn(address, target);
  }

  /** copy_to_user. Throws EFAULT. */
  copyOut(address: bigint, source: Uint8Array): void {
    this.#check();
    if (source.length > 0) this.task.memory.copyOut(address, source);
  }

  /** A struct of the client's. Throws EFAULT. */
  read<T>(address: bigint, struct: Struct<T>): View<T> {
    const value = struct.of();
    this.copyIn(address, struct.bytes(value));
    return value;
  }

  /** A u32 of the client's: a handle. Throws EFAULT. */
  readU32(address: bigint): number {
    const word = new Uint8Array(4);
    this.copyIn(address, word);
    return new DataView(word.buffer).getUint32(0, true);
  }

  /** Handles, or other 32-bit words, of the client's. Throws EFAULT. */
  readU32s(address: bigint, count: number): Uint32Array {
    const words = new Uint32Array(count);
    this.copyIn(address, new Uint8Array(words.buffer));
    return words;
  }

  /** vm_mmap: pages into the client's memory. Throws ENOMEM. */
  map(segment: PageSegment): UserMapping {
    this.#check();
    const { memory } = this.task;
    if (memory.map === undefined) {
      throw new DrmError("ENOMEM", "Cannot map memory of a device into this client: its door cannot do that");
    }
    return memory.map(segment);
  }
}
