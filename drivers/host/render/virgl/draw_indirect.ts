/**
 * DRAW_VBO whose counts are in a buffer: glDrawArraysIndirect and its like. The CPU reads them, and waits if the GPU is still to
 * write them: numbers that only the GPU knows could keep it busy for ever, and what is drawn may have to be made anew.
 * @module
 */

import { bytesNow } from "./buffer_bytes.ts";
import type { VirglContext } from "./context.ts";
import { LIMITS } from "./limits.ts";
import { badCommand, badResource } from "./refusal.ts";
import type { VirglResource } from "./resource.ts";

// Words of DRAW_VBO.
const RESOURCE = 14, OFFSET = 15, STRIDE = 16, DRAWS = 17, COUNT_OFFSET = 18, COUNT_RESOURCE = 19;
/** Draws of a command, at most. */
const MOST_DRAWS = 1 << 16;

/** Where the numbers of a command are. */
interface Arguments {
  readonly source: VirglResource;
  readonly offset: number;
  readonly stride: number;
  readonly draws: number;
  /** What has the number of draws, if that is in a buffer. */
  readonly counter: VirglResource | undefined;
  readonly countOffset: number;
}

function bufferOf(context: VirglContext, id: number): VirglResource {
  const resource = context.resource(id);
  if (resource.buffer === undefined) throw badResource(`Cannot draw from resource ${id}: it is no buffer`);
  return resource;
}

function argumentsOf(context: VirglContext, words: Uint32Array, at: number, indexed: boolean): Arguments {
  const source = bufferOf(context, words[at + RESOURCE]), offset = words[at + OFFSET];
  const argument = indexed ? 20 : 16;
  const stride = words[at + STRIDE] === 0 ? argument : words[at + STRIDE];
  const draws = Math.max(1, words[at + DRAWS]);
  const size = source.buffer?.size ?? 0;
  if ((offset & 3) !== 0 || (stride & 3) !== 0 || stride < argument) {
    throw badCommand(`Cannot draw ${draws} times from ${offset} on, ${stride} bytes apart`);
  }
  if (offset + (draws - 1) * stride + argument > size) {
    throw badCommand(`Cannot draw ${draws} times from ${offset} on: the buffer has ${size} bytes`);
  }
  const counter = words[at + COUNT_RESOURCE] === 0 ? undefined : bufferOf(context, words[at + COUNT_RESOURCE]);
  const countOffset = words[at + COUNT_OFFSET];
  if (counter !== undefined && ((countOffset & 3) !== 0 || countOffset + 4 > (counter.buffer?.size ?? 0))) {
    throw badCommand(`Cannot read the number of draws at ${countOffset}`);
  }
  const { indexBuffer } = context.current;
  if (indexed && (indexBuffer.resource === undefined || indexBuffer.offset !== 0)) {
    throw badCommand("Cannot draw indirectly: indices begin at the start of a buffer");
  }
  return { source, offset, stride, draws, counter, countOffset };
}

/**
 * Reads what a buffer says, and has each of its draws drawn.
 * @param draw first is an index if draws are indexed, else a vertex; number counts them
 * @throws {VirglRefusal} for ranges that are none, too many draws
 */
export function readIndirect(
  context: VirglContext,
  words: Uint32Array,
  at: number,
  indexed: boolean,
  draw: (
    count: number,
    instances: number,
    first: number,
    bias: number,
    firstInstance: number,
    number: number,
  ) => void,
): void {
  const { engine } = context;
  const { source, offset, stride, draws, counter, countOffset } = argumentsOf(context, words, at, indexed);
  let count = draws;
  if (counter !== undefined) {
    const bytes = bytesNow(engine, counter, countOffset, 4);
    count = Math.min(draws, new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true));
  }
  if (count === 0) return;
  const { resource, length } = context.current.indexBuffer;
  const indices = indexed ? (resource?.buffer?.size ?? 0) / length : Infinity;
  if (count > MOST_DRAWS) throw badCommand(`Cannot draw ${count} times`);
  const argument = indexed ? 20 : 16, each = argument >>> 2;
  // A copy, without what lies between: draws may write what they are read from.
  const bytes = bytesNow(engine, source, offset, (count - 1) * stride + argument);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), all = new Uint32Array(count * each);
  let vertices = 0;
  for (let i = 0; i < count; i++) {
    for (let n = 0; n < each; n++) all[i * each + n] = view.getUint32(i * stride + n * 4, true);
    // Of indices no more are drawn than the index buffer has.
    vertices += Math.min(all[i * each], indices) * all[i * each + 1];
  }
  if (vertices > LIMITS.vertices) throw badCommand(`Cannot draw ${vertices} vertices by one command`);
  for (let i = 0; i < count; i++) {
    const at = i * each;
    if (indexed) draw(all[at], all[at + 1], all[at + 2], all[at + 3] | 0, all[at + 4], i);
    else draw(all[at], all[at + 1], all[at + 2], 0, all[at + 3], i);
  }
}
