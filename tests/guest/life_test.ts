// A machine's whole life: reboots, stops, saving, and what is left of all that in the backend.
import { assertEquals } from "@std/assert";
import type { Child } from "./child.ts";
import { Machine } from "./machine.ts";
import { Guest, guestTest, painted } from "./rig.ts";
import { startBackend } from "./backend.ts";

/** How often a guest reboots: each time takes seconds. */
const REBOOTS = Number(Deno.env.get("UDRM_GUEST_REBOOTS") ?? 50);
const STOPS = 50;
if (!Number.isInteger(REBOOTS) || REBOOTS < 6) throw new RangeError("UDRM_GUEST_REBOOTS must be an integer from 6 on");
/** By how much the height of a heap may differ from one time to another, bytes: a screen of 1024x768 is 3 MB, one a round is 50. */
const SLACK = 12 << 20;

/** What a backend holds, round after round. */
class Held {
  readonly #backend: Child;
  readonly #fds: number[] = [];
  readonly #memory: number[] = [];

  constructor(backend: Child) {
    this.#backend = backend;
  }

  /** Notes what it holds now. */
  note(): void {
    this.#fds.push(this.#backend.fds);
    this.#memory.push(this.#backend.memory);
  }

  /** Holds the last third against the middle one: garbage comes and goes, and the first rounds bring code to its final form. */
  assertNothingGrew(): void {
    assertEquals(this.#backend.alive, true, this.#backend.log);
    const third = Math.floor(this.#fds.length / 3);
    const part = (values: readonly number[], from: number): number => Math.max(...values.slice(from, from + third));
    const end = this.#fds.length - third;
    assertEquals(part(this.#fds, end), part(this.#fds, end - third), `open descriptors: ${this.#fds}`);
    const grown = part(this.#memory, end) - part(this.#memory, end - third);
    assertEquals(grown <= SLACK, true, `the backend has grown by ${grown} bytes: ${this.#memory}`);
  }
}

function backendOf({ backend }: Guest): Child {
  if (backend === undefined) throw new Error("Cannot test: there is no backend");
  return backend;
}

guestTest(`${REBOOTS} reboots leave nothing behind, and each shows its picture`, async (parts) => {
  await using guest = await Guest.start(parts, "udrm");
  const backend = backendOf(guest);
  const { machine } = guest;
  const held = new Held(backend);
  for (let i = 0; i < REBOOTS; i++) {
    await machine.painter();
    await machine.paint(`mode 1024 768 ${i}`);
    await machine.paint(`flip 2 ${i}`);
    await machine.shows(painted(1024, 768, i + 1), `boot ${i}`);
    held.note();
    if (i === REBOOTS - 1) break;
    const from = machine.qmp.events.length;
    if (i % 2 === 0) await machine.qmp.execute("system_reset");
    else {
      await machine.quit();
      await machine.process.write("reboot -f\n");
    }
    await machine.event("RESET", from);
    await machine.up();
  }
  held.assertNothingGrew();
});

guestTest(`${STOPS} stops keep the picture and lose no work of the guest`, async (parts) => {
  await using guest = await Guest.start(parts, "udrm");
  const backend = backendOf(guest);
  const { machine } = guest;
  await machine.painter();
  await machine.paint("mode 1024 768 0");
  const held = new Held(backend);
  for (let i = 0; i < STOPS; i++) {
    const seed = i * 10;
    // The guest is stopped amid flips.
    const flips = machine.paint(`flip 10 ${seed}`);
    await new Promise((resolve) => setTimeout(resolve, i % 5 * 10));
    await machine.qmp.execute("stop");
    await machine.qmp.execute("cont");
    await flips;
    await machine.shows(painted(1024, 768, seed + 9), `after ${i + 1} stops`);
    held.note();
  }
  held.assertNothingGrew();
});

guestTest("a stopped machine shows what it showed, and so does it when it goes on", async (parts) => {
  await using guest = await Guest.start(parts, "udrm");
  const { machine } = guest;
  await machine.painter();
  await machine.paint("mode 800 600 3");
  await machine.shows(painted(800, 600, 3), "before");
  await machine.qmp.execute("stop");
  await machine.shows(painted(800, 600, 3), "stopped");
  await machine.qmp.execute("cont");
  await machine.shows(painted(800, 600, 3), "going on");
  await machine.paint("paint 4 0 0 800 600");
  await machine.paint("dirty 10 20 30 40");
  await machine.paint("dirty");
  await machine.shows(painted(800, 600, 4), "drawn anew");
});

guestTest("a machine that is saved while it draws goes on with the right picture", async (parts) => {
  await using guest = await Guest.start(parts, "udrm");
  const { machine } = guest;
  const folder = Deno.makeTempDirSync({ prefix: "udrm-guest-" });
  try {
    await machine.painter();
    await machine.paint("mode 1024 768 1");
    for (let i = 0; i < 3; i++) {
      const flips = machine.paint(`flip 60 ${i * 100}`);
      await machine.qmp.execute("migrate", { uri: `file:${folder}/state` });
      await machine.migrated();
      await machine.qmp.execute("cont");
      await flips;
      await machine.shows(painted(1024, 768, i * 100 + 59), `saved ${i + 1} times`);
    }
    assertEquals(backendOf(guest).alive, true);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

guestTest("a machine that is saved and restored elsewhere finds a GPU that works", async (parts) => {
  const folder = Deno.makeTempDirSync({ prefix: "udrm-guest-" });
  try {
    const remove =
      "for d in /sys/bus/pci/devices/*; do [ $(cat $d/class) = 0x038000 ] && echo 1 > $d/remove; done; true";
    const rescan = "echo 1 > /sys/bus/pci/rescan; while [ ! -e /dev/dri/card0 ]; do usleep 20000; done";
    {
      await using guest = await Guest.start(parts, "udrm");
      await guest.machine.painter();
      await guest.machine.paint("mode 1024 768 1");
      await guest.machine.shows(painted(1024, 768, 1), "before it is saved");
      await guest.machine.quit();
      // QEMU saves nothing of a vhost-user-gpu: the guest takes it out before, and in again after.
      await guest.machine.run(remove);
      await guest.machine.save(`${folder}/state`);
    }
    await using backend = await startBackend("udrm", parts.packages, `${folder}/gpu`);
    const options = { backend: `${folder}/gpu`, restore: `${folder}/state` };
    await using machine = await Machine.start(parts.packages, parts.initramfs, options);
    await machine.restored();
    await machine.run(rescan);
    await machine.painter();
    await machine.paint("mode 800 600 2");
    await machine.paint("flip 3 10");
    await machine.shows(painted(800, 600, 12), "restored");
    assertEquals(backend.alive, true);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

guestTest("a backend serves one machine after the other", async (parts) => {
  const folder = Deno.makeTempDirSync({ prefix: "udrm-guest-" });
  try {
    await using backend = await startBackend("udrm", parts.packages, `${folder}/gpu`);
    for (let i = 0; i < 2; i++) {
      await using machine = await Machine.start(parts.packages, parts.initramfs, { backend: `${folder}/gpu` });
      await machine.painter();
      await machine.paint(`mode 800 600 ${i}`);
      await machine.shows(painted(800, 600, i), `machine ${i + 1}`);
    }
    assertEquals(backend.alive, true, backend.log);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

for (const bus of ["vga", "mmio"] as const) {
  const name = { vga: "as a VGA card, vhost-user-vga,", mmio: "on a microvm's virtio-mmio" }[bus];
  guestTest(`the GPU ${name} shows what it is told`, async (parts) => {
    await using guest = await Guest.start(parts, "udrm", { bus });
    const { machine } = guest;
    await machine.painter();
    await machine.paint("mode 1280 800 1");
    await machine.shows(painted(1280, 800, 1), "a mode set");
    await machine.paint("flip 5 20");
    await machine.shows(painted(1280, 800, 24), "flips");
    await machine.paint("mode 1024 768 3");
    await machine.shows(painted(1024, 768, 3), "another mode");
    if (bus !== "vga") return;
    await machine.qmp.execute("system_reset");
    await machine.up();
    await machine.painter();
    await machine.paint("mode 800 600 4");
    await machine.shows(painted(800, 600, 4), "after a reset, which showed the firmware's text");
  });
}
