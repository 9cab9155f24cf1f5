/**
 * What a server tells of its clients.
 * @module
 */

/** Something that happened. */
export type VtestEvent =
  /** A client has come; its number grows from 1. */
  | { readonly kind: "client"; readonly client: number }
  /** What it calls itself. */
  | { readonly kind: "name"; readonly client: number; readonly name: string }
  /** It is over, and why; `failed`: by an error of the program itself, or because its process was killed. */
  | { readonly kind: "end"; readonly client: number; readonly reason: string; readonly failed: boolean }
  /** Something else that a person may want to know. */
  | { readonly kind: "note"; readonly message: string };
