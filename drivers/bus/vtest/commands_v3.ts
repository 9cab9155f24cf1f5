/**
 * What the messages of protocol version 3 do.
 * @module
 */

import * as V from "../../../uapi/vtest.ts";
import { StreamBuffer } from "../../os/mod.ts";
import type { Client } from "./client.ts";
import { VtestError } from "./error.ts";

/** Rings, as virglrenderer has them. All of them keep the order of all batches here. */
const MAX_TIMELINES = 64;
const BATCH_WORDS = V.vcmd_submit_cmd2_batch.size / 4;

/** GET_PARAM: [valid, value]. */
export function getParam(client: Client, words: Uint32Array, at: number): void {
  const known = words[at] === V.VCMD_PARAM_MAX_SYNC_QUEUE_COUNT;
  client.output.header(2, V.VCMD_GET_PARAM);
  client.output.word(known ? 1 : 0);
  client.output.word(known ? MAX_TIMELINES : 0);
}

/** GET_CAPSET: [valid], then the set. */
export function getCapset(client: Client, words: Uint32Array, at: number): void {
  const info = client.renderer.capsets.find(({ id }) => id === words[at]);
  if (info === undefined || words[at + 1] > info.maxVersion) return client.output.reply(V.VCMD_GET_CAPSET, 0);
  const bytes = client.renderer.capset(info.id, words[at + 1]);
  const length = Math.ceil(bytes.length / 4);
  const buffer = new StreamBuffer(length * 4);
  buffer.bytes.set(bytes);
  client.output.header(1 + length, V.VCMD_GET_CAPSET);
  client.output.word(1);
  client.output.large(buffer, length * 4);
}

/** SYNC_CREATE: [id]. */
export function syncCreate(client: Client, words: Uint32Array, at: number): void {
  client.output.reply(V.VCMD_SYNC_CREATE, client.syncs.create(words[at], words[at + 1]));
}

/** SYNC_READ: [low, high]. */
export function syncRead(client: Client, words: Uint32Array, at: number): void {
  client.look();
  const value = client.syncs.read(words[at]);
  client.output.header(2, V.VCMD_SYNC_READ);
  client.output.word(Number(value & 0xffff_ffffn));
  client.output.word(Number(value >> 32n));
}

/** SYNC_WAIT: nothing but a descriptor. */
export function syncWait(client: Client, words: Uint32Array, at: number, length: number): void {
  if (length < 2 || (length - 2) % 3 !== 0) throw new VtestError(`SYNC_WAIT of ${length} words cannot be`);
  const count = (length - 2) / 3;
  if (count > client.limits.waits) throw new VtestError(`${count} timelines at once are too many`);
  client.look();
  const fd = client.syncs.wait(words[at], words[at + 1], words, at + 2, count);
  client.output.header(0, V.VCMD_SYNC_WAIT);
  client.output.descriptor(fd, true);
}

/** SUBMIT_CMD2: batches of commands, each with timelines that it moves. */
export function submit2(client: Client, words: Uint32Array, at: number, length: number): void {
  const count = length === 0 ? 0 : words[at];
  if (length === 0 || 1 + count * BATCH_WORDS > length) {
    throw new VtestError(`${count} batches do not fit in ${length} words`);
  }
  for (let i = 0; i < count; i++) {
    const batch = at + 1 + i * BATCH_WORDS;
    const commands = words[batch + 1], size = words[batch + 2];
    const syncs = words[batch + 3], syncCount = words[batch + 4];
    if (commands + size > length || syncs + syncCount * 3 > length || words[batch + 5] >= MAX_TIMELINES) {
      throw new VtestError(`batch ${i} lies outside of its ${length} words, or its ring is none`);
    }
    if (size > 0) client.submit(words.subarray(at + commands, at + commands + size), size);
    if (syncCount === 0) continue;
    const later = (words[batch] & V.VCMD_SUBMIT_CMD2_FLAG_SYNC_QUEUE) !== 0;
    const last = later ? client.flush() : 0;
    for (let s = 0; s < syncCount; s++) {
      const sync = at + syncs + s * 3;
      if (later) client.syncs.writeAfter(last, words, sync);
      else client.syncs.write(words, sync);
    }
  }
  client.look();
}
