/**
 * A hardware queue of the kernel's: a context, the queue on it, and its progress fence, whose value the CPU sees in a page.
 * @module
 */

import type { OpenFile } from "../../../core/process.ts";
import * as k from "../../../uapi/d3dkmthk.ts";
import type { View } from "../../../uapi/struct.ts";
import type { Connection } from "./connection.ts";
import { checkStatus } from "./error.ts";

/** A hardware queue. Its calls answer with an NTSTATUS. */
export class HardwareQueue implements Disposable {
  /** The progress fence's handle. */
  readonly fence: number;
  readonly #client: Connection;
  readonly #context: number;
  readonly #queue: number;
  readonly #page: DataView<ArrayBufferLike>;
  readonly #submit: View<k.d3dkmt_submitcommandtohwqueue>;
  #event: OpenFile | undefined;

  /** Makes it. @throws {ComputeError} */
  constructor(client: Connection) {
    this.#client = client;
    const context = k.d3dkmt_createcontextvirtual.of({
      device: client.device,
      engine_affinity: 1,
      flags: k.d3dddi_createcontextflags.hw_queue_supported,
      client_hint: k._D3DKMT_CLIENTHINT_OPENCL,
    });
    checkStatus(client.kmt.D3DKMTCreateContextVirtual(context), "Cannot make a context");
    this.#context = context.context;
    const queue = k.d3dkmt_createhwqueue.of({ context: context.context });
    checkStatus(client.kmt.D3DKMTCreateHwQueue(queue), "Cannot make a hardware queue");
    this.#queue = queue.queue;
    this.fence = queue.queue_progress_fence;
    this.#page = client.view(queue.queue_progress_fence_cpu_va, 8);
    this.#submit = k.d3dkmt_submitcommandtohwqueue.of({ hwqueue: queue.queue });
  }

  /** The progress fence's value; its greatest when the adapter is gone, and the page with it. */
  get completed(): number {
    if (this.#page.buffer.byteLength === 0) return Infinity;
    return this.#page.getUint32(4, true) * 0x1_0000_0000 + this.#page.getUint32(0, true);
  }

  /** Submits a DMA buffer. @param value what the fence gets at its end */
  submit(address: number, length: number, value: number): number {
    const submit = this.#submit;
    submit.command_buffer = BigInt(address);
    submit.command_length = length;
    submit.hwqueue_progress_fence_id = BigInt(value);
    return this.#client.kmt.D3DKMTSubmitCommandToHwQueue(submit);
  }

  /** What is submitted next waits for a fence. */
  wait(fence: number, value: bigint): number {
    const client = this.#client;
    return client.kmt.D3DKMTSubmitWaitForSyncObjectsToHwQueue(k.d3dkmt_submitwaitforsyncobjectstohwqueue.of({
      hwqueue: this.#queue,
      object_count: 1,
      objects: client.handle(fence),
      fence_values: client.value(value),
    }));
  }

  /** Waits on the CPU for its own fence, without blocking. */
  reached(value: number): Promise<number> {
    const { kmt } = this.#client;
    return kmt.wait(k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, this.#cpuWait(value));
  }

  /** Asks the host to tell when its fence is there: an eventfd of the process counts then. An NTSTATUS. */
  notify(value: number): number {
    const { kmt, process } = this.#client;
    this.#event ??= process.eventfd();
    return kmt.D3DKMTWaitForSynchronizationObjectFromCpu(this.#cpuWait(value, this.#event.fd));
  }

  #cpuWait(value: number, event = 0): View<k.d3dkmt_waitforsynchronizationobjectfromcpu> {
    const client = this.#client;
    return k.d3dkmt_waitforsynchronizationobjectfromcpu.of({
      device: client.device,
      object_count: 1,
      objects: client.handle(this.fence),
      fence_values: client.value(BigInt(value)),
      async_event: BigInt(event),
    });
  }

  /** A sync_file of a value that was submitted: its fd. @throws {ComputeError} */
  syncFile(value: number): number {
    const args = k.d3dkmt_createsyncfile.of({
      device: this.#client.device,
      monitored_fence: this.fence,
      fence_value: BigInt(value),
    });
    checkStatus(this.#client.kmt.D3DKMTCreateSyncFile(args), "Cannot make a sync_file");
    return Number(args.sync_file_handle);
  }

  /** Destroys it. */
  [Symbol.dispose](): void {
    const { kmt } = this.#client;
    kmt.D3DKMTDestroyHwQueue(k.d3dkmt_destroyhwqueue.of({ queue: this.#queue }));
    kmt.D3DKMTDestroyContext(k.d3dkmt_destroycontext.of({ context: this.#context }));
    this.#event?.[Symbol.dispose]();
  }
}
