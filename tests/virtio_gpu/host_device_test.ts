import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { VirtualClock } from "udrm/core/clock.ts";
import type { Renderer } from "udrm/core/host.ts";
import { formatTrace, Trace, type TraceEvent } from "udrm/core/trace.ts";
import { virtioLoopback } from "udrm/drivers/bus/virtqueue/mod.ts";
import { nullDisplay } from "udrm/drivers/display/null/mod.ts";
import { soft2d } from "udrm/drivers/host/render/soft2d/mod.ts";
import { virtioGpuHost } from "udrm/drivers/host/virtio_gpu/mod.ts";
import * as gpu from "udrm/uapi/virtio_gpu.ts";
import { Recorder, SlowRenderer } from "./recorder.ts";
import { encode, flushRequest, transferRequest, WireGuest } from "./wire.ts";

const OK = gpu.VIRTIO_GPU_RESP_OK_NODATA;
const BGRX = gpu.VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM;

/** Places a request in descriptors `head` and `head + 1` and makes it available, without a kick; where its answer will be. */
function enqueue(guest: WireGuest, head: number, request: Uint8Array): Uint8Array {
  const { gpa, bytes } = guest.alloc(request.length + 64);
  bytes.set(request);
  const ring = guest.rings[0];
  ring.descriptor(head, gpa, request.length, 1, head + 1);
  ring.descriptor(head + 1, gpa + request.length, 64, 2);
  ring.expose(head);
  return bytes.subarray(request.length);
}

/** Gives a request a fence. */
function fenced(request: Uint8Array, fence_id: bigint, flags = 1, ctx_id = 0, ring_idx = 0): Uint8Array {
  const copy = request.slice();
  Object.assign(gpu.virtio_gpu_ctrl_hdr.at(copy), { flags, fence_id, ctx_id, ring_idx });
  return copy;
}

const bare = (type: number): Uint8Array => encode(gpu.virtio_gpu_ctrl_hdr, { type });

Deno.test("5.7.6.7 FENCE: flags, fence_id, ctx_id and ring_idx come back, on errors too; without it nothing does", () => {
  const host = virtioGpuHost({ renderer: soft2d(), display: nullDisplay() });
  using guest = new WireGuest(host);
  for (const request of [bare(gpu.VIRTIO_GPU_CMD_GET_DISPLAY_INFO), bare(0xdead), flushRequest(9, 0, 0, 1, 1)]) {
    const plain = gpu.virtio_gpu_ctrl_hdr.at(guest.send(fenced(request, 0x123456789abcdef0n, 0, 7, 3)));
    assertEquals([plain.flags, plain.fence_id, plain.ctx_id, plain.ring_idx], [0, 0n, 0, 0]);
    const fence = gpu.virtio_gpu_ctrl_hdr.at(guest.send(fenced(request, 0xfedcba9876543210n, 1, 7, 3)));
    assertEquals([fence.flags, fence.fence_id, fence.ctx_id, fence.ring_idx], [1, 0xfedcba9876543210n, 7, 0]);
    const ring = gpu.virtio_gpu_ctrl_hdr.at(guest.send(fenced(request, 1n, 3, 7, 63)));
    assertEquals([ring.flags, ring.fence_id, ring.ctx_id, ring.ring_idx], [3, 1n, 7, 63]);
    const strange = gpu.virtio_gpu_ctrl_hdr.at(guest.send(fenced(request, 1n, 0xffffffff)));
    assertEquals(strange.flags, 3, "flags that mean nothing are not repeated");
    assertEquals(gpu.virtio_gpu_ctrl_hdr.at(guest.send(fenced(request, 1n, 2))).flags, 0);
  }
});

