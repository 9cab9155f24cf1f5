/**
 * A model of a client of /dev/dxg: what it has by now (live and stale), random choices that repeat, and memory for what pointers
 * name. dxg_model_calls.ts makes calls of it that mostly succeed.
 */

import { assert } from "@std/assert";
import { DrmError } from "udrm/core/error.ts";
import type { LocalProcess, OpenFile } from "udrm/core/process.ts";
import { Wait } from "udrm/core/wait.ts";
import type { DxgIoctl } from "udrm/uapi/d3dkmthk.ts";
import { bytesOf, type StructView } from "udrm/uapi/struct.ts";

/** Kinds of what a client has. */
export type Kind =
  | "adapter"
  | "device"
  | "context"
  | "hwqueue"
  | "paging"
  | "allocation"
  | "resource"
  | "fence"
  | "legacy"
  | "va"
  | "code"
  | "resourceFd"
  | "fenceFd"
  | "syncFile"
  | "eventFd";

/** One thing. */
export interface Item {
  /** Its handle, descriptor, or address. */
  readonly handle: number;
  /** The device that it belongs to; 0 for those of none. */
  readonly device: number;
  /** A size, a value: what its kind needs. */
  readonly more: number;
}

const NOTHING: Item = { handle: 0, device: 0, more: 0 };
/** Things of a kind at once: older ones are forgotten, but stay alive. */
const MOST = 12;
const SCRATCH = 16384;

/** Choices that the same seed repeats (mulberry32). */
export class Choices {
  #state: number;

  /** @param seed any 32 bits. */
  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** 32 bits. */
  next(): number {
    this.#state = this.#state + 0x6d2b79f5 | 0;
    let t = Math.imul(this.#state ^ this.#state >>> 15, 1 | this.#state);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return (t ^ t >>> 14) >>> 0;
  }

  /** 0 to `n` - 1. */
  below(n: number): number {
    return this.next() % n;
  }

  /** Once in `n` times. */
  rarely(n: number): boolean {
    return this.below(n) === 0;
  }

  /** One of them. */
  one<T>(...values: readonly [T, ...T[]]): T {
    return values[this.below(values.length)] ?? values[0];
  }
}

/** A call, and what the client has once it has succeeded. */
export interface ModelCall {
  /** The argument. */
  readonly arg: StructView;
  /** Hears of success. */
  readonly done?: () => void;
}

/** The client. */
export class DxgModel {
  readonly task: LocalProcess;
  readonly file: OpenFile;
  readonly luid: { readonly a: number; readonly b: number };
  /** How often each ioctl has succeeded, by its name. */
  readonly succeeded: Map<string, number> = new Map();
  /** Choices of this step. */
  random = new Choices(0);
  readonly #pools = new Map<Kind, Item[]>();
  readonly #stale: Item[] = [];
  readonly #scratch: { readonly address: bigint; readonly bytes: Uint8Array };
  #at = 0;

  /** @param task with `file`, its /dev/dxg, open. @param luid of the adapter. */
  constructor(task: LocalProcess, file: OpenFile, luid: { readonly a: number; readonly b: number }) {
    this.task = task;
    this.file = file;
    this.luid = luid;
    this.#scratch = task.alloc(SCRATCH);
  }

  #pool(kind: Kind): Item[] {
    let pool = this.#pools.get(kind);
    if (pool === undefined) this.#pools.set(kind, pool = []);
    return pool;
  }

  /** Live things of a kind, of one device if one is given. */
  all(kind: Kind, device = 0): Item[] {
    return this.#pool(kind).filter((item) => device === 0 || item.device === 0 || item.device === device);
  }

