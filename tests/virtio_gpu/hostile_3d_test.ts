import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { DrmError } from "udrm/core/error.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { contextInit, createSyncobj, execArgument, foreignFence, putSyncobjs, putWords, rig3d } from "./rig_3d.ts";

const few = { weight: 1 }, many = { weight: 4 };
const none = { ...many, arbitrary: fc.constant([]) };
const syncobjs = (flags: fc.Arbitrary<number>) =>
  fc.oneof(none, {
    ...few,
    arbitrary: fc.array(fc.record({ handle: fc.integer({ min: 0, max: 3 }), flags, point: fc.bigInt(0n, 2n) }), {
      maxLength: 2,
    }),
  });

const step3d = fc.oneof(
  fc.record({ do: fc.constant("create" as const), size: fc.nat(20000) }),
  fc.record({ do: fc.constant("host blob" as const), size: fc.nat(20000), mem: fc.constantFrom(2, 3), cmd: fc.nat(3) }),
  fc.record({ do: fc.constant("init" as const), rings: fc.nat(3), mask: fc.nat(7) }),
  {
    ...many,
    arbitrary: fc.record({
      do: fc.constant("exec" as const),
      flags: fc.oneof({ ...many, arbitrary: fc.constantFrom(0, 1, 2, 3) }, { ...few, arbitrary: fc.nat(7) }),
      ring_idx: fc.nat(2),
      handles: fc.oneof(none, { ...few, arbitrary: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }) }),
      words: fc.array(fc.nat(), { maxLength: 3 }),
      ins: syncobjs(fc.nat(2)),
      outs: syncobjs(fc.constantFrom(0, 0, 0, 1)),
      interrupt: fc.boolean(),
    }),
  },
  fc.record({ do: fc.constant("transfer" as const), handle: fc.nat(5), from: fc.boolean() }),
  fc.record({ do: fc.constant("caps" as const), id: fc.nat(3), version: fc.nat(3) }),
  fc.record({ do: fc.constant("close" as const), handle: fc.nat(5) }),
  fc.record({ do: fc.constant("signal" as const) }),
  fc.record({ do: fc.constant("release" as const), most: fc.nat(5) }),
  fc.record({ do: fc.constant("answer" as const), nth: fc.nat(8), bytes: fc.uint8Array({ maxLength: 48 }) }),
  fc.record({ do: fc.constant("fence" as const), nth: fc.nat(8), id: fc.bigInt(0n, 40n) }),
);

