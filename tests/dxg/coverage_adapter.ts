/** Coverage of the ioctls about adapters: listing, opening, asking, budgets, clocks, statistics. */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import * as k from "udrm/uapi/d3dkmthk.ts";
import { NT_SUCCESS } from "udrm/uapi/ntstatus.ts";
import { VIEW, type View } from "udrm/uapi/struct.ts";
import type { Coverage } from "./coverage.ts";
import type { Client } from "./rig.ts";

/** KMTQAITYPE_DRIVER_DESCRIPTION's answer of an adapter handle, or nothing if it is none. */
function description(t: Coverage, adapter: number): string | undefined {
  const blob = t.client.buffer(8192);
  const query = k.d3dkmt_queryadapterinfo.of({
    adapter,
    type: k._KMTQAITYPE_DRIVER_DESCRIPTION,
    private_data: blob.address,
    private_data_size: 8192,
  });
  if (!NT_SUCCESS(t.kmt.D3DKMTQueryAdapterInfo(query))) return undefined;
  return new TextDecoder("utf-16le").decode(blob.bytes.slice()).replace(/\0[^]*$/, "");
}

/** Calls each of them. @param name of the GPU, as Vulkan gives it. @param other another process with the adapter open. */
export async function adapters(t: Coverage, name: string, other: Client): Promise<void> {
  const { client: c, kmt } = t, { adapter } = c;
  const list = c.buffer(20);
  const two = k.d3dkmt_enumadapters2.of({ num_adapters: 1, adapters: list.address });
  const listed = (): void => {
    const info = k.d3dkmt_adapterinfo.at(list.bytes);
    assertEquals({ a: info.adapter_luid.a, b: info.adapter_luid.b }, c.luid);
    assertEquals(description(t, info.adapter_handle), name);
    list.bytes.fill(0);
  };
  await t.see("D3DKMTEnumAdapters2", two, "the adapter, opened: its handle answers queries", () => {
    assertEquals(two.num_adapters, 1);
    listed();
  });
  const three = k.d3dkmt_enumadapters3.of({ adapter_count: 1, adapters: list.address });
  await t.see("D3DKMTEnumAdapters3", three, "the adapter, opened: its handle answers queries", () => {
    assertEquals(three.adapter_count, 1);
    listed();
  });
  const open = k.d3dkmt_openadapterfromluid.of({ adapter_luid: c.luid });
  await t.see("D3DKMTOpenAdapterFromLuid", open, "a handle of its own, which answers queries", () => {
    assertNotEquals(open.adapter_handle, adapter);
    assertEquals(description(t, open.adapter_handle), name);
  });
  const close = k.d3dkmt_closeadapter.of({ adapter_handle: open.adapter_handle });
  await t.see("D3DKMTCloseAdapter", close, "the handle is dead", () => {
    assertEquals(description(t, open.adapter_handle), undefined);
    t.refused(kmt.D3DKMTCloseAdapter(close));
  });
  const type = c.buffer(4);
  const query = k.d3dkmt_queryadapterinfo.of({
    adapter,
    type: k._KMTQAITYPE_ADAPTERTYPE_RENDER,
    private_data: type.address,
    private_data_size: 4,
  });
  await t.see("D3DKMTQueryAdapterInfo", query, "the GPU's name, and that it is paravirtualized", () => {
    const bits = new DataView(type.bytes.buffer, type.bytes.byteOffset).getUint32(0, true);
    assertNotEquals(bits & k.d3dkmt_adaptertype.paravirtualized, 0);
    assertEquals(description(t, adapter), name);
  });
  const feature = k.d3dkmt_isfeatureenabled.of({ adapter, feature_id: k._DXGK_FEATURE_HWSCH });
  await t.see(
    "D3DKMTIsFeatureEnabled",
    feature,
    "hardware scheduling is known and enabled, an unknown feature is not",
    () => {
      const { known_feature, enabled } = k.dxgk_isfeatureenabled_result_flags;
      assertEquals(feature.result.value & (known_feature | enabled), known_feature | enabled);
      const unknown = k.d3dkmt_isfeatureenabled.of({ adapter, feature_id: 0x7fff });
      kmt.D3DKMTIsFeatureEnabled(unknown);
      assertEquals(unknown.result.value, 0);
    },
  );
  await memory(t);
  await clocks(t);
  await statistics(t, other);
}

