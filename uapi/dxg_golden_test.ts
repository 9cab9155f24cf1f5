/** The declarations of /dev/dxg and of its VMBus messages against tables that a C compiler made from dxgkrnl's headers. */

import { assert, assertEquals } from "@std/assert";
import { BITS, type BitsLayout } from "./bits.ts";
import * as dxg from "./d3dkmthk.ts";
import * as vmbus from "./dxgvmbus.ts";
import { _IOC_DIR, _IOC_NR, _IOC_SIZE, _IOC_TYPE } from "./ioctl.ts";
import type { BitInfo, FieldInfo, FieldKind, Struct } from "./struct.ts";
import ioctls from "../tests/data/dxg/ioctls.json" with { type: "json" };
import layouts from "../tests/data/dxg/layouts.json" with { type: "json" };
import commands from "../tests/data/dxg/vmbus-commands.json" with { type: "json" };
import vmbusLayouts from "../tests/data/dxg/vmbus-layouts.json" with { type: "json" };

interface GoldenField {
  name: string;
  type: string;
  offset?: number;
  size?: number;
  bitOffset?: number;
  bits?: number;
}
interface Golden {
  structs: Record<string, { kind: string; size: number; fields: GoldenField[]; v4FlexSize?: number }>;
  enums: Record<string, Record<string, number>>;
}

const symbols = { ...dxg, ...vmbus } as unknown as Record<string, unknown>;
/** Names of scalars that hold bit-fields; where the header has none, ours has `flags` or `channel_bits`. */
const STORAGE = ["value", "v", "guest_caps", "host_caps", "property_mask_value", "flags", "channel_bits"];

const KINDS: Record<string, readonly FieldKind[]> = {
  "int": ["int"],
  "_Bool": ["uint"],
  "u8": ["uint"],
  "u16": ["uint"],
  "__u16": ["uint"],
  "u32": ["uint"],
  "__u32": ["uint"],
  "u64": ["u64", "u53"],
  "__u64": ["u64", "u53"],
  "void*": ["u64"],
  "__u64*": ["u64"],
  "struct d3dkmthandle": ["uint"],
  "struct ntstatus": ["int"],
  "enum d3dddi_pagingqueue_priority": ["int"],
};

