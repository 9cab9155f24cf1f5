/**
 * How much one client may have.
 * @module
 */

/** Limits of a client; what goes beyond ends its connection. */
export interface VtestLimits {
  /** Resources alive at once. */
  readonly resources: number;
  /** Resources with shared memory alive at once: each has a descriptor. In one thread a client has a quarter of all at most. */
  readonly shares: number;
  /** Bytes of shared memory alive at once. Pages count for real only once touched. */
  readonly sharedBytes: number;
  /** Bytes of the device's memory that its resources take at once. */
  readonly deviceBytes: number;
  /** Words of one submission. Mesa's are at most 66560. */
  readonly submitWords: number;
  /** Bytes of one inline transfer. */
  readonly inlineBytes: number;
  /** Bytes of the name that a client gives itself. */
  readonly nameBytes: number;
  /** Timelines alive at once. */
  readonly syncs: number;
  /** Waits for timelines, and signals that wait for the GPU, at once: each of both. */
  readonly waits: number;
  /** How long the GPU may take for what was submitted, ns. */
  readonly gpuNs: number;
}

/** What a client may have unless told. */
export const VTEST_LIMITS: VtestLimits = Object.freeze({
  resources: 32768,
  shares: 32768,
  sharedBytes: 4 * 2 ** 30,
  deviceBytes: 4 * 2 ** 30,
  submitWords: 256 * 1024,
  inlineBytes: 256 * 2 ** 20,
  nameBytes: 4096,
  syncs: 16384,
  waits: 4096,
  gpuNs: 10e9,
});
