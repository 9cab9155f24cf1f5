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
import type { ConnectorForce } from "./connector_force.ts";
import { attachConnectorProperties } from "./connector_properties.ts";
import { ConnectorState } from "./connector_state.ts";
import type { Edid } from "./edid.ts";
import { parseEdid } from "./edid.ts";
import { checkedOverride } from "./edid_override.ts";
import type { Encoder } from "./encoder.ts";
import { redetect } from "./hotplug_poll.ts";
import type { Mode } from "./mode.ts";
import type { ModeConfig } from "./mode_config.ts";
import { StatefulObject } from "./mode_object.ts";
import { probeConnector } from "./probe.ts";
import type { PropertyBlob } from "./property.ts";
import { Writeback, type WritebackHooks } from "./writeback.ts";

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
  /** Whether stereo modes are allowed. */
  readonly stereoAllowed?: boolean;
  /** DRM_CONNECTOR_POLL_HPD: the driver is told of changes, and calls `OutputPoll.hpdEvent`. */
  readonly hotplug?: boolean;
  /**
   * DRM_CONNECTOR_POLL_CONNECT and _DISCONNECT: the core looks every ten seconds whether something was plugged in, or out,
   * once the driver has called `OutputPoll.start`.
   */
  readonly poll?: { readonly connect?: boolean; readonly disconnect?: boolean };
  /** What is plugged in; connected by default. `force`: the answer may take its time and disturb the picture. */
  detect?(connector: Connector, force: boolean): ConnectorStatus;
  /** Told at each probe while it is forced on or off (`connector.force`), instead of `detect`. */
  force?(connector: Connector): void;
  /**
   * The modes of what is plugged in. It may set `connector.edid` first and return `connector.edidModes()`. Without the hook,
   * the EDID's; with none at all, the standard modes up to 1024x768.
   */
  getModes?(connector: Connector): readonly Mode[];
  /** For DRM_MODE_CONNECTOR_WRITEBACK: `createWritebackConnector` fills it in. */
  readonly writeback?: {
    readonly hooks: WritebackHooks;
    readonly formats: readonly number[];
    readonly formatsBlob: PropertyBlob;
  };
  /** Whether it can carry a mode. */
  modeValid?(connector: Connector, mode: Mode): boolean;
  /** Further lines of its state in debugfs, each after a tabulator and with a line feed. */
  atomicPrintState?(state: ConnectorState): string;
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
  /** Its bit in masks: no other connector that is there has it. */
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
  /** What writes frames into framebuffers; undefined for all that are no writeback connectors. */
  readonly writeback: Writeback | undefined;
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
  /** Counts what is noticed to change: the status, the EDID. */
  epoch = 0;
  #force: ConnectorForce = "unspecified";
  #override: Uint8Array | undefined;
  #edid: Edid | undefined;
  #spare: ConnectorState | undefined;
  #drafts = 0;
  #unregistered = false;

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
    const { writeback } = options;
    this.writeback = writeback && new Writeback(this, writeback.hooks, writeback.formats, writeback.formatsBlob);
  }

  /** drm_connector_is_unregistered: it is going; it can only be switched off any more. */
  get unregistered(): boolean {
    return this.#unregistered;
  }

  /** Whether a CRTC feeds it or a draft touches it. */
  get inUse(): boolean {
    return this.#drafts > 0 || this.state.crtc !== undefined;
  }

  /** Use `ModeConfig.removeConnector`. */
  unregister(): void {
    this.#unregistered = true;
  }

  /** drm_connector_cleanup: its blobs go. */
  destroy(): void {
    const { blobs } = this;
    blobs.edid?.put();
    blobs.path?.put();
    blobs.tile?.put();
    this.writeback?.formatsBlob.put();
    blobs.edid = blobs.path = blobs.tile = undefined;
    this.state.release();
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
    if (before !== undefined) this.epoch++;
    return true;
  }

  /** Whether it counts as connected whatever the driver detects. */
  get force(): ConnectorForce {
    return this.#force;
  }

  /** Forces it on or off, or ("unspecified") lets the driver detect; the next probe goes by it. */
  setForce(force: ConnectorForce): void {
    this.#force = force;
  }

  /** The EDID that takes the place of the display's own; undefined: none does. */
  get edidOverride(): Uint8Array | undefined {
    return this.#override;
  }

  /**
   * drm_edid_override_set and _reset: from the next reading on, `readEdid` gives these bytes (a copy is kept).
   *
   * @param bytes an EDID; undefined takes the override back.
   * @throws {DrmError} EINVAL if it is not valid: a size that is not that of its blocks, a wrong header or checksum.
   */
  setEdidOverride(bytes: Uint8Array | undefined): void {
    this.#override = bytes && checkedOverride(this, bytes);
  }

  /** drm_edid_read_custom: the override, else what `read` gives. Drivers pass it to `setEdid`. */
  readEdid(read: () => Uint8Array | undefined): Uint8Array | undefined {
    return this.#override ?? read();
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

  /** drm_connector_helper_hpd_irq_event: the driver was told of a change: detects, and tells user space if there is one. */
  hpdEvent(): boolean {
    const changed = redetect(this);
    if (changed) this.kms.hotplug(this);
    return changed;
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
    this.#drafts++;
    return state;
  }

  /** Gives back a state that nobody uses any more. */
  recycle(state: ConnectorState): void {
    state.release();
    this.#spare = state;
    this.#drafts--;
    if (this.#unregistered) this.kms.releaseConnector(this);
  }
}
