/**
 * The control socket of `udrm serve`, FOLDER/control: one request and its answer a connection, each a line of JSON. Only the
 * server's own user can reach it: the folder is closed to others.
 * @module
 */

import type { KernelRequest, Screenshot } from "./kernel_messages.ts";

const REQUEST_MAX = 1 << 23;
const CONNECTIONS_MAX = 32;
const PATIENCE_MS = 10_000;

/** What can be asked over the socket. */
export type ControlRequest = Exclude<KernelRequest, { kind: "end" }>;

/** The server cannot be reached, or cannot do what it was asked. */
export class ControlError extends Error {
  /** "ControlError". */
  override readonly name: string = "ControlError";
}

/** An answer as it is sent. Bytes of a picture are base64. */
type Answer = { readonly result: unknown } | { readonly error: string };

/** Reads what comes until a line is whole. @throws {ControlError} beyond `limit` bytes, or if it ends before. */
async function readLine(connection: Deno.Conn, limit: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  const buffer = new Uint8Array(65536);
  for (;;) {
    const count = await connection.read(buffer);
    if (count === null) throw new ControlError("the connection ended within a line");
    const end = buffer.subarray(0, count).indexOf(10);
    parts.push(buffer.slice(0, end < 0 ? count : end));
    size += end < 0 ? count : end;
    if (size > limit) throw new ControlError(`a line is longer than ${limit} bytes`);
    if (end >= 0) break;
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return new TextDecoder().decode(whole);
}

async function writeLine(connection: Deno.Conn, value: unknown): Promise<void> {
  const bytes = new TextEncoder().encode(`${JSON.stringify(value)}\n`);
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

/** A request that a peer sent. @throws {ControlError} for anything else. */
function parseRequest(line: string): ControlRequest {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new ControlError("a request is a line of JSON");
  }
  const { kind, config, connector, connected } = (typeof value === "object" && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  if (kind === "connectors") return { kind };
  if (kind === "config") return { kind, config };
  if (kind === "screenshot" && (connector === undefined || typeof connector === "string")) return { kind, connector };
  if (kind === "hotplug" && typeof connector === "string" && typeof connected === "boolean") {
    return { kind, connector, connected };
  }
  throw new ControlError("no such request: there are config, connectors, hotplug and screenshot");
}

const isScreenshot = (value: unknown): value is Screenshot =>
  typeof value === "object" && value !== null && "png" in value && value.png instanceof Uint8Array;

/** Answers requests. */
export class ControlServer implements AsyncDisposable {
  readonly #listener: Deno.UnixListener;
  readonly #ask: (request: ControlRequest) => Promise<unknown>;
  readonly #connections = new Set<Deno.Conn>();
  readonly #loop: Promise<void>;
  #closed = false;

  /** Listens. @param folder the server's. @param ask does what is wanted. */
  constructor(folder: string, ask: (request: ControlRequest) => Promise<unknown>) {
    this.#listener = Deno.listen({ transport: "unix", path: `${folder}/control` });
    this.#ask = ask;
    this.#loop = this.#run();
  }

  async #run(): Promise<void> {
    const talks = new Set<Promise<void>>();
    while (!this.#closed) {
      let connection: Deno.Conn;
      try {
        connection = await this.#listener.accept();
      } catch {
        // Closed, or the process is out of descriptors for now.
        if (!this.#closed) await new Promise((resolve) => setTimeout(resolve, 100));
        continue;
      }
      if (this.#connections.size >= CONNECTIONS_MAX) {
        connection.close();
        continue;
      }
      this.#connections.add(connection);
      const talk = this.#talk(connection).finally(() => talks.delete(talk));
      talks.add(talk);
    }
    await Promise.all(talks);
  }

  async #talk(connection: Deno.Conn): Promise<void> {
    // One that says nothing does not keep its place.
    const patience = setTimeout(() => this.#close(connection), PATIENCE_MS);
    try {
      let answer: Answer;
      try {
        const result = await this.#ask(parseRequest(await readLine(connection, REQUEST_MAX)));
        answer = { result: isScreenshot(result) ? { ...result, png: result.png.toBase64() } : result };
      } catch (error) {
        answer = { error: error instanceof Error ? error.message : String(error) };
      }
      await writeLine(connection, answer);
    } catch {
      // Who asked is gone.
    } finally {
      clearTimeout(patience);
      this.#close(connection);
    }
  }

  #close(connection: Deno.Conn): void {
    if (this.#connections.delete(connection)) connection.close();
  }

  /** Hangs up. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#listener.close();
    for (const connection of [...this.#connections]) this.#close(connection);
    await this.#loop;
  }
}

/**
 * Asks a running server.
 *
 * @param folder the server's
 * @returns the result, as `KernelRequest` says; a picture's bytes as base64
 * @throws {ControlError} if no server is there, or it refuses
 */
export async function ask(folder: string, request: ControlRequest): Promise<unknown> {
  let connection: Deno.Conn;
  try {
    connection = await Deno.connect({ transport: "unix", path: `${folder}/control` });
  } catch {
    throw new ControlError(`no server is at ${folder}: start one by udrm serve --folder ${folder}`);
  }
  try {
    await writeLine(connection, request);
    const answer = JSON.parse(await readLine(connection, Infinity)) as Answer;
    if ("error" in answer) throw new ControlError(answer.error);
    return answer.result;
  } catch (error) {
    if (error instanceof ControlError) throw error;
    throw new ControlError(`the server at ${folder} has ended`);
  } finally {
    connection.close();
  }
}
