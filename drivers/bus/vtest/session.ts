/**
 * One client's connection: bytes become messages, messages are executed, replies go back. It never waits by itself, unless told;
 * whoever runs it waits for what it says it needs. A message is executed where it was read; nothing is kept but the last, unfinished one.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import type { Renderer3d } from "../../../core/host3d.ts";
import { ERRNO, errnoName } from "../../../uapi/errno.ts";
import { VCMD_CREATE_RENDERER, VCMD_SUBMIT_CMD, VCMD_TRANSFER_PUT, vtestCommand } from "../../../uapi/vtest.ts";
import { close, OsError, StreamBuffer } from "../../os/mod.ts";
import { Client } from "./client.ts";
import { COMMANDS, put, PUT_WORDS, putSize } from "./commands.ts";
import { VtestError, VtestGone } from "./error.ts";
import type { Graveyard } from "./graveyard.ts";
import { VTEST_LIMITS, type VtestLimits } from "./limits.ts";

const { EAGAIN, EINTR, EPIPE, ECONNRESET } = ERRNO;
const HEADER = 8;
/** Reads before others get a turn. */
const READS = 16;
/** Bytes read at once beyond the longest message. */
const AHEAD = 64 * 1024;
/** How long a wait is worth to be spent awake, where nobody else needs the processor for it. */
const SPIN_MS = 0.1;
const SPINS = navigator.hardwareConcurrency > 1;

/** What a session needs before it can go on. */
export type SessionNeed =
  /** More bytes from its client. */
  | "input"
  /** That its client reads. */
  | "output"
  /** That the batch `Session.last` is complete. */
  | "batch"
  /** Nothing any more: it is over, `Session.end` says why. */
  | "end";

/** What is told when a session waits for its client, so that a watchdog knows that it is not stuck. */
export interface Rest {
  /** It waits. */
  begin(): void;
  /** It works. */
  end(): void;
}

/** A connection. */
export class Session implements Disposable {
  /** The connection, closed by `dispose`. */
  readonly fd: number;
  readonly #client: Client;
  readonly #limits: VtestLimits;
  readonly #input: StreamBuffer;
  // Read but not executed: from #at to #end.
  #at = 0;
  #end = 0;
  // The message at #at, once its header was read.
  #id = 0;
  #length = 0;
  #named = false;
  #created = false;
  // The bytes of a TRANSFER_PUT too long for the buffer, and how many are there.
  #large: StreamBuffer | undefined;
  #largeLength = 0;
  #largeSize = 0;
  // What a TRANSFER_PUT begins with.
  readonly #put = new Uint32Array(PUT_WORDS);
  readonly #putBytes = new Uint8Array(this.#put.buffer);
  // Whether the client answered before it would have been worth while to sleep.
  #quick = false;
  #reason: string | undefined;
  #expected = true;
  #disposed = false;

  /**
   * Takes over a connection.
   *
   * @param fd a stream socket, owned from now on
   * @param renderer who executes. @param graveyard the renderer's. @param limits what the client may have
   */
  constructor(fd: number, renderer: Renderer3d, graveyard: Graveyard, limits: VtestLimits = VTEST_LIMITS) {
    this.fd = fd;
    this.#limits = limits;
    this.#input = new StreamBuffer(limits.submitWords * 4 + AHEAD);
    this.#client = new Client(fd, renderer, graveyard, limits);
  }

  /** What the client calls itself; empty until it has said so. */
  get name(): string {
    return this.#client.name;
  }
  /** The version agreed upon. */
  get version(): number {
    return this.#client.version;
  }
  /** The last batch with work of this client. */
  get last(): number {
    return this.#client.last;
  }
  /** Whether the GPU has something of it to do. */
  get busy(): boolean {
    return this.#client.busy;
  }
  /** Whether something waits for the GPU though the client may not: timelines. */
  get watching(): boolean {
    return this.#client.syncs.pending;
  }
  /** Why it is over, if it is; a sentence. */
  get end(): string | undefined {
    return this.#reason;
  }
  /** Whether that is an error of the program itself. */
  get failed(): boolean {
    return !this.#expected;
  }
  /** Live resources. */
  get resources(): number {
    return this.#client.resources.count;
  }

