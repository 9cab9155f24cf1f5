/** Standard allocations at the wire: what is asked and what is made, as dxgkrnl has it. */

import { assertEquals } from "@std/assert";
import * as kmt from "../../../uapi/d3dkmthk.ts";
import { dxg_driver_allocation, DXG_USAGE_BUFFER, DXG_USAGE_IMAGE } from "../../../uapi/dxg_driver.ts";
import * as vmb from "../../../uapi/dxgvmbus_allocation.ts";
import { TestGuest } from "./testing.ts";

const { standard_allocation, existing_sysmem } = kmt.d3dkmt_createallocationflags;
const INFO = vmb.dxgkvmb_command_createallocation_allocinfo.size;

Deno.test("CREATEALLOCATION of a standard one: what is made stands in the resource's private data", () => {
  using g = new TestGuest().boot();
  const device = g.device();
  const make = (type: number, size: number, flags: number, cut = 24, count = 1): number => {
    const standard = kmt.d3dkmt_createstandardallocation.of({ type, existing_heap_data: { size } });
    const bytes = kmt.d3dkmt_createstandardallocation.bytes(standard).slice(0, cut);
    const reply = g.ask(
      "CREATEALLOCATION",
      vmb.dxgkvmb_command_createallocation,
      vmb.dxgkvmb_command_createallocation_return,
      { device, alloc_count: count, flags: standard_allocation | flags, priv_drv_data_size: cut },
      [...new Uint8Array(INFO * count), ...bytes],
    );
    const view = new DataView(reply.all.buffer);
    const made = view.getUint32(16, true);
    // No private data comes back: none of the allocation's was sent.
    if (made !== 0) assertEquals([view.getUint32(20, true), reply.all.length], [0, 16 + 72 * count]);
    return made;
  };
  const { _D3DKMT_STANDARDALLOCATIONTYPE_EXISTINGHEAP: HEAP, _D3DKMT_STANDARDALLOCATIONTYPE_CROSSADAPTER: CROSS } = kmt;
  assertEquals([make(HEAP, 8192, existing_sysmem), make(CROSS, 1 << 20, 0)].map((handle) => handle !== 0), [
    true,
    true,
  ]);
  const wrong = [
    make(HEAP, 8192, 0),
    make(CROSS, 8192, existing_sysmem),
    make(CROSS + 1, 8192, 0),
    make(CROSS, 8191, 0),
    make(CROSS, 0, 0),
    make(CROSS, 2 ** 52, 0),
    make(CROSS, 8192, 0, 20),
    make(CROSS, 8192, 0, 0),
    make(CROSS, 8192, 0, 24, 2),
  ];
  assertEquals(wrong, wrong.map(() => 0));
});

Deno.test("a cross-adapter surface without a format is a heap of bytes; with one, it is an image", () => {
  using g = new TestGuest().boot();
  const ask = (format: number, width: number) => {
    const reply = g.ask(
      "DDIGETSTANDARDALLOCATIONDRIVERDATA",
      vmb.dxgkvmb_command_getstandardallocprivdata,
      vmb.dxgkvmb_command_getstandardallocprivdata_return,
      {
        alloc_type: kmt._D3DKMDT_STANDARDALLOCATION_GDISURFACE,
        priv_driver_data_size: dxg_driver_allocation.size,
        gdi_surface: { width, height: 1, format, type: kmt._D3DKMDT_GDISURFACE_TEXTURE_CROSSADAPTER },
      },
    );
    if (reply.status !== 0) return undefined;
    const start = vmb.dxgkvmb_command_getstandardallocprivdata_return.size;
    const { usage, size } = dxg_driver_allocation.at(reply.all.slice(start));
    return [usage, size];
  };
  assertEquals(ask(kmt._D3DDDIFMT_UNKNOWN, 1 << 20), [DXG_USAGE_BUFFER, 1 << 20]);
  assertEquals(ask(21, 64), [DXG_USAGE_IMAGE, 4096]);
  assertEquals(ask(21, 1 << 20), undefined);
});
