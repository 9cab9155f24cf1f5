/**
 * `ClientMemory`: core's `UserMemory` of a client in another process. Drivers' mappings get their addresses here at once; the client
 * library makes them when the answer comes, in order, before the program goes on. The client's own memory, to be shared with a
 * driver, is moved into a memfd that takes its place.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import {
  PAGE_SIZE,
  type PageAllocator,
  type PageSegment,
  type PinnedMemory,
  type UserMapping,
} from "../../../core/memory.ts";
import type { Range } from "../../../core/range_allocator.ts";
import { fstat, RemoteMemory } from "../../os/mod.ts";
import { type Area, areasOf, fileOf, parseAreas } from "./client_areas.ts";
import { type ClientSpace, PinnedRange } from "./client_space.ts";
import { ACTION_MAP, ACTION_PIN, ACTION_UNMAP } from "./protocol.ts";

/** The name of memfds that have taken the place of clients' memory; shim/memory.c knows it, too. */
const PINNED_NAME = "udrm-pinned";

/** What the client library is to do with the client's addresses. */
export interface Action {
  /** ACTION_*. */
  readonly kind: number;
  /** Where. */
  readonly address: bigint;
  /** Bytes, whole pages. */
  readonly length: number;
  /** What is to be there; undefined for nothing. */
  readonly segment: PageSegment | undefined;
  /** The client's own memory that is to be there. */
  readonly pinned?: PinnedRange;
}

/** A client's memory, by one connection. */
export class ClientMemory extends RemoteMemory {
  readonly #space: ClientSpace;
  readonly #allocator: PageAllocator;
  #actions: Action[] = [];
  // Addresses that the last answer has told to unmap: they are free when the next request comes.
  #freed: Range[] = [];
  #accepts = false;
  // What the request has found at the client's addresses.
  #known: Area[] | undefined;

  /**
   * Nothing is checked before the first use.
   *
   * @param pid the process. @param space its addresses, of which it is one connection more. @param allocator memory with descriptors.
   */
  constructor(pid: number, space: ClientSpace, allocator: PageAllocator) {
    super(pid);
    this.#space = space;
    this.#allocator = allocator;
  }

