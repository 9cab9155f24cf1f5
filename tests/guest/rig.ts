// What the tests share: packages and the guest's file system, got once; and machines with and without a backend.
import { type BackendKind, startBackend } from "./backend.ts";
import type { Child } from "./child.ts";
import { buildInitramfs } from "./initramfs.ts";
import { Machine, type MachineOptions, type Screen } from "./machine.ts";
import { type GuestPackages, guestPackages } from "./packages.ts";

/** What every guest is made of. */
export interface Parts {
  /** QEMU, the kernel and programs. */
  readonly packages: GuestPackages;
  /** The guest's file system. */
  readonly initramfs: string;
}

let parts: Parts | undefined;
let missing: Error | undefined;
try {
  const packages = guestPackages(false, (line) => console.log(`guest: ${line}`));
  parts = { packages, initramfs: buildInitramfs(packages) };
} catch (error) {
  missing = error instanceof Error ? error : new Error(String(error));
  console.error(`\nGUEST TESTS CANNOT RUN: ${missing.message}\n`);
}

/** Whether a run without the packages fails: so it is by `deno task test:guest`; otherwise its tests are shown as ignored. */
const REQUIRED = Deno.env.get("UDRM_GUEST") === "required";

/**
 * Declares a test that needs a guest.
 *
 * @param name the rule it holds
 * @param body the test
 */
export function guestTest(name: string, body: (parts: Parts, t: Deno.TestContext) => Promise<void>): void {
  Deno.test({
    name: `guest: ${name}`,
    ignore: parts === undefined && !REQUIRED,
    fn: async (t) => {
      if (parts === undefined) throw missing;
      await body(parts, t);
    },
  });
}

/** A machine whose GPU is a backend's, and the backend; they end together, the machine first. */
export class Guest implements AsyncDisposable {
  /** The machine. */
  readonly machine: Machine;
  /** The backend; undefined for QEMU's own device. */
  readonly backend: Child | undefined;
  readonly #stack: AsyncDisposableStack;

  private constructor(machine: Machine, backend: Child | undefined, stack: AsyncDisposableStack) {
    this.machine = machine;
    this.backend = backend;
    this.#stack = stack;
  }

  /**
   * Starts both.
   *
   * @param parts what they are made of
   * @param kind whose GPU; "builtin" is QEMU's own device
   * @param options how the machine is made
   * @param more further arguments of the backend
   */
  static async start(
    parts: Parts,
    kind: BackendKind | "builtin",
    options: MachineOptions = {},
    more: readonly string[] = [],
  ): Promise<Guest> {
    await using stack = new AsyncDisposableStack();
    const folder = Deno.makeTempDirSync({ prefix: "udrm-guest-" });
    stack.defer(() => Deno.removeSync(folder, { recursive: true }));
    const socket = `${folder}/gpu`;
    const heads = kind === "udrm" && options.heads !== undefined ? ["--outputs", String(options.heads)] : [];
    const words = [...heads, ...more];
    const backend = kind === "builtin" ? undefined : stack.use(await startBackend(kind, parts.packages, socket, words));
    const { packages, initramfs } = parts;
    const own = backend === undefined ? options : { backend: socket, ...options };
    const machine = stack.use(await Machine.start(packages, initramfs, own));
    return new Guest(machine, backend, stack.move());
  }

  /** Ends both. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/** The picture that painter.c paints for a seed, from a point of it on. */
export function painted(width: number, height: number, seed: number, x0 = 0, y0 = 0): Screen {
  const pixels = new Uint8Array(width * height * 3);
  for (let y = y0, at = 0; y < y0 + height; y++) {
    for (let x = x0; x < x0 + width; x++) {
      pixels[at++] = x * 3 + seed * 41;
      pixels[at++] = y * 5 + seed * 17;
      pixels[at++] = (x ^ y) + seed * 7;
    }
  }
  return { width, height, pixels };
}

/** What a machine's screen comes to rest at: two equal pictures one after the other. */
export async function settled(machine: Machine, head = 0): Promise<Screen> {
  let before = await machine.screen(head);
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const now = await machine.screen(head);
    const same = now.width === before.width && now.height === before.height &&
      now.pixels.every((value, at) => value === before.pixels[at]);
    if (same) return now;
    before = now;
  }
}
