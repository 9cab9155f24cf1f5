// A virtual machine of a test: QEMU on its own emulation of a processor, a guest that obeys lines, and its screens.
import { Child } from "./child.ts";
import type { GuestPackages } from "./packages.ts";
import { Qmp } from "./qmp.ts";

/** How long a guest may take to boot or to answer, seconds: the machine that tests run on may be small and busy. */
const PATIENCE = 120;

/**
 * The guest's kernel: its words on the serial port where there is need, and nothing that takes time on an emulated processor. How fast
 * the processor's clock runs is told, since a microvm on a busy computer measures it wrong, or never.
 */
const KERNEL_ARGUMENTS = [
  ...["console=ttyS0", "quiet", "loglevel=1", "panic=-1"],
  ...[
    "nokaslr",
    "mitigations=off",
    "cryptomgr.notests",
    "apparmor=0",
    "audit=0",
    "lsm=",
    "noreplace-smp",
    "no_timer_check",
  ],
  ...clock(),
];

function clock(): string[] {
  const match = /^cpu MHz\s*: ([\d.]+)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"));
  return match === null ? [] : [`tsc_early_khz=${Math.round(Number(match[1]) * 1000)}`];
}

/** What a machine is made of. */
export interface MachineOptions {
  /** The socket of a vhost-user-gpu backend; without it the GPU is QEMU's own device. */
  readonly backend?: string;
  /** How the GPU is attached; "pci" by default. "vga" is one that also is a VGA card, "mmio" is on a microvm. */
  readonly bus?: "pci" | "vga" | "mmio";
  /** How many screens the GPU has. */
  readonly heads?: number;
  /** The first screen's preferred size. */
  readonly size?: readonly [width: number, height: number];
  /** The guest's memory, MiB. */
  readonly memory?: number;
  /** A file that another machine of the same options was saved to: this one goes on from there. */
  readonly restore?: string;
  /** QEMU ends where the guest would reboot. */
  readonly once?: boolean;
  /** Whether the guest can see the packages' files, by init.sh's `packages`. */
  readonly packages?: boolean;
}

/** A picture of a screen. */
export interface Screen {
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Three bytes a pixel: red, green, blue. */
  readonly pixels: Uint8Array;
}

/** Reads a picture of the "P6" format (ppm(5)) with 255 levels, as QEMU writes it. */
export function parsePpm(bytes: Uint8Array): Screen {
  const match = /^P6\s(\d+)\s(\d+)\s255\s/.exec(new TextDecoder("latin1").decode(bytes.subarray(0, 64)));
  if (match === null) throw new Error("Cannot read a picture: it is not of the PPM format");
  const [width, height, rows] = [Number(match[1]), Number(match[2]), bytes.subarray(match[0].length)];
  const row = width * 3;
  // QEMU pads each row to four bytes, which the format does not know.
  const stride = row + 3 & ~3;
  if (rows.length !== stride * height) {
    throw new Error(`Cannot read a picture of ${width}x${height}: ${rows.length} bytes`);
  }
  if (stride === row) return { width, height, pixels: rows };
  const pixels = new Uint8Array(row * height);
  for (let y = 0; y < height; y++) pixels.set(rows.subarray(y * stride, y * stride + row), y * row);
  return { width, height, pixels };
}

/** Where and how two pictures differ, in words; "" where they are the same. */
export function difference(actual: Screen, expected: Screen): string {
  if (actual.width !== expected.width || actual.height !== expected.height) {
    return `${actual.width}x${actual.height} instead of ${expected.width}x${expected.height}`;
  }
  let count = 0, first = -1;
  for (let at = 0; at < expected.pixels.length; at += 3) {
    const [a, b] = [actual.pixels, expected.pixels];
    if (a[at] === b[at] && a[at + 1] === b[at + 1] && a[at + 2] === b[at + 2]) continue;
    count++;
    if (first < 0) first = at;
  }
  if (count === 0) return "";
  const at = first / 3;
  const color = ({ pixels }: Screen): string => `(${[...pixels.subarray(first, first + 3)].join(", ")})`;
  return `${count} pixels differ, the first at ${at % expected.width},${Math.floor(at / expected.width)}: ` +
    `${color(actual)} instead of ${color(expected)}`;
}

/** A machine. */
export class Machine implements AsyncDisposable {
  /** QEMU's monitor. */
  readonly qmp: Qmp;
  /** QEMU. */
  readonly process: Child;
  /** What the guest has printed, without the lines that tests read. */
  console = "";
  readonly #folder: string;
  readonly #heads: number;
  #lines: string[] = [];
  #rest = "";
  #arrived: (() => void) | undefined;

