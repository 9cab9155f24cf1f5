import { assertThrows } from "@std/assert";
import { VK_DESCRIPTOR_TYPE_STORAGE_BUFFER } from "../../vulkan/mod.ts";
import { checkTotals, type Slot } from "./layouts.ts";
import { VirglRefusal } from "./refusal.ts";

const LIMITS = {
  maxPerStageDescriptorUniformBuffers: 15,
  maxPerStageDescriptorSamplers: 16,
  maxPerStageDescriptorSampledImages: 16,
  maxPerStageDescriptorStorageBuffers: 4,
  maxPerStageDescriptorStorageImages: 4,
  maxPerStageResources: 128,
  maxDescriptorSetUniformBuffers: 72,
  maxDescriptorSetUniformBuffersDynamic: 8,
  maxDescriptorSetSamplers: 96,
  maxDescriptorSetSampledImages: 96,
  maxDescriptorSetStorageBuffers: 6,
  maxDescriptorSetStorageImages: 24,
};

Deno.test("checkTotals holds stages and programs to the GPU's limits", () => {
  const slots = (...counts: number[]): Slot[] =>
    counts.flatMap((count, stage) =>
      Array.from({ length: count }, (_, slot) => ({
        binding: slot,
        type: VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
        stage,
        slot,
        size: 0,
        viewClass: 0,
        shadow: false,
      }))
    );
  checkTotals(LIMITS, slots(4, 2));
  assertThrows(() => checkTotals(LIMITS, slots(5)), VirglRefusal, "maxPerStageDescriptorStorageBuffers");
  assertThrows(() => checkTotals(LIMITS, slots(3, 3, 1)), VirglRefusal, "maxDescriptorSetStorageBuffers");
  const few = { ...LIMITS, maxPerStageResources: 11 };
  checkTotals(few, slots(4, 2));
  assertThrows(() => checkTotals(few, slots(0, 4)), VirglRefusal, "maxPerStageResources");
});