  /**
   * Goes on as far as possible.
   *
   * @param rest if given, and the socket is a blocking one: waits for the first bytes, and says so
   * @returns what is needed before the next call is of use
   */
  run(rest?: Rest): SessionNeed {
    if (this.#reason !== undefined) return "end";
    try {
      return this.#run(rest);
    } catch (error) {
      this.#finish(error);
      return "end";
    }
  }

  /** Ends it from outside. @param reason a sentence. */
  stop(reason: string): void {
    this.#reason ??= reason;
  }

  #finish(error: unknown): void {
    const known = error instanceof VtestError || error instanceof VtestGone || error instanceof DrmError ||
      error instanceof OsError;
    this.#expected = known;
    const what = this.#named && !(error instanceof VtestGone) ? `${this.#command}: ` : "";
    const text = error instanceof Error ? (known ? error.message : error.stack ?? error.message) : String(error);
    this.#reason = `${what}${text}`;
  }

  get #command(): string {
    return vtestCommand(this.#id)?.name ?? `command ${this.#id}`;
  }

  #run(rest: Rest | undefined): SessionNeed {
    const client = this.#client, { output } = client;
    client.look();
    let wait = rest !== undefined, dry = false, reads = 0;
    for (;;) {
      // Many short replies may be gathered, and large ones follow each other.
      if (output.full && !output.flush()) return "output";
      if (client.waiting) {
        // Earlier replies need not wait with it.
        return output.flush() ? "batch" : "output";
      }
      if (this.#step()) continue;
      if (output.pending && !output.flush()) return "output";
      // The GPU may begin while the client thinks.
      client.flush();
      if (dry || reads++ === READS) return "input";
      // Timelines are watched by whoever runs it.
      if (client.syncs.pending) wait = false;
      if (wait) rest?.begin();
      const asked = this.#room();
      const count = wait ? this.#await(asked) : this.#receive(asked, false);
      if (wait) rest?.end();
      wait = false;
      if (count === 0) return "input";
      // Less than there is room for was all there is.
      dry = count < asked;
    }
  }

  // Makes room where the message goes on. @returns how many bytes can be read
  #room(): number {
    if (this.#large !== undefined) return this.#largeSize - this.#largeLength;
    this.#compact();
    return this.#input.bytes.length - this.#end;
  }

  // Moves what is not executed to the beginning: the least of a message, when more of it is wanted.
  #compact(): void {
    if (this.#at === 0) return;
    if (this.#at < this.#end) this.#input.bytes.copyWithin(0, this.#at, this.#end);
    this.#end -= this.#at;
    this.#at = 0;
  }

  // Waits for bytes. A client that has answered quickly so far is asked again and again for a moment: to be woken takes longer.
  #await(length: number): number {
    const start = performance.now();
    let count = 0, now = start;
    if (this.#quick) {
      do {
        count = this.#receive(length, false);
        now = performance.now();
      } while (count === 0 && now - start < SPIN_MS);
    }
    if (count === 0) {
      count = this.#receive(length, true);
      now = performance.now();
    }
    this.#quick = SPINS && now - start < SPIN_MS * 2;
    return count;
  }

  // @returns how many bytes have come, 0 for none now
  #receive(length: number, wait: boolean): number {
    const large = this.#large;
    const count = large === undefined
      ? this.#input.receive(this.fd, this.#end, length, wait)
      : large.receive(this.fd, this.#largeLength, length, wait);
    if (count === -EAGAIN || count === -EINTR) return 0;
    if (count === -EPIPE || count === -ECONNRESET) throw this.#gone();
    if (count < 0) throw new VtestGone(`nothing can be read: ${errnoName(count)}`);
    if (large === undefined) this.#end += count;
    else this.#largeLength += count;
    return count;
  }

