/**
 * Messages of the whole VM: processes, shared objects, the I/O window, events from the host. Mirrors dxgkrnl's dxgvmbus.h.
 * @module
 */

import { type Bits, bits, bitsField } from "./bits.ts";
import {
  array,
  type ArrayView,
  overlay,
  s32,
  type Struct,
  struct,
  u16,
  u32,
  u53,
  u64,
  u8,
  type View,
} from "./struct.ts";
import { dxgkvmb_command_host_to_vm, dxgkvmb_command_vm_to_host } from "./dxgvmbus_hdr.ts";

/** Bit-fields of {@linkcode dxgkvmb_command_createprocess}.flags. */
export const dxgkvmb_command_createprocess_flags: Bits<
  "csrss_process" | "dwm_process" | "wow64_process" | "linux_process"
> = bits("dxgkvmb_command_createprocess_flags", {
  csrss_process: 1,
  dwm_process: 1,
  wow64_process: 1,
  linux_process: 1,
}, 1);

/** Message DXGK_VMBCOMMAND_CREATEPROCESS. */
export interface dxgkvmb_command_createprocess {
  /** the header */
  hdr: View<dxgkvmb_command_vm_to_host>;
  /** the guest's own cookie for the process; Linux sends a kernel address */
  process: bigint;
  /** process id in the guest */
  process_id: number;
  /** UTF-16, up to 260 units */
  process_name: ArrayView<number>;
  /** bits; dxgkvmb_command_createprocess_flags */
  flags: number;
}
/** Layout of `struct dxgkvmb_command_createprocess`: 568 bytes. */
export const dxgkvmb_command_createprocess: Struct<dxgkvmb_command_createprocess> = struct<
  dxgkvmb_command_createprocess
>("dxgkvmb_command_createprocess", {
  hdr: dxgkvmb_command_vm_to_host.field(),
  process: u64,
  process_id: u53,
  process_name: array(u16, 261),
  flags: bitsField(dxgkvmb_command_createprocess_flags),
}, { size: 568 });

/** Reply to DXGK_VMBCOMMAND_CREATEPROCESS. */
export interface dxgkvmb_command_createprocess_return {
  /** the host's handle of the process */
  hprocess: number;
}
/** Layout of `struct dxgkvmb_command_createprocess_return`: 4 bytes. */
export const dxgkvmb_command_createprocess_return: Struct<dxgkvmb_command_createprocess_return> = struct<
  dxgkvmb_command_createprocess_return
>("dxgkvmb_command_createprocess_return", {
  hprocess: u32,
}, { size: 4 });

/** Message DXGK_VMBCOMMAND_DESTROYPROCESS. */
export interface dxgkvmb_command_destroyprocess {
  /** the header */
  hdr: View<dxgkvmb_command_vm_to_host>;
}
/** Layout of `struct dxgkvmb_command_destroyprocess`: 24 bytes. */
export const dxgkvmb_command_destroyprocess: Struct<dxgkvmb_command_destroyprocess> = struct<
  dxgkvmb_command_destroyprocess
>("dxgkvmb_command_destroyprocess", {
  hdr: dxgkvmb_command_vm_to_host.field(),
}, { size: 24 });

/** Message DXGK_VMBCOMMAND_SETIOSPACEREGION. */
export interface dxgkvmb_command_setiospaceregion {
  /** the header */
  hdr: View<dxgkvmb_command_vm_to_host>;
  /** first guest-physical address */
  start: bigint;
  /** bytes */
  length: number;
  /** VMBus's handle of a shared page, or 0 */
  shared_page_gpadl: number;
}
/** Layout of `struct dxgkvmb_command_setiospaceregion`: 48 bytes. */
export const dxgkvmb_command_setiospaceregion: Struct<dxgkvmb_command_setiospaceregion> = struct<
  dxgkvmb_command_setiospaceregion
>("dxgkvmb_command_setiospaceregion", {
  hdr: dxgkvmb_command_vm_to_host.field(),
  start: u64,
  length: u53,
  shared_page_gpadl: u32,
}, { size: 48 });

/** Message DXGK_VMBCOMMAND_CREATENTSHAREDOBJECT. */
export interface dxgkvmb_command_createntsharedobject {
  /** the header */
  hdr: View<dxgkvmb_command_vm_to_host>;
  /** handle of the object */
  object: number;
}
/** Layout of `struct dxgkvmb_command_createntsharedobject`: 32 bytes. */
export const dxgkvmb_command_createntsharedobject: Struct<dxgkvmb_command_createntsharedobject> = struct<
  dxgkvmb_command_createntsharedobject
>("dxgkvmb_command_createntsharedobject", {
  hdr: dxgkvmb_command_vm_to_host.field(),
  object: u32,
}, { size: 32 });

