/** The guest driver alone: what it sends to a scripted host, what it answers its clients, and the defects that it has not. */

import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { Fence } from "udrm/core/fence.ts";
import { SyncFile } from "udrm/core/sync_file.ts";
import { errno } from "udrm/core/testing.ts";
import { Wait } from "udrm/core/wait.ts";
import * as k from "udrm/uapi/d3dkmthk.ts";
import * as w from "udrm/uapi/dxgvmbus.ts";
import { bytesOf } from "udrm/uapi/struct.ts";
import { type Kept, Scripted, type ScriptedOptions } from "./scripted.ts";

const u32 = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);
const NT = { EINVAL: 0xc000000d, NO_MEMORY: 0xc0000017, HANDLE: 0xc0000008 };

/** A client of a scripted host, up to its device. */
class Guest extends Scripted {
  readonly adapter: number;
  readonly device: number;

  constructor(options: ScriptedOptions = {}) {
    super(options);
    const open = k.d3dkmt_openadapterfromluid.of({ adapter_luid: this.luid });
    this.dxg.ioctl(k.LX_DXOPENADAPTERFROMLUID, open);
    this.adapter = open.adapter_handle;
    const device = k.d3dkmt_createdevice.of({ adapter: this.adapter });
    this.dxg.ioctl(k.LX_DXCREATEDEVICE, device);
    this.device = device.device;
  }

  words(...values: number[]): bigint {
    return this.task.heap.from(u32(...values)).address;
  }

  longs(...values: bigint[]): bigint {
    return this.task.heap.from(new Uint8Array(BigUint64Array.from(values).buffer)).address;
  }

  context(): number {
    const arg = k.d3dkmt_createcontextvirtual.of({ device: this.device });
    this.dxg.ioctl(k.LX_DXCREATECONTEXTVIRTUAL, arg);
    return arg.context;
  }

  paging(): number {
    const arg = k.d3dkmt_createpagingqueue.of({ device: this.device });
    this.dxg.ioctl(k.LX_DXCREATEPAGINGQUEUE, arg);
    return arg.paging_queue;
  }

  fence(flags = 0): number {
    const arg = k.d3dkmt_createsynchronizationobject2.of({
      device: this.device,
      info: { type: k._D3DDDI_MONITORED_FENCE, flags },
    });
    this.dxg.ioctl(k.LX_DXCREATESYNCHRONIZATIONOBJECT, arg);
    return arg.sync_object;
  }

  allocation(): number {
    const data = this.task.alloc(16);
    const info = this.task.heap.from(
      bytesOf(k.d3dddi_allocationinfo2.of({ priv_drv_data: data.address, priv_drv_data_size: 16 })),
    );
    const arg = k.d3dkmt_createallocation.of({ device: this.device, alloc_count: 1, allocation_info: info.address });
    this.dxg.ioctl(k.LX_DXCREATEALLOCATION, arg);
    return k.d3dddi_allocationinfo2.at(info.bytes).allocation;
  }

  makeResident(queue: number, ...allocations: number[]): number {
    const arg = k.d3dddi_makeresident.of({
      paging_queue: queue,
      alloc_count: allocations.length,
      allocation_list: this.words(...allocations),
    });
    return this.dxg.ioctl(k.LX_DXMAKERESIDENT, arg);
  }
}

Deno.test("start-up: window, adapter, facts; with the first one the node, with the last one its end", () => {
  using guest = new Scripted();
  assertEquals(guest.take(), ["SETIOSPACEREGION", "OPENADAPTER", "GETINTERNALADAPTERINFO", "CREATEPROCESS"]);
  assertEquals(guest.config.get(w.DXGK_PCI_INTERFACE_VERSION), 40);
  assertEquals(guest.config.get(w.DXGK_PCI_VGPU_LUID), w.dxgk_vmbus_guestcaps.wsl2);
  assert(guest.system.nodes.includes("/dev/dxg"));
  assert(guest.system.nodes.includes("/dev/dri/renderD128"));
  guest.system.removeDevice(guest.system.devices[0]);
  assertEquals(guest.take(), ["CLOSEADAPTER"]);
  assertEquals(guest.system.nodes.includes("/dev/dxg"), false);
  assertEquals(errno(() => guest.dxg.ioctl(k.LX_DXENUMADAPTERS2, k.d3dkmt_enumadapters2.of())), 0);
});

