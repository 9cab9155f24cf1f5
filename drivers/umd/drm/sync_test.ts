import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { VirtualClock } from "udrm/core/clock.ts";
import { defineDriver } from "udrm/core/driver.ts";
import { shmemDumbCreate } from "udrm/core/dumb.ts";
import { DrmError } from "udrm/core/error.ts";
import { System } from "udrm/core/system.ts";
import { type DrmCard, openCard, parseEvents, SyncFileFd, waitSyncobjs } from "udrm/drivers/umd/drm/mod.ts";
import * as uapi from "udrm/uapi/mod.ts";

function card(): { card: DrmCard; clock: VirtualClock; system: System } & Disposable {
  const clock = new VirtualClock();
  const system = new System({ clock });
  system.addDevice(defineDriver({
    name: "shmem",
    desc: "shmem objects and syncobjs",
    version: [3, 2, 1],
    features: ["GEM", "RENDER", "SYNCOBJ", "SYNCOBJ_TIMELINE"],
    dumbCreate: shmemDumbCreate,
  }));
  return { card: openCard(system.process()), clock, system, [Symbol.dispose]: () => system[Symbol.dispose]() };
}

Deno.test("DrmCard.version and capability", () => {
  using t = card();
  assertEquals(t.card.version(), { name: "shmem", desc: "shmem objects and syncobjs", date: "0", version: [3, 2, 1] });
  assertEquals(t.card.capability(uapi.DRM_CAP_SYNCOBJ_TIMELINE), 1n);
  assertEquals(assertThrows(() => t.card.resources(), DrmError).code, "EOPNOTSUPP");
});

Deno.test("DumbBuffer maps, shares and closes once", () => {
  using t = card();
  const dumb = t.card.createDumb(10, 10);
  assertEquals([dumb.pitch, dumb.size, dumb.handle], [40, 4096, 1]);
  dumb.bytes[9] = 9;
  using buffer = t.card.exportDmaBuf(dumb.handle);
  using mapping = buffer.map();
  assertEquals([buffer.size, mapping.bytes[9]], [4096, 9]);
  assertEquals(t.card.importDmaBuf(buffer.fd), 1);
  dumb[Symbol.dispose]();
  dumb[Symbol.dispose]();
  assertEquals(assertThrows(() => t.card.closeHandle(1), DrmError).code, "EINVAL");
});

Deno.test("disposing of what is gone already is quiet: closed by hand, with its file, or unplugged", () => {
  using t = card();
  const [byHand, unplugged] = [t.card.createDumb(10, 10), t.card.createDumb(10, 10)];
  const [destroyed, left] = [t.card.createSyncobj(), t.card.createSyncobj()];
  t.card.closeHandle(byHand.handle);
  byHand[Symbol.dispose]();
  t.card.file.ioctl(
    uapi.DRM_IOCTL_SYNCOBJ_DESTROY,
    uapi.drm_syncobj_destroy.of({ handle: destroyed.handle }),
  );
  destroyed[Symbol.dispose]();
  const other = openCard(t.system.process());
  const [outlived, lost] = [other.createDumb(10, 10), other.createSyncobj()];
  other[Symbol.dispose]();
  outlived[Symbol.dispose]();
  lost[Symbol.dispose]();
  t.system.removeDevice(t.system.devices[0]);
  unplugged[Symbol.dispose]();
  left[Symbol.dispose]();
});

Deno.test("Syncobj waits, signals and resets", async () => {
  using t = card();
  using syncobj = t.card.createSyncobj();
  await assertRejects(() => syncobj.wait(), DrmError);
  const waiting = syncobj.wait({ flags: uapi.DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT });
  syncobj.signal();
  assertEquals(await waiting, true);
  syncobj.reset();
  const late = syncobj.wait({
    flags: uapi.DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT,
    timeoutNs: BigInt(t.clock.now() + 1e6),
  });
  t.clock.advance(1e9);
  assertEquals(await late, false);
});

