// The programs of Debian's libdrm-tests, drm-info, kmscube and glmark2, as they are.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { drivers } from "udrm/mod.ts";
import { Rig } from "./rig.ts";

type Colour = readonly [number, number, number];
const GREY: Colour = [192, 192, 192], BLACK: Colour = [19, 19, 19];
const TOP: readonly Colour[] = [GREY, [192, 192, 0], [0, 192, 192], [0, 192, 0], [192, 0, 192], [192, 0, 0], [
  0,
  0,
  192,
]];
const MIDDLE: readonly Colour[] = [[0, 0, 192], BLACK, [192, 0, 192], BLACK, [0, 192, 192], BLACK, GREY];
const BOTTOM: readonly Colour[] = [
  [0, 33, 76],
  [255, 255, 255],
  [50, 0, 106],
  BLACK,
  [9, 9, 9],
  BLACK,
  [29, 29, 29],
  BLACK,
];

// The bars that modetest draws (SMPTE EG 1), as whole pixels.
function bars(x: number, y: number, width: number, height: number): Colour {
  if (y < Math.floor(height * 6 / 9)) return TOP[Math.floor(x * 7 / width)];
  if (y < Math.floor(height * 7 / 9)) return MIDDLE[Math.floor(x * 7 / width)];
  const five = Math.floor(width * 5 / 7), six = Math.floor(width * 6 / 7);
  if (x < five) return BOTTOM[Math.floor(x * 4 / five)];
  return x < six ? BOTTOM[Math.floor((x - five) * 3 / Math.floor(width / 7)) + 4] : BOTTOM[7];
}

// How many pixels of the screen are not the bars'. The last column of the bottom's thirds depends on rounding: one is allowed a row.
function wrongPixels(rig: Rig, columns: number, rows: number): number {
  const picture = rig.display.picture();
  assertEquals([picture?.width, picture?.height], [columns, rows]);
  let wrong = 0;
  for (let y = 0, at = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++, at += 4) {
      const [r, g, b] = bars(x, y, columns, rows);
      if (picture?.data[at] !== r || picture?.data[at + 1] !== g || picture?.data[at + 2] !== b) wrong++;
    }
  }
  return wrong;
}

const vkms = () => Rig.make((display) => [drivers.vkms({ display })]);

/** The id that stands first in the line of modetest's list that matches. */
function idOf(list: string, line: RegExp): string {
  const id = list.split("\n").find((text) => line.test(text))?.split("\t")[0];
  assert(id !== undefined, `${line} is not in\n${list}`);
  return id;
}

for (const [driver, make] of [["virtio_gpu", () => Rig.make()], ["vkms", vkms]] as const) {
  Deno.test(`modetest lists ${driver} and sets a mode: the bars are on the screen, pixel by pixel`, async () => {
    await using rig = await make();
    const list = await rig.run("modetest", "-M", driver);
    assertEquals([list.code, list.err], [0, ""]);
    const connector = idOf(list.out, /\tconnected\t/);
    for (const part of ["Encoders:", "CRTCs:", "Planes:", "XR24", "1024x768 60.00"]) {
      assertStringIncludes(list.out, part);
    }
    const running = rig.start("modetest", "-M", driver, "-s", `${connector}:1024x768@XR24`);
    await rig.serve(() => rig.display.picture()?.width === 1024);
    await rig.serve(() => wrongPixels(rig, 1024, 768) === 0, 5);
    await running.end();
    assertEquals((await running.ended()).code, 0);
    await rig.serve(() => rig.server.clients + rig.server.files === 0, 5);
    assertEquals([rig.system.devices[0].files.size, rig.errors], [0, []]);
  });

  Deno.test(`modetest -v flips pages of ${driver} at its refresh`, async () => {
    await using rig = await make();
    const connector = idOf((await rig.run("modetest", "-M", driver, "-c")).out, /\tconnected\t/);
    const running = rig.start("modetest", "-M", driver, "-v", "-s", `${connector}:1024x768`);
    // It tells its rate on stderr each 60 flips.
    const start = Date.now();
    await rig.serve(() => Date.now() - start > 2500);
    await running.end();
    const { code, err } = await running.ended();
    assertEquals(code, 0);
    const rate = Number(/freq: ([\d.]+)Hz/.exec(err)?.[1]);
    assert(rate > 30 && rate < 65, `60 flips a second are due: ${err}`);
  });

  Deno.test(`modeprint, proptest, drmdevice and drm_info understand ${driver}`, async () => {
    await using rig = await make();
    const print = await rig.run("modeprint", driver);
    assertStringIncludes(print.out, "count_connectors : 1");
    assertStringIncludes(print.out, "connected");
    const properties = await rig.run("proptest", "-M", driver);
    assertEquals(properties.code, 0);
    assertMatch(properties.out, /Connector \d+ \(Virtual-1\)/);
    const device = await rig.run("drmdevice");
    assertEquals(device.code, 0);
    assertStringIncludes(device.out, "nodes[0] /dev/dri/card0");
    const text = await rig.run("drm_info");
    assertEquals([text.code, text.err], [0, ""]);
    assertStringIncludes(text.out, `Driver: ${driver}`);
    const json = await rig.run("drm_info", "-j");
    assertEquals(json.code, 0);
    const card = JSON.parse(json.out)["/dev/dri/card0"];
    // drm_info takes all client capabilities: it sees the writeback connector too.
    const types = card.connectors.map(({ type }: { type: number }) => type);
    assertEquals([card.driver.name, types, card.crtcs.length], [driver, driver === "vkms" ? [15, 18] : [15], 1]);
    for (const { type, properties } of card.connectors) assertEquals("WRITEBACK_FB_ID" in properties, type === 18);
    assertEquals(card.driver.client_caps.ATOMIC, true);
    assertEquals(rig.errors, []);
  });
}