Deno.test("interface version 27: no extended header, 704 bytes of facts, blobs without status", () => {
  using guest = new Guest({ version: 27 });
  const data = guest.task.alloc(4);
  guest.on("QUERYADAPTERINFO", () => u32(9));
  const arg = k.d3dkmt_queryadapterinfo.of({
    adapter: guest.adapter,
    type: 31,
    private_data: data.address,
    private_data_size: 4,
  });
  assertEquals(guest.dxg.ioctl(k.LX_DXQUERYADAPTERINFO, arg), 0);
  assertEquals(data.bytes[0], 9);
});

Deno.test("2.7.6: one process a thread group, however many files; DESTROYPROCESS with the last one", () => {
  using guest = new Scripted();
  const second = guest.task.open("/dev/dxg");
  assertEquals(guest.take().filter((name) => name === "CREATEPROCESS").length, 1);
  second.close();
  assertEquals(guest.take(), []);
  guest.dxg.close();
  assertEquals(guest.take(), ["DESTROYPROCESS"]);
});

Deno.test("ENOTTY: empty slots, other sizes and directions, unknown numbers, another thread group", () => {
  using guest = new Scripted();
  for (const { request, arg, implemented, name } of k.DXG_IOCTLS) {
    if (!implemented) assertEquals(errno(() => guest.dxg.ioctl(request, arg.of() as never)), "ENOTTY", name);
    else assertNotEquals(errno(() => guest.dxg.ioctl(request, new Uint8Array(arg.size))), "ENOTTY", name);
    for (const wrong of [request ^ (1 << 16), request ^ (1 << 30), request ^ (1 << 8)]) {
      assertEquals(errno(() => guest.dxg.ioctl(wrong as never, new Uint8Array(4096))), "ENOTTY", name);
    }
  }
  for (const nr of [0, 0x4a, 0xff]) {
    assertEquals(errno(() => guest.dxg.ioctl((0xc0044700 | nr) as never, new Uint8Array(4))), "ENOTTY");
  }
  // A child after fork(2), or a process that was sent the fd.
  const child = guest.system.process();
  const fd = child.file(child.receive(guest.task, guest.dxg.fd));
  assertEquals(errno(() => fd.ioctl(k.LX_DXENUMADAPTERS2, k.d3dkmt_enumadapters2.of())), "ENOTTY");
  // Another thread of the opener's group is welcome.
  const thread = guest.system.process({ pid: 9, tgid: guest.task.tgid });
  const same = thread.file(thread.receive(guest.task, guest.dxg.fd));
  assertEquals(same.ioctl(k.LX_DXENUMADAPTERS2, k.d3dkmt_enumadapters2.of()), 0);
});

Deno.test("every ioctl gives EFAULT for an argument out of reach", () => {
  using guest = new Scripted();
  for (const { request, implemented, name } of k.DXG_IOCTLS) {
    if (implemented) assertEquals(errno(() => guest.dxg.ioctl(request, 8n)), "EFAULT", name);
  }
});

Deno.test("adapters: handles from 0x40000000 in steps of 0x40; count, EOVERFLOW, filter", () => {
  using guest = new Scripted({ computeOnly: true });
  const count = k.d3dkmt_enumadapters2.of();
  assertEquals([guest.dxg.ioctl(k.LX_DXENUMADAPTERS2, count), count.num_adapters], [0, 1]);
  const list = guest.task.alloc(20);
  const none = k.d3dkmt_enumadapters2.of({ num_adapters: 0, adapters: list.address });
  assertEquals(errno(() => guest.dxg.ioctl(k.LX_DXENUMADAPTERS2, none)), "EOVERFLOW");
  const many = k.d3dkmt_enumadapters2.of({ num_adapters: 65, adapters: list.address });
  assertEquals(errno(() => guest.dxg.ioctl(k.LX_DXENUMADAPTERS2, many)), "EINVAL");
  // One that only computes is listed for who asks for it.
  const two = k.d3dkmt_enumadapters2.of({ num_adapters: 1, adapters: list.address });
  assertEquals([guest.dxg.ioctl(k.LX_DXENUMADAPTERS2, two), two.num_adapters], [0, 0]);
  const filter = k.d3dkmt_enumadapters_filter.include_compute_only;
  const three = k.d3dkmt_enumadapters3.of({ filter, adapter_count: 16, adapters: list.address });
  assertEquals([guest.dxg.ioctl(k.LX_DXENUMADAPTERS3, three), three.adapter_count], [0, 1]);
  const info = k.d3dkmt_adapterinfo.at(list.bytes);
  assertEquals([info.adapter_handle, info.adapter_luid.a, info.adapter_luid.b], [
    0x40000000,
    guest.luid.a,
    guest.luid.b,
  ]);
  const open = k.d3dkmt_openadapterfromluid.of({ adapter_luid: guest.luid });
  guest.dxg.ioctl(k.LX_DXOPENADAPTERFROMLUID, open);
  assertEquals(open.adapter_handle, 0x40000040);
  const unknown = k.d3dkmt_openadapterfromluid.of({ adapter_luid: { a: 1, b: 1 }, adapter_handle: 5 });
  assertEquals(errno(() => guest.dxg.ioctl(k.LX_DXOPENADAPTERFROMLUID, unknown)), "EINVAL");
});

