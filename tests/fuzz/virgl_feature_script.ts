/**
 * A script that uses what no capture has: queries, conditions, transform feedback, blits, copies, clears, staged transfers, uniform
 * and storage buffers, images, geometry and tessellation shaders, several samples, formats that Vulkan lacks.
 * @module
 */

import { STAGES } from "udrm/drivers/host/shader/tgsi/testing_stages.ts";
import * as P from "udrm/uapi/pipe.ts";
import * as F from "udrm/uapi/virgl_format.ts";
import * as V from "udrm/uapi/virgl_protocol.ts";
import { stageTexts, textWords } from "./virgl_shader_text.ts";
import type { Script, Step } from "./virgl_script.ts";

const RGBA = F.VIRGL_FORMAT_R8G8B8A8_UNORM, SIZE = 32;
// Resources.
const COLOR = 1,
  DEPTH = 2,
  VERTICES = 3,
  TEXTURE = 4,
  SAMPLES = 5,
  STAGING = 6,
  VOLUME = 7,
  INTEGERS = 8,
  OTHER = 9,
  ALPHA = 10;
const bits = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0];
const command = (number: number, object: number, ...words: number[]): number[] => [
  V.VIRGL_CMD0(number, object, words.length),
  ...words.map((word) => word >>> 0),
];
const make = (type: number, handle: number, ...words: number[]): number[] =>
  command(V.VIRGL_CCMD_CREATE_OBJECT, type, handle, ...words);
const run = (number: number, ...words: number[]): number[] => command(number, 0, ...words);
const bind = (type: number, handle: number): number[] => command(V.VIRGL_CCMD_BIND_OBJECT, type, handle);

function shader(handle: number, stage: number, text: string, outputs: readonly number[] = []): number[] {
  const count = outputs.length === 0 ? 0 : (outputs.length - 4) / 2;
  return make(V.VIRGL_OBJECT_SHADER, handle, stage, text.length + 1, 300, count, ...outputs, ...textWords(text));
}

function create(
  id: number,
  format: number,
  more: { target?: number; width?: number; height?: number; depth?: number; arraySize?: number; lastLevel?: number } & {
    nrSamples?: number;
  },
  shared = 0,
): Step {
  const info = {
    ...{ target: P.PIPE_TEXTURE_2D, format, bind: 0, width: SIZE, height: SIZE, depth: 1, arraySize: 1, lastLevel: 0 },
    ...{ nrSamples: 0, flags: 0, ...more },
  };
  return { kind: "create", id, info, shared };
}

const VERTEX = `VERT
DCL IN[0]
DCL OUT[0], POSITION
DCL OUT[1], GENERIC[0]
DCL CONST[0..3]
  0: MOV OUT[0], IN[0]
  1: ADD OUT[1], IN[0], CONST[0]
  2: END
`;
const FRAGMENT = `FRAG
DCL IN[0], GENERIC[0], PERSPECTIVE
DCL OUT[0], COLOR
DCL SAMP[0]
DCL SVIEW[0], 2D_ARRAY, FLOAT
DCL CONST[1][0..3]
DCL TEMP[0]
  0: TEX TEMP[0], IN[0], SAMP[0], 2D_ARRAY
  1: ADD OUT[0], TEMP[0], CONST[1][2]
  2: END
`;

const draw = (count: number, mode: number, indexed = 0): number[] =>
  run(V.VIRGL_CCMD_DRAW_VBO, 0, count, mode, indexed, 1, 0, 0, 0, 0, 0, count - 1, 0);
const drawPatches = (count: number): number[] =>
  run(V.VIRGL_CCMD_DRAW_VBO, 0, count, P.PIPE_PRIM_PATCHES, 0, 1, 0, 0, 0, 0, 0, count - 1, 0, 3, 0);

