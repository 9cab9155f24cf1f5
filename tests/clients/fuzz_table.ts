/**
 * The requests that fuzz.c makes, out of the tables of uapi: for each its number, its name, and what its argument's members are, as
 * far as their names tell.
 * @module
 */

import { coreTable } from "udrm/core/drm_table.ts";
import type { System } from "udrm/core/system.ts";
import type { FieldInfo, Struct } from "udrm/uapi/mod.ts";
import * as uapi from "udrm/uapi/mod.ts";

const FILES: readonly (readonly [name: string, cmd: number, struct: Struct<unknown> | undefined])[] = [
  ["DMA_BUF_IOCTL_SYNC", uapi.DMA_BUF_IOCTL_SYNC, uapi.dma_buf_sync],
  ["DMA_BUF_IOCTL_EXPORT_SYNC_FILE", uapi.DMA_BUF_IOCTL_EXPORT_SYNC_FILE, uapi.dma_buf_export_sync_file],
  ["DMA_BUF_IOCTL_IMPORT_SYNC_FILE", uapi.DMA_BUF_IOCTL_IMPORT_SYNC_FILE, uapi.dma_buf_import_sync_file],
  ["SYNC_IOC_MERGE", uapi.SYNC_IOC_MERGE, uapi.sync_merge_data],
  ["SYNC_IOC_FILE_INFO", uapi.SYNC_IOC_FILE_INFO, uapi.sync_file_info],
  ["SYNC_IOC_SET_DEADLINE", uapi.SYNC_IOC_SET_DEADLINE, uapi.sync_set_deadline],
  ["SW_SYNC_IOC_CREATE_FENCE", uapi.SW_SYNC_IOC_CREATE_FENCE, uapi.sw_sync_create_fence_data],
  ["SW_SYNC_IOC_INC", uapi.SW_SYNC_IOC_INC, undefined],
  ["UDMABUF_CREATE", uapi.UDMABUF_CREATE, uapi.udmabuf_create],
  ["UDMABUF_CREATE_LIST", uapi.UDMABUF_CREATE_LIST, uapi.udmabuf_create_list],
];

/** Members that are no addresses although they have 64 bits and no other sign. */
const PLAIN = new Set(["value", "user_data", "capability", "sequence", "point", "src_point", "dst_point", "modifier"]);

/** Ids of KMS objects by what they are of. */
const IDS: readonly (readonly [pattern: RegExp, class_: string])[] = [
  [/^crtc_id$/, "c"],
  [/^connector_id$/, "k"],
  [/^encoder_id$/, "e"],
  [/^plane_id$/, "l"],
  [/^fb_id$/, "b"],
  [/^blob_id$/, "a"],
  [/^prop_id$/, "r"],
];

// handles h, ids i or as above, fds f, offsets into a file o, addresses p, counts n, flags g, sizes s, bits of a pixel w, formats F,
// times t, modes m, padding x, a digit for what has one sensible value; ? for the rest.
function classOf(struct: string, { name, kind, size }: FieldInfo): string {
  if (struct === "drm_virtgpu_getparam" && name === "value") return "p";
  if (struct === "drm_virtgpu_resource_create") {
    if (name === "target") return "2";
    if (/^(depth|array_size|format)$/.test(name)) return "1";
    if (/^(last_level|nr_samples|bo_handle|size|stride)$/.test(name)) return "0";
  }
  if (/^(pad|reserved|unused)/.test(name)) return "x";
  if (/(^|_)fd\d?$/.test(name) || name === "fence" || name === "memfd") return "f";
  if (/ptr$/.test(name) || (kind === "u64" && size === 8 && !PLAIN.has(name) && !/nsec|offset|deadline/.test(name))) {
    return "p";
  }
  if (/handle/.test(name)) return "h";
  const id = IDS.find(([pattern]) => pattern.test(name));
  if (id !== undefined) return id[1];
  if (name === "bpp") return "w";
  if (/_ids?$|^(fb|plane|crtc|obj|prop|blob)_/.test(name)) return "i";
  if (/nsec|deadline/.test(name)) return "t";
  if (/^offset/.test(name)) return "o";
  if (/^(count|num)|_len$|_count$|^count/.test(name)) return "n";
  if (/flags$/.test(name)) return "g";
  if (/width|height|pitch|^size|length|depth|_[wh]$/.test(name)) return "s";
  if (/format/.test(name)) return "F";
  return name === "mode" && kind === "struct" ? "m" : "?";
}

function line(name: string, cmd: number, struct: Struct<unknown> | undefined): string {
  const members = (struct?.fields ?? []).filter(({ name, size }) => size > 0 && !/[.[]/.test(name)).slice(0, 32);
  return [
    `0x${cmd.toString(16)}`,
    name,
    ...members.map((field) => `${classOf(struct?.name ?? "", field)}:${field.offset}:${field.size}`),
  ]
    .join(" ");
}

/** The table, as fuzz.c reads it. @param system whose drivers' own requests are in it as well. */
export function fuzzTable(system: System): string {
  const own = system.devices.flatMap((device) => device.table.entries);
  const lines = [...coreTable().entries, ...own].map(({ name, cmd, struct }) =>
    line(name ?? `0x${cmd.toString(16)}`, cmd, struct)
  );
  return [...lines, ...FILES.map(([name, cmd, struct]) => line(name, cmd, struct))].join("\n") + "\n";
}
