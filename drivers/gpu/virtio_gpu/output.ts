/**
 * `Output`: one scanout as KMS objects: CRTC, primary and cursor plane, encoder, connector. Mirrors drivers/gpu/drm/virtio/
 * virtgpu_display.c and virtgpu_plane.c.
 * @module
 */

import { Fence } from "../../../core/fence.ts";
import type { AtomicState } from "../../../core/kms/atomic_state.ts";
import type { Connector } from "../../../core/kms/connector.ts";
import type { Crtc } from "../../../core/kms/crtc.ts";
import type { Damage } from "../../../core/kms/damage.ts";
import type { Framebuffer } from "../../../core/kms/framebuffer.ts";
import type { Mode } from "../../../core/kms/mode.ts";
import { cvtMode } from "../../../core/kms/mode_cvt.ts";
import type { ModeConfig } from "../../../core/kms/mode_config.ts";
import { framebufferScanout } from "../../../core/kms/panic.ts";
import type { PlaneState } from "../../../core/kms/plane_state.ts";
import { modesWithoutEdid, preferMode } from "../../../core/kms/probe.ts";
import {
  connector_status_connected,
  connector_status_disconnected,
  DRM_MODE_CONNECTOR_VIRTUAL,
} from "../../../uapi/drm_mode_connector.ts";
import { DRM_FORMAT_ARGB8888, DRM_FORMAT_XRGB8888 } from "../../../uapi/drm_fourcc.ts";
import { DRM_MODE_TYPE_DRIVER, DRM_MODE_TYPE_PREFERRED } from "../../../uapi/drm_mode_flags.ts";
import { virtioGpuFormat } from "../../../uapi/virtio_gpu_format.ts";
import type { CursorState } from "./cursor_queue.ts";
import type { VirtioGpuObject } from "./object.ts";
import type { VirtioGpu } from "./virtio_gpu.ts";

const DEFAULT_WIDTH = 1024;
const DEFAULT_HEIGHT = 768;
/** A preferred mode is right if it is at most so much smaller than the host's window: EDIDs round. */
const SLACK = 16;
/** A flip waits at most so long for the host, ns: one that does not answer must not stop the clients. */
const FLUSH_TIMEOUT = 50e6;

const objectOf = (fb: Framebuffer): VirtioGpuObject => fb.objects[0] as VirtioGpuObject;

/** One scanout. */
export class Output {
  /** Its number on the device. */
  readonly index: number;
  /** Its connector. */
  readonly connector: Connector;
  /** Its CRTC. */
  readonly crtc: Crtc;
  readonly #gpu: VirtioGpu;
  readonly #kms: ModeConfig;
  readonly #cursor: CursorState;
  #enabled: boolean;
  #width: number;
  #height: number;
  // What the host shows: SET_SCANOUT is sent only when that changes.
  #shown: Framebuffer | undefined;
  #shownX = 0;
  #shownY = 0;
  #shownWidth = 0;
  #shownHeight = 0;
  #cursorUpdates = 0;

