import { assert, assertEquals } from "@std/assert";
import { DRM_FORMAT_ARGB8888, DRM_FORMAT_RGB565, DRM_FORMAT_XRGB8888 } from "../../uapi/drm_fourcc.ts";
import * as uapi from "../../uapi/mod.ts";
import { createHandle, createShmemObject } from "../gem.ts";
import type { DrmFile } from "../drm_file.ts";
import { Fence } from "../fence.ts";
import { ResvUsage } from "../resv.ts";
import { SwSyncFile } from "../sw_sync.ts";
import { TestSystem } from "../testing.ts";
import { Trace } from "../trace.ts";
import { Inspector } from "./inspector.ts";
import { thumbnail, type ThumbnailArea } from "./thumbnail.ts";
import { TraceRecorder } from "./trace_recorder.ts";
import type { Framebuffer } from "../kms/framebuffer.ts";

const fileOf = (t: TestSystem): DrmFile => [...t.devices[0].files][0];

/** Objects of a client, of the given pages each; their handles. */
function objects(t: TestSystem, ...pages: number[]): number[] {
  return pages.map((count) => {
    const object = createShmemObject(t.devices[0], count * 4096);
    const handle = createHandle(fileOf(t), object);
    object.put();
    return handle;
  });
}

Deno.test("Inspector tells devices, clients and objects, the largest first", () => {
  using t = new TestSystem({ process: { comm: "painter", pid: 77 } });
  using inspector = new Inspector(t.system);
  objects(t, 1, 4, 2);
  const { system } = inspector.look();
  const [device] = system.devices.items;
  assertEquals([device.name, device.render, device.driver, device.version], ["card0", "renderD128", "test", "2.3.4"]);
  assertEquals(device.objects.items.map(({ size }) => size / 4096), [4, 2, 1]);
  assertEquals([device.objects.count, device.objects.bytes], [3, 7 * 4096]);
  assertEquals(device.objects.items[0].handles, [{ pid: 77, handle: 2 }]);
  const [client] = device.clients.items;
  assertEquals([client.comm, client.pid, client.node, client.master, client.handles], [
    "painter",
    77,
    "card0",
    true,
    3,
  ]);
  assertEquals(system.memory.used, 7 * 4096);
  assertEquals(system.ids.used, 3);
});

Deno.test("Inspector's numbers of objects stay while others come and go", () => {
  using t = new TestSystem();
  using inspector = new Inspector(t.system);
  objects(t, 1, 2);
  const before = inspector.look().system.devices.items[0].objects.items.map(({ number }) => number);
  objects(t, 3);
  const after = inspector.look().system.devices.items[0].objects.items.map(({ number }) => number);
  assertEquals(after, [3, ...before]);
});

Deno.test("Inspector's snapshot is plain JSON of bounded size, whatever clients have", () => {
  using t = new TestSystem();
  const limits = { objects: 5, clients: 2, visits: 50, buffers: 3 };
  using inspector = new Inspector(t.system, limits);
  objects(t, ...new Array<number>(300).fill(1));
  for (let i = 0; i < 10; i++) t.task.open("/dev/dri/renderD128");
  const { system } = inspector.look();
  const [device] = system.devices.items;
  assertEquals([device.objects.items.length, device.objects.count], [5, 300]);
  assertEquals([device.clients.items.length, device.clients.count], [2, 11]);
  assertEquals(JSON.parse(JSON.stringify(system)).devices.items[0].objects.count, 300);
  assert(JSON.stringify(system).length < 8192);
});

Deno.test("Inspector tells pending fences by timeline, who holds them, and how far it has come", () => {
  using t = new TestSystem();
  using inspector = new Inspector(t.system);
  const [handle] = objects(t, 1);
  const object = fileOf(t).objects.get(handle);
  assert(object !== undefined);
  const context = t.system.fenceContexts.allocate();
  const fence = (seqno: number) =>
    new Fence({ clock: t.clock, context, seqno, driverName: "blitter", timelineName: "ring 0" });
  const [done, next] = [fence(1), fence(2)];
  object.resv.reserve(2);
  object.resv.add(done, ResvUsage.WRITE);
  assertEquals(inspector.look().system.timelines[0].pending.items, [{
    seqno: "1",
    holder: "object 1",
    awaited: false,
  }]);
  done.signal(5);
  object.resv.add(next, ResvUsage.WRITE);
  next.addCallback(() => {});
  const { timelines, devices } = inspector.look().system;
  assertEquals(timelines.map(({ driver, name }) => [driver, name]), [["blitter", "ring 0"]]);
  assertEquals(timelines[0].pending.items, [{ seqno: "2", holder: "object 1", awaited: true }]);
  assertEquals(devices.items[0].objects.items[0].pending, 1);
  next.signal();
});

