/**
 * Events that the host signals by number: an eventfd, a call that waits, a dma-fence. Mirrors dxghostevent and the host event list.
 * Numbers are never used twice, so that a late signal finds nobody.
 * @module
 */

import type { EventFdContext } from "../../../core/eventfd.ts";
import { U32Map } from "../../../core/u32_map.ts";

/** What an event does. */
export interface HostEvent {
  /** The host has signalled it. */
  signaled(): void;
  /** Nobody will signal it any more. */
  dropped(): void;
  /** Whether it stays after a signal. */
  readonly isPersistent: boolean;
}

interface Entry {
  readonly id: number;
  readonly event: HostEvent;
  // Without whom it is not signalled any more: an adapter.
  owner: object | undefined;
}

/** The events of a guest. */
export class HostEvents {
  readonly #events = new U32Map<Entry>();
  #last = 0;

  /** Events that may be signalled. */
  get count(): number {
    return this.#events.size;
  }

  /** Waits for an event; its number. */
  add(event: HostEvent): number {
    do this.#last++; while (this.#last >>> 0 === 0 || this.#events.get(this.#last >>> 0) !== undefined);
    this.#events.set(this.#last >>> 0, { id: this.#last, event, owner: undefined });
    return this.#last;
  }

  /** Says without whom an event is not signalled any more: {@linkcode HostEvents.clear} then drops it. */
  assign(id: number, owner: object): void {
    const entry = this.#events.get(id >>> 0);
    if (entry?.id === id) entry.owner = owner;
  }

  /** Takes an event out; whether it was there. Its owner frees what it holds. */
  remove(id: number): boolean {
    return this.#take(id) !== undefined;
  }

  #take(id: number): Entry | undefined {
    const key = id >>> 0;
    const entry = key === 0 ? undefined : this.#events.get(key);
    if (entry === undefined || entry.id !== id) return undefined;
    this.#events.delete(key);
    return entry;
  }

  /** The host signals an event; numbers that nobody waits for are ignored. */
  signal(id: bigint): void {
    if (id > BigInt(Number.MAX_SAFE_INTEGER)) return;
    const key = Number(id);
    const entry = this.#take(key);
    if (entry?.event.isPersistent) this.#events.set(key >>> 0, entry);
    entry?.event.signaled();
  }

  /** The host is gone, or one of its adapters: what waits for that is dropped. */
  clear(owner?: object): void {
    const all = [...this.#events.values()].filter((entry) => owner === undefined || entry.owner === owner);
    for (const { id } of all) this.#events.delete(id >>> 0);
    for (const { event } of all) event.dropped();
  }
}

/** Signals an eventfd, whose reference it takes over: once, or until it is removed. */
export class EventFdEvent implements HostEvent {
  readonly isPersistent: boolean;
  readonly #owner: Set<EventFdEvent>;
  #context: EventFdContext | undefined;
  /** Its number. */
  readonly id: number;
  readonly #events: HostEvents;

  /**
   * Adds it.
   * @param events of the guest. @param owner a process's events, among which it is while it may be signalled.
   * @param context with a reference. @param isPersistent whether it stays after a signal.
   */
  constructor(events: HostEvents, owner: Set<EventFdEvent>, context: EventFdContext, isPersistent: boolean) {
    this.#events = events;
    this.#owner = owner;
    this.#context = context;
    this.isPersistent = isPersistent;
    this.id = events.add(this);
    owner.add(this);
  }

  signaled(): void {
    this.#context?.signal();
    if (!this.isPersistent) this.#end();
  }

  /** Takes it out, if it is still there. */
  remove(): void {
    this.#events.remove(this.id);
    this.#end();
  }

  /** Who waits for the eventfd is woken, and finds the fences at their greatest value. */
  dropped(): void {
    this.#context?.signal();
    this.#end();
  }

  #end(): void {
    this.#owner.delete(this);
    this.#context?.put();
    this.#context = undefined;
  }
}
