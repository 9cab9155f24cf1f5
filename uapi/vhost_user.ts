/**
 * The vhost-user protocol: how a virtual machine's front end tells a device in another process about features, memory and
 * rings. Message layouts and numbers are those of QEMU's docs/interop/vhost-user.rst; all is little-endian on the hosts served.
 * @module
 */

import { array, type ArrayView, type Struct, struct, u32, u53, u64, type View } from "./struct.ts";

/** Feature bit: log every guest page that the device writes. */
export const VHOST_F_LOG_ALL = 26;
/** Feature bit: GET_PROTOCOL_FEATURES and SET_PROTOCOL_FEATURES are there. */
export const VHOST_USER_F_PROTOCOL_FEATURES = 30;

/** Protocol feature bit: several queues, GET_QUEUE_NUM. */
export const VHOST_USER_PROTOCOL_F_MQ = 0;
/** Protocol feature bit: the log is shared memory, whose descriptor comes with SET_LOG_BASE. */
export const VHOST_USER_PROTOCOL_F_LOG_SHMFD = 1;
/** Protocol feature bit: VHOST_USER_SEND_RARP. */
export const VHOST_USER_PROTOCOL_F_RARP = 2;
/** Protocol feature bit: VHOST_USER_NEED_REPLY is answered. */
export const VHOST_USER_PROTOCOL_F_REPLY_ACK = 3;
/** Protocol feature bit: VHOST_USER_NET_SET_MTU. */
export const VHOST_USER_PROTOCOL_F_MTU = 4;
/** Protocol feature bit: the back end can ask, on a socket of its own. */
export const VHOST_USER_PROTOCOL_F_BACKEND_REQ = 5;
/** Protocol feature bit: VHOST_USER_SET_VRING_ENDIAN. */
export const VHOST_USER_PROTOCOL_F_CROSS_ENDIAN = 6;
/** Protocol feature bit: crypto sessions. */
export const VHOST_USER_PROTOCOL_F_CRYPTO_SESSION = 7;
/** Protocol feature bit: postcopy migration. */
export const VHOST_USER_PROTOCOL_F_PAGEFAULT = 8;
/** Protocol feature bit: configuration space is the back end's. */
export const VHOST_USER_PROTOCOL_F_CONFIG = 9;
/** Protocol feature bit: the back end may send descriptors. */
export const VHOST_USER_PROTOCOL_F_BACKEND_SEND_FD = 10;
/** Protocol feature bit: host notifiers. */
export const VHOST_USER_PROTOCOL_F_HOST_NOTIFIER = 11;
/** Protocol feature bit: descriptors in flight are tracked in shared memory. */
export const VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD = 12;
/** Protocol feature bit: VHOST_USER_RESET_DEVICE. */
export const VHOST_USER_PROTOCOL_F_RESET_DEVICE = 13;
/** Protocol feature bit: notifications as messages. */
export const VHOST_USER_PROTOCOL_F_INBAND_NOTIFICATIONS = 14;
/** Protocol feature bit: memory comes and goes by regions. */
export const VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS = 15;
/** Protocol feature bit: VHOST_USER_SET_STATUS and GET_STATUS. */
export const VHOST_USER_PROTOCOL_F_STATUS = 16;
/** Protocol feature bit: Xen's grants. */
export const VHOST_USER_PROTOCOL_F_XEN_MMAP = 17;
/** Protocol feature bit: shared objects. */
export const VHOST_USER_PROTOCOL_F_SHARED_OBJECT = 18;
/** Protocol feature bit: device state can be transferred. */
export const VHOST_USER_PROTOCOL_F_DEVICE_STATE = 19;

