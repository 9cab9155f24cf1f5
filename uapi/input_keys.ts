/**
 * Keys of a keyboard. Mirrors the KEY_* below 128 of include/uapi/linux/input-event-codes.h.
 * @module
 */

/** Key: reserved. */
export const KEY_RESERVED = 0;
/** Key: esc. */
export const KEY_ESC = 1;
/** Key: 1. */
export const KEY_1 = 2;
/** Key: 2. */
export const KEY_2 = 3;
/** Key: 3. */
export const KEY_3 = 4;
/** Key: 4. */
export const KEY_4 = 5;
/** Key: 5. */
export const KEY_5 = 6;
/** Key: 6. */
export const KEY_6 = 7;
/** Key: 7. */
export const KEY_7 = 8;
/** Key: 8. */
export const KEY_8 = 9;
/** Key: 9. */
export const KEY_9 = 10;
/** Key: 0. */
export const KEY_0 = 11;
/** Key: minus. */
export const KEY_MINUS = 12;
/** Key: equal. */
export const KEY_EQUAL = 13;
/** Key: backspace. */
export const KEY_BACKSPACE = 14;
/** Key: tab. */
export const KEY_TAB = 15;
/** Key: q. */
export const KEY_Q = 16;
/** Key: w. */
export const KEY_W = 17;
/** Key: e. */
export const KEY_E = 18;
/** Key: r. */
export const KEY_R = 19;
/** Key: t. */
export const KEY_T = 20;
/** Key: y. */
export const KEY_Y = 21;
/** Key: u. */
export const KEY_U = 22;
/** Key: i. */
export const KEY_I = 23;
/** Key: o. */
export const KEY_O = 24;
/** Key: p. */
export const KEY_P = 25;
/** Key: leftbrace. */
export const KEY_LEFTBRACE = 26;
/** Key: rightbrace. */
export const KEY_RIGHTBRACE = 27;
/** Key: enter. */
export const KEY_ENTER = 28;
/** Key: leftctrl. */
export const KEY_LEFTCTRL = 29;
/** Key: a. */
export const KEY_A = 30;
/** Key: s. */
export const KEY_S = 31;
/** Key: d. */
export const KEY_D = 32;
/** Key: f. */
export const KEY_F = 33;
/** Key: g. */
export const KEY_G = 34;
/** Key: h. */
export const KEY_H = 35;
/** Key: j. */
export const KEY_J = 36;
/** Key: k. */
export const KEY_K = 37;
/** Key: l. */
export const KEY_L = 38;
/** Key: semicolon. */
export const KEY_SEMICOLON = 39;
/** Key: apostrophe. */
export const KEY_APOSTROPHE = 40;
/** Key: grave. */
export const KEY_GRAVE = 41;
/** Key: leftshift. */
export const KEY_LEFTSHIFT = 42;
/** Key: backslash. */
export const KEY_BACKSLASH = 43;
/** Key: z. */
export const KEY_Z = 44;
/** Key: x. */
export const KEY_X = 45;
/** Key: c. */
export const KEY_C = 46;
/** Key: v. */
export const KEY_V = 47;
/** Key: b. */
export const KEY_B = 48;
/** Key: n. */
export const KEY_N = 49;
/** Key: m. */
export const KEY_M = 50;
/** Key: comma. */
export const KEY_COMMA = 51;
/** Key: dot. */
export const KEY_DOT = 52;
/** Key: slash. */
export const KEY_SLASH = 53;
/** Key: rightshift. */
export const KEY_RIGHTSHIFT = 54;
/** Key: kpasterisk. */
export const KEY_KPASTERISK = 55;
/** Key: leftalt. */
export const KEY_LEFTALT = 56;
/** Key: space. */
export const KEY_SPACE = 57;
/** Key: capslock. */
export const KEY_CAPSLOCK = 58;
/** Key: f1. */
export const KEY_F1 = 59;
/** Key: f2. */
export const KEY_F2 = 60;
/** Key: f3. */
export const KEY_F3 = 61;
/** Key: f4. */
export const KEY_F4 = 62;
/** Key: f5. */
export const KEY_F5 = 63;
/** Key: f6. */
export const KEY_F6 = 64;
/** Key: f7. */
export const KEY_F7 = 65;
/** Key: f8. */
export const KEY_F8 = 66;
/** Key: f9. */
export const KEY_F9 = 67;
/** Key: f10. */
export const KEY_F10 = 68;
/** Key: numlock. */
export const KEY_NUMLOCK = 69;
/** Key: scrolllock. */
export const KEY_SCROLLLOCK = 70;
/** Key: kp7. */
export const KEY_KP7 = 71;
/** Key: kp8. */
export const KEY_KP8 = 72;
/** Key: kp9. */
export const KEY_KP9 = 73;
/** Key: kpminus. */
export const KEY_KPMINUS = 74;
/** Key: kp4. */
export const KEY_KP4 = 75;
/** Key: kp5. */
export const KEY_KP5 = 76;
/** Key: kp6. */
export const KEY_KP6 = 77;
/** Key: kpplus. */
export const KEY_KPPLUS = 78;
/** Key: kp1. */
export const KEY_KP1 = 79;
/** Key: kp2. */
export const KEY_KP2 = 80;
/** Key: kp3. */
export const KEY_KP3 = 81;
/** Key: kp0. */
export const KEY_KP0 = 82;
/** Key: kpdot. */
export const KEY_KPDOT = 83;
/** Key: zenkakuhankaku. */
export const KEY_ZENKAKUHANKAKU = 85;
/** Key: 102nd. */
export const KEY_102ND = 86;
/** Key: f11. */
export const KEY_F11 = 87;
/** Key: f12. */
export const KEY_F12 = 88;
/** Key: ro. */
export const KEY_RO = 89;
/** Key: katakana. */
export const KEY_KATAKANA = 90;
/** Key: hiragana. */
export const KEY_HIRAGANA = 91;
/** Key: henkan. */
export const KEY_HENKAN = 92;
/** Key: katakanahiragana. */
export const KEY_KATAKANAHIRAGANA = 93;
/** Key: muhenkan. */
export const KEY_MUHENKAN = 94;
/** Key: kpjpcomma. */
export const KEY_KPJPCOMMA = 95;
/** Key: kpenter. */
export const KEY_KPENTER = 96;
/** Key: rightctrl. */
export const KEY_RIGHTCTRL = 97;
/** Key: kpslash. */
export const KEY_KPSLASH = 98;
/** Key: sysrq. */
export const KEY_SYSRQ = 99;
/** Key: rightalt. */
export const KEY_RIGHTALT = 100;
/** Key: linefeed. */
export const KEY_LINEFEED = 101;
/** Key: home. */
export const KEY_HOME = 102;
/** Key: up. */
export const KEY_UP = 103;
/** Key: pageup. */
export const KEY_PAGEUP = 104;
/** Key: left. */
export const KEY_LEFT = 105;
/** Key: right. */
export const KEY_RIGHT = 106;
/** Key: end. */
export const KEY_END = 107;
/** Key: down. */
export const KEY_DOWN = 108;
/** Key: pagedown. */
export const KEY_PAGEDOWN = 109;
/** Key: insert. */
export const KEY_INSERT = 110;
/** Key: delete. */
export const KEY_DELETE = 111;
/** Key: macro. */
export const KEY_MACRO = 112;
/** Key: mute. */
export const KEY_MUTE = 113;
/** Key: volumedown. */
export const KEY_VOLUMEDOWN = 114;
/** Key: volumeup. */
export const KEY_VOLUMEUP = 115;
/** Key: power. */
export const KEY_POWER = 116;
/** Key: kpequal. */
export const KEY_KPEQUAL = 117;
/** Key: kpplusminus. */
export const KEY_KPPLUSMINUS = 118;
/** Key: pause. */
export const KEY_PAUSE = 119;
/** Key: scale. */
export const KEY_SCALE = 120;
/** Key: kpcomma. */
export const KEY_KPCOMMA = 121;
/** Key: hangeul. */
export const KEY_HANGEUL = 122;
/** Key: hanja. */
export const KEY_HANJA = 123;
/** Key: yen. */
export const KEY_YEN = 124;
/** Key: leftmeta. */
export const KEY_LEFTMETA = 125;
/** Key: rightmeta. */
export const KEY_RIGHTMETA = 126;
/** Key: compose. */
export const KEY_COMPOSE = 127;
