/** What shaders see of samples, and what their sample masks do, with several samples and with GL_MULTISAMPLE off. */
import { assert, assertEquals } from "@std/assert";
import { PIPE_MASK_RGBA } from "udrm/uapi/pipe.ts";
import { VIRGL_FORMAT_R8G8B8A8_UNORM } from "udrm/uapi/virgl_format.ts";
import {
  VIRGL_CCMD_BIND_OBJECT,
  VIRGL_CCMD_BIND_SHADER,
  VIRGL_CCMD_BLIT,
  VIRGL_CCMD_CLEAR,
  VIRGL_CMD0,
  VIRGL_OBJECT_RASTERIZER,
  VIRGL_OBJECT_SHADER,
} from "udrm/uapi/virgl_protocol.ts";
import { floatBits, type TestClient, withClient } from "./copies_testing.ts";

const RGBA = VIRGL_FORMAT_R8G8B8A8_UNORM, SAMPLES = 4, COVER = [[-1, -1], [3, -1], [-1, 3]] as const;
const MULTISAMPLE = 1 << 25;
type Corners = readonly (readonly [x: number, y: number])[];

/** The sample mask by 15 as red, the sample's number by 3 as green, its place as blue and alpha. */
const SEES = `FRAG
DCL SV[0], SAMPLEMASK
DCL SV[1], SAMPLEID
DCL SV[2], SAMPLEPOS
DCL OUT[0], COLOR
DCL TEMP[0..1]
IMM[0] FLT32 {0.0666667, 0.3333333, 0.0, 0.0}
  0: U2F TEMP[0].x, SV[0].xxxx
  1: U2F TEMP[0].y, SV[1].xxxx
  2: MUL TEMP[0].xy, TEMP[0], IMM[0]
  3: MOV TEMP[0].zw, SV[2].xxxy
  4: MOV OUT[0], TEMP[0]
  5: END
`;
const MASKS = `FRAG
DCL OUT[0], COLOR
DCL OUT[1], SAMPLEMASK
IMM[0] FLT32 {1.0, 1.0, 1.0, 1.0}
IMM[1] UINT32 {1, 0, 0, 0}
  0: MOV OUT[0], IMM[0]
  1: MOV OUT[1].x, IMM[1].xxxx
  2: END
`;

const GRADIENT_VERTEX = `VERT
DCL IN[0]
DCL OUT[0], POSITION
DCL OUT[1], GENERIC[0]
IMM[0] FLT32 {0.5, 0.5, 0.5, 1.0}
  0: MOV OUT[0], IN[0]
  1: MAD OUT[1], IN[0], IMM[0].xxyy, IMM[0]
  2: END
`;
/** Red and green as interpolated, blue by the place in the picture, alpha by that in the pixel. */
const GRADIENT = `FRAG
DCL IN[0], GENERIC[0], PERSPECTIVE, CENTROID
DCL IN[1], POSITION, LINEAR
DCL OUT[0], COLOR
DCL TEMP[0..1]
IMM[0] FLT32 {0.125, 0.0, 0.0, 0.0}
  0: FRC TEMP[0].w, IN[1].yyyy
  1: MUL TEMP[0].z, IN[1].xxxx, IMM[0].xxxx
  2: MOV TEMP[0].xy, IN[0]
  3: MOV OUT[0], TEMP[0]
  4: END
`;
const OFFSET = `FRAG
DCL IN[0], GENERIC[0], PERSPECTIVE
DCL OUT[0], COLOR
DCL TEMP[0]
IMM[0] FLT32 {0.25, -0.5, 0.0, 0.0}
  0: INTERP_OFFSET TEMP[0], IN[0], IMM[0]
  1: MOV OUT[0], TEMP[0]
  2: END
`;

function shader(client: TestClient, handle: number, stage: number, text: string): void {
  const bytes = new Uint8Array(Math.ceil((text.length + 1) / 4) * 4);
  new TextEncoder().encodeInto(text, bytes);
  client.create(VIRGL_OBJECT_SHADER, handle, stage, text.length + 1, 300, 0, ...new Uint32Array(bytes.buffer));
  client.run(VIRGL_CCMD_BIND_SHADER, handle, stage);
}

/** Draws into a picture of several samples, and gives their mean. @param handle the first of three */
function drawn(
  client: TestClient,
  handle: number,
  text: string,
  flags: number,
  { size = 1, samples = SAMPLES, corners = COVER as Corners } = {},
): Uint8Array {
  const many = client.make({ width: size, height: size, format: RGBA, nrSamples: samples });
  const one = client.make({ width: size, height: size, format: RGBA });
  client.render([[many, RGBA]]);
  client.prepareDraws(size, size);
  shader(client, handle, 1, text);
  if (text !== SEES && text !== MASKS) shader(client, handle + 2, 0, GRADIENT_VERTEX);
  const s0 = 1 << 1 | 1 << 2 | 1 << 29 | flags;
  client.create(VIRGL_OBJECT_RASTERIZER, handle + 1, s0, floatBits(1), 0, 0, floatBits(1), 0, 0, 0);
  client.submit([VIRGL_CMD0(VIRGL_CCMD_BIND_OBJECT, VIRGL_OBJECT_RASTERIZER, 1), handle + 1]);
  client.run(VIRGL_CCMD_CLEAR, 4, 0, 0, 0, 0, 0, 0, 0);
  client.draw(...corners);
  const whole = [0, 0, 0, size, size, 1];
  client.run(VIRGL_CCMD_BLIT, PIPE_MASK_RGBA, 0, 0, one, 0, RGBA, ...whole, many, 0, RGBA, ...whole);
  return client.read(one);
}

Deno.test("with GL_MULTISAMPLE off all samples of a pixel are as a picture of one sample has it", async () => {
  await withClient((client) => {
    const size = 16,
      corners: Corners = [[-0.93, -0.87], [0.81, -0.33], [-0.21, 0.9], [0.1, 0.2], [0.97, 0.3], [0.5, 1]];
    let handle = 600;
    for (const text of [GRADIENT, OFFSET]) {
      const one = drawn(client, handle += 10, text, MULTISAMPLE, { size, corners, samples: 0 });
      const off = drawn(client, handle += 10, text, 0, { size, corners });
      const on = drawn(client, handle += 10, text, MULTISAMPLE, { size, corners });
      const most = (a: Uint8Array, b: Uint8Array) =>
        a.reduce((sum, byte, i) => Math.max(sum, Math.abs(byte - b[i])), 0);
      assert(most(one, off) <= 1, `${most(one, off)}`);
      assert(most(one, on) > 30);
    }
  });
});

Deno.test("with GL_MULTISAMPLE off shaders see one sample, in the middle of the pixel", async () => {
  await withClient((client) => {
    assertEquals([...drawn(client, 600, SEES, 0)], [17, 0, 128, 128]);
    // The mean of all samples: numbers 0 to 3, and places that are even around the middle.
    const [, number, x, y] = drawn(client, 610, SEES, MULTISAMPLE);
    assertEquals([number, x, y].map((value) => Math.abs(value - 128) < 4), [true, true, true]);
  });
});

Deno.test("a sample mask takes samples away, and none with GL_MULTISAMPLE off", async () => {
  await withClient((client) => {
    assertEquals([...drawn(client, 600, MASKS, MULTISAMPLE)], [64, 64, 64, 64]);
    assertEquals([...drawn(client, 610, MASKS, 0)], [255, 255, 255, 255]);
  });
});
