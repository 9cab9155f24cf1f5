/**
 * Where a running server is: the folder or the socket in it that options, or the environment, name.
 * @module
 */

/** Options as node:util's parseArgs takes them. */
export const PLACE_OPTIONS = { folder: { type: "string" }, socket: { type: "string" } } as const;

/** Their lines of a --help. */
export const PLACE_HELP: string = `  --folder FOLDER  of the server, as udrm serve was told
  --socket PATH    or its socket, FOLDER/socket; by default what UDRM_SOCKET names`;

/** A path from the root. */
export function absolute(path: string): string {
  const whole = path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
  return whole.length > 1 ? whole.replace(/\/+$/, "") : whole;
}

interface PlaceValues {
  readonly folder?: string;
  readonly socket?: string;
}

/** The folder that options name, whether or not there is a server; undefined if they name none. */
export function namedFolder({ folder, socket }: PlaceValues): string | undefined | { readonly error: string } {
  if (folder !== undefined && socket !== undefined) {
    return { error: "--folder and --socket are two ways to say one thing" };
  }
  if (socket !== undefined && !socket.endsWith("/socket")) {
    return { error: `--socket takes FOLDER/socket, not ${JSON.stringify(socket)}: clients find more beside it` };
  }
  const path = folder ?? socket?.slice(0, -"/socket".length);
  if (path === undefined) return undefined;
  if (path === "" || path.includes("\0")) return { error: `--folder takes a path, not ${JSON.stringify(path)}` };
  return absolute(path);
}

/** The folder of the server that is meant. @returns the folder, or what is wrong. */
export function serverFolder(values: PlaceValues): string | { readonly error: string } {
  const named = namedFolder(values);
  if (named !== undefined) return named;
  const socket = Deno.env.get("UDRM_SOCKET");
  if (socket === undefined || !socket.endsWith("/socket")) {
    return { error: "which server is meant? Name it by --folder, or load the environment that udrm serve has printed" };
  }
  return absolute(socket.slice(0, -"/socket".length));
}
