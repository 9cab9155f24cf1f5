/** Depth and stencil taken apart and put together, as GPUs with and without 24 bits of depth hold them. */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type DepthLayout, depthLayout, joinDepth, splitDepth } from "./depth_texels.ts";
import { VIRGL_FORMATS, virglFormat } from "udrm/uapi/virgl_format.ts";
import { VK_FORMAT_D24_UNORM_S8_UINT, VK_FORMAT_D32_SFLOAT_S8_UINT } from "../../vulkan/mod.ts";
import type { GpuFormat } from "./formats.ts";

function layoutOf(name: string, vk: number): DepthLayout {
  const info = virglFormat(VIRGL_FORMATS.find((format) => format.name === name)?.number ?? 0);
  if (info === undefined) throw new Error(name);
  return depthLayout({ info, vk } as GpuFormat);
}

const cases: readonly (readonly [name: string, mask: number, depthShift: number, stencilShift: number])[] = [
  ["Z24_UNORM_S8_UINT", 0xffffffff, 0, 24],
  ["S8_UINT_Z24_UNORM", 0xffffffff, 8, 0],
  ["Z24X8_UNORM", 0x00ffffff, 0, -1],
  ["X8Z24_UNORM", 0xffffff00, 8, -1],
];

Deno.test("24 bits of depth go to the GPU and back unchanged, as integers and as floats, their stencil with them", () => {
  for (const [name, mask, depthShift, stencilShift] of cases) {
    for (const vk of [VK_FORMAT_D24_UNORM_S8_UINT, VK_FORMAT_D32_SFLOAT_S8_UINT]) {
      const layout = layoutOf(name, vk);
      fc.assert(fc.property(fc.uint32Array({ minLength: 1, maxLength: 20 }), (texels) => {
        const count = texels.length, depth = new Uint32Array(count), stencil = new Uint8Array(count);
        splitDepth(layout, texels, count, depth, stencil);
        const floats = new Float32Array(depth.buffer), float = vk === VK_FORMAT_D32_SFLOAT_S8_UINT;
        texels.forEach((texel, i) => {
          const value = texel >>> depthShift & 0xffffff;
          if (float) assertEquals(floats[i], Math.fround(value / 0xffffff));
          else assertEquals(depth[i], value);
          if (stencilShift >= 0) assertEquals(stencil[i], texel >>> stencilShift & 0xff);
        });
        const back = new Uint32Array(count);
        joinDepth(layout, depth, stencil, count, back);
        assertEquals(back, texels.map((texel) => (texel & mask) >>> 0));
      }));
    }
  }
});

Deno.test("floats of depth stay as they are, and their stencil is the second word's low byte", () => {
  const layout = layoutOf("Z32_FLOAT_S8X24_UINT", VK_FORMAT_D32_SFLOAT_S8_UINT);
  const texels = new Uint32Array([0x3f000000, 0xffffff12, 0, 7]),
    depth = new Uint32Array(2),
    stencil = new Uint8Array(2);
  splitDepth(layout, texels, 2, depth, stencil);
  assertEquals([...depth, ...stencil], [0x3f000000, 0, 0x12, 7]);
  const back = new Uint32Array(4);
  joinDepth(layout, depth, stencil, 2, back);
  assertEquals([...back], [0x3f000000, 0x12, 0, 7]);
});
