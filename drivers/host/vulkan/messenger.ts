/** Collects what the validation layers report (VK_EXT_debug_utils). Errors also go to a file, or to standard error, so that no run hides them. */
import type { Arena } from "./arena.ts";
import type { Chained } from "./struct.ts";
import { chain } from "./struct.ts";
import type { ExtensionCommands } from "./generated/extension_commands.ts";
import * as debug from "./generated/ext_debug_utils.ts";

/** One message of a layer, the loader or a driver. */
export interface ValidationMessage {
  /** How bad it is. */
  readonly severity: "error" | "warning" | "info";
  /** The message id, such as "VUID-vkCmdDraw-None-02699". */
  readonly id: string;
  /** The text. */
  readonly message: string;
}

const callback = { parameters: ["u32", "u32", "pointer", "pointer"], result: "u32" } as const;
const data = debug.VkDebugUtilsMessengerCallbackDataEXT;
/** Messages kept; later ones are only counted. */
const kept = 1000;

/** The sink of an instance's messages. */
export class Messenger implements Disposable {
  /** The first messages, in order. */
  readonly messages: ValidationMessage[] = [];
  /** How many messages came with each severity. */
  readonly counts: { error: number; warning: number; info: number } = { error: 0, warning: 0, info: 0 };
  readonly #logPath: string | undefined;
  readonly #callback: Deno.UnsafeCallback<typeof callback>;
  readonly #view = new DataView(new ArrayBuffer(data.size));
  #handle = 0n;

  /** Makes the callback, not yet known to any instance. @param logPath the file that errors are appended to; standard error by default */
  constructor(logPath: string | undefined) {
    this.#logPath = logPath;
    this.#callback = new Deno.UnsafeCallback(callback, (severity, _types, pointer) => {
      try {
        if (pointer !== null) this.#receive(severity, pointer);
      } catch (error) { // Nothing may be thrown into the layer.
        console.error("Cannot record a Vulkan message:", error);
      }
      return 0;
    });
  }

  /** The messenger's create info, to be chained to VkInstanceCreateInfo too: that covers creating and destroying the instance. */
  link(): Chained<"VkDebugUtilsMessengerCreateInfoEXT"> {
    return chain(debug.VkDebugUtilsMessengerCreateInfoEXT, this.#info());
  }

  /** Creates the messenger in an instance; returns the VkResult. */
  create(instance: bigint, extension: ExtensionCommands, arena: Arena): number {
    return arena.scope((m) => {
      const out = m.alloc(8);
      const info = m.put(debug.VkDebugUtilsMessengerCreateInfoEXT, this.#info());
      const result = extension.vkCreateDebugUtilsMessengerEXT(instance, info, 0n, m.address(out));
      this.#handle = m.u64[out >>> 3];
      return result;
    });
  }

  /** Destroys it again. */
  destroy(instance: bigint, extension: ExtensionCommands): void {
    if (this.#handle !== 0n) extension.vkDestroyDebugUtilsMessengerEXT(instance, this.#handle, 0n);
    this.#handle = 0n;
  }

  #info(): debug.VkDebugUtilsMessengerCreateInfoEXT {
    return {
      messageSeverity: debug.VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT |
        debug.VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT,
      messageType: debug.VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT |
        debug.VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT |
        debug.VK_DEBUG_UTILS_MESSAGE_TYPE_PERFORMANCE_BIT_EXT,
      pfnUserCallback: BigInt(Deno.UnsafePointer.value(this.#callback.pointer)),
    };
  }

  #receive(severity: number, pointer: Deno.PointerObject): void {
    new Deno.UnsafePointerView(pointer).copyInto(new Uint8Array(this.#view.buffer));
    const text = (offset: number): string => {
      const at = Deno.UnsafePointer.create(this.#view.getBigUint64(offset, true));
      return at === null ? "" : Deno.UnsafePointerView.getCString(at);
    };
    const name = severity & debug.VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT
      ? "error"
      : severity & debug.VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT
      ? "warning"
      : "info";
    const message = {
      severity: name,
      id: text(data.offsets.pMessageIdName),
      message: text(data.offsets.pMessage),
    } as const;
    this.counts[name]++;
    if (this.messages.length < kept) this.messages.push(message);
    if (name !== "error") return;
    const line = `${message.id}: ${message.message}\n`;
    if (this.#logPath === undefined) console.error(line.trimEnd());
    else Deno.writeTextFileSync(this.#logPath, line, { append: true });
  }

  /** Frees the callback; the instance must be gone. */
  [Symbol.dispose](): void {
    this.#callback.close();
  }
}
