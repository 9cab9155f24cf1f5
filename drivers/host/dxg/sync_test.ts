/** Synchronization objects of all kinds at the wire. */

import { assertEquals } from "@std/assert";
import * as kmt from "../../../uapi/d3dkmthk.ts";
import * as vmb from "../../../uapi/dxgvmbus.ts";
import * as nt from "../../../uapi/ntstatus.ts";
import { longs, TestGuest, words } from "./testing.ts";

const FLAGS = kmt.d3dddi_synchronizationobject_flags;

class Bench extends TestGuest {
  readonly dev: number;
  readonly ctx: number;

  constructor() {
    super();
    this.boot();
    this.dev = this.device();
    this.ctx = this.context(this.dev);
  }

  make(info: object): number {
    return this.ask(
      "CREATESYNCOBJECT",
      vmb.dxgkvmb_command_createsyncobject,
      vmb.dxgkvmb_command_createsyncobject_return,
      { args: { device: this.dev, info } },
    ).sync_object;
  }

  /** The event of a CPU that waits for what the context reaches. */
  reached(): bigint[] {
    this.tell("SIGNALSYNCOBJECT", vmb.dxgkvmb_command_signalsyncobject, {
      context_count: 1,
      flags: kmt.d3dddicb_signalflags.enqueue_cpu_event,
      cpu_event_handle: 0x99n,
    }, words([this.ctx]));
    return this.events();
  }

  value(fence: { readonly fence_storage_address: bigint; readonly fence_storage_offset: number }): bigint {
    return this.peek(fence.fence_storage_address + BigInt(fence.fence_storage_offset));
  }
}

Deno.test("a monitored fence begins with its value, in memory that the guest sees", () => {
  using g = new Bench();
  const [a, b] = [g.fence(g.dev, 0, 7n), g.fence(g.dev, 0, 0x1_0000_0000_0001n)];
  assertEquals([g.value(a), g.value(b)], [7n, 0x1_0000_0000_0001n]);
  assertEquals(a.fence_storage_address, b.fence_storage_address); // fences of one process share a page
  assertEquals(b.fence_gpu_va - a.fence_gpu_va, 8n);
});

Deno.test("values of 64 bits are kept and compared exactly", () => {
  using g = new Bench();
  const fence = g.fence(g.dev);
  const big = 0xffff_ffff_ffff_fff0n;
  g.waitCpu(g.dev, [fence.sync_object], [big + 1n], 1n);
  g.signal([fence.sync_object], [big], [], g.dev);
  assertEquals([g.events(), g.value(fence)], [[], big]);
  g.signal([fence.sync_object], [big + 1n], [], g.dev);
  assertEquals(g.events(), [1n]);
});

Deno.test("a fence goes back only with allow_fence_rewind", () => {
  using g = new Bench();
  const fence = g.fence(g.dev, 0, 5n);
  assertEquals(g.signal([fence.sync_object], [4n], [], g.dev), nt.STATUS_INVALID_PARAMETER);
  assertEquals(g.value(fence), 5n);
  assertEquals(g.signal([fence.sync_object], [4n], [], g.dev, kmt.d3dddicb_signalflags.allow_fence_rewind), 0);
  assertEquals(g.value(fence), 4n);
});

Deno.test("WAITFORSYNCOBJECTFROMCPU waits for all, or with wait_any for one", () => {
  using g = new Bench();
  const [a, b] = [g.fence(g.dev).sync_object, g.fence(g.dev).sync_object];
  g.waitCpu(g.dev, [a, b], [1n, 1n], 10n);
  g.waitCpu(g.dev, [a, b], [1n, 1n], 11n, true);
  g.signal([b], [1n], [], g.dev);
  assertEquals(g.events(), [11n]);
  g.signal([a], [1n], [], g.dev);
  assertEquals(g.events(), [10n]);
  g.waitCpu(g.dev, [a, b], [1n, 1n], 12n);
  assertEquals(g.events(), [12n]); // already there
});

Deno.test("the event says process and whether it is used up", () => {
  using g = new Bench();
  const { sync_object } = g.fence(g.dev);
  g.waitCpu(g.dev, [sync_object], [0n], 5n);
  const message = vmb.dxgkvmb_command_signalguestevent.at(g.inbox[0]);
  assertEquals([message.event, message.process_id, message.dereference_event], [5n, 100, 1]);
});

