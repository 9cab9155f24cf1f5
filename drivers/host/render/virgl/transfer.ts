/**
 * Moves boxes between resources and memory. Buffers that the GPU does not use are written by the CPU at once; all else is a copy
 * that the GPU makes, from a staging ring (which takes the snapshot at once) or, when large, from guest memory in place.
 * Copies to memory go there directly where rows allow, else through a readback ring, complete with the submission.
 * @module
 */

import { DrmError } from "../../../../core/error.ts";
import type { Backing } from "../../../../core/host.ts";
import type { Transfer3d } from "../../../../core/host3d.ts";
import {
  Arena,
  BufferImageCopies,
  hostImportAlignment,
  VK_BUFFER_USAGE_TRANSFER_DST_BIT,
  VK_BUFFER_USAGE_TRANSFER_SRC_BIT,
  VK_IMAGE_LAYOUT_GENERAL,
  VkBufferCopy,
} from "../../vulkan/mod.ts";
import { BackingReader } from "../backing_reader.ts";
import { Imports } from "../imports.ts";
import { CpuReads } from "./cpu_reads.ts";
import { DepthTransfers } from "./depth_transfers.ts";
import { Readbacks } from "./readbacks.ts";
import type { Recorder } from "./recorder.ts";
import type { VirglResource } from "./resource.ts";
import { TransferBox } from "./transfer_box.ts";
import { BackingSource, BytesSource, NO_BYTES, type Source, takeBlocks } from "./transfer_source.ts";

/** Copies of so many bytes and more use guest memory in place where they can: to the GPU, and from it. */
const IMPORT_BYTES = 256 * 1024;
const EXPORT_BYTES = 32 * 1024;
/** Bytes that are staged at once. */
const CHUNK_BYTES = 2 * 2 ** 20;
const GENERAL = VK_IMAGE_LAYOUT_GENERAL;

/** Moves. */
export class Transfers implements Disposable {
  readonly #recorder: Recorder;
  readonly #imports: Imports;
  readonly #readbacks: Readbacks;
  readonly #depths: DepthTransfers;
  readonly #cpu: CpuReads;
  readonly #box = new TransferBox();
  readonly #copies = new BufferImageCopies(64);
  readonly #m = new Arena(64);
  readonly #copy: bigint;
  readonly #other = new BackingReader();
  readonly #fromBacking = new BackingSource();
  readonly #fromBytes = new BytesSource();

  /** @param recorder records the copies. */
  constructor(recorder: Recorder) {
    const { device } = recorder.gpu;
    this.#recorder = recorder;
    const minimum = hostImportAlignment(device) === 0 ? Infinity : EXPORT_BYTES;
    const usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT;
    this.#imports = new Imports(device, recorder, minimum, usage);
    this.#readbacks = new Readbacks(recorder);
    this.#depths = new DepthTransfers(recorder, this.#readbacks);
    this.#cpu = new CpuReads(recorder, this.#readbacks);
    this.#copy = this.#m.address(this.#m.alloc(VkBufferCopy.size));
  }

  /** Slots of guest memory that are imported. */
  get importCount(): number {
    return this.#imports.count;
  }

  /** TRANSFER_TO_HOST_3D: from the resource's backing. @throws {DrmError} EINVAL, EFAULT, ENOMEM. @throws {VkError} */
  toHost(resource: VirglResource, transfer: Transfer3d): void {
    this.#toHost(resource, transfer, backingOf(resource), resource.reader);
  }

  /** The same from another backing: COPY_TRANSFER3D's. */
  toHostFrom(resource: VirglResource, transfer: Transfer3d, backing: Backing): void {
    this.#toHost(resource, transfer, backing, this.#other);
  }

  /** From bytes at hand, which are copied before it returns. @throws {DrmError} EINVAL, EFAULT, ENOMEM. @throws {VkError} */
  write(resource: VirglResource, transfer: Transfer3d, bytes: Uint8Array): void {
    const box = this.#box;
    if (!box.set(resource, transfer, bytes.length)) return;
    const source = this.#fromBytes;
    source.bytes = bytes;
    try {
      this.#stage(resource, source);
    } finally {
      source.bytes = NO_BYTES;
    }
  }

