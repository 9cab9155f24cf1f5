/**
 * `InputDevice`: a keyboard, a mouse or the like, with its node /dev/input/eventN. Mirrors drivers/input/input.c; what an open node
 * can do stands in input_file.ts.
 * @module
 */

import {
  ABS_MAX,
  EV_ABS,
  EV_KEY,
  EV_LED,
  EV_MAX,
  EV_REL,
  EV_SYN,
  INPUT_PROP_MAX,
  KEY_MAX,
  LED_MAX,
  REL_MAX,
  SYN_REPORT,
} from "../uapi/input_codes.ts";
import type { input_absinfo, input_id } from "../uapi/input.ts";
import { DrmError } from "./error.ts";
import { InputFile } from "./input_file.ts";
import type { System } from "./system.ts";

/** What an input device has. */
export interface InputDeviceSpec {
  /** For people: "udrm keyboard". */
  readonly name: string;
  /** Where it is plugged in; nowhere by default. */
  readonly phys?: string;
  /** Bus, vendor, product, version. */
  readonly id: input_id;
  /** INPUT_PROP_*. */
  readonly props?: readonly number[];
  /** KEY_* and BTN_*. */
  readonly keys?: readonly number[];
  /** REL_*. */
  readonly rel?: readonly number[];
  /** ABS_* with their ranges. */
  readonly abs?: ReadonlyMap<number, Omit<input_absinfo, "value">>;
  /** LED_*. */
  readonly leds?: readonly number[];
  /** A light goes on or off. */
  readonly onLed?: (led: number, on: boolean) => void;
}

/** Nodes with minor numbers of their own (EVDEV_MINORS); those beyond share a range with other kinds of input. */
const EVDEV_MINORS = 32, EVDEV_MINOR_BASE = 64;
const DYNAMIC_FIRST = 256, DYNAMIC_END = 1024;

/** A set of codes as the interface shows it: whole longs of 64 bits. */
function bitmap(maximum: number, codes: Iterable<number>): Uint8Array {
  const bits = new Uint8Array(Math.ceil(maximum / 64) * 8);
  for (const code of codes) {
    if (!Number.isInteger(code) || code < 0 || code > maximum) {
      throw new RangeError(`Cannot make an input device: there is no code ${code} up to ${maximum}`);
    }
    bits[code >> 3] |= 1 << (code & 7);
  }
  return bits;
}

const has = (bits: Uint8Array, code: number): boolean => ((bits[code >> 3] ?? 0) >> (code & 7) & 1) !== 0;

/** A device. Events are given to `event`, and reach readers as whole packets at `sync`. */
export class InputDevice implements Disposable {
  /** Whose. */
  readonly system: System;
  /** What it has. */
  readonly spec: InputDeviceSpec;
  /** N of /dev/input/eventN. */
  readonly number: number;
  /** N of inputN, as sysfs calls the device itself: never given twice. */
  readonly serial: number;
  /** Properties, as bits. */
  readonly props: Uint8Array;
  /** Codes that it has, as bits: of a type, and for EV_SYN the types. */
  readonly bits: ReadonlyMap<number, Uint8Array>;
  /** Keys that are down, as bits. */
  readonly keys: Uint8Array;
  /** Lights that are on, as bits. */
  readonly leds: Uint8Array;
  /** Absolute axes. */
  readonly abs: ReadonlyMap<number, input_absinfo>;
  /** Its readers. */
  readonly files: Set<InputFile> = new Set();
  /** The only one that gets events. */
  grabbed: InputFile | undefined;
  #gone = false;
  // Of the packet that is being made: type, code, value each.
  #packet: number[] = [];

