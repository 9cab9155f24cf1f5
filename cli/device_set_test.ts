import { assertEquals } from "@std/assert";
import { createSystem } from "../mod.ts";
import { parseConfig } from "./config.ts";
import { DeviceSet } from "./device_set.ts";

const NONE = { devices: [] };
const ONE = parseConfig({ devices: [{ driver: "virtio_gpu" }] });

Deno.test("DeviceSet follows a device whose driver is taken off and put back, also when it is dropped meanwhile", () => {
  using system = createSystem();
  using devices = new DeviceSet(system);
  devices.apply(ONE);
  const names = (): string[] => devices.connectors().map(({ connector }) => connector);
  assertEquals(names(), ["card0-Virtual-1"]);
  using client = system.process();
  const card = client.open("/dev/dri/card0");
  const [first] = system.devices;
  system.unbind(first);
  assertEquals(names(), []);
  // Its number is taken as long as the old device is open.
  const second = system.bind(first);
  assertEquals(names(), ["card1-Virtual-1"]);
  assertEquals(devices.plug("card1-Virtual-1", false).status, "disconnected");
  // The host outlives the clients of what the device was before.
  devices.apply(NONE);
  assertEquals([system.devices.length, second.unplugged], [0, true]);
  card.close();
  devices.sweep();

  devices.apply(ONE);
  const [third] = system.devices;
  system.unbind(third);
  devices.apply(NONE);
  devices.apply(ONE);
  assertEquals(names(), ["card0-Virtual-1"]);
});
