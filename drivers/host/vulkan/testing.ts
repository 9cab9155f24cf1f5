/** For tests: an instance and device under validation with synchronization checks, and a check that nothing was complained of or leaked. */
import { Device, type DeviceOptions } from "./device.ts";
import { Instance } from "./instance.ts";
import { choosePhysicalDevice } from "./physical_device.ts";

/** How many file descriptors the process has, without those on its own executable: the runtime opens that once, when it likes. */
export function fdCount(): number {
  return [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`) !== Deno.execPath();
    } catch {
      return false; // the descriptor that listed the folder
    }
  }).length;
}

/**
 * Runs `body` with a device, then closes everything.
 * @param body gets the device; it may dispose of it itself
 * @param validation false for what waits in another thread while this one submits or signals: the layers of Debian 12 (1.3.239) now
 * and then lock up there, a lock of theirs in each thread
 * @throws {Error} when the validation layers reported an error, or a file descriptor was left open
 */
export async function withDevice(
  body: (device: Device) => void | Promise<void>,
  options: DeviceOptions = {},
  validation = true,
): Promise<void> {
  const before = fdCount();
  const log = Deno.makeTempFileSync();
  let complaints: string;
  try {
    const instance = new Instance({ validation, validationLog: log });
    try {
      const device = new Device(instance, choosePhysicalDevice(instance).device, options);
      try {
        await body(device);
      } finally {
        await device.close();
      }
    } finally {
      instance[Symbol.dispose]();
    }
    complaints = Deno.readTextFileSync(log);
  } finally {
    Deno.removeSync(log);
  }
  if (complaints !== "") throw new Error(`The validation layers report:\n${complaints}`);
  const after = fdCount();
  if (after > before) throw new Error(`${after - before} file descriptors were left open`);
}
