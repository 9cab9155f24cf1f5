/**
 * `udrm info`: what is here. Each driver's device is really made, in a system of its own, and asked by ioctls.
 * @module
 */

import { parseArgs } from "node:util";
import { virgl } from "../drivers/host/render/virgl/mod.ts";
import { choose, listPhysicalDevices, type PhysicalDeviceInfo } from "../drivers/host/vulkan/mod.ts";
import { openCard } from "../drivers/umd/drm/mod.ts";
import { createSystem, drivers, DrmError } from "../mod.ts";
import { fourccName } from "../uapi/drm_fourcc_code.ts";
import { virgl_caps_v1 } from "../uapi/virgl_hw.ts";
import { VIRTIO_GPU_CAPSET_VIRGL } from "../uapi/virtio_gpu.ts";

const HELP = `Usage: udrm info [--gpu NAME] [--json]

Shows udrm's devices with their nodes, drivers and formats, the GPUs that Vulkan offers, which of them would be chosen, and
which OpenGL programs have on it.

  --gpu NAME  as other commands take it: part of the GPU's name, its kind, or its number in the list
  --json      for machines
  --help      this text

Example: udrm info --gpu llvmpipe`;

/** A device of udrm, as `--json` prints it. */
export interface DeviceInfo {
  /** The driver's name, as VERSION gives it. */
  readonly driver: string;
  /** The driver's description. */
  readonly description: string;
  /** "1.0.0". */
  readonly version: string;
  /** Its nodes. */
  readonly nodes: readonly string[];
  /** DRIVER_* features. */
  readonly features: readonly string[];
  /** Connectors with their preferred modes. */
  readonly connectors: readonly { readonly name: string; readonly connected: boolean; readonly mode: string }[];
  /** Planes with the formats that they take. */
  readonly planes: readonly { readonly id: number; readonly type: string; readonly formats: readonly string[] }[];
}

/** What `udrm info --json` prints. */
export interface Info {
  /** udrm's devices. */
  readonly devices: readonly DeviceInfo[];
  /** Nodes that belong to no device. */
  readonly otherNodes: readonly string[];
  /** What Vulkan offers; empty when there is no loader or driver. */
  readonly gpus: readonly PhysicalDeviceInfo[];
  /** The GPU that vulkan2d would use, and why; or why there is none. */
  readonly gpu: { readonly name?: string; readonly reason: string };
  /** The version of GLSL that virgl's clients are offered on that GPU, such as 330; or why there is no 3D. */
  readonly virgl: { readonly glsl?: number; readonly reason?: string };
}

const PLANE_TYPES = ["overlay", "primary", "cursor"];

function virglOn(gpu: string | undefined): Info["virgl"] {
  try {
    using renderer = virgl({ gpu });
    return { glsl: virgl_caps_v1.at(renderer.capset(VIRTIO_GPU_CAPSET_VIRGL, 1)).glsl_level };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}

/** Gathers it all. @param gpu as `--gpu` takes it. */
export function gather(gpu?: string): Info {
  using system = createSystem({ drivers: [drivers.vgem(), drivers.virtioGpu()] });
  using process = system.process({ comm: "udrm info" });
  const devices = system.devices.map((device): DeviceInfo => {
    using card = openCard(process, `/dev/dri/card${device.card}`);
    const version = card.version();
    const modeset = device.has("MODESET");
    if (modeset) card.becomeAtomic();
    return {
      driver: version.name,
      description: version.desc,
      version: version.version.join("."),
      nodes: [
        `/dev/dri/card${device.card}`,
        ...(device.render === undefined ? [] : [`/dev/dri/renderD${device.render}`]),
      ],
      features: [...device.driver.spec.features],
      connectors: !modeset ? [] : card.connectors().map((c) => ({
        name: c.name,
        connected: c.connected,
        mode: c.modes.length > 0
          ? `${c.preferredMode.hdisplay}x${c.preferredMode.vdisplay}@${c.preferredMode.vrefresh}`
          : "none",
      })),
      planes: !modeset ? [] : card.planes().map((p) => ({
        id: p.id,
        type: PLANE_TYPES[Number(p.value("type"))] ?? "unknown",
        formats: p.formats.map(fourccName),
      })),
    };
  });
  const own = new Set(devices.flatMap((d) => d.nodes));
  const otherNodes = system.nodes.filter((node) => !own.has(node));
  let gpus: PhysicalDeviceInfo[] = [];
  let chosen: Info["gpu"];
  try {
    gpus = listPhysicalDevices();
    const choice = choose(gpus, gpu);
    chosen = { name: choice.device.name, reason: choice.reason };
  } catch (error) {
    chosen = { reason: error instanceof Error ? error.message : String(error) };
  }
  return { devices, otherNodes, gpus, gpu: chosen, virgl: virglOn(gpu) };
}

function print(found: Info): void {
  for (const d of found.devices) {
    console.log(`${d.driver} ${d.version} (${d.description})
  nodes       ${d.nodes.join(", ")}
  features    ${d.features.join(", ")}`);
    for (const c of d.connectors) {
      console.log(`  connector   ${c.name}: ${c.connected ? c.mode : "nothing plugged in"}`);
    }
    for (const p of d.planes) console.log(`  plane ${String(p.id).padEnd(5)} ${p.type}: ${p.formats.join(" ")}`);
  }
  console.log(`other nodes   ${found.otherNodes.join(", ")}`);
  for (const g of found.gpus) console.log(`Vulkan ${g.index}      ${g.name} (${g.type}, ${g.driver})`);
  console.log(
    found.gpu.name === undefined ? `GPU           none: ${found.gpu.reason}` : `GPU chosen    ${found.gpu.reason}`,
  );
  const { glsl, reason } = found.virgl;
  if (found.gpu.name === undefined) return;
  if (glsl === undefined) console.log(`3D by virgl   none: ${reason}`);
  else {
    const versions = glsl >= 330 ? "OpenGL 3.3, OpenGL ES 3.0" : "OpenGL 2.1, OpenGL ES 2.0";
    console.log(
      `3D by virgl   ${versions} for Mesa's virtio_gpu and virpipe drivers (GLSL ${(glsl / 100).toFixed(2)})`,
    );
  }
}

function options(argv: readonly string[]): { json?: boolean; help?: boolean; gpu?: string } | string {
  try {
    return parseArgs({
      args: [...argv],
      options: { json: { type: "boolean" }, help: { type: "boolean", short: "h" }, gpu: { type: "string" } },
    }).values;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The command: `argv` without the word info; the exit code. */
export function info(argv: readonly string[]): number {
  const args = options(argv);
  if (typeof args === "string") {
    console.error(`udrm info: ${args}; udrm info --help tells what there is`);
    return 2;
  }
  if (args.help) {
    console.log(HELP);
    return 0;
  }
  try {
    const found = gather(args.gpu);
    if (args.json) console.log(JSON.stringify(found, undefined, 1));
    else print(found);
    return found.gpu.name === undefined && args.gpu !== undefined ? 1 : 0;
  } catch (error) {
    if (!(error instanceof DrmError)) throw error;
    console.error(`udrm info: ${error.message}`);
    return 1;
  }
}
