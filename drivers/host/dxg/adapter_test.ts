/** What adapters answer: facts, features, statistics, clocks, escapes, device states, contexts. */

import { assertEquals } from "@std/assert";
import * as kmt from "../../../uapi/d3dkmthk.ts";
import { dxg_driver_adapter, DXG_DRIVER_MAGIC } from "../../../uapi/dxg_driver.ts";
import * as vmb from "../../../uapi/dxgvmbus.ts";
import * as nt from "../../../uapi/ntstatus.ts";
import { QUERY_ADAPTER_INFO_TYPES, readUtf16 } from "./adapter_info.ts";
import { CpuEngine, TestGuest, words } from "./testing.ts";

function query(g: TestGuest, type: number, blob: Uint8Array) {
  const { bytes, status } = g.send(
    g.packet("QUERYADAPTERINFO", { query_type: type, private_data_size: blob.length } as never, blob),
  );
  const answer = bytes.slice(4, 4 + blob.length);
  return { status, answer, view: new DataView(answer.buffer) };
}

Deno.test("QUERYADAPTERINFO answers the types that open clients ask for, honestly", () => {
  using g = new TestGuest();
  g.boot();
  const ask = (type: number, size: number): DataView => {
    const { status, view } = query(g, type, new Uint8Array(size));
    assertEquals(status, 0, `type ${type}`);
    return view;
  };
  const t = kmt.d3dkmt_adaptertype;
  const type = t.paravirtualized | t.render_supported | t.software_device;
  assertEquals(ask(kmt._KMTQAITYPE_ADAPTERTYPE, 4).getUint32(0, true), type);
  assertEquals(ask(kmt._KMTQAITYPE_ADAPTERTYPE_RENDER, 4).getUint32(0, true), type);
  assertEquals(ask(kmt._KMTQAITYPE_PHYSICALADAPTERCOUNT, 4).getUint32(0, true), 1);
  assertEquals(ask(kmt._KMTQAITYPE_PHYSICALADAPTERDEVICEIDS, 28).getUint32(4, true), 0x10005);
  assertEquals(ask(kmt._KMTQAITYPE_WDDM_2_7_CAPS, 4).getUint32(0, true), 7);
  assertEquals(readUtf16(ask(kmt._KMTQAITYPE_DRIVER_DESCRIPTION, 8192), 0, 4096), "CPU engine (testing)");
  assertEquals(readUtf16(ask(kmt._KMTQAITYPE_ADAPTERREGISTRYINFO, 2080), 0, 260), "CPU engine");
  assertEquals(readUtf16(ask(kmt._KMTQAITYPE_ADAPTERREGISTRYINFO_RENDER, 2080), 0, 260), "CPU engine");
  assertEquals(readUtf16(ask(kmt._KMTQAITYPE_DRIVER_DESCRIPTION_RENDER, 8192), 0, 4096), "CPU engine (testing)");
  assertEquals(
    readUtf16(ask(kmt._KMTQAITYPE_QUERY_ADAPTER_UNIQUE_GUID, 80), 0, 40),
    "{00010203-0405-0607-0809-0a0b0c0d0e0f}",
  );
  const driver = dxg_driver_adapter.at(query(g, 0, new Uint8Array(56)).answer);
  assertEquals([driver.magic, driver.node_count, driver.local_memory], [DXG_DRIVER_MAGIC, 2, 64 << 20]);
});

