// 3D in a guest: an unmodified program of OpenGL ES, by Mesa's virtio_gpu driver and the kernel's, draws through the backend.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Screen } from "./machine.ts";
import { Guest, guestTest, painted } from "./rig.ts";

const at = ({ width, pixels }: Screen, x: number, y: number): number[] => [
  ...pixels.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
];

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

guestTest("kmscube turns its cube by virgl, and the guest goes on when it is gone", async (parts) => {
  await using guest = await Guest.start(parts, "udrm", { packages: true, memory: 512 }, ["--gpu", "virgl"]);
  const { machine } = guest;
  await machine.run("packages");
  // It ends at the first byte on stdin, or its end: none comes from a pipe that is open for both.
  await machine.run(
    "mkfifo /tmp/none; chroot /packages /usr/bin/kmscube -D /dev/dri/card0 <>/tmp/none >/tmp/out 2>&1 & echo $! >/tmp/pid",
  );
  const pictures: Screen[] = [];
  for (const end = Date.now() + 90_000; pictures.length < 3;) {
    assert(Date.now() < end, `the cube does not come or does not turn\n${machine.console}`);
    await sleep(200);
    const now = await machine.screen();
    const middle = at(now, now.width >> 1, now.height >> 1), last = pictures.at(-1);
    const drawn = at(now, 0, 0).join() === "128,128,128" && middle.join() !== "128,128,128";
    if (drawn && (last === undefined || now.pixels.some((value, i) => value !== last.pixels[i]))) pictures.push(now);
  }
  for (const picture of pictures) {
    const { width, height } = picture;
    assertEquals([width, height], [1280, 800]);
    const corners = [[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1], [100, 400]];
    assertEquals(corners.map(([x, y]) => at(picture, x, y)), new Array(5).fill([128, 128, 128]));
    // Of each face, the colours change from corner to corner.
    const colours = new Set<string>();
    for (let x = 560; x <= 720; x += 40) colours.add(at(picture, x, 400).join());
    assert(colours.size >= 4 && !colours.has("128,128,128"), [...colours].join(" "));
  }
  await machine.run("kill $(cat /tmp/pid); wait $(cat /tmp/pid) || true");
  const said = await machine.run("grep -h renderer: /tmp/out | sed 's/^/@@/'");
  assertStringIncludes(said.join("\n"), 'renderer: "virgl (udrm (');
  // What it held is given back, and the card is as good as new.
  await machine.painter();
  await machine.paint("mode 640 480 1");
  await machine.shows(painted(640, 480, 1), "after kmscube");
  await machine.quit();
});
