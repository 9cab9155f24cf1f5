/**
 * What dispatches, and in part draws, are made with: SET_COMPUTE, SET_TABLE, SET_CONSTANTS. Each submission begins with none
 * of it.
 * @module
 */

import type { ComputeProgram } from "./programs.ts";

/** State. */
export class ComputeState {
  /** The table of descriptors. */
  table = 0;
  /** Its entries. */
  tableCount = 0;
  /** 128 bytes of push constants. */
  readonly constants: Uint32Array<ArrayBuffer> = new Uint32Array(32);
  #program: ComputeProgram | undefined;

  /** The shader. */
  get program(): ComputeProgram | undefined {
    return this.#program;
  }
  set program(program: ComputeProgram | undefined) {
    if (this.#program !== undefined) this.#program.holders--;
    if (program !== undefined) program.holders++;
    this.#program = program;
  }

  /** Forgets everything. */
  reset(): void {
    this.program = undefined;
    this.table = this.tableCount = 0;
    this.constants.fill(0);
  }
}
