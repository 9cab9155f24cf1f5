/**
 * Input devices: events, and what can be asked of /dev/input/eventN. Mirrors include/uapi/linux/input.h.
 * @module
 */

import { _IOC, _IOC_READ, type Ioctl, IOR, IOW } from "./ioctl.ts";
import { s32, s64, type Struct, struct, u16, u32, u64 } from "./struct.ts";

/** What EVIOCGVERSION answers. */
export const EV_VERSION = 0x010001;

/** One event, as read from a node and written to one. */
export interface input_event {
  /** Seconds of the clock that was chosen by EVIOCSCLOCKID. */
  tv_sec: bigint;
  /** Microseconds. */
  tv_usec: bigint;
  /** EV_*. */
  type: number;
  /** SYN_*, KEY_*, BTN_*, REL_*, ABS_*... */
  code: number;
  /** What it is now, or by how much it moved. */
  value: number;
}
/** Layout of `struct input_event`: 24 bytes. */
export const input_event: Struct<input_event> = struct<input_event>("input_event", {
  tv_sec: s64,
  tv_usec: s64,
  type: u16,
  code: u16,
  value: s32,
}, { size: 24 });

/** Who a device is. */
export interface input_id {
  /** BUS_*. */
  bustype: number;
  /** Vendor. */
  vendor: number;
  /** Product. */
  product: number;
  /** Version. */
  version: number;
}
/** Layout of `struct input_id`: 8 bytes. */
export const input_id: Struct<input_id> = struct<input_id>("input_id", {
  bustype: u16,
  vendor: u16,
  product: u16,
  version: u16,
}, { size: 8 });

/** An absolute axis. */
export interface input_absinfo {
  /** Where it is. */
  value: number;
  /** The least value. */
  minimum: number;
  /** The greatest value. */
  maximum: number;
  /** What is noise. */
  fuzz: number;
  /** What counts as the middle. */
  flat: number;
  /** Units a millimetre. */
  resolution: number;
}
/** Layout of `struct input_absinfo`: 24 bytes. */
export const input_absinfo: Struct<input_absinfo> = struct<input_absinfo>("input_absinfo", {
  value: s32,
  minimum: s32,
  maximum: s32,
  fuzz: s32,
  flat: s32,
  resolution: s32,
}, { size: 24 });

/** Which events of a type a reader wants. */
export interface input_mask {
  /** EV_*. */
  type: number;
  /** Bytes at `codes_ptr`. */
  codes_size: number;
  /** A bit a code. */
  codes_ptr: bigint;
}
/** Layout of `struct input_mask`: 16 bytes. */
export const input_mask: Struct<input_mask> = struct<input_mask>("input_mask", {
  type: u32,
  codes_size: u32,
  codes_ptr: u64,
}, { size: 16 });

/** Magic of all requests: `'E'`. */
export const EVIOC_MAGIC = 0x45;
/** The version of the interface. */
export const EVIOCGVERSION: Ioctl<number> = IOR<number>("E", 0x01, 4);
/** Who the device is. */
export const EVIOCGID: Ioctl<input_id> = IOR("E", 0x02, input_id);
/** Delay and period of repetition, ms: two u32. */
export const EVIOCGREP: Ioctl<Uint32Array> = IOR<Uint32Array>("E", 0x03, 8);
/** Sets them. */
export const EVIOCSREP: Ioctl<Uint32Array> = IOW<Uint32Array>("E", 0x03, 8);
/** Takes the device for one reader (not 0), or gives it back (0). The argument is a number, no pointer. */
export const EVIOCGRAB: Ioctl<number> = IOW<number>("E", 0x90, 4);
/** Ends this open file's access for good. The argument must be 0. */
export const EVIOCREVOKE: Ioctl<number> = IOW<number>("E", 0x91, 4);
/** Which events are wanted. */
export const EVIOCGMASK: Ioctl<input_mask> = IOR("E", 0x92, input_mask);
/** Chooses which events are wanted. */
export const EVIOCSMASK: Ioctl<input_mask> = IOW("E", 0x93, input_mask);
/** Chooses the clock of events: CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME. */
export const EVIOCSCLOCKID: Ioctl<number> = IOW<number>("E", 0xa0, 4);

/** The device's name, into `length` bytes. */
export function EVIOCGNAME(length: number): Ioctl<Uint8Array> {
  return _IOC(_IOC_READ, "E", 0x06, length);
}
/** Where it is plugged in. */
export function EVIOCGPHYS(length: number): Ioctl<Uint8Array> {
  return _IOC(_IOC_READ, "E", 0x07, length);
}
/** Its serial number. */
export function EVIOCGUNIQ(length: number): Ioctl<Uint8Array> {
  return _IOC(_IOC_READ, "E", 0x08, length);
}
/** INPUT_PROP_* as bits. */
export function EVIOCGPROP(length: number): Ioctl<Uint8Array> {
  return _IOC(_IOC_READ, "E", 0x09, length);
}
/** Keys that are down, as bits. */
export function EVIOCGKEY(length: number): Ioctl<Uint8Array> {
  return _IOC(_IOC_READ, "E", 0x18, length);
}
/** Lights that are on, as bits. */
export function EVIOCGLED(length: number): Ioctl<Uint8Array> {
  return _IOC(_IOC_READ, "E", 0x19, length);
}
/** Sounds that are on, as bits. */
export function EVIOCGSND(length: number): Ioctl<Uint8Array> {
  return _IOC(_IOC_READ, "E", 0x1a, length);
}
/** Switches that are on, as bits. */
export function EVIOCGSW(length: number): Ioctl<Uint8Array> {
  return _IOC(_IOC_READ, "E", 0x1b, length);
}
/** Which codes of a type the device has, as bits; which types, for 0. */
export function EVIOCGBIT(type: number, length: number): Ioctl<Uint8Array> {
  return _IOC(_IOC_READ, "E", 0x20 + type, length);
}
/** An absolute axis. */
export function EVIOCGABS(axis: number): Ioctl<input_absinfo> {
  return _IOC(_IOC_READ, "E", 0x40 + axis, input_absinfo.size);
}

/** Bus: USB. */
export const BUS_USB = 0x03;
/** Bus: none. */
export const BUS_VIRTUAL = 0x06;
/** The highest code of EV_FF. */
export const FF_MAX = 0x7f;
