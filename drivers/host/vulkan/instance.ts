/** A VkInstance, with the validation layers when they are asked for. */
import { Arena } from "./arena.ts";
import { check, VkError } from "./error.ts";
import { loadExtensionCommands } from "./extension.ts";
import {
  type ExtensionCommands,
  VK_API_VERSION_1_3,
  VK_ERROR_INCOMPATIBLE_DRIVER,
  VK_EXT_DEBUG_UTILS_EXTENSION_NAME,
  VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME,
  VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT,
  VkInstanceCreateInfo,
  VkLayerProperties,
  VkValidationFeaturesEXT,
} from "./generated/mod.ts";
import { loadVulkan, type Vulkan, type VulkanLibrary } from "./loader.ts";
import { Messenger } from "./messenger.ts";
import { chain } from "./struct.ts";

/** What an instance is made of. */
export interface InstanceOptions {
  /**
   * Turns on VK_LAYER_KHRONOS_validation with synchronization validation. By default, the environment decides:
   * UDRM_VULKAN_VALIDATION=1 (read only if --allow-env permits).
   */
  readonly validation?: boolean;
  /** File that validation errors are appended to; by default UDRM_VULKAN_VALIDATION_LOG, else standard error. */
  readonly validationLog?: string;
}

const validationLayer = "VK_LAYER_KHRONOS_validation";

/** A variable of the environment, if it may be read without asking. */
function environment(name: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) : undefined;
}

/** Why the loader found no driver, and what to do. */
function noDriver(): string {
  for (const name of ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"]) {
    const value = environment(name);
    if (value) return `${name} names no driver that works: ${value}; unset it, or name a driver's .json file`;
  }
  return "no Vulkan driver is installed; install one (Debian's mesa-vulkan-drivers or the GPU vendor's)";
}

/** A Vulkan instance. Disposing it disposes its devices first. */
export class Instance implements Disposable {
  /** The VkInstance. */
  readonly handle: bigint;
  /** Core commands, for hot paths too. */
  readonly vk: Vulkan;
  /** Extension commands, for cold calls. */
  readonly extension: ExtensionCommands;
  /** Memory for the structs of setup calls. */
  readonly arena: Arena;
  /** What the validation layers said; undefined without them. */
  readonly messenger: Messenger | undefined;
  readonly #library: VulkanLibrary;
  readonly #owned: Set<Disposable> = new Set();
  #open = true;

  /**
   * Loads Vulkan and creates the instance.
   * @throws {Error} when the loader, or the validation layer that was asked for, is not installed
   * @throws {VkError} when no driver offers an instance
   */
  constructor(options: InstanceOptions = {}) {
    using cleanup = new DisposableStack();
    this.#library = cleanup.use(loadVulkan());
    this.vk = this.#library.vk;
    this.arena = new Arena();
    const validation = options.validation ?? environment("UDRM_VULKAN_VALIDATION") === "1";
    const log = options.validationLog ?? environment("UDRM_VULKAN_VALIDATION_LOG");
    if (validation && !this.#layers().includes(validationLayer)) {
      throw new Error(
        `Cannot validate Vulkan calls: ${validationLayer} is not installed (Debian's vulkan-validationlayers)`,
      );
    }
    this.messenger = validation ? cleanup.use(new Messenger(log === "" ? undefined : log)) : undefined;
    this.handle = this.#create(this.messenger);
    cleanup.defer(() => this.vk.vkDestroyInstance(this.handle, 0n));
    this.extension = loadExtensionCommands(this.vk, this.handle, this.arena);
    if (this.messenger !== undefined) {
      check(this.messenger.create(this.handle, this.extension, this.arena), "vkCreateDebugUtilsMessengerEXT");
    }
    cleanup.move();
  }

  #layers(): string[] {
    return this.arena.scope((m) => {
      const count = m.alloc(8);
      check(this.vk.vkEnumerateInstanceLayerProperties(m.address(count), 0n), "vkEnumerateInstanceLayerProperties");
      const at = m.alloc(VkLayerProperties.size * m.u32[count >>> 2]);
      check(
        this.vk.vkEnumerateInstanceLayerProperties(m.address(count), m.address(at)),
        "vkEnumerateInstanceLayerProperties",
      );
      return m.structs(at, VkLayerProperties, m.u32[count >>> 2]).map((l) => l.layerName);
    });
  }

  #create(messenger: Messenger | undefined): bigint {
    return this.arena.scope((m) => {
      const validating = messenger !== undefined;
      const features = { pEnabledValidationFeatures: [VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT] };
      const info = m.put(VkInstanceCreateInfo, {
        pNext: validating ? [messenger.link(), chain(VkValidationFeaturesEXT, features)] : [],
        pApplicationInfo: { pApplicationName: "udrm", pEngineName: "udrm", apiVersion: VK_API_VERSION_1_3 },
        ppEnabledLayerNames: validating ? [validationLayer] : [],
        ppEnabledExtensionNames: validating
          ? [VK_EXT_DEBUG_UTILS_EXTENSION_NAME, VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME]
          : [],
      });
      const out = m.alloc(8);
      const result = this.vk.vkCreateInstance(info, 0n, m.address(out));
      if (result === VK_ERROR_INCOMPATIBLE_DRIVER) throw new VkError(result, "vkCreateInstance", noDriver());
      check(result, "vkCreateInstance");
      return m.u64[out >>> 3];
    });
  }

  /** Lets the instance dispose of something before itself. */
  own(item: Disposable): void {
    this.#owned.add(item);
  }

  /** Forgets something that was disposed of by its user. */
  disown(item: Disposable): void {
    this.#owned.delete(item);
    if (!this.#open && this.#owned.size === 0) this.#destroy();
  }

  /**
   * Disposes of the devices, then destroys the instance. A device with a wait under way outlives this call until the wait ends; the
   * instance then goes with it.
   */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    if (this.#owned.size === 0) this.#destroy();
    else for (const item of [...this.#owned]) item[Symbol.dispose]();
  }

  #destroy(): void {
    this.messenger?.destroy(this.handle, this.extension);
    this.vk.vkDestroyInstance(this.handle, 0n);
    this.messenger?.[Symbol.dispose]();
    this.#library[Symbol.dispose]();
  }
}