Deno.test("modetest -a shows a plane by an atomic commit", async () => {
  await using rig = await vkms();
  const list = (await rig.run("modetest", "-M", "vkms")).out;
  const connector = idOf(list, /\tconnected\t/);
  const crtc = /CRTCs:\n[^\n]*\n(\d+)/.exec(list)?.[1];
  const planes = list.slice(list.indexOf("Planes:"));
  const primary = [...planes.matchAll(/^(\d+)\t[\s\S]*?enums: Overlay=0 Primary=1 Cursor=2\n\t\tvalue: (\d)/gm)]
    .find(([, , type]) => type === "1")?.[1];
  const running = rig.start(
    ...["modetest", "-M", "vkms", "-a", "-s", `${connector}@${crtc}:1024x768`, "-P", `${primary}@${crtc}:1024x768`] as [
      string,
      ...string[],
    ],
  );
  await rig.serve(() => rig.display.picture()?.width === 1024 && wrongPixels(rig, 1024, 768) === 0, 10);
  await running.end();
  assertEquals((await running.ended()).code, 0);
});

Deno.test("kmscube draws its cube with Mesa's software renderer, at the refresh of the screen", async () => {
  await using rig = await Rig.make();
  const running = rig.start("kmscube", "-D", "/dev/dri/card0", "-c", "120");
  await rig.serve(() => rig.display.frames() > 60);
  const picture = rig.display.picture();
  const at = (x: number, y: number): number[] => [
    ...picture?.data.subarray((y * 1280 + x) * 4, (y * 1280 + x) * 4 + 3) ?? [],
  ];
  // Grey all around, and in the middle a face whose colours change from corner to corner.
  const grey = [[0, 0], [1279, 0], [0, 799], [1279, 799], [100, 400]].map(([x, y]) => at(x, y));
  assertEquals(grey, new Array(5).fill([128, 128, 128]));
  const middle = [[600, 400], [640, 400], [640, 440]].map(([x, y]) => at(x, y).join());
  assertEquals(new Set([...middle, "128,128,128"]).size, 4, middle.join(" "));
  const { out } = await running.ended();
  const rate = Number(/\(([\d.]+) fps\)/.exec(out)?.[1]);
  assert(rate > 25 && rate < 65, out);
  assertEquals(rig.errors, []);
});

Deno.test("modetest -P shows an overlay plane at its place, and the rest of the screen around it", async () => {
  await using rig = await Rig.make((display) => [drivers.vkms({ display, overlays: 1 })]);
  const list = (await rig.run("modetest", "-M", "vkms")).out;
  const connector = idOf(list, /\tconnected\t/);
  const crtc = /CRTCs:\n[^\n]*\n(\d+)/.exec(list)?.[1];
  const plane = `${overlayOf(list)}@${crtc}:320x240+100+50@XR24`;
  const running = rig.start(
    "modetest",
    "-M",
    "vkms",
    "-F",
    "smpte,smpte",
    "-s",
    `${connector}@${crtc}:1024x768`,
    "-P",
    plane,
  );
  const wrong = (): number => {
    const picture = rig.display.picture();
    if (picture?.width !== 1024) return Infinity;
    let count = 0;
    for (let y = 0, at = 0; y < 768; y++) {
      for (let x = 0; x < 1024; x++, at += 4) {
        const inside = x >= 100 && x < 420 && y >= 50 && y < 290;
        const [r, g, b] = inside ? bars(x - 100, y - 50, 320, 240) : bars(x, y, 1024, 768);
        if (picture.data[at] !== r || picture.data[at + 1] !== g || picture.data[at + 2] !== b) count++;
      }
    }
    return count;
  };
  await rig.serve(() => wrong() === 0);
  await running.end();
  assertEquals([(await running.ended()).code, rig.errors], [0, []]);
});

