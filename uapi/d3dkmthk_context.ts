/**
 * Contexts and hardware queues: what orders the work of a device. Mirrors include/uapi/misc/d3dkmthk.h.
 * @module
 */

import { type Bits, bits, bitsField } from "./bits.ts";
import { type Ioctl, IOWR } from "./ioctl.ts";
import { s32, type Struct, struct, u32, u64 } from "./struct.ts";

/** client_hint: hnt unknown. */
export const _D3DKMT_CLIENTHNT_UNKNOWN = 0;
/** client_hint: hint opengl. */
export const _D3DKMT_CLIENTHINT_OPENGL = 1;
/** client_hint: hint cdd. */
export const _D3DKMT_CLIENTHINT_CDD = 2;
/** client_hint: hint dx7. */
export const _D3DKMT_CLIENTHINT_DX7 = 7;
/** client_hint: hint dx8. */
export const _D3DKMT_CLIENTHINT_DX8 = 8;
/** client_hint: hint dx9. */
export const _D3DKMT_CLIENTHINT_DX9 = 9;
/** client_hint: hint dx10. */
export const _D3DKMT_CLIENTHINT_DX10 = 10;

/** client_hint: OpenCL, of newer headers. */
export const _D3DKMT_CLIENTHINT_OPENCL = 3;
/** client_hint: Vulkan, of newer headers. */
export const _D3DKMT_CLIENTHINT_VULKAN = 4;
/** client_hint: CUDA, of newer headers. */
export const _D3DKMT_CLIENTHINT_CUDA = 5;

/** Bits of a new context. */
export const d3dddi_createcontextflags: Bits<
  "null_rendering" | "initial_data" | "disable_gpu_timeout" | "synchronization_only" | "hw_queue_supported" | "reserved"
> = bits("d3dddi_createcontextflags", {
  null_rendering: 1,
  initial_data: 1,
  disable_gpu_timeout: 1,
  synchronization_only: 1,
  hw_queue_supported: 1,
  reserved: 27,
});

/** Argument of {@linkcode LX_DXCREATECONTEXT}. */
export interface d3dkmt_createcontext {
  /** device handle */
  device: number;
  /** engine of the adapter */
  node_ordinal: number;
  /** bit for each engine that may run it */
  engine_affinity: number;
  /** bits; d3dddi_createcontextflags */
  flags: number;
  /** user address of private data of the user-mode driver */
  priv_drv_data: bigint;
  /** private data of the user-mode driver, bytes */
  priv_drv_data_size: number;
  /** what kind of runtime it is for; enum d3dkmt_clienthint */
  client_hint: number;
  /** out; context handle */
  context: number;
  /** out; GPU virtual address of the commands */
  command_buffer: bigint;
  /** out; bytes */
  command_buffer_size: number;
  /** user address of allocation handles */
  allocation_list: bigint;
  /** elements */
  allocation_list_size: number;
  /** user address of {@linkcode d3dddi_patchlocationlist} */
  patch_location_list: bigint;
  /** elements */
  patch_location_list_size: number;
  /** ignored */
  obsolete: bigint;
}
/** Layout of `struct d3dkmt_createcontext`: 96 bytes. */
export const d3dkmt_createcontext: Struct<d3dkmt_createcontext> = struct<d3dkmt_createcontext>("d3dkmt_createcontext", {
  device: u32,
  node_ordinal: u32,
  engine_affinity: u32,
  flags: bitsField(d3dddi_createcontextflags),
  priv_drv_data: u64,
  priv_drv_data_size: u32,
  client_hint: u32,
  context: u32,
  command_buffer: u64,
  command_buffer_size: u32,
  allocation_list: u64,
  allocation_list_size: u32,
  patch_location_list: u64,
  patch_location_list_size: u32,
  obsolete: u64,
}, { size: 96 });

/** Slot of an old call: ENOTTY. */
export const LX_DXCREATECONTEXT: Ioctl<d3dkmt_createcontext> = IOWR("G", 0x03, d3dkmt_createcontext);

/** Argument of {@linkcode LX_DXCREATECONTEXTVIRTUAL}. */
export interface d3dkmt_createcontextvirtual {
  /** device handle */
  device: number;
  /** engine of the adapter */
  node_ordinal: number;
  /** bit for each engine that may run it */
  engine_affinity: number;
  /** bits; d3dddi_createcontextflags */
  flags: number;
  /** user address of private data of the user-mode driver */
  priv_drv_data: bigint;
  /** private data of the user-mode driver, bytes */
  priv_drv_data_size: number;
  /** what kind of runtime it is for; enum d3dkmt_clienthint */
  client_hint: number;
  /** out; context handle */
  context: number;
}
/** Layout of `struct d3dkmt_createcontextvirtual`: 40 bytes. */
export const d3dkmt_createcontextvirtual: Struct<d3dkmt_createcontextvirtual> = struct<d3dkmt_createcontextvirtual>(
  "d3dkmt_createcontextvirtual",
  {
    device: u32,
    node_ordinal: u32,
    engine_affinity: u32,
    flags: bitsField(d3dddi_createcontextflags),
    priv_drv_data: u64,
    priv_drv_data_size: u32,
    client_hint: u32,
    context: u32,
  },
  { size: 40 },
);

