/**
 * A sign of life between two processes: a word of shared memory that is odd while one of them works.
 * @module
 */

import { F_SEAL_GROW, F_SEAL_SEAL, F_SEAL_SHRINK, Mapping, openMemfd } from "../../os/mod.ts";
import type { Rest } from "./session.ts";

const SIZE = 4096;

/** One end of it. */
export class Pulse implements Rest, Disposable {
  readonly #mapping: Mapping;
  readonly #word: Int32Array;

  /** @param fd its memfd; stays the caller's. @throws {OsError} if it cannot be mapped */
  constructor(fd: number) {
    this.#mapping = Mapping.map(fd, SIZE);
    this.#word = new Int32Array(this.#mapping.buffer, 0, 1);
  }
  /** A memfd for two. @throws {OsError} EMFILE, ENFILE */
  static create(): number {
    return openMemfd("pulse", SIZE, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
  }
  /** Where it is: odd while the other one works, another number for each piece of work. */
  get beat(): number {
    return Atomics.load(this.#word, 0);
  }
  /** Work is over. */
  begin(): void {
    if ((this.#word[0] & 1) !== 0) Atomics.add(this.#word, 0, 1);
  }
  /** Work begins. */
  end(): void {
    if ((this.#word[0] & 1) === 0) Atomics.add(this.#word, 0, 1);
  }
  [Symbol.dispose](): void {
    this.#mapping[Symbol.dispose]();
  }
}
