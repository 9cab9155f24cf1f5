/**
 * A display that writes down what it is shown, and framebuffers of one colour, by which it is known what that was.
 * @module
 */

import type { Display, Frame } from "udrm/core/display.ts";
import * as uapi from "udrm/uapi/mod.ts";
import type { KmsClient } from "./kms_client.ts";

/** What a scanout shows: the size, and the colour if it is one colour; undefined: it is off. */
export type Shown = { readonly width: number; readonly height: number; readonly pixel: number | undefined } | undefined;

/** Writes down what it is shown. */
export class Recorder implements Display {
  readonly name = "recorder";
  /** Each change of what a scanout shows, in its order: "0 red", "1 off". */
  readonly log: string[] = [];
  /** What each scanout shows now. */
  readonly shown: Shown[] = [];

  /** Takes the log. */
  take(): string[] {
    return this.log.splice(0);
  }

  present(scanout: number, frame: Frame | undefined): void {
    const before = this.shown[scanout];
    const now = frame && look(frame);
    this.shown[scanout] = now;
    const same = before?.width === now?.width && before?.height === now?.height && before?.pixel === now?.pixel;
    if (same && (before === undefined) === (now === undefined)) return;
    this.log.push(`${scanout} ${now === undefined ? "off" : colourName(now.pixel)}`);
  }

  cursor(): void {}

  [Symbol.dispose](): void {}
}

function look(frame: Frame): Shown {
  const { width, height } = frame;
  const pixels = new Uint32Array(width * height);
  frame.read(new Uint8Array(pixels.buffer), width * 4);
  const pixel = pixels[0] & 0xff_ffff;
  return { width, height, pixel: pixels.every((other) => (other & 0xff_ffff) === pixel) ? pixel : undefined };
}

/** Colours of tests. */
export const COLOURS = { black: 0, red: 0xff0000, green: 0x00ff00, blue: 0x0000ff, grey: 0x808080 } as const;

function colourName(pixel: number | undefined): string {
  if (pixel === undefined) return "picture";
  return Object.entries(COLOURS).find(([, value]) => value === pixel)?.[0] ?? `0x${pixel.toString(16)}`;
}

/** A framebuffer of one colour, without a handle; its id. */
export function coloured(client: KmsClient, colour: keyof typeof COLOURS, width = 640, height = 480): number {
  const { handle, pitch, size } = client.dumb(width, height);
  const map = uapi.drm_mode_map_dumb.of({ handle });
  client.card.ioctl(uapi.DRM_IOCTL_MODE_MAP_DUMB, map);
  const bytes = client.card.mmap(size, map.offset);
  new Uint32Array(bytes.buffer, bytes.byteOffset, size >>> 2).fill(COLOURS[colour]);
  client.process.munmap(bytes);
  const fb = client.addFb({
    width,
    height,
    pixel_format: uapi.DRM_FORMAT_XRGB8888,
    handles: [handle],
    pitches: [pitch],
  });
  client.gemClose(handle);
  if (typeof fb === "string") throw new Error(`Cannot make a framebuffer: ${fb}`);
  return fb;
}