/** Makes a context of GPU virtual addresses on a node. */
export const LX_DXCREATECONTEXTVIRTUAL: Ioctl<d3dkmt_createcontextvirtual> = IOWR(
  "G",
  0x04,
  d3dkmt_createcontextvirtual,
);

/** Argument of {@linkcode LX_DXDESTROYCONTEXT}. */
export interface d3dkmt_destroycontext {
  /** context handle */
  context: number;
}
/** Layout of `struct d3dkmt_destroycontext`: 4 bytes. */
export const d3dkmt_destroycontext: Struct<d3dkmt_destroycontext> = struct<d3dkmt_destroycontext>(
  "d3dkmt_destroycontext",
  {
    context: u32,
  },
  { size: 4 },
);

/** Destroys a context. */
export const LX_DXDESTROYCONTEXT: Ioctl<d3dkmt_destroycontext> = IOWR("G", 0x05, d3dkmt_destroycontext);

/** Bits of a new hardware context. */
export const d3dddi_createhwcontextflags: Bits<"reserved"> = bits("d3dddi_createhwcontextflags", {
  reserved: 32,
});

/** Argument of {@linkcode LX_DXCREATEHWCONTEXT}. */
export interface d3dkmt_createhwcontext {
  /** device handle */
  device: number;
  /** engine of the adapter */
  node_ordinal: number;
  /** bit for each engine that may run it */
  engine_affinity: number;
  /** bits; d3dddi_createhwcontextflags */
  flags: number;
  /** private data of the user-mode driver, bytes */
  priv_drv_data_size: number;
  /** user address of private data of the user-mode driver */
  priv_drv_data: bigint;
  /** out; context handle */
  context: number;
}
/** Layout of `struct d3dkmt_createhwcontext`: 40 bytes. */
export const d3dkmt_createhwcontext: Struct<d3dkmt_createhwcontext> = struct<d3dkmt_createhwcontext>(
  "d3dkmt_createhwcontext",
  {
    device: u32,
    node_ordinal: u32,
    engine_affinity: u32,
    flags: bitsField(d3dddi_createhwcontextflags),
    priv_drv_data_size: u32,
    priv_drv_data: u64,
    context: u32,
  },
  { size: 40 },
);

/** Slot of an old call: ENOTTY. */
export const LX_DXCREATEHWCONTEXT: Ioctl<d3dkmt_createhwcontext> = IOWR("G", 0x17, d3dkmt_createhwcontext);

/** Argument of {@linkcode LX_DXDESTROYHWCONTEXT}. */
export interface d3dkmt_destroyhwcontext {
  /** context handle */
  context: number;
}
/** Layout of `struct d3dkmt_destroyhwcontext`: 4 bytes. */
export const d3dkmt_destroyhwcontext: Struct<d3dkmt_destroyhwcontext> = struct<d3dkmt_destroyhwcontext>(
  "d3dkmt_destroyhwcontext",
  {
    context: u32,
  },
  { size: 4 },
);

/** Slot of an old call: ENOTTY. */
export const LX_DXDESTROYHWCONTEXT: Ioctl<d3dkmt_destroyhwcontext> = IOWR("G", 0x1a, d3dkmt_destroyhwcontext);

/** Bits of a new hardware queue. */
export const d3dddi_createhwqueueflags: Bits<"disable_gpu_timeout" | "reserved"> = bits("d3dddi_createhwqueueflags", {
  disable_gpu_timeout: 1,
  reserved: 31,
});

/** Argument of {@linkcode LX_DXCREATEHWQUEUE}. */
export interface d3dkmt_createhwqueue {
  /** context handle */
  context: number;
  /** bits; d3dddi_createhwqueueflags */
  flags: number;
  /** private data of the user-mode driver, bytes */
  priv_drv_data_size: number;
  /** must be zero */
  reserved: number;
  /** user address of private data of the user-mode driver */
  priv_drv_data: bigint;
  /** out; hardware queue handle */
  queue: number;
  /** out; handle of the queue's progress fence */
  queue_progress_fence: number;
  /** out; user address where the progress fence's value is mapped */
  queue_progress_fence_cpu_va: bigint;
  /** out; GPU virtual address of the progress fence's value */
  queue_progress_fence_gpu_va: bigint;
}
/** Layout of `struct d3dkmt_createhwqueue`: 48 bytes. */
export const d3dkmt_createhwqueue: Struct<d3dkmt_createhwqueue> = struct<d3dkmt_createhwqueue>("d3dkmt_createhwqueue", {
  context: u32,
  flags: bitsField(d3dddi_createhwqueueflags),
  priv_drv_data_size: u32,
  reserved: u32,
  priv_drv_data: u64,
  queue: u32,
  queue_progress_fence: u32,
  queue_progress_fence_cpu_va: u64,
  queue_progress_fence_gpu_va: u64,
}, { size: 48 });

