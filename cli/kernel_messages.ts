/**
 * What the commands and their kernel thread tell each other. Apart from both, so that the command begins without loading the
 * drivers.
 * @module
 */

import type { MessagePort } from "node:worker_threads";
import type { SharedMessage } from "../drivers/display/board/board.ts";

/** What the Worker is told at the start. */
export interface KernelOptions {
  /** The server's folder: empty, and its alone. */
  readonly folder: string;
  /** The devices, as `parseConfig` takes them. */
  readonly config: unknown;
  /** Whether each request is printed on stderr. */
  readonly trace: boolean;
  /** Whether a picture of the first screen is wanted at the end. */
  readonly picture: boolean;
  /** What the first device's screens are shared by; undefined: nobody looks. */
  readonly board?: SharedArrayBuffer;
  /** Where requests come, each announced by a kick. */
  readonly requests: MessagePort;
}

/** What the Worker can be asked to do. */
export type KernelRequest =
  /** Become what another configuration says. The result is a list of {@linkcode Change}. */
  | { readonly kind: "config"; readonly config: unknown }
  /** Which connectors there are: a list of {@linkcode ConnectorInfo}. */
  | { readonly kind: "connectors" }
  /** Plug something in or out: the {@linkcode ConnectorInfo} afterwards. */
  | { readonly kind: "hotplug"; readonly connector: string; readonly connected: boolean }
  /** Take a picture of what a connector shows, or the first that shows anything: a {@linkcode Screenshot}. */
  | { readonly kind: "screenshot"; readonly connector: string | undefined }
  /** Record what happens from now on, or no more. */
  | { readonly kind: "watch"; readonly on: boolean }
  /** How things stand, and what happened since event number `since`: an `Inspection` of core/inspect. */
  | { readonly kind: "inspect"; readonly since: number; readonly thumbnails: boolean }
  /** End. No answer but "ended" comes. */
  | { readonly kind: "end" };

/** A request as it is sent. */
export interface NumberedRequest {
  /** Its number: the answer has the same. */
  readonly id: number;
  /** What is wanted. */
  readonly request: KernelRequest;
}

/** What became of a device. */
export interface Change {
  /** "replaced": its configuration differs in what cannot change while it is there. */
  readonly what: "added" | "removed" | "changed" | "replaced";
  /** "card0". */
  readonly device: string;
  /** Its name in the configuration. */
  readonly name: string;
  /** Its driver. */
  readonly driver: string;
}

/** A connector. */
export interface ConnectorInfo {
  /** As in /sys/class/drm: "card0-Virtual-1". */
  readonly connector: string;
  /** The device's name in the configuration. */
  readonly device: string;
  /** What is plugged in. */
  readonly status: "connected" | "disconnected" | "unknown";
  /** The mode that it shows, else the one that it would like best: "1024x768@60"; undefined if it has none. */
  readonly mode: string | undefined;
  /** Whether it shows anything. */
  readonly on: boolean;
}

/** A picture. */
export interface Screenshot {
  /** Of which connector. */
  readonly connector: string;
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** A PNG file. */
  readonly png: Uint8Array;
}

/** What the Worker says. */
export type KernelMessage =
  /** Programs can come; adding to the eventfd `kick` makes it look for requests. */
  | { readonly kind: "ready"; readonly kick: number }
  /** It could not begin. */
  | { readonly kind: "failed"; readonly message: string }
  /** The answer to a request: its result, or what is wrong. */
  | { readonly kind: "answer"; readonly id: number; readonly result?: unknown; readonly error?: string }
  /** The board's screens show something else. */
  | { readonly kind: "screen"; readonly message: SharedMessage }
  /** It has ended; the picture, if one was wanted and anything was ever shown. */
  | { readonly kind: "ended"; readonly png?: Uint8Array };
