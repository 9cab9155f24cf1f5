/**
 * For tests of vulkan2d: a renderer on a validated device, guest memory, and a plain model of what pictures hold.
 * @module
 */

import type { Frame } from "../../../../core/display.ts";
import type { Backing, RenderResource } from "../../../../core/host.ts";
import { GuestMemory, type GuestSlot } from "../../../../core/guest_memory.ts";
import { pageAlign, type PageAllocator, type Pages } from "../../../../core/memory.ts";
import type { Device } from "../../vulkan/mod.ts";
import { withDevice } from "../../vulkan/testing.ts";
import { Vulkan2d, type Vulkan2dLimits } from "./vulkan2d.ts";

/**
 * Runs `body` with a renderer, and disposes of it before its device.
 *
 * @throws {Error} if the validation layers complain, or something is left behind.
 */
export async function withRenderer(
  body: (renderer: Vulkan2d, device: Device) => void,
  limits: Vulkan2dLimits = {},
): Promise<void> {
  await withDevice((device) => {
    const before = device.ownedCount;
    const renderer = new Vulkan2d(device, "the GPU of a test", limits);
    try {
      body(renderer, device);
    } finally {
      renderer[Symbol.dispose]();
    }
    if (device.ownedCount !== before || device.queue.deletionCount !== 0) {
      throw new Error(`${device.ownedCount - before} Vulkan objects are left`);
    }
  });
}

/** A piece of guest memory. */
export interface Piece {
  /** Its pages. */
  readonly pages: Pages;
  /** Where the guest sees it. */
  readonly slot: GuestSlot;
}

/** A guest that has memory and nothing else. */
export class TestGuest implements Disposable {
  /** The memory. */
  readonly memory: GuestMemory = new GuestMemory();
  readonly #allocator: PageAllocator;
  readonly #pieces: Piece[] = [];

  /** @param allocator of its memory. */
  constructor(allocator: PageAllocator) {
    this.#allocator = allocator;
  }

  /** New memory of at least `size` bytes in a slot of its own. */
  alloc(size: number): Piece {
    const pages = this.#allocator.allocate(pageAlign(size), "vulkan2d-test");
    const piece = { pages, slot: this.memory.add(pages, 0, pages.size) };
    this.#pieces.push(piece);
    return piece;
  }

  /** Takes memory away: the slot, then the pages. */
  free(piece: Piece): void {
    this.memory.remove(piece.slot);
    piece.pages[Symbol.dispose]();
  }

  /** Backing of pieces of guest memory. */
  backing(pieces: readonly (readonly [gpa: number, length: number])[]): Backing {
    const lengths = pieces.map(([, length]) => length);
    return {
      memory: this.memory,
      gpas: pieces.map(([gpa]) => gpa),
      lengths,
      size: lengths.reduce((sum, length) => sum + length, 0),
    };
  }

  /** Frees everything. */
  [Symbol.dispose](): void {
    for (const piece of this.#pieces) this.free(piece);
  }
}

/** Fills memory with bytes that differ from place to place and from seed to seed. */
export function scramble(bytes: Uint8Array, seed: number): void {
  let state = Math.imul(seed + 1, 2654435761) >>> 0;
  for (let i = 0; i < bytes.length; i++) {
    state = Math.imul(state, 1664525) + 1013904223 >>> 0;
    bytes[i] = state >>> 24;
  }
}

/** A picture as plain bytes, and TRANSFER_TO_HOST_2D as the specification says it, pixel by pixel. */
export class ModelPicture {
  /** Columns. */
  readonly width: number;
  /** Its bytes. */
  bytes: Uint8Array;

  /** A zeroed picture. */
  constructor(width: number, height: number) {
    this.width = width;
    this.bytes = new Uint8Array(width * height * 4);
  }

  /** Copies a rectangle. */
  transfer(x: number, y: number, width: number, height: number, offset: number, backing: Backing): void {
    const source = new Uint8Array(backing.size);
    let at = 0;
    backing.gpas.forEach((gpa, i) => {
      backing.memory.read(gpa, source.subarray(at, at + backing.lengths[i]));
      at += backing.lengths[i];
    });
    for (let row = 0; row < height; row++) {
      for (let i = 0; i < width * 4; i++) {
        this.bytes[((y + row) * this.width + x) * 4 + i] = source[offset + row * this.width * 4 + i];
      }
    }
  }

  /** The bytes of a rectangle, packed. */
  crop(x: number, y: number, width: number, height: number): Uint8Array {
    const out = new Uint8Array(width * height * 4);
    for (let row = 0; row < height; row++) {
      const from = ((y + row) * this.width + x) * 4;
      out.set(this.bytes.subarray(from, from + width * 4), row * width * 4);
    }
    return out;
  }
}

/** All pixels of a picture, as a display reads them. */
export function pixels(renderer: Vulkan2d, picture: RenderResource): Uint8Array {
  const { width, height } = picture;
  return readAll(renderer.frame(picture, { x: 0, y: 0, width, height }, []));
}

/** All pixels of a frame. */
export function readAll(frame: Frame): Uint8Array {
  const out = new Uint8Array(frame.width * frame.height * 4);
  frame.read(out, frame.width * 4);
  return out;
}

/** Submits, and waits for the GPU. */
export function finish(renderer: Vulkan2d): void {
  if (!renderer.wait(renderer.submit(), 10e9)) throw new Error("The GPU has not finished for 10 s");
}
