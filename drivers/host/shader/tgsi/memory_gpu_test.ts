import { assertEquals } from "@std/assert";
import * as vk from "../../vulkan/mod.ts";
import { atomicBinding, bufferBinding, STORAGE_SET } from "./layout.ts";
import { compile } from "./testing.ts";
import { withGpu } from "./testing_draw.ts";

const TEXT = `COMP
PROPERTY CS_FIXED_BLOCK_WIDTH 8
PROPERTY CS_FIXED_BLOCK_HEIGHT 1
PROPERTY CS_FIXED_BLOCK_DEPTH 1
DCL SV[0], THREAD_ID
DCL SV[1], BLOCK_ID
DCL SV[2], GRID_SIZE
DCL BUFFER[0..2]
DCL HWATOMIC[0][0..3]
DCL MEMORY[0], SHARED
DCL TEMP[0..9]
IMM[0] UINT32 {8, 4, 7, 1}
IMM[1] UINT32 {0, 12, 16, 1000}
  0: UMAD TEMP[0].x, SV[1].xxxx, IMM[0].xxxx, SV[0].xxxx
  1: UMUL TEMP[0].x, TEMP[0].xxxx, IMM[0].yyyy
  2: LOAD TEMP[1].x, BUFFER[0].xxxx, TEMP[0].xxxx
  3: UMUL TEMP[2].x, SV[0].xxxx, IMM[0].yyyy
  4: STORE MEMORY[0].x, TEMP[2].xxxx, TEMP[1].xxxx
  5: BARRIER
  6: UADD TEMP[3].x, IMM[0].zzzz, -SV[0].xxxx
  7: UMUL TEMP[3].x, TEMP[3].xxxx, IMM[0].yyyy
  8: LOAD TEMP[4].x, MEMORY[0].xxxx, TEMP[3].xxxx
  9: STORE BUFFER[1].x, TEMP[0].xxxx, TEMP[4].xxxx
 10: ATOMUADD TEMP[5].x, BUFFER[2], IMM[1].xxxx, TEMP[1].xxxx
 11: ATOMUMAX TEMP[5].x, BUFFER[2], IMM[0].yyyy, TEMP[1].xxxx
 12: ATOMUADD TEMP[5].x, HWATOMIC[0][1], IMM[1].xxxx, IMM[0].wwww
 13: RESQ TEMP[6].x, BUFFER[0]
 14: MOV TEMP[6].y, SV[2].xxxx
 15: STORE BUFFER[2].xy, IMM[0].xxxx, TEMP[6]
 16: ATOMCAS TEMP[7].x, BUFFER[2], IMM[1].zzzz, IMM[1].xxxx, IMM[1].wwww
 17: END
`;

