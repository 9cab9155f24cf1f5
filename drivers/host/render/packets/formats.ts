/**
 * DXP_FORMAT_* as Vulkan formats, and what a GPU can do with them.
 * @module
 */

import * as object from "../../../../uapi/dxp_object.ts";
import {
  type Device,
  VK_FORMAT_B8G8R8A8_UNORM,
  VK_FORMAT_D32_SFLOAT,
  VK_FORMAT_R16G16B16A16_SFLOAT,
  VK_FORMAT_R32_SFLOAT,
  VK_FORMAT_R32_UINT,
  VK_FORMAT_R32G32_SFLOAT,
  VK_FORMAT_R32G32B32_SFLOAT,
  VK_FORMAT_R32G32B32A32_SFLOAT,
  VK_FORMAT_R8G8B8A8_UNORM,
  VK_FORMAT_UNDEFINED,
  VkFormatProperties,
} from "../../vulkan/mod.ts";

/** VkFormat, by DXP_FORMAT_*. */
export const VK_FORMATS: readonly number[] = [
  VK_FORMAT_UNDEFINED,
  VK_FORMAT_R8G8B8A8_UNORM,
  VK_FORMAT_B8G8R8A8_UNORM,
  VK_FORMAT_R16G16B16A16_SFLOAT,
  VK_FORMAT_R32_SFLOAT,
  VK_FORMAT_R32G32_SFLOAT,
  VK_FORMAT_R32G32B32_SFLOAT,
  VK_FORMAT_R32G32B32A32_SFLOAT,
  VK_FORMAT_R32_UINT,
  VK_FORMAT_D32_SFLOAT,
];

/** SPIR-V's Image Format of a storage image, by DXP_FORMAT_*; 0 (Unknown) where SPIR-V has none. */
export const SPIRV_FORMATS: readonly number[] = [0, 4, 0, 2, 3, 6, 0, 1, 33, 0];

/** Whether a shader sees unsigned integers. */
export function isInteger(format: number): boolean {
  return format === object.DXP_FORMAT_R32_UINT;
}

/** VkFormatFeatureFlags of images of tiling OPTIMAL, by DXP_FORMAT_*. */
export function imageFeatures(device: Device): readonly number[] {
  return VK_FORMATS.map((format) =>
    device.arena.scope((m) => {
      const at = m.alloc(VkFormatProperties.size);
      device.vk.vkGetPhysicalDeviceFormatProperties(device.physical.handle, format, m.address(at));
      return VkFormatProperties.read(m, at).optimalTilingFeatures;
    })
  );
}
