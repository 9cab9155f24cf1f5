/**
 * The `udrm` command as a person or a script runs it.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";

const root = new URL("../", import.meta.url);

async function udrm(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "cli/main.ts", ...args],
    cwd: root,
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

Deno.test("udrm --help lists every command", async () => {
  const { code, out } = await udrm("--help");
  assertEquals(code, 0);
  assertStringIncludes(out, "info");
  assertStringIncludes(out, "Example:");
});

Deno.test("udrm refuses an unknown command and says where to look", async () => {
  const { code, err } = await udrm("inof");
  assertEquals(code, 2);
  assertStringIncludes(err, 'no command "inof"');
  assertStringIncludes(err, "--help");
});

Deno.test("udrm info --json lists devices, nodes, formats and the GPU chosen", async () => {
  const { code, out, err } = await udrm("info", "--json");
  assertEquals(code, 0, err);
  const info = JSON.parse(out);
  assertEquals(info.devices.map((d: { driver: string }) => d.driver), ["vgem", "virtio_gpu"]);
  const gpu = info.devices[1];
  assertEquals(gpu.nodes, ["/dev/dri/card1", "/dev/dri/renderD129"]);
  assertEquals(gpu.connectors, [{ name: "Virtual-1", connected: true, mode: "1280x800@60" }]);
  assertEquals(gpu.planes.map((p: { type: string; formats: string[] }) => [p.type, ...p.formats]), [
    ["primary", "XR24"],
    ["cursor", "AR24"],
  ]);
  assertEquals(info.otherNodes, ["/dev/sw_sync", "/dev/udmabuf"]);
  assert(info.gpus.length > 0, "the tests run with lavapipe at least");
  assert(info.gpus.some((g: { name: string }) => g.name === info.gpu.name));
  assert(info.gpu.reason.length > 10);
  assertEquals(info.virgl, { glsl: 330 });
});

Deno.test("udrm info is the same for people, and says when a GPU that was asked for is not there", async () => {
  const { code, out } = await udrm("info");
  assertEquals(code, 0);
  for (
    const word of [
      ...["vgem 1.0.0", "virtio_gpu 0.1.0", "/dev/dri/renderD128", "Virtual-1: 1280x800@60", "GPU chosen"],
      "3D by virgl   OpenGL 3.3, OpenGL ES 3.0",
    ]
  ) {
    assertStringIncludes(out, word);
  }
  const wrong = await udrm("info", "--gpu", "voodoo2");
  assertEquals(wrong.code, 1);
  assertStringIncludes(wrong.out, 'Cannot choose GPU "voodoo2"');
});

Deno.test("every task has a --help that ends well and shows an unknown option the way there", async () => {
  const run = async (file: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", file, ...args],
      cwd: root,
    }).output();
    const text = new TextDecoder();
    return { code, out: text.decode(stdout), err: text.decode(stderr) };
  };
  for (
    const [file, task] of [
      ["cli/setup.ts", "setup"],
      ["examples/first_light.ts", "demo"],
      ["tests/run.ts", "test"],
      ["tests/gate.ts", "ok"],
      ["tests/bench/main.ts", "bench"],
      ["drivers/host/vulkan/gen/generate.ts", "gen:vulkan"],
    ]
  ) {
    const help = await run(file, "--help");
    assertEquals(help.code, 0, help.err);
    assertStringIncludes(help.out, `Usage: deno task ${task}`);
    const wrong = await run(file, "--lunch");
    assertEquals([wrong.code, wrong.out], [2, ""], task);
    assertStringIncludes(wrong.err, `deno task ${task}`);
    assert(!wrong.err.includes("    at "), wrong.err);
  }
});

Deno.test("udrm: every command has a --help with an example, and shows who errs the way there", async () => {
  for (const command of ["info", "run", "serve", "config", "hotplug", "screenshot"]) {
    const help = await udrm(command, "--help");
    assertEquals(help.code, 0, help.err);
    assertStringIncludes(help.out, `Usage: udrm ${command}`);
    assertStringIncludes(help.out, "Example: udrm ");
    const wrong = await udrm(command, "--lunch");
    assertEquals([wrong.code, wrong.out], [2, ""], command);
    assertStringIncludes(wrong.err, `udrm ${command} --help`);
    assert(!wrong.err.includes("    at "), wrong.err);
  }
});

Deno.test("udrm run and serve: options that contradict each other are refused before anything starts", async () => {
  for (
    const [args, said] of [
      [
        ["run", "--config", "x.json", "--driver", "vkms", "--", "true"],
        "--driver does not go with --config: say it in x.json",
      ],
      [["run", "--config", "x.json", "--", "true"], "Cannot use x.json: No such file"],
      [["run", "--renderer", "gl", "--", "true"], 'no renderer "gl"; there are soft2d, vulkan2d, virgl'],
      [["run", "--driver", "vkms", "--renderer", "soft2d", "--", "true"], "--renderer is for virtio_gpu"],
      [["run", "--gpu", "x", "--", "true"], "--gpu is for --renderer vulkan2d and virgl"],
      [["run", "--folder", "/x", "--trace", "--", "true"], "--trace is the server's matter"],
      [["serve", "--folder", "/x", "--socket", "/x/socket"], "two ways to say one thing"],
      [["serve", "--socket", "/x/y"], "--socket takes FOLDER/socket"],
      [["config", "--folder", "/x"], "one configuration file is needed"],
      [["hotplug", "--folder", "/x", "DP-1", "maybe"], "on or off"],
      [["screenshot", "--folder", "/x"], "one file to write"],
    ] as const
  ) {
    const { code, out, err } = await udrm(...args);
    assertEquals([code, out], [2, ""], err);
    assertStringIncludes(err, said);
  }
});

Deno.test("udrm run, hotplug, screenshot and config say how to start the server that is not there", async () => {
  for (
    const args of [
      ["run", "--folder", "/nowhere/gpu", "--", "true"],
      ["hotplug", "--folder", "/nowhere/gpu"],
      ["screenshot", "--socket", "/nowhere/gpu/socket", "x.png"],
      ["config", "--folder", "/nowhere/gpu", "examples/screens.json"],
    ]
  ) {
    const { code, err } = await udrm(...args);
    assertEquals(code, args[0] === "run" ? 125 : 1, err);
    assertStringIncludes(err, "no server is at /nowhere/gpu: start one by udrm serve --folder /nowhere/gpu");
  }
  const { code, err } = await udrm("hotplug");
  assertEquals(code, 2);
  assertStringIncludes(err, "Name it by --folder");
});

Deno.test("udrm config --check and --schema need no server", async () => {
  const { code, out } = await udrm("config", "--check", "--json", "examples/screens.json");
  assertEquals(code, 0);
  assertEquals(JSON.parse(out).devices, [
    { driver: "vkms", name: "desk" },
    { driver: "virtio_gpu", name: "virtio_gpu" },
    { driver: "vgem", name: "vgem" },
  ]);
  const schema = await udrm("config", "--schema");
  assertEquals(JSON.parse(schema.out), JSON.parse(await Deno.readTextFile(new URL("cli/config.schema.json", root))));
});
