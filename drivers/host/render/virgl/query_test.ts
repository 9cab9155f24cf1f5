/** Queries and render conditions: what draws count, across render passes and submissions, and where results go. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import { PIPE_TEXTURE_2D } from "../../../../uapi/pipe.ts";
import { VIRGL_FORMAT_R8G8B8A8_UNORM } from "../../../../uapi/virgl_format.ts";
import {
  VIRGL_CCMD_BEGIN_QUERY,
  VIRGL_CCMD_CLEAR,
  VIRGL_CCMD_CREATE_SUB_CTX,
  VIRGL_CCMD_DESTROY_OBJECT,
  VIRGL_CCMD_DESTROY_SUB_CTX,
  VIRGL_CCMD_END_QUERY,
  VIRGL_CCMD_GET_QUERY_RESULT,
  VIRGL_CCMD_GET_QUERY_RESULT_QBO,
  VIRGL_CCMD_SET_RENDER_CONDITION,
  VIRGL_CCMD_SET_SUB_CTX,
  VIRGL_CMD0,
  VIRGL_OBJECT_QUERY,
} from "../../../../uapi/virgl_protocol.ts";
import { type TestClient, withClient } from "./copies_testing.ts";
import { QueryType } from "./query_run.ts";
import { VirglRefusal } from "./refusal.ts";
import { TestMemory } from "./testing.ts";

const rgba = VIRGL_FORMAT_R8G8B8A8_UNORM;
/** Triangles over the left half (32 pixels of 8x8) and over everything (64). */
const HALF = [[-1, -1], [0, -1], [-1, 1], [0, -1], [0, 1], [-1, 1]] as const;
const ALL = [[-1, -1], [3, -1], [-1, 3]] as const;

function target(client: TestClient): number {
  const id = client.make({ target: PIPE_TEXTURE_2D, format: rgba, width: 8, height: 8 });
  client.render([[id, rgba]]);
  client.prepareDraws(8, 8);
  return id;
}

/** A query whose result goes to `memory`. */
function query(client: TestClient, handle: number, type: number, memory: TestMemory | undefined, index = 0): number {
  const id = client.makeBuffer(16);
  if (memory !== undefined) client.virgl.setBacking(client.resource(id), memory.backing);
  client.create(VIRGL_OBJECT_QUERY, handle, type | index << 16, 0, id);
  return id;
}

function state(bytes: Uint8Array): readonly [state: number, size: number, result: bigint] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return [view.getUint32(0, true), view.getUint32(4, true), view.getBigUint64(8, true)];
}

/** Asks for a result and waits as Mesa does: for the batch, then it is there. */
function result(client: TestClient, handle: number, memory: TestMemory): readonly [number, number, bigint] {
  memory.bytes = new Uint8Array(16).fill(0xee);
  client.run(VIRGL_CCMD_GET_QUERY_RESULT, handle, 0);
  client.finish();
  client.virgl.completed();
  return state(memory.bytes);
}

Deno.test("an occlusion query sums samples over render passes and submissions", () =>
  withClient((client) => {
    using memory = new TestMemory([16]);
    target(client);
    query(client, 1, QueryType.occlusionCounter, memory);
    client.draw(...ALL); // before
    client.run(VIRGL_CCMD_BEGIN_QUERY, 1);
    client.draw(...ALL);
    client.finish();
    client.draw(...HALF);
    const other = client.make({ format: rgba, width: 8, height: 8 });
    client.render([[other, rgba]]);
    client.draw(...HALF);
    client.run(VIRGL_CCMD_END_QUERY, 1);
    client.draw(...ALL); // behind
    assertEquals(result(client, 1, memory), [1, 4, 128n]);
    // Anew: nothing is left of the first run.
    client.run(VIRGL_CCMD_BEGIN_QUERY, 1);
    client.run(VIRGL_CCMD_END_QUERY, 1);
    assertEquals(result(client, 1, memory), [1, 4, 0n]);
  }));

