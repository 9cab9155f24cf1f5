/**
 * CRTCs, planes, connectors and framebuffers of a device.
 * @module
 */

import { DRM_PLANE_TYPE_CURSOR, DRM_PLANE_TYPE_OVERLAY } from "../../uapi/mod.ts";
import { DrmError } from "../error.ts";
import { connectorStatusName } from "../kms/connector_force.ts";
import type { Connector } from "../kms/connector.ts";
import type { Crtc } from "../kms/crtc.ts";
import { Framebuffer } from "../kms/framebuffer.ts";
import type { Mode } from "../kms/mode.ts";
import type { ModeConfig } from "../kms/mode_config.ts";
import type { Plane } from "../kms/plane.ts";
import type { FenceGathering } from "./fences.ts";
import { each, type Limits, type Listed } from "./limits.ts";
import type { ObjectNumbers } from "./objects.ts";
import { type Thumbnail, thumbnail } from "./thumbnail.ts";

/** A mode. */
export interface ModeInspection {
  /** "1280x800". */
  readonly name: string;
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Frames a second. */
  readonly refresh: number;
  /** kHz. */
  readonly clock: number;
}

/** A CRTC. */
export interface CrtcInspection {
  /** Its id. */
  readonly id: number;
  /** For people. */
  readonly name: string;
  /** Whether it shows anything. */
  readonly active: boolean;
  /** Its mode; undefined when it has none. */
  readonly mode: ModeInspection | undefined;
  /** Number of the latest frame. */
  readonly frame: number;
  /** Connectors that it feeds, by name. */
  readonly connectors: readonly string[];
  /** Whether it has degamma, colour matrix, gamma: what is set. */
  readonly color: readonly string[];
  /** Whether the refresh rate varies. */
  readonly vrr: boolean;
}

/** A rectangle. */
export interface RectInspection {
  /** Left edge. */
  readonly x: number;
  /** Top edge. */
  readonly y: number;
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
}

/** A plane. */
export interface PlaneInspection {
  /** Its id. */
  readonly id: number;
  /** For people. */
  readonly name: string;
  /** What it is. */
  readonly type: "primary" | "overlay" | "cursor";
  /** Id of its CRTC; 0: it is off. */
  readonly crtc: number;
  /** Id of its framebuffer; 0: it is off. */
  readonly fb: number;
  /** Where it is on the CRTC, pixels. */
  readonly dst: RectInspection;
  /** What it shows of the framebuffer, pixels. */
  readonly src: RectInspection;
  /** Whether any of it can be seen. */
  readonly visible: boolean;
  /** Place in the stack. */
  readonly zpos: number;
  /** DRM_MODE_ROTATE_* and DRM_MODE_REFLECT_*. */
  readonly rotation: number;
  /** Opacity, 0 to 1. */
  readonly alpha: number;
  /** DRM_MODE_BLEND_*. */
  readonly blend: number;
  /** Formats that it can show. */
  readonly formats: number;
  /** What it shows; undefined if it is off, or cannot be read. */
  readonly thumbnail: Thumbnail | undefined;
}

/** A connector. */
export interface ConnectorInspection {
  /** Its id. */
  readonly id: number;
  /** "Virtual-1". */
  readonly name: string;
  /** What the last probe found. */
  readonly status: "connected" | "disconnected" | "unknown";
  /** Id of the CRTC that feeds it; 0 for none. */
  readonly crtc: number;
  /** Modes, best first. */
  readonly modes: Listed<ModeInspection>;
  /** Width of the display, mm; 0 if unknown. */
  readonly widthMm: number;
  /** Height of the display, mm; 0 if unknown. */
  readonly heightMm: number;
  /** Whether it is a writeback connector. */
  readonly writeback: boolean;
}

/** A framebuffer. */
export interface FramebufferInspection {
  /** Its id. */
  readonly id: number;
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** fourcc: "XR24". */
  readonly format: string;
  /** DRM_FORMAT_MOD_*, hexadecimal. */
  readonly modifier: string;
  /** Bytes a line, of each plane of the format. */
  readonly pitches: readonly number[];
  /** The inspector's numbers of its objects. */
  readonly objects: readonly number[];
  /** Command name of the client that made it. */
  readonly comm: string;
  /** Whether a plane shows it. */
  readonly shown: boolean;
}

/** A device's KMS. */
export interface KmsInspection {
  /** Commits that took place. */
  readonly commits: number;
  /** CRTCs by index. */
  readonly crtcs: readonly CrtcInspection[];
  /** Planes by index. */
  readonly planes: readonly PlaneInspection[];
  /** Connectors. */
  readonly connectors: Listed<ConnectorInspection>;
  /** Framebuffers, those that are shown first, then the newest. */
  readonly framebuffers: Listed<FramebufferInspection>;
}

const MODES_MAX = 24, CONNECTORS_MAX = 32;

