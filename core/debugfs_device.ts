/**
 * The debugfs folder of a device: `dri/<name on the bus>` with links `dri/N` and `dri/<render minor>` to it, and the files
 * that every device has. Mirrors drivers/gpu/drm/drm_debugfs.c.
 * @module
 */

import type { Device } from "./device.ts";
import { addKmsDebugfs } from "./kms/debugfs.ts";

const READ = 0o444;

/** dev_name: the device's name on its bus, "0000:00:02.0" or "vkms". */
export function deviceName(device: Device): string {
  const { bus } = device;
  return bus.pci?.address ?? bus.unique;
}

/** drm_debugfs_dev_register: fills the device's folder and shows it. */
export function addDeviceDebugfs(device: Device): void {
  const { debugfs, system, kms } = device;
  debugfs.file("name", { mode: READ, read: () => nameText(device) });
  debugfs.file("clients", { mode: READ, read: () => clientsText(device) });
  debugfs.file("gem_names", { mode: READ, read: () => gemNamesText(device) });
  if (kms !== undefined && device.has("MODESET")) addKmsDebugfs(kms);

  const dri = system.debugfs.folder("dri");
  // Two devices of one driver would have one name: a platform device with an instance has its number behind a dot.
  const name = deviceName(device).replaceAll("/", "!");
  const folder = dri.entries.has(name) || /^(\d*|\.\.?)$/.test(name) ? `${name}.${device.card}` : name;
  dri.attach(folder, debugfs);
  dri.link(String(device.card), folder);
  if (device.render !== undefined) dri.link(String(device.render), folder);
}

/** drm_debugfs_dev_fini: the folder goes; those who have files of it open get EIO. */
export function removeDeviceDebugfs(device: Device): void {
  const dri = device.system.debugfs.folder("dri");
  if (device.render !== undefined) dri.remove(String(device.render));
  dri.remove(String(device.card));
  for (const [name, entry] of dri.entries) {
    if (entry !== device.debugfs) continue;
    dri.remove(name);
    break;
  }
}

// drm_name_info.
function nameText(device: Device): string {
  const name = deviceName(device);
  const master = device.master?.unique;
  return `${device.driver.spec.name} dev=${name}${master ? ` master=${master}` : ""} unique=${name}\n`;
}

// drm_clients_info: the oldest first.
function clientsText(device: Device): string {
  const line = (comm: string, tgid: number | string, minor: number | string): string =>
    `${comm.padStart(20)} ${String(tgid).padStart(5)} ${String(minor).padStart(3)}`;
  let text = `${line("command", "tgid", "dev")} master a ${"uid".padStart(5)} ${"magic".padStart(10)}\n`;
  for (const file of device.files) {
    const minor = file.isRender ? device.render ?? 0 : device.card;
    const master = file.isCurrentMaster ? "y" : "n", authenticated = file.authenticated ? "y" : "n";
    text += `${line(file.comm, file.tgid, minor)}   ${master}    ${authenticated} ${String(file.uid).padStart(5)} ${
      String(file.magic).padStart(10)
    }\n`;
  }
  return text;
}

// drm_gem_name_info.
function gemNamesText(device: Device): string {
  let text = "  name     size handles refcount\n";
  for (const [name, object] of device.names) {
    text += `${String(name).padStart(6)} ${String(object.size).padStart(8)} ${String(object.handleCount).padStart(7)} ${
      String(object.references).padStart(8)
    }\n`;
  }
  return text;
}