/** Message DXGK_VMBCOMMAND_DESTROYNTSHAREDOBJECT. */
export interface dxgkvmb_command_destroyntsharedobject {
  /** the header */
  hdr: View<dxgkvmb_command_vm_to_host>;
  /** handle of the shared object */
  shared_handle: number;
}
/** Layout of `struct dxgkvmb_command_destroyntsharedobject`: 32 bytes. */
export const dxgkvmb_command_destroyntsharedobject: Struct<dxgkvmb_command_destroyntsharedobject> = struct<
  dxgkvmb_command_destroyntsharedobject
>("dxgkvmb_command_destroyntsharedobject", {
  hdr: dxgkvmb_command_vm_to_host.field(),
  shared_handle: u32,
}, { size: 32 });

/** Message DXGK_VMBCOMMAND_SHAREOBJECTWITHHOST. */
export interface dxgkvmb_command_shareobjectwithhost {
  /** the header */
  hdr: View<dxgkvmb_command_vm_to_host>;
  /** device handle */
  device_handle: number;
  /** handle of the object */
  object_handle: number;
  /** must be zero */
  reserved: bigint;
}
/** Layout of `struct dxgkvmb_command_shareobjectwithhost`: 40 bytes. */
export const dxgkvmb_command_shareobjectwithhost: Struct<dxgkvmb_command_shareobjectwithhost> = struct<
  dxgkvmb_command_shareobjectwithhost
>("dxgkvmb_command_shareobjectwithhost", {
  hdr: dxgkvmb_command_vm_to_host.field(),
  device_handle: u32,
  object_handle: u32,
  reserved: u64,
}, { size: 40 });

/** Reply to DXGK_VMBCOMMAND_SHAREOBJECTWITHHOST. */
export interface dxgkvmb_command_shareobjectwithhost_return {
  /** NTSTATUS */
  status: number;
  /** padding */
  alignment: number;
  /** the host's handle */
  vail_nt_handle: bigint;
}
/** Layout of `struct dxgkvmb_command_shareobjectwithhost_return`: 16 bytes. */
export const dxgkvmb_command_shareobjectwithhost_return: Struct<dxgkvmb_command_shareobjectwithhost_return> = struct<
  dxgkvmb_command_shareobjectwithhost_return
>("dxgkvmb_command_shareobjectwithhost_return", {
  status: s32,
  alignment: u32,
  vail_nt_handle: u64,
}, { size: 16 });

/** Message DXGK_VMBCOMMAND_SIGNALGUESTEVENT. */
export interface dxgkvmb_command_signalguestevent {
  /** the header */
  hdr: View<dxgkvmb_command_host_to_vm>;
  /** the guest's id of the event */
  event: bigint;
  /** process id in the guest */
  process_id: number;
  /** whether the event is used up by it; 0 or 1 */
  dereference_event: number;
}
/** Layout of `struct dxgkvmb_command_signalguestevent`: 48 bytes. */
export const dxgkvmb_command_signalguestevent: Struct<dxgkvmb_command_signalguestevent> = struct<
  dxgkvmb_command_signalguestevent
>("dxgkvmb_command_signalguestevent", {
  hdr: dxgkvmb_command_host_to_vm.field(),
  event: u64,
  process_id: u53,
  dereference_event: u8,
}, { size: 48 });

/** Bit-fields of {@linkcode dxgkvmb_command_setguestdata}.flags. */
export const dxgkvmb_command_setguestdata_flags: Bits<"dereference" | "data_type"> = bits(
  "dxgkvmb_command_setguestdata_flags",
  {
    dereference: 1,
    data_type: 4,
  },
);

/** Message DXGK_VMBCOMMAND_SETGUESTDATA. */
export interface dxgkvmb_command_setguestdata {
  /** the header */
  hdr: View<dxgkvmb_command_host_to_vm>;
  /** the guest's cookie */
  guest_pointer: bigint;
  /** 64 bits to store */
  data64: bigint;
  /** 32 bits to store */
  data32: number;
  /** bits; dxgkvmb_command_setguestdata_flags */
  flags: number;
}
/** Layout of `struct dxgkvmb_command_setguestdata`: 48 bytes. */
export const dxgkvmb_command_setguestdata: Struct<dxgkvmb_command_setguestdata> = struct<dxgkvmb_command_setguestdata>(
  "dxgkvmb_command_setguestdata",
  {
    hdr: dxgkvmb_command_host_to_vm.field(),
    guest_pointer: u64,
    data64: u64,
    data32: overlay(32, u32),
    flags: bitsField(dxgkvmb_command_setguestdata_flags),
  },
  { size: 48 },
);
