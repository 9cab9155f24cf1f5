/**
 * What `udrm vtest` and its kernel thread tell each other.
 * @module
 */

import type { MessagePort } from "node:worker_threads";
import type { VtestEvent } from "../drivers/bus/vtest/mod.ts";
import type { VtestChoice } from "./vtest_options.ts";

/** What the Worker is told at the start. */
export interface VtestStart {
  /** What was asked for. */
  readonly choice: VtestChoice;
  /** Where requests come, each announced by a kick; the only one is to end. */
  readonly requests: MessagePort;
}

/** What the Worker says. */
export type VtestMessage =
  /** It listens; adding to the eventfd `kick` makes it look for requests. */
  | { readonly kind: "listening"; readonly kick: number }
  /** Clients will be served: by this, on that. */
  | { readonly kind: "ready"; readonly renderer: string; readonly device: string }
  /** Something that a person may want to know. */
  | { readonly kind: "event"; readonly event: VtestEvent }
  /** A process is to be started, which inherits `control`. */
  | { readonly kind: "spawn"; readonly id: number; readonly control: number }
  /** A process is to be killed. */
  | { readonly kind: "kill"; readonly id: number }
  /** It has ended; `failed`: why it could not go on. */
  | { readonly kind: "ended"; readonly failed?: string };
