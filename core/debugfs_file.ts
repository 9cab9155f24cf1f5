/**
 * Files of debugfs as clients have them open. Mirrors fs/debugfs/file.c (full_proxy_*), fs/seq_file.c (single_open) and,
 * for what opening refuses, fs/namei.c.
 * @module
 */

import { O_ACCMODE, O_CREAT, O_DIRECTORY, O_EXCL, O_RDONLY, O_WRONLY, SEEK_CUR, SEEK_SET } from "../uapi/fcntl.ts";
import { type DebugFile, DebugFolder, type DebugPlace, findDebug } from "./debugfs.ts";
import { DrmError } from "./error.ts";
import { File } from "./file.ts";
import type { Process } from "./process.ts";

const S_IRUSR = 0o400, S_IWUSR = 0o200;

/** A folder, opened. It is listed by `folder.entries`. */
export class DebugFolderFile extends File {
  /** Always "debugfs_folder". */
  readonly kind = "debugfs_folder";
  /** The folder. */
  readonly folder: DebugFolder;

  /** An open folder. @param folder which. @param flags O_*. */
  constructor(folder: DebugFolder, flags: number) {
    super(flags);
    this.folder = folder;
  }

  /** Folders are listed, not read: EISDIR. */
  override read(_task: Process, _target: Uint8Array): number {
    throw new DrmError("EISDIR", "Cannot read a folder");
  }

  /** EBADF: nobody has it open for writing. */
  override write(_task: Process, _source: Uint8Array): number {
    throw new DrmError("EBADF", "Cannot write to a folder");
  }

  /** Nothing is held. */
  protected override release(): void {}
}

/**
 * A file without behaviour of its own, opened: text that is made when reading begins at position 0, and then stays, as
 * seq_file has it; and perhaps a `write`. A door whose client has it O_RDONLY may hand out {@linkcode DebugSnapshot.data}
 * as a sealed memfd instead.
 */
export class DebugSnapshot extends File {
  /** Always "debugfs". */
  readonly kind = "debugfs";
  readonly #place: DebugPlace;
  readonly #file: DebugFile;
  readonly #task: Process;
  #text: Uint8Array | undefined;
  #position = 0;

  /** An open file. @param place where it is. @param file what is there. @param task the opener. @param flags O_*. */
  constructor(place: DebugPlace, file: DebugFile, task: Process, flags: number) {
    super(flags);
    this.#place = place;
    this.#file = file;
    this.#task = task;
  }

  /** What a reader gets who begins now. @throws {DrmError} EIO once the file is removed, and what the file says. */
  get data(): Uint8Array {
    this.#enter();
    const text = this.#file.read?.(this.#task) ?? "";
    return typeof text === "string" ? new TextEncoder().encode(text) : text;
  }

  /** seq_read. Throws EBADF for a file opened for writing alone, EINVAL for one that cannot be read, EIO once removed. */
  override read(_task: Process, target: Uint8Array): number {
    if (this.accessMode === O_WRONLY) throw new DrmError("EBADF", "Cannot read: the file is open for writing");
    if (this.#file.read === undefined) throw new DrmError("EINVAL", "Cannot read this file");
    this.#enter();
    if (target.length === 0) return 0;
    if (this.#position === 0 || this.#text === undefined) this.#text = this.data;
    const part = this.#text.subarray(this.#position, this.#position + target.length);
    target.set(part);
    this.#position += part.length;
    return part.length;
  }

  /** Writes all of it. Throws EBADF for a file opened for reading alone, EINVAL for one that takes none, EIO once removed. */
  override write(task: Process, source: Uint8Array): number {
    if (this.accessMode === O_RDONLY) throw new DrmError("EBADF", "Cannot write: the file is open for reading");
    if (this.#file.write === undefined) throw new DrmError("EINVAL", "Cannot write to this file");
    this.#enter();
    this.#file.write(source, task);
    if (this.#file.writeMoves === true) this.#move(this.#position + source.length);
    return source.length;
  }

  /** seq_lseek: SEEK_SET and SEEK_CUR. Throws EINVAL. */
  override lseek(offset: number, whence: number = SEEK_CUR): number {
    this.#enter();
    const base = whence === SEEK_SET ? 0 : whence === SEEK_CUR ? this.#position : NaN;
    const position = base + offset;
    if (!Number.isSafeInteger(position) || position < 0) throw new DrmError("EINVAL", `Cannot seek to ${position}`);
    this.#move(position);
    return position;
  }

  #move(position: number): void {
    if (position !== this.#position) this.#text = undefined;
    this.#position = position;
  }

  // debugfs_file_get.
  #enter(): void {
    if (isRemoved(this.#place)) throw new DrmError("EIO", `Cannot use ${this.#place.name}: it was removed`);
  }

  /** The text goes. */
  protected override release(): void {
    this.#text = undefined;
  }
}

/** Whether what was found there is there no more. */
export function isRemoved(place: DebugPlace): boolean {
  return place.folder.entries.get(place.name) !== place.entry;
}

/**
 * open(2) below the mount.
 *
 * @param root where debugfs begins. @param path below it: "dri/0/state". @param flags O_*.
 * @returns a file whose reference is the caller's.
 * @throws {DrmError} ENOENT; ENOTDIR; EISDIR for writing to a folder; EEXIST, EACCES for O_CREAT; EACCES where the mode
 * forbids it; what the file says.
 */
export function openDebugfs(root: DebugFolder, path: string, task: Process, flags: number): File {
  const place = findDebug(root, path);
  const mode = flags & O_ACCMODE;
  if (place === undefined) {
    if (throughFile(root, path)) throw new DrmError("ENOTDIR", `Cannot open ${path}: a part of it is no folder`);
    // Nobody makes files in debugfs from outside: its folders have no create.
    if ((flags & O_CREAT) !== 0 && root.lookup(path.slice(0, Math.max(0, path.lastIndexOf("/")))) !== undefined) {
      throw new DrmError("EACCES", `Cannot make ${path}: debugfs takes no files`);
    }
    throw new DrmError("ENOENT", `Cannot open ${path}: it is not there`);
  }
  if ((flags & O_CREAT) !== 0 && (flags & O_EXCL) !== 0) throw new DrmError("EEXIST", `Cannot make ${path}: it exists`);
  const { entry } = place;
  if (entry instanceof DebugFolder) {
    if (mode !== O_RDONLY || (flags & O_CREAT) !== 0) throw new DrmError("EISDIR", `Cannot write to ${path}: a folder`);
    return new DebugFolderFile(entry, flags);
  }
  if ((flags & O_DIRECTORY) !== 0) throw new DrmError("ENOTDIR", `Cannot open ${path}: it is no folder`);
  if (!task.capSysAdmin) {
    const wanted = mode === O_RDONLY ? S_IRUSR : mode === O_WRONLY ? S_IWUSR : S_IRUSR | S_IWUSR;
    if ((entry.mode & wanted) !== wanted) {
      throw new DrmError("EACCES", `Cannot open ${path}: its mode is 0${entry.mode.toString(8)}`);
    }
  }
  if (entry.open !== undefined) return entry.open(task, flags);
  return new DebugSnapshot(place, entry, task, flags);
}

// Whether a path that leads nowhere passes through a file.
function throughFile(root: DebugFolder, path: string): boolean {
  for (let end = path.indexOf("/"); end >= 0; end = path.indexOf("/", end + 1)) {
    const entry = root.lookup(path.slice(0, end));
    if (entry !== undefined && !(entry instanceof DebugFolder)) return true;
  }
  return false;
}
