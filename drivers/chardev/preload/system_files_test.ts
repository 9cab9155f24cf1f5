import { assertEquals } from "@std/assert";
import { defineDriver } from "udrm/core/driver.ts";
import { System } from "udrm/core/system.ts";
import "udrm/drivers/os/testing.ts";
import { SystemFiles } from "./system_files.ts";

function folder(body: (folder: string) => void): void {
  const path = Deno.makeTempDirSync({ prefix: "udrm-files-" });
  try {
    body(path);
  } finally {
    Deno.removeSync(path, { recursive: true });
  }
}

const make = (name: string, features: ("GEM" | "RENDER")[], pci = false) =>
  defineDriver({
    name,
    desc: name,
    version: [1, 2, 3],
    features,
    ...(pci
      ? {
        bus: () => ({
          type: "pci",
          unique: "pci:0000:fe:1f.0",
          driver: name,
          pci: { vendor: 0x1234, device: 0x1111, address: "0000:fe:1f.0", revision: 2 },
        }),
      }
      : {}),
  });

const names = (path: string): string[] => [...Deno.readDirSync(path)].map(({ name }) => name).sort();

Deno.test("SystemFiles: nodes, and from each the way to its device, as libdrm goes", () => {
  folder((path) => {
    using system = new System();
    system.addDevice(make("toy", ["GEM"]));
    system.addDevice(make("card", ["GEM", "RENDER"], true));
    using _files = new SystemFiles(system, path);
    const root = `${path}/root`;
    const read = (path: string) => Deno.readTextFileSync(root + path);
    assertEquals(names(`${root}/dev/dri`), ["by-path", "card0", "card1", "renderD128"]);
    assertEquals(read("/sys/dev/char/226:0/device/uevent"), "MODALIAS=platform:toy\n");
    assertEquals(read("/sys/dev/char/226:128/uevent").split("\n")[2], "DEVNAME=dri/renderD128");
    for (const path of ["/sys/dev/char/226:1", "/sys/dev/char/226:128", "/sys/class/drm/card1"]) {
      assertEquals(
        Deno.realPathSync(`${root}${path}/device`),
        Deno.realPathSync(`${root}/sys/devices/pci0000:fe/0000:fe:1f.0`),
      );
      assertEquals([read(`${path}/device/vendor`), read(`${path}/device/device`)], ["0x1234\n", "0x1111\n"]);
      assertEquals(Deno.readLinkSync(`${root}${path}/device/subsystem`).split("/").at(-1), "pci");
      assertEquals([...Deno.readDirSync(`${root}${path}/device/drm`)].length, 2);
    }
    const config = Deno.readFileSync(`${root}/sys/dev/char/226:1/device/config`);
    assertEquals([config.length, ...config.subarray(0, 4), config[8]], [64, 0x34, 0x12, 0x11, 0x11, 2]);
    assertEquals(read("/proc/dri/1/name"), "card dev=pci:0000:fe:1f.0 unique=pci:0000:fe:1f.0\n");
    assertEquals(read("/run/udev/data/c226:1").split("\n").filter((line) => /^[SGE]:/.test(line)), [
      "S:dri/by-path/pci-0000:fe:1f.0-card",
      "E:ID_PATH=pci-0000:fe:1f.0",
      "E:ID_PATH_TAG=pci-0000_fe_1f_0",
      "E:ID_FOR_SEAT=drm-pci-0000_fe_1f_0",
      "G:seat",
      "G:master-of-seat",
      "G:uaccess",
    ]);
  });
});

Deno.test("SystemFiles: what a device brings goes with it, and only that", () => {
  folder((path) => {
    using system = new System();
    system.addDevice(make("toy", ["GEM"]));
    using _files = new SystemFiles(system, path);
    const everything = (): string[] => {
      const { success, stdout } = new Deno.Command("find", { args: [`${path}/root`] }).outputSync();
      assertEquals(success, true);
      return new TextDecoder().decode(stdout).split("\n").sort();
    };
    const before = everything();
    const device = system.addDevice(make("other", ["GEM", "RENDER"]));
    assertEquals(names(`${path}/root/dev/dri`), ["by-path", "card0", "card1", "renderD128"]);
    system.removeDevice(device);
    assertEquals(everything(), before);
    // The number is free again.
    system.addDevice(make("third", ["GEM"]));
    assertEquals(Deno.readTextFileSync(`${path}/root/proc/dri/1/name`), "third dev=third unique=third\n");
  });
});

Deno.test("SystemFiles: a folder that the system has, too, lists both; what it has is reached by a link to its own name", () => {
  folder((path) => {
    using system = new System();
    system.addDevice(make("toy", ["GEM"]));
    using _files = new SystemFiles(system, path);
    const merged = `${path}/root/sys/class`;
    assertEquals(new Set(names(merged)), new Set([...names("/sys/class"), "drm"]));
    const other = names("/sys/class").find((name) => name !== "drm");
    if (other !== undefined) assertEquals(Deno.readLinkSync(`${merged}/${other}`), `/sys/class/${other}`);
    // Nothing of the system shows in a folder that is ours alone.
    assertEquals(names(`${merged}/drm`), ["card0", "version"]);
  });
});

Deno.test("SystemFiles: uevents go to sockets, and what nobody has open any more is removed", () => {
  folder((path) => {
    using system = new System();
    using _files = new SystemFiles(system, path);
    // A file that is no socket, and names that nobody can have made, stay as they are.
    Deno.writeTextFileSync(`${path}/uevents/strange`, "");
    Deno.writeTextFileSync(`${path}/uevents/3-1-1`, "");
    system.addDevice(make("toy", ["GEM"]));
    assertEquals(names(`${path}/uevents`), ["strange"]);
  });
});
