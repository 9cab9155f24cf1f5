// Programs on /dev/dxg: dxg_client.c says what is demanded. The engine is the double on the CPU.
import { assertEquals } from "@std/assert";
import { CpuEngine } from "udrm/drivers/host/dxg/testing.ts";
import { drivers } from "udrm/mod.ts";
import { DXG_DRIVER_MAGIC, DXG_DRIVER_VERSION } from "udrm/uapi/dxg_driver.ts";
import { DxpWriter } from "udrm/uapi/dxp_encode.ts";
import * as isa from "udrm/uapi/dxp_isa.ts";
import { compile, Rig } from "./rig.ts";

const TESTS: readonly [name: string, what: string][] = [
  ["node", "/dev/dxg is a character device that knows ioctls, and no others than its own"],
  ["demo", "submit_demo: the program's memory, a fence page, an eventfd, and a child that has none of it"],
  ["lock", "LOCK2 shows memory where the server says, until the last UNLOCK2"],
  ["threads", "what one thread has mapped another unmaps"],
  ["sysmem", "the program's memory is shared in place, twice and again; what cannot be is ENOMEM"],
  ["many", "900 allocations over the program's memory in one call"],
  ["share", "a fence goes to another program by its descriptor"],
];

// The packets' numbers are the header's of this system, not the program's.
function numbers(): string[] {
  const { words } = new DxpWriter().put(isa.DXP_FILL, [0, 0, 0]).put(isa.DXP_FENCE_WRITE, [0, 0]).end();
  const hex = (...values: number[]): string => values.map((value) => `0x${value.toString(16)}u`).join(",");
  return [
    `-DMAGIC=${hex(DXG_DRIVER_MAGIC)}`,
    `-DVERSION=${DXG_DRIVER_VERSION}`,
    `-DWORDS_HEADER=${hex(...words.subarray(0, 3))}`,
    `-DWORD_FILL=${hex(words[3])}`,
    `-DWORD_FENCE=${hex(words[9])}`,
    `-DWORD_END=${hex(words[14])}`,
  ];
}

for (const [name, what] of TESTS) {
  Deno.test(`preload: ${what}`, async () => {
    using engine = new CpuEngine();
    await using rig = await Rig.make(() => [drivers.dxg({ engine })]);
    assertEquals(await rig.run(compile("dxg_client.c", ...numbers()), name), { code: 0, out: "", err: "" });
    await rig.serve(() => rig.server.clients + rig.server.files + rig.server.spaces === 0, 5);
    assertEquals(rig.errors, []);
  });
}
