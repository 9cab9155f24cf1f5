/**
 * What host processes tell the broker beside their answers: that they are ready, what they show and share. Nothing of it is believed
 * before it is checked.
 * @module
 */

import { DrmError } from "../../../../core/error.ts";
import type { EngineInfo } from "../../../../core/host_dxg.ts";
import { PAGE_SIZE } from "../../../../core/memory.ts";
import type { Trace } from "../../../../core/trace.ts";
import { _D3DKMT_DEVICEEXECUTION_HUNG } from "../../../../uapi/d3dkmthk_device.ts";
import { close, monotonicNs } from "../../../os/mod.ts";
import type { HandleTable } from "../handle_table.ts";
import type { DxgHost } from "../host.ts";
import { AdoptedPages } from "./adopted_pages.ts";
import { type ControlMessage, natural, textOf } from "./control.ts";
import { readInfos } from "./facts.ts";
import type { HostProcess, Shown } from "./host_process.ts";
import { addOwn, Broken, type GuestShare } from "./rewriter.ts";
import { isSync, readResource } from "./share_text.ts";
import type { ShareContent, ShareUser } from "./shares.ts";
import { readTrace } from "./traces.ts";

/** Ranges of pages that one process may show. */
const SHOWN_MAX = 16384;

/** Hears them. */
export class Ear {
  /** What their engines are, once one has said so. */
  infos: readonly EngineInfo[] = [];
  /** Why one could not begin. */
  failure = "";
  readonly #host: () => DxgHost;
  readonly #shares: HandleTable<GuestShare>;
  readonly #trace: Trace | undefined;

  /** @param host the broker's own, which is there once a process is ready. @param shares the guest's handles. @param trace who hears what processes trace. */
  constructor(host: () => DxgHost, shares: HandleTable<GuestShare>, trace: Trace | undefined) {
    this.#host = host;
    this.#shares = shares;
    this.#trace = trace;
  }

  /** What a process has said. @throws {Broken | DrmError} for what cannot be: it is to be ended */
  hear(process: HostProcess, { body, fds }: ControlMessage): void {
    const left = new Set(fds);
    try {
      const user = process.users.get(natural(body.share));
      switch (body.kind) {
        case "ready": {
          const infos = readInfos(body.infos);
          if (process.state !== "starting" || infos === undefined) throw new Broken("it is not what was started");
          if (this.infos.length === 0) this.infos = infos;
          if (infos.length !== this.infos.length) throw new Broken("its engines are others");
          process.state = "ready";
          return;
        }
        case "failed":
          this.failure = textOf(body.message);
          return;
        case "show":
          if (fds.length !== 1) throw new Broken("it shows nothing");
          left.clear();
          return this.#show(process, natural(body.gpa), fds[0], natural(body.offset), natural(body.size));
        case "hide":
          return this.#hide(process, natural(body.gpa));
        case "export":
          left.clear();
          return this.#export(process, body, fds);
        case "changed":
          return user?.share.changed(user);
        case "gone":
          return this.#gone(user);
        case "unnamed":
          if (user === undefined || natural(body.seen) !== user.sent) return;
          user.named = false;
          return user.share.settle();
        case "released":
          if (user !== undefined && natural(body.seen) === user.sent) this.#forget(user);
          return;
        case "trace":
          return this.#tell(process, body);
        case "hung":
          process.deviceState = _D3DKMT_DEVICEEXECUTION_HUNG;
          throw new Broken(`the engine hangs: ${textOf(body.reason)}`);
        default:
          throw new Broken("it says what nobody understands");
      }
    } finally {
      for (const fd of left) close(fd);
    }
  }

  #tell(process: HostProcess, body: ControlMessage["body"]): void {
    const events = readTrace(body, process.pid, this.#host().scheduler.clock.now(), monotonicNs());
    if (events === undefined) throw new Broken("its trace is none");
    if (this.#trace?.enabled) { for (const event of events) this.#trace.emit(event); }
  }

  #show(process: HostProcess, gpa: number, fd: number, offset: number, size: number): void {
    const pages = AdoptedPages.adopt(fd, offset, size);
    if (gpa % PAGE_SIZE !== 0 || gpa <= 0 || process.shown.has(gpa) || process.shown.size >= SHOWN_MAX) {
      pages[Symbol.dispose]();
      throw new Broken(`it shows ${size} bytes at ${gpa}`);
    }
    let mapping: Shown["mapping"];
    try {
      mapping = this.#host().window.map(pages);
    } catch (error) {
      if (!(error instanceof DrmError)) throw error;
    }
    process.shown.set(gpa, { pages, mapping, isFences: false, keep: new Set() });
  }

  #hide(process: HostProcess, gpa: number): void {
    const shown = process.shown.get(gpa);
    if (shown === undefined) throw new Broken(`it hides what it has not shown at ${gpa}`);
    process.shown.delete(gpa);
    if (shown.mapping !== undefined) this.#host().window.unmap(shown.mapping);
    shown.pages[Symbol.dispose]();
  }

  #export(process: HostProcess, body: ControlMessage["body"], fds: readonly number[]): void {
    try {
      const id = natural(body.share), adapter = natural(body.adapter);
      const what = body.what === "sync" || body.what === "resource" ? body.what : undefined;
      const some = fds.length === 1 || (what === "resource" && fds.length > 1);
      if (
        what === undefined || !some || !(adapter >= 0 && adapter < this.infos.length) || id < 0x4000_0000 ||
        id > 0xffff_ffff
      ) {
        throw new Broken("it shares what cannot be");
      }
      if (process.users.size >= this.#host().limits.shared) throw new Broken("it shares too much");
      const type = natural(body.type), flags = natural(body.flags), max = natural(body.max);
      if (what === "resource") readResource(fds[0], fds.slice(1).map((fd) => AdoptedPages.check(fd, PAGE_SIZE)));
      else {
        AdoptedPages.check(fds[0], PAGE_SIZE);
        if (!isSync(type, flags, max)) throw new Broken("it shares a synchronization object that is none");
      }
      const user = process.users.get(id) ?? addOwn(process, id);
      const content: ShareContent = what === "resource" ? { what, adapter } : { what, adapter, type, flags, max };
      user.share.fill(content, fds);
    } catch (error) {
      for (const fd of fds) close(fd);
      throw error;
    }
  }

  // The object that it was made with is gone: by its handle nobody opens it any more, by others everybody from now on anew.
  #gone(user: ShareUser | undefined): void {
    if (user === undefined || user.share.owner !== user) return;
    const { share } = user;
    share.owner = undefined;
    if (share.global !== 0) this.#shares.remove(share.global);
    share.global = 0;
    if (share.content?.what !== "sync") this.#forget(user);
    else share.settle();
  }

  #forget(user: ShareUser): void {
    user.process.users.delete(user.id);
    user.share.users.delete(user);
    user.named = false;
    user.share.settle();
  }
}