/** Request: the features that the back end offers, a u64. */
export const VHOST_USER_GET_FEATURES = 1;
/** Request: the features that the driver has accepted, a u64. */
export const VHOST_USER_SET_FEATURES = 2;
/** Request: this front end owns the session. */
export const VHOST_USER_SET_OWNER = 3;
/** Request: it owns it no longer; deprecated. */
export const VHOST_USER_RESET_OWNER = 4;
/** Request: all memory regions at once, {@linkcode vhost_user_memory} and a descriptor each. */
export const VHOST_USER_SET_MEM_TABLE = 5;
/** Request: where dirty pages are logged, {@linkcode vhost_user_log} and a descriptor. */
export const VHOST_USER_SET_LOG_BASE = 6;
/** Request: an eventfd that is signalled when pages were logged. */
export const VHOST_USER_SET_LOG_FD = 7;
/** Request: descriptors of a ring, {@linkcode vhost_vring_state}. */
export const VHOST_USER_SET_VRING_NUM = 8;
/** Request: where a ring lies, {@linkcode vhost_vring_addr}. */
export const VHOST_USER_SET_VRING_ADDR = 9;
/** Request: the next available index of a ring, {@linkcode vhost_vring_state}. */
export const VHOST_USER_SET_VRING_BASE = 10;
/** Request: stop a ring and tell its next available index, {@linkcode vhost_vring_state}. */
export const VHOST_USER_GET_VRING_BASE = 11;
/** Request: the eventfd that kicks a ring; u64 of {@linkcode VHOST_USER_VRING_IDX_MASK} and {@linkcode VHOST_USER_VRING_NOFD_MASK}. */
export const VHOST_USER_SET_VRING_KICK = 12;
/** Request: the eventfd that interrupts, as for KICK. */
export const VHOST_USER_SET_VRING_CALL = 13;
/** Request: the eventfd that tells of a broken ring, as for KICK. */
export const VHOST_USER_SET_VRING_ERR = 14;
/** Request: the protocol features that the back end offers, a u64. */
export const VHOST_USER_GET_PROTOCOL_FEATURES = 15;
/** Request: the protocol features that are used, a u64. */
export const VHOST_USER_SET_PROTOCOL_FEATURES = 16;
/** Request: how many queues there are, a u64. */
export const VHOST_USER_GET_QUEUE_NUM = 17;
/** Request: switch a ring on or off, {@linkcode vhost_vring_state}. */
export const VHOST_USER_SET_VRING_ENABLE = 18;
/** Request: the socket for the back end's own requests. */
export const VHOST_USER_SET_BACKEND_REQ_FD = 21;
/** Request: configuration space, {@linkcode vhost_user_config}. */
export const VHOST_USER_GET_CONFIG = 24;
/** Request: a driver writes configuration space, {@linkcode vhost_user_config}. */
export const VHOST_USER_SET_CONFIG = 25;
/** Request: the display socket of a GPU; see vhost_user_gpu.ts. */
export const VHOST_USER_GPU_SET_SOCKET = 33;
/** Request: disable the rings and forget all state of the device. */
export const VHOST_USER_RESET_DEVICE = 34;
/** Request: how many memory regions there may be, a u64. */
export const VHOST_USER_GET_MAX_MEM_SLOTS = 36;
/** Request: one more memory region, {@linkcode vhost_user_single_mem_region} and a descriptor. */
export const VHOST_USER_ADD_MEM_REG = 37;
/** Request: one memory region less, {@linkcode vhost_user_single_mem_region}. */
export const VHOST_USER_REM_MEM_REG = 38;

/** The back end's request: configuration space has changed. */
export const VHOST_USER_BACKEND_CONFIG_CHANGE_MSG = 2;

/** vhost_user_header.flags: where the version is. */
export const VHOST_USER_VERSION_MASK = 0x3;
/** vhost_user_header.flags: the only version. */
export const VHOST_USER_VERSION = 0x1;
/** vhost_user_header.flags: an answer. */
export const VHOST_USER_REPLY_MASK = 0x4;
/** vhost_user_header.flags: an answer is wanted, a u64 that is 0 for success. */
export const VHOST_USER_NEED_REPLY_MASK = 0x8;

/** Payload of KICK, CALL and ERR: the ring's number. */
export const VHOST_USER_VRING_IDX_MASK = 0xff;
/** Payload of KICK, CALL and ERR: no descriptor comes with it. */
export const VHOST_USER_VRING_NOFD_MASK = 0x100;

