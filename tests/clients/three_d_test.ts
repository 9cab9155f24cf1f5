// Unmodified programs of OpenGL draw by Mesa's virtio_gpu driver: their commands are virgl's, executed by Vulkan.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { drivers } from "udrm/mod.ts";
import { Rig } from "./rig.ts";
import { shows, startSway } from "./sway.ts";

const virgl = (): Promise<Rig> =>
  Rig.make((
    display,
  ) => [drivers.virtioGpu({ display, renderer: "virgl", completionEvents: true, name: "pci:0000:00:1f.7" })]);

function pixel(rig: Rig, x: number, y: number): number[] {
  const picture = rig.display.picture();
  return [...picture?.data.subarray((y * picture.width + x) * 4, (y * picture.width + x) * 4 + 3) ?? []];
}

async function nothingIsLeft(rig: Rig): Promise<void> {
  await rig.serve(() => rig.server.clients + rig.server.files === 0, 5);
  assertEquals([rig.system.devices[0].files.size, rig.errors], [0, []]);
}

for (const options of [[], ["-x"], ["-A"]]) {
  const how = { "": "flipping", "-x": "without surfaces", "-A": "by atomic commits with fences" }[options.join()];
  Deno.test(`kmscube turns its cube by virgl, ${how}`, async () => {
    await using rig = await virgl();
    const running = rig.start("kmscube", "-D", "/dev/dri/card0", ...options, "-c", "60");
    await rig.serve(() => running.exited || rig.display.frames() > 20);
    // Grey all around, and in the middle a face whose colours change from corner to corner.
    const grey = [[0, 0], [1279, 0], [0, 799], [1279, 799], [100, 400]].map(([x, y]) => pixel(rig, x, y));
    assertEquals(grey, new Array(5).fill([128, 128, 128]), running.out);
    const face = (): string[] => [560, 600, 640, 680, 720].map((x) => pixel(rig, x, 400).join());
    const middle = face();
    assertEquals(new Set([...middle, "128,128,128"]).size, 6, middle.join(" "));
    const frames = rig.display.frames();
    await rig.serve(() => running.exited || rig.display.frames() > frames + 10);
    assert(face().join() !== middle.join(), "it does not turn");
    const { out } = await running.ended();
    assertMatch(out, /renderer: "virgl \(udrm \(/);
    assertMatch(out, /Rendered \d+ frames/);
    await nothingIsLeft(rig);
  });
}

Deno.test("glmark2 draws its scenes by virgl on the screen", async () => {
  await using rig = await virgl();
  // The primary plane has no alpha.
  const config = ["--visual-config", "red=8:green=8:blue=8:alpha=0:buffer=24"];
  const running = rig.start("glmark2-es2-drm", ...config, "-b", "build:duration=2", "-b", "texture:duration=1");
  const copy = (): Uint8Array => rig.display.picture()?.data.slice() ?? new Uint8Array(0);
  await rig.serve(() => running.exited || rig.display.frames() > 5);
  const first = copy(), frames = rig.display.frames();
  await rig.serve(() => running.exited || rig.display.frames() > frames + 10);
  const second = copy();
  const { code, out } = await running.ended();
  assertEquals(code, 0, out);
  assertMatch(out, /GL_RENDERER: +virgl \(udrm \(/);
  assertMatch(out, /GL_VERSION: +OpenGL ES 3\.0 /);
  assertStringIncludes(out, "glmark2 Score:");
  assertEquals([first.length, second.length], [1280 * 800 * 4, 1280 * 800 * 4]);
  // The horse is white and turns; what is around it stays.
  let changed = 0, drawn = 0;
  for (let i = 0; i < first.length; i += 4) {
    if (first[i] !== second[i]) changed++;
    if (first[i] !== first[0]) drawn++;
  }
  assert(changed > 1000 && drawn > 50_000 && drawn < 600_000, `${drawn} pixels drawn, ${changed} of them changed`);
  await nothingIsLeft(rig);
});

Deno.test("eglinfo finds Mesa's virtio_gpu driver by GBM, without surfaces, and as a device", async () => {
  await using rig = await virgl();
  const { out } = await rig.run("eglinfo");
  const parts = ["GBM platform:", "Surfaceless platform:", "Device #0:"].map((name) => out.slice(out.indexOf(name)));
  for (const part of parts) {
    const [, driver] = /EGL driver name: (\S+)/.exec(part) ?? [];
    assertEquals(driver, "virtio_gpu", part.slice(0, 400));
    assertStringIncludes(part, "EGL_ANDROID_native_fence_sync");
  }
  await nothingIsLeft(rig);
});

const CONFIG = `xwayland disable
output * background #204060 solid_color
default_border none
exec es2gears_wayland
`;

Deno.test("sway composes by virgl what a client draws by virgl: the gears turn", async () => {
  await using rig = await virgl();
  const folder = Deno.makeTempDirSync({ prefix: "udrm-sway-" });
  try {
    Deno.writeTextFileSync(`${folder}/config`, CONFIG);
    const running = startSway(rig, folder, "WLR_LIBINPUT_NO_DEVICES=1", "WLR_RENDERER=gles2");
    // How many pixels are red, green, blue as a gear is, and the red ones' places.
    const gears = (): { counts: number[]; places: Set<number> } => {
      const counts = [0, 0, 0], places = new Set<number>(), data = rig.display.picture()?.data ?? new Uint8Array(0);
      for (let at = 0; at < data.length; at += 4) {
        const strong = [0, 1, 2].filter((i) => data[at + i] > 100), [colour] = strong;
        if (strong.length !== 1 || [0, 1, 2].some((i) => i !== colour && data[at + i] > 90)) continue;
        counts[colour]++;
        if (colour === 0) places.add(at);
      }
      return { counts, places };
    };
    const there = (): boolean => gears().counts.every((count) => count > 2000);
    await shows(rig, running, there);
    const { places } = gears();
    await shows(rig, running, () => there() && [...gears().places].filter((at) => !places.has(at)).length > 200);
    running.kill("SIGTERM");
    await running.ended();
    await nothingIsLeft(rig);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
