/**
 * What a host process shares with those of the other processes of its guest: their memory is the same pages, values of synchronization
 * objects stand in shared pages, and the broker passes on that they have changed.
 * @module
 */

import { DrmError } from "../../../../core/error.ts";
import { PAGE_SIZE, type Pages } from "../../../../core/memory.ts";
import { _D3DDDI_CPU_NOTIFICATION } from "../../../../uapi/d3dkmthk_sync.ts";
import { close, fstat, sealedFile } from "../../../os/mod.ts";
import { Backing } from "../backing.ts";
import { FencePage } from "../fence_page.ts";
import type { DxgHost } from "../host.ts";
import type { Peers } from "../host_core.ts";
import { type SharedAllocation, SharedObject } from "../sharing.ts";
import { SyncObject, type SyncRemote } from "../sync_object.ts";
import { AdoptedPages } from "./adopted_pages.ts";
import { type Control, CONTROL_FDS } from "./control.ts";
import { type AllocationText, readResource, type ResourceText, type ShareBody } from "./share_text.ts";

/** Handles below are the broker's, for what others share; a host's own are above. */
export const IMPORTS_END = 0x4000_0000;
const encodeBytes = (bytes: Uint8Array): string => bytes.toHex();

/** The others, as one host process sees them. */
export class ProcessPeers implements Peers {
  readonly #host: DxgHost;
  readonly #control: Control;
  // Objects that others have, too, by their handle here.
  readonly #syncs = new Map<number, SyncObject>();
  readonly #imports = new Map<number, SharedObject>();
  readonly #seen = new Map<number, number>();
  readonly #exported = new WeakSet<SharedObject>();
  // Whose values have changed, and the broker does not know.
  readonly #changed = new Set<number>();
  // What came for a message that has not been executed yet.
  readonly #held: SharedObject[] = [];

  /** @param control to the broker. */
  constructor(host: DxgHost, control: Control) {
    this.#host = host;
    this.#control = control;
  }