Deno.test("QUERYADAPTERINFO: sizes, versions and capabilities, of this adapter", () => {
  using g = new TestGuest({ localMemory: 32 << 20 });
  g.boot();
  const ask = (type: number, size: number, index = 0): DataView => {
    const blob = new Uint8Array(size);
    if (index !== 0) blob.set(words([index]));
    const { status, view } = query(g, type, blob);
    assertEquals(status, index === 0 ? 0 : nt.STATUS_INVALID_PARAMETER, `type ${type}`);
    return view;
  };
  const numbers = (view: DataView, from: number): number[] =>
    Array.from({ length: (view.byteLength - from) / 8 }, (_, i) => Number(view.getBigUint64(from + 8 * i, true)));
  const other = g.host.adapters[0].vram.segments[1]?.size ?? 0;
  assertEquals(numbers(ask(kmt._KMTQAITYPE_GETSEGMENTSIZE, 24), 0), [32 << 20, 0, other]);
  const groups = numbers(ask(kmt._KMTQAITYPE_GETSEGMENTGROUPSIZE, 56), 8);
  assertEquals(groups, [32 << 20, 0, other, 32 << 20, other, 0]);
  for (const type of [kmt._KMTQAITYPE_GETSEGMENTGROUPSIZE, kmt._KMTQAITYPE_QUERY_GPUMMU_CAPS]) ask(type, 56, 1);
  // {00010203-0405-0607-0809-0a0b0c0d0e0f} as a GUID.
  const guid = ask(kmt._KMTQAITYPE_ADAPTERGUID, 16);
  assertEquals([guid.getUint32(0, true), guid.getUint16(4, true), guid.getUint16(6, true)], [0x10203, 0x405, 0x607]);
  assertEquals(guid.getBigUint64(8), 0x08090a0b0c0d0e0fn);
  const mmu = ask(kmt._KMTQAITYPE_QUERY_GPUMMU_CAPS, 12);
  assertEquals([mmu.getUint32(4, true), mmu.getUint32(8, true)], [5, 48]);
  const preemption = ask(kmt._KMTQAITYPE_WDDM_1_2_CAPS_RENDER, 12);
  assertEquals([0, 4, 8].map((at) => preemption.getUint32(at, true)), [100, 100, 0]);
  assertEquals(ask(kmt._KMTQAITYPE_KMD_DRIVER_VERSION, 8).getBigUint64(0, true), 1n << 48n);
  const flags: [number, number][] = [
    [kmt._KMTQAITYPE_DRIVERVERSION, 2700],
    [kmt._KMTQAITYPE_VIRTUALADDRESSINFO, 1],
    [kmt._KMTQAITYPE_CHECKDRIVERUPDATESTATUS, 0],
    [kmt._KMTQAITYPE_WDDM_1_3_CAPS, 0],
    [kmt._KMTQAITYPE_WDDM_2_0_CAPS, 0x23],
    [kmt._KMTQAITYPE_WDDM_2_9_CAPS, 6],
    [kmt._KMTQAITYPE_WDDM_3_0_CAPS, 0],
    [kmt._KMTQAITYPE_CROSSADAPTERRESOURCE_SUPPORT, 0],
  ];
  for (const [type, value] of flags) assertEquals(ask(type, 4).getUint32(0, true), value, `type ${type}`);
  assertEquals(ask(kmt._KMTQAITYPE_PARAVIRTUALIZATION_RENDER, 1).getUint8(0), 0);
});

Deno.test("QUERYADAPTERINFO: files of user-mode drivers are not there, an empty name is no name", () => {
  using g = new TestGuest();
  g.boot();
  const sizes = [[kmt._KMTQAITYPE_UMDRIVERNAME, 524], [kmt._KMTQAITYPE_UMOPENGLINFO, 528]];
  for (const [type, size] of [...sizes, [kmt._KMTQAITYPE_UMD_DRIVER_VERSION, 8]]) {
    const { status } = query(g, type, new Uint8Array(size));
    assertEquals(nt.ntstatusToReturn(status), -2, `type ${type}`);
  }
});

Deno.test("NODEMETADATA describes each node, and no more, in the 78 bytes of a packed struct", () => {
  using g = new TestGuest();
  g.boot();
  const node = (ordinal: number) => {
    const blob = new Uint8Array(78);
    blob.set(words([ordinal]));
    return query(g, kmt._KMTQAITYPE_NODEMETADATA, blob);
  };
  assertEquals([node(1).view.getUint32(4, true), readUtf16(node(1).view, 8, 32)], [5, "copies"]);
  assertEquals(node(2).status, nt.STATUS_INVALID_PARAMETER);
});

