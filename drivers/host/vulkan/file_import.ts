/**
 * Buffers over memory that lives in a file: a memfd of guest pages. The range is mapped once more, for the GPU alone, so that whoever
 * unmaps or frees his own view cannot pull the pages from under a copy that is under way.
 */
import { F_SEAL_SHRINK, fstat, getSeals, Mapping } from "../../os/mod.ts";
import type { Device } from "./device.ts";
import { type HostBuffer, importHostMemory } from "./host_memory.ts";

/** A buffer over a range of a file. */
export class FileBuffer implements Disposable {
  /** The VkBuffer. */
  readonly handle: bigint;
  /** Bytes. */
  readonly size: number;
  readonly #buffer: HostBuffer;
  readonly #mapping: Mapping;

  /** For {@linkcode importFile}. */
  constructor(buffer: HostBuffer, mapping: Mapping) {
    this.handle = buffer.handle;
    this.size = buffer.size;
    this.#buffer = buffer;
    this.#mapping = mapping;
  }

  /** Destroys the buffer and unmaps the range; the GPU must be done with it. Twice does nothing. */
  [Symbol.dispose](): void {
    this.#buffer[Symbol.dispose]();
    this.#mapping[Symbol.dispose]();
  }
}

/** An imported range, or why the caller must stage instead. */
export type FileImport =
  | { readonly importable: true; readonly buffer: FileBuffer }
  | { readonly importable: false; readonly reason: string };

/**
 * Imports a range of a memfd as a buffer.
 * @param fd a memfd sealed against shrinking: a page that goes away under the GPU would end the process. It may be closed afterwards
 * @param offset bytes, a multiple of the page size
 * @param size bytes
 * @param usage VkBufferUsageFlags
 * @returns the buffer, or the reason why this range cannot be imported
 * @throws {VkError} when the device is lost
 */
export function importFile(device: Device, fd: number, offset: number, size: number, usage: number): FileImport {
  const refuse = (reason: string): FileImport => ({ importable: false, reason });
  const seals = getSeals(fd);
  if (seals < 0 || (seals & F_SEAL_SHRINK) === 0) return refuse("the file is not sealed against shrinking");
  if (!(offset >= 0 && size > 0 && offset + size <= fstat(fd).size)) return refuse("the range is outside the file");
  const mapping = Mapping.tryMap(fd, size, undefined, undefined, offset);
  if (typeof mapping === "number") return refuse(`the range cannot be mapped: errno ${-mapping}`);
  using undo = new DisposableStack();
  undo.use(mapping);
  const address = BigInt(Deno.UnsafePointer.value(mapping.pointer));
  const imported = importHostMemory(device, address, size, usage);
  if (!imported.importable) return imported;
  undo.move();
  return { importable: true, buffer: new FileBuffer(imported.buffer, mapping) };
}
