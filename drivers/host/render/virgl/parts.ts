/**
 * What a renderer of virgl and the makers of its contexts agree on.
 * @module
 */

import type { RenderContext } from "../../../../core/host3d.ts";
import type { Formats } from "./formats.ts";
import type { Gpu } from "./gpu.ts";
import type { Recorder } from "./recorder.ts";
import type { Transfers } from "./transfer.ts";

/** What contexts are made with. */
export interface VirglParts {
  /** The GPU. */
  readonly gpu: Gpu;
  /** What formats are on it. */
  readonly formats: Formats;
  /** The one recorder. */
  readonly recorder: Recorder;
  /** Moves bytes between resources and memory. */
  readonly transfers: Transfers;
}

/** Makes contexts; disposed of when the GPU is idle and all of them are. */
export interface Contexts extends Disposable {
  /** A context of a capability set. Throws a DrmError. */
  create(capsetId: number, name: string): RenderContext;
}

/** How a {@linkcode Virgl} behaves. */
export interface VirglLimits {
  /** Bytes that resources and held frames may take; default seven eighths of the device's largest heap. */
  readonly maxBytes?: number;
  /**
   * Whether there is to be a `completionFd`, which takes a Worker (a thread, and some 10 MB); false by default. `wait` needs none,
   * and is the quicker way for who waits for one batch and nothing else.
   */
  readonly completionEvents?: boolean;
}
