/**
 * The 3D requests of a guest that speaks virtio-gpu by hand.
 * @module
 */

import type { Init } from "udrm/uapi/struct.ts";
import * as gpu from "udrm/uapi/virtio_gpu.ts";
import { concat, encode, entries, WireGuest } from "./wire.ts";

/** Words as bytes. */
export function bytesOfWords(...words: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(words).buffer);
}

/** A fence on a ring of a context, for a request's header. */
export function onRing(ring_idx: number, fence_id: bigint): { flags: number; ring_idx: number; fence_id: bigint } {
  return { flags: gpu.VIRTIO_GPU_FLAG_FENCE | gpu.VIRTIO_GPU_FLAG_INFO_RING_IDX, ring_idx, fence_id };
}

type Header = Partial<Init<gpu.virtio_gpu_ctrl_hdr>>;

/** A SUBMIT_3D request. @param size as the request says, its commands' by default. */
export function submitRequest(ctx_id: number, commands: Uint8Array, more: Header = {}, size = commands.length) {
  const hdr = { type: gpu.VIRTIO_GPU_CMD_SUBMIT_3D, ctx_id, ...more };
  return concat(encode(gpu.virtio_gpu_cmd_submit, { hdr, size }), commands);
}

/** A guest with 3D. Methods return the response's type. */
export class WireGuest3d extends WireGuest {
  /** CTX_CREATE. */
  createContext(ctx_id: number, context_init = 0, debug_name = "test", nlen = debug_name.length): number {
    const hdr = { type: gpu.VIRTIO_GPU_CMD_CTX_CREATE, ctx_id };
    return this.type(encode(gpu.virtio_gpu_ctx_create, { hdr, nlen, context_init, debug_name }));
  }
  /** CTX_DESTROY. */
  destroyContext(ctx_id: number): number {
    const hdr = { type: gpu.VIRTIO_GPU_CMD_CTX_DESTROY, ctx_id };
    return this.type(encode(gpu.virtio_gpu_ctx_destroy, { hdr }));
  }
  /** CTX_ATTACH_RESOURCE. */
  attachToContext(ctx_id: number, resource_id: number): number {
    const hdr = { type: gpu.VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, ctx_id };
    return this.type(encode(gpu.virtio_gpu_ctx_resource, { hdr, resource_id }));
  }
  /** CTX_DETACH_RESOURCE. */
  detachFromContext(ctx_id: number, resource_id: number): number {
    const hdr = { type: gpu.VIRTIO_GPU_CMD_CTX_DETACH_RESOURCE, ctx_id };
    return this.type(encode(gpu.virtio_gpu_ctx_resource, { hdr, resource_id }));
  }
  /** RESOURCE_CREATE_3D: a 2D texture of 4 bytes a texel, unless told. */
  create3d(resource_id: number, more: Partial<Init<gpu.virtio_gpu_resource_create_3d>> = {}): number {
    const hdr = { type: gpu.VIRTIO_GPU_CMD_RESOURCE_CREATE_3D };
    return this.type(encode(gpu.virtio_gpu_resource_create_3d, {
      hdr,
      resource_id,
      target: 2,
      format: gpu.VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM,
      bind: 2,
      width: 4,
      height: 4,
      depth: 1,
      array_size: 1,
      ...more,
    }));
  }
  /** TRANSFER_TO_HOST_3D or TRANSFER_FROM_HOST_3D. */
  transfer3d(
    direction: "to" | "from",
    ctx_id: number,
    resource_id: number,
    box: Partial<gpu.virtio_gpu_box>,
    more: Partial<Init<gpu.virtio_gpu_transfer_host_3d>> = {},
  ): number {
    const type = direction === "to" ? gpu.VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D : gpu.VIRTIO_GPU_CMD_TRANSFER_FROM_HOST_3D;
    const hdr = { type, ctx_id };
    return this.type(encode(gpu.virtio_gpu_transfer_host_3d, { hdr, box: { d: 1, ...box }, resource_id, ...more }));
  }
  /** SUBMIT_3D of words. */
  submit(ctx_id: number, ...words: readonly number[]): number {
    return this.type(submitRequest(ctx_id, bytesOfWords(...words)));
  }
  /** RESOURCE_CREATE_BLOB with memory of the host. */
  createHostBlob(
    ctx_id: number,
    resource_id: number,
    blob_mem: number,
    size: number,
    pieces: readonly (readonly [gpa: number, length: number])[] = [],
  ): number {
    const hdr = { type: gpu.VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB, ctx_id };
    const blob = { hdr, resource_id, blob_mem, size, blob_id: 1n, nr_entries: pieces.length };
    return this.type(concat(encode(gpu.virtio_gpu_resource_create_blob, blob), entries(pieces)));
  }
}
