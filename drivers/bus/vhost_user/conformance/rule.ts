/**
 * A conformance rule: a sentence, where it is said, and a case that shows whether a back end keeps it.
 * @module
 */

import type { FrontEnd } from "../testing.ts";
import type { GpuGuest, GpuGuestOptions } from "../testing_guest.ts";

/** What a rule's case works with. Each case has connections of its own; they are closed after it. */
export interface Bench {
  /** A new connection. @throws if the back end does not take it. */
  front(): FrontEnd;
  /** A guest at a new connection. */
  guest(options?: GpuGuestOptions): GpuGuest;
}

/** A rule. */
export interface Rule {
  /** Names it for ever. */
  readonly id: string;
  /** What a back end does. */
  readonly rule: string;
  /** Where that is said. */
  readonly cite: string;
  /** Throws a {@linkcode Violation} if the back end does not. */
  readonly run: (bench: Bench) => void;
}

/** A back end does not keep a rule. */
export class Violation extends Error {
  /** "Violation". */
  override readonly name: string = "Violation";
}

/** What came of a rule. */
export interface Outcome {
  /** The rule's id. */
  readonly id: string;
  /** The rule. */
  readonly rule: string;
  /** Where it is said. */
  readonly cite: string;
  /** Whether it is kept. */
  readonly kept: boolean;
  /** What was seen instead. */
  readonly seen?: string;
}

/** Throws a violation unless something is so. @param seen what is so instead. */
export function must(so: boolean, seen: string): asserts so {
  if (!so) throw new Violation(seen);
}

/** The documents that rules come from. */
export const VHOST_USER = "QEMU docs/interop/vhost-user.rst";
/** The display socket's. */
export const VHOST_USER_GPU = "QEMU docs/interop/vhost-user-gpu.rst";
/** The virtio specification. */
export const VIRTIO = "virtio 1.3";