Deno.test("5.7.6.5 answers wait for the renderer and keep their order; poll completes them", () => {
  const renderer = new SlowRenderer();
  const host = virtioGpuHost({ renderer, display: nullDisplay() });
  using guest = new WireGuest(host);
  const { gpa } = guest.pattern(4096);
  const ring = guest.rings[0];
  const settle = (): number[] => {
    renderer.finish();
    host.poll();
    const heads: number[] = [];
    for (let used = ring.take(); used !== undefined; used = ring.take()) heads.push(used.id);
    return heads;
  };
  const create = encode(gpu.virtio_gpu_resource_create_2d, {
    hdr: { type: gpu.VIRTIO_GPU_CMD_RESOURCE_CREATE_2D },
    resource_id: 1,
    format: BGRX,
    width: 32,
    height: 32,
  });
  enqueue(guest, 0, create);
  const attach = encode(gpu.virtio_gpu_resource_attach_backing, {
    hdr: { type: gpu.VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING },
    resource_id: 1,
    nr_entries: 1,
  });
  const whole = new Uint8Array(attach.length + 16);
  whole.set(attach);
  whole.set(encode(gpu.virtio_gpu_mem_entry, { addr: gpa, length: 4096 }), attach.length);
  enqueue(guest, 2, whole);
  guest.kick(0);
  assertEquals(settle(), [0, 2]);
  assertEquals(host.busy, false);

  enqueue(guest, 4, fenced(transferRequest(1, 0, 0, 32, 32, 0), 41n));
  enqueue(guest, 6, bare(gpu.VIRTIO_GPU_CMD_GET_DISPLAY_INFO));
  const before = guest.interrupts[0];
  guest.kick(0);
  enqueue(guest, 8, bare(gpu.VIRTIO_GPU_CMD_GET_DISPLAY_INFO));
  guest.kick(0);
  assertEquals([host.busy, host.poll(), ring.take(), guest.interrupts[0]], [true, false, undefined, before]);
  assertEquals(settle(), [4, 6, 8], "what needs no renderer overtakes nothing");
  assertEquals([host.busy, guest.interrupts[0]], [false, before + 1]);

  // Two batches; the first is done before the second.
  enqueue(guest, 10, fenced(transferRequest(1, 0, 0, 8, 8, 0), 42n));
  guest.kick(0);
  const first = renderer.submit() - 1;
  enqueue(guest, 12, fenced(transferRequest(1, 0, 0, 8, 8, 0), 43n));
  guest.kick(0);
  renderer.finish(first);
  assert(host.poll());
  assertEquals([ring.take()?.id, ring.take()], [10, undefined]);
  assertEquals(settle(), [12]);
  // The cursor is the fast track: it waits for nothing (5.7.2).
  enqueue(guest, 14, fenced(transferRequest(1, 0, 0, 8, 8, 0), 44n));
  guest.kick(0);
  assertEquals(guest.updateCursor(0, 0, 0, 0), OK);
  assertEquals(ring.take(), undefined);
  assertEquals(settle(), [14]);
});

Deno.test("a reset waits for the renderer, forgets the guest and gives no late answer", () => {
  const renderer = new SlowRenderer();
  const display = new Recorder();
  const host = virtioGpuHost({ renderer, display });
  using guest = new WireGuest(host);
  const done = (type: number): void => assertEquals(type, OK);
  const { gpa } = guest.pattern(4096);
  const quick = (request: () => number): void => {
    const finish = finishAtOnce(renderer);
    done(request());
    finish();
  };
  quick(() => guest.create2d(1, BGRX, 32, 32));
  quick(() => guest.attach(1, [[gpa, 4096]]));
  quick(() => guest.setScanout(0, 1, 0, 0, 32, 32));
  display.take();
  enqueue(guest, 20, fenced(transferRequest(1, 0, 0, 32, 32, 0), 1n));
  guest.kick(0);
  assert(host.busy);
  const old = guest.rings[0];
  const usedBefore = old.usedIdx;
  guest.restart();
  assert(renderer.waits > 0, "guest memory may be reused after a reset: nobody reads it any more");
  assertEquals([host.busy, host.poll(), old.usedIdx], [false, false, usedBefore]);
  assertEquals(host.usage, { resources: 0, contexts: 0, bytes: 0 });
  assertEquals(display.take(), [{ scanout: 0, frame: undefined }]);
  quick(() => guest.create2d(1, BGRX, 32, 32));
});