function overlayOf(list: string): string {
  const planes = list.slice(list.indexOf("Planes:"));
  const id = [...planes.matchAll(/^(\d+)\t[\s\S]*?enums: Overlay=0 Primary=1 Cursor=2\n\t\tvalue: (\d)/gm)]
    .find(([, , type]) => type === "0")?.[1];
  assert(id !== undefined, planes);
  return id;
}

for (const [driver, make] of [["virtio_gpu", () => Rig.make()], ["vkms", vkms]] as const) {
  Deno.test(`modetest -C moves a cursor over the screen of ${driver}`, async () => {
    await using rig = await make();
    const connector = idOf((await rig.run("modetest", "-M", driver, "-c")).out, /\tconnected\t/);
    const running = rig.start("modetest", "-M", driver, "-s", `${connector}:1024x768`, "-C");
    // The first pixel that is not of the bars is the cursor's corner: it goes down the diagonal.
    const corner = (): readonly [number, number] | undefined => {
      const picture = rig.display.picture();
      if (picture?.width !== 1024) return undefined;
      for (let y = 0, at = 0; y < 512; y++) {
        for (let x = 0; x < 1024; x++, at += 4) {
          const [r, g, b] = bars(x, y, 1024, 768);
          if (picture.data[at] !== r || picture.data[at + 1] !== g || picture.data[at + 2] !== b) return [x, y];
        }
      }
      return undefined;
    };
    const seen = new Set<number>();
    await rig.serve(() => {
      const place = corner();
      if (place !== undefined && place[0] === place[1]) seen.add(place[0]);
      return seen.size >= 5;
    });
    await running.end();
    assertEquals([(await running.ended()).code, rig.errors], [0, []]);
  });

  Deno.test(`vbltest counts the vertical blanks of ${driver} while another program shows something`, async () => {
    await using rig = await make();
    const connector = idOf((await rig.run("modetest", "-M", driver, "-c")).out, /\tconnected\t/);
    const shown = rig.start("modetest", "-M", driver, "-s", `${connector}:1024x768`);
    await rig.serve(() => rig.display.picture()?.width === 1024);
    const running = rig.start("vbltest", "-M", driver);
    const start = Date.now();
    await rig.serve(() => running.exited || Date.now() - start > 2500);
    await running.end();
    const { err } = await running.ended();
    const rate = Number(/freq: ([\d.]+)Hz/.exec(err)?.[1]);
    assert(rate > 30 && rate < 65, `60 a second are due: ${err}`);
    await shown.end();
    assertEquals([(await shown.ended()).code, rig.errors], [0, []]);
  });
}

Deno.test("glmark2 turns its horse on the screen, with Mesa's software renderer", async () => {
  await using rig = await Rig.make();
  // The primary plane has no alpha.
  const config = "red=8:green=8:blue=8:alpha=0:buffer=24";
  const running = rig.start("glmark2-es2-drm", "-b", "build:duration=2", "--visual-config", config);
  const copy = (): Uint8Array => rig.display.picture()?.data.slice() ?? new Uint8Array(0);
  await rig.serve(() => running.exited || rig.display.frames() > 5);
  const first = copy();
  const frames = rig.display.frames();
  await rig.serve(() => running.exited || rig.display.frames() > frames + 5);
  const second = copy();
  const { code, out } = await running.ended();
  assertEquals(code, 0, out);
  assertStringIncludes(out, "glmark2 Score:");
  assertEquals([first.length, second.length], [1280 * 800 * 4, 1280 * 800 * 4]);
  let changed = 0, drawn = 0;
  for (let i = 0; i < first.length; i += 4) {
    if (first[i] !== second[i]) changed++;
    if (first[i] !== first[0]) drawn++;
  }
  assert(changed > 1000 && drawn > 50_000 && drawn < 600_000, `${drawn} pixels drawn, ${changed} of them changed`);
  assertEquals(rig.errors, []);
});
