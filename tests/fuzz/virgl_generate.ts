/**
 * Steps that are nearly right, of all formats, targets, states and objects: captures know few of them.
 * @module
 */

import * as P from "udrm/uapi/pipe.ts";
import { VIRGL_COMMANDS, VIRGL_OBJECTS } from "udrm/uapi/virgl_command_table.ts";
import * as V from "udrm/uapi/virgl_protocol.ts";
import type { Random } from "./virgl_random.ts";
import type { Step } from "./virgl_script.ts";

const FORMATS = 330;
/** Resources and objects that are made here have numbers from here on. */
const FIRST = 200;
const SIZES = [1, 2, 3, 4, 7, 8, 16, 17, 32, 64];

interface Made {
  readonly id: number;
  readonly format: number;
  readonly target: number;
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly layers: number;
  readonly levels: number;
}

function resource(random: Random, id: number): [Made, Step] {
  const target = random.below(9), volume = target === P.PIPE_TEXTURE_3D;
  const flat = target === P.PIPE_BUFFER || target === P.PIPE_TEXTURE_1D || target === P.PIPE_TEXTURE_1D_ARRAY;
  const cube = target === P.PIPE_TEXTURE_CUBE || target === P.PIPE_TEXTURE_CUBE_ARRAY;
  const array = target === P.PIPE_TEXTURE_1D_ARRAY || target === P.PIPE_TEXTURE_2D_ARRAY;
  const width = target === P.PIPE_BUFFER ? 1 << 4 + random.below(10) : random.of(SIZES);
  const height = flat ? 1 : cube ? width : random.of(SIZES), depth = volume ? random.of(SIZES) : 1;
  const layers = cube ? 6 : array ? 1 + random.below(8) : 1;
  const samples = target === P.PIPE_TEXTURE_2D && random.one(5) ? 4 : 0;
  const most = Math.floor(Math.log2(Math.max(width, height, depth)));
  const single = target === P.PIPE_BUFFER || target === P.PIPE_TEXTURE_RECT || samples > 0;
  const lastLevel = single ? 0 : random.below(most + 1);
  const format = target === P.PIPE_BUFFER ? 64 : 1 + random.below(FORMATS);
  const info = {
    ...{ target, format, bind: 0, width, height, depth, arraySize: layers, lastLevel, nrSamples: samples, flags: 0 },
  };
  const made = { id, format, target, width, height, depth, layers, levels: lastLevel + 1 };
  return [made, { kind: "create", id, info, shared: random.one(2) ? 65536 : 0 }];
}

// What comes where nothing better is known.
function word(random: Random, made: readonly Made[]): number {
  switch (random.below(5)) {
    case 0:
      return random.of(made).id;
    case 1:
      return 1 + random.below(16);
    case 2:
      return random.below(4);
    case 3:
      return random.of([0x3f80_0000, 0, 0x4000_0000, 0x3f00_0000, 0xbf80_0000]);
    default:
      return random.word();
  }
}

/** Level, x, y, z and size of a box within a resource, mostly. */
function box(random: Random, { width, height, depth, layers, levels }: Made): number[] {
  const level = random.below(levels),
    part = (size: number): [number, number] => {
      const all = Math.max(1, size >>> level), from = random.one(2) ? 0 : random.below(all);
      return [from, random.one(2) ? all - from : 1 + random.below(all - from)];
    };
  const [x, w] = part(width), [y, h] = part(height), [z, d] = depth > 1 ? part(depth) : part(layers << level);
  return [level, x, y, z, w, h, d];
}

const command = (number: number, object: number, ...words: number[]): number[] => [
  V.VIRGL_CMD0(number, object, words.length),
  ...words.map((value) => value >>> 0),
];

function blit(random: Random, made: readonly Made[]): number[] {
  const part = (of: Made): number[] => {
    const [level, x, y, z, w, h, d] = box(random, of);
    const flip = random.one(6) ? -1 : 1, format = random.one(6) ? 1 + random.below(FORMATS) : of.format;
    return [of.id, level, format, flip < 0 ? x + w : x, y, z, w * flip, h, d];
  };
  const mask = random.of([0xf, 0xf, 0x10, 0x20, 0x30, random.below(64)]);
  const flags = mask | random.below(2) << 8 | (random.one(8) ? 1 << 10 : 0);
  return command(V.VIRGL_CCMD_BLIT, 0, flags, 0, 8 << 16 | 8, ...part(random.of(made)), ...part(random.of(made)));
}

