/**
 * The options by which `udrm run` and `udrm serve` are told their devices. It loads no driver, so that both start quickly.
 * @module
 */

/** The drivers that there are. */
export const DRIVER_NAMES = ["virtio_gpu", "vkms", "vgem", "dxg"] as const;

/** The renderers of virtio_gpu. */
export const RENDERER_NAMES = ["soft2d", "vulkan2d", "virgl"] as const;

/** Where the host of dxg is. */
export const ISOLATION_NAMES = ["process", "none"] as const;

/** Options as node:util's parseArgs takes them. */
export const DEVICE_OPTIONS = {
  config: { type: "string" },
  driver: { type: "string", multiple: true },
  renderer: { type: "string" },
  gpu: { type: "string" },
  isolate: { type: "string" },
} as const;

/** Their lines of a --help. */
export const DEVICE_HELP: string =
  `  --config FILE    devices as JSON: examples/screens.json is one, udrm config --schema tells all that can stand there
  --driver NAME    or a device with this driver, the first is card0: ${DRIVER_NAMES.join(", ")} (default virtio_gpu)
  --renderer NAME  who executes for virtio_gpu: soft2d, on the CPU (default), vulkan2d, or virgl, with 3D
  --gpu NAME       for vulkan2d, virgl and dxg: part of the GPU's name, or its number in udrm info
  --isolate NAME   for dxg: process, a host process with a GPU of its own for each client (default), or none`;

/** Which devices were asked for. */
export interface DeviceChoice {
  /** A configuration file. */
  readonly file: string | undefined;
  /** Else the devices, as `parseConfig` takes them. */
  readonly devices: readonly {
    readonly driver: string;
    readonly renderer?: string;
    readonly gpu?: string;
    readonly isolate?: string;
  }[];
}

/** What a command line says. */
interface DeviceValues {
  readonly config?: string;
  readonly driver?: readonly string[];
  readonly renderer?: string;
  readonly gpu?: string;
  readonly isolate?: string;
}

const isOne = (names: readonly string[], name: string): boolean => names.includes(name);

/** Checks the options. @returns the choice, or what is wrong. */
export function deviceChoice(
  { config, driver, renderer, gpu, isolate }: DeviceValues,
): DeviceChoice | { readonly error: string } {
  if (config !== undefined) {
    const other = Object.entries({ driver, renderer, gpu, isolate }).find(([, value]) => value !== undefined)?.[0];
    if (other !== undefined) return { error: `--${other} does not go with --config: say it in ${config}` };
    return { file: config, devices: [] };
  }
  const names = driver ?? ["virtio_gpu"];
  const unknown = names.find((name) => !isOne(DRIVER_NAMES, name));
  if (unknown !== undefined) return { error: `there is no driver "${unknown}"; there are ${DRIVER_NAMES.join(", ")}` };
  if (renderer !== undefined && !isOne(RENDERER_NAMES, renderer)) {
    return { error: `there is no renderer "${renderer}"; there are ${RENDERER_NAMES.join(", ")}` };
  }
  const hasDxg = names.includes("dxg");
  if ((renderer !== undefined || (gpu !== undefined && !hasDxg)) && !names.includes("virtio_gpu")) {
    return { error: `--${renderer === undefined ? "gpu" : "renderer"} is for virtio_gpu, and there is none` };
  }
  if (isolate !== undefined && !isOne(ISOLATION_NAMES, isolate)) {
    return { error: `--isolate is one of ${ISOLATION_NAMES.join(", ")}, not "${isolate}"` };
  }
  if (isolate !== undefined && !hasDxg) return { error: "--isolate is for dxg, and there is none" };
  const onGpu = renderer === "vulkan2d" || renderer === "virgl";
  if (gpu !== undefined && !onGpu && !hasDxg) return { error: "--gpu is for --renderer vulkan2d and virgl" };
  const virtio = { ...(renderer && { renderer }), ...(gpu && onGpu && { gpu }) };
  const dxg = { ...(gpu && { gpu }), ...(isolate && { isolate }) };
  return {
    file: undefined,
    devices: names.map((name) => ({
      driver: name,
      ...(name === "virtio_gpu" ? virtio : name === "dxg" ? dxg : {}),
    })),
  };
}

/** The configuration that was chosen. @throws {ConfigError} for a file that is none. */
export async function chosenConfig({ file, devices }: DeviceChoice): Promise<unknown> {
  return file === undefined ? { devices } : (await import("./config_file.ts")).readConfig(file);
}
