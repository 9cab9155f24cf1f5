/** virgl's numbers, places, fields and structs against a table that a C compiler made from Mesa's headers; and its formats. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import capsets from "../tests/data/virgl/caps.json" with { type: "json" };
import older from "../tests/data/virgl/headers.json" with { type: "json" };
import later from "../tests/data/virgl/headers-25.json" with { type: "json" };
import * as pipe from "./pipe.ts";
import * as video from "./virgl_format_video.ts";
import type { Struct } from "./struct.ts";
import { type BitField, bitField } from "./virgl_bits.ts";
import * as format from "./virgl_format.ts";
import {
  VIRGL_FORMATS,
  virglFormat,
  type VirglFormatInfo,
  virglFormatIsAmbiguous,
  virglRowBytes,
  virglRows,
} from "./virgl_format.ts";
import * as hw from "./virgl_hw.ts";
import { virgl_caps_v1, virgl_caps_v2, virglMaskAdd, virglMaskHas, virglSampleLocation } from "./virgl_hw.ts";
import * as protocol from "./virgl_protocol.ts";
import { VIRGL_COMMANDS, VIRGL_OBJECTS, virglLengthFits } from "./virgl_protocol.ts";
import * as vtest from "./vtest.ts";

// What Mesa 22.3.6's headers say, and what Mesa 25.0.7's say else.
const golden = {
  ...older,
  numbers: { ...older.numbers, ...later.numbers },
  bits: { ...older.bits, ...later.bits },
  formats: { ...older.formats, ...later.formats },
};

const symbols = { ...format, ...hw, ...protocol, ...pipe, ...vtest } as unknown as Record<string, unknown>;

Deno.test("every number is the header's", () => {
  for (const [name, value] of Object.entries({ ...golden.numbers, ...golden.pipe })) {
    // The places inside vtest's payloads are the members of structs here.
    if (/^VCMD_(RES|TRANSFER|BUSY|PROTOCOL|PING|GET|CONTEXT|SYNC|SUBMIT).*/.test(name) && !(name in symbols)) continue;
    assertEquals(symbols[name], value, name);
  }
});

Deno.test("every command number of vtest is there", () => {
  for (const { name, number } of vtest.VTEST_COMMANDS) {
    assertEquals(golden.numbers[`VCMD_${name}` as keyof typeof golden.numbers], number, name);
    assertEquals(symbols[`VCMD_${name}`], number, name);
    assertEquals(vtest.vtestCommand(number)?.name, name);
  }
  assertEquals(vtest.VTEST_COMMANDS.length, 24);
  for (const number of [0, 25, -1, 0.5, NaN, 0xffffffff]) assertEquals(vtest.vtestCommand(number), undefined);
});

Deno.test("vtest's fixed payloads have the sizes of the header", () => {
  const of = (name: string): number | undefined => vtest.VTEST_COMMANDS.find((c) => c.name === name)?.dwords;
  const n = golden.numbers;
  assertEquals(of("RESOURCE_CREATE"), n.VCMD_RES_CREATE_SIZE);
  assertEquals(of("RESOURCE_CREATE2"), n.VCMD_RES_CREATE2_SIZE);
  assertEquals(of("RESOURCE_UNREF"), n.VCMD_RES_UNREF_SIZE);
  assertEquals(of("TRANSFER_GET"), n.VCMD_TRANSFER_HDR_SIZE);
  assertEquals(of("TRANSFER_PUT2"), n.VCMD_TRANSFER2_HDR_SIZE);
  assertEquals(of("RESOURCE_BUSY_WAIT"), n.VCMD_BUSY_WAIT_SIZE);
  assertEquals(of("PROTOCOL_VERSION"), n.VCMD_PROTOCOL_VERSION_SIZE);
  assertEquals(of("GET_PARAM"), n.VCMD_GET_PARAM_SIZE);
  assertEquals(of("GET_CAPSET"), n.VCMD_GET_CAPSET_SIZE);
  assertEquals(of("CONTEXT_INIT"), n.VCMD_CONTEXT_INIT_SIZE);
  assertEquals(of("RESOURCE_CREATE_BLOB"), n.VCMD_RES_CREATE_BLOB_SIZE);
  assertEquals(of("SYNC_CREATE"), n.VCMD_SYNC_CREATE_SIZE);
  assertEquals(of("SYNC_UNREF"), n.VCMD_SYNC_UNREF_SIZE);
  assertEquals(of("SYNC_READ"), n.VCMD_SYNC_READ_SIZE);
  assertEquals(of("SYNC_WRITE"), n.VCMD_SYNC_WRITE_SIZE);
});

