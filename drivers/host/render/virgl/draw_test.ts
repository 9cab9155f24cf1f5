import { assertEquals, assertThrows } from "@std/assert";
import {
  VIRGL_FORMAT_B8G8R8A8_UNORM,
  VIRGL_FORMAT_B8G8R8X8_UNORM,
  VIRGL_FORMAT_R8G8B8A8_UNORM,
  VIRGL_FORMAT_Z32_FLOAT,
} from "../../../../uapi/virgl_format.ts";
import {
  VIRGL_CCMD_BIND_OBJECT,
  VIRGL_CCMD_BIND_SAMPLER_STATES,
  VIRGL_CCMD_BIND_SHADER,
  VIRGL_CCMD_CLEAR,
  VIRGL_CCMD_DRAW_VBO,
  VIRGL_CCMD_SET_CONSTANT_BUFFER,
  VIRGL_CCMD_SET_INDEX_BUFFER,
  VIRGL_CCMD_SET_SAMPLER_VIEWS,
  VIRGL_CCMD_SET_SCISSOR_STATE,
  VIRGL_CCMD_SET_UNIFORM_BUFFER,
  VIRGL_CCMD_SET_VERTEX_BUFFERS,
  VIRGL_CCMD_SET_VIEWPORT_STATE,
  VIRGL_CMD0,
  VIRGL_OBJECT_BLEND,
  VIRGL_OBJECT_DSA,
  VIRGL_OBJECT_RASTERIZER,
  VIRGL_OBJECT_SAMPLER_STATE,
  VIRGL_OBJECT_SAMPLER_VIEW,
  VIRGL_OBJECT_SHADER,
  VIRGL_OBJECT_VERTEX_ELEMENTS,
} from "../../../../uapi/virgl_protocol.ts";
import { floatBits, type TestClient, withClient } from "./copies_testing.ts";
import { VirglRefusal } from "./refusal.ts";

const SIZE = 4, BGRA = VIRGL_FORMAT_B8G8R8A8_UNORM;
const COVER = [[-1, -1], [3, -1], [-1, 3]] as const;

/** A client that is ready to draw white into a black picture. */
function ready(client: TestClient, format = BGRA): number {
  const picture = client.make({ width: SIZE, height: SIZE, format });
  client.render([[picture, format]]);
  client.prepareDraws(SIZE, SIZE);
  return picture;
}

function bind(client: TestClient, type: number, handle: number, ...words: number[]): void {
  client.create(type, handle, ...words);
  client.submit([VIRGL_CMD0(VIRGL_CCMD_BIND_OBJECT, type, 1), handle]);
}

function shader(client: TestClient, handle: number, stage: number, text: string): void {
  const bytes = new Uint8Array(Math.ceil((text.length + 1) / 4) * 4);
  new TextEncoder().encodeInto(text, bytes);
  client.create(VIRGL_OBJECT_SHADER, handle, stage, text.length + 1, 300, 0, ...new Uint32Array(bytes.buffer));
  client.run(VIRGL_CCMD_BIND_SHADER, handle, stage);
}

/** Red of each pixel, row by row. */
function red(client: TestClient, picture: number): string[] {
  const bytes = client.read(picture);
  return Array.from(
    { length: SIZE },
    (_, y) => Array.from({ length: SIZE }, (_, x) => bytes[(y * SIZE + x) * 4 + 2] > 127 ? "#" : ".").join(""),
  );
}

function pixel(client: TestClient, picture: number): number[] {
  return [...client.read(picture).subarray(0, 4)];
}

/** S0 of a rasterizer: halfz, half_pixel_center, depth_clip. */
const RASTER = 1 << 1 | 1 << 2 | 1 << 29;
function rasterizer(client: TestClient, handle: number, flags: number): void {
  bind(client, VIRGL_OBJECT_RASTERIZER, handle, flags, floatBits(1), 0, 0, floatBits(1), 0, 0, 0);
}