  /**
   * input_register_device: it is there, and so is its node.
   *
   * @param system whose. @param spec what it has. @throws {RangeError} for codes that there are not.
   * @throws {DrmError} ENOSPC if all numbers of nodes are taken.
   */
  constructor(system: System, spec: InputDeviceSpec) {
    this.system = system;
    this.spec = spec;
    const { keys = [], rel = [], abs = new Map(), leds = [], props = [] } = spec;
    this.props = bitmap(INPUT_PROP_MAX, props);
    this.abs = new Map([...abs].map(([axis, range]) => [axis, { ...range, value: 0 }]));
    const all: [number, number, Iterable<number>, boolean][] = [
      [EV_KEY, KEY_MAX, keys, keys.length > 0],
      [EV_REL, REL_MAX, rel, rel.length > 0],
      [EV_ABS, ABS_MAX, abs.keys(), abs.size > 0],
      [EV_LED, LED_MAX, leds, leds.length > 0],
    ];
    const bits = new Map(all.map(([type, maximum, codes]) => [type, bitmap(maximum, codes)]));
    bits.set(EV_SYN, bitmap(EV_MAX, [EV_SYN, ...all.filter(([, , , any]) => any).map(([type]) => type)]));
    this.bits = bits;
    this.keys = bitmap(KEY_MAX, []);
    this.leds = bitmap(LED_MAX, []);
    const taken = new Set([...system.inputs].map(({ number }) => number));
    let number = 0;
    while (taken.has(number)) number = number === EVDEV_MINORS - 1 ? DYNAMIC_FIRST : number + 1;
    if (number >= DYNAMIC_END) throw new DrmError("ENOSPC", "Cannot make an input device: all numbers are taken");
    this.number = number;
    this.serial = system.nextInput();
    system.addNode(this.path, (_task, flags) => {
      if (this.#gone) throw new DrmError("ENODEV", `Cannot open ${this.path}: the device is gone`);
      return new InputFile(this, flags);
    });
    system.addInput(this);
  }

  /** Its node. */
  get path(): string {
    return `/dev/input/event${this.number}`;
  }

  /** The node's minor number. */
  get minor(): number {
    return this.number < EVDEV_MINORS ? EVDEV_MINOR_BASE + this.number : this.number;
  }

  /** Whether it was unplugged. */
  get gone(): boolean {
    return this.#gone;
  }

  /** Events that readers must have room for, a power of two: input_estimate_events_per_packet, evdev_compute_buffer_size. */
  get room(): number {
    const packet = 8 + this.abs.size + (this.spec.rel?.length ?? 0);
    return 2 ** Math.ceil(Math.log2(Math.max(64, packet * 8)));
  }

  /** Whether a key is down. */
  isDown(key: number): boolean {
    return has(this.keys, key);
  }

  /** input_event: what the device does not have, and what says nothing new, is left out. */
  event(type: number, code: number, value: number): void {
    if (this.#gone) return;
    if (type === EV_SYN) {
      if (code === SYN_REPORT) this.sync();
      return;
    }
    const bits = this.bits.get(type);
    if (bits === undefined || !has(bits, code)) return;
    if (type === EV_KEY) {
      if (value === 2) { // repeated
        if (!has(this.keys, code)) return;
      } else {
        if (has(this.keys, code) === (value !== 0)) return;
        this.keys[code >> 3] ^= 1 << (code & 7);
        value = value === 0 ? 0 : 1;
      }
    } else if (type === EV_ABS) {
      const axis = this.abs.get(code);
      if (axis === undefined || axis.value === value) return;
      axis.value = value;
    } else if (type === EV_REL) {
      if (value === 0) return;
    } else if (type === EV_LED) {
      if (has(this.leds, code) === (value !== 0)) return;
      this.leds[code >> 3] ^= 1 << (code & 7);
      value = value === 0 ? 0 : 1;
      this.spec.onLed?.(code, value !== 0);
    }
    this.#packet.push(type, code, value);
    // A packet that nobody ends goes in parts: the kernel's limit is the estimate above, too.
    if (this.#packet.length >= this.room * 3) this.#pass(false);
  }

  /** SYN_REPORT: the packet goes to its readers. */
  sync(): void {
    if (this.#packet.length > 0) this.#pass(true);
  }

  #pass(whole: boolean): void {
    const packet = this.#packet;
    this.#packet = [];
    const now = this.system.clock.now();
    if (this.grabbed !== undefined) this.grabbed.receive(packet, whole, now);
    else for (const file of this.files) file.receive(packet, whole, now);
  }

  /** Lets go of every key: input_dev_release_keys. */
  releaseKeys(): void {
    for (let byte = 0; byte < this.keys.length; byte++) {
      for (let bit = 0; this.keys[byte] !== 0 && bit < 8; bit++) {
        if ((this.keys[byte] >> bit & 1) !== 0) this.event(EV_KEY, byte * 8 + bit, 0);
      }
    }
    this.sync();
  }

  /** input_unregister_device: its node is gone, readers hang up. */
  [Symbol.dispose](): void {
    if (this.#gone) return;
    this.releaseKeys();
    this.#gone = true;
    this.system.removeNode(this.path);
    for (const file of [...this.files]) file.wake();
    this.system.removeInput(this);
  }
}
