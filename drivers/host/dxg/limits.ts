/**
 * What one guest, and one process of it, may take of the host. A guest kernel is hostile: without these it could make the
 * host grow without limit.
 * @module
 */

/** How much there may be of what. */
export interface DxgLimits {
  /** Processes of the guest. */
  readonly processes: number;
  /** Objects of a process: devices, contexts, allocations, synchronization objects and so on. */
  readonly handles: number;
  /** Shared objects of the guest. */
  readonly shared: number;
  /** Bytes of private data that the allocations of a process have. */
  readonly privateData: number;
  /** Bytes of all allocations of a process. */
  readonly memory: number;
  /** Mappings and reservations of GPU virtual addresses of a process on an adapter. */
  readonly mappings: number;
  /** Waits of a process from the CPU. */
  readonly waits: number;
  /** Commands that wait in a context or hardware queue. */
  readonly queued: number;
  /** DMA buffers of a context or hardware queue that the engine has. */
  readonly running: number;
  /** How long a DMA buffer may run, ns (TdrDelay): its device hangs then. */
  readonly timeout: number;
  /** How long the host may stand still for moving memory, ns. */
  readonly moveTimeout: number;
}

/** What holds when nothing else is said. */
export const DEFAULT_LIMITS: DxgLimits = {
  processes: 1024,
  handles: 1 << 17,
  shared: 1 << 16,
  privateData: 64 << 20,
  memory: 2 ** 40,
  mappings: 1 << 17,
  waits: 1 << 16,
  queued: 1 << 14,
  running: 64,
  timeout: 2e9,
  moveTimeout: 5e9,
};
