/**
 * The configuration of `udrm run` and `udrm serve`: which devices there are, as JSON. A file that says nothing of devices is the
 * configuration of one vkms. `config.schema.json` is the same for editors.
 * @module
 */

import { configMembers } from "../drivers/gpu/vkms/config_rules.ts";
import { parseVkmsConfig, type VkmsConfig } from "../drivers/gpu/vkms/config.ts";
import {
  ConfigError,
  described,
  flag,
  known,
  list,
  memberOf,
  record,
  refuse,
  ROOT,
  type Rule,
  text,
} from "../drivers/gpu/vkms/rule.ts";

import { DRIVER_NAMES, ISOLATION_NAMES, RENDERER_NAMES } from "./device_options.ts";

export { ConfigError } from "../drivers/gpu/vkms/rule.ts";

/** A monitor of a virtio-gpu. */
export interface VirtioOutput {
  /** Its size, "1280x800". */
  readonly mode: string;
  /** Whether it is there, default "connected". */
  readonly status?: "connected" | "disconnected";
}

/** A vkms device. */
export interface VkmsDeviceConfig extends VkmsConfig {
  /** The driver. */
  readonly driver: "vkms";
  /** By which it is known. */
  readonly name: string;
}

/** A virtio-gpu device with its host. */
export interface VirtioGpuDeviceConfig {
  /** The driver. */
  readonly driver: "virtio_gpu";
  /** By which it is known. */
  readonly name: string;
  /** Who executes, default "soft2d". */
  readonly renderer?: (typeof RENDERER_NAMES)[number];
  /** For vulkan2d and virgl: part of the GPU's name, or its number in `udrm info`. */
  readonly gpu?: string;
  /** Whether the device offers blobs, default: with virgl. */
  readonly blobs?: boolean;
  /** The monitors, 1 to 16, default: one of 1280x800. */
  readonly outputs?: readonly VirtioOutput[];
}

/** A vgem device. */
export interface VgemDeviceConfig {
  /** The driver. */
  readonly driver: "vgem";
  /** By which it is known. */
  readonly name: string;
}

/** A dxg device with its host: /dev/dxg. */
export interface DxgDeviceConfig {
  /** The driver. */
  readonly driver: "dxg";
  /** By which it is known. */
  readonly name: string;
  /** Part of the GPU's name, or its number in `udrm info`. */
  readonly gpu?: string;
  /** Where its host is: a process for each client, the default, or none of its own. */
  readonly isolate?: (typeof ISOLATION_NAMES)[number];
}

/** A device. */
export type DeviceConfig = VkmsDeviceConfig | VirtioGpuDeviceConfig | VgemDeviceConfig | DxgDeviceConfig;

/** A system's devices, the first is card0. */
export interface SystemConfig {
  /** Their names differ. */
  readonly devices: readonly DeviceConfig[];
}

const DEVICES_MAX = 64;
const SIZE_MIN = 32;
const SIZE_MAX = 8192;
const SIZE = /^([1-9][0-9]{1,3})x([1-9][0-9]{1,3})$/;

const name = described(
  "by which a changed configuration finds the device again; default: the driver's name, and a number behind it from the second on",
  text(/^[A-Za-z0-9_-]{1,64}$/, "1 to 64 letters, digits, _ or -"),
);
const edidFile = described(
  "a file with the EDID's bytes, as /sys/class/drm/*/edid is, beside this one",
  text(/^[^\0]{1,4096}$/, "the path of a file"),
);
const driver = (of: string): Rule => ({ ...known([of], "a driver"), schema: { const: of } });

const VKMS_MEMBERS = { driver: driver("vkms"), ...configMembers({ edidFile }), name };
const DEVICE_RULES: Readonly<Record<DeviceConfig["driver"], Rule>> = {
  vkms: record(VKMS_MEMBERS, ["driver"]),
  virtio_gpu: record({
    driver: driver("virtio_gpu"),
    name,
    renderer: described("who executes; default soft2d", known(RENDERER_NAMES, "a renderer")),
    gpu: described(
      "for vulkan2d and virgl: part of the GPU's name, or its number in udrm info",
      text(/^.{1,256}$/, "a text"),
    ),
    blobs: described("whether the device offers blobs; default: with virgl", flag),
    outputs: described(
      "the monitors, one a scanout; default: one of 1280x800. Modes and status can change while the device is there",
      list(
        1,
        16,
        record({
          mode: described('"1280x800"', text(SIZE, 'a size like "1280x800"')),
          status: known(["connected", "disconnected"], "a status"),
        }, ["mode"]),
      ),
    ),
  }, ["driver"]),
  vgem: record({ driver: driver("vgem"), name }, ["driver"]),
  dxg: record({
    driver: driver("dxg"),
    name,
    gpu: described("part of the GPU's name, or its number in udrm info", text(/^.{1,256}$/, "a text")),
    isolate: described(
      "process: a host process with a GPU of its own for each client, the default; none: one host for all, in the server",
      known(ISOLATION_NAMES, "a kind of isolation"),
    ),
  }, ["driver"]),
};

const DRIVER = known(DRIVER_NAMES, "a driver");
const $schema = described("this schema, for editors", text(/^.{1,4096}$/, "the address of a schema"));

