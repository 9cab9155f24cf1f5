/** The declarations against golden tables of sizes, offsets and numbers, which a C compiler made from the kernel's headers. */

import { assert, assertEquals } from "@std/assert";
import golden from "../tests/data/uapi-layouts.json" with { type: "json" };
import { drm_format_info, drm_format_info_block_height, drm_format_info_block_width } from "./format.ts";
import * as uapi from "./mod.ts";
import type { FieldKind, Struct, TailStruct } from "./struct.ts";

const symbols = uapi as unknown as Record<string, unknown>;

function structNamed(name: string): Struct<unknown> {
  const type = symbols[name] as Struct<unknown>;
  assert(type && Array.isArray(type.fields), `struct ${name} is missing`);
  return type;
}

const KINDS: Record<string, readonly FieldKind[]> = {
  "int": ["int"],
  "long": ["s64"],
  "ptr": ["u64"],
  "char[]": ["chars", "bytes"],
  "unsigned char": ["uint"],
  "unsigned short": ["uint"],
  "unsigned int": ["uint"],
  "unsigned long": ["u64", "u53"],
  "unsigned long long": ["u64", "u53"],
  "__kernel_size_t": ["u53"],
  "drm_context_t": ["uint"],
  "drm_drawable_t": ["uint"],
  "drm_magic_t": ["uint"],
  "__u8": ["uint"],
  "__u16": ["uint"],
  "__u32": ["uint"],
  "__le32": ["uint"],
  "__s32": ["int"],
  "__u64": ["u64", "u53"],
  "__le64": ["u64", "u53"],
  "__s64": ["s64"],
  "__u8[]": ["bytes"],
};

function kindsOf(type: string): readonly FieldKind[] {
  if (type.startsWith("enum")) return ["uint"];
  if (KINDS[type]) return KINDS[type];
  if (type.endsWith("[]")) return ["array"];
  assert(/^(struct|union) /.test(type), `the table has a type ${type} that this test does not know`);
  return ["struct"];
}

for (const expected of golden.structs) {
  Deno.test(`${expected.kind} ${expected.name}: size, alignment, members`, () => {
    const type = structNamed(expected.name);
    assertEquals({ name: type.name, size: type.size, align: type.align }, {
      name: expected.name,
      size: expected.size,
      align: expected.align,
    });
    assertEquals(
      type.fields.map(({ name, offset, size }) => ({ name, offset, size })),
      expected.fields.map(({ name, offset, size }) => ({ name, offset, size: size ?? 0 })),
    );
    for (const [i, field] of expected.fields.entries()) {
      assert(
        kindsOf(field.type).includes(type.fields[i].kind),
        `${field.name} is ${type.fields[i].kind}, not ${field.type}`,
      );
    }
    if (expected.fields.some((field) => field.size === null)) {
      assertEquals(typeof (type as TailStruct<unknown, unknown>).tail, "function");
    }
  });
}

Deno.test("every ioctl has the number of the kernel's headers", () => {
  for (const [name, { value }] of Object.entries(golden.ioctls)) assertEquals(symbols[name], value, name);
});

Deno.test("every enum value is the header's", () => {
  for (const values of Object.values(golden.enums)) {
    for (const [name, value] of Object.entries(values)) assertEquals(symbols[name], value, name);
  }
});

for (const table of ["formats", "modifiers", "constants"] as const) {
  Deno.test(`every one of the header's ${table} is there`, () => {
    for (const [name, { hex }] of Object.entries(golden[table] as Record<string, { hex: string }>)) {
      const value = symbols[name];
      assert(typeof value === "number" || typeof value === "bigint", `${name} is missing`);
      assertEquals(BigInt(value), BigInt(hex), name);
    }
  });
}

Deno.test("no DRM_FORMAT_ constant is there that the header has not", () => {
  const known = { ...golden.formats, ...golden.modifiers } as Record<string, unknown>;
  const extra = Object.keys(symbols).filter((name) =>
    name.startsWith("DRM_FORMAT_") && typeof symbols[name] !== "function" && !known[name]
  );
  assertEquals(extra, ["DRM_FORMAT_TABLE"]);
});

Deno.test("drm_format_info knows what the kernel's table knows", () => {
  const names = Object.keys(golden.formatInfo_v6_12) as (keyof typeof golden.formatInfo_v6_12)[];
  assertEquals(uapi.DRM_FORMAT_TABLE.length, names.length);
  for (const name of names) {
    const expected = golden.formatInfo_v6_12[name];
    const info = drm_format_info(symbols[name] as number);
    assert(info, `${name} is missing`);
    const planes = Array.from({ length: expected.num_planes }, (_, plane) => plane);
    assertEquals(
      {
        ...info,
        block_w: planes.map((plane) => drm_format_info_block_width(info, plane)),
        block_h: planes.map((plane) => drm_format_info_block_height(info, plane)),
      },
      {
        ...expected,
        format: symbols[name] as number,
        char_per_block: planes.map((plane) => expected.char_per_block[plane]),
        // 0 in the kernel's rows means 1.
        block_w: planes.map((plane) => expected.block_w[plane] || 1),
        block_h: planes.map((plane) => expected.block_h[plane] || 1),
      },
      name,
    );
  }
});
