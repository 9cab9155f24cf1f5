/** The renderer without commands: resources and their limits, frames, batches, views, capability sets. */
import "udrm/drivers/os/testing.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { DrmError } from "udrm/core/error.ts";
import type { Resource3dInfo } from "udrm/core/host3d.ts";
import {
  PIPE_BUFFER,
  PIPE_TEXTURE_1D,
  PIPE_TEXTURE_2D,
  PIPE_TEXTURE_2D_ARRAY,
  PIPE_TEXTURE_3D,
  PIPE_TEXTURE_CUBE,
} from "udrm/uapi/pipe.ts";
import {
  VIRGL_FORMAT_A8B8G8R8_SNORM,
  VIRGL_FORMAT_B8G8R8A8_SRGB,
  VIRGL_FORMAT_B8G8R8A8_UNORM,
  VIRGL_FORMAT_R8_UNORM,
  VIRGL_FORMAT_R8G8B8A8_UINT,
  VIRGL_FORMAT_X24S8_UINT,
  VIRGL_FORMAT_Z24_UNORM_S8_UINT,
  VIRGL_FORMATS,
  virglFormatIsAmbiguous,
} from "udrm/uapi/virgl_format.ts";
import { eventfdRead, poll } from "udrm/drivers/os/mod.ts";
import { virgl_caps_v1, virgl_caps_v2, virglMaskHas } from "udrm/uapi/virgl_hw.ts";
import { noise, TestMemory, withVirgl } from "./testing.ts";
import { COPY_READ, COPY_WRITE, SHADER_READ } from "./usage.ts";
import type { Virgl } from "./virgl.ts";
import { VkImageSubresourceRange } from "../../vulkan/mod.ts";

const plain: Resource3dInfo = {
  target: PIPE_TEXTURE_2D,
  format: VIRGL_FORMAT_B8G8R8A8_UNORM,
  bind: 0,
  width: 16,
  height: 16,
  depth: 1,
  arraySize: 1,
  lastLevel: 0,
  nrSamples: 0,
  flags: 0,
};
const box = { level: 0, stride: 0, layerStride: 0, x: 0, y: 0, z: 0, width: 16, height: 16, depth: 1, offset: 0 };

/** The thread of a Worker that was terminated, and its descriptors, go a little later. */
const later = () => new Promise<void>((resolve) => setTimeout(resolve, 300));

function errno(code: string, body: () => unknown): void {
  const error = assertThrows(body, DrmError);
  assertEquals(error.code, code, error.message);
}

function finish(virgl: Virgl): void {
  if (!virgl.wait(virgl.submit(), 10e9)) throw new Error("The GPU has not finished for 10 s");
}

Deno.test("createResource3d refuses what no resource can be (EINVAL), and what the budget does not hold (ENOMEM)", async () => {
  await withVirgl((virgl) => {
    const wrong: readonly Partial<Resource3dInfo>[] = [
      { target: 9 },
      { target: 0xffffffff },
      { format: 0 },
      { format: 14 },
      { format: 0xffffffff },
      { format: VIRGL_FORMAT_X24S8_UINT },
      { width: 0 },
      { width: 0xffffffff },
      { height: 0 },
      { depth: 2 },
      { depth: 0 },
      { arraySize: 2 },
      { arraySize: 0 },
      { lastLevel: 5 },
      { lastLevel: 0xffffffff },
      { nrSamples: 5 },
      { nrSamples: 0xffffffff },
      { nrSamples: 4, lastLevel: 1 },
      { target: PIPE_TEXTURE_1D, height: 2 },
      { target: PIPE_TEXTURE_3D, arraySize: 2 },
      { target: PIPE_TEXTURE_3D, nrSamples: 4 },
      { target: PIPE_TEXTURE_3D, width: 0xffff, height: 0xffff, depth: 0xffff },
      { target: PIPE_TEXTURE_CUBE, arraySize: 6, height: 8 },
      { target: PIPE_TEXTURE_CUBE, arraySize: 1 },
      { target: PIPE_BUFFER, height: 2 },
      { target: PIPE_BUFFER, height: 1, width: 0 },
      { target: PIPE_BUFFER, height: 1, width: 0xffffffff },
    ];
    for (const change of wrong) errno("EINVAL", () => virgl.createResource3d({ ...plain, ...change }));
    assertEquals(virgl.usage.bytes, 0);
    const held = virgl.createResource3d({ ...plain, width: 512, height: 512 });
    errno("ENOMEM", () => virgl.createResource3d(plain));
    virgl.destroyResource(held);
    virgl.createResource3d(plain);
  }, { maxBytes: 1 << 20 });
});