function kindsOf(type: string): readonly FieldKind[] {
  if (KINDS[type]) return KINDS[type];
  if (/^(char|u8)\[/.test(type)) return ["bytes"];
  if (type.endsWith("]")) return ["array"];
  if (type.startsWith("enum ")) return ["uint"];
  const name = /^(?:struct|union) (\w+)$/.exec(type)?.[1];
  if (name && (symbols[name] as { [BITS]?: BitsLayout })?.[BITS]) return ["uint", "u64"];
  return type === "union (anon)" ? ["uint"] : ["struct"];
}

const flat = (fields: readonly FieldInfo[]): Map<string, FieldInfo> => new Map(fields.map((f) => [f.name, f]));

function bitsAt(bits: readonly BitInfo[], byte: number, prefix: string): [string, number, number][] {
  return bits.map(({ name, shift, width }) => [prefix + name, byte * 8 + shift, width]);
}

function checkBits(layout: BitsLayout, golden: Golden["structs"][string]): void {
  assertEquals(layout.size, golden.size);
  assertEquals(
    bitsAt(layout.bits, 0, ""),
    golden.fields.filter((f) => f.bits).map((f) => [f.name, f.bitOffset, f.bits]),
  );
  for (const field of golden.fields.filter((f) => !f.bits)) {
    assert(STORAGE.includes(field.name) && field.offset === 0 && field.size === golden.size, field.name);
  }
}

function checkStruct(type: Struct<unknown>, golden: Golden["structs"][string]): void {
  assertEquals(type.size, golden.size);
  const ours = flat(type.fields);
  const ourBits: [string, number, number][] = [];
  for (const field of type.fields) {
    if (!field.bits) continue;
    const anonymous = golden.fields.find((f) => f.name === field.name)?.type === "union (anon)";
    const inHeader = golden.fields.some((f) => f.bits && Math.floor((f.bitOffset ?? 0) / 8) >= field.offset);
    if (anonymous) ourBits.push(...bitsAt(field.bits, field.offset, `${field.name}.`));
    else if (inHeader && !golden.fields.some((f) => f.name === field.name && f.type.startsWith("struct "))) {
      ourBits.push(...bitsAt(field.bits, field.offset, ""));
    }
  }
  const byPlace = (a: [string, number, number], b: [string, number, number]) => a[1] - b[1];
  assertEquals(
    ourBits.sort(byPlace),
    golden.fields.filter((f) => f.bits).map((f): [string, number, number] => [f.name, f.bitOffset ?? -1, f.bits ?? 0])
      .sort(byPlace),
  );
  const seen = new Set<string>();
  for (const field of golden.fields) {
    if (field.bits) continue;
    const parent = golden.fields.find((f) => field.name === `${f.name}.value` && f.type === "union (anon)");
    const mine = ours.get(parent ? parent.name : field.name);
    assert(mine, `${field.name} is missing`);
    assertEquals([mine.offset, mine.size], [field.offset, field.size], field.name);
    assert(kindsOf(field.type).includes(mine.kind), `${field.name} is ${mine.kind}, not ${field.type}`);
    seen.add(mine.name);
  }
  const extra = type.fields.filter((f) => !seen.has(f.name));
  assert(
    extra.every((f) => f.bits && STORAGE.includes(f.name)),
    `not in the header: ${extra.map((f) => f.name).join(", ")}`,
  );
}

for (const [file, golden] of [["d3dkmthk.h", layouts], ["dxgvmbus.h", vmbusLayouts]] as [string, Golden][]) {
  for (const [name, expected] of Object.entries(golden.structs)) {
    Deno.test(`${file}: ${expected.kind} ${name}: size, members, bits`, () => {
      const symbol = symbols[name] as Struct<unknown> & { [BITS]?: BitsLayout };
      assert(symbol, "missing");
      if (symbol[BITS]) {
        assertEquals(symbol[BITS].name, name);
        checkBits(symbol[BITS], expected);
      } else {
        assertEquals(symbol.name, name);
        checkStruct(symbol, expected);
      }
    });
  }
  Deno.test(`${file}: every enum value is the header's`, () => {
    let count = 0;
    for (const values of Object.values(golden.enums)) {
      for (const [name, value] of Object.entries(values)) {
        assertEquals(symbols[name], value, name);
        count++;
      }
    }
    assert(count > 20);
  });
}

Deno.test("DXG_IOCTLS has every slot under its number, in order, with size and messages", () => {
  const rows = ioctls.rows;
  assertEquals(rows.length, 73);
  assertEquals(dxg.DXG_IOCTLS.length, rows.length);
  for (const [i, [name, nr, code, struct, size, status, , messages]] of rows.entries()) {
    const entry = dxg.DXG_IOCTLS[i];
    assertEquals([entry.name, entry.arg.name, entry.arg.size], [name, struct, Number(size)]);
    assertEquals(entry.request, Number(code), name);
    assertEquals(symbols[name], entry.request, name);
    assertEquals(
      [_IOC_TYPE(entry.request), _IOC_NR(entry.request), _IOC_SIZE(entry.request), _IOC_DIR(entry.request)],
      [0x47, Number(nr), Number(size), 3],
    );
    assertEquals(entry.implemented, status === "implemented", name);
    for (const message of entry.messages) {
      assert(messages.includes(message), `${name}: ${message}`);
      assert(
        [...vmbus.DXGK_GLOBAL_COMMANDS, ...vmbus.DXGK_VGPU_COMMANDS].some((c) => c.name === message),
        `${name}: ${message} is in no table`,
      );
    }
    assertEquals(entry.messages.length === 0, messages.startsWith("(local") || messages === "-", name);
    assertEquals(dxg.dxgIoctl(Number(code)), entry);
  }
  assertEquals(rows.filter((row) => row[5] === "implemented").length, 65);
  assertEquals(dxg.dxgIoctl(0xc00c4702), undefined);
});

const CHANNELS = { "global": "global", "vgpu": "vgpu", "host->vm": "guest" } as const;

Deno.test("the tables of messages have every number, request and reply", () => {
  const rows = commands.rows;
  assertEquals(rows.length, 87);
  for (const [channelName, nr, fullName, used, , request, reply] of rows) {
    const channel = CHANNELS[channelName as keyof typeof CHANNELS];
    const name = fullName.replace(/^(DXGK_VMBCOMMAND|dxgk_vmbcommand)_/, "").toUpperCase();
    assertEquals(symbols[fullName], Number(nr), fullName);
    assertEquals(vmbus.dxgCommandName(channel, Number(nr)), name);
    const entry = vmbus.dxgCommandOf(channel, Number(nr));
    assertEquals(entry !== undefined, used === "yes", name);
    if (!entry) continue;
    assertEquals([entry.name, entry.channel, entry.type], [name, channel, Number(nr)]);
    const [, struct, size] = /^(\w+)(?: header)?\((\d+)\)/.exec(request) ?? [];
    assertEquals(entry.request.size, Number(size), name);
    assert(entry.request.name.endsWith(`_${struct}`), `${name}: ${entry.request.name} is not ${struct}`);
    if (entry.reply.kind === "struct") {
      const [, replyStruct, replySize] = /^(\w+)\((\d+)/.exec(reply) ?? [];
      assertEquals([entry.reply.type.name, entry.reply.type.size], [
        `dxgkvmb_command_${replyStruct}`,
        Number(replySize),
      ]);
    } else {
      const kinds = { none: "none", ntstatus: "ntstatus(4)", echo: "echo", blob: "private", status_and_blob: "v40" };
      assert(reply.startsWith(kinds[entry.reply.kind]), `${name}: ${entry.reply.kind} is not ${reply}`);
    }
  }
});

Deno.test("messages begin with the header of their channel", () => {
  const headers = {
    global: "dxgkvmb_command_vm_to_host",
    vgpu: "dxgkvmb_command_vgpu_to_host",
    guest: "dxgkvmb_command_host_to_vm",
  };
  for (const table of [vmbus.DXGK_GLOBAL_COMMANDS, vmbus.DXGK_VGPU_COMMANDS, vmbus.DXGK_GUEST_COMMANDS]) {
    for (const { name, channel, request } of table) {
      const bare = request.name === headers[channel];
      assertEquals(bare ? request.size : request.fields[0].size, 24, name);
      assertEquals(request.fields[0].name, bare ? "command_id" : "hdr", name);
    }
  }
});

Deno.test("tails begin at a [1] member, or behind the struct, and count by members that are there", () => {
  let inside = 0;
  for (const command of [...vmbus.DXGK_GLOBAL_COMMANDS, ...vmbus.DXGK_VGPU_COMMANDS]) {
    const replyTail = command.reply.kind === "struct" ? command.reply.tail : [];
    for (const tail of [...command.tail, ...replyTail]) {
      if (!tail.count) continue;
      const path = tail.count.split(".");
      const known = [command.request, command.reply.kind === "struct" ? command.reply.type : command.request];
      const arg = dxg.DXG_IOCTLS.find((ioctl) => ioctl.messages[0] === command.name)?.arg;
      const fields = path[0] === "args" ? arg?.fields ?? [] : known.flatMap((type) => type.fields);
      const last = path[path.length - 1];
      assert(fields.some((f) => f.name === last), `${command.name}: no member ${tail.count}`);
      assert(vmbus.dxgElementSize(tail) > 0);
    }
    const first = command.tail[0];
    if (!first) continue;
    const at = vmbus.dxgTailOffset(command.request, command.tail);
    const member = command.request.fields.find((f) => f.name === first.name);
    if (member) {
      assertEquals([at, member.size], [member.offset, vmbus.dxgElementSize(first)], command.name);
      inside++;
    } else assertEquals(at, command.request.size);
  }
  assertEquals(inside, 11);
});

Deno.test("asynchronous messages are the four that dxgkrnl sends so", () => {
  assertEquals(vmbus.DXGK_VGPU_COMMANDS.filter((c) => c.mayBeAsync).map((c) => c.name), [
    "SUBMITCOMMAND",
    "WAITFORSYNCOBJECTFROMGPU",
    "SIGNALSYNCOBJECT",
    "SUBMITCOMMANDTOHWQUEUE",
  ]);
});

Deno.test("header versions: 16 bytes from version 40 on, none in 27, and a shorter adapter information", () => {
  assertEquals([40, 27, 16].map(vmbus.dxgkExtHeaderSize), [16, 0, 0]);
  const info = vmbus.dxgkvmb_command_getinternaladapterinfo_return;
  assertEquals(
    info.fields.find((f) => f.name === "host_vgpu_luid")?.offset,
    vmbus.DXGKVMB_GETINTERNALADAPTERINFO_RETURN_SIZE_V27,
  );
});
