/**
 * The table's lines for mode setting: DRM_IOCTL_MODE_* (dumb buffers apart), WAIT_VBLANK and the CRTC sequence requests. Mirrors
 * the table of drivers/gpu/drm/drm_ioctl.c.
 * @module
 */

import * as uapi from "../../uapi/mod.ts";
import type { DrmFile } from "../drm_file.ts";
import { type IoctlEntry, ioctlMaker, MASTER, MAY_WAIT } from "../ioctl.ts";
import { modeAtomic } from "./atomic_ioctl.ts";
import { dirtyFb } from "./dirty_fb.ts";
import { addFb, addFb2, closeFb, getFb, getFb2, rmFb } from "./framebuffer_ioctl.ts";
import { getGamma, setGamma } from "./gamma.ts";
import { getConnector } from "./get_connector.ts";
import { getCrtc, getEncoder, getPlane, getPlaneResources, getResources } from "./get_resources.ts";
import { createLease, getLease, listLessees, revokeLease } from "./lease_ioctl.ts";
import { pageFlip } from "./page_flip.ts";
import {
  createPropBlob,
  destroyPropBlob,
  getPropBlob,
  getProperty,
  objGetProperties,
  objSetProperty,
  setConnectorProperty,
} from "./property_ioctl.ts";
import { setCrtc } from "./set_crtc.ts";
import { setCursor, setPlane } from "./set_plane.ts";
import { getSequence, queueSequence, waitVblank } from "./vblank_ioctl.ts";

/** RMFB's argument is a bare u32. */
interface FbId {
  fb_id: number;
}
const fbId: uapi.Struct<FbId> = uapi.struct<FbId>("unsigned int", { fb_id: uapi.u32 }, { size: 4 });

const noop = (): number => 0;

