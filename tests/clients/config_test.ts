// `udrm run` and `udrm serve` with configurations, as real programs see them: at the start, and after a change.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { decode } from "fast-png";
import { edidOf } from "udrm/drivers/gpu/vkms/testing.ts";
import { Serving, udrm } from "./serving.ts";

// Connectors as modetest lists them: name, status, its first mode.
function connectorsOf(listing: string): string[] {
  const found: string[] = [];
  for (const line of listing.split("\n")) {
    const connector = /^\d+\t\d+\t(\w+)\t(\S+)/.exec(line);
    if (connector !== null) found.push(`${connector[2]} ${connector[1]}`);
    const mode = /^ {2}#0 (\d+x\d+) ([\d.]+)/.exec(line);
    if (mode !== null) found.push(`${found.pop()} ${mode[1]}@${Math.round(Number(mode[2]))}`);
  }
  return found;
}

// Waits until a connector shows something.
async function lit(serving: Serving, device: string): Promise<void> {
  for (let i = 0;; i++) {
    const { out } = await udrm("hotplug", "--folder", serving.folder, "--json");
    if (JSON.parse(out).some((c: { device: string; on: boolean }) => c.device === device && c.on)) return;
    if (i > 30) throw new Error(`Cannot wait any longer for ${device}: ${out}`);
  }
}

const desk = (...connectors: unknown[]): unknown => ({ driver: "vkms", name: "desk", crtcs: [{}, {}], connectors });
const gpu = (...outputs: unknown[]): unknown => ({ driver: "virtio_gpu", outputs });

Deno.test("udrm run --config: modetest sees the configured connectors", async () => {
  const { code, out, err } = await udrm(
    "run",
    "--config",
    "examples/screens.json",
    "--",
    "sh",
    "-c",
    "modetest -M vkms -c; modetest -M virtio_gpu -c",
  );
  assertEquals(code, 0, err);
  assertEquals(
    connectorsOf(out),
    [
      "DP-1 connected 2560x1440@144",
      "HDMI-A-1 disconnected",
      "Virtual-1 connected 1280x800@60",
      "Virtual-2 disconnected",
    ],
  );
});

Deno.test("udrm run: connectors have status and modes before anybody has probed them", async () => {
  // One of them writes frames to memory: nothing is plugged into that.
  const names = "card0-Virtual-1 card0-Writeback-1 card1-Virtual-1";
  const { out, err } = await udrm(
    ..."run --driver vkms --driver virtio_gpu -- sh -c".split(" "),
    `cd /sys/class/drm; for name in ${names}; do cat $name/status; head -n 1 $name/modes; done`,
  );
  assertEquals(out, "connected\n1024x768\nunknown\nconnected\n1280x800\n", err);
});

Deno.test("udrm run --config: a file that cannot be used is exit code 2 and one line with the place", async () => {
  const file = Deno.makeTempFileSync({ suffix: ".json" });
  try {
    for (
      const [text, said] of [
        [
          '{"devices":[{"driver":"vkms"},{"driver":"vkms","crtcs":[{"gammaSize":-1}]}]}',
          "devices[1].crtcs[0].gammaSize must be",
        ],
        ["{", "JSON"],
      ] as const
    ) {
      Deno.writeTextFileSync(file, text);
      for (
        const command of [["run", "--config", file, "--", "true"], ["serve", "--config", file], [
          "config",
          "--check",
          file,
        ]]
      ) {
        const { code, out, err } = await udrm(...command);
        assertEquals([code, out], [2, ""], err);
        assertStringIncludes(err, `Cannot use ${file}: `);
        assertStringIncludes(err, said);
        assertEquals(err.trim().split("\n").length, 1, err);
      }
    }
  } finally {
    Deno.removeSync(file);
  }
});

