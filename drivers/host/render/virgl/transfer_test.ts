/** Transfers of every format, target and level; hostile boxes against a plain model. */
import "udrm/drivers/os/testing.ts";
import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { DrmError } from "udrm/core/error.ts";
import type { Resource3dInfo, Transfer3d } from "udrm/core/host3d.ts";
import {
  PIPE_BUFFER,
  PIPE_TEXTURE_1D,
  PIPE_TEXTURE_1D_ARRAY,
  PIPE_TEXTURE_2D,
  PIPE_TEXTURE_2D_ARRAY,
  PIPE_TEXTURE_3D,
  PIPE_TEXTURE_CUBE,
  PIPE_TEXTURE_CUBE_ARRAY,
  PIPE_TEXTURE_RECT,
} from "udrm/uapi/pipe.ts";
import { VIRGL_FORMAT_B8G8R8A8_UNORM, VIRGL_FORMAT_R8_UNORM, VIRGL_FORMATS } from "udrm/uapi/virgl_format.ts";
import { VIRGL_BIND_RENDER_TARGET, virgl_caps_v2, virglMaskHas } from "udrm/uapi/virgl_hw.ts";
import { memfdAllocator } from "udrm/drivers/os/mod.ts";
import type { VirglResource } from "./resource.ts";
import { noise, TestMemory, withVirgl } from "./testing.ts";
import type { Virgl } from "./virgl.ts";

const plain: Resource3dInfo = {
  target: PIPE_TEXTURE_2D,
  format: VIRGL_FORMAT_B8G8R8A8_UNORM,
  bind: 0,
  width: 1,
  height: 1,
  depth: 1,
  arraySize: 1,
  lastLevel: 0,
  nrSamples: 0,
  flags: 0,
};

const whole: Transfer3d = {
  level: 0,
  stride: 0,
  layerStride: 0,
  x: 0,
  y: 0,
  z: 0,
  width: 1,
  height: 1,
  depth: 1,
  offset: 0,
};

function finish(virgl: Virgl): void {
  if (!virgl.wait(virgl.submit(), 10e9)) throw new Error("The GPU has not finished for 10 s");
}

/** Depths of 32 bits become floats, which have 24: what comes back differs by at most so much. */
function nearly(actual: Uint8Array, expected: Uint8Array): void {
  const [a, b] = [actual, expected].map((bytes) => new Uint32Array(bytes.slice().buffer));
  for (let i = 0; i < b.length; i++) {
    if (!(Math.abs(a[i] - b[i]) <= 256)) throw new Error(`Depth ${i} is ${a[i]}, not ${b[i]}`);
  }
}

/** The bits of a texel that mean something, as a mask of a block's bytes. */
function meaningful(format: number): Uint8Array | undefined {
  const info = VIRGL_FORMATS.find(({ number }) => number === format);
  if (info === undefined || (!info.isDepth && !info.isStencil)) return undefined;
  const mask = new Uint8Array(info.blockBytes);
  let bits = 0n;
  for (const { type, bits: width, shift } of info.channels) {
    if (type !== "void") bits |= ((1n << BigInt(width)) - 1n) << BigInt(shift);
  }
  for (let i = 0; i < mask.length; i++) mask[i] = Number(bits >> BigInt(8 * i) & 0xffn);
  return mask;
}

function masked(bytes: Uint8Array, mask: Uint8Array | undefined): Uint8Array {
  return mask === undefined ? bytes : bytes.map((byte, i) => byte & mask[i % mask.length]);
}

/** Noise that every format can hold: floats stay finite, depths between 0 and 1. */
function texels(resource: VirglResource, size: number, seed: number): Uint8Array {
  const bytes = noise(size, seed), { info } = resource.gpuFormat;
  if (info.isDepth && info.name.startsWith("Z32_FLOAT")) {
    const floats = new DataView(bytes.buffer), step = info.blockBytes;
    for (let at = 0; at + 4 <= size; at += step) floats.setFloat32(at, bytes[at] / 255, true);
  }
  return bytes;
}

