/**
 * What a vkms device consists of, as code or as JSON: the counterpart of the kernel module's parameters and of its configfs
 * (Documentation/gpu/vkms.rst). `config_rules.ts` has what JSON may say, this file what must fit together.
 * @module
 */

import { CONFIG_RULE, EDID_BLOCK, MODE_PATTERN, vkmsConnectorTypes, vkmsFormats } from "./config_rules.ts";
import { parseEdid } from "../../../core/kms/edid.ts";
import { ConfigError, refuse, ROOT } from "./rule.ts";

export { CONFIG_RULE } from "./config_rules.ts";

/** A rotation or reflection, as the kernel names it. */
export type VkmsRotation = "rotate-0" | "rotate-90" | "rotate-180" | "rotate-270" | "reflect-x" | "reflect-y";

/** A plane. */
export interface VkmsPlaneConfig {
  /** What it is for. */
  readonly type: "primary" | "overlay" | "cursor";
  /** Only in the device's own list of planes: indices of the CRTCs that it can be on, default all. */
  readonly crtcs?: readonly number[];
  /** fourcc codes ("XR24"); the default is the device's. */
  readonly formats?: readonly string[];
  /** What it can do, "rotate-0" among it; default all. */
  readonly rotations?: readonly VkmsRotation[];
  /** Its place in the stack, fixed; or what clients may choose from. Default: any place, at first that in the list. */
  readonly zpos?: number | { readonly min: number; readonly max: number; readonly value: number };
}

/** A CRTC. */
export interface VkmsCrtcConfig {
  /** Its planes: one primary, one cursor at most. Default: what `cursor` and `overlays` of the device say. */
  readonly planes?: readonly VkmsPlaneConfig[];
  /** Entries of GAMMA_LUT, 0 (none) to 4096, default 256. */
  readonly gammaSize?: number;
  /** Entries of DEGAMMA_LUT, 0 (none) to 4096, default 256 with `extras`, else 0. */
  readonly degammaSize?: number;
  /** Whether it has a CTM, default `extras`. */
  readonly ctm?: boolean;
}

/** An encoder. */
export interface VkmsEncoderConfig {
  /** Indices of the CRTCs that can feed it, default: all. */
  readonly crtcs?: readonly number[];
}

/** What connectors may be found to be. */
export type VkmsStatus = "connected" | "disconnected" | "unknown";

/** What is plugged into a connector: this can change while the device is there. */
export interface VkmsPlug {
  /** Whether something is plugged in, default "connected". */
  readonly status?: VkmsStatus;
  /** Its EDID, as hexadecimal digits; none by default. */
  readonly edid?: string;
  /**
   * Its modes, "1920x1080" or "1920x1080@120", the preferred one first. Default: the EDID's; without one, the standard ones, with
   * 1024x768 preferred.
   */
  readonly modes?: readonly string[];
}

/** A connector. */
export interface VkmsConnectorConfig extends VkmsPlug {
  /** The kernel's name of its type: "Virtual" (the default), "HDMI-A", "DP", ... */
  readonly type?: string;
  /** Indices of the device's encoders that can feed it, if the device lists any; default: all. */
  readonly encoders?: readonly number[];
  /** Otherwise it has an encoder of its own: indices of the CRTCs that can feed that, default: all. */
  readonly crtcs?: readonly number[];
}

