/** Clients that send more than the GPU keeps up with, or make without end what has no handle; and others beside them. */
import { assertEquals, assertGreater, assertLess, assertThrows } from "@std/assert";
import { DrmError } from "../../../../core/error.ts";
import { PIPE_PRIM_TRIANGLES, PIPE_TEXTURE_2D, PIPE_TEXTURE_2D_ARRAY } from "../../../../uapi/pipe.ts";
import { VIRGL_FORMAT_R32_FLOAT, VIRGL_FORMAT_R8G8B8A8_UNORM } from "../../../../uapi/virgl_format.ts";
import {
  VIRGL_CCMD_BIND_SHADER,
  VIRGL_CCMD_CREATE_OBJECT,
  VIRGL_CCMD_CREATE_SUB_CTX,
  VIRGL_CCMD_DESTROY_OBJECT,
  VIRGL_CCMD_DESTROY_SUB_CTX,
  VIRGL_CCMD_DRAW_VBO,
  VIRGL_CCMD_END_QUERY,
  VIRGL_CCMD_GET_QUERY_RESULT,
  VIRGL_CCMD_SET_CONSTANT_BUFFER,
  VIRGL_CCMD_SET_SUB_CTX,
  VIRGL_CCMD_SET_VERTEX_BUFFERS,
  VIRGL_CMD0,
  VIRGL_OBJECT_QUERY,
  VIRGL_OBJECT_SAMPLER_VIEW,
  VIRGL_OBJECT_SHADER,
  VIRGL_OBJECT_VERTEX_ELEMENTS,
  VIRGL_SHADER_GEOMETRY,
  VIRGL_SHADER_VERTEX,
} from "../../../../uapi/virgl_protocol.ts";
import { VIRTIO_GPU_CAPSET_VIRGL2 } from "../../../../uapi/virtio_gpu.ts";
import { VK_BUFFER_USAGE_TRANSFER_SRC_BIT } from "../../vulkan/mod.ts";
import { Budget } from "./budget.ts";
import { virglContexts } from "./contexts.ts";
import { TestClient, withClient } from "./copies_testing.ts";
import { LIMITS } from "./limits.ts";
import { Numbering } from "./numbering.ts";
import { VirglRefusal } from "./refusal.ts";
import { Ring } from "./ring.ts";
import { withVirgl } from "./testing.ts";
import type { Virgl } from "./virgl.ts";

const FORMAT = VIRGL_FORMAT_R8G8B8A8_UNORM, SIZE = 4;
const fast = { validation: false };
const run = (command: number, ...words: number[]) => [VIRGL_CMD0(command, 0, words.length), ...words];
const make = (type: number, ...words: number[]) => [VIRGL_CMD0(VIRGL_CCMD_CREATE_OBJECT, type, words.length), ...words];
const repeat = (count: number, words: readonly number[]) => Array.from({ length: count }, () => words).flat();

/** What a shader's CREATE_OBJECT says after its handle. */
function shaderWords(stage: number, text: string): number[] {
  const bytes = new Uint8Array(Math.ceil((text.length + 1) / 4) * 4);
  new TextEncoder().encodeInto(text, bytes);
  return [stage, text.length + 1, 300, 0, ...new Uint32Array(bytes.buffer)];
}

/** Another client draws white over a picture, and looks at it. */
function draws(virgl: Virgl): boolean {
  using client = new TestClient(virgl);
  const picture = client.make({ width: SIZE, height: SIZE, format: FORMAT });
  client.render([[picture, FORMAT]]);
  client.prepareDraws(SIZE, SIZE);
  client.draw([-1, -1], [3, -1], [-1, 3]);
  return client.read(picture).every((byte) => byte === 255);
}

