// libudev and the C library's ways to look at names, in a program that uses them, and Debian's udevadm.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { defineDriver } from "udrm/core/driver.ts";
import { disableAll } from "udrm/core/kms/shutdown.ts";
import { drivers } from "udrm/mod.ts";
import { compile, Rig } from "./rig.ts";

const client = (): string => compile("udev_client.c", "-ludev");
const SYS = "/sys/devices/pci0000:00/0000:00:1f.7/virtio0/drm";
const toy = defineDriver({ name: "toy", desc: "", version: [1, 0, 0], features: ["GEM"] });

Deno.test("libudev enumerates the devices, their parents, their properties and the connector's state", async () => {
  await using rig = await Rig.make();
  // Nobody has asked the connector yet: without a console on the screen this is what the kernel says, too.
  assertStringIncludes((await rig.run(client(), "enumerate")).out, "card0-Virtual-1 drm_connector - unknown");
  await rig.run("modetest", "-M", "virtio_gpu", "-c");
  const { code, out, err } = await rig.run(client(), "enumerate");
  assertEquals([code, err], [0, ""]);
  assertEquals(out.trim().split("\n").sort(), [
    "226:0 is /dev/dri/card0",
    "card0 drm_minor /dev/dri/card0 - seat=1 path=pci-0000:00:1f.7 parent=virtio",
    "card0-Virtual-1 drm_connector - connected seat=0 path=- parent=drm",
    "renderD128 drm_minor /dev/dri/renderD128 - seat=0 path=pci-0000:00:1f.7 parent=virtio",
  ]);
  assertEquals(rig.errors, []);
});

for (const group of ["udev", "kernel"] as const) {
  Deno.test(`libudev's monitor of the group "${group}" hears of hotplug, and of devices that come and go`, async () => {
    await using rig = await Rig.make();
    const running = rig.start(client(), group);
    await rig.serve(() => running.out === "ready\n");
    const connector = rig.system.devices[0].kms?.connectors[0];
    connector?.hotplug();
    const device = rig.system.addDevice(toy);
    await rig.serve(() => running.out.includes("add card1"));
    rig.system.removeDevice(device);
    await rig.serve(() => running.out.includes("remove card1"));
    await running.end();
    const { out, err } = await running.ended();
    assertEquals([out.split("\n"), err], [[
      "ready",
      `change card0 /dev/dri/card0 hotplug=1 connector=${connector?.id} there=1`,
      "add card1 /dev/dri/card1 hotplug=- connector=- there=1",
      "remove card1 /dev/dri/card1 hotplug=- connector=- there=0",
      "",
    ], ""]);
  });
}

Deno.test("a thousand uevents reach a monitor that is slow to read, in their order", async () => {
  await using rig = await Rig.make();
  const running = rig.start(client(), "udev");
  await rig.serve(() => running.out === "ready\n");
  for (let i = 0; i < 1000; i++) rig.system.devices[0].kms?.hotplug();
  await rig.serve(() => running.out.split("hotplug=1").length > 1000);
  await running.end();
  assertEquals((await running.ended()).out.split("change card0").length, 1001);
});

Deno.test("the kernel's uevent comes as netlink(7) has it", async () => {
  await using rig = await Rig.make();
  const running = rig.start(client(), "netlink");
  await rig.serve(() => running.out.includes("bound"));
  rig.system.devices[0].kms?.hotplug();
  const { out } = await running.ended();
  assertEquals(out.trim().split("\n"), [
    "bound 0 family 16 groups 1",
    "from 0 groups 1",
    `change@${SYS.slice(4)}/card0`,
    "ACTION=change",
    `DEVPATH=${SYS.slice(4)}/card0`,
    "SUBSYSTEM=drm",
    "HOTPLUG=1",
    "MAJOR=226",
    "MINOR=0",
    "DEVNAME=dri/card0",
    "DEVTYPE=drm_minor",
    "SEQNUM=1",
  ]);
});

