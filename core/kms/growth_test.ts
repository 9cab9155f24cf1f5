import { assertEquals } from "@std/assert";
import fc from "fast-check";
import * as uapi from "../../uapi/mod.ts";
import { DrmError } from "../error.ts";
import { Wait } from "../wait.ts";
import { kmsIoctls } from "./ioctls.ts";
import { TEST_MODE, TestKms } from "./testing.ts";

Deno.test("10^4 framebuffers and blobs made and dropped leave no id, no reference and no memory", () => {
  using test = new TestKms();
  const client = test.client();
  const { handle, pitch } = client.dumb(64, 64);
  const object = [...test.device.files][0].objects.get(handle);
  const before = [test.kms.objects.count, object?.references, test.kms.blobRoom];
  const add = uapi.drm_mode_fb_cmd2.of({
    width: 64,
    height: 64,
    pixel_format: uapi.DRM_FORMAT_XRGB8888,
    handles: [handle],
    pitches: [pitch],
  });
  const buffer = client.process.heap.alloc(64);
  const blob = uapi.drm_mode_create_blob.of({ data: buffer.address, length: 64 });
  const id = Uint32Array.of(0);
  const destroy = uapi.drm_mode_destroy_blob.of();
  for (let i = 0; i < 10_000; i++) {
    client.card.ioctl(uapi.DRM_IOCTL_MODE_ADDFB2, add);
    client.card.ioctl(uapi.DRM_IOCTL_MODE_CREATEPROPBLOB, blob);
    id[0] = add.fb_id;
    destroy.blob_id = blob.blob_id;
    client.card.ioctl(uapi.DRM_IOCTL_MODE_RMFB, id);
    client.card.ioctl(uapi.DRM_IOCTL_MODE_DESTROYPROPBLOB, destroy);
  }
  assertEquals([test.kms.objects.count, object?.references, test.kms.blobRoom], before);
});

Deno.test("10^4 flips with events and fences leave no fd, no event space and no object behind", () => {
  using test = new TestKms();
  const client = test.client();
  const fbs = [client.enable(), client.framebuffer(1024, 768)];
  const [crtc] = test.kms.crtcs;
  const memory = client.process.alloc(4);
  const fd = new Int32Array(memory.bytes.buffer, memory.bytes.byteOffset, 1);
  const args = fbs.map((fb) =>
    client.atomicArg(
      { [crtc.primary.id]: { FB_ID: fb }, [crtc.id]: { OUT_FENCE_PTR: memory.address } },
      uapi.DRM_MODE_ATOMIC_NONBLOCK | uapi.DRM_MODE_PAGE_FLIP_EVENT,
    )
  );
  const file = [...test.device.files][0];
  const before = [test.kms.objects.count, client.process.fdCount, file.events.space, test.kms.objects.get(fbs[0])];
  for (let i = 0; i < 10_000; i++) {
    assertEquals(client.card.ioctl(uapi.DRM_IOCTL_MODE_ATOMIC, args[(i + 1) & 1]), 0);
    client.process.close(fd[0]);
    client.frame();
    client.events();
  }
  assertEquals(
    [test.kms.objects.count, client.process.fdCount, file.events.space, test.kms.objects.get(fbs[0])],
    before,
  );
});

Deno.test("closing a file in the midst of everything gives everything back", () => {
  using test = new TestKms();
  const count = test.kms.objects.count;
  for (let i = 0; i < 100; i++) {
    const client = test.client();
    client.enable();
    const [crtc] = test.kms.crtcs;
    const flags = uapi.DRM_MODE_ATOMIC_NONBLOCK | uapi.DRM_MODE_PAGE_FLIP_EVENT;
    client.atomic({ [crtc.primary.id]: { FB_ID: client.framebuffer(1024, 768) } }, flags);
    client.blob(new Uint8Array(100));
    client.process[Symbol.dispose]();
    client.frame(2);
  }
  // The last mode is still set: its blob lives on in the CRTC's state.
  assertEquals([test.kms.objects.count, test.device.files.size, test.clock.next], [count + 1, 0, Infinity]);
});

Deno.test("closing a file drops the events that it still waited for", () => {
  using test = new TestKms();
  const master = test.client();
  master.enable();
  for (let i = 0; i < 10; i++) {
    const client = test.client(false);
    const arg = uapi.drm_wait_vblank.of();
    arg.request.type = uapi._DRM_VBLANK_EVENT | uapi._DRM_VBLANK_RELATIVE;
    arg.request.sequence = 1_000_000;
    client.card.ioctl(uapi.DRM_IOCTL_WAIT_VBLANK, arg);
    client.process[Symbol.dispose]();
  }
  assertEquals(test.clock.next, Infinity);
});

Deno.test("no bytes in any request of the table make it fail with anything but an errno", () => {
  const entries = kmsIoctls();
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          entry: fc.integer({ min: 0, max: entries.length - 1 }),
          // Words that mean something (ids, flags, small counts) among any others.
          words: fc.array(
            fc.oneof(
              fc.integer({ min: 0, max: 60 }),
              fc.integer({ min: 0, max: 0xffff_ffff }),
              fc.constant(0xffff_ffff),
              fc.constant(0),
            ),
            {
              minLength: 26,
              maxLength: 26,
            },
          ),
          pointers: fc.boolean(),
        }),
        { minLength: 1, maxLength: 12 },
      ),
      (calls) => {
        using test = new TestKms({
          overlay: true,
          config: { dirtyFb: true, asyncPageFlip: true, pageFlipTarget: true },
          crtc: { gammaSize: 16 },
        });
        const client = test.client();
        client.enable();
        client.dumb(64, 64);
        const memory = client.process.alloc(8192);
        new Uint32Array(memory.bytes.buffer, memory.bytes.byteOffset, 2048).fill(33);
        for (const { entry: index, words, pointers } of calls) {
          const entry = entries[index];
          const size = uapi._IOC_SIZE(entry.cmd);
          const bytes = new Uint8Array(Uint32Array.from(words).buffer).slice(0, size);
          const view = new DataView(bytes.buffer);
          if (pointers) {
            for (const field of entry.struct?.fields ?? []) {
              if (field.kind === "u64" && field.offset + 8 <= size) {
                view.setBigUint64(field.offset, memory.address, true);
              }
            }
          }
          try {
            const result = client.card.file.ioctl(client.process, entry.cmd, bytes);
            if (result instanceof Wait) result.cancel();
          } catch (error) {
            if (!(error instanceof DrmError)) throw error;
          }
          test.clock.advance(TEST_MODE.frameTime);
        }
        client.process[Symbol.dispose]();
        test.clock.advance(100 * TEST_MODE.frameTime);
        return test.clock.next === Infinity;
      },
    ),
    { numRuns: 300 },
  );
});
