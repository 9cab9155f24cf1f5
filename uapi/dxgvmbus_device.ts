/**
 * Messages about devices, contexts, hardware queues and submission. Mirrors dxgkrnl's dxgvmbus.h.
 * @module
 */

import { bitsField } from "./bits.ts";
import { bytes, s32, type Struct, struct, u32, u64, u8, type View } from "./struct.ts";
import { d3dddi_createcontextflags, d3dddi_createhwqueueflags } from "./d3dkmthk_context.ts";
import { d3dkmt_createdeviceflags, d3dkmt_getdevicestate, d3dkmt_markdeviceaserror } from "./d3dkmthk_device.ts";
import { d3dkmt_submitcommand, d3dkmt_submitcommandtohwqueue } from "./d3dkmthk_submit.ts";
import { dxgkvmb_command_vgpu_to_host } from "./dxgvmbus_hdr.ts";

/** Message DXGK_VMBCOMMAND_CREATEDEVICE. */
export interface dxgkvmb_command_createdevice {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** bits; d3dkmt_createdeviceflags */
  flags: number;
  /** always zero here; 0 or 1 */
  cdd_device: number;
  /** guest cookie that SETGUESTDATA names; Linux sends a kernel address */
  error_code: bigint;
}
/** Layout of `struct dxgkvmb_command_createdevice`: 40 bytes. */
export const dxgkvmb_command_createdevice: Struct<dxgkvmb_command_createdevice> = struct<dxgkvmb_command_createdevice>(
  "dxgkvmb_command_createdevice",
  {
    hdr: dxgkvmb_command_vgpu_to_host.field(),
    flags: bitsField(d3dkmt_createdeviceflags),
    cdd_device: u8,
    error_code: u64,
  },
  { size: 40 },
);

/** Reply to DXGK_VMBCOMMAND_CREATEDEVICE. */
export interface dxgkvmb_command_createdevice_return {
  /** device handle */
  device: number;
}
/** Layout of `struct dxgkvmb_command_createdevice_return`: 4 bytes. */
export const dxgkvmb_command_createdevice_return: Struct<dxgkvmb_command_createdevice_return> = struct<
  dxgkvmb_command_createdevice_return
>("dxgkvmb_command_createdevice_return", {
  device: u32,
}, { size: 4 });

/** Message DXGK_VMBCOMMAND_DESTROYDEVICE. */
export interface dxgkvmb_command_destroydevice {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** device handle */
  device: number;
}
/** Layout of `struct dxgkvmb_command_destroydevice`: 32 bytes. */
export const dxgkvmb_command_destroydevice: Struct<dxgkvmb_command_destroydevice> = struct<
  dxgkvmb_command_destroydevice
>("dxgkvmb_command_destroydevice", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  device: u32,
}, { size: 32 });

/** reason of a flush: the device goes away. */
export const DXGDEVICE_FLUSHSCHEDULER_DEVICE_TERMINATE = 4;

/** Message DXGK_VMBCOMMAND_FLUSHDEVICE. */
export interface dxgkvmb_command_flushdevice {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** device handle */
  device: number;
  /** why; enum dxgdevice_flushschedulerreason */
  reason: number;
}
/** Layout of `struct dxgkvmb_command_flushdevice`: 32 bytes. */
export const dxgkvmb_command_flushdevice: Struct<dxgkvmb_command_flushdevice> = struct<dxgkvmb_command_flushdevice>(
  "dxgkvmb_command_flushdevice",
  {
    hdr: dxgkvmb_command_vgpu_to_host.field(),
    device: u32,
    reason: u32,
  },
  { size: 32 },
);

/** Message DXGK_VMBCOMMAND_MARKDEVICEASERROR. */
export interface dxgkvmb_command_markdeviceaserror {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** the argument of the ioctl */
  args: View<d3dkmt_markdeviceaserror>;
}
/** Layout of `struct dxgkvmb_command_markdeviceaserror`: 32 bytes. */
export const dxgkvmb_command_markdeviceaserror: Struct<dxgkvmb_command_markdeviceaserror> = struct<
  dxgkvmb_command_markdeviceaserror
>("dxgkvmb_command_markdeviceaserror", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  args: d3dkmt_markdeviceaserror.field(),
}, { size: 32 });