Deno.test("Syncobj timeline points and transfer", async () => {
  using t = card();
  using timeline = t.card.createSyncobj();
  using binary = t.card.createSyncobj(true);
  timeline.signalPoint(5n);
  assertEquals([timeline.query(), timeline.query(true)], [5n, 5n]);
  assertEquals(await timeline.waitPoint(3n), true);
  timeline.transferFrom(binary, 0n, 9n);
  assertEquals(timeline.query(), 9n);
  assertEquals(await waitSyncobjs([binary, timeline], { points: [0n, 9n] }), 0);
});

Deno.test("SyncFileFd tells its fences, merges, and waits", async () => {
  using t = card();
  using syncobj = t.card.createSyncobj(true);
  using fence = syncobj.exportSyncFile();
  assertEquals([fence.status, fence.info().fences.length], [1, 1]);
  const sync = t.card.file.process.open("/dev/sw_sync");
  const make = (value: number): SyncFileFd => {
    const arg = uapi.sw_sync_create_fence_data.of({ value, name: `fence ${value}` });
    sync.ioctl(uapi.SW_SYNC_IOC_CREATE_FENCE, arg);
    return new SyncFileFd(t.card.file.process.file(arg.fence));
  };
  using first = make(1);
  using second = make(2);
  using both = first.merge(second, "both");
  assertEquals(both.info().name, "both");
  assertEquals(both.status, 0);
  using target = t.card.createSyncobj();
  target.importSyncFile(second.fd);
  const waiting = both.wait();
  sync.ioctl(uapi.SW_SYNC_IOC_INC, Uint32Array.of(2));
  assertEquals(await waiting, true);
  assertEquals(await target.wait(), true);
  assertEquals(both.info().fences.map((f) => [f.driver, f.status]), [["sw_sync", 1]]);
});

Deno.test("DmaBufFile carries fences in and out, and CPU access waits for them", async () => {
  using t = card();
  const dumb = t.card.createDumb(8, 8);
  using buffer = t.card.exportDmaBuf(dumb.handle);
  buffer.setName("picture");
  const sync = t.card.file.process.open("/dev/sw_sync");
  const arg = uapi.sw_sync_create_fence_data.of({ value: 1 });
  sync.ioctl(uapi.SW_SYNC_IOC_CREATE_FENCE, arg);
  using fence = new SyncFileFd(t.card.file.process.file(arg.fence));
  buffer.importSyncFile(fence, uapi.DMA_BUF_SYNC_WRITE);
  using pending = buffer.exportSyncFile(uapi.DMA_BUF_SYNC_READ);
  assertEquals(pending.status, 0);
  let read = false;
  const access = buffer.cpuAccess(uapi.DMA_BUF_SYNC_READ, () => {
    read = true;
  });
  await Promise.resolve();
  assertEquals(read, false);
  sync.ioctl(uapi.SW_SYNC_IOC_INC, Uint32Array.of(1));
  await access;
  assertEquals([read, pending.status], [true, 1]);
});

Deno.test("parseEvents reads whole events and stops at a truncated or nonsensical one", () => {
  const flip = uapi.drm_event_vblank.of({ user_data: 7n, tv_sec: 2, tv_usec: 5, sequence: 9, crtc_id: 3 });
  flip.base = uapi.drm_event.of({ type: uapi.DRM_EVENT_FLIP_COMPLETE, length: 32 });
  const other = new Uint8Array([
    ...uapi.bytesOf(uapi.drm_event.of({ type: uapi.VIRTGPU_EVENT_FENCE_SIGNALED, length: 8 })),
  ]);
  const bytes = new Uint8Array([...uapi.bytesOf(flip), ...other]);
  const parsed = parseEvents(bytes);
  assertEquals(parsed[0], { kind: "flip", userData: 7n, timeUs: 2_000_005, sequence: 9, crtcId: 3 });
  assertEquals(parsed[1].kind, "other");
  assertEquals(parseEvents(bytes.subarray(0, 39)).length, 1);
  assertEquals(parseEvents(new Uint8Array(16)).length, 0, "an event of no length would never end");
});
