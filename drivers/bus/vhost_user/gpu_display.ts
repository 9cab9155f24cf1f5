/**
 * The display that is a front end's screens: SCANOUT when a size changes, UPDATE with the pixels that changed, cursors. What a
 * slow viewer has not seen yet is remembered as strips and sent as it looks by then; the device never waits for it.
 * @module
 */

import type { CursorImage, Display, DisplayMode, Frame } from "../../../core/display.ts";
import {
  VHOST_USER_GPU_CURSOR_POS,
  vhost_user_gpu_cursor_pos,
  VHOST_USER_GPU_CURSOR_POS_HIDE,
  VHOST_USER_GPU_CURSOR_UPDATE,
  vhost_user_gpu_cursor_update,
  VHOST_USER_GPU_SCANOUT,
  vhost_user_gpu_scanout,
} from "../../../uapi/vhost_user_gpu.ts";
import { type Epoll, EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, monotonicNs } from "../../os/mod.ts";
import { DisplayQueries } from "./display_queries.ts";
import { DisplaySocket } from "./display_socket.ts";
import { Strips } from "./strips.ts";
import { UPDATE_PIXELS, UpdateSender } from "./update_sender.ts";

const CURSOR_SIDE = 64;
/** What of a cursor the front end has not heard. */
const CURSOR_KNOWN = 0;
const CURSOR_MOVED = 1;
const CURSOR_CHANGED = 2;

/** One scanout. */
class Screen {
  /** What it shows: 0 while it is off. */
  width = 0;
  height = 0;
  /** What the front end was told last; -1 if it was told by an earlier connection. */
  sentWidth = 0;
  sentHeight = 0;
  readonly unseen: Strips = new Strips();
  cursor: CursorImage | undefined;
  cursorX = 0;
  cursorY = 0;
  cursorNews = CURSOR_KNOWN;
}

/** The screens of whichever front end is connected. */
export class GpuDisplay implements Display {
  /** "vhost-user". */
  readonly name: string = "vhost-user";
  /** Set by the host: a scanout has another monitor. */
  onModeChange: ((scanout: number, mode: DisplayMode) => void) | undefined;
  /** Set by the host: presents a scanout once more. */
  onRefresh: ((scanout: number) => void) | undefined;
  /** Hears why a display socket is used no more. */
  onDrop: ((reason: string) => void) | undefined;
  readonly #screens: readonly Screen[];
  readonly #modes: (DisplayMode | undefined)[];
  #socket: DisplaySocket | undefined;
  #queries: DisplayQueries | undefined;
  #sender: UpdateSender | undefined;
  #active = false;
  #applying = false;
  #refreshing = -1;
  readonly #rect = { x: 0, y: 0, width: 0, height: 0 };
  readonly #size = vhost_user_gpu_scanout.of();
  readonly #place = vhost_user_gpu_cursor_pos.of();
  readonly #image = vhost_user_gpu_cursor_update.of();

  /** Screens that nobody looks at yet. @param scanouts how many, 1 to 16. */
  constructor(scanouts: number) {
    this.#screens = Array.from({ length: scanouts }, () => new Screen());
    this.#modes = new Array<DisplayMode | undefined>(scanouts).fill(undefined);
  }

  /** Whether answers about monitors are awaited: the guest is not to be told older ones. */
  get querying(): boolean {
    return this.#queries?.busy ?? false;
  }
  /** When they are awaited no longer, ns of CLOCK_MONOTONIC. */
  get deadline(): number {
    return this.#queries?.deadline ?? Infinity;
  }
  /** Whether a change of modes that is under way is the front end's own: it need not be told. */
  get applying(): boolean {
    return this.#applying;
  }
  /** Whether a front end's screens are there. */
  get connected(): boolean {
    return this.#socket?.connected ?? false;
  }

  /** Where its socket is to be watched. For the server. */
  watch(epoll: Epoll, key: number): void {
    const socket = this.#socket = new DisplaySocket(epoll, key);
    this.#sender = new UpdateSender(socket);
    const post = (request: number, payload: Uint8Array) => void socket.post(request, payload);
    this.#queries = new DisplayQueries(this.#screens.length, monotonicNs, post, (modes) => this.#apply(modes));
  }

