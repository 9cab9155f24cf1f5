/**
 * Standard allocations: those that need no private data of a user-mode driver. dxgkrnl asks what such a one is
 * (DDIGETSTANDARDALLOCATIONDRIVERDATA), keeps that for those who open it, and makes it with a `d3dkmt_createstandardallocation`.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import { PAGE_SIZE } from "../../../core/memory.ts";
import {
  _D3DKMT_STANDARDALLOCATIONTYPE_CROSSADAPTER,
  _D3DKMT_STANDARDALLOCATIONTYPE_EXISTINGHEAP,
  d3dkmt_createstandardallocation,
} from "../../../uapi/d3dkmthk_allocation.ts";
import * as surface from "../../../uapi/d3dkmthk_surface.ts";
import { DRM_FORMAT_ARGB8888, DRM_FORMAT_XRGB8888 } from "../../../uapi/drm_fourcc.ts";
import {
  DXG_ALLOCATION_CPU_VISIBLE,
  DXG_ALLOCATION_EXISTING_SYSMEM,
  dxg_driver_allocation,
  DXG_DRIVER_MAGIC,
  DXG_DRIVER_VERSION,
  DXG_USAGE_BUFFER,
  DXG_USAGE_IMAGE,
} from "../../../uapi/dxg_driver.ts";
import {
  type dxgkvmb_command_getstandardallocprivdata,
  dxgkvmb_command_getstandardallocprivdata_return,
} from "../../../uapi/dxgvmbus_allocation.ts";
import type { View } from "../../../uapi/struct.ts";
import { parseAllocation } from "./allocation.ts";
import type { Call } from "./call.ts";
import { zero } from "./message.ts";

const HEAD = dxgkvmb_command_getstandardallocprivdata_return.size;

type Request = View<dxgkvmb_command_getstandardallocprivdata>;
type Reply = View<dxgkvmb_command_getstandardallocprivdata_return>;
type Data = View<dxg_driver_allocation>;

function empty(): Data {
  return dxg_driver_allocation.of({ magic: DXG_DRIVER_MAGIC, version: DXG_DRIVER_VERSION });
}

function refuse(what: string): never {
  throw new DrmError("EINVAL", `Cannot make a standard allocation: ${what}`);
}

/**
 * Private data of a standard allocation that is to be made.
 *
 * @param bytes a `d3dkmt_createstandardallocation`. @param isExisting whether it is over memory of the guest.
 * @throws {DrmError} EINVAL for what is none, and for a size that is no whole pages
 */
export function madeStandard(bytes: Uint8Array, isExisting: boolean): Uint8Array {
  if (bytes.length < d3dkmt_createstandardallocation.size) refuse(`${bytes.length} bytes do not say which`);
  const { type, existing_heap_data: { size } } = d3dkmt_createstandardallocation.at(bytes);
  const wantsExisting = type === _D3DKMT_STANDARDALLOCATIONTYPE_EXISTINGHEAP;
  if (!wantsExisting && type !== _D3DKMT_STANDARDALLOCATIONTYPE_CROSSADAPTER) refuse(`there is no type ${type}`);
  if (wantsExisting !== isExisting) refuse("only an existing heap is over memory that exists");
  if (!(size > 0 && size % PAGE_SIZE === 0)) refuse(`${size} bytes are no whole pages`);
  const data = empty();
  data.usage = DXG_USAGE_BUFFER;
  data.flags = isExisting ? DXG_ALLOCATION_EXISTING_SYSMEM : DXG_ALLOCATION_CPU_VISIBLE;
  data.size = size;
  return dxg_driver_allocation.bytes(data);
}

