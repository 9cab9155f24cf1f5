import { assertEquals } from "@std/assert";
import fc from "fast-check";
import * as syncobj from "../uapi/drm_syncobj.ts";
import { type Struct, type StructView, VIEW } from "../uapi/struct.ts";
import * as swSync from "../uapi/sw_sync.ts";
import * as syncFile from "../uapi/sync_file.ts";
import { ERRNO } from "../uapi/errno.ts";
import { DrmError } from "./error.ts";
import { EventFd } from "./eventfd.ts";
import type { Fence } from "./fence.ts";
import { SyncFile } from "./sync_file.ts";
import { SyncRig } from "./sync_testing.ts";
import { Wait } from "./wait.ts";

type Request = [cmd: number, struct: Struct<unknown>];

/** Requests of a uapi module with the structs of their arguments, found by name. */
function requests(module: Readonly<Record<string, unknown>>, names: Readonly<Record<string, string>>): Request[] {
  return Object.entries(names).map(([cmd, struct]) => [module[cmd] as number, module[struct] as Struct<unknown>]);
}

const drm = requests(syncobj, {
  DRM_IOCTL_SYNCOBJ_CREATE: "drm_syncobj_create",
  DRM_IOCTL_SYNCOBJ_DESTROY: "drm_syncobj_destroy",
  DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD: "drm_syncobj_handle",
  DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE: "drm_syncobj_handle",
  DRM_IOCTL_SYNCOBJ_WAIT: "drm_syncobj_wait",
  DRM_IOCTL_SYNCOBJ_RESET: "drm_syncobj_array",
  DRM_IOCTL_SYNCOBJ_SIGNAL: "drm_syncobj_array",
  DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT: "drm_syncobj_timeline_wait",
  DRM_IOCTL_SYNCOBJ_QUERY: "drm_syncobj_timeline_array",
  DRM_IOCTL_SYNCOBJ_TRANSFER: "drm_syncobj_transfer",
  DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL: "drm_syncobj_timeline_array",
  DRM_IOCTL_SYNCOBJ_EVENTFD: "drm_syncobj_eventfd",
});
const files = [
  ...requests(syncFile, {
    SYNC_IOC_MERGE: "sync_merge_data",
    SYNC_IOC_FILE_INFO: "sync_file_info",
    SYNC_IOC_SET_DEADLINE: "sync_set_deadline",
  }),
  ...requests(swSync, {
    SW_SYNC_IOC_CREATE_FENCE: "sw_sync_create_fence_data",
    SW_SYNC_GET_DEADLINE: "sw_sync_get_deadline",
  }),
];

// Small numbers are handles, fds, flags, counts and points that mean something; the others are what a hostile client tries.
const value = fc.oneof(
  { weight: 12, arbitrary: fc.nat(8).map(BigInt) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      0x7fff_ffffn,
      0x8000_0000n,
      0xffff_ffffn,
      2n ** 20n,
      2n ** 53n,
      2n ** 63n,
      2n ** 64n - 1n,
    ),
  },
  { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) },
);
const calls = fc.array(
  fc.record({ which: fc.nat(99), values: fc.array(value, { minLength: 8, maxLength: 8 }), wild: fc.nat(9) }),
  {
    maxLength: 60,
  },
);

function fill(
  struct: Struct<unknown>,
  values: readonly bigint[],
  pointer: (name: string) => bigint,
  wild: number,
): StructView {
  const view = struct.of();
  const data = view[VIEW];
  const pad = new Set(["pad", "flags"]);
  struct.fields.forEach((field, i) => {
    let v = values[i % values.length];
    if (wild > 0 && field.name === "pad") v = 0n;
    if (wild > 1 && pad.has(field.name) && v > 15n) v = 0n;
    if (wild > 1 && /^(handles|points|sync_fence_info)$/.test(field.name)) v = pointer(field.name);
    if (field.size === 8) data.setBigUint64(field.offset, v, true);
    else if (field.size === 4) data.setUint32(field.offset, Number(v & 0xffff_ffffn), true);
  });
  return view;
}

