/**
 * The declarations against the C headers of this machine: a C program prints sizes, offsets and constants as the compiler sees
 * them. Headers are older than the declarations, so a symbol that they lack is skipped; how many overlap is asserted.
 * Needs gcc, libc6-dev, linux-libc-dev and libdrm-dev.
 */

import { assert, assertEquals } from "@std/assert";
import * as uapi from "udrm/uapi/mod.ts";
import type { Struct } from "udrm/uapi/struct.ts";

const HEADERS = [
  "stdio.h",
  "stddef.h",
  "sys/eventfd.h",
  "linux/fcntl.h",
  "linux/mman.h",
  "linux/memfd.h",
  "linux/time.h",
  "linux/fs.h",
  "asm/poll.h",
  "asm/errno.h",
  "drm.h",
  "drm_mode.h",
  "drm_fourcc.h",
  "virtgpu_drm.h",
  "linux/sync_file.h",
  "linux/dma-buf.h",
  "linux/dma-heap.h",
  "linux/udmabuf.h",
  "linux/virtio_config.h",
  "linux/virtio_gpu.h",
  "linux/virtio_ids.h",
  "linux/virtio_ring.h",
];

/** Structs that have grown since the oldest headers in use, with the sizes they had. */
const GROWN: Record<string, readonly number[]> = {
  drm_syncobj_handle: [16],
  drm_syncobj_wait: [32],
  drm_syncobj_timeline_wait: [40],
  drm_virtgpu_execbuffer: [40, 32],
  drm_virtgpu_3d_transfer_to_host: [36],
  drm_virtgpu_3d_transfer_from_host: [36],
  virtio_gpu_config: [16],
};

/** Constants that newer headers have changed, with what they were: a mask that gained a bit, a range that gained a feature. */
const CHANGED: Record<string, readonly bigint[]> = {
  VIRTGPU_EXECBUF_FLAGS: [0x3n],
  VIRTIO_TRANSPORT_F_END: [41n],
};

const structs = (Object.entries(uapi) as [string, unknown][]).flatMap(([name, value]) =>
  typeof value === "object" && value !== null && "fields" in value && name === (value as Struct<unknown>).name
    ? [value as Struct<unknown>]
    : []
);
const constants = [
  ...(Object.entries(uapi) as [string, unknown][]),
  ...Object.entries(uapi.ERRNO),
].filter((entry): entry is [string, number | bigint] => typeof entry[1] === "number" || typeof entry[1] === "bigint");

