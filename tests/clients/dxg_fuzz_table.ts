/**
 * The requests that dxg_fuzz.c makes, out of uapi/d3dkmthk.ts: for each its number, its name, and what its argument's members are, as
 * far as their names tell.
 * @module
 */

import { DXG_IOCTLS } from "udrm/uapi/d3dkmthk.ts";
import type { FieldInfo } from "udrm/uapi/mod.ts";

/** Handles by what they name, the first that fits. */
const HANDLES: readonly (readonly [pattern: RegExp, class_: string])[] = [
  [/adapter/, "A"],
  [/hwqueue|^queue$/, "Q"],
  [/paging_queue/, "P"],
  [/resource/, "R"],
  [/allocation|primaries/, "L"],
  [/context/, "C"],
  [/sync|fence|object/, "S"],
  [/device/, "D"],
];

/** Pointers to lists by what is in them. */
const LISTS: readonly (readonly [pattern: RegExp, class_: string])[] = [
  [/^allocation(s|_list)$/, "l"],
  [/^objects$/, "o"],
  [/^contexts$/, "c"],
  [/^hwqueues$/, "q"],
  [/fence_values$|^priorities$/, "w"],
];

// Classes as dxg_fuzz.c has them.
function classOf({ name, size, kind }: FieldInfo): string {
  if (/luid/.test(name)) return "u";
  if (/^(pad|reserved|unused|priority$|process$)|physical_adapter|segment_group|protection|ordinal/.test(name)) {
    return "x";
  }
  const list = size === 8 ? LISTS.find(([pattern]) => pattern.test(name)) : undefined;
  if (list !== undefined) return list[1];
  if (/nt_handle|sync_file_handle|async_event|cpu_event_handle/.test(name)) return "f";
  if (/count|^num_/.test(name)) return "n";
  if (/address|command_buffer$|_va$/.test(name)) return "a";
  if (/flags|filter|mask/.test(name)) return "g";
  if (/size|length|offset|pages/.test(name)) return "s";
  if (/value|_id$|priority|reason/.test(name) && size <= 8) return "v";
  if (/type|hint/.test(name)) return "t";
  if (kind === "u64" && size === 8) return "p";
  if (size === 4 || size > 8) return HANDLES.find(([pattern]) => pattern.test(name))?.[1] ?? "?";
  return "?";
}

/** The table, as fuzz.h reads it. */
export function dxgFuzzTable(): string {
  return DXG_IOCTLS.filter(({ implemented }) => implemented).map(({ name, request, arg }) => {
    const members = arg.fields.filter(({ name, size }) => size > 0 && !/[.[]/.test(name)).slice(0, 32);
    return [
      `0x${(request as number).toString(16)}`,
      name,
      ...members.map((field) => `${classOf(field)}:${field.offset}:${field.size}`),
    ].join(" ");
  }).join("\n") + "\n";
}
