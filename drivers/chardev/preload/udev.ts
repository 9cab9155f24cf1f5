/**
 * udev's part: what its rules make of DRM and input devices, its database in /run/udev, and uevents as the kernel and udevd send them
 * (kobject_uevent.c; systemd's 60-drm.rules, 70-power-switch.rules, 71-seat.rules, device-monitor.c).
 * @module
 */

import type { SysDevice } from "./sysfs.ts";
import type { Tree } from "./tree.ts";

const HEADER = 40;
const MAGIC = 0xfeed_cafe;
const M = 0x5bd1_e995;

/** MurmurHash2 with seed 0, by which libudev's socket filters know names. */
export function murmurHash2(text: string): number {
  const bytes = new TextEncoder().encode(text);
  const view = new DataView(bytes.buffer);
  let hash = bytes.length;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    let word = Math.imul(view.getUint32(at, true), M);
    word = Math.imul(word ^ word >>> 24, M);
    hash = Math.imul(hash, M) ^ word;
  }
  const left = bytes.length - at;
  if (left > 0) {
    for (let i = left - 1; i >= 0; i--) hash ^= bytes[at + i] << 8 * i;
    hash = Math.imul(hash, M);
  }
  hash = Math.imul(hash ^ hash >>> 13, M);
  return (hash ^ hash >>> 15) >>> 0;
}

// Four bits of 64 for each tag.
function bloom(tags: readonly string[]): bigint {
  let bits = 0n;
  for (const tag of tags) {
    const hash = murmurHash2(tag);
    for (let shift = 0; shift < 24; shift += 6) bits |= 1n << BigInt(hash >>> shift & 63);
  }
  return bits;
}

function isCard(device: SysDevice): boolean {
  return /^dri\/card/.test(device.properties.DEVNAME ?? "");
}

function tagsOf(device: SysDevice): string[] {
  if (isCard(device)) return ["seat", "master-of-seat", "uaccess"];
  if (device.subsystem !== "input") return [];
  // Seats are made of input devices; who watches for the power button reads their nodes.
  if (device.properties.DEVNAME === undefined) return ["seat"];
  return device.ids?.ID_INPUT_KEY === undefined ? [] : ["power-switch"];
}

// What the rules add: ID_INPUT and its kin, ID_PATH and what follows from it.
function ruleProperties(device: SysDevice): Record<string, string> {
  const { idPath, ids } = device;
  if (idPath === undefined) return { ...ids };
  const tag = idPath.replace(/[^a-zA-Z0-9-]/g, "_");
  return { ID_PATH: idPath, ID_PATH_TAG: tag, ...(isCard(device) ? { ID_FOR_SEAT: `drm-${tag}` } : {}) };
}

function linkOf(device: SysDevice): string | undefined {
  return device.idPath && `dri/by-path/${device.idPath}-${isCard(device) ? "card" : "render"}`;
}

/** The device's name in udev's database. */
function idOf(device: SysDevice): string {
  const { MAJOR, MINOR } = device.properties;
  return MAJOR === undefined
    ? `+${device.subsystem}:${device.path.slice(device.path.lastIndexOf("/") + 1)}`
    : `c${MAJOR}:${MINOR}`;
}

/** Writes the database's entries of a device. @param usec when it appeared, CLOCK_MONOTONIC. */
export function writeDatabase(tree: Tree, device: SysDevice, usec: number): void {
  const link = linkOf(device);
  const tags = tagsOf(device);
  const lines = [
    ...(link === undefined ? [] : [`S:${link}`]),
    `I:${usec}`,
    ...Object.entries(ruleProperties(device)).map(([key, value]) => `E:${key}=${value}`),
    ...tags.map((tag) => `G:${tag}`),
    ...tags.map((tag) => `Q:${tag}`),
    "V:1",
  ];
  tree.file(`/run/udev/data/${idOf(device)}`, lines.join("\n") + "\n", 0o644);
  for (const tag of tags) tree.file(`/run/udev/tags/${tag}/${idOf(device)}`, "", 0o444);
}

/** A uevent, for those who listen to the kernel and for those who listen to udevd. */
export interface UeventMessages {
  /** The kernel's. */
  readonly kernel: Uint8Array;
  /** udevd's. */
  readonly udev: Uint8Array;
}

function encode(lines: readonly string[]): Uint8Array {
  return new TextEncoder().encode(lines.map((line) => `${line}\0`).join(""));
}

/**
 * Makes the messages.
 *
 * @param action "add", "remove" or "change". @param device whose. @param more further properties, as HOTPLUG=1.
 * @param number the uevent's number, SEQNUM. @param usec when the device appeared, CLOCK_MONOTONIC.
 */
export function ueventMessages(
  action: string,
  device: SysDevice,
  more: Readonly<Record<string, string>>,
  number: number,
  usec: number,
): UeventMessages {
  const properties: Record<string, string> = {
    ACTION: action,
    DEVPATH: device.path,
    SUBSYSTEM: device.subsystem,
    ...more,
    ...device.properties,
    SEQNUM: String(number),
  };
  const text = (of: Readonly<Record<string, string>>): string[] =>
    Object.entries(of).map(([key, value]) => `${key}=${value}`);
  const kernel = encode([`${action}@${device.path}`, ...text(properties)]);
  const tags = tagsOf(device);
  const link = linkOf(device);
  if (properties.DEVNAME !== undefined) properties.DEVNAME = `/dev/${properties.DEVNAME}`;
  Object.assign(properties, { USEC_INITIALIZED: String(usec) }, ruleProperties(device));
  if (link !== undefined) properties.DEVLINKS = `/dev/${link}`;
  if (tags.length > 0) properties.TAGS = properties.CURRENT_TAGS = `:${tags.join(":")}:`;
  const body = encode(text(properties));
  const udev = new Uint8Array(HEADER + body.length);
  const view = new DataView(udev.buffer);
  udev.set(new TextEncoder().encode("libudev"));
  // Lengths are in the machine's order; what filters look at is in the network's.
  view.setUint32(8, MAGIC);
  view.setUint32(12, HEADER, true);
  view.setUint32(16, HEADER, true);
  view.setUint32(20, body.length, true);
  view.setUint32(24, murmurHash2(device.subsystem));
  view.setUint32(28, murmurHash2(properties.DEVTYPE ?? ""));
  view.setBigUint64(32, bloom(tags));
  udev.set(body, HEADER);
  return { kernel, udev };
}
