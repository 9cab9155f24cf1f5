/**
 * Memory that a client and its renderer share: a memfd of a fixed size, whose descriptor goes to the client.
 * @module
 */

import { pageAlign, type Pages } from "../../../core/memory.ts";
import { errnoName } from "../../../uapi/errno.ts";
import { close, F_SEAL_GROW, F_SEAL_SEAL, F_SEAL_SHRINK, Mapping, memfdCreate, zeroFile } from "../../os/mod.ts";
import { VtestError } from "./error.ts";

// Whoever could cut the file off could kill whoever has mapped it; without SEAL a client could forbid mapping it here.
const SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW;

/** Pages of a memfd, mapped when they are first read: much of what Mesa creates (fences of 8 bytes) never is. */
export class SharedPages implements Pages {
  readonly size: number;
  readonly #fd: number;
  #mapping: Mapping | undefined;
  #bytes: Uint8Array | undefined;
  #pins = 0;
  #disposed = false;

  /**
   * Makes the file.
   *
   * @param size bytes, at least 1; rounded up to pages
   * @throws {VtestError} if there are no descriptors or no memory left
   */
  constructor(size: number) {
    this.size = pageAlign(size);
    this.#fd = memfdCreate("vtest", this.size, SEALS);
    if (this.#fd < 0) throw new VtestError(`${size} bytes cannot be shared: ${errnoName(this.#fd)}`);
  }
  /** The descriptor, owned by these pages. */
  get fd(): number {
    return this.#fd;
  }
  bytes(): Uint8Array {
    return this.#bytes ?? this.#map();
  }
  #map(): Uint8Array {
    if (this.#disposed) throw new TypeError("Cannot read shared pages that were freed");
    const mapping = Mapping.tryMap(this.#fd, this.size);
    if (typeof mapping === "number") {
      throw new VtestError(`${this.size} bytes cannot be mapped: ${errnoName(mapping)}`);
    }
    this.#mapping = mapping;
    return this.#bytes = new Uint8Array(mapping.buffer);
  }
  pin(): void {
    this.#pins++;
  }
  unpin(): void {
    if (--this.#pins === 0 && this.#disposed) this.#unmap();
  }
  #unmap(): void {
    this.#mapping?.[Symbol.dispose]();
    this.#mapping = this.#bytes = undefined;
  }
  /** Makes them all zeros and unmaps them, to be used for something else. @returns whether that was possible: not while pinned. */
  clear(): boolean {
    if (this.#pins > 0 || this.#disposed || zeroFile(this.#fd, this.size) !== 0) return false;
    this.#unmap();
    return true;
  }
  /** Frees the memory; what is pinned when it is unpinned. Twice does nothing. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    close(this.#fd);
    if (this.#pins === 0) this.#unmap();
  }
}