Deno.test("QUERYREGISTRY knows a few values of the adapter, and says of others that they are not there", () => {
  using g = new TestGuest();
  g.boot();
  const ask = (name: string): DataView => {
    const blob = new Uint8Array(600);
    const view = new DataView(blob.buffer);
    view.setUint32(0, 1, true);
    [...name].forEach((c, i) => view.setUint16(8 + 2 * i, c.charCodeAt(0), true));
    const { status, view: out } = query(g, kmt._KMTQAITYPE_QUERYREGISTRY, blob);
    assertEquals(status, 0);
    return out;
  };
  assertEquals(ask("HardwareInformation.qwMemorySize").getBigUint64(544, true), BigInt(64 << 20));
  assertEquals(readUtf16(ask("HardwareInformation.AdapterString"), 544, 28), "CPU engine");
  assertEquals(readUtf16(ask("DriverDesc"), 544, 28), "CPU engine (testing)");
  assertEquals(ask("Something").getUint32(540, true), 2);
});

Deno.test("QUERYADAPTERINFO refuses other types, and too little room", () => {
  using g = new TestGuest();
  g.boot();
  for (const type of [999, kmt._KMTQAITYPE_WDDM_3_0_CAPS + 1, 6]) {
    assertEquals(query(g, type, new Uint8Array(100)).status, nt.STATUS_INVALID_PARAMETER, `type ${type}`);
  }
  for (const type of QUERY_ADAPTER_INFO_TYPES) {
    if (type === kmt._KMTQAITYPE_PARAVIRTUALIZATION_RENDER) continue; // a byte
    assertEquals(query(g, type, new Uint8Array(3)).status, nt.STATUS_INVALID_PARAMETER, `type ${type}`);
  }
  // The size that is told, and nothing behind it.
  const bytes = g.packet(
    "QUERYADAPTERINFO",
    { query_type: 15, private_data_size: 0x10000 } as never,
    new Uint8Array(4),
  );
  assertEquals(g.send(bytes).status, nt.STATUS_INVALID_PARAMETER);
});

Deno.test("version 27 answers with the blob alone", () => {
  using g = new TestGuest({ version: 27 });
  g.boot();
  const { bytes } = g.send(
    g.packet("QUERYADAPTERINFO", { query_type: 30, private_data_size: 4 } as never, new Uint8Array(4)),
  );
  assertEquals([...bytes], [1, 0, 0, 0]);
});

Deno.test("GETINTERNALADAPTERINFO: asynchronous messages only with extended headers", () => {
  for (const [version, bit] of [[27, 0], [40, 0x40]]) {
    using g = new TestGuest({ version });
    g.boot();
    const { bytes } = g.send(g.packet("GETINTERNALADAPTERINFO", {}, [], { process: 0 }));
    const view = new DataView(bytes.buffer);
    assertEquals([view.getUint32(12, true) & 0x40, view.getUint32(16, true)], [bit, 0x1234]);
    assertEquals(readUtf16(view, 24, 80), "CPU engine");
  }
});

Deno.test("ISFEATUREENABLED, for an adapter and for all", () => {
  using g = new TestGuest();
  g.boot();
  const bits = kmt.dxgk_isfeatureenabled_result_flags;
  const { all } = g.ask(
    "ISFEATUREENABLED",
    vmb.dxgkvmb_command_isfeatureenabled,
    vmb.dxgkvmb_command_isfeatureenabled_return,
    { feature_id: kmt._DXGK_FEATURE_HWSCH },
  );
  assertEquals(vmb.dxgkvmb_command_isfeatureenabled_return.at(all).result.value & bits.enabled, bits.enabled);
  const ask = (feature_id: number): number[] => {
    const { status, result } = g.ask(
      "ISFEATUREENABLED_GLOBAL",
      vmb.dxgkvmb_command_isfeatureenabled_gbl,
      vmb.dxgkvmb_command_isfeatureenabled_return,
      { feature_id },
    );
    return [status, result.value];
  };
  assertEquals(ask(33), [0, bits.known_feature]);
  assertEquals(ask(12345), [0, 0]);
});