Deno.test("Inspector tells timelines of sw_sync", () => {
  using t = new TestSystem({ process: { comm: "tester" } });
  using inspector = new Inspector(t.system);
  const file = new SwSyncFile(t.task, 0);
  const [timeline] = t.system.swTimelines;
  timeline.fence(3);
  timeline.fence(7);
  const [found] = inspector.look().system.timelines;
  assertEquals([found.driver, found.name, found.signaled?.seqno], ["sw_sync", "tester", "0"]);
  assertEquals(found.pending.items.map(({ seqno }) => seqno), ["3", "7"]);
  file.put();
});

Deno.test("Inspector records events only while it watches", () => {
  using t = new TestSystem();
  using inspector = new Inspector(t.system);
  const fd = t.task.open("/dev/dri/card0");
  const version = () => fd.ioctl(uapi.DRM_IOCTL_GET_CAP, uapi.drm_get_cap.of({ capability: 5n }));
  version();
  assertEquals(inspector.look().trace, { events: [], next: 0, lost: 0 });
  assertEquals(t.system.trace.enabled, false);
  inspector.watch(true);
  version();
  const { events, next } = inspector.look().trace;
  assertEquals(events.map(({ name, subject, result }) => [name, subject, result]), [[
    "DRM_IOCTL_GET_CAP",
    "card0",
    "0",
  ]]);
  assertEquals(inspector.look({ since: next }).trace.events, []);
  inspector.watch(false);
  assertEquals(t.system.trace.enabled, false);
});

Deno.test("TraceRecorder keeps the latest, cut to size, and says what is lost", () => {
  const trace = new Trace();
  using recorder = new TraceRecorder(trace, 4);
  recorder.start();
  for (let i = 0; i < 10; i++) {
    trace.emit({ time: i, floor: "core", name: "x".repeat(500), args: "y".repeat(5000), result: "z".repeat(500) });
  }
  const { events, next, lost } = recorder.take(3);
  assertEquals([events.map(({ time }) => time), next, lost], [[6, 7, 8, 9], 10, 3]);
  assertEquals([events[0].name.length, events[0].args.length, events[0].result.length], [80, 320, 160]);
  assertEquals(recorder.take(99).events, []);
  recorder.stop();
  assertEquals(recorder.take(0).events, []);
});

/** A framebuffer as `thumbnail` reads it, over bytes of a test. */
function framebuffer(format: number, width: number, height: number, pitch: number, bytes: Uint8Array, modifier = 0n) {
  const pages = { size: bytes.length, bytes: () => bytes };
  return {
    format,
    width,
    height,
    modifier,
    pitches: [pitch],
    offsets: [0],
    objects: [{ pages }],
  } as unknown as Framebuffer;
}

const pixels = (fb: Framebuffer, width: number, height: number, area?: ThumbnailArea): number[] => {
  const small = thumbnail(fb, width, height, area);
  assert(small !== undefined);
  const bytes = Uint8Array.fromBase64(small.rgba);
  assertEquals(bytes.length, small.width * small.height * 4);
  return Array.from({ length: bytes.length / 4 }, (_, i) => new DataView(bytes.buffer).getUint32(i * 4));
};

Deno.test("thumbnail averages, keeps proportions, and crops", () => {
  const words = new Uint32Array(8 * 4);
  words.fill(0x00ff0000, 0, 16);
  words.fill(0x000000ff, 16);
  const fb = framebuffer(DRM_FORMAT_XRGB8888, 8, 4, 32, new Uint8Array(words.buffer));
  assertEquals(pixels(fb, 4, 4), [...new Array(4).fill(0xff0000ff), ...new Array(4).fill(0x0000ffff)]);
  assertEquals(pixels(fb, 2, 1), [0x800080ff, 0x800080ff]);
  assertEquals(pixels(fb, 9, 9, { x: 6, y: 2, width: 99, height: 99 }).length, 4);
  assertEquals(thumbnail(fb, 4, 4, { x: 9, y: 0, width: 4, height: 4 }), undefined);
});

Deno.test("thumbnail knows 565, and takes alpha as premultiplied", () => {
  const rgb565 = framebuffer(DRM_FORMAT_RGB565, 1, 1, 2, Uint8Array.of(0x00, 0xf8));
  assertEquals(pixels(rgb565, 1, 1), [0xff0000ff]);
  const half = framebuffer(DRM_FORMAT_ARGB8888, 1, 1, 4, Uint8Array.of(0, 0, 64, 128));
  assertEquals(pixels(half, 1, 1), [0x80000080]);
});

Deno.test("thumbnail reads nothing that is tiled, unknown, or out of reach", () => {
  const bytes = new Uint8Array(4);
  assertEquals(thumbnail(framebuffer(DRM_FORMAT_XRGB8888, 1, 1, 4, bytes, 1n << 56n), 4, 4), undefined);
  assertEquals(thumbnail(framebuffer(0x3231564e, 1, 1, 4, bytes), 4, 4), undefined);
  const gone = { ...framebuffer(DRM_FORMAT_XRGB8888, 1, 1, 4, bytes), objects: [{ pages: undefined }] };
  assertEquals(thumbnail(gone as unknown as Framebuffer, 4, 4), undefined);
});
