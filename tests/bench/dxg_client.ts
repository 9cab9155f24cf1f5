/**
 * A client of /dev/dxg: from the ioctl that submits a buffer to the value in its fence page, with the host in this process and with a
 * host process of its own. Serves `dxg.ts`.
 */
import { createSystem, drivers } from "../../mod.ts";
import * as k from "../../uapi/d3dkmthk.ts";
import * as isa from "../../uapi/dxp_isa.ts";
import { STATUS_PENDING } from "../../uapi/ntstatus.ts";
import { Client } from "../dxg/rig.ts";

const SIZE = 65536;

/** ns from submitting to the fence's value, the best round; the client looks at its page until it is there. */
export function submitToSignal(isolate: "none" | "process", rounds: number): number {
  using system = createSystem({ pages: "memfd", clock: "monotonic", drivers: [drivers.dxg({ isolate })] });
  const client = new Client(system.process());
  const { allocation } = client.allocate(client.privateData(4096));
  const target = Number(client.map(allocation, 1));
  client.resident(allocation);
  const { address, length } = client.commands((writer) => writer.put(isa.DXP_FILL, [target, 4, 1]));
  const made = k.d3dkmt_createhwqueue.of({ context: client.context });
  client.dxg.ioctl(k.LX_DXCREATEHWQUEUE, made);
  const page = client.task.at(made.queue_progress_fence_cpu_va, 8);
  const fence = new BigUint64Array(page.buffer, page.byteOffset, 1);
  const submit = k.d3dkmt_submitcommandtohwqueue.of({
    hwqueue: made.queue,
    command_buffer: address,
    command_length: length,
  });
  let best = Infinity;
  for (let i = 1; i <= rounds; i++) {
    const value = BigInt(i);
    submit.hwqueue_progress_fence_id = value;
    const start = performance.now();
    client.dxg.ioctl(k.LX_DXSUBMITCOMMANDTOHWQUEUE, submit);
    // In this process nobody else completes it.
    while (Atomics.load(fence, 0) < value) if (isolate === "none") system.pump();
    best = Math.min(best, performance.now() - start);
  }
  return best * 1e6;
}

/** What an operation takes, ns on average. */
export interface Rates {
  /** CREATEALLOCATION of 64 KiB that the CPU may see, and DESTROYALLOCATION2. */
  readonly allocate: number;
  /** MAPGPUVIRTUALADDRESS of 64 KiB, and FREEGPUVIRTUALADDRESS. */
  readonly map: number;
  /** EVICT, and MAKERESIDENT. */
  readonly resident: number;
  /** QUERYCLOCKCALIBRATION, which only goes to the host and back. */
  readonly query: number;
}

/** Measures memory management of a client with the host in this process. */
export function memoryRates(rounds: number): Rates {
  using system = createSystem({ pages: "memfd", clock: "monotonic", drivers: [drivers.dxg()] });
  const client = new Client(system.process()), { dxg, device, paging: { paging_queue } } = client;
  const done = (result: unknown): void => {
    if (result !== 0 && result !== STATUS_PENDING) throw new Error(`Cannot measure: an ioctl says ${result}`);
  };
  const mean = (once: () => void): number => {
    for (let i = 0; i < rounds / 4; i++) once();
    const start = performance.now();
    for (let i = 0; i < rounds; i++) once();
    return (performance.now() - start) * 1e6 / rounds;
  };
  const { allocation } = client.allocate(client.privateData(SIZE));
  const list = client.handles(allocation);
  const entry = client.task.heap.from(new Uint8Array(k.d3dddi_allocationinfo2.size));
  const info = k.d3dddi_allocationinfo2.at(entry.bytes), own = client.task.heap.from(client.privateData(SIZE));
  info.priv_drv_data = own.address;
  info.priv_drv_data_size = own.bytes.length;
  const create = k.d3dkmt_createallocation.of({ device, alloc_count: 1, allocation_info: entry.address });
  const gone = client.task.heap.from(new Uint8Array(4)),
    goneHandle = new DataView(gone.bytes.buffer, gone.bytes.byteOffset);
  const destroy = k.d3dkmt_destroyallocation2.of({ device, allocations: gone.address, alloc_count: 1 });
  const map = k.d3dddi_mapgpuvirtualaddress.of({
    paging_queue,
    allocation,
    size_in_pages: SIZE / 4096,
    protection: k.d3dddigpuva_protection_type.write,
  });
  const free = k.d3dkmt_freegpuvirtualaddress.of({ adapter: client.adapter, size: SIZE });
  const resident = k.d3dddi_makeresident.of({ paging_queue, alloc_count: 1, allocation_list: list });
  const evict = k.d3dkmt_evict.of({ device, alloc_count: 1, allocations: list });
  const clock = k.d3dkmt_queryclockcalibration.of({ adapter: client.adapter });
  return {
    allocate: mean(() => {
      done(dxg.ioctl(k.LX_DXCREATEALLOCATION, create));
      goneHandle.setUint32(0, info.allocation, true);
      done(dxg.ioctl(k.LX_DXDESTROYALLOCATION2, destroy));
    }),
    map: mean(() => {
      map.base_address = 0n;
      done(dxg.ioctl(k.LX_DXMAPGPUVIRTUALADDRESS, map));
      free.base_address = map.virtual_address;
      done(dxg.ioctl(k.LX_DXFREEGPUVIRTUALADDRESS, free));
    }),
    resident: mean(() => {
      done(dxg.ioctl(k.LX_DXMAKERESIDENT, resident));
      done(dxg.ioctl(k.LX_DXEVICT, evict));
    }),
    query: mean(() => done(dxg.ioctl(k.LX_DXQUERYCLOCKCALIBRATION, clock))),
  };
}
