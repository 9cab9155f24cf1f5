/**
 * DIRTYFB. Mirrors drm_mode_dirtyfb_ioctl (drivers/gpu/drm/drm_framebuffer.c) and drm_atomic_helper_dirtyfb.
 * @module
 */

import {
  DRM_MODE_FB_DIRTY_ANNOTATE_COPY,
  type drm_mode_fb_dirty_cmd,
  DRM_MODE_FB_DIRTY_MAX_CLIPS,
  drm_mode_rect,
  type View,
} from "../../uapi/mod.ts";
import type { DrmFile } from "../drm_file.ts";
import { DrmError } from "../error.ts";
import type { Process } from "../process.ts";
import type { Wait } from "../wait.ts";
import { commitDraft } from "./atomic_commit.ts";
import { findFramebuffer } from "./find.ts";
import type { Framebuffer } from "./framebuffer.ts";
import { kmsOf } from "./lease.ts";
import type { ModeConfig } from "./mode_config.ts";
import type { ModeRect } from "./rect.ts";

// struct drm_clip_rect: four u16.
const CLIP_SIZE = 8;

/** DIRTYFB (J21). */
export function dirtyFb(file: DrmFile, arg: View<drm_mode_fb_dirty_cmd>, task: Process): number | Wait {
  const kms = kmsOf(file);
  const fb = findFramebuffer(kms, file, arg.fb_id);
  if (fb === undefined) throw new DrmError("ENOENT", `Cannot find framebuffer ${arg.fb_id}`);
  const count = arg.num_clips;
  if ((count === 0) !== (arg.clips_ptr === 0n)) {
    throw new DrmError("EINVAL", "Cannot dirty: clips and their count do not agree");
  }
  const pairs = (arg.flags & DRM_MODE_FB_DIRTY_ANNOTATE_COPY) !== 0;
  if (pairs && count % 2 !== 0) throw new DrmError("EINVAL", "Cannot dirty: clips of a copy come in pairs");
  if (count > DRM_MODE_FB_DIRTY_MAX_CLIPS) {
    throw new DrmError("EINVAL", `Cannot dirty ${count} clips: ${DRM_MODE_FB_DIRTY_MAX_CLIPS} are allowed`);
  }
  let clips: ModeRect[] | undefined;
  if (count > 0) {
    const bytes = new Uint8Array(count * CLIP_SIZE);
    task.memory.copyIn(arg.clips_ptr, bytes);
    const view = new DataView(bytes.buffer);
    clips = [];
    // Of a pair, the kernel's helper takes the first.
    for (let at = 0; at < bytes.length; at += pairs ? 2 * CLIP_SIZE : CLIP_SIZE) {
      clips.push({
        x1: view.getUint16(at, true),
        y1: view.getUint16(at + 2, true),
        x2: view.getUint16(at + 4, true),
        y2: view.getUint16(at + 6, true),
      });
    }
  }
  const how = kms.options.dirtyFb;
  if (how === undefined) throw new DrmError("ENOSYS", "Cannot dirty a framebuffer: the driver scans out by itself");
  if (how !== true) {
    how(fb, clips, file);
    return 0;
  }
  return commitDamage(kms, fb, clips, file, task);
}

function commitDamage(
  kms: ModeConfig,
  fb: Framebuffer,
  clips: readonly ModeRect[] | undefined,
  file: DrmFile,
  task: Process,
): number | Wait {
  const attempt = (): number | Wait => {
    const draft = kms.draft();
    draft.file = file;
    draft.task = task;
    const blob = clips && kms.createBlob(rectBytes(clips));
    for (const plane of kms.planes) if (plane.state.fb === fb) draft.plane(plane).setDamageClips(blob);
    blob?.put();
    if (draft.planes.length > 0) return commitDraft(draft, false, attempt, true);
    draft.discard();
    return 0;
  };
  return attempt();
}

function rectBytes(clips: readonly ModeRect[]): Uint8Array {
  const bytes = new Uint8Array(clips.length * drm_mode_rect.size);
  new Int32Array(bytes.buffer).set(clips.flatMap(({ x1, y1, x2, y2 }) => [x1, y1, x2, y2]));
  return bytes;
}