Deno.test("QUERYCLOCKCALIBRATION tells both clocks of a node", () => {
  using g = new TestGuest();
  g.boot();
  g.clock.advance(500);
  const ask = (node_ordinal: number) =>
    g.ask(
      "QUERYCLOCKCALIBRATION",
      vmb.dxgkvmb_command_queryclockcalibration,
      vmb.dxgkvmb_command_queryclockcalibration_return,
      { args: { node_ordinal } },
    );
  const { clock_data } = ask(1);
  assertEquals([clock_data.gpu_frequency, clock_data.gpu_clock_counter], [10n ** 9n, BigInt(g.clock.now())]);
  assertEquals(ask(2).status, nt.STATUS_INVALID_PARAMETER);
});

Deno.test("QUERYSTATISTICS counts memory and jobs", () => {
  using g = new TestGuest();
  g.boot();
  const device = g.device();
  const { paging_queue: queue } = g.pagingQueue(device);
  const { handles } = g.allocate(device, [g.priv(8192)]);
  g.resident(queue, handles);
  const ask = (type: number, which = 0, luid = 0x1234) => {
    const args = kmt.d3dkmt_querystatistics.of({ type, adapter_luid: { a: luid, b: 0x56 } });
    const bytes = kmt.d3dkmt_querystatistics.bytes(args);
    new DataView(bytes.buffer).setUint32(800, which, true);
    const reply = g.send(g.packet("QUERYSTATISTICS", { args } as never)).bytes;
    return { status: new DataView(reply.buffer).getInt32(0, true), view: new DataView(reply.buffer, 8) };
  };
  assertEquals(ask(kmt._D3DKMT_QUERYSTATISTICS_ADAPTER).view.getUint32(4, true), 2);
  assertEquals(ask(kmt._D3DKMT_QUERYSTATISTICS_SEGMENT).view.getBigUint64(8, true), 8192n);
  assertEquals(ask(kmt._D3DKMT_QUERYSTATISTICS_PROCESS_SEGMENT).view.getBigUint64(0, true), 8192n);
  assertEquals(ask(kmt._D3DKMT_QUERYSTATISTICS_PROCESS_NODE).view.getUint32(8, true), 0);
  // Aperture, SegmentProperties.SystemMemory: of local memory, and of the system's.
  const kinds = [0, 1].map((segment) => ask(kmt._D3DKMT_QUERYSTATISTICS_SEGMENT, segment).view)
    .map((view) => [view.getUint32(40, true), view.getUint32(104, true)]);
  assertEquals(kinds, [[0, 0], [1, 1]]);
  assertEquals(ask(kmt._D3DKMT_QUERYSTATISTICS_SEGMENT, 2).status, nt.STATUS_INVALID_PARAMETER);
  assertEquals(ask(kmt._D3DKMT_QUERYSTATISTICS_ADAPTER, 0, 1).status, nt.STATUS_INVALID_PARAMETER);
  assertEquals(ask(kmt._D3DKMT_QUERYSTATISTICS_VIDPNSOURCE).status, nt.STATUS_NOT_SUPPORTED);
});

Deno.test("ESCAPE: known ones alone, whose objects must be there; others get no reply", () => {
  using g = new TestGuest();
  g.boot();
  const device = g.device();
  const { handles: [a] } = g.allocate(device, [g.priv(4096)]);
  const ask = (data: readonly number[], flags: number = kmt.d3dddi_escapeflags.driver_known_escape) =>
    g.send(g.packet("ESCAPE", { device, flags, priv_drv_data_size: 4 * data.length } as never, words(data))).bytes;
  assertEquals([...ask([kmt._D3DDDI_DRIVERESCAPETYPE_TRANSLATEALLOCATIONHANDLE, a])], [...words([0, a])]);
  assertEquals(ask([kmt._D3DDDI_DRIVERESCAPETYPE_TRANSLATEALLOCATIONHANDLE, device]).length, 0);
  assertEquals(ask([kmt._D3DDDI_DRIVERESCAPETYPE_BUILDTESTCOMMANDBUFFER, a]).length, 0);
  assertEquals(ask([0, a], 0).length, 0);
  assertEquals(ask([0]).length, 0);
});