function setup(fragment = FRAGMENT): number[] {
  const half = [SIZE / 2, SIZE / 2, 1, SIZE / 2, SIZE / 2, 0].map(bits);
  const [, , geometry, control, evaluation] = stageTexts(STAGES);
  return [
    ...run(V.VIRGL_CCMD_SET_SUB_CTX, 0),
    ...make(V.VIRGL_OBJECT_SURFACE, 1, COLOR, RGBA, 0, 0),
    ...make(V.VIRGL_OBJECT_SURFACE, 2, DEPTH, F.VIRGL_FORMAT_Z24_UNORM_S8_UINT, 0, 0),
    ...make(V.VIRGL_OBJECT_SURFACE, 3, SAMPLES, RGBA, 0, 0),
    ...make(V.VIRGL_OBJECT_BLEND, 4, 0, 0, ...new Array<number>(8).fill(0xf << 27)),
    ...make(V.VIRGL_OBJECT_DSA, 5, 0x1f, 0, 0, 0),
    ...make(V.VIRGL_OBJECT_RASTERIZER, 6, 1 << 1 | 1 << 2 | 1 << 29, bits(1), 0, 0, bits(1), 0, 0, 0),
    ...make(V.VIRGL_OBJECT_VERTEX_ELEMENTS, 7, 0, 0, 0, F.VIRGL_FORMAT_R32G32B32A32_FLOAT),
    ...make(V.VIRGL_OBJECT_SAMPLER_VIEW, 8, TEXTURE, RGBA | P.PIPE_TEXTURE_2D_ARRAY << 24, 3 << 16, 2 << 8, 0o3210),
    ...make(V.VIRGL_OBJECT_SAMPLER_STATE, 9, 0, 0, 0, bits(10), 0, 0, 0, 0),
    // Position and a generic output, to two buffers.
    ...shader(10, V.VIRGL_SHADER_VERTEX, VERTEX, [4, 2, 0, 0, 4 << 10, 0, 1 | 2 << 10 | 1 << 13, 0]),
    ...shader(11, V.VIRGL_SHADER_FRAGMENT, fragment),
    ...shader(12, V.VIRGL_SHADER_GEOMETRY, geometry),
    ...shader(13, V.VIRGL_SHADER_TESS_CTRL, control),
    ...shader(14, V.VIRGL_SHADER_TESS_EVAL, evaluation),
    ...[4, 5, 6, 7].flatMap((handle, i) =>
      bind(
        [V.VIRGL_OBJECT_BLEND, V.VIRGL_OBJECT_DSA, V.VIRGL_OBJECT_RASTERIZER, V.VIRGL_OBJECT_VERTEX_ELEMENTS][i],
        handle,
      )
    ),
    ...run(V.VIRGL_CCMD_BIND_SHADER, 10, V.VIRGL_SHADER_VERTEX),
    ...run(V.VIRGL_CCMD_BIND_SHADER, 11, V.VIRGL_SHADER_FRAGMENT),
    ...run(V.VIRGL_CCMD_SET_SAMPLER_VIEWS, V.VIRGL_SHADER_FRAGMENT, 0, 8),
    ...run(V.VIRGL_CCMD_BIND_SAMPLER_STATES, V.VIRGL_SHADER_FRAGMENT, 0, 9),
    ...run(V.VIRGL_CCMD_SET_VIEWPORT_STATE, 0, ...half),
    ...run(V.VIRGL_CCMD_SET_SCISSOR_STATE, 0, 0, SIZE << 16 | SIZE),
    ...run(V.VIRGL_CCMD_SET_FRAMEBUFFER_STATE, 1, 2, 1),
    ...run(V.VIRGL_CCMD_SET_VERTEX_BUFFERS, 16, 0, VERTICES),
    ...run(V.VIRGL_CCMD_SET_INDEX_BUFFER, STAGING, 2, 0),
    ...run(V.VIRGL_CCMD_SET_CONSTANT_BUFFER, V.VIRGL_SHADER_VERTEX, 0, ...new Array<number>(16).fill(0)),
    ...run(V.VIRGL_CCMD_SET_UNIFORM_BUFFER, V.VIRGL_SHADER_FRAGMENT, 1, 0, 256, OTHER),
    ...run(V.VIRGL_CCMD_CLEAR, 7, 0, 0, 0, bits(1), 0, 0x3ff0_0000, 0),
    ...draw(6, P.PIPE_PRIM_TRIANGLES),
  ];
}

function queries(): number[] {
  const types = [0, 1, 2, 5, 6, 7, 9, 11];
  return [
    ...types.flatMap((type, i) => make(V.VIRGL_OBJECT_QUERY, 100 + i, type, 0, STAGING)),
    ...make(V.VIRGL_OBJECT_STREAMOUT_TARGET, 120, OTHER, 0, 1024),
    ...make(V.VIRGL_OBJECT_STREAMOUT_TARGET, 121, OTHER, 1024, 512),
    ...run(V.VIRGL_CCMD_BEGIN_QUERY, 100),
    ...run(V.VIRGL_CCMD_BEGIN_QUERY, 104),
    ...run(V.VIRGL_CCMD_SET_STREAMOUT_TARGETS, 0, 120, 121),
    ...draw(6, P.PIPE_PRIM_TRIANGLES),
    ...run(V.VIRGL_CCMD_SET_STREAMOUT_TARGETS, 0),
    ...run(V.VIRGL_CCMD_END_QUERY, 104),
    ...run(V.VIRGL_CCMD_END_QUERY, 100),
    ...run(V.VIRGL_CCMD_END_QUERY, 102),
    ...run(V.VIRGL_CCMD_GET_QUERY_RESULT, 100, 0),
    ...run(V.VIRGL_CCMD_GET_QUERY_RESULT_QBO, 104, OTHER, 0, 1, 2048, 0),
    ...run(V.VIRGL_CCMD_SET_RENDER_CONDITION, 100, 0, 1),
    ...draw(3, P.PIPE_PRIM_TRIANGLE_STRIP, 1),
    ...run(V.VIRGL_CCMD_SET_RENDER_CONDITION, 0, 0, 0),
  ];
}