/** The table's lines. */
export function kmsIoctls(): IoctlEntry[] {
  const { ioctl } = ioctlMaker<DrmFile>();
  return [
    ioctl(uapi.DRM_IOCTL_WAIT_VBLANK, uapi.drm_wait_vblank, MAY_WAIT, waitVblank),
    ioctl(uapi.DRM_IOCTL_CRTC_GET_SEQUENCE, uapi.drm_crtc_get_sequence, 0, getSequence),
    ioctl(uapi.DRM_IOCTL_CRTC_QUEUE_SEQUENCE, uapi.drm_crtc_queue_sequence, 0, queueSequence),
    ioctl(uapi.DRM_IOCTL_MODE_GETRESOURCES, uapi.drm_mode_card_res, 0, getResources),
    ioctl(uapi.DRM_IOCTL_MODE_GETCRTC, uapi.drm_mode_crtc, 0, getCrtc),
    ioctl(uapi.DRM_IOCTL_MODE_SETCRTC, uapi.drm_mode_crtc, MASTER | MAY_WAIT, setCrtc),
    ioctl(uapi.DRM_IOCTL_MODE_CURSOR, uapi.drm_mode_cursor, MASTER | MAY_WAIT, setCursor),
    ioctl(uapi.DRM_IOCTL_MODE_GETGAMMA, uapi.drm_mode_crtc_lut, 0, getGamma),
    ioctl(uapi.DRM_IOCTL_MODE_SETGAMMA, uapi.drm_mode_crtc_lut, MASTER | MAY_WAIT, setGamma),
    ioctl(uapi.DRM_IOCTL_MODE_GETENCODER, uapi.drm_mode_get_encoder, 0, getEncoder),
    ioctl(uapi.DRM_IOCTL_MODE_GETCONNECTOR, uapi.drm_mode_get_connector, 0, getConnector),
    ioctl(uapi.DRM_IOCTL_MODE_ATTACHMODE, uapi.drm_mode_mode_cmd, MASTER, noop),
    ioctl(uapi.DRM_IOCTL_MODE_DETACHMODE, uapi.drm_mode_mode_cmd, MASTER, noop),
    ioctl(uapi.DRM_IOCTL_MODE_GETPROPERTY, uapi.drm_mode_get_property, 0, getProperty),
    ioctl(
      uapi.DRM_IOCTL_MODE_SETPROPERTY,
      uapi.drm_mode_connector_set_property,
      MASTER | MAY_WAIT,
      setConnectorProperty,
    ),
    ioctl(uapi.DRM_IOCTL_MODE_GETPROPBLOB, uapi.drm_mode_get_blob, 0, getPropBlob),
    ioctl(uapi.DRM_IOCTL_MODE_GETFB, uapi.drm_mode_fb_cmd, 0, getFb),
    ioctl(uapi.DRM_IOCTL_MODE_ADDFB, uapi.drm_mode_fb_cmd, 0, addFb),
    ioctl(uapi.DRM_IOCTL_MODE_RMFB as uapi.Ioctl<FbId>, fbId, 0, (file, arg) => rmFb(file, arg.fb_id)),
    ioctl(uapi.DRM_IOCTL_MODE_PAGE_FLIP, uapi.drm_mode_crtc_page_flip, MASTER, pageFlip),
    ioctl(uapi.DRM_IOCTL_MODE_DIRTYFB, uapi.drm_mode_fb_dirty_cmd, MASTER | MAY_WAIT, dirtyFb),
    ioctl(uapi.DRM_IOCTL_MODE_GETPLANERESOURCES, uapi.drm_mode_get_plane_res, 0, getPlaneResources),
    ioctl(uapi.DRM_IOCTL_MODE_GETPLANE, uapi.drm_mode_get_plane, 0, getPlane),
    ioctl(uapi.DRM_IOCTL_MODE_SETPLANE, uapi.drm_mode_set_plane, MASTER | MAY_WAIT, setPlane),
    ioctl(uapi.DRM_IOCTL_MODE_ADDFB2, uapi.drm_mode_fb_cmd2, 0, addFb2),
    ioctl(uapi.DRM_IOCTL_MODE_OBJ_GETPROPERTIES, uapi.drm_mode_obj_get_properties, 0, objGetProperties),
    ioctl(uapi.DRM_IOCTL_MODE_OBJ_SETPROPERTY, uapi.drm_mode_obj_set_property, MASTER | MAY_WAIT, objSetProperty),
    ioctl(uapi.DRM_IOCTL_MODE_CURSOR2, uapi.drm_mode_cursor2, MASTER | MAY_WAIT, setCursor),
    ioctl(uapi.DRM_IOCTL_MODE_ATOMIC, uapi.drm_mode_atomic, MASTER | MAY_WAIT, modeAtomic),
    ioctl(uapi.DRM_IOCTL_MODE_CREATEPROPBLOB, uapi.drm_mode_create_blob, 0, createPropBlob),
    ioctl(uapi.DRM_IOCTL_MODE_DESTROYPROPBLOB, uapi.drm_mode_destroy_blob, 0, destroyPropBlob),
    ioctl(uapi.DRM_IOCTL_MODE_CREATE_LEASE, uapi.drm_mode_create_lease, MASTER, createLease),
    ioctl(uapi.DRM_IOCTL_MODE_LIST_LESSEES, uapi.drm_mode_list_lessees, MASTER, listLessees),
    ioctl(uapi.DRM_IOCTL_MODE_GET_LEASE, uapi.drm_mode_get_lease, MASTER, getLease),
    ioctl(uapi.DRM_IOCTL_MODE_REVOKE_LEASE, uapi.drm_mode_revoke_lease, MASTER, revokeLease),
    ioctl(uapi.DRM_IOCTL_MODE_GETFB2, uapi.drm_mode_fb_cmd2, 0, getFb2),
    ioctl(uapi.DRM_IOCTL_MODE_CLOSEFB, uapi.drm_mode_closefb, 0, closeFb),
  ];
}
