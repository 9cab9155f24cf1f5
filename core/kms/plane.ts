/**
 * `Plane`: shows a framebuffer on a CRTC. Mirrors drivers/gpu/drm/drm_plane.c.
 * @module
 */

import {
  DRM_FORMAT_MOD_LINEAR,
  DRM_MODE_OBJECT_PLANE,
  DRM_PLANE_TYPE_CURSOR,
  DRM_PLANE_TYPE_OVERLAY,
  DRM_PLANE_TYPE_PRIMARY,
} from "../../uapi/mod.ts";
import type { AtomicState } from "./atomic_state.ts";
import type { PlaneColorOptions } from "./color_properties.ts";
import type { Crtc } from "./crtc.ts";
import type { Damage } from "./damage.ts";
import { Damage as PlaneDamage } from "./damage.ts";
import type { ModeConfig } from "./mode_config.ts";
import { StatefulObject } from "./mode_object.ts";
import type { ScanoutBuffer } from "./panic_draw.ts";
import { attachPlaneProperties } from "./plane_properties.ts";
import { PlaneState } from "./plane_state.ts";

/** A factor of 16.16 that stands for "not scaled". */
export const NO_SCALING = 1 << 16;

/** What a driver says of a plane. */
export interface PlaneOptions {
  /** What it is for. Legacy mode setting uses the primary plane, legacy cursors the cursor plane. */
  readonly type: "primary" | "overlay" | "cursor";
  /** fourcc codes that it shows. */
  readonly formats: readonly number[];
  /** Modifiers that it shows (IN_FORMATS); default: linear only. The device must have `fbModifiers` for others. */
  readonly modifiers?: readonly bigint[];
  /** Whether it shows `format` with `modifier`, both of the lists above; all pairs by default. */
  formatModSupported?(format: number, modifier: bigint): boolean;
  /** Bit for each index of a CRTC that it can be on; 0 (for a primary or cursor plane): the CRTC that is made with it. */
  readonly possibleCrtcs?: number;
  /** For people; "plane-N" by default. */
  readonly name?: string;
  /** Whether FB_DAMAGE_CLIPS is a property of it. */
  readonly damageClips?: boolean;
  /** Bits of DRM_MODE_ROTATE_* and DRM_MODE_REFLECT_* that it can do; makes a "rotation" property. */
  readonly rotations?: number;
  /** How it stands at first, DRM_MODE_ROTATE_0 by default. */
  readonly rotation?: number;
  /** Whether "alpha" is a property of it. */
  readonly alpha?: boolean;
  /** DRM_MODE_BLEND_* that it can do; makes a "pixel blend mode" property. */
  readonly blendModes?: readonly number[];
  /** Place in the stack: fixed (`min` = `max`, immutable) or choosable. */
  readonly zpos?: { readonly min: number; readonly max: number; readonly value: number };
  /** What it makes of YCbCr; makes COLOR_ENCODING and COLOR_RANGE properties. */
  readonly color?: PlaneColorOptions;
  /** Filters that it scales with, bits: 0 default, 1 nearest neighbour; makes a SCALING_FILTER property. */
  readonly scalingFilters?: number;
  /** Sizes for SIZE_HINTS, best first. */
  readonly sizeHints?: readonly { readonly width: number; readonly height: number }[];
  /** Least and greatest source size over target size, 16.16; default: no scaling. */
  readonly scaling?: { readonly min: number; readonly max: number };
  /** Whether it may cover a part of the CRTC only; default: all planes but primary ones. */
  readonly canPosition?: boolean;
  /** Checks a draft; pure. Positions, clipping and scaling are checked already. @throws {DrmError} to refuse. */
  atomicCheck?(plane: Plane, draft: AtomicState, state: PlaneState): void;
  /** Prepares `state.fb` (pins it, makes a resource of it) before the commit. May use `draft.waitFor`. @throws {DrmError} */
  prepareFb?(plane: Plane, draft: AtomicState, state: PlaneState): void;
  /** Ends what `prepareFb` began; `state` is the one that was replaced, or the new one of a commit that failed. */
  cleanupFb?(plane: Plane, state: PlaneState): void;
  /**
   * Shows `state`. `damage` says which parts of the framebuffer changed, pixels; it and `old` are valid until the hook returns.
   * Without `atomicDisable` it is also called to switch the plane off (`state.fb` undefined).
   */
  atomicUpdate(plane: Plane, old: PlaneState, state: PlaneState, damage: Damage, draft: AtomicState): void;
  /** Further lines of its state in debugfs, each after a tabulator and with a line feed. */
  atomicPrintState?(state: PlaneState): string;
  /** Switches the plane off. */
  atomicDisable?(plane: Plane, old: PlaneState, draft: AtomicState): void;
  /** What it scans out, for a panic to draw on; undefined while there is nothing. {@linkcode framebufferScanout} does for most. */
  getScanoutBuffer?(plane: Plane): ScanoutBuffer | undefined;
  /** A panic was drawn: makes it visible, waiting for nothing. */
  panicFlush?(plane: Plane): void;
}

