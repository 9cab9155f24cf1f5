/**
 * VIRGL_OBJECT_QUERY: a query, its current run, and the buffer whose guest memory gets the result.
 * @module
 */

import { VIRGL_OBJ_QUERY_INDEX, VIRGL_OBJ_QUERY_TYPE, VIRGL_OBJECT_QUERY } from "../../../../../uapi/virgl_protocol.ts";
import type { VirglContext } from "../context.ts";
import type { ObjectMakers } from "../handlers.ts";
import { VirglObject } from "../object.ts";
import { Queries } from "../queries.ts";
import { QueryEngine } from "../query_engine.ts";
import { type QueryClass, queryClass, QueryRun } from "../query_run.ts";
import { badCommand, badResource } from "../refusal.ts";
import type { VirglResource } from "../resource.ts";
import type { SubContext } from "../sub_context.ts";

/** Bytes of struct virgl_host_query_state. */
export const QUERY_STATE_BYTES = 16;

/** A query. */
export class Query extends VirglObject {
  readonly type = VIRGL_OBJECT_QUERY;
  /** VIRGL_QUERY_*. */
  readonly queryType: number;
  /** What is measured. */
  readonly what: QueryClass;
  /** Vertex stream. */
  readonly stream: number;
  /** The buffer that gets the result. */
  readonly resource: VirglResource;
  /** Where in it, bytes. */
  readonly offset: number;
  /** The last run; undefined before the first. */
  run: QueryRun | undefined;
  /** Whether it is between begin and end. */
  active = false;
  readonly #sub: SubContext;

  /** A query that was not begun yet. Keeps the resource. */
  constructor(
    sub: SubContext,
    queryType: number,
    what: QueryClass,
    stream: number,
    resource: VirglResource,
    offset: number,
  ) {
    super();
    this.#sub = sub;
    this.queryType = queryType;
    this.what = what;
    this.stream = stream;
    this.resource = resource;
    this.offset = offset;
    resource.ref();
  }

  /** Begins anew; one that is active is ended first, as nobody can ask for its result any more. */
  begin(): void {
    this.#abandon();
    const run = new QueryRun(this.queryType);
    this.#sub.extra(Queries).begin(run, this.what, this.stream);
    this.run = run;
    this.active = true;
  }

  /** Ends; a timestamp is taken now, and what was never begun is empty. */
  end(): void {
    if (!this.active) this.begin();
    this.active = false;
    const { run } = this;
    if (run !== undefined) this.#sub.extra(Queries).end(run, this.what, this.stream);
  }

  #abandon(): void {
    const { run } = this;
    if (run === undefined) return;
    this.#sub.engine.extra(QueryEngine).untell(run);
    if (this.active) this.#sub.extra(Queries).abandon(run, this.what, this.stream);
    this.active = false;
  }

  protected override release(): void {
    this.#abandon();
    this.resource.unref();
  }
}

function makeQuery(context: VirglContext, _handle: number, words: Uint32Array, at: number): Query {
  const queryType = VIRGL_OBJ_QUERY_TYPE.get(words[at]), stream = VIRGL_OBJ_QUERY_INDEX.get(words[at]);
  const offset = words[at + 1], resource = context.resource(words[at + 2]);
  const what = queryClass(queryType), engine = context.engine.extra(QueryEngine);
  if (what === undefined || !engine.has(what, stream)) {
    throw badCommand(`Cannot make a query of type ${queryType}, index ${stream}: this host has none such`);
  }
  const size = resource.buffer?.size ?? 0;
  if (offset + QUERY_STATE_BYTES > size) {
    throw badResource(`Cannot make a query: its result at ${offset} does not fit a resource of ${size} bytes`);
  }
  return new Query(context.current, queryType, what, stream, resource, offset);
}

/** Makers of queries. */
export const queryMakers: ObjectMakers = { [VIRGL_OBJECT_QUERY]: makeQuery };