  /** A thing of a kind; sometimes one that was destroyed, or of another kind; nothing if there is none. */
  pick(kind: Kind, device = 0): Item {
    const { random } = this;
    if (random.rarely(40) && this.#stale.length > 0) return this.#stale[random.below(this.#stale.length)] ?? NOTHING;
    const list = this.all(kind, device);
    return list[random.below(Math.max(1, list.length))] ?? NOTHING;
  }

  /** The client has something more. */
  keep(kind: Kind, handle: number, device = 0, more = 0): void {
    const pool = this.#pool(kind);
    pool.push({ handle, device, more });
    if (pool.length > MOST) pool.splice(this.random.below(MOST), 1);
  }

  /** The client has it no more; its handle stays known. */
  drop(kind: Kind, handle: number): void {
    const pool = this.#pool(kind);
    for (let i = pool.length - 1; i >= 0; i--) if (pool[i].handle === handle) this.#stale.push(...pool.splice(i, 1));
    if (this.#stale.length > 64) this.#stale.splice(0, 32);
  }

  /** A device ends, and all that is in it. */
  dropDevice(device: number): void {
    for (const pool of this.#pools.values()) {
      for (let i = pool.length - 1; i >= 0; i--) if (pool[i].device === device) this.#stale.push(...pool.splice(i, 1));
    }
    this.drop("device", device);
  }

  /** Room in the client's memory, zero, until the next call. */
  room(size: number): { readonly address: bigint; readonly bytes: Uint8Array } {
    const at = this.#at;
    this.#at = at + Math.ceil(size / 8) * 8;
    assert(this.#at <= SCRATCH);
    return { address: this.#scratch.address + BigInt(at), bytes: this.#scratch.bytes.subarray(at, at + size) };
  }

  /** Bytes in the client's memory; their address. */
  put(bytes: Uint8Array): bigint {
    const room = this.room(bytes.length);
    room.bytes.set(bytes);
    return room.address;
  }

  /** Words; their address. */
  words(...values: readonly number[]): bigint {
    return this.put(new Uint8Array(Uint32Array.from(values).buffer));
  }

  /** 64-bit values; their address. */
  longs(...values: readonly bigint[]): bigint {
    return this.put(new Uint8Array(BigUint64Array.from(values).buffer));
  }

  /**
   * Makes a call, as it is or with something wrong in it.
   *
   * @param seed of all choices. @param make the argument. @param isWild whether a word of it is changed. @returns whether it succeeded
   */
  run({ name, request }: DxgIoctl, seed: number, make: (model: DxgModel) => ModelCall, isWild: boolean): boolean {
    this.random = new Choices(seed);
    this.#scratch.bytes.fill(0);
    this.#at = 0;
    const { arg, done } = make(this);
    const bytes = bytesOf(arg);
    if (isWild) this.#spoil(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    let result: number;
    try {
      const answer = this.file.file.ioctl(this.task, request as number, bytes);
      if (answer instanceof Wait) {
        this.task.system.pump();
        answer.cancel();
        assert(Number.isInteger(answer.result), `${name} waits on`);
        return false;
      }
      result = answer;
    } catch (error) {
      if (!(error instanceof DrmError)) throw error;
      return false;
    }
    assert(Number.isInteger(result), `${name}: ${result}`);
    if (result < 0) return false;
    if (!isWild) {
      this.succeeded.set(name, (this.succeeded.get(name) ?? 0) + 1);
      done?.();
    }
    return true;
  }

  #spoil(view: DataView): void {
    const { random } = this;
    const words = view.byteLength >> 2;
    for (let i = random.below(3); i >= 0; i--) {
      const at = random.below(words) * 4;
      const old = view.getUint32(at, true);
      const value = random.one(
        0,
        1,
        2,
        0xffff_ffff,
        0x8000_0000,
        0x7fff_ffff,
        old + 1,
        old ^ 1 << random.below(32),
        old ^ 0x40,
      );
      view.setUint32(at, random.rarely(4) ? random.next() : value >>> 0, true);
    }
    // A pointer to where the client's memory ends.
    if (random.rarely(4) && words > 1) {
      const at = random.below(words >> 1) * 8;
      view.setBigUint64(at, this.#scratch.address + BigInt(SCRATCH - random.below(24)), true);
    }
  }
}
