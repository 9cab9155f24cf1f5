/**
 * The content of dxg DMA buffers: decoder and disassembler of the packet format that uapi/dxp.ts declares.
 * @module
 */

export { type DxpFault, PacketDecoder, visit } from "./decoder.ts";
export { disassemble } from "./disassemble.ts";
