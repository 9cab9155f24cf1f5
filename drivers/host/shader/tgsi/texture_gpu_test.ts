import { assertEquals } from "@std/assert";
import { draw, withGpu } from "./testing_draw.ts";

/** 4 by 4 texels: x, y, 10 x + y, 1. */
const TEXELS = Float32Array.from({ length: 64 }, (_, i) => {
  const x = (i >> 2) & 3, y = i >> 4;
  return [x, y, 10 * x + y, 1][i & 3];
});

const DECLARATIONS = `DCL OUT[0], COLOR
DCL SAMP[0..1]
DCL SVIEW[0], 2D, FLOAT
DCL SVIEW[1], RECT, FLOAT
DCL TEMP[0..3]
DCL ADDR[0]
IMM[0] FLT32 {0.375, 0.625, 0.0, 2.0}
IMM[1] FLT32 {1.5, 2.5, 0.0, 1.0}
IMM[2] INT32 {1, 2, 0, -1}
IMM[3] FLT32 {0.75, 1.25, 0.0, 2.0}
IMM[4] INT32 {1, 0, 3, 2}
`;

Deno.test("texture instructions read the texel that tgsi.rst says", async () => {
  const cases: [string, number[]][] = [
    ["TEX TEMP[0], IMM[0], SAMP[0], 2D", [1, 2, 12, 1]],
    ["TEX TEMP[0], IMM[0].yxzw, SAMP[0], 2D", [2, 1, 21, 1]],
    ["TEX_LZ TEMP[0], IMM[0], SAMP[0], 2D", [1, 2, 12, 1]],
    ["TXL TEMP[0], IMM[0].xyzz, SAMP[0], 2D", [1, 2, 12, 1]],
    ["TXB TEMP[0], IMM[0].xyzz, SAMP[0], 2D", [1, 2, 12, 1]],
    ["TXD TEMP[0], IMM[0], IMM[1].zzzz, IMM[1].zzzz, SAMP[0], 2D", [1, 2, 12, 1]],
    ["TXP TEMP[0], IMM[3], SAMP[0], 2D", [1, 2, 12, 1]],
    ["TEX TEMP[0], IMM[0], SAMP[0], 2D, IMM[2].xwz", [2, 1, 21, 1]],
    ["TEX TEMP[0].yw, IMM[0], SAMP[0], 2D", [0, 2, 0, 1]],
    ["TEX TEMP[0], IMM[1], SAMP[1], RECT", [1, 2, 12, 1]],
    ["TXF TEMP[0], IMM[2].xyzz, SAMP[0], 2D", [1, 2, 12, 1]],
    ["TXF TEMP[0], IMM[2].xyzz, SAMP[0], 2D, IMM[2].xzz", [2, 2, 22, 1]],
    ["TXF_LZ TEMP[0], IMM[2], SAMP[1], RECT", [1, 2, 12, 1]],
    // The footprint is the texels around 1.0, 2.0, from the lower left against the clock.
    ["TG4 TEMP[0], IMM[0].xyzw, IMM[2].zzzz, SAMP[0], 2D", [1, 2, 2, 1]],
  ];
  await withGpu((device) => {
    const texture = { width: 4, height: 4, texels: TEXELS };
    for (const [instruction, want] of cases) {
      const fragment = `FRAG\n${DECLARATIONS}${instruction}\nMOV OUT[0], TEMP[0]\nEND\n`;
      const textures = [{ unit: 0, ...texture }, { unit: 1, ...texture }];
      // At the center of a texel the gathered footprint is undefined by rounding: it is moved a little up.
      const moved = instruction.startsWith("TG4")
        ? fragment.replace("{0.375, 0.625, 0.0, 2.0}", "{0.4, 0.65, 0.0, 2.0}")
        : fragment;
      const pixels = draw(device, { fragment: moved, textures, width: 1 });
      assertEquals([...new Float32Array(pixels.buffer)], want, instruction);
    }
  });
});

Deno.test("TXQ gives the size and levels, and a sampler may be chosen at run time", async () => {
  await withGpu((device) => {
    const textures = [{ unit: 0, width: 4, height: 4, texels: TEXELS }, {
      unit: 1,
      width: 2,
      height: 8,
      texels: TEXELS,
    }];
    const run = (instructions: string): Uint32Array =>
      draw(device, {
        fragment: `FRAG\n${DECLARATIONS}${instructions}\nMOV OUT[0], TEMP[0]\nEND\n`,
        textures,
        width: 1,
      });
    assertEquals([...run("TXQ TEMP[0], IMM[2].zzzz, SAMP[1], RECT\nTEX TEMP[1], IMM[0], SAMP[0], 2D")], [2, 8, 0, 1]);
    const chosen = (unit: string): number[] => {
      const text = `UARL ADDR[0].x, IMM[4].${unit}
TEX TEMP[0], IMM[0], SAMP[ADDR[0].x], 2D
TEX TEMP[1], IMM[0], SAMP[1], 2D`.replaceAll("RECT", "2D");
      const fragment = `FRAG\n${DECLARATIONS.replace("RECT", "2D")}${text}\nMOV OUT[0], TEMP[0]\nEND\n`;
      const other = TEXELS.map((x) => x + 100);
      const both = [textures[0], { unit: 1, width: 4, height: 4, texels: other }];
      return [...new Float32Array(draw(device, { fragment, textures: both, width: 1 }).buffer)];
    };
    assertEquals(chosen("xxxx"), [101, 102, 112, 101]);
    assertEquals(chosen("yyyy"), [1, 2, 12, 1]);
  });
});

Deno.test("coordinates are clamped that the variant says, after the projection, and of rectangles after their size", async () => {
  await withGpu((device) => {
    const texture = { width: 4, height: 4, texels: TEXELS };
    const run = (instruction: string, x: number, y: number, clamp: number): number[] => {
      const fragment = `FRAG\n${DECLARATIONS}IMM[5] FLT32 {${x.toFixed(3)}, ${y.toFixed(3)}, 0.0, 2.0}
${instruction}\nMOV OUT[0], TEMP[0]\nEND\n`;
      const fragmentVariant = { samplers: new Map([[0, { clamp }], [1, { clamp }]]) };
      const textures = [{ unit: 0, ...texture }, { unit: 1, ...texture }];
      return [...new Float32Array(draw(device, { fragment, fragmentVariant, textures, width: 1 }).buffer)].slice(0, 2);
    };
    const plain = "TEX TEMP[0], IMM[5], SAMP[0], 2D", rect = "TEX TEMP[0], IMM[5], SAMP[1], RECT";
    const projected = "TXP TEMP[0], IMM[5], SAMP[0], 2D";
    // Below 0 is texel 0; x and y each by a bit of its own.
    const other = run(plain, -0.3, -0.3, 0);
    assertEquals(other.includes(0), false, "the control: unclamped, it is another texel");
    assertEquals(run(plain, -0.3, -0.3, 3), [0, 0]);
    assertEquals(run(plain, -0.3, -0.3, 1), [0, other[1]]);
    assertEquals(run(plain, -0.3, -0.3, 2), [other[0], 0]);
    assertEquals(run(projected, -0.6, -0.6, 3), [0, 0]);
    assertEquals(run(rect, -1.2, -1.2, 3), [0, 0]);
  });
});
