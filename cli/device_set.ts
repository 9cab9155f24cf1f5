/**
 * `DeviceSet`: the devices of a configuration in a running system, and what changes when another configuration comes: only what
 * differs.
 * @module
 */

import type { Device } from "../core/device.ts";
import type { Driver } from "../core/driver.ts";
import { DrmError } from "../core/error.ts";
import { connectorStatusName } from "../core/kms/connector_force.ts";
import type { Connector } from "../core/kms/connector.ts";
import type { System } from "../core/system.ts";
import type { Picture } from "../drivers/display/pixels.ts";
import { canonical } from "../drivers/gpu/vkms/config_changes.ts";
import { drivers, vkmsOf } from "../mod.ts";
import { connector_status_unknown, DRM_MODE_CONNECTOR_WRITEBACK } from "../uapi/drm_mode_connector.ts";
import {
  type DeviceConfig,
  sizeOf,
  type SystemConfig,
  type VirtioGpuDeviceConfig,
  type VkmsDeviceConfig,
} from "./config.ts";
import type { Change, ConnectorInfo } from "./kernel_messages.ts";
import { AskingScreen, type Screen } from "./screens.ts";

const DEFAULT_OUTPUTS: NonNullable<VirtioGpuDeviceConfig["outputs"]> = [{ mode: "1280x800" }];

interface Entry {
  config: DeviceConfig;
  device: Device;
  /** What it was before its driver was taken off and put back. */
  readonly past: Device[];
  readonly screen: Screen;
  readonly resources: DisposableStack;
}

/** A PCI function that neither the machine nor the system has: slot 2 for the first device, as QEMU's is, or one further on. */
function freeFunction(system: System): string {
  const taken = new Set(system.devices.map(({ bus }) => bus.pci?.address));
  for (let domain = 0;; domain++) {
    for (let slot = 2; slot < 32; slot++) {
      const address = `${domain.toString(16).padStart(4, "0")}:00:${slot.toString(16).padStart(2, "0")}.0`;
      if (taken.has(address)) continue;
      try {
        Deno.lstatSync(`/sys/bus/pci/devices/${address}`);
      } catch {
        return address;
      }
    }
  }
}

function monitorOf({ mode, status }: { readonly mode: string; readonly status?: string }) {
  return { enabled: status !== "disconnected", ...sizeOf(mode) };
}

const outputsOf = (config: VirtioGpuDeviceConfig) => config.outputs ?? DEFAULT_OUTPUTS;

function vkmsConfigOf({ driver: _, ...config }: VkmsDeviceConfig): Omit<VkmsDeviceConfig, "driver"> {
  return config;
}

/** The devices of a system. */
export class DeviceSet implements Disposable {
  readonly #system: System;
  readonly #first: Screen | undefined;
  #entries: Entry[] = [];
  readonly #listening: Disposable;
  // Hosts of devices that are gone while clients still have them open.
  #going: Entry[] = [];

