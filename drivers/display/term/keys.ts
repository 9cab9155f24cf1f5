/**
 * What a terminal sends, as keys and pointer movements: UTF-8, xterm's function keys with modifiers, SGR mouse reports (mode 1006),
 * and the answer to "how large is a cell" (CSI 16 t). Key names are X11's keysyms (keysymdef.h), as RFB has them.
 * @module
 */

/** A key that was typed, with the modifiers that must be down meanwhile. */
export interface TypedKey {
  /** What it is. */
  readonly kind: "key";
  /** Keysyms of Shift_L, Control_L, Alt_L. */
  readonly modifiers: readonly number[];
  /** Keysym. */
  readonly keysym: number;
}

/** The pointer, in cells from 0. */
export interface TypedPointer {
  /** What it is. */
  readonly kind: "pointer";
  /** Column. */
  readonly column: number;
  /** Row. */
  readonly row: number;
  /** Bits: 1 left, 2 middle, 4 right. */
  readonly buttons: number;
}

/** What a terminal sends. */
export type Typed =
  | TypedKey
  | TypedPointer
  /** The wheel turned: steps down, negative up; steps to the right. */
  | { readonly kind: "wheel"; readonly down: number; readonly right: number }
  /** Ctrl-]. */
  | { readonly kind: "quit" }
  /** Pixels of a cell. */
  | { readonly kind: "cell"; readonly width: number; readonly height: number };

const SHIFT = 0xffe1, CONTROL = 0xffe3, ALT = 0xffe9;
const ESCAPE = 0xff1b, BACKSPACE = 0xff08, TAB = 0xff09, RETURN = 0xff0d;
const QUIT = 0x1d;
/** Longer sequences are nobody's. */
const SEQUENCE_MAX = 32;

const FINALS: Readonly<Record<string, number>> = {
  A: 0xff52, // Up
  B: 0xff54, // Down
  C: 0xff53, // Right
  D: 0xff51, // Left
  H: 0xff50, // Home
  F: 0xff57, // End
  P: 0xffbe, // F1
  Q: 0xffbf,
  R: 0xffc0,
  S: 0xffc1,
};
const TILDES: Readonly<Record<number, number>> = {
  1: 0xff50, // Home
  2: 0xff63, // Insert
  3: 0xffff, // Delete
  4: 0xff57, // End
  5: 0xff55, // Page_Up
  6: 0xff56, // Page_Down
  11: 0xffbe, // F1
  12: 0xffbf,
  13: 0xffc0,
  14: 0xffc1,
  15: 0xffc2, // F5
  17: 0xffc3,
  18: 0xffc4,
  19: 0xffc5,
  20: 0xffc6,
  21: 0xffc7,
  23: 0xffc8,
  24: 0xffc9, // F12
};
// What needs Shift on the keyboard that most layouts derive from.
const SHIFTED = /^[A-Z~!@#$%^&*()_+{}|:"<>?]$/;

const key = (keysym: number, modifiers: readonly number[] = []): TypedKey => ({ kind: "key", modifiers, keysym });

/** Turns what a terminal sends into keys. */
export class KeyParser {
  readonly #decoder = new TextDecoder();
  #rest = "";
  #buttons = 0;

  /** What `bytes` mean. A sequence that is not whole waits for the rest; a lone escape at the end is the key. */
  feed(bytes: Uint8Array): Typed[] {
    const text = this.#rest + this.#decoder.decode(bytes, { stream: true });
    this.#rest = "";
    const found: Typed[] = [];
    for (let at = 0; at < text.length;) {
      const char = String.fromCodePoint(text.codePointAt(at) ?? 0);
      if (char !== "\x1b") {
        found.push(typed(char));
        at += char.length;
      } else if (at + 1 === text.length) {
        found.push(key(ESCAPE));
        at++;
      } else if (text[at + 1] === "[" || text[at + 1] === "O") {
        const length = this.#sequence(text, at, found);
        if (length === 0) {
          this.#rest = text.slice(at);
          break;
        }
        at += length;
      } else {
        const next = String.fromCodePoint(text.codePointAt(at + 1) ?? 0);
        const held = typed(next);
        found.push(held.kind === "key" ? key(held.keysym, [ALT, ...held.modifiers]) : held);
        at += 1 + next.length;
      }
    }
    return found;
  }

  // Length of the sequence at `at`; 0 if it is not whole.
  #sequence(text: string, at: number, found: Typed[]): number {
    if (text[at + 1] === "O") {
      if (at + 2 === text.length) return 0;
      const keysym = FINALS[text[at + 2]];
      if (keysym !== undefined) found.push(key(keysym));
      return 3;
    }
    let end = at + 2;
    while (end < text.length && text.charCodeAt(end) >= 0x20 && text.charCodeAt(end) < 0x40) {
      if (end++ - at > SEQUENCE_MAX) return end - at;
    }
    if (end === text.length) return 0;
    this.#control(text.slice(at + 2, end), text[end], found);
    return end + 1 - at;
  }

  #control(body: string, final: string, found: Typed[]): void {
    if (body.startsWith("<")) {
      if (final === "M" || final === "m") this.#mouse(body.slice(1), final === "M", found);
      return;
    }
    const numbers = body.split(";").map(Number);
    if (final === "t") {
      const [what, height, width] = numbers;
      if (what === 6 && width > 0 && height > 0 && width <= 256 && height <= 256) {
        found.push({ kind: "cell", width, height });
      }
      return;
    }
    // 1 + bits: 1 Shift, 2 Alt, 4 Control.
    const bits = (numbers[1] || 1) - 1;
    const modifiers = [
      ...(bits & 1 ? [SHIFT] : []),
      ...(bits & 4 ? [CONTROL] : []),
      ...(bits & 2 ? [ALT] : []),
    ];
    if (final === "Z") found.push(key(TAB, [SHIFT]));
    else {
      const keysym = final === "~" ? TILDES[numbers[0]] : FINALS[final];
      if (keysym !== undefined) found.push(key(keysym, modifiers));
    }
  }

  #mouse(body: string, pressed: boolean, found: Typed[]): void {
    const [code, column, row] = body.split(";").map(Number);
    if (!(code >= 0 && column >= 1 && row >= 1)) return;
    const place = { kind: "pointer", column: column - 1, row: row - 1 } as const;
    if ((code & 64) !== 0) { // the wheel
      const steps = [[-1, 0], [1, 0], [0, -1], [0, 1]][code & 3];
      found.push({ ...place, buttons: this.#buttons }, { kind: "wheel", down: steps[0], right: steps[1] });
      return;
    }
    const button = [1, 2, 4, 0][code & 3];
    if ((code & 32) === 0) this.#buttons = pressed ? this.#buttons | button : this.#buttons & ~button;
    found.push({ ...place, buttons: this.#buttons });
  }
}

// A character that stands for itself, or a control character.
function typed(char: string): TypedKey | { readonly kind: "quit" } {
  const code = char.codePointAt(0) ?? 0;
  if (code === QUIT) return { kind: "quit" };
  if (code === 0x7f || code === 0x08) return key(BACKSPACE);
  if (code === 0x09) return key(TAB);
  if (code === 0x0d || code === 0x0a) return key(RETURN);
  if (code === 0) return key(0x20, [CONTROL]);
  if (code < 0x20) return key(code < 0x1b ? code + 0x60 : code + 0x40, [CONTROL]);
  // Latin-1 has its own keysyms, the rest of Unicode begins at 0x1000000.
  return key(code < 0x100 ? code : 0x0100_0000 + code, SHIFTED.test(char) ? [SHIFT] : []);
}