const TYPES = { primary: DRM_PLANE_TYPE_PRIMARY, overlay: DRM_PLANE_TYPE_OVERLAY, cursor: DRM_PLANE_TYPE_CURSOR };
const LINEAR = [DRM_FORMAT_MOD_LINEAR];

/** A plane. */
export class Plane extends StatefulObject<PlaneState> {
  /** DRM_MODE_OBJECT_PLANE. */
  readonly type: number = DRM_MODE_OBJECT_PLANE;
  /** The device's KMS. */
  readonly kms: ModeConfig;
  /** Its place among the device's planes. */
  readonly index: number;
  /** DRM_PLANE_TYPE_*. */
  readonly planeType: number;
  /** fourcc codes that it shows. */
  readonly formats: readonly number[];
  /** Modifiers that it shows. */
  readonly modifiers: readonly bigint[];
  /** Bit for each index of a CRTC that it can be on. */
  possibleCrtcs: number;
  /** For people. */
  readonly name: string;
  /** The driver's hooks. */
  readonly hooks: PlaneOptions;
  /** The current state. */
  state: PlaneState;
  /** What changed; filled in for each `atomicUpdate`. */
  readonly damage: Damage = new PlaneDamage();
  readonly #formatSet: ReadonlySet<number>;
  #spare: PlaneState | undefined;

  /** Use `ModeConfig.addPlane`. */
  constructor(kms: ModeConfig, index: number, options: PlaneOptions) {
    super();
    this.kms = kms;
    this.index = index;
    this.hooks = options;
    this.planeType = TYPES[options.type];
    this.formats = options.formats;
    this.modifiers = options.modifiers ?? LINEAR;
    this.possibleCrtcs = options.possibleCrtcs ?? 0;
    this.name = options.name ?? `plane-${index}`;
    this.#formatSet = new Set(options.formats);
    this.state = new PlaneState(this);
    this.#spare = new PlaneState(this);
  }

  /** Attaches the properties; `ModeConfig.addPlane` does it once the plane has its id. */
  init(): void {
    attachPlaneProperties(this);
  }

  /** Whether it can be on a CRTC. */
  accepts(crtc: Crtc): boolean {
    return (this.possibleCrtcs & (1 << crtc.index)) !== 0;
  }

  /** drm_plane_has_format: whether it shows a format with a modifier. */
  supports(format: number, modifier: bigint): boolean {
    if (!this.#formatSet.has(format)) return false;
    if (modifier === DRM_FORMAT_MOD_LINEAR && this.hooks.modifiers === undefined) return true;
    if (!this.modifiers.includes(modifier)) return false;
    return this.hooks.formatModSupported?.(format, modifier) ?? true;
  }

  /** Its copy of the state in a draft. */
  touch(draft: AtomicState): PlaneState {
    return draft.plane(this);
  }

  /** A state that is a copy of the current one. */
  duplicate(): PlaneState {
    const state = this.#spare ?? new PlaneState(this);
    this.#spare = undefined;
    state.copyFrom(this.state);
    return state;
  }

  /** Gives back a state that nobody uses any more. */
  recycle(state: PlaneState): void {
    state.release();
    this.#spare = state;
  }
}
