/**
 * Test double of the other side of vhost-user: a front end that says anything, hostile things included. It drives a back end of
 * this thread (`pump` lets it work) or of another process. Its screens are in testing_screen.ts.
 * @module
 */

import * as vhost from "../../../uapi/vhost_user.ts";
import { close, connectStream, poll, POLLIN, sendStream, StreamInput } from "../../os/mod.ts";

const HEADER = 12;

/** How a {@linkcode FrontEnd} waits. */
export interface FrontEndOptions {
  /** Lets a back end of this thread work; absent: it is another process, and is waited for. */
  readonly pump?: () => void;
  /** How long answers are waited for, milliseconds; 2000 by default. */
  readonly timeout?: number;
}

/** A front end at the level of messages. */
export class FrontEnd implements Disposable {
  /** Its connection. */
  readonly fd: number;
  /** Protocol features that were set. */
  protocolFeatures = 0n;
  readonly #options: FrontEndOptions;
  readonly #input = new StreamInput(HEADER + 4096);
  #ended = false;
  #disposed = false;

  /** Connects. @param path the back end's socket. @throws {OsError} as connect(2). */
  constructor(path: string, options: FrontEndOptions = {}) {
    this.#options = options;
    this.fd = connectStream(path);
  }

  /** Whether the back end has ended the connection. */
  get ended(): boolean {
    if (!this.#ended) this.wait(() => this.#closed(), 0);
    return this.#ended;
  }

  #closed(): boolean {
    if (!this.#ended && poll(this.fd, POLLIN) !== 0 && this.#input.length === 0) {
      // Bytes that are no answer stay where they are: only an end is looked for.
      const result = this.#input.receive(this.fd, 1);
      if (result < 0 && result !== -11) this.#ended = true;
    }
    return this.#ended;
  }

  /** Lets the back end work until something is so. @returns whether it is. @param timeout milliseconds. */
  wait(so: () => boolean, timeout: number = this.#options.timeout ?? 2000): boolean {
    const end = performance.now() + timeout;
    for (;;) {
      if (so()) return true;
      this.#options.pump?.();
      if (so()) return true;
      if (performance.now() >= end) return false;
      if (this.#options.pump === undefined) poll(this.fd, POLLIN, 1);
    }
  }

  /** Lets a back end of this thread do what it has to, or gives one of another process a moment. */
  settle(): void {
    if (this.#options.pump === undefined) poll(-1, 0, 2);
    else for (let i = 0; i < 8; i++) this.#options.pump();
  }

  /** Sends bytes as they are. @returns whether they could be sent. */
  raw(bytes: Uint8Array, fds: readonly number[] = []): boolean {
    if (this.#ended) return false;
    let at = 0;
    return this.wait(() => {
      const sent = sendStream(this.fd, bytes.subarray(at), at === 0 ? fds : []);
      if (sent < 0 && sent !== -11) {
        this.#ended = true;
        return true;
      }
      at += Math.max(0, sent);
      return at === bytes.length;
    }) && !this.#ended;
  }

  /** Sends a message. @param flags besides the version: VHOST_USER_NEED_REPLY_MASK. */
  send(request: number, payload: Uint8Array = new Uint8Array(0), fds: readonly number[] = [], flags = 0): boolean {
    const message = new Uint8Array(HEADER + payload.length);
    const header = vhost.vhost_user_header.at(message);
    header.request = request;
    header.flags = vhost.VHOST_USER_VERSION | flags;
    header.size = payload.length;
    message.set(payload, HEADER);
    return this.raw(message, fds);
  }

  /** The next answer's payload; undefined if none comes. @throws {Error} if it answers something else. */
  answer(request: number): Uint8Array | undefined {
    if (this.#ended) return undefined;
    const input = this.#input;
    const take = (): boolean => {
      let result = input.receive(this.fd, HEADER);
      if (result >= 0) result = input.receive(this.fd, HEADER + Math.min(4096, input.view.getUint32(8, true)));
      if (result < 0 && result !== -11) this.#ended = true;
      return result >= 0 || this.#ended;
    };
    if (!this.wait(take) || this.#ended) return undefined;
    const header = vhost.vhost_user_header.at(input.bytes.slice(0, HEADER));
    const payload = input.bytes.slice(HEADER, HEADER + header.size);
    input.clear();
    if (header.request !== request || header.flags !== (vhost.VHOST_USER_VERSION | vhost.VHOST_USER_REPLY_MASK)) {
      throw new Error(`Cannot read the answer to ${vhost.vhostUserName(request)}: it is ${JSON.stringify(header)}`);
    }
    return payload;
  }

  /** Asks. @returns the answer's payload; undefined if none comes. */
  ask(request: number, payload?: Uint8Array, fds?: readonly number[]): Uint8Array | undefined {
    return this.send(request, payload, fds) ? this.answer(request) : undefined;
  }

  /** Asks for a number. */
  askU64(request: number): bigint | undefined {
    const payload = this.ask(request);
    return payload?.length === 8 ? new DataView(payload.buffer).getBigUint64(0, true) : undefined;
  }

  /** Asks whether something was done. @returns whether it was; undefined if no answer comes. */
  tell(request: number, payload?: Uint8Array, fds?: readonly number[]): boolean | undefined {
    if (!this.send(request, payload, fds, vhost.VHOST_USER_NEED_REPLY_MASK)) return undefined;
    const answer = this.answer(request);
    return answer && new DataView(answer.buffer).getBigUint64(0, true) === 0n;
  }

  /** Uses these protocol features. */
  negotiate(features: bigint): void {
    this.protocolFeatures = features;
    this.send(vhost.VHOST_USER_SET_PROTOCOL_FEATURES, u64(features));
  }

  /** Sets features. */
  setFeatures(features: bigint): void {
    this.send(vhost.VHOST_USER_SET_FEATURES, u64(features));
  }

  /** Shares memory. @returns whether it was taken. */
  addRegion(region: vhost.vhost_user_memory_region, fd: number): boolean | undefined {
    return this.tell(vhost.VHOST_USER_ADD_MEM_REG, regionBytes(region), [fd]);
  }

  /** Takes memory away. */
  removeRegion(region: vhost.vhost_user_memory_region): boolean | undefined {
    return this.tell(vhost.VHOST_USER_REM_MEM_REG, regionBytes(region));
  }

  /** Sets a number of a ring. */
  vring(request: number, index: number, num: number): void {
    this.send(request, state(index, num));
  }

  /** Stops a ring. @returns the index at which it stopped; undefined if no answer comes. */
  getBase(index: number): number | undefined {
    const answer = this.ask(vhost.VHOST_USER_GET_VRING_BASE, state(index, 0));
    return answer && vhost.vhost_vring_state.at(answer).num;
  }

  /** Ends the connection. Twice does nothing. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = this.#ended = true;
    this.#input.clear();
    close(this.fd);
  }
}

/** A u64 payload. */
export function u64(value: bigint | number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}

/** A vhost_vring_state payload. */
export function state(index: number, num: number): Uint8Array {
  return vhost.vhost_vring_state.bytes(vhost.vhost_vring_state.of({ index, num }));
}

/** A single memory region payload. */
export function regionBytes(region: vhost.vhost_user_memory_region): Uint8Array {
  return vhost.vhost_user_single_mem_region.bytes(vhost.vhost_user_single_mem_region.of({ region }));
}