function describeGdi(data: Data, gdi: Request["gdi_surface"]): void {
  const { type } = gdi;
  // dxgkrnl says the size of a heap as the width of one line of bytes, of either type of standard allocation.
  const isHeap = type === surface._D3DKMDT_GDISURFACE_TEXTURE_CROSSADAPTER && gdi.height <= 1 &&
    gdi.format === surface._D3DDDIFMT_UNKNOWN;
  if (type === surface._D3DKMDT_GDISURFACE_EXISTINGSYSMEM || isHeap) {
    data.usage = DXG_USAGE_BUFFER;
    data.flags = isHeap ? DXG_ALLOCATION_CPU_VISIBLE : DXG_ALLOCATION_EXISTING_SYSMEM;
    data.size = gdi.width * Math.max(1, gdi.height);
    return;
  }
  if (
    type === surface._D3DKMDT_GDISURFACE_INVALID || type > surface._D3DKMDT_GDISURFACE_TEXTURE_CPUVISIBLE_CROSSADAPTER
  ) {
    throw new DrmError("EINVAL", `Cannot describe a GDI surface of type ${type}`);
  }
  const isVisible = type === surface._D3DKMDT_GDISURFACE_STAGING_CPUVISIBLE ||
    type === surface._D3DKMDT_GDISURFACE_TEXTURE_CPUVISIBLE ||
    type === surface._D3DKMDT_GDISURFACE_TEXTURE_CPUVISIBLE_CROSSADAPTER;
  describeImage(data, gdi, DRM_FORMAT_ARGB8888, isVisible);
}

function describeImage(
  data: Data,
  { width, height }: { readonly width: number; readonly height: number },
  format: number,
  isVisible: boolean,
): void {
  data.usage = DXG_USAGE_IMAGE;
  data.flags = isVisible ? DXG_ALLOCATION_CPU_VISIBLE : 0;
  data.format = format;
  data.width = width;
  data.height = height;
}

function describe(request: Request): Data {
  const data = empty();
  switch (request.alloc_type) {
    case surface._D3DKMDT_STANDARDALLOCATION_GDISURFACE:
      describeGdi(data, request.gdi_surface);
      break;
    case surface._D3DKMDT_STANDARDALLOCATION_SHADOWSURFACE:
      describeImage(data, request.shadow, DRM_FORMAT_XRGB8888, true);
      break;
    case surface._D3DKMDT_STANDARDALLOCATION_STAGINGSURFACE:
      describeImage(data, request.staging, DRM_FORMAT_XRGB8888, true);
      break;
    default:
      throw new DrmError("EPERM", `Cannot describe standard allocation ${request.alloc_type}: there is no display`);
  }
  return parseAllocation(dxg_driver_allocation.bytes(data)).data;
}

/**
 * Answers DDIGETSTANDARDALLOCATIONDRIVERDATA: first the sizes are asked for, with no room; then the data.
 *
 * @returns 0. @throws {DrmError} EINVAL, EOVERFLOW, EPERM
 */
export function describeStandard(call: Call, request: Request, reply: Reply): number {
  zero("physical_adapter_index", request.physical_adapter_index);
  const data = describe(request);
  const room = request.priv_driver_data_size;
  if (room !== 0 && room < dxg_driver_allocation.size) {
    throw new DrmError("EOVERFLOW", `Cannot describe in ${room} bytes`);
  }
  reply.priv_driver_data_size = dxg_driver_allocation.size;
  reply.priv_driver_resource_size = 0;
  reply.primary = request.primary; // the arms lie over each other
  if (request.alloc_type === surface._D3DKMDT_STANDARDALLOCATION_GDISURFACE) reply.gdi_surface.pitch = data.pitch;
  else if (request.alloc_type === surface._D3DKMDT_STANDARDALLOCATION_SHADOWSURFACE) reply.shadow.pitch = data.pitch;
  else reply.staging.pitch = data.pitch;
  if (room === 0) return 0;
  call.grow(HEAD + room + Math.min(request.priv_driver_resource_size, PAGE_SIZE));
  call.reply.set(dxg_driver_allocation.bytes(data), HEAD);
  return 0;
}
