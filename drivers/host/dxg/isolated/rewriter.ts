/**
 * What the broker changes in messages on their way: handles of processes and shared objects, addresses that a process shows; and what
 * it notes of them: which events a process may signal, which states it may set.
 * @module
 */

import { DrmError } from "../../../../core/error.ts";
import { PAGE_SIZE, type PageSegment } from "../../../../core/memory.ts";
import type { VmbusHostTransport } from "../../../../core/vmbus.ts";
import { d3dddi_synchronizationobject_flags } from "../../../../uapi/d3dkmthk_sync.ts";
import { d3dddicb_signalflags } from "../../../../uapi/d3dkmthk_signal.ts";
import { returnToNtstatus } from "../../../../uapi/ntstatus.ts";
import type { HandleTable } from "../handle_table.ts";
import { readU64, writeU64 } from "../u64.ts";
import type { HostProcess, Shown } from "./host_process.ts";
import { HOST_PROCESS } from "./order.ts";
import { ADDRESSES, CPU_NOTIFICATION, KEY, REPLY, REQUEST, SHARES } from "./routes.ts";
import { Share, type ShareUser } from "./shares.ts";

/** A handle of the guest for a shared object. */
export interface GuestShare {
  /** It. */
  readonly share: Share;
  /** Whether the guest gives it back by DESTROYNTSHAREDOBJECT. */
  readonly isNt: boolean;
}

/** What a process says cannot be: it is ended. */
export class Broken extends Error {}

const KEEP = d3dddi_synchronizationobject_flags.no_signal_max_value_on_tdr;
const SHARED = d3dddi_synchronizationobject_flags.shared;

/** Changes messages. */
export class Rewriter {
  readonly #shares: HandleTable<GuestShare>;
  readonly #events: number;
  #nextImport = 1;
  /** The guest's memory, once it is there. */
  transport: VmbusHostTransport | undefined;

  /** @param shares the guest's handles. @param events that a process may be waiting for. */
  constructor(shares: HandleTable<GuestShare>, events: number) {
    this.#shares = shares;
    this.#events = events;
  }

  /**
   * A message to a process.
   * @param view its bytes, a private copy. @param start where its command begins. @param own the guest's handle of the process.
   * @throws {DrmError} what the guest is to be answered instead
   */
  request(process: HostProcess, key: number, view: DataView, start: number, length: number, own: number): void {
    const has = (offset: number, size: number): boolean => start + offset + size <= length;
    const u32 = (offset: number): number => has(offset, 4) ? view.getUint32(start + offset, true) : 0;
    const u64 = (offset: number): bigint => has(offset, 8) ? view.getBigUint64(start + offset, true) : 0n;
    view.setUint32(start + 8, HOST_PROCESS, true);
    switch (key) {
      case KEY.createDevice: {
        const cookie = u64(REQUEST.deviceCookie);
        if (cookie !== 0n && process.cookies.size < this.#events) process.cookies.add(cookie);
        return;
      }
      case KEY.createSyncObject:
        if (u32(REQUEST.syncType) === CPU_NOTIFICATION) this.#expect(process, u64(REQUEST.syncEvent), Infinity);
        return;
      case KEY.destroySyncObject: {
        const handle = u32(REQUEST.syncObject);
        const known = process.notifications.get(handle);
        if (known !== undefined) process.events.delete(known.event);
        process.notifications.delete(handle);
        return;
      }
      case KEY.destroyDevice: {
        const device = u32(REQUEST.device);
        for (const [handle, known] of process.notifications) {
          if (known.device !== device) continue;
          process.events.delete(known.event);
          process.notifications.delete(handle);
        }
        return;
      }
      case KEY.waitFromCpu:
        return this.#expect(process, u64(REQUEST.waitEvent), 1);
      case KEY.signal:
        if ((u32(REQUEST.signalFlags) & d3dddicb_signalflags.enqueue_cpu_event) !== 0) {
          this.#expect(process, u64(REQUEST.signalEvent), 1);
        }
        return;
      case KEY.openResource:
      case KEY.openSyncObject: {
        const at = key === KEY.openResource ? REQUEST.resourceShare : REQUEST.syncShare;
        const share = this.#shares.get(u32(at))?.share;
        if (has(at, 4)) view.setUint32(start + at, share === undefined ? 0 : this.#bring(process, share), true);
        return;
      }
      case KEY.setStore:
        return this.#giveStore(process, u32(REQUEST.gpadl));
      case KEY.setPages:
        return this.#givePages(process, view, start, length, u32(REQUEST.pageCount));
      case KEY.statistics:
        if (u64(REQUEST.statisticsProcess) === BigInt(own)) {
          view.setBigUint64(start + REQUEST.statisticsProcess, BigInt(HOST_PROCESS), true);
        }
    }
  }

  #expect(process: HostProcess, event: bigint, times: number): void {
    const { events } = process;
    if (events.size >= this.#events && !events.has(event)) {
      throw new DrmError("ENOMEM", `Cannot wait: ${events.size} events may be signalled`);
    }
    events.set(event, (events.get(event) ?? 0) + times);
  }

  // The handle by which a process is to know what another one shares.
  #bring(process: HostProcess, share: Share): number {
    if (share.owner?.process === process) return share.owner.id;
    const { content } = share;
    if (content === undefined) return 0;
    let user: ShareUser | undefined;
    for (const each of share.users) if (each.process === process && each.id < 0x4000_0000) user = each;
    if (user === undefined) {
      this.#nextImport = this.#nextImport % 0x3fff_ffff + 1;
      user = { process, share, id: this.#nextImport, named: true, sent: 0 };
      share.users.add(user);
      process.users.set(user.id, user);
    }
    user.named = true;
    user.sent++;
    process.tell({ kind: "import", share: user.id, ...content }, share.fds);
    return user.id;
  }

  #segment(gpa: number, length: number): { readonly segment: PageSegment; readonly end: number } {
    const slot = this.transport?.memory.find(gpa);
    if (slot === undefined) throw new DrmError("EINVAL", `Cannot use guest address 0x${gpa.toString(16)}: no memory`);
    const offset = slot.offset + (gpa - slot.gpa);
    const most = Math.min(length, slot.gpa + slot.length - gpa);
    return { segment: { pages: slot.pages, offset, length: most }, end: gpa + most };
  }

