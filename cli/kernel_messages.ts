/**
 * What `udrm run` and its kernel thread tell each other. Apart from both, so that the command begins without loading the drivers.
 * @module
 */

/** The drivers that the kernel thread can make devices of. */
export const DRIVER_NAMES = ["virtio_gpu", "vkms", "vgem"] as const;

/** One of them. */
export type DriverName = typeof DRIVER_NAMES[number];

/** What the Worker is told, once. */
export interface KernelOptions {
  /** The server's folder: empty, and its alone. */
  readonly folder: string;
  /** One a device. */
  readonly drivers: readonly DriverName[];
  /** Whether each request is printed on stderr. */
  readonly trace: boolean;
  /** Whether a picture of the first screen is wanted at the end. */
  readonly picture: boolean;
}

/** What the Worker says. */
export type KernelMessage =
  /** Programs can come; adding to the eventfd `kick` ends it. */
  | { readonly kind: "ready"; readonly kick: number }
  /** It could not begin. */
  | { readonly kind: "failed"; readonly message: string }
  /** It has ended; the picture, if one was wanted and anything was ever shown. */
  | { readonly kind: "ended"; readonly png?: Uint8Array };

/**
 * What a command line names.
 *
 * @param names as given
 * @returns the same, known to be drivers, or what is wrong
 */
export function driverNames(names: readonly string[]): readonly DriverName[] | { readonly error: string } {
  const known = (name: string): name is DriverName => DRIVER_NAMES.some((driver) => driver === name);
  const unknown = names.find((name) => !known(name));
  if (unknown === undefined) return names.filter(known);
  return { error: `there is no driver "${unknown}"; there are ${DRIVER_NAMES.join(", ")}` };
}
