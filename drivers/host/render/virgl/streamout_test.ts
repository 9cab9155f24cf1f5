/** Transform feedback: what is captured, where it goes on, and what its queries count. */
import { assertEquals, assertThrows } from "@std/assert";
import { VIRGL_FORMAT_R8G8B8A8_UNORM } from "../../../../uapi/virgl_format.ts";
import {
  VIRGL_CCMD_BEGIN_QUERY,
  VIRGL_CCMD_END_QUERY,
  VIRGL_CCMD_GET_QUERY_RESULT,
  VIRGL_CCMD_SET_STREAMOUT_TARGETS,
  VIRGL_OBJECT_QUERY,
  VIRGL_OBJECT_STREAMOUT_TARGET,
} from "../../../../uapi/virgl_protocol.ts";
import { type TestClient, withClient } from "./copies_testing.ts";
import { QueryType } from "./query_run.ts";
import { VirglRefusal } from "./refusal.ts";

/** OUT[0].xy to buffer 0, OUT[0].x to buffer 1; strides in words. */
const CAPTURED = [2, 1, 0, 0, 2 << 10, 0, 1 << 10 | 1 << 13, 0];
const A = [[-1, -1], [3, -1], [-1, 3]] as const, B = [[-2, -2], [2, -2], [-2, 2]] as const;
const xy = (...corners: readonly (readonly number[])[]) => corners.flat();
const x = (...corners: readonly (readonly number[])[]) => corners.map((corner) => corner[0]);

function prepare(client: TestClient): void {
  const id = client.make({ format: VIRGL_FORMAT_R8G8B8A8_UNORM, width: 8, height: 8 });
  client.render([[id, VIRGL_FORMAT_R8G8B8A8_UNORM]]);
  client.prepareDraws(8, 8, CAPTURED);
}

const floats = (client: TestClient, id: number) => [...new Float32Array(client.read(id).buffer)];

Deno.test("transform feedback captures into its targets and goes on with the next draw, and when set again", () =>
  withClient((client) => {
    prepare(client);
    const a = client.makeBuffer(96), b = client.makeBuffer(64);
    client.create(VIRGL_OBJECT_STREAMOUT_TARGET, 1, a, 16, 80);
    client.create(VIRGL_OBJECT_STREAMOUT_TARGET, 2, b, 0, 64);
    client.run(VIRGL_CCMD_SET_STREAMOUT_TARGETS, 0, 1, 2);
    client.draw(...A);
    client.draw(...B);
    client.run(VIRGL_CCMD_SET_STREAMOUT_TARGETS, 0); // paused
    client.draw(...A);
    client.run(VIRGL_CCMD_SET_STREAMOUT_TARGETS, 0, 1, 2);
    client.finish();
    client.draw(...A);
    assertEquals(floats(client, a), [0, 0, 0, 0, ...xy(...A, ...B, ...A), 0, 0]);
    assertEquals(floats(client, b).slice(0, 9), x(...A, ...B, ...A));
    // Other targets begin at their own beginning.
    client.create(VIRGL_OBJECT_STREAMOUT_TARGET, 3, a, 0, 96);
    client.run(VIRGL_CCMD_SET_STREAMOUT_TARGETS, 0, 3, 2);
    client.draw(...B);
    assertEquals(floats(client, a).slice(0, 6), xy(...B));
    assertEquals(floats(client, b).slice(0, 3), x(...B));
  }));

Deno.test("transform feedback without room writes nothing, and its queries say so", () =>
  withClient((client) => {
    prepare(client);
    const a = client.makeBuffer(24 + 8), b = client.makeBuffer(64);
    client.create(VIRGL_OBJECT_STREAMOUT_TARGET, 1, a, 0, 32);
    client.create(VIRGL_OBJECT_STREAMOUT_TARGET, 2, b, 0, 64);
    const types = [QueryType.primitivesEmitted, QueryType.soOverflowPredicate, QueryType.soOverflowAnyPredicate];
    const ids = types.map((type, i) => {
      const id = client.makeBuffer(16);
      client.create(VIRGL_OBJECT_QUERY, 10 + i, type, 0, id);
      return id;
    });
    const results = () =>
      ids.map((id, i) => {
        client.run(VIRGL_CCMD_GET_QUERY_RESULT, 10 + i, 1);
        return new DataView(client.read(id).buffer).getBigUint64(8, true);
      });
    const count = (draw: () => void) => {
      for (let i = 0; i < 3; i++) client.run(VIRGL_CCMD_BEGIN_QUERY, 10 + i);
      draw();
      for (let i = 0; i < 3; i++) client.run(VIRGL_CCMD_END_QUERY, 10 + i);
      return results();
    };
    client.run(VIRGL_CCMD_SET_STREAMOUT_TARGETS, 0, 1, 2);
    assertEquals(count(() => client.draw(...A)), [1n, 0n, 0n]);
    assertEquals(count(() => client.draw(...B)), [0n, 1n, 1n]);
    assertEquals(floats(client, a), [...xy(...A), 0, 0]);
  }));

Deno.test("streamout targets are checked", () =>
  withClient((client) => {
    prepare(client);
    const a = client.makeBuffer(64), texture = 1;
    for (
      const [id, offset, size] of [[a, 2, 4], [a, 64, 4], [a, 0, 0], [texture, 0, 4], [99, 0, 4], [a, 0xfffffffc, 8]]
    ) {
      assertThrows(() => client.create(VIRGL_OBJECT_STREAMOUT_TARGET, 1, id, offset, size), VirglRefusal);
    }
    assertThrows(() => client.run(VIRGL_CCMD_SET_STREAMOUT_TARGETS, 0, 77), VirglRefusal);
    assertThrows(() => client.run(VIRGL_CCMD_SET_STREAMOUT_TARGETS, 0, 0, 0, 0, 0, 0), VirglRefusal);
    client.run(VIRGL_CCMD_SET_STREAMOUT_TARGETS, 0, 0);
    client.create(VIRGL_OBJECT_STREAMOUT_TARGET, 1, a, 60, 0xffffffff); // cut to the buffer
  }));
