/** The whole way of a DMA buffer: memory, addresses, residency, submission, signals, waits, faults, hangs. */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import * as kmt from "../../../uapi/d3dkmthk.ts";
import { DXG_ALLOCATION_CPU_VISIBLE } from "../../../uapi/dxg_driver.ts";
import * as isa from "../../../uapi/dxp_isa.ts";
import { DxpWriter } from "../../../uapi/dxp_encode.ts";
import * as vmb from "../../../uapi/dxgvmbus.ts";
import * as nt from "../../../uapi/ntstatus.ts";
import { TestGuest } from "./testing.ts";

/** A device with a context, a queue, commands at `code` and data at `data`, all resident. */
class Bench extends TestGuest {
  readonly dev: number;
  readonly ctx: number;
  readonly queue: number;
  readonly code: number;
  readonly data: number;
  readonly codeBytes: Uint8Array;
  readonly dataBytes: Uint8Array;

  constructor(options: ConstructorParameters<typeof TestGuest>[0] = {}) {
    super(options);
    this.boot();
    this.dev = this.device();
    this.ctx = this.context(this.dev, kmt.d3dddi_createcontextflags.hw_queue_supported);
    this.queue = this.pagingQueue(this.dev).paging_queue;
    const visible = this.priv(8192, DXG_ALLOCATION_CPU_VISIBLE);
    const { handles: [code, data] } = this.allocate(this.dev, [visible, visible]);
    this.codeBytes = this.lock(this.dev, code, 8192);
    this.dataBytes = this.lock(this.dev, data, 8192);
    this.code = this.map(this.queue, code, 2);
    this.data = this.map(this.queue, data, 2);
    this.resident(this.queue, [code, data]);
  }

  /** Writes commands; their length. */
  write(build: (writer: DxpWriter) => DxpWriter): number {
    const writer = build(new DxpWriter()).end();
    this.codeBytes.set(new Uint8Array(writer.words.slice().buffer));
    return writer.length * 4;
  }
}

Deno.test("a DMA buffer fills memory that the CPU then sees", () => {
  using g = new Bench();
  const length = g.write((w) => w.put(isa.DXP_FILL, [g.data + 16, 32, 0x04030201]));
  assertEquals(g.submit(g.ctx, g.code, length), 0);
  assertEquals([...g.dataBytes.subarray(14, 22)], [0, 0, 1, 2, 3, 4, 1, 2]);
  assertEquals(g.state(g.dev), kmt._D3DKMT_DEVICEEXECUTION_ACTIVE);
});

Deno.test("a signal behind a DMA buffer comes when it is done: the value is stored before the event is sent", () => {
  using g = new Bench();
  g.engine.mode = "step";
  const fence = g.fence(g.dev);
  const length = g.write((w) => w.put(isa.DXP_FILL, [g.data, 4, 7]));
  g.submit(g.ctx, g.code, length);
  assertEquals(g.signal([fence.sync_object], [5n], [g.ctx]), 0);
  const gpa = fence.fence_storage_address + BigInt(fence.fence_storage_offset);
  assertEquals(g.waitCpu(g.dev, [fence.sync_object], [5n], 77n), 0);
  g.host.poll();
  assertEquals([g.peek(gpa), g.events()], [0n, []]);
  g.engine.step();
  g.host.poll();
  assertEquals(g.peek(gpa), 5n);
  assertEquals(g.events(), [77n]);
});

Deno.test("a wait before its signal is legal, across contexts, from CPU and GPU", () => {
  using g = new Bench();
  const other = g.context(g.dev);
  const fence = g.fence(g.dev);
  const length = g.write((w) => w.put(isa.DXP_FILL, [g.data, 4, 9]));
  assertEquals(g.waitGpu(g.ctx, [fence.sync_object], [3n]), 0);
  g.submit(g.ctx, g.code, length);
  assertEquals(g.dataBytes[0], 0);
  g.signal([fence.sync_object], [2n], [other]);
  assertEquals(g.dataBytes[0], 0);
  assertEquals(g.signal([fence.sync_object], [3n], [], g.dev), 0);
  assertEquals(g.dataBytes[0], 9);
});

