import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import * as vk from "../../vulkan/mod.ts";
import { parseTgsi, passthroughControl, ShaderError, shaderInfo } from "./mod.ts";
import { draw, withGpu } from "./testing_draw.ts";

const VERTEX = `VERT
DCL SV[0], VERTEXID
DCL OUT[0], POSITION
DCL OUT[1], GENERIC[3]
DCL ADDR[0]
IMM[0] FLT32 {-1.0, -1.0, 0.5, 1.0}
IMM[1] FLT32 {3.0, -1.0, 0.5, 1.0}
IMM[2] FLT32 {-1.0, 3.0, 0.5, 1.0}
IMM[3] FLT32 {1.0, 2.0, 3.0, 4.0}
  0: UARL ADDR[0].x, SV[0].xxxx
  1: MOV OUT[0], IMM[ADDR[0].x]
  2: MOV OUT[1], IMM[3]
  3: END
`;

const FRAGMENT = `FRAG
DCL IN[0], GENERIC[3], CONSTANT
DCL OUT[0], COLOR
  0: MOV OUT[0], IN[0]
  1: END
`;

function float(word: number): number {
  return new Float32Array(Uint32Array.of(word).buffer)[0];
}

Deno.test("a geometry shader passes vertices on and adds to their varyings", async () => {
  const text = `GEOM
PROPERTY GS_INPUT_PRIMITIVE TRIANGLES
PROPERTY GS_OUTPUT_PRIMITIVE TRIANGLE_STRIP
PROPERTY GS_MAX_OUTPUT_VERTICES 3
PROPERTY GS_INVOCATIONS 1
DCL IN[][0], POSITION
DCL IN[][1], GENERIC[3]
DCL SV[0], PRIM_ID
DCL OUT[0], POSITION
DCL OUT[1], GENERIC[3]
DCL TEMP[0]
DCL ADDR[0]
IMM[0] INT32 {0, 1, 2, 3}
  0: MOV TEMP[0].x, IMM[0].xxxx
  1: BGNLOOP
  2: ISGE TEMP[0].y, TEMP[0].xxxx, IMM[0].wwww
  3: UIF TEMP[0].yyyy
  4: BRK
  5: ENDIF
  6: UARL ADDR[0].x, TEMP[0].xxxx
  7: MOV OUT[0], IN[ADDR[0].x][0]
  8: ADD OUT[1], IN[ADDR[0].x][1], IN[2][1].xxxx
  9: EMIT IMM[0].xxxx
 10: UADD TEMP[0].x, TEMP[0].xxxx, IMM[0].yyyy
 11: ENDLOOP
 12: ENDPRIM IMM[0].xxxx
 13: END
`;
  await withGpu((device) => {
    const between = [{ text, stage: vk.VK_SHADER_STAGE_GEOMETRY_BIT }];
    const pixels = draw(device, { vertex: VERTEX, between, fragment: FRAGMENT, width: 2 });
    assertEquals([...pixels].map(float), [2, 3, 4, 5, 2, 3, 4, 5]);
  });
});

Deno.test("EMIT gives the vertices of streams above 0 to no rasterizer, outputs of their own or not", async () => {
  const geometry = `GEOM
PROPERTY GS_INPUT_PRIMITIVE TRIANGLES
PROPERTY GS_OUTPUT_PRIMITIVE POINTS
PROPERTY GS_MAX_OUTPUT_VERTICES 2
PROPERTY GS_INVOCATIONS 1
DCL IN[][0], POSITION
DCL IN[][1], GENERIC[3]
DCL OUT[0], POSITION
DCL OUT[1], GENERIC[3]
IMM[0] INT32 {0, 1, 2, 3}
IMM[1] FLT32 {-0.5, 0.5, 0.0, 1.0}
  0: MOV OUT[0], IMM[1].xzzw
  1: MOV OUT[1], IN[2][1]
  2: EMIT IMM[0].xxxx
  3: MOV OUT[0], IMM[1].yzzw
  4: MOV OUT[1], IN[2][1]
  5: EMIT IMM[0].yyyy
  6: ENDPRIM IMM[0].yyyy
  7: END
`;
  await withGpu((device) => {
    const stage = vk.VK_SHADER_STAGE_GEOMETRY_BIT, nothing = [0xdeadbeef, 0xdeadbeef, 0xdeadbeef, 0xdeadbeef];
    const pixels = (text: string): number[] => {
      const between = [{ text, stage, variant: { writePointSize: true } }], driver = new Uint32Array(112);
      new Float32Array(driver.buffer)[33] = 1;
      return [...draw(device, { vertex: VERTEX, between, fragment: FRAGMENT, width: 2, driver })];
    };
    assertEquals(pixels(geometry).slice(4), nothing);
    assertNotEquals(pixels(geometry).slice(0, 4), nothing);
    assertNotEquals(pixels(geometry.replace("EMIT IMM[0].yyyy", "EMIT IMM[0].xxxx")).slice(4), nothing);
    assertThrows(() => pixels(geometry.replace("OUTPUT_PRIMITIVE POINTS", "OUTPUT_PRIMITIVE LINE_STRIP")), ShaderError);
  });
});

