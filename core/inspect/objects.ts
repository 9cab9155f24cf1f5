/**
 * GEM objects, and who has handles to them.
 * @module
 */

import type { Device } from "../device.ts";
import type { GemObject } from "../gem.ts";
import type { FenceGathering } from "./fences.ts";
import type { Limits, Listed } from "./limits.ts";

/** A GEM object. */
export interface ObjectInspection {
  /** The inspector's number of it. */
  readonly number: number;
  /** Bytes. */
  readonly size: number;
  /** FLINK name; 0 for none. */
  readonly name: number;
  /** Handles of all clients. */
  readonly handleCount: number;
  /** Some of them: who (pid), and which. */
  readonly handles: readonly { readonly pid: number; readonly handle: number }[];
  /** References. */
  readonly references: number;
  /** Whether it came from another device or file. */
  readonly imported: boolean;
  /** Inode of the dma-buf as which it is shared; 0 for none. */
  readonly dmaBuf: number;
  /** Fences that have not signalled. */
  readonly pending: number;
}

interface Found {
  readonly object: GemObject;
  readonly handles: { readonly pid: number; readonly handle: number }[];
}

/** Gives objects numbers that stay. */
export class ObjectNumbers {
  readonly #numbers = new WeakMap<GemObject, number>();
  #last = 0;

  /** The number of an object: from 1, in the order in which objects were first seen. */
  of(object: GemObject): number {
    let number = this.#numbers.get(object);
    if (number === undefined) this.#numbers.set(object, number = ++this.#last);
    return number;
  }
}

/**
 * A device's objects, the largest first.
 *
 * @param device whose. @param numbers names them. @param fences takes their fences. @param limits how many.
 * @param more objects besides those that clients have handles to: framebuffers keep some.
 */
export function inspectObjects(
  device: Device,
  numbers: ObjectNumbers,
  fences: FenceGathering,
  limits: Limits,
  more: Iterable<GemObject>,
): Listed<ObjectInspection> & { readonly bytes: number } {
  const found = new Map<GemObject, Found>();
  let unseen = 0;
  const find = (object: GemObject): Found => {
    let entry = found.get(object);
    if (entry === undefined) found.set(object, entry = { object, handles: [] });
    return entry;
  };
  for (const file of device.files) {
    let visits = 0;
    for (const [handle, object] of file.objects) {
      if (visits++ >= limits.visits) break;
      const { handles } = find(object);
      if (handles.length < limits.handles) handles.push({ pid: file.tgid, handle });
    }
    unseen += Math.max(0, file.objects.count - limits.visits);
  }
  for (const object of more) find(object);
  let bytes = 0;
  for (const { object } of found.values()) bytes += object.size;
  const largest = [...found.values()].sort((a, b) => b.object.size - a.object.size).slice(0, limits.objects);
  const items = largest.map(({ object, handles }): ObjectInspection => {
    const number = numbers.of(object);
    let pending = 0;
    for (const { fence } of object.resv.describe()) {
      if (!fence.isSignaled) pending++;
      fences.add(fence, `object ${number}`);
    }
    return {
      number,
      size: object.size,
      name: object.name,
      handleCount: object.handleCount,
      handles,
      references: object.references,
      imported: object.imported !== undefined,
      dmaBuf: object.dmaBuf?.inode ?? 0,
      pending,
    };
  });
  return { items, count: found.size + unseen, bytes };
}
