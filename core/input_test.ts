import { assertEquals, assertThrows } from "@std/assert";
import { VirtualClock } from "./clock.ts";
import { InputDevice, type InputDeviceSpec } from "./input.ts";
import { System } from "./system.ts";
import type { OpenFile } from "./process.ts";
import { input_absinfo, input_event, input_id } from "../uapi/input.ts";
import * as E from "../uapi/input.ts";
import * as C from "../uapi/input_codes.ts";
import { KEY_A, KEY_B } from "../uapi/input_keys.ts";
import { O_NONBLOCK, O_RDWR, POLLERR, POLLHUP, POLLIN, POLLOUT } from "../uapi/fcntl.ts";
import { DrmError, EAGAIN } from "./error.ts";

const RANGE = { minimum: 0, maximum: 32767, fuzz: 0, flat: 0, resolution: 0 };

function rig(spec: Partial<InputDeviceSpec> = {}) {
  const clock = new VirtualClock();
  const system = new System({ clock });
  const device = new InputDevice(system, {
    name: "test",
    id: { bustype: E.BUS_VIRTUAL, vendor: 1, product: 2, version: 3 },
    keys: [KEY_A, KEY_B, C.BTN_LEFT],
    abs: new Map([[C.ABS_X, RANGE], [C.ABS_Y, RANGE]]),
    leds: [C.LED_CAPSL],
    ...spec,
  });
  const task = system.process({ uid: 0 });
  const open = (): OpenFile => task.open("/dev/input/event0", O_RDWR | O_NONBLOCK);
  return { clock, system, device, task, open, [Symbol.dispose]: () => system[Symbol.dispose]() };
}

type Event = [type: number, code: number, value: number];
function events(file: OpenFile, room = 64): Event[] {
  const bytes = new Uint8Array(room * input_event.size);
  const length = file.read(bytes);
  if (length === EAGAIN) return [];
  return Array.from({ length: length as number / input_event.size }, (_, i) => {
    const { type, code, value } = input_event.at(bytes, i * input_event.size);
    return [type, code, value];
  });
}
const REPORT: Event = [C.EV_SYN, C.SYN_REPORT, 0];

Deno.test("InputFile reads whole packets, and EAGAIN until one is whole", () => {
  using at = rig();
  const file = at.open();
  assertEquals(file.poll(POLLIN | POLLOUT), POLLOUT);
  at.device.event(C.EV_KEY, KEY_A, 1);
  at.device.event(C.EV_ABS, C.ABS_X, 5);
  assertEquals(events(file), []);
  at.device.sync();
  assertEquals(file.poll(POLLIN | POLLOUT), POLLIN | POLLOUT);
  assertEquals(events(file), [[C.EV_KEY, KEY_A, 1], [C.EV_ABS, C.ABS_X, 5], REPORT]);
  assertEquals(events(file), []);
  assertThrows(() => file.read(new Uint8Array(23)), Error, "half an event");
});

Deno.test("InputDevice leaves out what it does not have and what says nothing new", () => {
  using at = rig();
  const file = at.open();
  at.device.event(C.EV_KEY, 30 + 5, 1); // not its key
  at.device.event(C.EV_REL, C.REL_X, 1); // not its axis
  at.device.event(C.EV_KEY, KEY_A, 0); // is up
  at.device.event(C.EV_ABS, C.ABS_X, 0); // is there
  at.device.sync();
  assertEquals(events(file), []);
  at.device.event(C.EV_KEY, KEY_A, 1);
  at.device.event(C.EV_KEY, KEY_A, 1);
  at.device.sync();
  assertEquals(events(file), [[C.EV_KEY, KEY_A, 1], REPORT]);
});

Deno.test("InputFile that is not read keeps the newest packets behind SYN_DROPPED", () => {
  using at = rig();
  const file = at.open();
  for (let i = 1; i <= 1000; i++) {
    at.device.event(C.EV_ABS, C.ABS_X, i);
    at.device.sync();
  }
  const got = events(file, 256);
  assertEquals(got.length < 128, true, `${got.length}`);
  assertEquals(got[0], [C.EV_SYN, C.SYN_DROPPED, 0]);
  assertEquals(got.at(-2), [C.EV_ABS, C.ABS_X, 1000]);
  assertEquals(got.at(-1), REPORT);
});

