/**
 * Usage classes: for what a command uses a resource. Few bits, so that a resource remembers its uses since the last barrier in two
 * numbers; each class has the stages and accesses (VkPipelineStageFlags2, VkAccessFlags2) that a barrier needs.
 * @module
 */

import {
  VK_ACCESS_2_COLOR_ATTACHMENT_READ_BIT,
  VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT,
  VK_ACCESS_2_DEPTH_STENCIL_ATTACHMENT_READ_BIT,
  VK_ACCESS_2_DEPTH_STENCIL_ATTACHMENT_WRITE_BIT,
  VK_ACCESS_2_HOST_READ_BIT,
  VK_ACCESS_2_INDEX_READ_BIT,
  VK_ACCESS_2_INDIRECT_COMMAND_READ_BIT,
  VK_ACCESS_2_SHADER_READ_BIT,
  VK_ACCESS_2_SHADER_WRITE_BIT,
  VK_ACCESS_2_TRANSFER_READ_BIT,
  VK_ACCESS_2_TRANSFER_WRITE_BIT,
  VK_ACCESS_2_UNIFORM_READ_BIT,
  VK_ACCESS_2_VERTEX_ATTRIBUTE_READ_BIT,
  VK_ACCESS_CONDITIONAL_RENDERING_READ_BIT_EXT,
  VK_ACCESS_TRANSFORM_FEEDBACK_COUNTER_READ_BIT_EXT,
  VK_ACCESS_TRANSFORM_FEEDBACK_COUNTER_WRITE_BIT_EXT,
  VK_ACCESS_TRANSFORM_FEEDBACK_WRITE_BIT_EXT,
  VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
  VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT,
  VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT,
  VK_PIPELINE_STAGE_2_DRAW_INDIRECT_BIT,
  VK_PIPELINE_STAGE_2_EARLY_FRAGMENT_TESTS_BIT,
  VK_PIPELINE_STAGE_2_HOST_BIT,
  VK_PIPELINE_STAGE_2_LATE_FRAGMENT_TESTS_BIT,
  VK_PIPELINE_STAGE_2_VERTEX_INPUT_BIT,
  VK_PIPELINE_STAGE_CONDITIONAL_RENDERING_BIT_EXT,
  VK_PIPELINE_STAGE_TRANSFORM_FEEDBACK_BIT_EXT,
} from "../../vulkan/mod.ts";

/** Arguments of indirect draws and dispatches. */
export const INDIRECT = 0x1;
/** Vertex attributes and indices. */
export const VERTEX_INPUT = 0x2;
/** Whatever a shader reads: textures, uniform, storage and texel buffers. */
export const SHADER_READ = 0x4;
/** Storage buffers and images (read and written). */
export const SHADER_WRITE = 0x8;
/** A colour attachment. */
export const COLOR = 0x10;
/** A depth or stencil attachment. */
export const DEPTH = 0x20;
/** Source of a copy, blit or resolve. */
export const COPY_READ = 0x40;
/** Target of a copy, blit, resolve, clear or fill. */
export const COPY_WRITE = 0x80;
/** A target of transform feedback, or its counter (read and written). */
export const XFB_WRITE = 0x100;
/** The CPU reads it when the submission is done. */
export const HOST_READ = 0x200;
/** The predicate of conditional rendering. */
export const CONDITION_READ = 0x400;

/** The classes that write. */
export const WRITES: number = SHADER_WRITE | COLOR | DEPTH | COPY_WRITE | XFB_WRITE;
/** The two of shaders: among them, only the client's MEMORY_BARRIER orders what one shader writes and another uses. */
export const SHADER: number = SHADER_READ | SHADER_WRITE;

/** How many classes there are: bits 0 to USAGE_COUNT - 1. */
export const USAGE_COUNT = 11;

/** Stages and accesses of a class. */
export interface UsageMasks {
  /** VkPipelineStageFlags2. */
  readonly stage: bigint;
  /** VkAccessFlags2. */
  readonly access: bigint;
}

// The registry's 1.3 constants lack the extensions' bits, which are those of synchronization 1.
const FRAGMENT_TESTS = VK_PIPELINE_STAGE_2_EARLY_FRAGMENT_TESTS_BIT | VK_PIPELINE_STAGE_2_LATE_FRAGMENT_TESTS_BIT;
const FEEDBACK_STAGES = BigInt(VK_PIPELINE_STAGE_TRANSFORM_FEEDBACK_BIT_EXT) | VK_PIPELINE_STAGE_2_DRAW_INDIRECT_BIT;
const FEEDBACK_ACCESS = BigInt(VK_ACCESS_TRANSFORM_FEEDBACK_WRITE_BIT_EXT) |
  BigInt(VK_ACCESS_TRANSFORM_FEEDBACK_COUNTER_READ_BIT_EXT) |
  BigInt(VK_ACCESS_TRANSFORM_FEEDBACK_COUNTER_WRITE_BIT_EXT);

/** The masks of each class, by bit number. */
export const USAGE_MASKS: readonly UsageMasks[] = [
  { stage: VK_PIPELINE_STAGE_2_DRAW_INDIRECT_BIT, access: VK_ACCESS_2_INDIRECT_COMMAND_READ_BIT },
  {
    stage: VK_PIPELINE_STAGE_2_VERTEX_INPUT_BIT,
    access: VK_ACCESS_2_VERTEX_ATTRIBUTE_READ_BIT | VK_ACCESS_2_INDEX_READ_BIT,
  },
  {
    // Stages that the device lacks must not be named: every stage stands for those that it has.
    stage: VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
    access: VK_ACCESS_2_SHADER_READ_BIT | VK_ACCESS_2_UNIFORM_READ_BIT,
  },
  {
    stage: VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
    access: VK_ACCESS_2_SHADER_READ_BIT | VK_ACCESS_2_SHADER_WRITE_BIT,
  },
  {
    stage: VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT,
    access: VK_ACCESS_2_COLOR_ATTACHMENT_READ_BIT | VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT,
  },
  {
    stage: FRAGMENT_TESTS,
    access: VK_ACCESS_2_DEPTH_STENCIL_ATTACHMENT_READ_BIT | VK_ACCESS_2_DEPTH_STENCIL_ATTACHMENT_WRITE_BIT,
  },
  { stage: VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT, access: VK_ACCESS_2_TRANSFER_READ_BIT },
  { stage: VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT, access: VK_ACCESS_2_TRANSFER_WRITE_BIT },
  { stage: FEEDBACK_STAGES, access: FEEDBACK_ACCESS },
  { stage: VK_PIPELINE_STAGE_2_HOST_BIT, access: VK_ACCESS_2_HOST_READ_BIT },
  {
    stage: BigInt(VK_PIPELINE_STAGE_CONDITIONAL_RENDERING_BIT_EXT),
    access: BigInt(VK_ACCESS_CONDITIONAL_RENDERING_READ_BIT_EXT),
  },
];

/** The stages and accesses of some classes together. @param usage bits */
export function masksOf(usage: number): UsageMasks {
  let stage = 0n, access = 0n;
  for (let bit = 0; bit < USAGE_COUNT; bit++) {
    if ((usage >>> bit & 1) === 0) continue;
    stage |= USAGE_MASKS[bit].stage;
    access |= USAGE_MASKS[bit].access;
  }
  return { stage, access };
}
