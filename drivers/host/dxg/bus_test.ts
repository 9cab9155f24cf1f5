/** Across a VMBus: offers, PCI functions, channels, completions, events, the end of a guest. */

import { assert, assertEquals } from "@std/assert";
import { vmbusLoopback } from "../../bus/vmbus/mod.ts";
import { VirtualClock } from "../../../core/clock.ts";
import type { VmbusPacket } from "../../../core/vmbus.ts";
import * as vmb from "../../../uapi/dxgvmbus.ts";
import { DxgHost } from "./host.ts";
import { CpuEngine, IO_LENGTH, IO_START, TestGuest } from "./testing.ts";

Deno.test("a guest finds its GPU on the bus, talks to it, and leaves nothing when it goes", () => {
  const engine = new CpuEngine();
  const host = new DxgHost({ adapters: [{ engine, luid: { a: 0x1234, b: 0x56 } }], clock: new VirtualClock() });
  using bus = vmbusLoopback(host.backends);
  const [pci] = bus.functions;
  assertEquals([pci.vendorId, pci.deviceId], [0x1414, 0x008e]);
  assertEquals(bus.devices.map((d) => d.offer.type), [vmb.DXGK_VMBUS_GLOBAL_GUID, vmb.DXGK_VMBUS_VGPU_GUID]);
  // A second host's guest builds the messages.
  using maker = new TestGuest();
  const replies: Uint8Array[] = [];
  const events: number[] = [];
  const handlers = {
    packet: (packet: VmbusPacket) => void events.push(packet.view.getUint32(16, true)),
    completion: (packet: VmbusPacket) => void replies.push(packet.data.slice(0, packet.length)),
  };
  const how = { ringSize: vmb.DXGK_VMBUS_RING_SIZE, maxPacket: vmb.DXG_MAX_VM_BUS_PACKET_SIZE, handlers };
  const [channel, gpu] = bus.devices.map((device) => device.open(how));
  const send = (bytes: Uint8Array, on = channel): Uint8Array => {
    assert(on.send(bytes, bytes.length, replies.length + 1, true));
    bus.poll();
    return replies.at(-1) ?? new Uint8Array(0);
  };
  send(maker.packet("SETIOSPACEREGION", { start: BigInt(IO_START), length: IO_LENGTH } as never));
  const process = new DataView(send(maker.packet("CREATEPROCESS", { process_id: 4 } as never)).buffer).getUint32(
    0,
    true,
  );
  const made = send(maker.packet("CREATEDEVICE", { error_code: 9n } as never, [], { process }), gpu);
  const device = new DataView(made.buffer).getUint32(0, true);
  send(maker.packet("CREATEPAGINGQUEUE", { args: { device } } as never, [], { process }));
  assertEquals([host.processes.count, host.window.count], [1, 1]);
  send(maker.packet("MARKDEVICEASERROR", { args: { device, reason: 0x8000_0000 } } as never, [], { process }), gpu);
  assertEquals(events, [vmb.DXGK_VMBCOMMAND_SETGUESTDATA]);
  channel.close();
  bus.poll();
  assertEquals([host.processes.count, host.window.count, engine.live, host.shared.count], [0, 0, 0, 0]);
});
