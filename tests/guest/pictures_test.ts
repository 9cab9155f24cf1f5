// What the guest draws is on the host's screen, byte for byte as with QEMU's own device.
import { assertEquals, assertNotEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { difference, type Machine, type Screen } from "./machine.ts";
import { Guest, guestTest, painted, settled } from "./rig.ts";

/** SMPTE bars of modetest at 1280x800, as the SHA-256 of QEMU's picture file. */
const SMPTE_1280X800 = "1fe6d7bd32108e2e8a57d4c76230063aba6dce9e24c37a77ad96f81a7fe1fae6";

const digest = ({ width, height, pixels }: Screen): string =>
  createHash("sha256").update(`P6\n${width} ${height}\n255\n`).update(pixels).digest("hex");

/** Does the same with both machines and compares; `known` is the picture where the test knows it by itself. */
async function compare(
  ours: Machine,
  theirs: Machine,
  what: string,
  act: (machine: Machine) => Promise<unknown>,
  known?: Screen,
): Promise<void> {
  await act(theirs);
  if (known !== undefined) await theirs.shows(known, `${what}, QEMU's own device`);
  const expected = known ?? await settled(theirs);
  await act(ours);
  await ours.shows(expected, what);
}

// Lines for the painter, and the picture where it follows from them alone.
const STEPS: readonly (readonly [what: string, lines: readonly string[], known?: () => Screen])[] = [
  ["a mode set", ["mode 1280 800 1"], () => painted(1280, 800, 1)],
  ["a larger mode", ["mode 1920 1080 2"], () => painted(1920, 1080, 2)],
  ["a smaller mode", ["mode 640 480 3"], () => painted(640, 480, 3)],
  ["the same mode anew", ["mode 640 480 4"], () => painted(640, 480, 4)],
  ["a mode of odd size", ["mode 1365 767 5"], () => painted(1365, 767, 5)],
  ["a very small mode", ["mode 33 35 6"], () => painted(33, 35, 6)],
  ["a very wide mode", ["mode 4096 40 7"], () => painted(4096, 40, 7)],
  ["a part of a larger buffer", ["mode 800 600 8 1000 900 150 270"], () => painted(800, 600, 8, 150, 270)],
  ["another part of it", ["pan 200 300"], () => painted(800, 600, 8, 200, 300)],
  ["its first part", ["pan 0 0"], () => painted(800, 600, 8)],
  ["a part by an atomic commit", ["primary 37 41"], () => painted(800, 600, 8, 37, 41)],
  ["a flip", ["mode 1024 768 9", "flip 1 50"], () => painted(1024, 768, 50)],
  ["twenty flips", ["flip 20 60"], () => painted(1024, 768, 79)],
  ["paint that nobody was told of", ["paint 90 0 0 1024 768"]],
  ["one rectangle of it", ["dirty 100 200 300 150"]],
  ["an edge of one pixel", ["dirty 1023 0 1 768"]],
  ["one pixel", ["dirty 5 7 1 1"]],
  ["several rectangles", ["paint 91 0 0 1024 768", "dirty 0 0 10 10 500 300 20 20 1000 700 24 68"]],
  ["all of it", ["dirty"]],
  ["rectangles that overlap the edge", ["paint 92 900 700 300 300", "dirty 900 700 124 68"]],
  [
    "many small rectangles",
    Array.from({ length: 150 }, (_, i) => [i * 67 % 1000, i * 31 % 700])
      .flatMap(([x, y], i) => [`paint ${i} ${x} ${y} 24 60`, `dirty ${x} ${y} 23 59`]),
  ],
  [
    "a cursor, which the screen leaves out",
    ["mode 800 600 10", "cursor 1 0 0", "move 50 60"],
    () => painted(800, 600, 10),
  ],
  ["a screen off and on", ["off", "mode 800 600 11"], () => painted(800, 600, 11)],
];

guestTest("every pattern is on the screen as with QEMU's own device", async (parts, t) => {
  await using ours = await Guest.start(parts, "udrm");
  await using theirs = await Guest.start(parts, "builtin");
  const machines = [ours.machine, theirs.machine];
  for (const machine of machines) await machine.painter();
  const infos = [];
  for (const machine of machines) infos.push(await machine.paint("info"));
  assertEquals(infos[0], infos[1], "connectors and their modes");
  for (const [what, lines, known] of STEPS) {
    await t.step(what, async () => {
      const act = async (machine: Machine): Promise<void> => {
        for (const line of lines) await machine.paint(line);
      };
      await compare(ours.machine, theirs.machine, what, act, known?.());
    });
  }
  // The control case: a screen that differs in one point is found out.
  const screen = await ours.machine.screen();
  const other = { ...screen, pixels: screen.pixels.slice() };
  other.pixels[3 * 1234] ^= 1;
  assertEquals(difference(screen, screen), "");
  assertNotEquals(difference(other, screen), "");
});

/** Starts a program that shows something until its stdin ends. */
const show = (command: string): string =>
  `rm -f /tmp/in; mkfifo /tmp/in; ${command} </tmp/in >/tmp/out 2>&1 & exec 3>/tmp/in`;
/** Ends it, and leaves the serial port to the shell. */
const HIDE = "exec 3>&-; wait; true";
const ON = "modetest -M virtio_gpu";

const MODETEST: readonly (readonly [what: string, command: string, digest?: string])[] = [
  ["SMPTE bars at 1280x800", `${ON} -s 34:1280x800`, SMPTE_1280X800],
  ["SMPTE bars at 1920x1080", `${ON} -s 34:1920x1080`],
  ["SMPTE bars at 640x480", `${ON} -s 34:640x480`],
  ["tiles at 1024x768", `${ON} -F tiles -s 34:1024x768`],
  ["a gradient at 800x600", `${ON} -F gradient -s 34:800x600`],
  ["a plain colour at 800x600", `${ON} -F plain -s 34:800x600`],
  ["an atomic mode set with the primary plane", `${ON} -a -s 34@33:1024x768 -P 31@33:1024x768@XR24`],
  ["a cursor plane over a mode", `${ON} -s 34:800x600 -P 32@33:64x64+100+100@AR24`],
  ["a moving cursor", `${ON} -C -s 34:800x600`],
];

guestTest("Debian's modetest shows what it shows with QEMU's own device", async (parts, t) => {
  await using ours = await Guest.start(parts, "udrm");
  await using theirs = await Guest.start(parts, "builtin");
  for (const [what, command, known] of MODETEST) {
    await t.step(what, async () => {
      for (const { machine } of [theirs, ours]) await machine.run(show(command));
      // Its picture is there some time after it has begun; the kernel's console, before it, is of 1280x800.
      const [width, height] = (/:(\d+)x(\d+)/.exec(command) ?? []).slice(1).map(Number);
      const there = (screen: Screen): boolean =>
        screen.width === width && screen.height === height && (known === undefined || digest(screen) === known);
      let expected = await settled(theirs.machine);
      for (const end = Date.now() + 60_000; Date.now() < end && !there(expected);) {
        expected = await settled(theirs.machine);
      }
      assertEquals(there(expected), true, await output(theirs.machine));
      await ours.machine.shows(expected, what, 0, 30);
      for (const { machine } of [theirs, ours]) await machine.run(HIDE);
    });
  }
});

async function output(machine: Machine): Promise<string> {
  return (await machine.run("sed 's/^/@@/' /tmp/out")).join("\n");
}

guestTest("modetest's page flips come to an end each, and show both pictures", async (parts) => {
  await using ours = await Guest.start(parts, "udrm");
  const { machine } = ours;
  await machine.run(show(`${ON} -v -s 34:1280x800`));
  const seen = new Set<string>();
  for (const end = Date.now() + 60_000; Date.now() < end && seen.size < 2;) {
    const screen = await machine.screen();
    if (digest(screen) === SMPTE_1280X800) seen.add("SMPTE");
    // The other one is of one colour.
    else if (screen.pixels.every((value, at) => value === screen.pixels[at % 3]) && screen.pixels[0] !== 0) {
      seen.add("plain");
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 3000));
  await machine.run(HIDE);
  assertEquals([...seen].sort(), ["SMPTE", "plain"], await output(machine));
  const rates = [...(await output(machine)).matchAll(/^freq: ([\d.]+)Hz$/gm)].map(([, rate]) => Number(rate));
  assertEquals(rates.length > 0 && rates.every((rate) => rate > 1), true, `rates: ${rates}`);
});