Deno.test("udrm serve: SIGHUP applies what differs, and leaves the rest and its clients alone", async () => {
  const edid = edidOf("hot").toHex();
  await using serving = await Serving.start({
    devices: [desk({ type: "DP", modes: ["1280x720"] }, { type: "HDMI-A" }), gpu({ mode: "800x600" }), {
      driver: "vgem",
    }],
  });
  const vkms = async (): Promise<string[]> => connectorsOf((await serving.run("modetest", "-M", "vkms", "-c")).out);
  assertEquals((await vkms()).map((line) => line.split("@")[0]), [
    "DP-1 connected 1280x720",
    "HDMI-A-1 connected 1024x768",
  ]);
  // A client that shows something on card1 throughout.
  const list = await serving.run("modetest", "-M", "virtio_gpu", "-c");
  const id = /^(\d+)\t\d+\tconnected/m.exec(list.out)?.[1];
  const shown = serving.program("modetest", "-M", "virtio_gpu", "-s", `${id}:800x600`).spawn();
  await lit(serving, "virtio_gpu");
  serving.write({
    devices: [
      desk({ type: "DP", edid }, { type: "HDMI-A", status: "disconnected" }),
      gpu({ mode: "800x600" }),
      { driver: "vkms", name: "more", connectors: [{ type: "DSI" }] },
    ],
  });
  assertMatch(
    await serving.signal("SIGHUP"),
    /card2 \(vgem vgem\) removed, card0 \(vkms desk\) changed, card2 \(vkms more\) added/,
  );
  const after = await serving.run("modetest", "-D", "desk", "-M", "vkms", "-c");
  const nodes = await serving.run("sh", "-c", "echo /dev/dri/card*");
  assertEquals(nodes.out.trim(), "/dev/dri/card0 /dev/dri/card1 /dev/dri/card2");
  assertEquals(
    (await vkms()).map((line) => line.split("@")[0]),
    ["DP-1 connected 800x600", "HDMI-A-1 disconnected"],
    after.err,
  );
  // Something that a device cannot do while it is there: it is made anew, the other one goes on.
  serving.write({ devices: [{ driver: "vkms", name: "desk", overlays: 3 }, gpu({ mode: "800x600" })] });
  assertMatch(await serving.signal("SIGHUP"), /card2 \(vkms more\) removed, card0 \(vkms desk\) replaced\n/);
  assertEquals((await vkms()).map((line) => line.split("@")[0]), ["Virtual-1 connected 1024x768"]);
  // A file that cannot be used changes nothing.
  serving.write({ devices: [{ driver: "vkms", name: "desk", overlays: 99 }] });
  assertStringIncludes(await serving.signal("SIGHUP"), `Cannot use ${serving.file}: devices[0].overlays must be`);
  assertEquals((await vkms()).length, 1);
  const shot = `${serving.folder}/shot.png`;
  const { code, out, err } = await udrm("screenshot", "--folder", serving.folder, "--json", shot);
  assertEquals(code, 0, err);
  assertEquals(JSON.parse(out), { connector: "card1-Virtual-1", width: 800, height: 600, file: shot });
  const picture = decode(Deno.readFileSync(shot));
  assertEquals([picture.width, picture.height, ...picture.data.slice(0, 3)], [800, 600, 192, 192, 192]);
  await shown.stdin.close();
  assertEquals((await shown.output()).code, 0);
  assert(!serving.err.includes("    at "), serving.err);
});

Deno.test("udrm config, hotplug and screenshot: a running server is changed and looked at by commands", async () => {
  await using serving = await Serving.start(desk({ type: "DP", modes: ["640x480"] }), "--png", "/dev/null");
  const at = ["--folder", serving.folder];
  const list = await udrm("hotplug", ...at);
  assertEquals(list.out, "card0-DP-1  connected  640x480@60\n");
  const shot = `${serving.folder}/shot.png`;
  const dark = await udrm("screenshot", ...at, shot);
  assertEquals([dark.code, dark.err], [1, "udrm screenshot: Cannot take a picture: no connector shows anything now\n"]);
  const off = await udrm("hotplug", "--socket", `${serving.folder}/socket`, "DP-1", "off");
  assertEquals([off.code, off.out], [0, "card0-DP-1  disconnected\n"]);
  assertEquals(connectorsOf((await serving.run("modetest", "-M", "vkms", "-c")).out), ["DP-1 disconnected"]);
  const unknown = await udrm("hotplug", ...at, "DP-7", "on");
  assertEquals([unknown.code, unknown.err], [1, "udrm hotplug: Cannot find connector DP-7: there are card0-DP-1\n"]);
  // The commands find the server by the environment too, clients as they then are.
  const config = `${serving.folder}/two.json`;
  Deno.writeTextFileSync(
    config,
    JSON.stringify({ devices: [desk({ type: "DP", modes: ["320x240"] }), gpu({ mode: "1280x800" })] }),
  );
  const told = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "cli/main.ts", "config", "--json", config],
    cwd: new URL("../../", import.meta.url),
    env: serving.env,
  }).output();
  assertEquals(new TextDecoder().decode(told.stderr), "");
  assertEquals(JSON.parse(new TextDecoder().decode(told.stdout)), [
    { what: "changed", device: "card0", name: "desk", driver: "vkms" },
    { what: "added", device: "card1", name: "virtio_gpu", driver: "virtio_gpu" },
  ]);
  const joined = await udrm("run", ...at, "--", "sh", "-c", "modetest -M vkms -c; exit 9");
  assertEquals([joined.code, connectorsOf(joined.out).map((line) => line.split("@")[0])], [9, [
    "DP-1 connected 320x240",
  ]]);
  // vkms composes for the picture alone.
  const id = /^(\d+)\t\d+\tconnected/m.exec(joined.out)?.[1];
  const shown = serving.program("modetest", "-M", "vkms", "-s", `${id}:320x240`).spawn();
  let code = 1;
  for (let i = 0; i < 20 && code !== 0; i++) ({ code } = await udrm("screenshot", ...at, "--connector", "DP-1", shot));
  const { width, height, data } = decode(Deno.readFileSync(shot));
  assertEquals([width, height, ...data.slice(0, 3)], [320, 240, 192, 192, 192]);
  assertMatch(await serving.signal("SIGUSR2"), /\/dev\/null shows card0-DP-1, 320x240/);
  await shown.stdin.close();
  assertEquals((await shown.output()).code, 0);
});

