/**
 * Which values of a monitored fence are promised: reached already, or to be signalled by work that is queued and waits for nothing
 * that is not promised itself. Only such a value may become a dma-fence, which must end; a monitored fence need not, and the two
 * are types that nothing converts otherwise (docs.kernel.org, "Indefinite DMA Fences").
 * @module
 */

/** The values of one fence, by whomever it is opened. */
export class FenceValues {
  #promised: bigint;
  // What reads the fence's memory, for each who has it mapped.
  readonly #loads: (() => bigint | undefined)[] = [];
  readonly #waiters = new Set<QueueOrder>();

  /** @param initial value. */
  constructor(initial: bigint) {
    this.#promised = initial;
  }

  /** Somebody has it mapped. @param load reads what stands there. */
  attach(load: () => bigint | undefined): void {
    this.#loads.push(load);
  }

  /** Ends that. */
  detach(load: () => bigint | undefined): void {
    const index = this.#loads.indexOf(load);
    if (index >= 0) this.#loads.splice(index, 1);
  }

  /** The highest value that somebody will signal. */
  get promised(): bigint {
    const now = this.#loads.at(-1)?.();
    if (now !== undefined && now > this.#promised) this.#promised = now;
    return this.#promised;
  }

  /** Somebody will signal a value; queues that waited for that go on. */
  promise(value: bigint): void {
    const grown: [FenceValues, bigint][] = [[this, value]];
    // One after the other, not one in the other: chains of queues may be long.
    for (let i = 0; i < grown.length; i++) {
      const [fence, to] = grown[i];
      if (to <= fence.#promised) continue;
      fence.#promised = to;
      for (const queue of [...fence.#waiters]) grown.push(...queue.settle());
    }
  }

  /** Somebody sets it back: values above are promised no more. */
  rewind(value: bigint): void {
    this.#promised = value;
  }

  /** @internal */
  add(queue: QueueOrder): void {
    this.#waiters.add(queue);
  }

  /** @internal */
  delete(queue: QueueOrder): void {
    this.#waiters.delete(queue);
  }
}

/** What will say that a queue has come past a wait. */
export interface Marker {
  /** Nobody needs to know any more. */
  remove(): void;
}

/** The order of waits and signals in a context or hardware queue. */
export class QueueOrder {
  /** Markers that the queue has not come to. */
  readonly markers: Set<Marker> = new Set();
  // The highest value of each fence that it waits for and nobody has promised, and what it will signal behind that.
  readonly #waits = new Map<FenceValues, bigint>();
  readonly #deferred = new Map<FenceValues, bigint>();
  // Waits for what nobody promises: how many there were, and which of them the queue has come past.
  #blocks = 0;
  #passed = 0;

  /** A wait is queued. */
  wait(fence: FenceValues, value: bigint): void {
    if (value <= fence.promised) return;
    const old = this.#waits.get(fence);
    if (old === undefined || value > old) this.#waits.set(fence, value);
    fence.add(this);
  }

  /** A wait is queued for something that nobody ever promises: a mutex, a semaphore. Its number. */
  block(): number {
    return ++this.#blocks;
  }

  /** The queue has come past such a wait: what it signals behind that is promised, if it waits for nothing else. */
  pass(block: number): void {
    if (block > this.#passed) this.#passed = block;
    for (const [fence, value] of this.settle()) fence.promise(value);
  }

  /** A signal is queued: a promise, unless the queue waits for something that is none. */
  signal(fence: FenceValues, value: bigint): void {
    for (const [waited, to] of this.#waits) if (to <= waited.promised) this.#forget(waited);
    if (this.#passed === this.#blocks && this.#waits.size === 0) return fence.promise(value);
    const old = this.#deferred.get(fence);
    if (old === undefined || value > old) this.#deferred.set(fence, value);
  }

  #forget(fence: FenceValues): void {
    this.#waits.delete(fence);
    fence.delete(this);
  }

  /** @internal Something that it waits for may be promised now: what is promised by that. */
  settle(): [FenceValues, bigint][] {
    for (const [waited, to] of this.#waits) if (to <= waited.promised) this.#forget(waited);
    if (this.#passed < this.#blocks || this.#waits.size > 0) return [];
    const out = [...this.#deferred];
    this.#deferred.clear();
    return out;
  }

  /** The queue is gone. */
  close(): void {
    for (const fence of this.#waits.keys()) fence.delete(this);
    this.#waits.clear();
    this.#deferred.clear();
    for (const marker of [...this.markers]) marker.remove();
  }
}
