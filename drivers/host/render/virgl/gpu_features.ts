/**
 * What a GPU can do for virgl: the features and extensions that are worth having, which of them a device offers, and how to
 * ask for them.
 * @module
 */

import {
  type Arena,
  chain,
  type Chained,
  type DeviceOptions,
  type Instance,
  type PhysicalDevice,
  type StructType,
  VkPhysicalDevice4444FormatsFeaturesEXT,
  VkPhysicalDeviceConditionalRenderingFeaturesEXT,
  VkPhysicalDeviceCustomBorderColorFeaturesEXT,
  VkPhysicalDeviceDepthClipControlFeaturesEXT,
  VkPhysicalDeviceDepthClipEnableFeaturesEXT,
  VkPhysicalDeviceFeatures,
  VkPhysicalDeviceFeatures2,
  VkPhysicalDeviceIndexTypeUint8FeaturesEXT,
  VkPhysicalDeviceLineRasterizationFeaturesEXT,
  VkPhysicalDeviceNonSeamlessCubeMapFeaturesEXT,
  VkPhysicalDevicePrimitivesGeneratedQueryFeaturesEXT,
  VkPhysicalDevicePrimitiveTopologyListRestartFeaturesEXT,
  VkPhysicalDeviceProvokingVertexFeaturesEXT,
  VkPhysicalDeviceRobustness2FeaturesEXT,
  VkPhysicalDeviceTransformFeedbackFeaturesEXT,
  VkPhysicalDeviceVertexAttributeDivisorFeaturesEXT,
  VkPhysicalDeviceVulkan11Features,
  VkPhysicalDeviceVulkan12Features,
  VkPhysicalDeviceVulkan13Features,
} from "../../vulkan/mod.ts";

const core10 = [
  "robustBufferAccess",
  "fullDrawIndexUint32",
  "imageCubeArray",
  "independentBlend",
  "geometryShader",
  "tessellationShader",
  "sampleRateShading",
  "dualSrcBlend",
  "logicOp",
  "multiDrawIndirect",
  "drawIndirectFirstInstance",
  "depthClamp",
  "depthBiasClamp",
  "fillModeNonSolid",
  "depthBounds",
  "wideLines",
  "largePoints",
  "alphaToOne",
  "multiViewport",
  "samplerAnisotropy",
  "textureCompressionETC2",
  "textureCompressionASTC_LDR",
  "textureCompressionBC",
  "occlusionQueryPrecise",
  "pipelineStatisticsQuery",
  "vertexPipelineStoresAndAtomics",
  "fragmentStoresAndAtomics",
  "shaderTessellationAndGeometryPointSize",
  "shaderImageGatherExtended",
  "shaderStorageImageExtendedFormats",
  "shaderStorageImageMultisample",
  "shaderStorageImageReadWithoutFormat",
  "shaderStorageImageWriteWithoutFormat",
  "shaderUniformBufferArrayDynamicIndexing",
  "shaderSampledImageArrayDynamicIndexing",
  "shaderStorageBufferArrayDynamicIndexing",
  "shaderStorageImageArrayDynamicIndexing",
  "shaderClipDistance",
  "shaderCullDistance",
  "shaderFloat64",
  "shaderInt64",
] as const;
const core11 = ["shaderDrawParameters"] as const;
const core12 = [
  "samplerMirrorClampToEdge",
  "drawIndirectCount",
  "shaderOutputViewportIndex",
  "shaderOutputLayer",
  "hostQueryReset",
  "scalarBlockLayout",
  "separateDepthStencilLayouts",
] as const;
const core13 = ["dynamicRendering", "maintenance4", "robustImageAccess", "shaderDemoteToHelperInvocation"] as const;

type Flags = Record<string, boolean>;

/** An extension, its feature struct, and the members that are asked for: [ours, theirs]. */
interface Offer {
  readonly extension: string;
  readonly members: readonly (readonly [ours: string, theirs: string])[];
  /** Places the struct, with a pNext. */
  place(m: Arena, next: bigint): number;
  /** What the driver filled in. */
  read(m: Arena, at: number): Record<string, unknown>;
  /** The struct with those members true. */
  ask(members: Flags): Chained;
}

