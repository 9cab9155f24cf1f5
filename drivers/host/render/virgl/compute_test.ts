import { assertEquals, assertThrows } from "@std/assert";
import { VIRGL_FORMAT_B8G8R8A8_UNORM, VIRGL_FORMAT_R32_UINT } from "../../../../uapi/virgl_format.ts";
import {
  VIRGL_CCMD_BIND_SHADER,
  VIRGL_CCMD_DRAW_VBO,
  VIRGL_CCMD_LAUNCH_GRID,
  VIRGL_CCMD_MEMORY_BARRIER,
  VIRGL_CCMD_SET_SHADER_BUFFERS,
  VIRGL_CCMD_SET_SHADER_IMAGES,
  VIRGL_CCMD_SET_TESS_STATE,
  VIRGL_CCMD_SET_VERTEX_BUFFERS,
  VIRGL_OBJECT_SHADER,
  VIRGL_SHADER_COMPUTE,
  VIRGL_SHADER_TESS_EVAL,
} from "../../../../uapi/virgl_protocol.ts";
import { floatBits, type TestClient, withClient } from "./copies_testing.ts";
import { VirglRefusal } from "./refusal.ts";

function shader(client: TestClient, handle: number, stage: number, text: string, shared = 0): void {
  const bytes = new Uint8Array(Math.ceil((text.length + 1) / 4) * 4);
  new TextEncoder().encodeInto(text, bytes);
  client.create(VIRGL_OBJECT_SHADER, handle, stage, text.length + 1, 300, shared, ...new Uint32Array(bytes.buffer));
  client.run(VIRGL_CCMD_BIND_SHADER, handle, stage);
}

/** Every thread shares its number, and stores that of the thread opposite plus its block's. */
const OPPOSITE = `COMP
PROPERTY CS_FIXED_BLOCK_WIDTH 8
PROPERTY CS_FIXED_BLOCK_HEIGHT 1
PROPERTY CS_FIXED_BLOCK_DEPTH 1
DCL SV[0], THREAD_ID
DCL SV[1], BLOCK_ID
DCL BUFFER[0]
DCL MEMORY[1], SHARED
DCL TEMP[0..3]
IMM[0] UINT32 {2, 28, 32, 100}
  0: SHL TEMP[0].x, SV[0].xxxx, IMM[0].xxxx
  1: STORE MEMORY[0].x, TEMP[0].xxxx, SV[0].xxxx
  2: BARRIER
  3: INEG TEMP[1].x, TEMP[0].xxxx
  4: UADD TEMP[1].x, TEMP[1].xxxx, IMM[0].yyyy
  5: LOAD TEMP[2].x, MEMORY[0], TEMP[1].xxxx
  6: UMAD TEMP[2].x, SV[1].xxxx, IMM[0].wwww, TEMP[2].xxxx
  7: UMAD TEMP[3].x, SV[1].xxxx, IMM[0].zzzz, TEMP[0].xxxx
  8: STORE BUFFER[0].x, TEMP[3].xxxx, TEMP[2].xxxx
  9: END
`;

Deno.test("LAUNCH_GRID stores through shared memory, with a grid at hand or in a buffer", async () => {
  await withClient((client) => {
    const target = client.makeBuffer(128), grid = client.makeBuffer(16);
    const words = () => [...new Uint32Array(client.read(target).buffer)];
    shader(client, 700, VIRGL_SHADER_COMPUTE, OPPOSITE, 32);
    client.run(VIRGL_CCMD_SET_SHADER_BUFFERS, VIRGL_SHADER_COMPUTE, 0, 0, 128, target);
    client.run(VIRGL_CCMD_LAUNCH_GRID, 8, 1, 1, 2, 1, 1, 0, 0);
    const expected = [7, 6, 5, 4, 3, 2, 1, 0, 107, 106, 105, 104, 103, 102, 101, 100];
    assertEquals(words(), [...expected, ...new Array<number>(16).fill(0)]);
    client.write(target, new Uint8Array(128));
    client.write(grid, new Uint8Array(Uint32Array.of(9, 1, 1, 1).buffer));
    client.run(VIRGL_CCMD_LAUNCH_GRID, 8, 1, 1, 0, 0, 0, grid, 4);
    assertEquals(words(), [...expected.slice(0, 8), ...new Array<number>(24).fill(0)]);
    client.run(VIRGL_CCMD_LAUNCH_GRID, 8, 1, 1, 0, 1, 1, 0, 0);
  });
});

