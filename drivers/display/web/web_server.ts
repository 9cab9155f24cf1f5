/**
 * `WebServer`: the page with a screen and an inspector beside it, by HTTP and WebSockets.
 * @module
 */

import { RfbSession, type RfbSessionOptions } from "../rfb/session.ts";
import { RfbEnd, RfbError } from "../rfb/transport.ts";
import type { ScreenSource } from "../screen_source.ts";
import { serveFile } from "./files.ts";
import { admit, newToken, refusal, SAFE_HEADERS } from "./guard.ts";
import { InspectFeed, type InspectLimits, type InspectSource } from "./inspect_feed.ts";
import { type SocketLimits, SocketStream } from "./socket_stream.ts";

/** What a {@linkcode WebServer} is made of. */
export interface WebServerOptions {
  /** The screens; the first is shown at first. Asked anew by each page. */
  readonly screens: () => readonly ScreenSource[];
  /** What viewers may do. noVNC shares a screen always: who wants it alone gets it shared, too. */
  readonly rfb?: Omit<RfbSessionOptions, "onBegin">;
  /** Where the inspector gets what it shows; without it the page has none. */
  readonly inspect?: InspectSource;
  /** Where to listen: an address, "127.0.0.1" by default. */
  readonly hostname?: string;
  /** Default 0: any port that is free. */
  readonly port?: number;
  /** The secret in the path; a new one by default, empty for none. */
  readonly token?: string;
  /** Names besides addresses and "localhost" by which it may be called. */
  readonly names?: readonly string[];
  /** Connections to screens at once, default 16. */
  readonly viewers?: number;
  /** How much may wait on a connection to a screen. */
  readonly socketLimits?: Partial<SocketLimits>;
  /** How often the inspector is told. */
  readonly inspectLimits?: Partial<InspectLimits>;
  /** Hears of what went wrong; the server goes on. */
  readonly onError?: (error: unknown) => void;
}

const VIEWERS = 16;
const PROTOCOL = "binary";

/** The server. */
export class WebServer implements AsyncDisposable {
  /** Where the page is, the secret included. */
  readonly url: string;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #abort = new AbortController();
  readonly #options: WebServerOptions;
  readonly #token: string;
  readonly #port: number;
  readonly #feed: InspectFeed | undefined;
  readonly #viewers = new Map<SocketStream, Promise<void>>();

  /** Listens. @param options what it shows, and where. @throws {Error} if it cannot listen there. */
  constructor(options: WebServerOptions) {
    this.#options = options;
    const { hostname = "127.0.0.1", port = 0 } = options;
    this.#token = options.token ?? newToken();
    this.#feed = options.inspect && new InspectFeed(options.inspect, options.inspectLimits);
    this.#server = Deno.serve({
      hostname,
      port,
      signal: this.#abort.signal,
      onListen: () => {},
      onError: (error) => {
        options.onError?.(error);
        return refusal(500, "Something went wrong");
      },
    }, (request) => this.#answer(request));
    this.#port = this.#server.addr.port;
    const host = hostname === "0.0.0.0" || hostname === "::"
      ? "localhost"
      : hostname.includes(":")
      ? `[${hostname}]`
      : hostname;
    this.url = `http://${host}:${this.#port}/${this.#token === "" ? "" : `${this.#token}/`}`;
  }

  /** Connections to screens. */
  get viewers(): number {
    return this.#viewers.size;
  }

  /** Who watches the inspector. */
  get watchers(): number {
    return this.#feed?.watchers ?? 0;
  }

  #answer(request: Request): Response | Promise<Response> {
    const path = admit(request, { token: this.#token, port: this.#port, names: this.#options.names });
    if (typeof path !== "string") return path;
    if (path === "/rfb") return this.#rfb(request);
    if (path === "/inspect") return this.#inspect(request);
    if (path === "/screens") {
      const screens = this.#options.screens().map(({ name }) => name);
      const viewOnly = this.#options.rfb?.viewOnly === true;
      return Response.json({ screens, inspector: this.#feed !== undefined, viewOnly }, { headers: SAFE_HEADERS });
    }
    return serveFile(path);
  }

  #rfb(request: Request): Response {
    if (!isUpgrade(request)) return refusal(426, "Here is a WebSocket");
    const screen = this.#options.screens()[Number(new URL(request.url).searchParams.get("screen") ?? "0")];
    if (screen === undefined) return refusal(404, "There is no such screen");
    if (this.#viewers.size >= (this.#options.viewers ?? VIEWERS)) return refusal(503, "Too many look already");
    const asked = (request.headers.get("sec-websocket-protocol") ?? "").split(/\s*,\s*/);
    const protocol = asked.includes(PROTOCOL) ? PROTOCOL : undefined;
    // Two minutes without an answer to a ping end it.
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol, idleTimeout: 120 });
    const stream = new SocketStream(socket, this.#options.socketLimits);
    const served = new RfbSession(screen, stream, this.#options.rfb).run()
      .catch((error) => this.#ended(error))
      .finally(() => {
        stream.close();
        this.#viewers.delete(stream);
      });
    this.#viewers.set(stream, served);
    return response;
  }

  // Viewers go, and some break the protocol: neither is the server's fault.
  #ended(error: unknown): void {
    const gone = error instanceof RfbEnd || error instanceof RfbError || error instanceof Deno.errors.BrokenPipe;
    if (!gone) this.#options.onError?.(error);
  }

  #inspect(request: Request): Response {
    if (this.#feed === undefined) return refusal(404, "There is no inspector here");
    if (!isUpgrade(request)) return refusal(426, "Here is a WebSocket");
    if (!this.#feed.hasRoom) return refusal(503, "Too many watch already");
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 120 });
    this.#feed.add(socket);
    return response;
  }

  /** Hangs up. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const stream of [...this.#viewers.keys()]) stream.close(1001, "the server ends");
    await this.#feed?.[Symbol.asyncDispose]();
    await Promise.allSettled([...this.#viewers.values()]);
    // Not gracefully: idle connections of browsers would keep it waiting.
    this.#abort.abort();
    await this.#server.finished;
  }
}

const isUpgrade = (request: Request): boolean => request.headers.get("upgrade")?.toLowerCase() === "websocket";
