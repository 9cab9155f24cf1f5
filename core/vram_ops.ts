/**
 * What a `Vram` is made over: segments, an owner that moves contents, and, where several share one memory, a ledger that gives it out.
 * @module
 */

/** A kind of memory. */
export interface VramSegment {
  /** Its name, for people. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

/** What the owner of the memory does. Nothing here may call back into the Vram. */
export interface VramOps<O> {
  /** Gives the object memory in a segment, with what was saved of it, or zero. Throws ENOMEM: it stays where it was. */
  place(object: O, segment: number): void;
  /** Saves the contents and gives the memory back. Throws ENOMEM if they cannot be saved: it stays where it is. */
  evict(object: O): void;
  /** Gives the memory back; the contents are lost. */
  discard(object: O): void;
  /** Whether the GPU uses it now: it cannot be moved. */
  busy(object: O): boolean;
}

/** Numbers since the beginning. */
export interface VramStatistics {
  /** Objects that were moved out. */
  readonly evictions: number;
  /** Bytes that were moved out. */
  readonly bytesEvicted: number;
  /** Objects that were placed with contents that had been saved. */
  readonly restores: number;
  /** Objects whose contents were dropped. */
  readonly discards: number;
}

/** What there is to an answer: it is so; not yet, try again when the ledger has news; it will not be. */
export type VramAnswer = "done" | "busy" | "no";

/** Gives out memory that several Vrams have in common. Nothing here may call back into the Vram. */
export interface VramLedger {
  /** Bytes of a segment that may be taken now. */
  granted(segment: number): number;
  /** Asks that `bytes` of a segment may be taken in all. @param force whether others are to give way. */
  ask(segment: number, bytes: number, force: boolean): VramAnswer;
  /** So many bytes are taken now. */
  taken(segment: number, bytes: number): void;
  /** So many bytes are wanted resident now. */
  wanted(segment: number, bytes: number): void;
  /** What all clients together may keep resident, bytes. */
  budget(segment: number): number;
  /** What all clients together may reserve, bytes. */
  reservable(segment: number): number;
  /** Reserves so many bytes for all clients together; false if they cannot be. */
  reserve(segment: number, bytes: number): boolean;
  /** Bytes that everybody has taken. */
  used(segment: number): number;
}
