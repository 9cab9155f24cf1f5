/** Polygons whose faces are not filled alike: each face in its own way, captured and counted once. */
import { assertEquals } from "@std/assert";
import { VIRGL_FORMAT_R8_UNORM } from "udrm/uapi/virgl_format.ts";
import {
  VIRGL_CCMD_BEGIN_QUERY,
  VIRGL_CCMD_BIND_OBJECT,
  VIRGL_CCMD_CLEAR,
  VIRGL_CCMD_END_QUERY,
  VIRGL_CCMD_GET_QUERY_RESULT,
  VIRGL_CCMD_SET_STREAMOUT_TARGETS,
  VIRGL_CMD0,
  VIRGL_OBJECT_QUERY,
  VIRGL_OBJECT_RASTERIZER,
  VIRGL_OBJECT_STREAMOUT_TARGET,
} from "udrm/uapi/virgl_protocol.ts";
import { floatBits, type TestClient, withClient } from "./copies_testing.ts";
import { QueryType } from "./query_run.ts";

const SIZE = 8, FILL = 0, LINE = 1, RED = VIRGL_FORMAT_R8_UNORM;
/** A triangle of each face, in the left and the right half, with corners in the middle of pixels. */
const LEFT = [[-0.875, -0.875], [-0.125, -0.875], [-0.875, 0.875]] as const;
const RIGHT = [[0.125, -0.875], [0.125, 0.875], [0.875, -0.875]] as const;

function ready(client: TestClient, captured: readonly number[] = []): number {
  const picture = client.make({ width: SIZE, height: SIZE, format: RED });
  client.render([[picture, RED]]);
  client.prepareDraws(SIZE, SIZE, captured);
  return picture;
}

/** Binds a rasterizer: halfz, half_pixel_center, depth_clip, front_ccw. */
function modes(client: TestClient, handle: number, front: number, back: number, cull = 0): void {
  const flags = 1 << 1 | 1 << 2 | 1 << 29 | 1 << 15 | cull << 8 | front << 10 | back << 12;
  client.create(VIRGL_OBJECT_RASTERIZER, handle, flags, floatBits(1), 0, 0, floatBits(1), 0, 0, 0);
  client.submit([VIRGL_CMD0(VIRGL_CCMD_BIND_OBJECT, VIRGL_OBJECT_RASTERIZER, 1), handle]);
}

Deno.test("front and back faces are filled as their modes say", async () => {
  await withClient((client) => {
    const picture = ready(client);
    let handle = 600;
    // Whether the left and the right triangle are there, and have an inside.
    const drawn = (front: number, back: number, cull = 0): string[] => {
      client.run(VIRGL_CCMD_CLEAR, 4, 0, 0, 0, 0, 0, 0, 0);
      modes(client, ++handle, front, back, cull);
      client.draw(...LEFT, ...RIGHT);
      const bytes = client.read(picture), at = (x: number, y: number) => bytes[y * SIZE + x] > 127;
      return [[0, 1], [4, 5]].map(([edge, inside]) => at(inside, 2) ? "fill" : at(edge, 2) ? "line" : "none");
    };
    assertEquals(drawn(FILL, FILL), ["fill", "fill"]);
    const [left, right] = drawn(FILL, LINE);
    assertEquals(new Set([left, right]), new Set(["fill", "line"]));
    assertEquals(drawn(LINE, FILL), [right, left]);
    assertEquals(drawn(LINE, LINE), ["line", "line"]);
    const culled = drawn(FILL, LINE, 2);
    assertEquals(culled, [left, right].map((mode) => mode === "fill" ? "fill" : "none"));
  });
});

Deno.test("what is drawn once a side is captured and counted once, and its samples are counted", async () => {
  await withClient((client) => {
    ready(client, [2, 0, 0, 0, 2 << 10, 0]);
    const captured = client.makeBuffer(256);
    client.create(VIRGL_OBJECT_STREAMOUT_TARGET, 1, captured, 0, 256);
    const types = [QueryType.primitivesGenerated, QueryType.primitivesEmitted, QueryType.occlusionCounter];
    const results = types.map((type, i) => {
      const id = client.makeBuffer(16);
      client.create(VIRGL_OBJECT_QUERY, 10 + i, type, 0, id);
      return id;
    });
    let handle = 600;
    const counted = (front: number, back: number): number[] => {
      modes(client, ++handle, front, back);
      client.run(VIRGL_CCMD_SET_STREAMOUT_TARGETS, 0, 1);
      types.forEach((_, i) => client.run(VIRGL_CCMD_BEGIN_QUERY, 10 + i));
      client.draw(...LEFT, ...RIGHT);
      types.forEach((_, i) => client.run(VIRGL_CCMD_END_QUERY, 10 + i));
      client.run(VIRGL_CCMD_SET_STREAMOUT_TARGETS, 0);
      return results.map((id, i) => {
        client.run(VIRGL_CCMD_GET_QUERY_RESULT, 10 + i, 1);
        return Number(new DataView(client.read(id).buffer).getBigUint64(8, true));
      });
    };
    const [, , filled] = counted(FILL, FILL), [, , lines] = counted(LINE, LINE);
    const first = counted(FILL, LINE), second = counted(LINE, FILL);
    assertEquals([first.slice(0, 2), second.slice(0, 2)], [[2, 2], [2, 2]]);
    assertEquals(first[2] + second[2], filled + lines);
    const floats = new Float32Array(client.read(captured).buffer);
    assertEquals([...floats], [...new Array(4).fill([...LEFT, ...RIGHT]).flat(2), ...new Array(16).fill(0)]);
  });
});
