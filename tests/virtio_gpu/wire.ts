/**
 * Builders of virtio-gpu requests for tests and benches: bytes as a guest would send them.
 * @module
 */

import { RawGuest, type RawGuestOptions, type RawMemory } from "udrm/drivers/bus/virtqueue/testing.ts";
import type { VirtioBackend } from "udrm/core/bus.ts";
import type { Init, Struct } from "udrm/uapi/struct.ts";
import * as gpu from "udrm/uapi/virtio_gpu.ts";

/** A request's bytes. `hdr.type` and other members are given as in the header. */
export function encode<T>(type: Struct<T>, init: { readonly [K in keyof T]?: Init<T[K]> }): Uint8Array {
  return type.bytes(type.of(init)).slice();
}

/** Several byte arrays as one. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** A guest that speaks virtio-gpu by hand. Methods return the response's type. */
export class WireGuest extends RawGuest {
  /** @param backend the device. @param options features. */
  constructor(backend: VirtioBackend, options: RawGuestOptions = {}) {
    super(backend, options);
  }

  /** Sends a request of the control queue; the response's bytes. */
  send(request: Uint8Array, room = 2048, queue = 0): Uint8Array {
    return this.request(queue, request, room);
  }
  /** Sends a request; the response's type. */
  type(request: Uint8Array, room = 24, queue = 0): number {
    return gpu.virtio_gpu_ctrl_hdr.at(this.send(request, room, queue)).type;
  }
  /** RESOURCE_CREATE_2D. */
  create2d(resource_id: number, format: number, width: number, height: number): number {
    const hdr = { type: gpu.VIRTIO_GPU_CMD_RESOURCE_CREATE_2D };
    return this.type(encode(gpu.virtio_gpu_resource_create_2d, { hdr, resource_id, format, width, height }));
  }
  /** RESOURCE_UNREF. */
  unref(resource_id: number): number {
    return this.type(
      encode(gpu.virtio_gpu_resource_unref, { hdr: { type: gpu.VIRTIO_GPU_CMD_RESOURCE_UNREF }, resource_id }),
    );
  }
  /** RESOURCE_ATTACH_BACKING of pieces. */
  attach(resource_id: number, pieces: readonly (readonly [gpa: number, length: number])[]): number {
    const hdr = { type: gpu.VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING };
    return this.type(concat(
      encode(gpu.virtio_gpu_resource_attach_backing, { hdr, resource_id, nr_entries: pieces.length }),
      entries(pieces),
    ));
  }
  /** RESOURCE_DETACH_BACKING. */
  detach(resource_id: number): number {
    const hdr = { type: gpu.VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING };
    return this.type(encode(gpu.virtio_gpu_resource_detach_backing, { hdr, resource_id }));
  }
  /** TRANSFER_TO_HOST_2D. */
  transfer(resource_id: number, x: number, y: number, width: number, height: number, offset: number): number {
    return this.type(transferRequest(resource_id, x, y, width, height, offset));
  }
  /** RESOURCE_FLUSH. */
  flush(resource_id: number, x: number, y: number, width: number, height: number): number {
    return this.type(flushRequest(resource_id, x, y, width, height));
  }
  /** SET_SCANOUT. */
  setScanout(scanout_id: number, resource_id: number, x: number, y: number, width: number, height: number): number {
    const hdr = { type: gpu.VIRTIO_GPU_CMD_SET_SCANOUT };
    return this.type(encode(gpu.virtio_gpu_set_scanout, { hdr, r: { x, y, width, height }, scanout_id, resource_id }));
  }
  /** RESOURCE_CREATE_BLOB of guest memory. */
  createBlob(
    resource_id: number,
    size: number,
    pieces: readonly (readonly [gpa: number, length: number])[],
    more: { readonly blob_mem?: number; readonly blob_flags?: number } = {},
  ): number {
    const hdr = { type: gpu.VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB };
    const blob = {
      hdr,
      resource_id,
      size,
      blob_mem: gpu.VIRTIO_GPU_BLOB_MEM_GUEST,
      nr_entries: pieces.length,
      ...more,
    };
    return this.type(concat(encode(gpu.virtio_gpu_resource_create_blob, blob), entries(pieces)));
  }
  /** UPDATE_CURSOR on the cursor queue. */
  updateCursor(scanout_id: number, resource_id: number, x: number, y: number, hot_x = 0, hot_y = 0): number {
    const hdr = { type: gpu.VIRTIO_GPU_CMD_UPDATE_CURSOR };
    const request = encode(gpu.virtio_gpu_update_cursor, { hdr, pos: { scanout_id, x, y }, resource_id, hot_x, hot_y });
    return this.type(request, 24, 1);
  }
  /** Memory of whole pixels, filled with a pattern that tells rows and columns apart. */
  pattern(length: number, seed = 1): RawMemory {
    const memory = this.alloc(length);
    let state = seed * 2654435761 >>> 0;
    for (let i = 0; i < length; i++) {
      state = Math.imul(state, 1664525) + 1013904223 >>> 0;
      memory.bytes[i] = state >>> 24;
    }
    return memory;
  }
}

/** virtio_gpu_mem_entry of pieces. */
export function entries(pieces: readonly (readonly [gpa: number, length: number])[]): Uint8Array {
  return concat(...pieces.map(([addr, length]) => encode(gpu.virtio_gpu_mem_entry, { addr, length })));
}

/** A TRANSFER_TO_HOST_2D request. */
export function transferRequest(
  resource_id: number,
  x: number,
  y: number,
  width: number,
  height: number,
  offset: number,
): Uint8Array {
  const hdr = { type: gpu.VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D };
  return encode(gpu.virtio_gpu_transfer_to_host_2d, { hdr, r: { x, y, width, height }, offset, resource_id });
}

/** A RESOURCE_FLUSH request. */
export function flushRequest(resource_id: number, x: number, y: number, width: number, height: number): Uint8Array {
  const hdr = { type: gpu.VIRTIO_GPU_CMD_RESOURCE_FLUSH };
  return encode(gpu.virtio_gpu_resource_flush, { hdr, r: { x, y, width, height }, resource_id });
}
