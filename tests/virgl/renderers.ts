/**
 * Who may draw for a GL program of Debian: udrm by vtest, Debian's virgl_test_server, Mesa's zink on Vulkan in the program's own
 * process, and llvmpipe.
 * @module
 */

const root = new URL("../../", import.meta.url).pathname;
/** Their names. */
export const RENDERERS = ["udrm", "virgl_test_server", "zink", "llvmpipe"] as const;
/** One of them. */
export type RendererName = typeof RENDERERS[number];

/** A renderer that programs can use. */
export interface Running extends AsyncDisposable {
  /** What its programs need in their environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The server's process, where there is one. */
  readonly pid?: number;
}

/** The VK_ICD_FILENAMES that means lavapipe. Throws an Error if it is not installed. */
export function lavapipe(): string {
  const found = Deno.env.get("VK_ICD_FILENAMES");
  if (found !== undefined) return found;
  for (const { name } of Deno.readDirSync("/usr/share/vulkan/icd.d")) {
    if (/^lvp_icd.*\.json$/.test(name)) return `/usr/share/vulkan/icd.d/${name}`;
  }
  throw new Error("Cannot find lavapipe: install mesa-vulkan-drivers");
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Builds vtest_socket.c in `folder`; returns the library. */
async function buildPreload(folder: string): Promise<string> {
  const library = `${folder}/vtest_socket.so`, source = new URL("vtest_socket.c", import.meta.url).pathname;
  const { success, stderr } = await new Deno.Command("gcc", {
    args: ["-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library, source],
  }).output();
  if (!success) throw new Error(`Cannot build vtest_socket.c: ${new TextDecoder().decode(stderr)}`);
  return library;
}

/** Starts a server on a socket of its own, and has programs find it. */
async function serve(program: string, args: string[], option: string, env: Record<string, string>): Promise<Running> {
  const folder = Deno.makeTempDirSync({ prefix: "udrm-vtest-" }), socket = `${folder}/socket`;
  const remove = () => Deno.removeSync(folder, { recursive: true });
  const verbose = Deno.env.has("UDRM_VERBOSE");
  const out = verbose ? "inherit" : "null";
  let library: string, process: Deno.ChildProcess;
  try {
    library = await buildPreload(folder);
    process = new Deno.Command(program, {
      args: [...args, `${option}=${socket}`],
      env,
      cwd: root,
      stdin: "null",
      stdout: out,
      stderr: out,
    }).spawn();
  } catch (error) {
    remove();
    throw error;
  }
  let ended = false;
  process.status.then(() => ended = true);
  for (let i = 0; !exists(socket); i++) {
    if (ended || i > 1200) {
      if (!ended) process.kill("SIGKILL");
      await process.status;
      remove();
      throw new Error(`Cannot start ${program} ${args.join(" ")}: no socket; UDRM_VERBOSE=1 shows what it says`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    env: {
      LIBGL_ALWAYS_SOFTWARE: "1",
      GALLIUM_DRIVER: "virpipe",
      LD_PRELOAD: library,
      UDRM_VTEST_SOCKET: socket,
    },
    pid: process.pid,
    [Symbol.asyncDispose]: async () => {
      if (!ended) process.kill("SIGTERM");
      await process.status;
      remove();
    },
  };
}

/** Starts a renderer. Throws an Error that says what is missing. */
export async function startRenderer(name: RendererName, env: Record<string, string> = {}): Promise<Running> {
  const nothing = { [Symbol.asyncDispose]: () => Promise.resolve() };
  switch (name) {
    case "udrm":
      return await serve(Deno.execPath(), ["run", "-A", "cli/main.ts", "vtest"], "--socket", {
        VK_ICD_FILENAMES: lavapipe(),
        ...env,
      });
    case "virgl_test_server":
      return await serve("virgl_test_server", ["--use-egl-surfaceless"], "--socket-path", {
        LIBGL_ALWAYS_SOFTWARE: "1",
      });
    case "zink":
      return { env: { LIBGL_ALWAYS_SOFTWARE: "1", GALLIUM_DRIVER: "zink", VK_ICD_FILENAMES: lavapipe() }, ...nothing };
    case "llvmpipe":
      return { env: { LIBGL_ALWAYS_SOFTWARE: "1", GALLIUM_DRIVER: "llvmpipe" }, ...nothing };
  }
}
