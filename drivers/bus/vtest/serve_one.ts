/**
 * A process for one client: it makes a renderer, waits for a client, serves it, and is over. One thread that blocks: what the client
 * sends is read, decoded and rendered with one system call a message or less. It talks to its supervisor by a SEQPACKET socket.
 * @module
 */

import type { Renderer3d } from "../../../core/host3d.ts";
import {
  close,
  eventfdRead,
  MessageBuffer,
  monotonicNs,
  MSG_DONTWAIT,
  POLLIN,
  POLLOUT,
  PollSet,
  raiseFdLimit,
  setCloexec,
  setNonblocking,
  setReceiveTimeout,
} from "../../os/mod.ts";
import { Graveyard } from "./graveyard.ts";
import { VTEST_LIMITS, type VtestLimits } from "./limits.ts";
import { Pulse } from "./pulse.ts";
import { Session } from "./session.ts";

/** What the process says. */
export type ChildMessage =
  /** It waits for its client. */
  | { readonly kind: "ready"; readonly renderer: string; readonly device: string }
  /** There is no renderer. */
  | { readonly kind: "failed"; readonly message: string }
  /** What the client calls itself. */
  | { readonly kind: "name"; readonly name: string }
  /** It is over. */
  | { readonly kind: "end"; readonly reason: string; readonly failed: boolean };

/** What the process is told, with the client's and the pulse's descriptors. */
export interface ChildOrder {
  /** What the client may have. */
  readonly limits: VtestLimits;
}

const TEXT_MAX = 16384;
/** How often work that nobody waits for is looked at, ms. */
const LOOK_MS = 1000;
/** The same for timelines that something waits for, with a renderer that cannot say when it is done. */
const WATCH_MS = 1;

class Control {
  readonly #fd: number;
  readonly #buffer = new MessageBuffer(TEXT_MAX * 2);
  constructor(fd: number) {
    this.#fd = fd;
  }
  say(message: ChildMessage): void {
    const { written } = new TextEncoder().encodeInto(JSON.stringify(message), this.#buffer.bytes);
    this.#buffer.send(this.#fd, written, 0, MSG_DONTWAIT);
  }
  /** Waits for the order. @returns undefined if the supervisor is gone. */
  order(): { readonly order: ChildOrder; readonly client: number; readonly pulse: number } | undefined {
    const length = this.#buffer.receive(this.#fd);
    if (length <= 0 || this.#buffer.fdCount !== 2) return undefined;
    const order = JSON.parse(new TextDecoder().decode(this.#buffer.bytes.subarray(0, length))) as ChildOrder;
    return { order, client: this.#buffer.fds[0], pulse: this.#buffer.fds[1] };
  }
}

/**
 * Serves one client.
 *
 * @param control the socket to the supervisor, a blocking one; closed at the end
 * @param open makes the renderer
 * @returns whether there was a renderer
 */
export function serveOne(control: number, open: () => Renderer3d): boolean {
  // It must not be inherited by what drivers may start.
  setCloexec(control, true);
  // Mesa keeps thousands of fences, each of them shared memory.
  raiseFdLimit();
  const supervisor = new Control(control);
  let renderer: Renderer3d;
  try {
    renderer = open();
  } catch (error) {
    supervisor.say({
      kind: "failed",
      message: (error instanceof Error ? error.message : String(error)).slice(0, 4096),
    });
    close(control);
    return false;
  }
  supervisor.say({ kind: "ready", renderer: renderer.name, device: renderer.device });
  const received = supervisor.order();
  if (received !== undefined) {
    const { order, client, pulse } = received;
    const { reason, failed } = serve(renderer, client, pulse, order.limits, (name) => {
      supervisor.say({ kind: "name", name });
    });
    supervisor.say({ kind: "end", reason: reason.slice(0, TEXT_MAX / 4), failed });
  }
  close(control);
  return true;
}

function serve(
  renderer: Renderer3d,
  client: number,
  pulseFd: number,
  limits: VtestLimits = VTEST_LIMITS,
  onName: (name: string) => void,
): { readonly reason: string; readonly failed: boolean } {
  const pulse = new Pulse(pulseFd);
  close(pulseFd);
  setNonblocking(client, false);
  // A client that says nothing is left alone; but what the GPU does for it, and memory that it waits to give back, are looked at.
  setReceiveTimeout(client, LOOK_MS);
  const graveyard = new Graveyard(renderer);
  const session = new Session(client, renderer, graveyard, limits);
  const set = new PollSet(2);
  let named = false;
  // Since when the GPU has completed nothing though it has something to do.
  let completed = -1, since = 0;
  const stalled = (): boolean => {
    const now = monotonicNs(), done = renderer.completed();
    if (done !== completed || !session.busy) {
      completed = done;
      since = now;
    }
    if (now - since <= limits.gpuNs) return false;
    session.stop(`the GPU did not finish within ${limits.gpuNs / 1e9} s`);
    return true;
  };
  const rest = (events: number, ms: number): void => {
    set.clear();
    set.add(client, events);
    if (renderer.completionFd !== undefined && session.watching) set.add(renderer.completionFd, POLLIN);
    pulse.begin();
    set.poll(ms);
    pulse.end();
    // The next time it is to wait again.
    if (renderer.completionFd !== undefined && set.revents(1) !== 0) eventfdRead(renderer.completionFd);
  };
  for (;;) {
    const need = session.watching ? session.run() : session.run(pulse);
    if (!named && session.name !== "") {
      named = true;
      onName(session.name);
    }
    if (need === "end") break;
    if (need === "output") rest(POLLOUT, LOOK_MS);
    else if (need === "batch") {
      // Short enough to see that the client is gone, and that the GPU hangs.
      if (!renderer.wait(session.last, 500e6)) {
        stalled();
        rest(0, 0);
        if ((set.revents(0) & ~POLLIN) !== 0) session.stop("it is gone");
      }
    } else if (session.watching) {
      rest(POLLIN, renderer.completionFd === undefined ? WATCH_MS : WATCH_MS * 5);
      stalled();
    } else if (session.busy) stalled();
    else graveyard.sweep();
  }
  const reason = session.end ?? "", failed = session.failed;
  // The rest goes with the process: nothing here waits for a GPU that may hang.
  close(client);
  return { reason, failed };
}
