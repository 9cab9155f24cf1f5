// `udrm run --driver dxg` as a person runs it: a C program computes on the CPU's Vulkan.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { compileWgsl } from "udrm/drivers/umd/compute/compile.ts";
import { dxp_descriptor, DXP_DESCRIPTOR_STORAGE_BUFFER } from "udrm/uapi/dxp_object.ts";
import { DxpWriter } from "udrm/uapi/dxp_encode.ts";
import * as isa from "udrm/uapi/dxp_isa.ts";
import { dxgClientOptions } from "./dxg_options.ts";
import { compile } from "./rig.ts";

const CODE = 0x10_0000, KERNEL = 0x20_0000, TABLE = 0x30_0000, DATA = 0x40_0000;
const COUNT = 1000;

const bytesOf = (words: Uint32Array): Uint8Array => new Uint8Array(words.buffer, words.byteOffset, words.byteLength);

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** What dxg_compute.c reads: squares of 1000 numbers. */
async function input(): Promise<Uint8Array<ArrayBuffer>> {
  const kernel = await compileWgsl(`
    @group(0) @binding(0) var<storage, read_write> a: array<u32>;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
      if (id.x < arrayLength(&a)) { a[id.x] = a[id.x] * a[id.x]; }
    }`);
  const table = new Uint32Array(dxp_descriptor.size / 4);
  table.set([DXP_DESCRIPTOR_STORAGE_BUFFER, 0, DATA, 0, 4 * COUNT, 0]);
  const { words } = new DxpWriter()
    .put(isa.DXP_SET_COMPUTE, [KERNEL, kernel.length * 4])
    .put(isa.DXP_SET_TABLE, [TABLE, 1])
    .put(isa.DXP_DISPATCH, [Math.ceil(COUNT / 64), 1, 1])
    .end();
  const pieces = [
    [CODE, words],
    [KERNEL, kernel],
    [TABLE, table],
    [DATA, Uint32Array.from({ length: COUNT }, (_, i) => i)],
  ] as const;
  return joined(
    bytesOf(Uint32Array.of(pieces.length)),
    ...pieces.flatMap(([at, part]) => [bytesOf(Uint32Array.of(at, 0, part.byteLength)), bytesOf(part)]),
    bytesOf(Uint32Array.of(CODE, 0, words.length * 4)),
  );
}

Deno.test("udrm run --driver dxg: an unmodified C program computes on the GPU", async () => {
  const program = compile("dxg_compute.c", ...dxgClientOptions());
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "cli/main.ts", "run", "--driver", "dxg", "--gpu", "cpu", "--trace", "--", program],
    cwd: new URL("../../", import.meta.url),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(await input());
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const err = new TextDecoder().decode(stderr);
  assertEquals(code, 0, err);
  assertEquals(new Uint32Array(stdout.slice().buffer), Uint32Array.from({ length: COUNT }, (_, i) => i * i));
  assertStringIncludes(err, "LX_DXSUBMITCOMMAND(");
});
