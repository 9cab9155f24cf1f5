/**
 * What processes share, as the broker keeps it: the descriptors of its memory, who has it, and the handles by which the guest names it.
 * An object lives on here when the process that made it is gone.
 * @module
 */

import { DrmError } from "../../../../core/error.ts";
import { U64_MAX } from "../u64.ts";
import {
  _D3DDDI_SEMAPHORE,
  _D3DDDI_SYNCHRONIZATION_MUTEX,
  d3dddi_synchronizationobject_flags,
} from "../../../../uapi/d3dkmthk_sync.ts";
import { close } from "../../../os/mod.ts";
import { AdoptedPages } from "./adopted_pages.ts";
import type { HostProcess } from "./host_process.ts";
import type { ShareBody } from "./share_text.ts";

const KEEP = d3dddi_synchronizationobject_flags.no_signal_max_value_on_tdr;

/** A process that has it. */
export interface ShareUser {
  /** Which. */
  readonly process: HostProcess;
  /** What it is. */
  readonly share: Share;
  /** Its handle there. */
  readonly id: number;
  /** Whether a handle of the guest names it there. */
  named: boolean;
  /** How often it was brought there: what the process says is about the last time, or too late. */
  sent: number;
}

/** How it is described; without a handle, which differs from process to process. */
export type ShareContent = Omit<ShareBody, "share">;

/** A shared object. */
export class Share {
  /** Who made it, while its handle there is good. */
  owner: ShareUser | undefined;
  /** The guest's handle that goes with the object that it was made with; 0 without. */
  global = 0;
  /** Handles of the guest that keep it. */
  nt = 0;
  /** Who has it. */
  readonly users: Set<ShareUser> = new Set();
  #content: ShareContent | undefined;
  #fds: readonly number[] = [];

  /** What it is; undefined until it may be opened elsewhere. */
  get content(): ShareContent | undefined {
    return this.#content;
  }

  /** Its descriptors: for a resource its description first. */
  get fds(): readonly number[] {
    return this.#fds;
  }

  /** It may be opened elsewhere from now on. @param fds owned from now on. */
  fill(content: ShareContent, fds: readonly number[]): void {
    if (this.#content !== undefined) {
      for (const fd of fds) close(fd);
      return;
    }
    this.#content = content;
    this.#fds = fds;
  }

  /** Its value has changed: tells all but one. */
  changed(by?: ShareUser): void {
    for (const user of this.users) if (user !== by) user.process.tellChanged(user.id);
  }

  /** Somebody has less of it: without any handle whoever waits is let go, and without any user it ends. */
  settle(): void {
    if (this.nt > 0 || this.global !== 0) return;
    for (const user of this.users) if (user.named) return;
    if (this.#content?.what === "sync") {
      for (const user of this.users) user.process.tell({ kind: "abandoned", share: user.id });
    } else if (this.users.size > 0) return;
    this.#close();
  }

  #close(): void {
    for (const fd of this.#fds) close(fd);
    this.#fds = [];
    this.#content = undefined;
  }

  /** Its maker has died: as with a device that is lost, who waits for it goes on. */
  orphaned(): void {
    const content = this.#content;
    if (content?.what !== "sync" || ((content.flags ?? 0) & KEEP) !== 0) return;
    const fd = this.#fds[0];
    const pages = AdoptedPages.adopt(fd);
    try {
      const cell = new BigUint64Array(pages.bytes().buffer, 0, 1);
      if (content.type === _D3DDDI_SYNCHRONIZATION_MUTEX) Atomics.store(cell, 0, 0n);
      else if (content.type === _D3DDDI_SEMAPHORE) {
        const now = Atomics.load(cell, 0);
        if (now < BigInt(content.max ?? 0)) Atomics.compareExchange(cell, 0, now, now + 1n);
      } else Atomics.store(cell, 0, U64_MAX);
    } catch (error) {
      if (!(error instanceof DrmError)) throw error; // no room to map it: who waits finds out by its owner's end alone
    } finally {
      pages.release();
    }
    this.changed();
  }
}
