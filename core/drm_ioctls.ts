/**
 * The requests of drm.h that are about the client and the device as such. Mirrors drivers/gpu/drm/drm_ioctl.c.
 * @module
 */

import * as uapi from "../uapi/mod.ts";
import type { View } from "../uapi/struct.ts";
import { authMagic, dropMasterIoctl, getMagic, setMaster } from "./auth.ts";
import type { Device } from "./device.ts";
import type { DrmFile } from "./drm_file.ts";
import { DrmError } from "./error.ts";
import { AUTH, type IoctlEntry, ioctlMaker, MASTER, RENDER_ALLOW, ROOT_ONLY } from "./ioctl.ts";
import type { Process } from "./process.ts";

const encoder = new TextEncoder();
/** DRM_IF_MAJOR and DRM_IF_MINOR: the version of the interface itself. */
const IF_MAJOR = 1, IF_MINOR = 4;
const OVERFLOW_UID = 65534;

// drm_copy_field: as much of the text as fits, without NUL (A7).
function copyField(task: Process, pointer: bigint, room: number, text: Uint8Array): void {
  const length = Math.min(room, text.length);
  if (length > 0 && pointer !== 0n) task.memory.copyOut(pointer, text.subarray(0, length));
}

function version(file: DrmFile, arg: View<uapi.drm_version>, task: Process): number {
  const spec = file.device.driver.spec;
  [arg.version_major, arg.version_minor, arg.version_patchlevel] = spec.version;
  const name = encoder.encode(spec.name), date = encoder.encode("0"), desc = encoder.encode(spec.desc);
  const nameRoom = arg.name_len, dateRoom = arg.date_len, descRoom = arg.desc_len;
  arg.name_len = name.length;
  copyField(task, arg.name, nameRoom, name);
  arg.date_len = date.length;
  copyField(task, arg.date, dateRoom, date);
  arg.desc_len = desc.length;
  copyField(task, arg.desc, descRoom, desc);
  return 0;
}

function getUnique(file: DrmFile, arg: View<uapi.drm_unique>, task: Process): number {
  const bytes = encoder.encode(file.master?.unique ?? "");
  if (arg.unique_len >= bytes.length) task.memory.copyOut(arg.unique, bytes);
  arg.unique_len = bytes.length;
  return 0;
}

function getClient(file: DrmFile, arg: View<uapi.drm_client>, task: Process): number {
  if (arg.idx !== 0) throw new DrmError("EINVAL", `Cannot list client ${arg.idx}: only the caller itself is shown`);
  arg.auth = file.authenticated ? 1 : 0;
  arg.pid = task.pid;
  arg.uid = OVERFLOW_UID;
  arg.magic = 0;
  arg.iocs = 0;
  return 0;
}

function setVersion(file: DrmFile, arg: View<uapi.drm_set_version>): number {
  const [major, minor] = file.device.driver.spec.version;
  const { drm_di_major, drm_di_minor, drm_dd_major, drm_dd_minor } = arg;
  // Told in any case, also with EINVAL (A4).
  arg.drm_di_major = IF_MAJOR;
  arg.drm_di_minor = IF_MINOR;
  arg.drm_dd_major = major;
  arg.drm_dd_minor = minor;
  if (drm_di_major !== -1) {
    if (drm_di_major !== IF_MAJOR || drm_di_minor < 0 || drm_di_minor > IF_MINOR) {
      throw new DrmError("EINVAL", `Cannot set interface version ${drm_di_major}.${drm_di_minor}`);
    }
    if (drm_di_minor >= 1 && file.master !== undefined) file.master.unique = file.device.bus.unique;
  }
  if (drm_dd_major !== -1 && (drm_dd_major !== major || drm_dd_minor < 0 || drm_dd_minor > minor)) {
    throw new DrmError("EINVAL", `Cannot set driver version ${drm_dd_major}.${drm_dd_minor}`);
  }
  return 0;
}

// GET_CAP is what "a null ioctl" is measured by: its two 64-bit members are read and written as halves, without bigints.
function getCap(file: DrmFile, arg: View<uapi.drm_get_cap>): number {
  const data = arg[uapi.VIEW];
  const high = data.getUint32(4, true);
  const value = capability(file.device, high === 0 ? data.getUint32(0, true) : UNKNOWN_CAP, data);
  data.setUint32(8, value, true);
  return 0;
}

/** A capability that does not exist. */
const UNKNOWN_CAP = -1;

