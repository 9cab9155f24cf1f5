/**
 * A connector as a configuration has it, and what is plugged into it. Mirrors vkms_connector_init and vkms_conn_get_modes
 * (drivers/gpu/drm/vkms/vkms_connector.c, vkms_output.c).
 * @module
 */

import type { Connector } from "../../../core/kms/connector.ts";
import type { Encoder } from "../../../core/kms/encoder.ts";
import type { Mode } from "../../../core/kms/mode.ts";
import type { ModeConfig } from "../../../core/kms/mode_config.ts";
import { cvtMode } from "../../../core/kms/mode_cvt.ts";
import { findDmt } from "../../../core/kms/mode_table.ts";
import { modesWithoutEdid, preferMode } from "../../../core/kms/probe.ts";
import {
  connector_status_connected,
  connector_status_disconnected,
  connector_status_unknown,
} from "../../../uapi/drm_mode_connector.ts";
import { DRM_MODE_TYPE_DRIVER, DRM_MODE_TYPE_PREFERRED } from "../../../uapi/drm_mode_flags.ts";
import {
  checkVkmsPlug,
  connectorTypeOf,
  parseVkmsEdid,
  parseVkmsMode,
  type VkmsConnectorConfig,
  type VkmsPlug,
} from "./config.ts";
import { attachMonitorProperties, checkMonitorProperties } from "./monitor_properties.ts";

const DEFAULT_WIDTH = 1024;
const DEFAULT_HEIGHT = 768;
const STATUS = {
  connected: connector_status_connected,
  disconnected: connector_status_disconnected,
  unknown: connector_status_unknown,
} as const;

// Standard timings where there is one, else CVT's, whose lines are whole cells of 8 columns: the last one's rest is blanked.
function modeOf(text: string, preferred: boolean): Mode {
  const { width, height, refresh } = parseVkmsMode(text);
  const type = DRM_MODE_TYPE_DRIVER | (preferred ? DRM_MODE_TYPE_PREFERRED : 0);
  const standard = findDmt(width, height, refresh, false) ?? findDmt(width, height, refresh, true);
  if (standard !== undefined) return standard.with({ type });
  const whole = cvtMode(Math.ceil(width / 8) * 8, height, { refresh, type });
  return whole.hdisplay === width ? whole : whole.with({ hdisplay: width, name: `${width}x${height}` });
}

/** A connector of a device. */
export class VkmsConnector {
  /** The connector. */
  readonly object: Connector;
  readonly #kms: ModeConfig;
  #config: VkmsConnectorConfig;
  #edid: Uint8Array | undefined;
  #modes: readonly Mode[] | undefined;

  /** Adds it. @param config a checked configuration. @param encoders that can feed it. @param extras whether it has an EDID in any case, and what goes with its type. */
  constructor(kms: ModeConfig, config: VkmsConnectorConfig, encoders: readonly Encoder[], extras: boolean) {
    this.#kms = kms;
    this.#config = config;
    this.#load();
    const [encoder, ...moreEncoders] = encoders;
    this.object = kms.addConnector({
      type: connectorTypeOf(config.type ?? "Virtual"),
      encoder,
      moreEncoders,
      edid: extras || config.edid !== undefined ? true : undefined,
      atomicCheck: extras ? checkMonitorProperties : undefined,
      detect: () => STATUS[this.#config.status ?? "connected"],
      getModes: (connector) => this.#getModes(connector),
    });
    if (extras) attachMonitorProperties(this.object);
  }

  /** What it is, with what is plugged in now. */
  get config(): VkmsConnectorConfig {
    return this.#config;
  }

  /**
   * Has something else plugged in; clients are told if anything changes.
   *
   * @param plug all of it: what is left out is the default.
   * @returns whether anything changed. @throws {TypeError} for an EDID or modes that are none: nothing changes then.
   */
  set({ status, edid, modes }: VkmsPlug): boolean {
    const { type, encoders, crtcs, ...old } = this.#config;
    if (
      (status ?? "connected") === (old.status ?? "connected") && edid?.toLowerCase() === old.edid?.toLowerCase() &&
      modes?.join() === old.modes?.join()
    ) {
      return false;
    }
    checkVkmsPlug(this.object.name, { edid, modes });
    const fixed = { ...(type && { type }), ...(encoders && { encoders }), ...(crtcs && { crtcs }) };
    this.#config = { ...fixed, ...(status && { status }), ...(edid && { edid }), ...(modes && { modes }) };
    this.#load();
    this.object.hotplug();
    return true;
  }

  /** Takes it away; clients are told. */
  remove(): void {
    this.#kms.removeConnector(this.object);
  }

  #load(): void {
    const { edid, modes } = this.#config;
    this.#edid = edid === undefined ? undefined : parseVkmsEdid(edid);
    this.#modes = modes?.map((text, i) => modeOf(text, i === 0));
  }

  #getModes(connector: Connector): readonly Mode[] {
    // An override takes the place of an EDID that is there.
    const edid = this.#edid && connector.readEdid(() => this.#edid);
    if (edid !== undefined || connector.edid !== undefined) connector.setEdid(edid);
    if (this.#modes !== undefined) return this.#modes;
    if (edid !== undefined) return connector.edidModes();
    const { maxWidth, maxHeight } = this.#kms;
    return preferMode(modesWithoutEdid(maxWidth, maxHeight), DEFAULT_WIDTH, DEFAULT_HEIGHT);
  }
}
