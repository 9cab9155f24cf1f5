/**
 * Keys of a keyboard that are for applications and media. Mirrors the KEY_* from 128 to 255 of
 * include/uapi/linux/input-event-codes.h.
 * @module
 */

/** Key: stop. */
export const KEY_STOP = 128;
/** Key: again. */
export const KEY_AGAIN = 129;
/** Key: props. */
export const KEY_PROPS = 130;
/** Key: undo. */
export const KEY_UNDO = 131;
/** Key: front. */
export const KEY_FRONT = 132;
/** Key: copy. */
export const KEY_COPY = 133;
/** Key: open. */
export const KEY_OPEN = 134;
/** Key: paste. */
export const KEY_PASTE = 135;
/** Key: find. */
export const KEY_FIND = 136;
/** Key: cut. */
export const KEY_CUT = 137;
/** Key: help. */
export const KEY_HELP = 138;
/** Key: menu. */
export const KEY_MENU = 139;
/** Key: calc. */
export const KEY_CALC = 140;
/** Key: setup. */
export const KEY_SETUP = 141;
/** Key: sleep. */
export const KEY_SLEEP = 142;
/** Key: wakeup. */
export const KEY_WAKEUP = 143;
/** Key: file. */
export const KEY_FILE = 144;
/** Key: sendfile. */
export const KEY_SENDFILE = 145;
/** Key: deletefile. */
export const KEY_DELETEFILE = 146;
/** Key: xfer. */
export const KEY_XFER = 147;
/** Key: prog1. */
export const KEY_PROG1 = 148;
/** Key: prog2. */
export const KEY_PROG2 = 149;
/** Key: www. */
export const KEY_WWW = 150;
/** Key: msdos. */
export const KEY_MSDOS = 151;
/** Key: coffee. */
export const KEY_COFFEE = 152;
/** Key: screenlock. */
export const KEY_SCREENLOCK = 152;
/** Key: rotate display. */
export const KEY_ROTATE_DISPLAY = 153;
/** Key: direction. */
export const KEY_DIRECTION = 153;
/** Key: cyclewindows. */
export const KEY_CYCLEWINDOWS = 154;
/** Key: mail. */
export const KEY_MAIL = 155;
/** Key: bookmarks. */
export const KEY_BOOKMARKS = 156;
/** Key: computer. */
export const KEY_COMPUTER = 157;
/** Key: back. */
export const KEY_BACK = 158;
/** Key: forward. */
export const KEY_FORWARD = 159;
/** Key: closecd. */
export const KEY_CLOSECD = 160;
/** Key: ejectcd. */
export const KEY_EJECTCD = 161;
/** Key: ejectclosecd. */
export const KEY_EJECTCLOSECD = 162;
/** Key: nextsong. */
export const KEY_NEXTSONG = 163;
/** Key: playpause. */
export const KEY_PLAYPAUSE = 164;
/** Key: previoussong. */
export const KEY_PREVIOUSSONG = 165;
/** Key: stopcd. */
export const KEY_STOPCD = 166;
/** Key: record. */
export const KEY_RECORD = 167;
/** Key: rewind. */
export const KEY_REWIND = 168;
/** Key: phone. */
export const KEY_PHONE = 169;
/** Key: iso. */
export const KEY_ISO = 170;
/** Key: config. */
export const KEY_CONFIG = 171;
/** Key: homepage. */
export const KEY_HOMEPAGE = 172;
/** Key: refresh. */
export const KEY_REFRESH = 173;
/** Key: exit. */
export const KEY_EXIT = 174;
/** Key: move. */
export const KEY_MOVE = 175;
/** Key: edit. */
export const KEY_EDIT = 176;
/** Key: scrollup. */
export const KEY_SCROLLUP = 177;
/** Key: scrolldown. */
export const KEY_SCROLLDOWN = 178;
/** Key: kpleftparen. */
export const KEY_KPLEFTPAREN = 179;
/** Key: kprightparen. */
export const KEY_KPRIGHTPAREN = 180;
/** Key: new. */
export const KEY_NEW = 181;
/** Key: redo. */
export const KEY_REDO = 182;
/** Key: f13. */
export const KEY_F13 = 183;
/** Key: f14. */
export const KEY_F14 = 184;
/** Key: f15. */
export const KEY_F15 = 185;
/** Key: f16. */
export const KEY_F16 = 186;
/** Key: f17. */
export const KEY_F17 = 187;
/** Key: f18. */
export const KEY_F18 = 188;
/** Key: f19. */
export const KEY_F19 = 189;
/** Key: f20. */
export const KEY_F20 = 190;
/** Key: f21. */
export const KEY_F21 = 191;
/** Key: f22. */
export const KEY_F22 = 192;
/** Key: f23. */
export const KEY_F23 = 193;
/** Key: f24. */
export const KEY_F24 = 194;
/** Key: playcd. */
export const KEY_PLAYCD = 200;
/** Key: pausecd. */
export const KEY_PAUSECD = 201;
/** Key: prog3. */
export const KEY_PROG3 = 202;
/** Key: prog4. */
export const KEY_PROG4 = 203;
/** Key: all applications. */
export const KEY_ALL_APPLICATIONS = 204;
/** Key: dashboard. */
export const KEY_DASHBOARD = 204;
/** Key: suspend. */
export const KEY_SUSPEND = 205;
/** Key: close. */
export const KEY_CLOSE = 206;
/** Key: play. */
export const KEY_PLAY = 207;
/** Key: fastforward. */
export const KEY_FASTFORWARD = 208;
/** Key: bassboost. */
export const KEY_BASSBOOST = 209;
/** Key: print. */
export const KEY_PRINT = 210;
/** Key: hp. */
export const KEY_HP = 211;
/** Key: camera. */
export const KEY_CAMERA = 212;
/** Key: sound. */
export const KEY_SOUND = 213;
/** Key: question. */
export const KEY_QUESTION = 214;
/** Key: email. */
export const KEY_EMAIL = 215;
/** Key: chat. */
export const KEY_CHAT = 216;
/** Key: search. */
export const KEY_SEARCH = 217;
/** Key: connect. */
export const KEY_CONNECT = 218;
/** Key: finance. */
export const KEY_FINANCE = 219;
/** Key: sport. */
export const KEY_SPORT = 220;
/** Key: shop. */
export const KEY_SHOP = 221;
/** Key: alterase. */
export const KEY_ALTERASE = 222;
/** Key: cancel. */
export const KEY_CANCEL = 223;
/** Key: brightnessdown. */
export const KEY_BRIGHTNESSDOWN = 224;
/** Key: brightnessup. */
export const KEY_BRIGHTNESSUP = 225;
/** Key: media. */
export const KEY_MEDIA = 226;
/** Key: switchvideomode. */
export const KEY_SWITCHVIDEOMODE = 227;
/** Key: kbdillumtoggle. */
export const KEY_KBDILLUMTOGGLE = 228;
/** Key: kbdillumdown. */
export const KEY_KBDILLUMDOWN = 229;
/** Key: kbdillumup. */
export const KEY_KBDILLUMUP = 230;
/** Key: send. */
export const KEY_SEND = 231;
/** Key: reply. */
export const KEY_REPLY = 232;
/** Key: forwardmail. */
export const KEY_FORWARDMAIL = 233;
/** Key: save. */
export const KEY_SAVE = 234;
/** Key: documents. */
export const KEY_DOCUMENTS = 235;
/** Key: battery. */
export const KEY_BATTERY = 236;
/** Key: bluetooth. */
export const KEY_BLUETOOTH = 237;
/** Key: wlan. */
export const KEY_WLAN = 238;
/** Key: uwb. */
export const KEY_UWB = 239;
/** Key: unknown. */
export const KEY_UNKNOWN = 240;
/** Key: video next. */
export const KEY_VIDEO_NEXT = 241;
/** Key: video prev. */
export const KEY_VIDEO_PREV = 242;
/** Key: brightness cycle. */
export const KEY_BRIGHTNESS_CYCLE = 243;
/** Key: brightness auto. */
export const KEY_BRIGHTNESS_AUTO = 244;
/** Key: brightness zero. */
export const KEY_BRIGHTNESS_ZERO = 244;
/** Key: display off. */
export const KEY_DISPLAY_OFF = 245;
/** Key: wwan. */
export const KEY_WWAN = 246;
/** Key: wimax. */
export const KEY_WIMAX = 246;
/** Key: rfkill. */
export const KEY_RFKILL = 247;
/** Key: micmute. */
export const KEY_MICMUTE = 248;