Deno.test("events that find no room wait, and come in order", () => {
  using g = new Bench();
  const { sync_object } = g.fence(g.dev);
  g.isFull = true;
  for (let i = 1n; i <= 100n; i++) g.waitCpu(g.dev, [sync_object], [0n], i);
  assertEquals(g.events(), []);
  g.isFull = false;
  g.host.poll();
  assertEquals(g.events(), Array.from({ length: 100 }, (_, i) => BigInt(i + 1)));
  assertEquals(g.host.events.waiting, 0);
});

Deno.test("a semaphore lets as many pass as were signalled", () => {
  using g = new Bench();
  const semaphore = g.make({ type: kmt._D3DDDI_SEMAPHORE, semaphore: { max_count: 2, initial_count: 1 } });
  assertEquals(g.waitGpu(g.ctx, [semaphore], [0n]), 0);
  assertEquals(g.reached(), [0x99n]);
  g.waitGpu(g.ctx, [semaphore], [0n]);
  assertEquals(g.reached(), []);
  assertEquals(g.signal([semaphore], [0n], [], g.dev), 0);
  assertEquals(g.events(), [0x99n]);
  assertEquals([1, 2, 3].map(() => g.signal([semaphore], [0n], [], g.dev)), [0, 0, nt.STATUS_INVALID_PARAMETER]);
});

Deno.test("a mutex is owned by who waited for it, until it is signalled", () => {
  using g = new Bench();
  const mutex = g.make({ type: kmt._D3DDDI_SYNCHRONIZATION_MUTEX, synchronization_mutex: { initial_state: 1 } });
  g.waitGpu(g.ctx, [mutex], [0n]);
  assertEquals(g.reached(), []);
  g.signal([mutex], [0n], [], g.dev);
  assertEquals(g.events(), [0x99n]);
  const other = g.context(g.dev);
  g.waitGpu(other, [mutex], [0n]);
  assertEquals(g.signal([mutex], [0n], [g.ctx]), 0);
  assertEquals(g.signal([mutex], [0n], [], g.dev), 0); // the other's: it got it
  assertEquals(g.signal([mutex], [0n], [], g.dev), nt.STATUS_INVALID_PARAMETER);
});

Deno.test("a wait for a semaphore and a fence takes nothing until it has both", () => {
  using g = new Bench();
  const semaphore = g.make({ type: kmt._D3DDDI_SEMAPHORE, semaphore: { max_count: 1, initial_count: 1 } });
  const fence = g.fence(g.dev).sync_object;
  g.waitGpu(g.ctx, [semaphore, fence], [0n, 1n]);
  const other = g.context(g.dev);
  g.waitGpu(other, [semaphore], [0n]);
  assertEquals(g.signal([semaphore], [0n], [], g.dev), 0); // the other has taken it
  g.signal([fence], [1n], [], g.dev);
  assertEquals(g.signal([semaphore], [0n], [], g.dev), 0); // and this one now
});

Deno.test("a legacy fence waits for the one value of the message", () => {
  using g = new Bench();
  const fence = g.make({ type: kmt._D3DDDI_FENCE, fence: { fence_value: 2n } });
  g.tell("WAITFORSYNCOBJECTFROMGPU", vmb.dxgkvmb_command_waitforsyncobjectfromgpu, {
    context: g.ctx,
    object_count: 1,
    legacy_fence_object: 1,
  }, [...longs([4n]), ...words([fence])]);
  assertEquals(g.reached(), []);
  // Old callers send the value in the struct alone.
  g.tell(
    "SIGNALSYNCOBJECT",
    vmb.dxgkvmb_command_signalsyncobject,
    { object_count: 1, fence_value: 4n, device: g.dev },
    words([fence]),
  );
  assertEquals(g.events(), [0x99n]);
});

Deno.test("a CPU notification signals its event, once however often it was meant while nobody could hear", () => {
  using g = new Bench();
  const object = g.make({ type: kmt._D3DDDI_CPU_NOTIFICATION, cpu_notification: { event: 0x55n } });
  g.signal([object], [0n], [g.ctx]);
  assertEquals(g.events(), [0x55n]);
  g.isFull = true;
  g.signal([object], [0n], [g.ctx]);
  g.signal([object], [0n], [], g.dev);
  g.isFull = false;
  g.host.poll();
  assertEquals(g.events(), [0x55n]);
});