const PLACES: readonly [Struct<unknown>, string, Readonly<Record<string, string>>][] = [
  [vtest.vcmd_res_create, "VCMD_RES_CREATE_", {}],
  [vtest.vcmd_res_create2, "VCMD_RES_CREATE2_", {}],
  [vtest.vcmd_transfer, "VCMD_TRANSFER_", {}],
  [vtest.vcmd_transfer2, "VCMD_TRANSFER2_", {}],
  [vtest.vcmd_busy_wait, "VCMD_BUSY_WAIT_", {}],
  [vtest.vcmd_get_capset, "VCMD_GET_CAPSET_", {}],
  [vtest.vcmd_res_create_blob, "VCMD_RES_CREATE_BLOB_", { size: "SIZE_LO", blob_id: "ID_LO" }],
  [vtest.vcmd_sync_wait, "VCMD_SYNC_WAIT_", {}],
];
for (const [type, prefix, names] of PLACES) {
  Deno.test(`${type.name}: each member at the header's place`, () => {
    const numbers = golden.numbers as Record<string, number>;
    for (const field of type.fields) {
      const name = prefix + (names[field.name] ?? field.name.toUpperCase());
      assertEquals(field.offset / 4, numbers[name], name);
    }
  });
}

Deno.test("every place that depends on a number is the header's", () => {
  for (const [name, [zero, one, seven]] of Object.entries(golden.places)) {
    const place = symbols[name] as (n: number) => number;
    assert(typeof place === "function", `${name} is missing`);
    assertEquals([place(0), place(1), place(7)], [zero, one, seven], name);
  }
});

Deno.test("every bit field has the header's bits", () => {
  const decoders = /NO_ATTACH_(HEIGHT|SAMPLES)$/; // the header's macros take these out, the others put them in
  for (const [name, bits] of Object.entries(golden.bits)) {
    const field = symbols[name] as BitField;
    assert(field, `${name} is missing`);
    const mask = decoders.test(name) ? bits << 16 >>> 0 : bits;
    assertEquals(field.put(0xffffffff), mask, name);
    assertEquals(field.get(0xffffffff), 2 ** field.bits - 1, name);
    assertEquals(field.get(~mask), 0, name);
  }
});

Deno.test("bitField refuses bits outside a dword", () => {
  assertEquals(bitField(31, 1).put(1), 0x80000000);
  assertThrows(() => bitField(31, 2), RangeError, "Cannot have 2 bits at bit 31: a dword has 32");
  assertThrows(() => bitField(-1, 2), RangeError);
  assertThrows(() => bitField(0, 32), RangeError);
});

for (const [name, { size, fields }] of Object.entries(golden.structs)) {
  if (name === "virgl_caps_v2") continue; // which has grown
  Deno.test(`struct ${name}: size, members`, () => {
    const type = symbols[name] as Struct<unknown>;
    assertEquals(type.size, size);
    if (fields.length === 0) return;
    assertEquals(type.fields.map((f) => [f.name, f.offset, f.size]), fields as [string, number, number][]);
  });
}

Deno.test("struct virgl_caps_v2: the older one's size and members, then the later one's", () => {
  const { size, fields } = golden.structs.virgl_caps_v2;
  const members = virgl_caps_v2.fields.map((f) => [f.name, f.offset, f.size]);
  assertEquals(hw.VIRGL_CAPS_V2_MIN_SIZE, size);
  assertEquals(members.slice(0, fields.length), fields);
  const renamed = Object.entries(later.caps_v2.fields).map((
    [, [name, offset, bytes]],
  ) => [name === "max_texture_samplers" ? "max_shader_sampler_views" : name, offset, bytes]);
  for (const field of renamed) assert(members.some((m) => m.join() === field.join()), `${field}`);
  assertEquals([virgl_caps_v2.size, members.length], [later.caps_v2.size, fields.length + 3]);
});

Deno.test("VIRGL_CAPS_BSET has the bits of virgl_caps_bool_set1", () => {
  assertEquals({ ...hw.VIRGL_CAPS_BSET }, golden.bset);
});

Deno.test("VIRGL_CMD0 puts a header together, and the readers take it apart", () => {
  const header = protocol.VIRGL_CMD0(protocol.VIRGL_CCMD_CREATE_OBJECT, protocol.VIRGL_OBJECT_MSAA_SURFACE, 65535);
  assertEquals(header, 0xffff0b01);
  assertEquals(protocol.virglCommand(header), 1);
  assertEquals(protocol.virglCommandObject(header), 11);
  assertEquals(protocol.virglCommandLength(header), 65535);
});

