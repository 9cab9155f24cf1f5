/**
 * `InputFile`: one open of /dev/input/eventN. Mirrors drivers/input/evdev.c.
 * @module
 */

import { ERRNO } from "../uapi/errno.ts";
import {
  CLOCK_BOOTTIME,
  CLOCK_MONOTONIC,
  CLOCK_REALTIME,
  O_NONBLOCK,
  O_RDONLY,
  O_WRONLY,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLRDNORM,
  POLLWRNORM,
} from "../uapi/fcntl.ts";
import {
  EV_VERSION,
  EVIOC_MAGIC,
  EVIOCGABS,
  EVIOCGID,
  EVIOCGMASK,
  EVIOCGNAME,
  EVIOCGPHYS,
  EVIOCGPROP,
  EVIOCGRAB,
  EVIOCGREP,
  EVIOCGUNIQ,
  EVIOCGVERSION,
  EVIOCREVOKE,
  EVIOCSCLOCKID,
  EVIOCSMASK,
  EVIOCSREP,
  FF_MAX,
  input_absinfo,
  input_id,
  input_mask,
} from "../uapi/input.ts";
import {
  ABS_MAX,
  EV_ABS,
  EV_FF,
  EV_KEY,
  EV_LED,
  EV_MAX,
  EV_MSC,
  EV_REL,
  EV_SND,
  EV_SW,
  EV_SYN,
  KEY_MAX,
  LED_MAX,
  MSC_MAX,
  REL_MAX,
  SND_MAX,
  SW_MAX,
  SYN_REPORT,
} from "../uapi/input_codes.ts";
import { _IOC_DIR, _IOC_NR, _IOC_READ, _IOC_SIZE, _IOC_TYPE, _IOC_WRITE } from "../uapi/ioctl.ts";
import { bytesOf } from "../uapi/struct.ts";
import { DrmError, EAGAIN } from "./error.ts";
import { File, type IoctlArgument, type PollWaiter } from "./file.ts";
import type { InputDevice } from "./input.ts";
import { EVENT_SIZE, InputQueue } from "./input_queue.ts";
import { argumentIn, argumentOut } from "./ioctl.ts";
import type { Process } from "./process.ts";
import { traceIoctl } from "./trace_ioctl.ts";
import { Wait } from "./wait.ts";

/** The highest code of each type, as EVIOCGBIT and masks count them. */
const MAXIMA: ReadonlyMap<number, number> = new Map([
  [EV_SYN, EV_MAX],
  [EV_KEY, KEY_MAX],
  [EV_REL, REL_MAX],
  [EV_ABS, ABS_MAX],
  [EV_MSC, MSC_MAX],
  [EV_SW, SW_MAX],
  [EV_LED, LED_MAX],
  [EV_SND, SND_MAX],
  [EV_FF, FF_MAX],
]);

const longs = (maximum: number): number => Math.ceil(maximum / 64) * 8;

// EVIOC_MASK_SIZE: a request whose size is the caller's choice, without it.
const sizeless = (cmd: number): number => (cmd & ~(0x3fff << 16)) >>> 0;
const GPROP = sizeless(EVIOCGPROP(0)), GNAME = sizeless(EVIOCGNAME(0));
const GPHYS = sizeless(EVIOCGPHYS(0)), GUNIQ = sizeless(EVIOCGUNIQ(0));

// States that can be asked for by EVIOCGKEY and its kin, by number.
const STATES: ReadonlyMap<number, number> = new Map([[0x18, EV_KEY], [0x19, EV_LED], [0x1a, EV_SND], [0x1b, EV_SW]]);
const BIT_BASE = 0x20, ABS_BASE = _IOC_NR(EVIOCGABS(0)), SET_ABS_BASE = 0xc0;