const box = (
  id: number,
  level: number,
  format: number,
  x: number,
  y: number,
  z: number,
  w: number,
  h: number,
): number[] => [
  ...[id, level, format, x, y, z, w, h, 1],
];

function moves(): number[] {
  return [
    ...run(
      V.VIRGL_CCMD_BLIT,
      0xf,
      0,
      0,
      ...box(COLOR, 0, RGBA, 0, 0, 0, 16, 16),
      ...box(TEXTURE, 0, RGBA, 0, 0, 1, 16, -16),
    ),
    ...run(
      V.VIRGL_CCMD_BLIT,
      0xf | 1 << 8,
      0,
      0,
      ...box(TEXTURE, 1, RGBA, 0, 0, 0, 8, 8),
      ...box(TEXTURE, 0, RGBA, 0, 0, 0, 16, 16),
    ),
    ...run(
      V.VIRGL_CCMD_BLIT,
      0xf,
      0,
      0,
      ...box(COLOR, 0, RGBA, 0, 0, 0, 32, 32),
      ...box(SAMPLES, 0, RGBA, 0, 0, 0, 32, 32),
    ),
    ...run(V.VIRGL_CCMD_RESOURCE_COPY_REGION, TEXTURE, 0, 2, 2, 1, COLOR, 0, 0, 0, 0, 8, 8, 1),
    ...run(V.VIRGL_CCMD_RESOURCE_COPY_REGION, OTHER, 0, 16, 0, 0, STAGING, 0, 0, 0, 0, 64, 1, 1),
    ...run(V.VIRGL_CCMD_RESOURCE_COPY_REGION, VOLUME, 0, 0, 0, 3, VOLUME, 1, 0, 0, 1, 4, 4, 2),
    ...run(V.VIRGL_CCMD_CLEAR_TEXTURE, TEXTURE, 1, 0, 0, 2, 4, 4, 1, 0x11223344, 0, 0, 0),
    ...run(V.VIRGL_CCMD_CLEAR_TEXTURE, DEPTH, 0, 0, 0, 0, 8, 8, 1, 0x00112233, 0, 0, 0),
    ...run(V.VIRGL_CCMD_TRANSFER3D, STAGING, 0, 0, 0, 0, 64, 0, 0, 256, 1, 1, 64, V.VIRGL_TRANSFER_TO_HOST),
    ...run(V.VIRGL_CCMD_TRANSFER3D, TEXTURE, 0, 0, 64, 1024, 0, 0, 1, 16, 16, 2, 0, V.VIRGL_TRANSFER_FROM_HOST),
    ...run(V.VIRGL_CCMD_COPY_TRANSFER3D, TEXTURE, 1, 0, 32, 0, 0, 0, 0, 8, 8, 1, STAGING, 128, 1),
    ...run(V.VIRGL_CCMD_COPY_TRANSFER3D, DEPTH, 0, 0, 0, 0, 0, 0, 0, 8, 8, 1, STAGING, 0, 3),
    ...run(V.VIRGL_CCMD_RESOURCE_INLINE_WRITE, OTHER, 0, 0, 0, 0, 32, 0, 0, 32, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8),
    ...run(V.VIRGL_CCMD_END_TRANSFERS, 1, 2, 3),
    ...run(V.VIRGL_CCMD_GET_MEMORY_INFO, STAGING),
    ...run(V.VIRGL_CCMD_MEMORY_BARRIER, 0xffff),
    ...run(V.VIRGL_CCMD_TEXTURE_BARRIER, 1),
  ];
}

const TEXELS = `FRAG
DCL OUT[0], COLOR
DCL SAMP[0]
DCL SVIEW[0], BUFFER, FLOAT
IMM[0] UINT32 {1, 0, 0, 0}
  0: TXF OUT[0], IMM[0].xxxx, SAMP[0], BUFFER
  1: END
`;

