/**
 * `SystemFiles`: all that clients see of a system besides the nodes' behaviour: the tree of sysfs, procfs, debugfs and udev's
 * files, kept as the devices are, and uevents.
 * @module
 */

import { type DebugEntry, DebugFolder, DEBUGFS, DebugLink } from "../../../core/debugfs.ts";
import type { Device } from "../../../core/device.ts";
import { DrmError } from "../../../core/error.ts";
import type { System, Uevent } from "../../../core/system.ts";
import { driverFolder, type Hardware, writeBound, writeHardware } from "./hardware.ts";
import { InputFiles } from "./input_files.ts";
import { type SysDevice, writeCommon, writeDevice, writeNodes } from "./sysfs.ts";
import { Tree } from "./tree.ts";
import { ueventMessages, writeDatabase } from "./udev.ts";
import { UeventSockets } from "./uevent_sockets.ts";

interface Placed {
  readonly hardware: Hardware;
  /** What the hardware brings. */
  readonly places: readonly string[];
  /** N of "virtioN". */
  readonly number: number;
}

interface Shown extends Placed {
  /** What goes with the driver. */
  readonly paths: readonly string[];
  readonly sysDevices: readonly SysDevice[];
  readonly usec: number;
}

/** What clients see of a system, in a folder. */
export class SystemFiles implements Disposable {
  readonly #system: System;
  readonly #tree: Tree;
  readonly #sockets: UeventSockets;
  readonly #shown = new Map<Device, Shown>();
  // Hardware without its driver.
  readonly #unbound = new Map<Device, Placed>();
  readonly #inputs: InputFiles;
  readonly #listening: Disposable;
  #debug: readonly string[] = [];
  #nodes: readonly string[] = [];
  #number = 0;

  /** Writes FOLDER/root, and follows the system from now on. @param system whose devices. @param folder the server's. */
  constructor(system: System, folder: string) {
    this.#system = system;
    this.#tree = new Tree(`${folder}/root`);
    this.#sockets = new UeventSockets(`${folder}/uevents`, system.clock);
    writeCommon(this.#tree);
    this.#listNodes();
    this.#tree.file("/run/udev/control", "", 0o600);
    for (const device of system.devices) this.#add(device);
    this.#inputs = new InputFiles(
      system,
      this.#tree,
      (action, device, usec) => this.#sockets.send(ueventMessages(action, device, {}, ++this.#number, usec)),
    );
    this.#listDebugfs();
    this.#listening = system.onUevent((event) => this.#hear(event));
  }

