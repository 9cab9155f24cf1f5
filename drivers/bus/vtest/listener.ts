/**
 * The socket file that clients connect to: made so that only this user's clients come, and removed at the end.
 * @module
 */

import { accept, close, connectStream, listenStream, OsError, peerCredentials } from "../../os/mod.ts";
import { VtestError } from "./error.ts";

const BACKLOG = 128;

/** A listening socket with its file. */
export class Listener implements Disposable {
  /** The descriptor, to be polled. */
  readonly fd: number;
  readonly #path: string;
  readonly #file: number | null;
  readonly #uid: number;
  #closed = false;

  /**
   * Listens. A socket file that nobody listens on, left behind by a process that was killed, is replaced.
   *
   * @param path where clients connect
   * @throws {VtestError} if a server is there, or the file is no socket
   * @throws {OsError} as bind(2)
   */
  constructor(path: string) {
    clear(path);
    this.#path = path;
    this.fd = listenStream(path, BACKLOG);
    // Whoever came before the mode was set is asked for the user like everybody else.
    Deno.chmodSync(path, 0o600);
    this.#file = Deno.lstatSync(path).ino;
    this.#uid = Deno.uid() ?? 0;
  }

  /**
   * Takes the next connection of this user, or of root.
   *
   * @param say hears of those who are refused
   * @returns the connection, nonblocking; or `-errno`: EAGAIN, EMFILE, ENFILE
   */
  accept(say: (sentence: string) => void): number {
    for (;;) {
      const fd = accept(this.fd);
      if (fd < 0) return fd;
      const { uid, pid } = peerCredentials(fd);
      if (uid === this.#uid || uid === 0) return fd;
      close(fd);
      say(`process ${pid} of user ${uid} is refused`);
    }
  }

  /** Listens no more and removes the file, if it is still this one. Twice does nothing. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    close(this.fd);
    try {
      if (Deno.lstatSync(this.#path).ino === this.#file) Deno.removeSync(this.#path);
    } catch { /* whoever has removed it, it is gone */ }
  }
}

function clear(path: string): void {
  let there: Deno.FileInfo;
  try {
    there = Deno.lstatSync(path);
  } catch {
    return;
  }
  if (!there.isSocket) throw new VtestError(`${path} exists and is no socket: name another path`);
  try {
    close(connectStream(path));
  } catch (error) {
    if (!(error instanceof OsError) || error.code !== "ECONNREFUSED") {
      throw new VtestError(`${path} exists and cannot be used: ${error instanceof Error ? error.message : error}`);
    }
    Deno.removeSync(path);
    return;
  }
  throw new VtestError(`${path} is served already: end that server, or name another path`);
}
