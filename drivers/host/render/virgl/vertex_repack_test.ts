import { assertEquals } from "@std/assert";
import {
  VIRGL_FORMAT_B8G8R8A8_UNORM,
  VIRGL_FORMAT_R32G32B32A32_FLOAT,
  VIRGL_FORMAT_R8G8B8_UNORM,
} from "../../../../uapi/virgl_format.ts";
import { virglFormat } from "../../../../uapi/virgl_format.ts";
import {
  VIRGL_CCMD_BIND_OBJECT,
  VIRGL_CCMD_BIND_SHADER,
  VIRGL_CCMD_CLEAR,
  VIRGL_CCMD_DRAW_VBO,
  VIRGL_CCMD_RESOURCE_COPY_REGION,
  VIRGL_CCMD_SET_INDEX_BUFFER,
  VIRGL_CCMD_SET_VERTEX_BUFFERS,
  VIRGL_CMD0,
  VIRGL_OBJECT_SHADER,
  VIRGL_OBJECT_VERTEX_ELEMENTS,
} from "../../../../uapi/virgl_protocol.ts";
import { type TestClient, withClient } from "./copies_testing.ts";
import { vertexFetch } from "./vertex_formats.ts";

const SIZE = 4, BGRA = VIRGL_FORMAT_B8G8R8A8_UNORM, POSITION = VIRGL_FORMAT_R32G32B32A32_FLOAT;
/** A triangle that covers everything, and one that covers nothing. */
const COVER = [-1, -1, 0, 1, 3, -1, 0, 1, -1, 3, 0, 1], NOTHING = [5, 5, 0, 1, 5, 5, 0, 1, 5, 5, 0, 1];

/** Values of some bytes each, at an offset, a stride apart. */
function scattered(size: number, offset: number, stride: number, each: number, values: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(size).fill(0xee);
  for (let i = 0; i * each < values.length; i++) {
    bytes.set(values.subarray(i * each, i * each + each), offset + i * stride);
  }
  return bytes;
}

function floats(values: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}

function picture(client: TestClient): number {
  const id = client.make({ width: SIZE, height: SIZE, format: BGRA });
  client.render([[id, BGRA]]);
  client.prepareDraws(SIZE, SIZE);
  return id;
}

/** Clears, draws, and says whether pixel 0 is white. */
function white(client: TestClient, id: number, ...draw: number[]): boolean {
  client.run(VIRGL_CCMD_CLEAR, 4, 0, 0, 0, 0, 0, 0, 0);
  client.run(VIRGL_CCMD_DRAW_VBO, ...draw);
  return client.read(id)[0] === 255;
}

const THREE = [0, 3, 4, 0, 1, 0, 0, 0, 0, 0, 2, 0], NEXT_THREE = [3, ...THREE.slice(1)];

Deno.test("attributes at odd offsets and strides are fetched all the same", async () => {
  await withClient((client) => {
    const id = picture(client), vertices = client.makeBuffer(256);
    for (const [offset, stride] of [[1, 17], [3, 16], [0, 19], [2, 33]]) {
      client.write(vertices, scattered(256, offset, stride, 16, floats([...COVER, ...NOTHING])));
      client.run(VIRGL_CCMD_SET_VERTEX_BUFFERS, stride, offset, vertices);
      assertEquals(
        [white(client, id, ...THREE), white(client, id, ...NEXT_THREE)],
        [true, false],
        `${offset} ${stride}`,
      );
    }
  });
});

Deno.test("what is not aligned is fetched anew when the CPU or the GPU has written it", async () => {
  await withClient((client) => {
    const id = picture(client), vertices = client.makeBuffer(64), other = client.makeBuffer(64);
    const shown = () => white(client, id, ...THREE);
    client.write(vertices, scattered(64, 1, 16, 16, floats(COVER)));
    client.write(other, scattered(64, 1, 16, 16, floats(NOTHING)));
    client.run(VIRGL_CCMD_SET_VERTEX_BUFFERS, 16, 1, vertices);
    assertEquals([shown(), shown()], [true, true]);
    client.run(VIRGL_CCMD_RESOURCE_COPY_REGION, vertices, 0, 0, 0, 0, other, 0, 0, 0, 0, 64, 1, 1);
    assertEquals(shown(), false);
    client.write(vertices, scattered(64, 1, 16, 16, floats(COVER)));
    assertEquals(shown(), true);
  });
});

Deno.test("values that overlap, strides of 0, and strides of any length", async () => {
  await withClient((client) => {
    const id = picture(client), vertices = client.makeBuffer(1 << 20);
    // x, y of each vertex is z, w of the one before it.
    client.write(vertices, scattered(1 << 20, 0, 1, 1, floats([-1, -1, 3, 1, 0, 1, 0, 1])));
    client.run(VIRGL_CCMD_SET_VERTEX_BUFFERS, 8, 0, vertices);
    assertEquals(white(client, id, ...THREE), false);
    client.write(vertices, scattered(1 << 20, 1, 100_001, 16, floats(COVER)));
    client.run(VIRGL_CCMD_SET_VERTEX_BUFFERS, 100_001, 1, vertices);
    assertEquals(white(client, id, ...THREE), true);
    client.run(VIRGL_CCMD_SET_VERTEX_BUFFERS, 0, 1, vertices);
    assertEquals(white(client, id, ...THREE), false);
    client.run(VIRGL_CCMD_SET_VERTEX_BUFFERS, 0xffff_ffff, 1, vertices);
    assertEquals(white(client, id, ...THREE), false);
    client.run(VIRGL_CCMD_SET_VERTEX_BUFFERS, 17, 0xffff_fff1, vertices);
    assertEquals(white(client, id, ...THREE), false);
  });
});

