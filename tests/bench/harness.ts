/**
 * What benches share: two pieces of work measured by turns in one run, and the rows that they give.
 * @module
 */

/** One row of a bench: a figure against a reference of the same run. */
export interface BenchRow {
  /** What was measured. */
  readonly name: string;
  /** The figure. */
  readonly value: number;
  /** Its unit: "ns", "ops/s", "GB/s". */
  readonly unit: string;
  /** What it is held against. */
  readonly reference: string;
  /** The reference's figure, same unit. */
  readonly referenceValue: number;
  /** `value / referenceValue`. */
  readonly ratio: number;
  /** What the ratio must reach: "<= 1.5" or ">= 0.8"; absent where nothing is asked. */
  readonly target?: string;
}

/** A bench: its rows, and whether they reached their targets. */
export type Bench = () => Promise<BenchRow[]> | BenchRow[];

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1];

/** Time of one call of `work`, ns: the median over `rounds` of batches of `batch` calls. */
function timed(work: (count: number) => void, batch: number): number {
  const start = performance.now();
  work(batch);
  return (performance.now() - start) * 1e6 / batch;
}

/** How long and how often to measure. */
export interface CompareOptions {
  /** Calls in one batch. */
  readonly batch: number;
  /** Batches of each, default 15; the median counts. */
  readonly rounds?: number;
}

/**
 * Measures two pieces of work by turns, so that a noisy machine hurts both.
 *
 * @param work does its thing `count` times. @param reference likewise.
 * @returns ns a call, of each.
 */
export function compare(
  work: (count: number) => void,
  reference: (count: number) => void,
  options: CompareOptions,
): { value: number; referenceValue: number } {
  const { batch, rounds = 15 } = options;
  work(batch);
  reference(batch); // both compiled and warm
  work(batch);
  reference(batch);
  const values: number[] = [];
  const references: number[] = [];
  for (let round = 0; round < rounds; round++) {
    values.push(timed(work, batch));
    references.push(timed(reference, batch));
  }
  return { value: median(values), referenceValue: median(references) };
}

/** A row of times, ns: less is better. */
export function timeRow(
  name: string,
  reference: string,
  measured: { value: number; referenceValue: number },
  target?: string,
): BenchRow {
  return { name, unit: "ns", reference, ...measured, ratio: measured.value / measured.referenceValue, target };
}

/** A row of rates: more is better. `perCall` is how many units one measured call does. */
export function rateRow(
  name: string,
  unit: string,
  reference: string,
  measured: { value: number; referenceValue: number },
  perCall: number,
  target?: string,
): BenchRow {
  const value = perCall * 1e9 / measured.value;
  const referenceValue = perCall * 1e9 / measured.referenceValue;
  return { name, unit, reference, value, referenceValue, ratio: value / referenceValue, target };
}

/** Whether a row reached its target; undefined where there is none. */
export function reached(row: BenchRow): boolean | undefined {
  if (row.target === undefined) return undefined;
  const [operator, limit] = row.target.split(" ");
  if (operator === "<=") return row.ratio <= Number(limit);
  if (operator === ">=") return row.ratio >= Number(limit);
  if (operator === "value>=") return row.value >= Number(limit);
  throw new TypeError(`Cannot read target "${row.target}"`);
}