/** Message DXGK_VMBCOMMAND_GETDEVICESTATE. */
export interface dxgkvmb_command_getdevicestate {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** the argument of the ioctl */
  args: View<d3dkmt_getdevicestate>;
}
/** Layout of `struct dxgkvmb_command_getdevicestate`: 80 bytes. */
export const dxgkvmb_command_getdevicestate: Struct<dxgkvmb_command_getdevicestate> = struct<
  dxgkvmb_command_getdevicestate
>("dxgkvmb_command_getdevicestate", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  args: d3dkmt_getdevicestate.field(),
}, { size: 80 });

/** Reply to DXGK_VMBCOMMAND_GETDEVICESTATE. */
export interface dxgkvmb_command_getdevicestate_return {
  /** the argument of the ioctl */
  args: View<d3dkmt_getdevicestate>;
  /** NTSTATUS */
  status: number;
}
/** Layout of `struct dxgkvmb_command_getdevicestate_return`: 64 bytes. */
export const dxgkvmb_command_getdevicestate_return: Struct<dxgkvmb_command_getdevicestate_return> = struct<
  dxgkvmb_command_getdevicestate_return
>("dxgkvmb_command_getdevicestate_return", {
  args: d3dkmt_getdevicestate.field(),
  status: s32,
}, { size: 64 });

/** Message DXGK_VMBCOMMAND_CREATECONTEXTVIRTUAL. */
export interface dxgkvmb_command_createcontextvirtual {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** context handle */
  context: number;
  /** device handle */
  device: number;
  /** engine of the adapter */
  node_ordinal: number;
  /** bit for each engine that may run it */
  engine_affinity: number;
  /** bits; d3dddi_createcontextflags */
  flags: number;
  /** what kind of runtime it is for; enum d3dkmt_clienthint */
  client_hint: number;
  /** private data of the user-mode driver, bytes */
  priv_drv_data_size: number;
  /** the first byte of `priv_drv_data_size` */
  priv_drv_data: Uint8Array;
}
/** Layout of `struct dxgkvmb_command_createcontextvirtual`: 56 bytes. */
export const dxgkvmb_command_createcontextvirtual: Struct<dxgkvmb_command_createcontextvirtual> = struct<
  dxgkvmb_command_createcontextvirtual
>("dxgkvmb_command_createcontextvirtual", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  context: u32,
  device: u32,
  node_ordinal: u32,
  engine_affinity: u32,
  flags: bitsField(d3dddi_createcontextflags),
  client_hint: u32,
  priv_drv_data_size: u32,
  priv_drv_data: bytes(1),
}, { size: 56 });

/** Message DXGK_VMBCOMMAND_DESTROYCONTEXT. */
export interface dxgkvmb_command_destroycontext {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** context handle */
  context: number;
}
/** Layout of `struct dxgkvmb_command_destroycontext`: 32 bytes. */
export const dxgkvmb_command_destroycontext: Struct<dxgkvmb_command_destroycontext> = struct<
  dxgkvmb_command_destroycontext
>("dxgkvmb_command_destroycontext", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  context: u32,
}, { size: 32 });

/** Message DXGK_VMBCOMMAND_SETCONTEXTSCHEDULINGPRIORITY. */
export interface dxgkvmb_command_setcontextschedulingpriority2 {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** context handle */
  context: number;
  /** priority */
  priority: number;
  /** whether among the contexts of its process only; 0 or 1 */
  in_process: number;
}
/** Layout of `struct dxgkvmb_command_setcontextschedulingpriority2`: 40 bytes. */
export const dxgkvmb_command_setcontextschedulingpriority2: Struct<dxgkvmb_command_setcontextschedulingpriority2> =
  struct<dxgkvmb_command_setcontextschedulingpriority2>("dxgkvmb_command_setcontextschedulingpriority2", {
    hdr: dxgkvmb_command_vgpu_to_host.field(),
    context: u32,
    priority: s32,
    in_process: u8,
  }, { size: 40 });

/** Message DXGK_VMBCOMMAND_GETCONTEXTSCHEDULINGPRIORITY. */
export interface dxgkvmb_command_getcontextschedulingpriority {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** context handle */
  context: number;
  /** whether among the contexts of its process only; 0 or 1 */
  in_process: number;
}
/** Layout of `struct dxgkvmb_command_getcontextschedulingpriority`: 32 bytes. */
export const dxgkvmb_command_getcontextschedulingpriority: Struct<dxgkvmb_command_getcontextschedulingpriority> =
  struct<dxgkvmb_command_getcontextschedulingpriority>("dxgkvmb_command_getcontextschedulingpriority", {
    hdr: dxgkvmb_command_vgpu_to_host.field(),
    context: u32,
    in_process: u8,
  }, { size: 32 });