Deno.test("memory of resources that the batch still uses is waited for before ENOMEM", async () => {
  await withVirgl((virgl) => {
    for (let i = 0; i < 50; i++) {
      const resource = virgl.createResource3d({ ...plain, width: 512, height: 512 });
      virgl.writeResource(resource, box, noise(1024, i));
      virgl.destroyResource(resource);
    }
  }, { maxBytes: 1 << 20 });
});

Deno.test("a resource lives as long as someone refers to it; ten thousand come and go and leave nothing", async () => {
  await withVirgl((virgl) => {
    const resource = virgl.createResource3d(plain);
    resource.ref();
    virgl.destroyResource(resource);
    virgl.destroyResource(resource);
    assert(resource.open);
    assertThrows(() => virgl.writeResource(resource, box, noise(1024, 1)), TypeError);
    resource.unref();
    finish(virgl);
    assertEquals(resource.open, false);
    for (let i = 0; i < 10000; i++) {
      const one = virgl.createResource3d({ ...plain, target: PIPE_BUFFER, format: VIRGL_FORMAT_R8_UNORM, height: 1 });
      if (i % 3 === 0) virgl.writeResource(one, { ...box, height: 1 }, noise(16, i));
      if (i % 7 === 0) virgl.recorder.useNow(one, SHADER_READ);
      if (i % 50 === 0) virgl.submit();
      virgl.destroyResource(one);
    }
    finish(virgl);
    assertEquals(virgl.usage.bytes, 0);
  });
});

Deno.test("textures of several samples cannot be transferred (EINVAL)", async () => {
  await withVirgl((virgl) => {
    const resource = virgl.createResource3d({ ...plain, nrSamples: 3 });
    assertEquals(resource.samples, 4);
    errno("EINVAL", () => virgl.writeResource(resource, box, noise(1024, 1)));
    virgl.recorder.useNow(resource, COPY_READ);
  });
});

Deno.test("transfers without backing are EINVAL, with short backing EFAULT", async () => {
  await withVirgl((virgl) => {
    const resource = virgl.createResource3d(plain);
    errno("EINVAL", () => virgl.transferToHost3d(resource, box));
    errno("EINVAL", () => virgl.transferFromHost3d(resource, box));
    using memory = new TestMemory([1023]);
    virgl.setBacking(resource, memory.backing);
    errno("EFAULT", () => virgl.transferToHost3d(resource, box));
    errno("EFAULT", () => virgl.transferFromHost3d(resource, box));
    errno("EFAULT", () => virgl.readResource(resource, box, new Uint8Array(1023)));
  });
});

Deno.test("a readback whose memory is gone when it is done is dropped", async () => {
  await withVirgl((virgl) => {
    const resource = virgl.createResource3d(plain);
    virgl.writeResource(resource, box, noise(1024, 1));
    {
      using memory = new TestMemory([1024]);
      virgl.setBacking(resource, memory.backing);
      virgl.transferFromHost3d(resource, box);
      virgl.setBacking(resource, undefined);
    }
    finish(virgl);
  });
});

Deno.test("a frame that is held keeps its pixels, also of a destroyed resource; one that is not shows what comes", async () => {
  await withVirgl((virgl) => {
    const resource = virgl.createResource3d(plain), rect = { x: 2, y: 3, width: 8, height: 4 };
    const pixels = (seed: number) => {
      const all = noise(1024, seed), out = new Uint8Array(128);
      for (let row = 0; row < 4; row++) out.set(all.subarray((row + 3) * 64 + 8, (row + 3) * 64 + 40), row * 32);
      return out;
    };
    virgl.writeResource(resource, box, noise(1024, 1));
    const held = virgl.frame(resource, rect, []), loose = virgl.frame(resource, rect, []);
    held.hold?.();
    virgl.writeResource(resource, box, noise(1024, 2));
    const read = new Uint8Array(128);
    held.read(read, 32);
    assertEquals(read, pixels(1));
    loose.read(read, 32);
    assertEquals(read, pixels(2));
    held.release?.();
    loose.hold?.();
    virgl.destroyResource(resource);
    finish(virgl);
    loose.read(read, 32);
    assertEquals(read, pixels(2));
    loose.release?.();
    loose.release?.();
    finish(virgl);
    assertEquals(virgl.usage.bytes, 0);
  });
});

