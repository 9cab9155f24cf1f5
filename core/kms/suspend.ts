/**
 * `Suspension`: what a device showed before it was suspended, kept until it is resumed. Mirrors drm_atomic_helper_suspend,
 * drm_atomic_helper_disable_all and drm_atomic_helper_commit_duplicated_state (drivers/gpu/drm/drm_atomic_helper.c).
 * @module
 */

import { Wait } from "../wait.ts";
import { commitDraft } from "./atomic_commit.ts";
import type { AtomicState } from "./atomic_state.ts";
import type { Framebuffer } from "./framebuffer.ts";
import { removeFramebuffer } from "./framebuffer_remove.ts";
import type { ModeConfig } from "./mode_config.ts";
import { disableAll } from "./shutdown.ts";

/** The saved state of a suspended device. */
export class Suspension {
  readonly #kms: ModeConfig;
  readonly #removed: Framebuffer[] = [];
  #saved: AtomicState | undefined;

  /** Saves the state and switches everything off; events that wait for a frame are sent now (H6). @throws {DrmError} as the driver. */
  constructor(kms: ModeConfig) {
    this.#kms = kms;
    const saved = this.#saved = kms.draft();
    for (const crtc of kms.crtcs) saved.crtc(crtc);
    for (const plane of kms.planes) saved.plane(plane);
    for (const connector of kms.connectors) saved.connector(connector);
    try {
      disableAll(kms);
    } catch (error) {
      this.discard();
      throw error;
    }
  }

  /** Done once the hardware is off: commits of before, which wait for fences, go first. */
  done(): number | Wait {
    const pending = this.#kms.crtcs.flatMap(({ commit }) => commit !== undefined && !commit.hwDone ? [commit] : []);
    if (pending.length === 0) return 0;
    const wait = new Wait();
    const look = (): void => {
      const next = pending.find((commit) => !commit.hwDone);
      if (next === undefined) wait.complete(0);
      else next.onProgress(look);
    };
    look();
    return wait;
  }

  /** For a client that ends meanwhile: its framebuffer, with the caller's reference, goes when the device is resumed. */
  defer(fb: Framebuffer): void {
    this.#removed.push(fb);
  }

  /** Commits the saved state. @throws {DrmError} if the driver refuses it; then everything stays off. */
  restore(): void {
    const saved = this.#saved;
    this.#saved = undefined;
    try {
      if (saved === undefined) return;
      saved.rebase();
      saved.restores = true;
      commitDraft(saved, false);
    } finally {
      for (const fb of this.#removed.splice(0)) removeFramebuffer(fb, this.#kms);
    }
  }

  /** The device is gone: nothing comes back. */
  discard(): void {
    this.#saved?.discard();
    this.#saved = undefined;
    for (const fb of this.#removed.splice(0)) fb.put();
  }
}