Deno.test("FENCE_WRITE to a fence's GPU address wakes who waits for the fence", () => {
  using g = new Bench();
  const fence = g.fence(g.dev);
  g.waitCpu(g.dev, [fence.sync_object], [42n], 1n);
  const length = g.write((w) => w.put(isa.DXP_FENCE_WRITE, [Number(fence.fence_gpu_va), 42n]));
  g.submit(g.ctx, g.code, length);
  assertEquals(g.events(), [1n]);
  assertEquals(g.peek(fence.fence_storage_address + BigInt(fence.fence_storage_offset)), 42n);
});

Deno.test("FENCE_WAIT stops a job until the CPU signals", () => {
  using g = new Bench();
  const fence = g.fence(g.dev);
  const length = g.write((w) =>
    w.put(isa.DXP_FENCE_WAIT, [Number(fence.fence_gpu_va), 2n]).put(isa.DXP_FILL, [g.data, 4, 1])
  );
  g.submit(g.ctx, g.code, length);
  assert(g.host.busy);
  g.signal([fence.sync_object], [2n], [], g.dev);
  g.host.poll();
  assertEquals(g.dataBytes[0], 1);
  assertEquals(g.host.busy, false);
});

Deno.test("a hardware queue's progress fence gets the value of each DMA buffer", () => {
  using g = new Bench();
  const made = g.ask("CREATEHWQUEUE", vmb.dxgkvmb_command_createhwqueue, vmb.dxgkvmb_command_createhwqueue, {
    context: g.ctx,
  });
  assertEquals([made.status, made.hwqueue_progress_fence_cpuva % 4096n], [0, 0n]);
  const length = g.write((w) => w.put(isa.DXP_FILL, [g.data, 4, 3]));
  const submit = (value: bigint, async = false): number =>
    g.tell(
      "SUBMITCOMMANDTOHWQUEUE",
      vmb.dxgkvmb_command_submitcommandtohwqueue,
      {
        args: {
          hwqueue: made.hwqueue,
          hwqueue_progress_fence_id: value,
          command_buffer: BigInt(g.code),
          command_length: length,
        },
      },
      [],
      { async },
    );
  assertEquals(submit(1n), 0);
  assertEquals(g.peek(made.hwqueue_progress_fence_cpuva), 1n);
  submit(2n, true);
  assertEquals(g.peek(made.hwqueue_progress_fence_cpuva), 2n);
  assertEquals(
    g.tell("DESTROYSYNCOBJECT", vmb.dxgkvmb_command_destroysyncobject, { sync_object: made.hwqueue_progress_fence }),
    nt.STATUS_INVALID_PARAMETER,
  );
  assertEquals(g.tell("DESTROYHWQUEUE", vmb.dxgkvmb_command_destroyhwqueue, { hwqueue: made.hwqueue }), 0);
  assertEquals(submit(3n), nt.STATUS_INVALID_HANDLE);
});

Deno.test("a page fault puts the device, and only it, in an error that names offset and address", () => {
  using g = new Bench();
  const other = g.device();
  const fence = g.fence(g.dev);
  g.waitCpu(g.dev, [fence.sync_object], [9n], 5n);
  const length = g.write((w) => w.put(isa.DXP_FILL, [g.data, 4, 1]).put(isa.DXP_FILL, [0x7000_0000, 4, 1]));
  g.submit(g.ctx, g.code, length);
  assertEquals(g.state(g.dev), kmt._D3DKMT_DEVICEEXECUTION_ERROR_DMAPAGEFAULT);
  assertEquals(g.state(other), kmt._D3DKMT_DEVICEEXECUTION_ACTIVE);
  const { page_fault_state: fault } = g.ask(
    "GETDEVICESTATE",
    vmb.dxgkvmb_command_getdevicestate,
    vmb.dxgkvmb_command_getdevicestate_return,
    { args: { device: g.dev, state_type: kmt._D3DKMT_DEVICESTATE_PAGE_FAULT } },
  ).args;
  assertEquals(fault.faulted_virtual_address, 0x7000_0000n);
  assertEquals(fault.faulted_primitive_api_sequence_number, BigInt(4 * (3 + 6)));
  assertEquals(fault.page_fault_flags & kmt._DXGK_PAGE_FAULT_WRITE, 1);
  // The guest heard of the state, and who waited is not left waiting.
  const [state] = g.inbox.filter((m) => vmb.dxgkvmb_command_host_to_vm.at(m).command_type === 2);
  assertEquals(vmb.dxgkvmb_command_setguestdata.at(state).guest_pointer, 0xabcn);
  assertEquals(g.events(), [5n]);
  assertEquals(g.submit(g.ctx, g.code, length), nt.STATUS_DEVICE_REMOVED);
  assertEquals(g.tell("DESTROYDEVICE", vmb.dxgkvmb_command_destroydevice, { device: g.dev }), 0);
});

