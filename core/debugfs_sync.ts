/**
 * What debugfs shows of buffers and fences that belong to no device: `dma_buf/bufinfo`, `sync/info` and `sync/sw_sync`. Mirrors
 * dma_buf_debug_show (drivers/dma-buf/dma-buf.c) and drivers/dma-buf/sync_debug.c.
 * @module
 */

import { O_ACCMODE, O_RDWR } from "../uapi/fcntl.ts";
import { deviceName } from "./debugfs_device.ts";
import type { DmaBuf } from "./dma_buf.ts";
import { DrmError } from "./error.ts";
import type { Fence } from "./fence.ts";
import { SwSyncFile } from "./sw_sync.ts";
import type { System } from "./system.ts";

const READ = 0o444, READ_WRITE = 0o644;
const FMODE_READ = 1, FMODE_WRITE = 2, FMODE_LSEEK = 4, FMODE_OPENED = 0x80000;
const USAGES = ["kernel", "write", "read", "bookkeep"];

/** Makes the files; the system does it once. */
export function addSystemDebugfs(system: System): void {
  system.debugfs.folder("dma_buf").file("bufinfo", { mode: READ, read: () => buffersText(system) });
  const sync = system.debugfs.folder("sync");
  sync.file("info", { mode: READ, read: () => syncText(system) });
  sync.file("sw_sync", { mode: READ_WRITE, open: (task, flags) => new SwSyncFile(task, flags) });
}

// What clients have makes these texts long: a limit where the kernel has that of its allocator.
const TEXT_MAX = 2 ** 24;
const ATTACHMENTS_MAX = 2 ** 12;

function bounded(text: string): string {
  if (text.length > TEXT_MAX) throw new DrmError("ENOMEM", `Cannot tell more than ${TEXT_MAX} characters at once`);
  return text;
}

const hex = (value: number): string => value.toString(16).padStart(8, "0");
const number = (value: number): string => String(value).padStart(8, "0");

function buffersText(system: System): string {
  let text = "\nDma-buf Objects:\n";
  text += `${["size", "flags", "mode", "count"].map((name) => name.padEnd(8)).join("\t")}\texp_name\t${
    "ino".padEnd(8)
  }\tname\n`;
  let bytes = 0;
  for (const buffer of system.dmaBufs) {
    text = bounded(text + bufferText(buffer));
    bytes += buffer.size;
  }
  return `${text}\nTotal ${system.dmaBufs.size} objects, ${bytes} bytes\n`;
}

function bufferText(buffer: DmaBuf): string {
  const writable = (buffer.flags & O_ACCMODE) === O_RDWR;
  const mode = FMODE_READ | (writable ? FMODE_WRITE : 0) | FMODE_LSEEK | FMODE_OPENED;
  let text = `${
    [
      number(buffer.size),
      hex(buffer.flags),
      hex(mode),
      number(buffer.references),
      buffer.exporterName,
      number(buffer.inode),
      buffer.name === "" ? "<none>" : buffer.name,
    ].join("\t")
  }\n`;
  for (const { fence, usage } of buffer.resv.describe()) {
    const state = fence.isSignaled ? "signalled" : "unsignalled";
    text += `\t${USAGES[usage]} fence:${fence.driverName} ${fence.timelineName} seq ${fence.seqno} ${state}\n`;
  }
  text += "\tAttached Devices:\n";
  let attached = 0;
  for (const [device, count] of buffer.attachments) {
    text += `\t${deviceName(device)}\n`.repeat(Math.min(count, ATTACHMENTS_MAX));
    attached += count;
  }
  return `${text}Total ${attached} devices attached\n\n`;
}

// sync_print_fence, as a timeline shows its own.
function fenceText(fence: Fence, timeline: number): string {
  const { status } = fence;
  const word = status < 0 ? "error" : status > 0 ? "signaled" : "active";
  const seconds = Math.floor(fence.timestamp / 1e9), rest = String(Math.floor(fence.timestamp % 1e9)).padStart(9, "0");
  return `  fence ${word}${status !== 0 ? `@${seconds}.${rest}` : ""}: ${fence.seqno} / ${timeline}\n`;
}

function syncText(system: System): string {
  let text = "objs:\n--------------\n";
  for (const timeline of system.swTimelines) {
    text += `${timeline.name}: ${timeline.value | 0}\n`;
    for (const fence of timeline.pending) text = bounded(text + fenceText(fence, timeline.value | 0));
    text += "\n";
  }
  // The kernel keeps a list of sync_files here too, and adds none to it.
  return `${text}fences:\n--------------\n`;
}
