/**
 * VMBus: channels of packets over two rings in shared pages, both halves, and a bus for one isolate.
 * @module
 */

export * from "./channel.ts";
export * from "./loopback.ts";
export { RingReader } from "./ring_reader.ts";
export type { ReceivedPacket } from "./ring_reader.ts";
export { RingWriter } from "./ring_writer.ts";