Deno.test("a frame that is held keeps its pixels when commands draw over it, in a batch that uses it already or not", async () => {
  await withVirgl((virgl) => {
    const { recorder } = virgl, { vk } = virgl.gpu, m = virgl.gpu.device.arena;
    for (const used of [false, true]) {
      const resource = virgl.createResource3d(plain), read = new Uint8Array(1024);
      virgl.writeResource(resource, box, noise(1024, 1));
      if (used) recorder.useNow(resource, COPY_READ);
      else finish(virgl);
      const frame = virgl.frame(resource, { x: 0, y: 0, width: 16, height: 16 }, []);
      frame.hold?.();
      const commands = recorder.useNow(resource, COPY_WRITE), image = resource.image?.handle ?? 0n;
      m.scope(() => {
        const range = m.put(VkImageSubresourceRange, { aspectMask: 1, levelCount: 1, layerCount: 1 });
        vk.vkCmdClearColorImage(commands, image, 1, m.address(m.alloc(16)), 1, range);
      });
      frame.read(read, 64);
      assertEquals(read, noise(1024, 1));
      frame.release?.();
      virgl.frame(resource, { x: 0, y: 0, width: 16, height: 16 }, []).read(read, 64);
      assertEquals(read, new Uint8Array(1024));
    }
  });
});

Deno.test("2D transfers take rows as wide as the resource; cursors are pixels", async () => {
  await withVirgl((virgl) => {
    const picture = virgl.createResource(1, 64, 64);
    using memory = new TestMemory([64 * 64 * 4]);
    memory.bytes = noise(64 * 64 * 4, 5);
    virgl.transferToHost(picture, 0, 0, 64, 64, 0, memory.backing);
    const cursor = virgl.cursor(picture, 1, 2);
    assertEquals(cursor.bytes, memory.bytes);
    assertEquals([cursor.hotX, cursor.hotY], [1, 2]);
    const small = virgl.createResource(1, 64, 64);
    virgl.transferToHost(small, 8, 9, 2, 2, 512, memory.backing);
    const read = new Uint8Array(16);
    virgl.frame(small, { x: 8, y: 9, width: 2, height: 2 }, []).read(read, 8);
    const from = memory.bytes;
    assertEquals(read, new Uint8Array([...from.subarray(512, 520), ...from.subarray(768, 776)]));
  });
});

Deno.test("views are made of what the image has, and refused (EINVAL) otherwise", async () => {
  await withVirgl((virgl) => {
    const format = (n: number) => {
      const found = virgl.formats.of(n);
      if (found === undefined) throw new Error(`no format ${n}`);
      return found;
    };
    const bgra = format(VIRGL_FORMAT_B8G8R8A8_UNORM), srgb = format(VIRGL_FORMAT_B8G8R8A8_SRGB);
    const array = virgl.createResource3d({
      ...plain,
      target: PIPE_TEXTURE_2D_ARRAY,
      arraySize: 6,
      lastLevel: 2,
    });
    const view = array.sampledView(bgra, PIPE_TEXTURE_2D_ARRAY, 0, 2, 0, 5, 0o3210);
    assertEquals(array.sampledView(bgra, PIPE_TEXTURE_2D_ARRAY, 0, 2, 0, 5, 0o3210), view);
    assert(array.sampledView(bgra, PIPE_TEXTURE_2D_ARRAY, 0, 2, 0, 5, 0o5210) !== view);
    array.sampledView(srgb, PIPE_TEXTURE_CUBE, 1, 1, 0, 5, 0o3210);
    array.sampledView(format(VIRGL_FORMAT_R8G8B8A8_UINT), PIPE_TEXTURE_2D, 1, 2, 5, 5, 0o4444);
    array.attachmentView(srgb, 2, 1, 5);
    array.storageView(bgra, PIPE_TEXTURE_2D_ARRAY, 1, 0, 5);
    const depth = virgl.createResource3d({ ...plain, format: VIRGL_FORMAT_Z24_UNORM_S8_UINT });
    depth.sampledView(format(VIRGL_FORMAT_X24S8_UINT), PIPE_TEXTURE_2D, 0, 0, 0, 0, 0o3210);
    depth.attachmentView(depth.gpuFormat, 0, 0, 1);
    const solid = virgl.createResource3d({ ...plain, target: PIPE_TEXTURE_3D, depth: 8, lastLevel: 1 });
    solid.attachmentView(bgra, 1, 3, 1);
    solid.sampledView(bgra, PIPE_TEXTURE_3D, 0, 1, 0, 0, 0o3210);
    const wrong: readonly (() => unknown)[] = [
      () => array.sampledView(bgra, PIPE_TEXTURE_2D_ARRAY, 0, 3, 0, 5, 0),
      () => array.sampledView(bgra, PIPE_TEXTURE_2D_ARRAY, 2, 1, 0, 5, 0),
      () => array.sampledView(bgra, PIPE_TEXTURE_2D_ARRAY, 0, 0, 0, 6, 0),
      () => array.sampledView(bgra, PIPE_TEXTURE_2D, 0, 0, 0, 5, 0),
      () => array.sampledView(bgra, PIPE_TEXTURE_3D, 0, 0, 0, 5, 0),
      () => array.sampledView(bgra, PIPE_TEXTURE_CUBE, 0, 0, 0, 4, 0),
      () => array.sampledView(bgra, PIPE_BUFFER, 0, 0, 0, 0, 0),
      () => array.sampledView(format(VIRGL_FORMAT_R8_UNORM), PIPE_TEXTURE_2D, 0, 0, 0, 0, 0),
      () => array.sampledView(depth.gpuFormat, PIPE_TEXTURE_2D, 0, 0, 0, 0, 0),
      () => array.attachmentView(bgra, 0, 2, 5),
      () => array.attachmentView(bgra, 3, 0, 1),
      () => array.attachmentView(depth.gpuFormat, 0, 0, 1),
      () => solid.attachmentView(bgra, 1, 4, 1),
      () => array.bufferView(bgra, 0, 16),
    ];
    for (const make of wrong) errno("EINVAL", make);
    const buffer = virgl.createResource3d({ ...plain, target: PIPE_BUFFER, width: 100, height: 1 });
    assertEquals(buffer.bufferView(bgra, 16, 0xffffffff), buffer.bufferView(bgra, 16, 84));
    errno("EINVAL", () => buffer.bufferView(bgra, 4, 16));
    errno("EINVAL", () => buffer.bufferView(bgra, 112, 16));
    errno("EINVAL", () => buffer.bufferView(bgra, 96, 2));
    errno("EINVAL", () => buffer.attachmentView(bgra, 0, 0, 1));
  });
});

