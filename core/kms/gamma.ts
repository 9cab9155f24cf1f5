/**
 * GETGAMMA and SETGAMMA over GAMMA_LUT. Mirrors drivers/gpu/drm/drm_color_mgmt.c.
 * @module
 */

import { drm_color_lut, type drm_mode_crtc_lut, DRM_MODE_OBJECT_CRTC, type View } from "../../uapi/mod.ts";
import type { DrmFile } from "../drm_file.ts";
import { DrmError } from "../error.ts";
import type { Process } from "../process.ts";
import type { Wait } from "../wait.ts";
import { commitDraft } from "./atomic_commit.ts";
import { Crtc } from "./crtc.ts";
import { findObject, kmsOf } from "./lease.ts";

function crtcOf(file: DrmFile, id: number): Crtc {
  const crtc = findObject(kmsOf(file), file, id, DRM_MODE_OBJECT_CRTC);
  if (!(crtc instanceof Crtc)) throw new DrmError("ENOENT", `Cannot find CRTC ${id}`);
  return crtc;
}

function pointers(arg: View<drm_mode_crtc_lut>): bigint[] {
  return [arg.red, arg.green, arg.blue];
}

/** GETGAMMA. */
export function getGamma(file: DrmFile, arg: View<drm_mode_crtc_lut>, task: Process): number {
  const crtc = crtcOf(file, arg.crtc_id);
  const size = crtc.legacyGammaSize;
  if (arg.gamma_size !== size) {
    throw new DrmError("EINVAL", `Cannot read a gamma table of ${arg.gamma_size}: it has ${size} entries`);
  }
  if (size > 0) {
    const store = crtc.gammaStore;
    pointers(arg).forEach((pointer, i) => {
      task.memory.copyOut(pointer, new Uint8Array(store.buffer, i * size * 2, size * 2));
    });
  }
  return 0;
}

/** SETGAMMA. */
export function setGamma(file: DrmFile, arg: View<drm_mode_crtc_lut>, task: Process): number | Wait {
  const crtc = crtcOf(file, arg.crtc_id);
  const size = crtc.legacyGammaSize;
  const { gammaSize = 0, degammaSize = 0 } = crtc.hooks;
  if (size === 0 || (gammaSize === 0 && degammaSize === 0)) {
    throw new DrmError("ENOSYS", `Cannot set gamma: ${crtc.name} has no gamma table`);
  }
  if (arg.gamma_size !== size) {
    throw new DrmError("EINVAL", `Cannot set a gamma table of ${arg.gamma_size}: it has ${size} entries`);
  }
  // As in the kernel, the store is written first, and stays written when the commit fails.
  pointers(arg).forEach((pointer, i) => {
    task.memory.copyIn(pointer, new Uint8Array(crtc.gammaStore.buffer, i * size * 2, size * 2));
  });
  const words = new Uint16Array(size * drm_color_lut.size / 2);
  for (let i = 0; i < size; i++) for (let c = 0; c < 3; c++) words[i * 4 + c] = crtc.gammaStore[c * size + i];
  const { kms } = crtc;
  const attempt = (): number | Wait => {
    const draft = kms.draft();
    draft.file = file;
    draft.task = task;
    const state = draft.crtc(crtc);
    const blob = kms.createBlob(new Uint8Array(words.buffer));
    // A CRTC that has a degamma table alone gets the legacy table there.
    state.setColor("degammaLut", gammaSize > 0 ? undefined : blob);
    state.setColor("ctm", undefined);
    state.setColor("gammaLut", gammaSize > 0 ? blob : undefined);
    blob.put();
    return commitDraft(draft, false, attempt, true);
  };
  return attempt();
}
