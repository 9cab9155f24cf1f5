/**
 * The index buffer of the command buffer: what is bound already is not bound again.
 * @module
 */

import { VK_INDEX_TYPE_UINT16, VK_INDEX_TYPE_UINT32, VK_INDEX_TYPE_UINT8_EXT, type Vulkan } from "../../vulkan/mod.ts";
import { badCommand } from "./refusal.ts";
import type { SubContext } from "./sub_context.ts";

/** Binds indices. */
export class IndexBinding {
  readonly #vk: Vulkan;
  #handle = 0n;
  #type = -1;

  /** Nothing is bound yet. */
  constructor(vk: Vulkan) {
    this.#vk = vk;
  }

  /** The command buffer has another's, or none. */
  forget(): void {
    this.#handle = 0n;
    this.#type = -1;
  }

  /** Binds the buffer of a sub-context, at 0: offsets go with each draw, and make no bigint. @throws {VirglRefusal} if it has none */
  bind(sub: SubContext, commands: bigint): void {
    const { resource, length: size } = sub.indexBuffer, buffer = resource?.buffer;
    if (buffer === undefined) throw badCommand("Cannot draw: no index buffer is bound");
    const type = size === 2 ? VK_INDEX_TYPE_UINT16 : size === 4 ? VK_INDEX_TYPE_UINT32 : VK_INDEX_TYPE_UINT8_EXT;
    if (buffer.handle === this.#handle && type === this.#type) return;
    this.#vk.vkCmdBindIndexBuffer(commands, buffer.handle, 0n, type);
    this.#handle = buffer.handle;
    this.#type = type;
  }

  /** Binds indices of 32 bits for one draw. @param handle VkBuffer */
  once(handle: bigint, commands: bigint): void {
    this.#vk.vkCmdBindIndexBuffer(commands, handle, 0n, VK_INDEX_TYPE_UINT32);
    this.forget();
  }
}
