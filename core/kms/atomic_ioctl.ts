/**
 * MODE_ATOMIC. Mirrors drm_mode_atomic_ioctl (drivers/gpu/drm/drm_atomic_uapi.c).
 * @module
 */

import {
  type drm_mode_atomic,
  DRM_MODE_ATOMIC_ALLOW_MODESET,
  DRM_MODE_ATOMIC_FLAGS,
  DRM_MODE_ATOMIC_NONBLOCK,
  DRM_MODE_ATOMIC_TEST_ONLY,
  DRM_MODE_PAGE_FLIP_ASYNC,
  DRM_MODE_PAGE_FLIP_EVENT,
  VIEW,
  type View,
} from "../../uapi/mod.ts";
import type { DrmFile } from "../drm_file.ts";
import { DrmError } from "../error.ts";
import type { Fence } from "../fence.ts";
import type { Process } from "../process.ts";
import { SyncFile } from "../sync_file.ts";
import type { Wait } from "../wait.ts";
import { commitDraft, testDraft } from "./atomic_commit.ts";
import { setProperty } from "./atomic_property.ts";
import type { AtomicState } from "./atomic_state.ts";
import { CrtcCommit, VBLANK_EVENT_SIZE } from "./crtc_commit.ts";
import { findObject, kmsOf } from "./lease.ts";
import type { ModeConfig } from "./mode_config.ts";
import { StatefulObject } from "./mode_object.ts";
import { UserArray } from "./user_array.ts";

const USER_DATA_OFFSET = 48;

// Requests are parsed one at a time, without interruption.
const objects = new UserArray(4);
const counts = new UserArray(4);
const properties = new UserArray(4);
const values = new UserArray(8);

/** MODE_ATOMIC (J1 to J17). */
export function modeAtomic(file: DrmFile, arg: View<drm_mode_atomic>, task: Process): number | Wait {
  const device = file.device;
  if (!device.has("ATOMIC")) throw new DrmError("EOPNOTSUPP", "Cannot commit atomically: the driver is not atomic");
  const kms = kmsOf(file);
  const flags = arg.flags;
  if (!file.atomic) throw new DrmError("EINVAL", "Cannot commit atomically: the client has not set the capability");
  if ((flags & ~DRM_MODE_ATOMIC_FLAGS) !== 0) {
    throw new DrmError("EINVAL", `Cannot commit with flags 0x${flags.toString(16)}`);
  }
  const view = arg[VIEW];
  if (view.getUint32(40, true) !== 0 || view.getUint32(44, true) !== 0) {
    throw new DrmError("EINVAL", "Cannot commit: reserved must be 0");
  }
  if ((flags & DRM_MODE_PAGE_FLIP_ASYNC) !== 0 && !kms.asyncPageFlip) {
    throw new DrmError("EINVAL", "Cannot tear: the device does not");
  }
  if ((flags & DRM_MODE_ATOMIC_TEST_ONLY) !== 0 && (flags & DRM_MODE_PAGE_FLIP_EVENT) !== 0) {
    throw new DrmError("EINVAL", "Cannot test a commit and send an event of it");
  }
  return attempt(kms, file, arg, task);
}

function attempt(kms: ModeConfig, file: DrmFile, arg: View<drm_mode_atomic>, task: Process): number | Wait {
  const flags = arg.flags;
  const draft = kms.draft();
  draft.file = file;
  draft.task = task;
  draft.allowModeset = (flags & DRM_MODE_ATOMIC_ALLOW_MODESET) !== 0;
  draft.asyncFlip = (flags & DRM_MODE_PAGE_FLIP_ASYNC) !== 0;
  const test = (flags & DRM_MODE_ATOMIC_TEST_ONLY) !== 0;
  try {
    parse(draft, arg, task);
    if (!test) prepareSignaling(draft, flags, arg, task);
    if (draft.asyncFlip) { for (const crtc of draft.crtcs) draft.crtc(crtc).asyncFlip = true; }
  } catch (error) {
    draft.discard();
    throw error;
  }
  if (test) return testDraft(draft);
  if ((flags & DRM_MODE_ATOMIC_NONBLOCK) !== 0) return commitDraft(draft, true);
  return commitDraft(draft, false, () => attempt(kms, file, arg, task), true);
}

