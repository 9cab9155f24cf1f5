/**
 * `InputSeat`: the keyboard and the pointer that a display brings along, as input devices of the system. The pointer is absolute, as
 * that of a tablet: it is where the viewer's is.
 * @module
 */

import { InputDevice } from "../../core/input.ts";
import type { System } from "../../core/system.ts";
import { BUS_VIRTUAL } from "../../uapi/input.ts";
import {
  ABS_X,
  ABS_Y,
  BTN_EXTRA,
  BTN_LEFT,
  BTN_MIDDLE,
  BTN_RIGHT,
  BTN_SIDE,
  EV_ABS,
  EV_KEY,
  EV_REL,
  LED_CAPSL,
  LED_NUML,
  LED_SCROLLL,
  REL_HWHEEL,
  REL_WHEEL,
} from "../../uapi/input_codes.ts";
import type { DisplayInput } from "./board/shared_display.ts";

/** The greatest place on an axis. */
const AXIS_MAX = 32767;
/** Buttons by the bits of a viewer's mask. */
const BUTTONS: readonly (readonly [bit: number, button: number])[] = [
  [0, BTN_LEFT],
  [1, BTN_MIDDLE],
  [2, BTN_RIGHT],
  [7, BTN_SIDE],
  [8, BTN_EXTRA],
];
/** All keys of keyboards that have numbers below 248: KEY_ESC to KEY_MICMUTE. */
const KEYS = Array.from({ length: 248 }, (_, i) => i + 1);

/** The two devices. */
export class InputSeat implements DisplayInput, Disposable {
  /** Keys. */
  readonly keyboard: InputDevice;
  /** The pointer. */
  readonly tablet: InputDevice;

  /** Plugs them in. @param system where. */
  constructor(system: System) {
    const id = { bustype: BUS_VIRTUAL, vendor: 0, version: 1 };
    this.keyboard = new InputDevice(system, {
      name: "udrm keyboard",
      phys: "udrm/input0",
      id: { ...id, product: 1 },
      keys: KEYS,
      leds: [LED_NUML, LED_CAPSL, LED_SCROLLL],
    });
    const axis = { minimum: 0, maximum: AXIS_MAX, fuzz: 0, flat: 0, resolution: 0 };
    this.tablet = new InputDevice(system, {
      name: "udrm tablet",
      phys: "udrm/input1",
      id: { ...id, product: 2 },
      keys: BUTTONS.map(([, button]) => button),
      rel: [REL_HWHEEL, REL_WHEEL],
      abs: new Map([[ABS_X, axis], [ABS_Y, axis]]),
    });
  }

  /** A key goes down or up. */
  key(code: number, down: boolean): void {
    this.keyboard.event(EV_KEY, code, down ? 1 : 0);
    this.keyboard.sync();
  }

  /** The pointer is at a pixel. */
  pointer(x: number, y: number, buttons: number, width: number, height: number): void {
    const { tablet } = this;
    tablet.event(EV_ABS, ABS_X, Math.round(x * AXIS_MAX / Math.max(1, width - 1)));
    tablet.event(EV_ABS, ABS_Y, Math.round(y * AXIS_MAX / Math.max(1, height - 1)));
    for (const [bit, button] of BUTTONS) tablet.event(EV_KEY, button, buttons >> bit & 1);
    tablet.sync();
  }

  /** The wheel turns. The kernel counts up as positive. */
  wheel(down: number, right: number): void {
    this.tablet.event(EV_REL, REL_WHEEL, -down);
    this.tablet.event(EV_REL, REL_HWHEEL, right);
    this.tablet.sync();
  }

  /** Everything is up. */
  reset(): void {
    this.keyboard.releaseKeys();
    this.tablet.releaseKeys();
  }

  /** Unplugs them. */
  [Symbol.dispose](): void {
    this.keyboard[Symbol.dispose]();
    this.tablet[Symbol.dispose]();
  }
}
