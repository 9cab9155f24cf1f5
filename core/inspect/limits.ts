/**
 * How much a snapshot may hold: clients decide how many things there are.
 * @module
 */

/** A list of which only the beginning may be there. */
export interface Listed<T> {
  /** As many as the limit allows. */
  readonly items: readonly T[];
  /** How many there are; `items` may be fewer. */
  readonly count: number;
}

/** Numbers of things that a snapshot holds at most, of each list. */
export interface Limits {
  /** Devices. */
  readonly devices: number;
  /** Clients of a device. */
  readonly clients: number;
  /** Objects of a device. */
  readonly objects: number;
  /** Handles that are named of an object. */
  readonly handles: number;
  /** Handles of a client, and fences, that are looked at. */
  readonly visits: number;
  /** Framebuffers of a device. */
  readonly framebuffers: number;
  /** Timelines. */
  readonly timelines: number;
  /** Pending fences of a timeline. */
  readonly fences: number;
  /** dma-bufs. */
  readonly buffers: number;
  /** Thumbnails, and their size, pixels. */
  readonly thumbnails: number;
  /** Columns of a thumbnail. */
  readonly thumbnailWidth: number;
  /** Rows of a thumbnail. */
  readonly thumbnailHeight: number;
}

/** What a page can show, within a few hundred kilobytes. */
export const LIMITS: Limits = {
  devices: 16,
  clients: 64,
  objects: 128,
  handles: 8,
  visits: 4096,
  framebuffers: 64,
  timelines: 48,
  fences: 32,
  buffers: 64,
  thumbnails: 12,
  thumbnailWidth: 176,
  thumbnailHeight: 110,
};

/** The first `limit` of what is there. */
export function each<T>(
  list: Iterable<T> & ({ readonly length: number } | { readonly size: number }),
  limit: number,
): Listed<T>;
/** The first `limit` of what is there, each as `show` gives it. */
export function each<T, U>(
  list: Iterable<T> & ({ readonly length: number } | { readonly size: number }),
  limit: number,
  show: (item: T) => U,
): Listed<U>;
export function each<T>(
  list: Iterable<T> & ({ readonly length: number } | { readonly size: number }),
  limit: number,
  show: (item: T) => unknown = (item) => item,
): Listed<unknown> {
  const items: unknown[] = [];
  for (const item of list) {
    if (items.length >= limit) break;
    items.push(show(item));
  }
  return { items, count: "size" in list ? list.size : list.length };
}