Deno.test("EVIOCGRAB gives one reader all events: EBUSY for others, EINVAL for letting go of what one has not", () => {
  using at = rig();
  const [first, second] = [at.open(), at.open()];
  assertEquals(first.ioctl(E.EVIOCGRAB, 1), 0);
  assertThrows(() => second.ioctl(E.EVIOCGRAB, 1), Error, "grabbed");
  assertThrows(() => second.ioctl(E.EVIOCGRAB, 0), Error, "not grabbed");
  at.device.event(C.EV_KEY, KEY_B, 1);
  at.device.sync();
  assertEquals(events(second), []);
  assertEquals(events(first).length, 2);
  first.close();
  at.device.event(C.EV_KEY, KEY_B, 0);
  at.device.sync();
  assertEquals(events(second), [[C.EV_KEY, KEY_B, 0], REPORT]);
});

Deno.test("EVIOCG* tell who the device is and what it has, as many bytes as there is room for", () => {
  using at = rig();
  const file = at.open();
  const version = new Uint8Array(4);
  file.ioctl(E.EVIOCGVERSION, version);
  assertEquals([...version], [1, 0, 1, 0]);
  const id = input_id.of();
  file.ioctl(E.EVIOCGID, id);
  assertEquals([id.bustype, id.vendor, id.product, id.version], [6, 1, 2, 3]);
  const name = new Uint8Array(3);
  assertEquals(file.ioctl(E.EVIOCGNAME(3), name), 3);
  assertEquals(new TextDecoder().decode(name), "tes");
  assertThrows(() => file.ioctl(E.EVIOCGUNIQ(8), new Uint8Array(8)), Error, "serial");
  const types = new Uint8Array(8);
  assertEquals(file.ioctl(E.EVIOCGBIT(0, 8), types), 8);
  assertEquals(types[0], 1 << C.EV_SYN | 1 << C.EV_KEY | 1 << C.EV_ABS);
  assertEquals(types[2], 1 << (C.EV_LED - 16));
  const keys = new Uint8Array(200);
  assertEquals(file.ioctl(E.EVIOCGBIT(C.EV_KEY, 200), keys), 96);
  assertEquals(keys[KEY_A >> 3] >> (KEY_A & 7) & 1, 1);
  at.device.event(C.EV_ABS, C.ABS_Y, 9);
  const axis = input_absinfo.of();
  assertEquals(file.ioctl(E.EVIOCGABS(C.ABS_Y), axis), 0);
  assertEquals([axis.value, axis.maximum], [9, 32767]);
  assertThrows(() => file.ioctl(E.EVIOCGBIT(9, 8), new Uint8Array(8)), Error, "type 9");
  assertThrows(() => file.ioctl(0x5421, 0), Error, "none such");
  assertThrows(() => file.ioctl(E.EVIOCGREP, new Uint8Array(8)), Error, "repeat");
});

Deno.test("EVIOCGKEY tells which keys are down, and takes their events back", () => {
  using at = rig();
  const file = at.open();
  at.device.event(C.EV_KEY, KEY_A, 1);
  at.device.event(C.EV_ABS, C.ABS_X, 7);
  at.device.sync();
  at.device.event(C.EV_KEY, KEY_B, 1);
  at.device.sync();
  const keys = new Uint8Array(96);
  assertEquals(file.ioctl(E.EVIOCGKEY(96), keys), 96);
  assertEquals(keys[KEY_A >> 3] >> (KEY_A & 7) & 1, 1);
  assertEquals(events(file), [[C.EV_ABS, C.ABS_X, 7], REPORT]);
});

Deno.test("EVIOCSMASK leaves out codes and types that a reader does not want", () => {
  using at = rig();
  const file = at.open();
  const bits = at.task.alloc(96);
  bits.bytes[KEY_A >> 3] = 1 << (KEY_A & 7);
  assertEquals(
    file.ioctl(E.EVIOCSMASK, E.input_mask.of({ type: C.EV_KEY, codes_size: 96, codes_ptr: bits.address })),
    0,
  );
  at.device.event(C.EV_KEY, KEY_A, 1);
  at.device.event(C.EV_KEY, KEY_B, 1);
  at.device.event(C.EV_ABS, C.ABS_X, 1);
  at.device.sync();
  assertEquals(events(file), [[C.EV_KEY, KEY_A, 1], [C.EV_ABS, C.ABS_X, 1], REPORT]);
  const types = at.task.alloc(8);
  types.bytes[0] = 1 << C.EV_KEY;
  file.ioctl(E.EVIOCSMASK, E.input_mask.of({ type: C.EV_SYN, codes_size: 8, codes_ptr: types.address }));
  at.device.event(C.EV_ABS, C.ABS_X, 2);
  at.device.sync();
  assertEquals(events(file), []);
});