/** Reply to DXGK_VMBCOMMAND_GETCONTEXTSCHEDULINGPRIORITY. */
export interface dxgkvmb_command_getcontextschedulingpriority_return {
  /** NTSTATUS */
  status: number;
  /** priority */
  priority: number;
}
/** Layout of `struct dxgkvmb_command_getcontextschedulingpriority_return`: 8 bytes. */
export const dxgkvmb_command_getcontextschedulingpriority_return: Struct<
  dxgkvmb_command_getcontextschedulingpriority_return
> = struct<dxgkvmb_command_getcontextschedulingpriority_return>("dxgkvmb_command_getcontextschedulingpriority_return", {
  status: s32,
  priority: s32,
}, { size: 8 });

/** Message DXGK_VMBCOMMAND_CREATEHWQUEUE. */
export interface dxgkvmb_command_createhwqueue {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** NTSTATUS */
  status: number;
  /** hardware queue handle */
  hwqueue: number;
  /** handle of the progress fence */
  hwqueue_progress_fence: number;
  /** guest-physical address of the progress fence's value */
  hwqueue_progress_fence_cpuva: bigint;
  /** GPU virtual address of the progress fence's value */
  hwqueue_progress_fence_gpuva: bigint;
  /** context handle */
  context: number;
  /** bits; d3dddi_createhwqueueflags */
  flags: number;
  /** private data of the user-mode driver, bytes */
  priv_drv_data_size: number;
  /** the first byte of `priv_drv_data_size` */
  priv_drv_data: Uint8Array;
}
/** Layout of `struct dxgkvmb_command_createhwqueue`: 72 bytes. */
export const dxgkvmb_command_createhwqueue: Struct<dxgkvmb_command_createhwqueue> = struct<
  dxgkvmb_command_createhwqueue
>("dxgkvmb_command_createhwqueue", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  status: s32,
  hwqueue: u32,
  hwqueue_progress_fence: u32,
  hwqueue_progress_fence_cpuva: u64,
  hwqueue_progress_fence_gpuva: u64,
  context: u32,
  flags: bitsField(d3dddi_createhwqueueflags),
  priv_drv_data_size: u32,
  priv_drv_data: bytes(1),
}, { size: 72 });

/** Message DXGK_VMBCOMMAND_DESTROYHWQUEUE. */
export interface dxgkvmb_command_destroyhwqueue {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** hardware queue handle */
  hwqueue: number;
}
/** Layout of `struct dxgkvmb_command_destroyhwqueue`: 32 bytes. */
export const dxgkvmb_command_destroyhwqueue: Struct<dxgkvmb_command_destroyhwqueue> = struct<
  dxgkvmb_command_destroyhwqueue
>("dxgkvmb_command_destroyhwqueue", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  hwqueue: u32,
}, { size: 32 });

/** Message DXGK_VMBCOMMAND_SUBMITCOMMAND. */
export interface dxgkvmb_command_submitcommand {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** the argument of the ioctl */
  args: View<d3dkmt_submitcommand>;
}
/** Layout of `struct dxgkvmb_command_submitcommand`: 408 bytes. */
export const dxgkvmb_command_submitcommand: Struct<dxgkvmb_command_submitcommand> = struct<
  dxgkvmb_command_submitcommand
>("dxgkvmb_command_submitcommand", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  args: d3dkmt_submitcommand.field(),
}, { size: 408 });

/** Message DXGK_VMBCOMMAND_SUBMITCOMMANDTOHWQUEUE. */
export interface dxgkvmb_command_submitcommandtohwqueue {
  /** the header */
  hdr: View<dxgkvmb_command_vgpu_to_host>;
  /** the argument of the ioctl */
  args: View<d3dkmt_submitcommandtohwqueue>;
}
/** Layout of `struct dxgkvmb_command_submitcommandtohwqueue`: 80 bytes. */
export const dxgkvmb_command_submitcommandtohwqueue: Struct<dxgkvmb_command_submitcommandtohwqueue> = struct<
  dxgkvmb_command_submitcommandtohwqueue
>("dxgkvmb_command_submitcommandtohwqueue", {
  hdr: dxgkvmb_command_vgpu_to_host.field(),
  args: d3dkmt_submitcommandtohwqueue.field(),
}, { size: 80 });
