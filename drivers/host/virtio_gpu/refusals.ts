/**
 * What the device answers when it does not do what it was asked: VIRTIO_GPU_RESP_ERR_* (virtio 1.3 section 5.7.6.8), with a
 * sentence for the trace.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import * as gpu from "../../../uapi/virtio_gpu.ts";

/** The refusals of one device. Each method gives the response type and keeps the sentence. */
export class Refusals {
  /** Why the last command failed; undefined when it did not. */
  failure: string | undefined;

  /** Anything that has no error of its own. */
  unspec(failure: string): number {
    return this.#refuse(gpu.VIRTIO_GPU_RESP_ERR_UNSPEC, failure);
  }

  /** A parameter that cannot be. */
  parameter(what: string): number {
    return this.#refuse(gpu.VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER, `Cannot use ${what}`);
  }

  /** A rectangle that does not lie in its picture. */
  outside(x: number, y: number, width: number, height: number, columns: number, rows: number): number {
    return this.parameter(`${width}x${height} at ${x},${y} of ${columns}x${rows}`);
  }

  /** A resource id that is unknown, or taken. */
  resource(id: number): number {
    return this.#refuse(gpu.VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID, `Cannot use resource id ${id}`);
  }

  /** More than a guest may take. */
  memory(failure: string): number {
    return this.#refuse(gpu.VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY, failure);
  }

  /** A context id that is unknown, or taken. */
  context(id: number): number {
    return this.#refuse(gpu.VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID, `Cannot use context id ${id}`);
  }

  /** A scanout that is none of `count`. */
  scanout(index: number, count: number): number {
    return this.#refuse(gpu.VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID, `Cannot use scanout ${index}: there are ${count}`);
  }

  /** Something thrown below: the one place where errno becomes VIRTIO_GPU_RESP_ERR_*. */
  thrown(error: unknown): number {
    if (!(error instanceof DrmError)) return this.unspec(String(error));
    return this.#refuse(typeOf(error), `${error.code}: ${error.message}`);
  }

  #refuse(type: number, failure: string): number {
    this.failure = failure;
    return type;
  }
}

function typeOf(error: DrmError): number {
  switch (error.code) {
    case "ENOMEM":
      return gpu.VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
    case "EINVAL":
      return gpu.VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
    case "ENOENT":
      return gpu.VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
    default:
      return gpu.VIRTIO_GPU_RESP_ERR_UNSPEC;
  }
}
