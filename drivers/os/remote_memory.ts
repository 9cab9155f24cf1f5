// core's `UserMemory` over another process: process_vm_readv(2) and process_vm_writev(2).
import { DrmError } from "../../core/error.ts";
import type { UserMemory } from "../../core/memory.ts";
import { ERRNO } from "../../uapi/errno.ts";
import { CMemory } from "./c_memory.ts";
import { libc, orErrno } from "./libc.ts";

/** Copies up to this go by a buffer of ours: 30 ns, where the address of the caller's costs 210. */
const BOUNCE = 4096;
const { EPERM, ESRCH } = ERRNO;

let localIovec: CMemory | undefined;
let remoteIovec: CMemory | undefined;
let bounce: CMemory | undefined;

/** The memory of another process, reached with its consent (ptrace rules: an ancestor, or PR_SET_PTRACER). */
export class RemoteMemory implements UserMemory {
  /** The process. */
  readonly pid: number;

  /**
   * Nothing is checked before the first copy.
   *
   * @param pid the process, as the kernel vouches for it (SO_PEERCRED)
   */
  constructor(pid: number) {
    this.pid = pid;
  }

  /**
   * copy_from_user.
   *
   * @param address in that process
   * @param target filled whole
   * @throws {DrmError} EFAULT if any byte is out of reach, EPERM if the system forbids it, ESRCH if the process has ended
   */
  copyIn(address: bigint, target: Uint8Array): void {
    if (target.length === 0) return;
    if (target.length > BOUNCE) return this.#transfer(address, target, false);
    bounce ??= new CMemory(BOUNCE);
    this.#run(address, bounce.address, target.length, false);
    if (target.length === BOUNCE) target.set(bounce.bytes);
    else target.set(bounce.bytes.subarray(0, target.length));
  }

  /**
   * copy_to_user.
   *
   * @param address in that process
   * @param source stored whole
   * @throws {DrmError} EFAULT if any byte is out of reach, EPERM if the system forbids it, ESRCH if the process has ended
   */
  copyOut(address: bigint, source: Uint8Array): void {
    if (source.length === 0) return;
    if (source.length > BOUNCE) return this.#transfer(address, source, true);
    bounce ??= new CMemory(BOUNCE);
    bounce.bytes.set(source);
    this.#run(address, bounce.address, source.length, true);
  }

  #transfer(address: bigint, bytes: Uint8Array, out: boolean): void {
    // A large typed array lies outside the moving heap, so that its address holds for the call.
    const pointer = Deno.UnsafePointer.of(bytes as Uint8Array<ArrayBuffer>);
    this.#run(address, Deno.UnsafePointer.value(pointer), bytes.length, out);
  }

  #run(address: bigint, local: bigint, length: number, out: boolean): void {
    const c = libc();
    const near = localIovec ??= new CMemory(16);
    const far = remoteIovec ??= new CMemory(16);
    let left = BigInt(length);
    let from = BigInt.asUintN(64, address);
    // A transfer may stop short at a page that is out of reach, or at the kernel's 2 GiB a call: go on until it does not move.
    for (;;) {
      near.view.setBigUint64(0, local, true);
      near.view.setBigUint64(8, left, true);
      far.view.setBigUint64(0, from, true);
      far.view.setBigUint64(8, left, true);
      const moved = out
        ? c.process_vm_writev(this.pid, near.pointer, 1n, far.pointer, 1n, 0n)
        : c.process_vm_readv(this.pid, near.pointer, 1n, far.pointer, 1n, 0n);
      if (moved === left) return;
      if (moved <= 0n) throw this.#error(moved < 0n ? orErrno(-1) : 0, address, length);
      left -= moved;
      local += moved;
      from += moved;
    }
  }

  #error(errno: number, address: bigint, length: number): DrmError {
    if (errno === -EPERM) {
      return new DrmError(
        "EPERM",
        `Cannot reach the memory of process ${this.pid}: the system forbids it (kernel.yama.ptrace_scope, or another user)`,
      );
    }
    if (errno === -ESRCH) return new DrmError("ESRCH", `Cannot reach the memory of process ${this.pid}: it has ended`);
    return new DrmError("EFAULT", `Cannot reach ${length} bytes at 0x${address.toString(16)} of process ${this.pid}`);
  }
}