/** Lets batches finish as they are looked at, until called off. */
function finishAtOnce(renderer: SlowRenderer): () => void {
  const completed = renderer.completed.bind(renderer);
  renderer.completed = () => {
    renderer.finish();
    return completed();
  };
  return () => {
    renderer.completed = completed;
  };
}

Deno.test("reset in the middle of a kick, by the display, ends the batch, also when the device starts anew", () => {
  for (const again of [false, true]) {
    for (
      const request of [
        flushRequest(1, 0, 0, 32, 32),
        encode(gpu.virtio_gpu_resource_unref, {
          hdr: { type: gpu.VIRTIO_GPU_CMD_RESOURCE_UNREF },
          resource_id: 1,
        }),
      ]
    ) {
      const display = new Recorder();
      const host = virtioGpuHost({ renderer: soft2d(), display });
      using guest = new WireGuest(host);
      const { gpa } = guest.pattern(4096);
      guest.create2d(1, BGRX, 32, 32);
      guest.attach(1, [[gpa, 4096]]);
      guest.setScanout(0, 1, 0, 0, 32, 32);
      enqueue(guest, 20, request);
      enqueue(guest, 22, transferRequest(1, 0, 0, 32, 32, 0));
      const ring = guest.rings[0];
      ring.takeAll();
      display.onPresent = () => {
        display.onPresent = undefined;
        if (again) guest.restart();
        else host.reset();
      };
      guest.kick(0);
      assertEquals([ring.take(), host.busy, host.usage], [undefined, false, { resources: 0, contexts: 0, bytes: 0 }]);
      if (!again) guest.restart();
      assertEquals([guest.create2d(1, BGRX, 1, 1), host.usage.resources], [OK, 1]);
    }
  }
});

Deno.test("5.7.4 configuration space: num_scanouts, num_capsets, events that are cleared by writing", () => {
  const display = nullDisplay();
  const host = virtioGpuHost({ renderer: soft2d(), display, scanouts: 3 });
  using guest = new WireGuest(host);
  const read = (): number[] => {
    const bytes = new Uint8Array(24);
    host.readConfig(0, bytes);
    return [...new Uint32Array(bytes.buffer)];
  };
  assertEquals(read(), [0, 0, 3, 0, 0, 0]);
  display.onModeChange?.(1, { enabled: true, width: 640, height: 480 });
  assertEquals([read()[0], guest.configChanges], [1, 1]);
  const info = gpu.virtio_gpu_resp_display_info.at(guest.send(bare(gpu.VIRTIO_GPU_CMD_GET_DISPLAY_INFO)));
  assertEquals([info.pmodes[1].enabled, info.pmodes[1].r.x, info.pmodes[1].r.width], [1, 1280, 640]);
  host.writeConfig(0, Uint8Array.of(0, 0, 0, 0));
  host.writeConfig(8, Uint8Array.of(9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9));
  host.writeConfig(4, Uint8Array.of(2, 0, 0, 0));
  assertEquals(read(), [1, 0, 3, 0, 0, 0], "events_read and the rest cannot be written; bit 1 is another event");
  const part = new Uint8Array(2);
  host.readConfig(8, part);
  assertEquals([...part], [3, 0]);
  host.writeConfig(4, Uint8Array.of(1));
  assertEquals(read()[0], 0);
  assertThrows(() => host.setMode(3, { enabled: true, width: 1, height: 1 }), RangeError);
  assertThrows(() => host.setMode(0, { enabled: true, width: 0, height: 1 }), RangeError);
  host[Symbol.dispose]();
  assertEquals(display.onModeChange, undefined);
});