function roundTrip(virgl: Virgl, info: Resource3dInfo, scattered: boolean): void {
  const resource = virgl.createResource3d(info);
  const { blockWidth, blockHeight, blockBytes } = resource.gpuFormat;
  const mask = info.target === PIPE_BUFFER ? undefined : meaningful(info.format);
  for (let level = 0; level <= info.lastLevel; level++) {
    const width = resource.levelWidth(level), height = resource.levelHeight(level), depth = resource.levelDepth(level);
    const bytesOf = info.target === PIPE_BUFFER ? width : Math.ceil(width / blockWidth) * blockBytes;
    const size = bytesOf * Math.ceil(height / blockHeight) * depth;
    const sizes = scattered ? [Math.ceil(size / 3), Math.ceil(size / 3), size] : [size + 64];
    using from = new TestMemory(sizes), to = new TestMemory(sizes);
    const data = texels(resource, from.backing.size, level + info.format);
    from.bytes = data;
    const transfer = { ...whole, level, width, height, depth };
    virgl.setBacking(resource, from.backing);
    virgl.transferToHost3d(resource, transfer);
    virgl.setBacking(resource, to.backing);
    virgl.transferFromHost3d(resource, transfer);
    finish(virgl);
    const exact = resource.gpuFormat.info.name !== "Z32_UNORM";
    if (!exact) nearly(to.bytes.subarray(0, size), data.subarray(0, size));
    else {assertEquals(
        masked(to.bytes.subarray(0, size), mask),
        masked(data.subarray(0, size), mask),
        `${resource.gpuFormat.info.name}, level ${level} of ${JSON.stringify(info)}`,
      );}
    assertEquals(to.bytes.subarray(size), new Uint8Array(to.backing.size - size));
    const read = new Uint8Array(size);
    virgl.readResource(resource, transfer, read);
    if (exact) assertEquals(masked(read, mask), masked(data.subarray(0, size), mask));
    else nearly(read, data.subarray(0, size));
    virgl.setBacking(resource, undefined);
  }
  virgl.destroyResource(resource);
}

const shapes: readonly Partial<Resource3dInfo>[] = [
  { target: PIPE_TEXTURE_1D, width: 13, lastLevel: 3 },
  { target: PIPE_TEXTURE_1D_ARRAY, width: 13, arraySize: 3, lastLevel: 2 },
  { target: PIPE_TEXTURE_2D, width: 13, height: 7, lastLevel: 3 },
  { target: PIPE_TEXTURE_RECT, width: 13, height: 7 },
  { target: PIPE_TEXTURE_2D_ARRAY, width: 13, height: 7, arraySize: 4, lastLevel: 2 },
  { target: PIPE_TEXTURE_3D, width: 13, height: 7, depth: 5, lastLevel: 3 },
  { target: PIPE_TEXTURE_CUBE, width: 12, height: 12, arraySize: 6, lastLevel: 3 },
  { target: PIPE_TEXTURE_CUBE_ARRAY, width: 12, height: 12, arraySize: 12, lastLevel: 1 },
];

Deno.test("every format that the caps advertise goes to the GPU and back, for every target, level and layer", async () => {
  await withVirgl((virgl) => {
    const caps = virgl_caps_v2.at(virgl.capset(2, 2));
    let count = 0;
    for (const info of VIRGL_FORMATS) {
      if (!virglMaskHas(caps.v1.sampler, info.number)) continue;
      const block = info.blockWidth > 1 || info.isDepth || info.isStencil || info.blockBytes === 12;
      for (const shape of shapes) {
        if (block && shape.target === PIPE_TEXTURE_3D) continue;
        if (info.blockWidth > 1 && (shape.height ?? 1) === 1) continue;
        roundTrip(virgl, { ...plain, ...shape, format: info.number }, count++ % 2 === 1);
      }
    }
    if (count < 500) throw new Error(`Only ${count} textures were tried`);
  });
});

Deno.test("buffers go to the GPU and back, idle or busy, of any size and place", async () => {
  await withVirgl((virgl) => {
    for (const width of [1, 3, 8, 4097, 3_000_001]) {
      roundTrip(virgl, { ...plain, target: PIPE_BUFFER, format: VIRGL_FORMAT_R8_UNORM, width }, width % 2 === 1);
    }
    const info = { ...plain, target: PIPE_BUFFER, format: VIRGL_FORMAT_R8_UNORM, width: 1000 };
    const resource = virgl.createResource3d(info);
    const model = new Uint8Array(1000);
    for (let i = 0; i < 300; i++) {
      const x = i * 7 % 900, width = 1 + i % 100, bytes = noise(width, i);
      virgl.writeResource(resource, { ...whole, x, width }, bytes);
      model.set(bytes, x);
      // Now and then it is in use, by a copy that is recorded, or one that is submitted.
      if (i % 50 === 20) virgl.recorder.useNow(resource, 0x40);
      if (i % 50 === 40) virgl.submit();
    }
    const read = new Uint8Array(1000);
    virgl.readResource(resource, { ...whole, width: 1000 }, read);
    assertEquals(read, model);
  });
});