/** A device. The empty one is the kernel's default, with the extras. */
export interface VkmsConfig {
  /** Its name in sysfs, 1 to 64 letters, digits, "_", "-", default "vkms". */
  readonly name?: string;
  /**
   * What the kernel's vkms lacks, default true: a render node, syncobjs with timelines, more formats, alpha, blend modes,
   * zpos, YCbCr encodings, DEGAMMA_LUT and CTM, an EDID on virtual connectors, what HDMI and DisplayPort tell a monitor,
   * writeback in more formats, and of what is on a screen. Without, the device is the kernel's.
   */
  readonly extras?: boolean;
  /** Whether CRTCs have a cursor plane, default true (the module's enable_cursor). */
  readonly cursor?: boolean;
  /** Overlay planes of a CRTC, 0 (default) to 30; the module's enable_overlay makes 8. */
  readonly overlays?: number;
  /**
   * Whether each CRTC has a writeback connector (the module's enable_writeback), default true where there is room: it counts
   * among the 32 connectors and encoders.
   */
  readonly writeback?: boolean;
  /** Edge of the largest cursor, pixels, 64 to 512 (default). */
  readonly cursorSize?: number;
  /** Greatest width of modes and framebuffers, pixels, 10 to 16384, default 8192. */
  readonly maxWidth?: number;
  /** Greatest height of modes and framebuffers, lines, 10 to 16384, default 8192. */
  readonly maxHeight?: number;
  /**
   * When frames come: at the "mode"'s rate (the default), at so many a second whatever the mode says (1 to 1000), or "free":
   * with each commit, as fast as clients can; then there is no vblank. All by the system's clock, which can be virtual.
   */
  readonly refresh?: "mode" | "free" | number;
  /** fourcc codes ("XR24") of all planes; default: the kernel's five, with `extras` all that there are. */
  readonly formats?: readonly string[];
  /** Planes that say themselves on which CRTCs they can be: overlays on several. With it, CRTCs have no planes by default. */
  readonly planes?: readonly VkmsPlaneConfig[];
  /** The CRTCs, 1 to 32, default: one. */
  readonly crtcs?: readonly VkmsCrtcConfig[];
  /** The encoders, at most 32; default: one for each connector. */
  readonly encoders?: readonly VkmsEncoderConfig[];
  /** The connectors, at most 32; default: one for each CRTC, fed by it. */
  readonly connectors?: readonly VkmsConnectorConfig[];
}

/** A mode as configurations name it. */
export interface VkmsMode {
  /** Columns. */
  readonly width: number;
  /** Lines. */
  readonly height: number;
  /** Frames a second. */
  readonly refresh: number;
}

const MAX_OBJECTS = 32;

/** Reads "1920x1080@60". @throws {TypeError} if it is no mode. */
export function parseVkmsMode(text: string, path = "a mode"): VkmsMode {
  const match = MODE_PATTERN.exec(text);
  if (match === null) refuse(path, 'a mode like "1920x1080" or "1920x1080@60"', text);
  const [width, height, refresh] = [match[1], match[2], match[3] ?? "60"].map(Number);
  // cvtMode makes whole cells of 8 columns.
  if (width < 16 || height < 10 || width > 16384 || height > 16384) refuse(path, "from 16x10 to 16384x16384", text);
  return { width, height, refresh };
}

/** Reads an EDID's hexadecimal digits. @throws {TypeError} if it is no valid EDID. */
export function parseVkmsEdid(text: string, path = "an EDID"): Uint8Array {
  const bytes = new Uint8Array(text.length >> 1);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(i * 2, i * 2 + 2), 16);
  const edid = bytes.length >= EDID_BLOCK && bytes.length * 2 === text.length ? parseEdid(bytes) : undefined;
  if (edid === undefined) refuse(path, "an EDID: its header, version and checksum", text);
  // parseEdid leaves out what is not valid.
  if (edid.bytes.length !== bytes.length) {
    refuse(path, `an EDID whose ${bytes.length / EDID_BLOCK} blocks are as its 126th byte says, and valid`, text);
  }
  return bytes;
}

/** An EDID as configurations have it: hexadecimal digits. */
export function vkmsEdidText(bytes: Uint8Array): string {
  return bytes.toHex();
}

/** The CRTCs of a device. */
export function crtcsOf(config: VkmsConfig): readonly VkmsCrtcConfig[] {
  return config.crtcs ?? [{}];
}

/** Indices of the CRTCs on which one of the device's own planes can be. */
export function crtcsOfPlane(config: VkmsConfig, plane: VkmsPlaneConfig): readonly number[] {
  return plane.crtcs ?? crtcsOf(config).map((_, i) => i);
}