  #add(device: Device): void {
    const usec = Math.round(this.#system.clock.now() / 1e3);
    const placed = this.#place(device);
    const { hardware } = placed;
    this.#driverFiles(hardware);
    let sysDevices: SysDevice[] = [];
    const paths = this.#tree.record(() => {
      writeBound(this.#tree, hardware);
      sysDevices = writeDevice(this.#tree, this.#system.sysfs, device, hardware.folder);
      for (const sysDevice of sysDevices) writeDatabase(this.#tree, sysDevice, usec);
    });
    this.#shown.set(device, { ...placed, paths, sysDevices, usec });
  }

  // Hardware that gets its driver back is where it was.
  #place(device: Device): Placed {
    for (const [before, placed] of this.#unbound) {
      if (before.driver !== device.driver) continue;
      this.#unbound.delete(before);
      return placed;
    }
    const numbers = new Set([...this.#shown.values(), ...this.#unbound.values()].map(({ number }) => number));
    let number = 0;
    while (numbers.has(number)) number++;
    let hardware: Hardware | undefined;
    const places = this.#tree.record(() => hardware = writeHardware(this.#tree, device, number));
    if (hardware === undefined) throw new TypeError(`Cannot place ${device.name}`);
    return { hardware, places, number: hardware.bus === "virtio" ? number : -1 };
  }

  // bind_store and unbind_store of drivers/base/bus.c.
  #driverFiles(hardware: Hardware): void {
    const { bus, driver } = hardware;
    if (bus !== "virtio" || driver === undefined) return;
    const at = driverFolder(hardware);
    let folder = this.#system.sysfs;
    for (const part of at.split("/").slice(2)) folder = folder.folder(part);
    if (folder.entries.size > 0) return;
    const find = <T extends Placed>(list: ReadonlyMap<Device, T>, data: Uint8Array): Device | undefined => {
      const name = new TextDecoder().decode(data).replace(/\n$/, "");
      return [...list].find(([_, { hardware }]) =>
        hardware.bus === bus && hardware.driver === driver && hardware.name === name
      )
        ?.[0];
    };
    const missing = (): DrmError => new DrmError("ENODEV", `Cannot find such a device of ${driver} at bus ${bus}`);
    folder.file("unbind", {
      mode: 0o200,
      write: (data) => {
        const device = find(this.#shown, data);
        if (device === undefined) throw missing();
        this.#system.unbind(device);
      },
    });
    folder.file("bind", {
      mode: 0o200,
      write: (data) => {
        if (find(this.#shown, data) !== undefined) {
          throw new DrmError("EBUSY", "Cannot bind the device: it has its driver");
        }
        const device = find(this.#unbound, data);
        if (device === undefined) throw missing();
        this.#system.bind(device);
      },
    });
    for (const name of folder.entries.keys()) this.#tree.node(`${at}/${name}`, 0o200);
  }

  #hear(event: Uevent): void {
    const { action, device, properties } = event;
    if (action === "add") this.#add(device);
    const shown = this.#shown.get(device);
    if (shown === undefined) {
      const placed = this.#unbound.get(device);
      if (action !== "remove" || placed === undefined) return;
      this.#unbound.delete(device);
      this.#tree.remove(placed.places);
      return;
    }
    if (action === "remove") {
      const { hardware, places, number } = shown;
      this.#shown.delete(device);
      this.#tree.remove(shown.paths);
      if (event.unbound) {
        this.#unbound.set(device, { hardware, places, number });
        this.#tree.file(`${hardware.folder}/uevent`, hardware.uevent);
      } else this.#tree.remove(places);
      for (const { path } of shown.sysDevices) this.#removeAttributes(path);
    }
    if (action !== "change") {
      this.#listDebugfs();
      this.#listNodes();
    }
    // What changes is the card; what comes and goes is all of it, the connectors last and first.
    const about = action === "change"
      ? shown.sysDevices.filter(({ properties }) => properties.DEVNAME === `dri/card${device.card}`)
      : action === "remove"
      ? shown.sysDevices.toReversed()
      : shown.sysDevices;
    for (const sysDevice of about) {
      this.#sockets.send(ueventMessages(action, sysDevice, properties, ++this.#number, shown.usec));
    }
  }

  // /dev/dxg comes with the first adapter, and goes with the last.
  #listNodes(): void {
    const { nodes } = this.#system;
    const gone = this.#nodes.filter((path) => !nodes.includes(path));
    this.#tree.remove(gone);
    writeNodes(this.#tree, nodes.filter((path) => !this.#nodes.includes(path)));
    this.#nodes = nodes;
  }

  #removeAttributes(path: string): void {
    const slash = path.lastIndexOf("/");
    const folder = this.#system.sysfs.lookup(path.slice(0, slash));
    if (folder instanceof DebugFolder) folder.remove(path.slice(slash + 1));
  }

  // debugfs changes with devices; its files are opened at the server.
  #listDebugfs(): void {
    this.#tree.remove(this.#debug);
    this.#debug = this.#tree.record(() => {
      for (const [name, entry] of this.#system.debugfs.entries) this.#listDebug(`${DEBUGFS}/${name}`, entry, true);
    });
  }

  #listDebug(path: string, entry: DebugEntry, only = false): void {
    if (entry instanceof DebugFolder) {
      this.#tree.folder(path, only);
      for (const [name, inner] of entry.entries) this.#listDebug(`${path}/${name}`, inner);
    } else if (entry instanceof DebugLink) {
      this.#tree.link(path, `${path.slice(0, path.lastIndexOf("/"))}/${entry.target}`);
    } else this.#tree.node(path, entry.mode);
  }

  /** Follows the system no longer. */
  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]();
    this.#inputs[Symbol.dispose]();
    this.#sockets[Symbol.dispose]();
  }
}
