/**
 * The panic screen: when all else has failed, a message is drawn over whatever each plane scans out. Mirrors
 * drivers/gpu/drm/drm_panic.c, with two of its screens: "user", a word to whoever sits there, and "kmsg", the end of the log.
 *
 * Here nothing dies: it is a tool to see what a user would. The picture stays until the next commit.
 * @module
 */

import { DRM_FORMAT_MOD_LINEAR } from "../../uapi/mod.ts";
import type { ModeConfig } from "./mode_config.ts";
import { canDraw, Canvas, type ScanoutBuffer } from "./panic_draw.ts";
import type { Plane } from "./plane.ts";

/** How a panic looks. */
export interface PanicOptions {
  /** Which screen (the kernel's module parameter panic_screen), default "user". */
  readonly screen?: "user" | "kmsg";
  /** What "kmsg" shows, oldest line first; the description is its last line. */
  readonly log?: readonly string[];
  /** Colour of the text, XRGB8888, default white. */
  readonly foreground?: number;
  /** Colour behind it, XRGB8888, default black. */
  readonly background?: number;
}

const MESSAGE = ["SYSTEM PANIC!", "", "Everything has stopped. Please restart.", ""];

const LOGO = [
  " .-----------.",
  " |  x     x  |",
  " |     ^     |",
  " |   .---.   |",
  " '-----------'",
  "     __|__",
];

/** Whether a plane can show a panic. */
export function panicSupported(plane: Plane): boolean {
  return plane.hooks.getScanoutBuffer !== undefined;
}

/** drm_panic_is_enabled: the planes that can show a panic, in the order of debugfs's drm_panic_plane_N. */
export function panicPlanes(kms: ModeConfig): Plane[] {
  return kms.planes.filter(panicSupported);
}

/**
 * draw_panic_plane: draws on what a plane scans out, and has the driver show it.
 *
 * @param description why; one line, a line feed at its end does not count.
 * @returns whether there was something to draw on: a buffer of a format that is known.
 */
export function panicPlane(plane: Plane, description: string, options: PanicOptions = {}): boolean {
  const buffer = plane.hooks.getScanoutBuffer?.(plane);
  if (buffer === undefined || !canDraw(buffer)) return false;
  const canvas = new Canvas(buffer);
  const foreground = canvas.color(options.foreground ?? 0xff_ffff);
  canvas.fill(0, 0, canvas.width, canvas.height, canvas.color(options.background ?? 0));
  const text = description.endsWith("\n") ? description.slice(0, -1) : description;
  if (options.screen === "kmsg") drawLog(canvas, [...options.log ?? [], text], foreground);
  else drawMessage(canvas, [...MESSAGE, text], foreground);
  plane.hooks.panicFlush?.(plane);
  return true;
}

/** drm_panic of all planes of a device. @returns on how many it was drawn. */
export function panicDevice(kms: ModeConfig, description: string, options?: PanicOptions): number {
  return panicPlanes(kms).filter((plane) => panicPlane(plane, description, options)).length;
}

/** A write to debugfs's `drm_panic_plane_N`: a word for yes (y, t, 1, on) tries the screen; others do nothing, and are no error. */
export function storePanic(plane: Plane, text: string): void {
  if (/^([yYtT1]|[oO][nN])/.test(text)) panicPlane(plane, "Test from debugfs");
}

/**
 * drm_fb_dma_get_scanout_buffer: for `getScanoutBuffer` of drivers whose framebuffers lie in memory that the CPU reaches.
 *
 * @returns undefined while the plane shows nothing, and for memory that is not linear or another driver's.
 */
export function framebufferScanout(plane: Plane): ScanoutBuffer | undefined {
  const { fb, crtc, visible } = plane.state;
  if (fb === undefined || crtc === undefined || !visible || fb.modifier !== DRM_FORMAT_MOD_LINEAR) return undefined;
  const [object] = fb.objects;
  if (fb.info.num_planes !== 1 || object.imported !== undefined || object.pages === undefined) return undefined;
  const { format, width, height, pitches: [pitch], offsets: [offset] } = fb;
  return { format, width, height, pitch, bytes: object.pages.bytes().subarray(offset) };
}

function widest(lines: readonly string[]): number {
  return Math.max(...lines.map((line) => line.length));
}

// draw_panic_static_user: the message in the middle, each line centred, and a picture in the corner if it does not touch it.
function drawMessage(canvas: Canvas, lines: readonly string[], color: number): void {
  const { charWidth, charHeight } = canvas;
  const width = Math.min(widest(lines) * charWidth, canvas.width);
  const height = Math.min(lines.length * charHeight, canvas.height);
  const left = Math.floor((canvas.width - width) / 2), top = Math.floor((canvas.height - height) / 2);
  const logoWidth = widest(LOGO) * charWidth, logoHeight = LOGO.length * charHeight;
  const apart = logoWidth <= left || logoHeight <= top;
  if (apart && logoWidth <= canvas.width && logoHeight <= canvas.height) {
    LOGO.forEach((line, i) => canvas.text(0, i * charHeight, line, color));
  }
  const columns = Math.floor(width / charWidth);
  lines.slice(0, Math.floor(height / charHeight)).forEach((line, i) => {
    const shown = line.slice(0, columns);
    canvas.text(left + Math.floor((width - shown.length * charWidth) / 2), top + i * charHeight, shown, color);
  });
}

// draw_panic_static_kmsg: the youngest line at the bottom, long ones wrapped, until the top is reached.
function drawLog(canvas: Canvas, lines: readonly string[], color: number): void {
  const { charHeight, columns } = canvas;
  if (columns === 0) return;
  let y = canvas.height - charHeight - Math.floor((canvas.height % charHeight) / 2);
  for (let i = lines.length - 1; i >= 0 && y >= 0; i--) {
    const line = lines[i];
    const rows = Math.max(1, Math.ceil(line.length / columns));
    for (let row = rows - 1; row >= 0 && y >= 0; row--, y -= charHeight) {
      canvas.text(0, y, line.slice(row * columns, (row + 1) * columns), color);
    }
  }
}
