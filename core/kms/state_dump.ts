/**
 * The state of a device's KMS as text: debugfs's `state` and `framebuffer`. Mirrors drm_atomic_print_new_state and its parts
 * (drivers/gpu/drm/drm_atomic.c), drm_framebuffer_print_info and drm_gem_print_info.
 * @module
 */

import {
  DRM_MODE_CONNECTOR_HDMIA,
  DRM_MODE_CONNECTOR_HDMIB,
  DRM_MODE_CONNECTOR_WRITEBACK,
} from "../../uapi/drm_mode_connector.ts";
import type { GemObject } from "../gem.ts";
import { PAGE_SIZE } from "../memory.ts";
import type { Connector } from "./connector.ts";
import type { Crtc } from "./crtc.ts";
import { Framebuffer } from "./framebuffer.ts";
import type { Mode } from "./mode.ts";
import type { ModeConfig } from "./mode_config.ts";
import type { StatefulObject } from "./mode_object.ts";
import type { Plane } from "./plane.ts";

const DRM_FORMAT_BIG_ENDIAN = 0x8000_0000;

const hex = (value: number | bigint, digits = 0): string =>
  (typeof value === "number" ? value >>> 0 : value).toString(16).padStart(digits, "0");
const bit = (value: boolean): number => value ? 1 : 0;
const signed = (value: number): string => `${value < 0 ? "" : "+"}${value}`;

/** %p4cc: "XR24 little-endian (0x34325258)". @param format fourcc. */
export function fourccText(format: number): string {
  let letters = "";
  for (let shift = 0; shift < 32; shift += 8) {
    const code = ((format & ~DRM_FORMAT_BIG_ENDIAN) >>> shift) & 0xff;
    letters += code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : ".";
  }
  return `${letters} ${(format & DRM_FORMAT_BIG_ENDIAN) !== 0 ? "big" : "little"}-endian (0x${hex(format, 8)})`;
}

// DRM_RECT_FP_FMT's parts: the whole pixels, and millionths as the kernel rounds them.
function fixed(value: number, sign = false): string {
  const whole = value >> 16, part = ((value & 0xffff) * 15625) >>> 10;
  return `${sign ? signed(whole) : whole}.${String(part).padStart(6, "0")}`;
}

/** DRM_MODE_FMT: name, rate, clock, horizontal and vertical timing, type, flags. @param mode undefined: none, all 0. */
export function modeText(mode: Mode | undefined): string {
  if (mode === undefined) return `"": 0 0 0 0 0 0 0 0 0 0 0x0 0x0`;
  const numbers = [
    mode.refresh,
    mode.clock,
    mode.hdisplay,
    mode.hsyncStart,
    mode.hsyncEnd,
    mode.htotal,
    mode.vdisplay,
    mode.vsyncStart,
    mode.vsyncEnd,
    mode.vtotal,
  ];
  return `"${mode.name}": ${numbers.join(" ")} 0x${hex(mode.type)} 0x${hex(mode.flags)}`;
}

/** What an object's property of that name is set to, in words if it has some; `absent` where it has no such property. */
function propertyText<S>(object: StatefulObject<S>, name: string, absent: string): string {
  const binding = object.properties.list.find(({ property }) => property.name === name);
  if (binding === undefined) return absent;
  const value = binding.get(object.state);
  return binding.property.enums.find((item) => item.value === value)?.name ?? String(value);
}

/** drm_gem_print_info. @param indent tabulators before each line. */
export function gemText(object: GemObject, indent: number): string {
  const lines = [
    `name=${object.name}`,
    `refcount=${object.references}`,
    `start=${hex(BigInt(Math.floor(object.offset / PAGE_SIZE)), 8)}`,
    `size=${object.size}`,
    `imported=${object.imported !== undefined ? "yes" : "no"}`,
  ];
  return indented(lines, indent) + (object.funcs.printInfo?.(object, indent) ?? "");
}

function indented(lines: readonly string[], indent: number): string {
  return lines.map((line) => `${"\t".repeat(indent)}${line}\n`).join("");
}