Deno.test("indexed draws reach what lies beyond the range that they name, and no more than there is", async () => {
  await withClient((client) => {
    const id = picture(client), vertices = client.makeBuffer(256), indices = client.makeBuffer(16);
    client.write(vertices, scattered(256, 1, 17, 16, floats([...NOTHING, ...COVER])));
    client.run(VIRGL_CCMD_SET_VERTEX_BUFFERS, 17, 1, vertices);
    client.run(VIRGL_CCMD_SET_INDEX_BUFFER, indices, 2, 0);
    const draw = (list: readonly number[], bias: number, least: number, most: number): boolean => {
      client.write(indices, new Uint8Array(Uint16Array.from([...list, ...new Array(8).fill(0)].slice(0, 8)).buffer));
      return white(client, id, 0, 3, 4, 1, 1, bias, 0, 0, 0, least, most, 0);
    };
    assertEquals(draw([3, 4, 5], 0, 3, 5), true);
    assertEquals(draw([3, 4, 5], 0, 0, 0xffff_ffff), true);
    assertEquals(draw([1, 2, 3], 2, 1, 3), true);
    assertEquals(draw([5, 6, 7], -2, 5, 7), true);
    assertEquals(draw([0, 1, 2], 0, 0, 2), false);
    assertEquals(draw([0xffff, 0xfffe, 0xfffd], 0, 0, 0xffff_fffe), false);
    client.write(vertices, scattered(256, 1, 17, 16, floats([...NOTHING, ...COVER])));
    assertEquals(draw([3, 4, 5], 0, 0, 1), false);
  });
});

const COLOURED = `VERT
DCL IN[0]
DCL IN[1]
DCL OUT[0], POSITION
DCL OUT[1], GENERIC[0]
  0: MOV OUT[0], IN[0]
  1: MOV OUT[1], IN[1]
  2: END
`;
const COLOUR = `FRAG
DCL IN[0], GENERIC[0], PERSPECTIVE
DCL OUT[0], COLOR
  0: MOV OUT[0], IN[0]
  1: END
`;

function shader(client: TestClient, handle: number, stage: number, text: string): void {
  const bytes = new Uint8Array(Math.ceil((text.length + 1) / 4) * 4);
  new TextEncoder().encodeInto(text, bytes);
  client.create(VIRGL_OBJECT_SHADER, handle, stage, text.length + 1, 300, 0, ...new Uint32Array(bytes.buffer));
  client.run(VIRGL_CCMD_BIND_SHADER, handle, stage);
}

Deno.test("positions behind three bytes of colour, an instance's colour at a stride of three", async () => {
  await withClient((client) => {
    const id = picture(client), vertices = client.makeBuffer(128), colours = client.makeBuffer(16);
    shader(client, 610, 0, COLOURED);
    shader(client, 611, 1, COLOUR);
    client.write(vertices, scattered(128, 3, 19, 16, floats(COVER)));
    const colour = Uint8Array.of(1, 2, 3, 10, 20, 30, 40, 50, 60);
    for (let i = 0; i < 3; i++) client.write(vertices, coloured(client.read(vertices), i * 19));
    client.create(VIRGL_OBJECT_VERTEX_ELEMENTS, 620, 3, 0, 0, POSITION, 0, 0, 0, VIRGL_FORMAT_R8G8B8_UNORM);
    client.submit([VIRGL_CMD0(VIRGL_CCMD_BIND_OBJECT, VIRGL_OBJECT_VERTEX_ELEMENTS, 1), 620]);
    client.run(VIRGL_CCMD_SET_VERTEX_BUFFERS, 19, 0, vertices);
    client.run(VIRGL_CCMD_DRAW_VBO, ...THREE);
    assertEquals([...client.read(id).subarray(0, 4)], [9, 8, 7, 255]);
    client.write(colours, scattered(16, 1, 3, 3, colour));
    client.create(VIRGL_OBJECT_VERTEX_ELEMENTS, 621, 3, 0, 0, POSITION, 0, 2, 1, VIRGL_FORMAT_R8G8B8_UNORM);
    client.submit([VIRGL_CMD0(VIRGL_CCMD_BIND_OBJECT, VIRGL_OBJECT_VERTEX_ELEMENTS, 1), 621]);
    client.run(VIRGL_CCMD_SET_VERTEX_BUFFERS, 19, 0, vertices, 3, 1, colours);
    client.run(VIRGL_CCMD_DRAW_VBO, 0, 3, 4, 0, 4, 0, 1, 0, 0, 0, 2, 0);
    // Instances 1 to 4: the last one's value is 1 + 3 / 2.
    assertEquals([...client.read(id).subarray(0, 4)], [60, 50, 40, 255]);
  });
});

function coloured(bytes: Uint8Array, at: number): Uint8Array {
  bytes.set([7, 8, 9], at);
  return bytes;
}

Deno.test("vertexFetch of three components is four with one where GPUs have four alone", () => {
  const of = (name: string) => {
    for (let number = 0; number < 400; number++) {
      const info = virglFormat(number);
      if (info?.name === name) return vertexFetch(info, (vk) => vk !== 23 && vk !== 24 && vk !== 27 && vk !== 90);
    }
  };
  assertEquals(of("R8G8B8_UNORM"), { vk: 37, second: 0, type: "float", alignment: 0, fill: 255 });
  assertEquals(of("R8G8B8_SNORM"), { vk: 38, second: 0, type: "float", alignment: 0, fill: 127 });
  assertEquals(of("R16G16B16_FLOAT"), { vk: 97, second: 0, type: "float", alignment: 1, fill: 0x3c00 });
  assertEquals(of("R8G8B8_UINT")?.fill, 1);
  assertEquals(of("R8G8_UNORM")?.fill, 0);
});
