/**
 * The text of a `--display` in its parts: KIND[:VALUE][,NAME[=VALUE]]...
 * @module
 */

/** A text in its parts. */
export interface DisplayText {
  /** What stands first. */
  readonly kind: string;
  /** What stands behind its colon; undefined for nothing. */
  readonly value: string | undefined;
  /** Options in their order; empty text for those without value. */
  readonly options: readonly (readonly [name: string, value: string])[];
}

/** Takes a text apart. */
export function splitDisplay(text: string): DisplayText {
  const [head, ...rest] = text.split(",");
  const colon = head.indexOf(":");
  const options = rest.map((option): [string, string] => {
    const at = option.indexOf("=");
    return at < 0 ? [option, ""] : [option.slice(0, at), option.slice(at + 1)];
  });
  return colon < 0
    ? { kind: head, value: undefined, options }
    : { kind: head.slice(0, colon), value: head.slice(colon + 1), options };
}

/** A whole number up to `most`; undefined for anything else. */
export function wholeNumber(text: string, most: number): number | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) <= most ? Number(text) : undefined;
}