Deno.test("capability sets have their sizes and versions, and agree with the formats", async () => {
  await withVirgl((virgl) => {
    assertEquals(virgl.capset(1, 1).length, virgl_caps_v1.size);
    assertEquals(virgl.capset(2, 0).length, virgl_caps_v2.size);
    errno("EINVAL", () => virgl.capset(1, 2));
    errno("EINVAL", () => virgl.capset(4, 0));
    assertEquals(virgl_caps_v1.at(virgl.capset(1, 1)).max_version, 1);
    const caps = virgl_caps_v2.at(virgl.capset(2, 2));
    assertEquals(caps.v1.max_version, 2);
    assertEquals(caps.v1.glsl_level, 330);
    assert(caps.renderer.startsWith("udrm ("));
    for (const { number, name } of VIRGL_FORMATS) {
      const format = virglFormatIsAmbiguous(number) ? undefined : virgl.formats.of(number);
      assertEquals(virglMaskHas(caps.v1.render, number), format?.canRender ?? false, name);
      assertEquals(virglMaskHas(caps.v1.depthstencil, number), format?.canDepth ?? false, name);
    }
    // What Mesa 22.3 and 25 read differently is offered for nothing.
    for (const mask of [caps.v1.sampler, caps.v1.render, caps.v1.vertexbuffer, caps.supported_readback_formats]) {
      assertEquals([262, 263, 264, 265, 266].filter((n) => virglMaskHas(mask, n)), []);
    }
    assert(virglMaskHas(caps.v1.sampler, VIRGL_FORMAT_A8B8G8R8_SNORM));
    errno("EINVAL", () => virgl.createContext(3, ""));
  });
  await withVirgl((virgl) => {
    const caps = virgl_caps_v2.at(virgl.capset(2, 2));
    assertEquals([caps.v1.glsl_level, caps.v1.max_samples], [120, 1]);
  }, { level: "gl21" });
});

Deno.test("completionFd is readable when a batch is complete, and is there only if it was asked for", async () => {
  await withVirgl((virgl) => assertEquals(virgl.completionFd, undefined));
  // The first Worker of a process leaves descriptors of the runtime's.
  const first = new Worker(new URL("../../vulkan/completion_worker.ts", import.meta.url), { type: "module" });
  await later();
  first.terminate();
  await withVirgl(async (virgl) => {
    const fd = virgl.completionFd ?? -1, resource = virgl.createResource3d(plain);
    for (let i = 0; i < 10; i++) {
      virgl.writeResource(resource, box, noise(1024, i));
      const batch = virgl.submit();
      assertEquals(poll(fd, 1, 10_000), 1);
      eventfdRead(fd);
      assertEquals(virgl.completed(), batch);
    }
    virgl[Symbol.dispose]();
    await later();
  }, { completionEvents: true, validation: false });
});

Deno.test("disposing frees everything in order, whatever is under way", async () => {
  await withVirgl((virgl) => {
    using memory = new TestMemory([1024]);
    const resource = virgl.createResource3d(plain);
    virgl.writeResource(resource, box, noise(1024, 1));
    virgl.setBacking(resource, memory.backing);
    virgl.frame(resource, { x: 0, y: 0, width: 16, height: 16 }, []).hold?.();
    virgl.transferFromHost3d(resource, box);
    virgl[Symbol.dispose]();
    virgl[Symbol.dispose]();
    errno("EIO", () => virgl.createResource3d(plain));
    assertEquals(virgl.submit(), virgl.completed());
  });
});
