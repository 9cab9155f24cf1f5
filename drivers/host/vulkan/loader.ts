/**
 * The Vulkan loader (libvulkan.so.1): its exported commands as one table of FFI functions a process.
 *
 * One table serves every instance and device, because a call site that has seen functions of two tables stays four times slower for good.
 */
import { type CoreCommands, coreCommands } from "./generated/core_commands.ts";

const asyncCommands = {
  waitSemaphoresAsync: {
    name: "vkWaitSemaphores",
    parameters: ["u64", "u64", "u64"],
    result: "i32",
    nonblocking: true,
  },
} as const;

/** The commands of Vulkan 1.0-1.3, and the one that is also wanted off the main thread. All 8-byte arguments are bigints. */
export interface Vulkan extends CoreCommands {
  /** vkWaitSemaphores on a thread of Deno's pool, which has 32: never one a fence. */
  waitSemaphoresAsync(device: bigint, pWaitInfo: bigint, timeout: bigint): Promise<number>;
}

/** A share in the loaded library; it is unloaded with the last one. */
export interface VulkanLibrary extends Disposable {
  /** The table. */
  readonly vk: Vulkan;
}

/** The file name of the Vulkan loader on Linux. */
export const loaderName = "libvulkan.so.1";

let loaded: { readonly vk: Vulkan; readonly close: () => void; users: number } | undefined;

/**
 * Loads the Vulkan loader, or shares it when it is loaded. Every instance holds a share. A process that makes several instances one after
 * the other should hold one for its whole life, so that the table stays the same.
 * @throws {Error} when the library is missing or too old, naming the Debian packages
 * @throws {Deno.errors.NotCapable} without --allow-ffi
 */
export function loadVulkan(path: string = loaderName): VulkanLibrary {
  loaded ??= open(path);
  const library = loaded;
  library.users++;
  let open_ = true;
  return {
    vk: library.vk,
    [Symbol.dispose]: () => {
      if (!open_) return;
      open_ = false;
      if (--library.users > 0) return;
      if (loaded === library) loaded = undefined;
      library.close();
    },
  };
}

function open(path: string): { readonly vk: Vulkan; readonly close: () => void; users: number } {
  try {
    const library = Deno.dlopen(path, { ...coreCommands, ...asyncCommands });
    // Through a prototype, the engine knows each function as a constant; an own property of so large an object is looked up each time.
    const symbols: Vulkan = library.symbols;
    const vk: Vulkan = Object.create(symbols);
    return { vk, close: () => library.close(), users: 0 };
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `Cannot load ${path}, the Vulkan 1.3 loader: install Debian's libvulkan1 and a driver (mesa-vulkan-drivers or the GPU vendor's). ${reason}`,
      { cause: error },
    );
  }
}
