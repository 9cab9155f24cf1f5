/**
 * What lies at a client's addresses, by /proc/PID/maps: whether a driver may use it, and what it is backed by.
 * @module
 */

import { DrmError } from "../../../core/error.ts";

/** A piece of a client's addresses. */
export interface Area {
  /** First byte. */
  readonly start: bigint;
  /** Where the next begins. */
  readonly end: bigint;
  /** Whether it may be read and written. */
  readonly isWritable: boolean;
  /** Whether writes reach what is behind it, and others who map that. */
  readonly isShared: boolean;
  /** The file's device and inode, "00:01 1234". */
  readonly file: string;
  /** The file's name. */
  readonly name: string;
  /** Where in the file `start` is, bytes. */
  readonly offset: number;
}

const LINE = /^([0-9a-f]+)-([0-9a-f]+) (\S)(\S)(\S)(\S) ([0-9a-f]+) ([0-9a-f]+:[0-9a-f]+) ([0-9]+) *(.*)$/;

/** All areas. @param maps the text of /proc/PID/maps. */
export function parseAreas(maps: string): Area[] {
  const areas: Area[] = [];
  for (let from = 0; from < maps.length;) {
    const end = maps.indexOf("\n", from);
    const match = LINE.exec(maps.slice(from, end < 0 ? maps.length : end));
    from = end < 0 ? maps.length : end + 1;
    if (match === null) continue;
    areas.push({
      start: BigInt(`0x${match[1]}`),
      end: BigInt(`0x${match[2]}`),
      isWritable: match[3] === "r" && match[4] === "w",
      isShared: match[6] === "s",
      file: `${match[8]} ${match[9]}`,
      name: match[10],
      offset: Number.parseInt(match[7], 16),
    });
  }
  return areas;
}

/**
 * The areas of a range, in order, cut to it.
 *
 * @param areas all. @param address @param length of the range, bytes.
 * @throws {DrmError} EFAULT if anything of it is not mapped, or cannot be read and written
 */
export function areasOf(areas: readonly Area[], address: bigint, length: number): Area[] {
  const limit = address + BigInt(length);
  let low = 0;
  for (let high = areas.length; low < high;) {
    const middle = (low + high) >> 1;
    if (areas[middle].end <= address) low = middle + 1;
    else high = middle;
  }
  const found: Area[] = [];
  let at = address;
  for (; at < limit; low++) {
    const area = areas[low];
    if (area === undefined || area.start > at || !area.isWritable) {
      throw new DrmError("EFAULT", `Cannot use ${length} bytes at 0x${address.toString(16)}: not all can be written`);
    }
    const end = area.end < limit ? area.end : limit;
    found.push({ ...area, start: at, end, offset: area.offset + Number(at - area.start) });
    at = end;
  }
  return found;
}

/** How /proc/PID/maps names a file. @param dev @param ino of fstat(2). */
export function fileOf(dev: bigint, ino: bigint): string {
  const major = dev >> 8n & 0xfffn;
  const minor = dev & 0xffn | dev >> 12n & 0xfff00n;
  const hex = (value: bigint): string => value.toString(16).padStart(2, "0");
  return `${hex(major)}:${hex(minor)} ${ino}`;
}