/** Most regions of one SET_MEM_TABLE. */
export const VHOST_MEMORY_BASELINE_NREGIONS = 8;
/** Bytes of configuration space that one message may carry. */
export const VHOST_USER_MAX_CONFIG_SIZE = 256;
/** vhost_vring_addr.flags: log what the device writes into the used ring. */
export const VHOST_VRING_F_LOG = 0;
/** Bytes of guest memory that a bit of the dirty log stands for. */
export const VHOST_LOG_PAGE = 4096;

/** Head of each message; `size` bytes of payload follow. */
export interface vhost_user_header {
  /** VHOST_USER_* */
  request: number;
  /** VHOST_USER_VERSION, VHOST_USER_REPLY_MASK, VHOST_USER_NEED_REPLY_MASK */
  flags: number;
  /** bytes of payload */
  size: number;
}
/** Layout of the message header: 12 bytes. */
export const vhost_user_header: Struct<vhost_user_header> = struct<vhost_user_header>(
  "vhost_user_header",
  { request: u32, flags: u32, size: u32 },
  { size: 12 },
);

/** A number for a ring. */
export interface vhost_vring_state {
  /** which ring */
  index: number;
  /** descriptors, an index, or whether it is on */
  num: number;
}
/** Layout of `struct vhost_vring_state`: 8 bytes. */
export const vhost_vring_state: Struct<vhost_vring_state> = struct<vhost_vring_state>(
  "vhost_vring_state",
  { index: u32, num: u32 },
  { size: 8 },
);

/** Where a ring lies, in addresses of the front end. */
export interface vhost_vring_addr {
  /** which ring */
  index: number;
  /** bit VHOST_VRING_F_LOG */
  flags: number;
  /** of the descriptor table */
  desc_user_addr: number;
  /** of the used ring */
  used_user_addr: number;
  /** of the available ring */
  avail_user_addr: number;
  /** guest address under which the used ring is logged */
  log_guest_addr: number;
}
/** Layout of `struct vhost_vring_addr`: 40 bytes. */
export const vhost_vring_addr: Struct<vhost_vring_addr> = struct<vhost_vring_addr>(
  "vhost_vring_addr",
  {
    index: u32,
    flags: u32,
    desc_user_addr: u53,
    used_user_addr: u53,
    avail_user_addr: u53,
    log_guest_addr: u53,
  },
  { size: 40 },
);

/** A range of guest memory. */
export interface vhost_user_memory_region {
  /** guest physical address */
  guest_addr: number;
  /** bytes */
  size: number;
  /** the front end's address */
  user_addr: number;
  /** where in the descriptor it begins, bytes */
  mmap_offset: number;
}
/** Layout of a memory region description: 32 bytes. */
export const vhost_user_memory_region: Struct<vhost_user_memory_region> = struct<vhost_user_memory_region>(
  "vhost_user_memory_region",
  { guest_addr: u53, size: u53, user_addr: u53, mmap_offset: u53 },
  { size: 32 },
);

/** Payload of VHOST_USER_SET_MEM_TABLE; sent only as long as `nregions` makes it. */
export interface vhost_user_memory {
  /** how many of `regions` count */
  nregions: number;
  /** zero */
  padding: number;
  /** the regions */
  regions: ArrayView<View<vhost_user_memory_region>>;
}
/** Layout of the multiple memory regions description: 264 bytes. */
export const vhost_user_memory: Struct<vhost_user_memory> = struct<vhost_user_memory>(
  "vhost_user_memory",
  { nregions: u32, padding: u32, regions: array(vhost_user_memory_region.field(), VHOST_MEMORY_BASELINE_NREGIONS) },
  { size: 264 },
);

