// Input devices in programs that know nothing of udrm: libinput's tools and udevadm see them, and a compositor is typed and
// clicked in.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { InputDevice } from "udrm/core/input.ts";
import { InputSeat } from "udrm/drivers/display/input_seat.ts";
import { drivers } from "udrm/mod.ts";
import { BUS_USB } from "udrm/uapi/input.ts";
import { BTN_LEFT, BTN_RIGHT, EV_KEY, EV_REL, REL_X, REL_Y } from "udrm/uapi/input_codes.ts";
import { KEY_A, KEY_B, KEY_LEFTSHIFT } from "udrm/uapi/input_keys.ts";
import { compile, Rig } from "./rig.ts";
import { type Colour, hex, others, shows, startSway } from "./sway.ts";

const mouse = {
  name: "a mouse",
  id: { bustype: BUS_USB, vendor: 0x46d, product: 0xc077, version: 0x111 },
  keys: [BTN_LEFT, BTN_RIGHT],
  rel: [REL_X, REL_Y],
};

Deno.test("a program of evdev meets a character device, its events, and its end", async () => {
  await using rig = await Rig.make();
  using _seat = new InputSeat(rig.system);
  using device = new InputDevice(rig.system, mouse);
  const running = rig.start(compile("input_client.c"), device.path);
  await rig.serve(() => running.out.includes("ready"));
  device.event(EV_REL, REL_X, -5);
  device.event(EV_KEY, BTN_LEFT, 1);
  device.sync();
  await rig.serve(() => running.out.includes("waiting"));
  device[Symbol.dispose]();
  const { code, out, err } = await running.ended();
  assertEquals([code, err], [0, ""]);
  const lines = out.trim().split("\n");
  assertEquals(lines.filter((line) => line.startsWith("lists")).sort(), [
    "lists event0 char",
    "lists event1 char",
    "lists event2 char",
  ]);
  assertEquals(lines.filter((line) => !line.startsWith("lists")), [
    "stat char 660 13:66",
    "fstat char 660 13:66",
    "statx char 660 13:66",
    "readlink /dev/input/event2",
    "again ok",
    "name 8 a mouse #",
    "types 8 07 #",
    "empty EAGAIN",
    "grab ok, other EBUSY",
    "let go ok",
    "ready",
    "read ok 2/0/-5 1/272/1 0/0/0",
    "read ok 2/0/-5 1/272/1 0/0/0",
    "revoke ok then ENODEV",
    "waiting",
    "read ENODEV", // evdev_read looks whether it is there first
    "ioctl ENODEV",
    "open ENOENT",
  ]);
  assertEquals(rig.errors, []);
});

Deno.test("libinput list-devices knows the keyboard and the absolute pointer of a seat", async () => {
  await using rig = await Rig.make();
  using _seat = new InputSeat(rig.system);
  const { code, out } = await rig.run("libinput", "list-devices");
  assertEquals(code, 0);
  const lines = (name: string): string[] =>
    [...out.matchAll(new RegExp(`^${name}:\\s+(.*?)\\s*$`, "gm"))].map(([, value]) => value);
  assertEquals(lines("Device"), ["udrm keyboard", "udrm tablet"]);
  assertEquals(lines("Kernel"), ["/dev/input/event0", "/dev/input/event1"]);
  assertEquals(lines("Seat"), ["seat0, default", "seat0, default"]);
  assertEquals(lines("Capabilities"), ["keyboard", "pointer"]);
  assertEquals(rig.errors, []);
});

Deno.test("libinput debug-events has what a seat does, and hears of devices that come and go", async () => {
  await using rig = await Rig.make();
  using seat = new InputSeat(rig.system);
  const running = rig.start("stdbuf", "-oL", "libinput", "debug-events", "--show-keycodes");
  const added = (name: string) => new RegExp(`event\\d+\\s+DEVICE_ADDED\\s+${name}`);
  await rig.serve(() => added("udrm tablet").test(running.out));
  assertEquals(added("udrm keyboard").test(running.out), true);
  seat.key(KEY_A, true);
  seat.key(KEY_A, false);
  seat.pointer(75, 50, 0, 101, 101);
  seat.pointer(75, 50, 1, 101, 101);
  seat.pointer(75, 50, 0, 101, 101);
  seat.wheel(1, 0);
  await rig.serve(() => /POINTER_SCROLL_WHEEL|POINTER_AXIS/.test(running.out));
  const { out } = running;
  for (
    const event of [
      /event0\s+KEYBOARD_KEY\s.*KEY_A \(30\) pressed/,
      /event0\s+KEYBOARD_KEY\s.*KEY_A \(30\) released/,
      /event1\s+POINTER_MOTION_ABSOLUTE\s.*75\.\d+\/ *50\.\d+/,
      /event1\s+POINTER_BUTTON\s.*BTN_LEFT \(272\) pressed/,
      /event1\s+POINTER_BUTTON\s.*BTN_LEFT \(272\) released/,
    ]
  ) assertEquals(event.test(out), true, `${event} in:\n${out}`);
  {
    using device = new InputDevice(rig.system, mouse);
    await rig.serve(() => added("a mouse").test(running.out));
    device.event(EV_REL, REL_Y, 9);
    device.sync();
    await rig.serve(() => /event2\s+POINTER_MOTION\s/.test(running.out));
  }
  await rig.serve(() => /event2\s+DEVICE_REMOVED/.test(running.out));
  running.kill("SIGINT");
  await running.ended();
  assertEquals(rig.errors, []);
});

