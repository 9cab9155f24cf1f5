/**
 * `InputFiles`: what clients see of a system's input devices, kept as they come and go.
 * @module
 */

import type { InputDevice } from "../../../core/input.ts";
import type { System } from "../../../core/system.ts";
import type { SysDevice } from "./sysfs.ts";
import { writeInput } from "./sysfs_input.ts";
import type { Tree } from "./tree.ts";
import { writeDatabase } from "./udev.ts";

interface Shown {
  readonly paths: readonly string[];
  readonly sysDevices: readonly SysDevice[];
  readonly usec: number;
}

/** Tells clients of a device that came or went. */
export type TellDevice = (action: "add" | "remove", device: SysDevice, usec: number) => void;

/** What a tree holds of input devices. */
export class InputFiles implements Disposable {
  readonly #system: System;
  readonly #tree: Tree;
  readonly #tell: TellDevice;
  readonly #shown = new Map<InputDevice, Shown>();
  readonly #listening: Disposable;

  /** Writes what there is, and follows the system from now on. @param system whose devices. @param tree where. @param tell uevents. */
  constructor(system: System, tree: Tree, tell: TellDevice) {
    this.#system = system;
    this.#tree = tree;
    this.#tell = tell;
    for (const input of system.inputs) this.#add(input);
    this.#listening = system.onInput((action, input) => {
      if (action === "remove") return this.#remove(input);
      const { sysDevices, usec } = this.#add(input);
      for (const device of sysDevices) tell(action, device, usec);
    });
  }

  #add(input: InputDevice): Shown {
    const usec = Math.round(this.#system.clock.now() / 1e3);
    let sysDevices: SysDevice[] = [];
    const paths = this.#tree.record(() => {
      sysDevices = writeInput(this.#tree, input);
      for (const device of sysDevices) writeDatabase(this.#tree, device, usec);
    });
    const shown = { paths, sysDevices, usec };
    this.#shown.set(input, shown);
    return shown;
  }

  #remove(input: InputDevice): void {
    const shown = this.#shown.get(input);
    if (shown === undefined) return;
    this.#shown.delete(input);
    this.#tree.remove(shown.paths);
    for (const device of shown.sysDevices.toReversed()) this.#tell("remove", device, shown.usec);
  }

  /** Follows the system no longer. */
  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]();
  }
}
