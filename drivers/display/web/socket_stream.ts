/**
 * `SocketStream`: a WebSocket as a stream of bytes, with limits on what waits on either side.
 * @module
 */

/** How much may wait. */
export interface SocketLimits {
  /** Bytes received and not read yet. */
  readonly incoming: number;
  /** Bytes sent and not taken by the network yet, beyond which `write` waits. */
  readonly outgoing: number;
  /** Milliseconds that `write` waits at most. */
  readonly patience: number;
}

/** Generous for people, tight for floods. */
export const SOCKET_LIMITS: SocketLimits = { incoming: 1 << 18, outgoing: 1 << 20, patience: 30_000 };

const LOOK_MS = 4;

/** A WebSocket that carries bytes: what a peer sends is read in order, message borders do not count. */
export class SocketStream {
  readonly #socket: WebSocket;
  readonly #limits: SocketLimits;
  readonly #closed = Promise.withResolvers<void>();
  readonly #opened = Promise.withResolvers<void>();
  #waiting: Uint8Array[] = [];
  #size = 0;
  #reader: (() => void) | undefined;
  #over = false;

  /** Takes a socket over. @param socket not open yet, or open. @param limits how much may wait. */
  constructor(socket: WebSocket, limits: Partial<SocketLimits> = {}) {
    this.#socket = socket;
    this.#limits = { ...SOCKET_LIMITS, ...limits };
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#opened.resolve();
    if (socket.readyState === WebSocket.OPEN) this.#opened.resolve();
    socket.onmessage = (event: MessageEvent<unknown>) => this.#receive(event.data);
    // An error is followed by the end.
    socket.onerror = (event) => {
      if ("preventDefault" in event) event.preventDefault();
    };
    socket.onclose = () => this.#end();
  }

  /** Resolves when it has ended, whoever ended it. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Whether it has ended. */
  get over(): boolean {
    return this.#over;
  }

  /** Bytes on their way to the network. */
  get bufferedAmount(): number {
    return this.#socket.bufferedAmount;
  }

  #receive(data: unknown): void {
    if (this.#over) return;
    if (!(data instanceof ArrayBuffer)) return this.close(1003, "bytes are expected");
    if (this.#size + data.byteLength > this.#limits.incoming) return this.close(1009, "too much at once");
    if (data.byteLength === 0) return;
    this.#size += data.byteLength;
    this.#waiting.push(new Uint8Array(data));
    this.#reader?.();
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#reader?.();
    this.#opened.resolve();
    this.#closed.resolve();
  }

  /** Reads what there is, at least a byte, into `target`; null at the end. One reader at a time. */
  async read(target: Uint8Array): Promise<number | null> {
    while (this.#waiting.length === 0) {
      if (this.#over) return null;
      await new Promise<void>((resolve) => this.#reader = resolve);
      this.#reader = undefined;
    }
    const [first] = this.#waiting;
    const count = Math.min(first.length, target.length);
    target.set(first.subarray(0, count));
    if (count === first.length) this.#waiting.shift();
    else this.#waiting[0] = first.subarray(count);
    this.#size -= count;
    return count;
  }

  /**
   * Sends all of `bytes`, and waits until most of what was sent has left.
   *
   * @returns how many. @throws {Deno.errors.BrokenPipe} once it has ended, also because the peer reads too slowly.
   */
  async write(bytes: Uint8Array): Promise<number> {
    await this.#opened.promise;
    if (this.#over) throw new Deno.errors.BrokenPipe("Cannot write: the connection has ended");
    this.#socket.send(bytes.slice());
    const end = performance.now() + this.#limits.patience;
    while (this.#socket.bufferedAmount > this.#limits.outgoing && !this.#over) {
      if (performance.now() > end) {
        this.close(1008, "too slow");
        throw new Deno.errors.BrokenPipe("Cannot write: the peer reads too slowly");
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return bytes.length;
  }

  /** Ends it. @param code RFC 6455 section 7.4.1. @param reason for people. */
  close(code = 1000, reason = ""): void {
    if (this.#over) return;
    try {
      this.#socket.close(code, reason);
    } catch { /* it is not open yet, or closing */ }
    // A peer that answers no close is forgotten all the same.
    this.#waiting = [];
    this.#size = 0;
    this.#end();
  }
}
