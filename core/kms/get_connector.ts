/**
 * GETCONNECTOR. Mirrors drm_mode_getconnector (drivers/gpu/drm/drm_connector.c).
 * @module
 */

import {
  DRM_MODE_FLAG_3D_MASK,
  type drm_mode_get_connector,
  drm_mode_modeinfo,
  DRM_MODE_OBJECT_CONNECTOR,
  type View,
} from "../../uapi/mod.ts";
import type { DrmFile } from "../drm_file.ts";
import { DrmError } from "../error.ts";
import type { Process } from "../process.ts";
import { Connector } from "./connector.ts";
import { findObject, kmsOf } from "./lease.ts";
import type { Mode } from "./mode.ts";
import { storeProperties } from "./property_ioctl.ts";
import { storeU32s } from "./user_array.ts";

// drm_mode_expose_to_userspace: stereo modes and aspect ratios are for clients that know of them; without aspect ratio, modes
// that differ in it alone are one.
function exposedModes(file: DrmFile, connector: Connector): Mode[] {
  const modes: Mode[] = [];
  for (const mode of connector.modes) {
    if (!file.stereoAllowed && (mode.flags & DRM_MODE_FLAG_3D_MASK) !== 0) continue;
    if (!file.aspectRatioAllowed && modes.some((other) => other.sameTiming(mode) && other.flags === mode.flags)) {
      continue;
    }
    modes.push(mode);
  }
  return modes;
}

/** GETCONNECTOR (I1, I2). */
export function getConnector(file: DrmFile, arg: View<drm_mode_get_connector>, task: Process): number {
  const kms = kmsOf(file);
  const connector = findObject(kms, file, arg.connector_id, DRM_MODE_OBJECT_CONNECTOR);
  if (!(connector instanceof Connector)) throw new DrmError("ENOENT", `Cannot find connector ${arg.connector_id}`);
  const encoders = connector.encoders.map(({ id }) => id);
  if (arg.count_encoders >= encoders.length) storeU32s(task, arg.encoders_ptr, encoders.length, encoders);
  arg.count_encoders = encoders.length;
  arg.connector_type = connector.connectorType;
  arg.connector_type_id = connector.connectorTypeId;
  if (arg.count_modes === 0 && file.isCurrentMaster) connector.probe();
  arg.mm_width = connector.widthMm;
  arg.mm_height = connector.heightMm;
  arg.subpixel = connector.subpixel;
  arg.connection = connector.status;
  const modes = exposedModes(file, connector);
  if (arg.count_modes >= modes.length && modes.length > 0) {
    const bytes = new Uint8Array(modes.length * drm_mode_modeinfo.size);
    modes.forEach((mode, i) =>
      mode.store(drm_mode_modeinfo.at(bytes, i * drm_mode_modeinfo.size), file.aspectRatioAllowed)
    );
    task.memory.copyOut(arg.modes_ptr, bytes);
  }
  arg.count_modes = modes.length;
  arg.encoder_id = connector.state.encoder?.id ?? 0;
  arg.count_props = storeProperties(file, task, connector, arg.props_ptr, arg.prop_values_ptr, arg.count_props);
  return 0;
}
