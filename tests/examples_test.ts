/**
 * Every example runs as its own head says, with no more permission than it names, and prints what it promises.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { decode } from "fast-png";
import { RfbClient } from "udrm/drivers/display/rfb/testing.ts";
import { Encoding } from "udrm/drivers/display/rfb/wire.ts";

const root = new URL("../", import.meta.url);

async function run(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...args],
    cwd: root,
    env,
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

Deno.test("examples: each file stands in a test here", () => {
  const known = [
    "first_light.ts",
    "vgem.ts",
    "prime.ts",
    "syncobj.ts",
    "driver.ts",
    "hotplug.ts",
    "vnc.ts",
    "triangle.ts",
    "dxg_compute.ts",
    "dxg_present.ts",
    "train.ts",
    "matmul.ts",
    "digits.ts",
    "curve.ts",
    "picture.ts",
    "picture_test.ts",
  ];
  const found = [...Deno.readDirSync(new URL("examples/", root))].map((e) => e.name).filter((name) =>
    name.endsWith(".ts")
  );
  assertEquals(found.sort(), known.sort());
});

Deno.test("examples/vgem.ts shares a buffer with no permission at all", async () => {
  const { code, out, err } = await run(["examples/vgem.ts"]);
  assertEquals(code, 0, err);
  assertStringIncludes(out, "producer: handle 1, 64x64, pitch 256, 16384 bytes");
  assertMatch(out, /handle 1; readable false/);
  assertStringIncludes(out, "readable true, first bytes a5 a5 a5 a5");
});

Deno.test("examples/syncobj.ts waits for a point of a timeline with no permission at all", async () => {
  const { code, out, err } = await run(["examples/syncobj.ts"]);
  assertEquals(code, 0, err);
  for (const point of [1, 2, 3]) assertStringIncludes(out, `signalled ${point}, the timeline stands at ${point}`);
  assertStringIncludes(out, "waited for point 3, result 0");
});

Deno.test("examples/prime.ts shows vgem's buffer on virtio-gpu with no permission at all", async () => {
  const { code, out, err } = await run(["examples/prime.ts"]);
  assertEquals(code, 0, err);
  assertMatch(out, /waits for vgem .*: status 0/);
  assertMatch(out, /committed: 0, fence status 1/);
  assertStringIncludes(out, "the centre is rgb(127, 127, 64)");
});

Deno.test("examples/driver.ts is a driver in forty lines of code", async () => {
  const { code, out, err } = await run(["examples/driver.ts"]);
  assertEquals(code, 0, err);
  assertStringIncludes(out, "40 + 2 = 42");
  const text = await Deno.readTextFile(new URL("examples/driver.ts", root));
  const lines = text.replace(/\/\*[^]*?\*\//g, "").split("\n").filter((line) => line.trim() !== "");
  assert(lines.length <= 40, `${lines.length} lines`);
});

Deno.test("examples/hotplug.ts has monitors come and go with no permission at all", async () => {
  const { code, out, err } = await run(["examples/hotplug.ts"]);
  assertEquals(code, 0, err);
  const lines = out.split("\n").map((line) => line.trim());
  assertEquals(lines.filter((line) => line.startsWith("HDMI-A-1")), ["HDMI-A-1: nothing", "HDMI-A-1: 3840x2160@60"]);
  assertEquals(lines.filter((line) => line.startsWith("eDP-1")), ["eDP-1: 1024x768@60"]);
  assertMatch(out, /uevent: add card0[^]*uevent: change card0 \{ HOTPLUG: "1", CONNECTOR[^]*uevent: remove card0/);
  assertMatch(out, /^ENODEV: /m);
});

for (const renderer of ["soft2d", "vulkan2d"]) {
  Deno.test(`examples/first_light.ts draws its picture exactly with ${renderer}`, async () => {
    const dir = await Deno.makeTempDir();
    try {
      const { code, out, err } = await run([
        "-A",
        "examples/first_light.ts",
        "--renderer",
        renderer,
        "--out",
        dir,
        "--json",
      ]);
      assertEquals(code, 0, err);
      const figures = JSON.parse(out);
      assertEquals(figures.exact, true);
      assertEquals(figures.frames, 60);
      assertEquals(figures.mode, "1280x800@60");
      const still = decode(await Deno.readFile(`${dir}/first_light.png`));
      const wanted = decode(await Deno.readFile(new URL("examples/first_light.png", root)));
      assertEquals([still.width, still.height], [wanted.width, wanted.height]);
      let different = 0;
      for (let i = 0; i < wanted.data.length; i++) if (wanted.data[i] !== still.data[i]) different++;
      // The cursor covers at most 64x64 pixels of 3 bytes, and something of it must be seen.
      assert(different > 300 && different < 64 * 64 * 3, `${different} bytes differ from the picture`);
      const screen = decode(await Deno.readFile(new URL("examples/first_light_screen.png", root)));
      assertEquals(screen.data.length, still.data.length);
      assert(
        screen.data.every((value, i) => value === still.data[i]),
        "the README's picture is what the code draws today",
      );
      const animation = await Deno.readFile(`${dir}/first_light.anim.png`);
      assertStringIncludes(new TextDecoder("latin1").decode(animation.subarray(0, 64)), "acTL");
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
}

Deno.test("examples/triangle.ts turns a triangle of three colours and shows it upright at last", async () => {
  const file = await Deno.makeTempFile({ suffix: ".png" });
  try {
    const { code, out, err } = await run(["-A", "examples/triangle.ts", file]);
    assertEquals(code, 0, err);
    assertStringIncludes(out, "virtio_gpu flipped 60 times, 60 frames came");
    const { width, height, data, channels } = decode(await Deno.readFile(file));
    assertEquals([width, height], [640, 480]);
    let drawn = 0, wrong = 0;
    // The centroid is in the middle, so that a colour's share grows with the distance from the other corners' edge.
    const corners = [0, 1, 2].map((i) => Math.PI * 2 / 3 * i).map((a) => [0.9 * Math.sin(a), 0.9 * Math.cos(a)]);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const px = (x + 0.5 - width / 2) / (height / 2), py = (height / 2 - y - 0.5) / (height / 2);
        const shares = corners.map(([cx, cy]) => (1 + 2 * (px * cx + py * cy) / 0.81) / 3);
        const inside = Math.min(...shares);
        const expected = inside < 0 ? [0.1, 0.1, 0.15] : shares;
        if (inside > 0) drawn++;
        if (Math.abs(inside) < 0.005) continue; // the edge itself
        const at = (y * width + x) * channels;
        if (expected.some((value, i) => Math.abs(data[at + i] - value * 255) > 2)) wrong++;
      }
    }
    assert(drawn > 50_000, `${drawn} pixels`);
    assertEquals(wrong, 0);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("examples/dxg_compute.ts adds and multiplies as the CPU does", async () => {
  const { code, out, err } = await run(["-A", "examples/dxg_compute.ts"]);
  assertEquals(code, 0, err);
  assertStringIncludes(out, "1000000 sums, 0 wrong");
  assertMatch(out, /1024x1024 product: [0-9.]+ GFLOP\/s, off by at most [0-9.]+e-[0-9]+ in 16 rows/);
});

Deno.test("examples/train.ts recognizes 95 % of the digits held out, and draws how it learnt", async () => {
  const file = await Deno.makeTempFile({ suffix: ".png" });
  try {
    const { code, out, err } = await run(["-A", "examples/train.ts", file]);
    assertEquals(code, 0, err);
    const [, share] = /([0-9.]+) % of 1000 digits held out after 1120 steps/.exec(out) ?? [];
    assert(Number(share) >= 95, out);
    const { width, height, data, channels } = decode(await Deno.readFile(file));
    assertEquals([width, height, channels], [800, 480, 3]);
    // The mean of the loss is a line from the upper left to the lower right.
    const rowOf = (x: number): number => {
      for (let y = 0; y < height; y++) {
        const at = (y * width + x) * 3;
        if (data[at] === 24 && data[at + 1] === 92 && data[at + 2] === 200) return y;
      }
      return -1;
    };
    const rows = [70, 200, 700].map(rowOf);
    assert(rows[0] > 40 && rows[1] > rows[0] + 50 && rows[2] > rows[1] + 20, `the loss is drawn at lines ${rows}`);
  } finally {
    await Deno.remove(file);
  }
});

for (const on of ["vkms", "virtio_gpu"]) {
  Deno.test(`examples/dxg_present.ts shows what a kernel draws on ${on}`, async () => {
    const file = await Deno.makeTempFile({ suffix: ".png" });
    try {
      const { code, out, err } = await run(["-A", "examples/dxg_present.ts", file, "--on", on]);
      assertEquals(code, 0, err);
      assertStringIncludes(out, `drew 60 frames on ${on}`);
      const { width, height, data, channels } = decode(await Deno.readFile(file));
      assertEquals([width, height], [640, 480]);
      let wrong = 0;
      const turn = 2 * Math.PI * 59 / 60;
      for (let y = 0; y < height; y += 7) {
        for (let x = 0; x < width; x += 7) {
          const px = (x + 0.5) / height, py = (y + 0.5) / height;
          const dx = 0.35 * Math.cos(turn), dy = 0.25 * Math.sin(turn);
          const one = Math.hypot(px - 0.667 - dx, py - 0.5 - dy), two = Math.hypot(px - 0.667 + dx, py - 0.5 + dy);
          const wave = 0.5 + 0.25 * (Math.cos(48 * one) + Math.cos(48 * two));
          const expected = [wave * wave, 0.25 + 0.6 * wave * (1 - one), 0.3 + 0.7 * wave];
          const at = (y * width + x) * channels;
          if (expected.some((v, i) => Math.abs(data[at + i] - Math.min(255, Math.max(0, v * 255))) > 3)) wrong++;
        }
      }
      assertEquals(wrong, 0, "pixels are not those of the last frame");
    } finally {
      await Deno.remove(file);
    }
  });
}

Deno.test("examples/first_light.ts --trace names ioctls and virtio commands", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const { code, err } = await run(["-A", "examples/first_light.ts", "--renderer", "soft2d", "--trace", "--out", dir]);
    assertEquals(code, 0, err);
    for (
      const name of [
        "DRM_IOCTL_MODE_ATOMIC(card0, {flags: ",
        "VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D",
        "VIRTIO_GPU_CMD_RESOURCE_FLUSH",
      ]
    ) {
      assertStringIncludes(err, name);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("examples/first_light.ts says in a line what is wrong and what to do, and shows no stack", async () => {
  const file = await Deno.makeTempFile({ suffix: ".png" });
  try {
    await Deno.writeFile(file, Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16));
    for (
      const [args, code, phrases, env] of [
        [["/nowhere/cat.png"], 1, ["Cannot read /nowhere/cat.png", "No such file"]],
        [[file], 1, [`Cannot read ${file}`, "it is a JPEG file: convert it to PNG first"]],
        [["--lunch"], 2, ["'--lunch'", "deno task demo --help"]],
        [["--gpu"], 2, ["--gpu", "deno task demo --help"]],
        [["a.png", "b.png"], 2, ["one picture at a time"]],
        [["--renderer", "gl"], 2, ["choose vulkan2d or soft2d"]],
        [["--out", "/proc/nowhere"], 1, ["Cannot write to /proc/nowhere", "--out DIR"]],
        [["--gpu", "voodoo2"], 1, ['Cannot choose GPU "voodoo2"', "deno task udrm info", "--renderer soft2d"]],
        [[], 1, ["VK_ICD_FILENAMES names no driver that works: /nowhere.json", "--renderer soft2d"], {
          VK_ICD_FILENAMES: "/nowhere.json",
          VK_DRIVER_FILES: "",
          UDRM_VULKAN_VALIDATION: "0", // what the loader says of it is expected
        }],
      ] as [string[], number, string[], Record<string, string>?][]
    ) {
      const result = await run(["-A", "examples/first_light.ts", ...args], env);
      assertEquals(result.code, code, result.err);
      for (const phrase of phrases) assertStringIncludes(result.err, phrase);
      assert(!result.err.includes("    at "), result.err);
    }
  } finally {
    await Deno.remove(file);
  }
  const denied = await run(["--allow-read", "--allow-write", "--allow-env", "examples/first_light.ts"]);
  assertEquals(denied.code, 1);
  assertStringIncludes(denied.err, "`deno task demo` has all that it needs");
});

Deno.test("examples/vnc.ts: a viewer sees the picture, and paints on it", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-net=127.0.0.1", "--allow-env", "examples/vnc.ts", "30"],
    cwd: root,
    stdout: "piped",
  }).spawn();
  try {
    const reader = child.stdout.getReader();
    const port = Number(/::(\d+)/.exec(new TextDecoder().decode((await reader.read()).value))?.[1]);
    reader.releaseLock();
    using client = await RfbClient.connect(port, { encodings: [Encoding.zrle, Encoding.desktopSize] });
    const at = (x: number, y: number): number => client.screen[y * client.width + x];
    await client.request(false);
    for (let i = 0; at(100, 100) === 0 || at(100, 100) === undefined; i++) {
      assert(i < 50, "the picture never comes");
      await client.update();
      await client.request(true);
    }
    await client.pointer(100, 100, 1);
    for (let i = 0; at(100, 100) !== 0xffff00; i++) {
      assert(i < 50, "the paint never comes");
      await client.update();
      await client.request(true);
    }
  } finally {
    child.kill();
    await child.status;
    await child.stdout.cancel();
  }
});
