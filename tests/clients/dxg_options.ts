// What the C programs on /dev/dxg are compiled with: the packets' numbers are the header's of this system, not the program's.
import { DXG_DRIVER_MAGIC, DXG_DRIVER_VERSION } from "udrm/uapi/dxg_driver.ts";
import { DxpWriter } from "udrm/uapi/dxp_encode.ts";
import * as isa from "udrm/uapi/dxp_isa.ts";

/** Definitions of MAGIC, VERSION and the packets' first words, as options of a compiler. */
export function dxgClientOptions(): string[] {
  const { words } = new DxpWriter().put(isa.DXP_FILL, [0, 0, 0]).put(isa.DXP_FENCE_WRITE, [0, 0]).end();
  const hex = (...values: number[]): string => values.map((value) => `0x${value.toString(16)}u`).join(",");
  return [
    `-DMAGIC=${hex(DXG_DRIVER_MAGIC)}`,
    `-DVERSION=${DXG_DRIVER_VERSION}`,
    `-DWORDS_HEADER=${hex(...words.subarray(0, 3))}`,
    `-DWORD_FILL=${hex(words[3])}`,
    `-DWORD_FENCE=${hex(words[9])}`,
    `-DWORD_END=${hex(words[14])}`,
  ];
}