const DEVICE: Rule = {
  check: (path, value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) refuse(path, "an object", value);
    const of: unknown = "driver" in value ? value.driver : undefined;
    if (of === undefined) refuse(memberOf(path, "driver"), "given", undefined);
    DRIVER.check(memberOf(path, "driver"), of);
    for (const known of DRIVER_NAMES) if (known === of) DEVICE_RULES[known].check(path, value);
  },
  schema: { anyOf: DRIVER_NAMES.map((known) => DEVICE_RULES[known].schema) },
};
const SYSTEM = record({ $schema, devices: list(1, DEVICES_MAX, DEVICE) }, ["devices"]);
const LONE = record({ $schema, ...VKMS_MEMBERS });

/** What can be checked without looking from one place to another: what the JSON Schema says. */
export const FORM: Rule = {
  check: (path, value) => {
    const whole = typeof value === "object" && value !== null && Object.hasOwn(value, "devices");
    (whole ? SYSTEM : LONE).check(path, value);
  },
  schema: { anyOf: [SYSTEM.schema, LONE.schema] },
};

/** Reads "1280x800" of a checked configuration. */
export function sizeOf(mode: string): { readonly width: number; readonly height: number } {
  const match = SIZE.exec(mode);
  return { width: Number(match?.[1]), height: Number(match?.[2]) };
}

function checkOutputs(path: string, { outputs, renderer, gpu }: VirtioGpuDeviceConfig): void {
  outputs?.forEach(({ mode }, i) => {
    const { width, height } = sizeOf(mode);
    if (Math.min(width, height) < SIZE_MIN || Math.max(width, height) > SIZE_MAX) {
      refuse(`${path}.outputs[${i}].mode`, `from ${SIZE_MIN}x${SIZE_MIN} to ${SIZE_MAX}x${SIZE_MAX}`, mode);
    }
  });
  if (gpu !== undefined && renderer !== "vulkan2d" && renderer !== "virgl") {
    refuse(`${path}.gpu`, "left out without the renderer vulkan2d or virgl", gpu);
  }
}

// Names that are not given, as the driver's with a number; each once.
function named(devices: readonly (Omit<DeviceConfig, "name"> & { readonly name?: string })[]): DeviceConfig[] {
  const count = new Map<string, number>();
  const seen = new Set<string>();
  return devices.map((device, i) => {
    const before = count.get(device.driver) ?? 0;
    count.set(device.driver, before + 1);
    const name = device.name ?? `${device.driver}${before === 0 ? "" : before}`;
    if (seen.has(name)) refuse(`devices[${i}].name`, "a name that no other device has", name);
    seen.add(name);
    return { ...device, name } as DeviceConfig;
  });
}

/** Loads the bytes that an `edidFile` names. @param path where in the configuration it stands. */
export type LoadEdid = (file: string, path: string) => string;

function vkmsOnly(path: string, value: unknown, load: LoadEdid): void {
  const { driver: _, $schema: __, ...config } = value as Record<string, unknown>;
  const connectors = config.connectors as ({ edidFile?: string; edid?: string } | undefined)[] | undefined;
  connectors?.forEach((connector, i) => {
    if (connector?.edidFile === undefined) return;
    const at = `connectors[${i}].edidFile`;
    const where = path === "" ? at : `${path}.${at}`;
    if (connector.edid !== undefined) refuse(where, "left out where edid is given", connector.edidFile);
    connector.edid = load(connector.edidFile, where);
    delete connector.edidFile;
  });
  try {
    parseVkmsConfig(config);
  } catch (error) {
    if (!(error instanceof ConfigError) || path === "") throw error;
    throw new ConfigError(`${path}.${error.problem}`);
  }
}

const noFiles: LoadEdid = (file, path) => refuse(path, "left out here: only files have files beside them", file);

/**
 * Checks a configuration as it was read from JSON.
 *
 * @param value what was read; it is not changed.
 * @param whose for messages: a file.
 * @param load reads files that it names; by default it may name none.
 * @returns a list of devices, each with a name, EDIDs in place of their files.
 * @throws {ConfigError} naming the place that is wrong, and what may stand there.
 */
export function parseConfig(value: unknown, whose = "configuration", load: LoadEdid = noFiles): SystemConfig {
  try {
    FORM.check(ROOT, value);
    // FORM has seen that it is an object of JSON.
    const { $schema: _, ...copy } = structuredClone(value) as Record<string, unknown>;
    const lone = !Object.hasOwn(copy, "devices");
    const devices = (lone ? [{ driver: "vkms", ...copy }] : copy.devices) as DeviceConfig[];
    devices.forEach((device, i) => {
      const path = lone ? "" : `devices[${i}]`;
      if (device.driver === "vkms") vkmsOnly(path, device, load);
      else if (device.driver === "virtio_gpu") checkOutputs(path, device);
      else if (device.driver === "dxg" && devices.findIndex((other) => other.driver === "dxg") < i) {
        refuse(`${path}.driver`, "another: there is one /dev/dxg", "dxg");
      }
    });
    return { devices: named(devices) };
  } catch (error) {
    throw error instanceof ConfigError ? new ConfigError(error.problem, whose) : error;
  }
}
