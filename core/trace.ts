/**
 * The event stream: ioctls, commands, fences, decoded by the same tables that dispatch them. Costs one branch while
 * nobody listens. The counterpart of tracepoints.
 * @module
 */

/** One thing that happened. */
export interface TraceEvent {
  /** When, ns of the system's clock. */
  readonly time: number;
  /** Which floor it happened on. */
  readonly floor: "client" | "core" | "gpu" | "bus" | "host" | "render" | "display";
  /** What: the header's or specification's name, for example "DRM_IOCTL_GEM_CLOSE", "VIRTIO_GPU_CMD_RESOURCE_FLUSH". */
  readonly name: string;
  /** On what: a node, a queue, a timeline. */
  readonly subject?: string;
  /** Its members, as the struct's printer gives them. */
  readonly args?: unknown;
  /** Its outcome: a number, or "EINVAL: Cannot ...". */
  readonly result?: string | number;
  /** How long it took, ns. */
  readonly duration?: number;
}

/** Who hears of them. */
export type TraceListener = (event: TraceEvent) => void;

/** The stream of one system. */
export class Trace {
  readonly #listeners = new Set<TraceListener>();
  /** Whether anybody listens: check it before building an event. */
  enabled = false;

  /** Hears every event until disposed. */
  listen(listener: TraceListener): Disposable {
    this.#listeners.add(listener);
    this.enabled = true;
    return {
      [Symbol.dispose]: () => {
        this.#listeners.delete(listener);
        this.enabled = this.#listeners.size > 0;
      },
    };
  }

  /** Tells everybody. */
  emit(event: TraceEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

/** One line, strace-like: `DRM_IOCTL_GEM_CLOSE(card0, {handle: 1, pad: 0}) = 0 <3.1us>`. */
export function formatTrace(event: TraceEvent): string {
  const args = [event.subject, event.args === undefined ? undefined : formatTraceValue(event.args)].filter((a) =>
    a !== undefined
  );
  const result = event.result === undefined ? "" : ` = ${event.result}`;
  const duration = event.duration === undefined ? "" : ` <${(event.duration / 1000).toFixed(1)}us>`;
  return `${(event.time / 1e9).toFixed(6)} ${event.floor.padEnd(7)} ${event.name}(${
    args.join(", ")
  })${result}${duration}`;
}

/** A value as traces show it: at most 16 elements of a list, large unsigned numbers as hexadecimal ones. */
export function formatTraceValue(value: unknown): string {
  if (Array.isArray(value)) {
    const shown = value.length > 16 ? value.slice(0, 16) : value;
    return `[${shown.map(formatTraceValue).join(", ")}${value.length > 16 ? `, ... ${value.length} in all` : ""}]`;
  }
  if (typeof value === "string") return /^0x[0-9a-f]+$/.test(value) ? value : JSON.stringify(value);
  if (typeof value === "bigint") return `0x${value.toString(16)}`;
  if (typeof value === "object" && value !== null) {
    const plain = "toJSON" in value && typeof value.toJSON === "function" ? value.toJSON() : value;
    return `{${Object.entries(plain).map(([key, v]) => `${key}: ${formatTraceValue(v)}`).join(", ")}}`;
  }
  // Object types, masks and the like: a u32 with its top bit set is no count.
  if (typeof value === "number" && value >= 0x8000_0000 && value <= 0xffff_ffff) return `0x${value.toString(16)}`;
  return String(value);
}
