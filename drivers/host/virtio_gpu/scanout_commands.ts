/**
 * Commands of monitors, scanouts and cursors: virtio 1.3 sections 5.7.6.8 and 5.7.6.10.
 * @module
 */

import type { Rect } from "../../../core/display.ts";
import type { View } from "../../../uapi/struct.ts";
import * as gpu from "../../../uapi/virtio_gpu.ts";
import { virtioGpuFourcc } from "../../../uapi/virtio_gpu_format.ts";
import { CURSOR_SIZE, cursorOf } from "./cursor.ts";
import { buildEdid } from "./edid.ts";
import type { Guest } from "./guest.ts";
import { DEFAULT_LIMITS } from "./resource.ts";
import type { BlobLayout, Scanout } from "./scanout.ts";

const OK = gpu.VIRTIO_GPU_RESP_OK_NODATA;

/** Commands on scanouts as methods: each returns a VIRTIO_GPU_RESP_*. */
export class ScanoutCommands {
  readonly #guest: Guest;
  // One view of each struct, made once: the scratch buffer never moves.
  readonly #rect: View<gpu.virtio_gpu_rect>;
  readonly #setScanout: View<gpu.virtio_gpu_set_scanout>;
  readonly #flush: View<gpu.virtio_gpu_resource_flush>;
  readonly #getEdid: View<gpu.virtio_gpu_cmd_get_edid>;
  readonly #setBlob: View<gpu.virtio_gpu_set_scanout_blob>;
  readonly #cursorPos: View<gpu.virtio_gpu_cursor_pos>;
  readonly #cursor: View<gpu.virtio_gpu_update_cursor>;

  /** @param guest whose commands they are. */
  constructor(guest: Guest) {
    this.#guest = guest;
    const { request } = guest;
    this.#rect = gpu.virtio_gpu_rect.at(request, gpu.virtio_gpu_ctrl_hdr.size);
    this.#setScanout = gpu.virtio_gpu_set_scanout.at(request);
    this.#flush = gpu.virtio_gpu_resource_flush.at(request);
    this.#getEdid = gpu.virtio_gpu_cmd_get_edid.at(request);
    this.#setBlob = gpu.virtio_gpu_set_scanout_blob.at(request);
    this.#cursorPos = gpu.virtio_gpu_cursor_pos.at(request, gpu.virtio_gpu_ctrl_hdr.size);
    this.#cursor = gpu.virtio_gpu_update_cursor.at(request);
  }

  /** GET_DISPLAY_INFO: monitors stand side by side. */
  getDisplayInfo(): number {
    const { response, scanouts } = this.#guest;
    const info = gpu.virtio_gpu_resp_display_info.at(response);
    response.fill(0, gpu.virtio_gpu_ctrl_hdr.size, gpu.virtio_gpu_resp_display_info.size);
    let x = 0;
    for (const { index, mode } of scanouts.all) {
      if (!mode.enabled) continue;
      info.pmodes[index] = gpu.virtio_gpu_display_one.of({
        r: { x, y: 0, width: mode.width, height: mode.height },
        enabled: 1,
      });
      x += mode.width;
    }
    return gpu.VIRTIO_GPU_RESP_OK_DISPLAY_INFO;
  }

