/**
 * vkms's own file in debugfs, `vkms_config`. Mirrors vkms_config_show (drivers/gpu/drm/vkms/vkms_drv.c).
 * @module
 */

import type { Device } from "../../../core/device.ts";
import type { ModeConfig } from "../../../core/kms/mode_config.ts";
import { DRM_MODE_CONNECTOR_WRITEBACK } from "../../../uapi/drm_mode_connector.ts";
import { DRM_PLANE_TYPE_CURSOR, DRM_PLANE_TYPE_OVERLAY } from "../../../uapi/drm_mode_plane.ts";

/** Makes the file: what the kernel's module parameters would have to be for such a device. */
export function addVkmsDebugfs(device: Device, kms: ModeConfig): void {
  const has = (type: number): number => kms.planes.some(({ planeType }) => planeType === type) ? 1 : 0;
  const writes = (): number =>
    kms.connectors.some(({ connectorType }) => connectorType === DRM_MODE_CONNECTOR_WRITEBACK) ? 1 : 0;
  device.debugfs.file("vkms_config", {
    mode: 0o444,
    read: () => `writeback=${writes()}\ncursor=${has(DRM_PLANE_TYPE_CURSOR)}\noverlay=${has(DRM_PLANE_TYPE_OVERLAY)}\n`,
  });
}
