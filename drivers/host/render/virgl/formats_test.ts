/** Which VkFormat holds a virgl format, and where its components are: checked against the channels, not against the table. */
import { assert, assertEquals } from "@std/assert";
import { VIRGL_FORMATS } from "udrm/uapi/virgl_format.ts";
import * as vkFormats from "../../vulkan/generated/enums/vk_format.ts";
import { vkChoices, vkVertexFormat } from "./format_names.ts";

const names = new Map<number, string>();
for (const [name, value] of Object.entries(vkFormats)) {
  if (typeof value === "number" && name.startsWith("VK_FORMAT_")) names.set(value, name.slice(10));
}

/** Lowest bit and width of each component of a VkFormat, by its name alone. */
function places(name: string): ReadonlyMap<string, readonly [shift: number, bits: number]> {
  const parts = [...name.split("_")[0].matchAll(/([RGBA])(\d+)/g)].map(([, letter, bits]) =>
    [letter, Number(bits)] as const
  );
  const order = name.includes("_PACK") ? [...parts].reverse() : parts;
  const found = new Map<string, readonly [number, number]>();
  let shift = 0;
  for (const [letter, bits] of order) {
    found.set(letter, [shift, bits]);
    shift += bits;
  }
  return found;
}

Deno.test("components of a VkFormat lie where the channels of the virgl format do", () => {
  let count = 0;
  for (const info of VIRGL_FORMATS) {
    if (info.layout !== "plain" && info.layout !== "packed") continue;
    for (const { vk, swizzle } of vkChoices(info)) {
      const name = names.get(vk) ?? "", at = places(name);
      assertEquals(name.includes("_SRGB"), info.srgb, info.name);
      swizzle.forEach((from, i) => {
        const channel = info.swizzle[i];
        if (channel >= 4) return assertEquals(from, channel, `${info.name} as ${name}`);
        const { shift, bits } = info.channels[channel];
        assertEquals(at.get("RGBA"[from]), [shift, bits], `${"RGBA"[i]} of ${info.name} as ${name}`);
        count++;
      });
    }
  }
  assert(count > 500);
});

Deno.test("vertex formats are those whose components need no permutation", () => {
  const vertex = (name: string) => {
    const info = VIRGL_FORMATS.find((format) => format.name === name);
    if (info === undefined) throw new Error(name);
    return names.get(vkVertexFormat(info));
  };
  assertEquals(vertex("R32G32B32_FLOAT"), "R32G32B32_SFLOAT");
  assertEquals(vertex("B8G8R8A8_UNORM"), "B8G8R8A8_UNORM");
  assertEquals(vertex("R10G10B10A2_SNORM"), "A2B10G10R10_SNORM_PACK32");
  assertEquals(vertex("R16G16_SSCALED"), "R16G16_SSCALED");
  assertEquals(vertex("R11G11B10_FLOAT"), "B10G11R11_UFLOAT_PACK32");
  for (const name of ["L8_UNORM", "A8R8G8B8_UNORM", "R32_FIXED", "DXT1_RGB", "Z16_UNORM", "R32_UNORM"]) {
    assertEquals(vertex(name), "UNDEFINED", name);
  }
});