Deno.test("memfds are copied in place: large uploads and readbacks of any stride", async () => {
  await withVirgl((virgl) => {
    const allocator = memfdAllocator();
    const info = { ...plain, width: 800, height: 600 };
    for (const stride of [3200, 3328, 3201, 4096]) {
      using memory = new TestMemory([4096 * 601], allocator);
      const resource = virgl.createResource3d(info);
      const data = noise(memory.backing.size, stride);
      memory.bytes = data;
      virgl.setBacking(resource, memory.backing);
      const transfer = { ...whole, stride, width: 800, height: 600, offset: 4 };
      virgl.transferToHost3d(resource, transfer);
      finish(virgl);
      memory.bytes = new Uint8Array(memory.backing.size);
      virgl.transferFromHost3d(resource, transfer);
      finish(virgl);
      const bytes = memory.bytes, expected = new Uint8Array(bytes.length);
      for (let row = 0; row < 600; row++) {
        const at = 4 + row * stride;
        expected.set(data.subarray(at, at + 3200), at);
      }
      assertEquals(bytes, expected);
      assertEquals(virgl.usage.imports, stride % 4 === 0 ? 1 : 0);
      virgl.destroyResource(resource);
    }
    finish(virgl);
    assertEquals(virgl.usage.imports, 0);
  });
});

/** TRANSFER_*_HOST_3D as the reference says it, texel by texel. */
function modelCopy(
  image: Uint8Array,
  memory: Uint8Array,
  size: readonly [number, number, number],
  transfer: Transfer3d,
  toHost: boolean,
): "EINVAL" | "EFAULT" | "" {
  const { x, y, z, width, height, depth, offset, level } = transfer;
  if (level !== 0) return "EINVAL";
  if (x + width > size[0] || y + height > size[1] || z + depth > size[2]) return "EINVAL";
  const stride = transfer.stride || width * 4, layerStride = transfer.layerStride || stride * height;
  if (stride < width * 4) return "EINVAL";
  if (depth > 1 && layerStride < (height - 1) * stride + width * 4) return "EINVAL";
  if (width === 0 || height === 0 || depth === 0) return "";
  if (offset + (depth - 1) * layerStride + (height - 1) * stride + width * 4 > memory.length) return "EFAULT";
  for (let k = 0; k < depth; k++) {
    for (let j = 0; j < height; j++) {
      for (let i = 0; i < width * 4; i++) {
        const at = offset + k * layerStride + j * stride + i;
        const texel = (((z + k) * size[1] + y + j) * size[0] + x) * 4 + i;
        if (toHost) image[texel] = memory[at];
        else memory[at] = image[texel];
      }
    }
  }
  return "";
}

Deno.test("boxes, strides and offsets of any value do what the model does, or are refused as it refuses", async () => {
  await withVirgl((virgl) => {
    const word = fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 0, max: 12 }) }, {
      weight: 1,
      arbitrary: fc.integer({ min: 0, max: 0xffffffff }),
    });
    const stride = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 80 }), fc.integer({ min: 0, max: 0xffffffff }));
    const op = fc.record({
      toHost: fc.boolean(),
      level: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: word }),
      stride,
      layerStride: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 0xffffffff })),
      x: word,
      y: word,
      z: word,
      width: word,
      height: word,
      depth: word,
      offset: fc.oneof(fc.integer({ min: 0, max: 900 }), fc.integer({ min: 0, max: 0xffffffff })),
      wait: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.constantFrom("solid", "layers", "target"),
        fc.boolean(),
        fc.array(op, { minLength: 1, maxLength: 12 }),
        (kind, scattered, ops) => {
          const size = [9, 8, kind === "target" ? 1 : 4] as const;
          const resource = virgl.createResource3d({
            ...plain,
            target: kind === "solid" ? PIPE_TEXTURE_3D : kind === "layers" ? PIPE_TEXTURE_2D_ARRAY : PIPE_TEXTURE_2D,
            // What is rendered to may be memory that the CPU reads.
            bind: kind === "target" ? VIRGL_BIND_RENDER_TARGET : 0,
            width: 9,
            height: 8,
            depth: kind === "solid" ? 4 : 1,
            arraySize: kind === "layers" ? 4 : 1,
          });
          using memory = new TestMemory(scattered ? [101, 600, 999] : [1700]);
          const model = noise(1700, 7), image = new Uint8Array(9 * 8 * size[2] * 4);
          memory.bytes = model;
          virgl.setBacking(resource, memory.backing);
          for (const { toHost, wait, ...transfer } of ops) {
            const expected = modelCopy(image, model, size, transfer, toHost);
            const run = () =>
              toHost ? virgl.transferToHost3d(resource, transfer) : virgl.transferFromHost3d(resource, transfer);
            if (expected !== "") assertEquals(assertThrows(run, DrmError).code, expected);
            else {
              run();
              // What comes to memory is there with the next batch: the model has it at once.
              if (wait || !toHost) finish(virgl);
            }
          }
          finish(virgl);
          assertEquals(memory.bytes, model);
          const read = new Uint8Array(image.length);
          virgl.readResource(resource, { ...whole, width: 9, height: 8, depth: size[2] }, read);
          assertEquals(read, image);
          virgl.destroyResource(resource);
        },
      ),
      { numRuns: 60 },
    );
  });
});

