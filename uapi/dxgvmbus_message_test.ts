import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  DXGK_GLOBAL_COMMANDS,
  DXGK_VGPU_COMMANDS,
  dxgkvmb_command_vgpu_to_host,
  dxgvmb_ext_header,
} from "./dxgvmbus.ts";
import { DXGKVMB_HOST_TO_VM, DXGKVMB_VGPU_TO_HOST, DXGKVMB_VM_TO_HOST } from "./dxgvmbus_hdr.ts";
import { DxgMessageHeader, putDxgGuestHeader, putDxgHeader } from "./dxgvmbus_message.ts";

const hex = (view: DataView, length: number): string =>
  [...new Uint8Array(view.buffer, 0, length)].map((b) => b.toString(16).padStart(2, "0")).join("").replace(
    /(.{8})(?=.)/g,
    "$1 ",
  );
const noise = (length = 64): DataView => new DataView(new Uint8Array(length).fill(0xaa).buffer);

Deno.test("version 40: SUBMITCOMMAND, asynchronous, as bytes", () => {
  const view = noise();
  assertEquals(putDxgHeader(view, 40, 0x12345678, 0x9, DXGKVMB_VGPU_TO_HOST, 0x40000040, 20, true), 16);
  assertEquals(
    hex(view, 40),
    "10000000 00000000 78563412 09000000 00000000 00000000 40000040 00010000 14000000 00000000",
  );
});

Deno.test("version 27: CREATEPROCESS, as bytes", () => {
  const view = noise();
  assertEquals(putDxgHeader(view, 27, 1, 2, DXGKVMB_VM_TO_HOST, 0, 1000, false), 0);
  assertEquals(hex(view, 24), "00000000 00000000 00000000 01000000 e8030000 00000000");
});

Deno.test("a message to the guest has no extended header", () => {
  const view = noise();
  putDxgGuestHeader(view, 0, 2);
  assertEquals(hex(view, 24), "00000000 00000000 00000000 02000000 02000000 00000000");
  const header = new DxgMessageHeader();
  assert(header.parseGuest(view, 24));
  assertEquals([header.channel, header.type], [DXGKVMB_HOST_TO_VM, 2]);
  assert(!header.parseGuest(view, 23));
  view.setUint8(12, DXGKVMB_VM_TO_HOST);
  assert(!header.parseGuest(view, 24));
});

Deno.test("every message in both versions is read as it was written, by the structs too", () => {
  const header = new DxgMessageHeader();
  for (const version of [40, 27, 16]) {
    for (const { channel: name, type, request, mayBeAsync } of [...DXGK_GLOBAL_COMMANDS, ...DXGK_VGPU_COMMANDS]) {
      const view = noise(1024);
      const channel = name === "vgpu" ? DXGKVMB_VGPU_TO_HOST : DXGKVMB_VM_TO_HOST;
      const at = putDxgHeader(view, version, 7, 8, channel, 0x40000080, type, mayBeAsync);
      const ext = version > 27;
      assert(header.parse(view, at + request.size, version));
      assertEquals(
        [header.at, header.luidLow, header.luidHigh, header.process, header.channel, header.async, header.type],
        [ext ? 16 : 0, ext ? 7 : 0, ext ? 8 : 0, 0x40000080, channel, mayBeAsync, type],
      );
      const hdr = dxgkvmb_command_vgpu_to_host.at(view, at);
      assertEquals([hdr.process, hdr.channel_bits & 0xff, hdr.command_type], [0x40000080, channel, type]);
      if (ext) assertEquals(dxgvmb_ext_header.at(view, 0).vgpu_luid.toJSON(), { a: 7, b: 8 });
    }
  }
});

const spoils: [string, (view: DataView) => void][] = [
  ["another command offset", (v) => v.setUint32(0, 24, true)],
  ["a reserved word", (v) => v.setUint32(4, 1, true)],
  ["a reserved bit", (v) => v.setUint8(29 + 1, 1)],
  ["a channel to the guest", (v) => v.setUint8(28, 2)],
  ["an asynchronous message of the VM", (v) => v.setUint32(28, 0x101, true)],
];
for (const [name, spoil] of spoils) {
  Deno.test(`parse refuses ${name}`, () => {
    const view = noise();
    putDxgHeader(view, 40, 0, 0, DXGKVMB_VGPU_TO_HOST, 0, 0, false);
    assert(new DxgMessageHeader().parse(view, 40, 40), "the control case");
    spoil(view);
    assert(!new DxgMessageHeader().parse(view, 40, 40));
  });
}

Deno.test("parse refuses short messages, and never reads outside", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(80), fc.constantFrom(16, 27, 40), (bytes, n, version) => {
      const ok = new DxgMessageHeader().parse(new DataView(bytes.buffer), Math.min(n, bytes.length), version);
      if (Math.min(n, bytes.length) < (version > 27 ? 40 : 24)) assertEquals(ok, false);
    }),
  );
});