Deno.test("a device that goes while a client has it open: its requests are ENODEV, it ends, and the server goes on", async () => {
  for (const driver of ["vkms", "virtio_gpu"]) {
    await using serving = await Serving.start({ devices: [{ driver, name: "goes" }, { driver: "vgem" }] });
    const list = await serving.run("modetest", "-M", driver, "-c");
    const id = /^(\d+)\t\d+\tconnected/m.exec(list.out)?.[1];
    const shown = serving.program("modetest", "-M", driver, "-s", `${id}:800x600`).spawn();
    await lit(serving, "goes");
    serving.write({ devices: [{ driver: "vgem" }] });
    assertStringIncludes(await serving.signal("SIGHUP"), `card0 (${driver} goes) removed`);
    assertEquals((await serving.run("sh", "-c", "echo /dev/dri/card*")).out.trim(), "/dev/dri/card1");
    await shown.stdin.close();
    await shown.output();
    serving.write({ devices: [{ driver, name: "comes" }, { driver: "vgem" }] });
    assertStringIncludes(await serving.signal("SIGHUP"), `card0 (${driver} comes) added`);
    assertMatch((await serving.run("modetest", "-M", driver, "-c")).out, /Virtual-1/);
    assert(!serving.err.includes("    at "), serving.err);
  }
});

Deno.test("the control socket answers what is no request, and hangs up on who says nothing for long or too much", async () => {
  await using serving = await Serving.start({});
  const say = async (text: string): Promise<string> => {
    using connection = await Deno.connect({ transport: "unix", path: `${serving.folder}/control` });
    try {
      await connection.write(new TextEncoder().encode(text));
      await connection.closeWrite();
    } catch {
      return ""; // it has hung up already
    }
    return await new Response(connection.readable).text().catch(() => "");
  };
  for (const text of ["x\n", "null\n", "[]\n", '{"kind":"end"}\n', '{"kind":"hotplug","connector":1}\n', "no line"]) {
    assertMatch(await say(text), /^\{"error":"/, text);
  }
  assertStringIncludes(await say('{"kind":"config","config":{"overlays":99}}\n'), "overlays must be");
  const many = await Promise.all(
    Array.from({ length: 40 }, () => Deno.connect({ transport: "unix", path: `${serving.folder}/control` })),
  );
  for (const connection of many) connection.close();
  // Those that have hung up are gone soon.
  let answer = "";
  for (let i = 0; i < 50 && answer === ""; i++) {
    answer = await say('{"kind":"connectors"}\n');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assertEquals(JSON.parse(answer).result.length, 1);
  assertEquals((await serving.run("modetest", "-M", "vkms", "-c")).code, 0);
});

Deno.test("udrm hotplug: a virtio-gpu's output comes, programs see its mode, and a name that several have is asked about", async () => {
  await using serving = await Serving.start({
    devices: [gpu({ mode: "640x480" }, { mode: "800x600", status: "disconnected" }), { driver: "vgem" }, {
      driver: "vkms",
    }],
  });
  const at = ["--folder", serving.folder];
  const seen = async (): Promise<string[]> =>
    connectorsOf((await serving.run("modetest", "-M", "virtio_gpu", "-c")).out).map((line) => line.split("@")[0]);
  assertEquals(await seen(), ["Virtual-1 connected 640x480", "Virtual-2 disconnected"]);
  assertEquals((await udrm("hotplug", ...at, "Virtual-2", "on")).out, "card0-Virtual-2  connected  800x600@60\n");
  assertEquals(await seen(), ["Virtual-1 connected 640x480", "Virtual-2 connected 800x600"]);
  const several = await udrm("hotplug", ...at, "Virtual-1", "off");
  assertEquals(several.code, 1);
  assertStringIncludes(
    several.err,
    "Cannot tell which Virtual-1 is meant: name one of card0-Virtual-1, card0-Virtual-2, card2-Virtual-1",
  );
  assertEquals((await udrm("hotplug", ...at, "card0-Virtual-1", "off")).out, "card0-Virtual-1  disconnected\n");
  assertEquals(await seen(), ["Virtual-1 disconnected", "Virtual-2 connected 800x600"]);
});