function parse(draft: AtomicState, arg: View<drm_mode_atomic>, task: Process): void {
  const { kms, file } = draft;
  const memory = task.memory;
  const count = arg.count_objs;
  objects.begin(memory, arg.objs_ptr);
  counts.begin(memory, arg.count_props_ptr);
  properties.begin(memory, arg.props_ptr);
  values.begin(memory, arg.prop_values_ptr);
  let at = 0;
  for (let i = 0; i < count; i++) {
    const id = objects.low(i, count - i);
    const object = findObject(kms, file, id, 0);
    if (object === undefined || !(object instanceof StatefulObject)) {
      throw new DrmError("ENOENT", `Cannot find an object ${id} with properties`); // J3
    }
    const propertyCount = counts.low(i, count - i);
    for (let j = 0; j < propertyCount; j++, at++) {
      const ahead = propertyCount - j;
      const propertyId = properties.low(at, ahead);
      const binding = object.properties.get(propertyId);
      if (binding === undefined) throw new DrmError("ENOENT", `Cannot find property ${propertyId} of object ${id}`);
      const low = values.low(at, ahead);
      setProperty(draft, object, binding, low, values.high(at));
    }
  }
}

interface OutFence {
  readonly fd: number;
  readonly address: bigint;
  readonly fence: Fence;
}

// prepare_signaling: events and out fences, one for each CRTC in the draft; then one for each frame that is written.
function prepareSignaling(draft: AtomicState, flags: number, arg: View<drm_mode_atomic>, task: Process): void {
  const wantsEvent = (flags & DRM_MODE_PAGE_FLIP_EVENT) !== 0;
  let fences: OutFence[] | undefined;
  for (const crtc of draft.crtcs) {
    const state = draft.crtc(crtc);
    if (!wantsEvent && state.outFencePtr === 0) continue;
    const commit = state.commit = new CrtcCommit(crtc);
    if (wantsEvent) {
      commit.slot = draft.file?.events.reserve(VBLANK_EVENT_SIZE);
      const view = arg[VIEW];
      commit.cookieLow = view.getUint32(USER_DATA_OFFSET, true);
      commit.cookieHigh = view.getUint32(USER_DATA_OFFSET + 4, true);
    }
    if (state.outFencePtr !== 0) {
      fences ??= beginFences(draft, task);
      commit.fence = setupFence(fences, crtc.createFence(), state.outFencePtr, task);
    }
  }
  for (const connector of draft.connectors) {
    const state = draft.connector(connector);
    const { writebackJob: job } = state;
    if (job === undefined || state.outFencePtr === 0 || connector.writeback === undefined) continue;
    fences ??= beginFences(draft, task);
    job.outFence = setupFence(fences, connector.writeback.createFence(), state.outFencePtr, task);
  }
  if (wantsEvent && draft.crtcs.length === 0) {
    throw new DrmError("EINVAL", "Cannot send an event: the commit touches no CRTC");
  }
}

// setup_out_fence.
function setupFence(fences: OutFence[], fence: Fence, pointer: number, task: Process): Fence {
  const out = { fd: task.fds.reserve(), address: BigInt(pointer), fence };
  fences.push(out);
  task.memory.copyOut(out.address, new Uint8Array(Int32Array.of(out.fd).buffer));
  return fence;
}

// complete_signaling (J12).
function beginFences(draft: AtomicState, task: Process): OutFence[] {
  const fences: OutFence[] = [];
  draft.onCommitted = () => {
    for (const { fd, fence } of fences) task.fds.install(fd, new SyncFile(fence), true);
  };
  draft.onDiscarded = () => {
    for (const { fd, address } of fences) {
      task.fds.unreserve(fd);
      try {
        task.memory.copyOut(address, new Uint8Array(Int32Array.of(-1).buffer));
      } catch (error) {
        if (!(error instanceof DrmError)) throw error; // nothing more can be told to a client without memory
      }
    }
  };
  return fences;
}
