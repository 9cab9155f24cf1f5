/**
 * The host's capability sets: which there are, asked when the device starts, and what is in them, asked when a client first wants
 * to know. Mirrors virtio_gpu_get_capsets (virtgpu_kms.c) and virtio_gpu_get_caps_ioctl (virtgpu_ioctl.c).
 * @module
 */

import { DrmError, EBUSY, errnoOf } from "../../../core/error.ts";
import type { GuestSlot } from "../../../core/guest_memory.ts";
import { pageAlign, type Pages } from "../../../core/memory.ts";
import type { Process } from "../../../core/process.ts";
import type { System } from "../../../core/system.ts";
import { Wait } from "../../../core/wait.ts";
import type { View } from "../../../uapi/struct.ts";
import type { drm_virtgpu_get_caps } from "../../../uapi/virtgpu_drm.ts";
import { VIRTIO_GPU_RESP_OK_CAPSET_INFO } from "../../../uapi/virtio_gpu.ts";
import type { VirtioGpu } from "./virtio_gpu.ts";

/** Ids are 1 to 63 (MAX_CAPSET_ID); a device that says it has more sets has none. */
const ID_MAX = 63;
/** The longest set, bytes; the kernel takes what kmalloc gives. */
const SIZE_MAX = 2 ** 20;
/** Sets that are remembered: a device may say that it has billions of versions. */
const CACHE_MAX = 64;
const HEADER_BYTES = 24;
const TIMEOUT = 5e9;
const ENODEV = -19;

interface Capset {
  readonly id: number;
  readonly maxVersion: number;
  readonly maxSize: number;
}

// A set in guest memory, where the device writes it.
interface Cached {
  readonly id: number;
  readonly version: number;
  readonly pages: Pages;
  readonly slot: GuestSlot;
  valid: boolean;
  // What copies it to the client, for each that waits.
  readonly waits: Map<Wait, () => number>;
}

/** The capability sets of one device. */
export class Capsets implements Disposable {
  readonly #gpu: VirtioGpu;
  readonly #system: System;
  readonly #asked: (Capset | undefined)[] = [];
  readonly #cache: Cached[] = [];
  #sets: readonly Capset[] = [];
  #ids = 0n;
  #waiting = 0;

  /** No sets until `query`'s answers are there. @param gpu the device. @param system clock and memory. */
  constructor(gpu: VirtioGpu, system: System) {
    this.#gpu = gpu;
    this.#system = system;
  }

  /** Whether answers of `query` are awaited. */
  get querying(): boolean {
    return this.#waiting > 0;
  }

  /** A bit for each set, as the int of GETPARAM holds them. */
  get mask(): number {
    return Number(BigInt.asIntN(32, this.#ids));
  }

  /** Whether there is a set. @param id 0 to 63. */
  has(id: number): boolean {
    return (this.#ids >> BigInt(id) & 1n) === 1n;
  }

  /** Asks which sets there are. @param count as configuration space says. @throws {DrmError} ENOMEM. */
  query(count: number): void {
    if (count === 0 || count > ID_MAX) return;
    const { queue, commands3d } = this.#gpu;
    queue.prepare(count);
    this.#waiting = count;
    for (let index = 0; index < count; index++) {
      commands3d.getCapsetInfo(index, {
        commandDone: (_command, type, reply, at) => {
          const maxSize = reply[at + 8];
          const known = type === VIRTIO_GPU_RESP_OK_CAPSET_INFO && maxSize <= SIZE_MAX;
          this.#asked[index] = known ? { id: reply[at + 6], maxVersion: reply[at + 7], maxSize } : undefined;
          if (--this.#waiting === 0) this.#answered(count);
        },
      });
    }
    queue.notify();
  }

  // One set that cannot be makes all of them useless; the mask keeps those before it.
  #answered(count: number): void {
    const sets: Capset[] = [];
    for (let i = 0; i < count; i++) {
      const set = this.#asked[i];
      if (set === undefined || set.id === 0 || set.id > ID_MAX) return;
      this.#ids |= 1n << BigInt(set.id);
      sets.push(set);
    }
    this.#sets = sets;
  }

  /** GET_CAPS: waits for the host for 5 s at most, once a set and version. */
  get(arg: View<drm_virtgpu_get_caps>, task: Process): number | Wait {
    if (this.#sets.length === 0) throw new DrmError("ENOSYS", "Cannot read a capability set: the device has none");
    const { cap_set_id: id, cap_set_ver: version, addr, size } = arg;
    if (size === 0) throw new DrmError("EINVAL", "Cannot read a capability set into no bytes");
    const set = this.#sets.find((one) => one.id === id && one.maxVersion >= version);
    if (set === undefined) throw new DrmError("EINVAL", `Cannot read capability set ${id} of version ${version}`);
    const cached = this.#cache.find((one) => one.id === id && one.version === version) ?? this.#ask(set, version);
    const copy = (): number => {
      const length = Math.min(size, set.maxSize);
      task.memory.copyOut(addr, cached.pages.bytes().subarray(HEADER_BYTES, HEADER_BYTES + length));
      return 0;
    };
    if (cached.valid) return copy();
    const { clock } = this.#system;
    const wait: Wait = new Wait({
      clock,
      deadline: clock.now() + TIMEOUT,
      onTimeout: () => EBUSY,
      cleanup: () => cached.waits.delete(wait),
    });
    cached.waits.set(wait, copy);
    return wait;
  }

  #ask({ id, maxSize }: Capset, version: number): Cached {
    if (this.#cache.length >= CACHE_MAX) throw new DrmError("ENOMEM", "Cannot remember more capability sets");
    const gpu = this.#gpu, { memory } = gpu.device;
    gpu.checkRoom(1);
    const length = pageAlign(HEADER_BYTES + maxSize);
    using undo = new DisposableStack();
    const pages = undo.use(this.#system.pages.allocate(length, "virtio_gpu capability set"));
    const slot = undo.adopt(memory.add(pages, 0, length), (slot) => memory.remove(slot));
    const bytes = pages.bytes();
    pages.pin();
    undo.move(); // all is well: nothing is to be undone
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, length / 4);
    const cached: Cached = { id, version, pages, slot, valid: false, waits: new Map() };
    this.#cache.push(cached);
    const area = { gpa: slot.gpa, length: HEADER_BYTES + maxSize, words };
    gpu.commands3d.getCapset(id, version, {
      // As the kernel does, it takes what is there, whatever the answer's type.
      commandDone: () => {
        cached.valid = gpu.queue.live;
        for (const [wait, copy] of [...cached.waits]) wait.complete(cached.valid ? resultOf(copy) : ENODEV);
      },
    }, area);
    gpu.queue.notify();
    return cached;
  }

  /** Takes the sets out of guest memory. */
  [Symbol.dispose](): void {
    for (const { pages, slot, waits } of this.#cache.splice(0)) {
      for (const wait of [...waits.keys()]) wait.complete(ENODEV);
      this.#gpu.device.memory.remove(slot);
      pages.unpin();
      pages[Symbol.dispose]();
    }
    this.#sets = [];
  }
}

function resultOf(copy: () => number): number {
  try {
    return copy();
  } catch (error) {
    return errnoOf(error);
  }
}