Deno.test("2.7.3: a stale adapter handle is never found again, however often its index is reused", () => {
  using guest = new Scripted();
  const open = (): number => {
    const arg = k.d3dkmt_openadapterfromluid.of({ adapter_luid: guest.luid });
    guest.dxg.ioctl(k.LX_DXOPENADAPTERFROMLUID, arg);
    return arg.adapter_handle;
  };
  const close = (adapter_handle: number): ReturnType<typeof errno> =>
    errno(() => guest.dxg.ioctl(k.LX_DXCLOSEADAPTER, k.d3dkmt_closeadapter.of({ adapter_handle })));
  const first = open();
  assertEquals(close(first), 0);
  for (let i = 0; i < 100; i++) {
    const handle = open();
    assertNotEquals(handle, first);
    assertEquals([close(first), close(handle)], ["EINVAL", 0]);
  }
});

Deno.test("2.7.3: a handle that the host gives twice is refused and undone", () => {
  using guest = new Guest();
  guest.on("CREATECONTEXTVIRTUAL", ({ body }) => {
    w.dxgkvmb_command_createcontextvirtual.at(body).context = guest.device;
    return body;
  });
  guest.take();
  assertEquals(errno(() => guest.context()), "EINVAL");
  assertEquals(guest.take(), ["CREATECONTEXTVIRTUAL", "DESTROYCONTEXT"]);
  const state = k.d3dkmt_getdevicestate.of({ device: guest.device, state_type: k._D3DKMT_DEVICESTATE_EXECUTION });
  assertEquals(guest.dxg.ioctl(k.LX_DXGETDEVICESTATE, state), 0);
});

Deno.test("return classes: 0, a positive status, an errno from the host's status", () => {
  using guest = new Guest();
  const queue = guest.paging(), allocation = guest.allocation();
  assertEquals(guest.makeResident(queue, allocation), 0x103);
  const answers: [number, ReturnType<typeof errno>][] = [
    [0, 0],
    [NT.NO_MEMORY, "ENOMEM"],
    [NT.HANDLE, "EBADF"],
    [
      0xc0000001,
      "EINVAL",
    ],
    [0xc01e0102, "EINPROGRESS"],
    [0xc00000bb, "EPERM"],
    [0xc0000023, "EOVERFLOW"],
  ];
  for (const [status, expected] of answers) {
    guest.on("MAKERESIDENT", () => bytesOf(w.dxgkvmb_command_makeresident_return.of({ status: status | 0 })));
    assertEquals(errno(() => guest.makeResident(queue, allocation)), expected);
  }
});

Deno.test("a reply that is too short is EOVERFLOW; a longer one is taken", () => {
  using guest = new Guest();
  const queue = guest.paging(), allocation = guest.allocation();
  guest.on("MAKERESIDENT", () => new Uint8Array(16));
  assertEquals(errno(() => guest.makeResident(queue, allocation)), "EOVERFLOW");
  guest.on("MAKERESIDENT", () => new Uint8Array(512));
  assertEquals(guest.makeResident(queue, allocation), 0);
});

Deno.test("2.7.8: MAKERESIDENT names its device; ENUMPROCESSES writes 64 bits of its count", () => {
  using guest = new Guest();
  const queue = guest.paging(), allocation = guest.allocation();
  guest.take();
  guest.on("MAKERESIDENT", (message) => {
    const body = w.dxgkvmb_command_makeresident.at(message.body);
    assertEquals([body.device, body.paging_queue, body.alloc_count], [guest.device, queue, 1]);
    return guest.usual(message);
  });
  guest.makeResident(queue, allocation);
  const arg = guest.task.heap.from(bytesOf(k.d3dkmt_enumprocesses.of({
    adapter_luid: guest.luid,
    buffer: guest.task.alloc(8).address,
    buffer_count: 2 ** 40 + 1,
  })));
  assertEquals(guest.dxg.ioctl(k.LX_DXENUMPROCESSES, arg.address), 0);
  assertEquals(k.d3dkmt_enumprocesses.at(arg.bytes).buffer_count, 1);
});

