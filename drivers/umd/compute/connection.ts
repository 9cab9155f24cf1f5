/**
 * A client's way to one adapter: /dev/dxg, the adapter, a device, a paging queue, and a little memory for the pointers of
 * calls. What an open driver must know of the adapter is uapi/dxg_driver.ts.
 * @module
 */

import type { LocalProcess } from "../../../core/process.ts";
import type { UserBuffer } from "../../../core/memory.ts";
import * as k from "../../../uapi/d3dkmthk.ts";
import { DXG_CAP_COMPUTE, dxg_driver_adapter, DXG_DRIVER_MAGIC, DXG_DRIVER_VERSION } from "../../../uapi/dxg_driver.ts";
import { DXP_VERSION } from "../../../uapi/dxp.ts";
import { NT_SUCCESS } from "../../../uapi/ntstatus.ts";
import type { View } from "../../../uapi/struct.ts";
import { D3dkmt } from "../d3dkmt/d3dkmt.ts";
import { checkStatus, ComputeError } from "./error.ts";

/** Adapters that /dev/dxg lists at most. */
const MAX_ADAPTERS = 64;
/** Bytes of D3DKMT_DRIVER_DESCRIPTION: 4096 characters of UTF-16. */
const DESCRIPTION = 8192;

/** What an adapter is. */
export interface AdapterInfo {
  /** Its place in the list. */
  readonly index: number;
  /** Its name, for people. */
  readonly name: string;
  /** Whether it executes udrm's packets, and dispatches. */
  readonly compute: boolean;
  /** Bytes of memory near the GPU. */
  readonly localMemory: number;
  /** Bytes of system memory that the GPU reaches. */
  readonly nonLocalMemory: number;
  /** Ticks of the GPU's clock a second. */
  readonly timestampFrequency: number;
  /** Alignment of GPU addresses, bytes. */
  readonly pageSize: number;
}

/** A client of an adapter. */
export class Connection implements Disposable {
  /** Whose. */
  readonly process: LocalProcess;
  /** The calls. */
  readonly kmt: D3dkmt;
  /** The adapter. */
  readonly adapter: AdapterInfo;
  /** Its handle. */
  readonly adapterHandle: number;
  /** The device's handle. */
  readonly device: number;
  /** The paging queue's handle. */
  readonly pagingQueue: number;
  /** Its fence. */
  readonly pagingFence: number;
  /** The value that the paging queue's fence must reach before all memory is where it was asked to be. */
  pagingValue = 0n;
  readonly #pagingPage: DataView<ArrayBufferLike>;
  readonly #handles: UserBuffer;
  readonly #handleWords: DataView<ArrayBufferLike>;
  readonly #values: UserBuffer;
  readonly #valueWords: DataView<ArrayBufferLike>;
  readonly #state: View<k.d3dkmt_getdevicestate> = k.d3dkmt_getdevicestate.of({});
  #open = true;

  /**
   * Opens an adapter.
   *
   * @param process a client with /dev/dxg. @param which its number or a part of its name; the first that computes by default.
   * @throws {DrmError} ENOENT without /dev/dxg. @throws {ComputeError}
   */
  constructor(process: LocalProcess, which?: string | number) {
    using cleanup = new DisposableStack();
    this.process = process;
    this.kmt = cleanup.use(new D3dkmt(process.open("/dev/dxg")));
    const { info, handle } = choose(process, this.kmt, which);
    this.adapter = info;
    this.adapterHandle = handle;
    const device = k.d3dkmt_createdevice.of({ adapter: handle });
    checkStatus(this.kmt.D3DKMTCreateDevice(device), "Cannot make a device");
    this.device = device.device;
    const paging = k.d3dkmt_createpagingqueue.of({ device: device.device });
    checkStatus(this.kmt.D3DKMTCreatePagingQueue(paging), "Cannot make a paging queue");
    this.pagingQueue = paging.paging_queue;
    this.pagingFence = paging.sync_object;
    this.#pagingPage = this.view(paging.fence_cpu_virtual_address, 8);
    this.#handles = process.alloc(16);
    this.#handleWords = viewOf(this.#handles.bytes);
    this.#values = process.alloc(16);
    this.#valueWords = viewOf(this.#values.bytes);
    this.#state.device = device.device;
    cleanup.move();
  }

