/** Headers, lengths and versions: every message short, padded, on the wrong channel, from nobody; replies of exact sizes. */

import { assert, assertEquals } from "@std/assert";
import * as vmb from "../../../uapi/dxgvmbus.ts";
import * as nt from "../../../uapi/ntstatus.ts";
import { TestGuest } from "./testing.ts";

const ALL = [...vmb.DXGK_VGPU_COMMANDS, ...vmb.DXGK_GLOBAL_COMMANDS];

Deno.test("every message of the tables has a handler", () => {
  using g = new TestGuest();
  assertEquals(g.host.commands.map((c) => c.name).sort(), ALL.map((c) => c.name).sort());
});

for (const version of [27, 40]) {
  Deno.test(`version ${version}: each message that is cut before its members end is refused, and a padded one is not`, () => {
    for (const command of ALL) {
      if (command.minVersion > version) continue;
      using g = new TestGuest({ version });
      g.boot();
      const bytes = g.packet(command.name, {});
      const ext = vmb.dxgkExtHeaderSize(version);
      const least = ext + Math.min(command.request.size, vmb.dxgTailOffset(command.request, command.tail));
      if (least > ext + 24) {
        const { bytes: reply } = g.send(bytes.subarray(0, least - 8 < ext + 24 ? ext + 24 : least - 8));
        const refused = [nt.STATUS_INVALID_PARAMETER];
        assertEquals([reply.length, new DataView(reply.buffer).getInt32(0, true)], [4, ...refused], command.name);
      }
      const exact = g.send(bytes).bytes;
      const padded = new Uint8Array(bytes.length + 8);
      padded.set(bytes);
      if (command.name === "DESTROYPROCESS" || command.name === "CREATEPROCESS") continue;
      const again = g.send(padded).bytes;
      if (command.reply.kind === "ntstatus") assertEquals(again, exact, command.name);
    }
  });
}

Deno.test("replies are as long as dxgkrnl waits for, successes and failures alike", () => {
  for (const version of [27, 40]) {
    using g = new TestGuest({ version });
    g.boot();
    for (const command of ALL) {
      if (command.minVersion > version || command.name === "DESTROYPROCESS") continue;
      const { bytes } = g.send(g.packet(command.name, {}));
      const { reply } = command;
      const isOldInfo = command.name === "GETINTERNALADAPTERINFO" && version === 27;
      if (isOldInfo) assertEquals(bytes.length, 704);
      else if (reply.kind === "struct") assert(bytes.length >= reply.type.size, command.name);
      else if (reply.kind === "echo") assert(bytes.length >= command.request.size, command.name);
      else if (reply.kind === "ntstatus") assertEquals(bytes.length, 4, command.name);
    }
  }
});

Deno.test("what is wrong with a header is refused", () => {
  using g = new TestGuest();
  g.boot();
  const good = (): Uint8Array => g.packet("GETINTERNALADAPTERINFO", {});
  assertEquals(g.send(good()).bytes.length, 712);
  const bad = (change: (view: DataView) => void): number => {
    const bytes = good();
    change(new DataView(bytes.buffer));
    return g.send(bytes).status;
  };
  const invalid = nt.STATUS_INVALID_PARAMETER;
  assertEquals(bad((v) => v.setUint32(0, 0, true)), invalid);
  assertEquals(bad((v) => v.setUint32(0, 0xffff_fff8, true)), invalid);
  assertEquals(bad((v) => v.setUint32(0, 20, true)), invalid);
  assertEquals(bad((v) => v.setUint32(4, 1, true)), invalid); // reserved
  assertEquals(bad((v) => v.setUint32(8, 0x999, true)), invalid); // another LUID
  assertEquals(bad((v) => v.setUint32(28, 2, true)), invalid); // host to guest
  assertEquals(bad((v) => v.setUint32(28, 0x100, true)), invalid); // this one cannot be asynchronous
  assertEquals(bad((v) => v.setUint32(24, 0x1234, true)), 0); // no process is needed, but a wrong one ...
});

Deno.test("unknown and unused numbers are not implemented; new messages are not of old versions", () => {
  using g = new TestGuest({ version: 27 });
  g.boot();
  const status = (type: number): number => {
    const bytes = g.packet("FLUSHHEAPTRANSITIONS", {});
    new DataView(bytes.buffer).setUint32(16, type, true);
    return g.send(bytes).status;
  };
  assertEquals(status(vmb.DXGK_VMBCOMMAND_FLUSHHEAPTRANSITIONS), 0);
  for (const [type] of vmb.DXGK_UNUSED_COMMANDS.vgpu) assertEquals(status(type), nt.STATUS_NOT_IMPLEMENTED);
  for (const type of [63, 69, 5000, 0xffff_ffff, vmb.DXGK_VMBCOMMAND_ISFEATUREENABLED]) {
    assertEquals(status(type), nt.STATUS_NOT_IMPLEMENTED);
  }
});

Deno.test("a global message on a virtual GPU's channel is refused", () => {
  using g = new TestGuest();
  g.boot();
  const bytes = g.packet("CREATEPROCESS", {});
  assertEquals(g.send(bytes, false).status, nt.STATUS_INVALID_PARAMETER);
  assert(g.send(bytes, true).status > 0);
});

Deno.test("a message from a process that is none, or of none, is refused", () => {
  using g = new TestGuest();
  g.boot();
  const tell = (process: number): number =>
    g.send(g.packet("DESTROYDEVICE", { device: 0x4000_0000 } as never, [], { process })).status;
  assertEquals(tell(0x7777), nt.STATUS_INVALID_HANDLE);
  assertEquals(tell(0), nt.STATUS_INVALID_PARAMETER);
});

Deno.test("processes of a guest are bounded", () => {
  using g = new TestGuest({ limits: { processes: 2 } });
  g.boot();
  assert(g.createProcess() !== 0);
  assertEquals(g.createProcess(), 0);
});

Deno.test("the guest's version decides the headers, and it is never above the host's", () => {
  using g = new TestGuest();
  const [, backend] = g.host.backends;
  assertEquals(backend.pci?.readConfig(vmb.DXGK_PCI_INTERFACE_VERSION), 40);
  backend.pci?.writeConfig(vmb.DXGK_PCI_INTERFACE_VERSION, 27);
  assertEquals(g.host.version, 27);
  backend.pci?.writeConfig(vmb.DXGK_PCI_INTERFACE_VERSION, 99);
  assertEquals(g.host.version, 40);
  backend.pci?.writeConfig(vmb.DXGK_PCI_INTERFACE_VERSION, 3);
  assertEquals(g.host.version, 40);
  // The first 8 bytes of the channel's instance are the LUID.
  assertEquals(backend.pci?.readConfig(vmb.DXGK_PCI_CHANNEL_ID), 0x1234);
  assertEquals(backend.offer.instance.slice(0, 18), "00001234-0056-0000");
});
