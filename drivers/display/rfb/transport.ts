/**
 * How bytes of one viewer come and go, and a reader over them that never holds more than a buffer.
 * @module
 */

/** A connection: a TCP socket, or a WebSocket. `Deno.Conn` is one. */
export interface RfbTransport {
  /** Reads at most `into.length` bytes, one at least; null at the end. */
  read(into: Uint8Array): Promise<number | null>;
  /** Writes; how many bytes, one at least. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends both directions; what is pending fails. Harmless twice. */
  close(): void;
}

/** The viewer broke the protocol, or a limit: its connection ends. */
export class RfbError extends Error {
  /** "RfbError". */
  override readonly name: string = "RfbError";
}

/** The viewer has gone. */
export class RfbEnd extends Error {
  /** "RfbEnd". */
  override readonly name: string = "RfbEnd";
}

/** Reads what a viewer sends. */
export class Reader {
  readonly #transport: RfbTransport;
  readonly #buffer = new Uint8Array(1 << 14);
  #start = 0;
  #end = 0;

  /** @param transport the connection. */
  constructor(transport: RfbTransport) {
    this.#transport = transport;
  }

  async #fill(): Promise<void> {
    if (this.#start > 0) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    const length = await this.#transport.read(this.#buffer.subarray(this.#end));
    if (length === null) throw new RfbEnd("the viewer has closed the connection");
    this.#end += length;
  }

  /** Whether `length` bytes are there already: `take` need not be awaited then. */
  has(length: number): boolean {
    return this.#end - this.#start >= length;
  }

  /** Takes bytes that are there; the view is good until the next call. */
  now(length: number): Uint8Array {
    const at = this.#start;
    this.#start += length;
    return this.#buffer.subarray(at, at + length);
  }

  /** Takes the next `length` bytes, at most 16384; the view is good until the next call. @throws {RfbEnd} */
  async take(length: number): Promise<Uint8Array> {
    while (!this.has(length)) await this.#fill();
    return this.now(length);
  }

  /** Leaves out `length` bytes. @throws {RfbEnd} */
  async skip(length: number): Promise<void> {
    for (;;) {
      const part = Math.min(length, this.#end - this.#start);
      this.#start += part;
      length -= part;
      if (length === 0) return;
      await this.#fill();
    }
  }
}