Deno.test("signal_by_kmd is for CPU notifications", () => {
  using g = new Bench();
  const signal_by_kmd = 0x100;
  const type = kmt._D3DDDI_CPU_NOTIFICATION;
  const object = g.make({ type, flags: signal_by_kmd, cpu_notification: { event: 0x56n } });
  g.signal([object], [0n], [g.ctx]);
  assertEquals(g.events(), [0x56n]);
  assertEquals(g.make({ type, flags: signal_by_kmd << 1, cpu_notification: { event: 0x57n } }), 0);
  assertEquals(g.make({ type: kmt._D3DDDI_SEMAPHORE, flags: signal_by_kmd, semaphore: { max_count: 1 } }), 0);
});

Deno.test("destroying an object lets go who waits for it: nobody could signal it any more", () => {
  using g = new Bench();
  const { sync_object } = g.fence(g.dev);
  g.waitCpu(g.dev, [sync_object], [9n], 4n);
  g.waitGpu(g.ctx, [sync_object], [9n]);
  assertEquals(g.tell("DESTROYSYNCOBJECT", vmb.dxgkvmb_command_destroysyncobject, { sync_object }), 0);
  assertEquals(g.events(), [4n]);
  assertEquals(g.reached(), [0x99n]);
  assertEquals(g.host.window.count, 0);
});

Deno.test("waits of a process are bounded", () => {
  using g = new TestGuest({ limits: { waits: 2 } });
  g.boot();
  const dev = g.device();
  const { sync_object } = g.fence(dev);
  const wait = (): number => g.waitCpu(dev, [sync_object], [1n], 1n);
  assertEquals([wait(), wait(), wait()], [0, 0, nt.STATUS_NO_MEMORY]);
});

for (
  const [name, info] of Object.entries<object>({
    "an unknown type": { type: 9 },
    "type 0": { type: 0 },
    "a periodic fence": { type: kmt._D3DDDI_PERIODIC_MONITORED_FENCE },
    "a semaphore of no count": { type: kmt._D3DDDI_SEMAPHORE },
    "a semaphore beyond its count": { type: kmt._D3DDDI_SEMAPHORE, semaphore: { max_count: 1, initial_count: 2 } },
    "unknown flags": { type: kmt._D3DDDI_MONITORED_FENCE, flags: 0x100 },
    "security without sharing": { type: kmt._D3DDDI_MONITORED_FENCE, flags: FLAGS.nt_security_sharing },
  })
) {
  Deno.test(`CREATESYNCOBJECT refuses ${name}`, () => {
    using g = new Bench();
    const before = g.host.processes.get(g.process)?.count;
    assertEquals(g.make(info), 0);
    assertEquals(g.host.processes.get(g.process)?.count, before);
  });
}

for (
  const [name, change] of Object.entries<(g: Bench, fence: number) => number>({
    "no object": (g) => g.signal([], [], [g.ctx]),
    "33 objects": (g, f) => g.signal(Array(33).fill(f), Array(33).fill(1n), [g.ctx]),
    "a stale object": (g, f) => {
      g.tell("DESTROYSYNCOBJECT", vmb.dxgkvmb_command_destroysyncobject, { sync_object: f });
      return g.signal([f], [1n], [g.ctx]);
    },
    "a stale context": (g, f) => {
      g.tell("DESTROYCONTEXT", vmb.dxgkvmb_command_destroycontext, { context: g.ctx });
      return g.signal([f], [1n], [g.ctx]);
    },
    "one context twice": (g, f) => g.signal([f], [1n], [g.ctx, g.ctx]),
    "an object and an event": (g, f) => g.signal([f], [1n], [g.ctx], 0, kmt.d3dddicb_signalflags.enqueue_cpu_event),
    "unknown flags": (g, f) => g.signal([f], [1n], [g.ctx], 0, 8),
    "no device": (g, f) => g.signal([f], [1n], [], 0),
    "a short packet": (g, f) =>
      g.tell(
        "SIGNALSYNCOBJECT",
        vmb.dxgkvmb_command_signalsyncobject,
        { object_count: 30, context_count: 1 },
        words([f]),
      ),
  })
) {
  Deno.test(`SIGNALSYNCOBJECT refuses ${name}`, () => {
    using g = new Bench();
    const fence = g.fence(g.dev);
    assertEquals(change(g, fence.sync_object) < 0, true);
  });
}