/** Payload of VHOST_USER_ADD_MEM_REG and REM_MEM_REG. */
export interface vhost_user_single_mem_region {
  /** zero */
  padding: bigint;
  /** the region */
  region: View<vhost_user_memory_region>;
}
/** Layout of the single memory region description: 40 bytes. */
export const vhost_user_single_mem_region: Struct<vhost_user_single_mem_region> = struct<vhost_user_single_mem_region>(
  "vhost_user_single_mem_region",
  { padding: u64, region: vhost_user_memory_region.field() },
  { size: 40 },
);

/** Payload of VHOST_USER_SET_LOG_BASE. */
export interface vhost_user_log {
  /** bytes of the log */
  mmap_size: number;
  /** where in the descriptor it begins, bytes */
  mmap_offset: number;
}
/** Layout of the log description: 16 bytes. */
export const vhost_user_log: Struct<vhost_user_log> = struct<vhost_user_log>(
  "vhost_user_log",
  { mmap_size: u53, mmap_offset: u53 },
  { size: 16 },
);

/** Payload of VHOST_USER_GET_CONFIG and SET_CONFIG; `size` bytes follow. */
export interface vhost_user_config {
  /** where in configuration space, bytes */
  offset: number;
  /** bytes */
  size: number;
  /** 1 for writing at migration */
  flags: number;
}
/** Layout of the head of a configuration space description: 12 bytes. */
export const vhost_user_config: Struct<vhost_user_config> = struct<vhost_user_config>(
  "vhost_user_config",
  { offset: u32, size: u32, flags: u32 },
  { size: 12 },
);

const REQUEST_NAMES: ReadonlyMap<number, string> = new Map([
  [VHOST_USER_GET_FEATURES, "GET_FEATURES"],
  [VHOST_USER_SET_FEATURES, "SET_FEATURES"],
  [VHOST_USER_SET_OWNER, "SET_OWNER"],
  [VHOST_USER_RESET_OWNER, "RESET_OWNER"],
  [VHOST_USER_SET_MEM_TABLE, "SET_MEM_TABLE"],
  [VHOST_USER_SET_LOG_BASE, "SET_LOG_BASE"],
  [VHOST_USER_SET_LOG_FD, "SET_LOG_FD"],
  [VHOST_USER_SET_VRING_NUM, "SET_VRING_NUM"],
  [VHOST_USER_SET_VRING_ADDR, "SET_VRING_ADDR"],
  [VHOST_USER_SET_VRING_BASE, "SET_VRING_BASE"],
  [VHOST_USER_GET_VRING_BASE, "GET_VRING_BASE"],
  [VHOST_USER_SET_VRING_KICK, "SET_VRING_KICK"],
  [VHOST_USER_SET_VRING_CALL, "SET_VRING_CALL"],
  [VHOST_USER_SET_VRING_ERR, "SET_VRING_ERR"],
  [VHOST_USER_GET_PROTOCOL_FEATURES, "GET_PROTOCOL_FEATURES"],
  [VHOST_USER_SET_PROTOCOL_FEATURES, "SET_PROTOCOL_FEATURES"],
  [VHOST_USER_GET_QUEUE_NUM, "GET_QUEUE_NUM"],
  [VHOST_USER_SET_VRING_ENABLE, "SET_VRING_ENABLE"],
  [VHOST_USER_SET_BACKEND_REQ_FD, "SET_BACKEND_REQ_FD"],
  [VHOST_USER_GET_CONFIG, "GET_CONFIG"],
  [VHOST_USER_SET_CONFIG, "SET_CONFIG"],
  [VHOST_USER_GPU_SET_SOCKET, "GPU_SET_SOCKET"],
  [VHOST_USER_RESET_DEVICE, "RESET_DEVICE"],
  [VHOST_USER_GET_MAX_MEM_SLOTS, "GET_MAX_MEM_SLOTS"],
  [VHOST_USER_ADD_MEM_REG, "ADD_MEM_REG"],
  [VHOST_USER_REM_MEM_REG, "REM_MEM_REG"],
]);

/** The name of a front end's request, without "VHOST_USER_"; its number for one that is not known here. */
export function vhostUserName(request: number): string {
  return REQUEST_NAMES.get(request) ?? `request ${request}`;
}
