/**
 * `Connector`: a socket for a display, what is plugged into it, and its modes. Mirrors drivers/gpu/drm/drm_connector.c.
 * @module
 */

import {
  type connector_status_connected,
  type connector_status_disconnected,
  connector_status_unknown,
  DRM_MODE_DPMS_ON,
  DRM_MODE_LINK_STATUS_BAD,
  DRM_MODE_OBJECT_CONNECTOR,
  SubPixelUnknown,
} from "../../uapi/mod.ts";
import type { AtomicState } from "./atomic_state.ts";
import { attachConnectorProperties } from "./connector_properties.ts";
import { ConnectorState } from "./connector_state.ts";
import type { Edid } from "./edid.ts";
import { parseEdid } from "./edid.ts";
import type { Encoder } from "./encoder.ts";
import type { Mode } from "./mode.ts";
import type { ModeConfig } from "./mode_config.ts";
import { StatefulObject } from "./mode_object.ts";
import { probeConnector } from "./probe.ts";
import type { PropertyBlob } from "./property.ts";

/** connector_status_*. */
export type ConnectorStatus =
  | typeof connector_status_connected
  | typeof connector_status_disconnected
  | typeof connector_status_unknown;

/** What a driver says of a connector. */
export interface ConnectorOptions {
  /** DRM_MODE_CONNECTOR_*. */
  readonly type: number;
  /** The encoder that feeds it. */
  readonly encoder: Encoder;
  /** More encoders that can feed it. */
  readonly moreEncoders?: readonly Encoder[];
  /** Whether it has an EDID property; by default all but virtual ones and writeback (virtio-gpu gives it one). */
  readonly edid?: boolean;
  /** SubPixel*. */
  readonly subpixel?: number;
  /** Whether interlaced modes are allowed. */
  readonly interlaceAllowed?: boolean;
  /** Whether modes that scan lines twice are allowed. */
  readonly doublescanAllowed?: boolean;
  /** Whether it tells of changes by itself; else the driver polls. */
  readonly hotplug?: boolean;
  /** What is plugged in; connected by default. `force`: the answer may take its time and disturb the picture. */
  detect?(connector: Connector, force: boolean): ConnectorStatus;
  /**
   * The modes of what is plugged in. It may set `connector.edid` first and return `connector.edidModes()`. Without the hook,
   * the EDID's; with none at all, the standard modes up to 1024x768.
   */
  getModes?(connector: Connector): readonly Mode[];
  /** Whether it can carry a mode. */
  modeValid?(connector: Connector, mode: Mode): boolean;
  /** The encoder for a state; its only (or present) one by default. */
  bestEncoder?(connector: Connector, draft: AtomicState): Encoder | undefined;
  /** Checks a draft; pure. @throws {DrmError} to refuse. */
  atomicCheck?(connector: Connector, draft: AtomicState, state: ConnectorState): void;
}

/** A connector. */
export class Connector extends StatefulObject<ConnectorState> {
  /** DRM_MODE_OBJECT_CONNECTOR. */
  readonly type: number = DRM_MODE_OBJECT_CONNECTOR;
  /** The device's KMS. */
  readonly kms: ModeConfig;
  /** Its place among the device's connectors. */
  readonly index: number;
  /** DRM_MODE_CONNECTOR_*. */
  readonly connectorType: number;
  /** Which one of its type, from 1. */
  readonly connectorTypeId: number;
  /** "Virtual-1". */
  readonly name: string;
  /** Encoders that can feed it. */
  readonly encoders: readonly Encoder[];
  /** The driver's hooks. */
  readonly hooks: ConnectorOptions;
  /** The current state. */
  state: ConnectorState;
  /** connector_status_*: as the last probe found it. */
  status: ConnectorStatus = connector_status_unknown;
  /** Modes as the last probe found them, best first. */
  modes: readonly Mode[] = [];
  /** Width of the display, mm; 0 if unknown. */
  widthMm = 0;
  /** Height of the display, mm; 0 if unknown. */
  heightMm = 0;
  /** SubPixel*. */
  subpixel: number;
  /** DRM_MODE_DPMS_*: the legacy property's value. */
  dpms: number = DRM_MODE_DPMS_ON;
  /** Whether what is plugged in is no desktop's display (a VR headset): set from the EDID, or by the driver. */
  nonDesktop = false;
  /** EDID, PATH and TILE as blobs. */
  readonly blobs: { edid?: PropertyBlob; path?: PropertyBlob; tile?: PropertyBlob } = {};
  #edid: Edid | undefined;
  #spare: ConnectorState | undefined;

  /** Use `ModeConfig.addConnector`. */
  constructor(kms: ModeConfig, index: number, typeId: number, typeName: string, options: ConnectorOptions) {
    super();
    this.kms = kms;
    this.index = index;
    this.hooks = options;
    this.connectorType = options.type;
    this.connectorTypeId = typeId;
    this.name = `${typeName}-${typeId}`;
    this.encoders = [options.encoder, ...options.moreEncoders ?? []];
    this.subpixel = options.subpixel ?? SubPixelUnknown;
    this.state = new ConnectorState(this);
  }

  /** Attaches the properties; `ModeConfig.addConnector` does it once the connector has its id. */
  init(): void {
    attachConnectorProperties(this);
  }

  /** What is known of the display; undefined without EDID. */
  get edid(): Edid | undefined {
    return this.#edid;
  }

  /**
   * drm_edid_connector_update: sets the EDID (undefined: none), its property, the size in mm and non-desktop. Bytes that are no
   * valid EDID count as none.
   *
   * @returns whether the bytes differ from what was there.
   */
  setEdid(bytes: Uint8Array | undefined): boolean {
    const edid = bytes && parseEdid(bytes);
    const before = this.blobs.edid?.data;
    this.#edid = edid;
    this.widthMm = edid?.widthMm ?? 0;
    this.heightMm = edid?.heightMm ?? 0;
    this.nonDesktop = edid?.nonDesktop ?? false;
    const after = edid?.bytes;
    if (
      before === after || (before && after && before.length === after.length && before.every((b, i) => b === after[i]))
    ) {
      return false;
    }
    this.blobs.edid?.put();
    this.blobs.edid = after && this.kms.createBlob(after);
    return true;
  }

  /** The modes that the EDID tells of; none without. */
  edidModes(): readonly Mode[] {
    return this.#edid?.modes ?? [];
  }

  /**
   * drm_helper_probe_single_connector_modes: asks the driver what is plugged in, and fills in status and modes.
   *
   * @returns whether the status changed.
   */
  probe(): boolean {
    return probeConnector(this);
  }

  /** drm_kms_helper_connector_hotplug_event: probes, and tells the world by a uevent with HOTPLUG=1 and CONNECTOR. */
  hotplug(): void {
    this.probe();
    this.kms.hotplug(this);
  }

  /** drm_connector_set_link_status_property, bad: user space is to set a mode again. */
  linkFailed(): void {
    this.state.linkStatus = DRM_MODE_LINK_STATUS_BAD;
    this.kms.hotplug(this);
  }

  /** Its copy of the state in a draft. */
  touch(draft: AtomicState): ConnectorState {
    return draft.connector(this);
  }

  /** A state that is a copy of the current one. */
  duplicate(): ConnectorState {
    const state = this.#spare ?? new ConnectorState(this);
    this.#spare = undefined;
    state.copyFrom(this.state);
    return state;
  }

  /** Gives back a state that nobody uses any more. */
  recycle(state: ConnectorState): void {
    state.release();
    this.#spare = state;
  }
}