Deno.test("a viewport of positive scale has row 0 at clip y -1", async () => {
  await withClient((client) => {
    const picture = ready(client);
    client.draw([-1, -1], [1, -1], [-1, 0], [-1, 0], [1, -1], [1, 0]);
    assertEquals(red(client, picture), ["####", "####", "....", "...."]);
    const flipped = [SIZE / 2, -SIZE / 2, 1, SIZE / 2, SIZE / 2, 0].map(floatBits);
    client.run(VIRGL_CCMD_SET_VIEWPORT_STATE, 0, ...flipped);
    client.run(VIRGL_CCMD_CLEAR, 4, 0, 0, 0, 0, 0, 0, 0);
    client.draw([-1, -1], [1, -1], [-1, 0], [-1, 0], [1, -1], [1, 0]);
    assertEquals(red(client, picture), ["....", "....", "####", "####"]);
  });
});

Deno.test("scissors cut, and do not when the rasterizer says so", async () => {
  await withClient((client) => {
    const picture = ready(client);
    client.run(VIRGL_CCMD_SET_SCISSOR_STATE, 0, 1 | 1 << 16, 3 | 0xffff << 16);
    rasterizer(client, 601, RASTER | 1 << 14);
    client.draw(...COVER);
    assertEquals(red(client, picture), ["....", ".##.", ".##.", ".##."]);
    rasterizer(client, 602, RASTER);
    client.draw(...COVER);
    assertEquals(red(client, picture), ["####", "####", "####", "####"]);
  });
});

Deno.test("front_ccw and cull_face choose faces in the picture's own orientation", async () => {
  await withClient((client) => {
    const picture = ready(client);
    const drawn = (flags: number): boolean => {
      client.run(VIRGL_CCMD_CLEAR, 4, 0, 0, 0, 0, 0, 0, 0);
      rasterizer(client, 601, RASTER | flags);
      client.draw(...COVER); // right, then down: turns right as seen
      return red(client, picture)[0] === "####";
    };
    assertEquals([drawn(0), drawn(1 << 8), drawn(2 << 8)], [true, false, true]);
    assertEquals([drawn(1 << 15 | 1 << 8), drawn(1 << 15 | 2 << 8), drawn(3 << 8)], [true, false, false]);
  });
});

Deno.test("formats without alpha blend with a destination alpha of 1", async () => {
  // ADD, factors of colour ZERO and INV_DST_ALPHA: the picture goes black where alpha is 1.
  const word = 1 | 17 << 4 | 20 << 9 | 17 << 17 | 20 << 22 | 0xf << 27;
  const blended = async (format: number): Promise<number> => {
    let value = -1;
    await withClient((client) => {
      const picture = ready(client, format);
      client.run(VIRGL_CCMD_CLEAR, 4, floatBits(1), floatBits(1), floatBits(1), 0, 0, 0, 0);
      bind(client, VIRGL_OBJECT_BLEND, 603, 0, 0, ...new Array<number>(8).fill(word));
      client.draw(...COVER);
      value = pixel(client, picture)[2];
    });
    return value;
  };
  assertEquals(await blended(BGRA), 255);
  assertEquals(await blended(VIRGL_FORMAT_B8G8R8X8_UNORM), 0);
});

Deno.test("colour masks keep components", async () => {
  await withClient((client) => {
    const picture = ready(client);
    bind(client, VIRGL_OBJECT_BLEND, 603, 0, 0, ...new Array<number>(8).fill(5 << 27));
    client.draw(...COVER);
    assertEquals(pixel(client, picture), [255, 0, 255, 0]);
  });
});

Deno.test("depth is tested and written where there is some, and ignored where there is none", async () => {
  await withClient((client) => {
    const picture = client.make({ width: SIZE, height: SIZE, format: BGRA });
    const depth = client.make({ width: SIZE, height: SIZE, format: VIRGL_FORMAT_Z32_FLOAT });
    client.render([[picture, BGRA]]);
    client.prepareDraws(SIZE, SIZE);
    bind(client, VIRGL_OBJECT_DSA, 604, 1 | 2 | 1 << 2, 0, 0, 0); // LESS
    client.draw(...COVER);
    assertEquals(red(client, picture)[0], "####");
    client.render([[picture, BGRA]], [depth, VIRGL_FORMAT_Z32_FLOAT]);
    client.run(VIRGL_CCMD_CLEAR, 5, 0, 0, 0, 0, 0, 0, 0); // depth 0: nothing is less
    client.draw(...COVER);
    assertEquals(red(client, picture)[0], "....");
    client.run(VIRGL_CCMD_CLEAR, 1, 0, 0, 0, 0, 0, 0x3ff0_0000, 0);
    client.draw(...COVER);
    assertEquals(red(client, picture)[0], "####");
    assertEquals(new Float32Array(client.read(depth).buffer)[0], 0);
  });
});

