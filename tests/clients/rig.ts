// What tests of real programs share: a system with a server in this process, turned by hand, and programs that run in it.
import { buildShim, makeServerFolder, PreloadServer, SystemFiles } from "udrm/drivers/chardev/preload/mod.ts";
import { createSystem, drivers, type DriverSource, PngDisplay, type System } from "udrm/mod.ts";
import "udrm/drivers/os/testing.ts";

/** How a program ended. */
export interface Ended {
  /** Its exit code. */
  readonly code: number;
  /** What it printed. */
  readonly out: string;
  /** What it complained. */
  readonly err: string;
}

/** A program that runs. */
export interface Running {
  /** Its process id. */
  readonly pid: number;
  /** What it has printed by now. */
  readonly out: string;
  /** Whether it has ended by now. */
  readonly exited: boolean;
  /** Writes to its stdin. */
  write(text: string): Promise<void>;
  /** Closes its stdin. */
  end(): Promise<void>;
  /** Kills it. */
  kill(signal: Deno.Signal): void;
  /** Serves until it ends, for `seconds` (60) at most. */
  ended(seconds?: number): Promise<Ended>;
}

/** A system with a server. */
export class Rig implements AsyncDisposable {
  /** The system. */
  readonly system: System;
  /** The server. */
  readonly server: PreloadServer;
  /** What the first screen shows. */
  readonly display: PngDisplay = new PngDisplay();
  /** Errors in udrm itself: none is expected. */
  readonly errors: unknown[] = [];
  readonly #folder: string;
  readonly #files: SystemFiles;
  readonly #shim: string;

  private constructor(shim: string, sources: (display: PngDisplay) => DriverSource[]) {
    this.#shim = shim;
    this.#folder = makeServerFolder();
    this.system = createSystem({ pages: "memfd", clock: "monotonic", drivers: sources(this.display) });
    this.#files = new SystemFiles(this.system, this.#folder);
    this.server = new PreloadServer({
      system: this.system,
      folder: this.#folder,
      onError: (error) => this.errors.push(error),
    });
  }

  /** A system, by default with one virtio-gpu. */
  static async make(
    sources = (display: PngDisplay) => [drivers.virtioGpu({ display, name: "pci:0000:00:1f.7" })],
  ): Promise<Rig> {
    return new Rig(await buildShim(), sources);
  }

  /** What a program needs in its environment. */
  get env(): Record<string, string> {
    return { LD_PRELOAD: this.#shim, UDRM_SOCKET: `${this.#folder}/socket` };
  }

  /** Serves until `done`, or fails after `seconds`. */
  async serve(done: () => boolean, seconds = 60): Promise<void> {
    const end = Date.now() + seconds * 1000;
    while (!done()) {
      if (Date.now() > end) throw new Error(`Cannot wait any longer: ${seconds} s have passed`);
      this.server.turn(2e6);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Starts a program. */
  start(program: string, ...args: string[]): Running {
    const child = new Deno.Command(program, {
      args,
      env: this.env,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    let out = "", err = "", code: number | undefined, open = 3;
    const collect = async (stream: ReadableStream<Uint8Array>, add: (text: string) => void): Promise<void> => {
      const decoder = new TextDecoder();
      for await (const part of stream) add(decoder.decode(part, { stream: true }));
      open--;
    };
    void collect(child.stdout, (text) => out += text);
    void collect(child.stderr, (text) => err += text);
    void child.status.then((status) => {
      code = status.code;
      open--;
    });
    let closed: Promise<void> | undefined;
    const end = (): Promise<void> => closed ??= child.stdin.close().catch(() => {});
    return {
      pid: child.pid,
      get out() {
        return out;
      },
      get exited() {
        return code !== undefined;
      },
      write: async (text) => {
        const writer = child.stdin.getWriter();
        await writer.write(new TextEncoder().encode(text)).finally(() => writer.releaseLock());
      },
      end,
      kill: (signal) => child.kill(signal),
      ended: async (seconds = 60) => {
        await this.serve(() => open === 0, seconds);
        await end();
        return { code: code ?? -1, out, err };
      },
    };
  }

  /** Runs a program to its end, with nothing on stdin. */
  async run(program: string, ...args: string[]): Promise<Ended> {
    const running = this.start(program, ...args);
    await running.end();
    return await running.ended();
  }

  /** Ends the server and the system. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.server[Symbol.dispose]();
    this.#files[Symbol.dispose]();
    this.system[Symbol.dispose]();
    this.display[Symbol.dispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

const programs = new Map<string, string>();

/**
 * Compiles a program of this folder, once, with libdrm and more; its path. The folder that holds it goes when the tests end.
 *
 * @param source gives it its name. @param more further sources of this folder ("*.c"), and options such as libraries.
 */
export function compile(source: string, ...more: string[]): string {
  let program = programs.get(source);
  if (program !== undefined) return program;
  const folder = Deno.makeTempDirSync({ prefix: "udrm-client-" });
  globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  program = `${folder}/${source.replace(/\.c$/, "")}`;
  const path = (name: string): string => new URL(name, import.meta.url).pathname;
  const sources = [source, ...more.filter((each) => each.endsWith(".c"))].map(path);
  const options = more.filter((each) => !each.endsWith(".c"));
  const { success, stderr } = new Deno.Command("gcc", {
    args: [
      "-O1",
      "-Wall",
      "-Wextra",
      "-I/usr/include/libdrm",
      "-o",
      program,
      ...sources,
      "-ldrm",
      "-lpthread",
      ...options,
    ],
  }).outputSync();
  if (!success) throw new Error(`Cannot compile ${source}: ${new TextDecoder().decode(stderr)}`);
  programs.set(source, program);
  return program;
}
