/**
 * `Vkms`: the driver's state for a device: its CRTCs and connectors, what is plugged in, and the frames' CRCs. Mirrors
 * vkms_modeset_init (drivers/gpu/drm/vkms/vkms_drv.c) and vkms_output_init (vkms_output.c).
 * @module
 */

import type { Device } from "../../../core/device.ts";
import type { Connector } from "../../../core/kms/connector.ts";
import type { Mode } from "../../../core/kms/mode.ts";
import { cvtMode } from "../../../core/kms/mode_cvt.ts";
import { ModeConfig } from "../../../core/kms/mode_config.ts";
import { findDmt } from "../../../core/kms/mode_table.ts";
import { modesWithoutEdid, preferMode } from "../../../core/kms/probe.ts";
import { connector_status_connected, connector_status_disconnected } from "../../../uapi/drm_mode_connector.ts";
import { DRM_MODE_TYPE_DRIVER, DRM_MODE_TYPE_PREFERRED } from "../../../uapi/drm_mode_flags.ts";
import { connectorTypeOf, crtcsOf, parseVkmsMode, type VkmsConfig, type VkmsConnectorConfig } from "./config.ts";
import type { CrcCapture } from "./crc_capture.ts";
import { Output, type OutputViewer } from "./output.ts";

const SIZE_MIN = 10;
const SIZE_MAX = 8192;
const CURSOR_SIZE = 512;
const DEFAULT_WIDTH = 1024;
const DEFAULT_HEIGHT = 768;

// Standard timings where there is one, else CVT's.
function modeOf(text: string, preferred: boolean): Mode {
  const { width, height, refresh } = parseVkmsMode(text);
  const type = DRM_MODE_TYPE_DRIVER | (preferred ? DRM_MODE_TYPE_PREFERRED : 0);
  const standard = findDmt(width, height, refresh, false) ?? findDmt(width, height, refresh, true);
  return standard?.with({ type }) ?? cvtMode(width, height, { refresh, type });
}

/** The state of one device. */
export class Vkms {
  /** What the device consists of. */
  readonly config: VkmsConfig;
  readonly #kms: ModeConfig;
  readonly #outputs: readonly Output[];
  readonly #connectors: readonly Connector[];
  readonly #connected: boolean[];

  /** Makes the device's KMS. @param config a checked configuration. @param viewer who looks at the frames. */
  constructor(device: Device, config: VkmsConfig, viewer: OutputViewer) {
    this.config = config;
    const { maxWidth = SIZE_MAX, maxHeight = SIZE_MAX, cursorSize = CURSOR_SIZE } = config;
    const kms = this.#kms = device.kms = new ModeConfig(device, {
      minWidth: SIZE_MIN,
      minHeight: SIZE_MIN,
      maxWidth,
      maxHeight,
      cursorWidth: cursorSize,
      cursorHeight: cursorSize,
      normalizeZpos: true,
    });
    const crtcs = crtcsOf(config);
    this.#outputs = crtcs.map((own) => new Output(kms, config, own, viewer));
    const connectors = config.connectors ?? crtcs.map((_, i): VkmsConnectorConfig => ({ crtcs: [i] }));
    this.#connected = connectors.map((own) => own.connected ?? true);
    this.#connectors = connectors.map((own, i) => this.#addConnector(own, i));
  }

  #addConnector(own: VkmsConnectorConfig, index: number): Connector {
    const kms = this.#kms;
    const all = kms.crtcs.map((crtc) => crtc.index);
    const encoder = kms.addEncoder({ possibleCrtcs: (own.crtcs ?? all).reduce((mask, crtc) => mask | (1 << crtc), 0) });
    const modes = own.modes?.map((text, i) => modeOf(text, i === 0));
    return kms.addConnector({
      type: connectorTypeOf(own.type ?? "Virtual"),
      encoder,
      detect: () => this.#connected[index] ? connector_status_connected : connector_status_disconnected,
      // vkms_conn_get_modes.
      getModes: () => modes ?? preferMode(modesWithoutEdid(kms.maxWidth, kms.maxHeight), DEFAULT_WIDTH, DEFAULT_HEIGHT),
    });
  }

  /**
   * The CRCs of a CRTC's frames.
   *
   * @param crtc index of the CRTC.
   * @throws {RangeError} if there is none such.
   */
  crc(crtc: number): CrcCapture {
    const output = this.#outputs[crtc];
    if (output === undefined) throw new RangeError(`Cannot find CRTC ${crtc}: there are ${this.#outputs.length}`);
    return output.crc;
  }

  /** The device is gone: displays are told. The core has let go of all framebuffers. */
  remove(): void {
    for (const output of this.#outputs) output.switchOff();
  }

  /**
   * Plugs a display in or out; clients are told by a hotplug event.
   *
   * @param connector index of the connector.
   * @throws {RangeError} if there is none such.
   */
  plug(connector: number, connected: boolean): void {
    const object = this.#connectors[connector];
    if (object === undefined) {
      throw new RangeError(`Cannot find connector ${connector}: there are ${this.#connectors.length}`);
    }
    if (this.#connected[connector] === connected) return;
    this.#connected[connector] = connected;
    this.#kms.hotplug(object);
  }
}
