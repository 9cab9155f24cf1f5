/** What a context may name, and what it may see: nothing of another one, and nothing of what memory held before. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { DrmError } from "../../../../core/error.ts";
import type { Resource3dInfo, Transfer3d } from "../../../../core/host3d.ts";
import * as P from "../../../../uapi/pipe.ts";
import * as F from "../../../../uapi/virgl_format.ts";
import * as V from "../../../../uapi/virgl_protocol.ts";
import { VIRTIO_GPU_CAPSET_VIRGL2 } from "../../../../uapi/virtio_gpu.ts";
import { virglContexts } from "./contexts.ts";
import { type TestClient, withClient } from "./copies_testing.ts";
import { TestMemory, withVirgl } from "./testing.ts";
import { VirglRefusal } from "./refusal.ts";
import type { Virgl } from "./virgl.ts";

const RGBA = F.VIRGL_FORMAT_R8G8B8A8_UNORM;

/** A client whose context is not the first one's. @returns its submissions, which throw when they are refused */
function stranger(client: TestClient): (number: number, object: number, ...words: number[]) => void {
  return (number, object, ...words) => {
    using context = client.virgl.createContext(VIRTIO_GPU_CAPSET_VIRGL2, "stranger");
    const all = Uint32Array.of(V.VIRGL_CMD0(number, object, words.length), ...words.map((word) => word >>> 0));
    context.submit(all, all.length);
  };
}

Deno.test("resources of another context cannot be named by any command", () =>
  withClient((client) => {
    const buffer = client.makeBuffer(256), picture = client.make({ format: RGBA, width: 8, height: 8 });
    const run = stranger(client), box = [0, 0, 0, 8, 8, 1];
    const naming: readonly (readonly [number, number, ...number[]])[] = [
      [V.VIRGL_CCMD_CREATE_OBJECT, V.VIRGL_OBJECT_SURFACE, 1, picture, RGBA, 0, 0],
      [V.VIRGL_CCMD_CREATE_OBJECT, V.VIRGL_OBJECT_SAMPLER_VIEW, 1, picture, RGBA, 0, 0, 0o3210],
      [V.VIRGL_CCMD_CREATE_OBJECT, V.VIRGL_OBJECT_QUERY, 1, 0, 0, buffer],
      [V.VIRGL_CCMD_CREATE_OBJECT, V.VIRGL_OBJECT_STREAMOUT_TARGET, 1, buffer, 0, 64],
      [V.VIRGL_CCMD_SET_VERTEX_BUFFERS, 0, 16, 0, buffer],
      [V.VIRGL_CCMD_SET_INDEX_BUFFER, 0, buffer, 2, 0],
      [V.VIRGL_CCMD_SET_UNIFORM_BUFFER, 0, 0, 1, 0, 64, buffer],
      [V.VIRGL_CCMD_SET_SHADER_BUFFERS, 0, 1, 0, 0, 64, buffer],
      [V.VIRGL_CCMD_SET_SHADER_IMAGES, 0, 1, 0, RGBA, 3, 0, 0, picture],
      [V.VIRGL_CCMD_SET_ATOMIC_BUFFERS, 0, 0, 0, 16, buffer],
      [V.VIRGL_CCMD_RESOURCE_INLINE_WRITE, 0, buffer, 0, 0, 0, 0, 0, 0, 0, 4, 1, 1, 7],
      [V.VIRGL_CCMD_RESOURCE_COPY_REGION, 0, picture, 0, 0, 0, 0, picture, 0, ...box],
      [V.VIRGL_CCMD_BLIT, 0, 0xf, 0, 0, picture, 0, RGBA, ...box, picture, 0, RGBA, ...box],
      [V.VIRGL_CCMD_CLEAR_TEXTURE, 0, picture, 0, ...box, 0, 0, 0, 0],
      [V.VIRGL_CCMD_TRANSFER3D, 0, picture, 0, 0, 0, 0, ...box, 0, 1],
      [V.VIRGL_CCMD_COPY_TRANSFER3D, 0, picture, 0, 0, 0, 0, ...box, buffer, 0, 1],
      [V.VIRGL_CCMD_GET_MEMORY_INFO, 0, buffer],
    ];
    for (const [number, object, ...words] of naming) {
      assertThrows(() => run(number, object, ...words), VirglRefusal, undefined, `command ${number}`);
    }
    // They are there for whom they are.
    client.run(V.VIRGL_CCMD_CLEAR_TEXTURE, picture, 0, ...box, 0, 0, 0, 0);
  }));

