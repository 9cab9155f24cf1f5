/**
 * The Linux, virtio and virgl headers that user-space DRM speaks, as typed structs, ioctl numbers and constants. Each file can be
 * imported alone; this one has them all.
 *
 * ```ts
 * import { _IOC_SIZE, DRM_IOCTL_MODE_CREATE_DUMB, drm_mode_create_dumb } from "udrm/uapi/mod.ts";
 * const arg = drm_mode_create_dumb.of({ width: 640, height: 480, bpp: 32 });
 * if (_IOC_SIZE(DRM_IOCTL_MODE_CREATE_DUMB) !== drm_mode_create_dumb.bytes(arg).length) throw new Error("32 bytes");
 * ```
 * @module
 */

export * from "./bits.ts";
export * from "./command.ts";
export * from "./d3dkmthk.ts";
export * from "./dma_buf.ts";
export * from "./dma_heap.ts";
export * from "./drm.ts";
export * from "./drm_event.ts";
export * from "./drm_fourcc.ts";
export * from "./drm_legacy.ts";
export * from "./drm_legacy_dma.ts";
export * from "./drm_mode.ts";
export * from "./drm_mode_atomic.ts";
export * from "./drm_mode_color.ts";
export * from "./drm_mode_connector.ts";
export * from "./drm_mode_fb.ts";
export * from "./drm_mode_flags.ts";
export * from "./drm_mode_lease.ts";
export * from "./drm_mode_plane.ts";
export * from "./drm_mode_property.ts";
export * from "./drm_syncobj.ts";
export * from "./drm_vblank.ts";
export * from "./dxg_driver.ts";
export * from "./dxgvmbus.ts";
export * from "./dxp.ts";
export * from "./dxp_encode.ts";
export * from "./dxp_isa.ts";
export * from "./dxp_object.ts";
export * from "./errno.ts";
export * from "./fcntl.ts";
export * from "./format.ts";
export * from "./input.ts";
export * from "./input_codes.ts";
export * from "./input_keys.ts";
export * from "./input_keys_media.ts";
export * from "./ioctl.ts";
export * from "./legacy_encodings.ts";
export * from "./pipe.ts";
export * from "./ntstatus.ts";
export * from "./struct.ts";
export * from "./sw_sync.ts";
export * from "./sync_file.ts";
export * from "./udmabuf.ts";
export * from "./vgem_drm.ts";
export * from "./vhost_user.ts";
export * from "./vhost_user_gpu.ts";
export * from "./virgl_format.ts";
export * from "./virgl_hw.ts";
export * from "./virgl_protocol.ts";
export * from "./virtgpu_drm.ts";
export * from "./virtio_config.ts";
export * from "./virtio_gpu.ts";
export * from "./virtio_ring.ts";
export * from "./vmbus.ts";
export * from "./vtest.ts";
