/**
 * The files besides the nodes that clients look at: a real folder tree with what sysfs and procfs say of DRM devices, in which
 * the client library looks up names below /dev/dri, /sys/dev/char/226:*, /sys/class/drm and /proc/dri (drm_sysfs.c,
 * pci-sysfs.c).
 * @module
 */

import type { Device } from "../../../core/device.ts";
import type { System } from "../../../core/system.ts";

const DRM_MAJOR = 226;

/** Writes files into a tree; links are relative, so that they hold wherever the tree lies. */
class Tree {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  folder(path: string): void {
    Deno.mkdirSync(this.#root + path, { recursive: true });
  }

  file(path: string, content: string | Uint8Array, mode = 0o444): void {
    this.folder(path.slice(0, path.lastIndexOf("/")));
    if (typeof content === "string") Deno.writeTextFileSync(this.#root + path, content);
    else Deno.writeFileSync(this.#root + path, content);
    Deno.chmodSync(this.#root + path, mode);
  }

  link(path: string, target: string): void {
    const parts = path.split("/").slice(1, -1);
    this.folder(`/${parts.join("/")}`);
    Deno.symlinkSync("../".repeat(parts.length) + target.slice(1), this.#root + path);
  }
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
    tree.link(`${folder}/subsystem`, "/sys/bus/pci");
    tree.folder(`/sys/bus/pci/drivers/${pciDriver}`);
    tree.link(`${folder}/driver`, `/sys/bus/pci/drivers/${pciDriver}`);
    if (pciDriver !== "virtio-pci") return folder;
    // A virtio device sits below the PCI function that carries it.
    return virtioFolder(tree, `${folder}/virtio${device.card}`, name);
  }
  if (bus.type === "virtio") {
    return virtioFolder(tree, `/sys/devices/virtual/virtio/${bus.unique.replaceAll("/", "!")}`, name);
  }
  const folder = `/sys/devices/${bus.type}/${bus.unique.replaceAll("/", "!")}`;
  const modalias = bus.modalias ?? `${bus.type}:${name}`;
  tree.file(`${folder}/uevent`, `DRIVER=${bus.driver ?? name}\nMODALIAS=${modalias}\n`);
  tree.file(`${folder}/modalias`, `${modalias}\n`);
  busLinks(tree, folder, bus.type, bus.driver ?? name);
  return folder;
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

function busLinks(tree: Tree, folder: string, bus: string, driver: string): void {
  tree.link(`${folder}/subsystem`, `/sys/bus/${bus}`);
  tree.folder(`/sys/bus/${bus}/drivers/${driver}`);
  tree.link(`${folder}/driver`, `/sys/bus/${bus}/drivers/${driver}`);
}

function node(tree: Tree, parent: string, name: string, minor: number): void {
  tree.file(`/dev/dri/${name}`, "", 0o666);
  const folder = `${parent}/drm/${name}`;
  tree.file(`${folder}/uevent`, `MAJOR=${DRM_MAJOR}\nMINOR=${minor}\nDEVNAME=dri/${name}\nDEVTYPE=drm_minor\n`);
  tree.file(`${folder}/dev`, `${DRM_MAJOR}:${minor}\n`);
  tree.link(`${folder}/device`, parent);
  tree.link(`${folder}/subsystem`, "/sys/class/drm");
  tree.link(`/sys/class/drm/${name}`, folder);
  tree.link(`/sys/dev/char/${DRM_MAJOR}:${minor}`, folder);
}

/**
 * Writes the tree of a system's devices as they are now.
 *
 * @param system whose devices
 * @param root an empty folder
 */
export function writeTree(system: System, root: string): void {
  const tree = new Tree(root);
  tree.folder("/dev/dri");
  tree.folder("/sys/dev/char");
  tree.file("/sys/class/drm/version", "drm 1.1.0 20060810\n");
  tree.folder("/proc/dri");
  if (system.nodes.includes("/dev/sw_sync")) tree.file("/dev/sw_sync", "", 0o666);
  for (const device of system.devices) {
    const parent = parentFolder(tree, device);
    const { bus, driver } = device;
    node(tree, parent, `card${device.card}`, device.card);
    tree.file(`/proc/dri/${device.card}/name`, `${driver.spec.name} dev=${bus.unique} unique=${bus.unique}\n`);
    if (device.render !== undefined) node(tree, parent, `renderD${device.render}`, device.render);
  }
}