  #say(body: object, fds: readonly number[] = []): void {
    // Without the broker nobody is there to hear it, and the process ends.
    this.#control.send(body, fds, true);
  }

  /** Tells the broker which values have changed, once each however often, as far as it listens; whether that is all. */
  tell(): boolean {
    for (const share of this.#changed) {
      if (!this.#control.send({ kind: "changed", share })) return false;
      this.#changed.delete(share);
    }
    return true;
  }

  share(object: SharedObject): void {
    if (object.handle < IMPORTS_END || this.#exported.has(object)) return;
    const { content } = object;
    const adapter = this.#host.adapters.indexOf(content.adapter);
    if (content.kind === "sync") this.#shareSync(object.handle, adapter, content.object);
    else this.#shareResource(object.handle, adapter, content.privateData, content.allocations);
    this.#exported.add(object);
  }

  #shareSync(share: number, adapter: number, object: SyncObject): void {
    const { type, flags, max } = object;
    if (type === _D3DDDI_CPU_NOTIFICATION) {
      throw new DrmError("EOPNOTSUPP", "Cannot share a CPU notification with other processes");
    }
    const { page } = object;
    let own: Pages | undefined;
    if (page === undefined) {
      own = this.#host.allocator.allocate(PAGE_SIZE, "dxg value");
      own.pin();
    }
    const pages = page?.pages ?? own;
    const fd = pages?.fd;
    if (pages === undefined || fd === undefined) {
      own?.[Symbol.dispose]();
      throw new DrmError("ENOMEM", "Cannot share: no descriptors are left");
    }
    const cell = page?.cell(object.index) ?? new BigUint64Array(pages.bytes().buffer, 0, 1);
    object.connect(this.#remote(share, cell, own), false);
    this.#syncs.set(share, object);
    this.#say({ kind: "export", share, what: "sync", adapter, type, flags, max }, [fd]);
  }

  #shareResource(share: number, adapter: number, data: Uint8Array, allocations: readonly SharedAllocation[]): void {
    const fds: number[] = [];
    const numbers = new Map<Pages, number>();
    const text: ResourceText = {
      privateData: encodeBytes(data),
      allocations: allocations.map(({ backing, privateData }) => ({
        size: backing.size,
        kind: backing.kind,
        privateData: encodeBytes(privateData),
        pieces: backing.pieces.map(({ pages, offset, length }) => {
          let number = numbers.get(pages);
          if (number === undefined) {
            const { fd } = pages;
            if (fd === undefined) throw new DrmError("EOPNOTSUPP", "Cannot share memory that has no descriptor");
            numbers.set(pages, number = fds.push(fd) - 1);
          }
          return [number, (pages.fdOffset ?? 0) + offset, length] as const;
        }),
      })),
    };
    if (fds.length >= CONTROL_FDS) {
      throw new DrmError("ENOMEM", `Cannot share ${fds.length} pieces of memory: ${CONTROL_FDS - 1} can be`);
    }
    const file = sealedFile("dxg resource", new TextEncoder().encode(JSON.stringify(text)));
    try {
      this.#say({ kind: "export", share, what: "resource", adapter }, [file, ...fds]);
    } finally {
      close(file);
    }
  }

  #remote(share: number, cell: BigUint64Array, pages: Pages | undefined): SyncRemote {
    return {
      cell,
      changed: () => {
        this.#changed.add(share);
        this.tell();
      },
      unnamed: () => this.#say({ kind: "unnamed", share, seen: this.#seen.get(share) ?? 0 }),
      released: () => {
        if (pages !== undefined) {
          pages.unpin();
          pages[Symbol.dispose]();
        }
        this.#syncs.delete(share);
        if (this.#changed.delete(share)) this.#say({ kind: "changed", share });
        this.#released(share);
      },
    };
  }

  #released(share: number): void {
    this.#say({ kind: "released", share, seen: this.#seen.get(share) ?? 0 });
    this.#seen.delete(share);
  }

  gone(share: number): void {
    this.#say({ kind: "gone", share });
  }

  find(handle: number): SharedObject | undefined {
    return handle < IMPORTS_END ? this.#imports.get(handle) : undefined;
  }

  /** The broker says that a value was changed elsewhere. */
  changed(share: number): void {
    this.#syncs.get(share)?.refreshed();
  }

  /** The broker says that no handle of any process is left. */
  abandoned(share: number): void {
    this.#syncs.get(share)?.abandoned();
  }

  /** The message for which something was imported has been executed. */
  settle(): void {
    for (const object of this.#held.splice(0)) object.drop();
  }

  /** The broker brings what another process shares, for the message that comes next. @param fds owned from now on. */
  bring(body: ShareBody, fds: readonly number[]): void {
    const { share } = body;
    this.#seen.set(share, (this.#seen.get(share) ?? 0) + 1);
    const known = this.#imports.get(share);
    if (known !== undefined) {
      for (const fd of fds) close(fd);
      known.hold();
      this.#held.push(known);
      return;
    }
    try {
      const object = body.what === "sync" ? this.#bringSync(body, fds) : this.#bringResource(body, fds);
      object.handle = share;
      this.#imports.set(share, object);
      this.#held.push(object);
    } catch (error) {
      if (!(error instanceof DrmError)) throw error;
      this.#host.trace("dxg import", `share ${share}`, error.message); // whoever opens it finds nothing
      if (!this.#syncs.has(share)) this.#released(share);
    }
  }

  #bringSync(body: ShareBody, [fd, ...more]: readonly number[]): SharedObject {
    for (const other of more) close(other);
    const { share, type = 0, flags = 0, max = 0 } = body;
    const adapter = this.#host.adapters[body.adapter];
    let object = this.#syncs.get(share);
    if (object !== undefined) close(fd); // jobs that wait still have it
    else {
      const pages = AdoptedPages.adopt(fd, 0, PAGE_SIZE);
      object = new SyncObject({ type, flags, value: 0, max });
      if (object.isMonitored) {
        const page = new FencePage(pages, this.#host.window, 1);
        page.assign(object, true);
        object.connect(this.#remote(share, page.cell(0), undefined), true);
      } else {
        pages.pin();
        const cell = new BigUint64Array(pages.bytes().buffer, 0, 1);
        object.connect(this.#remote(share, cell, pages), true);
      }
      this.#syncs.set(share, object);
    }
    object.name();
    const shared = new SharedObject({ kind: "sync", adapter, object }, () => this.#imports.delete(share));
    object.shared = shared;
    return shared;
  }

  #bringResource({ share, adapter: index }: ShareBody, [file, ...fds]: readonly number[]): SharedObject {
    const adapter = this.#host.adapters[index];
    const allocations: SharedAllocation[] = [];
    const left = new Set(fds);
    const all = new Map<number, AdoptedPages>();
    try {
      const text = readResource(file, fds.map((fd) => fstat(fd).size));
      const pieces = (list: AllocationText["pieces"]) =>
        list.map(([number, offset, length]) => {
          let pages = all.get(number);
          if (pages === undefined) {
            left.delete(fds[number]);
            all.set(number, pages = AdoptedPages.adopt(fds[number]));
          }
          return { pages, offset, length };
        });
      for (const { size, kind, privateData, pieces: list } of text.allocations) {
        const own = pieces(list);
        const data = Uint8Array.fromHex(privateData);
        let backing: Backing;
        if (kind === "sysmem") {
          backing = new Backing(adapter, size, kind);
          backing.addPieces(0, own);
        } else backing = new Backing(adapter, size, kind, own[0].pages);
        allocations.push({ backing, privateData: data });
        if (kind !== "sysmem") all.delete(list[0][0]); // the backing's from now on
      }
      const content = {
        kind: "resource",
        adapter,
        allocations,
        privateData: Uint8Array.fromHex(text.privateData),
      } as const;
      return new SharedObject(content, () => {
        this.#imports.delete(share);
        this.#released(share);
      });
    } catch (error) {
      for (const { backing } of allocations) backing.drop();
      throw error;
    } finally {
      close(file);
      for (const fd of left) close(fd);
      for (const pages of all.values()) pages[Symbol.dispose](); // what pins them keeps them
    }
  }
}
