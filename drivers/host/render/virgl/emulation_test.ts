/** What OpenGL has and Vulkan has not, and how it looks all the same: buffers of L8 and its kin, GL_CLAMP, rendering to A8 and L8. */
import { assert, assertEquals } from "@std/assert";
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

const COVER = [[-1, -1], [3, -1], [-1, 3]] as const;
const IDENTITY = 0o3210, ONES = [1, 1, 1, 1].map(floatBits);

function format(name: string): number {
  const found = VIRGL_FORMATS.find((info) => info.name === name);
  if (found === undefined) throw new TypeError(`Cannot find format ${name}`);
  return found.number;
}

const BGRA = format("B8G8R8A8_UNORM");

function shader(client: TestClient, handle: number, text: string): void {
  const bytes = new Uint8Array(Math.ceil((text.length + 1) / 4) * 4);
  new TextEncoder().encodeInto(text, bytes);
  client.create(VIRGL_OBJECT_SHADER, handle, 1, text.length + 1, 300, 0, ...new Uint32Array(bytes.buffer));
  client.run(VIRGL_CCMD_BIND_SHADER, handle, 1);
}

/** A client that draws into one pixel. @returns the picture */
function ready(client: TestClient, name = "B8G8R8A8_UNORM"): number {
  const picture = client.make({ width: 1, height: 1, format: format(name) });
  client.render([[picture, format(name)]]);
  client.prepareDraws(1, 1);
  return picture;
}

function bytes(client: TestClient, picture: number): number[] {
  return [...client.read(picture)];
}

/** Draws over the pixel. @returns its red, green, blue and alpha, of a BGRA picture */
function drawn(client: TestClient, picture: number): number[] {
  client.draw(...COVER);
  const [b, g, r, a] = bytes(client, picture);
  return [r, g, b, a];
}

/** A fragment shader that reads texel 1 of two buffers: the first with FLOAT, red and green from there; blue and alpha of the second. */
const BUFFERS = `FRAG
DCL OUT[0], COLOR
DCL TEMP[0..1]
DCL SAMP[0]
DCL SAMP[1]
DCL SVIEW[0], BUFFER, FLOAT
DCL SVIEW[1], BUFFER, FLOAT
IMM[0] UINT32 {1, 0, 0, 0}
  0: TXF TEMP[0], IMM[0].xxxx, SAMP[0], BUFFER
  1: TXF TEMP[1], IMM[0].xxxx, SAMP[1], BUFFER
  2: MOV OUT[0], TEMP[0]
  3: END
`;

Deno.test("texels of buffers are swizzled as their formats are: A8, L8, L8A8, and by the view", async () => {
  await withClient((client) => {
    const picture = ready(client), buffer = client.makeBuffer(64);
    client.write(buffer, Uint8Array.of(10, 20, 30, 40, ...new Array(60).fill(0)));
    let handle = 700;
    const view = (name: string, swizzle = IDENTITY): number => {
      client.create(VIRGL_OBJECT_SAMPLER_VIEW, ++handle, buffer, format(name), 0, 1, swizzle);
      return handle;
    };
    const swapped = BUFFERS.replace("OUT[0], TEMP[0]", "OUT[0], TEMP[1]");
    shader(client, 610, BUFFERS);
    shader(client, 611, swapped);
    const both = (first: number, second: number): number[][] => {
      client.run(VIRGL_CCMD_SET_SAMPLER_VIEWS, 1, 0, first, second);
      return [610, 611].map((handle) => {
        client.run(VIRGL_CCMD_BIND_SHADER, handle, 1);
        return drawn(client, picture);
      });
    };
    const red = view("R8_UNORM"), alpha = view("A8_UNORM"), luminance = view("L8_UNORM"), two = view("L8A8_UNORM");
    assertEquals(both(red, red), [[20, 0, 0, 255], [20, 0, 0, 255]]);
    assertEquals(both(alpha, red), [[0, 0, 0, 20], [20, 0, 0, 255]]);
    assertEquals(both(red, alpha), [[20, 0, 0, 255], [0, 0, 0, 20]]);
    assertEquals(both(luminance, two), [[20, 20, 20, 255], [30, 30, 30, 40]]);
    // The view's after the format's: alpha, 1, 0, luminance.
    assertEquals(both(view("L8A8_UNORM", 3 | 5 << 3 | 4 << 6 | 0 << 9), view("R8_UNORM", 0)), [[40, 255, 0, 30], [
      20,
      20,
      20,
      20,
    ]]);
  });
});