Deno.test("the table of commands has every command and object of the header, at its number", () => {
  assertEquals(VIRGL_COMMANDS.length, golden.numbers.VIRGL_MAX_COMMANDS);
  assertEquals(VIRGL_OBJECTS.length, golden.numbers.VIRGL_MAX_OBJECTS);
  const numbers = golden.numbers as Record<string, number>;
  for (const c of VIRGL_COMMANDS) assertEquals(numbers[`VIRGL_CCMD_${c.name}`], c.number, c.name);
  for (const o of VIRGL_OBJECTS) assertEquals(numbers[`VIRGL_OBJECT_${o.name}`], o.number, o.name);
  for (const [i, c] of VIRGL_COMMANDS.entries()) assertEquals(c.number, i);
});

Deno.test("lengths in the table are those of the header", () => {
  const n = golden.numbers as Record<string, number>;
  const fixed: Record<string, string> = {
    CLEAR: "VIRGL_OBJ_CLEAR_SIZE",
    BLIT: "VIRGL_CMD_BLIT_SIZE",
    RESOURCE_COPY_REGION: "VIRGL_CMD_RESOURCE_COPY_REGION_SIZE",
    SET_UNIFORM_BUFFER: "VIRGL_SET_UNIFORM_BUFFER_SIZE",
    SET_STENCIL_REF: "VIRGL_SET_STENCIL_REF_SIZE",
    SET_BLEND_COLOR: "VIRGL_SET_BLEND_COLOR_SIZE",
    GET_QUERY_RESULT: "VIRGL_QUERY_RESULT_SIZE",
    GET_QUERY_RESULT_QBO: "VIRGL_QUERY_RESULT_QBO_SIZE",
    SET_RENDER_CONDITION: "VIRGL_RENDER_CONDITION_SIZE",
    SET_POLYGON_STIPPLE: "VIRGL_POLYGON_STIPPLE_SIZE",
    SET_CLIP_STATE: "VIRGL_SET_CLIP_STATE_SIZE",
    BIND_SHADER: "VIRGL_BIND_SHADER_SIZE",
    SET_TESS_STATE: "VIRGL_TESS_STATE_SIZE",
    LAUNCH_GRID: "VIRGL_LAUNCH_GRID_SIZE",
    TRANSFER3D: "VIRGL_TRANSFER3D_SIZE",
    COPY_TRANSFER3D: "VIRGL_COPY_TRANSFER3D_SIZE",
    CLEAR_TEXTURE: "VIRGL_CLEAR_TEXTURE_SIZE",
    CLEAR_SURFACE: "VIRGL_CLEAR_SURFACE_SIZE",
    PIPE_RESOURCE_CREATE: "VIRGL_PIPE_RES_CREATE_SIZE",
    LINK_SHADER: "VIRGL_LINK_SHADER_SIZE",
    BLEND: "VIRGL_OBJ_BLEND_SIZE",
    RASTERIZER: "VIRGL_OBJ_RS_SIZE",
    DSA: "VIRGL_OBJ_DSA_SIZE",
    SAMPLER_VIEW: "VIRGL_OBJ_SAMPLER_VIEW_SIZE",
    SAMPLER_STATE: "VIRGL_OBJ_SAMPLER_STATE_SIZE",
    SURFACE: "VIRGL_OBJ_SURFACE_SIZE",
    MSAA_SURFACE: "VIRGL_OBJ_MSAA_SURFACE_SIZE",
    QUERY: "VIRGL_OBJ_QUERY_SIZE",
    STREAMOUT_TARGET: "VIRGL_OBJ_STREAMOUT_SIZE",
  };
  for (const [name, size] of Object.entries(fixed)) {
    const info = [...VIRGL_COMMANDS, ...VIRGL_OBJECTS].find((c) => c.name === name);
    assertEquals([info?.min, info?.max], [n[size], n[size]], name);
  }
});

