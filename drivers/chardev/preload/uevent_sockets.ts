/**
 * Uevents on their way to clients: each that listens has a datagram socket in a folder (`shim/uevents.c`), whose name says what
 * it listens to.
 * @module
 */

import type { Clock, Timer } from "../../../core/clock.ts";
import { EAGAIN } from "../../../core/error.ts";
import { ERRNO } from "../../../uapi/errno.ts";
import { sendDatagram } from "../../os/mod.ts";
import type { UeventMessages } from "./udev.ts";

/** Messages that wait for a slow reader; it loses those beyond, as netlink(7) has it. */
const WAITING_MAX = 1024;
const RETRY_NS = 10e6;
const KERNEL = 1, UDEV = 2;

/** The sockets of one server's clients. */
export class UeventSockets implements Disposable {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Uint8Array[]>();
  #retry: Timer | undefined;

  /** Sockets. @param folder where they are made, itself made if it is not there. @param clock when to try again. */
  constructor(folder: string, clock: Clock) {
    this.#folder = folder;
    this.#clock = clock;
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** Tells everybody who listens. */
  send(messages: UeventMessages): void {
    for (const { name } of [...Deno.readDirSync(this.#folder)]) {
      const groups = Number(/^([1-3])-\d+-\d+$/.exec(name)?.[1] ?? 0);
      if ((groups & KERNEL) !== 0) this.#give(name, messages.kernel);
      if ((groups & UDEV) !== 0) this.#give(name, messages.udev);
    }
  }

  #give(name: string, message: Uint8Array): void {
    const waiting = this.#waiting.get(name);
    if (waiting !== undefined) {
      if (waiting.length < WAITING_MAX) waiting.push(message);
    } else if (!this.#sent(name, message)) {
      this.#waiting.set(name, [message]);
      this.#arm();
    }
  }

  // False if it is to be tried again. A socket that nobody has open any more is removed.
  #sent(name: string, message: Uint8Array): boolean {
    const path = `${this.#folder}/${name}`;
    const result = sendDatagram(path, message);
    if (result === EAGAIN) return false;
    if (result === -ERRNO.ECONNREFUSED) {
      this.#waiting.delete(name);
      try {
        Deno.removeSync(path);
      } catch { /* somebody was faster */ }
    }
    return true;
  }

  #arm(): void {
    this.#retry ??= this.#clock.at(this.#clock.now() + RETRY_NS, () => {
      this.#retry = undefined;
      for (const [name, messages] of [...this.#waiting]) {
        while (messages.length > 0 && this.#sent(name, messages[0])) messages.shift();
        if (messages.length === 0) this.#waiting.delete(name);
      }
      if (this.#waiting.size > 0) this.#arm();
    });
  }

  /** Nobody is told any more. */
  [Symbol.dispose](): void {
    this.#retry?.cancel();
    this.#waiting.clear();
  }
}
