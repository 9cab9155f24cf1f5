import { assert, assertEquals, assertMatch } from "@std/assert";
import { decode } from "fast-png";
import { RfbClient } from "udrm/drivers/display/rfb/testing.ts";
import { Encoding } from "udrm/drivers/display/rfb/wire.ts";

const CLI = new URL("../../cli/main.ts", import.meta.url).pathname;

/** A running `udrm run --display vnc`, and what it says. */
async function start(display: string, options: readonly string[], program: readonly string[]) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", CLI, "run", "--display", display, ...options, "--", ...program],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [out, err] = [child.stdout, child.stderr].map((stream) => {
    const box = { text: "", done: Promise.resolve() };
    box.done = (async () => {
      for await (const part of stream.pipeThrough(new TextDecoderStream())) box.text += part;
    })();
    return box;
  });
  const say = async (box: { text: string }, pattern: RegExp): Promise<RegExpExecArray> => {
    for (let i = 0; i < 400; i++) {
      const match = pattern.exec(box.text);
      if (match) return match;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`it never said ${pattern}: ${out.text}${err.text}`);
  };
  const port = Number((await say(err, /127\.0\.0\.1::(\d+)/))[1]);
  const input = child.stdin.getWriter();
  const end = async (): Promise<{ code: number; out: string; err: string }> => {
    await input.close().catch(() => {});
    const { code } = await child.status;
    await Promise.all([out.done, err.done]);
    return { code, out: out.text, err: err.text };
  };
  return { port, out, err, say, end };
}

async function run(program: string, ...args: string[]): Promise<void> {
  const { code, stderr } = await new Deno.Command(program, { args, env: { NO_AT_BRIDGE: "1" } }).output();
  assertEquals(code, 0, `${program}: ${new TextDecoder().decode(stderr)}`);
}

function rgb(file: Uint8Array): { readonly width: number; readonly height: number; readonly data: Uint8Array } {
  const { width, height, channels, data } = decode(file);
  const out = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) for (let c = 0; c < 3; c++) out[i * 3 + c] = data[i * channels + c];
  return { width, height, data: out };
}

for (const driver of ["virtio_gpu", "vkms"]) {
  Deno.test(`what gvnccapture saves of ${driver} is what modetest shows, pixel by pixel`, async () => {
    const folder = Deno.makeTempDirSync();
    try {
      // Shows its pattern until its input ends.
      const pick = `modetest -M ${driver} -c | awk '$3 == "connected" { print $1; exit }'`;
      const shell = `modetest -M ${driver} -s $(${pick}):1024x768`;
      const served = await start("vnc:0", ["--driver", driver, "--png", `${folder}/shown.png`], ["sh", "-c", shell]);
      using client = await RfbClient.connect(served.port, { encodings: [Encoding.zrle, Encoding.desktopSize] });
      for (let i = 0; client.width !== 1024 || !client.screen.some((word) => word !== 0); i++) {
        assert(i < 20, "the picture never comes");
        await client.request(i > 0);
        await client.update();
      }
      // What came may have been taken while it was composed: the rest is damage.
      await new Promise((resolve) => setTimeout(resolve, 500));
      await client.request(false);
      await client.update();
      await run("gvnccapture", "-q", `127.0.0.1:${served.port - 5900}`, `${folder}/seen.png`);
      const { code } = await served.end();
      assertEquals(code, 0);
      const seen = rgb(Deno.readFileSync(`${folder}/seen.png`));
      assertEquals([seen.width, seen.height], [1024, 768]);
      const own = new Uint8Array(client.screen.length * 3);
      client.screen.forEach((word, i) => own.set([word >>> 16, word >>> 8 & 0xff, word & 0xff], i * 3));
      assertEquals(own, seen.data);
      // What vkms shows when its client goes is a CRTC without planes.
      if (driver === "virtio_gpu") assertEquals(seen.data, rgb(Deno.readFileSync(`${folder}/shown.png`)).data);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  });
}

Deno.test("what a viewer types and points at reaches a program by /dev/input", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    await run("gcc", "-Wall", "-o", `${folder}/events`, new URL("events.c", import.meta.url).pathname);
    const served = await start("vnc:0", [], [`${folder}/events`]);
    await served.say(served.out, /ready/);
    // The screen is dark, and a pointer is nowhere on it: keys alone.
    using client = await RfbClient.connect(served.port);
    for (const keysym of [0x61, 0xffbe]) {
      await client.key(keysym, true);
      await client.key(keysym, false);
    }
    const { code, out } = await served.end();
    assertEquals(code, 0);
    assertMatch(out, /event0: udrm keyboard, version 10001, bus 6, types 20003/);
    assertMatch(out, /event1: udrm tablet, version 10001, bus 6, types f/);
    assertEquals(out.split("\n").filter((line) => /^\d:/.test(line)), [
      "0: 1 30 1",
      "0: 1 30 0",
      "0: 1 59 1",
      "0: 1 59 0",
    ]);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
