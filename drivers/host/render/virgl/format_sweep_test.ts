/** Every format does all that the capability set offers it for: attachment, texture, buffer, several samples, blits; under validation. */
import { assert, assertEquals } from "@std/assert";
import { PIPE_BUFFER, PIPE_TEXTURE_2D } from "udrm/uapi/pipe.ts";
import { VIRGL_FORMATS } from "udrm/uapi/virgl_format.ts";
import {
  VIRGL_CCMD_BIND_OBJECT,
  VIRGL_CCMD_BIND_SAMPLER_STATES,
  VIRGL_CCMD_BIND_SHADER,
  VIRGL_CCMD_BLIT,
  VIRGL_CCMD_CLEAR,
  VIRGL_CCMD_SET_SAMPLER_VIEWS,
  VIRGL_CMD0,
  VIRGL_OBJECT_BLEND,
  VIRGL_OBJECT_SAMPLER_STATE,
  VIRGL_OBJECT_SAMPLER_VIEW,
  VIRGL_OBJECT_SHADER,
} from "udrm/uapi/virgl_protocol.ts";
import { floatBits, type TestClient, withClient } from "./copies_testing.ts";
import type { GpuFormat } from "./formats.ts";

const COVER = [[-1, -1], [3, -1], [-1, 3]] as const, SIZE = 4, IDENTITY = 0o3210;
const ONE = floatBits(1);
type Kind = "FLOAT" | "SINT" | "UINT";

function numberOf(name: string): number {
  const found = VIRGL_FORMATS.find((info) => info.name === name);
  if (found === undefined) throw new TypeError(`Cannot find format ${name}`);
  return found.number;
}

/** What holds the texels of each kind as they are. */
const WIDE: Readonly<Record<Kind, number>> = {
  FLOAT: numberOf("R32G32B32A32_FLOAT"),
  SINT: numberOf("R32G32B32A32_SINT"),
  UINT: numberOf("R32G32B32A32_UINT"),
};

function kindOf({ info }: GpuFormat): Kind {
  if (info.isStencil && !info.isDepth) return "UINT";
  return !info.isInteger ? "FLOAT" : info.type === "sint" ? "SINT" : "UINT";
}

/** The one of a kind, as the word that a clear and a texel have. */
function one(kind: Kind): number {
  return kind === "FLOAT" ? ONE : 1;
}

/** A client with the objects of all formats. */
class Sweep {
  readonly #client: TestClient;
  readonly #shaders = new Map<string, number>();
  #handle = 5000;

  constructor(client: TestClient) {
    this.#client = client;
    client.prepareDraws(SIZE, SIZE);
  }

  /** Binds a fragment shader; the same text makes no other. */
  shader(text: string): void {
    let handle = this.#shaders.get(text);
    if (handle === undefined) {
      const bytes = new Uint8Array(Math.ceil((text.length + 1) / 4) * 4);
      new TextEncoder().encodeInto(text, bytes);
      const words = new Uint32Array(bytes.buffer);
      this.#shaders.set(text, handle = this.#handle++);
      this.#client.create(VIRGL_OBJECT_SHADER, handle, 1, text.length + 1, 300, 0, ...words);
    }
    this.#client.run(VIRGL_CCMD_BIND_SHADER, handle, 1);
  }

  /** Renders to a picture from now on, without blending. */
  to(picture: number, format: number): void {
    this.#client.render([[picture, format]]);
    this.#client.submit([VIRGL_CMD0(VIRGL_CCMD_BIND_OBJECT, VIRGL_OBJECT_BLEND, 1), 503]);
  }

  /** Binds a sampler (nearest) and a view of all of a resource. */
  view(resource: number, format: number, last = 0): void {
    const state = this.#handle++, view = this.#handle++;
    this.#client.create(VIRGL_OBJECT_SAMPLER_STATE, state, 2 << 11, 0, 0, 0, 0, 0, 0, 0);
    this.#client.create(VIRGL_OBJECT_SAMPLER_VIEW, view, resource, format, 0, last, IDENTITY);
    this.#client.run(VIRGL_CCMD_BIND_SAMPLER_STATES, 1, 0, state);
    this.#client.run(VIRGL_CCMD_SET_SAMPLER_VIEWS, 1, 0, view);
  }