const CONSTANT_SHADER = `FRAG
DCL OUT[0], COLOR
DCL CONST[0..1]
  0: MOV OUT[0], CONST[1]
  1: END
`;

Deno.test("constants come with the command, survive submissions, and are zero beyond their end", async () => {
  await withClient((client) => {
    const picture = ready(client);
    shader(client, 610, 1, CONSTANT_SHADER);
    client.run(VIRGL_CCMD_SET_CONSTANT_BUFFER, 1, 0, 0, 0, 0, 0, ...[1, 0, 0, 1].map(floatBits));
    client.draw(...COVER);
    assertEquals(pixel(client, picture), [0, 0, 255, 255]);
    client.finish();
    client.draw(...COVER);
    assertEquals(pixel(client, picture), [0, 0, 255, 255]);
    client.run(VIRGL_CCMD_SET_CONSTANT_BUFFER, 1, 0, ...[1, 1, 1, 1].map(floatBits));
    client.draw(...COVER);
    assertEquals(pixel(client, picture), [0, 0, 0, 0]);
  });
});

Deno.test("a uniform buffer takes the place of constants, and zeros that of what is not bound", async () => {
  await withClient((client) => {
    const picture = ready(client), buffer = client.makeBuffer(512);
    shader(
      client,
      610,
      1,
      CONSTANT_SHADER.replace("CONST[0..1]", "CONST[1][0..1]").replace("CONST[1]\n", "CONST[1][1]\n"),
    );
    client.draw(...COVER);
    assertEquals(pixel(client, picture), [0, 0, 0, 0]);
    const bytes = new Uint8Array(512);
    new Float32Array(bytes.buffer).set([0, 1, 0, 1], (256 + 16) / 4);
    client.write(buffer, bytes);
    client.run(VIRGL_CCMD_SET_UNIFORM_BUFFER, 1, 1, 256, 64, buffer);
    client.draw(...COVER);
    assertEquals(pixel(client, picture), [0, 255, 0, 255]);
    assertThrows(() => client.run(VIRGL_CCMD_SET_UNIFORM_BUFFER, 1, 1, 1, 64, buffer), VirglRefusal);
  });
});

Deno.test("indices: offsets, restart at any, no more than the buffer has", async () => {
  await withClient((client) => {
    const picture = ready(client), indices = client.makeBuffer(64), vertices = client.makeBuffer(64);
    client.write(indices, new Uint8Array(Uint16Array.of(9, 0, 1, 2, 0xffff, 3, 0, 0, ...new Array(24).fill(0)).buffer));
    const corners = [[-1, -1], [1, -1], [-1, 1], [1, 1]];
    client.write(vertices, new Uint8Array(Float32Array.from(corners.flatMap(([x, y]) => [x, y, 0, 1])).buffer));
    client.run(VIRGL_CCMD_SET_VERTEX_BUFFERS, 16, 0, vertices);
    client.run(VIRGL_CCMD_SET_INDEX_BUFFER, indices, 2, 2);
    const draw = (count: number, restart: number, index: number) =>
      client.run(VIRGL_CCMD_DRAW_VBO, 1, count, 5, 1, 1, 0, 0, restart, index, 0, 3, 0);
    draw(5, 1, 0xffff);
    assertEquals(red(client, picture), ["###.", "##..", "#...", "...."]);
    draw(0xffff_ff00, 1, 0xffff_ffff);
    client.run(VIRGL_CCMD_CLEAR, 4, 0, 0, 0, 0, 0, 0, 0);
    client.write(indices, new Uint8Array(Uint16Array.of(9, 0, 1, 2, 77, 3, 0, 0, ...new Array(24).fill(0)).buffer));
    draw(5, 1, 77);
    assertEquals(red(client, picture), ["###.", "##..", "#...", "...."]);
    draw(5, 1, 0xffff);
  });
});