/** drm_framebuffer_print_info. @param indent tabulators before each line. */
export function framebufferText(fb: Framebuffer, indent: number): string {
  let text = indented([
    `allocated by = ${fb.comm}`,
    `refcount=${fb.references}`,
    `format=${fourccText(fb.format)}`,
    `modifier=0x${hex(fb.modifier)}`,
    `size=${fb.width}x${fb.height}`,
    "layers:",
  ], indent);
  for (let i = 0; i < fb.info.num_planes; i++) {
    const object = fb.objects[i];
    text += indented([
      `size[${i}]=${fb.planeWidth(i)}x${fb.planeHeight(i)}`,
      `pitch[${i}]=${fb.pitches[i]}`,
      `offset[${i}]=${fb.offsets[i]}`,
      `obj[${i}]:${object === undefined ? "(null)" : ""}`,
    ], indent + 1);
    if (object !== undefined) text += gemText(object, indent + 2);
  }
  return text;
}

/** drm_framebuffer_info: all framebuffers of a device, the newest first. */
export function framebuffersText(kms: ModeConfig): string {
  const fbs: Framebuffer[] = [];
  for (const [, object] of kms.objects) if (object instanceof Framebuffer) fbs.push(object);
  return fbs.sort((a, b) => b.serial - a.serial)
    .map((fb) => `framebuffer[${fb.id}]:\n${framebufferText(fb, 1)}`).join("");
}

function planeText(plane: Plane): string {
  const { state } = plane;
  const { crtc, fb } = state;
  return `plane[${plane.id}]: ${plane.name}\n` +
    indented([`crtc=${crtc?.name ?? "(null)"}`, `fb=${fb?.id ?? 0}`], 1) +
    (fb === undefined ? "" : framebufferText(fb, 2)) +
    indented([
      `crtc-pos=${state.crtcW | 0}x${state.crtcH | 0}${signed(state.crtcX)}${signed(state.crtcY)}`,
      `src-pos=${fixed(state.srcW)}x${fixed(state.srcH)}${fixed(state.srcX, true)}${fixed(state.srcY, true)}`,
      `rotation=${hex(state.rotation)}`,
      `normalized-zpos=${hex(state.normalizedZpos)}`,
      `color-encoding=${propertyText(plane, "COLOR_ENCODING", "ITU-R BT.601 YCbCr")}`,
      `color-range=${propertyText(plane, "COLOR_RANGE", "YCbCr limited range")}`,
      "color_mgmt_changed=0",
    ], 1) +
    (plane.hooks.atomicPrintState?.(state) ?? "");
}

function crtcText(crtc: Crtc): string {
  const { state } = crtc;
  return `crtc[${crtc.id}]: ${crtc.name}\n` +
    indented([
      `enable=${bit(state.enable)}`,
      `active=${bit(state.active)}`,
      "self_refresh_active=0",
      `planes_changed=${bit(state.planesChanged)}`,
      `mode_changed=${bit(state.modeChanged)}`,
      `active_changed=${bit(state.activeChanged)}`,
      `connectors_changed=${bit(state.connectorsChanged)}`,
      `color_mgmt_changed=${bit(state.colorMgmtChanged)}`,
      `plane_mask=${hex(state.planeMask)}`,
      `connector_mask=${hex(state.connectorMask)}`,
      `encoder_mask=${hex(state.encoderMask)}`,
      `mode: ${modeText(state.mode)}`,
    ], 1) +
    (crtc.hooks.atomicPrintState?.(state) ?? "");
}

function connectorText(connector: Connector): string {
  const { state, connectorType } = connector;
  const lines = [
    `crtc=${state.crtc?.name ?? "(null)"}`,
    "self_refresh_aware=0",
    `max_requested_bpc=${state.maxRequestedBpc}`,
    `colorspace=${propertyText(connector, "Colorspace", "Default")}`,
  ];
  if (connectorType === DRM_MODE_CONNECTOR_HDMIA || connectorType === DRM_MODE_CONNECTOR_HDMIB) {
    // What drm_connector's HDMI helpers would compute: no driver here uses them.
    lines.push(
      `broadcast_rgb=${propertyText(connector, "Broadcast RGB", "Automatic")}`,
      "is_limited_range=n",
      "output_bpc=0",
      "output_format=RGB",
      "tmds_char_rate=0",
    );
  }
  if (connectorType === DRM_MODE_CONNECTOR_WRITEBACK) {
    const fb = state.writebackJob?.fb;
    if (fb !== undefined) lines.push(`fb=${fb.id}`);
  }
  return `connector[${connector.id}]: ${connector.name}\n` + indented(lines, 1) +
    (connector.hooks.atomicPrintState?.(state) ?? "");
}

/** drm_state_info: planes, CRTCs and connectors, each with its current state. */
export function stateText(kms: ModeConfig): string {
  return kms.planes.map(planeText).join("") + kms.crtcs.map(crtcText).join("") +
    kms.connectors.map(connectorText).join("");
}