Deno.test("2.7.9: counted messages have room for every element", () => {
  using guest = new Guest();
  const queue = guest.paging();
  guest.take();
  guest.makeResident(queue, 1, 2, 3);
  const at = w.dxgTailOffset(w.dxgkvmb_command_makeresident as never, [{
    name: "allocations",
    of: "u32",
    count: "alloc_count",
  }]);
  const [{ body }] = guest.messages;
  assertEquals([...new Uint32Array(body.slice(at, at + 12).buffer)], [1, 2, 3]);
  guest.take();
  const operations = guest.task.alloc(3 * 64);
  operations.bytes.fill(7);
  const update = k.d3dkmt_updategpuvirtualaddress.of({
    device: guest.device,
    num_operations: 3,
    operations: operations.address,
  });
  assertEquals(guest.dxg.ioctl(k.LX_DXUPDATEGPUVIRTUALADDRESS, update), 0);
  assertEquals(guest.messages[0].body.length, 248);
  assertEquals(guest.messages[0].body.subarray(56, 248).every((byte) => byte === 7), true);
});

Deno.test("2.7.4: a feature without an adapter is asked of the whole VM", () => {
  using guest = new Guest();
  guest.take();
  guest.on(
    "ISFEATUREENABLED_GLOBAL",
    () => bytesOf(w.dxgkvmb_command_isfeatureenabled_return.of({ result: { version: 1, value: 3 } })),
  );
  const arg = k.d3dkmt_isfeatureenabled.of({ feature_id: 5 });
  assertEquals([guest.dxg.ioctl(k.LX_ISFEATUREENABLED, arg), arg.result.value], [0, 3]);
  assertEquals(guest.take(), ["ISFEATUREENABLED_GLOBAL"]);
  assertEquals(
    errno(() => guest.dxg.ioctl(k.LX_ISFEATUREENABLED, k.d3dkmt_isfeatureenabled.of({ adapter: 3 }))),
    "EINVAL",
  );
});

Deno.test("2.7.5: refusals are quiet; the trace has them with a sentence", () => {
  using guest = new Guest();
  const said: string[] = [];
  using _listening = guest.system.trace.listen((event) => said.push(String(event.result)));
  const arg = k.d3dkmt_queryadapterinfo.of({ adapter: guest.adapter });
  assertEquals(errno(() => guest.dxg.ioctl(k.LX_DXQUERYADAPTERINFO, arg)), "EINVAL");
  assertEquals(said.some((text) => text.startsWith("EINVAL: Cannot ask with 0 bytes")), true);
});

Deno.test("2.7.1, 2.7.2: sync_files of others, and of fences that are not shared, are refused", () => {
  using guest = new Guest();
  const context = guest.context();
  const system = guest.system;
  const foreign = new Fence({
    clock: system.clock,
    context: system.fenceContexts.allocate(),
    seqno: 1,
    driverName: "other",
    timelineName: "other",
  });
  const fds = [guest.task.install(new SyncFile(foreign)), guest.dxg.fd, 999];
  const fence = guest.fence();
  guest.on("WAITFORSYNCOBJECTFROMCPU", () => u32(0));
  const made = k.d3dkmt_createsyncfile.of({ device: guest.device, monitored_fence: fence });
  assertEquals(guest.dxg.ioctl(k.LX_DXCREATESYNCFILE, made), 0); // value 0 was reached from the start
  fds.push(Number(made.sync_file_handle));
  guest.take();
  for (const fd of fds) {
    const wait = k.d3dkmt_waitsyncfile.of({ sync_file_handle: BigInt(fd), context });
    const open = k.d3dkmt_opensyncobjectfromsyncfile.of({ sync_file_handle: BigInt(fd), device: guest.device });
    assertEquals(errno(() => guest.dxg.ioctl(k.LX_DXWAITSYNCFILE, wait)), "EINVAL");
    assertEquals(errno(() => guest.dxg.ioctl(k.LX_DXOPENSYNCOBJECTFROMSYNCFILE, open)), "EINVAL");
  }
  assertEquals(guest.take(), []);
});

