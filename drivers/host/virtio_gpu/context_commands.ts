/**
 * Commands of capability sets and contexts: virtio 1.3 section 5.7.6.8. What is wrong with a submission only its context suffers:
 * it is lost, and refuses what comes later.
 * @module
 */

import type { DeviceChain, DeviceQueue } from "../../../core/bus.ts";
import type { View } from "../../../uapi/struct.ts";
import * as gpu from "../../../uapi/virtio_gpu.ts";
import type { Guest } from "./guest.ts";

const OK = gpu.VIRTIO_GPU_RESP_OK_NODATA;
const SUBMIT_BYTES = gpu.virtio_gpu_cmd_submit.size;
const NAME_BYTES = 64;
const FIRST_ROOM = 1 << 16;

/** Commands of contexts as methods: each returns a VIRTIO_GPU_RESP_*. */
export class ContextCommands {
  readonly #guest: Guest;
  readonly #create: View<gpu.virtio_gpu_ctx_create>;
  readonly #info: View<gpu.virtio_gpu_resp_capset_info>;
  // Submissions are copied here, once, before anybody looks at them.
  #words: Uint32Array = new Uint32Array(0);
  #bytes: Uint8Array = new Uint8Array(0);

  /** @param guest whose commands they are. */
  constructor(guest: Guest) {
    this.#guest = guest;
    this.#create = gpu.virtio_gpu_ctx_create.at(guest.request);
    this.#info = gpu.virtio_gpu_resp_capset_info.at(guest.response);
  }

  /** GET_CAPSET_INFO. */
  getCapsetInfo(): number {
    const { words, response, refusals, batches } = this.#guest;
    const capset = batches.renderer3d?.capsets[words[6]];
    if (capset === undefined) return refusals.parameter(`capset index ${words[6]}`);
    response.fill(0, gpu.virtio_gpu_ctrl_hdr.size, gpu.virtio_gpu_resp_capset_info.size);
    this.#info.capset_id = capset.id;
    this.#info.capset_max_version = capset.maxVersion;
    this.#info.capset_max_size = capset.maxSize;
    return gpu.VIRTIO_GPU_RESP_OK_CAPSET_INFO;
  }

  /** GET_CAPSET. */
  getCapset(): number {
    const { words, response, refusals, batches } = this.#guest;
    const id = words[6], version = words[7];
    const capset = batches.renderer3d?.capsets.find((one) => one.id === id);
    if (capset === undefined || version > capset.maxVersion) {
      return refusals.parameter(`capset ${id} of version ${version}`);
    }
    const bytes = batches.renderer3d?.capset(id, version) ?? new Uint8Array(0);
    const header = gpu.virtio_gpu_ctrl_hdr.size;
    const size = Math.min(bytes.length, response.length - header);
    response.set(bytes.subarray(0, size), header);
    this.#guest.responseSize = header + size;
    return gpu.VIRTIO_GPU_RESP_OK_CAPSET;
  }

  /** CTX_CREATE. Without CONTEXT_INIT, or with capset 0, it speaks virgl. */
  create(): number {
    const { words, refusals, contexts, batches: { renderer3d } } = this.#guest;
    const id = words[4];
    if (id === 0 || contexts.get(id) !== undefined) return refusals.context(id);
    const { nlen, context_init } = this.#create;
    const asked = context_init & gpu.VIRTIO_GPU_CONTEXT_INIT_CAPSET_ID_MASK;
    if (context_init !== asked || asked !== 0 && !this.#guest.has(gpu.VIRTIO_GPU_F_CONTEXT_INIT)) {
      return refusals.parameter(`context_init 0x${context_init.toString(16)}`);
    }
    const capset = asked === 0 ? this.#virgl() : asked;
    if (renderer3d === undefined || !renderer3d.capsets.some((one) => one.id === capset)) {
      return refusals.parameter(`capset ${capset}`);
    }
    contexts.create(renderer3d, id, capset, this.#name(nlen));
    return OK;
  }

  #virgl(): number {
    const capsets = this.#guest.batches.renderer3d?.capsets ?? [];
    const second = capsets.some((one) => one.id === gpu.VIRTIO_GPU_CAPSET_VIRGL2);
    return second ? gpu.VIRTIO_GPU_CAPSET_VIRGL2 : gpu.VIRTIO_GPU_CAPSET_VIRGL;
  }

  // For people: whatever is not printable ASCII is a question mark.
  #name(length: number): string {
    const start = gpu.virtio_gpu_ctx_create.size - NAME_BYTES;
    let name = "";
    for (let i = 0; i < Math.min(length, NAME_BYTES); i++) {
      const byte = this.#guest.request[start + i];
      if (byte === 0) break;
      name += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "?";
    }
    return name;
  }

  /** CTX_DESTROY. */
  destroy(): number {
    const { context, words, refusals, contexts, batches } = this.#guest;
    if (context === undefined) return refusals.context(words[4]);
    batches.record();
    contexts.destroy(context);
    return OK;
  }

  /** CTX_ATTACH_RESOURCE; once more does nothing. */
  attach(): number {
    const { context, words, refusals, contexts, resources } = this.#guest;
    if (context === undefined) return refusals.context(words[4]);
    const resource = resources.get(words[6]);
    if (resource === undefined) return refusals.resource(words[6]);
    contexts.attach(context, resource);
    return OK;
  }

  /** CTX_DETACH_RESOURCE; of one that is not attached does nothing. */
  detach(): number {
    const { context, words, refusals, contexts, resources } = this.#guest;
    if (context === undefined) return refusals.context(words[4]);
    const resource = resources.get(words[6]);
    if (resource === undefined) return refusals.resource(words[6]);
    contexts.detach(context, resource);
    return OK;
  }

  /** SUBMIT_3D. */
  submit(queue: DeviceQueue, chain: DeviceChain): number {
    const { context, words, refusals, limits, batches } = this.#guest;
    if (context === undefined) return refusals.context(words[4]);
    const size = words[6];
    if (size % 4 !== 0 || size > chain.readable - SUBMIT_BYTES) {
      return refusals.parameter(`${size} bytes of commands in a request of ${chain.readable}`);
    }
    if (size > limits.maxSubmit) return refusals.memory(`Cannot take ${size} bytes of commands: too many`);
    const { lost } = context.context;
    if (lost !== undefined) return refusals.unspec(`Cannot submit to context ${context.id}, which is lost: ${lost}`);
    if (size === 0) return OK;
    if (this.#bytes.length < size) this.#grow(size);
    const bytes = this.#bytes.length === size ? this.#bytes : this.#bytes.subarray(0, size);
    if (queue.read(chain, SUBMIT_BYTES, bytes) !== size) return refusals.unspec("Cannot read commands: memory is gone");
    batches.record();
    context.context.submit(this.#words, size / 4);
    return OK;
  }

  #grow(size: number): void {
    let room = FIRST_ROOM;
    while (room < size) room *= 2;
    this.#words = new Uint32Array(room / 4);
    this.#bytes = new Uint8Array(this.#words.buffer);
  }
}