Deno.test("a compute shader reads and writes buffers, shared memory and counters", async () => {
  await withGpu((device) => {
    const { arena: m, handle, vk: api, queue } = device;
    using cleanup = new DisposableStack();
    const mark = m.mark();
    cleanup.defer(() => m.reset(mark));
    const make = (run: (out: bigint) => number, what: string): bigint => {
      const at = m.alloc(8);
      device.check(run(m.address(at)), what);
      return m.u64[at >>> 3];
    };
    const code = compile(TEXT);
    const at = m.alloc(code.byteLength);
    m.u32.set(code, at >>> 2);
    const module = make((out) =>
      api.vkCreateShaderModule(
        handle,
        m.put(vk.VkShaderModuleCreateInfo, { codeSize: BigInt(code.byteLength), pCode: m.address(at) }),
        0n,
        out,
      ), "vkCreateShaderModule");
    cleanup.defer(() => api.vkDestroyShaderModule(handle, module, 0n));
    const bindings = [0, 1, 2].map((i) => bufferBinding("compute", i)).concat(atomicBinding("compute", 0));
    const buffers = bindings.map(() => {
      const usage = vk.VK_BUFFER_USAGE_STORAGE_BUFFER_BIT;
      const buffer = cleanup.use(device.createBuffer({ size: 64, usage, memory: "readback" }));
      const words = new Uint32Array(buffer.bytes.buffer, buffer.bytes.byteOffset, 16);
      return { buffer, words: words.fill(0) };
    });
    buffers[0].words.set(Array.from({ length: 16 }, (_, i) => i * i));
    for (const { buffer } of buffers) buffer.allocation.flush();
    const descriptorType = vk.VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
    const layouts = Array.from({ length: STORAGE_SET + 1 }, (_, set) => {
      const stageFlags = vk.VK_SHADER_STAGE_COMPUTE_BIT;
      const all = bindings.map((binding) => ({ binding, descriptorType, descriptorCount: 1, stageFlags }));
      const info = m.put(vk.VkDescriptorSetLayoutCreateInfo, { pBindings: set === STORAGE_SET ? all : [] });
      const layout = make((out) => api.vkCreateDescriptorSetLayout(handle, info, 0n, out), "layout");
      cleanup.defer(() => api.vkDestroyDescriptorSetLayout(handle, layout, 0n));
      return layout;
    });
    const pools = m.put(vk.VkDescriptorPoolCreateInfo, {
      maxSets: 1,
      pPoolSizes: [{ type: descriptorType, descriptorCount: 4 }],
    });
    const pool = make((out) => api.vkCreateDescriptorPool(handle, pools, 0n, out), "vkCreateDescriptorPool");
    cleanup.defer(() => api.vkDestroyDescriptorPool(handle, pool, 0n));
    const allocate = m.put(vk.VkDescriptorSetAllocateInfo, {
      descriptorPool: pool,
      pSetLayouts: [layouts[STORAGE_SET]],
    });
    const set = make((out) => api.vkAllocateDescriptorSets(handle, allocate, out), "vkAllocateDescriptorSets");
    const writes = buffers.map(({ buffer }, i) => ({
      dstSet: set,
      dstBinding: bindings[i],
      descriptorCount: 1,
      descriptorType,
      pBufferInfo: [{ buffer: buffer.handle, range: 64n }],
    }));
    api.vkUpdateDescriptorSets(handle, 4, m.putAll(vk.VkWriteDescriptorSet, writes), 0, 0n);
    const layoutInfo = m.put(vk.VkPipelineLayoutCreateInfo, { pSetLayouts: layouts });
    const layout = make((out) => api.vkCreatePipelineLayout(handle, layoutInfo, 0n, out), "vkCreatePipelineLayout");
    cleanup.defer(() => api.vkDestroyPipelineLayout(handle, layout, 0n));
    const info = m.put(vk.VkComputePipelineCreateInfo, {
      stage: { stage: vk.VK_SHADER_STAGE_COMPUTE_BIT, module, pName: "main" },
      layout,
    });
    const pipeline = make((out) => api.vkCreateComputePipelines(handle, 0n, 1, info, 0n, out), "pipeline");
    cleanup.defer(() => api.vkDestroyPipeline(handle, pipeline, 0n));
    const commands = queue.begin();
    const point = vk.VK_PIPELINE_BIND_POINT_COMPUTE;
    api.vkCmdBindPipeline(commands.handle, point, pipeline);
    api.vkCmdBindDescriptorSets(commands.handle, point, layout, STORAGE_SET, 1, m.putU64s([set]), 0, 0n);
    api.vkCmdDispatch(commands.handle, 2, 1, 1);
    const barriers = new vk.Barriers(api);
    barriers.memory(
      vk.VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT,
      vk.VK_ACCESS_2_SHADER_WRITE_BIT,
      vk.VK_PIPELINE_STAGE_2_HOST_BIT,
      vk.VK_ACCESS_2_HOST_READ_BIT,
    );
    barriers.record(commands.handle);
    queue.waitFor(queue.submit(commands));
    for (const { buffer } of buffers) buffer.allocation.invalidate();
    const squares = Array.from({ length: 16 }, (_, i) => i * i);
    const swapped = [...squares.slice(0, 8).reverse(), ...squares.slice(8).reverse()];
    assertEquals([...buffers[1].words], swapped);
    const sum = squares.reduce((a, b) => a + b);
    assertEquals([...buffers[2].words.subarray(0, 5)], [sum, 225, 64, 2, 1000]);
    assertEquals([...buffers[3].words.subarray(0, 4)], [0, 16, 0, 0]);
  });
});