  private constructor(folder: string, process: (take: (text: string) => void) => Child, qmp: Qmp, heads: number) {
    this.#folder = folder;
    this.#heads = heads;
    this.qmp = qmp;
    this.process = process((text) => this.#take(text));
  }

  /**
   * Starts a machine and waits until its guest is up.
   *
   * @param packages what it is made of
   * @param initramfs the guest's file system
   * @param options how it is made
   * @throws {Error} if QEMU ends or the guest does not come up; the message holds what they said
   */
  static async start(packages: GuestPackages, initramfs: string, options: MachineOptions = {}): Promise<Machine> {
    const folder = Deno.makeTempDirSync({ prefix: "udrm-guest-" });
    const socket = `${folder}/qmp`;
    const words = [
      ...packages.command("usr/bin/qemu-system-x86_64"),
      ...arguments_(packages, initramfs, socket, options),
    ];
    const early: string[] = [];
    let take = (text: string): void => void early.push(text);
    const child = new Child(words, packages.env, (text) => take(text));
    try {
      const qmp = await Qmp.connect(socket, () => child.alive);
      const machine = new Machine(
        folder,
        (sink) => {
          for (const text of early) sink(text);
          take = sink;
          return child;
        },
        qmp,
        options.heads ?? 1,
      );
      try {
        if (options.restore === undefined) await machine.up();
        return machine;
      } catch (error) {
        await machine[Symbol.asyncDispose]();
        throw error;
      }
    } catch (error) {
      await child[Symbol.asyncDispose]();
      // A machine that was there has removed it.
      await Deno.remove(folder, { recursive: true }).catch(() => {});
      throw new Error(`Cannot start a guest: ${error instanceof Error ? error.message : error}\n${child.log}`);
    }
  }

  #take(text: string): void {
    this.#rest += text;
    const lines = this.#rest.split("\n");
    this.#rest = lines.pop() ?? "";
    for (const raw of lines) {
      const line = raw.replace(/\r$/, "");
      const at = line.indexOf("@@");
      if (at >= 0) this.#lines.push(line.slice(at));
      else this.console = `${this.console}${line}\n`.slice(-65536);
    }
    this.#arrived?.();
  }

  /** The guest's next line that begins with one of these words; those before it are dropped. */
  async line(starts: readonly string[], seconds: number = PATIENCE): Promise<string> {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const at = this.#lines.findIndex((line) => starts.some((start) => line.startsWith(start)));
      if (at >= 0) {
        const [line] = this.#lines.splice(0, at + 1).slice(-1);
        return line;
      }
      const left = end - Date.now();
      if (left <= 0 || !this.process.alive) {
        const why = this.process.alive ? `nothing for ${seconds} s` : `QEMU ended with ${this.process.code}`;
        throw new Error(
          `Cannot wait for the guest's ${starts.join(" or ")}: ${why}.\n${this.process.log}${
            this.console.slice(-2000)
          }`,
        );
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#arrived = resolve;
      const timer = setTimeout(resolve, Math.min(left, 500));
      await promise;
      clearTimeout(timer);
      this.#arrived = undefined;
    }
  }

  /** Waits until the guest has booted; the seconds it took, by its own clock. */
  async up(): Promise<number> {
    const line = await this.line(["@@up", "@@fault"]);
    if (line.startsWith("@@fault")) {
      throw new Error(`Cannot use the guest: it says "${line.slice(2)}"\n${this.console}`);
    }
    return Number(line.slice(5));
  }

  /**
   * Runs a command in the guest's shell.
   *
   * @returns the lines for the test that it printed, without the marks
   * @throws {Error} if it fails
   */
  async run(command: string, seconds: number = PATIENCE): Promise<string[]> {
    await this.process.write(`${command}\n`);
    const lines: string[] = [];
    for (;;) {
      const line = await this.line(["@@"], seconds);
      if (line === "@@end 0") return lines;
      if (line.startsWith("@@end ")) {
        throw new Error(
          `Cannot run "${command}" in the guest: ${lines.join(" ")}, ended with ${line.slice(6)}\n${
            this.console.slice(-2000)
          }`,
        );
      }
      lines.push(line.slice(2));
    }
  }

  /** Starts the guest's painter, which then takes the lines of {@link Machine.paint}. */
  async painter(): Promise<void> {
    await this.process.write("painter\n");
    const line = await this.line(["@@ok", "@@error", "@@end"]);
    if (line !== "@@ok painter") throw new Error(`Cannot paint: ${line}`);
  }

  /**
   * Has the painter do something.
   *
   * @param command a line of painter.c
   * @returns the lines it printed, without the marks
   * @throws {Error} if it cannot
   */
  async paint(command: string): Promise<string[]> {
    await this.process.write(`${command}\n`);
    const lines: string[] = [];
    for (;;) {
      const line = await this.line(["@@"]);
      if (line.startsWith("@@ok")) return lines;
      if (line.startsWith("@@error") || line.startsWith("@@end")) {
        throw new Error(`Cannot paint "${command}": ${line.slice(2)}`);
      }
      lines.push(line.slice(2));
    }
  }

