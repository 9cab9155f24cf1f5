/**
 * What sysfs and procfs say of a device and its connectors (drm_sysfs.c, pci-sysfs.c, drivers/base/core.c), as files of a
 * `Tree`.
 * @module
 */

import type { DebugFolder } from "../../../core/debugfs.ts";
import type { Device } from "../../../core/device.ts";
import type { Connector } from "../../../core/kms/connector.ts";
import { showStatus, storeStatus } from "../../../core/kms/connector_force.ts";
import type { Tree } from "./tree.ts";

const DRM_MAJOR = 226;
const DPMS: readonly string[] = ["On", "Standby", "Suspend", "Off"];

/** A device as sysfs has it: a minor of DRM, or a connector. */
export interface SysDevice {
  /** Its folder below /sys: what uevents call DEVPATH. */
  readonly path: string;
  /** What its file `uevent` says, and a uevent as well. */
  readonly properties: Readonly<Record<string, string>>;
  /** A path that stays the same as long as the hardware does: udev's ID_PATH; undefined if there is none. */
  readonly idPath: string | undefined;
}

function hex(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, "0")}\n`;
}

// Configuration space, as far as libdrm reads it: 64 bytes of a type 0 header.
function pciConfig(vendor: number, device: number, revision: number): Uint8Array {
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, vendor, true);
  view.setUint16(2, device, true);
  view.setUint8(8, revision);
  view.setUint8(10, 0x80);
  view.setUint8(11, 0x03);
  view.setUint16(44, vendor, true);
  view.setUint16(46, 0x1100, true);
  return bytes;
}

function busLinks(tree: Tree, folder: string, bus: string, driver: string): void {
  tree.folder(`/sys/bus/${bus}/drivers/${driver}`);
  tree.link(`${folder}/subsystem`, `/sys/bus/${bus}`);
  tree.link(`${folder}/driver`, `/sys/bus/${bus}/drivers/${driver}`);
  tree.link(`/sys/bus/${bus}/devices/${folder.slice(folder.lastIndexOf("/") + 1)}`, folder);
}

function virtioFolder(tree: Tree, folder: string, driver: string): string {
  const modalias = "virtio:d00000010v00001AF4";
  tree.file(`${folder}/uevent`, `DRIVER=${driver}\nMODALIAS=${modalias}\n`);
  tree.file(`${folder}/modalias`, `${modalias}\n`);
  tree.file(`${folder}/vendor`, hex(0x1af4, 4));
  tree.file(`${folder}/device`, hex(0x10, 4));
  busLinks(tree, folder, "virtio", driver);
  return folder;
}

// The folder that /sys/class/drm/cardN/device leads to.
function parentFolder(tree: Tree, device: Device): string {
  const { bus, driver } = device;
  const name = driver.spec.name;
  if (bus.pci !== undefined) {
    const { vendor, device: id, revision, address } = bus.pci;
    const folder = `/sys/devices/pci${address.slice(0, 7)}/${address}`;
    const pciDriver = bus.driver ?? name;
    tree.file(`${folder}/vendor`, hex(vendor, 4));
    tree.file(`${folder}/device`, hex(id, 4));
    tree.file(`${folder}/subsystem_vendor`, hex(vendor, 4));
    tree.file(`${folder}/subsystem_device`, hex(0x1100, 4));
    tree.file(`${folder}/revision`, hex(revision, 2));
    tree.file(`${folder}/class`, hex(0x038000, 6));
    tree.file(`${folder}/config`, pciConfig(vendor, id, revision));
    const ids = `${vendor.toString(16).padStart(4, "0")}:${id.toString(16).padStart(4, "0")}`.toUpperCase();
    tree.file(
      `${folder}/uevent`,
      `DRIVER=${pciDriver}\nPCI_CLASS=38000\nPCI_ID=${ids}\nPCI_SLOT_NAME=${address}\nMODALIAS=${bus.modalias ?? ""}\n`,
    );
    busLinks(tree, folder, "pci", pciDriver);
    if (pciDriver !== "virtio-pci") return folder;
    // A virtio device sits below the PCI function that carries it.
    return virtioFolder(tree, `${folder}/virtio${device.card}`, name);
  }
  const place = bus.unique.replaceAll("/", "!");
  if (bus.type === "virtio") return virtioFolder(tree, `/sys/devices/virtual/virtio/${place}`, name);
  const folder = `/sys/devices/${bus.type}/${place}`;
  const modalias = bus.modalias ?? `${bus.type}:${name}`;
  tree.file(`${folder}/uevent`, `DRIVER=${bus.driver ?? name}\nMODALIAS=${modalias}\n`);
  tree.file(`${folder}/modalias`, `${modalias}\n`);
  busLinks(tree, folder, bus.type, bus.driver ?? name);
  return folder;
}

// A device of the class drm: its uevent file and links.
function classDevice(tree: Tree, path: string, parent: string, properties: Readonly<Record<string, string>>): void {
  const folder = `/sys${path}`;
  tree.file(`${folder}/uevent`, Object.entries(properties).map(([key, value]) => `${key}=${value}\n`).join(""), 0o644);
  tree.link(`${folder}/device`, parent);
  tree.link(`${folder}/subsystem`, "/sys/class/drm");
  tree.link(`/sys/class/drm/${path.slice(path.lastIndexOf("/") + 1)}`, folder);
}

function minor(tree: Tree, parent: string, name: string, number: number, idPath: string | undefined): SysDevice {
  const path = `${parent.slice(4)}/drm/${name}`;
  const properties = {
    MAJOR: String(DRM_MAJOR),
    MINOR: String(number),
    DEVNAME: `dri/${name}`,
    DEVTYPE: "drm_minor",
  };
  classDevice(tree, path, parent, properties);
  tree.file(`/sys${path}/dev`, `${DRM_MAJOR}:${number}\n`);
  tree.link(`/sys/dev/char/${DRM_MAJOR}:${number}`, `/sys${path}`);
  tree.node(`/dev/dri/${name}`);
  if (idPath !== undefined) {
    tree.link(`/dev/dri/by-path/${idPath}-${name.startsWith("card") ? "card" : "render"}`, `/dev/dri/${name}`);
  }
  return { path, properties, idPath };
}

// The attributes are made when they are opened: a commit changes them, and no uevent tells of that.
function connectorDevice(tree: Tree, attributes: DebugFolder, card: SysDevice, connector: Connector): SysDevice {
  const name = `${card.properties.DEVNAME.slice(4)}-${connector.name}`;
  const path = `${card.path}/${name}`;
  const properties = { DEVTYPE: "drm_connector" };
  classDevice(tree, path, `/sys${card.path}`, properties);
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
  return { path, properties, idPath: undefined };
}

/** Writes what there is without any device. @param nodes paths of all nodes. */
export function writeCommon(tree: Tree, nodes: readonly string[]): void {
  for (const folder of ["/dev/dri", "/sys/class/drm", "/proc/dri"]) tree.folder(folder, true);
  tree.folder("/sys/dev/char");
  tree.file("/sys/class/drm/version", "drm 1.1.0 20060810\n");
  for (const node of nodes) if (!node.startsWith("/dev/dri/")) tree.node(node);
}

/**
 * Writes a device: nodes, and what sysfs and procfs say of it.
 *
 * @param tree where. @param attributes where the files are made whose contents change. @param device which.
 * @returns its devices in sysfs, in the order in which the kernel adds them.
 */
export function writeDevice(tree: Tree, attributes: DebugFolder, device: Device): SysDevice[] {
  const parent = parentFolder(tree, device);
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
