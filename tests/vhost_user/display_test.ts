// Screens of `udrm vhost-user` that people look at: they show what the front end's own screen shows.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import "udrm/drivers/os/testing.ts";
import { GpuGuest } from "udrm/drivers/bus/vhost_user/testing_guest.ts";
import { RfbClient } from "udrm/drivers/display/rfb/testing.ts";
import { Client, DesktopSize, Encoding } from "udrm/drivers/display/rfb/wire.ts";
import { noise } from "./rig.ts";

const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;

/** A running server. */
interface Served extends AsyncDisposable {
  readonly child: Deno.ChildProcess;
  readonly socket: string;
  readonly folder: string;
  /** What it has said on stderr until now. */
  said(): string;
  /** Waits until it has said something; what stands in the first group. */
  heard(pattern: RegExp): Promise<string>;
}

function serve(...displays: string[]): Served {
  const folder = Deno.makeTempDirSync({ prefix: "udrm-vhost-" });
  const socket = `${folder}/s`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", MAIN, "vhost-user", "--socket", socket].concat(
      displays.flatMap((display) => ["--display", display.replace("FOLDER", folder)]),
    ),
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let text = "", gone = false;
  const read = (async () => {
    for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) text += part;
    gone = true;
  })();
  return {
    child,
    socket,
    folder,
    said: () => text,
    async heard(pattern) {
      for (;;) {
        const found = pattern.exec(text);
        if (found !== null) return found[1] ?? "";
        assert(!gone, `Cannot hear ${pattern}: it says\n${text}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGTERM");
      } catch { /* it has ended by itself */ }
      await Promise.all([child.status, read]);
      Deno.removeSync(folder, { recursive: true });
    },
  };
}

const portOf = async (served: Served): Promise<number> => Number(await served.heard(/127\.0\.0\.1::(\d+)/));
const READY = /waits for a machine/;

/** Reads updates until the viewer shows these pixels; a test that it never does ends by the time limit of `late`. */
async function seen(client: RfbClient, pixels: Uint8Array): Promise<void> {
  const words = new Uint32Array(pixels.slice().buffer).map((word) => word & 0xff_ffff);
  const same = (): boolean =>
    client.screen.length === words.length && client.screen.every((word, i) => (word & 0xff_ffff) === words[i]);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    client[Symbol.dispose]();
  }, 10_000);
  try {
    await client.request(false);
    while (!same()) {
      await client.update();
      await client.request(true);
    }
  } catch (error) {
    throw late ? new Error("the viewer does not show it within 10 s") : error;
  } finally {
    clearTimeout(timer);
  }
}

Deno.test("udrm vhost-user --display: a VNC viewer sees the pixels of the machine's own screen, and each change", async () => {
  await using served = serve("vnc:0", "png:FOLDER/p.png");
  const port = await portOf(served);
  await served.heard(READY);
  using client = await RfbClient.connect(port, { encodings: [Encoding.extendedDesktopSize] });
  {
    using guest = new GpuGuest(served.socket);
    const { bytes } = guest.show(1, 100, 80, noise(1));
    assert(guest.shows(bytes));
    await seen(client, bytes);
    // Only a part is transferred: what is beside it in guest memory is to stay unseen by both.
    const before = bytes.slice();
    noise(2)(bytes);
    guest.transfer(1, 20, 10, 30, 40, (40 * 100 + 30) * 4);
    guest.flush(1, 20, 10, 30, 40);
    for (let y = 40; y < 50; y++) {
      before.set(bytes.subarray((y * 100 + 30) * 4, (y * 100 + 50) * 4), (y * 100 + 30) * 4);
    }
    assert(guest.shows(before));
    await seen(client, before);
    using second = await RfbClient.connect(port);
    await seen(second, before);
  }
  await served.heard(/the front end: (it is gone)/);
  {
    // Another machine, of another size: those who look stay.
    using guest = new GpuGuest(served.socket);
    const { bytes } = guest.show(1, 130, 70, noise(3));
    assert(guest.shows(bytes));
    await seen(client, bytes);
    assertEquals([client.width, client.height], [130, 70]);
    served.child.kill("SIGTERM");
    assertEquals((await served.child.status).code, 0);
  }
  const png = new DataView(Deno.readFileSync(`${served.folder}/p.png`).buffer);
  assertEquals([png.getUint32(16), png.getUint32(20)], [130, 70]);
  assertEquals(/error/i.test(served.said()), false, served.said());
});

Deno.test("udrm vhost-user --display: viewers look only; another size is refused, and they are told", async () => {
  await using served = serve("vnc:0");
  const port = await portOf(served);
  await served.heard(READY);
  assertStringIncludes(served.said(), "viewers look only");
  using guest = new GpuGuest(served.socket);
  const { bytes } = guest.show(1, 100, 80, noise(1));
  using client = await RfbClient.connect(port, { encodings: [Encoding.extendedDesktopSize] });
  await seen(client, bytes);
  await client.key(0x61, true);
  await client.pointer(3, 4, 1);
  await client.send(Client.setDesktopSize, 0, [640, 2], [480, 2], 1, 0, new Uint8Array(16));
  await client.request(true);
  for (;;) {
    const found = (await client.update()).rects.find(({ encoding }) => encoding === Encoding.extendedDesktopSize);
    await client.request(true);
    if (found?.at[0] !== DesktopSize.byClient) continue;
    assertEquals(found.at, [DesktopSize.byClient, DesktopSize.prohibited, 100, 80]);
    break;
  }
  // It goes on, and no monitor has changed.
  noise(4)(bytes);
  guest.transfer(1, 100, 80);
  guest.flush(1, 100, 80);
  assert(guest.shows(bytes));
  await seen(client, bytes);
  assertEquals(guest.screen.faults, []);
});

Deno.test("udrm vhost-user --display: a viewer that reads nothing stops neither the machine nor others", async () => {
  await using served = serve("vnc:0");
  const port = await portOf(served);
  await served.heard(READY);
  using guest = new GpuGuest(served.socket);
  // More than lies on the way to a viewer.
  const { bytes } = guest.show(1, 1920, 1080, noise(1));
  using idle = await RfbClient.connect(port, { encodings: [Encoding.raw] });
  using client = await RfbClient.connect(port, { encodings: [Encoding.raw] });
  await idle.request(false);
  for (let i = 2; i < 5; i++) {
    noise(i)(bytes);
    guest.transfer(1, 1920, 1080);
    guest.flush(1, 1920, 1080);
  }
  assert(guest.shows(bytes));
  await seen(client, bytes);
});

Deno.test("udrm vhost-user --display web: the page, without an inspector and to look at only", async () => {
  await using served = serve("web", "web:0,output=1");
  const url = await served.heard(/the screen is at (\S+)/);
  await served.heard(READY);
  using guest = new GpuGuest(served.socket);
  const first = guest.show(1, 40, 30, noise(1)), second = guest.show(2, 50, 20, noise(2), 1);
  assert(guest.shows(first.bytes) && guest.shows(second.bytes, 1));
  const page = await (await fetch(url)).text();
  assertStringIncludes(page, "main.js");
  const screens = (): Promise<unknown> => fetch(`${url}screens`).then((answer) => answer.json());
  assertEquals(await screens(), { screens: ["udrm", "udrm 1"], inspector: false, viewOnly: true });
  const inspect = await fetch(`${url}inspect`);
  await inspect.body?.cancel();
  assertEquals(inspect.status, 404);
});

Deno.test("udrm vhost-user --display: what cannot be opened is said, and nothing is left behind", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  for (
    const [displays, code, words] of [
      [[`vnc:${port}`], 1, "Cannot listen on 127.0.0.1"],
      [["term"], 1, "terminal"],
      [["window"], 2, "none, vnc, web, term, png:FILE"],
      [["vnc:70000"], 2, "65535"],
      [["none", "web"], 2, "not with others"],
      [["png:a", "png:b"], 2, "one file"],
      [["term", "term"], 2, "--display term once"],
    ] as const
  ) {
    await using served = serve(...displays);
    assertEquals((await served.child.status).code, code, `${displays}: ${served.said()}`);
    await served.heard(new RegExp(words));
    assertEquals([...Deno.readDirSync(served.folder)], []);
  }
});