  /** Blends by the source's alpha until another picture is rendered to. */
  blend(): void {
    const handle = this.#handle++, word = 1 | 3 << 4 | 19 << 9 | 3 << 17 | 19 << 22 | 0xf << 27;
    this.#client.create(VIRGL_OBJECT_BLEND, handle, 0, 0, ...new Array<number>(8).fill(word));
    this.#client.submit([VIRGL_CMD0(VIRGL_CCMD_BIND_OBJECT, VIRGL_OBJECT_BLEND, 1), handle]);
  }

  blit(dst: number, dstFormat: number, src: number, srcFormat: number, mask: number): void {
    const side = (id: number, format: number) => [id, 0, format, 0, 0, 0, SIZE, SIZE, 1];
    this.#client.run(VIRGL_CCMD_BLIT, mask, 0, 0, ...side(dst, dstFormat), ...side(src, srcFormat));
  }

  picture(format: number, nrSamples = 0): number {
    return this.#client.make({ target: PIPE_TEXTURE_2D, width: SIZE, height: SIZE, format, nrSamples });
  }

  /** A texel that a shader fetches of what is bound, as four words. @param target of the view. @param sample of several */
  fetched(kind: Kind, target = "2D", sample = 0): number[] {
    const result = this.picture(WIDE[kind]);
    this.to(result, WIDE[kind]);
    this.shader(`FRAG
DCL OUT[0], COLOR
DCL SAMP[0]
DCL SVIEW[0], ${target}, ${kind}
IMM[0] UINT32 {1, 1, 0, ${sample}}
  0: TXF OUT[0], IMM[0], SAMP[0], ${target}
  1: END
`);
    this.#client.draw(...COVER);
    const words = new Uint32Array(this.#client.read(result).buffer);
    this.#client.destroy(result);
    return [...words.subarray(0, 4)];
  }
}

/** What a format gives back of ones: components that it lacks are 0, alpha 1. */
function ones({ info }: GpuFormat, kind: Kind): number[] {
  return info.swizzle.map((from) => from < 4 || from === 5 ? one(kind) : 0);
}

/** A constant of ones, of a kind. */
const white = (kind: Kind) =>
  `FRAG
DCL OUT[0], COLOR
IMM[0] ${kind === "FLOAT" ? "FLT32 {1.0, 1.0, 1.0, 1.0}" : "UINT32 {1, 1, 1, 1}"}
  0: MOV OUT[0], IMM[0]
  1: END
`;

Deno.test("what can be rendered to is cleared, drawn, blended and blit, and reads back as what OpenGL has there", async () => {
  await withClient((client) => {
    const sweep = new Sweep(client);
    let count = 0;
    for (const format of client.virgl.formats.all()) {
      if (!format.canRender) continue;
      count++;
      const { virgl: number, info: { name } } = format, kind = kindOf(format), picture = sweep.picture(number);
      const check = (what: string) => {
        sweep.view(picture, number);
        if (format.canSample) assertEquals(sweep.fetched(kind), ones(format, kind), `${name} ${what}`);
        sweep.to(picture, number);
      };
      sweep.to(picture, number);
      client.run(VIRGL_CCMD_CLEAR, 4, one(kind), one(kind), one(kind), one(kind), 0, 0, 0);
      check("cleared");
      client.run(VIRGL_CCMD_CLEAR, 4, 0, 0, 0, 0, 0, 0, 0);
      sweep.shader(white(kind));
      client.draw(...COVER);
      check("drawn");
      client.run(VIRGL_CCMD_CLEAR, 4, 0, 0, 0, 0, 0, 0, 0);
      sweep.shader(white(kind));
      sweep.blend();
      client.draw(...COVER);
      check("blended");
      // There and back.
      const wide = sweep.picture(WIDE[kind]);
      sweep.blit(wide, WIDE[kind], picture, number, 15);
      const words = new Uint32Array(client.read(wide).buffer);
      if (format.canSample) assertEquals([...words.subarray(0, 4)], ones(format, kind), `${name} blit from`);
      client.run(VIRGL_CCMD_CLEAR, 4, 0, 0, 0, 0, 0, 0, 0);
      client.write(wide, new Uint8Array(new Uint32Array(SIZE * SIZE * 4).fill(one(kind)).buffer));
      sweep.blit(picture, number, wide, WIDE[kind], 15);
      check("blit to");
      client.destroy(wide);
      client.destroy(picture);
    }
    assert(count > 60, `${count} formats`);
  });
});

Deno.test("what can have several samples is cleared, drawn, fetched and resolved", async () => {
  await withClient((client) => {
    const sweep = new Sweep(client);
    let count = 0;
    for (const format of client.virgl.formats.all()) {
      if (!format.canRender || (format.sampleCounts & 4) === 0) continue;
      count++;
      const { virgl: number, info: { name } } = format, kind = kindOf(format), samples = sweep.picture(number, 4);
      sweep.to(samples, number);
      sweep.shader(white(kind));
      sweep.blend();
      client.draw(...COVER);
      sweep.view(samples, number);
      for (const sample of [0, 3]) {
        assertEquals(sweep.fetched(kind, "2D_MSAA", sample), ones(format, kind), `${name} sample ${sample}`);
      }
      const single = sweep.picture(number);
      sweep.blit(single, number, samples, number, 15);
      sweep.view(single, number);
      assertEquals(sweep.fetched(kind), ones(format, kind), `${name} resolved`);
      client.destroy(single);
      client.destroy(samples);
    }
    assert(count > 60, `${count} formats`);
  });
});

Deno.test("depth and stencil of every format are cleared, sampled, blit and resolved", async () => {
  await withClient((client) => {
    const sweep = new Sweep(client), Z = 16, S = 32;
    let count = 0;
    for (const format of client.virgl.formats.all()) {
      if (!format.canDepth) continue;
      count++;
      const { virgl: number, info } = format, mask = (info.isDepth ? Z : 0) | (info.isStencil ? S : 0);
      for (const samples of format.sampleCounts & 4 ? [0, 4] : [0]) {
        const depth = sweep.picture(number, samples), other = sweep.picture(number);
        client.render([], [depth, number]);
        client.run(VIRGL_CCMD_CLEAR, 3, 0, 0, 0, 0, 0, 0x3ff0_0000, 1);
        client.draw(...COVER);
        sweep.blit(other, number, depth, number, mask);
        sweep.view(other, number);
        const kind = kindOf(format);
        if (format.canSample) assertEquals(sweep.fetched(kind)[0], one(kind), `${info.name}, ${samples} samples`);
        client.destroy(other);
        client.destroy(depth);
      }
    }
    assert(count >= 6, `${count} formats`);
  });
});

Deno.test("texels of buffers are fetched in every format that has them", async () => {
  await withClient((client) => {
    const sweep = new Sweep(client);
    let count = 0;
    for (const format of client.virgl.formats.all()) {
      if (!format.canTexelBuffer) continue;
      count++;
      const kind = kindOf(format), { virgl: number, info, blockBytes } = format;
      const buffer = client.make({ target: PIPE_BUFFER, format: numberOf("R8_UNORM"), width: 256 });
      // Zeros: all that a format lacks shows.
      client.write(buffer, new Uint8Array(256));
      sweep.view(buffer, number, Math.floor(256 / blockBytes) - 1);
      const wanted = info.swizzle.map((from) => from === 5 ? one(kind) : 0);
      assertEquals(sweep.fetched(kind, "BUFFER"), wanted, info.name);
      client.destroy(buffer);
    }
    assert(count > 80, `${count} formats`);
  });
});
