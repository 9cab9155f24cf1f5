/**
 * What a vkms device consists of, as code or as JSON: the counterpart of the kernel module's parameters and of its configfs
 * (Documentation/gpu/vkms.rst).
 * @module
 */

import { connectorTypeName } from "../../../core/kms/connector_type.ts";
import { DRM_MODE_CONNECTOR_WRITEBACK } from "../../../uapi/drm_mode_connector.ts";
import { fourccName } from "../../../uapi/drm_fourcc.ts";
import { ALL_FORMATS } from "./pixel_format.ts";

/** A plane. */
export interface VkmsPlaneConfig {
  /** What it is for. */
  readonly type: "primary" | "overlay" | "cursor";
  /** fourcc codes ("XR24"); the default is the device's. */
  readonly formats?: readonly string[];
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

/** A connector. */
export interface VkmsConnectorConfig {
  /** The kernel's name of its type: "Virtual" (the default), "HDMI-A", "DP", ... */
  readonly type?: string;
  /** Indices of the CRTCs that can feed it, default: all. */
  readonly crtcs?: readonly number[];
  /** Whether something is plugged in at the start, default true. */
  readonly connected?: boolean;
  /** Its modes, "1920x1080" or "1920x1080@120", the preferred one first. Default: standard ones, with 1024x768 preferred. */
  readonly modes?: readonly string[];
}

/** A device. The empty one is the kernel's default, with the extras. */
export interface VkmsConfig {
  /**
   * What the kernel's vkms lacks, default true: a render node, syncobjs with timelines, more formats, alpha, blend modes,
   * zpos, YCbCr encodings, DEGAMMA_LUT and CTM. Without, the device is the kernel's.
   */
  readonly extras?: boolean;
  /** Whether CRTCs have a cursor plane, default true (the module's enable_cursor). */
  readonly cursor?: boolean;
  /** Overlay planes of a CRTC, 0 (default) to 30; the module's enable_overlay makes 8. */
  readonly overlays?: number;
  /** Edge of the largest cursor, pixels, 64 to 512 (default). */
  readonly cursorSize?: number;
  /** Greatest width of modes and framebuffers, pixels, 10 to 16384, default 8192. */
  readonly maxWidth?: number;
  /** Greatest height of modes and framebuffers, lines, 10 to 16384, default 8192. */
  readonly maxHeight?: number;
  /** fourcc codes ("XR24") of all planes; default: the kernel's five, with `extras` all that there are. */
  readonly formats?: readonly string[];
  /** The CRTCs, 1 to 32, default: one. */
  readonly crtcs?: readonly VkmsCrtcConfig[];
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

const TYPES: ReadonlyMap<string, number> = new Map(
  Array.from({ length: 21 }, (_, type) => [connectorTypeName(type), type] as const).filter(([, type]) =>
    type !== 0 && type !== DRM_MODE_CONNECTOR_WRITEBACK
  ),
);
const FORMATS: ReadonlyMap<string, number> = new Map(
  ALL_FORMATS.map((format) => [fourccName(format), format]),
);
const MAX_OBJECTS = 32;

function fail(path: string, what: string, value: unknown): never {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    text = String(value);
  }
  throw new TypeError(
    `Cannot use vkms configuration: ${path} must be ${what}, not ${(text ?? "nothing").slice(0, 80)}`,
  );
}

type Check = (path: string, value: unknown) => void;

const flag: Check = (path, value) => {
  if (typeof value !== "boolean") fail(path, "true or false", value);
};
const whole = (least: number, greatest: number): Check => (path, value) => {
  if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > greatest) {
    fail(path, `a whole number from ${least} to ${greatest}`, value);
  }
};
const list = (least: number, greatest: number, item: Check): Check => (path, value) => {
  if (!Array.isArray(value) || value.length < least || value.length > greatest) {
    fail(path, `a list of ${least} to ${greatest}`, value);
  }
  value.forEach((element, i) => item(`${path}[${i}]`, element));
};
const known = (names: Iterable<string>, what: string): Check => {
  const set = new Set(names);
  return (path, value) => {
    if (typeof value !== "string" || !set.has(value)) fail(path, `${what} (${[...set].join(", ")})`, value);
  };
};
const record = (keys: Readonly<Record<string, Check>>, required: readonly string[] = []): Check => (path, value) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) fail(path, "an object", value);
  for (const [key, member] of Object.entries(value)) {
    const at = path === "it" ? key : `${path}.${key}`;
    if (!Object.hasOwn(keys, key)) {
      throw new TypeError(
        `Cannot use vkms configuration: ${at} is unknown; ${path} may have ${Object.keys(keys).join(", ")}`,
      );
    }
    if (member !== undefined) keys[key](at, member);
  }
  for (const key of required) if (!Object.hasOwn(value, key)) fail(`${path}.${key}`, "given", undefined);
};