  #gone(): Error {
    const inside = this.#named || this.#end > this.#at;
    return new VtestGone(inside ? "it is gone in the middle of a message" : "it is gone");
  }

  // Executes a message, if a whole one is there. @returns whether it was
  #step(): boolean {
    if (this.#large !== undefined) return this.#stepLarge(this.#large);
    const { bytes, words } = this.#input;
    if (!this.#named) {
      if (this.#end - this.#at < HEADER) return false;
      this.#length = this.#word(this.#at);
      this.#id = this.#word(this.#at + 4);
      this.#named = true;
      this.#check();
      this.#at += HEADER;
    }
    const size = this.#payload(), at = this.#at;
    if (this.#end - at < size) return false;
    const client = this.#client;
    switch (this.#id) {
      case VCMD_SUBMIT_CMD:
        if (this.#length > 0) {
          // What lies before it was executed. Usually it is there already: header and commands are two writes of the client's.
          if (at !== 0) bytes.copyWithin(0, at, at + size);
          client.submit(words, this.#length);
          client.begin();
        }
        break;
      case VCMD_TRANSFER_PUT: {
        this.#putBytes.set(bytes.subarray(at, at + size));
        const data = putSize(client, this.#put, 0), start = at + size;
        if (this.#end - start < data) return this.#beginPut(data);
        put(client, this.#put, 0, bytes.subarray(start, start + data));
        this.#at += data;
        break;
      }
      case VCMD_CREATE_RENDERER:
        client.name = readName(bytes.subarray(at, at + size));
        this.#created = true;
        break;
      default: {
        // Words lie anywhere behind names and inline bytes, which have any length; the header before them is not needed any more.
        const aligned = at & ~3;
        if (aligned !== at) bytes.copyWithin(aligned, at, at + size);
        COMMANDS[this.#id]?.run(client, words, aligned >> 2, this.#length);
      }
    }
    this.#at += size;
    this.#named = false;
    return true;
  }

  // A word that lies anywhere.
  #word(at: number): number {
    const { bytes, words } = this.#input;
    if ((at & 3) === 0) return words[at >> 2];
    return (bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 | bytes[at + 3] << 24) >>> 0;
  }

  // Whether a message may come now.
  #check(): void {
    const id = this.#id;
    if (!this.#created) {
      if (id !== VCMD_CREATE_RENDERER) throw new VtestError("the first message is not CREATE_RENDERER");
      return;
    }
    if (id === VCMD_SUBMIT_CMD || id === VCMD_TRANSFER_PUT) return;
    if (id === VCMD_CREATE_RENDERER) throw new VtestError("there is a renderer already");
    const command = COMMANDS[id];
    if (command === undefined) throw new VtestError("there is no such command");
    if (command.since > this.#client.version) {
      throw new VtestError(`it is of version ${command.since}, and version ${this.#client.version} was agreed upon`);
    }
    if (command.context) void this.#client.context;
  }

  // Bytes of the message's payload that are needed at once.
  #payload(): number {
    const length = this.#length;
    switch (this.#id) {
      case VCMD_CREATE_RENDERER:
        if (length > this.#limits.nameBytes) throw new VtestError(`a name of ${length} bytes is too much`);
        return length;
      case VCMD_TRANSFER_PUT:
        return PUT_WORDS * 4;
      case VCMD_SUBMIT_CMD:
        break;
      default: {
        const words = COMMANDS[this.#id]?.words;
        if (words !== undefined) return words * 4;
      }
    }
    if (length > this.#limits.submitWords) throw new VtestError(`${length} words at once are too many`);
    return length * 4;
  }

  // TRANSFER_PUT's bytes are not all there. @returns whether to go on
  #beginPut(data: number): boolean {
    const { bytes } = this.#input;
    // They will fit: once there is room in front they can be read behind the rest.
    if (PUT_WORDS * 4 + data <= bytes.length) return false;
    // The description first, to be read again when the bytes are there.
    this.#compact();
    const large = this.#large = new StreamBuffer(PUT_WORDS * 4 + data);
    this.#largeSize = PUT_WORDS * 4 + data;
    this.#largeLength = this.#end;
    large.bytes.set(bytes.subarray(0, this.#end));
    this.#end = 0;
    return false;
  }

  #stepLarge(large: StreamBuffer): boolean {
    if (this.#largeLength < this.#largeSize) return false;
    put(this.#client, large.words, 0, large.bytes.subarray(PUT_WORDS * 4, this.#largeSize));
    this.#large = undefined;
    this.#named = false;
    return true;
  }

  /** Closes the connection and frees what the client had. Twice does nothing. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#reason ??= "it was closed";
    close(this.fd);
    this.#large = undefined;
    this.#client[Symbol.dispose]();
  }
}

// The part before the NUL, of what anybody may see: printable ASCII.
function readName(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  const text = new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  return text.replace(/[^ -~]/g, "?").slice(0, 64);
}