  /** TRANSFER_FROM_HOST_3D: into the resource's backing, complete with the submission. @throws as `toHost` */
  fromHost(resource: VirglResource, transfer: Transfer3d): void {
    this.#fromHost(resource, transfer, backingOf(resource), resource.reader);
  }

  /** The same into another backing: COPY_TRANSFER3D's. */
  fromHostTo(resource: VirglResource, transfer: Transfer3d, backing: Backing): void {
    this.#fromHost(resource, transfer, backing, this.#other);
  }

  /** Into bytes at hand: submits, and waits. @throws as `toHost`, and EIO if the GPU hangs */
  read(resource: VirglResource, transfer: Transfer3d, bytes: Uint8Array): void {
    const box = this.#box;
    if (!box.set(resource, transfer, bytes.length)) return;
    if (this.#cpu.toBytes(resource, box, bytes)) return;
    const readback = this.#readbacks;
    if (resource.gpuFormat.copy !== "direct") this.#depths.fromHost(resource, box, undefined, bytes);
    else this.#readPacked(resource, undefined, bytes);
    readback.finish();
  }

  /** Stores what submissions up to `completed` have brought into guest memory: before they are said to be complete. */
  settle(completed: number): void {
    this.#readbacks.settle(completed);
  }

  /** Gives up imports of memory that is gone; between submissions. */
  sweep(): void {
    this.#imports.sweep();
  }

  /** A resource is gone: what only it used is given up. */
  forget(resource: VirglResource): void {
    this.#imports.forget(resource);
  }

  /** Gives up all imports and whatever was not brought yet. */
  [Symbol.dispose](): void {
    this.#readbacks.abandon();
    this.#imports.clear();
  }

  #toHost(resource: VirglResource, transfer: Transfer3d, backing: Backing, reader: BackingReader): void {
    const box = this.#box;
    if (!box.set(resource, transfer, backing.size)) return;
    reader.open(backing);
    if (
      box.bytes >= IMPORT_BYTES && resource.gpuFormat.copy === "direct" && !this.#cpu.reaches(resource) &&
      this.#inPlace(resource, reader, true)
    ) return;
    const source = this.#fromBacking;
    source.reader = reader;
    this.#stage(resource, source);
  }

  #fromHost(resource: VirglResource, transfer: Transfer3d, backing: Backing, reader: BackingReader): void {
    const box = this.#box;
    if (!box.set(resource, transfer, backing.size)) return;
    reader.open(backing);
    if (this.#cpu.toBacking(resource, box, backing)) return;
    if (resource.gpuFormat.copy !== "direct") this.#depths.fromHost(resource, box, backing, undefined);
    else if (box.bytes < this.#imports.minimum || !this.#inPlace(resource, reader, false)) {
      this.#readPacked(resource, backing, undefined);
    }
  }