  #give(process: HostProcess, pieces: readonly { readonly gpa: number; readonly segment: PageSegment }[]): void {
    if (!process.give(pieces)) {
      throw new DrmError("EOPNOTSUPP", "Cannot give memory to another process: it has no descriptor");
    }
  }

  #giveStore(process: HostProcess, gpadl: number): void {
    const ranges = this.transport?.gpadl(gpadl);
    if (ranges === undefined) throw new DrmError("EBADF", `Cannot find pages 0x${gpadl.toString(16)}`);
    const pieces: { gpa: number; segment: PageSegment }[] = [];
    for (const { gpa, length } of ranges) {
      if (gpa % PAGE_SIZE !== 0 || length % PAGE_SIZE !== 0) throw new DrmError("EINVAL", "Cannot use parts of pages");
      for (let at = gpa; at < gpa + length;) {
        const { segment, end } = this.#segment(at, gpa + length - at);
        pieces.push({ gpa: at, segment });
        at = end;
      }
    }
    this.#give(process, pieces);
    const MOST = 1024;
    for (let at = 0; at < ranges.length; at += MOST) {
      const part = ranges.slice(at, at + MOST).map(({ gpa, length }) => [gpa, length]);
      process.tell({ kind: "gpadl", handle: gpadl, ranges: part });
    }
  }

  #givePages(process: HostProcess, view: DataView, start: number, length: number, count: number): void {
    if (!(start + REQUEST.pages + count * 8 <= length)) {
      throw new DrmError("EINVAL", "Cannot use pages: too few are named");
    }
    const pieces: { gpa: number; segment: PageSegment }[] = [];
    // Pages that follow each other in one slot are one piece.
    let first = 0, pages = 0;
    const push = (): void => {
      for (let at = first * PAGE_SIZE, end = (first + pages) * PAGE_SIZE; at < end;) {
        const found = this.#segment(at, end - at);
        pieces.push({ gpa: at, segment: found.segment });
        at = found.end;
      }
    };
    const seen = new Set<number>();
    for (let i = 0; i < count; i++) {
      const pfn = readU64(view, start + REQUEST.pages + 8 * i);
      if (typeof pfn !== "number" || pfn >= 2 ** 40) throw new DrmError("EINVAL", `Cannot use page ${pfn}`);
      if (seen.has(pfn)) throw new DrmError("EINVAL", `Cannot use page ${pfn} twice`);
      seen.add(pfn);
      if (pages > 0 && pfn === first + pages) pages++;
      else {
        push();
        first = pfn;
        pages = 1;
      }
    }
    push();
    this.#give(process, pieces);
  }

  /**
   * An answer of a process, changed in place.
   * @param request the message. @throws {Broken} for what cannot be. @throws {DrmError} what the guest is to be answered instead
   */
  reply(process: HostProcess, key: number, reply: Uint8Array, length: number, request: DataView, start: number): void {
    const view = new DataView(reply.buffer, reply.byteOffset, length);
    if (key === KEY.waitFromCpu && length >= 4 && view.getInt32(0, true) < 0) {
      spend(process, request.getBigUint64(start + REQUEST.waitEvent, true));
    }
    if (key === KEY.createSyncObject && request.getUint32(start + REQUEST.syncType, true) === CPU_NOTIFICATION) {
      const event = request.getBigUint64(start + REQUEST.syncEvent, true);
      const handle = length >= REPLY.syncObject + 4 ? view.getUint32(REPLY.syncObject, true) : 0;
      if (handle === 0) process.events.delete(event);
      else process.notifications.set(handle, { event, device: request.getUint32(start + REQUEST.syncDevice, true) });
    }
    const address = ADDRESSES.get(key);
    if (address !== undefined && length >= address.at + 8) {
      const value = readU64(view, address.at);
      const isFailure = address.status >= 0 && length >= address.status + 4 && view.getInt32(address.status, true) < 0;
      if (isFailure) view.setBigUint64(address.at, 0n, true);
      else if (value !== 0) {
        const at = Number(value), page = Math.floor(at / PAGE_SIZE) * PAGE_SIZE;
        const shown = process.shown.get(page);
        if (shown === undefined) throw new Broken(`it shows nothing at ${value}`);
        if (shown.mapping === undefined) throw new DrmError("ENOMEM", "Cannot show it: the I/O window is full");
        if (address.what === "fences") {
          shown.pages.bytes(); // mapped now, so that they can be written when the process is lost
          this.#noteFence(shown, key, view, at - page, request, start);
        }
        writeU64(view, address.at, shown.mapping.gpa + (at - page));
      }
    }
    const named = SHARES.get(key);
    if (named === undefined || length < named.at + 4 * named.words) return;
    const id = view.getUint32(named.at, true);
    if (id === 0) return;
    const handle = this.#nameShare(process, id, named.isNt);
    if (key === KEY.shareObjectWithHost && handle !== 0) process.hostHandles.add(handle);
    view.setUint32(named.at, handle, true);
    if (named.words === 2) view.setUint32(named.at + 4, 0, true);
  }

  #noteFence(
    shown: Shown,
    key: number,
    view: DataView,
    within: number,
    request: DataView,
    start: number,
  ): void {
    if (key !== KEY.createSyncObject) {
      shown.isFences = true;
      return;
    }
    const flags = request.getUint32(start + REQUEST.syncFlags, true);
    if ((flags & SHARED) !== 0) return; // the share's own end tells what becomes of it
    shown.isFences = true;
    const offset = within !== 0 ? within : view.getUint32(REPLY.fenceOffset, true);
    if ((flags & KEEP) !== 0 && offset < PAGE_SIZE) shown.keep.add(Math.floor(offset / 8));
    else shown.keep.delete(Math.floor(offset / 8));
  }

  // A handle of the guest for what a process calls by a handle of its own.
  #nameShare(process: HostProcess, id: number, isNt: boolean): number {
    const known = process.users.get(id);
    let user = known;
    if (user === undefined) {
      if (id < 0x4000_0000) throw new Broken(`it shares 0x${id.toString(16)}, which nobody has given it`);
      user = addOwn(process, id);
    }
    const { share } = user;
    if (!isNt && share.global !== 0) throw new Broken(`it shares 0x${id.toString(16)} twice`);
    try {
      const handle = this.#shares.add({ share, isNt });
      if (isNt) share.nt++;
      else share.global = handle;
      return handle;
    } catch (error) {
      if (!isNt) throw error;
      return 0; // as the host answers that has no handle left
    }
  }
}

/** An object that a process has made shared. */
export function addOwn(process: HostProcess, id: number): ShareUser {
  const share = new Share();
  const user: ShareUser = { process, share, id, named: true, sent: 0 };
  share.owner = user;
  share.users.add(user);
  process.users.set(id, user);
  return user;
}

/** An event of the guest was signalled, or will not be; whether it could be, and whether it can be again. */
export function spend(process: HostProcess, event: bigint): "no" | "once" | "again" {
  const times = process.events.get(event);
  if (times === undefined) return "no";
  if (times === Infinity) return "again";
  if (times > 1) process.events.set(event, times - 1);
  else process.events.delete(event);
  return "once";
}

/** The NTSTATUS of a DrmError. */
export function statusFor(error: DrmError): number {
  return returnToNtstatus(-error.errno);
}