Deno.test("tessellation shaders make the triangle out of a patch", async () => {
  const control = `TESS_CTRL
PROPERTY TCS_VERTICES_OUT 3
DCL IN[][0], POSITION
DCL IN[][1], GENERIC[3]
DCL OUT[][0], POSITION
DCL OUT[][1], GENERIC[3]
DCL OUT[2], TESSOUTER
DCL OUT[3], TESSINNER
DCL OUT[4], PATCH[0]
DCL SV[0], INVOCATIONID
DCL ADDR[0]
IMM[0] FLT32 {1.0, 10.0, 100.0, 0.0}
  0: UARL ADDR[0].x, SV[0].xxxx
  1: MOV OUT[ADDR[0].x][0], IN[ADDR[0].x][0]
  2: MOV OUT[ADDR[0].x][1], IN[ADDR[0].x][1]
  3: MOV OUT[2], IMM[0].xxxx
  4: MOV OUT[3].xy, IMM[0].xxxx
  5: MOV OUT[4], IMM[0]
  6: BARRIER
  7: END
`;
  const evaluation = `TESS_EVAL
PROPERTY TES_PRIM_MODE 4
PROPERTY TES_SPACING 2
DCL IN[][0], POSITION
DCL IN[][1], GENERIC[3]
DCL IN[2], PATCH[0]
DCL SV[0], TESSCOORD
DCL OUT[0], POSITION
DCL OUT[1], GENERIC[3]
DCL TEMP[0]
  0: MUL TEMP[0], IN[0][0], SV[0].xxxx
  1: MAD TEMP[0], IN[1][0], SV[0].yyyy, TEMP[0]
  2: MAD OUT[0], IN[2][0], SV[0].zzzz, TEMP[0]
  3: ADD OUT[1], IN[0][1], IN[2]
  4: END
`;
  // Without a control shader, the levels come from the driver's constants.
  const plain = evaluation.replace("DCL IN[2], PATCH[0]\n", "").replace(
    "ADD OUT[1], IN[0][1], IN[2]",
    "MOV OUT[1], IN[0][1]",
  );
  const implied = passthroughControl(shaderInfo(parseTgsi(VERTEX)), 3);
  const driver = new Uint32Array(112).fill(0x3f800000, 36, 44);
  await withGpu((device) => {
    const between = [
      { text: implied, stage: vk.VK_SHADER_STAGE_TESSELLATION_CONTROL_BIT },
      { text: plain, stage: vk.VK_SHADER_STAGE_TESSELLATION_EVALUATION_BIT },
    ];
    const pixels = draw(device, { vertex: VERTEX, between, fragment: FRAGMENT, driver, width: 1 });
    assertEquals([...pixels].map(float), [1, 2, 3, 4]);
    const none = draw(device, { vertex: VERTEX, between, fragment: FRAGMENT, width: 1 });
    assertEquals(none[0], 0xdeadbeef);
  });
  await withGpu((device) => {
    const between = [
      { text: control, stage: vk.VK_SHADER_STAGE_TESSELLATION_CONTROL_BIT },
      { text: evaluation, stage: vk.VK_SHADER_STAGE_TESSELLATION_EVALUATION_BIT },
    ];
    const pixels = draw(device, { vertex: VERTEX, between, fragment: FRAGMENT, width: 2 });
    assertEquals([...pixels].map(float), [2, 12, 103, 4, 2, 12, 103, 4]);
  });
});