Deno.test("texels of integer buffers have an integer 1 where there is no alpha", async () => {
  await withClient((client) => {
    const picture = ready(client, "R8G8B8A8_UINT"), buffer = client.makeBuffer(16);
    client.write(buffer, Uint8Array.of(10, 20, ...new Array(14).fill(0)));
    shader(client, 610, BUFFERS.replaceAll("BUFFER, FLOAT", "BUFFER, UINT"));
    client.create(VIRGL_OBJECT_SAMPLER_VIEW, 700, buffer, format("L8_UINT"), 0, 15, IDENTITY);
    client.create(VIRGL_OBJECT_SAMPLER_VIEW, 701, buffer, format("A8_UINT"), 0, 15, IDENTITY);
    client.run(VIRGL_CCMD_SET_SAMPLER_VIEWS, 1, 0, 700, 700);
    client.draw(...COVER);
    assertEquals(bytes(client, picture), [20, 20, 20, 1]);
    client.run(VIRGL_CCMD_SET_SAMPLER_VIEWS, 1, 0, 701, 700);
    client.draw(...COVER);
    assertEquals(bytes(client, picture), [0, 0, 0, 20]);
  });
});

/** S0 of a sampler: the same wrapping in all directions, linear filters, no mipmaps. */
function linear(wrap: number): number {
  return wrap * 0o111 | 1 << 9 | 2 << 11 | 1 << 13;
}

/** A fragment shader that samples a texture at a constant place. */
function sampling(target: string, x: number, y: number): string {
  return `FRAG
DCL OUT[0], COLOR
DCL SAMP[0]
DCL SVIEW[0], ${target}, FLOAT
IMM[0] FLT32 {${x.toFixed(4)}, ${y.toFixed(4)}, 0.0, 1.0}
  0: TEX OUT[0], IMM[0], SAMP[0], ${target}
  1: END
`;
}

Deno.test("GL_CLAMP mixes the edge with the border half and half, however far away", async () => {
  await withClient((client) => {
    const picture = ready(client), texture = client.make({ width: 1, height: 1, format: format("R8G8B8A8_UNORM") });
    client.write(texture, Uint8Array.of(255, 255, 255, 255));
    client.create(VIRGL_OBJECT_SAMPLER_VIEW, 700, texture, format("R8G8B8A8_UNORM"), 0, 0, IDENTITY);
    client.run(VIRGL_CCMD_SET_SAMPLER_VIEWS, 1, 0, 700);
    const CLAMP = 1, EDGE = 2, BORDER = 3;
    for (const wrap of [CLAMP, EDGE, BORDER]) {
      client.create(VIRGL_OBJECT_SAMPLER_STATE, 710 + wrap, linear(wrap), 0, 0, 0, 0, 0, 0, 0);
    }
    client.create(VIRGL_OBJECT_SAMPLER_STATE, 720, CLAMP * 0o111 | 2 << 11, 0, 0, 0, 0, 0, 0, 0);
    let handle = 610;
    const sampled = (sampler: number, target: string, x: number, y: number): number => {
      shader(client, ++handle, sampling(target, x, y));
      client.run(VIRGL_CCMD_BIND_SAMPLER_STATES, 1, 0, sampler);
      return drawn(client, picture)[0];
    };
    const near = (value: number, wanted: number) => assert(Math.abs(value - wanted) <= 1, `${value}, not ${wanted}`);
    for (const [x, y, wanted] of [[0.5, 0.5, 255], [-3, 0.5, 128], [7, 0.5, 128], [0.5, -3, 128], [-3, -3, 64]]) {
      near(sampled(710 + CLAMP, "2D", x, y), wanted);
      near(sampled(710 + CLAMP, "RECT", x, y), wanted);
    }
    assertEquals(sampled(710 + EDGE, "2D", -3, 0.5), 255);
    assertEquals(sampled(710 + BORDER, "2D", -3, 0.5), 0);
    // Nearest: the edge.
    assertEquals(sampled(720, "2D", -3, 0.5), 255);
    // The same shader with another sampler.
    client.run(VIRGL_CCMD_BIND_SAMPLER_STATES, 1, 0, 710 + CLAMP);
    near(drawn(client, picture)[0], 128);
    client.run(VIRGL_CCMD_BIND_SAMPLER_STATES, 1, 0, 710 + BORDER);
    assertEquals(drawn(client, picture)[0], 0);
  });
});

function blend(client: TestClient, handle: number, word: number): void {
  client.create(VIRGL_OBJECT_BLEND, handle, 0, 0, ...new Array<number>(8).fill(word));
  client.submit([VIRGL_CMD0(VIRGL_CCMD_BIND_OBJECT, VIRGL_OBJECT_BLEND, 1), handle]);
}

