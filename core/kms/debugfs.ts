/**
 * The files of a device with KMS in debugfs: `state`, `framebuffer`, `internal_clients`, and the folders of its CRTCs, encoders
 * and connectors. Mirrors drm_debugfs_crtc_add, _encoder_add and _connector_add (drivers/gpu/drm/drm_debugfs.c) and
 * drm_debugfs_crtc_crc_add (drm_debugfs_crc.c).
 * @module
 */

import { connector_status_connected } from "../../uapi/drm_mode_connector.ts";
import { DrmError } from "../error.ts";
import type { Connector } from "./connector.ts";
import { showForce, storeForce } from "./connector_force.ts";
import { CrcFile } from "./crc_file.ts";
import type { Crtc } from "./crtc.ts";
import { monitorRange } from "./edid_display.ts";
import { showEdidOverride, storeEdidOverride } from "./edid_override.ts";
import type { ModeConfig } from "./mode_config.ts";
import { panicPlanes, storePanic } from "./panic.ts";
import { framebuffersText, stateText } from "./state_dump.ts";

const READ = 0o444, WRITE = 0o200, READ_WRITE = 0o644;

/** drm_debugfs_dev_register and drm_modeset_register_all: fills the device's folder. */
export function addKmsDebugfs(kms: ModeConfig): void {
  const { debugfs } = kms.device;
  debugfs.file("framebuffer", { mode: READ, read: () => framebuffersText(kms) });
  // drm_client: users of KMS inside the kernel (its console). There are none here.
  debugfs.file("internal_clients", { mode: READ, read: () => "" });
  if (kms.device.has("ATOMIC")) debugfs.file("state", { mode: READ, read: () => stateText(kms) });
  for (const crtc of kms.crtcs) addCrtcDebugfs(crtc);
  for (const encoder of kms.encoders) {
    // No driver here has bridges behind its encoders.
    debugfs.folder(`encoder-${encoder.index}`).file("bridges", { mode: READ, read: () => "" });
  }
  for (const connector of kms.connectors) addConnectorDebugfs(connector);
  panicPlanes(kms).forEach((plane, i) => {
    debugfs.file(`drm_panic_plane_${i}`, { mode: WRITE, write: (data) => storePanic(plane, latin(data)) });
  });
}

/** drm_debugfs_crtc_add. */
function addCrtcDebugfs(crtc: Crtc): void {
  const folder = crtc.kms.device.debugfs.folder(`crtc-${crtc.index}`);
  const { hooks } = crtc;
  if (hooks.setCrcSource === undefined || hooks.verifyCrcSource === undefined) return;
  const files = folder.folder("crc");
  files.file("control", {
    mode: READ_WRITE,
    read: () => crtc.crc.show(),
    write: (data) => crtc.crc.store(data),
    writeMoves: true,
  });
  files.file("data", {
    mode: READ,
    open: (_task, flags) => new CrcFile(crtc, flags),
    removed: () => crtc.crc.wake(),
  });
}

/** drm_debugfs_connector_add: also for connectors that come while the device runs. */
export function addConnectorDebugfs(connector: Connector): void {
  const folder = connector.kms.device.debugfs.folder(connector.name);
  folder.file("force", {
    mode: READ_WRITE,
    read: () => showForce(connector),
    write: (data) => storeForce(connector, latin(data)),
  });
  folder.file("edid_override", {
    mode: READ_WRITE,
    read: () => showEdidOverride(connector),
    write: (data) => storeEdidOverride(connector, data),
  });
  folder.file("vrr_range", {
    mode: READ,
    read: () => {
      checkConnected(connector);
      const { min, max } = monitorRange(connector.edid?.bytes);
      return `Min: ${min}\nMax: ${max}\n`;
    },
  });
  folder.file("output_bpc", {
    mode: READ,
    read: () => {
      checkConnected(connector);
      return `Maximum: ${connector.edid?.bitsPerColor ?? 0}\n`;
    },
  });
}

/** drm_debugfs_connector_remove. */
export function removeConnectorDebugfs(connector: Connector): void {
  connector.kms.device.debugfs.remove(connector.name);
}

function checkConnected(connector: Connector): void {
  if (connector.status !== connector_status_connected) {
    throw new DrmError("ENODEV", `Cannot tell of what ${connector.name} shows on: nothing is plugged in`);
  }
}

// Bytes as characters: a word that is too long stays so, whatever it is made of.
function latin(data: Uint8Array): string {
  let text = "";
  for (const byte of data.subarray(0, 64)) text += String.fromCharCode(byte);
  return text;
}