  /** Memory of the client, or what is mapped into it, in place. */
  view(address: bigint, length: number): DataView<ArrayBufferLike> {
    return viewOf(this.process.at(address, length));
  }

  /** The address of one handle in memory, until the next call. */
  handle(value: number): bigint {
    this.#handleWords.setUint32(0, value, true);
    return this.#handles.address;
  }

  /** The address of one value of a fence in memory, until the next call. */
  value(value: bigint): bigint {
    this.#valueWords.setBigUint64(0, value, true);
    return this.#values.address;
  }

  /** Whether all memory is where it was asked to be. */
  get isPaged(): boolean {
    return this.#pagingPage.getBigUint64(0, true) >= this.pagingValue;
  }

  /** What a paging operation answered. */
  paged(value: bigint): void {
    if (value > this.pagingValue) this.pagingValue = value;
  }

  /** What has become of the device: undefined while it works. Cheap: the driver keeps the answer. */
  failure(): ComputeError | undefined {
    const state = this.#state;
    state.state_type = k._D3DKMT_DEVICESTATE_EXECUTION;
    if (!NT_SUCCESS(this.kmt.D3DKMTGetDeviceState(state))) {
      return new ComputeError("lost", `${this.adapter.name} is gone`);
    }
    switch (state.execution_state) {
      case k._D3DKMT_DEVICEEXECUTION_ACTIVE:
        return undefined;
      case k._D3DKMT_DEVICEEXECUTION_ERROR_DMAPAGEFAULT:
      case k._D3DKMT_DEVICEEXECUTION_ERROR_DMAFAULT:
        return this.#fault(state.execution_state === k._D3DKMT_DEVICEEXECUTION_ERROR_DMAPAGEFAULT);
      case k._D3DKMT_DEVICEEXECUTION_ERROR_OUTOFMEMORY:
        return new ComputeError("memory", "The GPU has no memory left for what it has to do");
      case k._D3DKMT_DEVICEEXECUTION_HUNG:
        return new ComputeError(
          "hung",
          "The GPU was stopped: a batch of work took too long. Call flush() between its parts",
        );
      default:
        return new ComputeError("lost", `The device is in execution state ${state.execution_state}`);
    }
  }