/** Functions of the headers, called with numbers: the C expression and what ours gives. */
const calls: readonly [expression: string, value: bigint][] = [
  ["fourcc_code('X', 'R', '2', '4')", BigInt(uapi.fourcc_code("X", "R", "2", "4"))],
  [
    "fourcc_mod_code(ARM, 0x123456789abcdefULL)",
    uapi.fourcc_mod_code(uapi.DRM_FORMAT_MOD_VENDOR_ARM, 0x123456789abcdefn),
  ],
  ["fourcc_mod_get_vendor(0x0712345678abcdefULL)", BigInt(uapi.fourcc_mod_get_vendor(0x0712345678abcdefn))],
  ["fourcc_mod_is_vendor(0x0712345678abcdefULL, BROADCOM)", BigInt(uapi.fourcc_mod_is_vendor(0x0712345678abcdefn, 7))],
  [
    "DRM_FORMAT_MOD_NVIDIA_BLOCK_LINEAR_2D(5, 1, 2, 0x7a, 4)",
    uapi.DRM_FORMAT_MOD_NVIDIA_BLOCK_LINEAR_2D(5, 1, 2, 0x7a, 4),
  ],
  ["DRM_FORMAT_MOD_NVIDIA_16BX2_BLOCK(3)", uapi.DRM_FORMAT_MOD_NVIDIA_16BX2_BLOCK(3)],
  ...[0x0300000000000013n, 0x0300000000606013n, 0x0300000000000001n].map((modifier): [string, bigint] => [
    `drm_fourcc_canonicalize_nvidia_format_mod(${modifier}ULL)`,
    uapi.drm_fourcc_canonicalize_nvidia_format_mod(modifier),
  ]),
  ["DRM_FORMAT_MOD_BROADCOM_SAND128_COL_HEIGHT(96)", uapi.DRM_FORMAT_MOD_BROADCOM_SAND128_COL_HEIGHT(96)],
  ["fourcc_mod_broadcom_param(0x0700000000006004ULL)", BigInt(uapi.fourcc_mod_broadcom_param(0x0700000000006004n))],
  ["fourcc_mod_broadcom_mod(0x0700000000006004ULL)", uapi.fourcc_mod_broadcom_mod(0x0700000000006004n)],
  ["DRM_FORMAT_MOD_ARM_AFBC(0x151ULL)", uapi.DRM_FORMAT_MOD_ARM_AFBC(0x151n)],
  [
    "DRM_FORMAT_MOD_ARM_AFRC(AFRC_FORMAT_MOD_CU_SIZE_P0(1ULL) | AFRC_FORMAT_MOD_CU_SIZE_P12(3ULL))",
    uapi.DRM_FORMAT_MOD_ARM_AFRC(uapi.AFRC_FORMAT_MOD_CU_SIZE_P0(1n) | uapi.AFRC_FORMAT_MOD_CU_SIZE_P12(3n)),
  ],
  ["DRM_FORMAT_MOD_AMLOGIC_FBC(2, 1)", uapi.DRM_FORMAT_MOD_AMLOGIC_FBC(2, 1)],
  ["AMD_FMT_MOD_SET(PIPE, 5)", uapi.AMD_FMT_MOD_SET("PIPE", 5)],
  ["AMD_FMT_MOD_GET(PIPE, 0xa00000000ULL)", BigInt(uapi.AMD_FMT_MOD_GET("PIPE", 0xa00000000n))],
  ["AMD_FMT_MOD_CLEAR(TILE)", uapi.AMD_FMT_MOD_CLEAR("TILE")],
  ["IS_AMD_FMT_MOD(0x200000000000f01ULL)", BigInt(uapi.IS_AMD_FMT_MOD(0x200000000000f01n))],
  ...[[1, 4], [2, 4096], [256, 4096], [32768, 64]].map(([num, align]): [string, bigint] => [
    `vring_size(${num}, ${align})`,
    BigInt(uapi.vring_size(num, align)),
  ]),
  ...[[65535, 0, 65535], [0, 0, 65535], [5, 6, 5], [6, 6, 5], [4, 6, 5]].map(([event, now, old]): [string, bigint] => [
    `vring_need_event(${event}, ${now}, ${old})`,
    BigInt(uapi.vring_need_event(event, now, old)),
  ]),
];

interface Probe {
  readonly name: string;
  readonly expression: string;
  readonly allowed: readonly bigint[];
}

function probes(): Probe[] {
  const all: Probe[] = [];
  for (const type of structs) {
    const tag = `${type.fields.length && isUnion(type) ? "union" : "struct"} ${type.name}`;
    const sizes = [type.size, ...(GROWN[type.name] ?? [])].map(BigInt);
    all.push({ name: `sizeof ${type.name}`, expression: `sizeof(${tag})`, allowed: sizes });
    if (!GROWN[type.name]) {
      all.push({ name: `_Alignof ${type.name}`, expression: `_Alignof(${tag})`, allowed: [BigInt(type.align)] });
    }
    for (const { name, offset, size } of type.fields) {
      all.push({
        name: `offsetof ${type.name}.${name}`,
        expression: `offsetof(${tag}, ${name})`,
        allowed: [BigInt(offset)],
      });
      if (size === 0) continue;
      all.push({
        name: `sizeof ${type.name}.${name}`,
        expression: `sizeof(((${tag} *)0)->${name})`,
        allowed: [BigInt(size)],
      });
    }
  }
  for (const [name, value] of constants) {
    const older = uapi.LEGACY_ENCODINGS.filter((legacy) => legacy.name === name).map(({ encoding }) =>
      BigInt(encoding)
    );
    const allowed = [BigInt.asUintN(64, BigInt(value)), ...older, ...(CHANGED[name] ?? [])];
    all.push({ name, expression: name, allowed });
  }
  for (const [expression, value] of calls) all.push({ name: expression, expression, allowed: [value] });
  return all;
}

