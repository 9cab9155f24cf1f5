/**
 * debugfs: the tree of files that core and drivers show at /sys/kernel/debug. Mirrors fs/debugfs and what seq_file's
 * single_open gives a reader (fs/seq_file.c).
 * @module
 */

import type { File } from "./file.ts";
import type { Process } from "./process.ts";

/** Where debugfs is mounted. */
export const DEBUGFS: string = "/sys/kernel/debug";

/**
 * A file. Opened, it is a `DebugSnapshot` of what `read` tells, unless it has an `open` of its own.
 */
export interface DebugFile {
  /** Permission bits, as the kernel gives them. Every client counts as the owner; CAP_SYS_ADMIN passes always. */
  readonly mode: number;
  /** Its text (or bytes) now. @throws {DrmError} what read(2) shall answer. */
  read?(task: Process): string | Uint8Array;
  /** One write(2): all of `data`, or an error. @throws {DrmError} what write(2) shall answer. */
  write?(data: Uint8Array, task: Process): void;
  /** Whether write(2) moves the position (`*ppos += len`), default false. */
  readonly writeMoves?: boolean;
  /** A file with behaviour of its own: the open file, whose reference passes to the caller. @throws {DrmError} EIO, EBUSY... */
  open?(task: Process, flags: number): File;
  /** The file was removed: whoever waits in a file of its own `open` is to be told, by EIO. */
  removed?(): void;
}

/** A symbolic link to a neighbour. */
export class DebugLink {
  /** The name in the same folder. */
  readonly target: string;

  /** A link. @param target a name in the same folder. */
  constructor(target: string) {
    this.target = target;
  }
}

/** What a folder holds under a name. */
export type DebugEntry = DebugFolder | DebugFile | DebugLink;

/** A folder. What is removed answers EIO to those who have it open. */
export class DebugFolder {
  readonly #entries = new Map<string, DebugEntry>();

  /** Its entries by name, in the order in which they were made. */
  get entries(): ReadonlyMap<string, DebugEntry> {
    return this.#entries;
  }

  /** debugfs_create_dir: the folder of that name, made if it is not there. @throws {TypeError} if the name is something else's. */
  folder(name: string): DebugFolder {
    const known = this.#entries.get(name);
    if (known instanceof DebugFolder) return known;
    const folder = new DebugFolder();
    this.#add(name, folder);
    return folder;
  }

  /** Puts a folder that was filled beforehand under a name. @throws {TypeError} if the name is taken. */
  attach(name: string, folder: DebugFolder): void {
    this.#add(name, folder);
  }

  /** debugfs_create_file. @throws {TypeError} if the name is taken. */
  file(name: string, file: DebugFile): void {
    this.#add(name, file);
  }

  /** debugfs_create_symlink to an entry of this folder. @throws {TypeError} if the name is taken. */
  link(name: string, target: string): void {
    this.#add(name, new DebugLink(target));
  }

  /** debugfs_remove: an entry goes, with all that is in it. Unknown names are ignored. */
  remove(name: string): void {
    const entry = this.#entries.get(name);
    this.#entries.delete(name);
    if (entry instanceof DebugFolder) entry.clear();
    else if (entry !== undefined && !(entry instanceof DebugLink)) entry.removed?.();
  }

  /** Removes all entries. */
  clear(): void {
    for (const name of [...this.#entries.keys()]) this.remove(name);
  }

  /** The entry of a path below this folder, links followed: "dri/0/state"; "" is the folder itself. */
  lookup(path: string): DebugFolder | DebugFile | undefined {
    return findDebug(this, path)?.entry;
  }

  #add(name: string, entry: DebugEntry): void {
    if (name === "" || name === "." || name === ".." || name.includes("/")) {
      throw new TypeError(`Cannot make ${JSON.stringify(name)}: it is no name`);
    }
    if (this.#entries.has(name)) throw new TypeError(`Cannot make ${name}: it exists`);
    this.#entries.set(name, entry);
  }
}

/** Where an entry is. */
export interface DebugPlace {
  /** The folder in which it is. */
  readonly folder: DebugFolder;
  /** Its name there. */
  readonly name: string;
  /** The entry. */
  readonly entry: DebugFolder | DebugFile;
}

/** Where a path below `root` leads, links followed; undefined where there is nothing. */
export function findDebug(root: DebugFolder, path: string): DebugPlace | undefined {
  const above: DebugFolder[] = [];
  let folder = root, name = "";
  let entry: DebugFolder | DebugFile = root;
  for (const part of path.split("/")) {
    if (!(entry instanceof DebugFolder)) return undefined;
    if (part === "" || part === ".") continue;
    if (part === "..") {
      entry = above.pop() ?? root;
      continue;
    }
    above.push(folder = entry);
    name = part;
    let next = folder.entries.get(name);
    if (next instanceof DebugLink) next = folder.entries.get(name = next.target);
    if (next === undefined || next instanceof DebugLink) return undefined;
    entry = next;
  }
  return { folder, name, entry };
}

/** The part of a path below the mount: "dri/0/state"; undefined for paths elsewhere. */
export function debugfsPath(path: string): string | undefined {
  if (path === DEBUGFS) return "";
  return path.startsWith(DEBUGFS + "/") ? path.slice(DEBUGFS.length + 1) : undefined;
}
