/**
 * The content of dxg DMA buffers: decoder and disassembler of the packet format that uapi/dxp.ts declares, and the engine that
 * executes it on Vulkan.
 * @module
 */

export { type DxpFault, PacketDecoder, visit } from "./decoder.ts";
export { disassemble } from "./disassemble.ts";
export { Packets, packets } from "./engine.ts";
export type { PacketsOptions } from "./gpu.ts";
