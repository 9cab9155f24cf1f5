import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { DrmError } from "udrm/core/error.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { createBlob, createResource, rig, transferToHost } from "./rig.ts";

/** What a client does, and what a hostile device answers in between. */
const step = fc.oneof(
  fc.record({ do: fc.constant("create" as const), size: fc.nat(20000), format: fc.nat(200) }),
  fc.record({ do: fc.constant("blob" as const), size: fc.nat(20000) }),
  fc.record({ do: fc.constant("transfer" as const), handle: fc.nat(6), x: fc.nat(), w: fc.nat(), offset: fc.nat() }),
  fc.record({ do: fc.constant("close" as const), handle: fc.nat(6) }),
  fc.record({ do: fc.constant("wait" as const), handle: fc.nat(6) }),
  fc.record({ do: fc.constant("answer" as const), nth: fc.nat(8), bytes: fc.uint8Array({ maxLength: 48 }) }),
  fc.record({
    do: fc.constant("fence" as const),
    nth: fc.nat(8),
    id: fc.bigInt({ min: 0n, max: 40n }),
    type: fc.constantFrom(0x1100, 0x1101, 0x1200, 0x1205, 0, 0xffffffff),
  }),
);

Deno.test("property: whatever a device answers, in whatever order, the driver stays whole and ends empty", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const t = rig({ features: [uapi.VIRTIO_GPU_F_RESOURCE_BLOB], queueSizes: [16, 4] });
      t.gpu.hold = true;
      const attempt = (action: () => unknown): void => {
        try {
          action();
        } catch (error) {
          assert(
            error instanceof DrmError || error instanceof TypeError && /has to wait/.test(error.message),
            String(error),
          );
        }
      };
      for (const s of steps) {
        switch (s.do) {
          case "create":
            attempt(() => createResource(t.file, { size: s.size, format: s.format }));
            break;
          case "blob":
            attempt(() => createBlob(t.file, { size: s.size }));
            break;
          case "transfer":
            attempt(() => transferToHost(t.file, s.handle, { x: s.x, w: s.w }, s.offset));
            break;
          case "close":
            attempt(() => t.card.closeHandle(s.handle));
            break;
          case "wait":
            attempt(() => {
              const arg = uapi.drm_virtgpu_3d_wait.of({ handle: s.handle, flags: uapi.VIRTGPU_WAIT_NOWAIT });
              return t.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_WAIT, arg);
            });
            break;
          case "answer":
            if (s.nth < t.fake.held) t.fake.complete(s.bytes, s.nth);
            break;
          case "fence": {
            const header = uapi.virtio_gpu_ctrl_hdr.of({ type: s.type, flags: 1, fence_id: s.id });
            if (s.nth < t.fake.held) t.fake.complete(uapi.virtio_gpu_ctrl_hdr.bytes(header), s.nth);
          }
        }
      }
      t.file.close();
      t.gpu.hold = false;
      while (t.fake.held > 0) t.fake.complete();
      assertEquals([t.driver.queue.pending, t.driver.resources.count], [0, 0]);
      t.system[Symbol.dispose]();
      assertEquals(t.driver.device.memory.count, 0);
    }),
    { numRuns: 300 },
  );
});

Deno.test("property: random arguments on every VIRTGPU request give an errno of the kernel's", () => {
  using t = rig({ features: [uapi.VIRTIO_GPU_F_RESOURCE_BLOB, uapi.VIRTIO_GPU_F_RESOURCE_UUID] });
  const table = t.device.table.entries;
  const known = new Set(["EINVAL", "ENOENT", "ENOSYS", "EFAULT", "ENOSPC", "ENOMEM"]);
  fc.assert(
    fc.property(
      fc.nat(table.length - 1),
      fc.uint8Array({ minLength: 64, maxLength: 64 }),
      fc.boolean(),
      (index, random, small) => {
        const { cmd, struct } = table[index];
        const bytes = random.slice(0, struct?.size ?? 0);
        // Half of the time small numbers, which get further.
        if (small) { for (let i = 0; i < bytes.length; i++) bytes[i] = i % 4 === 0 ? bytes[i] & 3 : 0; }
        // Sizes of objects stay small, or the test would be about memory.
        if (cmd === uapi.DRM_IOCTL_VIRTGPU_RESOURCE_CREATE) {
          new DataView(bytes.buffer).setUint32(
            48,
            random[0] * 100,
            true,
          );
        }
        try {
          const result = t.file.ioctl(cmd, bytes);
          assert(result === 0 || result === -16);
        } catch (error) {
          assert(error instanceof DrmError && known.has(error.code), String(error));
        }
        if ([...t.device.files][0].objects.count > 50) {
          for (let h = 1; h <= 60; h++) {
            try {
              t.card.closeHandle(h);
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
