/**
 * dma-bufs over the pages of a sealed memfd. Mirrors include/uapi/linux/udmabuf.h.
 * @module
 */

import { type Ioctl, IOW } from "./ioctl.ts";
import { type Struct, struct, type TailStruct, tailStruct, u32, u53, type View } from "./struct.ts";

/** flags: close the new fd on exec. */
export const UDMABUF_FLAGS_CLOEXEC = 0x01;

/** Argument of {@linkcode UDMABUF_CREATE}. */
export interface udmabuf_create {
  /** in; a memfd sealed against shrinking */
  memfd: number;
  /** in; UDMABUF_FLAGS_CLOEXEC */
  flags: number;
  /** in; page aligned, bytes */
  offset: number;
  /** in; page aligned, bytes */
  size: number;
}
/** Layout of `struct udmabuf_create`: 24 bytes. */
export const udmabuf_create: Struct<udmabuf_create> = struct<udmabuf_create>("udmabuf_create", {
  memfd: u32,
  flags: u32,
  offset: u53,
  size: u53,
}, { size: 24 });

/** Makes a dma-buf of a range of a memfd; returns its fd. */
export const UDMABUF_CREATE: Ioctl<udmabuf_create> = IOW("u", 0x42, udmabuf_create);

/** A range of {@linkcode udmabuf_create_list}. */
export interface udmabuf_create_item {
  /** in; a memfd sealed against shrinking */
  memfd: number;
  /** ignored */
  __pad: number;
  /** in; page aligned, bytes */
  offset: number;
  /** in; page aligned, bytes */
  size: number;
}
/** Layout of `struct udmabuf_create_item`: 24 bytes. */
export const udmabuf_create_item: Struct<udmabuf_create_item> = struct<udmabuf_create_item>("udmabuf_create_item", {
  memfd: u32,
  __pad: u32,
  offset: u53,
  size: u53,
}, { size: 24 });

/** Argument of {@linkcode UDMABUF_CREATE_LIST}. */
export interface udmabuf_create_list {
  /** in; UDMABUF_FLAGS_CLOEXEC */
  flags: number;
  /** in; ranges */
  count: number;
}
/** Layout of `struct udmabuf_create_list`: 8 bytes, then `list`: in; the ranges. */
export const udmabuf_create_list: TailStruct<udmabuf_create_list, View<udmabuf_create_item>> = tailStruct<
  udmabuf_create_list,
  udmabuf_create_item
>("udmabuf_create_list", { flags: u32, count: u32 }, "list", udmabuf_create_item, { size: 8 });

/** Makes a dma-buf of ranges of memfds; returns its fd. */
export const UDMABUF_CREATE_LIST: Ioctl<udmabuf_create_list> = IOW("u", 0x43, udmabuf_create_list);
