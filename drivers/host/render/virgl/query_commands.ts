/**
 * BEGIN_QUERY, END_QUERY, GET_QUERY_RESULT (into guest memory) and GET_QUERY_RESULT_QBO (into a buffer).
 * @module
 */

import { VIRGL_QUERY_STATE_DONE } from "../../../../uapi/virgl_error.ts";
import {
  VIRGL_CCMD_BEGIN_QUERY,
  VIRGL_CCMD_END_QUERY,
  VIRGL_CCMD_GET_QUERY_RESULT,
  VIRGL_CCMD_GET_QUERY_RESULT_QBO,
} from "../../../../uapi/virgl_protocol.ts";
import type { VirglContext } from "./context.ts";
import type { Engine } from "./engine.ts";
import type { CommandHandlers } from "./handlers.ts";
import { objectOf } from "./object.ts";
import { Query, QUERY_STATE_BYTES } from "./objects/query.ts";
import { QueryEngine } from "./query_engine.ts";
import type { QueryRun } from "./query_run.ts";
import { badCommand, badResource } from "./refusal.ts";
import type { VirglResource } from "./resource.ts";
import { storeBytes } from "./store_bytes.ts";

const state = new Uint8Array(QUERY_STATE_BYTES), stateView = new DataView(state.buffer);

function queryOf(context: VirglContext, handle: number): Query {
  return objectOf(context.current.object(handle), Query, "query");
}

function beginQuery(context: VirglContext, words: Uint32Array, at: number): void {
  context.engine.recorder.breathe();
  queryOf(context, words[at]).begin();
}

function endQuery(context: VirglContext, words: Uint32Array, at: number): void {
  context.engine.recorder.breathe();
  queryOf(context, words[at]).end();
}

/** Puts struct virgl_host_query_state where the client looks: into guest memory, or else into the buffer. */
function report(engine: Engine, query: Query, run: QueryRun): void {
  const queries = engine.extra(QueryEngine), { resource, offset } = query;
  const result = saturate(run.result(queries.nanoseconds), run.isWide ? 0xffff_ffff_ffff_ffffn : 0xffff_ffffn);
  stateView.setUint32(0, VIRGL_QUERY_STATE_DONE, true);
  stateView.setUint32(4, run.isWide ? 8 : 4, true);
  stateView.setBigUint64(8, result, true);
  const { backing, buffer } = resource;
  if (backing !== undefined) storeBytes(backing, offset, state);
  if (buffer?.bytes !== undefined && !resource.raw && resource.usedBy <= engine.recorder.completed()) {
    buffer.bytes.set(state, offset);
    resource.version++;
    buffer.device.allocation.flush(offset, QUERY_STATE_BYTES);
  }
}

function saturate(value: bigint, most: bigint): bigint {
  return value < 0n ? 0n : value > most ? most : value;
}

function getQueryResult(context: VirglContext, words: Uint32Array, at: number): void {
  const { engine } = context, query = queryOf(context, words[at]), queries = engine.extra(QueryEngine);
  const { run, resource } = query;
  if (run === undefined || !run.ended) return; // nothing was measured: nothing becomes known
  if (resource.backing === undefined) {
    // A client without shared memory transfers the buffer next: the result has to be in it by then.
    queries.wait(run);
    writeResult(engine, query, run);
    return;
  }
  // Done with the submission at the latest, which is what the client waits for: there is no need to wait here.
  queries.tell(run, (known) => {
    if (resource.open) report(engine, query, known);
  });
}

/** As `report`, by a transfer into the buffer. */
function writeResult(engine: Engine, query: Query, run: QueryRun): void {
  report(engine, query, run);
  writeBytes(engine, query.resource, query.offset, state);
}

function writeBytes(engine: Engine, resource: VirglResource, offset: number, bytes: Uint8Array): void {
  engine.transfers.write(resource, {
    level: 0,
    stride: 0,
    layerStride: 0,
    x: offset,
    y: 0,
    z: 0,
    width: bytes.length,
    height: 1,
    depth: 1,
    offset: 0,
  }, bytes);
}

/** PIPE_QUERY_TYPE_*: the type of a result in a buffer. */
const I32 = 0, U32 = 1, I64 = 2, U64 = 3;
const MOST = [0x7fff_ffffn, 0xffff_ffffn, 0x7fff_ffff_ffff_ffffn, 0xffff_ffff_ffff_ffffn] as const;

function getQueryResultQbo(context: VirglContext, words: Uint32Array, at: number): void {
  const { engine } = context, queries = engine.extra(QueryEngine);
  const query = queryOf(context, words[at]), resource = context.resource(words[at + 1]);
  const wait = words[at + 2] !== 0, type = words[at + 3], offset = words[at + 4], index = words[at + 5] | 0;
  if (type !== I32 && type !== U32 && type !== I64 && type !== U64) {
    throw badCommand(`Cannot write a query's result as type ${type}`);
  }
  const size = type === I32 || type === U32 ? 4 : 8;
  if (resource.buffer === undefined || offset + size > resource.buffer.size) {
    throw badResource(`Cannot write a query's result at ${offset}: the buffer is smaller`);
  }
  const { run } = query;
  if (wait && run !== undefined) queries.wait(run);
  const known = run !== undefined && queries.isKnown(run);
  if (index !== AVAILABILITY && !known) return; // GL_QUERY_RESULT_NO_WAIT: the buffer stays as it is
  const value = index === AVAILABILITY ? (known ? 1n : 0n) : run?.result(queries.nanoseconds) ?? 0n;
  const bytes = new Uint8Array(size), view = new DataView(bytes.buffer), most = saturate(value, MOST[type]);
  if (size === 4) view.setUint32(0, Number(most), true);
  else view.setBigUint64(0, most, true);
  writeBytes(engine, resource, offset, bytes);
}

const AVAILABILITY = -1;

/** The commands. */
export const queryCommands: CommandHandlers = {
  [VIRGL_CCMD_BEGIN_QUERY]: beginQuery,
  [VIRGL_CCMD_END_QUERY]: endQuery,
  [VIRGL_CCMD_GET_QUERY_RESULT]: getQueryResult,
  [VIRGL_CCMD_GET_QUERY_RESULT_QBO]: getQueryResultQbo,
};