Deno.test("objects of another context, or sub-context, cannot be named", () =>
  withClient((client) => {
    const picture = client.make({ format: RGBA, width: 8, height: 8 });
    client.render([[picture, RGBA]]);
    client.prepareDraws(8, 8);
    const run = stranger(client), { VIRGL_CCMD_BIND_OBJECT: bind, VIRGL_CCMD_BIND_SHADER: bindShader } = V;
    // Their handles are the client's: 501 to 506, and surfaces from 1000 on.
    const naming: readonly (readonly [number, number, ...number[]])[] = [
      [bindShader, 0, 501, V.VIRGL_SHADER_VERTEX],
      [bind, V.VIRGL_OBJECT_BLEND, 503],
      [bind, V.VIRGL_OBJECT_DSA, 504],
      [bind, V.VIRGL_OBJECT_RASTERIZER, 505],
      [bind, V.VIRGL_OBJECT_VERTEX_ELEMENTS, 506],
      [V.VIRGL_CCMD_SET_FRAMEBUFFER_STATE, 0, 1, 0, 1000],
      [V.VIRGL_CCMD_BEGIN_QUERY, 0, 501],
    ];
    for (const [number, object, ...words] of naming) {
      assertThrows(() => run(number, object, ...words), VirglRefusal, undefined, `command ${number}`);
    }
    const other = [V.VIRGL_CMD0(V.VIRGL_CCMD_CREATE_SUB_CTX, 0, 1), 3, V.VIRGL_CMD0(V.VIRGL_CCMD_SET_SUB_CTX, 0, 1), 3];
    for (const handle of [503, 504]) {
      const bound = [...other, V.VIRGL_CMD0(bind, V.VIRGL_OBJECT_BLEND, 1), handle];
      assertThrows(() => client.submit(bound), VirglRefusal, "nothing");
    }
    // What a stranger destroys is its own.
    run(V.VIRGL_CCMD_DESTROY_OBJECT, V.VIRGL_OBJECT_BLEND, 503);
    client.prepareDraws(8, 8);
  }));

Deno.test("another renderer's resource is no resource here (EINVAL)", () =>
  withVirgl((virgl) =>
    withVirgl((other) => {
      const foreign = other.createResource3d(info(P.PIPE_BUFFER, F.VIRGL_FORMAT_R8_UNORM, { width: 64, height: 1 }));
      using context = virgl.createContext(VIRTIO_GPU_CAPSET_VIRGL2, "");
      // It is one of the same class, but of another device.
      const error = assertThrows(() => context.attach(1, foreign), DrmError);
      assertEquals(error.code, "EINVAL");
      other.destroyResource(foreign);
    }), { contexts: virglContexts }));

function info(target: number, format: number, more: Partial<Resource3dInfo> = {}): Resource3dInfo {
  return {
    ...{ target, format, bind: 0, width: 64, height: 64, depth: 1, arraySize: 1, lastLevel: 0, nrSamples: 0, flags: 0 },
    ...more,
  };
}

const KINDS: readonly (readonly [name: string, info: Resource3dInfo])[] = [
  ["buffer", info(P.PIPE_BUFFER, F.VIRGL_FORMAT_R8_UNORM, { width: 16383, height: 1 })],
  ["2D", info(P.PIPE_TEXTURE_2D, RGBA, { lastLevel: 3 })],
  ["array", info(P.PIPE_TEXTURE_2D_ARRAY, F.VIRGL_FORMAT_R32_UINT, { arraySize: 3, lastLevel: 1 })],
  ["3D", info(P.PIPE_TEXTURE_3D, RGBA, { width: 16, height: 16, depth: 16, lastLevel: 2 })],
  ["cube", info(P.PIPE_TEXTURE_CUBE, RGBA, { width: 32, height: 32, arraySize: 6 })],
  ["depth", info(P.PIPE_TEXTURE_2D, F.VIRGL_FORMAT_Z24_UNORM_S8_UINT)],
  ["depth of 32 bits", info(P.PIPE_TEXTURE_2D, F.VIRGL_FORMAT_Z32_FLOAT)],
  ["compressed", info(P.PIPE_TEXTURE_2D, F.VIRGL_FORMAT_DXT1_RGBA)],
];