Deno.test("a packet that is none is a DMA fault", () => {
  using g = new Bench();
  g.codeBytes.fill(0xee);
  g.submit(g.ctx, g.code, 64);
  assertEquals(g.state(g.dev), kmt._D3DKMT_DEVICEEXECUTION_ERROR_DMAFAULT);
});

for (
  const [name, change] of Object.entries<(g: Bench) => [number, number]>({
    "an address that nothing is mapped at": (g) => [g.code + 0x100_0000, 64],
    "a length of 0": (g) => [g.code, 0],
    "a length that is no whole words": (g) => [g.code, 6],
    "an address that is no whole word": (g) => [g.code + 2, 64],
  })
) {
  Deno.test(`${name} is refused or faults`, () => {
    using g = new Bench();
    const [address, length] = change(g);
    const status = g.submit(g.ctx, address, length);
    if (status === 0) assertNotEquals(g.state(g.dev), kmt._D3DKMT_DEVICEEXECUTION_ACTIVE);
    else assertEquals(status, nt.STATUS_INVALID_PARAMETER);
  });
}

Deno.test("a job that never ends hangs its device after the time-out, and nobody waits for it", () => {
  using g = new Bench();
  g.engine.mode = "stuck";
  const fence = g.fence(g.dev);
  const length = g.write((w) => w.put(isa.DXP_FILL, [g.data, 4, 1]));
  g.submit(g.ctx, g.code, length);
  g.signal([fence.sync_object], [1n], [g.ctx]);
  g.waitCpu(g.dev, [fence.sync_object], [1n], 3n);
  g.clock.advance(1.9e9);
  assertEquals(g.state(g.dev), kmt._D3DKMT_DEVICEEXECUTION_ACTIVE);
  g.clock.advance(0.2e9);
  assertEquals(g.state(g.dev), kmt._D3DKMT_DEVICEEXECUTION_HUNG);
  g.host.poll();
  assertEquals(g.events(), [3n]);
  assertEquals([g.host.busy, g.clock.next], [false, Infinity]);
});

Deno.test("each of many jobs has the whole time-out", () => {
  using g = new Bench();
  g.engine.mode = "step";
  const length = g.write((w) => w.put(isa.DXP_FILL, [g.data, 4, 1]));
  for (let i = 0; i < 4; i++) g.submit(g.ctx, g.code, length);
  for (let i = 0; i < 4; i++) {
    g.clock.advance(1.5e9);
    g.engine.step(1);
    g.host.poll();
  }
  assertEquals([g.state(g.dev), g.host.busy], [kmt._D3DKMT_DEVICEEXECUTION_ACTIVE, false]);
});

Deno.test("a lost engine resets every device of the adapter", () => {
  using g = new Bench();
  g.engine.mode = "stuck";
  g.submit(g.ctx, g.code, g.write((w) => w));
  g.engine.lost = "VK_ERROR_DEVICE_LOST";
  g.host.poll();
  assertEquals(g.state(g.dev), kmt._D3DKMT_DEVICEEXECUTION_RESET);
  assertEquals(g.device(), 0);
  assert(g.inbox.some((m) => vmb.dxgkvmb_command_host_to_vm.at(m).command_type === 4));
});

Deno.test("the engine has so many jobs of a queue at once, and the queue so many commands", () => {
  using g = new Bench({ limits: { running: 2, queued: 3 } });
  g.engine.mode = "step";
  const length = g.write((w) => w.put(isa.DXP_FILL, [g.data, 4, 1]));
  assertEquals([1, 2, 3, 4, 5].map(() => g.submit(g.ctx, g.code, length)), [0, 0, 0, 0, 0]);
  assertEquals(g.submit(g.ctx, g.code, length), nt.STATUS_NO_MEMORY);
  for (let i = 0; i < 3; i++) {
    g.engine.step();
    g.host.poll();
  }
  assertEquals([g.host.busy, g.submit(g.ctx, g.code, length)], [false, 0]);
});