const modeOf = (mode: Mode): ModeInspection => ({
  name: mode.name,
  width: mode.hdisplay,
  height: mode.vdisplay,
  refresh: mode.refresh,
  clock: mode.clock,
});

function fourcc(format: number): string {
  let letters = "";
  for (let shift = 0; shift < 32; shift += 8) {
    const code = format >>> shift & 0x7f;
    letters += code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : ".";
  }
  return letters;
}

function crtcOf(crtc: Crtc): CrtcInspection {
  const { state, kms, vblank } = crtc;
  const color = Object.entries({ degamma: state.degammaLut, matrix: state.ctm, gamma: state.gammaLut });
  return {
    id: crtc.id,
    name: crtc.name,
    active: state.active,
    mode: state.mode && modeOf(state.mode),
    frame: vblank.count,
    connectors: kms.connectors.filter((connector) => connector.state.crtc === crtc).map(({ name }) => name),
    color: color.filter(([, blob]) => blob !== undefined).map(([name]) => name),
    vrr: state.vrrEnabled,
  };
}

function connectorOf(connector: Connector): ConnectorInspection {
  return {
    id: connector.id,
    name: connector.name,
    status: connectorStatusName(connector.status),
    crtc: connector.state.crtc?.id ?? 0,
    modes: each(connector.modes, MODES_MAX, modeOf),
    widthMm: connector.widthMm,
    heightMm: connector.heightMm,
    writeback: connector.writeback !== undefined,
  };
}

function planeOf(plane: Plane, small: (plane: Plane, src: RectInspection) => Thumbnail | undefined): PlaneInspection {
  const { state, planeType } = plane;
  const src = {
    x: state.srcX / 65536,
    y: state.srcY / 65536,
    width: state.srcW / 65536,
    height: state.srcH / 65536,
  };
  return {
    id: plane.id,
    name: plane.name,
    type: planeType === DRM_PLANE_TYPE_CURSOR ? "cursor" : planeType === DRM_PLANE_TYPE_OVERLAY ? "overlay" : "primary",
    crtc: state.crtc?.id ?? 0,
    fb: state.fb?.id ?? 0,
    dst: { x: state.crtcX, y: state.crtcY, width: state.crtcW, height: state.crtcH },
    src,
    visible: state.visible,
    zpos: state.normalizedZpos,
    rotation: state.rotation,
    alpha: state.alpha / 0xffff,
    blend: state.blendMode,
    formats: plane.formats.length,
    thumbnail: state.fb === undefined ? undefined : small(plane, src),
  };
}

/** A device's framebuffers. */
export function framebuffersOf(kms: ModeConfig, visits: number): Framebuffer[] {
  const found: Framebuffer[] = [];
  let looked = 0;
  for (const [, object] of kms.objects) {
    if (looked++ >= visits) break;
    if (object instanceof Framebuffer) found.push(object);
  }
  return found;
}

/**
 * A device's KMS.
 *
 * @param framebuffers what `framebuffersOf` found. @param numbers names objects. @param fences takes fences that planes wait for.
 * @param limits how many. @param thumbnails how many thumbnails may be made.
 */
export function inspectKms(
  kms: ModeConfig,
  framebuffers: readonly Framebuffer[],
  numbers: ObjectNumbers,
  fences: FenceGathering,
  limits: Limits,
  thumbnails: { left: number },
): KmsInspection {
  const shown = new Set<Framebuffer>();
  for (const { id, state } of kms.planes) {
    if (state.fb !== undefined) shown.add(state.fb);
    fences.add(state.fence, `plane ${id}`);
  }
  const small = ({ state: { fb } }: Plane, src: RectInspection): Thumbnail | undefined => {
    if (fb === undefined || thumbnails.left <= 0) return undefined;
    thumbnails.left--;
    try {
      return thumbnail(fb, limits.thumbnailWidth, limits.thumbnailHeight, src);
    } catch (error) {
      // No room to map the memory: the rest of the snapshot is told all the same.
      if (error instanceof DrmError) return undefined;
      throw error;
    }
  };
  const newest = [...framebuffers].sort((a, b) => Number(shown.has(b)) - Number(shown.has(a)) || b.serial - a.serial);
  return {
    commits: kms.commits,
    crtcs: kms.crtcs.map(crtcOf),
    planes: kms.planes.map((plane) => planeOf(plane, small)),
    connectors: each(kms.connectors.filter(({ unregistered }) => !unregistered), CONNECTORS_MAX, connectorOf),
    framebuffers: each(newest, limits.framebuffers, (fb): FramebufferInspection => ({
      id: fb.id,
      width: fb.width,
      height: fb.height,
      format: fourcc(fb.format),
      modifier: `0x${fb.modifier.toString(16)}`,
      pitches: fb.pitches.slice(0, fb.info.num_planes),
      objects: fb.objects.slice(0, fb.info.num_planes).map((object) => numbers.of(object)),
      comm: fb.comm,
      shown: shown.has(fb),
    })),
  };
}
