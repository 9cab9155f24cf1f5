/** For tests: draws with TGSI programs on a Vulkan device and reads the pixels back. */
import * as vk from "../../vulkan/mod.ts";
import { withDevice } from "../../vulkan/testing.ts";
import { DRIVER_CONSTANTS_BINDING, DriverConstants, samplerBinding, uniformBinding } from "./layout.ts";
import { outputLocations, parseTgsi, shaderInfo, type ShaderVariant } from "./mod.ts";
import { compile, COVER } from "./testing.ts";

/** What to draw. */
export interface Drawing {
  /** Vertex shader; {@linkcode COVER} by default. */
  readonly vertex?: string;
  /** Its variant. */
  readonly vertexVariant?: Partial<ShaderVariant>;
  /** Further stages between it and the fragment shader, in order, with their VkShaderStageFlagBits. */
  readonly between?: readonly {
    readonly text: string;
    readonly stage: number;
    readonly variant?: Partial<ShaderVariant>;
  }[];
  /** Fragment shader; its COLOR[0] is the pixel. */
  readonly fragment: string;
  /** Its variant. */
  readonly fragmentVariant?: Partial<ShaderVariant>;
  /** CONST[0] of the fragment shader, as 32-bit words. */
  readonly constants?: Uint32Array;
  /** The driver's constants, as words; all zero by default, with the target's size. */
  readonly driver?: Uint32Array;
  /** Textures of the fragment shader: four floats a texel, not filtered, repeated. */
  readonly textures?: readonly {
    readonly unit: number;
    readonly width: number;
    readonly height: number;
    readonly texels: Float32Array;
  }[];
  /** Pixels in a row. */
  readonly width: number;
  /** Rows; 1 by default. */
  readonly height?: number;
  /** VkPrimitiveTopology; triangle list by default. */
  readonly topology?: number;
  /** Vertices; 3 by default. */
  readonly vertices?: number;
}

/** Uploads textures and makes their samplers. */
function makeTextures(
  device: vk.Device,
  textures: NonNullable<Drawing["textures"]>,
  cleanup: DisposableStack,
): { unit: number; view: bigint; sampler: bigint }[] {
  const { vk: api, handle, queue, arena: m } = device;
  return textures.map(({ unit, width, height, texels }) => {
    const image = cleanup.use(device.createImage({
      format: vk.VK_FORMAT_R32G32B32A32_SFLOAT,
      width,
      height,
      usage: vk.VK_IMAGE_USAGE_SAMPLED_BIT | vk.VK_IMAGE_USAGE_TRANSFER_DST_BIT,
    }));
    using upload = device.createBuffer({
      size: texels.byteLength,
      usage: vk.VK_BUFFER_USAGE_TRANSFER_SRC_BIT,
      memory: "upload",
    });
    upload.bytes.set(new Uint8Array(texels.buffer, texels.byteOffset, texels.byteLength));
    upload.allocation.flush();
    const barriers = new vk.Barriers(api), copies = new vk.BufferImageCopies(1);
    const commands = queue.begin();
    const copy = vk.VK_PIPELINE_STAGE_2_COPY_BIT, wrote = vk.VK_ACCESS_2_TRANSFER_WRITE_BIT;
    barriers.image(image, vk.VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, 0n, 0n, copy, wrote);
    barriers.record(commands.handle);
    copies.push(0, 0, 0, vk.VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 0, 0, 0, width, height, 1);
    api.vkCmdCopyBufferToImage(commands.handle, upload.handle, image.handle, image.layout, 1, copies.address);
    const shader = vk.VK_PIPELINE_STAGE_2_FRAGMENT_SHADER_BIT, read = vk.VK_ACCESS_2_SHADER_SAMPLED_READ_BIT;
    barriers.image(image, vk.VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL, copy, wrote, shader, read);
    barriers.record(commands.handle);
    queue.waitFor(queue.submit(commands));
    const out = m.alloc(8);
    const repeat = vk.VK_SAMPLER_ADDRESS_MODE_REPEAT;
    const info = m.put(vk.VkSamplerCreateInfo, { addressModeU: repeat, addressModeV: repeat, addressModeW: repeat });
    device.check(api.vkCreateSampler(handle, info, 0n, m.address(out)), "vkCreateSampler");
    const sampler = m.u64[out >>> 3];
    cleanup.defer(() => api.vkDestroySampler(handle, sampler, 0n));
    return { unit, view: image.view, sampler };
  });
}