/** All levels of a resource, read back; each with other boxes. */
function everything(virgl: Virgl, made: ReturnType<Virgl["createResource3d"]>): Uint8Array[] {
  return Array.from({ length: made.levels }, (_, level) => {
    const bytes = new Uint8Array(1 << 20).fill(0x55);
    const { blockWidth, blockHeight, blockBytes } = made.gpuFormat;
    const width = made.levelWidth(level), height = made.levelHeight(level), depth = made.levelDepth(level);
    const transfer: Transfer3d = {
      level,
      stride: 0,
      layerStride: 0,
      x: 0,
      y: 0,
      z: 0,
      width,
      height,
      depth,
      offset: 0,
    };
    virgl.readResource(made, transfer, bytes);
    const blocks = made.buffer !== undefined ? width : Math.ceil(width / blockWidth) * Math.ceil(height / blockHeight);
    return bytes.subarray(0, blocks * depth * (made.buffer !== undefined ? 1 : blockBytes));
  });
}

for (const [name, kind] of KINDS) {
  Deno.test(`a new resource is zero, whatever its memory held before: ${name}`, () =>
    withVirgl((virgl) => {
      if (virgl.formats.of(kind.format) === undefined) return;
      for (let round = 0; round < 3; round++) {
        const made = virgl.createResource3d(kind);
        for (const bytes of everything(virgl, made)) assert(bytes.every((byte) => byte === 0), `round ${round}`);
        // What the next one would find.
        for (let level = 0; level < made.levels; level++) {
          const [width, height, depth] = [made.levelWidth(level), made.levelHeight(level), made.levelDepth(level)];
          const transfer = { level, stride: 0, layerStride: 0, x: 0, y: 0, z: 0, width, height, depth, offset: 0 };
          virgl.writeResource(made, transfer, new Uint8Array(1 << 20).fill(0x3f));
        }
        assert(everything(virgl, made).every((bytes) => bytes.some((byte) => byte !== 0)));
        virgl.destroyResource(made);
        virgl.wait(virgl.submit(), 10e9);
        virgl.completed();
      }
    }));
}

Deno.test("what a transfer that failed was to overwrite is zero", () =>
  withVirgl((virgl) => {
    for (
      const kind of [
        info(P.PIPE_TEXTURE_2D, RGBA),
        info(P.PIPE_BUFFER, F.VIRGL_FORMAT_R8_UNORM, { width: 16384, height: 1 }),
      ]
    ) {
      const { width, height } = kind, size = 16384;
      const old = virgl.createResource3d(kind);
      const all = { level: 0, stride: 0, layerStride: 0, x: 0, y: 0, z: 0, width, height, depth: 1, offset: 0 };
      virgl.writeResource(old, all, new Uint8Array(size).fill(0x77));
      virgl.destroyResource(old);
      virgl.wait(virgl.submit(), 10e9);
      virgl.completed();
      const made = virgl.createResource3d(kind);
      {
        using memory = new TestMemory([size / 2, size / 2]);
        virgl.setBacking(made, memory.backing);
      }
      // The guest's memory is gone meanwhile.
      assertThrows(() => virgl.transferToHost3d(made, all), DrmError);
      assert(everything(virgl, made)[0].every((byte) => byte === 0));
      virgl.destroyResource(made);
    }
  }));

Deno.test("a picture of several samples that was never drawn resolves to zero", () =>
  withClient((client) => {
    const samples = client.make({ format: RGBA, width: 16, height: 16, nrSamples: 4 });
    const picture = client.make({ format: RGBA, width: 16, height: 16 });
    client.write(picture, new Uint8Array(16 * 16 * 4).fill(9));
    const box = [0, 0, 0, 16, 16, 1];
    client.run(V.VIRGL_CCMD_BLIT, 0xf, 0, 0, picture, 0, RGBA, ...box, samples, 0, RGBA, ...box);
    assert(client.read(picture).every((byte) => byte === 0));
  }));