Deno.test("WAITSYNCFILE opens the shared fence, queues the wait and closes it; OPENSYNCOBJECTFROMSYNCFILE keeps it", () => {
  using guest = new Guest();
  const context = guest.context();
  const { shared, nt_security_sharing } = k.d3dddi_synchronizationobject_flags;
  const fence = guest.fence(shared | nt_security_sharing);
  const made = k.d3dkmt_createsyncfile.of({ device: guest.device, monitored_fence: fence });
  guest.dxg.ioctl(k.LX_DXCREATESYNCFILE, made);
  guest.take();
  const { sync_file_handle } = made;
  assertEquals(guest.dxg.ioctl(k.LX_DXWAITSYNCFILE, k.d3dkmt_waitsyncfile.of({ sync_file_handle, context })), 0);
  assertEquals(guest.take(), ["OPENSYNCOBJECT", "WAITFORSYNCOBJECTFROMGPU", "DESTROYSYNCOBJECT"]);
  const open = k.d3dkmt_opensyncobjectfromsyncfile.of({ sync_file_handle, device: guest.device });
  assertEquals(guest.dxg.ioctl(k.LX_DXOPENSYNCOBJECTFROMSYNCFILE, open), 0);
  assertNotEquals(open.syncobj, 0);
  guest.task.at(open.fence_value_cpu_va, 8);
  guest.task.close(Number(sync_file_handle));
});

Deno.test("2.7.7: a call that is given up while the host is busy ends at once; the late answer is taken, and undone", async () => {
  using guest = new Guest();
  let held: Kept | undefined;
  guest.on("CREATECONTEXTVIRTUAL", (message) => {
    held = message;
    return "hold";
  });
  const arg = k.d3dkmt_createcontextvirtual.of({ device: guest.device });
  const abort = new AbortController();
  const call = guest.dxg.wait(k.LX_DXCREATECONTEXTVIRTUAL, arg, { signal: abort.signal });
  abort.abort();
  assertEquals(await call, -4);
  assert(held !== undefined);
  guest.take();
  const reply = held.body.slice();
  w.dxgkvmb_command_createcontextvirtual.at(reply).context = guest.handle();
  held.answer(reply);
  assertEquals([guest.take(), arg.context], [["DESTROYCONTEXT"], 0]);
});

Deno.test("a host that answers late makes the call wait; answers may come in any order", async () => {
  using guest = new Guest();
  const queue = guest.paging(), allocation = guest.allocation();
  const held: Kept[] = [];
  guest.on("MAKERESIDENT", (message) => {
    held.push(message);
    return "hold";
  });
  const make = (): Promise<number> =>
    guest.dxg.wait(
      k.LX_DXMAKERESIDENT,
      k.d3dddi_makeresident.of({ paging_queue: queue, alloc_count: 1, allocation_list: guest.words(allocation) }),
    );
  const first = make(), second = make();
  await Promise.resolve();
  held[1].answer(bytesOf(w.dxgkvmb_command_makeresident_return.of({ status: 0 })));
  assertEquals(await second, 0);
  held[0].answer(bytesOf(w.dxgkvmb_command_makeresident_return.of({ status: 0x103 })));
  assertEquals(await first, 0x103);
});

Deno.test("the host hangs up: what waits gets ENODEV, and so does what comes", async () => {
  using guest = new Guest();
  const fence = guest.fence();
  const wait = guest.dxg.wait(
    k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU,
    k.d3dkmt_waitforsynchronizationobjectfromcpu.of({
      device: guest.device,
      object_count: 1,
      objects: guest.words(fence),
      fence_values: guest.longs(9n),
    }),
  );
  const failed = wait.then(() => "", (error) => error.code);
  await Promise.resolve();
  guest.hangUp();
  assertEquals(await failed, "ENODEV");
  assertEquals(errno(() => guest.context()), "ENODEV");
  assertEquals(errno(() => guest.fence()), "ENODEV");
});

Deno.test("asynchronous messages go by the global channel, wait for nothing, and keep their order", () => {
  using guest = new Guest({ isAsync: true });
  const context = guest.context();
  const fence = guest.fence();
  guest.take();
  const submit = k.d3dkmt_submitcommand.of({
    broadcast_context_count: 1,
    broadcast_context: [context],
    command_length: 4,
  });
  assertEquals(guest.dxg.ioctl(k.LX_DXSUBMITCOMMAND, submit), 0);
  const signal = k.d3dkmt_signalsynchronizationobjectfromgpu.of({
    context,
    object_count: 1,
    objects: guest.words(fence),
    monitored_fence_values: guest.longs(3n),
  });
  assertEquals(guest.dxg.ioctl(k.LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMGPU, signal), 0);
  assertEquals(guest.messages.map(({ name, channel, isAsync }) => [name, channel, isAsync]), [
    ["SUBMITCOMMAND", "global", true],
    ["SIGNALSYNCOBJECT", "global", true],
  ]);
});

