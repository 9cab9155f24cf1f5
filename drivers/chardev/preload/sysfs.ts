/**
 * What sysfs and procfs say of a device and its connectors (drm_sysfs.c), as files of a `Tree`. hardware.ts has what it sits on.
 * @module
 */

import type { DebugFolder } from "../../../core/debugfs.ts";
import type { Device } from "../../../core/device.ts";
import type { Connector } from "../../../core/kms/connector.ts";
import { showStatus, storeStatus } from "../../../core/kms/connector_force.ts";
import type { Tree } from "./tree.ts";

const DRM_MAJOR = 226;
const DPMS: readonly string[] = ["On", "Standby", "Suspend", "Off"];

/** A device as sysfs has it: a minor of DRM, a connector, an input device or its node. */
export interface SysDevice {
  /** Its folder below /sys: what uevents call DEVPATH. */
  readonly path: string;
  /** Its class. */
  readonly subsystem: "drm" | "input";
  /** What its file `uevent` says, and a uevent as well. */
  readonly properties: Readonly<Record<string, string>>;
  /** A path that stays the same as long as the hardware does: udev's ID_PATH; undefined if there is none. */
  readonly idPath: string | undefined;
  /** What udev's builtins find out about it besides: ID_INPUT and its kin. */
  readonly ids?: Readonly<Record<string, string>>;
}

/**
 * Writes what every device of a class has: its uevent file and links.
 *
 * @param tree where. @param device which. @param parent the folder of what it belongs to, if anything.
 */
export function writeClassDevice(tree: Tree, device: SysDevice, parent: string | undefined): void {
  const { path, subsystem, properties } = device;
  const folder = `/sys${path}`;
  tree.file(`${folder}/uevent`, Object.entries(properties).map(([key, value]) => `${key}=${value}\n`).join(""), 0o644);
  if (parent !== undefined) tree.link(`${folder}/device`, parent);
  tree.link(`${folder}/subsystem`, `/sys/class/${subsystem}`);
  tree.link(`/sys/class/${subsystem}/${path.slice(path.lastIndexOf("/") + 1)}`, folder);
}

function minor(tree: Tree, parent: string, name: string, number: number, idPath: string | undefined): SysDevice {
  const path = `${parent.slice(4)}/drm/${name}`;
  const properties = {
    MAJOR: String(DRM_MAJOR),
    MINOR: String(number),
    DEVNAME: `dri/${name}`,
    DEVTYPE: "drm_minor",
  };
  const device: SysDevice = { path, subsystem: "drm", properties, idPath };
  writeClassDevice(tree, device, parent);
  tree.file(`/sys${path}/dev`, `${DRM_MAJOR}:${number}\n`);
  tree.link(`/sys/dev/char/${DRM_MAJOR}:${number}`, `/sys${path}`);
  tree.node(`/dev/dri/${name}`, 0o660);
  if (idPath !== undefined) {
    tree.link(`/dev/dri/by-path/${idPath}-${name.startsWith("card") ? "card" : "render"}`, `/dev/dri/${name}`);
  }
  return device;
}

// The attributes are made when they are opened: a commit changes them, and no uevent tells of that.
function connectorDevice(tree: Tree, attributes: DebugFolder, card: SysDevice, connector: Connector): SysDevice {
  const name = `${card.properties.DEVNAME.slice(4)}-${connector.name}`;
  const path = `${card.path}/${name}`;
  const device: SysDevice = { path, subsystem: "drm", properties: { DEVTYPE: "drm_connector" }, idPath: undefined };
  writeClassDevice(tree, device, `/sys${card.path}`);
  let folder = attributes;
  for (const part of path.slice(1).split("/")) folder = folder.folder(part);
  const attribute = (file: string, read: () => string | Uint8Array): void => folder.file(file, { mode: 0o444, read });
  folder.file("status", {
    mode: 0o644,
    read: () => showStatus(connector),
    write: (data) => storeStatus(connector, new TextDecoder().decode(data)),
  });
  attribute("enabled", () => connector.state.crtc === undefined ? "disabled\n" : "enabled\n");
  attribute("dpms", () => `${DPMS[connector.dpms] ?? "Off"}\n`);
  attribute("modes", () => connector.modes.map(({ name }) => `${name}\n`).join(""));
  attribute("edid", () => connector.blobs.edid?.data ?? "");
  attribute("connector_id", () => `${connector.id}\n`);
  for (const [file, entry] of folder.entries) if ("mode" in entry) tree.node(`/sys${path}/${file}`, entry.mode);
  return device;
}

/** Writes what there is without any device. */
export function writeCommon(tree: Tree): void {
  for (const folder of ["/dev/dri", "/sys/class/drm", "/proc/dri", "/dev/input", "/sys/class/input"]) {
    tree.folder(folder, true);
  }
  tree.folder("/sys/devices/virtual/input", true);
  tree.folder("/sys/dev/char");
  tree.file("/sys/class/drm/version", "drm 1.1.0 20060810\n");
}

/** Writes the nodes that belong to no device of a class. @param nodes paths of all nodes. */
export function writeNodes(tree: Tree, nodes: readonly string[]): void {
  for (const node of nodes) {
    // dxgkrnl asks for 0666 (dxgmodule.c); the others are as the kernel makes them without a word from their drivers.
    if (!/^\/dev\/(?:dri|input)\//.test(node)) tree.node(node, node === "/dev/dxg" ? 0o666 : 0o600);
  }
}

/**
 * Writes a device: nodes, and what sysfs and procfs say of it.
 *
 * @param tree where. @param attributes where the files are made whose contents change. @param device which. @param parent
 * the folder of its hardware, of `writeHardware`.
 * @returns its devices in sysfs, in the order in which the kernel adds them.
 */
export function writeDevice(tree: Tree, attributes: DebugFolder, device: Device, parent: string): SysDevice[] {
  const { bus, driver } = device;
  const idPath = bus.pci !== undefined
    ? `pci-${bus.pci.address}`
    : bus.type === "platform"
    ? `platform-${bus.unique}`
    : undefined;
  const card = minor(tree, parent, `card${device.card}`, device.card, idPath);
  tree.file(`/proc/dri/${device.card}/name`, `${driver.spec.name} dev=${bus.unique} unique=${bus.unique}\n`);
  const out = [card];
  if (device.render !== undefined) {
    out.unshift(minor(tree, parent, `renderD${device.render}`, device.render, idPath));
  }
  for (const connector of device.kms?.connectors ?? []) out.push(connectorDevice(tree, attributes, card, connector));
  return out;
}