Deno.test("names of devices are found by whatever the C library has for that", async () => {
  await using rig = await Rig.make();
  const { code, out, err } = await rig.run(client(), "names");
  assertEquals([code, err], [0, ""]);
  const [nftw, rest] = out.split("nftw\n")[1].split(/^realpath/m, 2);
  assertEquals(out.split("\n").slice(0, 2), [
    "glob /dev/dri/card0 /sys/class/drm/card0",
    "scandir card0 renderD128",
  ]);
  assertEquals(nftw.trim().split(/\n */).sort(), [
    "/dev/dri dri",
    "/dev/dri/by-path by-path",
    "/dev/dri/by-path/pci-0000:00:1f.7-card pci-0000:00:1f.7-card",
    "/dev/dri/by-path/pci-0000:00:1f.7-render pci-0000:00:1f.7-render",
    "/dev/dri/card0 card0 device",
    "/dev/dri/renderD128 renderD128 device",
  ]);
  assertEquals(rest, ` ${SYS}/card0/dev\n`);
  assertEquals(out.trim().split("\n").slice(-4), [
    "realpath /dev/dri/card0",
    `chdir 0 ${SYS}/card0 226:0`,
    "fstatat 0 1 226:0 .. 1 /dev/dri/card0 again 1 none -1 ENOENT exclusive -1 EEXIST",
    "merged drm=1 others=1 system=1",
  ]);
  assertEquals(rig.errors, []);
});

Deno.test("inotify tells of a device that comes, and the tree holds what is there", async () => {
  await using rig = await Rig.make();
  const running = rig.start(client(), "watch");
  await rig.serve(() => running.out.includes("watching 1"));
  const device = rig.system.addDevice(toy);
  assertEquals((await running.ended()).out, "watching 1\ncard1\n");
  assertEquals((await rig.run("ls", "/dev/dri", "/sys/class/drm")).out.split("card1").length, 3);
  rig.system.removeDevice(device);
  assertEquals(
    (await rig.run("ls", "-R", "/dev/dri", "/sys/class/drm", "/sys/bus/platform/devices")).out.includes("card1"),
    false,
  );
});

Deno.test("a connector's files in sysfs say what is so when they are opened, and its status can be forced", async () => {
  await using rig = await Rig.make((display) => [drivers.vkms({ display })]);
  const files = "/sys/class/drm/card0-Virtual-1";
  const list = (await rig.run("modetest", "-M", "vkms", "-c")).out;
  const connector = /^(\d+)\t\d+\tconnected/m.exec(list)?.[1];
  const read = async (): Promise<string[]> =>
    (await rig.run("sh", "-c", `cd ${files}; cat status enabled dpms connector_id; head -n 1 modes`)).out.trim().split(
      "\n",
    );
  assertEquals(await read(), ["connected", "disabled", "On", connector, "1024x768"]);
  const running = rig.start("modetest", "-M", "vkms", "-s", `${connector}:1024x768`);
  await rig.serve(() => rig.display.picture()?.width === 1024);
  assertEquals(await read(), ["connected", "enabled", "On", connector, "1024x768"]);
  await running.end();
  await running.ended();
  const [{ kms }] = rig.system.devices;
  if (kms !== undefined) disableAll(kms);
  assertEquals((await read()).slice(0, 3), ["connected", "disabled", "Off"]);
  assertEquals((await rig.run("sh", "-c", `echo off > ${files}/status; cat ${files}/status`)).out, "disconnected\n");
  assertEquals((await rig.run("sh", "-c", `echo nonsense > ${files}/status`)).code === 0, false);
  assertEquals(rig.errors, []);
});

Deno.test("udevadm knows a device as udev's rules leave it", async () => {
  await using rig = await Rig.make((display) => [drivers.vkms({ display })]);
  const { code, out, err } = await rig.run("udevadm", "info", "/dev/dri/card0");
  assertEquals([code, err], [0, ""]);
  for (
    const line of [
      "P: /devices/platform/vkms/drm/card0",
      "N: dri/card0",
      "S: dri/by-path/platform-vkms-card",
      "E: DEVTYPE=drm_minor",
      "E: ID_FOR_SEAT=drm-platform-vkms",
    ]
  ) assertStringIncludes(out, `${line}\n`);
  assertEquals(/^E: TAGS=:(.*):$/m.exec(out)?.[1].split(":").sort(), ["master-of-seat", "seat", "uaccess"]);
  const listed = await rig.run("udevadm", "info", "--export-db");
  assertEquals([listed.code, listed.out.split("U: drm\n").length], [0, 5]);
});