async function memory(t: Coverage): Promise<void> {
  const { client: c, kmt } = t, { adapter } = c;
  const info = k.d3dkmt_queryvideomemoryinfo.of({ adapter });
  await t.see("D3DKMTQueryVideoMemoryInfo", info, "a budget; the usage grows by what becomes resident", () => {
    const { budget, current_usage: before } = info;
    assert(budget > 0);
    const { allocation } = c.allocate(c.privateData(1 << 20, { flags: 0 }));
    assert(NT_SUCCESS(c.resident(allocation)));
    kmt.D3DKMTQueryVideoMemoryInfo(info);
    assertEquals(info.current_usage, before + (1 << 20));
  });
  const reserve = k.d3dkmt_changevideomemoryreservation.of({ adapter, reservation: 8192 });
  await t.see("D3DKMTChangeVideoMemoryReservation", reserve, "the reservation is told by the next query", () => {
    kmt.D3DKMTQueryVideoMemoryInfo(info);
    assertEquals(info.current_reservation, 8192);
  });
}

async function clocks(t: Coverage): Promise<void> {
  const first = k.d3dkmt_queryclockcalibration.of({ adapter: t.client.adapter });
  await t.see("D3DKMTQueryClockCalibration", first, "two clocks that advance alike", async () => {
    await new Promise((resolve) => setTimeout(resolve, 30));
    const second = k.d3dkmt_queryclockcalibration.of({ adapter: t.client.adapter });
    t.kmt.D3DKMTQueryClockCalibration(second);
    const frequency = Number(first.clock_data.gpu_frequency);
    const gpu = Number(second.clock_data.gpu_clock_counter - first.clock_data.gpu_clock_counter) / frequency;
    const cpu = Number(second.clock_data.cpu_clock_counter - first.clock_data.cpu_clock_counter) / 1e9;
    assert(cpu >= 0.029 && cpu < 20 && Math.abs(gpu - cpu) < 0.005, `${gpu} s on the GPU, ${cpu} s on the CPU`);
  });
}

async function statistics(t: Coverage, other: Client): Promise<void> {
  const { client: c, kmt } = t;
  const node = k.d3dkmt_querystatistics.of({ adapter_luid: c.luid, type: k._D3DKMT_QUERYSTATISTICS_NODE });
  const switches = (stats: View<k.d3dkmt_querystatistics>): number => stats.result[VIEW].getUint32(8, true);
  await t.see("D3DKMTQueryStatistics", node, "what node 0 has executed grows with a DMA buffer", async () => {
    const before = switches(node), fence = c.fence();
    const code = c.commands((w) => w);
    assertEquals(c.submit(code.address, code.length), 0);
    c.signalFromGpu(fence.sync_object, 1n);
    await t.reach(fence.info.monitored_fence.fence_cpu_virtual_address, 1n);
    assert(NT_SUCCESS(kmt.D3DKMTQueryStatistics(node)));
    assertEquals(switches(node), before + 1);
  });
  const pids = c.buffer(16);
  const list = k.d3dkmt_enumprocesses.of({ adapter_luid: c.luid, buffer: pids.address, buffer_count: 4 });
  await t.see("D3DKMTEnumProcesses", list, "both processes that have the adapter open", () => {
    const found = [...new Uint32Array(pids.bytes.slice(0, 4 * Number(list.buffer_count)).buffer)];
    assertEquals(found.sort(), [c.task.tgid, other.task.tgid].sort());
  });
}
