/**
 * What a driver says of its KMS as a whole: limits, and hooks of struct drm_mode_config_funcs.
 * @module
 */

import type { DrmFile } from "../drm_file.ts";
import type { AtomicState } from "./atomic_state.ts";
import type { CommitTail } from "./atomic_tail.ts";
import type { Framebuffer } from "./framebuffer.ts";
import type { Mode } from "./mode.ts";
import type { ModeRect } from "./rect.ts";

/** Limits and hooks of a device's KMS. */
export interface ModeConfigOptions {
  /** Least width of a framebuffer, pixels, default 0. */
  readonly minWidth?: number;
  /** Greatest width of a framebuffer, pixels, default 8192. */
  readonly maxWidth?: number;
  /** Least height of a framebuffer, lines, default 0. */
  readonly minHeight?: number;
  /** Greatest height of a framebuffer, lines, default 8192. */
  readonly maxHeight?: number;
  /** DRM_CAP_DUMB_PREFERRED_DEPTH, default 0 (the kernel's), which user space takes for 24. */
  readonly preferredDepth?: number;
  /** DRM_CAP_DUMB_PREFER_SHADOW. */
  readonly preferShadow?: boolean;
  /** Whether flips may tear (DRM_CAP_ASYNC_PAGE_FLIP). */
  readonly asyncPageFlip?: boolean;
  /** Whether flips may name the frame to be shown at (DRM_CAP_PAGE_FLIP_TARGET); like most drivers, not by default. */
  readonly pageFlipTarget?: boolean;
  /** DRM_CAP_CURSOR_WIDTH, pixels; 0 (default) is told as 64. */
  readonly cursorWidth?: number;
  /** DRM_CAP_CURSOR_HEIGHT, lines; 0 (default) is told as 64. */
  readonly cursorHeight?: number;
  /** Whether ADDFB2 takes modifiers; default: true (as in the kernel since 5.18), IN_FORMATS included. */
  readonly fbModifiers?: boolean;
  /** Whether frames are counted, default true. Without, flips complete when they are committed. */
  readonly vblank?: boolean;
  /**
   * DIRTYFB: true shows what changed by an atomic commit (drm_atomic_helper_dirtyfb); a function is the driver's own way
   * (clips undefined: all of it). Absent: ENOSYS.
   */
  readonly dirtyFb?: true | ((fb: Framebuffer, clips: readonly ModeRect[] | undefined, file: DrmFile) => void);
  /** Whether a cursor's hot spot is a pair of properties (with the CURSOR_HOTSPOT feature); the default follows the feature. */
  readonly cursorHotspot?: boolean;
  /**
   * The driver's own judgement of a framebuffer's format, before handles are looked up; by default some plane has to show it
   * (EINVAL). @throws {DrmError} to refuse it.
   */
  fbFormat?(format: number): void;
  /** What an unknown handle in ADDFB2 gives; ENOENT by default, as drm_gem_fb_create. */
  readonly fbUnknownHandle?: "ENOENT" | "EINVAL";
  /** Whether the check computes `PlaneState.normalizedZpos` for all planes of a CRTC when one's place changes; default false. */
  readonly normalizeZpos?: boolean;
  /** Further checks of a framebuffer that the core found right. May set `fb.priv`. @throws {DrmError} to refuse it. */
  fbCreate?(fb: Framebuffer, file: DrmFile): void;
  /** A framebuffer is gone; its objects still stand. */
  fbDestroy?(fb: Framebuffer): void;
  /** Whether the device can do a mode at all. */
  modeValid?(mode: Mode): boolean;
  /** Checks a draft as a whole, after all objects' own checks; pure. @throws {DrmError} to refuse. */
  atomicCheck?(draft: AtomicState): void;
  /**
   * Does a commit; default {@linkcode defaultCommitTail}. A replacement calls the same parts (`commitDisables`,
   * `commitPlanes`, `commitEnables`, `finishHardware`) in its own order. It cannot fail.
   */
  readonly commitTail?: CommitTail;
}
