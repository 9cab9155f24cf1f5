/**
 * Requests that make, show and drop framebuffers. Mirrors drivers/gpu/drm/drm_framebuffer.c and
 * drm_gem_framebuffer_helper.c.
 * @module
 */

import {
  DRM_FORMAT_INVALID,
  DRM_FORMAT_MOD_LINEAR,
  DRM_FORMAT_MOD_SAMSUNG_64_32_TILE,
  DRM_FORMAT_NV12,
  type drm_mode_closefb,
  type drm_mode_fb_cmd,
  type drm_mode_fb_cmd2,
  DRM_MODE_FB_INTERLACED,
  DRM_MODE_FB_MODIFIERS,
  type View,
} from "../../uapi/mod.ts";
import {
  drm_format_info,
  type drm_format_info as FormatInfo,
  drm_format_info_bpp,
  drm_format_info_min_pitch,
  drm_format_info_plane_height,
  drm_format_info_plane_width,
  drm_mode_legacy_fb_format,
} from "../../uapi/format.ts";
import type { DrmFile } from "../drm_file.ts";
import { DrmError } from "../error.ts";
import { closeHandle, createHandle, type GemObject, lookupObject } from "../gem.ts";
import type { Process } from "../process.ts";
import { findFramebuffer } from "./find.ts";
import type { Framebuffer } from "./framebuffer.ts";
import { removeFramebuffer } from "./framebuffer_remove.ts";
import { kmsOf } from "./lease.ts";
import type { ModeConfig } from "./mode_config.ts";

const UINT_MAX = 0xffff_ffff;
const MAX_PLANES = 4;

/** What ADDFB2 asks for, as plain values; arrays have four elements. */
export interface FramebufferRequest {
  /** Pixels. */
  readonly width: number;
  /** Lines. */
  readonly height: number;
  /** fourcc code. */
  readonly format: number;
  /** DRM_MODE_FB_*. */
  readonly flags: number;
  /** GEM handles. */
  readonly handles: readonly number[];
  /** Bytes a line. */
  readonly pitches: readonly number[];
  /** Bytes. */
  readonly offsets: readonly number[];
  /** DRM_FORMAT_MOD_*. */
  readonly modifiers: readonly bigint[];
}

function refuse(reason: string): never {
  throw new DrmError("EINVAL", `Cannot make a framebuffer: ${reason}`);
}

/**
 * drm_internal_framebuffer_create: checks a request in the kernel's order (I5, I6) and makes the framebuffer.
 *
 * @param hidden keeps it out of the file's list; the caller holds it.
 * @throws {DrmError} EINVAL, ERANGE, ENOENT (handle), ENOMEM.
 */
export function makeFramebuffer(
  kms: ModeConfig,
  file: DrmFile,
  request: FramebufferRequest,
  hidden = false,
): Framebuffer {
  const { width, height, flags } = request;
  if ((flags & ~(DRM_MODE_FB_INTERLACED | DRM_MODE_FB_MODIFIERS)) !== 0) refuse(`flags 0x${flags.toString(16)}`);
  if (width < kms.minWidth || width > kms.maxWidth) refuse(`its width ${width} is out of range`);
  if (height < kms.minHeight || height > kms.maxHeight) refuse(`its height ${height} is out of range`);
  if ((flags & DRM_MODE_FB_MODIFIERS) !== 0 && !kms.fbModifiers) refuse("the device takes no modifiers");
  const info = drm_format_info(request.format);
  if (info === undefined) refuse(`format 0x${request.format.toString(16)} is unknown`);
  if (width === 0 || height === 0) refuse("it has no pixel");
  for (let i = 0; i < info.num_planes; i++) checkPlane(request, info, i);
  for (let i = info.num_planes; i < MAX_PLANES; i++) {
    if (request.modifiers[i] !== 0n) refuse(`it has no plane ${i}, but a modifier for it`);
    // Clients from before modifiers did not clear the rest.
    if ((flags & DRM_MODE_FB_MODIFIERS) === 0) continue;
    if (request.handles[i] !== 0 || request.pitches[i] !== 0 || request.offsets[i] !== 0) {
      refuse(`it has no plane ${i}`);
    }
  }
  const modifier = request.modifiers[0];
  if (kms.options.fbFormat !== undefined) kms.options.fbFormat(info.format);
  else if (kms.device.has("ATOMIC") && !kms.planes.some((plane) => plane.supports(info.format, modifier))) {
    refuse(`no plane shows format 0x${info.format.toString(16)} with modifier 0x${modifier.toString(16)}`);
  }
  const objects = lookupObjects(kms, file, request, info);
  return kms.createFramebuffer(
    {
      info,
      width,
      height,
      flags,
      modifier,
      pitches: request.pitches.slice(0, info.num_planes),
      offsets: request.offsets.slice(0, info.num_planes),
      objects,
    },
    file,
    hidden,
  );
}

