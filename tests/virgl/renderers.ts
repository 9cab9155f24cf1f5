/**
 * Who may draw for a GL program of Debian: udrm by vtest, Debian's virgl_test_server, Mesa's zink on Vulkan in the program's own
 * process, and llvmpipe.
 * @module
 */

const root = new URL("../../", import.meta.url).pathname;
/** Where Mesa's virpipe looks for its server; it cannot be told another place. */
const SOCKET = "/tmp/.virgl_test";

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

function connects(): boolean {
  try {
    Deno.statSync(SOCKET);
    return true;
  } catch {
    return false;
  }
}

async function serve(program: string, args: string[], env: Record<string, string>): Promise<Running> {
  if (connects()) {
    // A server that was killed leaves its socket.
    try {
      (await Deno.connect({ transport: "unix", path: SOCKET })).close();
      throw new Error(`Cannot start ${program}: ${SOCKET} is in use; end the server that holds it`);
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
      Deno.removeSync(SOCKET);
    }
  }
  const verbose = Deno.env.has("UDRM_VERBOSE");
  const out = verbose ? "inherit" : "null";
  const process = new Deno.Command(program, { args, env, cwd: root, stdin: "null", stdout: out, stderr: out }).spawn();
  let ended = false;
  process.status.then(() => ended = true);
  for (let i = 0; !connects(); i++) {
    if (ended || i > 600) {
      if (!ended) process.kill("SIGKILL");
      throw new Error(`Cannot start ${program} ${args.join(" ")}: no socket; UDRM_VERBOSE=1 shows what it says`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    env: { LIBGL_ALWAYS_SOFTWARE: "1", GALLIUM_DRIVER: "virpipe" },
    pid: process.pid,
    [Symbol.asyncDispose]: async () => {
      if (!ended) process.kill("SIGTERM");
      await process.status;
      try {
        Deno.removeSync(SOCKET);
      } catch { /* a server that ends well removes it */ }
    },
  };
}

/** Starts a renderer. Throws an Error that says what is missing. */
export async function startRenderer(name: RendererName, env: Record<string, string> = {}): Promise<Running> {
  const nothing = { [Symbol.asyncDispose]: () => Promise.resolve() };
  switch (name) {
    case "udrm":
      return await serve(Deno.execPath(), ["run", "-A", "cli/main.ts", "vtest"], {
        VK_ICD_FILENAMES: lavapipe(),
        ...env,
      });
    case "virgl_test_server":
      return await serve("virgl_test_server", ["--use-egl-surfaceless"], { LIBGL_ALWAYS_SOFTWARE: "1" });
    case "zink":
      return { env: { LIBGL_ALWAYS_SOFTWARE: "1", GALLIUM_DRIVER: "zink", VK_ICD_FILENAMES: lavapipe() }, ...nothing };
    case "llvmpipe":
      return { env: { LIBGL_ALWAYS_SOFTWARE: "1", GALLIUM_DRIVER: "llvmpipe" }, ...nothing };
  }
}