Deno.test("vertex elements without a buffer, or beyond it, are zero", async () => {
  await withClient((client) => {
    const picture = ready(client);
    client.run(VIRGL_CCMD_SET_VERTEX_BUFFERS);
    client.run(VIRGL_CCMD_DRAW_VBO, 0, 3, 4, 0, 1, 0, 0, 0, 0, 0, 2, 0);
    bind(client, VIRGL_OBJECT_VERTEX_ELEMENTS, 620);
    client.draw(...COVER);
    assertEquals(red(client, picture)[0], "....");
  });
});

const TEXTURE_SHADER = `FRAG
DCL OUT[0], COLOR
DCL SAMP[0]
DCL SVIEW[0], 2D, FLOAT
IMM[0] FLT32 {0.5, 0.5, 0.0, 0.0}
  0: TEX OUT[0], IMM[0], SAMP[0], 2D
  1: END
`;

Deno.test("views swizzle, and what is not bound reads as nothing", async () => {
  await withClient((client) => {
    const picture = ready(client), texture = client.make({ width: 1, height: 1, format: VIRGL_FORMAT_R8G8B8A8_UNORM });
    client.write(texture, Uint8Array.of(10, 20, 30, 40));
    shader(client, 610, 1, TEXTURE_SHADER);
    client.draw(...COVER);
    assertEquals(pixel(client, picture), [0, 0, 0, 0]);
    client.create(VIRGL_OBJECT_SAMPLER_STATE, 630, 2 << 11, 0, 0, 0, 0, 0, 0, 0);
    client.create(
      VIRGL_OBJECT_SAMPLER_VIEW,
      631,
      texture,
      VIRGL_FORMAT_R8G8B8A8_UNORM,
      0,
      0,
      2 | 1 << 3 | 0 << 6 | 5 << 9,
    );
    client.run(VIRGL_CCMD_BIND_SAMPLER_STATES, 1, 0, 630);
    client.run(VIRGL_CCMD_SET_SAMPLER_VIEWS, 1, 0, 631);
    client.draw(...COVER);
    assertEquals(pixel(client, picture), [10, 20, 30, 255]);
  });
});

Deno.test("a texture that is rendered to may be sampled in the next draw", async () => {
  await withClient((client) => {
    const picture = ready(client);
    client.draw(...COVER);
    shader(client, 610, 1, TEXTURE_SHADER);
    client.create(VIRGL_OBJECT_SAMPLER_STATE, 630, 2 << 11, 0, 0, 0, 0, 0, 0, 0);
    client.create(VIRGL_OBJECT_SAMPLER_VIEW, 631, picture, BGRA, 0, 0, 0 | 5 << 3 | 5 << 6 | 5 << 9);
    client.run(VIRGL_CCMD_BIND_SAMPLER_STATES, 1, 0, 630);
    client.run(VIRGL_CCMD_SET_SAMPLER_VIEWS, 1, 0, 631);
    client.draw(...COVER);
    client.draw(...COVER);
    assertEquals(pixel(client, picture), [255, 255, 255, 255]);
  });
});

Deno.test("draws that lack something are refused, and so are handles of other things", async () => {
  await withClient((client) => {
    const draw = () => client.draw(...COVER);
    ready(client);
    draw();
    client.run(VIRGL_CCMD_BIND_SHADER, 0, 1);
    assertThrows(draw, VirglRefusal, "no fragment shader");
    const picture = client.make({ width: SIZE, height: SIZE, format: BGRA });
    client.render([[picture, BGRA]]);
    assertThrows(draw, VirglRefusal, "missing");
    client.prepareDraws(SIZE, SIZE);
    draw(); // to no framebuffer: nothing happens
    assertThrows(() => client.submit([VIRGL_CMD0(VIRGL_CCMD_BIND_OBJECT, VIRGL_OBJECT_BLEND, 1), 505]), VirglRefusal);
    client.prepareDraws(SIZE, SIZE);
    assertThrows(() => client.run(VIRGL_CCMD_BIND_SHADER, 501, 1), VirglRefusal, "is for 0");
    assertThrows(() => client.run(VIRGL_CCMD_DRAW_VBO, 0, 3, 7, 0, 1, 0, 0, 0, 0, 0, 2, 0), VirglRefusal);
  });
});
