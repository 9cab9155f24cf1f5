/**
 * `RfbServer`: a screen for VNC viewers, by TCP. Needs --allow-net.
 * @module
 */

import type { ScreenSource } from "../screen_source.ts";
import { RfbSession, type RfbSessionOptions } from "./session.ts";
import { RfbEnd, RfbError, type RfbTransport } from "./transport.ts";

/** The first port of VNC: display :0. */
export const RFB_PORT = 5900;
/** Who is not let in yet has places of its own. */
const WAITING = 16;
/** How many displays are tried when none is named. */
const DISPLAYS = 100;

/** What an {@linkcode RfbServer} is made of. */
export interface RfbServerOptions extends Omit<RfbSessionOptions, "onBegin"> {
  /** Where it listens; 127.0.0.1 by default: whoever reaches it sees all, and types. */
  readonly hostname?: string;
  /** The port, 0 for any; by default the first from 5900 that is free. */
  readonly port?: number;
  /** Viewers at once, default 16; further ones are turned away. */
  readonly viewers?: number;
  /** Told what goes wrong with a viewer, in words for people. */
  readonly onWarning?: (message: string) => void;
}

/** A server. */
export class RfbServer implements AsyncDisposable {
  /** Where it listens. */
  readonly hostname: string;
  /** The port. */
  readonly port: number;
  readonly #source: ScreenSource;
  readonly #options: RfbServerOptions;
  readonly #listener: Deno.TcpListener;
  readonly #sessions = new Map<RfbSession, Promise<void>>();
  // Those that are not let in yet, the oldest first.
  readonly #waiting = new Set<RfbSession>();
  readonly #inside = new Set<RfbSession>();
  readonly #accepting: Promise<void>;

  /**
   * Listens.
   *
   * @param source the screen. @param options where, and for whom.
   * @throws {Deno.errors.AddrInUse} if the port is taken. @throws {RangeError} for an empty password.
   */
  constructor(source: ScreenSource, options: RfbServerOptions = {}) {
    if (options.password === "") throw new RangeError("Cannot ask for an empty password");
    this.#source = source;
    this.#options = options;
    this.#listener = listen(options.hostname ?? "127.0.0.1", options.port);
    const { hostname, port } = this.#listener.addr;
    this.hostname = hostname;
    this.port = port;
    this.#accepting = this.#accept();
  }

  /** Viewers now, those that are not let in yet among them. */
  get viewers(): number {
    return this.#sessions.size;
  }

  async #accept(): Promise<void> {
    for (;;) {
      let connection: Deno.TcpConn;
      try {
        connection = await this.#listener.accept();
      } catch (error) {
        // Closed; or a connection that was gone before it was taken, or no descriptor for it: the next may be better.
        if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) return;
        this.#warn(`no viewer could be taken in: ${error instanceof Error ? error.message : error}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
        continue;
      }
      connection.setNoDelay(true);
      const { hostname, port } = connection.remoteAddr;
      void this.serve(closeOnce(connection), `${hostname}:${port}`);
    }
  }

  #warn(message: string): void {
    this.#options.onWarning?.(message);
  }

  /** Serves one viewer by a connection of any kind until it goes. @param peer who it is, for people. */
  async serve(transport: RfbTransport, peer: string): Promise<void> {
    // The oldest of those that take their time goes, so that nobody is locked out by them.
    for (const oldest of this.#waiting) {
      if (this.#waiting.size < WAITING) break;
      this.#waiting.delete(oldest);
      oldest.drop(new RfbError("its handshake takes too long while others wait"));
    }
    const session = new RfbSession(this.#source, transport, {
      ...this.#options,
      onBegin: (shared) => {
        this.#waiting.delete(session);
        if (!shared) this.#dropOthers(session);
        else this.#admit();
        this.#inside.add(session);
      },
    });
    this.#waiting.add(session);
    const done = session.run().catch((error) => {
      if (error instanceof RfbError) this.#warn(`viewer ${peer} is dropped: ${error.message}`);
      else if (!(error instanceof RfbEnd || isGone(error))) {
        this.#warn(`viewer ${peer} is lost: ${error instanceof Error ? error.stack : error}`);
      }
    });
    this.#sessions.set(session, done);
    await done;
    this.#sessions.delete(session);
    this.#waiting.delete(session);
    this.#inside.delete(session);
  }

  #admit(): void {
    if (this.#inside.size >= (this.#options.viewers ?? 16)) {
      throw new RfbError(`${this.#inside.size} viewers are there`);
    }
  }

  // A viewer that does not share has the screen for itself (RFC 6143, 7.3.1).
  #dropOthers(session: RfbSession): void {
    for (const other of this.#inside) {
      this.#inside.delete(other);
      if (other !== session) other.drop(new RfbEnd("another viewer wants the screen for itself"));
    }
  }

  /** Ends all viewers and listens no more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const session of this.#sessions.keys()) session.drop(new RfbEnd("the server ends"));
    await Promise.all(this.#sessions.values());
    await this.#accepting;
  }
}

function listen(hostname: string, port: number | undefined): Deno.TcpListener {
  if (port !== undefined) return Deno.listen({ hostname, port });
  for (let display = 0;; display++) {
    try {
      return Deno.listen({ hostname, port: RFB_PORT + display });
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse) || display === DISPLAYS - 1) throw error;
    }
  }
}

function closeOnce(connection: Deno.TcpConn): RfbTransport {
  let closed = false;
  return {
    read: (into) => connection.read(into),
    write: (bytes) => connection.write(bytes),
    close: () => {
      if (!closed) connection.close();
      closed = true;
    },
  };
}

// What an ended connection throws.
function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionAborted || error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.TimedOut;
}
