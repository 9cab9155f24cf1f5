/**
 * A shared resource as a GEM object and a dma-buf: the same fd opens it in dxg, imports it in other drivers, and is mapped. Its fourcc
 * and modifier stand in its private data (dxg_driver_allocation), as a dma-buf has none of its own.
 * @module
 */

import type { Device } from "../../../core/device.ts";
import { DmaBuf } from "../../../core/dma_buf.ts";
import type { File } from "../../../core/file.ts";
import { type GemFuncs, GemObject } from "../../../core/gem.ts";
import type { PageAllocator, Pages, PageSegment } from "../../../core/memory.ts";
import { O_RDWR } from "../../../uapi/fcntl.ts";
import { dxg_driver_allocation, DXG_DRIVER_MAGIC, DXG_DRIVER_VERSION } from "../../../uapi/dxg_driver.ts";
import type { BorrowedPages, HeldResource } from "./kernel_client.ts";
import { DxgResourceFile, type NtHandle, type SharedResource } from "./shared.ts";

/** Pages that the host shows; whoever has them open keeps them. */
class HostPages implements Pages, BorrowedPages {
  readonly size: number;
  #segment: PageSegment;
  #copy: Pages | undefined;
  #pins = 0;

  constructor(segment: PageSegment) {
    this.#segment = segment;
    this.size = segment.length;
  }
  get fd(): number | undefined {
    return this.#segment.pages.fd;
  }
  get fdOffset(): number {
    return (this.#segment.pages.fdOffset ?? 0) + this.#segment.offset;
  }
  bytes(): Uint8Array {
    return this.#segment.pages.bytes().subarray(this.#segment.offset, this.#segment.offset + this.size);
  }
  pin(): void {
    this.#pins++;
    this.#segment.pages.pin();
  }
  unpin(): void {
    this.#pins--;
    this.#segment.pages.unpin();
  }
  detach(allocator: PageAllocator): void {
    if (this.#copy !== undefined) return;
    const copy = allocator.allocate(this.size, "dxg orphan");
    copy.bytes().set(this.bytes());
    for (let i = 0; i < this.#pins; i++) {
      copy.pin();
      this.#segment.pages.unpin();
    }
    this.#copy = copy;
    this.#segment = { pages: copy, offset: 0, length: this.size };
  }
  [Symbol.dispose](): void {
    this.#copy?.[Symbol.dispose]();
  }
}

const FUNCS: GemFuncs = {
  free: (object) => (object as DxgGemObject).freed(),
};

/** A GEM object over a shared resource. */
export class DxgGemObject extends GemObject {
  /** The resource. */
  readonly resource: SharedResource;
  readonly #held: HeldResource;
  readonly #own: HostPages | undefined;

  /** @param held which it takes over. */
  constructor(device: Device, resource: SharedResource, held: HeldResource) {
    const pages = held.segment === undefined ? undefined : new HostPages(held.segment);
    super(device, resource.allocations[0].size, { pages, funcs: FUNCS });
    this.resource = resource;
    this.#held = held;
    this.#own = pages;
    if (pages !== undefined) resource.adapter.kernel.pages.add(pages);
  }

  /** The host's handle of it. */
  get nt(): NtHandle {
    return this.#held.nt;
  }

  /** @internal The last reference is gone. */
  freed(): void {
    this.resource.buffer = undefined;
    if (this.#own !== undefined) this.resource.adapter.kernel.pages.delete(this.#own);
    this.#own?.[Symbol.dispose]();
    this.#held.release();
  }
}

/** Whether a sealed resource is one that others can make sense of: one allocation, with udrm's open private data. */
export function isOpenFormat(resource: SharedResource): boolean {
  const { allocations, privateData } = resource;
  if (allocations.length !== 1 || privateData.length < dxg_driver_allocation.size) return false;
  const { magic, version } = dxg_driver_allocation.at(privateData);
  return magic === DXG_DRIVER_MAGIC && version === DXG_DRIVER_VERSION && allocations[0].size % 4096 === 0;
}

/** A dma-buf of a resource that the driver has open; the caller owns its reference. */
export function resourceBuffer(resource: SharedResource, held: HeldResource): DmaBuf {
  const object = new DxgGemObject(resource.adapter.device, resource, held);
  try {
    const buffer: DmaBuf = new DmaBuf({
      exporterName: "dxgkrnl",
      size: object.size,
      flags: O_RDWR,
      pages: object.pages,
      resv: object.resv,
      object,
      release: () => {
        if (resource.buffer === buffer) resource.buffer = undefined;
      },
    });
    resource.buffer = buffer;
    return buffer;
  } finally {
    object.put();
  }
}

/** The resource that a file stands for, and the host's handle of it; undefined for other files. */
export function sharedResourceOf(
  file: File | undefined,
): { readonly resource: SharedResource; readonly nt: NtHandle } | undefined {
  if (file instanceof DxgResourceFile) return file;
  return file instanceof DmaBuf && file.object instanceof DxgGemObject ? file.object : undefined;
}