  #fault(isPage: boolean): ComputeError {
    const state = this.#state;
    state.state_type = k._D3DKMT_DEVICESTATE_PAGE_FAULT;
    if (!NT_SUCCESS(this.kmt.D3DKMTGetDeviceState(state))) return new ComputeError("lost", "The device is gone");
    const { faulted_virtual_address, page_fault_flags, faulted_primitive_api_sequence_number } = state.page_fault_state;
    const address = Number(faulted_virtual_address), offset = Number(faulted_primitive_api_sequence_number);
    const where = `0x${address.toString(16)}`;
    if (!isPage) {
      return new ComputeError("dma-fault", `The GPU refused a command: byte ${offset} of its DMA buffer, at ${where}`, {
        address,
        offset,
      });
    }
    const does = (page_fault_flags & k._DXGK_PAGE_FAULT_WRITE) !== 0 ? "written" : "read";
    return new ComputeError(
      "page-fault",
      `Page fault: nothing can be ${does} at GPU address ${where} (command at byte ${offset} of its DMA buffer)`,
      { address, offset },
    );
  }

  /** Closes it, and all that was made through it. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.kmt.D3DKMTDestroyDevice(k.d3dkmt_destroydevice.of({ device: this.device }));
    this.kmt[Symbol.dispose]();
    this.process.heap.free(this.#handles);
    this.process.heap.free(this.#values);
  }
}

function viewOf(bytes: Uint8Array): DataView<ArrayBufferLike> {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function ask(process: LocalProcess, kmt: D3dkmt, adapter: number, type: number, size: number): Uint8Array | undefined {
  const answer = process.alloc(size);
  const query = k.d3dkmt_queryadapterinfo.of({ adapter, type, private_data: answer.address, private_data_size: size });
  const isKnown = NT_SUCCESS(kmt.D3DKMTQueryAdapterInfo(query));
  const copy = isKnown ? answer.bytes.slice() : undefined;
  process.heap.free(answer);
  return copy;
}

function describe(process: LocalProcess, kmt: D3dkmt, handle: number, index: number): AdapterInfo {
  const blob = ask(process, kmt, handle, k._KMTQAITYPE_DRIVER_DESCRIPTION, DESCRIPTION);
  const name = blob === undefined ? "" : new TextDecoder("utf-16le").decode(blob).replace(/\0[^]*$/, "");
  const own = ask(process, kmt, handle, k._KMTQAITYPE_UMDRIVERPRIVATE, dxg_driver_adapter.size);
  const info = dxg_driver_adapter.at(own ?? new Uint8Array(dxg_driver_adapter.size));
  const isOurs = info.magic === DXG_DRIVER_MAGIC && info.version === DXG_DRIVER_VERSION;
  // The major version must be ours, and the minor one at least.
  const executes = info.packet_version >>> 16 === DXP_VERSION >>> 16 && info.packet_version >= DXP_VERSION;
  return {
    index,
    name: name === "" ? `adapter ${index}` : name,
    compute: isOurs && executes && (info.packet_caps & DXG_CAP_COMPUTE) !== 0,
    localMemory: info.local_memory,
    nonLocalMemory: info.non_local_memory,
    timestampFrequency: info.timestamp_frequency,
    pageSize: info.page_size,
  };
}

function enumerate(process: LocalProcess, kmt: D3dkmt): { readonly info: AdapterInfo; readonly handle: number }[] {
  const list = process.alloc(MAX_ADAPTERS * k.d3dkmt_adapterinfo.size);
  try {
    const args = k.d3dkmt_enumadapters2.of({ num_adapters: MAX_ADAPTERS, adapters: list.address });
    checkStatus(kmt.D3DKMTEnumAdapters2(args), "Cannot list the adapters");
    return Array.from({ length: Math.min(args.num_adapters, MAX_ADAPTERS) }, (_, i) => {
      const handle = k.d3dkmt_adapterinfo.at(list.bytes, i * k.d3dkmt_adapterinfo.size).adapter_handle;
      return { handle, info: describe(process, kmt, handle, i) };
    });
  } finally {
    process.heap.free(list);
  }
}

/** The adapters that a client sees. @throws {DrmError} ENOENT without /dev/dxg */
export function listAdapters(process: LocalProcess): AdapterInfo[] {
  using kmt = new D3dkmt(process.open("/dev/dxg"));
  return enumerate(process, kmt).map(({ info }) => info);
}

function choose(process: LocalProcess, kmt: D3dkmt, which?: string | number) {
  const all = enumerate(process, kmt);
  const wanted = typeof which === "string" ? which.toLowerCase() : which;
  const found = all.find(({ info }) =>
    wanted === undefined
      ? info.compute
      : typeof wanted === "number"
      ? info.index === wanted
      : info.name.toLowerCase().includes(wanted)
  );
  const names = all.map(({ info }) => `${info.index} ${info.name}`).join(", ");
  if (found === undefined) {
    const which = wanted === undefined ? "that computes" : `"${wanted}"`;
    throw new ComputeError("adapter", `Cannot open an adapter ${which}: there are ${names === "" ? "none" : names}`);
  }
  if (!found.info.compute) {
    throw new ComputeError("adapter", `Cannot compute on ${found.info.name}: it does not execute udrm's packets`);
  }
  for (const { handle } of all) {
    if (handle !== found.handle) kmt.D3DKMTCloseAdapter(k.d3dkmt_closeadapter.of({ adapter_handle: handle }));
  }
  return found;
}
