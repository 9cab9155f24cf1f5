/**
 * A client's process, as its supervisor sees it.
 * @module
 */

import { ERRNO } from "../../../uapi/errno.ts";
import { close, MessageBuffer, MSG_DONTWAIT } from "../../os/mod.ts";
import type { VtestLimits } from "./limits.ts";
import { Pulse } from "./pulse.ts";
import type { ChildMessage, ChildOrder } from "./serve_one.ts";

/** How far a process has come. */
export type ChildState = "starting" | "ready" | "ending";

const buffer = { one: undefined as MessageBuffer | undefined };

/** One process. */
export class Child implements Disposable {
  /** Its number. */
  readonly id: number;
  /** The supervisor's end of the control socket. */
  readonly control: number;
  /** How far it has come. */
  state: ChildState = "starting";
  /** Its client's number; 0 while it is a spare one. */
  client = 0;
  /** When it came into its state, ns. */
  since: number;
  /** Whether it was killed, and what its client's end is called then. */
  verdict: string | undefined;
  /** What it said of its end. */
  last: { readonly reason: string; readonly failed: boolean } | undefined;
  /** Process id, by the kernel's word; 0 before it has said anything. */
  pid = 0;
  #pulse: Pulse | undefined;
  #beat = 0;
  #beatSince = 0;

  /** @param control passes credentials; owned from now on. @param now ns */
  constructor(id: number, control: number, now: number) {
    this.id = id;
    this.control = control;
    this.since = now;
  }

  /** The next thing it has said; undefined: nothing now; "gone": its end is closed. */
  receive(): ChildMessage | undefined | "gone" {
    const messages = buffer.one ??= new MessageBuffer(65536);
    const length = messages.receive(this.control, MSG_DONTWAIT);
    if (length === -ERRNO.EAGAIN) return undefined;
    if (length <= 0) return "gone";
    messages.closeFds();
    if (messages.pid > 0) this.pid = messages.pid;
    try {
      return messageOf(JSON.parse(new TextDecoder().decode(messages.bytes.subarray(0, length))));
    } catch {
      return undefined;
    }
  }

  /** Hands it a client. @param fd stays the caller's. @returns whether it could be told */
  assign(client: number, fd: number, limits: VtestLimits, now: number): boolean {
    const messages = buffer.one ??= new MessageBuffer(65536);
    const pulse = Pulse.create();
    try {
      this.client = client;
      this.#pulse = new Pulse(pulse);
      this.#beatSince = now;
      const order: ChildOrder = { limits };
      const { written } = new TextEncoder().encodeInto(JSON.stringify(order), messages.bytes);
      messages.fds[0] = fd;
      messages.fds[1] = pulse;
      return messages.send(this.control, written, 2, MSG_DONTWAIT) > 0;
    } finally {
      close(pulse);
    }
  }

  /** For how long it has worked on one thing, ns. */
  stuckFor(now: number): number {
    const beat = this.#pulse?.beat ?? 0;
    if (beat !== this.#beat || (beat & 1) === 0) {
      this.#beat = beat;
      this.#beatSince = now;
    }
    return now - this.#beatSince;
  }

  /** Memory that it uses, bytes; 0 if that cannot be told. */
  memory(): number {
    if (this.pid === 0) return 0;
    try {
      return Number(Deno.readTextFileSync(`/proc/${this.pid}/statm`).split(" ")[1]) * 4096;
    } catch {
      // It has just ended.
      return 0;
    }
  }

  /** Forgets it. */
  [Symbol.dispose](): void {
    close(this.control);
    this.#pulse?.[Symbol.dispose]();
    this.#pulse = undefined;
  }
}

// A process that its client has taken over may say anything: what is no message is none.
function messageOf(said: unknown): ChildMessage | undefined {
  if (typeof said !== "object" || said === null || !("kind" in said)) return undefined;
  const text = (name: string): string => {
    const value = name in said ? (said as Readonly<Record<string, unknown>>)[name] : undefined;
    return typeof value === "string" ? value : "";
  };
  switch (said.kind) {
    case "ready":
      return { kind: "ready", renderer: text("renderer"), device: text("device") };
    case "failed":
      return { kind: "failed", message: text("message") };
    case "name":
      return { kind: "name", name: text("name").replace(/[^ -~]/g, "?").slice(0, 64) };
    case "end":
      return { kind: "end", reason: text("reason"), failed: "failed" in said && said.failed === true };
    default:
      return undefined;
  }
}