function offer<T extends { pNext?: bigint }>(
  extension: string,
  type: StructType<T>,
  members: Readonly<Record<string, Exclude<keyof T, "pNext"> & string>>,
): Offer {
  return {
    extension,
    members: Object.entries(members),
    place: (m, next) => m.place(type, { pNext: next } as T),
    read: (m, at) => type.read(m, at) as unknown as Record<string, unknown>,
    ask: (asked) => chain(type, asked as unknown as T),
  };
}

const offers: readonly Offer[] = [
  offer("VK_EXT_transform_feedback", VkPhysicalDeviceTransformFeedbackFeaturesEXT, {
    transformFeedback: "transformFeedback",
    geometryStreams: "geometryStreams",
  }),
  offer("VK_EXT_conditional_rendering", VkPhysicalDeviceConditionalRenderingFeaturesEXT, {
    conditionalRendering: "conditionalRendering",
  }),
  offer("VK_EXT_custom_border_color", VkPhysicalDeviceCustomBorderColorFeaturesEXT, {
    customBorderColor: "customBorderColors",
    customBorderColorWithoutFormat: "customBorderColorWithoutFormat",
  }),
  offer("VK_EXT_depth_clip_control", VkPhysicalDeviceDepthClipControlFeaturesEXT, {
    depthClipControl: "depthClipControl",
  }),
  offer("VK_EXT_depth_clip_enable", VkPhysicalDeviceDepthClipEnableFeaturesEXT, { depthClipEnable: "depthClipEnable" }),
  offer("VK_EXT_provoking_vertex", VkPhysicalDeviceProvokingVertexFeaturesEXT, {
    provokingVertex: "provokingVertexLast",
    transformFeedbackPreservesProvokingVertex: "transformFeedbackPreservesProvokingVertex",
  }),
  offer("VK_EXT_index_type_uint8", VkPhysicalDeviceIndexTypeUint8FeaturesEXT, { indexUint8: "indexTypeUint8" }),
  offer("VK_EXT_vertex_attribute_divisor", VkPhysicalDeviceVertexAttributeDivisorFeaturesEXT, {
    vertexDivisor: "vertexAttributeInstanceRateDivisor",
    vertexZeroDivisor: "vertexAttributeInstanceRateZeroDivisor",
  }),
  offer("VK_EXT_primitive_topology_list_restart", VkPhysicalDevicePrimitiveTopologyListRestartFeaturesEXT, {
    listRestart: "primitiveTopologyListRestart",
    patchListRestart: "primitiveTopologyPatchListRestart",
  }),
  offer("VK_EXT_robustness2", VkPhysicalDeviceRobustness2FeaturesEXT, {
    robustBufferAccess2: "robustBufferAccess2",
    robustImageAccess2: "robustImageAccess2",
    nullDescriptor: "nullDescriptor",
  }),
  offer("VK_EXT_line_rasterization", VkPhysicalDeviceLineRasterizationFeaturesEXT, {
    rectangularLines: "rectangularLines",
    bresenhamLines: "bresenhamLines",
    smoothLines: "smoothLines",
    stippledRectangularLines: "stippledRectangularLines",
    stippledBresenhamLines: "stippledBresenhamLines",
    stippledSmoothLines: "stippledSmoothLines",
  }),
  offer("VK_EXT_4444_formats", VkPhysicalDevice4444FormatsFeaturesEXT, {
    formatA4R4G4B4: "formatA4R4G4B4",
    formatA4B4G4R4: "formatA4B4G4R4",
  }),
  offer("VK_EXT_non_seamless_cube_map", VkPhysicalDeviceNonSeamlessCubeMapFeaturesEXT, {
    nonSeamlessCubeMap: "nonSeamlessCubeMap",
  }),
  offer("VK_EXT_primitives_generated_query", VkPhysicalDevicePrimitivesGeneratedQueryFeaturesEXT, {
    primitivesGeneratedQuery: "primitivesGeneratedQuery",
    primitivesGeneratedQueryWithRasterizerDiscard: "primitivesGeneratedQueryWithRasterizerDiscard",
    primitivesGeneratedQueryWithNonZeroStreams: "primitivesGeneratedQueryWithNonZeroStreams",
  }),
];

/** Extensions without a feature struct, by what `has` calls them. */
const plain = { shaderStencilExport: "VK_EXT_shader_stencil_export" } as const;