/** A fragment shader of one colour. */
function colour(...values: number[]): string {
  return `FRAG
DCL OUT[0], COLOR
IMM[0] FLT32 {${values.map((value) => value.toFixed(6)).join(", ")}}
  0: MOV OUT[0], IMM[0]
  1: END
`;
}

const ADD = 1, MASK_A = 8 << 27, MASK_RGB = 7 << 27, ALL = 15 << 27, F = { one: 1, srcAlpha: 3, dstAlpha: 4, zero: 17 };
/** A target's word: rgb factors, alpha factors. */
function equation(source: number, target: number, alphaSource: number, alphaTarget: number): number {
  return ADD | source << 4 | target << 9 | alphaSource << 17 | alphaTarget << 22 | ALL;
}

Deno.test("A8 is rendered to with alpha: cleared, drawn, masked, blended by alpha's equation, blit", async () => {
  await withClient((client) => {
    const picture = ready(client, "A8_UNORM"), value = () => bytes(client, picture)[0];
    client.run(VIRGL_CCMD_CLEAR, 4, floatBits(1), floatBits(1), floatBits(1), floatBits(0.2), 0, 0, 0);
    assertEquals(value(), 51);
    shader(client, 610, colour(1, 1, 1, 0.4));
    client.draw(...COVER);
    assertEquals(value(), 102);
    // Within a pass, too.
    client.draw(...COVER);
    client.run(VIRGL_CCMD_CLEAR, 4, floatBits(1), floatBits(1), floatBits(1), floatBits(0.6), 0, 0, 0);
    assertEquals(value(), 153);
    blend(client, 620, MASK_RGB);
    client.draw(...COVER);
    assertEquals(value(), 153);
    blend(client, 621, MASK_A);
    client.draw(...COVER);
    assertEquals(value(), 102);
    // Rgb's equation would give 0; alpha's: 0.4 * 0.4 + 0.4 * 1.
    blend(client, 622, equation(F.zero, F.zero, F.dstAlpha, F.one));
    client.draw(...COVER);
    assertEquals(value(), Math.round((0.4 * 0.4 + 0.4) * 255));
    const source = client.make({ width: 1, height: 1, format: BGRA });
    client.write(source, Uint8Array.of(1, 2, 3, 77));
    client.run(VIRGL_CCMD_BLIT, 15, 0, 0, ...side(picture, format("A8_UNORM")), ...side(source, BGRA));
    assertEquals(value(), 77);
    const back = client.make({ width: 1, height: 1, format: BGRA });
    client.run(VIRGL_CCMD_BLIT, 15, 0, 0, ...side(back, BGRA), ...side(picture, format("A8_UNORM")));
    assertEquals(bytes(client, back), [0, 0, 0, 77]);
  });
});

/** A side of a blit of one pixel. */
function side(id: number, number: number): number[] {
  return [id, 0, number, 0, 0, 0, 1, 1, 1];
}

Deno.test("L8 is rendered to with red, and its alpha is 1", async () => {
  await withClient((client) => {
    const picture = ready(client, "L8_UNORM"), value = () => bytes(client, picture)[0];
    client.run(VIRGL_CCMD_CLEAR, 4, floatBits(0.2), ...ONES.slice(1), 0, 0, 0);
    assertEquals(value(), 51);
    shader(client, 610, colour(0.4, 1, 1, 0.5));
    // The source times the destination's alpha.
    blend(client, 620, equation(F.dstAlpha, F.zero, F.one, F.zero));
    client.draw(...COVER);
    assertEquals(value(), 102);
    blend(client, 621, equation(F.srcAlpha, F.zero, F.one, F.zero));
    client.draw(...COVER);
    assertEquals(value(), 51);
    const back = client.make({ width: 1, height: 1, format: BGRA });
    client.run(VIRGL_CCMD_BLIT, 15, 0, 0, ...side(back, BGRA), ...side(picture, format("L8_UNORM")));
    assertEquals(bytes(client, back), [51, 51, 51, 255]);
  });
});

Deno.test("A8 beside another attachment: each has what it holds", async () => {
  await withClient((client) => {
    const alpha = client.make({ width: 1, height: 1, format: format("A8_UNORM") });
    const other = client.make({ width: 1, height: 1, format: BGRA });
    client.render([[other, BGRA], [alpha, format("A8_UNORM")]]);
    client.prepareDraws(1, 1);
    client.run(VIRGL_CCMD_CLEAR, 12, floatBits(1), 0, 0, floatBits(0.2), 0, 0, 0);
    assertEquals([bytes(client, other), bytes(client, alpha)], [[0, 0, 255, 51], [51]]);
    shader(client, 610, colour(0, 1, 0, 0.4).replace("FRAG\n", "FRAG\nPROPERTY FS_COLOR0_WRITES_ALL_CBUFS 1\n"));
    client.draw(...COVER);
    assertEquals([bytes(client, other), bytes(client, alpha)], [[0, 255, 0, 102], [102]]);
  });
});