/** What is made of other things: A8 as an attachment, L8A8 in buffers, GL_CLAMP, mipmaps of depth. */
function emulated(): number[] {
  const { VIRGL_FORMAT_A8_UNORM: A8, VIRGL_FORMAT_L8A8_UNORM: LA8, VIRGL_FORMAT_Z24_UNORM_S8_UINT: Z24 } = F;
  const { VIRGL_SHADER_FRAGMENT: fragment } = V, word = 1 | 3 << 4 | 20 << 9 | 4 << 17 | 23 << 22 | 0xf << 27;
  return [
    ...make(V.VIRGL_OBJECT_SURFACE, 30, ALPHA, A8, 0, 0),
    ...make(V.VIRGL_OBJECT_BLEND, 31, 0, 0, ...new Array<number>(8).fill(word)),
    ...make(V.VIRGL_OBJECT_SAMPLER_VIEW, 32, OTHER, LA8, 0, 255, 0o3210),
    ...make(V.VIRGL_OBJECT_SAMPLER_STATE, 33, 0o111 | 1 << 9 | 2 << 11 | 1 << 13, 0, 0, 0, 0, 0, 0, 0),
    ...shader(34, fragment, TEXELS),
    ...run(V.VIRGL_CCMD_SET_FRAMEBUFFER_STATE, 2, 0, 1, 30),
    ...bind(V.VIRGL_OBJECT_BLEND, 31),
    ...run(V.VIRGL_CCMD_BIND_SAMPLER_STATES, fragment, 0, 33),
    ...run(V.VIRGL_CCMD_CLEAR, 12, 0, 0, 0, bits(0.5), 0, 0, 0),
    ...draw(6, P.PIPE_PRIM_TRIANGLES),
    ...run(V.VIRGL_CCMD_BIND_SHADER, 34, fragment),
    ...run(V.VIRGL_CCMD_SET_SAMPLER_VIEWS, fragment, 0, 32),
    ...draw(6, P.PIPE_PRIM_TRIANGLES),
    ...run(V.VIRGL_CCMD_BLIT, 0xf, 0, 0, ...box(ALPHA, 0, A8, 0, 0, 0, 8, 8), ...box(COLOR, 0, RGBA, 0, 0, 0, 16, 16)),
    ...run(
      V.VIRGL_CCMD_BLIT,
      0x110,
      0,
      0,
      ...box(DEPTH, 0, Z24, 0, 0, 0, 8, 8),
      ...box(DEPTH, 0, Z24, 8, 8, 0, 16, 16),
    ),
    ...run(V.VIRGL_CCMD_SET_FRAMEBUFFER_STATE, 1, 2, 1),
    ...bind(V.VIRGL_OBJECT_BLEND, 4),
    ...run(V.VIRGL_CCMD_BIND_SHADER, 11, fragment),
    ...run(V.VIRGL_CCMD_SET_SAMPLER_VIEWS, fragment, 0, 8),
  ];
}

function stages(): number[] {
  const { VIRGL_SHADER_FRAGMENT: fragment } = V;
  return [
    ...run(V.VIRGL_CCMD_SET_SHADER_BUFFERS, fragment, 0, 0, 256, OTHER, 256, 256, OTHER),
    ...run(V.VIRGL_CCMD_SET_SHADER_IMAGES, fragment, 0, F.VIRGL_FORMAT_R32_UINT, 3, 0, 0, INTEGERS),
    ...run(V.VIRGL_CCMD_SET_ATOMIC_BUFFERS, 0, 0, 16, OTHER),
    ...run(V.VIRGL_CCMD_SET_TESS_STATE, ...new Array<number>(6).fill(bits(2))),
    ...run(V.VIRGL_CCMD_BIND_SHADER, 12, V.VIRGL_SHADER_GEOMETRY),
    ...draw(6, P.PIPE_PRIM_TRIANGLES),
    ...run(V.VIRGL_CCMD_BIND_SHADER, 0, V.VIRGL_SHADER_GEOMETRY),
    ...run(V.VIRGL_CCMD_BIND_SHADER, 13, V.VIRGL_SHADER_TESS_CTRL),
    ...run(V.VIRGL_CCMD_BIND_SHADER, 14, V.VIRGL_SHADER_TESS_EVAL),
    ...drawPatches(6),
    ...run(V.VIRGL_CCMD_BIND_SHADER, 0, V.VIRGL_SHADER_TESS_CTRL),
    ...run(V.VIRGL_CCMD_BIND_SHADER, 0, V.VIRGL_SHADER_TESS_EVAL),
    ...run(V.VIRGL_CCMD_SET_FRAMEBUFFER_STATE, 1, 0, 3),
    ...run(V.VIRGL_CCMD_SET_MIN_SAMPLES, 4),
    ...run(V.VIRGL_CCMD_SET_SAMPLE_MASK, 5),
    ...draw(6, P.PIPE_PRIM_TRIANGLES),
    ...run(V.VIRGL_CCMD_CREATE_SUB_CTX, 5),
    ...run(V.VIRGL_CCMD_SET_SUB_CTX, 5),
    ...run(V.VIRGL_CCMD_SET_SUB_CTX, 0),
    ...run(V.VIRGL_CCMD_DESTROY_SUB_CTX, 5),
    ...[1, 4, 8, 10, 12].flatMap((handle) => run(V.VIRGL_CCMD_DESTROY_OBJECT, handle)),
    ...draw(3, P.PIPE_PRIM_TRIANGLES),
  ];
}

