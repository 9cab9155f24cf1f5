// The processes that are a guest's GPU: `udrm vhost-user`, or the backend that comes with QEMU.
import { Child } from "./child.ts";
import type { GuestPackages } from "./packages.ts";

/** Which backend: QEMU's own, or this project's. */
export type BackendKind = "stock" | "udrm";

const ROOT = new URL("../../", import.meta.url).pathname;

/**
 * Starts a backend and waits until it listens.
 *
 * @param kind which
 * @param packages where QEMU's is
 * @param socket the path at which it is to listen
 * @param more further arguments
 * @returns the process
 * @throws {Error} if it ends, or does not listen within a minute
 */
export async function startBackend(
  kind: BackendKind,
  packages: GuestPackages,
  socket: string,
  more: readonly string[] = [],
): Promise<Child> {
  const words = kind === "stock" ? [...packages.command("usr/lib/qemu/vhost-user-gpu"), "-s", socket, ...more] : [
    Deno.execPath(),
    "run",
    "-A",
    `--config=${ROOT}deno.json`,
    `${ROOT}cli/main.ts`,
    "vhost-user",
    "--socket",
    socket,
    ...more,
  ];
  let printed = "";
  const child = new Child(words, { NO_COLOR: "1" }, (text) => printed = (printed + text).slice(-65536));
  try {
    for (const end = Date.now() + 60_000; Date.now() < end;) {
      if (!child.alive) throw new Error(`Cannot start the ${kind} backend: it says\n${printed}${child.log}`);
      try {
        if (Deno.statSync(socket).isSocket) return child;
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`Cannot start the ${kind} backend: it does not listen at ${socket}`);
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
}
