/**
 * `Watches`: what an epoll watches, by key.
 * @module
 */

import { type Epoll, EPOLLIN } from "../../os/mod.ts";

/** Something with a socket. */
export interface Watched {
  /** The socket. */
  readonly socket: number;
  /** Its key while it is watched. */
  key: number;
}

/** The table of what is watched. A key is free again only after the events that were fetched with it. */
export class Watches<T extends Watched> {
  readonly #epoll: Epoll;
  readonly #first: number;
  readonly #items: (T | undefined)[] = [];
  #free: number[] = [];
  #freed: number[] = [];

  /** Nothing is watched yet. @param epoll which watches. @param first the lowest key; those below are the owner's. */
  constructor(epoll: Epoll, first: number) {
    this.#epoll = epoll;
    this.#first = first;
  }

  /** Watches something for messages and the end; false if the system has no room. @param events EPOLL*; the end is told always. */
  add(item: T, events: number = EPOLLIN): boolean {
    const index = this.#free.pop() ?? this.#items.push(undefined) - 1;
    if (this.#epoll.add(item.socket, events, this.#first + index) < 0) {
      this.#free.push(index);
      return false;
    }
    this.#items[index] = item;
    item.key = this.#first + index;
    return true;
  }

  /** What a key stands for, or undefined. */
  get(key: number): T | undefined {
    return this.#items[key - this.#first];
  }

  /** Watches it no more; false if it was not watched. */
  remove(item: T): boolean {
    const index = item.key - this.#first;
    if (this.#items[index] !== item) return false;
    this.#items[index] = undefined;
    this.#freed.push(index);
    this.#epoll.remove(item.socket);
    return true;
  }

  /** All events that were fetched are handled. */
  settle(): void {
    if (this.#freed.length === 0) return;
    this.#free.push(...this.#freed);
    this.#freed = [];
  }

  /** All of it, as it is now. */
  get all(): T[] {
    return this.#items.filter((item) => item !== undefined);
  }
}