Deno.test("an asynchronous command has no reply; a wrong one puts its device in error", () => {
  using g = new Bench();
  const length = g.write((w) => w.put(isa.DXP_FILL, [g.data, 4, 8]));
  g.submit(g.ctx, g.code, length, { async: true });
  assertEquals(g.dataBytes[0], 8);
  g.submit(g.ctx, g.code + 1, length, { async: true });
  assertEquals(g.state(g.dev), kmt._D3DKMT_DEVICEEXECUTION_ERROR_DMAFAULT);
});

Deno.test("a signal on two contexts comes when both got there", () => {
  using g = new Bench();
  g.engine.mode = "step";
  const other = g.context(g.dev);
  const fence = g.fence(g.dev);
  const gate = g.fence(g.dev);
  g.waitGpu(other, [gate.sync_object], [1n]);
  g.signal([fence.sync_object], [4n], [g.ctx, other]);
  const gpa = fence.fence_storage_address + BigInt(fence.fence_storage_offset);
  assertEquals(g.peek(gpa), 0n);
  g.signal([gate.sync_object], [1n], [], g.dev);
  assertEquals(g.peek(gpa), 4n);
});

Deno.test("kill in every state: nothing is left behind", () => {
  for (const mode of ["auto", "step", "stuck"] as const) {
    using g = new Bench();
    g.engine.mode = mode;
    const fence = g.fence(g.dev);
    const length = g.write((w) => w.put(isa.DXP_FILL, [g.data, 4, 8]));
    g.submit(g.ctx, g.code, length);
    g.signal([fence.sync_object], [4n], [g.ctx]);
    g.waitGpu(g.ctx, [fence.sync_object], [100n]);
    g.submit(g.ctx, g.code, length);
    g.waitCpu(g.dev, [fence.sync_object], [200n], 9n);
    assertEquals(g.tell("DESTROYPROCESS", vmb.dxgkvmb_command_destroyprocess, {}), 0);
    assertEquals([g.engine.live, g.engine.queues, g.host.window.count, g.host.processes.count], [0, 0, 0, 0], mode);
    assertEquals([g.host.busy, g.clock.next, g.adapter.vram.used(0)], [false, Infinity, 0]);
    assertEquals(g.submit(g.ctx, g.code, length), nt.STATUS_INVALID_HANDLE);
  }
});

Deno.test("UPDATEGPUVIRTUALADDRESS waits for the fence, then signals the value behind", () => {
  using g = new Bench();
  const fence = g.fence(g.dev);
  const { handles: [a] } = g.allocate(g.dev, [g.priv(8192, DXG_ALLOCATION_CPU_VISIBLE)]);
  g.resident(g.queue, [a]);
  const bytes = g.lock(g.dev, a, 8192);
  const op = kmt.d3dddi_updategpuvirtualaddress_operation;
  const update = (operation: Uint8Array): number =>
    g.tell("UPDATEGPUVIRTUALADDRESS", vmb.dxgkvmb_command_updategpuvirtualaddress, {
      device: g.dev,
      context: g.ctx,
      fence_object: fence.sync_object,
      fence_value: 6n,
      num_operations: 1,
    }, operation);
  const gpa = fence.fence_storage_address + BigInt(fence.fence_storage_offset);
  const map = op.bytes(op.of({
    operation: kmt._D3DDDI_UPDATEGPUVIRTUALADDRESS_MAP,
    map: { base_address: BigInt(g.data), size: 4096, allocation: a, allocation_offset: 4096, allocation_size: 4096 },
  }));
  assertEquals(update(map), 0);
  const length = g.write((w) => w.put(isa.DXP_FILL, [g.data, 4, 0x11]));
  g.submit(g.ctx, g.code, length);
  assertEquals([bytes[4096], g.dataBytes[0], g.peek(gpa)], [0, 0, 0n]);
  g.signal([fence.sync_object], [6n], [], g.dev);
  assertEquals([bytes[4096], g.dataBytes[0], g.peek(gpa)], [0x11, 0, 7n]);
  // The v4 repost of dxgkrnl sends 64 bytes too few.
  assertEquals(update(map.subarray(0, 0)), nt.STATUS_INVALID_PARAMETER);
  const outside = op.bytes(op.of({
    operation: kmt._D3DDDI_UPDATEGPUVIRTUALADDRESS_UNMAP,
    unmap: { base_address: 0x5000_0000n, size: 4096 },
  }));
  assertEquals(update(outside), nt.STATUS_INVALID_PARAMETER);
});