function known(random: Random, made: readonly Made[], handle: number): number[] {
  const of = random.of(made), [level, x, y, z, w, h, d] = box(random, of);
  const numbers = (count: number): number[] => Array.from({ length: count }, () => word(random, made));
  switch (random.below(12)) {
    case 0:
    case 1:
      return blit(random, made);
    case 2: {
      const [fromLevel, fx, fy, fz] = box(random, of), to = random.one(3) ? random.of(made) : of;
      const { VIRGL_CCMD_RESOURCE_COPY_REGION: copy } = V;
      return command(copy, 0, to.id, level, x, y, z, of.id, fromLevel, fx, fy, fz, w, h, d);
    }
    case 3:
      return command(V.VIRGL_CCMD_CLEAR_TEXTURE, 0, of.id, level, x, y, z, w, h, d, ...numbers(4));
    case 4: {
      const last = random.one(2) ? z : z + d - 1, format = random.one(5) ? 1 + random.below(FORMATS) : of.format;
      return [
        ...command(V.VIRGL_CCMD_CREATE_OBJECT, V.VIRGL_OBJECT_SURFACE, handle, of.id, format, level, z | last << 16),
        ...command(V.VIRGL_CCMD_SET_FRAMEBUFFER_STATE, 0, 1, random.one(3) ? handle : 0, random.one(2) ? handle : 1),
        ...command(V.VIRGL_CCMD_CLEAR, 0, 1 + random.below(7), ...numbers(4), 0, 0x3ff0_0000, 1),
      ];
    }
    case 5: {
      const target = random.one(3) ? random.below(9) : of.target, swizzle = random.below(4096);
      const layers = target === P.PIPE_BUFFER ? [0, 15] : [z | z + d - 1 << 16, level | of.levels - 1 << 8];
      const format = random.one(5) ? 1 + random.below(FORMATS) : of.format;
      return [
        ...command(
          ...[V.VIRGL_CCMD_CREATE_OBJECT, V.VIRGL_OBJECT_SAMPLER_VIEW, handle, of.id, format | target << 24] as const,
          ...[...layers, swizzle],
        ),
        ...command(V.VIRGL_CCMD_SET_SAMPLER_VIEWS, 0, random.below(2), random.below(3), handle),
      ];
    }
    case 6: {
      const { VIRGL_CCMD_TRANSFER3D: move } = V;
      return command(move, 0, of.id, level, 0, 0, 0, x, y, z, w, h, d, random.below(1024), 1 + random.below(2));
    }
    case 7: {
      const { VIRGL_CCMD_COPY_TRANSFER3D: move } = V, offset = random.below(1024), flags = random.of([1, 2, 3]);
      return command(move, 0, of.id, level, 0, 0, 0, x, y, z, w, h, d, random.of(made).id, offset, flags);
    }
    case 8: {
      const { VIRGL_CCMD_RESOURCE_INLINE_WRITE: write } = V;
      return command(write, 0, of.id, level, 0, 0, 0, x, y, z, w, h, d, ...numbers(Math.min(w * h * d * 4, 2048)));
    }
    case 9: {
      // An object of any kind, bound if it can be.
      const object = random.of(
        VIRGL_OBJECTS.filter((info) => info !== undefined && info.number !== V.VIRGL_OBJECT_SHADER),
      );
      const words = numbers(Math.max(0, object.min - 1));
      return [
        ...command(V.VIRGL_CCMD_CREATE_OBJECT, object.number, handle, ...words),
        ...object.number <= 5 ? command(V.VIRGL_CCMD_BIND_OBJECT, object.number, handle) : [],
      ];
    }
    case 10: {
      const format = random.one(3) ? 1 + random.below(FORMATS) : of.format,
        { VIRGL_CCMD_SET_SHADER_IMAGES: images } = V;
      return command(images, 0, 1, random.below(3), format, 3, z | z + d - 1 << 16, level, of.id);
    }
    default: {
      const info = random.of(VIRGL_COMMANDS);
      const steps = random.below(3),
        length = info.lengths === undefined
          ? Math.min(info.min + steps * info.step, info.max)
          : random.of(info.lengths);
      return command(info.number, random.below(12), ...numbers(Math.min(length, 200)));
    }
  }
}

function vertexFormats(random: Random, handle: number): number[] {
  const words: number[] = [];
  for (let i = random.below(3); i >= 0; i--) {
    words.push(random.below(64), random.below(3), 0, 1 + random.below(FORMATS));
  }
  return [
    ...command(V.VIRGL_CCMD_CREATE_OBJECT, V.VIRGL_OBJECT_VERTEX_ELEMENTS, handle, ...words),
    ...command(V.VIRGL_CCMD_BIND_OBJECT, V.VIRGL_OBJECT_VERTEX_ELEMENTS, handle),
  ];
}

/** Steps: resources of any shape, and what is done with them; draws between, by whatever is bound. */
export function generate(random: Random): Step[] {
  const steps: Step[] = [], made: Made[] = [];
  for (let i = 1 + random.below(3); i > 0; i--) {
    const [resourceMade, step] = resource(random, FIRST + made.length);
    made.push(resourceMade);
    steps.push(step);
  }
  for (let i = 1 + random.below(6); i > 0; i--) {
    const handle = FIRST + i * 2, mode = random.of([0, 1, 3, 4, 5, 6, 10, 14]);
    const words = random.one(10) ? vertexFormats(random, handle) : known(random, made, handle);
    // A command that is refused is the last of its context, so that each gets a submission of its own.
    steps.push({ kind: "submit", words: Uint32Array.from(words) });
    if (random.one(2)) continue;
    const draw = command(V.VIRGL_CCMD_DRAW_VBO, 0, 0, 3, mode, random.below(2), 1, 0, 0, 0, 0, 0, 2, 0, 3, 0);
    steps.push({ kind: "submit", words: Uint32Array.from(draw) });
  }
  const of = random.of(made), [level, x, y, z, width, height, depth] = box(random, of);
  const transfer = { level, stride: 0, layerStride: 0, x, y, z, width, height, depth, offset: 0 };
  steps.push({ kind: "get", id: of.id, transfer, size: 1 << 20 });
  return steps;
}