Deno.test("doubles and 64-bit integers are pairs of components", async () => {
  const compute = (body: string, immediates: string): string =>
    `FRAG\nDCL OUT[0], COLOR\nDCL TEMP[0..5]\n${immediates}\n${body}\nMOV OUT[0], TEMP[0]\nEND\n`;
  const words = (values: ArrayLike<number> & ArrayBufferView): number[] => [...new Uint32Array(values.buffer)];
  await withGpu((device) => {
    const run = (body: string, immediates: string): number[] => [
      ...draw(device, { fragment: compute(body, immediates), width: 1 }),
    ];
    const doubles = "IMM[0] FLT64 {1.5, -2.25}\nIMM[1] FLT64 {0.1, 1e300}\nIMM[2] FLT32 {2.5, -3.0, 4.0, 7.9}";
    assertEquals(run("DADD TEMP[0], IMM[0], IMM[1]", doubles), words(Float64Array.of(1.6, 1e300)));
    assertEquals(run("DMUL TEMP[0], IMM[0].zwxy, -|IMM[0]|", doubles), words(Float64Array.of(3.375, -3.375)));
    assertEquals(run("F2D TEMP[0], IMM[2].xyxy", doubles), words(Float64Array.of(2.5, -3)));
    assertEquals(run("D2F TEMP[0].yw, IMM[0]", doubles).map(float), [0, 1.5, 0, -2.25]);
    assertEquals(run("DSLT TEMP[0].xz, IMM[0].zwxy, IMM[1].xyxy", doubles), [0xffffffff, 0, 0, 0]);
    assertEquals(run("DSSG TEMP[0], IMM[0]", doubles), words(Float64Array.of(1, -1)));
    // As Mesa's virgl driver writes the second number alone.
    assertEquals(run("DADD TEMP[0].zw, IMM[0], IMM[1]", doubles), [0, 0, ...words(Float64Array.of(1.6))]);
    const longs = "IMM[0] INT64 {-7, 8589934592}\nIMM[1] INT64 {2, 3}\nIMM[2] UINT32 {33, 0, 1, 0}";
    const pair = (x: bigint, y: bigint): number[] => [...new Uint32Array(BigInt64Array.of(x, y).buffer)];
    assertEquals(run("U64ADD TEMP[0], IMM[0], IMM[1]", longs), pair(-5n, 8589934595n));
    assertEquals(run("I64DIV TEMP[0], IMM[0], IMM[1]", longs), pair(-3n, 2863311530n));
    assertEquals(run("U64SHL TEMP[0], IMM[1], IMM[2]", longs), pair(2n << 33n, 6n));
    assertEquals(run("I64MIN TEMP[0], IMM[0], IMM[1]", longs), pair(-7n, 3n));
    assertEquals(run("I2I64 TEMP[0], -IMM[2].xzxz", longs), pair(-33n, -1n));
  });
});

Deno.test("points take their size from the driver's constants and read the point coordinate", async () => {
  const vertex = `VERT
DCL OUT[0], POSITION
IMM[0] FLT32 {0.0, 0.0, 0.5, 1.0}
  0: MOV OUT[0], IMM[0]
  1: END
`;
  const fragment = `FRAG
DCL IN[0], TEXCOORD[1], PERSPECTIVE
DCL OUT[0], COLOR
  0: MOV OUT[0], IN[0]
  1: END
`;
  const driver = new Uint32Array(112);
  new Float32Array(driver.buffer)[33] = 4;
  await withGpu((device) => {
    const at = (spriteCoordLowerLeft: boolean): number[] => {
      const pixels = draw(device, {
        vertex,
        vertexVariant: { writePointSize: true },
        fragment,
        fragmentVariant: { spriteCoordEnable: 2, spriteCoordLowerLeft },
        driver,
        width: 4,
        height: 4,
        vertices: 1,
        topology: vk.VK_PRIMITIVE_TOPOLOGY_POINT_LIST,
      });
      return [...pixels.subarray(0, 4)].map(float);
    };
    assertEquals(at(false), [0.125, 0.125, 0, 1]);
    assertEquals(at(true), [0.125, 0.875, 0, 1]);
  });
});

Deno.test("user clip planes and the depth range are applied to the position", async () => {
  const driver = new Uint32Array(112);
  const planes = new Float32Array(driver.buffer);
  planes[4] = 1; // plane 1: x >= 0
  const fragment = `FRAG
DCL IN[0], POSITION, LINEAR
DCL OUT[0], COLOR
  0: MOV OUT[0], IN[0].zzzz
  1: END
`;
  await withGpu((device) => {
    const shown = (variant: { clipPlaneEnable?: number; clipHalfz?: boolean }): number[] => {
      const pixels = draw(device, { fragment, vertexVariant: variant, driver, width: 4 });
      return [0, 1, 2, 3].map((i) => pixels[i * 4] === 0xdeadbeef ? -1 : float(pixels[i * 4]));
    };
    assertEquals(shown({}), [0.5, 0.5, 0.5, 0.5]);
    assertEquals(shown({ clipPlaneEnable: 2 }), [-1, -1, 0.5, 0.5]);
    assertEquals(shown({ clipHalfz: false }), [0.75, 0.75, 0.75, 0.75]);
  });
});