Deno.test("what the CPU can read is copied at once when the GPU is done with it, and by the GPU before", async () => {
  await withVirgl((virgl) => {
    const info = { ...plain, bind: VIRGL_BIND_RENDER_TARGET, width: 70, height: 40 };
    const resource = virgl.createResource3d(info);
    // A GPU with memory of its own copies; there is nothing to see then.
    assertEquals(resource.readableByCpu, virgl.gpu.device.physical.type === "cpu");
    if (!resource.readableByCpu) return;
    assertEquals(virgl.createResource3d({ ...info, lastLevel: 2 }).readableByCpu, false);
    assertEquals(virgl.createResource3d({ ...info, bind: 0 }).readableByCpu, false);
    using memory = new TestMemory([70 * 40 * 4]);
    const transfer = { ...whole, width: 70, height: 40 };
    virgl.setBacking(resource, memory.backing);
    for (let seed = 1; seed < 4; seed++) {
      const data = noise(70 * 40 * 4, seed), other = noise(70 * 40 * 4, seed + 10);
      virgl.writeResource(resource, transfer, data);
      finish(virgl);
      memory.bytes = new Uint8Array(70 * 40 * 4);
      virgl.transferFromHost3d(resource, transfer);
      assertEquals([virgl.recorder.pending, memory.bytes], [false, data]);
      // A copy that is recorded comes first, and what is recorded after it does not change what was asked for.
      virgl.writeResource(resource, transfer, other);
      virgl.transferFromHost3d(resource, transfer);
      virgl.writeResource(resource, transfer, data);
      assertEquals(virgl.recorder.pending, true);
      finish(virgl);
      assertEquals(memory.bytes, other);
    }
  });
});

Deno.test("a new resource is zero, a compressed one and one of several levels, too", async () => {
  await withVirgl((virgl) => {
    for (const name of ["B8G8R8A8_UNORM", "DXT5_RGBA", "Z24_UNORM_S8_UINT", "R32G32B32A32_UINT"]) {
      const format = VIRGL_FORMATS.find((info) => info.name === name);
      if (format === undefined) throw new Error(name);
      for (let i = 0; i < 3; i++) {
        const resource = virgl.createResource3d({
          ...plain,
          format: format.number,
          width: 16,
          height: 16,
          lastLevel: 1,
        });
        const size = Math.ceil(8 / format.blockWidth) * Math.ceil(8 / format.blockHeight) * format.blockBytes;
        const read = noise(size, 1);
        virgl.readResource(resource, { ...whole, level: 1, width: 8, height: 8 }, read);
        assertEquals(read, new Uint8Array(size));
        const dirt = format.name.startsWith("Z") ? new Uint8Array(size).fill(63) : noise(size, 3);
        virgl.writeResource(resource, { ...whole, level: 1, width: 8, height: 8 }, dirt);
        virgl.destroyResource(resource);
        finish(virgl);
      }
    }
  });
});

Deno.test("compressed boxes that cut blocks are EINVAL, those that end at the edge are not", async () => {
  await withVirgl((virgl) => {
    const format = VIRGL_FORMATS.find(({ name }) => name === "DXT1_RGBA")?.number ?? 0;
    const resource = virgl.createResource3d({ ...plain, format, width: 10, height: 10 });
    const bytes = noise(1024, 1);
    virgl.writeResource(resource, { ...whole, x: 4, y: 8, width: 6, height: 2 }, bytes);
    const cut = (box: Partial<Transfer3d>) => () => virgl.writeResource(resource, { ...whole, ...box }, bytes);
    for (const box of [{ x: 2, width: 4, height: 4 }, { width: 3, height: 4 }, { width: 4, height: 5 }]) {
      assertEquals(assertThrows(cut(box), DrmError).code, "EINVAL");
    }
  });
});