/** The value of a capability (A9), below 2^32. `data` is cleared first: a refused request returns 0. */
function capability(device: Device, cap: number, data: DataView): number {
  data.setUint32(8, 0);
  data.setUint32(12, 0);
  switch (cap) {
    case uapi.DRM_CAP_TIMESTAMP_MONOTONIC:
      return 1;
    case uapi.DRM_CAP_PRIME:
      return uapi.DRM_PRIME_CAP_IMPORT | uapi.DRM_PRIME_CAP_EXPORT;
    case uapi.DRM_CAP_SYNCOBJ:
      return device.has("SYNCOBJ") ? 1 : 0;
    case uapi.DRM_CAP_SYNCOBJ_TIMELINE:
      return device.has("SYNCOBJ_TIMELINE") ? 1 : 0;
  }
  const kms = device.kms;
  if (!device.has("MODESET") || kms === undefined) {
    throw new DrmError("EOPNOTSUPP", `Cannot tell capability ${cap}: the driver has no MODESET`);
  }
  switch (cap) {
    case uapi.DRM_CAP_DUMB_BUFFER:
      return device.driver.spec.dumbCreate ? 1 : 0;
    case uapi.DRM_CAP_VBLANK_HIGH_CRTC:
    case uapi.DRM_CAP_CRTC_IN_VBLANK_EVENT:
      return 1;
    case uapi.DRM_CAP_DUMB_PREFERRED_DEPTH:
      return kms.preferredDepth;
    case uapi.DRM_CAP_DUMB_PREFER_SHADOW:
      return kms.preferShadow ? 1 : 0;
    case uapi.DRM_CAP_ASYNC_PAGE_FLIP:
      return kms.asyncPageFlip ? 1 : 0;
    case uapi.DRM_CAP_PAGE_FLIP_TARGET:
      return kms.pageFlipTarget ? 1 : 0;
    case uapi.DRM_CAP_CURSOR_WIDTH:
      return kms.cursorWidth || 64;
    case uapi.DRM_CAP_CURSOR_HEIGHT:
      return kms.cursorHeight || 64;
    case uapi.DRM_CAP_ADDFB2_MODIFIERS:
      return kms.fbModifiers ? 1 : 0;
    case uapi.DRM_CAP_ATOMIC_ASYNC_PAGE_FLIP:
      return device.has("ATOMIC") && kms.asyncPageFlip ? 1 : 0;
  }
  throw new DrmError("EINVAL", `Cannot tell capability ${cap}: it is unknown`);
}

/** SET_CLIENT_CAP (A10). */
function setClientCap(file: DrmFile, arg: View<uapi.drm_set_client_cap>, task: Process): number {
  const device = file.device;
  if (!device.has("MODESET")) {
    throw new DrmError("EOPNOTSUPP", "Cannot set a client capability: the driver has no MODESET");
  }
  const value = arg.value;
  const on = value !== 0n;
  const limit = (most: bigint): void => {
    if (value > most) throw new DrmError("EINVAL", `Cannot set capability ${arg.capability} to ${value}`);
  };
  const needsAtomic = (): void => {
    if (!file.atomic) throw new DrmError("EINVAL", `Cannot set capability ${arg.capability}: the client is not atomic`);
    limit(1n);
  };
  switch (Number(arg.capability)) {
    case uapi.DRM_CLIENT_CAP_STEREO_3D:
      limit(1n);
      file.stereoAllowed = on;
      return 0;
    case uapi.DRM_CLIENT_CAP_UNIVERSAL_PLANES:
      limit(1n);
      file.universalPlanes = on;
      return 0;
    case uapi.DRM_CLIENT_CAP_ATOMIC:
      if (!device.has("ATOMIC")) throw new DrmError("EOPNOTSUPP", "Cannot be atomic: the driver is not");
      // The modesetting driver of X claimed to be atomic and was not: the kernel refuses it by name.
      if (task.comm.startsWith("X") && value === 1n) {
        throw new DrmError("EOPNOTSUPP", "Cannot be atomic: the X server's atomic support is broken");
      }
      limit(2n);
      file.atomic = on;
      file.universalPlanes = on;
      file.aspectRatioAllowed = on;
      return 0;
    case uapi.DRM_CLIENT_CAP_ASPECT_RATIO:
      limit(1n);
      file.aspectRatioAllowed = on;
      return 0;
    case uapi.DRM_CLIENT_CAP_WRITEBACK_CONNECTORS:
      needsAtomic();
      file.writebackConnectors = on;
      return 0;
    case uapi.DRM_CLIENT_CAP_CURSOR_PLANE_HOTSPOT:
      if (!device.has("CURSOR_HOTSPOT")) {
        throw new DrmError("EOPNOTSUPP", "Cannot use cursor hot spots: the driver has none");
      }
      needsAtomic();
      file.cursorHotspot = on;
      return 0;
    case uapi.DRM_CLIENT_CAP_PLANE_COLOR_PIPELINE:
      needsAtomic();
      file.planeColorPipeline = on;
      return 0;
  }
  throw new DrmError("EINVAL", `Cannot set capability ${arg.capability}: it is unknown`);
}

