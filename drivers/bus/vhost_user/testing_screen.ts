/**
 * Test double of a front end's screens: the other end of a display socket. It answers questions, keeps pixels, and notes what a
 * real one could not bear.
 * @module
 */

import {
  virtio_gpu_resp_display_info,
  virtio_gpu_resp_edid,
  VIRTIO_GPU_RESP_OK_DISPLAY_INFO,
  VIRTIO_GPU_RESP_OK_EDID,
} from "../../../uapi/virtio_gpu.ts";
import * as gpu from "../../../uapi/vhost_user_gpu.ts";
import { close, sendStream, setNonblocking, StreamInput, streamPair } from "../../os/mod.ts";
import { u64 } from "./testing.ts";

const HEADER = 12;
const PAYLOAD_MAX = 64 << 20;

/** What a screen shows. */
export interface ScreenPicture {
  /** Columns; 0 while it is off. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** XRGB8888. */
  readonly pixels: Uint8Array;
}

/** What {@linkcode ScreenDouble} has been told, in order and without pixels. */
export interface ScreenMessage {
  /** VHOST_USER_GPU_* */
  readonly request: number;
  /** The payload's 32-bit words, five at most. */
  readonly words: readonly number[];
}

/** The screens of a front end: answers questions, keeps pixels. */
export class ScreenDouble implements Disposable {
  /** The descriptor for GPU_SET_SOCKET. The double's owner sends it and closes it (`given`). */
  readonly theirs: number;
  /** Everything that was said. */
  readonly messages: ScreenMessage[] = [];
  /** Monitors. */
  modes: { enabled: boolean; width: number; height: number }[] = [{ enabled: true, width: 1280, height: 800 }];
  /** EDIDs; a made-up one where there is none. */
  edids: Uint8Array[] = [];
  /** Protocol features that are offered. */
  features = 3n;
  /** Whether questions are answered, and pixels read. */
  answers = true;
  /** Reads nothing while false. */
  reads = true;
  /** Cursors by scanout. */
  readonly cursors: Map<number, { x: number; y: number; visible: boolean; pixels: Uint8Array }> = new Map();
  /** What was said that a front end could not bear, such as pixels before a size. */
  readonly faults: string[] = [];
  readonly #own: number;
  readonly #input = new StreamInput(1 << 20);
  readonly #screens = new Map<number, { width: number; height: number; pixels: Uint8Array }>();
  #given = false;
  #ended = false;
  #closed = false;
  #large: Uint8Array | undefined;
  #largeHave = 0;

