import { assertEquals } from "@std/assert";
import { InputDevice, type InputDeviceSpec } from "udrm/core/input.ts";
import { System } from "udrm/core/system.ts";
import { InputSeat } from "udrm/drivers/display/input_seat.ts";
import { BUS_USB } from "udrm/uapi/input.ts";
import * as C from "udrm/uapi/input_codes.ts";
import { KEY_A } from "udrm/uapi/input_keys.ts";
import "udrm/drivers/os/testing.ts";
import { inputIds } from "./input_ids.ts";
import { bitmapText, inputModalias } from "./sysfs_input.ts";
import type { SysDevice } from "./sysfs.ts";
import { InputFiles } from "./input_files.ts";
import { Tree } from "./tree.ts";

const id = { bustype: BUS_USB, vendor: 0x0abc, product: 2, version: 0x10 };
const range = { minimum: 0, maximum: 100, fuzz: 0, flat: 0, resolution: 0 };
const axes = (...codes: number[]) => new Map(codes.map((code) => [code, range]));
const MOUSE: InputDeviceSpec = { name: "mouse", id, keys: [C.BTN_LEFT], rel: [C.REL_X, C.REL_Y] };

function kinds(spec: Partial<InputDeviceSpec>): string {
  using system = new System();
  using input = new InputDevice(system, { name: "", id, ...spec });
  const ids = Object.entries(inputIds(input));
  assertEquals([ids[0], ids.every(([, value]) => value === "1")], [["ID_INPUT", "1"], true]);
  return ids.slice(1).map(([key]) => key.replace("ID_INPUT_", "")).join(" ");
}

Deno.test("inputIds tells devices apart as udev does", () => {
  const keyboard = Array.from({ length: 31 }, (_, i) => i + 1);
  assertEquals(kinds({ keys: keyboard }), "KEY KEYBOARD");
  assertEquals(kinds({ keys: keyboard.slice(1) }), "KEY"); // no Escape
  assertEquals(kinds({ keys: [C.KEY_OK] }), "KEY");
  assertEquals(kinds({ keys: [C.BTN_TRIGGER_HAPPY] }), "");
  assertEquals(kinds(MOUSE), "MOUSE");
  assertEquals(kinds({ ...MOUSE, keys: [] }), "");
  assertEquals(kinds({ rel: [C.REL_WHEEL] }), "KEY");
  const abs = axes(C.ABS_X, C.ABS_Y);
  assertEquals(kinds({ keys: [C.BTN_LEFT], abs }), "MOUSE");
  assertEquals(kinds({ keys: [C.BTN_TOUCH], abs }), "TOUCHSCREEN");
  assertEquals(kinds({ keys: [C.BTN_TOUCH], abs: axes(C.ABS_X) }), "");
  assertEquals(kinds({ abs, props: [C.INPUT_PROP_DIRECT] }), "TOUCHSCREEN");
  assertEquals(kinds({ keys: [C.BTN_TOUCH, C.BTN_TOOL_FINGER, C.BTN_LEFT], abs }), "TOUCHPAD");
  assertEquals(kinds({ keys: [C.BTN_TOUCH, C.BTN_TOOL_PEN, C.BTN_TOOL_FINGER, C.BTN_LEFT], abs }), "TABLET");
  const touches = [C.ABS_MT_POSITION_X, C.ABS_MT_POSITION_Y, C.ABS_MT_SLOT];
  assertEquals(kinds({ keys: [C.BTN_TOUCH], abs: axes(...touches) }), "TOUCHSCREEN");
  assertEquals(kinds({ keys: [C.BTN_TOUCH], abs: axes(...touches, C.ABS_MT_SLOT - 1) }), "");
  assertEquals(kinds({ ...MOUSE, props: [C.INPUT_PROP_POINTING_STICK] }), "MOUSE POINTINGSTICK");
});