/** The script. Played as it is, it meets no error. */
export function featureScript(): Script {
  const whole = {
    level: 0,
    stride: 0,
    layerStride: 0,
    x: 0,
    y: 0,
    z: 0,
    width: SIZE,
    height: SIZE,
    depth: 1,
    offset: 0,
  };
  const submit = (words: number[]): Step => ({ kind: "submit", words: Uint32Array.from(words) });
  const corners = [-1, -1, 0, 1, 1, -1, 0, 1, -1, 1, 0, 1, -1, 1, 0, 1, 1, -1, 0, 1, 1, 1, 0, 1];
  const vertices = new Uint8Array(Float32Array.from(corners).buffer);
  const buffer = { target: P.PIPE_BUFFER, width: 4096, height: 1 };
  return {
    name: "features",
    steps: [
      create(COLOR, RGBA, {}, SIZE * SIZE * 4),
      create(DEPTH, F.VIRGL_FORMAT_Z24_UNORM_S8_UINT, {}, SIZE * SIZE * 4),
      create(VERTICES, F.VIRGL_FORMAT_R8_UNORM, buffer),
      create(
        TEXTURE,
        RGBA,
        { target: P.PIPE_TEXTURE_2D_ARRAY, width: 16, height: 16, arraySize: 4, lastLevel: 2 },
        8192,
      ),
      create(SAMPLES, RGBA, { nrSamples: 4 }),
      create(STAGING, F.VIRGL_FORMAT_R8_UNORM, buffer, 4096),
      create(VOLUME, RGBA, { target: P.PIPE_TEXTURE_3D, width: 8, height: 8, depth: 8, lastLevel: 1 }, 4096),
      create(INTEGERS, F.VIRGL_FORMAT_R32_UINT, {}, 4096),
      create(OTHER, F.VIRGL_FORMAT_R8_UNORM, buffer, 4096),
      create(ALPHA, F.VIRGL_FORMAT_A8_UNORM, {}, SIZE * SIZE),
      { kind: "put", id: VERTICES, transfer: { ...whole, width: vertices.length, height: 1 }, bytes: vertices },
      submit(setup()),
      submit(queries()),
      submit(moves()),
      { kind: "toHost", id: STAGING, transfer: { ...whole, width: 1024, height: 1, offset: 512 } },
      { kind: "fromHost", id: COLOR, transfer: whole },
      { kind: "fromHost", id: DEPTH, transfer: { ...whole, width: 16, height: 16 } },
      submit(emulated()),
      { kind: "fromHost", id: ALPHA, transfer: whole },
      submit(stages()),
      { kind: "get", id: COLOR, transfer: whole, size: SIZE * SIZE * 4 },
    ],
  };
}

/** The same state with another fragment shader, and so many draws. @param fragment it reads GENERIC[0] and CONST[1][0..3], if anything */
export function drawScript(fragment: string, draws: number): Script {
  const { steps } = featureScript();
  const first = steps.findIndex((step) => step.kind === "submit");
  const words = [...setup(fragment)];
  for (let i = 1; i < draws; i++) words.push(...draw(6, P.PIPE_PRIM_TRIANGLES));
  return { name: "draws", steps: [...steps.slice(0, first), { kind: "submit", words: Uint32Array.from(words) }] };
}

/** A fragment shader that never ends by itself. */
export const ENDLESS = `FRAG
DCL IN[0], GENERIC[0], PERSPECTIVE
DCL OUT[0], COLOR
DCL CONST[1][0..3]
DCL TEMP[0]
  0: MOV TEMP[0], IN[0]
  1: BGNLOOP
  2:   MAD TEMP[0], TEMP[0], TEMP[0], CONST[1][2]
  3: ENDLOOP
  4: MOV OUT[0], TEMP[0]
  5: END
`;
