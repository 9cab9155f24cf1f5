/*
 * What recording Vulkan commands costs in C through libvulkan's exports: the reference of vk_cmd.ts.
 * gcc -O2 -o vk_cmd tests/bench/vk_cmd.c -lvulkan
 * VK_ICD_FILENAMES=/usr/share/vulkan/icd.d/lvp_icd.x86_64.json MALLOC_TRIM_THRESHOLD_=2000000000 MALLOC_TOP_PAD_=67108864 ./vk_cmd vkCmdDraw 2000 500
 * Prints nanoseconds a call: the least disturbed of the rounds.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <vulkan/vulkan.h>

#define CHECK(x) do { VkResult r = (x); if (r < 0) { fprintf(stderr, "%s: %d\n", #x, r); exit(1); } } while (0)

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}

enum { DRAW, COPY, PUSH, KINDS };
static const char *const names[KINDS] = { "vkCmdDraw", "vkCmdCopyBuffer", "vkCmdPushConstants" };

int main(int argc, char **argv) {
    int kind = 0, calls = argc > 2 ? atoi(argv[2]) : 2000, rounds = argc > 3 ? atoi(argv[3]) : 500;
    while (argc > 1 && kind < KINDS && strcmp(names[kind], argv[1]) != 0) kind++;
    if (kind == KINDS) {
        fprintf(stderr, "unknown command %s\n", argv[1]);
        return 2;
    }
    VkApplicationInfo app = { .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO, .apiVersion = VK_API_VERSION_1_3 };
    VkInstanceCreateInfo instance_info = { .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO, .pApplicationInfo = &app };
    VkInstance instance;
    CHECK(vkCreateInstance(&instance_info, NULL, &instance));
    uint32_t count = 1;
    VkPhysicalDevice physical;
    CHECK(vkEnumeratePhysicalDevices(instance, &count, &physical));
    float priority = 1;
    VkDeviceQueueCreateInfo queue_info = { .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueCount = 1, .pQueuePriorities = &priority };
    VkDeviceCreateInfo device_info = { .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, .queueCreateInfoCount = 1, .pQueueCreateInfos = &queue_info };
    VkDevice device;
    CHECK(vkCreateDevice(physical, &device_info, NULL, &device));

    VkBufferCreateInfo buffer_info = { .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .size = 65536,
        .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT };
    VkBuffer buffer;
    CHECK(vkCreateBuffer(device, &buffer_info, NULL, &buffer));
    VkMemoryRequirements requirements;
    vkGetBufferMemoryRequirements(device, buffer, &requirements);
    VkMemoryAllocateInfo allocate = { .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = requirements.size,
        .memoryTypeIndex = (uint32_t)__builtin_ctz(requirements.memoryTypeBits) };
    VkDeviceMemory memory;
    CHECK(vkAllocateMemory(device, &allocate, NULL, &memory));
    CHECK(vkBindBufferMemory(device, buffer, memory, 0));
    VkPushConstantRange range = { VK_SHADER_STAGE_VERTEX_BIT, 0, 16 };
    VkPipelineLayoutCreateInfo layout_info = { .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO, .pushConstantRangeCount = 1, .pPushConstantRanges = &range };
    VkPipelineLayout layout;
    CHECK(vkCreatePipelineLayout(device, &layout_info, NULL, &layout));
    VkCommandPoolCreateInfo pool_info = { .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO };
    VkCommandPool pool;
    CHECK(vkCreateCommandPool(device, &pool_info, NULL, &pool));
    VkCommandBufferAllocateInfo command_info = { .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, .commandPool = pool, .commandBufferCount = 1 };
    VkCommandBuffer cmd;
    CHECK(vkAllocateCommandBuffers(device, &command_info, &cmd));
    VkCommandBufferBeginInfo begin = { .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO, .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT };

    uint32_t words[4] = { 1, 2, 3, 4 };
    double best = 1e300;
    for (int round = -2; round < rounds; round++) {
        CHECK(vkResetCommandPool(device, pool, 0));
        CHECK(vkBeginCommandBuffer(cmd, &begin));
        double start = now();
        for (int i = 0; i < calls; i++) {
            if (kind == DRAW) vkCmdDraw(cmd, 3, 1, (uint32_t)i, 0);
            else if (kind == COPY) {
                VkBufferCopy region = { (VkDeviceSize)(i & 1023), 32768, 256 };
                vkCmdCopyBuffer(cmd, buffer, buffer, 1, &region);
            } else {
                words[0] = (uint32_t)i;
                vkCmdPushConstants(cmd, layout, VK_SHADER_STAGE_VERTEX_BIT, 0, 16, words);
            }
        }
        double each = (now() - start) / calls;
        if (round >= 0 && each < best) best = each;
        CHECK(vkEndCommandBuffer(cmd));
    }
    printf("%.3f\n", best);
    vkDestroyCommandPool(device, pool, NULL);
    vkDestroyPipelineLayout(device, layout, NULL);
    vkDestroyBuffer(device, buffer, NULL);
    vkFreeMemory(device, memory, NULL);
    vkDestroyDevice(device, NULL);
    vkDestroyInstance(instance, NULL);
    return 0;
}
