/** A cursor over TGSI text: the terminals of its grammar (tgsi_text.c). */
import { ShaderError } from "./error.ts";

const SPACE = /[ \t\r\n]*/y;
const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;
const DIGIT_WORD = /[A-Za-z0-9_]+/y;
const DIGITS = /[0-9]+/y;
const HEX = /0[xX][0-9a-fA-F]+/y;
const NUMBER = /[+-]?(?:nan|inf(?:inity)?|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)/iy;
const INTEGER = /[+-]?(?:0[xX][0-9a-fA-F]+|[0-9]+)/y;

/** Reads text from left to right. */
export class Cursor {
  /** The text. */
  readonly text: string;
  /** Where it stands. */
  at = 0;
  #line = 1;
  #lineAt = 0;

  /** Stands before the text. */
  constructor(text: string) {
    this.text = text;
  }

  /** Line of the place where the cursor stands, from 1. */
  get line(): number {
    const { text, at } = this;
    if (at < this.#lineAt) {
      this.#line = 1;
      this.#lineAt = 0;
    }
    for (;;) {
      const next = text.indexOf("\n", this.#lineAt);
      if (next < 0 || next >= at) return this.#line;
      this.#line++;
      this.#lineAt = next + 1;
    }
  }

  /** A refusal at this place. */
  error(sentence: string): ShaderError {
    return new ShaderError(this.line, sentence);
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (match === null) return "";
    this.at = pattern.lastIndex;
    return match[0];
  }

  /** Skips blanks and line ends. */
  skip(): void {
    this.#match(SPACE);
  }

  /** Whether nothing but blanks is left. */
  get done(): boolean {
    this.skip();
    return this.at >= this.text.length;
  }

  /** Skips blanks, then takes a character if it is the next. @returns whether it was. */
  take(character: string): boolean {
    this.skip();
    if (!this.text.startsWith(character, this.at)) return false;
    this.at += character.length;
    return true;
  }

  /** Takes a character. @throws {ShaderError} if another is next. */
  expect(character: string): void {
    if (!this.take(character)) throw this.error(`expected \`${character}'`);
  }

  /** Skips blanks and takes a word, in upper case; "" if none is next. */
  word(): string {
    this.skip();
    return this.#match(WORD).toUpperCase();
  }

  /** Skips blanks and takes a word that may begin with a digit ("2D_ARRAY"), in upper case; "" if none is next. */
  digitWord(): string {
    this.skip();
    return this.#match(DIGIT_WORD).toUpperCase();
  }

  /** Skips blanks and takes an unsigned number below 2^32 if one is next; -1 if none is. */
  optionalUint(): number {
    this.skip();
    const digits = this.#match(DIGITS);
    if (digits === "") return -1;
    const value = Number(digits);
    if (value > 0xffffffff) throw this.error(`${digits} does not fit in 32 bits`);
    return value;
  }

  /** Takes an unsigned number up to `limit`. @param what its name for the error. */
  uint(limit: number, what: string): number {
    const value = this.optionalUint();
    if (value < 0) throw this.error(`expected a number for ${what}`);
    if (value > limit) throw this.error(`${what} ${value} is above ${limit}`);
    return value;
  }

  /** Takes a hexadecimal word if one is next; -1 if none is. */
  #hex(): number {
    this.skip();
    const digits = this.#match(HEX);
    if (digits === "") return -1;
    const value = Number(digits);
    if (value > 0xffffffff) throw this.error(`${digits} does not fit in 32 bits`);
    return value;
  }

  /** Takes a float, or its bits as 0x word; returns the bits. */
  float32(): number {
    const hex = this.#hex();
    if (hex >= 0) return hex;
    view.setFloat32(0, this.#number(), true);
    return view.getUint32(0, true);
  }

  /** Takes a double; returns its bits, low word first. */
  float64(): [number, number] {
    const hex = this.#match(HEX);
    if (hex !== "") view.setBigUint64(0, BigInt(hex.slice(0, 18)), true);
    else view.setFloat64(0, this.#number(), true);
    return [view.getUint32(0, true), view.getUint32(4, true)];
  }

  #number(): number {
    this.skip();
    const digits = this.#match(NUMBER);
    if (digits === "") throw this.error("expected a number");
    const plain = digits.replace(/^[+-]/, "").toLowerCase();
    const size = plain === "nan" ? NaN : plain.startsWith("inf") ? Infinity : Number(plain);
    return digits.startsWith("-") ? -size : size;
  }

  /** Takes an integer; returns its low 32 bits. */
  int32(): number {
    return Number(BigInt.asUintN(32, this.#integer()));
  }

  /** Takes a 64-bit integer; returns its bits, low word first. */
  int64(): [number, number] {
    view.setBigUint64(0, BigInt.asUintN(64, this.#integer()), true);
    return [view.getUint32(0, true), view.getUint32(4, true)];
  }

  #integer(): bigint {
    this.skip();
    const digits = this.#match(INTEGER);
    if (digits === "") throw this.error("expected an integer");
    if (digits.length > 24) throw this.error("the integer is too long");
    const plain = BigInt(digits.replace(/^[+-]/, ""));
    return digits.startsWith("-") ? -plain : plain;
  }

  /** The next character after blanks, without taking it. */
  peek(): string {
    this.skip();
    return this.text[this.at] ?? "";
  }
}

const view = new DataView(new ArrayBuffer(8));