  #stage(resource: VirglResource, source: Source): void {
    const { raw } = resource;
    try {
      this.#stageAll(resource, source);
    } catch (error) {
      // What was to be overwritten was not zeroed: it is now, before anybody sees what the memory held.
      if (raw && !resource.raw) {
        this.#recorder.submit();
        resource.raw = true;
      }
      throw error;
    }
  }

  #stageAll(resource: VirglResource, source: Source): void {
    const box = this.#box, { buffer } = resource;
    if (buffer !== undefined) return this.#stageBuffer(resource, source);
    if (resource.gpuFormat.copy !== "direct") {
      return this.#depths.toHost(resource, box, (...rows) => source.rows(...rows));
    }
    if (resource.raw && box.covers(resource)) this.#recorder.initialize(resource, true);
    const { rowBytes, stride, rows, level } = box, { blockHeight, blockBytes } = resource.gpuFormat;
    const most = Math.max(1, Math.floor(CHUNK_BYTES / rowBytes));
    for (let slice = 0; slice < box.depth; slice++) {
      for (let row = 0; row < rows; row += most) {
        const count = Math.min(most, rows - row), { staging } = this.#recorder;
        const at = takeBlocks(staging, count * rowBytes, blockBytes);
        source.rows(box.offset + slice * box.layerStride + row * stride, stride, rowBytes, count, staging.bytes, at);
        const z = box.z + slice, y = box.y + row * blockHeight;
        const height = Math.min(count * blockHeight, box.y + box.height - y);
        const commands = this.#recorder.copyTo(resource, level, box.x, y, z, box.width, height, 1);
        this.#push(resource, at, 0, 0, y, z, height, 1);
        this.#flushTo(resource, commands, staging.handle);
        this.#recorder.breathe();
      }
    }
  }

  #stageBuffer(resource: VirglResource, source: Source): void {
    const recorder = this.#recorder, { buffer } = resource, { x, width, offset } = this.#box;
    if (buffer === undefined) return;
    if (this.#cpu.reaches(resource)) {
      if (resource.raw) recorder.initialize(resource, width === buffer.size);
      if (buffer.bytes !== undefined) source.rows(offset, width, width, 1, buffer.bytes, x);
      resource.version++;
      buffer.device.allocation.flush(x, width);
      return;
    }
    const { staging } = recorder;
    for (let done = 0; done < width; done += CHUNK_BYTES) {
      const size = Math.min(CHUNK_BYTES, width - done);
      const at = staging.take(size, 16);
      source.rows(offset + done, size, size, 1, staging.bytes, at);
      const commands = recorder.copyTo(resource, 0, x + done, 0, 0, size, 1, 1);
      this.#copyBuffer(commands, staging.handle, at, buffer.handle, x + done, size);
      recorder.breathe();
    }
  }

  // Through the readback ring, packed, in pieces of whole rows.
  #readPacked(resource: VirglResource, backing: Backing | undefined, bytes: Uint8Array | undefined): void {
    const box = this.#box, recorder = this.#recorder, { readback } = recorder, { buffer } = resource;
    if (buffer !== undefined) {
      for (let done = 0; done < box.width; done += CHUNK_BYTES) {
        const size = Math.min(CHUNK_BYTES, box.width - done);
        const at = readback.take(size, 16);
        this.#copyBuffer(recorder.copyFrom(resource), buffer.handle, box.x + done, readback.handle, at, size);
        this.#readbacks.add(backing, bytes, box.offset + done, size, size, 1, at);
        this.#readbacks.relieve();
      }
      return;
    }
    const { rowBytes, rows } = box, { blockHeight, blockBytes } = resource.gpuFormat;
    const most = Math.max(1, Math.floor(CHUNK_BYTES / rowBytes));
    for (let slice = 0; slice < box.depth; slice++) {
      for (let row = 0; row < rows; row += most) {
        const count = Math.min(most, rows - row), y = box.y + row * blockHeight;
        const height = Math.min(count * blockHeight, box.y + box.height - y);
        const at = takeBlocks(readback, count * rowBytes, blockBytes);
        const commands = recorder.copyFrom(resource);
        this.#push(resource, at, 0, 0, y, box.z + slice, height, 1);
        this.#flushFrom(resource, commands, readback.handle);
        const offset = box.offset + slice * box.layerStride + row * box.stride;
        this.#readbacks.add(backing, bytes, offset, box.stride, rowBytes, count, at);
        this.#readbacks.relieve();
      }
    }
  }

  // Guest memory itself is the buffer; false if it cannot be.
  #inPlace(resource: VirglResource, reader: BackingReader, toHost: boolean): boolean {
    const box = this.#box, { gpuFormat, buffer } = resource;
    reader.locate(box.offset);
    const { slot } = reader;
    if (slot === undefined || reader.room < box.span) return false;
    const { blockBytes, blockWidth, blockHeight } = gpuFormat;
    let rowLength = 0, imageHeight = 0;
    if (buffer === undefined) {
      const pitched = box.stride !== box.rowBytes || box.depth > 1;
      if (pitched && (box.stride % blockBytes !== 0 || box.layerStride % box.stride !== 0 || box.stride > 0x7fffffff)) {
        return false;
      }
      rowLength = box.stride / blockBytes * blockWidth;
      imageHeight = box.layerStride / box.stride * blockHeight;
      if (!(imageHeight >= box.height) || imageHeight > 0x7fffffff) imageHeight = 0;
      if (box.solid && box.depth > 1 && imageHeight === 0) return false;
    }
    const found = this.#imports.of(slot, resource);
    if (found === undefined) return false;
    const start = reader.start - found.start;
    if (buffer === undefined && start % blockBytes !== 0) return false;
    const recorder = this.#recorder;
    // What this submission has already written to the same memory comes first: uploads would execute before it.
    if (toHost && found.written === recorder.submission) recorder.submit();
    if (!toHost && found.used === recorder.submission) recorder.barrier();
    if (toHost) {
      if (resource.raw && box.covers(resource)) recorder.initialize(resource, true);
      const { level, x, y, z, width, height, depth } = box;
      const commands = recorder.copyTo(resource, level, x, y, z, width, height, depth);
      if (buffer !== undefined) this.#copyBuffer(commands, found.handle, start, buffer.handle, x, width);
      else {
        this.#pushAll(resource, start, rowLength, imageHeight, (copies) => {
          recorder.vk.vkCmdCopyBufferToImage(
            commands,
            found.handle,
            copies.image,
            GENERAL,
            copies.count,
            copies.address,
          );
        });
      }
    } else {
      const commands = recorder.copyFrom(resource);
      if (buffer !== undefined) this.#copyBuffer(commands, buffer.handle, box.x, found.handle, start, box.width);
      else {
        this.#pushAll(resource, start, rowLength, imageHeight, (copies) => {
          recorder.vk.vkCmdCopyImageToBuffer(
            commands,
            copies.image,
            GENERAL,
            found.handle,
            copies.count,
            copies.address,
          );
        });
      }
    }
    found.used = recorder.submission;
    if (!toHost) found.written = recorder.submission;
    return true;
  }

  #pushAll(
    resource: VirglResource,
    start: number,
    rowLength: number,
    imageHeight: number,
    record: (copies: { readonly image: bigint; readonly count: number; readonly address: bigint }) => void,
  ): void {
    const box = this.#box, copies = this.#copies, image = resource.image?.handle ?? 0n;
    const flush = () => {
      record({ image, count: copies.count, address: copies.address });
      this.#recorder.work++;
      copies.clear();
    };
    if (box.solid) this.#push(resource, start, rowLength, imageHeight, box.y, box.z, box.height, box.depth);
    else {
      for (let layer = 0; layer < box.depth; layer++) {
        if (copies.isFull) flush();
        const at = start + layer * box.layerStride;
        this.#push(resource, at, rowLength, imageHeight, box.y, box.z + layer, box.height, 1);
      }
    }
    flush();
  }

  #push(
    resource: VirglResource,
    at: number,
    rowLength: number,
    imageHeight: number,
    y: number,
    z: number,
    height: number,
    depth: number,
  ): void {
    const { level, x, width, solid } = this.#box, { aspect } = resource.gpuFormat;
    const layer = solid ? 0 : z, slice = solid ? z : 0;
    this.#copies.push(at, rowLength, imageHeight, aspect, level, layer, x, y, slice, width, height, depth);
  }

  #flushTo({ image }: VirglResource, commands: bigint, from: bigint): void {
    const copies = this.#copies;
    if (image === undefined) return;
    this.#recorder.vk.vkCmdCopyBufferToImage(commands, from, image.handle, GENERAL, copies.count, copies.address);
    this.#recorder.work++;
    copies.clear();
  }

  #flushFrom({ image }: VirglResource, commands: bigint, to: bigint): void {
    const copies = this.#copies;
    if (image === undefined) return;
    this.#recorder.vk.vkCmdCopyImageToBuffer(commands, image.handle, GENERAL, to, copies.count, copies.address);
    this.#recorder.work++;
    copies.clear();
  }

  #copyBuffer(commands: bigint, from: bigint, fromAt: number, to: bigint, toAt: number, size: number): void {
    const m = this.#m;
    m.setU53(VkBufferCopy.offsets.srcOffset, fromAt);
    m.setU53(VkBufferCopy.offsets.dstOffset, toAt);
    m.setU53(VkBufferCopy.offsets.size, size);
    this.#recorder.vk.vkCmdCopyBuffer(commands, from, to, 1, this.#copy);
    this.#recorder.work++;
  }
}

function backingOf(resource: VirglResource): Backing {
  if (resource.backing === undefined) throw new DrmError("EINVAL", "Cannot transfer: the resource has no backing");
  return resource.backing;
}