/** The planes that are on one CRTC alone: its own, those of the device's that name it, or the default ones. */
export function planesOf(config: VkmsConfig, crtc: VkmsCrtcConfig, index: number): readonly VkmsPlaneConfig[] {
  const listed = (config.planes ?? []).filter((plane) => {
    const on = crtcsOfPlane(config, plane);
    return on.length === 1 && on[0] === index;
  });
  if (crtc.planes !== undefined || config.planes !== undefined) return [...crtc.planes ?? [], ...listed];
  const overlays = Array.from({ length: config.overlays ?? 0 }, (): VkmsPlaneConfig => ({ type: "overlay" }));
  const cursor: VkmsPlaneConfig[] = config.cursor ?? true ? [{ type: "cursor" }] : [];
  return [{ type: "primary" }, ...overlays, ...cursor];
}

/** The planes that can be on several CRTCs. */
export function sharedPlanesOf(config: VkmsConfig): readonly VkmsPlaneConfig[] {
  return (config.planes ?? []).filter((plane) => crtcsOfPlane(config, plane).length > 1);
}

/**
 * The first place in the stack that planes of several CRTCs have: above what is below every cursor. Without such planes it is a
 * matter of each CRTC: undefined.
 */
export function sharedPlaceOf(config: VkmsConfig): number | undefined {
  if (sharedPlanesOf(config).length === 0) return undefined;
  return Math.max(
    ...crtcsOf(config).map((crtc, i) => planesOf(config, crtc, i).filter(({ type }) => type !== "cursor").length),
  );
}

/** The connectors of a device. */
export function connectorsOf(config: VkmsConfig): readonly VkmsConnectorConfig[] {
  if (config.connectors !== undefined) return config.connectors;
  return crtcsOf(config).map((_, i) => config.encoders === undefined ? { crtcs: [i] } : {});
}

/** DRM_FORMAT_* of fourcc codes that a checked configuration names. */
export function formatsOf(names: readonly string[]): number[] {
  return [...new Set(names.map((name) => vkmsFormats.get(name) ?? 0))];
}

/** DRM_MODE_CONNECTOR_* of a name that a checked configuration has. */
export function connectorTypeOf(name: string): number {
  return vkmsConnectorTypes.get(name) ?? 0;
}

function roomForWriteback(config: VkmsConfig): boolean {
  const { length } = connectorsOf(config);
  return Math.max(length, config.encoders?.length ?? 0) + crtcsOf(config).length <= MAX_OBJECTS;
}

/** Whether the CRTCs have writeback connectors. */
export function hasWriteback(config: VkmsConfig): boolean {
  return config.writeback ?? roomForWriteback(config);
}

function checkIndices(path: string, indices: readonly number[] | undefined, count: number, what: string): void {
  indices?.forEach((index, i) => {
    if (index >= count) refuse(`${path}[${i}]`, `the index of one of ${count} ${what}`, index);
    if (indices.indexOf(index) !== i) refuse(path, "a list without repetition", indices);
  });
}

function checkPlane(path: string, plane: VkmsPlaneConfig, config: VkmsConfig): void {
  if (plane.rotations !== undefined && !plane.rotations.includes("rotate-0")) {
    refuse(`${path}.rotations`, 'a list with "rotate-0"', plane.rotations);
  }
  if (plane.zpos === undefined) return;
  if (config.extras === false) refuse(`${path}.zpos`, "left out where extras is false", plane.zpos);
  if (typeof plane.zpos === "number") return;
  const { min, max, value } = plane.zpos;
  if (min > value || value > max) refuse(`${path}.zpos`, "a place with min <= value <= max", plane.zpos);
}

