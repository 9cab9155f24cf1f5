/**
 * The host process of one dxg process: it opens its engines, waits for its order, and executes what the broker passes on. One thread
 * that looks at its rings for a while before it sleeps: who submits little jobs one after the other does not wait for it to wake up.
 * @module
 */

import { RealClock } from "../../../../core/clock.ts";
import type { Engine } from "../../../../core/host_dxg.ts";
import { DrmError } from "../../../../core/error.ts";
import { GuestMemory, type GuestSlot } from "../../../../core/guest_memory.ts";
import type { GpaRange, VmbusPacket } from "../../../../core/vmbus.ts";
import {
  DXGK_VMBCOMMAND_OPENRESOURCE,
  DXGK_VMBCOMMAND_OPENSYNCOBJECT,
  DXGK_VMBCOMMAND_SETEXISTINGSYSMEMPAGES,
  DXGK_VMBCOMMAND_SETEXISTINGSYSMEMSTORE,
} from "../../../../uapi/dxgvmbus_number.ts";
import {
  close,
  Epoll,
  EPOLLIN,
  eventfdRead,
  eventfdWrite,
  memfdAllocator,
  monotonicNs,
  poll,
  POLLIN,
  raiseFdLimit,
  setCloexec,
} from "../../../os/mod.ts";
import { DxgHost } from "../host.ts";
import { DxgProcess } from "../process.ts";
import { AdoptedPages } from "./adopted_pages.ts";
import { Control, type ControlMessage } from "./control.ts";
import { Grants } from "./grants.ts";
import { HOST_PROCESS, type Order, orderOptions, PROCESS_WINDOW } from "./order.ts";
import { ProcessPeers } from "./peers.ts";
import type { ShareBody } from "./share_text.ts";
import { TraceSender } from "./traces.ts";
import { type OpenWire, WIRE_PACKET, type WireChannel, WireMemory } from "./wire.ts";

/** How long it looks at its rings before it sleeps, ns. */
const SPIN_NS = 60_000;
/** How often it works before it listens to the broker. */
const TURNS = 64;
/** How long what has hung may take to prove that the engine goes on, ns. */
const PROBE_NS = 500e6;
const KEY_BELL = 0;
const KEY_CONTROL = 1;
const KEY_ENGINE = 2;
/** Messages that need what the broker has sent besides. */
const NEEDING: ReadonlySet<number> = new Set([
  DXGK_VMBCOMMAND_OPENRESOURCE,
  DXGK_VMBCOMMAND_OPENSYNCOBJECT,
  DXGK_VMBCOMMAND_SETEXISTINGSYSMEMPAGES,
  DXGK_VMBCOMMAND_SETEXISTINGSYSMEMSTORE,
]);

/** What a host process is made of. */
export interface ServeDxgOptions {
  /** The socket to the broker; closed at the end. */
  readonly control: number;
  /** Opens the engines, one an adapter. */
  readonly open: () => readonly Engine[];
  /** Carries packets. */
  readonly wire: OpenWire;
}

/** Serves one dxg process until it is over. @returns whether there were engines */
export function serveDxgProcess(options: ServeDxgOptions): boolean {
  setCloexec(options.control, true);
  raiseFdLimit();
  using control = new Control(options.control);
  let engines: readonly Engine[];
  try {
    engines = options.open();
  } catch (error) {
    control.send({ kind: "failed", message: (error instanceof Error ? error.message : String(error)).slice(0, 4096) });
    return false;
  }
  const infos = engines.map(({ info }) => ({ ...info, uuid: [...info.uuid] }));
  control.send({ kind: "ready", infos }, [], true);
  const order = control.receive(true);
  if (order !== undefined && order !== "gone" && order.fds.length === 3) {
    // Jobs that run are the system's to end: nothing here waits for an engine that may hang.
    new Server(control, engines, order.body as unknown as Order, order.fds, options.wire).run();
  }
  return true;
}