Deno.test("BLIT with the linear filter averages depth, as mipmaps want, and a nearest one does not", async () => {
  await withClient((client) => {
    const number = format("Z32_FLOAT"), depth = client.make({ width: 4, height: 2, format: number, lastLevel: 1 });
    client.write(depth, new Uint8Array(Float32Array.of(0, 1, 0.5, 0.5, 0.25, 0.75, 0.5, 0.5).buffer));
    const halve = (s0: number): number[] => {
      const box = (width: number, height: number) => [0, 0, 0, width, height, 1];
      client.run(VIRGL_CCMD_BLIT, s0, 0, 0, depth, 1, number, ...box(2, 1), depth, 0, number, ...box(4, 2));
      return [...new Float32Array(client.read(depth, 1).buffer)];
    };
    const Z = 16, LINEAR = 1 << 8;
    assertEquals(halve(Z | LINEAR), [0.5, 0.5]);
    assert(halve(Z)[0] !== 0.5);
  });
});

Deno.test("signed fractions blend, clamped to -1..1, or are not rendered to", async () => {
  const number = format("R8G8B8A8_SNORM"),
    bytesOf = (...values: number[]) => values.map((value) => Math.round(value * 127));
  await withClient((client) => {
    if (client.virgl.formats.of(number)?.canRender !== true) return;
    const picture = client.make({ width: 1, height: 1, format: number });
    client.render([[picture, number]]);
    client.prepareDraws(1, 1);
    client.run(VIRGL_CCMD_CLEAR, 4, ...[0.5, -0.5, 0.8, 0.25].map(floatBits), 0, 0, 0);
    // The source times its alpha, plus what is there.
    blend(client, 620, equation(F.srcAlpha, F.one, F.srcAlpha, F.one));
    shader(client, 610, colour(0.5, 1, -4, 0.5));
    client.draw(...COVER);
    const signed = new Int8Array(client.read(picture).buffer);
    bytesOf(0.75, 0, 0.3, 0.5).forEach((value, i) => assert(Math.abs(signed[i] - value) <= 1, `${signed}`));
  }, { validation: false });
  await withClient((client) => {
    const info = client.virgl.formats.of(number);
    assertEquals(info?.canRender, info?.canBlend);
  });
});

Deno.test("depth is filtered, and so are comparisons, where the driver can", async () => {
  const number = format("Z32_FLOAT");
  const text = (target: string) =>
    `FRAG
DCL OUT[0], COLOR
DCL SAMP[0]
DCL SVIEW[0], ${target}, FLOAT
IMM[0] FLT32 {0.5, 0.5, 0.5, 0.5}
  0: TEX OUT[0].x, IMM[0], SAMP[0], ${target}
  1: END
`;
  for (const validation of [false, true]) {
    await withClient((client) => {
      const picture = ready(client), depth = client.make({ width: 2, height: 1, format: number });
      client.write(depth, new Uint8Array(Float32Array.of(0, 1).buffer));
      client.create(VIRGL_OBJECT_SAMPLER_VIEW, 700, depth, number, 0, 0, IDENTITY);
      client.run(VIRGL_CCMD_SET_SAMPLER_VIEWS, 1, 0, 700);
      const EDGE = 2, LESS = 1;
      client.create(VIRGL_OBJECT_SAMPLER_STATE, 710, linear(EDGE), 0, 0, 0, 0, 0, 0, 0);
      client.create(VIRGL_OBJECT_SAMPLER_STATE, 711, linear(EDGE) | 1 << 15 | LESS << 16, 0, 0, 0, 0, 0, 0, 0);
      const filters = client.virgl.formats.of(number)?.canFilter === true;
      for (const [sampler, target, handle] of [[710, "2D", 610], [711, "SHADOW2D", 611]] as const) {
        client.run(VIRGL_CCMD_BIND_SAMPLER_STATES, 1, 0, sampler);
        shader(client, handle, text(target));
        const [red] = drawn(client, picture);
        if (filters) assert(Math.abs(red - 128) <= 1, `${target}: ${red}`);
        else assert(red === 0 || red === 255, `${target}: ${red}`);
      }
    }, { validation });
  }
});