// framebuffer_check's part for each plane.
function checkPlane(request: FramebufferRequest, info: FormatInfo, i: number): void {
  const { flags, modifiers } = request;
  const width = drm_format_info_plane_width(info, request.width, i);
  const height = drm_format_info_plane_height(info, request.height, i);
  const blockSize = info.char_per_block[i];
  const pitch = request.pitches[i];
  const minPitch = drm_format_info_min_pitch(info, i, width);
  if (blockSize === 0 && modifiers[i] === DRM_FORMAT_MOD_LINEAR) refuse("its format has no linear layout");
  if (request.handles[i] === 0) refuse(`plane ${i} has no buffer`);
  if (minPitch > UINT_MAX || height * pitch + request.offsets[i] > UINT_MAX) {
    throw new DrmError("ERANGE", `Cannot make a framebuffer: plane ${i} is larger than 4 GiB`);
  }
  if (blockSize !== 0 && pitch < minPitch) refuse(`pitch ${pitch} of plane ${i} is less than ${minPitch}`);
  if (modifiers[i] !== 0n && (flags & DRM_MODE_FB_MODIFIERS) === 0) refuse("it has a modifier without the flag for it");
  if ((flags & DRM_MODE_FB_MODIFIERS) !== 0 && modifiers[i] !== modifiers[0]) {
    refuse("its planes have different modifiers");
  }
  if (
    modifiers[i] === DRM_FORMAT_MOD_SAMSUNG_64_32_TILE &&
    (request.format !== DRM_FORMAT_NV12 || width % 128 !== 0 || height % 32 !== 0 || pitch % 128 !== 0)
  ) {
    refuse("its tiles do not fit");
  }
}

// drm_gem_fb_init_with_funcs: the objects, each with a reference; sizes as the kernel computes them, in 32 bits.
function lookupObjects(kms: ModeConfig, file: DrmFile, request: FramebufferRequest, info: FormatInfo): GemObject[] {
  const objects: GemObject[] = [];
  try {
    for (let i = 0; i < info.num_planes; i++) {
      const width = drm_format_info_plane_width(info, request.width, i);
      const height = drm_format_info_plane_height(info, request.height, i);
      objects.push(findBuffer(kms, file, request.handles[i]).ref());
      const size = (Math.imul(height - 1, request.pitches[i]) + drm_format_info_min_pitch(info, i, width) +
        request.offsets[i]) >>> 0;
      if (objects[i].size < size) refuse(`plane ${i} needs ${size} bytes, and its buffer has ${objects[i].size}`);
    }
  } catch (error) {
    for (const object of objects) object.put();
    throw error;
  }
  return objects;
}

// Drivers with an fb_create of their own may have another errno for a handle that is unknown.
function findBuffer(kms: ModeConfig, file: DrmFile, handle: number): GemObject {
  const object = file.objects.get(handle);
  if (object === undefined && kms.options.fbUnknownHandle === "EINVAL") refuse(`handle ${handle} is unknown`);
  return object ?? lookupObject(file, handle);
}

/** ADDFB2. */
export function addFb2(file: DrmFile, arg: View<drm_mode_fb_cmd2>): number {
  const fb = makeFramebuffer(kmsOf(file), file, {
    width: arg.width,
    height: arg.height,
    format: arg.pixel_format,
    flags: arg.flags,
    handles: [...arg.handles],
    pitches: [...arg.pitches],
    offsets: [...arg.offsets],
    modifiers: [...arg.modifier],
  });
  arg.fb_id = fb.id;
  return 0;
}

const NO_MODIFIERS = [0n, 0n, 0n, 0n];