  /** Ends the painter. */
  async quit(): Promise<void> {
    await this.process.write("quit\n");
    await this.line(["@@end"]);
  }

  /** What a screen shows. */
  async screen(head = 0): Promise<Screen> {
    const filename = `${this.#folder}/screen.ppm`;
    await this.qmp.execute("screendump", this.#heads > 1 ? { filename, device: "gpu0", head } : { filename });
    const picture = parsePpm(await Deno.readFile(filename));
    await Deno.remove(filename);
    return picture;
  }

  /**
   * Waits until a screen shows a picture: what goes by way of a backend's socket arrives a little later than the guest's call ends.
   *
   * @throws {Error} if it does not come; the message tells the difference
   */
  async shows(expected: Screen, what: string, head = 0, seconds = 15): Promise<void> {
    let wrong = "";
    for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
      wrong = difference(await this.screen(head), expected);
      if (wrong === "") return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`The screen is wrong, ${what}: ${wrong}`);
  }

  /** Waits for an event of QEMU's that is not among the first `from`. */
  async event(name: string, from: number, seconds: number = PATIENCE): Promise<void> {
    for (const end = Date.now() + seconds * 1000; Date.now() < end && this.process.alive;) {
      if (this.qmp.events.slice(from).some(({ event }) => event === name)) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`Cannot wait for QEMU's ${name}: it did not come`);
  }

  /** Stops the machine and saves it to a file. */
  async save(file: string): Promise<void> {
    await this.qmp.execute("stop");
    await this.qmp.execute("migrate", { uri: `file:${file}` });
    await this.migrated();
  }

  /** Waits until a machine that was started to go on from a file does. */
  async restored(): Promise<void> {
    await this.migrated();
    await this.qmp.execute("cont");
  }

  /** Waits until a migration is complete. @throws {Error} if it fails */
  async migrated(): Promise<void> {
    for (const end = Date.now() + PATIENCE * 1000; Date.now() < end && this.process.alive;) {
      const { status, "error-desc": error } = await this.qmp.execute("query-migrate");
      if (status === "completed") return;
      if (status === "failed" || status === "cancelled") {
        throw new Error(`Cannot save or restore the machine: ${error ?? status}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`Cannot save or restore the machine: QEMU does not finish\n${this.process.log}`);
  }

  /** Ends QEMU. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.qmp[Symbol.dispose]();
    await this.process[Symbol.asyncDispose]();
    await this.qmp.ended;
    await Deno.remove(this.#folder, { recursive: true });
  }
}

function arguments_(packages: GuestPackages, initramfs: string, socket: string, options: MachineOptions): string[] {
  const { backend, bus = "pci", heads = 1, size, memory = 256, restore, once } = options;
  const device = backend === undefined
    ? { pci: "virtio-gpu-pci", vga: "virtio-vga", mmio: "virtio-gpu-device" }[bus]
    : { pci: "vhost-user-gpu-pci", vga: "vhost-user-vga", mmio: "vhost-user-gpu" }[bus];
  const properties = [
    device,
    "id=gpu0",
    ...backend === undefined ? [] : ["chardev=vgpu"],
    ...heads > 1 ? [`max_outputs=${heads}`] : [],
    ...size === undefined ? [] : [`xres=${size[0]}`, `yres=${size[1]}`],
  ];
  return [
    // Never KVM, even where there is one: that some kinds of it run no guest is not what is tested.
    ...["-accel", "tcg"],
    ...["-m", `${memory}M`, "-smp", "1", "-nodefaults", "-no-user-config", "-vga", "none"],
    ...packages.firmware.flatMap((folder) => ["-L", folder]),
    ...["-object", `memory-backend-memfd,id=mem,size=${memory}M,share=on`],
    ...bus === "mmio"
      ? ["-machine", "microvm,memory-backend=mem,rtc=off", "-global", "virtio-mmio.force-legacy=false"]
      : ["-machine", "q35,memory-backend=mem"],
    ...["-kernel", packages.kernel, "-initrd", initramfs],
    ...["-append", KERNEL_ARGUMENTS.join(" ")],
    ...backend === undefined ? [] : ["-chardev", `socket,id=vgpu,path=${backend}`],
    ...["-device", properties.join(",")],
    ...["-display", "none"],
    ...["-serial", "stdio", "-monitor", "none", "-qmp", `unix:${socket},server=on,wait=off`],
    ...restore === undefined ? [] : ["-incoming", `file:${restore}`],
    ...once === true ? ["-no-reboot"] : [],
    ...options.packages === true
      ? ["-virtfs", `local,path=${packages.folder},mount_tag=packages,security_model=none,readonly=on`]
      : [],
  ];
}
