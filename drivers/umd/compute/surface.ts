/**
 * Surfaces: pictures that kernels write and displays show.
 * @module
 */

import * as k from "../../../uapi/d3dkmthk_share.ts";
import type { ComputeBuffer } from "./buffer.ts";
import type { Connection } from "./connection.ts";
import type { SharedImage } from "./device_memory.ts";
import { checkStatus } from "./error.ts";

/** A surface. */
export class ComputeSurface implements Disposable, SharedImage {
  /** Pixels. */
  readonly width: number;
  /** Lines. */
  readonly height: number;
  /** DRM_FORMAT_*; its modifier is linear. */
  readonly format: number;
  /** Bytes from line to line. */
  readonly pitch: number;
  /** Its bytes, for kernels. */
  readonly buffer: ComputeBuffer;
  readonly #client: Connection;
  readonly #resource: number;

  /** @internal `ComputeDevice.surface` makes them. */
  constructor(client: Connection, buffer: ComputeBuffer, resource: number, image: SharedImage, pitch: number) {
    this.#client = client;
    this.#resource = resource;
    this.buffer = buffer;
    this.width = image.width;
    this.height = image.height;
    this.format = image.format;
    this.pitch = pitch;
  }

  /** A dma-buf of it. @returns its fd in the process of the device, which closes it. @throws {ComputeError} */
  share(): number {
    const { process, kmt } = this.#client;
    const out = process.alloc(8);
    try {
      const objects = this.#client.handle(this.#resource);
      const args = k.d3dkmt_shareobjects.of({ object_count: 1, objects, shared_handle: out.address });
      checkStatus(kmt.D3DKMTShareObjects(args), "Cannot share the surface");
      return Number(new DataView(out.bytes.buffer, out.bytes.byteOffset).getBigUint64(0, true));
    } finally {
      process.heap.free(out);
    }
  }

  /** Frees it once it is not used any more. */
  [Symbol.dispose](): void {
    this.buffer[Symbol.dispose]();
  }
}