Deno.test("virtioGpuHost refuses numbers that are none", () => {
  const make = (options: Record<string, unknown>) => () =>
    virtioGpuHost({ renderer: soft2d(), display: nullDisplay(), ...options });
  for (
    const options of [
      { scanouts: 0 },
      { scanouts: 17 },
      { scanouts: 1.5 },
      { features: 1n },
      { blobAlignment: 3 },
      { blobAlignment: 0 },
      { modes: [{ enabled: true, width: 16385, height: 1 }] },
    ]
  ) assertThrows(make(options), RangeError);
  make({ scanouts: 16, blobAlignment: 2 ** 31, features: 0n })();
});

Deno.test("a broken queue is told once, and the device needs a reset", () => {
  const host = virtioGpuHost({ renderer: soft2d(), display: nullDisplay() });
  using guest = new WireGuest(host);
  guest.rings[0].descriptor(0, 0x10, 4, 0);
  guest.rings[0].expose(0);
  guest.kick(0);
  assertMatch(guest.resetReason ?? "", /queue 0: .*outside memory/);
  guest.restart();
  assertEquals(guest.create2d(1, BGRX, 1, 1), OK);
});

Deno.test("a kick executes a bounded number of requests, and poll goes on", () => {
  const display = new Recorder();
  const host = virtioGpuHost({ renderer: soft2d(), display, queueSizes: [4, 4] });
  using guest = new WireGuest(host);
  const { gpa } = guest.alloc(64);
  guest.memory.write(gpa, encode(gpu.virtio_gpu_ctrl_hdr, { type: gpu.VIRTIO_GPU_CMD_MOVE_CURSOR }));
  const ring = guest.rings[1];
  ring.descriptor(0, gpa, 56, 0);
  // The display plays a driver in another thread that adds a request for each one that is executed.
  let commands = 0;
  display.cursor = () => {
    if (commands++ >= 100) return;
    ring.descriptor(1, gpa, 56, 0);
    ring.expose(commands & 1);
  };
  ring.expose(0);
  guest.kick(1);
  const first = commands;
  assertEquals(first, 16);
  assert(host.busy);
  while (host.busy) host.poll();
  assertEquals(commands, 101);
});

Deno.test("the trace shows each command with its members, its result and why it failed", () => {
  const trace = new Trace();
  const events: TraceEvent[] = [];
  const clock = new VirtualClock(5_000_000);
  const host = virtioGpuHost({ renderer: soft2d(), display: nullDisplay(), trace, clock });
  using guest = new WireGuest(host);
  guest.create2d(1, BGRX, 8, 4);
  assertEquals(events, []);
  using _listening = trace.listen((event) => events.push(event));
  guest.create2d(2, BGRX, 8, 4);
  guest.create2d(2, BGRX, 8, 4);
  guest.type(bare(0xdead));
  const batches = events.filter((e) => e.floor === "render");
  assertEquals(batches.map((e) => [e.name, e.subject, e.args]), [["submit", "soft2d", { batch: 2 }]]);
  events.splice(0, events.length, ...events.filter((e) => e.floor !== "render"));
  assertEquals(events.map((e) => [e.floor, e.name, e.subject, e.time]), [
    ["host", "VIRTIO_GPU_CMD_RESOURCE_CREATE_2D", "controlq", 5_000_000],
    ["host", "VIRTIO_GPU_CMD_RESOURCE_CREATE_2D", "controlq", 5_000_000],
    ["host", "VIRTIO_GPU_CMD 0xdead", "controlq", 5_000_000],
  ]);
  assertMatch(formatTrace(events[0]), /resource_id: 2, format: 2, width: 8, height: 4.* = VIRTIO_GPU_RESP_OK_NODATA/);
  assertEquals(events[1].result, "VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID: Cannot use resource id 2");
  assertMatch(String(events[2].result), /ERR_UNSPEC: .*not supported/);
});

Deno.test("errors of the renderer become answers; errors of programs do not", () => {
  const renderer: Renderer = soft2d();
  const host = virtioGpuHost({ renderer, display: nullDisplay() });
  using guest = new WireGuest(host);
  renderer.createResource = () => {
    throw new TypeError("a bug");
  };
  assertThrows(() => guest.create2d(1, BGRX, 1, 1), TypeError, "a bug");
  assertEquals(host.usage, { resources: 0, contexts: 0, bytes: 0 });
});

