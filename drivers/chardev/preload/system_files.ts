/**
 * `SystemFiles`: all that clients see of a system besides the nodes' behaviour: the tree of sysfs, procfs, debugfs and udev's
 * files, kept as the devices are, and uevents.
 * @module
 */

import { type DebugEntry, DebugFolder, DEBUGFS, DebugLink } from "../../../core/debugfs.ts";
import type { Device } from "../../../core/device.ts";
import type { System, Uevent } from "../../../core/system.ts";
import { type SysDevice, writeCommon, writeDevice } from "./sysfs.ts";
import { Tree } from "./tree.ts";
import { ueventMessages, writeDatabase } from "./udev.ts";
import { UeventSockets } from "./uevent_sockets.ts";

interface Shown {
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
  readonly #listening: Disposable;
  #debug: readonly string[] = [];
  #number = 0;

  /** Writes FOLDER/root, and follows the system from now on. @param system whose devices. @param folder the server's. */
  constructor(system: System, folder: string) {
    this.#system = system;
    this.#tree = new Tree(`${folder}/root`);
    this.#sockets = new UeventSockets(`${folder}/uevents`, system.clock);
    writeCommon(this.#tree, system.nodes);
    this.#tree.file("/run/udev/control", "", 0o600);
    for (const device of system.devices) this.#add(device);
    this.#listDebugfs();
    this.#listening = system.onUevent((event) => this.#hear(event));
  }

  #add(device: Device): void {
    const usec = Math.round(this.#system.clock.now() / 1e3);
    let sysDevices: SysDevice[] = [];
    const paths = this.#tree.record(() => {
      sysDevices = writeDevice(this.#tree, this.#system.sysfs, device);
      for (const sysDevice of sysDevices) writeDatabase(this.#tree, sysDevice, usec);
    });
    this.#shown.set(device, { paths, sysDevices, usec });
  }

  #hear(event: Uevent): void {
    const { action, device, properties } = event;
    if (action === "add") this.#add(device);
    const shown = this.#shown.get(device);
    if (shown === undefined) return;
    if (action === "remove") {
      this.#shown.delete(device);
      this.#tree.remove(shown.paths);
      for (const { path } of shown.sysDevices) this.#removeAttributes(path);
    }
    if (action !== "change") this.#listDebugfs();
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
    this.#sockets[Symbol.dispose]();
  }
}