class Server {
  readonly #control: Control;
  readonly #engines: readonly Engine[];
  readonly #memory = new GuestMemory();
  readonly #gpadls = new Map<number, GpaRange[]>();
  readonly #slots: { readonly slot: GuestSlot; readonly pages: AdoptedPages }[] = [];
  readonly #clock = new RealClock(monotonicNs);
  readonly #host: DxgHost;
  readonly #peers: ProcessPeers;
  readonly #grants: Grants;
  readonly #traces: TraceSender;
  readonly #wire: WireMemory;
  readonly #channel: WireChannel;
  readonly #bell: number;
  readonly #epoll = new Epoll();
  readonly #version: number;
  #over = false;

  constructor(
    control: Control,
    engines: readonly Engine[],
    order: Order,
    [memory, bell, theirs]: readonly number[],
    open: OpenWire,
  ) {
    this.#control = control;
    this.#engines = engines;
    this.#bell = bell;
    this.#version = order.version;
    const wire = this.#wire = new WireMemory(memory);
    close(memory);
    const grants = this.#grants = new Grants({
      words: wire.ledger,
      ring: () => void eventfdWrite(theirs),
      rest: (ms) => {
        // What else it may have rung for is looked for before the next sleep.
        if (poll(bell, POLLIN, ms) > 0) eventfdRead(bell);
      },
      now: monotonicNs,
    });
    const traces = this.#traces = new TraceSender((body) => control.send(body));
    traces.enabled = order.trace;
    const own = { allocator: memfdAllocator(), clock: this.#clock, grants, trace: traces.trace };
    const host = this.#host = new DxgHost(orderOptions(order, engines, own));
    grants.attach(host.adapters, host.limits.timeout);
    this.#peers = new ProcessPeers(host, control);
    host.peers = this.#peers;
    host.hung = () => this.#probe();
    host.window.watcher = {
      shown: (gpa, pages) => {
        const { fd } = pages;
        if (fd === undefined) throw new DrmError("ENOMEM", "Cannot show pages to the guest: no descriptors are left");
        control.send({ kind: "show", gpa, offset: pages.fdOffset ?? 0, size: pages.size }, [fd], true);
      },
      hidden: (gpa) => void control.send({ kind: "hide", gpa }, [], true),
    };
    this.#channel = open({
      outgoing: wire.fromProcess,
      incoming: wire.toProcess,
      maxPacket: WIRE_PACKET,
      signal: () => void eventfdWrite(theirs),
      handlers: {
        packet: (packet) => this.#packet(packet),
        room: () => host.events.flush(),
        broken: () => this.#over = true,
      },
    });
    host.opened(undefined, this.#channel, { memory: this.#memory, gpadl: (handle) => this.#gpadls.get(handle) });
    host.window.open(BigInt(PROCESS_WINDOW.start), PROCESS_WINDOW.length);
    const handle = host.processes.add(new DxgProcess(host, order.pid, order.name));
    if (handle !== HOST_PROCESS) throw new TypeError("Cannot serve a process by another handle than its broker's");
    this.#epoll.add(bell, EPOLLIN, KEY_BELL);
    this.#epoll.add(control.fd, EPOLLIN, KEY_CONTROL);
    for (const { completionFd } of engines) {
      if (completionFd !== undefined) this.#epoll.add(completionFd, EPOLLIN, KEY_ENGINE);
    }
  }

  /** Until the broker lets go of it. */
  run(): void {
    const host = this.#host, wire = this.#wire, channel = this.#channel, clock = this.#clock;
    const grants = this.#grants, traces = this.#traces;
    let until = 0, turns = 0;
    channel.quiet = true;
    while (!this.#over) {
      wire.begin();
      let worked = channel.poll();
      if (host.poll()) worked = true;
      if (clock.next !== Infinity && clock.run() > 0) worked = true;
      if (grants.poll()) {
        host.scheduler.resume();
        host.scheduler.drain();
        worked = true;
      }
      traces.flush();
      if (worked) {
        until = 0;
        // What the broker says is not to wait for a pause.
        if (++turns % TURNS === 0) this.#hear();
        continue;
      }
      const busy = !this.#peers.tell() || host.busy;
      wire.rest(busy);
      const now = monotonicNs();
      if (until === 0) {
        until = now + SPIN_NS;
        // A GPU that is a CPU needs the one that would spin here.
        if (busy) host.scheduler.rest(SPIN_NS / 2);
      } else if (now >= until) {
        until = 0;
        channel.quiet = false;
        wire.begin();
        if (!channel.poll()) {
          wire.rest(busy);
          this.#sleep(clock.next - now, busy);
        }
        channel.quiet = true;
      }
    }
  }

  #sleep(ns: number, busy: boolean): void {
    // Some engines cannot say when they are done, and jobs that wait for what a CPU writes nobody tells of.
    const count = this.#epoll.waitNs(Math.max(0, busy ? Math.min(ns, 1e6) : ns));
    for (let i = 0; i < count; i++) {
      const key = this.#epoll.key(i);
      if (key === KEY_BELL) eventfdRead(this.#bell);
      else if (key === KEY_CONTROL) this.#hear();
      else for (const { completionFd } of this.#engines) if (completionFd !== undefined) eventfdRead(completionFd);
    }
    this.#wire.begin();
  }

  #packet(packet: VmbusPacket): void {
    const { data, view, length } = packet;
    const start = this.#version > 27 ? view.getUint32(0, true) : 0;
    const type = start + 20 <= length ? view.getUint32(start + 16, true) : -1;
    const needs = NEEDING.has(type);
    if (needs) this.#hear();
    const host = this.#host;
    const reply = host.execute(data, length, packet.idHigh === 0 ? undefined : host.adapters[packet.idHigh - 1]);
    if (packet.wantsCompletion) this.#channel.complete(packet.idLow, 0, reply, reply.length);
    if (needs) this.#settle();
    host.events.flush();
  }

  #settle(): void {
    this.#peers.settle();
    for (const { slot, pages } of this.#slots.splice(0)) {
      this.#memory.remove(slot);
      pages[Symbol.dispose](); // what uses them has pinned them
    }
    this.#gpadls.clear();
  }

  #hear(): void {
    while (!this.#over) {
      const message = this.#control.receive();
      if (message === undefined) return;
      if (message === "gone") this.#over = true;
      else this.#heard(message);
    }
  }

  // The broker's word is taken: it is this process that it does not trust.
  #heard({ body, fds }: ControlMessage): void {
    const number = (name: string): number => Number(body[name]);
    switch (body.kind) {
      case "import":
        return this.#peers.bring(body as unknown as ShareBody, fds);
      case "changed":
        return this.#peers.changed(number("share"));
      case "abandoned":
        return this.#peers.abandoned(number("share"));
      case "pages":
        for (const [gpa, index, offset, length] of body.list as readonly (readonly number[])[]) {
          const pages = AdoptedPages.adopt(fds[index], offset, length);
          this.#slots.push({ pages, slot: this.#memory.add(pages, 0, length, gpa) });
        }
        return;
      case "gpadl": {
        const ranges = (body.ranges as readonly (readonly number[])[]).map(([gpa, length]) => ({ gpa, length }));
        const handle = number("handle");
        this.#gpadls.set(handle, [...this.#gpadls.get(handle) ?? [], ...ranges]);
        return;
      }
      case "trace":
        this.#traces.enabled = body.enabled === true;
        return;
      case "closeAdapter":
        for (const device of [...this.#host.adapters[number("adapter")]?.devices ?? []]) device.close();
    }
  }

  // A device has hung. If the engine has, nothing but the end of the process ends what it does.
  #probe(): void {
    for (const engine of this.#engines) {
      try {
        using memory = engine.createMemory(4096);
        engine.readMemory(memory, 0, new Uint8Array(4), PROBE_NS);
      } catch (error) {
        if (!(error instanceof DrmError)) throw error;
        this.#control.send({ kind: "hung", reason: error.message }, [], true);
        return;
      }
    }
  }
}
