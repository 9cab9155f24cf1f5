// Screens beside the picture of the first: the cursor, a second head, a size of the user's choice.
import { assertEquals } from "@std/assert";
import { decode } from "fast-png";
import { difference, type Machine, type Screen } from "./machine.ts";
import { Guest, guestTest, painted } from "./rig.ts";

/** The cursor that painter.c makes for a seed, over a picture, with its corner at a point (premultiplied alpha). */
function withCursor(screen: Screen, seed: number, x0: number, y0: number): Screen {
  const { width, height } = screen;
  const pixels = screen.pixels.slice();
  const colors = painted(64, 64, seed).pixels;
  for (let y = 0; y < 64; y++) {
    for (let x = 0; x < 64; x++) {
      const [px, py] = [x0 + x, y0 + y];
      if (px < 0 || py < 0 || px >= width || py >= height) continue;
      const alpha = [0, 128, 255][(x + y + seed) % 3];
      for (let channel = 0; channel < 3; channel++) {
        const at = (py * width + px) * 3 + channel;
        const over = Math.floor(colors[(y * 64 + x) * 3 + channel] * alpha / 255);
        pixels[at] = Math.min(255, over + Math.round(pixels[at] * (255 - alpha) / 255));
      }
    }
  }
  return { width, height, pixels };
}

function readPng(path: string): Screen {
  const { width, height, data, channels } = decode(Deno.readFileSync(path));
  const pixels = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    for (let channel = 0; channel < 3; channel++) pixels[i * 3 + channel] = data[i * channels + channel];
  }
  return { width, height, pixels };
}

/** Whether pictures are the same but for how a half is rounded. */
function near(actual: Screen, expected: Screen): boolean {
  return actual.width === expected.width && actual.height === expected.height &&
    actual.pixels.every((value, at) => Math.abs(value - expected.pixels[at]) <= 1);
}

guestTest("the cursor is where the guest moves it, of the shape it made, and gone when it hides it", async (parts) => {
  const folder = Deno.makeTempDirSync({ prefix: "udrm-guest-" });
  try {
    const file = `${folder}/screen.png`;
    await using guest = await Guest.start(parts, "udrm", {}, ["--display", `png:${file}`]);
    const { machine, backend } = guest;
    const shows = async (expected: Screen, what: string): Promise<void> => {
      let wrong = "nothing was written";
      for (const end = Date.now() + 20_000; Date.now() < end;) {
        if (backend !== undefined) Deno.kill(backend.pid, "SIGUSR2");
        await new Promise((resolve) => setTimeout(resolve, 200));
        try {
          const picture = readPng(file);
          if (near(picture, expected)) return;
          wrong = difference(picture, expected);
        } catch { /* not written yet, or not wholly */ }
      }
      throw new Error(`The backend's own picture is wrong, ${what}: ${wrong}`);
    };
    await machine.painter();
    await machine.paint("mode 640 480 1");
    const plain = painted(640, 480, 1);
    await shows(plain, "without a cursor");
    await machine.paint("cursor 1 0 0");
    await machine.paint("move 50 60");
    await shows(withCursor(plain, 1, 50, 60), "with a cursor");
    await machine.paint("move 300 200");
    await shows(withCursor(plain, 1, 300, 200), "moved");
    await machine.paint("cursor 2 0 0");
    await shows(withCursor(plain, 2, 300, 200), "of another shape");
    await machine.paint("move 620 470");
    await shows(withCursor(plain, 2, 620, 470), "over the edge");
    await machine.shows(plain, "QEMU's picture, which has no cursor");
    await machine.paint("nocursor");
    await shows(plain, "hidden");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

const connector = async (machine: Machine, number: number): Promise<string[]> =>
  (await machine.paint("info")).find((line) => line.startsWith(`connector ${number} `))?.split(" ").slice(2) ?? [];

guestTest("the size asked of the machine is the one the guest prefers", async (parts) => {
  const infos: string[][] = [];
  for (const kind of ["builtin", "udrm"] as const) {
    await using guest = await Guest.start(parts, kind, { size: [1000, 700] });
    const { machine } = guest;
    await machine.painter();
    infos.push(await connector(machine, 0));
    await machine.paint("mode 1000 700 1");
    await machine.shows(painted(1000, 700, 1), kind);
  }
  assertEquals(infos[0].slice(0, 2), ["connected", "1000x700!"]);
  assertEquals(infos[1], infos[0]);
});

guestTest("a second head shows a picture of its own and leaves the first alone", async (parts) => {
  for (const kind of ["builtin", "udrm"] as const) {
    await using guest = await Guest.start(parts, kind, { heads: 2 });
    const { machine } = guest;
    // A machine without a window has no monitor there; the guest is told to use the connector all the same.
    await machine.run("echo on >/sys/class/drm/card0-Virtual-2/status");
    await machine.painter();
    assertEquals((await connector(machine, 0))[0], "connected", kind);
    assertEquals((await connector(machine, 1))[0], "connected", kind);
    await machine.paint("mode 800 600 1");
    await machine.shows(painted(800, 600, 1), `the first head, ${kind}`);
    await machine.paint("head 1");
    await machine.paint("second 720 480 2");
    await machine.shows(painted(720, 480, 2), `the second head, ${kind}`, 1);
    await machine.shows(painted(800, 600, 1), `the first head beside the second, ${kind}`);
    await machine.paint("head 0");
    await machine.paint("flip 4 30");
    await machine.shows(painted(800, 600, 33), `the first head's flips, ${kind}`);
    await machine.shows(painted(720, 480, 2), `the second head meanwhile, ${kind}`, 1);
  }
});