Deno.test("virglLengthFits takes whole elements between the least and the greatest length", () => {
  const fits = (command: number): number[] =>
    Array.from({ length: 100 }, (_, length) => length).filter((length) =>
      virglLengthFits(VIRGL_COMMANDS[command], length)
    );
  assertEquals(fits(protocol.VIRGL_CCMD_DRAW_VBO), [12, 14, 20]);
  assertEquals(fits(protocol.VIRGL_CCMD_SET_INDEX_BUFFER), [1, 3]);
  assertEquals(fits(protocol.VIRGL_CCMD_SET_STENCIL_REF), [1]);
  assertEquals(fits(protocol.VIRGL_CCMD_SET_FRAMEBUFFER_STATE), [2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assertEquals(fits(protocol.VIRGL_CCMD_SET_VIEWPORT_STATE), Array.from({ length: 17 }, (_, n) => 1 + 6 * n));
  assertEquals(fits(protocol.VIRGL_CCMD_PIPE_RESOURCE_SET_TYPE), [10, 12, 14, 16]);
  assert(virglLengthFits(VIRGL_COMMANDS[protocol.VIRGL_CCMD_END_TRANSFERS], 65535));
  for (let length = 0; length < 65536; length += 5) assert(!virglLengthFits(VIRGL_OBJECTS[0], length));
});

const caps = (name: keyof typeof capsets): Uint8Array<ArrayBuffer> => Uint8Array.fromHex(capsets[name]);

Deno.test("the reference server's first capability set reads as it is", () => {
  const v1 = virgl_caps_v1.at(caps("v1"));
  assertEquals([v1.glsl_level, v1.max_render_targets, v1.prim_mask, v1.max_viewports], [450, 8, 0x7c7f, 16]);
  assert(virglMaskHas(v1.sampler, format.VIRGL_FORMAT_B8G8R8A8_UNORM));
  assert(!virglMaskHas(v1.sampler, format.VIRGL_FORMAT_NONE));
  assert(!virglMaskHas(v1.sampler, 512) && !virglMaskHas(v1.sampler, -1));
});

Deno.test("the reference server's second capability set reads as it is", () => {
  const bytes = new Uint8Array(virgl_caps_v2.size);
  bytes.set(caps("v2"));
  assertEquals(caps("v2").length, hw.VIRGL_CAPS_V2_MIN_SIZE);
  const v2 = virgl_caps_v2.at(bytes);
  assertEquals(v2.v1.max_version, 2);
  assertEquals(v2.renderer, "LLVMPIPE (LLVM 15.0.6, 256 bits)");
  assertEquals([v2.max_aliased_point_size, v2.max_anisotropy, v2.min_texel_offset], [255, 16, -32]);
  assertEquals([v2.max_texture_2d_size, v2.max_texture_3d_size], [16384, 2048]);
  assertEquals([...v2.max_compute_grid_size], [65535, 65535, 65535]);
  assertEquals([v2.host_feature_check_version, v2.max_uniform_block_size], [15, 65536]);
  assert((v2.capability_bits & hw.VIRGL_CAP_COMPUTE_SHADER) !== 0);
  assert((v2.capability_bits & hw.VIRGL_CAP_HOST_IS_GLES) === 0);
  // llvmpipe's four samples.
  assertEquals(Array.from({ length: 4 }, (_, i) => virglSampleLocation(v2, 4, i)), [
    { x: 6, y: 2 },
    { x: 14, y: 6 },
    { x: 2, y: 10 },
    { x: 10, y: 14 },
  ]);
  assertEquals(virglSampleLocation(v2, 1, 0), { x: 8, y: 8 });
  assertThrows(() => virglSampleLocation(v2, 4, 4), RangeError, "Cannot locate sample 4 of 4: counts go to 16");
  assertThrows(() => virglSampleLocation(v2, 32, 0), RangeError);
});

Deno.test("virglMaskAdd sets what virglMaskHas finds, and nothing else", () => {
  const mask = hw.virgl_supported_format_mask.of();
  virglMaskAdd(mask, 511);
  virglMaskAdd(mask, 31);
  const found = Array.from({ length: 512 }, (_, n) => n).filter((n) => virglMaskHas(mask, n));
  assertEquals(found, [31, 511]);
  assertThrows(() => virglMaskAdd(mask, 512), RangeError, "Cannot add format 512: a mask has 512");
  assertThrows(() => virglMaskAdd(mask, NaN), RangeError);
});

/** A format as Gallium's table writes it. */
function row(info: VirglFormatInfo): unknown[] {
  const plain = info.layout === "packed" || info.layout === "depth_stencil" ? "plain" : info.layout;
  return [
    plain,
    info.blockWidth,
    info.blockHeight,
    info.channels.length > 0 || info.blockBytes === 0
      ? info.channels.map((c) => `${c.type}${c.bits}`).join(" ")
      : `void${info.blockBytes * 8}`,
    info.swizzle.map((n) => "xyzw01_"[n]).join(""),
  ];
}

Deno.test("virglFormat knows each format as Gallium's table has it", () => {
  for (const info of VIRGL_FORMATS) {
    const expected = (golden.formats as unknown as Record<string, [...unknown[], string]>)[info.name];
    if (!expected) {
      assert(/^A(8|16)L(8|16)_/.test(info.name), `${info.name} is not in Gallium's table`);
      continue;
    }
    const space = expected.at(-1);
    assertEquals(row(info), expected.slice(0, -1), info.name);
    assertEquals(info.srgb, space === "srgb", info.name);
    assertEquals(info.isDepth || info.isStencil, space === "zs", info.name);
    const bits = info.channels.reduce((sum, c) => sum + c.bits, 0);
    if (bits > 0) assertEquals(info.blockBytes * 8, bits, info.name);
    let shift = 0;
    for (const channel of info.channels) {
      assertEquals(channel.shift, shift, info.name);
      shift += channel.bits;
    }
  }
});

Deno.test("virglFormat finds every number that a client may send, and no other", () => {
  const clients = Object.entries(golden.numbers).filter(([name, n]) =>
    name.startsWith("VIRGL_FORMAT_") && n > 0 && n < golden.numbers.VIRGL_FORMAT_MAX && !(name in video)
  ).map(([, n]) => n);
  for (const n of clients) assertEquals(virglFormat(n)?.number, n);
  assertEquals(VIRGL_FORMATS.length, new Set(clients).size);
  for (const n of [0, 73, 307, 322, 348, 454, 455, 456, 457, 512, -1, 0.5, NaN, 0xffffffff]) {
    assertEquals(virglFormat(n), undefined);
  }
});

Deno.test("a number that two names had means what clients mean today, and is told apart", () => {
  assertEquals(virglFormat(262)?.name, "A16L16_UNORM");
  assertEquals(virglFormat(266)?.name, "G16R16_SNORM");
  assertEquals(virglFormat(331)?.name, "A1B5G5R5_UNORM");
  // Where the two headers disagree.
  const moved = Object.entries(later.numbers).map(([name]) => older.numbers[name as keyof typeof older.numbers])
    .filter((n) => n >= 255 && n < older.numbers.VIRGL_FORMAT_MAX);
  const ambiguous = Array.from({ length: 512 }, (_, n) => n).filter(virglFormatIsAmbiguous);
  assertEquals(ambiguous, moved.toSorted((a, b) => a - b));
});

Deno.test("known formats: aspects, integers, types, rows", () => {
  const of = (n: number): VirglFormatInfo => {
    const info = virglFormat(n);
    assert(info, `format ${n}`);
    return info;
  };
  assertEquals(of(format.VIRGL_FORMAT_Z24_UNORM_S8_UINT).aspect, "depth_stencil");
  assertEquals(of(format.VIRGL_FORMAT_Z24_UNORM_S8_UINT).type, "unorm");
  assertEquals(of(format.VIRGL_FORMAT_Z32_FLOAT_S8X24_UINT).blockBytes, 8);
  assertEquals(of(format.VIRGL_FORMAT_X24S8_UINT).aspect, "stencil");
  assertEquals(of(format.VIRGL_FORMAT_S8_UINT).isInteger, true);
  assertEquals(of(format.VIRGL_FORMAT_R32G32_SINT).isInteger, true);
  assertEquals(of(format.VIRGL_FORMAT_R32G32_SSCALED).isInteger, false);
  assertEquals(of(format.VIRGL_FORMAT_B5G6R5_UNORM).layout, "packed");
  assertEquals(of(format.VIRGL_FORMAT_R16G16B16A16_FLOAT).layout, "plain");
  assertEquals(of(format.VIRGL_FORMAT_BPTC_RGB_UFLOAT).type, "float");
  assertEquals(of(format.VIRGL_FORMAT_RGTC2_SNORM).type, "snorm");
  assertEquals(of(format.VIRGL_FORMAT_A8L8_SRGB).swizzle, [1, 1, 1, 0]);
  assertEquals(virglRowBytes(of(format.VIRGL_FORMAT_DXT1_RGB), 5), 16);
  assertEquals(virglRows(of(format.VIRGL_FORMAT_DXT1_RGB), 5), 2);
  assertEquals(virglRowBytes(of(format.VIRGL_FORMAT_R8G8B8_UNORM), 5), 15);
  assertEquals(virglRowBytes(of(format.VIRGL_FORMAT_NV12), 5), 0);
});