/** Features of extensions, by our names. */
export type ExtensionFeature =
  | "transformFeedback"
  | "geometryStreams"
  | "conditionalRendering"
  | "customBorderColor"
  | "customBorderColorWithoutFormat"
  | "depthClipControl"
  | "depthClipEnable"
  | "provokingVertex"
  | "transformFeedbackPreservesProvokingVertex"
  | "indexUint8"
  | "vertexDivisor"
  | "vertexZeroDivisor"
  | "listRestart"
  | "patchListRestart"
  | "robustBufferAccess2"
  | "robustImageAccess2"
  | "nullDescriptor"
  | "rectangularLines"
  | "bresenhamLines"
  | "smoothLines"
  | "stippledRectangularLines"
  | "stippledBresenhamLines"
  | "stippledSmoothLines"
  | "formatA4R4G4B4"
  | "formatA4B4G4R4"
  | "nonSeamlessCubeMap"
  | "primitivesGeneratedQuery"
  | "primitivesGeneratedQueryWithRasterizerDiscard"
  | "primitivesGeneratedQueryWithNonZeroStreams"
  | "shaderStencilExport";

/** What a device has of all that, every one of which is enabled. Core features keep Vulkan's names. */
export type GpuFeatures = {
  readonly [
    K in
      | typeof core10[number]
      | typeof core11[number]
      | typeof core12[number]
      | typeof core13[number]
      | ExtensionFeature
  ]: boolean;
};

function pick(names: readonly string[], there: unknown, has: Flags, without: readonly string[]): Flags {
  const found: Flags = {};
  for (const name of names) {
    has[name] = (there as Record<string, unknown>)[name] === true && !without.includes(name);
    if (has[name]) found[name] = true;
  }
  return found;
}

/**
 * What a device offers, and how to ask for it.
 *
 * @param instance an open instance. @param physical one of its devices. @param without features to do without
 * @returns what it has, and options for a device that has it.
 */
export function gpuFeatures(
  instance: Instance,
  physical: PhysicalDevice,
  without: readonly (keyof GpuFeatures)[] = [],
): { readonly has: GpuFeatures; readonly options: DeviceOptions } {
  const { vk, arena } = instance;
  const present = offers.filter(({ extension }) => physical.extensions.has(extension));
  return arena.scope((m) => {
    let next = 0n;
    const places: number[] = [];
    for (const { place } of present) {
      const at = place(m, next);
      places.push(at);
      next = m.address(at);
    }
    const at13 = m.place(VkPhysicalDeviceVulkan13Features, { pNext: next });
    const at12 = m.place(VkPhysicalDeviceVulkan12Features, { pNext: m.address(at13) });
    const at11 = m.place(VkPhysicalDeviceVulkan11Features, { pNext: m.address(at12) });
    const at = m.place(VkPhysicalDeviceFeatures2, { pNext: m.address(at11) });
    vk.vkGetPhysicalDeviceFeatures2(physical.handle, m.address(at));
    const has: Flags = {};
    const features = pick(
      core10,
      VkPhysicalDeviceFeatures.read(m, at + VkPhysicalDeviceFeatures2.offsets.features),
      has,
      without,
    );
    const features11 = pick(core11, VkPhysicalDeviceVulkan11Features.read(m, at11), has, without);
    const features12 = pick(core12, VkPhysicalDeviceVulkan12Features.read(m, at12), has, without);
    const features13 = pick(core13, VkPhysicalDeviceVulkan13Features.read(m, at13), has, without);
    for (const { members } of offers) for (const [ours] of members) has[ours] = false;
    const links: Chained[] = present.map(({ ask, read, members }, i) => {
      const there = read(m, places[i]);
      const asked: Flags = {};
      for (const [ours, theirs] of members) {
        if (there[theirs] === true && !(without as readonly string[]).includes(ours)) asked[theirs] = has[ours] = true;
      }
      return ask(asked);
    });
    for (const [name, extension] of Object.entries(plain)) has[name] = physical.extensions.has(extension);
    const extensions = [...present.map(({ extension }) => extension), ...Object.values(plain)];
    const options = { features, features11, features12, features13, chain: links, optionalExtensions: extensions };
    return { has: has as GpuFeatures, options };
  });
}