/** An open node. */
export class InputFile extends File {
  /** Always "input". */
  readonly kind = "input";
  /** Of which device. */
  readonly device: InputDevice;
  readonly #queue: InputQueue;
  readonly #readers: Set<() => void> = new Set();
  readonly #pollers: Set<PollWaiter> = new Set();
  readonly #masks = new Map<number, Uint8Array>();
  readonly #realtime: number;
  #clock = CLOCK_REALTIME;
  #revoked = false;

  /** evdev_open. @param device of which. @param flags O_*. */
  constructor(device: InputDevice, flags: number) {
    super(flags);
    this.device = device;
    this.#queue = new InputQueue(device.room);
    const { clock } = device.system;
    this.#realtime = clock.virtual ? 0 : Date.now() * 1e6 - clock.now();
    device.files.add(this);
  }

  #time(now: number): number {
    return this.#clock === CLOCK_REALTIME ? now + this.#realtime : now;
  }

  /** Takes in events: type, code, value each, at `now` (ns). For the device. */
  receive(packet: readonly number[], whole: boolean, now: number): void {
    if (this.#revoked) return;
    const time = this.#time(now);
    for (let i = 0; i < packet.length; i += 3) {
      if (this.#wanted(packet[i], packet[i + 1])) this.#queue.push(time, packet[i], packet[i + 1], packet[i + 2]);
    }
    if (whole && this.#queue.push(time, EV_SYN, SYN_REPORT, 0)) this.wake();
  }

  // __evdev_is_filtered: the mask of EV_SYN is that of whole types.
  #wanted(type: number, code: number): boolean {
    for (const [kind, bit] of [[EV_SYN, type], [type, code]] as const) {
      const mask = this.#masks.get(kind);
      if (mask !== undefined && (mask[bit >> 3] >> (bit & 7) & 1) === 0) return false;
    }
    return true;
  }

  /** Something to read has come, or never will. */
  wake(): void {
    for (const reader of [...this.#readers]) reader();
    for (const waiter of [...this.#pollers]) waiter.wake();
  }

  #enter(): void {
    if (this.device.gone || this.#revoked) throw new DrmError("ENODEV", "Cannot use the input device: it is gone");
  }

  /** evdev_read: whole packets, as many as fit. Throws EINVAL for less room than one event, ENODEV, EBADF. */
  override read(_task: Process, target: Uint8Array): number | Wait {
    if (this.accessMode === O_WRONLY) throw new DrmError("EBADF", "Cannot read: the node is open for writing");
    if (target.length > 0 && target.length < EVENT_SIZE) throw new DrmError("EINVAL", "Cannot read half an event");
    this.#enter();
    if (this.#queue.ready) return this.#queue.take(target);
    if ((this.flags & O_NONBLOCK) !== 0) return EAGAIN;
    if (target.length === 0) return 0;
    const attempt = (): void => {
      if (this.device.gone || this.#revoked) wait.complete(-ERRNO.ENODEV);
      else if (this.#queue.ready) wait.complete(this.#queue.take(target));
    };
    const wait = new Wait({ cleanup: () => this.#readers.delete(attempt) });
    this.#readers.add(attempt);
    return wait;
  }

  /** evdev_write: events for the device, such as lights. Throws EINVAL for less than one event, ENODEV, EBADF. */
  override write(_task: Process, source: Uint8Array): number {
    if (this.accessMode === O_RDONLY) throw new DrmError("EBADF", "Cannot write: the node is open for reading");
    if (source.length > 0 && source.length < EVENT_SIZE) throw new DrmError("EINVAL", "Cannot write half an event");
    this.#enter();
    const { device } = this;
    const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
    let at = 0;
    for (; at + EVENT_SIZE <= source.length; at += EVENT_SIZE) {
      if (device.grabbed !== undefined && device.grabbed !== this) continue;
      device.event(view.getUint16(at + 16, true), view.getUint16(at + 18, true), view.getInt32(at + 20, true));
    }
    return at;
  }

  /** evdev_poll. */
  override poll(events: number, waiter?: PollWaiter): number {
    if (waiter) this.#pollers.add(waiter);
    const alive = !this.device.gone && !this.#revoked;
    return (alive ? events & (POLLOUT | POLLWRNORM) : POLLHUP | POLLERR) |
      (this.#queue.ready ? events & (POLLIN | POLLRDNORM) : 0);
  }

  /** Forgets a waiter of `poll`. */
  override unpoll(waiter: PollWaiter): void {
    this.#pollers.delete(waiter);
  }

  /** evdev_do_ioctl: EVIOC*. Throws ENODEV once it is gone, EINVAL for what there is not. */
  override ioctl(task: Process, cmd: number, arg: IoctlArgument): number | Wait {
    const run = (): number => {
      this.#enter();
      return this.#fixed(task, cmd >>> 0, arg) ?? this.#sized(task, cmd >>> 0, arg);
    };
    return task.system.trace.enabled ? traceIoctl(undefined, this.kind, task, cmd, arg, run) : run();
  }

  // Requests whose size is part of their number; undefined for others.
  #fixed(task: Process, cmd: number, arg: IoctlArgument): number | undefined {
    const { device } = this;
    switch (cmd) {
      case EVIOCGVERSION:
        argumentOut(task, arg, new Uint8Array(Int32Array.of(EV_VERSION).buffer));
        return 0;
      case EVIOCGID:
        argumentOut(task, arg, bytesOf(input_id.of(device.spec.id)));
        return 0;
      case EVIOCGREP:
      case EVIOCSREP:
        throw new DrmError("ENOSYS", "Cannot tell how keys repeat: the device leaves it to its readers");
      case EVIOCGRAB:
        return this.#grab(truth(arg));
      case EVIOCREVOKE:
        if (truth(arg)) throw new DrmError("EINVAL", "Cannot revoke: the argument must be 0");
        this.#revoked = true;
        if (device.grabbed === this) device.grabbed = undefined;
        this.wake();
        return 0;
      case EVIOCSCLOCKID: {
        const id = new Int32Array(1);
        argumentIn(task, arg, new Uint8Array(id.buffer));
        if (id[0] !== CLOCK_REALTIME && id[0] !== CLOCK_MONOTONIC && id[0] !== CLOCK_BOOTTIME) {
          throw new DrmError("EINVAL", `Cannot use clock ${id[0]}`);
        }
        if (id[0] !== this.#clock) {
          this.#clock = id[0];
          this.#queue.drop(this.#time(device.system.clock.now()));
        }
        return 0;
      }
      case EVIOCGMASK:
      case EVIOCSMASK:
        return this.#mask(task, arg, cmd === EVIOCSMASK);
    }
    return undefined;
  }

  #grab(on: boolean): number {
    const { device } = this;
    if (on) {
      if (device.grabbed !== undefined) throw new DrmError("EBUSY", "Cannot grab the device: it is grabbed");
      device.grabbed = this;
    } else {
      if (device.grabbed !== this) throw new DrmError("EINVAL", "Cannot let go of a device that is not grabbed");
      device.grabbed = undefined;
    }
    return 0;
  }

  // evdev_set_mask, evdev_get_mask: a type without a mask wants everything; a type that there is not answers 0.
  #mask(task: Process, arg: IoctlArgument, set: boolean): number {
    const mask = input_mask.of();
    argumentIn(task, arg, bytesOf(mask));
    const maximum = MAXIMA.get(mask.type);
    const size = maximum === undefined ? 0 : longs(maximum + 1);
    const length = Math.min(mask.codes_size, size);
    if (set) {
      if (size === 0) return 0;
      const bits = new Uint8Array(size);
      if (length > 0) task.memory.copyIn(mask.codes_ptr, bits.subarray(0, length));
      this.#masks.set(mask.type, bits);
      return 0;
    }
    if (size > 0 && length > 0) {
      task.memory.copyOut(
        mask.codes_ptr,
        (this.#masks.get(mask.type) ?? new Uint8Array(size).fill(0xff)).subarray(0, length),
      );
    }
    // What lies beyond is none of the device's: zeros, a piece at a time, since the size is the caller's word.
    const zeros = new Uint8Array(Math.min(4096, mask.codes_size - length));
    for (let at = length; at < mask.codes_size; at += zeros.length) {
      const part = zeros.subarray(0, Math.min(zeros.length, mask.codes_size - at));
      task.memory.copyOut(mask.codes_ptr + BigInt(at), part);
    }
    return 0;
  }

  // Requests into as many bytes as the caller has: the answer is how many were used.
  #sized(task: Process, cmd: number, arg: IoctlArgument): number {
    const { device } = this;
    const size = _IOC_SIZE(cmd);
    const put = (bytes: Uint8Array): number => {
      const part = bytes.subarray(0, Math.min(bytes.length, size));
      if (part.length > 0) argumentOut(task, arg, part);
      return part.length;
    };
    const text = (value: string | undefined, what: string): number => {
      if (value === undefined) throw new DrmError("ENOENT", `Cannot tell the ${what}: the device has none`);
      return put(new TextEncoder().encode(`${value}\0`));
    };
    switch (sizeless(cmd)) {
      case GPROP:
        return put(device.props);
      case GNAME:
        return text(device.spec.name, "name");
      case GPHYS:
        return text(device.spec.phys, "place");
      case GUNIQ:
        return text(undefined, "serial number");
    }
    const number = _IOC_NR(cmd);
    if (_IOC_TYPE(cmd) === EVIOC_MAGIC && _IOC_DIR(cmd) === _IOC_READ) {
      const state = STATES.get(number);
      if (state !== undefined) return this.#state(state, put);
      if (number >= BIT_BASE && number <= BIT_BASE + EV_MAX) {
        const maximum = MAXIMA.get(number - BIT_BASE);
        if (maximum === undefined) throw new DrmError("EINVAL", `Cannot tell codes of type ${number - BIT_BASE}`);
        return put(device.bits.get(number - BIT_BASE) ?? new Uint8Array(longs(maximum)));
      }
      if (number >= ABS_BASE && number <= ABS_BASE + ABS_MAX) {
        if (device.abs.size === 0) throw new DrmError("EINVAL", "Cannot tell an axis: the device has none");
        put(bytesOf(input_absinfo.of(device.abs.get(number - ABS_BASE))));
        return 0;
      }
    }
    if (_IOC_TYPE(cmd) === EVIOC_MAGIC && _IOC_DIR(cmd) === _IOC_WRITE && number >= SET_ABS_BASE) {
      throw new DrmError("EINVAL", "Cannot change an axis: its range is the display's");
    }
    throw new DrmError("EINVAL", `Cannot do ioctl 0x${cmd.toString(16)}: an input device has none such`);
  }

  // evdev_handle_get_val: events that led to the state are taken back.
  #state(type: number, put: (bytes: Uint8Array) => number): number {
    const { device } = this;
    const bits = type === EV_KEY
      ? device.keys
      : type === EV_LED
      ? device.leds
      : new Uint8Array(longs(MAXIMA.get(type) ?? 0));
    const copy = bits.slice();
    this.#queue.flush(type);
    try {
      return put(copy);
    } catch (error) {
      this.#queue.note(this.#time(device.system.clock.now()));
      throw error;
    }
  }

  /** evdev_release. */
  protected override release(): void {
    this.device.files.delete(this);
    if (this.device.grabbed === this) this.device.grabbed = undefined;
    this.#readers.clear();
    this.#pollers.clear();
  }
}

// The argument of requests that take a number where others have a pointer.
function truth(arg: IoctlArgument): boolean {
  if (arg === undefined) return false;
  if (typeof arg === "number" || typeof arg === "bigint") return BigInt(arg) !== 0n;
  throw new TypeError("Cannot pass memory to this request: its argument is a number");
}
