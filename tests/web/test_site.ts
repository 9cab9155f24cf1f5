/**
 * For tests of the page: a system with a vkms device that shows a picture on three planes, and its web server.
 * @module
 */

import { createSystem, drivers } from "udrm/mod.ts";
import { Inspector } from "udrm/core/inspect/mod.ts";
import type { System } from "udrm/core/system.ts";
import { type DrmCard, modeBytes, openCard } from "udrm/drivers/umd/drm/mod.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { createBoard, SharedDisplay, SharedScreens } from "udrm/drivers/display/board/mod.ts";
import { WebServer, type WebServerOptions } from "udrm/drivers/display/web/web_server.ts";

/** Columns and rows of the test's screen. */
export const TEST_SIZE = { width: 640, height: 480 };
/** What the quarters of the screen show: top left, top right, bottom left, bottom right; 0xrrggbb. */
export const TEST_COLORS: readonly number[] = [0xc03040, 0x30a060, 0x3050c0, 0xe0c040];
/** What the overlay plane shows in the middle. */
export const TEST_OVERLAY = 0xffffff;

/** A device with a client that shows something, and the server. */
export class TestSite implements AsyncDisposable {
  /** The system. */
  readonly system: System;
  /** The client's file. */
  readonly card: DrmCard;
  /** The server. */
  readonly web: WebServer;
  /** The inspector behind it. */
  readonly inspector: Inspector;
  /** Keys and buttons that came back, a line each. */
  readonly heard: string[] = [];
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #stack = new DisposableStack();

  /** Shows the picture. @param options of the server. */
  constructor(options: Partial<WebServerOptions> = {}) {
    const stack = this.#stack;
    const board = createBoard();
    const screens = new SharedScreens({ board, kick: () => queueMicrotask(() => display.poll()), name: "card0" });
    const display: SharedDisplay = new SharedDisplay({
      board,
      send: (message) => screens.receive(message),
      input: {
        key: (code, down) => this.heard.push(`key ${code} ${down ? "down" : "up"}`),
        pointer: (x, y, buttons) => this.heard.push(`pointer ${x} ${y} ${buttons}`),
        wheel: (down) => this.heard.push(`wheel ${down}`),
        reset: () => this.heard.push("reset"),
      },
    });
    this.system = stack.use(createSystem({
      drivers: [drivers.vkms({
        display,
        overlays: 1,
        connectors: [{ type: "DP", modes: [`${TEST_SIZE.width}x${TEST_SIZE.height}`] }],
      })],
    }));
    stack.use(display);
    this.inspector = stack.use(new Inspector(this.system));
    this.card = stack.use(openCard(this.system.process({ comm: "painter", pid: 4242 })));
    this.#paint();
    this.web = new WebServer({
      screens: () => [screens.screen(0)],
      inspect: {
        watch: (on) => this.inspector.watch(on),
        look: (since, thumbnails) => this.inspector.look({ since, thumbnails }),
      },
      inspectLimits: { interval: 50 },
      ...options,
    });
    this.#timer = setInterval(() => this.system.pump(), 5);
  }

  #paint(): void {
    const { card } = this;
    card.becomeAtomic();
    const [connector] = card.connectors();
    const crtc = connector.crtc(), mode = connector.preferredMode;
    const { width, height } = TEST_SIZE;
    const screen = this.#stack.use(card.createDumb(width, height));
    const words = new Uint32Array(screen.bytes.buffer, screen.bytes.byteOffset, width * height);
    for (let y = 0; y < height; y++) {
      for (let half = 0; half < 2; half++) {
        const from = y * width + half * width / 2;
        words.fill(TEST_COLORS[(y < height / 2 ? 0 : 2) + half], from, from + width / 2);
      }
    }
    const patch = this.#stack.use(card.createDumb(128, 96));
    patch.bytes.fill(0xff);
    const place = (fb: number, w: number, h: number, x: number, y: number) => ({
      FB_ID: fb,
      CRTC_ID: crtc.id,
      SRC_X: 0,
      SRC_Y: 0,
      SRC_W: w * 65536,
      SRC_H: h * 65536,
      CRTC_X: x,
      CRTC_Y: y,
      CRTC_W: w,
      CRTC_H: h,
    });
    const primary = card.planeOf(crtc, uapi.DRM_PLANE_TYPE_PRIMARY);
    const overlay = card.planeOf(crtc, uapi.DRM_PLANE_TYPE_OVERLAY);
    const request = card.atomic()
      .set(connector, "CRTC_ID", crtc.id)
      .setAll(crtc, { ACTIVE: 1, MODE_ID: card.createBlob(modeBytes(mode)) })
      .setAll(primary, place(screen.framebuffer(uapi.DRM_FORMAT_XRGB8888), width, height, 0, 0))
      .setAll(overlay, place(patch.framebuffer(uapi.DRM_FORMAT_XRGB8888), 128, 96, 256, 192));
    request.commit(uapi.DRM_MODE_ATOMIC_ALLOW_MODESET);
  }

  /** Ends all. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.web[Symbol.asyncDispose]();
    this.#stack.dispose();
  }
}
