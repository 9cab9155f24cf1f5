/**
 * How fast the host's half is: 16x16 transfers a second through a raw ring, and a 1920x1080 TRANSFER + FLUSH to a null display
 * against `Uint8Array.set` of the same bytes.
 * @module
 */

import { nullDisplay } from "udrm/drivers/display/null/mod.ts";
import { soft2d } from "udrm/drivers/host/render/soft2d/mod.ts";
import { virtioGpuHost } from "udrm/drivers/host/virtio_gpu/mod.ts";
import type { VirtioBackend } from "udrm/core/bus.ts";
import type { Renderer } from "udrm/core/host.ts";
import type { PageAllocator } from "udrm/core/memory.ts";
import { VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, VIRTIO_GPU_RESP_OK_NODATA } from "udrm/uapi/virtio_gpu.ts";
import { VRING_DESC_F_NEXT, VRING_DESC_F_WRITE } from "udrm/uapi/virtio_ring.ts";
import { flushRequest, transferRequest, WireGuest } from "../virtio_gpu/wire.ts";
import { type BenchRow, compare, rateRow } from "./harness.ts";

const WIDTH = 1920, HEIGHT = 1080, BYTES = WIDTH * HEIGHT * 4;
/** Commands a kick. */
const BATCH = 128;

/** A guest with a 1080p resource on scanout 0, and requests laid out in descriptor pairs 0 to BATCH - 1. */
function prepare(guest: WireGuest): Uint8Array {
  const picture = guest.pattern(BYTES);
  const ok = [
    guest.create2d(1, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, WIDTH, HEIGHT),
    guest.attach(1, [[picture.gpa, BYTES]]),
    guest.setScanout(0, 1, 0, 0, WIDTH, HEIGHT),
  ];
  if (ok.some((type) => type !== VIRTIO_GPU_RESP_OK_NODATA)) throw new Error(`Cannot set up: responses ${ok}`);
  return picture.bytes;
}

/** Puts a request and room for its answer into descriptors `2 * i` and `2 * i + 1`; where the answer will be. */
function place(guest: WireGuest, i: number, request: Uint8Array): Uint8Array {
  const memory = guest.alloc(request.length + 24);
  memory.bytes.set(request);
  guest.rings[0].descriptor(2 * i, memory.gpa, request.length, VRING_DESC_F_NEXT, 2 * i + 1);
  guest.rings[0].descriptor(2 * i + 1, memory.gpa + request.length, 24, VRING_DESC_F_WRITE);
  return memory.bytes.subarray(request.length);
}

/** Sends prepared descriptor pairs 0 to `count - 1` in one kick and waits for their answers. */
function submit(guest: WireGuest, poll: () => void, count: number): void {
  const ring = guest.rings[0];
  const idx = ring.availIdx;
  for (let i = 0; i < count; i++) ring.available(idx + i, 2 * i);
  ring.availIdx = idx + count;
  guest.kick(0);
  let done = ring.takeAll();
  while (done < count) {
    poll();
    done += ring.takeAll();
  }
}

/** Polls a device, and waits for what is under way: spinning would take the core that a renderer's thread needs. */
function waiting(host: VirtioBackend, renderer: Renderer): () => void {
  return () => {
    if (!host.poll()) renderer.wait(renderer.submit(), 1e9);
  };
}

/**
 * 16x16 TRANSFER_TO_HOST_2D commands a second, {@linkcode BATCH} a kick, against `Uint8Array.set` of the same rows.
 *
 * @param target commands a second that must be reached. @param allocator of guest memory; the heap by default.
 */
export function smallTransfers(renderer: Renderer, target: number, allocator?: PageAllocator): BenchRow {
  const host = virtioGpuHost({ renderer, display: nullDisplay() });
  using guest = new WireGuest(host, { allocator });
  const source = prepare(guest);
  const copy = new Uint8Array(BYTES);
  const answers: Uint8Array[] = [], offsets: number[] = [];
  for (let i = 0; i < BATCH; i++) {
    const x = (i * 16) % WIDTH, y = (i % 7) * 16;
    offsets.push((y * WIDTH + x) * 4);
    answers.push(place(guest, i, transferRequest(1, x, y, 16, 16, offsets[i])));
  }
  const poll = waiting(host, renderer);
  const measured = compare(
    (kicks) => {
      for (let i = 0; i < kicks; i++) submit(guest, poll, BATCH);
    },
    (kicks) => {
      for (let i = 0; i < kicks; i++) {
        for (const offset of offsets) {
          for (let row = 0, at = offset; row < 16; row++, at += WIDTH * 4) copy.set(source.subarray(at, at + 64), at);
        }
      }
    },
    { batch: 400 },
  );
  for (const answer of answers) {
    const type = new DataView(answer.buffer, answer.byteOffset).getUint32(0, true);
    if (type !== VIRTIO_GPU_RESP_OK_NODATA) {
      throw new Error(`Cannot count a transfer that failed: 0x${type.toString(16)}`);
    }
  }
  const name = `16x16 TRANSFER_TO_HOST_2D, ${renderer.name}`;
  return rateRow(name, "commands/s", "16 Uint8Array.set", measured, BATCH, `value>= ${target}`);
}

/**
 * 1920x1080 TRANSFER + FLUSH to a null display, bytes a second, against `Uint8Array.set` of the same bytes.
 *
 * @param target the ratio that must be reached. @param allocator of guest memory; the heap by default.
 */
export function fullTransfers(renderer: Renderer, target: number, allocator?: PageAllocator): BenchRow {
  const display = nullDisplay();
  const host = virtioGpuHost({ renderer, display });
  using guest = new WireGuest(host, { allocator });
  const source = prepare(guest);
  const answers = [
    place(guest, 0, transferRequest(1, 0, 0, WIDTH, HEIGHT, 0)),
    place(guest, 1, flushRequest(1, 0, 0, WIDTH, HEIGHT)),
  ];
  const copy = new Uint8Array(BYTES);
  const poll = waiting(host, renderer);
  let flushes = 0;
  const measured = compare(
    (count) => {
      for (let i = 0; i < count; i++) submit(guest, poll, 2);
      flushes += count;
    },
    (count) => {
      for (let i = 0; i < count; i++) copy.set(source);
    },
    { batch: 8, rounds: 31 },
  );
  for (const answer of answers) {
    const type = new DataView(answer.buffer, answer.byteOffset).getUint32(0, true);
    if (type !== VIRTIO_GPU_RESP_OK_NODATA) {
      throw new Error(`Cannot count a command that failed: 0x${type.toString(16)}`);
    }
  }
  // One more for SET_SCANOUT.
  if (display.frames !== flushes + 1) throw new Error(`Cannot count ${flushes} flushes: ${display.frames} frames came`);
  const name = `1920x1080 TRANSFER + FLUSH, ${renderer.name}`;
  return rateRow(name, "GB/s", "Uint8Array.set", measured, BYTES / 1e9, `>= ${target}`);
}

/** Both, on soft2d. */
export function bench(): BenchRow[] {
  using renderer = soft2d();
  return [smallTransfers(renderer, 500_000), fullTransfers(renderer, 0.8)];
}