Deno.test("property: whatever a client with a context does and a device answers, the driver stays whole and ends empty", () => {
  let sent = 0, waited = 0;
  fc.assert(
    fc.property(fc.array(step3d, { maxLength: 60, size: "max" }), (steps) => {
      const t = rig3d({ queueSizes: [16, 4] });
      t.gpu.hold = true;
      for (let i = 0; i < 3; i++) createSyncobj(t.file);
      const foreign = foreignFence(t.file, t.system);
      const waits: { cancel(): void; readonly result: number | undefined }[] = [];
      const ioctl = <T>(cmd: number, arg: T, interrupt = false): void => {
        try {
          const result = t.file.file.ioctl(t.file.process, cmd, arg as uapi.StructView);
          if (typeof result === "number") return;
          waited++;
          waits.push(result);
          if (interrupt) result.cancel();
        } catch (error) {
          assert(error instanceof DrmError, String(error));
        }
      };
      const make = uapi.drm_virtgpu_3d_transfer_to_host;
      for (const s of steps) {
        switch (s.do) {
          case "create":
            ioctl(
              uapi.DRM_IOCTL_VIRTGPU_RESOURCE_CREATE,
              uapi.drm_virtgpu_resource_create.of({ target: 2, format: 1, width: 4, height: 4, size: s.size }),
            );
            break;
          case "host blob":
            ioctl(
              uapi.DRM_IOCTL_VIRTGPU_RESOURCE_CREATE_BLOB,
              uapi.drm_virtgpu_resource_create_blob.of({
                blob_mem: s.mem,
                size: s.size,
                cmd_size: s.cmd * 4,
                cmd: putWords(t.file, 1, 2, 3),
              }),
            );
            break;
          case "init":
            try {
              contextInit(
                t.file,
                [uapi.VIRTGPU_CONTEXT_PARAM_NUM_RINGS, s.rings],
                [uapi.VIRTGPU_CONTEXT_PARAM_POLL_RINGS_MASK, s.mask],
              );
            } catch (error) {
              assert(error instanceof DrmError);
            }
            break;
          case "exec":
            ioctl(
              uapi.DRM_IOCTL_VIRTGPU_EXECBUFFER,
              execArgument(t.file, s.words, {
                flags: s.flags,
                ring_idx: s.ring_idx,
                fence_fd: foreign.fd,
                num_bo_handles: s.handles.length,
                bo_handles: putWords(t.file, ...s.handles),
                syncobj_stride: 16,
                num_in_syncobjs: s.ins.length,
                in_syncobjs: putSyncobjs(t.file, ...s.ins),
                num_out_syncobjs: s.outs.length,
                out_syncobjs: putSyncobjs(t.file, ...s.outs),
              }),
              s.interrupt,
            );
            break;
          case "transfer": {
            const cmd = s.from ? uapi.DRM_IOCTL_VIRTGPU_TRANSFER_FROM_HOST : uapi.DRM_IOCTL_VIRTGPU_TRANSFER_TO_HOST;
            ioctl(cmd, make.of({ bo_handle: s.handle }));
            break;
          }
          case "caps": {
            const { address } = t.file.process.alloc(64);
            ioctl(
              uapi.DRM_IOCTL_VIRTGPU_GET_CAPS,
              uapi.drm_virtgpu_get_caps.of({ cap_set_id: s.id, cap_set_ver: s.version, addr: address, size: 64 }),
            );
            break;
          }
          case "close":
            ioctl(uapi.DRM_IOCTL_GEM_CLOSE, uapi.drm_gem_close.of({ handle: s.handle }));
            break;
          case "signal":
            foreign.fence.signal();
            break;
          case "release":
            while (t.fake.held > 0 && s.most-- > 0) {
              t.fake.complete(new Uint8Array([0, 0x11, 0, 0, ...new Uint8Array(20)]));
            }
            break;
          case "answer":
            if (s.nth < t.fake.held) t.fake.complete(s.bytes, s.nth);
            break;
          case "fence": {
            const header = uapi.virtio_gpu_ctrl_hdr.of({ type: 0x1100, flags: 1, fence_id: s.id });
            if (s.nth < t.fake.held) t.fake.complete(uapi.virtio_gpu_ctrl_hdr.bytes(header), s.nth);
          }
        }
      }
      sent += t.gpu.names().filter((name) => name === "SUBMIT_3D").length;
      for (const wait of waits) wait.cancel();
      t.file.close();
      t.gpu.hold = false;
      while (t.fake.held > 0) t.fake.complete();
      assertEquals([t.driver.queue.pending, t.driver.resources.count, t.driver.contexts.count], [0, 0, 0]);
      t.system[Symbol.dispose]();
      assertEquals(t.driver.device.memory.count, 0);
    }),
    { numRuns: 300 },
  );
  assert(sent > 200 && waited > 50, `${sent} submissions, ${waited} waits: the generator tests one side only`);
});

Deno.test("property: random arguments on every VIRTGPU request of a device with 3D give an errno of the kernel's", () => {
  using t = rig3d();
  const known = new Set(["EINVAL", "ENOENT", "EFAULT", "ENOSPC", "ENOMEM", "EEXIST", "EALREADY"]);
  const table = t.device.table.entries;
  fc.assert(
    fc.property(
      fc.nat(table.length - 1),
      fc.uint8Array({ minLength: 64, maxLength: 64 }),
      fc.boolean(),
      (index, random, small) => {
        const { cmd, struct } = table[index];
        const bytes = random.slice(0, struct?.size ?? 0);
        if (small) { for (let i = 0; i < bytes.length; i++) bytes[i] = i % 4 === 0 ? bytes[i] & 3 : 0; }
        const view = new DataView(bytes.buffer);
        // Sizes of objects stay small, or the test would be about memory.
        if (cmd === uapi.DRM_IOCTL_VIRTGPU_RESOURCE_CREATE) view.setUint32(48, random[0] * 100, true);
        try {
          const result = t.file.file.ioctl(t.file.process, cmd, bytes);
          if (typeof result === "object") result.cancel();
          else assert(result === 0 || result === -16);
        } catch (error) {
          assert(error instanceof DrmError && known.has(error.code), String(error));
        }
        if ([...t.device.files][0].objects.count > 50) {
          for (let handle = 1; handle <= 60; handle++) {
            try {
              t.card.closeHandle(handle);
            } catch (error) {
              assert(error instanceof DrmError);
            }
          }
        }
      },
    ),
    { numRuns: 3000 },
  );
});