Deno.test("queries that overlap each count their own, and predicates say whether", () =>
  withClient((client) => {
    using a = new TestMemory([16]);
    using b = new TestMemory([16]);
    using c = new TestMemory([16]);
    target(client);
    query(client, 1, QueryType.occlusionCounter, a);
    query(client, 2, QueryType.occlusionPredicate, b);
    query(client, 3, QueryType.occlusionPredicateConservative, c);
    client.run(VIRGL_CCMD_BEGIN_QUERY, 1);
    client.draw(...HALF);
    client.run(VIRGL_CCMD_BEGIN_QUERY, 2);
    client.draw(...ALL);
    client.run(VIRGL_CCMD_END_QUERY, 1);
    client.run(VIRGL_CCMD_BEGIN_QUERY, 3);
    client.run(VIRGL_CCMD_END_QUERY, 3);
    client.draw(...ALL);
    client.run(VIRGL_CCMD_END_QUERY, 2);
    assertEquals(result(client, 1, a), [1, 4, 96n]);
    assertEquals(result(client, 2, b), [1, 4, 1n]);
    assertEquals(result(client, 3, c), [1, 4, 0n]);
  }));

Deno.test("a query that ends after the framebuffer changed has all that was drawn", () =>
  withClient((client) => {
    using memory = new TestMemory([16]);
    target(client);
    const other = client.make({ format: rgba, width: 8, height: 8 });
    query(client, 1, QueryType.occlusionCounter, memory);
    client.run(VIRGL_CCMD_BEGIN_QUERY, 1);
    client.draw(...HALF);
    client.render([[other, rgba]]);
    client.run(VIRGL_CCMD_END_QUERY, 1);
    client.draw(...ALL);
    assertEquals(result(client, 1, memory), [1, 4, 32n]);
  }));

Deno.test("a query counts the draws of its own sub-context, and ends with it", () =>
  withClient((client) => {
    using memory = new TestMemory([16]);
    target(client);
    query(client, 1, QueryType.occlusionCounter, memory);
    client.run(VIRGL_CCMD_BEGIN_QUERY, 1);
    client.draw(...HALF);
    client.run(VIRGL_CCMD_CREATE_SUB_CTX, 1);
    client.run(VIRGL_CCMD_SET_SUB_CTX, 1);
    target(client);
    const other = client.makeBuffer(16);
    client.create(VIRGL_OBJECT_QUERY, 1, QueryType.occlusionCounter, 0, other);
    client.run(VIRGL_CCMD_BEGIN_QUERY, 1);
    client.draw(...ALL);
    client.run(VIRGL_CCMD_DESTROY_SUB_CTX, 1); // in its render pass, with the query active
    client.run(VIRGL_CCMD_SET_SUB_CTX, 0);
    client.draw(...HALF);
    client.run(VIRGL_CCMD_END_QUERY, 1);
    assertEquals(result(client, 1, memory), [1, 4, 64n]);
  }));

Deno.test("timestamps grow, and elapsed time is less than what passed", () =>
  withClient((client) => {
    using a = new TestMemory([16]);
    using b = new TestMemory([16]);
    target(client);
    query(client, 1, QueryType.timestamp, a);
    query(client, 2, QueryType.timeElapsed, b);
    const start = performance.now();
    client.run(VIRGL_CCMD_END_QUERY, 1);
    const first = result(client, 1, a);
    client.run(VIRGL_CCMD_BEGIN_QUERY, 2);
    for (let i = 0; i < 20; i++) client.draw(...ALL);
    client.run(VIRGL_CCMD_END_QUERY, 2);
    client.run(VIRGL_CCMD_END_QUERY, 1);
    const elapsed = result(client, 2, b), second = result(client, 1, a);
    const passed = (performance.now() - start) * 1e6;
    assertEquals([first[0], first[1], elapsed[0], elapsed[1]], [1, 8, 1, 8]);
    assert(elapsed[2] > 0n && Number(elapsed[2]) < passed, `${elapsed[2]} of ${passed} ns`);
    assert(second[2] - first[2] >= elapsed[2] && Number(second[2] - first[2]) < passed);
  }));

Deno.test("primitives generated counts triangles", () =>
  withClient((client) => {
    using memory = new TestMemory([16]);
    target(client);
    query(client, 1, QueryType.primitivesGenerated, memory);
    client.run(VIRGL_CCMD_BEGIN_QUERY, 1);
    client.draw(...HALF);
    client.draw(...ALL);
    client.run(VIRGL_CCMD_END_QUERY, 1);
    assertEquals(result(client, 1, memory), [1, 4, 3n]);
  }));

Deno.test("GET_QUERY_RESULT without guest memory puts the result into the buffer", () =>
  withClient((client) => {
    target(client);
    const id = query(client, 1, QueryType.occlusionCounter, undefined);
    client.run(VIRGL_CCMD_BEGIN_QUERY, 1);
    client.draw(...HALF);
    client.run(VIRGL_CCMD_END_QUERY, 1);
    client.run(VIRGL_CCMD_GET_QUERY_RESULT, 1, 1);
    assertEquals(state(client.read(id)), [1, 4, 32n]);
  }));