Deno.test("addresses of the client stay on this side of the wire", () => {
  using guest = new Guest();
  const context = guest.context();
  guest.take();
  const data = guest.task.alloc(16);
  const submit = k.d3dkmt_submitcommand.of({
    broadcast_context_count: 1,
    broadcast_context: [context],
    priv_drv_data: data.address,
    priv_drv_data_size: 16,
    num_history_buffers: 2,
    history_buffer_array: guest.words(5, 6),
  });
  guest.dxg.ioctl(k.LX_DXSUBMITCOMMAND, submit);
  const body = w.dxgkvmb_command_submitcommand.at(guest.messages[0].body);
  assertEquals([body.args.priv_drv_data, body.args.history_buffer_array], [0n, 0n]);
  assertEquals([...new Uint32Array(guest.messages[0].body.slice(408, 416).buffer)], [5, 6]);
});

Deno.test("limits and their errnos", () => {
  using guest = new Guest();
  const queue = guest.paging(), context = guest.context();
  const bad = (request: Parameters<typeof guest.dxg.ioctl>[0], arg: unknown): ReturnType<typeof errno> =>
    errno(() => guest.dxg.ioctl(request, arg as never));
  for (const count of [0, 10241]) {
    assertEquals(
      bad(k.LX_DXMAKERESIDENT, k.d3dddi_makeresident.of({ paging_queue: queue, alloc_count: count })),
      "EINVAL",
    );
    assertEquals(bad(k.LX_DXEVICT, k.d3dkmt_evict.of({ device: guest.device, alloc_count: count })), "EINVAL");
  }
  const list = guest.task.alloc(10240 * 4).address;
  const most = k.d3dddi_makeresident.of({ paging_queue: queue, alloc_count: 10240, allocation_list: list });
  assertEquals(guest.dxg.ioctl(k.LX_DXMAKERESIDENT, most), 0x103);
  for (const count of [0, 1025]) {
    assertEquals(bad(k.LX_DXCREATEALLOCATION, k.d3dkmt_createallocation.of({ alloc_count: count })), "EINVAL");
  }
  assertEquals(bad(k.LX_DXCREATEALLOCATION, k.d3dkmt_createallocation.of({ alloc_count: 1 })), "EFAULT");
  for (const count of [0, 65]) {
    assertEquals(bad(k.LX_DXSUBMITCOMMAND, k.d3dkmt_submitcommand.of({ broadcast_context_count: count })), "EINVAL");
  }
  const one = { broadcast_context_count: 1, broadcast_context: [context] };
  assertEquals(bad(k.LX_DXSUBMITCOMMAND, k.d3dkmt_submitcommand.of({ ...one, priv_drv_data_size: 0x20001 })), "EINVAL");
  assertEquals(bad(k.LX_DXSUBMITCOMMAND, k.d3dkmt_submitcommand.of({ ...one, num_history_buffers: 1025 })), "EINVAL");
  // What is allowed by itself and too long for a packet.
  const data = guest.task.alloc(0x20000).address;
  const long = k.d3dkmt_submitcommand.of({ ...one, priv_drv_data_size: 0x20000, priv_drv_data: data });
  assertEquals(bad(k.LX_DXSUBMITCOMMAND, long), "EINVAL");
  for (const size of [0, 0x20001]) {
    const query = k.d3dkmt_queryadapterinfo.of({ adapter: guest.adapter, private_data_size: size });
    assertEquals(bad(k.LX_DXQUERYADAPTERINFO, query), "EINVAL");
  }
  for (const resource of [0, 5]) {
    const destroy = k.d3dkmt_destroyallocation2.of({ device: guest.device, resource, alloc_count: resource && 1 });
    assertEquals(bad(k.LX_DXDESTROYALLOCATION2, destroy), "EINVAL");
  }
});