const isUnion = (type: Struct<unknown>): boolean =>
  type.fields.length > 1 && type.fields.every(({ offset }) => offset === 0);

/** Compiles a program that prints the probes, leaving out those that the headers do not know, and returns what it prints. */
async function compileAndRun(all: readonly Probe[], dir: string): Promise<Map<string, bigint>> {
  let rest = [...all];
  for (let round = 0; round < 8; round++) {
    const head = HEADERS.map((header) => `#include <${header}>`);
    const lines = rest.map(({ expression }, i) => `printf("${i} %llu\\n", (unsigned long long)(${expression}));`);
    await Deno.writeTextFile(`${dir}/probe.c`, [...head, "int main(void) {", ...lines, "return 0; }", ""].join("\n"));
    const { code, stdout, stderr } = await new Deno.Command("gcc", {
      args: ["-std=gnu11", "-w", "-fmax-errors=0", "-D_GNU_SOURCE", "-I/usr/include/libdrm", "-o", "probe", "probe.c"],
      cwd: dir,
      env: { LC_ALL: "C" },
    }).output();
    if (code === 0) {
      const printed = await new Deno.Command(`${dir}/probe`).output();
      const values = new TextDecoder().decode(printed.stdout).trim().split("\n").map((line) => line.split(" "));
      return new Map(values.map(([i, value]) => [rest[Number(i)].name, BigInt(value)]));
    }
    const messages = new TextDecoder().decode(stderr) + new TextDecoder().decode(stdout);
    const bad = new Set(
      [...messages.matchAll(/probe\.c:(\d+):\d+: error/g)].map(([, line]) => Number(line) - head.length - 2),
    );
    const kept = rest.filter((_, i) => !bad.has(i));
    assert(kept.length < rest.length, `gcc cannot compile the headers:\n${messages.slice(0, 2000)}`);
    rest = kept;
  }
  throw new Error("gcc finds new errors in every round");
}

Deno.test("the C headers of this machine agree with every declaration that they have too", async (t) => {
  const dir = await Deno.makeTempDir({ prefix: "udrm-headers-" });
  try {
    const all = probes();
    const printed = await compileAndRun(all, dir);
    const wrong = all.flatMap(({ name, allowed }) => {
      const value = printed.get(name);
      return value === undefined || allowed.includes(value) ? [] : [`${name} is ${value} in C, ${allowed[0]} here`];
    });
    assertEquals(wrong, []);
    const both = (pattern: RegExp): number => [...printed.keys()].filter((name) => pattern.test(name)).length;
    const overlap = {
      structs: both(/^sizeof \w+$/),
      members: both(/^offsetof /),
      ioctls: both(/^(DRM_IOCTL_(?!BASE)|SYNC_IOC_(?!MAGIC)|DMA_BUF_(IOCTL|SET)|DMA_HEAP_IOCTL|UDMABUF_CREATE)/),
      errors: both(/^E[A-Z0-9]+$/),
      calls: calls.filter(([expression]) => printed.has(expression)).length,
      all: printed.size,
    };
    console.log(`compared with C: ${JSON.stringify(overlap)} of ${all.length}`);
    await t.step("and they overlap widely", () => {
      const floor = { structs: 150, members: 640, ioctls: 120, errors: 130, calls: calls.length, all: 2600 };
      for (const key of Object.keys(floor) as (keyof typeof floor)[]) {
        assert(overlap[key] >= floor[key], `${key}: ${overlap[key]} of at least ${floor[key]}`);
      }
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