Deno.test("queries whose results nobody asks for do not use up what others need", () =>
  withClient((client) => {
    const { virgl } = client, buffer = client.makeBuffer(16);
    client.create(VIRGL_OBJECT_QUERY, 1, 2, 0, buffer);
    const many = repeat(4000, run(VIRGL_CCMD_END_QUERY, 1));
    // More timestamps than there may be in flight.
    for (let i = 0; i < 20; i++) client.submit(many);
    using other = new TestClient(virgl);
    const result = other.makeBuffer(16);
    other.create(VIRGL_OBJECT_QUERY, 1, 2, 0, result);
    other.run(VIRGL_CCMD_END_QUERY, 1);
    other.run(VIRGL_CCMD_GET_QUERY_RESULT, 1, 1);
    const state = new DataView(other.read(result).buffer);
    assertEquals(state.getUint32(0, true), 1);
    assertGreater(state.getBigUint64(8, true), 0n);
  }, fast));

Deno.test("constants and uploads beyond what is staged at once wait for the GPU, and nobody is refused memory", () =>
  withClient((client) => {
    const { virgl } = client, picture = client.make({ width: 1024, height: 1024, format: FORMAT });
    client.render([[picture, FORMAT]]);
    client.prepareDraws(1024, 1024);
    const text =
      "VERT\nDCL IN[0]\nDCL OUT[0], POSITION\nDCL CONST[0..4095]\n  0: ADD OUT[0], IN[0], CONST[4000]\n  1: END\n";
    client.create(VIRGL_OBJECT_SHADER, 700, ...shaderWords(VIRGL_SHADER_VERTEX, text));
    client.run(VIRGL_CCMD_BIND_SHADER, 700, VIRGL_SHADER_VERTEX);
    const corners = client.makeBuffer(48);
    client.write(corners, new Uint8Array(Float32Array.of(-1, -1, 0, 1, 3, -1, 0, 1, -1, 3, 0, 1).buffer));
    client.run(VIRGL_CCMD_SET_VERTEX_BUFFERS, 16, 0, corners);
    const draw = run(VIRGL_CCMD_DRAW_VBO, 0, 3, PIPE_PRIM_TRIANGLES, 0, 1, 0, 0, 0, 0, 0, 2, 0);
    // Something to do for the GPU, and then 64 KB of constants for each of many small draws: 600 MB.
    client.submit(repeat(200, draw));
    virgl.submit();
    client.render([[client.make({ width: 1, height: 1, format: FORMAT }), FORMAT]]);
    const words = repeat(3000, [...run(VIRGL_CCMD_SET_CONSTANT_BUFFER, VIRGL_SHADER_VERTEX, 0, 0, 0, 0, 0), ...draw]);
    for (let i = 0; i < 3; i++) client.submit(words);
    assertLess(virgl.recorder.uniforms.size, 520 * 2 ** 20);
    const large = client.make({ width: 2048, height: 2048, format: FORMAT }), bytes = new Uint8Array(16 << 20).fill(1);
    for (let i = 0; i < 40; i++) client.write(large, bytes);
    assertLess(virgl.recorder.staging.size, 520 * 2 ** 20);
    assertEquals(draws(virgl), true);
  }, fast));

Deno.test("Ring: what is full waits for the oldest submission, and is used again", () =>
  withVirgl(({ gpu: { device } }) => {
    const { queue } = device;
    const submitted = queue.submit(queue.begin());
    // A GPU that seems far behind until somebody waits for it.
    let asked = 0;
    const completed = () => ++asked < 8 ? 0 : queue.completed();
    using ring = new Ring(device, { usage: VK_BUFFER_USAGE_TRANSFER_SRC_BIT, chunkBytes: 128 * 2 ** 20, completed });
    for (let i = 0; i < 4; i++) ring.take(100 * 2 ** 20, 16);
    ring.seal(submitted, 0);
    assertEquals(ring.size, 512 * 2 ** 20);
    asked = 6;
    assertEquals(ring.take(100 * 2 ** 20, 16), 0);
    assertEquals([ring.size, asked >= 8], [512 * 2 ** 20, true]);
    // Of what is being recorded nothing can be waited for.
    for (let i = 0; i < 2; i++) ring.take(100 * 2 ** 20, 16);
    assertThrows(() => ring.take(100 * 2 ** 20, 16), DrmError, "Cannot stage");
  }, fast));