Deno.test("existing memory: page numbers, or a GPADL; let go of when the host has", () => {
  for (const mapsGuestPages of [true, false]) {
    using guest = new Guest({ mapsGuestPages });
    guest.take();
    const raw = guest.task.alloc(4 * 4096);
    const sysmem = (raw.address + 4095n) & ~4095n;
    const make = (address: bigint): number => {
      const info = guest.task.heap.from(bytesOf(k.d3dddi_allocationinfo2.of({ sysmem: address })));
      const arg = k.d3dkmt_createallocation.of({ device: guest.device, alloc_count: 1, allocation_info: info.address });
      guest.dxg.ioctl(k.LX_DXCREATEALLOCATION, arg);
      return k.d3dddi_allocationinfo2.at(info.bytes).allocation;
    };
    assertEquals(errno(() => make(sysmem + 8n)), "EINVAL");
    assertEquals(guest.take(), []);
    assertEquals(errno(() => make(1n << 20n)), "ENOMEM");
    assertEquals(guest.take(), ["CREATEALLOCATION", "DESTROYALLOCATION"]);
    const allocation = make(sysmem);
    const second = mapsGuestPages ? "SETEXISTINGSYSMEMPAGES" : "SETEXISTINGSYSMEMSTORE";
    assertEquals(guest.take(), ["CREATEALLOCATION", second]);
    const lock = k.d3dkmt_lock2.of({ device: guest.device, allocation });
    assertEquals([guest.dxg.ioctl(k.LX_DXLOCK2, lock), lock.data], [0, sysmem]);
    const destroy = k.d3dkmt_destroyallocation2.of({
      device: guest.device,
      alloc_count: 1,
      allocations: guest.words(allocation),
    });
    assertEquals(guest.dxg.ioctl(k.LX_DXDESTROYALLOCATION2, destroy), 0);
    assertEquals(guest.take(), ["DESTROYALLOCATION"]);
  }
});

Deno.test("a standard allocation: asked for sizes, then for data, then made; its errnos", () => {
  using guest = new Guest();
  guest.take();
  const raw = guest.task.alloc(3 * 4096);
  const sysmem = (raw.address + 4095n) & ~4095n;
  const { standard_allocation, existing_sysmem } = k.d3dkmt_createallocationflags;
  const make = (type: number, size: number, address: bigint, flags: number): number => {
    const standard = k.d3dkmt_createstandardallocation.of({ type, existing_heap_data: { size } });
    const info = guest.task.heap.from(bytesOf(k.d3dddi_allocationinfo2.of({ sysmem: address })));
    return guest.dxg.ioctl(
      k.LX_DXCREATEALLOCATION,
      k.d3dkmt_createallocation.of({
        device: guest.device,
        alloc_count: 1,
        allocation_info: info.address,
        flags: standard_allocation | flags,
        standard_allocation: guest.task.heap.from(bytesOf(standard)).address,
      }),
    );
  };
  assertEquals(make(1, 8192, sysmem, existing_sysmem), 0);
  assertEquals(guest.take().slice(0, 3), [
    "DDIGETSTANDARDALLOCATIONDRIVERDATA",
    "DDIGETSTANDARDALLOCATIONDRIVERDATA",
    "CREATEALLOCATION",
  ]);
  assertEquals(make(2, 8192, 0n, 0), 0);
  guest.take();
  const wrong: [number, number, bigint, number][] = [
    [1, 8192, sysmem, 0],
    [1, 8192, 0n, existing_sysmem],
    [1, 8191, sysmem, existing_sysmem],
    [1, 0, sysmem, existing_sysmem],
    [2, 8192, sysmem, 0],
    [2, 8192, 0n, existing_sysmem],
    [3, 8192, 0n, 0],
  ];
  for (const args of wrong) assertEquals(errno(() => make(...args)), "EINVAL", String(args));
  assertEquals(guest.take(), []);
});

Deno.test("an allocation whose handle cannot be copied out is undone, memory and all", () => {
  using guest = new Guest();
  guest.take();
  const info = guest.task.alloc(2 << 20); // a chunk of its own
  guest.task.alloc(1 << 20);
  guest.on("CREATEALLOCATION", (message) => {
    guest.task.heap.free(info); // the client unmaps it meanwhile
    return guest.usual(message);
  });
  const arg = k.d3dkmt_createallocation.of({ device: guest.device, alloc_count: 1, allocation_info: info.address });
  assertEquals(errno(() => guest.dxg.ioctl(k.LX_DXCREATEALLOCATION, arg)), "EFAULT");
  assertEquals(guest.take(), ["CREATEALLOCATION", "DESTROYALLOCATION"]);
});

Deno.test("DESTROYDEVICE takes all that is in it along; its handles are unknown at once", () => {
  using guest = new Guest();
  const context = guest.context(), queue = guest.paging(), fence = guest.fence(), allocation = guest.allocation();
  guest.take();
  assertEquals(guest.dxg.ioctl(k.LX_DXDESTROYDEVICE, k.d3dkmt_destroydevice.of({ device: guest.device })), 0);
  assertEquals(guest.take(), ["FLUSHDEVICE", "DESTROYDEVICE"]);
  assertEquals(errno(() => guest.dxg.ioctl(k.LX_DXDESTROYCONTEXT, k.d3dkmt_destroycontext.of({ context }))), "EINVAL");
  assertEquals(errno(() => guest.makeResident(queue, allocation)), "EINVAL");
  const destroy = k.d3dkmt_destroysynchronizationobject.of({ sync_object: fence });
  assertEquals(errno(() => guest.dxg.ioctl(k.LX_DXDESTROYSYNCHRONIZATIONOBJECT, destroy)), "EINVAL");
  assertEquals(guest.take(), []);
});