/** Makes a hardware queue on a context. */
export const LX_DXCREATEHWQUEUE: Ioctl<d3dkmt_createhwqueue> = IOWR("G", 0x18, d3dkmt_createhwqueue);

/** Argument of {@linkcode LX_DXDESTROYHWQUEUE}. */
export interface d3dkmt_destroyhwqueue {
  /** hardware queue handle */
  queue: number;
}
/** Layout of `struct d3dkmt_destroyhwqueue`: 4 bytes. */
export const d3dkmt_destroyhwqueue: Struct<d3dkmt_destroyhwqueue> = struct<d3dkmt_destroyhwqueue>(
  "d3dkmt_destroyhwqueue",
  {
    queue: u32,
  },
  { size: 4 },
);

/** Destroys a hardware queue. */
export const LX_DXDESTROYHWQUEUE: Ioctl<d3dkmt_destroyhwqueue> = IOWR("G", 0x1b, d3dkmt_destroyhwqueue);

/** Argument of {@linkcode LX_DXSETCONTEXTSCHEDULINGPRIORITY}. */
export interface d3dkmt_setcontextschedulingpriority {
  /** context handle */
  context: number;
  /** priority */
  priority: number;
}
/** Layout of `struct d3dkmt_setcontextschedulingpriority`: 8 bytes. */
export const d3dkmt_setcontextschedulingpriority: Struct<d3dkmt_setcontextschedulingpriority> = struct<
  d3dkmt_setcontextschedulingpriority
>("d3dkmt_setcontextschedulingpriority", {
  context: u32,
  priority: s32,
}, { size: 8 });

/** Sets a context's priority. */
export const LX_DXSETCONTEXTSCHEDULINGPRIORITY: Ioctl<d3dkmt_setcontextschedulingpriority> = IOWR(
  "G",
  0x30,
  d3dkmt_setcontextschedulingpriority,
);

/** Argument of {@linkcode LX_DXGETCONTEXTSCHEDULINGPRIORITY}. */
export interface d3dkmt_getcontextschedulingpriority {
  /** context handle */
  context: number;
  /** out; priority */
  priority: number;
}
/** Layout of `struct d3dkmt_getcontextschedulingpriority`: 8 bytes. */
export const d3dkmt_getcontextschedulingpriority: Struct<d3dkmt_getcontextschedulingpriority> = struct<
  d3dkmt_getcontextschedulingpriority
>("d3dkmt_getcontextschedulingpriority", {
  context: u32,
  priority: s32,
}, { size: 8 });

/** Reads a context's priority. */
export const LX_DXGETCONTEXTSCHEDULINGPRIORITY: Ioctl<d3dkmt_getcontextschedulingpriority> = IOWR(
  "G",
  0x22,
  d3dkmt_getcontextschedulingpriority,
);

/** Argument of {@linkcode LX_DXSETCONTEXTINPROCESSSCHEDULINGPRIORITY}. */
export interface d3dkmt_setcontextinprocessschedulingpriority {
  /** context handle */
  context: number;
  /** priority */
  priority: number;
}
/** Layout of `struct d3dkmt_setcontextinprocessschedulingpriority`: 8 bytes. */
export const d3dkmt_setcontextinprocessschedulingpriority: Struct<d3dkmt_setcontextinprocessschedulingpriority> =
  struct<d3dkmt_setcontextinprocessschedulingpriority>("d3dkmt_setcontextinprocessschedulingpriority", {
    context: u32,
    priority: s32,
  }, { size: 8 });

/** Sets a context's priority among those of its process. */
export const LX_DXSETCONTEXTINPROCESSSCHEDULINGPRIORITY: Ioctl<d3dkmt_setcontextinprocessschedulingpriority> = IOWR(
  "G",
  0x2f,
  d3dkmt_setcontextinprocessschedulingpriority,
);

/** Argument of {@linkcode LX_DXGETCONTEXTINPROCESSSCHEDULINGPRIORITY}. */
export interface d3dkmt_getcontextinprocessschedulingpriority {
  /** context handle */
  context: number;
  /** out; priority */
  priority: number;
}
/** Layout of `struct d3dkmt_getcontextinprocessschedulingpriority`: 8 bytes. */
export const d3dkmt_getcontextinprocessschedulingpriority: Struct<d3dkmt_getcontextinprocessschedulingpriority> =
  struct<d3dkmt_getcontextinprocessschedulingpriority>("d3dkmt_getcontextinprocessschedulingpriority", {
    context: u32,
    priority: s32,
  }, { size: 8 });

/** Reads a context's priority among those of its process. */
export const LX_DXGETCONTEXTINPROCESSSCHEDULINGPRIORITY: Ioctl<d3dkmt_getcontextinprocessschedulingpriority> = IOWR(
  "G",
  0x21,
  d3dkmt_getcontextinprocessschedulingpriority,
);
