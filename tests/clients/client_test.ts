import { assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { buildShim } from "udrm/drivers/chardev/preload/mod.ts";
import { HEADER, OP_HELLO, REPLY } from "udrm/drivers/chardev/preload/protocol.ts";
import { accept, close, listen, MessageBuffer, poll, POLLIN } from "udrm/drivers/os/mod.ts";
import { openFds } from "udrm/drivers/os/testing.ts";
import { drivers } from "udrm/mod.ts";
import { ERRNO } from "udrm/uapi/errno.ts";
import { compile, Rig } from "./rig.ts";

const client = (): string => compile("client.c");

// Each is a function of client.c: what it demands stands there.
const TESTS: readonly [name: string, what: string][] = [
  ["names", "a client finds nodes, sysfs files and its own fds by name"],
  ["ioctl", "a client's ioctls answer as the kernel's, bad pointers included"],
  ["dumb", "a client's mappings are the buffer itself and outlive its handle"],
  ["prime", "buffers and DRM files go to another program by SCM_RIGHTS"],
  ["syncobj", "syncobjs time out, wake threads and reach another program"],
  ["sw_sync", "a sync_file of a client is readable when its fence has signalled"],
  ["threads", "threads and signal handlers have requests of their own"],
  ["fork", "fork, vfork and exec keep the file and change whose memory is meant"],
];

for (const [name, what] of TESTS) {
  Deno.test(`preload: ${what}`, async () => {
    await using rig = await Rig.make();
    assertEquals(await rig.run(client(), name), { code: 0, out: "", err: "" });
    await rig.serve(() => rig.server.clients === 0 && rig.server.files === 0 && rig.server.dmaBufs === 0, 5);
    assertEquals([rig.system.devices[0].files.size, rig.system.devices[0].offsets.count, rig.errors], [0, 0, []]);
  });
}

Deno.test("preload: fences come out of a commit and go into one, as fds of the client", async () => {
  await using rig = await Rig.make((display) => [drivers.vkms({ display })]);
  assertEquals(await rig.run(compile("kms_client.c"), "fences"), { code: 0, out: "", err: "" });
  await rig.serve(() => rig.server.clients === 0 && rig.server.files === 0, 5);
  assertEquals(rig.errors, []);
});

Deno.test("preload: events are polled and read as the kernel's, and the flip is on the screen", async () => {
  await using rig = await Rig.make();
  const running = rig.start(compile("kms_client.c"), "events");
  await rig.serve(() => running.out.includes("shown"));
  const picture = rig.display.picture();
  assertEquals([picture?.width, picture?.height], [1280, 800]);
  assertEquals([...picture?.data.subarray(0, 4) ?? []], [0x20, 0x40, 0x60, 0xff]);
  assertEquals(picture?.data.every((byte: number, i: number) => byte === [0x20, 0x40, 0x60, 0xff][i & 3]), true);
  await running.end();
  assertEquals((await running.ended()).code, 0);
  assertEquals(rig.display.picture(), undefined);
});

Deno.test("preload: a client that is killed leaves nothing behind", async () => {
  await using rig = await Rig.make();
  const before = openFds();
  for (let i = 0; i < 3; i++) {
    const running = rig.start(client(), "hang");
    await rig.serve(() => running.out.includes("hangs"));
    assertEquals([rig.server.clients, rig.server.dmaBufs, rig.system.devices[0].files.size], [2, 1, 1]);
    running.kill("SIGKILL");
    await running.ended();
    await rig.serve(() => rig.server.clients + rig.server.files + rig.server.dmaBufs === 0, 5);
    assertEquals([rig.system.devices[0].files.size, rig.system.devices[0].offsets.count], [0, 0]);
  }
  assertEquals([openFds(), rig.errors], [before, []]);
});

Deno.test("preload: clients that come, go and are killed beside each other leave nothing that grows", async () => {
  await using rig = await Rig.make();
  let before: number | undefined;
  for (let i = 0; i < 20; i++) {
    const killed = rig.start(client(), "hang");
    assertEquals(await rig.run(client(), "ioctl", "dumb", "syncobj"), { code: 0, out: "", err: "" });
    killed.kill("SIGKILL");
    await killed.ended();
    await rig.serve(() => rig.server.clients + rig.server.files + rig.server.dmaBufs === 0, 5);
    before ??= openFds();
  }
  assertEquals([openFds(), rig.system.devices[0].offsets.count, rig.errors], [before, 0, []]);
});

Deno.test("preload: a hostile client harms only itself", async () => {
  await using rig = await Rig.make();
  const before = openFds();
  const good = rig.start(client(), "threads");
  assertEquals(await rig.run(compile("hostile.c")), { code: 0, out: "", err: "" });
  assertEquals(await good.ended(), { code: 0, out: "", err: "" });
  assertEquals((await rig.run(client(), "dumb", "prime")).code, 0);
  await rig.serve(() => rig.server.clients + rig.server.files + rig.server.dmaBufs === 0, 5);
  assertEquals([rig.errors, rig.system.devices[0].files.size], [[], 0]);
  assertGreater(before + 3, openFds());
});

Deno.test("preload: a server that cannot reach the program's memory is told of once, and nothing can be opened", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "udrm-" });
  Deno.mkdirSync(`${folder}/root/dev/dri`, { recursive: true });
  Deno.writeTextFileSync(`${folder}/root/dev/dri/card0`, "");
  const socket = listen(`${folder}/socket`);
  const message = new MessageBuffer(4096);
  const output = new Deno.Command("cat", {
    args: ["/dev/dri/card0", "/dev/dri/card0"],
    env: { LD_PRELOAD: await buildShim(), UDRM_SOCKET: `${folder}/socket` },
    stderr: "piped",
    stdout: "null",
  }).output();
  let ended = false;
  void output.then(() => ended = true);
  while (!ended) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    const connection = accept(socket);
    if (connection < 0) continue;
    poll(connection, POLLIN, 5000);
    assertEquals([message.receive(connection), message.view.getUint32(0, true)], [HEADER + 8, OP_HELLO]);
    message.bytes.fill(0, 0, HEADER);
    message.view.setInt32(REPLY.result * 4, -ERRNO.EPERM, true);
    message.send(connection, HEADER);
    close(connection);
  }
  const lines = new TextDecoder().decode((await output).stderr).trim().split("\n");
  assertEquals(lines.length, 3);
  assertStringIncludes(lines[0], "the system forbids the server to reach this program's memory");
  for (const line of lines.slice(1)) assertStringIncludes(line, "Operation not permitted");
  close(socket);
  Deno.removeSync(folder, { recursive: true });
});