  /** Takes a front end's display socket, owned from now on, and asks for its monitors. */
  connect(fd: number): void {
    this.disconnect();
    this.#socket?.open(fd);
    this.#queries?.begin();
    if (this.#active) this.#showAll();
  }

  /** The display socket is gone, or is to go. */
  disconnect(): void {
    this.#socket?.close();
    this.#queries?.end();
    for (const screen of this.#screens) {
      if (screen.sentWidth !== 0) screen.sentWidth = screen.sentHeight = -1;
    }
  }

  /** Forgets what an earlier front end was told: this is another one. */
  forget(): void {
    this.disconnect();
    for (const screen of this.#screens) screen.sentWidth = screen.sentHeight = 0;
  }

  /** The device runs: what it shows is shown, all of it. */
  resume(): void {
    if (this.#active) return;
    this.#active = true;
    this.#showAll();
  }

  /** The device has stopped: nothing is sent. */
  pause(): void {
    this.#active = false;
  }

  /** Asks for the monitors anew. */
  query(): void {
    if (this.connected) this.#queries?.refresh();
  }

  /** Gives up waiting for answers if it is time. */
  expire(): void {
    if (this.querying && monotonicNs() >= this.deadline) {
      this.#queries?.end();
      this.onDrop?.("the front end does not say what its displays are");
    }
  }

  /** Something happened to the socket. @param events EPOLL* */
  event(events: number): void {
    const socket = this.#socket;
    if (socket === undefined || !socket.connected) return;
    if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) !== 0) {
      const gone = socket.receive((request, payload) => this.#queries?.answer(request, payload) ?? false);
      if (gone !== undefined) {
        this.disconnect();
        if (gone !== "closed") this.onDrop?.(gone);
        return;
      }
    }
    if ((events & EPOLLOUT) === 0) return;
    if (!socket.flush()) return this.disconnect();
    if (this.#active) { for (let i = 0; i < this.#screens.length; i++) this.#pump(i); }
  }

  /** A scanout shows a frame, or is off. */
  present(scanout: number, frame: Frame | undefined): void {
    const screen = this.#screens[scanout];
    if (screen === undefined) return;
    if (frame === undefined) {
      screen.width = screen.height = 0;
      screen.unseen.clear();
      if (this.#active) this.#pump(scanout);
      return;
    }
    const { width, height } = frame;
    if (width !== screen.width || height !== screen.height) {
      screen.width = width;
      screen.height = height;
      screen.unseen.reset(width, height);
    } else if (this.#refreshing !== scanout) {
      if (this.#active && this.#direct(screen, scanout, frame)) return;
      if (frame.damage.length === 0) screen.unseen.reset(width, height);
      for (const { x, y, width, height } of frame.damage) screen.unseen.mark(x, y, width, height);
    }
    if (this.#active) this.#send(screen, scanout, frame);
  }

  /** The cursor of a scanout. */
  cursor(scanout: number, image: CursorImage | undefined, x: number, y: number): void {
    const screen = this.#screens[scanout];
    if (screen === undefined) return;
    const news = image !== screen.cursor ? CURSOR_CHANGED : CURSOR_MOVED;
    screen.cursor = image;
    screen.cursorX = x;
    screen.cursorY = y;
    screen.cursorNews = Math.max(screen.cursorNews, news);
    if (this.#active && this.#socket?.ready) this.#sendCursor(screen, scanout);
  }

  /** Leaves the front end. */
  [Symbol.dispose](): void {
    this.forget();
    this.#active = false;
    this.onModeChange = this.onRefresh = undefined;
  }

  #showAll(): void {
    this.#screens.forEach((screen, i) => {
      if (screen.width > 0) screen.unseen.reset(screen.width, screen.height);
      if (screen.cursor !== undefined) screen.cursorNews = CURSOR_CHANGED;
      this.#pump(i);
    });
  }

  // The host's picture of now, for what was not seen.
  #pump(index: number): void {
    const screen = this.#screens[index], socket = this.#socket;
    if (socket === undefined || !socket.connected) return;
    if (!socket.ready) return socket.wantRoom();
    if (screen.width === 0) {
      if (screen.sentWidth !== 0) this.#sendSize(screen, index);
    } else if (!screen.unseen.empty) {
      this.#refreshing = index;
      try {
        this.onRefresh?.(index);
      } finally {
        this.#refreshing = -1;
      }
    }
    if (socket.ready && screen.cursorNews !== CURSOR_KNOWN) this.#sendCursor(screen, index);
  }

  // A change while nothing else is to be sent needs no book-keeping: exactly the rectangles that changed go out.
  #direct(screen: Screen, index: number, frame: Frame): boolean {
    const ready = this.#socket?.ready && screen.unseen.empty && frame.damage.length > 0 &&
      screen.sentWidth === screen.width && screen.sentHeight === screen.height;
    if (!ready || this.#sender === undefined) return false;
    for (const rect of frame.damage) {
      const { x, y } = rect;
      const right = Math.min(screen.width, x + rect.width), bottom = Math.min(screen.height, y + rect.height);
      if (x < 0 || y < 0 || x >= right || y >= bottom) continue;
      const rows = this.#sender.send(index, frame, x, y, right - x, bottom - y);
      if (rows < bottom - y) screen.unseen.mark(x, y + rows, right - x, bottom - y - rows);
    }
    return true;
  }

  #send(screen: Screen, index: number, frame: Frame): void {
    const socket = this.#socket, sender = this.#sender, rect = this.#rect;
    if (socket === undefined || sender === undefined || !socket.connected) return;
    if (!socket.ready) return socket.wantRoom();
    if (screen.sentWidth !== screen.width || screen.sentHeight !== screen.height) {
      // The front end has no pixels of this size yet, or drops those that it has.
      screen.unseen.reset(screen.width, screen.height);
      this.#sendSize(screen, index);
    }
    while (socket.ready && screen.unseen.take(rect, UPDATE_PIXELS)) {
      const { x, y, width, height } = rect;
      const rows = sender.send(index, frame, x, y, width, height);
      if (rows < height) screen.unseen.mark(x, y + rows, width, height - rows);
    }
    if (!screen.unseen.empty) socket.wantRoom();
  }

  #sendSize(screen: Screen, index: number): void {
    const { width, height } = screen;
    this.#size.scanout_id = index;
    this.#size.width = width;
    this.#size.height = height;
    if (!this.#socket?.post(VHOST_USER_GPU_SCANOUT, vhost_user_gpu_scanout.bytes(this.#size))) return;
    screen.sentWidth = width;
    screen.sentHeight = height;
  }

  #sendCursor(screen: Screen, index: number): void {
    const { cursor } = screen, place = this.#place;
    place.scanout_id = index;
    place.x = screen.cursorX;
    place.y = screen.cursorY;
    const socket = this.#socket;
    if (cursor !== undefined && screen.cursorNews === CURSOR_CHANGED && cursor.width === CURSOR_SIDE) {
      const image = this.#image;
      image.pos = place;
      image.hot_x = cursor.hotX;
      image.hot_y = cursor.hotY;
      image.data = cursor.bytes;
      socket?.post(VHOST_USER_GPU_CURSOR_UPDATE, vhost_user_gpu_cursor_update.bytes(image));
    } else {
      const request = cursor === undefined ? VHOST_USER_GPU_CURSOR_POS_HIDE : VHOST_USER_GPU_CURSOR_POS;
      socket?.post(request, vhost_user_gpu_cursor_pos.bytes(place));
    }
    screen.cursorNews = CURSOR_KNOWN;
  }

  #apply(modes: readonly DisplayMode[]): void {
    this.#applying = true;
    try {
      modes.forEach((mode, i) => {
        if (same(mode, this.#modes[i])) return;
        this.#modes[i] = mode;
        this.onModeChange?.(i, mode);
      });
    } finally {
      this.#applying = false;
    }
  }
}

function same(a: DisplayMode, b: DisplayMode | undefined): boolean {
  if (b === undefined || a.enabled !== b.enabled || a.width !== b.width || a.height !== b.height) return false;
  const { edid = new Uint8Array(0) } = a, { edid: other = new Uint8Array(0) } = b;
  return edid.length === other.length && edid.every((byte, i) => byte === other[i]);
}
