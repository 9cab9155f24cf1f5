/**
 * Event types and codes of input devices. Mirrors include/uapi/linux/input-event-codes.h: properties, types, axes, buttons of
 * pointers, and the keys of a keyboard.
 * @module
 */

/** Property: pointer. */
export const INPUT_PROP_POINTER = 0;
/** Property: direct. */
export const INPUT_PROP_DIRECT = 1;
/** Property: buttonpad. */
export const INPUT_PROP_BUTTONPAD = 2;
/** Property: semi mt. */
export const INPUT_PROP_SEMI_MT = 3;
/** Property: topbuttonpad. */
export const INPUT_PROP_TOPBUTTONPAD = 4;
/** Property: pointing stick. */
export const INPUT_PROP_POINTING_STICK = 5;
/** Property: accelerometer. */
export const INPUT_PROP_ACCELEROMETER = 6;
/** Property: max. */
export const INPUT_PROP_MAX = 31;
/** The end of a packet, and what befell it. */
export const EV_SYN = 0;
/** Keys and buttons: 1 down, 0 up, 2 repeated. */
export const EV_KEY = 1;
/** Movements. */
export const EV_REL = 2;
/** Places. */
export const EV_ABS = 3;
/** What fits no other type. */
export const EV_MSC = 4;
/** Switches. */
export const EV_SW = 5;
/** Lights, to the device. */
export const EV_LED = 17;
/** Sounds, to the device. */
export const EV_SND = 18;
/** How keys repeat. */
export const EV_REP = 20;
/** Forces. */
export const EV_FF = 21;
/** Power. */
export const EV_PWR = 22;
/** What became of a force. */
export const EV_FF_STATUS = 23;
/** The highest type. */
export const EV_MAX = 31;
/** A packet ends here. */
export const SYN_REPORT = 0;
/** Synchronization: config. */
export const SYN_CONFIG = 1;
/** Synchronization: mt report. */
export const SYN_MT_REPORT = 2;
/** Events were lost: what follows up to the next SYN_REPORT is to be ignored. */
export const SYN_DROPPED = 3;
/** Synchronization: max. */
export const SYN_MAX = 15;
/** Relative axis: x. */
export const REL_X = 0;
/** Relative axis: y. */
export const REL_Y = 1;
/** Relative axis: hwheel. */
export const REL_HWHEEL = 6;
/** Relative axis: wheel. */
export const REL_WHEEL = 8;
/** Relative axis: wheel hi res. */
export const REL_WHEEL_HI_RES = 11;
/** Relative axis: hwheel hi res. */
export const REL_HWHEEL_HI_RES = 12;
/** Relative axis: max. */
export const REL_MAX = 15;
/** Absolute axis: x. */
export const ABS_X = 0;
/** Absolute axis: y. */
export const ABS_Y = 1;
/** Absolute axis: mt slot. */
export const ABS_MT_SLOT = 47;
/** Absolute axis: mt position x. */
export const ABS_MT_POSITION_X = 53;
/** Absolute axis: mt position y. */
export const ABS_MT_POSITION_Y = 54;
/** Absolute axis: max. */
export const ABS_MAX = 63;
/** SW: max. */
export const SW_MAX = 16;
/** MSC: scan. */
export const MSC_SCAN = 4;
/** MSC: max. */
export const MSC_MAX = 7;
/** SND: max. */
export const SND_MAX = 7;
/** Light: numl. */
export const LED_NUML = 0;
/** Light: capsl. */
export const LED_CAPSL = 1;
/** Light: scrolll. */
export const LED_SCROLLL = 2;
/** Light: max. */
export const LED_MAX = 15;
/** Repeat: delay. */
export const REP_DELAY = 0;
/** Repeat: period. */
export const REP_PERIOD = 1;
/** Repeat: max. */
export const REP_MAX = 1;
/** Button: the first there is. */
export const BTN_MISC = 0x100;
/** Button: mouse. */
export const BTN_MOUSE = 0x110;
/** Button: left. */
export const BTN_LEFT = 0x110;
/** Button: right. */
export const BTN_RIGHT = 0x111;
/** Button: middle. */
export const BTN_MIDDLE = 0x112;
/** Button: side. */
export const BTN_SIDE = 0x113;
/** Button: extra. */
export const BTN_EXTRA = 0x114;
/** Button: forward. */
export const BTN_FORWARD = 0x115;
/** Button: back. */
export const BTN_BACK = 0x116;
/** Button: task. */
export const BTN_TASK = 0x117;
/** Button: the first of a joystick. */
export const BTN_JOYSTICK = 0x120;
/** Button: a pen is near. */
export const BTN_TOOL_PEN = 0x140;
/** Button: a finger is near. */
export const BTN_TOOL_FINGER = 0x145;
/** Button: touch. */
export const BTN_TOUCH = 0x14a;
/** Button: stylus. */
export const BTN_STYLUS = 0x14b;
/** Button: the first of a gamepad's cross. */
export const BTN_DPAD_UP = 0x220;
/** Button: the first of those without a name. */
export const BTN_TRIGGER_HAPPY = 0x2c0;
/** Key: the first behind the buttons. */
export const KEY_OK = 0x160;
/** Key: the first behind a gamepad's cross. */
export const KEY_ALS_TOGGLE = 0x230;
/** Key: the first that not every keyboard has: mute. */
export const KEY_MIN_INTERESTING = 113;
/** Key: max. */
export const KEY_MAX = 0x2ff;
