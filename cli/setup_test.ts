import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { familyOf, type Machine, missing, packagesFor, REQUIREMENTS, thisMachine } from "./requirements.ts";

const machine = (files: string[]): Machine => ({
  bin: ["/usr/bin"],
  lib: ["/usr/lib"],
  exists: (path) => files.includes(path),
});

Deno.test("missing lists what the purpose needs and the machine lacks", () => {
  const names = (purpose: "demo" | "test", files: string[]) => packagesFor(missing(purpose, machine(files)), "debian");
  assertEquals(names("demo", []), ["libvulkan1", "mesa-vulkan-drivers"]);
  assertEquals(names("demo", ["/usr/lib/libvulkan.so.1"]), ["mesa-vulkan-drivers"]);
  assertEquals(names("demo", ["/usr/lib/libvulkan.so.1", "/etc/vulkan/icd.d/*.json"]), []);
  assertEquals(names("test", ["/usr/bin/gcc", "/usr/bin/spirv-val", "/usr/include/stdio.h"]), [
    "libvulkan1",
    "mesa-vulkan-drivers",
    "libdrm-dev",
    "libdrm-tests",
    "drm-info",
    "kmscube",
    "glmark2-es2-drm",
    "mesa-utils",
    "glmark2-x11",
    "glmark2-es2-x11",
    "xvfb",
    "virgl-server",
    "sway",
    "libinput-tools",
    "gvncviewer",
    "udev",
    "libudev-dev",
    "libgl1-mesa-dri",
    "chromium",
    "libsixel-bin",
    "linux-libc-dev",
    "libvulkan-dev",
    "vulkan-validationlayers",
  ]);
});

Deno.test("every requirement can be met", () => {
  const all = machine(
    REQUIREMENTS.flatMap(({ files }) => files).map((file) =>
      file.replace("{lib}", "/usr/lib").replace("{bin}", "/usr/bin")
    ),
  );
  assertEquals([missing("demo", all), missing("test", all)], [[], []]);
});

Deno.test("thisMachine matches a pattern within one folder", () => {
  const { exists } = thisMachine();
  assertEquals([exists("/proc/self/sta*s"), exists("/proc/self/status"), exists("/proc/*/status-none")], [
    true,
    true,
    false,
  ]);
  assertEquals([exists("/proc/self/tat*"), exists("/nowhere/*"), exists("/proc/self/stat.s")], [false, false, false]);
});

Deno.test("familyOf reads ID and ID_LIKE", () => {
  assertEquals(familyOf('PRETTY_NAME="x"\nID=debian\n'), "debian");
  assertEquals(familyOf('ID=pop\nID_LIKE="ubuntu debian"\n'), "debian");
  assertEquals(familyOf('ID="rocky"\nID_LIKE="rhel centos fedora"'), "fedora");
  assertEquals(familyOf("ID=manjaro\nID_LIKE=arch\n"), "arch");
  assertEquals([familyOf("ID=alpine\n"), familyOf("")], [undefined, undefined]);
});

Deno.test("setup --check reports without installing, refuses wrong options, and has help", async () => {
  const setup = async (...args: string[]) => {
    const script = new URL("./setup.ts", import.meta.url).href;
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", script, ...args],
    }).output();
    return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
  };
  const checked = await setup("--check", "--json", "--for", "test");
  const outcome = JSON.parse(checked.stdout);
  assertEquals(outcome.ok, missing("test", thisMachine()).length === 0);
  assertEquals([checked.code, outcome.installed], [outcome.ok ? 0 : 1, []]);
  assertEquals((await setup("--for", "lunch")).code, 2);
  assertEquals((await setup("--lunch")).code, 2);
  const help = await setup("--help");
  assert(help.code === 0);
  assertStringIncludes(help.stdout, "--for test");
});