const MODE = /^([1-9][0-9]{0,4})x([1-9][0-9]{0,4})(?:@([1-9][0-9]{0,2}))?$/;

/** Reads "1920x1080@60". @throws {TypeError} if it is no mode. */
export function parseVkmsMode(text: string, path = "a mode"): VkmsMode {
  const match = MODE.exec(text);
  if (match === null) fail(path, 'a mode like "1920x1080" or "1920x1080@60"', text);
  const [width, height, refresh] = [match[1], match[2], match[3] ?? "60"].map(Number);
  // cvtMode makes whole cells of 8 columns.
  if (width < 16 || height < 10 || width > 16384 || height > 16384) fail(path, "from 16x10 to 16384x16384", text);
  return { width, height, refresh };
}

const mode: Check = (path, value) => {
  if (typeof value !== "string") fail(path, 'a mode like "1920x1080@60"', value);
  parseVkmsMode(value, path);
};

const formats = list(1, ALL_FORMATS.length, known(FORMATS.keys(), "one of the fourcc codes"));

const CONFIG = record({
  extras: flag,
  cursor: flag,
  overlays: whole(0, 30),
  cursorSize: whole(64, 512),
  maxWidth: whole(10, 16384),
  maxHeight: whole(10, 16384),
  formats,
  crtcs: list(
    1,
    MAX_OBJECTS,
    record({
      planes: list(
        1,
        MAX_OBJECTS,
        record({ type: known(["primary", "overlay", "cursor"], "a type of plane"), formats }, ["type"]),
      ),
      gammaSize: whole(0, 4096),
      degammaSize: whole(0, 4096),
      ctm: flag,
    }),
  ),
  connectors: list(
    0,
    MAX_OBJECTS,
    record({
      type: known(TYPES.keys(), "a type of connector"),
      crtcs: list(1, MAX_OBJECTS, whole(0, MAX_OBJECTS - 1)),
      connected: flag,
      modes: list(1, 64, mode),
    }),
  ),
});

/** The planes of a CRTC, the default ones if it has none of its own. */
export function planesOf(config: VkmsConfig, crtc: VkmsCrtcConfig): readonly VkmsPlaneConfig[] {
  if (crtc.planes !== undefined) return crtc.planes;
  const overlays = Array.from({ length: config.overlays ?? 0 }, (): VkmsPlaneConfig => ({ type: "overlay" }));
  const cursor: VkmsPlaneConfig[] = config.cursor ?? true ? [{ type: "cursor" }] : [];
  return [{ type: "primary" }, ...overlays, ...cursor];
}

/** The CRTCs of a device. */
export function crtcsOf(config: VkmsConfig): readonly VkmsCrtcConfig[] {
  return config.crtcs ?? [{}];
}

/** DRM_FORMAT_* of fourcc codes that a checked configuration names. */
export function formatsOf(names: readonly string[]): number[] {
  return [...new Set(names.map((name) => FORMATS.get(name) ?? 0))];
}

/** DRM_MODE_CONNECTOR_* of a name that a checked configuration has. */
export function connectorTypeOf(name: string): number {
  return TYPES.get(name) ?? 0;
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
  CONFIG("it", value);
  const config = value as VkmsConfig;
  const crtcs = crtcsOf(config);
  let planes = 0;
  crtcs.forEach((crtc, i) => {
    const own = planesOf(config, crtc);
    planes += own.length;
    const count = (type: string): number => own.filter((plane) => plane.type === type).length;
    if (count("primary") !== 1) fail(`crtcs[${i}].planes`, "a list with one primary plane", crtc.planes);
    if (count("cursor") > 1) fail(`crtcs[${i}].planes`, "a list with one cursor plane at most", crtc.planes);
  });
  if (planes > MAX_OBJECTS) fail("the number of planes of all crtcs", `at most ${MAX_OBJECTS}`, planes);
  config.connectors?.forEach((connector, i) =>
    connector.crtcs?.forEach((crtc, j) => {
      if (crtc >= crtcs.length) fail(`connectors[${i}].crtcs[${j}]`, `less than ${crtcs.length}`, crtc);
    })
  );
  return config;
}
