import { assert, assertEquals } from "@std/assert";
import "udrm/drivers/os/testing.ts";
import { GpuGuest } from "udrm/drivers/bus/vhost_user/testing_guest.ts";
import { noise } from "./rig.ts";

const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;

function udrm(...args: string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", MAIN, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await udrm(...args).output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

/** A running server, once it says that it is ready. */
async function serve(
  ...args: string[]
): Promise<{ child: Deno.ChildProcess; ready: Record<string, unknown>; end: () => Promise<string> }> {
  const child = udrm("vhost-user", "--json", ...args).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`Cannot serve: ${await new Response(child.stderr).text()}`);
    text += value;
  }
  return {
    child,
    ready: JSON.parse(text),
    end: async () => {
      const errors = new Response(child.stderr).text();
      await reader.cancel();
      await child.status;
      return await errors;
    },
  };
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`udrm vhost-user: serves a machine; ${signal} ends it, with the picture, without the socket`, async () => {
    const folder = Deno.makeTempDirSync();
    const socket = `${folder}/s`, png = `${folder}/p.png`;
    const { child, ready, end } = await serve("--socket", socket, "--outputs", "2", "--display", `png:${png}`);
    assertEquals(ready, { socket, renderer: "soft2d", device: "CPU, no GPU", outputs: 2 });
    {
      using guest = new GpuGuest(socket);
      const { bytes } = guest.show(1, 40, 30, noise(1));
      assert(guest.shows(bytes));
      const started = performance.now();
      child.kill(signal);
      await end();
      assert(performance.now() - started < 10_000);
    }
    assertEquals((await child.status).code, 0);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["p.png"]);
    assertEquals([...Deno.readFileSync(png).subarray(1, 4)], [0x50, 0x4e, 0x47]);
    Deno.removeSync(folder, { recursive: true });
  });
}

Deno.test("udrm vhost-user: a socket left behind is replaced, one that is served or is none is not", async () => {
  const folder = Deno.makeTempDirSync();
  const socket = `${folder}/s`;
  const first = await serve("--socket", socket);
  const second = await run("vhost-user", "--socket", socket);
  assertEquals(second.code, 1);
  assert(second.err.includes("is served already"), second.err);
  first.child.kill("SIGKILL");
  await first.end();
  assert(Deno.lstatSync(socket).isSocket);
  const third = await serve("--socket", socket);
  third.child.kill("SIGTERM");
  await third.end();
  assertEquals([...Deno.readDirSync(folder)], []);
  Deno.writeTextFileSync(socket, "");
  const fourth = await run("vhost-user", "--socket", socket);
  assertEquals(fourth.code, 1);
  assert(fourth.err.includes("is no socket"), fourth.err);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("udrm vhost-user: wrong options are named, with what would be right", async () => {
  for (
    const [args, said] of [
      [[], "--socket"],
      [["--socket", "/tmp/x", "--gpu", "s3virge"], "soft2d, vulkan2d"],
      [["--socket", "/tmp/x", "--outputs", "17"], "1 to 16"],
      [["--socket", "/tmp/x", "--display", "png"], "png:FILE"],
      [["--socket", "/tmp/x", "--frobnicate"], "frobnicate"],
    ] as const
  ) {
    const { code, err } = await run("vhost-user", ...args);
    assertEquals(code, 2);
    assert(err.includes(said), err);
  }
});

Deno.test("udrm conformance: tries rules on a running back end, and on one that it starts", async () => {
  const folder = Deno.makeTempDirSync();
  const socket = `${folder}/s`;
  const command = `${Deno.execPath()} run -A --no-check ${MAIN} vhost-user --socket ${socket}`;
  const { code, out } = await run(
    ...["conformance", "--json", "--socket", socket, "--command", command, "--rule", "P1", "--rule", "D1"],
  );
  assertEquals(code, 0);
  const { kept, outcomes } = JSON.parse(out);
  assertEquals([kept, outcomes.map(({ id }: { id: string }) => id)], [2, ["P1", "D1"]]);
  const nobody = await run("conformance", "--socket", `${folder}/none`);
  assertEquals(nobody.code, 1);
  assert(nobody.err.includes("nobody listens"), nobody.err);
  const unknown = await run("conformance", "--socket", socket, "--rule", "X9");
  assertEquals([unknown.code, unknown.err.includes("--list")], [2, true]);
  Deno.removeSync(folder, { recursive: true });
});
