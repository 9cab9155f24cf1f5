/**
 * The KMS objects of a card: what there is (GETRESOURCES, in two calls), connectors with their modes, CRTCs, planes.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import * as mode from "../../../uapi/drm_mode.ts";
import * as conn from "../../../uapi/drm_mode_connector.ts";
import { DRM_MODE_TYPE_PREFERRED } from "../../../uapi/drm_mode_flags.ts";
import * as plane from "../../../uapi/drm_mode_plane.ts";
import { bytesOf, type View } from "../../../uapi/struct.ts";
import type { DrmCard } from "./card.ts";
import { ModeObject } from "./property.ts";
import { readU32 } from "./user_arrays.ts";

/** A display mode, as a view of struct drm_mode_modeinfo. */
export type Mode = View<mode.drm_mode_modeinfo>;

/** What GETRESOURCES tells. */
export interface Resources {
  /** Framebuffers of this file. */
  readonly fbs: readonly number[];
  /** CRTC ids; their index is what `possible_crtcs` masks mean. */
  readonly crtcs: readonly number[];
  /** Connector ids. */
  readonly connectors: readonly number[];
  /** Encoder ids. */
  readonly encoders: readonly number[];
  /** The narrowest framebuffer, pixels. */
  readonly minWidth: number;
  /** The widest. */
  readonly maxWidth: number;
  /** The lowest. */
  readonly minHeight: number;
  /** The highest. */
  readonly maxHeight: number;
}

const RETRIES = 8;
const grown = (what: string): DrmError =>
  new DrmError("EAGAIN", `Cannot list ${what}: they grow faster than they are read`);

/** GETRESOURCES: asks for the counts, then for the ids, again if there are more by then. */
export function getResources(card: DrmCard): Resources {
  for (let attempt = 0; attempt < RETRIES; attempt++) {
    const arg = mode.drm_mode_card_res.of();
    card.file.ioctl(mode.DRM_IOCTL_MODE_GETRESOURCES, arg);
    const asked = [arg.count_fbs, arg.count_crtcs, arg.count_connectors, arg.count_encoders];
    using scratch = card.scratch();
    const [fbs, crtcs, connectors, encoders] = asked.map((count) => scratch.alloc(count * 4));
    [arg.fb_id_ptr, arg.crtc_id_ptr] = [fbs.address, crtcs.address];
    [arg.connector_id_ptr, arg.encoder_id_ptr] = [connectors.address, encoders.address];
    card.file.ioctl(mode.DRM_IOCTL_MODE_GETRESOURCES, arg);
    const now = [arg.count_fbs, arg.count_crtcs, arg.count_connectors, arg.count_encoders];
    if (now.some((count, i) => count > asked[i])) continue;
    return {
      fbs: readU32(fbs, now[0]),
      crtcs: readU32(crtcs, now[1]),
      connectors: readU32(connectors, now[2]),
      encoders: readU32(encoders, now[3]),
      minWidth: arg.min_width,
      maxWidth: arg.max_width,
      minHeight: arg.min_height,
      maxHeight: arg.max_height,
    };
  }
  throw grown("KMS objects");
}

/** GETPLANERESOURCES: ids of the planes that this client may see. */
export function getPlanes(card: DrmCard): number[] {
  for (let attempt = 0; attempt < RETRIES; attempt++) {
    const arg = plane.drm_mode_get_plane_res.of();
    card.file.ioctl(plane.DRM_IOCTL_MODE_GETPLANERESOURCES, arg);
    const asked = arg.count_planes;
    using scratch = card.scratch();
    const ids = scratch.alloc(asked * 4);
    arg.plane_id_ptr = ids.address;
    card.file.ioctl(plane.DRM_IOCTL_MODE_GETPLANERESOURCES, arg);
    if (arg.count_planes <= asked) return readU32(ids, arg.count_planes);
  }
  throw grown("planes");
}

/** A CRTC: scans pictures out. */
export class Crtc extends ModeObject {
  /** Its place in GETRESOURCES: bit number of `possible_crtcs` masks, and the index of WAIT_VBLANK. */
  readonly index: number;

  /** Names a CRTC. @param card the card. @param id KMS object id. @param index its place in GETRESOURCES. */
  constructor(card: DrmCard, id: number, index: number) {
    super(card, id, mode.DRM_MODE_OBJECT_CRTC);
    this.index = index;
  }

  /** GETCRTC: what it shows now. */
  state(): View<mode.drm_mode_crtc> {
    const arg = mode.drm_mode_crtc.of({ crtc_id: this.id });
    this.card.file.ioctl(mode.DRM_IOCTL_MODE_GETCRTC, arg);
    return arg;
  }
}

/** A plane: puts one framebuffer onto a CRTC. */
export class Plane extends ModeObject {
  /** The CRTC that it is on, or 0. */
  readonly crtcId: number;
  /** The framebuffer that it shows, or 0. */
  readonly fbId: number;
  /** A bit for each CRTC index that it may be put on. */
  readonly possibleCrtcs: number;
  /** DRM_FORMAT_* that it takes. */
  readonly formats: readonly number[];