Deno.test("an indirect draw has as many vertices in all as a direct one may have", () =>
  withClient((client) => {
    const picture = client.make({ width: SIZE, height: SIZE, format: FORMAT }), draws = 1024;
    const numbers = client.makeBuffer(draws * 64);
    const draw = (vertices: number) => {
      const words = new Uint32Array(draws * 16);
      for (let i = 0; i < draws; i++) words.set([vertices, 1, 0, 0], i * 16);
      client.render([[picture, FORMAT]]);
      client.prepareDraws(SIZE, SIZE);
      client.write(numbers, new Uint8Array(words.buffer));
      client.run(
        VIRGL_CCMD_DRAW_VBO,
        0,
        0,
        PIPE_PRIM_TRIANGLES,
        0,
        1,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        numbers,
        0,
        64,
        draws,
        0,
        0,
      );
      client.finish();
    };
    draw(3);
    assertThrows(() => draw(LIMITS.vertices / draws + 1), VirglRefusal, "vertices by one command");
  }));

Deno.test("views: a context that wants them without end is refused, and those of resources that go make room", () =>
  withVirgl((virgl) => {
    const budget = new Budget();
    const texture = () =>
      virgl.createResource3d({
        ...{ target: PIPE_TEXTURE_2D_ARRAY, format: FORMAT, bind: 0, width: 1, height: 1, depth: 1, arraySize: 64 },
        ...{ lastLevel: 0, nrSamples: 0, flags: 0 },
      });
    const format = virgl.formats.of(FORMAT);
    if (format === undefined) throw new Error("Cannot find the format");
    const resource = texture(),
      see = (layer: number) => resource.sampledView(format, PIPE_TEXTURE_2D, 0, 0, layer, layer, 0o3210);
    virgl.recorder.payer = budget;
    for (let layer = 0; layer < 32; layer++) see(layer);
    see(3);
    assertEquals(budget.used("views"), 32);
    budget.take("views", LIMITS.views - 32);
    assertThrows(() => see(40), DrmError, "views");
    virgl.recorder.payer = undefined;
    // Nobody's commands: what the renderer itself needs is nobody's to pay.
    see(41);
    virgl.destroyResource(resource);
    virgl.wait(virgl.submit(), 1e9);
    assertEquals(budget.used("views"), LIMITS.views - 32);
  }, fast));

Deno.test("views are their context's to pay, whoever made the resource", () =>
  withVirgl((virgl) => {
    using client = new TestClient(virgl);
    const info = { target: PIPE_TEXTURE_2D_ARRAY, width: 1, height: 1, arraySize: 2048, format: FORMAT };
    const flood = () => {
      for (let n = 0; n < 1000; n++) {
        // 8 swizzles of each layer: as many views as one image may have.
        const id = client.make(info), words: number[] = [];
        for (let i = 0; i < 2048 * 8; i++) {
          const layer = i >>> 3;
          words.push(
            ...make(VIRGL_OBJECT_SAMPLER_VIEW, 5, id, FORMAT | PIPE_TEXTURE_2D << 24, layer | layer << 16, 0, i & 7),
            ...run(VIRGL_CCMD_DESTROY_OBJECT, 5),
          );
        }
        client.submit(words);
      }
    };
    assertThrows(flood, DrmError, "views");
    assertEquals(draws(virgl), true);
  }, { ...fast, contexts: virglContexts }));

