/** The guest driver against a scripted host: when a context that waited for a semaphore promises what it signals again. */

import { assertEquals } from "@std/assert";
import { errno } from "udrm/core/testing.ts";
import * as k from "udrm/uapi/d3dkmthk.ts";
import * as w from "udrm/uapi/dxgvmbus.ts";
import { Scripted, type ScriptedOptions } from "./scripted.ts";

/** A client with a context, a semaphore and a monitored fence. */
class Client extends Scripted {
  readonly device: number;
  readonly context: number;
  readonly semaphore: number;
  readonly fence: number;

  constructor(options: ScriptedOptions) {
    super(options);
    const open = k.d3dkmt_openadapterfromluid.of({ adapter_luid: this.luid });
    this.dxg.ioctl(k.LX_DXOPENADAPTERFROMLUID, open);
    const device = k.d3dkmt_createdevice.of({ adapter: open.adapter_handle });
    this.dxg.ioctl(k.LX_DXCREATEDEVICE, device);
    this.device = device.device;
    const context = k.d3dkmt_createcontextvirtual.of({ device: this.device });
    this.dxg.ioctl(k.LX_DXCREATECONTEXTVIRTUAL, context);
    this.context = context.context;
    this.semaphore = this.#make(k._D3DDDI_SEMAPHORE);
    this.fence = this.#make(k._D3DDDI_MONITORED_FENCE);
    this.take();
  }

  #make(type: number): number {
    const arg = k.d3dkmt_createsynchronizationobject2.of({ device: this.device, info: { type } });
    this.dxg.ioctl(k.LX_DXCREATESYNCHRONIZATIONOBJECT, arg);
    return arg.sync_object;
  }

  #at(data: ArrayBufferView<ArrayBuffer>): bigint {
    return this.task.heap.from(new Uint8Array(data.buffer)).address;
  }

  /** Queues a wait for the semaphore; the event of the marker behind it, if one was sent. */
  wait(): bigint | undefined {
    const arg = k.d3dkmt_waitforsynchronizationobject2.of({ context: this.context, object_count: 1 });
    arg.object_array[0] = this.semaphore;
    assertEquals(this.dxg.ioctl(k.LX_DXWAITFORSYNCHRONIZATIONOBJECT, arg), 0);
    const [wait, marker] = this.messages.splice(0);
    assertEquals(wait.name, "WAITFORSYNCOBJECTFROMGPU");
    if (marker === undefined) return undefined;
    const body = w.dxgkvmb_command_signalsyncobject.at(marker.body);
    assertEquals([marker.name, body.flags, body.object_count], [
      "SIGNALSYNCOBJECT",
      k.d3dddicb_signalflags.enqueue_cpu_event,
      0,
    ]);
    const at = w.dxgkvmb_command_signalsyncobject.size;
    assertEquals(new DataView(marker.body.buffer, marker.body.byteOffset).getUint32(at, true), this.context);
    return body.cpu_event_handle;
  }

  /** Queues a signal of the fence. */
  signalTo(value: bigint): void {
    const arg = k.d3dkmt_signalsynchronizationobjectfromgpu.of({
      context: this.context,
      object_count: 1,
      objects: this.#at(Uint32Array.of(this.fence)),
      monitored_fence_values: this.#at(BigUint64Array.of(value)),
    });
    assertEquals(this.dxg.ioctl(k.LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMGPU, arg), 0);
    this.take();
  }

  /** What CREATESYNCFILE of a value gives. */
  syncFile(value: bigint): string | number {
    const { device, fence: monitored_fence } = this;
    const arg = k.d3dkmt_createsyncfile.of({ device, monitored_fence, fence_value: value });
    const result = errno(() => this.dxg.ioctl(k.LX_DXCREATESYNCFILE, arg));
    if (result === 0) this.task.close(Number(arg.sync_file_handle));
    this.take();
    return result;
  }
}

Deno.test("a wait for a semaphore makes a queue's signals no promises, until the host says that it has come past", () => {
  using client = new Client({ isAsync: true });
  client.signalTo(1n);
  assertEquals(client.syncFile(1n), 0);
  const first = client.wait() ?? 0n;
  client.signalTo(2n);
  assertEquals(client.syncFile(2n), "EINVAL");
  const second = client.wait() ?? 0n;
  client.signal(first);
  assertEquals(client.syncFile(2n), "EINVAL"); // it may be behind the second one
  client.signal(second);
  assertEquals(client.syncFile(2n), 0);
  client.signalTo(3n);
  assertEquals([client.syncFile(3n), client.syncFile(4n)], [0, "EINVAL"]);
});

Deno.test("markers end with their context, are bounded, and are not sent where the call would wait for them", () => {
  using client = new Client({ isAsync: true });
  const events = Array.from({ length: 100 }, () => client.wait());
  assertEquals(events.filter((event) => event !== undefined).length, 64);
  client.dxg.ioctl(k.LX_DXDESTROYCONTEXT, k.d3dkmt_destroycontext.of({ context: client.context }));
  client.signal(events[0] ?? 0n); // comes late: nobody is there
  using slow = new Client({ isAsync: false });
  assertEquals(slow.wait(), undefined);
  slow.signalTo(1n);
  assertEquals(slow.syncFile(1n), "EINVAL");
});