function checkPlanes(config: VkmsConfig): void {
  const crtcs = crtcsOf(config);
  const { planes } = config;
  planes?.forEach((plane, i) => {
    const path = `planes[${i}]`;
    checkIndices(`${path}.crtcs`, plane.crtcs, crtcs.length, "crtcs");
    checkPlane(path, plane, config);
    if (plane.type !== "overlay" && crtcsOfPlane(config, plane).length > 1) {
      refuse(`${path}.crtcs`, `one CRTC, as it is a ${plane.type} plane`, plane.crtcs);
    }
  });
  if (planes !== undefined) {
    for (const key of ["overlays", "cursor"] as const) {
      if (config[key] !== undefined) refuse(key, "left out where planes are listed", config[key]);
    }
  }
  let count = sharedPlanesOf(config).length;
  crtcs.forEach((crtc, i) => {
    crtc.planes?.forEach((plane, j) => {
      const path = `crtcs[${i}].planes[${j}]`;
      if (plane.crtcs !== undefined) refuse(`${path}.crtcs`, "left out, as the plane is this CRTC's", plane.crtcs);
      checkPlane(path, plane, config);
    });
    const own = planesOf(config, crtc, i);
    count += own.length;
    const of = (type: string): number => own.filter((plane) => plane.type === type).length;
    if (of("primary") !== 1) refuse(`crtcs[${i}].planes`, "a list with one primary plane", own);
    if (of("cursor") > 1) refuse(`crtcs[${i}].planes`, "a list with one cursor plane at most", own);
  });
  if (count > MAX_OBJECTS) refuse("crtcs", `CRTCs with at most ${MAX_OBJECTS} planes together`, count);
}

function checkConnectors(config: VkmsConfig): void {
  const crtcs = crtcsOf(config).length;
  const { encoders } = config;
  encoders?.forEach((encoder, i) => checkIndices(`encoders[${i}].crtcs`, encoder.crtcs, crtcs, "crtcs"));
  if (config.writeback && !roomForWriteback(config)) {
    refuse(
      "writeback",
      `false: with one for each CRTC there are more than ${MAX_OBJECTS} connectors or encoders`,
      true,
    );
  }
  if (encoders?.length === 0 && connectorsOf(config).length > 0) {
    refuse("encoders", "a list with one at least", encoders);
  }
  config.connectors?.forEach((connector, i) => {
    const path = `connectors[${i}]`;
    checkIndices(`${path}.crtcs`, connector.crtcs, crtcs, "crtcs");
    if (encoders === undefined) {
      if (connector.encoders !== undefined) {
        refuse(`${path}.encoders`, "left out where the device lists no encoders", connector.encoders);
      }
    } else {
      checkIndices(`${path}.encoders`, connector.encoders, encoders.length, "encoders");
      if (connector.crtcs !== undefined) {
        refuse(`${path}.crtcs`, "left out where the device lists encoders: they say it", connector.crtcs);
      }
    }
    checkVkmsPlug(path, connector);
  });
}

/** Checks what is plugged into a connector, its types apart. @throws {TypeError} as `parseVkmsConfig`. */
export function checkVkmsPlug(path: string, plug: VkmsPlug): void {
  plug.modes?.forEach((mode, i) => parseVkmsMode(mode, `${path}.modes[${i}]`));
  if (plug.edid !== undefined) parseVkmsEdid(plug.edid, `${path}.edid`);
}

/**
 * Checks a configuration, for example one that was read from JSON.
 *
 * ```ts
 * import { parseVkmsConfig } from "udrm/drivers/gpu/vkms/config.ts";
 * const config = parseVkmsConfig(JSON.parse('{ "overlays": 2, "connectors": [{ "modes": ["1920x1080@120"] }] }'));
 * if (config.overlays !== 2) throw new Error("as written");
 * ```
 *
 * @returns the same configuration.
 * @throws {TypeError} naming the place that is wrong, and what may stand there.
 */
export function parseVkmsConfig(value: unknown): VkmsConfig {
  try {
    CONFIG_RULE.check(ROOT, value);
    const config = value as VkmsConfig;
    checkPlanes(config);
    checkConnectors(config);
    return config;
  } catch (error) {
    throw error instanceof ConfigError ? new ConfigError(error.problem, "vkms configuration") : error;
  }
}
