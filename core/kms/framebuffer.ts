/**
 * `Framebuffer`: objects with a size, a format and pitches. Mirrors struct drm_framebuffer.
 * @module
 */

import { DRM_MODE_OBJECT_FB } from "../../uapi/mod.ts";
import { type drm_format_info, drm_format_info_plane_height, drm_format_info_plane_width } from "../../uapi/format.ts";
import type { DrmFile } from "../drm_file.ts";
import type { GemObject } from "../gem.ts";
import type { ModeConfig } from "./mode_config.ts";
import { CountedObject } from "./mode_object.ts";

/** What a framebuffer is made of. Arrays have an element for each plane of the format. */
export interface FramebufferLayout {
  /** What the kernel knows of the format. */
  readonly info: drm_format_info;
  /** Pixels. */
  readonly width: number;
  /** Lines. */
  readonly height: number;
  /** DRM_MODE_FB_*. */
  readonly flags: number;
  /** DRM_FORMAT_MOD_* of every plane; 0 (linear) when the client gave none. */
  readonly modifier: bigint;
  /** Bytes a line. */
  readonly pitches: readonly number[];
  /** Where the plane begins in its object, bytes. */
  readonly offsets: readonly number[];
  /** The objects; the framebuffer holds a reference of each. */
  readonly objects: readonly GemObject[];
}

/** A framebuffer. It does not change. Counted by its file and by the plane states that show it. */
export class Framebuffer extends CountedObject implements FramebufferLayout {
  /** DRM_MODE_OBJECT_FB. */
  readonly type: number = DRM_MODE_OBJECT_FB;
  /** What the kernel knows of the format. */
  readonly info: drm_format_info;
  /** fourcc code. */
  readonly format: number;
  /** Pixels. */
  readonly width: number;
  /** Lines. */
  readonly height: number;
  /** DRM_MODE_FB_*. */
  readonly flags: number;
  /** DRM_FORMAT_MOD_* of every plane. */
  readonly modifier: bigint;
  /** Bytes a line. */
  readonly pitches: readonly number[];
  /** Where each plane begins in its object, bytes. */
  readonly offsets: readonly number[];
  /** The object of each plane. */
  readonly objects: readonly GemObject[];
  /** The file in whose list it is; undefined for hidden ones (legacy cursors) and after RMFB. */
  file: DrmFile | undefined;
  /** Command name of the client that made it. */
  readonly comm: string;
  /** Counts the device's framebuffers: the newest has the greatest. */
  readonly serial: number;
  /** Whether RMFB or the end of its client has taken it off the screen: a commit that was waiting then shows it no more. */
  removed = false;
  /** The driver's own data of it. */
  priv: unknown;
  readonly #kms: ModeConfig;

  /** Takes over the caller's references of `layout.objects`. Use `ModeConfig.createFramebuffer`. */
  constructor(kms: ModeConfig, layout: FramebufferLayout, comm: string, serial: number) {
    super();
    this.comm = comm;
    this.serial = serial;
    this.#kms = kms;
    this.info = layout.info;
    this.format = layout.info.format;
    this.width = layout.width;
    this.height = layout.height;
    this.flags = layout.flags;
    this.modifier = layout.modifier;
    this.pitches = layout.pitches;
    this.offsets = layout.offsets;
    this.objects = layout.objects;
  }

  /** Pixels of a line of a plane. */
  planeWidth(plane: number): number {
    return drm_format_info_plane_width(this.info, this.width, plane);
  }

  /** Lines of a plane. */
  planeHeight(plane: number): number {
    return drm_format_info_plane_height(this.info, this.height, plane);
  }

  /** The last reference is gone: lets its objects go. */
  protected override free(): void {
    this.#kms.objects.remove(this.id);
    this.#kms.options.fbDestroy?.(this);
    for (const object of this.objects) object.put();
    this.id = 0;
  }
}
