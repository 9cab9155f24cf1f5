// Users, modes and closing: user_client.c says what is demanded.
import { assertEquals } from "@std/assert";
import { compile, Rig } from "./rig.ts";

const TESTS: readonly [name: string, what: string][] = [
  ["close", "close of a timeline returns when its fences are signaled"],
  ["bounds", "read at a place that no program has is EFAULT at once, without an event"],
  ["client", "A8 GET_CLIENT tells the caller's process id"],
  ["mode", "chmod and chown of a node show in stat, and it stays one"],
  ["rebind", "A14 a driver is taken off its device and put back by sysfs, while clients have it open"],
  ["ways", "names that lead through our folders and out of them are the system's"],
  ["mount", "debugfs is a file system of its own"],
];

for (const [name, what] of TESTS) {
  Deno.test(`preload: ${what}`, async () => {
    await using rig = await Rig.make();
    assertEquals(await rig.run(compile("user_client.c"), name), { code: 0, out: "", err: "" });
    await rig.serve(() => rig.server.clients + rig.server.files === 0, 5);
    assertEquals(rig.errors, []);
  });
}

Deno.test({
  name: "preload: K2 a program that gives up root keeps its files, and has another user's rights",
  ignore: Deno.uid() !== 0,
  fn: async () => {
    await using rig = await Rig.make();
    assertEquals(await rig.run(compile("user_client.c"), "nobody"), { code: 0, out: "", err: "" });
    await rig.serve(() => rig.server.clients + rig.server.files === 0, 5);
    assertEquals(rig.errors, []);
  },
});