Deno.test("descriptions: a context with all of its sub-contexts has so many, and sub-contexts that end make room", () =>
  withVirgl((virgl) => {
    using context = virgl.createContext(VIRTIO_GPU_CAPSET_VIRGL2, "greedy");
    const submit = (words: readonly number[]) => context.submit(Uint32Array.from(words), words.length);
    // Another layout each: 13 bits of divisors, in 12 sub-contexts.
    const fill = (sub: number) => {
      submit([...run(VIRGL_CCMD_CREATE_SUB_CTX, sub), ...run(VIRGL_CCMD_SET_SUB_CTX, sub)]);
      for (let first = 0; first < 8000; first += 1000) {
        const words: number[] = [];
        for (let n = first; n < first + 1000; n++) {
          const elements = Array.from({ length: 13 }, (_, i) => [0, n >>> i & 1, 0, VIRGL_FORMAT_R32_FLOAT]).flat();
          words.push(...make(VIRGL_OBJECT_VERTEX_ELEMENTS, 5, ...elements));
        }
        submit(words);
      }
    };
    for (let sub = 1; sub <= 12; sub++) {
      fill(sub);
      if (sub <= 4) submit(run(VIRGL_CCMD_DESTROY_SUB_CTX, sub));
    }
    assertThrows(() => fill(13), DrmError, "descriptions");
    assertEquals(draws(virgl), true);
  }, { ...fast, contexts: virglContexts }));

Deno.test("Numbering: equal descriptions have equal numbers, and all is given back", () => {
  const budget = new Budget(), numbering = new Numbering(budget);
  assertEquals(["a", "b", "a"].map((text) => numbering.number(text)), [1, 2, 1]);
  assertEquals(budget.used("descriptions"), 2);
  numbering[Symbol.dispose]();
  assertEquals(budget.used("descriptions"), 0);
});

Deno.test("geometry shaders beyond the GPU's invocations, vertices and components are refused, and none at all is one", () =>
  withClient((client) => {
    const text = (invocations: number, vertices: number, outputs: number) => {
      const list = Array.from({ length: outputs }, (_, i) => i + 1);
      return `GEOM
PROPERTY GS_INPUT_PRIMITIVE TRIANGLES
PROPERTY GS_OUTPUT_PRIMITIVE TRIANGLE_STRIP
PROPERTY GS_MAX_OUTPUT_VERTICES ${vertices}
PROPERTY GS_INVOCATIONS ${invocations}
DCL IN[][0], POSITION
DCL OUT[0], POSITION
${list.map((i) => `DCL OUT[${i}], GENERIC[${i}]\n`).join("")}IMM[0] INT32 {0, 0, 0, 0}
MOV OUT[0], IN[0][0]
${list.map((i) => `MOV OUT[${i}], IN[0][0]\n`).join("")}EMIT IMM[0].xxxx
END
`;
    };
    const { limits } = client.virgl.gpu, most = limits.maxGeometryTotalOutputComponents;
    const draw = (...numbers: [invocations: number, vertices: number, outputs: number]) => {
      const picture = client.make({ width: SIZE, height: SIZE, format: FORMAT });
      client.render([[picture, FORMAT]]);
      client.prepareDraws(SIZE, SIZE);
      client.create(VIRGL_OBJECT_SHADER, 700, ...shaderWords(VIRGL_SHADER_GEOMETRY, text(...numbers)));
      client.run(VIRGL_CCMD_BIND_SHADER, 700, VIRGL_SHADER_GEOMETRY);
      client.draw([-1, -1], [3, -1], [-1, 3]);
      client.finish();
    };
    // The layers see to these.
    draw(1, 0, 0);
    draw(limits.maxGeometryShaderInvocations, 3, 0);
    draw(1, Math.floor(most / 8), 1);
    assertThrows(() => draw(limits.maxGeometryShaderInvocations + 1, 3, 0), VirglRefusal, "Cannot make a geometry");
    assertThrows(() => draw(1, Math.floor(most / 8) + 1, 1), VirglRefusal, "Cannot make a geometry");
  }));
