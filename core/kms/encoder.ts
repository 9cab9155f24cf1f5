/**
 * `Encoder`: what stands between a CRTC and connectors. Mirrors drivers/gpu/drm/drm_encoder.c.
 * @module
 */

import { DRM_MODE_ENCODER_VIRTUAL, DRM_MODE_OBJECT_ENCODER } from "../../uapi/mod.ts";
import type { AtomicState } from "./atomic_state.ts";
import type { ConnectorState } from "./connector_state.ts";
import type { Crtc } from "./crtc.ts";
import type { CrtcState } from "./crtc_state.ts";
import type { Mode } from "./mode.ts";
import { ModeObject } from "./mode_object.ts";

/** What a driver says of an encoder. */
export interface EncoderOptions {
  /** DRM_MODE_ENCODER_*, default VIRTUAL. */
  readonly type?: number;
  /** Bit for each index of a CRTC that can feed it. */
  readonly possibleCrtcs: number;
  /** Bit for each index of an encoder that can show the same picture; always with its own. */
  readonly possibleClones?: number;
  /** For people; "Virtual-1" and the like by default. */
  readonly name?: string;
  /** Whether it can carry a mode. */
  modeValid?(encoder: Encoder, mode: Mode): boolean;
  /** Checks a draft that feeds it; pure. @throws {DrmError} to refuse. */
  atomicCheck?(encoder: Encoder, draft: AtomicState, crtc: CrtcState, connector: ConnectorState): void;
  /** Switches on, after the CRTC. */
  atomicEnable?(encoder: Encoder, draft: AtomicState): void;
  /** Switches off, before the CRTC. */
  atomicDisable?(encoder: Encoder, draft: AtomicState): void;
}

/** An encoder. */
export class Encoder extends ModeObject {
  /** DRM_MODE_OBJECT_ENCODER. */
  readonly type: number = DRM_MODE_OBJECT_ENCODER;
  /** DRM_MODE_ENCODER_*. */
  readonly encoderType: number;
  /** Its place among the device's encoders. */
  readonly index: number;
  /** Bit for each index of a CRTC that can feed it. */
  readonly possibleCrtcs: number;
  /** Bit for each index of an encoder that can show the same picture. Drivers may change it until clients come. */
  possibleClones: number;
  /** For people. */
  readonly name: string;
  /** The driver's hooks. */
  readonly hooks: EncoderOptions;

  /** Use `ModeConfig.addEncoder`. */
  constructor(index: number, options: EncoderOptions) {
    super();
    this.index = index;
    this.encoderType = options.type ?? DRM_MODE_ENCODER_VIRTUAL;
    this.possibleCrtcs = options.possibleCrtcs;
    this.possibleClones = (options.possibleClones ?? 0) | (1 << index);
    this.name = options.name ?? `encoder-${index}`;
    this.hooks = options;
  }

  /** Whether a CRTC can feed it. */
  accepts(crtc: Crtc): boolean {
    return (this.possibleCrtcs & (1 << crtc.index)) !== 0;
  }
}