/** SET_CLIENT_NAME (A11). */
function setClientName(file: DrmFile, arg: View<uapi.drm_set_client_name>, task: Process): number {
  if (arg.name_len > uapi.DRM_CLIENT_NAME_MAX_LEN) {
    throw new DrmError(
      "EINVAL",
      `Cannot take a client name of ${arg.name_len} bytes: ${uapi.DRM_CLIENT_NAME_MAX_LEN} are allowed`,
    );
  }
  const bytes = new Uint8Array(arg.name_len);
  if (bytes.length > 0) task.memory.copyIn(arg.name, bytes);
  for (const byte of bytes) {
    if (byte < 0x21 || byte > 0x7e) {
      throw new DrmError("EINVAL", `Cannot take a client name with byte 0x${byte.toString(16)}`);
    }
  }
  file.clientName = String.fromCharCode(...bytes);
  return 0;
}

const noop = (): number => 0;
const invalid = (): number => {
  throw new DrmError("EINVAL", "Cannot do this: the request is no longer supported");
};

/** The table's lines. */
export function drmIoctls(): IoctlEntry[] {
  const { ioctl } = ioctlMaker<DrmFile>();
  const legacy = AUTH | MASTER | ROOT_ONLY;
  return [
    ioctl(uapi.DRM_IOCTL_VERSION, uapi.drm_version, RENDER_ALLOW, version),
    ioctl(uapi.DRM_IOCTL_GET_UNIQUE, uapi.drm_unique, 0, getUnique),
    ioctl(uapi.DRM_IOCTL_GET_MAGIC, uapi.drm_auth, 0, (file, arg) => {
      arg.magic = getMagic(file);
      return 0;
    }),
    ioctl(uapi.DRM_IOCTL_GET_CLIENT, uapi.drm_client, 0, getClient),
    ioctl(uapi.DRM_IOCTL_GET_STATS, uapi.drm_stats, 0, (_file, arg) => {
      uapi.bytesOf(arg).fill(0);
      return 0;
    }),
    ioctl(uapi.DRM_IOCTL_SET_VERSION, uapi.drm_set_version, MASTER, setVersion),
    ioctl(uapi.DRM_IOCTL_GET_CAP, uapi.drm_get_cap, RENDER_ALLOW, getCap),
    ioctl(uapi.DRM_IOCTL_SET_CLIENT_CAP, uapi.drm_set_client_cap, 0, setClientCap),
    ioctl(uapi.DRM_IOCTL_SET_UNIQUE, uapi.drm_unique, legacy, invalid),
    ioctl(uapi.DRM_IOCTL_AUTH_MAGIC, uapi.drm_auth, MASTER, (file, arg) => {
      authMagic(file, arg.magic);
      return 0;
    }),
    ioctl(uapi.DRM_IOCTL_BLOCK, uapi.drm_block, legacy, noop),
    ioctl(uapi.DRM_IOCTL_UNBLOCK, uapi.drm_block, legacy, noop),
    ioctl(uapi.DRM_IOCTL_SET_MASTER, undefined, 0, (file, _arg, task) => setMaster(file, task)),
    ioctl(uapi.DRM_IOCTL_DROP_MASTER, undefined, 0, (file, _arg, task) => dropMasterIoctl(file, task)),
    ioctl(uapi.DRM_IOCTL_ADD_DRAW, uapi.drm_draw, legacy, noop),
    ioctl(uapi.DRM_IOCTL_RM_DRAW, uapi.drm_draw, legacy, noop),
    ioctl(uapi.DRM_IOCTL_FINISH, uapi.drm_lock, AUTH, noop),
    ioctl(uapi.DRM_IOCTL_UPDATE_DRAW, uapi.drm_update_draw, legacy, noop),
    ioctl(uapi.DRM_IOCTL_SET_CLIENT_NAME, uapi.drm_set_client_name, RENDER_ALLOW, setClientName),
    ioctl(uapi.DRM_IOCTL_GEM_CHANGE_HANDLE, uapi.drm_gem_change_handle, RENDER_ALLOW, invalid),
  ];
}
