/* What dxg.ts compares with: the same work by bare Vulkan. Prints one number.
 *   dxg_submit latency ROUNDS             ns from vkQueueSubmit to the end of vkWaitSemaphores, of one vkCmdFillBuffer of 4 bytes
 *   dxg_submit batch ROUNDS               submissions a second, 64 in flight
 *   dxg_submit matmul N GROUP SPV ROUNDS  ns of a product of N x N floats, submitted and waited for
 * Best of all rounds, but for batch. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <vulkan/vulkan.h>

#define CHECK(x) do { VkResult r_ = (x); if (r_ < 0) { fprintf(stderr, "%s: %d\n", #x, r_); exit(1); } } while (0)

static VkDevice device;
static VkQueue queue;
static VkSemaphore timeline;
static uint64_t value;
static VkPhysicalDeviceMemoryProperties memory;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

static void submit(VkCommandBuffer commands) {
  value++;
  VkCommandBufferSubmitInfo c = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO, .commandBuffer = commands};
  VkSemaphoreSubmitInfo s = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO, .semaphore = timeline, .value = value,
                             .stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT};
  VkSubmitInfo2 i = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2, .commandBufferInfoCount = 1, .pCommandBufferInfos = &c,
                     .signalSemaphoreInfoCount = 1, .pSignalSemaphoreInfos = &s};
  CHECK(vkQueueSubmit2(queue, 1, &i, VK_NULL_HANDLE));
}

static void wait_for(uint64_t v) {
  VkSemaphoreWaitInfo w = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO, .semaphoreCount = 1, .pSemaphores = &timeline, .pValues = &v};
  CHECK(vkWaitSemaphores(device, &w, UINT64_MAX));
}

static VkBuffer buffer(VkDeviceSize size, void **map) {
  VkBuffer b;
  VkDeviceMemory m;
  VkBufferCreateInfo i = {.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .size = size,
                          .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT};
  CHECK(vkCreateBuffer(device, &i, NULL, &b));
  VkMemoryRequirements r;
  vkGetBufferMemoryRequirements(device, b, &r);
  uint32_t type = 0;
  const VkMemoryPropertyFlags want = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
  while (!((r.memoryTypeBits >> type & 1) && (memory.memoryTypes[type].propertyFlags & want) == want)) type++;
  VkMemoryAllocateInfo a = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = r.size, .memoryTypeIndex = type};
  CHECK(vkAllocateMemory(device, &a, NULL, &m));
  CHECK(vkBindBufferMemory(device, b, m, 0));
  CHECK(vkMapMemory(device, m, 0, VK_WHOLE_SIZE, 0, map));
  return b;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  VkInstance instance;
  VkApplicationInfo app = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO, .apiVersion = VK_API_VERSION_1_3};
  VkInstanceCreateInfo ii = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO, .pApplicationInfo = &app};
  CHECK(vkCreateInstance(&ii, NULL, &instance));
  uint32_t count = 1;
  VkPhysicalDevice physical;
  CHECK(vkEnumeratePhysicalDevices(instance, &count, &physical));
  vkGetPhysicalDeviceMemoryProperties(physical, &memory);
  float priority = 1;
  VkDeviceQueueCreateInfo qi = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueCount = 1, .pQueuePriorities = &priority};
  VkPhysicalDeviceVulkan13Features f13 = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES, .synchronization2 = VK_TRUE};
  VkPhysicalDeviceVulkan12Features f12 = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES, .pNext = &f13, .timelineSemaphore = VK_TRUE};
  VkDeviceCreateInfo di = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, .pNext = &f12, .queueCreateInfoCount = 1, .pQueueCreateInfos = &qi};
  CHECK(vkCreateDevice(physical, &di, NULL, &device));
  vkGetDeviceQueue(device, 0, 0, &queue);
  VkSemaphoreTypeCreateInfo st = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO, .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE};
  VkSemaphoreCreateInfo si = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &st};
  CHECK(vkCreateSemaphore(device, &si, NULL, &timeline));
  enum { RING = 64 };
  VkCommandPool pools[RING];
  VkCommandBuffer commands[RING];
  for (int i = 0; i < RING; i++) {
    VkCommandPoolCreateInfo pi = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO, .flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT};
    CHECK(vkCreateCommandPool(device, &pi, NULL, &pools[i]));
    VkCommandBufferAllocateInfo ai = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, .commandPool = pools[i],
                                      .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY, .commandBufferCount = 1};
    CHECK(vkAllocateCommandBuffers(device, &ai, &commands[i]));
  }
  VkCommandBufferBeginInfo bi = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO, .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
  double best = 1e30;
  if (strcmp(argv[1], "matmul") != 0) {
    const int batch = strcmp(argv[1], "batch") == 0, rounds = atoi(argv[2]);
    void *map;
    VkBuffer b = buffer(4096, &map);
    double start = now();
    for (int i = 0; i < rounds; i++) {
      double t = now();
      const int slot = batch ? i % RING : 0;
      if (batch && i >= RING) wait_for(i - RING + 1);
      CHECK(vkResetCommandPool(device, pools[slot], 0));
      CHECK(vkBeginCommandBuffer(commands[slot], &bi));
      vkCmdFillBuffer(commands[slot], b, 0, 4, i);
      CHECK(vkEndCommandBuffer(commands[slot]));
      submit(commands[slot]);
      if (!batch) {
        wait_for(value);
        if (now() - t < best) best = now() - t;
      }
    }
    wait_for(value);
    printf("%.1f\n", batch ? rounds / ((now() - start) / 1e9) : best);
    return 0;
  }
  if (argc < 6) return 2;
  const uint32_t n = atoi(argv[2]), group = atoi(argv[3]);
  static uint32_t code[1 << 16];
  FILE *file = fopen(argv[4], "rb");
  if (file == NULL) return 1;
  const size_t size = fread(code, 1, sizeof code, file);
  VkBuffer b[3];
  float *map[3];
  VkDescriptorSetLayoutBinding bindings[3];
  VkDescriptorBufferInfo infos[3];
  for (int i = 0; i < 3; i++) {
    b[i] = buffer((VkDeviceSize)n * n * 4, (void **)&map[i]);
    for (uint32_t k = 0; k < n * n; k++) map[i][k] = (k * 7) % 13;
    bindings[i] = (VkDescriptorSetLayoutBinding){i, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, VK_SHADER_STAGE_COMPUTE_BIT, NULL};
    infos[i] = (VkDescriptorBufferInfo){b[i], 0, (VkDeviceSize)n * n * 4};
  }
  VkDescriptorSetLayout set_layout;
  VkDescriptorSetLayoutCreateInfo li = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO, .bindingCount = 3, .pBindings = bindings};
  CHECK(vkCreateDescriptorSetLayout(device, &li, NULL, &set_layout));
  VkPipelineLayout layout;
  VkPushConstantRange range = {VK_SHADER_STAGE_COMPUTE_BIT, 0, 4};
  VkPipelineLayoutCreateInfo pl = {.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO, .setLayoutCount = 1, .pSetLayouts = &set_layout,
                                   .pushConstantRangeCount = 1, .pPushConstantRanges = &range};
  CHECK(vkCreatePipelineLayout(device, &pl, NULL, &layout));
  VkShaderModule module;
  VkShaderModuleCreateInfo mi = {.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO, .codeSize = size, .pCode = code};
  CHECK(vkCreateShaderModule(device, &mi, NULL, &module));
  VkComputePipelineCreateInfo ci = {.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO, .layout = layout,
    .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO, .stage = VK_SHADER_STAGE_COMPUTE_BIT, .module = module, .pName = "main"}};
  VkPipeline pipeline;
  CHECK(vkCreateComputePipelines(device, VK_NULL_HANDLE, 1, &ci, NULL, &pipeline));
  VkDescriptorPoolSize ps = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 3};
  VkDescriptorPoolCreateInfo dp = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO, .maxSets = 1, .poolSizeCount = 1, .pPoolSizes = &ps};
  VkDescriptorPool pool;
  CHECK(vkCreateDescriptorPool(device, &dp, NULL, &pool));
  VkDescriptorSetAllocateInfo da = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO, .descriptorPool = pool, .descriptorSetCount = 1, .pSetLayouts = &set_layout};
  VkDescriptorSet set;
  CHECK(vkAllocateDescriptorSets(device, &da, &set));
  VkWriteDescriptorSet w = {.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET, .dstSet = set, .descriptorCount = 3,
                            .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, .pBufferInfo = infos};
  vkUpdateDescriptorSets(device, 1, &w, 0, NULL);
  for (int i = 0; i < atoi(argv[5]); i++) {
    double t = now();
    CHECK(vkResetCommandPool(device, pools[0], 0));
    CHECK(vkBeginCommandBuffer(commands[0], &bi));
    vkCmdBindPipeline(commands[0], VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
    vkCmdBindDescriptorSets(commands[0], VK_PIPELINE_BIND_POINT_COMPUTE, layout, 0, 1, &set, 0, NULL);
    vkCmdPushConstants(commands[0], layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, 4, &n);
    vkCmdDispatch(commands[0], n / group, n / group, 1);
    CHECK(vkEndCommandBuffer(commands[0]));
    submit(commands[0]);
    wait_for(value);
    if (now() - t < best) best = now() - t;
  }
  printf("%.1f\n", best);
  return 0;
}
