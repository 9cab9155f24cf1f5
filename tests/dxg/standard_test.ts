/** Standard allocations as dxgkrnl sends them, guest driver and host together: existing heaps and cross-adapter memory. */

import { assert, assertEquals } from "@std/assert";
import { errno } from "udrm/core/testing.ts";
import * as k from "udrm/uapi/d3dkmthk.ts";
import { DXG_ALLOCATION_CPU_VISIBLE, dxg_driver_allocation, DXG_USAGE_BUFFER } from "udrm/uapi/dxg_driver.ts";
import * as isa from "udrm/uapi/dxp_isa.ts";
import { bytesOf } from "udrm/uapi/struct.ts";
import { type Client, Rig } from "./rig.ts";

const { standard_allocation, existing_sysmem, create_resource, create_shared, nt_security_sharing } =
  k.d3dkmt_createallocationflags;

function make(c: Client, type: number, size: number, sysmem: bigint, flags: number) {
  const standard = k.d3dkmt_createstandardallocation.of({ type, existing_heap_data: { size } });
  const info = c.task.heap.from(bytesOf(k.d3dddi_allocationinfo2.of({ sysmem })));
  const arg = k.d3dkmt_createallocation.of({
    device: c.device,
    alloc_count: 1,
    allocation_info: info.address,
    flags: standard_allocation | flags,
    standard_allocation: c.put(standard),
  });
  assertEquals(c.dxg.ioctl(k.LX_DXCREATEALLOCATION, arg), 0);
  return { allocation: k.d3dddi_allocationinfo2.at(info.bytes).allocation, resource: arg.resource };
}

Deno.test("an existing heap longer than any image is wide: the GPU reads and writes the client's memory", () => {
  using rig = new Rig();
  const c = rig.first();
  const size = 32 * 4096; // 131072 bytes, dxgkrnl's `width`
  const raw = c.task.alloc(size + 4096);
  const start = (raw.address + 4095n) & ~4095n;
  const { allocation } = make(c, k._D3DKMT_STANDARDALLOCATIONTYPE_EXISTINGHEAP, size, start, existing_sysmem);
  assert(allocation !== 0);
  assertEquals(c.lock(allocation), start); // it is there already
  const va = c.map(allocation, 32);
  assertEquals(c.resident(allocation), 0x103);
  const code = c.commands((w) => w.put(isa.DXP_FILL, [Number(va) + size - 16, 16, 0x01020304]));
  c.submit(code.address, code.length);
  assertEquals([...c.task.at(start + BigInt(size - 20), 8)], [0, 0, 0, 0, 4, 3, 2, 1]);
});

Deno.test("a cross-adapter allocation is the host's memory: locked, written by the GPU, opened by another process", () => {
  using rig = new Rig();
  const a = rig.first(), b = rig.client();
  const size = 24 * 4096;
  const flags = create_resource | create_shared | nt_security_sharing;
  const made = make(a, k._D3DKMT_STANDARDALLOCATIONTYPE_CROSSADAPTER, size, 0n, flags);
  const address = a.lock(made.allocation);
  const va = a.map(made.allocation, 24);
  a.resident(made.allocation);
  const code = a.commands((w) => w.put(isa.DXP_FILL, [Number(va) + size - 16, 16, 0x05060708]));
  a.submit(code.address, code.length);
  assertEquals([...a.task.at(address + BigInt(size - 4), 4)], [8, 7, 6, 5]);
  const fd = b.task.receive(a.task, a.share(made.resource));
  const info = k.d3dkmt_queryresourceinfofromnthandle.of({ device: b.device, nt_handle: BigInt(fd) });
  assertEquals(b.dxg.ioctl(k.LX_DXQUERYRESOURCEINFOFROMNTHANDLE, info), 0);
  const list = b.buffer(k.d3dddi_openallocationinfo2.size), data = b.buffer(info.total_priv_drv_data_size);
  const open = k.d3dkmt_openresourcefromnthandle.of({
    device: b.device,
    nt_handle: BigInt(fd),
    allocation_count: 1,
    open_alloc_info: list.address,
    total_priv_drv_data: data.address,
    total_priv_drv_data_size: data.bytes.length,
  });
  assertEquals(b.dxg.ioctl(k.LX_DXOPENRESOURCEFROMNTHANDLE, open), 0);
  // Who opens it is told what it is: what the host said of a surface of that many bytes.
  const told = dxg_driver_allocation.at(data.bytes);
  assertEquals([told.usage, told.flags, told.size], [DXG_USAGE_BUFFER, DXG_ALLOCATION_CPU_VISIBLE, size]);
  const seen = b.lock(k.d3dddi_openallocationinfo2.at(list.bytes).allocation);
  assertEquals([...b.task.at(seen + BigInt(size - 4), 4)], [8, 7, 6, 5]);
});

Deno.test("what is no standard allocation is refused before the host makes anything", () => {
  using rig = new Rig();
  const c = rig.first();
  assertEquals(errno(() => make(c, 3, 8192, 0n, 0)), "EINVAL");
  assertEquals(errno(() => make(c, k._D3DKMT_STANDARDALLOCATIONTYPE_CROSSADAPTER, 8191, 0n, 0)), "EINVAL");
  assertEquals(errno(() => make(c, k._D3DKMT_STANDARDALLOCATIONTYPE_EXISTINGHEAP, 8192, 0n, 0)), "EINVAL");
});
