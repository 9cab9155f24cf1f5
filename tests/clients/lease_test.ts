// Leases of clients in other processes: lease_client.c says what is demanded of them, here is what is on the screens meanwhile.
import { assertEquals } from "@std/assert";
import type { CursorImage, Display, Frame } from "udrm/core/display.ts";
import { drivers } from "udrm/mod.ts";
import { compile, Rig } from "./rig.ts";

/** Keeps the colour of each screen: undefined while it is off, NaN for more than one colour. */
class Screens implements Display {
  readonly name = "screens";
  readonly pixels: (number | undefined)[] = [];
  readonly sizes: string[] = [];

  present(scanout: number, frame: Frame | undefined): void {
    if (frame === undefined) return void (this.pixels[scanout] = undefined);
    const { width, height } = frame;
    const bytes = new Uint32Array(width * height);
    frame.read(new Uint8Array(bytes.buffer), width * 4);
    const pixel = bytes[0] & 0xff_ffff;
    this.pixels[scanout] = bytes.every((other) => (other & 0xff_ffff) === pixel) ? pixel : NaN;
    this.sizes[scanout] = `${width}x${height}`;
  }
  cursor(_scanout: number, _image: CursorImage | undefined): void {}
  [Symbol.dispose](): void {}
}

async function twoScreens(screens: Screens): Promise<Rig> {
  const monitors = [{ enabled: true, width: 800, height: 600 }, { enabled: true, width: 640, height: 480 }];
  return await Rig.make(() => [drivers.virtioGpu({ display: screens, monitors, name: "pci:0000:00:1f.7" })]);
}

async function leavesNothing(rig: Rig): Promise<void> {
  await rig.serve(() => rig.server.clients + rig.server.files + rig.server.dmaBufs === 0, 5);
  assertEquals([rig.system.devices[0].files.size, rig.errors], [0, []]);
}

Deno.test("K4 preload: a leased monitor shows what another program draws, by a file that it was sent", async () => {
  const screens = new Screens();
  await using rig = await twoScreens(screens);
  const leases: string[] = [];
  rig.system.onUevent(({ properties }) => void (properties.LEASE && leases.push(properties.LEASE)));
  const running = rig.start(compile("lease_client.c"), "lend");
  const shown = async (word: string, pixels: (number | undefined)[], told: number): Promise<void> => {
    await rig.serve(() => running.out.includes(`${word}\n`) || running.exited);
    assertEquals([running.out.trim().split("\n").at(-1), screens.pixels, leases.length], [word, pixels, told]);
    await running.write("\n");
  };
  await shown("shown", [0xff0000, 0x608020], 0);
  assertEquals(screens.sizes, ["800x600", "640x480"]);
  await shown("dropped", [0xff0000, 0x608020], 0);
  await shown("revoked", [0xff0000, 0x608020], 0);
  await shown("ended", [0xff0000, undefined], 1);
  assertEquals(await running.ended(), { code: 0, out: "shown\ndropped\nrevoked\nended\n", err: "" });
  await leavesNothing(rig);
  assertEquals([screens.pixels, leases.length], [[undefined, undefined], 2]);
});

const TESTS: readonly [name: string, what: string][] = [
  ["errors", "K4 preload: what is refused leaves no lease, and a lease ends with its lessor"],
  ["again", "K4 preload: leases come and go without end"],
];
for (const [name, what] of TESTS) {
  Deno.test(what, async () => {
    await using rig = await twoScreens(new Screens());
    assertEquals(await rig.run(compile("lease_client.c"), name), { code: 0, out: "", err: "" });
    await leavesNothing(rig);
    assertEquals(rig.system.ids.used, ids(rig));
  });
}

/** Ids that the devices themselves hold. */
function ids(rig: Rig): number {
  return rig.system.devices.reduce((sum, { kms }) => sum + (kms?.objects.count ?? 0), 0);
}
