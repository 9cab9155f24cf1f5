/**
 * Extension commands, which the loader does not export: found by vkGetInstanceProcAddr and called through Deno.UnsafeFnPointer.
 * Such a call costs about a microsecond: right for setup, wrong inside a loop over draws.
 */
import type { Arena } from "./arena.ts";
import { type ExtensionCommands, extensionCommands } from "./generated/extension_commands.ts";
import type { Vulkan } from "./loader.ts";

/** The shape of any generated command. */
interface Shape {
  readonly parameters: readonly Deno.NativeType[];
  readonly result: Deno.NativeResultType;
}

/**
 * Makes the extension commands of an instance (and of its devices). Each is looked up when it is first used, and then throws a TypeError
 * if the loader does not know it: its extension is not enabled.
 */
export function loadExtensionCommands(vk: Vulkan, instance: bigint, arena: Arena): ExtensionCommands {
  const table: Record<string, unknown> = {};
  for (const [name, definition] of Object.entries(extensionCommands)) {
    Object.defineProperty(table, name, {
      configurable: true,
      enumerable: true,
      get() {
        const mark = arena.mark();
        const pointer = vk.vkGetInstanceProcAddr(instance, arena.base + BigInt(arena.cString(name)));
        arena.reset(mark);
        if (pointer === null) throw new TypeError(`Cannot call ${name}: its extension is not enabled`);
        const call = new Deno.UnsafeFnPointer(pointer as Deno.PointerObject<Shape>, definition as Shape);
        const value = (...args: Parameters<typeof call.call>) => call.call(...args);
        Object.defineProperty(table, name, { value, enumerable: true });
        return value;
      },
    });
  }
  return table as unknown as ExtensionCommands;
}