Deno.test("a display that fails is its owner's error, and the guest's queue stays whole: answered, fenced, used on", () => {
  const display = new Recorder();
  const host = virtioGpuHost({ renderer: soft2d(), display });
  using guest = new WireGuest(host);
  const { gpa } = guest.pattern(4096);
  guest.create2d(1, BGRX, 32, 32);
  guest.attach(1, [[gpa, 4096]]);
  guest.setScanout(0, 1, 0, 0, 32, 32);
  const ring = guest.rings[0];
  ring.takeAll();
  display.onPresent = () => {
    throw new TypeError("a bug of the display");
  };
  const memory = [0, 1].map(() => guest.alloc(4096));
  memory.forEach(({ gpa, bytes }, i) => {
    const request = flushRequest(1, 0, 0, 32, 32);
    bytes.set(request);
    ring.descriptor(20 + 2 * i, gpa, request.length, 1, 21 + 2 * i);
    ring.descriptor(21 + 2 * i, gpa + 2048, 24, 2);
    ring.expose(20 + 2 * i);
  });
  assertThrows(() => guest.kick(0), TypeError, "a bug of the display");
  assertEquals(ring.take()?.id, 20, "the request that ran into it is answered");
  assertEquals(gpu.virtio_gpu_ctrl_hdr.at(memory[0].bytes, 2048).type, gpu.VIRTIO_GPU_RESP_ERR_UNSPEC);
  assertEquals([ring.take(), host.busy], [undefined, true], "the next one waits for poll");
  display.onPresent = undefined;
  host.poll();
  assertEquals([ring.take()?.id, host.busy], [22, false]);
  assertEquals(gpu.virtio_gpu_ctrl_hdr.at(memory[1].bytes, 2048).type, OK);
  assertEquals(guest.flush(1, 0, 0, 32, 32), OK);

  display.onPresent = () => {
    throw new TypeError("a bug of the display");
  };
  assertThrows(() => host.reset(), TypeError, "a bug of the display");
  display.onPresent = undefined;
  assertEquals(host.usage, { resources: 0, contexts: 0, bytes: 0 }, "the guest is forgotten all the same");
});

Deno.test("the device works behind the loopback transport, its negotiation included", () => {
  const display = new Recorder();
  const host = virtioGpuHost({ renderer: soft2d(), display });
  const { device } = virtioLoopback(host);
  assertEquals(device.deviceId, 16);
  device.acceptFeatures(device.deviceFeatures);
  const types: number[] = [];
  const pages = guestPage(device.memory);
  const queues = device.setupQueues([() => {
    while (queues[0].next() >= 0) types.push(new DataView(pages.bytes.buffer).getUint32(2048, true));
  }]);
  device.ready();
  pages.bytes.set(encode(gpu.virtio_gpu_resource_create_2d, {
    hdr: { type: gpu.VIRTIO_GPU_CMD_RESOURCE_CREATE_2D },
    resource_id: 3,
    format: BGRX,
    width: 1,
    height: 1,
  }));
  queues[0].add(pages.gpa, 40, pages.gpa + 2048, 24, 0);
  queues[0].kick();
  assertEquals([types, host.usage.resources], [[OK], 1]);
  let changes = 0;
  device.onConfigChange = () => changes++;
  display.onModeChange?.(0, { enabled: true, width: 800, height: 600 });
  assertEquals(changes, 1);
  device.reset();
  assertEquals(host.usage.resources, 0);
});

function guestPage(memory: WireGuest["memory"]): { gpa: number; bytes: Uint8Array } {
  const bytes = new Uint8Array(4096);
  const pages = { size: 4096, bytes: () => bytes, pin() {}, unpin() {}, [Symbol.dispose]() {} };
  return { gpa: memory.add(pages, 0, 4096).gpa, bytes };
}
