// sway (wlroots, atomic KMS, libseat, udev) with its Wayland clients swaybg and swaybar: what they draw is on the screen.
import { assertEquals } from "@std/assert";
import { drivers } from "udrm/mod.ts";
import { Rig } from "./rig.ts";
import { type Colour, hex, others, shows, startSway } from "./sway.ts";

const BACKGROUND: Colour = [0x20, 0x40, 0x60], BAR: Colour = [0x40, 0x20, 0x10];
const BLOCKS: readonly Colour[] = [[0xff, 0x88, 0x00], [0x00, 0x88, 0xff]];
const HEIGHT = 40, BLOCK = 200;

// The bar's block changes its colour five times a second (swaybar-protocol(7)).
const STATUS = `#!/bin/sh
echo '{"version":1}'; echo '['
while :; do
  for colour in ${BLOCKS.map((colour) => `'${hex(colour)}'`).join(" ")}; do
    echo '[{"full_text":" ","min_width":${BLOCK},"separator":false,"separator_block_width":0,"background":"'$colour'","border":"'$colour'"}],'
    sleep 0.2
  done
done
`;

const config = (folder: string): string =>
  `xwayland disable
output * background ${hex(BACKGROUND)} solid_color
bar {
  position top
  height ${HEIGHT}
  workspace_buttons no
  status_padding 0
  status_edge_padding 0
  status_command ${folder}/status
  colors {
    background ${hex(BAR)}
  }
}
`;

const GLES = ["WLR_RENDERER=gles2", "WLR_RENDERER_ALLOW_SOFTWARE=1", "MESA_LOADER_DRIVER_OVERRIDE=kms_swrast"];

for (
  const [driver, renderer, env] of [
    ["vkms", "pixman", ["WLR_RENDERER=pixman"]],
    ["virtio_gpu", "pixman", ["WLR_RENDERER=pixman"]],
    ["vkms", "GLES on Mesa's software renderer", GLES],
    ["virtio_gpu", "GLES by virgl", ["WLR_RENDERER=gles2"]],
  ] as const
) {
  Deno.test(`sway shows its clients on ${driver}, drawn by ${renderer}`, async () => {
    // As the kernel's, without a render node: Mesa's software renderer draws into dumb buffers, which only the card has.
    await using rig = await Rig.make((display) => [
      driver === "vkms" ? drivers.vkms({ display, extras: false }) : drivers.virtioGpu({
        ...{ display, name: "pci:0000:00:1f.7" },
        ...renderer === "GLES by virgl" ? { renderer: "virgl", completionEvents: true } : {},
      }),
    ]);
    const folder = Deno.makeTempDirSync({ prefix: "udrm-sway-" });
    try {
      Deno.writeTextFileSync(`${folder}/status`, STATUS, { mode: 0o755 });
      Deno.writeTextFileSync(`${folder}/config`, config(folder));
      const running = startSway(rig, folder, "WLR_LIBINPUT_NO_DEVICES=1", ...env);
      const until = (done: () => boolean): Promise<void> => shows(rig, running, done);
      const size = () => [rig.display.picture()?.width ?? 0, rig.display.picture()?.height ?? 0];
      const block = (colour: Colour): boolean =>
        size()[0] > 0 && others(rig, colour, size()[0] - BLOCK, 0, size()[0], HEIGHT) === 0;
      // The block has both colours in turn, and comes back: three frames at least.
      await until(() => block(BLOCKS[0]));
      await until(() => block(BLOCKS[1]));
      await until(() => block(BLOCKS[0]));
      const [width, height] = size();
      assertEquals([width, height], driver === "vkms" ? [1024, 768] : [1280, 800]);
      await until(() => others(rig, BACKGROUND, 0, HEIGHT, width, height) === 0);
      assertEquals(others(rig, BAR, 0, 0, width - BLOCK - 10, HEIGHT), 0);
      running.kill("SIGTERM");
      await running.ended();
      await rig.serve(() => rig.server.clients + rig.server.files === 0);
      assertEquals(rig.errors, []);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  });
}
