/** A hostile guest kernel, message by message, into a host whose processes are processes: each is answered, and only its own suffers. */

import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { GuestMemory } from "udrm/core/guest_memory.ts";
import type { VmbusChannel } from "udrm/core/vmbus.ts";
import { ringChannel } from "udrm/drivers/bus/vmbus/mod.ts";
import { isolatedDxgHost } from "udrm/drivers/host/dxg/isolated/mod.ts";
import { spawn } from "udrm/drivers/os/mod.ts";
import "udrm/drivers/os/testing.ts";
import * as vmb from "udrm/uapi/dxgvmbus.ts";
import { DXGK_VGPU_COMMANDS } from "udrm/uapi/dxgvmbus_vgpu.ts";

const ROUNDS = 1200;

/** Random numbers that are the same each time. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}

Deno.test("isolated: 1200 messages of a hostile guest", () => {
  const entry = fileURLToPath(new URL("./isolated_child.ts", import.meta.url));
  const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
  const args = ["run", "-A", "--no-prompt", "--no-check", "--config", config, entry, String(Deno.pid)];
  using host = isolatedDxgHost({
    start: (control) => spawn(Deno.execPath(), args, [control]),
    wire: ringChannel,
    answerNs: 10e9,
  });
  const answers = new Map<number, Uint8Array>();
  let events = 0;
  const channel: VmbusChannel = {
    send: () => {
      events++;
      return true;
    },
    complete: (low, _, data, length) => {
      assertEquals(answers.has(low), false, "answered twice");
      answers.set(low, data.slice(0, length));
    },
    poll: () => false,
    maxPacket: vmb.DXG_MAX_VM_BUS_PACKET_SIZE,
    broken: undefined,
    close: () => {},
  };
  const transport = { memory: new GuestMemory(), gpadl: () => [{ gpa: 0x1000, length: 4096 }] };
  const [handlers] = host.backends.map((backend) => backend.open(channel, transport));
  const pci = host.backends[1].pci;
  const luid = [0, 4].map((offset) => pci?.readConfig(vmb.DXGK_PCI_VGPU_LUID + offset) ?? 0);
  let id = 0;
  const ask = (data: Uint8Array, length: number): Uint8Array | undefined => {
    const bytes = new Uint8Array(vmb.DXG_MAX_VM_BUS_PACKET_SIZE);
    bytes.set(data.subarray(0, length));
    const view = new DataView(bytes.buffer);
    handlers.packet({ idLow: ++id, idHigh: 0, wantsCompletion: true, data: bytes, view, length });
    host.poll();
    return answers.get(id);
  };
  const message = (isGlobal: boolean, type: number, process: number, size: number): DataView => {
    const view = new DataView(new ArrayBuffer(size));
    view.setUint32(0, 16, true);
    view.setUint32(8, luid[0], true);
    view.setUint32(12, luid[1], true);
    view.setUint32(16 + 8, process, true);
    view.setUint32(16 + 12, isGlobal ? vmb.DXGKVMB_VM_TO_HOST : vmb.DXGKVMB_VGPU_TO_HOST, true);
    view.setUint32(16 + 16, type, true);
    return view;
  };
  const send = (view: DataView, length = view.byteLength) => ask(new Uint8Array(view.buffer), length);
  const global = (name: string) => vmb.DXGK_GLOBAL_COMMANDS.find((each) => each.name === name)?.type ?? 0;
  const window = message(true, global("SETIOSPACEREGION"), 0, 16 + 48);
  window.setBigUint64(16 + 24, 1n << 46n, true);
  window.setUint32(16 + 32, 1 << 28, true);
  send(window);
  const create = (): number => {
    const reply = send(message(true, global("CREATEPROCESS"), 0, 16 + 568));
    return reply === undefined ? 0 : new DataView(reply.buffer).getUint32(0, true);
  };
  const good = create();
  let bad = create();
  const next = random(7);
  const all = [...DXGK_VGPU_COMMANDS, ...vmb.DXGK_GLOBAL_COMMANDS];
  for (let round = 0; round < ROUNDS; round++) {
    const command = all[next(all.length)];
    if (command.name === "SETIOSPACEREGION" || command.name === "CREATEPROCESS" || command.name === "CLOSEADAPTER") {
      continue;
    }
    const size = Math.max(40, 16 + command.request.size + [0, 0, -8, 8, 64, 1000][next(6)]);
    const view = message(command.channel === "global", command.type, next(8) === 0 ? next(2 ** 32) : bad, size);
    for (let at = 16 + 24; at + 4 <= size; at += 4) {
      view.setUint32(at, [0, 0, 0, 1, 2, 0x4000_0000, 0x4000_0040, 0xffff_ffff, next(2 ** 32)][next(9)], true);
    }
    const asked = id + 1;
    send(view);
    if (command.name === "DESTROYPROCESS") bad = create();
    assertEquals(answers.has(asked), true, `${command.name} is answered`);
  }
  // The other process is as it was, and the one that was shot at is, too, or says that it is lost.
  const device = send(
    message(false, DXGK_VGPU_COMMANDS.find(({ name }) => name === "CREATEDEVICE")?.type ?? 0, good, 16 + 40),
  );
  assertEquals(device !== undefined && new DataView(device.buffer).getUint32(0, true), 0x4000_0000);
  const own = host.processes.filter(({ guestPid }) => guestPid !== undefined).length;
  assertEquals(own >= 1, true, `${events} events`);
});