/** ADDFB (I6b). */
export function addFb(file: DrmFile, arg: View<drm_mode_fb_cmd>): number {
  const kms = kmsOf(file);
  const format = drm_mode_legacy_fb_format(arg.bpp, arg.depth);
  if (format === DRM_FORMAT_INVALID) refuse(`no format has ${arg.bpp} bits a pixel and depth ${arg.depth}`);
  const fb = makeFramebuffer(kms, file, {
    width: arg.width,
    height: arg.height,
    format,
    flags: 0,
    handles: [arg.handle, 0, 0, 0],
    pitches: [arg.pitch, 0, 0, 0],
    offsets: [0, 0, 0, 0],
    modifiers: NO_MODIFIERS,
  });
  arg.fb_id = fb.id;
  return 0;
}

function own(file: DrmFile, id: number): Framebuffer {
  const fb = findFramebuffer(kmsOf(file), file, id);
  if (fb === undefined || fb.file !== file) {
    throw new DrmError("ENOENT", `Cannot remove framebuffer ${id}: this file has none such`);
  }
  return fb;
}

/** RMFB (I8, I9). */
export function rmFb(file: DrmFile, id: number): number {
  const fb = own(file, id);
  const kms = kmsOf(file);
  kms.unlistFramebuffer(fb);
  removeFramebuffer(fb, kms);
  return 0;
}

/** CLOSEFB: planes go on showing it (I9). */
export function closeFb(file: DrmFile, arg: View<drm_mode_closefb>): number {
  kmsOf(file);
  if (arg.pad !== 0) throw new DrmError("EINVAL", "Cannot close a framebuffer: pad must be 0");
  const fb = own(file, arg.fb_id);
  kmsOf(file).unlistFramebuffer(fb);
  fb.put();
  return 0;
}

function shown(file: DrmFile, id: number): Framebuffer {
  const fb = file.device.kms && findFramebuffer(file.device.kms, file, id);
  if (fb === undefined) throw new DrmError("ENOENT", `Cannot find framebuffer ${id}`);
  return fb;
}

// I11: a handle is a capability, which only a master or an administrator may be given.
function mayHaveHandles(file: DrmFile, task: Process): boolean {
  return file.isCurrentMaster || task.capSysAdmin;
}

/** GETFB. */
export function getFb(file: DrmFile, arg: View<drm_mode_fb_cmd>, task: Process): number {
  kmsOf(file);
  const fb = shown(file, arg.fb_id);
  if (fb.info.num_planes > 1) {
    throw new DrmError("EINVAL", `Cannot tell framebuffer ${fb.id}: it has ${fb.info.num_planes} planes`);
  }
  arg.height = fb.height;
  arg.width = fb.width;
  arg.depth = fb.info.depth;
  arg.bpp = drm_format_info_bpp(fb.info, 0);
  arg.pitch = fb.pitches[0];
  arg.handle = mayHaveHandles(file, task) ? createHandle(file, fb.objects[0]) : 0;
  return 0;
}

/** GETFB2. */
export function getFb2(file: DrmFile, arg: View<drm_mode_fb_cmd2>, task: Process): number {
  const kms = file.device.kms;
  if (kms === undefined || !file.device.has("MODESET")) {
    throw new DrmError("EINVAL", "Cannot tell a framebuffer: the driver has no MODESET");
  }
  const fb = shown(file, arg.fb_id);
  arg.height = fb.height;
  arg.width = fb.width;
  arg.pixel_format = fb.format;
  arg.flags = kms.fbModifiers ? DRM_MODE_FB_MODIFIERS : 0;
  const handles = [0, 0, 0, 0];
  arg.handles = handles;
  arg.pitches = [...fb.pitches];
  arg.offsets = [...fb.offsets];
  arg.modifier = kms.fbModifiers ? fb.pitches.map(() => fb.modifier) : [];
  if (!mayHaveHandles(file, task)) return 0;
  try {
    for (let i = 0; i < fb.info.num_planes; i++) {
      const same = fb.objects.indexOf(fb.objects[i]);
      handles[i] = same < i ? handles[same] : createHandle(file, fb.objects[i]);
    }
  } catch (error) {
    for (const handle of new Set(handles)) if (handle !== 0) closeHandle(file, handle);
    throw error;
  }
  arg.handles = handles;
  return 0;
}
