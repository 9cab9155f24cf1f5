/**
 * An eventfd that becomes readable when a queue's timeline advances, so that a server can sleep in epoll_wait until then. A Worker of
 * its own blocks in vkWaitSemaphores and writes it; it is told what to wait for through shared memory, and needs no event loop here.
 */
import { close, eventfd } from "../../os/mod.ts";
import type { Device } from "./device.ts";
import type { Queue } from "./queue.ts";

/** What the Worker gets. */
export interface CompletionWork {
  /** The VkDevice. */
  readonly device: bigint;
  /** The VkSemaphore of the timeline. */
  readonly semaphore: bigint;
  /** The eventfd. */
  readonly fd: number;
  /** Words: a counter that grows with each value, stop, stopped; at byte 16 the value as a double. */
  readonly shared: SharedArrayBuffer;
}

/** Where in the shared words things are. */
export const COMPLETION_WORDS = { counter: 0, stop: 1, stopped: 2 } as const;
/** How long the Worker may take to end, in steps of a millisecond. */
const STOP_STEPS = 2000;

/** The event. Dispose of it before the device. */
export class CompletionEvent implements Disposable {
  /** The eventfd: readable once a value that was expected is reached; who polls it reads it. */
  readonly fd: number;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #value: Float64Array<SharedArrayBuffer>;
  readonly #worker: Worker;
  #open = true;

  /**
   * Starts the Worker.
   * @param queue whose timeline, of `device`
   * @throws {OsError} if there is no descriptor
   */
  constructor(device: Device, queue: Queue) {
    const shared = new SharedArrayBuffer(24);
    this.#words = new Int32Array(shared, 0, 4);
    this.#value = new Float64Array(shared, 16, 1);
    this.fd = eventfd();
    this.#worker = new Worker(new URL("./completion_worker.ts", import.meta.url), { type: "module" });
    const work: CompletionWork = { device: device.handle, semaphore: queue.timeline.handle, fd: this.fd, shared };
    this.#worker.postMessage(work);
  }

  /** Asks for an event once a value is reached. Values grow; an earlier one that was not reached yet is forgotten. */
  expect(value: number): void {
    this.#value[0] = value;
    Atomics.add(this.#words, COMPLETION_WORDS.counter, 1);
    Atomics.notify(this.#words, COMPLETION_WORDS.counter);
  }

  /** Ends the Worker, which is out of Vulkan when this returns if the GPU is idle, and closes the eventfd. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    const words = this.#words;
    Atomics.store(words, COMPLETION_WORDS.stop, 1);
    this.expect(Infinity);
    for (let step = 0; step < STOP_STEPS && Atomics.load(words, COMPLETION_WORDS.stopped) === 0; step++) {
      Atomics.wait(words, COMPLETION_WORDS.stopped, 0, 1);
    }
    this.#worker.terminate();
    close(this.fd);
  }
}
