/**
 * `ConnectorState`: which CRTC feeds a connector, and how. Mirrors struct drm_connector_state.
 * @module
 */

import { DRM_MODE_LINK_STATUS_GOOD } from "../../uapi/mod.ts";
import type { Connector } from "./connector.ts";
import type { Crtc } from "./crtc.ts";
import type { CrtcCommit } from "./crtc_commit.ts";
import type { Encoder } from "./encoder.ts";
import type { PropertyBlob } from "./property.ts";
import type { WritebackJob } from "./writeback.ts";

/** What analog television, and margins of any connector, are set to (drm_tv_connector_state). */
export interface TvState {
  /** DRM_MODE_SUBCONNECTOR_*: what the signal is to be. */
  selectSubconnector: number;
  /** "left margin", pixels. */
  left: number;
  /** "right margin", pixels. */
  right: number;
  /** "top margin", lines. */
  top: number;
  /** "bottom margin", lines. */
  bottom: number;
  /** "TV mode". */
  mode: number;
  /** "mode": of drivers that name their own. */
  legacyMode: number;
  /** Percent. */
  brightness: number;
  /** Percent. */
  contrast: number;
  /** Percent. */
  flickerReduction: number;
  /** Percent. */
  overscan: number;
  /** Percent. */
  saturation: number;
  /** Percent. */
  hue: number;
}

/** A connector's state; see `PlaneState` on keeping. */
export class ConnectorState {
  /** Whose state. */
  readonly connector: Connector;
  /** The CRTC; undefined: the connector is off. */
  crtc: Crtc | undefined = undefined;
  /** The encoder between them; chosen by the check. */
  encoder: Encoder | undefined = undefined;
  /** DRM_MODE_LINK_STATUS_*. */
  linkStatus: number = DRM_MODE_LINK_STATUS_GOOD;
  /** DRM_MODE_CONTENT_TYPE_*. */
  contentType = 0;
  /** DRM_MODE_CONTENT_PROTECTION_*. */
  contentProtection = 0;
  /** 0 or 1: HDCP content stream type. */
  hdcpContentType = 0;
  /** DRM_MODE_PICTURE_ASPECT_*. */
  pictureAspectRatio = 0;
  /** DRM_MODE_SCALE_*. */
  scalingMode = 0;
  /** HDMI or DisplayPort colorimetry. */
  colorspace = 0;
  /** "Broadcast RGB": 0 automatic, 1 full, 2 limited. */
  broadcastRgb = 0;
  /** "privacy-screen sw-state": 0 disabled, 1 enabled. */
  privacyScreen = 0;
  /** "max bpc". */
  maxRequestedBpc = 0;
  /** Bits a component at most: of the display and of "max bpc" the smaller one; computed by the check. */
  maxBpc = 8;
  /** Television and margins. */
  readonly tv: TvState = {
    selectSubconnector: 0,
    left: 0,
    right: 0,
    top: 0,
    bottom: 0,
    mode: 0,
    legacyMode: 0,
    brightness: 0,
    contrast: 0,
    flickerReduction: 0,
    overscan: 0,
    saturation: 0,
    hue: 0,
  };
  /** HDR_OUTPUT_METADATA. */
  hdrOutputMetadata: PropertyBlob | undefined = undefined;
  /** The frame that this state writes. Never copied: it is for one commit. */
  writebackJob: WritebackJob | undefined = undefined;
  /** Address for the fd of the job's fence (WRITEBACK_OUT_FENCE_PTR); 0 for none. Never copied. */
  outFencePtr = 0;
  /** Values of the driver's own properties. */
  readonly values: number[] = [];
  /** The commit that brought it. */
  commit: CrtcCommit | undefined = undefined;

  /** The state of a connector that nothing drives. @param connector whose state. */
  constructor(connector: Connector) {
    this.connector = connector;
  }

  /** Sets HDR_OUTPUT_METADATA (a reference is taken). */
  setHdrOutputMetadata(blob: PropertyBlob | undefined): void {
    blob?.ref();
    this.hdrOutputMetadata?.put();
    this.hdrOutputMetadata = blob;
  }

  /** drm_atomic_helper_connector_duplicate_state. */
  copyFrom(source: ConnectorState): void {
    this.crtc = source.crtc;
    this.encoder = source.encoder;
    this.linkStatus = source.linkStatus;
    this.contentType = source.contentType;
    this.contentProtection = source.contentProtection;
    this.hdcpContentType = source.hdcpContentType;
    this.pictureAspectRatio = source.pictureAspectRatio;
    this.scalingMode = source.scalingMode;
    this.colorspace = source.colorspace;
    this.broadcastRgb = source.broadcastRgb;
    this.privacyScreen = source.privacyScreen;
    this.maxRequestedBpc = source.maxRequestedBpc;
    this.maxBpc = source.maxBpc;
    Object.assign(this.tv, source.tv);
    this.hdrOutputMetadata = source.hdrOutputMetadata?.ref();
    this.writebackJob = undefined;
    this.outFencePtr = 0;
    for (let i = 0; i < source.values.length; i++) this.values[i] = source.values[i];
    this.commit = undefined;
  }

  /** Drops what it holds. */
  release(): void {
    this.setHdrOutputMetadata(undefined);
    this.writebackJob?.cleanup();
    this.writebackJob = undefined;
    this.commit = undefined;
  }
}
