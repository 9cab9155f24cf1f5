/**
 * What a query counts between its beginning and its end. Vulkan's queries span neither command buffers nor the borders of render
 * passes, so that a run is the sum of several of them; it is known once the GPU is done with the last.
 * @module
 */

/** VIRGL_QUERY_*: the numbers that Mesa's virgl sends for PIPE_QUERY_*. */
export const QueryType = {
  occlusionCounter: 0,
  occlusionPredicate: 1,
  timestamp: 2,
  timestampDisjoint: 3,
  timeElapsed: 4,
  primitivesGenerated: 5,
  primitivesEmitted: 6,
  soStatistics: 7,
  soOverflowPredicate: 8,
  gpuFinished: 9,
  pipelineStatistics: 10,
  occlusionPredicateConservative: 11,
  soOverflowAnyPredicate: 12,
} as const;

/** What is measured, one class for all queries that the same Vulkan query answers. */
export type QueryClass = "occlusion" | "feedback" | "generated" | "timestamp" | "none";

/** The class of a type; undefined for a type that there is not. */
export function queryClass(type: number): QueryClass | undefined {
  switch (type) {
    case QueryType.occlusionCounter:
    case QueryType.occlusionPredicate:
    case QueryType.occlusionPredicateConservative:
      return "occlusion";
    case QueryType.timestamp:
    case QueryType.timeElapsed:
      return "timestamp";
    case QueryType.primitivesGenerated:
      return "generated";
    case QueryType.primitivesEmitted:
    case QueryType.soStatistics:
    case QueryType.soOverflowPredicate:
    case QueryType.soOverflowAnyPredicate:
      return "feedback";
    case QueryType.timestampDisjoint:
    case QueryType.gpuFinished:
      return "none";
    default:
      return undefined;
  }
}

/** One run of a query. */
export class QueryRun {
  /** VIRGL_QUERY_*. */
  readonly type: number;
  /** Samples, primitives, ticks: the first value of each part, summed. */
  sum = 0n;
  /** The second value: primitives that would have been written had there been room. */
  needed = 0n;
  /** Parts whose values are not known yet. */
  pending = 0;
  /** The last submission that has a part of it. */
  submission = 0;
  /** Nothing comes on top. */
  ended = false;
  /** Any stream overflowed. */
  overflowed = false;
  /** Called once when it is known. */
  whenKnown: ((run: QueryRun) => void) | undefined;

  /** A run at its beginning. */
  constructor(type: number) {
    this.type = type;
  }

  /** Whether its result is known. */
  get known(): boolean {
    return this.ended && this.pending === 0;
  }

  /** Adds a part's values. @param sign -1 for the timestamp at the beginning */
  add(first: bigint, second: bigint, sign: bigint): void {
    this.sum += first * sign;
    this.needed += second * sign;
    if (second > first) this.overflowed = true;
    this.pending--;
  }

  /** Whether the result takes 64 bits (times). */
  get isWide(): boolean {
    return this.type === QueryType.timestamp || this.type === QueryType.timeElapsed ||
      this.type === QueryType.timestampDisjoint;
  }

  /**
   * The result, as Gallium's pipe_query_result has it.
   * @param ticks makes nanoseconds of a difference of timestamps
   */
  result(ticks: (value: bigint) => bigint): bigint {
    switch (this.type) {
      case QueryType.occlusionPredicate:
      case QueryType.occlusionPredicateConservative:
        return this.sum !== 0n ? 1n : 0n;
      case QueryType.soOverflowPredicate:
      case QueryType.soOverflowAnyPredicate:
        return this.overflowed ? 1n : 0n;
      case QueryType.timestamp:
      case QueryType.timeElapsed:
        return ticks(this.sum);
      case QueryType.timestampDisjoint:
        return 1_000_000_000n; // ticks a second: times are in nanoseconds
      case QueryType.gpuFinished:
        return 1n;
      default:
        return this.sum;
    }
  }
}
