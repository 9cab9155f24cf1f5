/**
 * The one place where a VkResult becomes an errno.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import {
  VK_ERROR_FORMAT_NOT_SUPPORTED,
  VK_ERROR_OUT_OF_DEVICE_MEMORY,
  VK_ERROR_OUT_OF_HOST_MEMORY,
  VK_ERROR_TOO_MANY_OBJECTS,
  VkError,
} from "../vulkan/mod.ts";

/** Whether an error says that memory is short: the device's, or the budget's. */
export function isShortOfMemory(error: unknown): boolean {
  if (error instanceof DrmError) return error.code === "ENOMEM";
  return error instanceof VkError && (error.result === VK_ERROR_OUT_OF_DEVICE_MEMORY ||
    error.result === VK_ERROR_OUT_OF_HOST_MEMORY || error.result === VK_ERROR_TOO_MANY_OBJECTS);
}

/**
 * What to throw for something caught: a VkError becomes ENOMEM, EINVAL (an image that the device cannot have) or EIO (a lost
 * device, and all else); the rest stays what it is.
 *
 * @param what "Cannot X", for the message.
 */
export function drmErrorOf(error: unknown, what: string): unknown {
  if (!(error instanceof VkError)) return error;
  const message = `${what}: ${error.message}`;
  if (isShortOfMemory(error)) return new DrmError("ENOMEM", message);
  return new DrmError(error.result === VK_ERROR_FORMAT_NOT_SUPPORTED ? "EINVAL" : "EIO", message);
}
