/**
 * A buffer of zeros: what shaders read where a client bound no buffer.
 * @module
 */

import {
  type DeviceBuffer,
  VK_BUFFER_USAGE_INDEX_BUFFER_BIT,
  VK_BUFFER_USAGE_STORAGE_BUFFER_BIT,
  VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT,
  VK_BUFFER_USAGE_VERTEX_BUFFER_BIT,
} from "../../vulkan/mod.ts";
import type { Gpu } from "./gpu.ts";

/** The buffer. */
export class ZeroBuffer implements Disposable {
  /** The VkBuffer. */
  readonly handle: bigint;
  /** Bytes: as much as a uniform buffer may have at least (64 KiB). */
  readonly size = 65536;
  readonly #buffer: DeviceBuffer;

  /** Makes it. @throws {VkError} */
  constructor(gpu: Gpu) {
    this.#buffer = gpu.device.createBuffer({
      size: this.size,
      usage: VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT | VK_BUFFER_USAGE_VERTEX_BUFFER_BIT | VK_BUFFER_USAGE_INDEX_BUFFER_BIT |
        VK_BUFFER_USAGE_STORAGE_BUFFER_BIT,
      memory: "upload",
    });
    this.#buffer.bytes.fill(0);
    this.#buffer.allocation.flush(0, this.size);
    this.handle = this.#buffer.handle;
  }

  /** Frees it. */
  [Symbol.dispose](): void {
    this.#buffer[Symbol.dispose]();
  }
}
