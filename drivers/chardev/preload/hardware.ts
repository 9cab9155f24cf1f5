/**
 * What sysfs says of the hardware below a DRM device, and of its driver (pci-sysfs.c, virtio.c, drivers/base/core.c and bus.c),
 * as files of a `Tree`. It stays when the driver is taken off.
 * @module
 */

import type { Device } from "../../../core/device.ts";
import type { Tree } from "./tree.ts";

/** A device as its bus knows it: what /sys/class/drm/cardN/device leads to. */
export interface Hardware {
  /** Its folder. */
  readonly folder: string;
  /** The bus: "virtio". */
  readonly bus: string;
  /** Its name there: "virtio0". */
  readonly name: string;
  /** Its driver, once it is bound; undefined for devices that are made without one, as vkms's and vgem's are. */
  readonly driver: string | undefined;
  /** What its file `uevent` says besides DRIVER. */
  readonly uevent: string;
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

function place(tree: Tree, folder: string, bus: string, driver: string | undefined, uevent: string): Hardware {
  const name = folder.slice(folder.lastIndexOf("/") + 1);
  const hardware = { folder, bus, name, driver, uevent };
  tree.file(`${folder}/uevent`, uevent);
  tree.folder(`/sys/bus/${bus}/devices`);
  tree.link(`${folder}/subsystem`, `/sys/bus/${bus}`);
  tree.link(`/sys/bus/${bus}/devices/${name}`, folder);
  return hardware;
}

function virtio(tree: Tree, folder: string, driver: string): Hardware {
  const modalias = "virtio:d00000010v00001AF4";
  tree.file(`${folder}/modalias`, `${modalias}\n`);
  tree.file(`${folder}/vendor`, hex(0x1af4, 4));
  tree.file(`${folder}/device`, hex(0x10, 4));
  return place(tree, folder, "virtio", driver, `MODALIAS=${modalias}\n`);
}

/** The folder of a bus's driver. */
export function driverFolder({ bus, driver }: Hardware): string {
  return `/sys/bus/${bus}/drivers/${driver}`;
}

/** Writes what is there as long as the hardware is. @param number N of a new "virtioN". */
export function writeHardware(tree: Tree, device: Device, number: number): Hardware {
  const { bus, driver } = device;
  const name = driver.spec.name;
  if (bus.pci !== undefined) {
    const { vendor, device: id, revision, address } = bus.pci;
    const folder = `/sys/devices/pci${address.slice(0, 7)}/${address}`;
    tree.file(`${folder}/vendor`, hex(vendor, 4));
    tree.file(`${folder}/device`, hex(id, 4));
    tree.file(`${folder}/subsystem_vendor`, hex(vendor, 4));
    tree.file(`${folder}/subsystem_device`, hex(0x1100, 4));
    tree.file(`${folder}/revision`, hex(revision, 2));
    tree.file(`${folder}/class`, hex(0x038000, 6));
    tree.file(`${folder}/config`, pciConfig(vendor, id, revision));
    const ids = `${vendor.toString(16).padStart(4, "0")}:${id.toString(16).padStart(4, "0")}`.toUpperCase();
    const uevent = `PCI_CLASS=38000\nPCI_ID=${ids}\nPCI_SLOT_NAME=${address}\nMODALIAS=${bus.modalias ?? ""}\n`;
    const hardware = place(tree, folder, "pci", bus.driver ?? name, uevent);
    if (hardware.driver !== "virtio-pci") return hardware;
    // A virtio device sits below the PCI function that carries it, whose driver stays.
    writeBound(tree, hardware);
    return virtio(tree, `${folder}/virtio${number}`, name);
  }
  const unique = bus.unique.replaceAll("/", "!");
  if (bus.type === "virtio") return virtio(tree, `/sys/devices/virtual/virtio/${unique}`, name);
  const folder = `/sys/devices/${bus.type}/${unique}`;
  const modalias = bus.modalias ?? `${bus.type}:${name}`;
  tree.file(`${folder}/modalias`, `${modalias}\n`);
  return place(tree, folder, bus.type, bus.driver, `MODALIAS=${modalias}\n`);
}

/** Writes what is there while the hardware has its driver. */
export function writeBound(tree: Tree, hardware: Hardware): void {
  const { folder, driver, name, uevent } = hardware;
  if (driver === undefined) return;
  tree.file(`${folder}/uevent`, `DRIVER=${driver}\n${uevent}`);
  tree.folder(driverFolder(hardware));
  tree.link(`${folder}/driver`, driverFolder(hardware));
  tree.link(`${driverFolder(hardware)}/${name}`, folder);
}
