/**
 * The memory of a framebuffer while a plane shows it: mapped and kept in its place. Mirrors drm_gem_fb_vmap and
 * drm_gem_fb_vunmap (drivers/gpu/drm/drm_gem_framebuffer_helper.c).
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import type { Framebuffer } from "../../../core/kms/framebuffer.ts";
import { wordsOf } from "./layer.ts";

/** What a framebuffer's `priv` is. */
export class FbMemory {
  /** Where each plane's object lies. */
  readonly bytes: readonly Uint8Array[];
  /** Plane 0 as words from its first pixel; undefined where it is not so aligned. */
  readonly words: Int32Array | undefined;

  /** Views of pinned memory. */
  constructor(bytes: readonly Uint8Array[], words: Int32Array | undefined) {
    this.bytes = bytes;
    this.words = words;
  }
}

/** Maps a framebuffer. @throws {DrmError} EINVAL if the CPU cannot reach it, ENOMEM. */
export function mapFramebuffer(fb: Framebuffer): void {
  const { objects } = fb;
  const known = fb.priv instanceof FbMemory ? fb.priv : undefined;
  let pinned = 0, fresh = known === undefined;
  try {
    for (; pinned < objects.length; pinned++) {
      const { pages } = objects[pinned];
      if (pages === undefined) {
        throw new DrmError("EINVAL", `Cannot show framebuffer ${fb.id}: the CPU cannot reach its memory`);
      }
      pages.pin();
      // An unpinned mapping may have been dropped meanwhile.
      if (known?.bytes[pinned] !== pages.bytes()) fresh = true;
    }
    if (!fresh) return;
    const bytes = objects.map(({ pages }) => pages?.bytes() ?? new Uint8Array(0));
    fb.priv = new FbMemory(bytes, wordsOf(bytes[0], fb.offsets[0], fb.pitches[0]));
  } catch (error) {
    while (pinned > 0) objects[--pinned].pages?.unpin();
    throw error;
  }
}

/** Ends one `mapFramebuffer`. */
export function unmapFramebuffer(fb: Framebuffer): void {
  for (let i = 0; i < fb.objects.length; i++) fb.objects[i].pages?.unpin();
}
