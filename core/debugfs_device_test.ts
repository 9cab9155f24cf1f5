import { assertEquals } from "@std/assert";
import * as uapi from "../uapi/mod.ts";
import { DEBUGFS } from "./debugfs.ts";
import type { OpenFile } from "./process.ts";
import { errno, testDriver, type TestSystem, testSystem } from "./testing.ts";

function textOf(t: TestSystem, path: string): string {
  using file: OpenFile = t.task.open(`${DEBUGFS}/${path}`, uapi.O_RDONLY);
  const bytes = new Uint8Array(1 << 16);
  return new TextDecoder().decode(bytes.subarray(0, file.read(bytes)));
}

const flink = (t: TestSystem, handle: number): number => {
  const arg = uapi.drm_gem_flink.of({ handle });
  t.card.ioctl(uapi.DRM_IOCTL_GEM_FLINK, arg);
  return arg.name;
};

Deno.test("dri: a folder by the name on the bus, links by minor numbers; a device without KMS has no state", () => {
  using t = testSystem({ drivers: [testDriver(), testDriver({ name: "plain", features: ["GEM"] })] });
  const dri = t.system.debugfs.folder("dri");
  assertEquals([...dri.entries.keys()], ["test", "0", "128", "plain", "1"]);
  for (const name of ["test", "0", "128"]) assertEquals(dri.lookup(name), t.device.debugfs);
  assertEquals([...t.device.debugfs.entries.keys()], ["name", "clients", "gem_names"]);
  assertEquals(errno(() => textOf(t, "dri/0/state")), "ENOENT");
});

Deno.test("dri: names that are taken, or numbers, or no names, do not hide a device", () => {
  const bus = (unique: string) => () => ({ type: "platform", unique });
  using t = testSystem({
    drivers: [testDriver(), testDriver(), testDriver({ bus: bus("7") }), testDriver({ bus: bus("a/../b") })],
  });
  t.system.addDevice(testDriver({
    bus: () => ({
      type: "pci",
      unique: "pci:0000:00:02.0",
      pci: { vendor: 0x1af4, device: 0x1050, address: "0000:00:02.0", revision: 1 },
    }),
  }));
  const dri = t.system.debugfs.folder("dri");
  assertEquals([...dri.entries.keys()].filter((name) => !/^\d+$/.test(name)), [
    "test",
    "test.1",
    "7.2",
    "a!..!b",
    "0000:00:02.0",
  ]);
  assertEquals(textOf(t, "dri/4/name"), "test dev=0000:00:02.0 unique=0000:00:02.0\n");
});

Deno.test("name: driver, device and what SET_VERSION named the master", () => {
  using t = testSystem();
  assertEquals(textOf(t, "dri/0/name"), "test dev=test unique=test\n");
  t.card.ioctl(
    uapi.DRM_IOCTL_SET_VERSION,
    uapi.drm_set_version.of({ drm_di_major: 1, drm_di_minor: 4, drm_dd_major: -1, drm_dd_minor: -1 }),
  );
  assertEquals(textOf(t, "dri/0/name"), "test dev=test master=test unique=test\n");
});

Deno.test("clients: the oldest first, with minor, master, authentication, uid and magic", () => {
  using t = testSystem({ process: { pid: 77, comm: "server", uid: 0 } });
  const other = t.system.process({ pid: 123456, comm: "client", uid: 1001 });
  using _render = other.open("/dev/dri/renderD128");
  using card = other.open("/dev/dri/card0");
  const auth = uapi.drm_auth.of();
  card.ioctl(uapi.DRM_IOCTL_GET_MAGIC, auth);
  const lines = [
    "             command  tgid dev master a   uid      magic",
    "              server    77   0   y    y     0          0",
    "              client 123456 128   n    n  1001          0",
    "              client 123456   0   n    n  1001          1",
  ];
  assertEquals(textOf(t, "dri/0/clients"), lines.join("\n") + "\n");
  t.card.ioctl(uapi.DRM_IOCTL_AUTH_MAGIC, auth);
  lines[3] = lines[3].replace("n    n", "n    y");
  assertEquals(textOf(t, "dri/128/clients"), lines.join("\n") + "\n");
  other[Symbol.dispose]();
  assertEquals(textOf(t, "dri/0/clients"), lines.slice(0, 2).join("\n") + "\n");
});

Deno.test("gem_names: what FLINK named, with size, handles and references", () => {
  using t = testSystem();
  assertEquals(textOf(t, "dri/0/gem_names"), "  name     size handles refcount\n");
  const small = t.dumb(), big = t.dumb(t.card, 300);
  assertEquals([flink(t, small), flink(t, big)], [1, 2]);
  t.card.ioctl(uapi.DRM_IOCTL_GEM_OPEN, uapi.drm_gem_open.of({ name: 2 }));
  t.object(big).ref();
  const header = "  name     size handles refcount\n";
  assertEquals(
    textOf(t, "dri/0/gem_names"),
    `${header}     1     4096       1        1\n     2  1228800       2        2\n`,
  );
  t.object(big).put();
  t.closeGem(small);
  assertEquals(textOf(t, "dri/0/gem_names"), `${header}     2  1228800       2        1\n`);
});

Deno.test("unplug: the folder goes with its links, open files answer EIO, a new device has a new one", () => {
  using t = testSystem({ drivers: [testDriver(), testDriver({ name: "other" })] });
  using file = t.task.open(`${DEBUGFS}/dri/0/clients`, uapi.O_RDONLY);
  t.system.removeDevice(t.device);
  assertEquals([...t.system.debugfs.folder("dri").entries.keys()], ["other", "1", "129"]);
  assertEquals(errno(() => file.read(new Uint8Array(99))), "EIO");
  assertEquals(errno(() => textOf(t, "dri/0/name")), "ENOENT");
  const { card } = t.system.addDevice(testDriver({ name: "third" }));
  assertEquals(textOf(t, `dri/${card}/name`), "third dev=third unique=third\n");
  assertEquals(errno(() => file.read(new Uint8Array(99))), "EIO");
});

Deno.test("a device whose probe fails leaves no folder", () => {
  using t = testSystem();
  const probe = (): never => {
    throw new TypeError("no such hardware");
  };
  try {
    t.system.addDevice(testDriver({ name: "broken", probe }));
  } catch (error) {
    assertEquals((error as Error).message, "no such hardware");
  }
  assertEquals([...t.system.debugfs.folder("dri").entries.keys()], ["test", "0", "128"]);
});
