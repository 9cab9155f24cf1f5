/**
 * The clients of a `Vram`, and how much of each segment is theirs.
 * @module
 */

import { DrmError } from "./error.ts";
import { VramClient } from "./vram_node.ts";
import type { VramLedger, VramSegment } from "./vram_ops.ts";

/** Clients. */
export class VramClients {
  readonly #segments: readonly VramSegment[];
  readonly #ledger: VramLedger | undefined;
  readonly #clients = new Set<VramClient>();
  // Bytes that they want resident, by segment.
  readonly #wanted: number[];

  /** Nobody yet. @param ledger who gives the memory out, if others have it, too. */
  constructor(segments: readonly VramSegment[], ledger: VramLedger | undefined) {
    this.#segments = segments;
    this.#ledger = ledger;
    this.#wanted = segments.map(() => 0);
  }

  /** One more, with nothing resident. */
  add(): VramClient {
    const client = new VramClient();
    for (let i = 0; i < this.#segments.length; i++) {
      client.usage.push(0);
      client.reservation.push(0);
    }
    this.#clients.add(client);
    return client;
  }

  /** One less. */
  remove(client: VramClient): void {
    this.#clients.delete(client);
  }

  /** A client wants so many bytes more, or less, resident. */
  want(client: VramClient, segment: number, bytes: number): void {
    client.usage[segment] += bytes;
    this.#wanted[segment] += bytes;
    this.#ledger?.wanted(segment, this.#wanted[segment]);
  }

  /** As `Vram.budget`. */
  budget(client: VramClient, segment: number): number {
    const { size } = this.#segments[segment];
    let others = 0;
    for (const other of this.#clients) {
      if (other !== client) others += Math.max(other.usage[segment], other.reservation[segment]);
    }
    const own = client.reservation[segment];
    if (this.#ledger !== undefined) return Math.max(this.#ledger.budget(segment) - others, own);
    const share = Math.min(this.#share(segment), size - this.#reserved(client, segment));
    return Math.max(share, size - others, own);
  }

  /** As `Vram.reservable`. */
  reservable(client: VramClient, segment: number): number {
    const most = this.#ledger?.reservable(segment) ?? Math.floor(this.#segments[segment].size / 2);
    return Math.max(0, most - this.#reserved(client, segment));
  }

  /** As `Vram.reserve`. */
  reserve(client: VramClient, segment: number, bytes: number): void {
    const most = this.reservable(client, segment), all = this.#reserved(client, segment) + bytes;
    if (!(bytes >= 0 && bytes <= most) || this.#ledger?.reserve(segment, all) === false) {
      throw new DrmError("EINVAL", `Cannot reserve ${bytes} bytes: ${most} can be`);
    }
    client.reservation[segment] = bytes;
  }

  /** Whether a client has more than an equal share. */
  isGreedy(client: VramClient, segment: number): boolean {
    let present = client.usage[segment];
    for (const away of client.displaced) if (away.segment === segment) present -= away.size;
    return present > Math.max(this.#share(segment), client.reservation[segment]);
  }

  #share(segment: number): number {
    return Math.floor(this.#segments[segment].size / Math.max(1, this.#clients.size));
  }

  // What others than a client have reserved.
  #reserved(client: VramClient, segment: number): number {
    let reserved = 0;
    for (const other of this.#clients) if (other !== client) reserved += other.reservation[segment];
    return reserved;
  }
}
