/**
 * `Vkms`: the driver's state for a device: its CRTCs and connectors, what is plugged in, and the frames' CRCs. Mirrors
 * vkms_modeset_init (drivers/gpu/drm/vkms/vkms_drv.c) and vkms_output_init (vkms_output.c).
 * @module
 */

import type { Device } from "../../../core/device.ts";
import type { Display, DisplayMode } from "../../../core/display.ts";
import { DrmError } from "../../../core/error.ts";
import type { CrtcCrc } from "../../../core/kms/crc.ts";
import type { Encoder } from "../../../core/kms/encoder.ts";
import { ModeConfig } from "../../../core/kms/mode_config.ts";
import {
  connectorsOf,
  crtcsOf,
  crtcsOfPlane,
  hasWriteback,
  sharedPlaceOf,
  sharedPlanesOf,
  type VkmsConfig,
  type VkmsConnectorConfig,
  type VkmsPlug,
} from "./config.ts";
import { fixedPartOf, matchConnectors } from "./config_changes.ts";
import { VkmsConnector } from "./connector.ts";
import { addVkmsDebugfs } from "./debugfs.ts";
import { Output, type OutputViewer } from "./output.ts";
import { addVkmsPlane } from "./plane.ts";
import { addWriteback, linkClones } from "./writeback.ts";

const SIZE_MIN = 10;
const SIZE_MAX = 8192;
const CURSOR_SIZE = 512;

/** Who looks at a device's frames. */
export interface VkmsViewer extends OutputViewer {
  /** May ask for frames, and say which monitors there are. */
  readonly asks: Display | undefined;
}

/** The state of one device. */
export class Vkms {
  readonly #kms: ModeConfig;
  readonly #outputs: readonly Output[];
  readonly #asks: Display | undefined;
  readonly #encoders: { readonly encoder: Encoder; readonly own: boolean }[] = [];
  #config: VkmsConfig;
  #connectors: VkmsConnector[] = [];