  /** GET_EDID. */
  getEdid(): number {
    const { response, scanouts, refusals } = this.#guest;
    const scanout = scanouts.all[this.#getEdid.scanout];
    if (scanout === undefined) return refusals.scanout(this.#getEdid.scanout, scanouts.all.length);
    const { width, height } = scanout.mode;
    const edid = scanout.mode.edid ?? buildEdid({ width, height, serial: scanout.index + 1 });
    response.fill(0, gpu.virtio_gpu_ctrl_hdr.size, gpu.virtio_gpu_resp_edid.size);
    const answer = gpu.virtio_gpu_resp_edid.at(response);
    answer.size = edid.length;
    answer.edid = edid;
    return gpu.VIRTIO_GPU_RESP_OK_EDID;
  }

  /** SET_SCANOUT. */
  setScanout(): number {
    const { scanouts, refusals, resources } = this.#guest;
    const { scanout_id, resource_id: id } = this.#setScanout;
    const scanout = scanouts.all[scanout_id];
    if (scanout === undefined) return refusals.scanout(scanout_id, scanouts.all.length);
    if (id === 0) return this.#off(scanout);
    const resource = resources.get(id);
    if (resource === undefined) return refusals.resource(id);
    if (resource.picture === undefined) return refusals.parameter(`blob ${id} without a layout`);
    const unshowable = this.#guest.unshowable(resource);
    if (unshowable !== undefined) return refusals.parameter(unshowable);
    const { x, y, width, height } = this.#rect;
    if (width === 0 || height === 0 || x + width > resource.width || y + height > resource.height) {
      return refusals.outside(x, y, width, height, resource.width, resource.height);
    }
    scanouts.set(scanout, resource, { x, y, width, height }, undefined);
    return OK;
  }

  /** SET_SCANOUT_BLOB. */
  setScanoutBlob(): number {
    const { scanouts, refusals, resources, limits } = this.#guest;
    const ss = this.#setBlob;
    const scanout = scanouts.all[ss.scanout_id];
    if (scanout === undefined) return refusals.scanout(ss.scanout_id, scanouts.all.length);
    const id = ss.resource_id;
    if (id === 0) return this.#off(scanout);
    const resource = resources.get(id);
    if (resource === undefined) return refusals.resource(id);
    if (resource.picture !== undefined) return refusals.parameter(`resource ${id}, which is no blob`);
    if (resource.backing === undefined) return refusals.unspec(`Cannot show blob ${id}: it has no backing`);
    const { width, height, format } = ss;
    const stride = ss.strides[0], offset = ss.offsets[0];
    if (virtioGpuFourcc(format) === undefined) return refusals.parameter(`format ${format}`);
    const { maxSize } = limits;
    // Displays make copies: a blob whose entries all name the same page must not become gigabytes.
    const tooMany = width * height * 4 > Math.min(limits.maxHostMemory, DEFAULT_LIMITS.maxHostMemory);
    if (width === 0 || height === 0 || width > maxSize || height > maxSize || tooMany) {
      return refusals.parameter(`${width}x${height}`);
    }
    if (stride < width * 4) return refusals.parameter(`stride ${stride} for ${width} pixels`);
    if (offset + (height - 1) * stride + width * 4 > resource.blobSize) {
      return refusals.parameter(`${width}x${height} pixels at ${offset} of a blob of ${resource.blobSize} bytes`);
    }
    const rect: Rect = { x: ss.r.x, y: ss.r.y, width: ss.r.width, height: ss.r.height };
    if (rect.width === 0 || rect.height === 0 || rect.x + rect.width > width || rect.y + rect.height > height) {
      return refusals.outside(rect.x, rect.y, rect.width, rect.height, width, height);
    }
    const layout: BlobLayout = { format, stride, offset };
    scanouts.set(scanout, resource, rect, layout);
    return OK;
  }

  /** RESOURCE_FLUSH. A blob has no size in pixels: what lies on no scanout is left out. */
  flush(): number {
    const { scanouts, refusals, resources } = this.#guest;
    const id = this.#flush.resource_id;
    const resource = resources.get(id);
    if (resource === undefined) return refusals.resource(id);
    const { x, y, width, height } = this.#rect;
    if (resource.picture === undefined) {
      if (resource.scanouts !== 0 && resource.backing === undefined) {
        return refusals.unspec(`Cannot flush blob ${id}: its backing was detached`);
      }
    } else if (x + width > resource.width || y + height > resource.height) {
      return refusals.outside(x, y, width, height, resource.width, resource.height);
    }
    scanouts.flush(resource, x, y, width, height);
    return OK;
  }

  /** UPDATE_CURSOR: image and place. */
  updateCursor(): number {
    const { scanouts, refusals, resources, batches } = this.#guest;
    const { resource_id: id, hot_x, hot_y } = this.#cursor;
    const scanout = scanouts.all[this.#cursorPos.scanout_id];
    if (scanout === undefined) return refusals.scanout(this.#cursorPos.scanout_id, scanouts.all.length);
    if (id === 0) scanout.cursor = undefined;
    else {
      const resource = resources.get(id);
      if (resource === undefined) return refusals.resource(id);
      const unshowable = this.#guest.unshowable(resource);
      if (unshowable !== undefined) return refusals.parameter(unshowable);
      const blobTooSmall = resource.picture === undefined && resource.blobSize < CURSOR_SIZE * CURSOR_SIZE * 4;
      if (blobTooSmall || resource.picture && (resource.width !== CURSOR_SIZE || resource.height !== CURSOR_SIZE)) {
        return refusals.parameter(`resource ${id} as a cursor: it is not ${CURSOR_SIZE}x${CURSOR_SIZE}`);
      }
      if (resource.picture === undefined && resource.backing === undefined) {
        return refusals.unspec(`Cannot use blob ${id} as a cursor: it has no backing`);
      }
      batches.submit();
      scanout.cursor = cursorOf(batches.renderer, resource, hot_x, hot_y);
    }
    return this.moveCursor();
  }

  /** MOVE_CURSOR: the place, which may lie left of or above the scanout. */
  moveCursor(): number {
    const { scanouts, refusals } = this.#guest;
    const { scanout_id, x, y } = this.#cursorPos;
    const scanout = scanouts.all[scanout_id];
    if (scanout === undefined) return refusals.scanout(scanout_id, scanouts.all.length);
    scanouts.cursor(scanout, x | 0, y | 0);
    return OK;
  }

  #off(scanout: Scanout): number {
    this.#guest.scanouts.off(scanout);
    return OK;
  }
}