Deno.test("EVIOCSCLOCKID chooses the clock; packets of the old one are dropped", () => {
  using at = rig();
  const file = at.open();
  at.clock.advance(1_500_001_000);
  at.device.event(C.EV_KEY, KEY_A, 1);
  at.device.sync();
  const bytes = new Uint8Array(48);
  file.read(bytes);
  const event = input_event.at(bytes);
  assertEquals([event.tv_sec, event.tv_usec], [2n, 500_001n]);
  at.device.event(C.EV_KEY, KEY_A, 0);
  at.device.sync();
  file.ioctl(E.EVIOCSCLOCKID, new Uint8Array([1, 0, 0, 0]));
  at.device.event(C.EV_KEY, KEY_B, 1);
  at.device.sync();
  assertEquals(events(file), [[C.EV_SYN, C.SYN_DROPPED, 0], [C.EV_KEY, KEY_B, 1], REPORT]);
  assertThrows(() => file.ioctl(E.EVIOCSCLOCKID, new Uint8Array([2, 0, 0, 0])), Error, "clock 2");
});

Deno.test("An input device that goes lets go of keys and hangs up; a revoked file is dead alone", () => {
  using at = rig();
  const [file, other] = [at.open(), at.open()];
  file.ioctl(E.EVIOCREVOKE, 0);
  assertEquals(file.poll(POLLIN | POLLOUT), POLLHUP | POLLERR);
  assertThrows(() => file.read(new Uint8Array(24)), Error, "gone");
  at.device.event(C.EV_KEY, KEY_A, 1);
  at.device.sync();
  assertEquals(events(other).length, 2);
  at.device[Symbol.dispose]();
  assertEquals(other.poll(POLLIN | POLLOUT), POLLHUP | POLLERR | POLLIN);
  assertThrows(() => other.read(new Uint8Array(24)), Error, "gone");
  assertThrows(() => at.open(), Error, "event0");
  assertEquals(at.system.inputs.size, 0);
});

Deno.test("A write to an input node switches its lights", () => {
  const lights: [number, boolean][] = [];
  using at = rig({ onLed: (led, on) => lights.push([led, on]) });
  const file = at.open();
  assertEquals(file.write(input_event.bytes(input_event.of({ type: C.EV_LED, code: C.LED_CAPSL, value: 1 }))), 24);
  assertEquals(lights, [[C.LED_CAPSL, true]]);
});

Deno.test("A read of an input node without O_NONBLOCK waits for a packet", () => {
  using at = rig();
  const file = at.task.open("/dev/input/event0", O_RDWR);
  const bytes = new Uint8Array(240);
  const wait = at.task.fds.get(file.fd)?.read(at.task, bytes);
  if (wait === undefined || typeof wait === "number") throw new Error(`${wait}`);
  at.device.event(C.EV_KEY, KEY_A, 1);
  assertEquals(wait.result, undefined);
  at.device.sync();
  assertEquals(wait.result, 48);
});

Deno.test("numbers of nodes are taken anew, with the minors of evdev; behind 32 of them they are the minors that all kinds share", () => {
  using system = new System();
  const heard: string[] = [];
  using _listening = system.onInput((action, { path }) =>
    void heard.push(`${action} ${path} ${system.nodes.includes(path)}`)
  );
  const make = () => new InputDevice(system, { name: "", id: { bustype: 0, vendor: 0, product: 0, version: 0 } });
  const devices = Array.from({ length: 34 }, make);
  assertEquals(devices.slice(30).map(({ path, minor, serial }) => [path, minor, serial]), [
    ["/dev/input/event30", 94, 30],
    ["/dev/input/event31", 95, 31],
    ["/dev/input/event256", 256, 32],
    ["/dev/input/event257", 257, 33],
  ]);
  devices[3][Symbol.dispose]();
  devices[3][Symbol.dispose]();
  assertEquals(heard.slice(33), ["add /dev/input/event257 true", "remove /dev/input/event3 false"]);
  const again = make();
  assertEquals([again.path, again.minor, again.serial], ["/dev/input/event3", 67, 34]);
  for (let number = 258; number < 1024; number++) make();
  assertEquals(assertThrows(make, DrmError).code, "ENOSPC");
  assertEquals(system.inputs.size, 32 + 768);
});