Deno.test("LAUNCH_GRID refuses other blocks, grids without end, and buffers that are too short", async () => {
  await withClient((client) => {
    const launch = (...words: number[]) => {
      shader(client, 700, VIRGL_SHADER_COMPUTE, OPPOSITE, 32);
      client.run(VIRGL_CCMD_LAUNCH_GRID, ...words);
    };
    const grid = client.makeBuffer(16);
    client.write(grid, new Uint8Array(Uint32Array.of(~0, ~0, ~0, ~0).buffer));
    launch(8, 1, 1, 1, 1, 1, 0, 0); // Nothing is bound: it stores nowhere.
    assertThrows(() => client.run(VIRGL_CCMD_LAUNCH_GRID, 4, 1, 1, 1, 1, 1, 0, 0), VirglRefusal, "block");
    assertThrows(() => client.run(VIRGL_CCMD_LAUNCH_GRID, 8, 1, 1, 1, 1, 1, 0, 0), VirglRefusal, "no compute shader");
    assertThrows(() => launch(8, 1, 1, 65535, 65535, 65535, 0, 0), VirglRefusal, "Cannot dispatch");
    assertThrows(() => launch(8, 1, 1, 0, 0, 0, grid, 0), VirglRefusal, "Cannot dispatch");
    assertThrows(() => launch(8, 1, 1, 0, 0, 0, grid, 8), VirglRefusal, "Cannot read");
  });
});

const LAYER = `COMP
PROPERTY CS_FIXED_BLOCK_WIDTH 1
PROPERTY CS_FIXED_BLOCK_HEIGHT 1
PROPERTY CS_FIXED_BLOCK_DEPTH 1
DCL IMAGE[0], 2D, PIPE_FORMAT_R32_UINT, WR
IMM[0] UINT32 {0, 7, 0, 0}
  0: STORE IMAGE[0], IMM[0].xxxx, IMM[0].yyyy, 2D, PIPE_FORMAT_R32_UINT
  1: END
`;

Deno.test("a 2D image is a layer of an array; what lies above the level's byte is not read", async () => {
  await withClient((client) => {
    const format = VIRGL_FORMAT_R32_UINT;
    const array = client.make({ target: 7, width: 1, height: 1, arraySize: 3, format });
    client.write(array, new Uint8Array(12));
    shader(client, 700, VIRGL_SHADER_COMPUTE, LAYER);
    client.run(VIRGL_CCMD_SET_SHADER_IMAGES, VIRGL_SHADER_COMPUTE, 0, format, 2, 1 | 1 << 16, 0x5500, array);
    client.run(VIRGL_CCMD_LAUNCH_GRID, 1, 1, 1, 1, 1, 1, 0, 0);
    client.run(VIRGL_CCMD_MEMORY_BARRIER, 0xff);
    assertEquals([...new Uint32Array(client.read(array).buffer)], [0, 7, 0]);
  });
});

const EVALUATION = `TESS_EVAL
PROPERTY TES_PRIM_MODE 7
DCL IN[][0], POSITION
DCL SV[0], TESSCOORD
DCL OUT[0], POSITION
DCL TEMP[0..1]
  0: LRP TEMP[0], SV[0].xxxx, IN[1][0], IN[0][0]
  1: LRP TEMP[1], SV[0].xxxx, IN[3][0], IN[2][0]
  2: LRP OUT[0], SV[0].yyyy, TEMP[1], TEMP[0]
  3: END
`;

Deno.test("an evaluation shader alone gets the levels of SET_TESS_STATE", async () => {
  await withClient((client) => {
    const format = VIRGL_FORMAT_B8G8R8A8_UNORM, picture = client.make({ width: 4, height: 4, format });
    client.render([[picture, format]]);
    client.prepareDraws(4, 4);
    shader(client, 700, VIRGL_SHADER_TESS_EVAL, EVALUATION);
    const corners = [[-1, -1], [1, -1], [-1, 1], [1, 1]], vertices = client.makeBuffer(64);
    client.write(vertices, new Uint8Array(Float32Array.from(corners.flatMap(([x, y]) => [x, y, 0, 1])).buffer));
    client.run(VIRGL_CCMD_SET_VERTEX_BUFFERS, 16, 0, vertices);
    const draw = (level: number): boolean => {
      client.run(VIRGL_CCMD_SET_TESS_STATE, ...new Array<number>(6).fill(floatBits(level)));
      client.run(VIRGL_CCMD_DRAW_VBO, 0, 4, 14, 0, 1, 0, 0, 0, 0, 0, 3, 0, 4, 0);
      return client.read(picture).every((byte) => byte === 255);
    };
    assertEquals([draw(0), draw(3)], [false, true]);
  });
});
