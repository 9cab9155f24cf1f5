/**
 * What `udrm vhost-user` and its kernel thread tell each other.
 * @module
 */

import type { MessagePort } from "node:worker_threads";
import type { RendererName } from "../mod.ts";
import type { SharedMessage } from "../drivers/display/board/board.ts";

/** What the Worker is told at the start. */
export interface VhostUserOptions {
  /** The socket's path. */
  readonly socket: string;
  /** What executes. */
  readonly gpu: RendererName;
  /** For vulkan2d and virgl: which GPU; the best one unless told. */
  readonly device: string | undefined;
  /** Heads that configuration space tells of, 1 to 16. */
  readonly outputs: number;
  /** Whether pictures are wanted. */
  readonly picture: boolean;
  /** What viewers in the main isolate share; undefined: there are none. */
  readonly board: SharedArrayBuffer | undefined;
  /** Where requests come, each announced by a kick. */
  readonly requests: MessagePort;
}

/** What the Worker can be asked to do. */
export type VhostUserRequest = "end" | "picture";

/** What the Worker says. */
export type VhostUserMessage =
  /** Front ends can come; adding to the eventfd `kick` makes it look for requests and at the board. */
  | { readonly kind: "ready"; readonly kick: number; readonly renderer: string; readonly device: string }
  /** It could not begin. */
  | { readonly kind: "failed"; readonly message: string }
  /** Something that a person may want to know. */
  | { readonly kind: "event"; readonly sentence: string }
  /** News of a screen that viewers share. */
  | { readonly kind: "screen"; readonly message: SharedMessage }
  /** What the first scanout that is on shows, or undefined. */
  | { readonly kind: "picture"; readonly png: Uint8Array | undefined }
  /** It has ended; the picture, if one was wanted and anything was shown. */
  | { readonly kind: "ended"; readonly png: Uint8Array | undefined };
