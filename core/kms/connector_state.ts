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
  /** DRM_MODE_SCALE_*. */
  scalingMode = 0;
  /** HDMI or DisplayPort colorimetry. */
  colorspace = 0;
  /** max bpc. */
  maxBpc = 8;
  /** HDR_OUTPUT_METADATA. */
  hdrOutputMetadata: PropertyBlob | undefined = undefined;
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
    this.scalingMode = source.scalingMode;
    this.colorspace = source.colorspace;
    this.maxBpc = source.maxBpc;
    this.hdrOutputMetadata = source.hdrOutputMetadata?.ref();
    for (let i = 0; i < source.values.length; i++) this.values[i] = source.values[i];
    this.commit = undefined;
  }

  /** Drops what it holds. */
  release(): void {
    this.setHdrOutputMetadata(undefined);
    this.commit = undefined;
  }
}