  /** Makes the device's KMS. @param config a checked configuration. @param viewer who looks at the frames. */
  constructor(device: Device, config: VkmsConfig, viewer: VkmsViewer) {
    this.#config = config;
    this.#asks = viewer.asks;
    const { maxWidth = SIZE_MAX, maxHeight = SIZE_MAX, cursorSize = CURSOR_SIZE } = config;
    const kms = this.#kms = device.kms = new ModeConfig(device, {
      minWidth: SIZE_MIN,
      minHeight: SIZE_MIN,
      maxWidth,
      maxHeight,
      cursorWidth: cursorSize,
      cursorHeight: cursorSize,
      normalizeZpos: true,
      vblank: config.refresh !== "free",
    });
    this.#outputs = crtcsOf(config).map((own) => new Output(kms, config, own, viewer));
    this.#addSharedPlanes();
    for (const encoder of config.encoders ?? []) this.#addEncoder(encoder.crtcs, false);
    for (const own of connectorsOf(config)) this.#connectors.push(this.#makeConnector(own));
    if (hasWriteback(config)) { for (const output of this.#outputs) addWriteback(kms, output, this.#extras); }
    if (this.#extras) linkClones(kms);
    addVkmsDebugfs(device, kms);
    if (viewer.asks !== undefined) {
      viewer.asks.onModeChange = (scanout, mode) => this.#showOn(scanout, mode);
      viewer.asks.onRefresh = (scanout) => this.#refresh(scanout);
    }
  }

  /** What the device consists of now. */
  get config(): VkmsConfig {
    return this.#config;
  }

  get #extras(): boolean {
    return this.#config.extras ?? true;
  }

  /** Its connectors, in the configuration's order. */
  get connectors(): readonly VkmsConnector[] {
    return this.#connectors;
  }

  #addSharedPlanes(): void {
    const shared = sharedPlanesOf(this.#config);
    const place = sharedPlaceOf(this.#config) ?? 0;
    shared.forEach((plane, i) => {
      const on = crtcsOfPlane(this.#config, plane);
      const mask = on.reduce((bits, crtc) => bits | (1 << crtc), 0);
      const made = addVkmsPlane(this.#kms, this.#config, plane, mask, place + i, place + shared.length + 1);
      for (const crtc of on) this.#outputs[crtc].adopt(made);
    });
  }

  #addEncoder(crtcs: readonly number[] | undefined, own: boolean): Encoder {
    const on = crtcs ?? this.#kms.crtcs.map((crtc) => crtc.index);
    const encoder = this.#kms.addEncoder({ possibleCrtcs: on.reduce((mask, crtc) => mask | (1 << crtc), 0) });
    this.#encoders.push({ encoder, own });
    if (this.#extras) linkClones(this.#kms);
    return encoder;
  }

  // A connector's own encoder: one that a connector has left, or a new one.
  #ownEncoder(crtcs: readonly number[] | undefined): Encoder {
    const on = crtcs ?? this.#kms.crtcs.map((crtc) => crtc.index);
    const mask = on.reduce((bits, crtc) => bits | (1 << crtc), 0);
    const free = this.#encoders.find(({ encoder, own }) =>
      own && encoder.possibleCrtcs === mask && !this.#kms.connectors.some(({ encoders }) => encoders.includes(encoder))
    );
    return free?.encoder ?? this.#addEncoder(crtcs, true);
  }

  #makeConnector(own: VkmsConnectorConfig): VkmsConnector {
    const listed = this.#encoders.filter((entry) => !entry.own).map(({ encoder }) => encoder);
    const encoders = this.#config.encoders === undefined
      ? [this.#ownEncoder(own.crtcs)]
      : own.encoders?.map((index) => listed[index]) ?? listed;
    return new VkmsConnector(this.#kms, own, encoders, this.#config.extras ?? true);
  }

  /**
   * The CRCs of a CRTC's frames.
   *
   * @param crtc index of the CRTC.
   * @throws {RangeError} if there is none such.
   */
  crc(crtc: number): CrtcCrc {
    const output = this.#outputs[crtc];
    if (output === undefined) throw new RangeError(`Cannot find CRTC ${crtc}: there are ${this.#outputs.length}`);
    return output.crc;
  }

  /** The device is gone: displays are told. The core has let go of all framebuffers. */
  remove(): void {
    for (const output of this.#outputs) output.switchOff();
    if (this.#asks !== undefined) this.#asks.onModeChange = this.#asks.onRefresh = undefined;
  }

  /**
   * Plugs a display in or out; clients are told by a hotplug event.
   *
   * @param connector index of the connector.
   * @throws {RangeError} if there is none such.
   */
  plug(connector: number, connected: boolean): void {
    this.setPlug(connector, { status: connected ? "connected" : "disconnected" });
  }

  /**
   * Changes what is plugged into a connector: status, EDID, modes; what is left out stays, null takes it away. Clients are told by
   * a hotplug event if anything changes.
   *
   * @param connector index of the connector.
   * @returns whether anything changed.
   * @throws {RangeError} if there is none such. @throws {TypeError} for an EDID or modes that are none.
   */
  setPlug(
    connector: number,
    plug: { readonly [K in keyof VkmsPlug]: VkmsPlug[K] | null },
  ): boolean {
    const found = this.#connectors[connector];
    if (found === undefined) {
      throw new RangeError(`Cannot find connector ${connector}: there are ${this.#connectors.length}`);
    }
    const { status, edid, modes } = { ...found.config, ...plug };
    const changed = found.set({ status: status ?? undefined, edid: edid ?? undefined, modes: modes ?? undefined });
    this.#note();
    return changed;
  }

  /**
   * Adds a connector while the device is there, as of a monitor behind a hub; clients are told by a hotplug event.
   *
   * @returns its index.
   * @throws {TypeError} for one that cannot be, as `parseVkmsConfig`. @throws {RangeError} beyond 32 connectors or encoders.
   */
  addConnector(own: VkmsConnectorConfig): number {
    const connectors = [...this.#connectors.map(({ config }) => config), own];
    fixedPartOf({ ...this.#config, connectors }); // checks it
    this.#connectors.push(this.#makeConnector(own));
    this.#note();
    return this.#connectors.length - 1;
  }

  /**
   * Takes a connector away while the device is there; clients are told, and can only switch it off any more. Those behind it move
   * up by one.
   *
   * @throws {RangeError} if there is none such.
   */
  removeConnector(connector: number): void {
    const [found] = this.#connectors.splice(connector, 1);
    if (connector < 0 || found === undefined) throw new RangeError(`Cannot find connector ${connector}`);
    found.remove();
    this.#note();
  }

  /**
   * Makes the device what another configuration says, as far as that is possible while it is there: connectors come, go, and
   * have something else plugged in. What is the same in both is not touched.
   *
   * @returns whether anything changed.
   * @throws {TypeError} for a configuration that cannot be. @throws {DrmError} EBUSY if more has to change: nothing changes then.
   * @throws {RangeError} when connectors that are gone but still fed leave no number for a new one.
   */
  configure(next: VkmsConfig): boolean {
    const [now, then] = [fixedPartOf(this.#config), fixedPartOf(next)];
    const different = Object.keys({ ...now, ...then }).find((key) => now[key] !== then[key]);
    if (different !== undefined) {
      throw new DrmError("EBUSY", `Cannot change ${different} while the device is there: remove it first`);
    }
    const { kept, gone, order } = matchConnectors(this.#connectors.map(({ config }) => config), connectorsOf(next));
    for (const index of gone) this.#connectors[index].remove();
    let changed = gone.length > 0 || kept.includes(undefined);
    const list = kept.map((place) => place === undefined ? undefined : this.#connectors[place]);
    list.forEach((old, i) => changed = (old?.set(order[i]) ?? false) || changed);
    try {
      // A connector that is gone keeps its number while a CRTC feeds it: there may be none left.
      order.forEach((own, i) => list[i] ??= this.#makeConnector(own));
      this.#config = next;
    } finally {
      this.#connectors = list.filter((connector) => connector !== undefined);
      if (this.#connectors.length < order.length) this.#note();
    }
    return changed;
  }

  // The configuration follows what was done by hand.
  #note(): void {
    this.#config = { ...this.#config, connectors: this.#connectors.map(({ config }) => config) };
  }

  #refresh(scanout: number): void {
    if (this.#asks !== undefined) this.#outputs[scanout]?.refresh(this.#asks);
  }

  // The display has another monitor on a CRTC: on the connector that the CRTC feeds, or can feed.
  #showOn(scanout: number, { enabled, width, height }: DisplayMode): void {
    const crtc = this.#kms.crtcs[scanout];
    if (crtc === undefined) throw new RangeError(`Cannot set the mode of CRTC ${scanout}: there is none such`);
    const index = [
      this.#connectors.findIndex(({ object }) => object.state.crtc === crtc),
      this.#connectors.findIndex(({ object }) => object.encoders.some((encoder) => encoder.accepts(crtc))),
    ].find((found) => found >= 0);
    if (index === undefined) return;
    this.setPlug(index, enabled ? { status: "connected", modes: [`${width}x${height}`] } : { status: "disconnected" });
  }
}
