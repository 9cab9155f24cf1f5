import { assertEquals } from "@std/assert";
import { defineDriver } from "udrm/core/driver.ts";
import { System } from "udrm/core/system.ts";
import { writeTree } from "./tree.ts";

function tree(body: (root: string) => void): void {
  const root = Deno.makeTempDirSync({ prefix: "udrm-tree-" });
  try {
    body(root);
  } finally {
    Deno.removeSync(root, { recursive: true });
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
          unique: "pci:0000:00:1f.0",
          driver: name,
          pci: { vendor: 0x1234, device: 0x1111, address: "0000:00:1f.0", revision: 2 },
        }),
      }
      : {}),
  });

Deno.test("writeTree: nodes, and from each the way to its device, as libdrm goes", () => {
  tree((root) => {
    using system = new System();
    system.addDevice(make("toy", ["GEM"]));
    system.addDevice(make("card", ["GEM", "RENDER"], true));
    writeTree(system, root);
    const read = (path: string) => Deno.readTextFileSync(root + path);
    assertEquals([...Deno.readDirSync(`${root}/dev/dri`)].map(({ name }) => name).sort(), [
      "card0",
      "card1",
      "renderD128",
    ]);
    assertEquals(read("/sys/dev/char/226:0/device/uevent"), "DRIVER=toy\nMODALIAS=platform:toy\n");
    assertEquals(read("/sys/dev/char/226:128/uevent").split("\n")[2], "DEVNAME=dri/renderD128");
    for (const path of ["/sys/dev/char/226:1", "/sys/dev/char/226:128", "/sys/class/drm/card1"]) {
      assertEquals(
        Deno.realPathSync(`${root}${path}/device`),
        Deno.realPathSync(`${root}/sys/devices/pci0000:00/0000:00:1f.0`),
      );
      assertEquals([read(`${path}/device/vendor`), read(`${path}/device/device`)], ["0x1234\n", "0x1111\n"]);
      assertEquals(Deno.readLinkSync(`${root}${path}/device/subsystem`).split("/").at(-1), "pci");
      assertEquals([...Deno.readDirSync(`${root}${path}/device/drm`)].length, 2);
    }
    const config = Deno.readFileSync(`${root}/sys/dev/char/226:1/device/config`);
    assertEquals([config.length, ...config.subarray(0, 4), config[8]], [64, 0x34, 0x12, 0x11, 0x11, 2]);
    assertEquals(read("/proc/dri/1/name"), "card dev=pci:0000:00:1f.0 unique=pci:0000:00:1f.0\n");
  });
});