Deno.test("any sequence of sync requests gives results and errnos, and leaves nothing behind", () => {
  fc.assert(
    fc.property(calls, (steps) => {
      const rig = new SyncRig();
      const fences: Fence[] = [];
      const open: Wait[] = [];
      const line = rig.task.open("/dev/sw_sync");
      for (let i = 0; i < 2; i++) {
        const fence = rig.fence();
        fences.push(fence);
        rig.task.install(new SyncFile(fence));
      }
      rig.install(new EventFd());
      const handles = rig.handles(1, 2, 1, 3, 2, 1, 4, 1), points = rig.points(0, 1, 2, 3, 2, 5, 8, 1);
      const info = rig.task.alloc(80 * 16);
      const pointer = (name: string): bigint =>
        name === "handles" ? handles : name === "points" ? points.address : info.address;
      const attempt = (fd: number, cmd: number, arg: StructView): void => {
        try {
          const result = rig.task.file(fd).file.ioctl(rig.task, cmd, arg);
          if (result instanceof Wait) open.push(result);
          else assertEquals(result >= 0 || result === -ERRNO.ETIME, true, `result ${result}`);
        } catch (error) {
          if (!(error instanceof DrmError)) throw error;
        }
      };
      for (const { which, values, wild } of steps) {
        if (which < 70) {
          const [cmd, struct] = drm[which % drm.length];
          attempt(rig.card.fd, cmd, fill(struct, values, pointer, wild));
        } else if (which < 90) {
          const [cmd, struct] = files[which % files.length];
          const fd = Number(values[7] % 8n);
          if (rig.task.fds.get(fd) !== undefined) attempt(fd, cmd, fill(struct, values, pointer, wild));
        } else if (which < 93) {
          try {
            line.ioctl(swSync.SW_SYNC_IOC_INC, Uint32Array.of(Number(values[0] & 0xffff_ffffn)));
          } catch (error) {
            if (!(error instanceof DrmError)) throw error;
          }
        } else if (which < 95) fences[which % 2].signal();
        else if (which < 97) open.pop()?.cancel();
        else rig.clock.advance(Number(values[0] % 9n) * 1e9);
      }
      for (const wait of open) wait.cancel();
      rig.task[Symbol.dispose]();
      for (const fence of fences) fence.signal();
      assertEquals([rig.task.fdCount, fences.map((fence) => fence.hasCallbacks), rig.clock.next], [
        0,
        [false, false],
        Infinity,
      ]);
      rig[Symbol.dispose]();
    }),
    { numRuns: 300 },
  );
});

Deno.test("10000 cycles of every object leave no handle, fd or timer behind", () => {
  using rig = new SyncRig();
  const create = syncobj.drm_syncobj_create.of({ flags: 1 }), destroy = syncobj.drm_syncobj_destroy.of({ handle: 1 });
  const shared = syncobj.drm_syncobj_handle.of({ handle: 1 });
  const fence = swSync.sw_sync_create_fence_data.of({ value: 3 });
  const count = rig.task.fdCount;
  for (let i = 0; i < 10_000; i++) {
    const line = rig.task.open("/dev/sw_sync");
    line.ioctl(swSync.SW_SYNC_IOC_CREATE_FENCE, fence);
    rig.card.ioctl(syncobj.DRM_IOCTL_SYNCOBJ_CREATE, create);
    rig.card.ioctl(syncobj.DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, shared);
    assertEquals([create.handle, rig.task.fdCount], [1, count + 3]);
    rig.card.ioctl(syncobj.DRM_IOCTL_SYNCOBJ_DESTROY, destroy);
    for (const fd of [shared.fd, fence.fence, line.fd]) rig.task.close(fd);
  }
  assertEquals([rig.task.fdCount, rig.clock.next], [count, Infinity]);
});