Deno.test("bitmapText and inputModalias write codes as sysfs does", () => {
  assertEquals(bitmapText(new Uint8Array(16)), "0");
  assertEquals(bitmapText(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0x0f, 1, 0, 0, 0, 0, 0, 0)), "10f 0");
  assertEquals(bitmapText(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0x80)), "8000000000000001");
  using system = new System();
  const input = new InputDevice(system, {
    ...MOUSE,
    keys: [KEY_A, C.KEY_MIN_INTERESTING, C.BTN_LEFT],
    leds: [C.LED_CAPSL],
  });
  assertEquals(inputModalias(input), "input:b0003v0ABCp0002e0010-e0,1,2,11,k71,110,r0,1,aml1,sfw");
});

Deno.test("InputFiles: devices that were there and that come have the same files, and take them along; uevents in the kernel's order", () => {
  const folder = Deno.makeTempDirSync({ prefix: "udrm-files-" });
  try {
    using system = new System();
    using seat = new InputSeat(system);
    const tree = new Tree(`${folder}/root`);
    tree.folder("/dev/input", true);
    const told: string[] = [];
    const tell = (action: string, { path }: SysDevice): void => void told.push(`${action} ${path}`);
    using _files = new InputFiles(system, tree, tell);
    assertEquals(told, []);
    const list = (): string[] => {
      const { stdout } = new Deno.Command("find", {
        args: [`${folder}/root/dev`, `${folder}/root/sys/devices/virtual/input`],
      })
        .outputSync();
      return new TextDecoder().decode(stdout).split("\n").sort();
    };
    const before = list();
    const read = (path: string) => Deno.readTextFileSync(`${folder}/root${path}`);
    const mouse = new InputDevice(system, { ...MOUSE, phys: "port" });
    const at = "/devices/virtual/input/input2";
    assertEquals(told.splice(0), [`add ${at}`, `add ${at}/event2`]);
    assertEquals(list().length - before.length, list().filter((path) => /input2|event2/.test(path)).length);
    for (const way of ["/sys/dev/char/13:66/device", "/sys/class/input/event2/device", "/sys/class/input/input2"]) {
      assertEquals(
        ["name", "phys", "uniq", "properties", "id/vendor", "capabilities/rel", "capabilities/sw", "event2/dev"]
          .map((file) => read(`${way}/${file}`)),
        ["mouse\n", "port\n", "\n", "0\n", "0abc\n", "3\n", "0\n", "13:66\n"],
      );
    }
    assertEquals(read("/sys/class/input/event2/uevent"), "MAJOR=13\nMINOR=66\nDEVNAME=input/event2\n");
    assertEquals(
      read("/sys/class/input/input2/uevent"),
      'PRODUCT=3/abc/2/10\nNAME="mouse"\nPHYS="port"\nPROP=0\nEV=7\nKEY=10000 0 0 0 0\nREL=3\n' +
        `MODALIAS=${inputModalias(mouse)}\n`,
    );
    assertEquals(read("/run/udev/data/c13:66").split("\n").filter((line) => /^[EGQ]/.test(line)), [
      "E:ID_INPUT=1",
      "E:ID_INPUT_MOUSE=1",
    ]);
    assertEquals(read("/run/udev/data/+input:input2").includes("G:seat\n"), true);
    assertEquals((Deno.statSync(`${folder}/root/dev/input/event2`).mode ?? 0) & 0o7777, 0o1660);
    mouse[Symbol.dispose]();
    assertEquals(told.splice(0), [`remove ${at}/event2`, `remove ${at}`]);
    assertEquals(list(), before);
    // What was there before goes as well; its number is taken again, the one of the device is not.
    seat[Symbol.dispose]();
    using _other = new InputDevice(system, MOUSE);
    assertEquals(told.at(-1), "add /devices/virtual/input/input3/event0");
    assertEquals(list().some((path) => /input[012]|event[12]/.test(path)), false);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