  /** A request begins. @param accepts whether its answer can bring actions. */
  begin(accepts: boolean): void {
    this.#accepts = accepts;
    this.#known = undefined;
    for (const range of this.#freed) this.#space.give(range);
    if (this.#freed.length > 0) this.#freed = [];
  }

  /** What the answer brings: it is made known now. */
  actions(): readonly Action[] {
    if (!this.#accepts || this.#actions.length + this.#space.unmaps.length === 0) return NONE;
    const actions = this.#actions;
    this.#actions = [];
    const unmaps = this.#space.unmaps;
    this.#space.unmaps = [];
    for (const range of unmaps) {
      this.#freed.push(range);
      actions.push({ kind: ACTION_UNMAP, ...placeOf(range), segment: undefined });
    }
    return actions;
  }

  /** The connection is over. */
  close(): void {
    this.begin(false);
    this.#space.connections--;
  }

  /**
   * Makes pages visible in the client when the request is answered.
   *
   * @throws {DrmError} ENOMEM if the pages have no descriptor, no addresses are left, or the request cannot bring actions
   */
  map(segment: PageSegment): UserMapping {
    const { length, pages } = segment;
    if (!this.#accepts || pages.fd === undefined) {
      throw new DrmError("ENOMEM", `Cannot map ${length} bytes into process ${this.pid}: they cannot be sent to it`);
    }
    const range = this.#space.take(length);
    if (range === undefined) {
      throw new DrmError("ENOMEM", `Cannot map ${length} bytes into process ${this.pid}: no addresses are left`);
    }
    const action: Action = { kind: ACTION_MAP, ...placeOf(range), segment };
    this.#actions.push(action);
    let isLive = true;
    return {
      address: action.address,
      [Symbol.dispose]: () => {
        if (!isLive) return;
        isLive = false;
        // What the client has not been told of needs no unmapping.
        if (this.#withdraw(action)) this.#space.give(range);
        else this.#space.unmaps.push(range);
      },
    };
  }

  #withdraw(action: Action): boolean {
    const index = this.#actions.indexOf(action);
    if (index >= 0) this.#actions.splice(index, 1);
    return index >= 0;
  }

  /**
   * Shares the client's own memory: private memory becomes a memfd with the same bytes, which the client maps over it when the request
   * is answered. A range that is shared already stays what it is. What other threads write there until then is lost: the kernel
   * would have kept it.
   *
   * @throws {DrmError} EINVAL for no whole pages; EFAULT for what cannot be written, and for memory that the client shares with
   * others; ENOMEM
   */
  pin(address: bigint, length: number): PinnedMemory {
    if (address % BigInt(PAGE_SIZE) !== 0n || !(length > 0) || length % PAGE_SIZE !== 0) {
      throw new DrmError("EINVAL", `Cannot pin ${length} bytes at 0x${address.toString(16)}: no whole pages`);
    }
    if (!this.#accepts) throw new DrmError("ENOMEM", "Cannot pin memory: the client cannot be told");
    const segments: PageSegment[] = [];
    using undo = new DisposableStack();
    for (const area of this.#areas(address, length)) {
      const known = area.isShared ? this.#space.pinned.get(area.file) : undefined;
      if (known !== undefined) known.users++;
      else if (area.isShared && !area.name.startsWith(`/memfd:${PINNED_NAME} `)) {
        throw new DrmError("EFAULT", `Cannot pin memory of ${area.name}: process ${this.pid} shares it with others`);
      }
      const size = Number(area.end - area.start);
      const [range, action] = known !== undefined ? [known, undefined] : this.#move(area.start, size);
      undo.defer(() => this.#unpin(range, action));
      segments.push({ pages: range.pages, offset: known !== undefined ? area.offset : 0, length: size });
    }
    const held = undo.move();
    return { segments, [Symbol.dispose]: () => held.dispose() };
  }

  // As they will be once the client has done what it has not been told of yet; private ones side by side are one.
  #areas(address: bigint, length: number): Area[] {
    let areas = areasOf(this.#known ??= this.#look(), address, length);
    for (const { address: start, length: size, pinned } of this.#actions) {
      const end = start + BigInt(size);
      if (pinned === undefined || end <= address || start >= address + BigInt(length)) continue;
      areas = areas.flatMap((area) => cover(area, start, end, pinned.file));
    }
    const out: Area[] = [];
    for (const area of areas) {
      const last = out.at(-1);
      const isSame = last !== undefined && !last.isShared && !area.isShared;
      if (isSame) out[out.length - 1] = { ...last, end: area.end };
      else out.push(area);
    }
    return out;
  }

  #look(): Area[] {
    try {
      return parseAreas(Deno.readTextFileSync(`/proc/${this.pid}/maps`));
    } catch {
      throw new DrmError("EFAULT", `Cannot look at the addresses of process ${this.pid}`);
    }
  }

  #move(address: bigint, length: number): [PinnedRange, Action] {
    const pages = this.#allocator.allocate(length, PINNED_NAME);
    try {
      const { fd } = pages;
      if (fd === undefined) throw new DrmError("ENOMEM", "Cannot share memory with a client: it has no descriptor");
      this.copyIn(address, pages.bytes());
      const { dev, ino } = fstat(fd);
      const range = new PinnedRange(pages, fileOf(dev, ino));
      const segment = { pages, offset: 0, length };
      const action: Action = { kind: ACTION_PIN, address, length, segment, pinned: range };
      this.#space.pinned.set(range.file, range);
      this.#actions.push(action);
      return [range, action];
    } catch (error) {
      pages[Symbol.dispose]();
      throw error;
    }
  }

  #unpin(range: PinnedRange, action: Action | undefined): void {
    if (--range.users > 0) return;
    if (action !== undefined) this.#withdraw(action);
    this.#space.pinned.delete(range.file);
    // The client's mapping keeps the memory.
    range.pages[Symbol.dispose]();
  }
}

const NONE: readonly Action[] = [];

function placeOf({ start, length }: Range): { readonly address: bigint; readonly length: number } {
  return { address: BigInt(start) * BigInt(PAGE_SIZE), length: length * PAGE_SIZE };
}

// What is left of an area where a part of it becomes another file.
function cover(area: Area, start: bigint, end: bigint, file: string): Area[] {
  if (end <= area.start || start >= area.end) return [area];
  const from = start > area.start ? start : area.start;
  const to = end < area.end ? end : area.end;
  const out: Area[] = [];
  if (from > area.start) out.push({ ...area, end: from });
  out.push({ start: from, end: to, isWritable: true, isShared: true, file, name: "", offset: Number(from - start) });
  if (to < area.end) out.push({ ...area, start: to, offset: area.offset + Number(to - area.start) });
  return out;
}