  /** None yet. @param system where they appear. @param first the screen of the first device, if it is to have one of its own. */
  constructor(system: System, first?: Screen) {
    this.#system = system;
    this.#first = first;
    this.#listening = system.onUevent(({ action, device }) => {
      const entry = action === "add" ? this.#entries.find((entry) => entry.device.driver === device.driver) : undefined;
      if (entry === undefined) return;
      entry.past.push(entry.device);
      entry.device = device;
      this.#probe(device);
    });
  }

  /**
   * Makes the system what a configuration says; what is the same as before is not touched.
   *
   * @returns what changed. @throws {Error} if a device cannot be made: what came before it has changed.
   */
  apply(config: SystemConfig): Change[] {
    const changes: Change[] = [];
    const note = (what: Change["what"], { device, config: { name, driver } }: Entry): void =>
      void changes.push({ what, device: device.name, name, driver });
    const before = new Map(this.#entries.map((entry) => [entry.config.name, entry]));
    const stay = new Set(config.devices.map(({ name, driver }) => `${driver} ${name}`));
    for (const entry of [...this.#entries]) {
      if (stay.has(`${entry.config.driver} ${entry.config.name}`)) continue;
      this.#remove(entry);
      note("removed", entry);
    }
    for (const next of config.devices) {
      const old = before.get(next.name);
      if (old === undefined || !this.#entries.includes(old)) note("added", this.#add(next));
      else if (canonical(old.config) !== canonical(next)) {
        if (this.#change(old, next)) note("changed", old);
        else {
          this.#remove(old);
          note("replaced", this.#add(next));
        }
      }
    }
    return changes;
  }

  #add(config: DeviceConfig): Entry {
    using resources = new DisposableStack();
    const own = this.#entries.length === 0 ? this.#first : undefined;
    const screen = own ?? resources.use(new AskingScreen());
    const driver = this.#driver(config, screen, own !== undefined, resources);
    const device = this.#system.addDevice(driver);
    this.#probe(device);
    const entry = { config, device, past: [], screen, resources: resources.move() };
    this.#entries.push(entry);
    return entry;
  }

  // As the kernel's console does (drm_client_modeset_probe): who asks for no probe finds status and modes all the same.
  #probe(device: Device): void {
    if (this.#system.pending) this.#system.pump();
    for (const connector of device.kms?.connectors ?? []) {
      const { connectorType, status } = connector;
      if (connectorType !== DRM_MODE_CONNECTOR_WRITEBACK && status === connector_status_unknown) connector.probe();
    }
  }

  #driver(config: DeviceConfig, screen: Screen, each: boolean, resources: DisposableStack): Driver {
    const source = config.driver === "vkms"
      ? drivers.vkms({ ...vkmsConfigOf(config), display: screen, present: each ? "vblank" : "ask" })
      : config.driver === "vgem"
      ? drivers.vgem()
      : config.driver === "dxg"
      ? drivers.dxg({
        gpu: config.gpu,
        isolate: config.isolate ?? "process",
        synchronous: false,
        completionEvents: true,
      })
      : drivers.virtioGpu({
        display: screen,
        name: `pci:${freeFunction(this.#system)}`,
        renderer: config.renderer,
        gpu: config.gpu,
        completionEvents: true,
        blobs: config.blobs,
        monitors: outputsOf(config).map(monitorOf),
      });
    const driver = typeof source === "function" ? source(this.#system, resources) : source;
    if (config.driver !== "vgem" || config.name === "vgem") return driver;
    // The kernel has one vgem: a second needs a name of its own in sysfs.
    const bus = { type: "platform", unique: config.name, modalias: "platform:vgem" };
    return { ...driver, spec: { ...driver.spec, bus: () => bus } };
  }

  // Whether the device could become what `next` says.
  #change(entry: Entry, next: DeviceConfig): boolean {
    const { config } = entry;
    if (next.driver === "vkms") {
      try {
        vkmsOf(entry.device).configure(vkmsConfigOf(next));
      } catch (error) {
        if (error instanceof DrmError && error.code === "EBUSY") return false;
        throw error;
      }
      this.#probe(entry.device);
    } else if (next.driver === "virtio_gpu" && config.driver === "virtio_gpu") {
      const outputs = outputsOf(next), old = outputsOf(config);
      const rest = (of: VirtioGpuDeviceConfig): string => canonical({ ...of, outputs: outputsOf(of).length });
      if (rest(config) !== rest(next)) return false;
      outputs.forEach((output, i) => {
        if (canonical(output) !== canonical(old[i])) entry.screen.onModeChange?.(i, monitorOf(output));
      });
    } else return false;
    entry.config = next;
    return true;
  }

  #remove(entry: Entry): void {
    this.#entries.splice(this.#entries.indexOf(entry), 1);
    this.#system.removeDevice(entry.device);
    this.#going.push(entry);
    this.sweep();
  }

  /** Ends hosts of removed devices that nobody has open any more. */
  sweep(): void {
    this.#going = this.#going.filter((entry) => {
      if ([entry.device, ...entry.past].some(({ files }) => files.size > 0)) return true;
      entry.resources.dispose();
      return false;
    });
  }

  /** All connectors, as they are. */
  connectors(): ConnectorInfo[] {
    return this.#all().map(({ entry, connector, name }) => {
      connector.probe();
      const { crtc } = connector.state;
      const mode = crtc?.state.mode ?? connector.modes[0];
      return {
        connector: name,
        device: entry.config.name,
        status: connectorStatusName(connector.status),
        mode: mode === undefined ? undefined : `${mode.hdisplay}x${mode.vdisplay}@${mode.refresh}`,
        on: crtc?.state.active ?? false,
      };
    });
  }

  /** Plugs something in or out of a connector. @throws {DrmError} ENOENT if there is none such. */
  plug(name: string, connected: boolean): ConnectorInfo {
    const { entry, connector, name: full } = this.#find(name);
    const { config, device, screen } = entry;
    if (config.driver === "vkms") {
      const vkms = vkmsOf(device);
      const index = vkms.connectors.findIndex(({ object }) => object === connector);
      if (index < 0) throw new DrmError("ENOENT", `Cannot plug ${full}: nothing can be plugged into it`);
      vkms.plug(index, connected);
    } else if (config.driver === "virtio_gpu") {
      const scanout = device.kms?.connectors.indexOf(connector) ?? -1;
      const output = outputsOf(config)[scanout];
      if (output === undefined) throw new DrmError("ENOENT", `Cannot plug ${full}: nothing can be plugged into it`);
      screen.onModeChange?.(scanout, { ...monitorOf(output), enabled: connected });
      this.#system.pump();
    }
    const info = this.connectors().find((each) => each.connector === full);
    if (info === undefined) throw new DrmError("ENOENT", `Cannot find ${full} any more`);
    return info;
  }

  /** What a connector shows, or the first one that shows anything. @throws {DrmError} ENOENT if there is none such, or it is off. */
  picture(name: string | undefined): { readonly connector: string; readonly picture: Picture } {
    const from = name === undefined ? this.#all() : [this.#find(name)];
    for (const { entry, connector, name: full } of from) {
      const { crtc } = connector.state;
      const picture = crtc?.state.active ? entry.screen.picture(crtc.index) : undefined;
      if (picture !== undefined) return { connector: full, picture };
    }
    const shown = name === undefined ? "no connector shows anything" : `${name} shows nothing`;
    throw new DrmError("ENOENT", `Cannot take a picture: ${shown} now`);
  }

  #all(): { readonly entry: Entry; readonly connector: Connector; readonly name: string }[] {
    return this.#entries.flatMap((entry) =>
      (entry.device.unplugged ? [] : entry.device.kms?.connectors ?? [])
        .filter(({ unregistered, connectorType }) => !unregistered && connectorType !== DRM_MODE_CONNECTOR_WRITEBACK)
        .map((connector) => ({ entry, connector, name: `${entry.device.name}-${connector.name}` }))
    );
  }

  #find(name: string): { readonly entry: Entry; readonly connector: Connector; readonly name: string } {
    const all = this.#all();
    const found = all.filter((each) => each.name === name || each.connector.name === name);
    if (found.length === 1) return found[0];
    const names = all.map((each) => each.name).join(", ") || "none";
    throw new DrmError(
      "ENOENT",
      found.length > 1
        ? `Cannot tell which ${name} is meant: name one of ${names}`
        : `Cannot find connector ${name}: there are ${names}`,
    );
  }

  /** Removes all devices. */
  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]();
    for (const entry of [...this.#entries]) this.#remove(entry);
    for (const { resources } of this.#going.splice(0)) resources.dispose();
  }
}