  /** vgdev_output_init. @param index its number. @param hasEdid whether the connector gets an EDID property. */
  constructor(gpu: VirtioGpu, kms: ModeConfig, index: number, hasEdid: boolean) {
    this.#gpu = gpu;
    this.#kms = kms;
    this.index = index;
    this.#enabled = index === 0;
    this.#width = index === 0 ? DEFAULT_WIDTH : 0;
    this.#height = index === 0 ? DEFAULT_HEIGHT : 0;
    this.#cursor = { scanout: index, resource: 0, x: 0, y: 0, hotX: 0, hotY: 0 };
    const primary = kms.addPlane({
      type: "primary",
      formats: [DRM_FORMAT_XRGB8888],
      damageClips: true,
      // Damage of another framebuffer says nothing: each has a picture of its own on the host.
      atomicCheck: (plane, _draft, state) => {
        if (plane.state.fb !== state.fb) state.ignoreDamageClips = true;
      },
      atomicUpdate: (_plane, _old, state, damage, draft) => this.#updatePrimary(state, damage, draft),
      getScanoutBuffer: framebufferScanout,
      panicFlush: (plane) => this.#panicFlush(plane.state),
    });
    const cursor = kms.addPlane({
      type: "cursor",
      formats: [DRM_FORMAT_ARGB8888],
      atomicUpdate: (_plane, old, state) => this.#updateCursor(old, state),
    });
    this.crtc = kms.addCrtc({ primary, cursor, atomicDisable: () => this.#switchOff() });
    const encoder = kms.addEncoder({ possibleCrtcs: 1 << this.crtc.index });
    this.connector = kms.addConnector({
      type: DRM_MODE_CONNECTOR_VIRTUAL,
      encoder,
      edid: hasEdid,
      hotplug: true,
      detect: () => this.#enabled ? connector_status_connected : connector_status_disconnected,
      getModes: (connector) => this.#modes(connector),
      modeValid: (_connector, mode) => this.#modeValid(mode),
    });
  }

  /** What GET_DISPLAY_INFO said. @param enabled whether a monitor is there. @param width preferred size, pixels. */
  setInfo(enabled: boolean, width: number, height: number): void {
    this.#enabled = enabled;
    this.#width = width;
    this.#height = height;
  }

  // virtio_gpu_conn_get_modes: the EDID's modes, else standard ones and the size that the host prefers.
  #modes(connector: Connector): readonly Mode[] {
    const known = connector.edidModes();
    if (known.length > 0) return known;
    const standard = modesWithoutEdid(this.#kms.maxWidth, this.#kms.maxHeight);
    const width = this.#width, height = this.#height;
    if (width === 0 || height === 0) return preferMode(standard, DEFAULT_WIDTH, DEFAULT_HEIGHT);
    // The host's wish may be nonsense; a mode that is too large would be pruned anyway.
    if (width > this.#kms.maxWidth || height > this.#kms.maxHeight) return standard;
    return [cvtMode(width, height, { refresh: 60, type: DRM_MODE_TYPE_PREFERRED | DRM_MODE_TYPE_DRIVER }), ...standard];
  }

  // virtio_gpu_conn_mode_valid.
  #modeValid(mode: Mode): boolean {
    if ((mode.type & DRM_MODE_TYPE_PREFERRED) === 0) return true;
    if (mode.hdisplay === DEFAULT_WIDTH && mode.vdisplay === DEFAULT_HEIGHT) return true;
    return mode.hdisplay <= this.#width && mode.hdisplay >= this.#width - SLACK && mode.vdisplay <= this.#height &&
      mode.vdisplay >= this.#height - SLACK;
  }

  #switchOff(): void {
    if (this.#shown === undefined) return;
    this.#shown = undefined;
    if (!this.#gpu.canSend(1)) return;
    this.#gpu.commands.setScanout(this.index, 0, 0, 0, 0, 0);
    this.#gpu.queue.notify();
  }

  // virtio_gpu_primary_plane_update.
  #updatePrimary(state: PlaneState, damage: Damage, draft: AtomicState): void {
    const { fb } = state;
    if (fb === undefined || !this.crtc.state.active) return this.#switchOff();
    const { commands, queue } = this.#gpu;
    const { x1, y1, x2, y2 } = damage.merged;
    if (x2 <= x1 || y2 <= y1 || !this.#gpu.canSend(3)) return;
    const object = objectOf(fb);
    const width = x2 - x1, height = y2 - y1;
    if (object.dumb) {
      const offset = x1 * 4 + y1 * fb.pitches[0];
      commands.transferToHost2d(object.resourceId, x1, y1, width, height, offset, object.ref());
    }
    this.#setScanout(fb, object, state);
    const fence = commands.resourceFlush(object.resourceId, x1, y1, width, height, object.ref(), true);
    queue.notify();
    if (fence !== undefined && !fence.isSignaled) draft.completeAfter(this.crtc, this.#bounded(fence));
  }

  // virtio_panic_flush: what a panic drew, with whatever room the queue has.
  #panicFlush({ fb }: PlaneState): void {
    if (fb === undefined || !this.#gpu.canSend(2)) return;
    const { commands, queue } = this.#gpu;
    const object = objectOf(fb);
    if (object.dumb) {
      commands.transferToHost2d(object.resourceId, 0, 0, fb.width, fb.height, fb.offsets[0], object.ref());
    }
    commands.resourceFlush(object.resourceId, 0, 0, fb.width, fb.height, object.ref());
    queue.notify();
  }

  #setScanout(fb: Framebuffer, object: VirtioGpuObject, state: PlaneState): void {
    const x = state.srcX >>> 16, y = state.srcY >>> 16;
    const width = Math.floor(state.srcW / 65536), height = Math.floor(state.srcH / 65536);
    if (
      this.#shown === fb && this.#shownX === x && this.#shownY === y && this.#shownWidth === width &&
      this.#shownHeight === height
    ) return;
    this.#shown = fb;
    this.#shownX = x;
    this.#shownY = y;
    this.#shownWidth = width;
    this.#shownHeight = height;
    const { commands } = this.#gpu;
    if (!object.blob) return commands.setScanout(this.index, object.resourceId, x, y, width, height);
    const format = virtioGpuFormat(fb.format) ?? 0;
    const image = { width: fb.width, height: fb.height, format, pitches: fb.pitches, offsets: fb.offsets };
    commands.setScanoutBlob(this.index, object.resourceId, image, x, y, width, height);
  }

  /** A fence that signals with `fence`, or when the host has had time enough. */
  #bounded(fence: Fence): Fence {
    const { clock } = this.#kms;
    const bounded = new Fence({
      clock,
      context: fence.context,
      seqno: fence.seqno,
      driverName: fence.driverName,
      timelineName: fence.timelineName,
    });
    const timer = clock.at(clock.now() + FLUSH_TIMEOUT, () => bounded.signal());
    const placed = fence.addCallback(() => {
      timer.cancel();
      bounded.signal();
    });
    if (placed === undefined) {
      timer.cancel();
      bounded.signal();
    }
    return bounded;
  }

  // virtio_gpu_cursor_plane_update. The image has to be on the host before the cursor queue, which nothing else orders after
  // the control queue, names it.
  #updateCursor(old: PlaneState, state: PlaneState): void {
    if (!this.#gpu.queue.live) return;
    const cursor = this.#cursor;
    const { fb } = state;
    cursor.x = state.crtcX;
    cursor.y = state.crtcY;
    if (fb === old.fb) return this.#gpu.cursors.move(cursor);
    const update = ++this.#cursorUpdates;
    if (fb === undefined) {
      cursor.resource = cursor.hotX = cursor.hotY = 0;
      return this.#gpu.cursors.update(cursor);
    }
    const object = objectOf(fb);
    const { hotspotX, hotspotY } = state;
    const show = (): void => {
      if (update !== this.#cursorUpdates) return;
      cursor.resource = object.resourceId;
      cursor.hotX = hotspotX;
      cursor.hotY = hotspotY;
      this.#gpu.cursors.update(cursor);
    };
    if (!object.dumb || !this.#gpu.canSend(1)) return show();
    const { commands, queue } = this.#gpu;
    const fence = commands.transferToHost2d(
      object.resourceId,
      0,
      0,
      state.crtcW,
      state.crtcH,
      0,
      object.ref(),
      true,
    );
    queue.notify();
    if (fence === undefined || fence.addCallback(show) === undefined) show();
  }
}