  /** Makes both ends. */
  constructor() {
    [this.#own, this.theirs] = streamPair();
    // As QEMU's: a back end may rely on it.
    setNonblocking(this.theirs, false);
  }

  /** Whether the back end has closed its end. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The back end has its end now. */
  given(): void {
    if (!this.#given) close(this.theirs);
    this.#given = true;
  }

  /** What a scanout shows. */
  screen(scanout = 0): ScreenPicture {
    return this.#screens.get(scanout) ?? { width: 0, height: 0, pixels: new Uint8Array(0) };
  }

  /** Messages of a kind. */
  count(request: number): number {
    return this.messages.filter((message) => message.request === request).length;
  }

  /** Sends anything. */
  raw(bytes: Uint8Array): void {
    if (!this.#closed) sendStream(this.#own, bytes);
  }

  /** Takes in what was said. @returns whether there was anything. */
  poll(): boolean {
    let any = false;
    while (this.reads && !this.#ended && this.#take()) any = true;
    return any;
  }

  #take(): boolean {
    const input = this.#input;
    if (!this.#ok(input.receive(this.#own, HEADER))) return false;
    const size = input.view.getUint32(8, true);
    if (size > PAYLOAD_MAX) {
      this.faults.push(`a message of ${size} bytes`);
      this.#ended = true;
      return false;
    }
    let payload: Uint8Array;
    if (HEADER + size <= input.bytes.length) {
      if (!this.#ok(input.receive(this.#own, HEADER + size))) return false;
      payload = input.bytes.subarray(HEADER, HEADER + size);
    } else {
      this.#large ??= new Uint8Array(size);
      const rest = Math.min(size - this.#largeHave, input.bytes.length - HEADER);
      if (!this.#ok(input.receive(this.#own, HEADER + rest))) return false;
      this.#large.set(input.bytes.subarray(HEADER, HEADER + rest), this.#largeHave);
      this.#largeHave += rest;
      input.length = HEADER;
      if (this.#largeHave < size) return true;
      payload = this.#large;
      this.#large = undefined;
      this.#largeHave = 0;
    }
    const request = input.view.getUint32(0, true);
    const words = new Uint32Array(payload.slice(0, Math.min(20, payload.length) & ~3).buffer);
    this.messages.push({ request, words: [...words] });
    this.#heed(request, words, payload);
    input.clear();
    return true;
  }

  #ok(result: number): boolean {
    if (result < 0 && result !== -11) this.#ended = true;
    return result >= 0;
  }

  #heed(request: number, words: Uint32Array, payload: Uint8Array): void {
    switch (request) {
      case gpu.VHOST_USER_GPU_GET_PROTOCOL_FEATURES:
        return this.#reply(request, u64(this.features));
      case gpu.VHOST_USER_GPU_GET_DISPLAY_INFO: {
        const info = virtio_gpu_resp_display_info.of({ hdr: { type: VIRTIO_GPU_RESP_OK_DISPLAY_INFO } });
        this.modes.forEach(({ enabled, width, height }, i) => {
          info.pmodes[i].enabled = enabled ? 1 : 0;
          info.pmodes[i].r.width = width;
          info.pmodes[i].r.height = height;
        });
        return this.#reply(request, virtio_gpu_resp_display_info.bytes(info));
      }
      case gpu.VHOST_USER_GPU_GET_EDID: {
        const scanout = words[0];
        if (scanout >= this.modes.length) return void this.faults.push(`the EDID of scanout ${scanout}`);
        const edid = this.edids[scanout] ?? new Uint8Array(128).fill(0x5a);
        const answer = virtio_gpu_resp_edid.of({ hdr: { type: VIRTIO_GPU_RESP_OK_EDID }, size: edid.length, edid });
        return this.#reply(request, virtio_gpu_resp_edid.bytes(answer));
      }
      case gpu.VHOST_USER_GPU_SCANOUT: {
        const [scanout, width, height] = words;
        this.#screens.set(scanout, { width, height, pixels: new Uint8Array(width * height * 4) });
        return;
      }
      case gpu.VHOST_USER_GPU_UPDATE:
        return this.#update(words, payload);
      case gpu.VHOST_USER_GPU_CURSOR_UPDATE:
      case gpu.VHOST_USER_GPU_CURSOR_POS:
      case gpu.VHOST_USER_GPU_CURSOR_POS_HIDE: {
        const [scanout, x, y] = words;
        const before = this.cursors.get(scanout)?.pixels ?? new Uint8Array(0);
        const pixels = request === gpu.VHOST_USER_GPU_CURSOR_UPDATE ? payload.slice(20) : before;
        this.cursors.set(scanout, { x, y, visible: request !== gpu.VHOST_USER_GPU_CURSOR_POS_HIDE, pixels });
      }
    }
  }

  #update([scanout, x, y, width, height]: Uint32Array, payload: Uint8Array): void {
    const screen = this.#screens.get(scanout);
    if (screen === undefined || screen.width === 0) {
      return void this.faults.push(`pixels of scanout ${scanout}, which is off`);
    }
    if (x + width > screen.width || y + height > screen.height || payload.length !== 20 + width * height * 4) {
      return void this.faults.push(`${payload.length} bytes for ${width}x${height} at ${x},${y}`);
    }
    for (let row = 0; row < height; row++) {
      const from = 20 + row * width * 4;
      screen.pixels.set(payload.subarray(from, from + width * 4), ((y + row) * screen.width + x) * 4);
    }
  }

  #reply(request: number, payload: Uint8Array): void {
    if (!this.answers) return;
    const message = new Uint8Array(HEADER + payload.length);
    const header = gpu.vhost_user_gpu_header.at(message);
    header.request = request;
    header.flags = gpu.VHOST_USER_GPU_MSG_FLAG_REPLY;
    header.size = payload.length;
    message.set(payload, HEADER);
    this.raw(message);
  }

  /** Closes both ends that are still here. Twice does nothing. */
  [Symbol.dispose](): void {
    this.given();
    if (this.#closed) return;
    this.#closed = this.#ended = true;
    this.#input.clear();
    close(this.#own);
  }
}