Deno.test("udevadm knows input devices as udev's rules leave them, and what goes leaves nothing", async () => {
  await using rig = await Rig.make();
  using _seat = new InputSeat(rig.system);
  const info = async (name: string): Promise<string[]> =>
    (await rig.run("udevadm", "info", name)).out.trim().split("\n").filter((line) => !line.includes("USEC")).sort();
  const device = new InputDevice(rig.system, mouse);
  assertEquals(
    (await info("/sys/class/input/event2")).filter((line) => /^[PNE]:/.test(line)),
    [
      "E: DEVNAME=/dev/input/event2",
      "E: DEVPATH=/devices/virtual/input/input2/event2",
      "E: ID_INPUT=1",
      "E: ID_INPUT_MOUSE=1",
      "E: MAJOR=13",
      "E: MINOR=66",
      "E: SUBSYSTEM=input",
      "N: input/event2",
      "P: /devices/virtual/input/input2/event2",
    ],
  );
  const keyboard = (await info("/sys/class/input/event0")).join("\n");
  for (const line of ["ID_INPUT_KEY=1", "ID_INPUT_KEYBOARD=1", "TAGS=:power-switch:"]) {
    assertStringIncludes(keyboard, `E: ${line}`);
  }
  const parent = (await info("/sys/class/input/input2")).join("\n");
  for (
    const line of ["PRODUCT=3/46d/c077/111", 'NAME="a mouse"', "EV=7", "KEY=30000 0 0 0 0", "REL=3", "TAGS=:seat:"]
  ) {
    assertStringIncludes(parent, `E: ${line}`);
  }
  assertStringIncludes(parent, "E: MODALIAS=input:b0003v046DpC077e0111-e0,1,2,k110,111,r0,1,amlsfw");
  const files =
    "cd /sys/class/input/event2/device; cat name phys id/vendor capabilities/ev capabilities/key capabilities/abs";
  assertEquals((await rig.run("sh", "-c", files)).out, "a mouse\n\n046d\n7\n30000 0 0 0 0\n0\n");
  device[Symbol.dispose]();
  const left = await rig.run("sh", "-c", "ls -R /dev/input /sys/class/input /run/udev; ls -d /sys/dev/char/13:66");
  assertEquals([left.out.includes("event1"), /event2|input2|13:66/.test(left.out)], [true, false]);
});

const BLUE: Colour = [0x20, 0x40, 0x60], RED: Colour = [0x80, 0x20, 0x10], GREEN: Colour = [0x10, 0x80, 0x20];
const WHITE: Colour = [0xf0, 0xf0, 0xf0];

const config = (): string => {
  const paint = (colour: Colour): string => `output * background ${hex(colour)} solid_color`;
  return `xwayland disable
${paint(BLUE)}
bindsym a ${paint(RED)}
bindsym Shift+b ${paint(WHITE)}
bar {
  position top
  height 40
  bindsym button1 ${paint(GREEN)}
}
`;
};

Deno.test("sway is typed and clicked in: its bindings change what is on the screen", async () => {
  await using rig = await Rig.make((display) => [drivers.vkms({ display, extras: false })]);
  using seat = new InputSeat(rig.system);
  const folder = Deno.makeTempDirSync({ prefix: "udrm-sway-" });
  try {
    Deno.writeTextFileSync(`${folder}/config`, config());
    const running = startSway(rig, folder, "WLR_RENDERER=pixman");
    // Below the bar, and all but the pointer.
    const painted = (colour: Colour) => shows(rig, running, () => others(rig, colour, 0, 40, 1024, 768) < 32 * 32);
    await painted(BLUE);
    seat.key(KEY_B, true); // bound with shift alone
    seat.key(KEY_B, false);
    seat.key(KEY_A, true);
    seat.key(KEY_A, false);
    await painted(RED);
    seat.pointer(900, 20, 0, 1024, 768);
    seat.pointer(900, 20, 1, 1024, 768);
    seat.pointer(900, 20, 0, 1024, 768);
    await painted(GREEN);
    seat.key(KEY_LEFTSHIFT, true);
    seat.key(KEY_B, true);
    seat.reset();
    await painted(WHITE);
    // The keyboard goes and comes again.
    seat.keyboard[Symbol.dispose]();
    using other = new InputSeat(rig.system);
    // What is typed before sway has taken it in is lost.
    const typing = setInterval(() => {
      other.key(KEY_A, true);
      other.key(KEY_A, false);
    }, 300);
    await painted(RED).finally(() => clearInterval(typing));
    running.kill("SIGTERM");
    await running.ended();
    await rig.serve(() => rig.server.clients + rig.server.files === 0);
    assertEquals(rig.errors, []);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
