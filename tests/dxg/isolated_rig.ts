/**
 * A guest whose host has a process for each of its clients. Their engine is the CPU double; what a client writes into an escape can make
 * its host process misbehave (isolated_child.ts).
 */

import { RealClock } from "udrm/core/clock.ts";
import type { LocalProcess } from "udrm/core/process.ts";
import { System } from "udrm/core/system.ts";
import { ringChannel, vmbusLoopback } from "udrm/drivers/bus/vmbus/mod.ts";
import { dxg } from "udrm/drivers/gpu/dxg/mod.ts";
import { vgem } from "udrm/drivers/gpu/vgem/mod.ts";
import { type IsolatedDxgHost, isolatedDxgHost, type IsolatedDxgOptions } from "udrm/drivers/host/dxg/isolated/mod.ts";
import "udrm/drivers/os/testing.ts";
import { memfdAllocator, monotonicNs, spawn } from "udrm/drivers/os/mod.ts";
import { fileURLToPath } from "node:url";
import * as k from "udrm/uapi/d3dkmthk.ts";
import type { View } from "udrm/uapi/struct.ts";
import { Client } from "./rig.ts";

/** How a rig is made. */
export interface IsolatedRigOptions extends Partial<IsolatedDxgOptions> {
  /** The argument of the host processes. */
  readonly mode?: string;
  /** Whether what the host refuses is noted in `refused`; true. */
  readonly listen?: boolean;
}

/** A system with a dxg adapter (card0), whose clients have host processes, and vgem (card1). */
export class IsolatedRig implements Disposable {
  readonly system: System;
  readonly host: IsolatedDxgHost;
  /** What the host has refused. */
  readonly refused: string[] = [];
  readonly #resources = new DisposableStack();

  constructor({ mode = "good", listen = true, ...options }: IsolatedRigOptions = {}) {
    this.system = new System({ clock: new RealClock(monotonicNs), pages: memfdAllocator() });
    if (listen) {
      this.system.trace.listen((event) => {
        if (event.floor === "host") this.refused.push(`${event.subject}: ${event.result}`);
      });
    }
    const entry = fileURLToPath(new URL("./isolated_child.ts", import.meta.url));
    const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
    const args = ["run", "-A", "--no-prompt", "--no-check", "--config", config, entry, String(Deno.pid), mode];
    this.host = isolatedDxgHost({
      start: (control) => spawn(Deno.execPath(), args, [control]),
      wire: ringChannel,
      clock: this.system.clock,
      trace: this.system.trace,
      answerNs: 10e9,
      ...options,
    });
    const bus = this.#resources.use(vmbusLoopback(this.host.backends, { allocator: this.system.pages }));
    this.#resources.use(this.system.addPoller(bus));
    for (const driver of dxg({ bus })) this.system.addDevice(driver);
    this.system.addDevice(vgem());
  }

  /** Another client, with its host process. */
  client(): IsolatedClient {
    const before = new Set(this.host.processes.filter(({ guestPid }) => guestPid !== undefined).map(({ pid }) => pid));
    const client = new IsolatedClient(this.system.process());
    const own = this.host.processes.find(({ pid, guestPid }) => guestPid === client.task.tgid && !before.has(pid));
    if (own === undefined) throw new Error("the client has no host process");
    client.hostPid = own.pid;
    return client;
  }

  /** Kills the host process of a client, and lets the system see it. */
  async kill(client: IsolatedClient): Promise<void> {
    Deno.kill(client.hostPid, "SIGKILL");
    await this.until(() => !this.host.processes.some(({ pid }) => pid === client.hostPid));
  }

  /** Lets the system go on until something holds, for at most 10 s. */
  async until(holds: () => boolean): Promise<void> {
    for (const end = Date.now() + 10_000; !holds();) {
      if (Date.now() > end) throw new Error(`this never comes: ${holds}`);
      this.system.pump();
      await new Promise((done) => setTimeout(done, 1));
    }
  }

  [Symbol.dispose](): void {
    this.system[Symbol.dispose]();
    this.#resources.dispose();
    this.host[Symbol.dispose]();
  }
}

/** A client with a host process. */
export class IsolatedClient extends Client {
  /** The kernel's id of its host process. */
  hostPid = 0;

  constructor(task: LocalProcess) {
    super(task);
  }

  /** Makes its host process do something that no host does. */
  evil(what: number): number {
    const data = this.buffer(16);
    new DataView(data.bytes.buffer, data.bytes.byteOffset).setUint32(0, EVIL + what, true);
    return this.dxg.ioctl(
      k.LX_DXESCAPE,
      k.d3dkmt_escape.of({ adapter: this.adapter, priv_drv_data: data.address, priv_drv_data_size: 16 }),
    );
  }

  /** _D3DKMT_DEVICEEXECUTION_* of its device. */
  state(): number {
    const arg = k.d3dkmt_getdevicestate.of({ device: this.device, state_type: k._D3DKMT_DEVICESTATE_EXECUTION });
    this.dxg.ioctl(k.LX_DXGETDEVICESTATE, arg);
    return arg.execution_state;
  }

  /** Opens a shared fence of another client. */
  openFence(from: Client, fence: number): View<k.d3dkmt_opensyncobjectfromnthandle2> {
    const fd = this.task.receive(from.task, from.share(fence));
    const arg = k.d3dkmt_opensyncobjectfromnthandle2.of({
      device: this.device,
      nt_handle: BigInt(fd),
      flags: SHARED_FENCE,
    });
    this.dxg.ioctl(k.LX_DXOPENSYNCOBJECTFROMNTHANDLE2, arg);
    return arg;
  }

  /** Opens a shared resource of one allocation; the allocation. */
  openResource(fd: number, size: number): { readonly allocation: number; readonly resource: number } {
    const list = this.buffer(k.d3dddi_openallocationinfo2.size), data = this.buffer(size);
    const open = k.d3dkmt_openresourcefromnthandle.of({
      device: this.device,
      nt_handle: BigInt(fd),
      allocation_count: 1,
      open_alloc_info: list.address,
      total_priv_drv_data: data.address,
      total_priv_drv_data_size: size,
    });
    this.dxg.ioctl(k.LX_DXOPENRESOURCEFROMNTHANDLE, open);
    return { allocation: k.d3dddi_openallocationinfo2.at(list.bytes).allocation, resource: open.resource };
  }
}

/** What begins an escape that makes a host process misbehave. */
export const EVIL = 0xe711_0000;
const { shared, nt_security_sharing } = k.d3dddi_synchronizationobject_flags;
/** Flags of a fence for others. */
export const SHARED_FENCE: number = shared | nt_security_sharing;
/** Flags of a resource for others. */
export const SHARED_RESOURCE: number = k.d3dkmt_createallocationflags.create_resource |
  k.d3dkmt_createallocationflags.create_shared | k.d3dkmt_createallocationflags.nt_security_sharing;
