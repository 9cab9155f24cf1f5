/**
 * `CrtcState`: what a CRTC does. Mirrors struct drm_crtc_state.
 * @module
 */

import type { Crtc } from "./crtc.ts";
import type { CrtcCommit } from "./crtc_commit.ts";
import type { Mode } from "./mode.ts";
import type { PropertyBlob } from "./property.ts";

/** A CRTC's state; see `PlaneState` on keeping. */
export class CrtcState {
  /** Whose state. */
  readonly crtc: Crtc;
  /** Whether it has a mode and connectors: it holds its resources. */
  enable = false;
  /** Whether it shows anything (ACTIVE); off for DPMS. */
  active = false;
  /** The mode; undefined when not enabled. */
  mode: Mode | undefined = undefined;
  /** MODE_ID. Set by `setMode`. */
  modeBlob: PropertyBlob | undefined = undefined;
  /** Bit for each index of a plane that is on it. */
  planeMask = 0;
  /** Bit for each index of a connector that it feeds. */
  connectorMask = 0;
  /** Bit for each index of an encoder that it feeds. */
  encoderMask = 0;
  /** DEGAMMA_LUT. */
  degammaLut: PropertyBlob | undefined = undefined;
  /** CTM. */
  ctm: PropertyBlob | undefined = undefined;
  /** GAMMA_LUT. */
  gammaLut: PropertyBlob | undefined = undefined;
  /** VRR_ENABLED. */
  vrrEnabled = false;
  /** 0 default, 1 nearest neighbour. */
  scalingFilter = 0;
  /** Values of the driver's own properties. */
  readonly values: number[] = [];
  /** Address for the out fence's fd (OUT_FENCE_PTR); 0 for none. Never copied. */
  outFencePtr = 0;
  /** The mode changes: set by the check, or by a driver's. */
  modeChanged = false;
  /** `active` changes. */
  activeChanged = false;
  /** The connectors change. */
  connectorsChanged = false;
  /** A plane comes, goes or changes. */
  planesChanged = false;
  /** A plane's place in the stack changes. */
  zposChanged = false;
  /** Gamma, degamma or CTM change. */
  colorMgmtChanged = false;
  /** The flip is to be shown at once, tearing. */
  asyncFlip = false;
  /** The frame before which the flip is not to be shown (PAGE_FLIP with a target); undefined for none. */
  targetVblank: number | undefined = undefined;
  /** The commit that brought it. */
  commit: CrtcCommit | undefined = undefined;

  /** The state of a CRTC that is off. @param crtc whose state. */
  constructor(crtc: Crtc) {
    this.crtc = crtc;
  }

  /** drm_atomic_crtc_needs_modeset. */
  get needsModeset(): boolean {
    return this.modeChanged || this.activeChanged || this.connectorsChanged;
  }

  /** Sets the mode and the blob that describes it (a reference is taken); `enable` follows. */
  setMode(mode: Mode | undefined, blob: PropertyBlob | undefined): void {
    blob?.ref();
    this.modeBlob?.put();
    this.modeBlob = blob;
    this.mode = mode;
    this.enable = mode !== undefined;
  }

  /** Sets one of the colour blobs (a reference is taken). */
  setColor(which: "degammaLut" | "ctm" | "gammaLut", blob: PropertyBlob | undefined): void {
    if (this[which] === blob) return;
    blob?.ref();
    this[which]?.put();
    this[which] = blob;
    this.colorMgmtChanged = true;
  }

  /** drm_atomic_helper_crtc_duplicate_state. */
  copyFrom(source: CrtcState): void {
    this.enable = source.enable;
    this.active = source.active;
    this.mode = source.mode;
    this.modeBlob = source.modeBlob?.ref();
    this.planeMask = source.planeMask;
    this.connectorMask = source.connectorMask;
    this.encoderMask = source.encoderMask;
    this.degammaLut = source.degammaLut?.ref();
    this.ctm = source.ctm?.ref();
    this.gammaLut = source.gammaLut?.ref();
    this.vrrEnabled = source.vrrEnabled;
    this.scalingFilter = source.scalingFilter;
    for (let i = 0; i < source.values.length; i++) this.values[i] = source.values[i];
    this.outFencePtr = 0;
    this.modeChanged = false;
    this.activeChanged = false;
    this.connectorsChanged = false;
    this.planesChanged = false;
    this.zposChanged = false;
    this.colorMgmtChanged = false;
    this.asyncFlip = false;
    this.targetVblank = undefined;
    this.commit = undefined;
  }

  /** Drops what it holds. */
  release(): void {
    this.modeBlob?.put();
    this.degammaLut?.put();
    this.ctm?.put();
    this.gammaLut?.put();
    this.modeBlob =
      this.degammaLut =
      this.ctm =
      this.gammaLut =
        undefined;
    this.mode = undefined;
    this.commit = undefined;
  }
}
