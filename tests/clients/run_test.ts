// `udrm run` as a person or a script runs it.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { decode } from "fast-png";

const root = new URL("../../", import.meta.url);

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "cli/main.ts", "run", ...args],
    cwd: root,
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

const sh = (script: string): string[] => ["--", "sh", "-c", script];

Deno.test("udrm run ends with the program's exit code, and leaves nothing in the folder for temporary files", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "udrm-run-" });
  const before = Deno.env.get("TMPDIR");
  Deno.env.set("TMPDIR", folder);
  try {
    assertEquals(await run("--", "true"), { code: 0, out: "", err: "" });
    assertEquals((await run(...sh("exit 7"))).code, 7);
    assertEquals((await run(...sh("kill -9 $$"))).code, 137);
    const missing = await run("--", "no-such-program");
    assertEquals(missing.code, 127);
    assertStringIncludes(missing.err, "no-such-program");
    assertEquals([...Deno.readDirSync(folder)], []);
  } finally {
    if (before === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", before);
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("udrm run refuses what it does not understand, and has help", async () => {
  for (
    const [args, said] of [
      [["--driver", "voodoo", "--", "true"], 'no driver "voodoo"'],
      [["--speed"], "--speed"],
      [["true"], 'behind "--"'],
      [["--"], "no program"],
      [[], "no program"],
    ] as const
  ) {
    const { code, err } = await run(...args);
    assertEquals(code, 2);
    assertStringIncludes(err, said);
    assertStringIncludes(err, "--help");
  }
  const { code, out } = await run("--help");
  assertEquals(code, 0);
  assertStringIncludes(out, "Example:");
});

Deno.test("udrm run gives each --driver a device, to the program and those that it starts", async () => {
  const { code, out } = await run(
    "--driver",
    "vgem",
    "--driver",
    "vkms",
    ...sh("ls /dev/dri; cat /proc/dri/1/name; drmdevice"),
  );
  assertEquals(code, 0);
  assertMatch(out, /^vkms /m);
  assertStringIncludes(out, "/dev/dri/card1");
});

Deno.test("udrm run --trace prints each request once, with its members and its result", async () => {
  const { code, err } = await run("--trace", "--", "modetest", "-M", "virtio_gpu", "-c");
  assertEquals(code, 0);
  const lines = err.trim().split("\n");
  assert(lines.every((line) => / client {2}DRM_IOCTL_\w+\(card0, \{.*\}\) = .* <[\d.]+us>$/.test(line)), err);
  assertEquals(lines.filter((line) => line.includes("DRM_IOCTL_MODE_GETRESOURCES")).length, 2);
  assertStringIncludes(err, "DRM_IOCTL_MODE_GETCONNECTOR(card0, {encoders_ptr: 0x0");
});

Deno.test("udrm run --png writes what the screen showed last", async () => {
  const file = Deno.makeTempFileSync({ suffix: ".png" });
  try {
    // modetest takes its framebuffer away before it ends: vkms goes on with a black screen, which is not what is wanted.
    for (const driver of ["virtio_gpu", "vkms"]) {
      const list = await run("--driver", driver, "--", "modetest", "-M", driver, "-c");
      const connector = /^(\d+)\t\d+\tconnected/m.exec(list.out)?.[1];
      const modetest = ["modetest", "-M", driver, "-s", `${connector}:800x600`];
      const { code } = await run("--driver", driver, "--png", file, "--", ...modetest);
      assertEquals(code, 0);
      const { width, height, data, channels } = decode(Deno.readFileSync(file));
      assertEquals([width, height], [800, 600], driver);
      assertEquals([...data.slice(0, 3)], [192, 192, 192], driver);
      const last = (599 * 800 + 799) * channels;
      assertEquals([...data.slice(last, last + 3)], [19, 19, 19], driver);
    }
    const nothing = await run("--png", file, "--", "true");
    assertEquals(nothing.code, 0);
    assertStringIncludes(nothing.err, "nothing was ever shown");
  } finally {
    Deno.removeSync(file);
  }
});

Deno.test("udrm serve keeps devices for one program after another, and ends within a second of SIGTERM", async () => {
  const parent = Deno.makeTempDirSync({ prefix: "udrm-serve-" });
  const folder = `${parent}/gpu`;
  const server = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "cli/main.ts", "serve", "--json", "--folder", folder, "--driver", "vkms"],
    cwd: root,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const reader = server.stdout.getReader();
  const env = JSON.parse(new TextDecoder().decode((await reader.read()).value));
  assertEquals(env.UDRM_SOCKET, `${folder}/socket`);
  assertEquals((Deno.statSync(folder).mode ?? 0) & 0o777, Deno.uid() === 0 ? 0o711 : 0o700);
  for (let i = 0; i < 2; i++) {
    const { code, stdout } = await new Deno.Command("modetest", { args: ["-M", "vkms", "-c"], env }).output();
    assertEquals(code, 0);
    assertStringIncludes(new TextDecoder().decode(stdout), "Virtual-1");
  }
  const start = performance.now();
  server.kill("SIGTERM");
  const { code } = await server.status;
  assertEquals([code, performance.now() - start < 10_000], [0, true]);
  await reader.cancel();
  assertEquals(await new Response(server.stderr).text(), "");
  assertEquals([...Deno.readDirSync(parent)], []);
  Deno.removeSync(parent);
});
