/**
 * Handles, LUIDs and other small things of the dxgkrnl uAPI: what its other headers name everywhere.
 * Mirrors include/uapi/misc/d3dkmthk.h.
 * @module
 */

import { type Bits, bits } from "./bits.ts";
import { type Struct, struct, u32 } from "./struct.ts";

/** Bit-fields of a handle: a u32 everywhere else. The guest's kernel checks `unique` alone. */
export const d3dkmthandle: Bits<"instance" | "index" | "unique"> = bits("d3dkmthandle", {
  instance: 6,
  index: 24,
  unique: 2,
});

/** A locally unique identifier of an adapter. */
export interface winluid {
  /** low 32 bits */
  a: number;
  /** high 32 bits */
  b: number;
}
/** Layout of `struct winluid`: 8 bytes. */
export const winluid: Struct<winluid> = struct<winluid>("winluid", {
  a: u32,
  b: u32,
}, { size: 8 });

/** Bit-fields of an NTSTATUS; negative means failure. */
export const ntstatus: Bits<"code" | "facility" | "customer" | "severity"> = bits("ntstatus", {
  code: 16,
  facility: 13,
  customer: 1,
  severity: 2,
});

/** A fraction. */
export interface d3dddi_rational {
  /** above the line */
  numerator: number;
  /** below the line */
  denominator: number;
}
/** Layout of `struct d3dddi_rational`: 8 bytes. */
export const d3dddi_rational: Struct<d3dddi_rational> = struct<d3dddi_rational>("d3dddi_rational", {
  numerator: u32,
  denominator: u32,
}, { size: 8 });