/** Draws once into a target of 4 words a pixel. @returns the words, row by row; 0xdeadbeef where nothing was drawn. */
export function draw(device: vk.Device, drawing: Drawing): Uint32Array {
  const { width, height = 1 } = drawing;
  const { arena: m, handle, queue, vk: api } = device;
  using cleanup = new DisposableStack();
  const make = (run: (out: bigint) => number, what: string): bigint => {
    const at = m.alloc(8);
    device.check(run(m.address(at)), what);
    return m.u64[at >>> 3];
  };
  const mark = m.mark();
  cleanup.defer(() => m.reset(mark));
  const producer = shaderInfo(parseTgsi(drawing.vertex ?? COVER));
  const stages = [{
    text: drawing.vertex ?? COVER,
    stage: vk.VK_SHADER_STAGE_VERTEX_BIT,
    variant: drawing.vertexVariant,
  }];
  let locations = outputLocations(producer);
  const modules: { code: Uint32Array; stage: number }[] = [];
  const all = [...stages, ...drawing.between ?? []];
  all.forEach(({ text, stage, variant }, i) => {
    const info = shaderInfo(parseTgsi(text));
    const own = outputLocations(info);
    const code = compile(text, {
      lastVertexStage: i === all.length - 1,
      inputLocations: locations,
      outputLocations: own,
      ...variant,
    });
    modules.push({ code, stage });
    locations = own;
  });
  modules.push({
    code: compile(drawing.fragment, {
      inputLocations: locations,
      colorOutputs: [{ type: "uint" }],
      ...drawing.fragmentVariant,
    }),
    stage: vk.VK_SHADER_STAGE_FRAGMENT_BIT,
  });
  const shaders = modules.map(({ code, stage }) => {
    const at = m.alloc(code.byteLength);
    m.u32.set(code, at >>> 2);
    const module = make(
      (out) =>
        api.vkCreateShaderModule(
          handle,
          m.put(vk.VkShaderModuleCreateInfo, { codeSize: BigInt(code.byteLength), pCode: m.address(at) }),
          0n,
          out,
        ),
      "vkCreateShaderModule",
    );
    cleanup.defer(() => api.vkDestroyShaderModule(handle, module, 0n));
    return { stage, module, pName: "main" };
  });

  const uniform = cleanup.use(
    device.createBuffer({ size: 65536, usage: vk.VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT, memory: "upload" }),
  );
  const driver = cleanup.use(
    device.createBuffer({ size: DriverConstants.size, usage: vk.VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT, memory: "upload" }),
  );
  const words = (bytes: Uint8Array): Uint32Array =>
    new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
  words(uniform.bytes).set(drawing.constants ?? []);
  words(driver.bytes).fill(0);
  new Float32Array(driver.bytes.buffer, driver.bytes.byteOffset)[DriverConstants.height / 4] = height;
  words(driver.bytes).set(drawing.driver ?? []);
  uniform.allocation.flush();
  driver.allocation.flush();
  const target = cleanup.use(device.createImage({
    format: vk.VK_FORMAT_R32G32B32A32_UINT,
    width,
    height,
    usage: vk.VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | vk.VK_IMAGE_USAGE_TRANSFER_SRC_BIT,
  }));
  const back = cleanup.use(
    device.createBuffer({ size: width * height * 16, usage: vk.VK_BUFFER_USAGE_TRANSFER_DST_BIT, memory: "readback" }),
  );
  const bindings = [uniformBinding("fragment", 0), DRIVER_CONSTANTS_BINDING];
  const textures = makeTextures(device, drawing.textures ?? [], cleanup);
  const samplerLayout = make(
    (out) =>
      api.vkCreateDescriptorSetLayout(
        handle,
        m.put(vk.VkDescriptorSetLayoutCreateInfo, {
          pBindings: textures.map(({ unit }) => ({
            binding: samplerBinding("fragment", unit),
            descriptorType: vk.VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER,
            descriptorCount: 1,
            stageFlags: vk.VK_SHADER_STAGE_FRAGMENT_BIT,
          })),
        }),
        0n,
        out,
      ),
    "vkCreateDescriptorSetLayout",
  );
  cleanup.defer(() => api.vkDestroyDescriptorSetLayout(handle, samplerLayout, 0n));
  const setLayout = make((out) =>
    api.vkCreateDescriptorSetLayout(
      handle,
      m.put(vk.VkDescriptorSetLayoutCreateInfo, {
        pBindings: bindings.map((binding) => ({
          binding,
          descriptorType: vk.VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER,
          descriptorCount: 1,
          stageFlags: vk.VK_SHADER_STAGE_ALL_GRAPHICS,
        })),
      }),
      0n,
      out,
    ), "vkCreateDescriptorSetLayout");
  cleanup.defer(() => api.vkDestroyDescriptorSetLayout(handle, setLayout, 0n));
  const pool = make((out) =>
    api.vkCreateDescriptorPool(
      handle,
      m.put(vk.VkDescriptorPoolCreateInfo, {
        maxSets: 2,
        pPoolSizes: [
          { type: vk.VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER, descriptorCount: 2 },
          { type: vk.VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, descriptorCount: 8 },
        ],
      }),
      0n,
      out,
    ), "vkCreateDescriptorPool");
  cleanup.defer(() => api.vkDestroyDescriptorPool(handle, pool, 0n));
  const allocate = (of: bigint): bigint =>
    make((out) =>
      api.vkAllocateDescriptorSets(
        handle,
        m.put(vk.VkDescriptorSetAllocateInfo, { descriptorPool: pool, pSetLayouts: [of] }),
        out,
      ), "vkAllocateDescriptorSets");
  const set = allocate(setLayout), samplerSet = allocate(samplerLayout);
  const writes: vk.VkWriteDescriptorSet[] = [uniform, driver].map((buffer, i) => ({
    dstSet: set,
    dstBinding: bindings[i],
    descriptorCount: 1,
    descriptorType: vk.VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER,
    pBufferInfo: [{ buffer: buffer.handle, range: BigInt(buffer.size) }],
  }));
  for (const { unit, view, sampler } of textures) {
    writes.push({
      dstSet: samplerSet,
      dstBinding: samplerBinding("fragment", unit),
      descriptorCount: 1,
      descriptorType: vk.VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER,
      pImageInfo: [{ sampler, imageView: view, imageLayout: vk.VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL }],
    });
  }
  api.vkUpdateDescriptorSets(handle, writes.length, m.putAll(vk.VkWriteDescriptorSet, writes), 0, 0n);
  const layout = make(
    (out) =>
      api.vkCreatePipelineLayout(
        handle,
        m.put(vk.VkPipelineLayoutCreateInfo, { pSetLayouts: [setLayout, samplerLayout] }),
        0n,
        out,
      ),
    "vkCreatePipelineLayout",
  );
  cleanup.defer(() => api.vkDestroyPipelineLayout(handle, layout, 0n));
  const tessellated = (drawing.between ?? []).some(({ stage }) =>
    stage === vk.VK_SHADER_STAGE_TESSELLATION_CONTROL_BIT
  );
  const pipeline = make((out) =>
    api.vkCreateGraphicsPipelines(
      handle,
      0n,
      1,
      m.put(vk.VkGraphicsPipelineCreateInfo, {
        pNext: [
          vk.chain(vk.VkPipelineRenderingCreateInfo, { pColorAttachmentFormats: [vk.VK_FORMAT_R32G32B32A32_UINT] }),
        ],
        pStages: shaders,
        pVertexInputState: {},
        pInputAssemblyState: {
          topology: tessellated
            ? vk.VK_PRIMITIVE_TOPOLOGY_PATCH_LIST
            : drawing.topology ?? vk.VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST,
        },
        pTessellationState: { patchControlPoints: 3 },
        pViewportState: {
          pViewports: [{ width, height, maxDepth: 1 }],
          pScissors: [{ offset: {}, extent: { width, height } }],
        },
        pRasterizationState: { polygonMode: vk.VK_POLYGON_MODE_FILL, lineWidth: 1 },
        pMultisampleState: { rasterizationSamples: vk.VK_SAMPLE_COUNT_1_BIT },
        pColorBlendState: { pAttachments: [{ colorWriteMask: 15 }] },
        layout,
      }),
      0n,
      out,
    ), "vkCreateGraphicsPipelines");
  cleanup.defer(() => api.vkDestroyPipeline(handle, pipeline, 0n));

  const barriers = new vk.Barriers(api);
  const commands = queue.begin();
  const output = vk.VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT, wrote = vk.VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT;
  barriers.image(target, vk.VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL, 0n, 0n, output, wrote);
  barriers.record(commands.handle);
  const clear = [0xdeadbeef, 0xdeadbeef, 0xdeadbeef, 0xdeadbeef] as const;
  api.vkCmdBeginRendering(
    commands.handle,
    m.put(vk.VkRenderingInfo, {
      renderArea: { extent: { width, height } },
      layerCount: 1,
      pColorAttachments: [{
        imageView: target.view,
        imageLayout: target.layout,
        loadOp: vk.VK_ATTACHMENT_LOAD_OP_CLEAR,
        storeOp: vk.VK_ATTACHMENT_STORE_OP_STORE,
        clearValue: { color: { uint32: [...clear] } },
      }],
    }),
  );
  api.vkCmdBindPipeline(commands.handle, vk.VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
  api.vkCmdBindDescriptorSets(
    commands.handle,
    vk.VK_PIPELINE_BIND_POINT_GRAPHICS,
    layout,
    0,
    2,
    m.putU64s([set, samplerSet]),
    0,
    0n,
  );
  api.vkCmdDraw(commands.handle, drawing.vertices ?? 3, 1, 0, 0);
  api.vkCmdEndRendering(commands.handle);
  barriers.image(
    target,
    vk.VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
    output,
    wrote,
    vk.VK_PIPELINE_STAGE_2_COPY_BIT,
    vk.VK_ACCESS_2_TRANSFER_READ_BIT,
  );
  barriers.record(commands.handle);
  const copies = new vk.BufferImageCopies(1);
  copies.push(0, 0, 0, vk.VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 0, 0, 0, width, height, 1);
  api.vkCmdCopyImageToBuffer(commands.handle, target.handle, target.layout, back.handle, 1, copies.address);
  queue.waitFor(queue.submit(commands));
  back.allocation.invalidate();
  return words(back.bytes).slice(0, width * height * 4);
}

/** Runs a test with a device that has what the translator's modules may use. */
export function withGpu(body: (device: vk.Device) => void | Promise<void>): Promise<void> {
  return withDevice(body, {
    features: {
      shaderClipDistance: true,
      shaderCullDistance: true,
      geometryShader: true,
      tessellationShader: true,
      shaderFloat64: true,
      shaderInt64: true,
      fragmentStoresAndAtomics: true,
      vertexPipelineStoresAndAtomics: true,
      largePoints: true,
      shaderTessellationAndGeometryPointSize: true,
      sampleRateShading: true,
    },
    features11: { shaderDrawParameters: true },
    features13: { dynamicRendering: true },
    extensions: ["VK_EXT_transform_feedback"],
    chain: [
      vk.chain(vk.VkPhysicalDeviceTransformFeedbackFeaturesEXT, { transformFeedback: true, geometryStreams: true }),
    ],
  });
}