Deno.test("GET_QUERY_RESULT_QBO writes the result, saturated to its type, or whether there is one", () =>
  withClient((client) => {
    target(client);
    query(client, 1, QueryType.timestamp, undefined);
    const id = client.makeBuffer(32);
    client.run(VIRGL_CCMD_END_QUERY, 1);
    client.run(VIRGL_CCMD_GET_QUERY_RESULT_QBO, 1, id, 1, 3, 0, 0);
    client.run(VIRGL_CCMD_GET_QUERY_RESULT_QBO, 1, id, 1, 0, 8, 0);
    client.run(VIRGL_CCMD_GET_QUERY_RESULT_QBO, 1, id, 1, 1, 12, -1);
    const view = new DataView(client.read(id).buffer), time = view.getBigUint64(0, true);
    assert(time > 0n);
    assertEquals(view.getInt32(8, true), time > 0x7fffffffn ? 0x7fffffff : Number(time));
    assertEquals(view.getUint32(12, true), 1);
    assertThrows(() => client.run(VIRGL_CCMD_GET_QUERY_RESULT_QBO, 1, id, 1, 3, 32, 0), VirglRefusal);
  }));

Deno.test("a render condition leaves out draws, clears and blits unless its query counted", () =>
  withClient((client) => {
    const clear = () => client.run(VIRGL_CCMD_CLEAR, 4, 0, 0, 0, 0, 0, 0, 0);
    const id = target(client), white = new Uint8Array(256).fill(255), black = new Uint8Array(256);
    query(client, 1, QueryType.occlusionCounter, undefined); // counts nothing
    query(client, 2, QueryType.occlusionPredicate, undefined); // counts
    client.run(VIRGL_CCMD_BEGIN_QUERY, 1);
    client.run(VIRGL_CCMD_END_QUERY, 1);
    client.run(VIRGL_CCMD_BEGIN_QUERY, 2);
    client.draw(...ALL);
    client.run(VIRGL_CCMD_END_QUERY, 2);
    for (const [handle, inverted, passes] of [[1, 0, false], [1, 1, true], [2, 0, true], [2, 1, false]] as const) {
      clear();
      client.run(VIRGL_CCMD_SET_RENDER_CONDITION, handle, inverted, 0);
      client.draw(...ALL);
      assertEquals(client.read(id), passes ? white : black);
      client.run(VIRGL_CCMD_SET_RENDER_CONDITION, 0, 0, 0);
      client.draw(...ALL);
      client.run(VIRGL_CCMD_SET_RENDER_CONDITION, handle, inverted, 2);
      clear();
      client.run(VIRGL_CCMD_SET_RENDER_CONDITION, 0, 0, 0);
      assertEquals(client.read(id), passes ? black : white);
    }
    assertThrows(() => client.run(VIRGL_CCMD_SET_RENDER_CONDITION, 1, 0, 9), VirglRefusal);
  }));

Deno.test("queries may be begun, ended, asked for and destroyed in any order", () =>
  withClient((client) => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 1, max: 4 })), { maxLength: 30 });
    const property = fc.property(steps, (list) => {
      using memory = new TestMemory([16]);
      target(client);
      [0, 1, 4, 5].forEach((type, i) => query(client, i + 1, type, memory));
      for (const [step, handle] of list) {
        try {
          if (step <= 1) client.run(VIRGL_CCMD_BEGIN_QUERY, handle);
          else if (step === 2) client.run(VIRGL_CCMD_END_QUERY, handle);
          else if (step === 3) client.run(VIRGL_CCMD_GET_QUERY_RESULT, handle, 1);
          else if (step === 4) client.draw(...HALF);
          else if (step === 5) client.virgl.submit();
          else if (step === 6) client.run(VIRGL_CCMD_SET_RENDER_CONDITION, handle, 0, 0);
          else client.submit([VIRGL_CMD0(VIRGL_CCMD_DESTROY_OBJECT, VIRGL_OBJECT_QUERY, 1), handle]);
        } catch (error) {
          if (!(error instanceof VirglRefusal)) throw error;
          break; // the context is new
        }
      }
      client.finish();
    });
    fc.assert(property, { numRuns: 60, seed: 2 });
  }));