Deno.test("SETGUESTDATA with the guest's cookie makes GETDEVICESTATE ask again; another cookie does not", () => {
  using guest = new Guest();
  guest.take();
  const state = (): void => {
    const arg = k.d3dkmt_getdevicestate.of({ device: guest.device, state_type: k._D3DKMT_DEVICESTATE_EXECUTION });
    guest.dxg.ioctl(k.LX_DXGETDEVICESTATE, arg);
  };
  const tell = (guest_pointer: bigint): void => {
    const message = w.dxgkvmb_command_setguestdata.of({ guest_pointer, data32: 1 });
    message.hdr.channel_bits = w.DXGKVMB_HOST_TO_VM;
    message.hdr.command_type = w.DXGK_VMBCOMMAND_SETGUESTDATA;
    guest.tell(bytesOf(message));
  };
  state();
  tell(12345n);
  state();
  assertEquals(guest.take(), []);
  tell(1n);
  state();
  assertEquals(guest.take(), ["GETDEVICESTATE"]);
  state();
  assertEquals(guest.take(), []);
});

Deno.test("an eventfd of a CPU notification is signalled each time, until the object goes", () => {
  using guest = new Guest();
  const event = guest.task.eventfd();
  const make = (fd: number): number => {
    const arg = k.d3dkmt_createsynchronizationobject2.of({
      device: guest.device,
      info: { type: k._D3DDDI_CPU_NOTIFICATION, cpu_notification: { event: BigInt(fd) } },
    });
    guest.dxg.ioctl(k.LX_DXCREATESYNCHRONIZATIONOBJECT, arg);
    return arg.sync_object;
  };
  assertEquals(errno(() => make(guest.dxg.fd)), "EINVAL");
  guest.take();
  const object = make(event.fd);
  const id = w.dxgkvmb_command_createsyncobject.at(guest.messages[0].body).args.info.cpu_notification.event;
  const count = (): bigint => {
    const bytes = new Uint8Array(8);
    return event.poll(1) === 0 ? 0n : (event.read(bytes), new DataView(bytes.buffer).getBigUint64(0, true));
  };
  guest.signal(id);
  guest.signal(id);
  assertEquals(count(), 2n);
  guest.signal(id + 1000n); // nobody's
  const destroy = k.d3dkmt_destroysynchronizationobject.of({ sync_object: object });
  guest.dxg.ioctl(k.LX_DXDESTROYSYNCHRONIZATIONOBJECT, destroy);
  guest.signal(id);
  assertEquals(count(), 0n);
});

Deno.test("a fence page outside the I/O window is not mapped: ENOMEM, and undone", () => {
  using guest = new Guest();
  guest.take();
  guest.on(
    "CREATESYNCOBJECT",
    () =>
      bytesOf(
        w.dxgkvmb_command_createsyncobject_return.of({ sync_object: guest.handle(), fence_storage_address: 4096n }),
      ),
  );
  assertEquals(errno(() => guest.fence()), "ENOMEM");
  assertEquals(guest.take(), ["CREATESYNCOBJECT", "DESTROYSYNCOBJECT"]);
});

Deno.test("a blocking wait is a Wait that the host's event ends, also when it comes before the answer", () => {
  using guest = new Guest();
  const fence = guest.fence();
  const arg = k.d3dkmt_waitforsynchronizationobjectfromcpu.of({
    device: guest.device,
    object_count: 1,
    objects: guest.words(fence),
    fence_values: guest.longs(9n),
  });
  let id = 0n;
  guest.on("WAITFORSYNCOBJECTFROMCPU", ({ body }) => {
    id = w.dxgkvmb_command_waitforsyncobjectfromcpu.at(body).guest_event_pointer;
    return u32(0);
  });
  const waiting = guest.dxg.file.ioctl(guest.task, k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, arg);
  assert(waiting instanceof Wait);
  assertEquals(waiting.result, undefined);
  guest.signal(id);
  assertEquals(waiting.result, 0);
  guest.on("WAITFORSYNCOBJECTFROMCPU", ({ body }) => {
    guest.signal(w.dxgkvmb_command_waitforsyncobjectfromcpu.at(body).guest_event_pointer);
    return u32(0);
  });
  assertEquals(guest.dxg.ioctl(k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, arg), 0);
  assertThrows(() => guest.dxg.ioctl(k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, 0n as never));
});
