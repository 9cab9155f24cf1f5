/**
 * Flags and types of display timings. Mirrors the DRM_MODE_TYPE_*, DRM_MODE_FLAG_* and aspect ratio constants of
 * include/uapi/drm/drm_mode.h.
 * @module
 */

/** drm_mode_modeinfo.type: deprecated. */
export const DRM_MODE_TYPE_BUILTIN = 0x1;
/** drm_mode_modeinfo.type: deprecated. */
export const DRM_MODE_TYPE_CLOCK_C = 0x3;
/** drm_mode_modeinfo.type: deprecated. */
export const DRM_MODE_TYPE_CRTC_C = 0x5;
/** drm_mode_modeinfo.type: the display's native timing. */
export const DRM_MODE_TYPE_PREFERRED = 0x8;
/** drm_mode_modeinfo.type: deprecated. */
export const DRM_MODE_TYPE_DEFAULT = 0x10;
/** drm_mode_modeinfo.type: given on the command line. */
export const DRM_MODE_TYPE_USERDEF = 0x20;
/** drm_mode_modeinfo.type: made by the driver or read from the EDID. */
export const DRM_MODE_TYPE_DRIVER = 0x40;
/** The type bits that a client may set. */
export const DRM_MODE_TYPE_ALL = 0x68;

/** flags: horizontal sync active high. */
export const DRM_MODE_FLAG_PHSYNC = 0x1;
/** flags: horizontal sync active low. */
export const DRM_MODE_FLAG_NHSYNC = 0x2;
/** flags: vertical sync active high. */
export const DRM_MODE_FLAG_PVSYNC = 0x4;
/** flags: vertical sync active low. */
export const DRM_MODE_FLAG_NVSYNC = 0x8;
/** flags: interlaced. */
export const DRM_MODE_FLAG_INTERLACE = 0x10;
/** flags: each line twice. */
export const DRM_MODE_FLAG_DBLSCAN = 0x20;
/** flags: composite sync. */
export const DRM_MODE_FLAG_CSYNC = 0x40;
/** flags: composite sync active high. */
export const DRM_MODE_FLAG_PCSYNC = 0x80;
/** flags: composite sync active low. */
export const DRM_MODE_FLAG_NCSYNC = 0x100;
/** flags: `hskew` counts. */
export const DRM_MODE_FLAG_HSKEW = 0x200;
/** flags: deprecated; refused. */
export const DRM_MODE_FLAG_BCAST = 0x400;
/** flags: deprecated; refused. */
export const DRM_MODE_FLAG_PIXMUX = 0x800;
/** flags: pixels doubled. */
export const DRM_MODE_FLAG_DBLCLK = 0x1000;
/** flags: clock halved. */
export const DRM_MODE_FLAG_CLKDIV2 = 0x2000;

/** flags: the bits of the stereo layout, shown under DRM_CLIENT_CAP_STEREO_3D. */
export const DRM_MODE_FLAG_3D_MASK = 0x7c000;
/** flags: no stereo. */
export const DRM_MODE_FLAG_3D_NONE = 0;
/** flags: both eyes in one tall frame. */
export const DRM_MODE_FLAG_3D_FRAME_PACKING = 0x4000;
/** flags: eyes alternate by field. */
export const DRM_MODE_FLAG_3D_FIELD_ALTERNATIVE = 0x8000;
/** flags: eyes alternate by line. */
export const DRM_MODE_FLAG_3D_LINE_ALTERNATIVE = 0xc000;
/** flags: eyes side by side at full width. */
export const DRM_MODE_FLAG_3D_SIDE_BY_SIDE_FULL = 0x10000;
/** flags: left eye and depth. */
export const DRM_MODE_FLAG_3D_L_DEPTH = 0x14000;
/** flags: left eye, depth, graphics and their depth. */
export const DRM_MODE_FLAG_3D_L_DEPTH_GFX_GFX_DEPTH = 0x18000;
/** flags: eyes above each other at half height. */
export const DRM_MODE_FLAG_3D_TOP_AND_BOTTOM = 0x1c000;
/** flags: eyes side by side at half width. */
export const DRM_MODE_FLAG_3D_SIDE_BY_SIDE_HALF = 0x20000;

/** Picture aspect ratio: not said. */
export const DRM_MODE_PICTURE_ASPECT_NONE = 0;
/** Picture aspect ratio 4:3. */
export const DRM_MODE_PICTURE_ASPECT_4_3 = 1;
/** Picture aspect ratio 16:9. */
export const DRM_MODE_PICTURE_ASPECT_16_9 = 2;
/** Picture aspect ratio 64:27. */
export const DRM_MODE_PICTURE_ASPECT_64_27 = 3;
/** Picture aspect ratio 256:135. */
export const DRM_MODE_PICTURE_ASPECT_256_135 = 4;

/** flags: the bits of the aspect ratio, shown under DRM_CLIENT_CAP_ASPECT_RATIO. */
export const DRM_MODE_FLAG_PIC_AR_MASK = 0x780000;
/** flags: aspect ratio not said. */
export const DRM_MODE_FLAG_PIC_AR_NONE: number = DRM_MODE_PICTURE_ASPECT_NONE << 19;
/** flags: aspect ratio 4:3. */
export const DRM_MODE_FLAG_PIC_AR_4_3: number = DRM_MODE_PICTURE_ASPECT_4_3 << 19;
/** flags: aspect ratio 16:9. */
export const DRM_MODE_FLAG_PIC_AR_16_9: number = DRM_MODE_PICTURE_ASPECT_16_9 << 19;
/** flags: aspect ratio 64:27. */
export const DRM_MODE_FLAG_PIC_AR_64_27: number = DRM_MODE_PICTURE_ASPECT_64_27 << 19;
/** flags: aspect ratio 256:135. */
export const DRM_MODE_FLAG_PIC_AR_256_135: number = DRM_MODE_PICTURE_ASPECT_256_135 << 19;
/** The flags that user space may set or see; the aspect ratio is apart. */
export const DRM_MODE_FLAG_ALL = 0x7f3ff;