Deno.test("MARKDEVICEASERROR resets the device, for the reasons that there are", () => {
  using g = new TestGuest();
  g.boot();
  const device = g.device();
  const mark = (reason: number): number =>
    g.tell("MARKDEVICEASERROR", vmb.dxgkvmb_command_markdeviceaserror, { args: { device, reason } });
  assertEquals(mark(5), nt.STATUS_INVALID_PARAMETER);
  assertEquals(g.state(device), kmt._D3DKMT_DEVICEEXECUTION_ACTIVE);
  assertEquals(mark(kmt._D3DKMT_DEVICE_ERROR_REASON_GENERIC), 0);
  assertEquals(g.state(device), kmt._D3DKMT_DEVICEEXECUTION_RESET);
  assertEquals(g.context(device), 0);
});

Deno.test("context priorities, in process and among all", () => {
  using g = new TestGuest();
  g.boot();
  const context = g.context(g.device());
  const set = (priority: number, in_process: number): number =>
    g.tell("SETCONTEXTSCHEDULINGPRIORITY", vmb.dxgkvmb_command_setcontextschedulingpriority2, {
      context,
      priority,
      in_process,
    });
  const get = (in_process: number): number =>
    g.ask(
      "GETCONTEXTSCHEDULINGPRIORITY",
      vmb.dxgkvmb_command_getcontextschedulingpriority,
      vmb.dxgkvmb_command_getcontextschedulingpriority_return,
      { context, in_process },
    ).priority;
  assertEquals([set(3, 0), set(-2, 1), get(0), get(1)], [0, 0, 3, -2]);
  assertEquals([set(8, 0), set(-8, 1)], [nt.STATUS_INVALID_PARAMETER, nt.STATUS_INVALID_PARAMETER]);
});

Deno.test("CREATECONTEXTVIRTUAL refuses a node, a GPU and flags that there are not", () => {
  using g = new TestGuest();
  g.boot();
  const device = g.device();
  assertEquals([g.context(device, 0, 2), g.context(device, 0x20), g.context(device + 1)], [0, 0, 0]);
  const { bytes } = g.send(
    g.packet("CREATECONTEXTVIRTUAL", { device, engine_affinity: 2 } as never),
  );
  assertEquals(new DataView(bytes.buffer).getUint32(24, true), 0);
});

Deno.test("a compute-only engine is a compute accelerator", () => {
  using g = new TestGuest({ engine: new CpuEngine({ render: false, type: "discrete" }) });
  g.boot();
  const t = kmt.d3dkmt_adaptertype;
  assertEquals(
    query(g, kmt._KMTQAITYPE_ADAPTERTYPE, new Uint8Array(4)).view.getUint32(0, true),
    t.compute_only | t.paravirtualized | t.hybrid_discrete,
  );
  assertEquals(g.host.backends[1].pci?.deviceId, vmb.DXGK_PCI_DEVICE_ID_COMPUTE_ACCELERATOR);
});

Deno.test("CLOSEADAPTER closes by its handle, and ends its devices", () => {
  using g = new TestGuest();
  g.boot();
  const device = g.device();
  const close = (host_handle: number): number =>
    g.tell("CLOSEADAPTER", vmb.dxgkvmb_command_closeadapter, { host_handle });
  assertEquals(close(7), nt.STATUS_INVALID_HANDLE);
  assertEquals(g.state(device), kmt._D3DKMT_DEVICEEXECUTION_ACTIVE);
  assertEquals(close(1), 0);
  assertEquals(g.tell("DESTROYDEVICE", vmb.dxgkvmb_command_destroydevice, { device }), nt.STATUS_INVALID_HANDLE);
});