  /** GETPLANE. @param card the card. @param id KMS object id. Throws ENOENT. */
  constructor(card: DrmCard, id: number) {
    super(card, id, mode.DRM_MODE_OBJECT_PLANE);
    const arg = plane.drm_mode_get_plane.of({ plane_id: id });
    card.file.ioctl(plane.DRM_IOCTL_MODE_GETPLANE, arg);
    using scratch = card.scratch();
    const formats = scratch.alloc(arg.count_format_types * 4);
    arg.format_type_ptr = formats.address;
    card.file.ioctl(plane.DRM_IOCTL_MODE_GETPLANE, arg);
    this.crtcId = arg.crtc_id;
    this.fbId = arg.fb_id;
    this.possibleCrtcs = arg.possible_crtcs;
    this.formats = readU32(formats, arg.count_format_types);
  }
}

const TYPE_NAMES: readonly string[] = [
  "Unknown",
  "VGA",
  "DVI-I",
  "DVI-D",
  "DVI-A",
  "Composite",
  "SVIDEO",
  "LVDS",
  "Component",
  "DIN",
  "DP",
  "HDMI-A",
  "HDMI-B",
  "TV",
  "eDP",
  "Virtual",
  "DSI",
  "DPI",
  "Writeback",
  "SPI",
  "USB",
];

/** A connector: where a monitor is plugged in. A snapshot of the moment of its making. */
export class Connector extends ModeObject {
  /** "Virtual-1", as sysfs names it. */
  readonly name: string;
  /** DRM_MODE_CONNECTOR_*. */
  readonly connectorType: number;
  /** Whether a monitor is there. */
  readonly connected: boolean;
  /** connector_status_*. */
  readonly connection: number;
  /** Its modes, the preferred ones first. */
  readonly modes: readonly Mode[];
  /** Encoders that it can be driven by. */
  readonly encoders: readonly number[];
  /** The encoder that drives it, or 0. */
  readonly encoderId: number;
  /** Size of the picture, millimetres. */
  readonly mmWidth: number;
  /** Size of the picture, millimetres. */
  readonly mmHeight: number;

  /** GETCONNECTOR. @param card the card. @param id KMS object id. @param probe look for monitors anew. Throws ENOENT. */
  constructor(card: DrmCard, id: number, probe = true) {
    super(card, id, mode.DRM_MODE_OBJECT_CONNECTOR);
    const { arg, modes, encoders } = getConnector(card, id, probe);
    this.connectorType = arg.connector_type;
    this.name = `${TYPE_NAMES[arg.connector_type] ?? "Unknown"}-${arg.connector_type_id}`;
    this.connection = arg.connection;
    this.connected = arg.connection === conn.connector_status_connected;
    this.modes = modes;
    this.encoders = encoders;
    this.encoderId = arg.encoder_id;
    this.mmWidth = arg.mm_width;
    this.mmHeight = arg.mm_height;
  }

  /** The mode that the monitor likes best, else the first. Throws ENOENT when it has none. */
  get preferredMode(): Mode {
    const best = this.modes.find((m) => (m.type & DRM_MODE_TYPE_PREFERRED) !== 0) ?? this.modes[0];
    if (best === undefined) throw new DrmError("ENOENT", `Cannot choose a mode: ${this.name} has none`);
    return best;
  }

  /** The first CRTC that one of its encoders can be driven by. Throws ENOENT. */
  crtc(): Crtc {
    let possible = 0;
    for (const id of this.encoders) {
      const arg = mode.drm_mode_get_encoder.of({ encoder_id: id });
      this.card.file.ioctl(mode.DRM_IOCTL_MODE_GETENCODER, arg);
      possible |= arg.possible_crtcs;
    }
    const crtc = this.card.crtcs().find((c) => (possible & (1 << c.index)) !== 0);
    if (crtc === undefined) throw new DrmError("ENOENT", `Cannot find a CRTC for ${this.name}`);
    return crtc;
  }
}

/** GETCONNECTOR in two calls. Asking with no room for modes is what makes the kernel probe (I2). */
function getConnector(
  card: DrmCard,
  id: number,
  probe: boolean,
): { arg: View<conn.drm_mode_get_connector>; modes: Mode[]; encoders: number[] } {
  using scratch = card.scratch();
  const size = mode.drm_mode_modeinfo.size;
  let modeRoom = probe ? 0 : 1, encoderRoom = 0;
  let modes = scratch.alloc(size), encoders = scratch.alloc(0);
  for (let attempt = 0; attempt < RETRIES; attempt++) {
    const arg = conn.drm_mode_get_connector.of({
      connector_id: id,
      count_modes: modeRoom,
      modes_ptr: modes.address,
      count_encoders: encoderRoom,
      encoders_ptr: encoders.address,
    });
    card.file.ioctl(conn.DRM_IOCTL_MODE_GETCONNECTOR, arg);
    // Both arrays are all or nothing (I1).
    if (arg.count_modes <= modeRoom && arg.count_encoders <= encoderRoom) {
      const list = Array.from(
        { length: arg.count_modes },
        (_, i) => mode.drm_mode_modeinfo.at(modes.bytes.slice(i * size, (i + 1) * size)),
      );
      return { arg, modes: list, encoders: readU32(encoders, arg.count_encoders) };
    }
    modeRoom = Math.max(1, arg.count_modes);
    encoderRoom = arg.count_encoders;
    modes = scratch.alloc(modeRoom * size);
    encoders = scratch.alloc(encoderRoom * 4);
  }
  throw grown("a connector's modes");
}

/** The bytes of a mode, for the MODE_ID blob. */
export function modeBytes(display: Mode): Uint8Array {
  return bytesOf(display).slice();
}
