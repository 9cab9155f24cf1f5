/**
 * What kind of input device one is, as udev finds out from its codes (systemd's udev-builtin-input_id.c): by these properties
 * libinput and compositors choose how to use it.
 * @module
 */

import type { InputDevice } from "../../../core/input.ts";
import {
  ABS_MT_POSITION_X,
  ABS_MT_POSITION_Y,
  ABS_MT_SLOT,
  ABS_X,
  ABS_Y,
  BTN_DPAD_UP,
  BTN_JOYSTICK,
  BTN_MISC,
  BTN_MOUSE,
  BTN_STYLUS,
  BTN_TOOL_FINGER,
  BTN_TOOL_PEN,
  BTN_TOUCH,
  BTN_TRIGGER_HAPPY,
  EV_ABS,
  EV_KEY,
  EV_REL,
  INPUT_PROP_DIRECT,
  INPUT_PROP_POINTING_STICK,
  KEY_ALS_TOGGLE,
  KEY_OK,
  REL_HWHEEL,
  REL_WHEEL,
  REL_X,
  REL_Y,
} from "../../../uapi/input_codes.ts";

/** Escape, the digits, Q to D: whoever has all of them is a keyboard. */
const KEYBOARD_FIRST = 1, KEYBOARD_LAST = 31;
/** The properties whose value is "1". @param input which. */
export function inputIds(input: InputDevice): Record<string, string> {
  const has = (type: number, code: number): boolean =>
    ((input.bits.get(type)?.[code >> 3] ?? 0) >> (code & 7) & 1) !== 0;
  const some = (first: number, end: number): boolean => {
    for (let code = first; code < end; code++) if (has(EV_KEY, code)) return true;
    return false;
  };
  const is = (property: number): boolean => (input.props[property >> 3] >> (property & 7) & 1) !== 0;
  const abs = has(EV_ABS, ABS_X) && has(EV_ABS, ABS_Y);
  // Who claims the codes around these as well has not meant them.
  const touches = has(EV_ABS, ABS_MT_POSITION_X) && has(EV_ABS, ABS_MT_POSITION_Y) &&
    !(has(EV_ABS, ABS_MT_SLOT) && has(EV_ABS, ABS_MT_SLOT - 1));
  const pen = has(EV_KEY, BTN_STYLUS) || has(EV_KEY, BTN_TOOL_PEN);
  const finger = has(EV_KEY, BTN_TOOL_FINGER) && !has(EV_KEY, BTN_TOOL_PEN);
  const direct = is(INPUT_PROP_DIRECT);
  const touch = has(EV_KEY, BTN_TOUCH) || direct;
  const buttons = some(BTN_MOUSE, BTN_JOYSTICK);
  const kinds = new Set<string>();
  if (abs || touches) {
    if (pen) kinds.add("TABLET");
    else if (finger && !direct) kinds.add("TOUCHPAD");
    // A mouse that says where it is: a virtual machine's.
    else if (abs && buttons) kinds.add("MOUSE");
    else if (touch) kinds.add("TOUCHSCREEN");
  }
  const relative = has(EV_REL, REL_X) && has(EV_REL, REL_Y);
  if (buttons && (relative || !abs) && !kinds.has("TABLET") && !kinds.has("TOUCHPAD")) kinds.add("MOUSE");
  if (is(INPUT_PROP_POINTING_STICK)) kinds.add("POINTINGSTICK");
  // Keys are also behind the buttons.
  const keys = some(1, BTN_MISC) || some(KEY_OK, BTN_DPAD_UP) || some(KEY_ALS_TOGGLE, BTN_TRIGGER_HAPPY);
  // A wheel alone counts as keys.
  const wheel = has(EV_REL, REL_WHEEL) || has(EV_REL, REL_HWHEEL);
  if (keys || (kinds.size === 0 && wheel)) kinds.add("KEY");
  let keyboard = keys;
  for (let code = KEYBOARD_FIRST; code <= KEYBOARD_LAST; code++) keyboard &&= has(EV_KEY, code);
  if (keyboard) kinds.add("KEYBOARD");
  return Object.fromEntries([["ID_INPUT", "1"], ...[...kinds].map((kind) => [`ID_INPUT_${kind}`, "1"])]);
}
