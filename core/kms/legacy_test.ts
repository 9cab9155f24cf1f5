import { assertEquals, assertNotEquals } from "@std/assert";
import * as uapi from "../../uapi/mod.ts";
import { errnoOfCall, TEST_MODE, type TestClient, TestKms, type TestKmsOptions } from "./testing.ts";

function on(
  options?: TestKmsOptions,
): { test: TestKms; client: TestClient; fb: number; crtc: TestKms["kms"]["crtcs"][number]; [Symbol.dispose](): void } {
  const test = new TestKms(options);
  const client = test.client();
  const fb = client.enable();
  test.takeLog();
  return { test, client, fb, crtc: test.kms.crtcs[0], [Symbol.dispose]: () => test[Symbol.dispose]() };
}

Deno.test("J18 PAGE_FLIP: each broken rule gives its errno", () => {
  using setup = on();
  const { test, client, crtc, fb } = setup;
  const flip = (init: Parameters<typeof uapi.drm_mode_crtc_page_flip.of>[0]): string =>
    errnoOfCall(() =>
      client.card.ioctl(
        uapi.DRM_IOCTL_MODE_PAGE_FLIP,
        uapi.drm_mode_crtc_page_flip.of({ crtc_id: crtc.id, fb_id: fb, ...init }),
      )
    );
  assertEquals(flip({ flags: uapi.DRM_MODE_PAGE_FLIP_EVENT, user_data: 9n }), "");
  assertEquals(flip({}), "EBUSY"); // the last flip is pending
  client.frame();
  const [event] = client.events();
  assertEquals([event.user_data, event.crtc_id, event.base.type], [9n, crtc.id, uapi.DRM_EVENT_FLIP_COMPLETE]);
  assertEquals(flip({ flags: 0x10 }), "EINVAL");
  assertEquals(flip({ reserved: 1 }), "EINVAL");
  assertEquals(flip({ flags: uapi.DRM_MODE_PAGE_FLIP_TARGET }), "EINVAL");
  assertEquals(flip({ flags: uapi.DRM_MODE_PAGE_FLIP_ASYNC }), "EINVAL");
  assertEquals(flip({ flags: uapi.DRM_MODE_PAGE_FLIP_TARGET_RELATIVE, reserved: 1 }), "EINVAL"); // no targets here
  assertEquals(flip({ crtc_id: 999 }), "ENOENT");
  assertEquals(flip({ fb_id: 999 }), "ENOENT");
  assertEquals(flip({ fb_id: client.framebuffer(1024, 768, uapi.DRM_FORMAT_ARGB8888) }), "EINVAL");
  assertEquals(flip({ fb_id: client.framebuffer(1024, 767) }), "ENOSPC");
  assertEquals(flip({}), "");
  client.frame();
  client.atomic({ [crtc.primary.id]: { FB_ID: 0, CRTC_ID: 0 } });
  assertEquals(flip({}), "EBUSY"); // no framebuffer bound
  void test;
});

Deno.test("J18 PAGE_FLIP with a target comes at that frame; far ones are EINVAL", () => {
  using setup = on({ config: { pageFlipTarget: true } });
  const { client, crtc, fb } = setup;
  const flip = (flags: number, sequence: number): string =>
    errnoOfCall(() =>
      client.card.ioctl(
        uapi.DRM_IOCTL_MODE_PAGE_FLIP,
        uapi.drm_mode_crtc_page_flip.of({ crtc_id: crtc.id, fb_id: fb, flags: flags | 1, reserved: sequence }),
      )
    );
  const count = crtc.vblank.count;
  assertEquals(flip(uapi.DRM_MODE_PAGE_FLIP_TARGET_ABSOLUTE, count + 2), "EINVAL");
  assertEquals(flip(uapi.DRM_MODE_PAGE_FLIP_TARGET_RELATIVE, 2), "EINVAL");
  assertEquals(flip(uapi.DRM_MODE_PAGE_FLIP_TARGET_ABSOLUTE, count + 1), "");
  client.frame();
  assertEquals(client.events().map((event) => event.sequence), [count + 1]);
});

Deno.test("J19 SETCRTC: each broken rule gives its errno; the good one takes the atomic path", () => {
  using test = new TestKms();
  const client = test.client(false);
  const fb = client.framebuffer(1024, 768);
  const [crtc] = test.kms.crtcs, [connector] = test.kms.connectors;
  const memory = client.process.alloc(8);
  new Uint32Array(memory.bytes.buffer, memory.bytes.byteOffset, 2).set([connector.id, connector.id]);
  const info = uapi.drm_mode_modeinfo.of();
  TEST_MODE.store(info);
  const set = (changes: Record<string, unknown>): string =>
    errnoOfCall(() =>
      client.card.ioctl(
        uapi.DRM_IOCTL_MODE_SETCRTC,
        uapi.drm_mode_crtc.of({
          crtc_id: crtc.id,
          fb_id: fb,
          count_connectors: 1,
          set_connectors_ptr: memory.address,
          mode_valid: 1,
          mode: info,
          ...changes,
        }),
      )
    );
  assertEquals(set({ fb_id: 0xffff_ffff }), "EINVAL"); // nothing to keep
  assertEquals(set({ x: 0x10000 }), "ERANGE");
  assertEquals(set({ crtc_id: 999 }), "ENOENT");
  assertEquals(set({ fb_id: 999 }), "ENOENT");
  assertEquals(set({ x: 1 }), "ENOSPC");
  assertEquals(set({ count_connectors: 0 }), "EINVAL");
  assertEquals(set({ mode_valid: 0 }), "EINVAL");
  assertEquals(set({ count_connectors: 2 }), "EINVAL"); // more than there are
  assertEquals(set({ set_connectors_ptr: 8n }), "EFAULT");
  new Uint32Array(memory.bytes.buffer, memory.bytes.byteOffset, 2).set([fb]);
  assertEquals(set({}), "ENOENT");
  new Uint32Array(memory.bytes.buffer, memory.bytes.byteOffset, 2).set([connector.id]);
  assertEquals(set({ mode: { clock: 0 } }), "EINVAL");
  assertEquals(test.takeLog(), []);
  assertEquals(set({}), "");
  assertEquals(test.takeLog(), [
    `update plane-0 fb ${fb} damage 0,0-1024,768`,
    "flush crtc-0",
    "enable crtc-0 1024x768",
  ]);
  client.frame(2);
  assertEquals(set({ fb_id: 0xffff_ffff }), "");
  client.frame(2);
  const get = uapi.drm_mode_crtc.of({ crtc_id: crtc.id });
  client.card.ioctl(uapi.DRM_IOCTL_MODE_GETCRTC, get);
  assertEquals([get.fb_id, get.mode_valid, get.mode.hdisplay, get.mode.vrefresh], [fb, 1, 1024, 60]);
  const encoder = uapi.drm_mode_get_encoder.of({ encoder_id: test.kms.encoders[0].id });
  client.card.ioctl(uapi.DRM_IOCTL_MODE_GETENCODER, encoder);
  assertEquals([encoder.crtc_id, encoder.possible_crtcs, encoder.possible_clones], [crtc.id, 1, 1]);
  const objects = test.kms.objects.count;
  assertEquals(set({ mode_valid: 0, count_connectors: 0, fb_id: 0 }), "");
  assertEquals([crtc.state.enable, crtc.vblank.enabled, test.kms.objects.count], [false, false, objects - 1]); // the mode's blob
});

Deno.test("J19 SETCRTC takes a connector away from its other CRTC, which goes off", () => {
  using test = new TestKms({ pipes: 2, connector: {} });
  for (const encoder of test.kms.encoders) Object.assign(encoder, { possibleCrtcs: 3 });
  const client = test.client();
  client.enable(0);
  const [a, b] = test.kms.crtcs, [connector] = test.kms.connectors;
  const memory = client.process.heap.from(new Uint8Array(Uint32Array.of(connector.id).buffer));
  const info = uapi.drm_mode_modeinfo.of();
  TEST_MODE.store(info);
  const set = uapi.drm_mode_crtc.of({
    crtc_id: b.id,
    fb_id: client.framebuffer(1024, 768),
    count_connectors: 1,
    set_connectors_ptr: memory.address,
    mode_valid: 1,
    mode: info,
  });
  assertEquals(client.card.ioctl(uapi.DRM_IOCTL_MODE_SETCRTC, set), 0);
  assertEquals([a.state.enable, a.state.active, b.state.active, connector.state.crtc], [false, false, true, b]);
});

Deno.test("J20 CURSOR makes a hidden framebuffer, MOVE keeps it, handle 0 hides it; never EBUSY", () => {
  using setup = on();
  const { test, client, crtc, fb } = setup;
  const cursor = (init: Parameters<typeof uapi.drm_mode_cursor2.of>[0]): string =>
    errnoOfCall(() =>
      client.card.ioctl(
        uapi.DRM_IOCTL_MODE_CURSOR2,
        uapi.drm_mode_cursor2.of({ crtc_id: crtc.id, width: 64, height: 64, ...init }),
      )
    );
  const { handle } = client.dumb(64, 64);
  const objects = test.kms.objects.count;
  client.card.ioctl(uapi.DRM_IOCTL_MODE_PAGE_FLIP, uapi.drm_mode_crtc_page_flip.of({ crtc_id: crtc.id, fb_id: fb }));
  assertEquals(cursor({ flags: 3, handle, x: -5, y: 7, hot_x: 2, hot_y: 3 }), "");
  const plane = crtc.cursor;
  const state = () => plane?.state;
  assertEquals([state()?.crtcX, state()?.crtcY, state()?.hotspotX, state()?.fb?.format], [
    -5,
    7,
    2,
    uapi.DRM_FORMAT_ARGB8888,
  ]);
  const shown = state()?.fb;
  assertEquals(cursor({ flags: uapi.DRM_MODE_CURSOR_MOVE, x: 20, y: 30 }), "");
  assertEquals([state()?.fb, state()?.crtcX], [shown, 20]);
  assertEquals(test.kms.objects.count, objects + 1);
  const list = uapi.drm_mode_card_res.of();
  client.card.ioctl(uapi.DRM_IOCTL_MODE_GETRESOURCES, list);
  assertEquals(list.count_fbs, 1); // hidden
  // The flip is still pending for those who do wait.
  const flip = uapi.drm_mode_crtc_page_flip.of({ crtc_id: crtc.id, fb_id: fb });
  assertEquals(client.card.ioctl(uapi.DRM_IOCTL_MODE_PAGE_FLIP, flip), -16);
  assertEquals(cursor({ flags: 1, handle: 0 }), "");
  assertEquals([state()?.fb, test.kms.objects.count], [undefined, objects]);
  assertEquals(cursor({ flags: 0 }), "EINVAL");
  assertEquals(cursor({ flags: 4 }), "EINVAL");
  assertEquals(cursor({ flags: 1, handle: 99 }), "ENOENT");
  assertEquals(cursor({ flags: 1, handle, crtc_id: 999 }), "ENOENT");
  assertEquals(cursor({ flags: 1, handle, width: 0 }), "EINVAL");
  using none = new TestKms({ cursor: false });
  const bare = (flags: number): string =>
    errnoOfCall(() =>
      none.client().card.ioctl(
        uapi.DRM_IOCTL_MODE_CURSOR,
        uapi.drm_mode_cursor.of({ flags, crtc_id: none.kms.crtcs[0].id }),
      )
    );
  assertEquals([bare(1)], ["ENXIO"]);
});

Deno.test("J21 DIRTYFB: ENOSYS without hook; clips and count agree; pairs; at most 256; damage reaches the plane", () => {
  using setup = on({ config: { dirtyFb: true } });
  const { test, client, fb } = setup;
  const memory = client.process.alloc(8 * 257);
  new Uint16Array(memory.bytes.buffer, memory.bytes.byteOffset, 8).set([1, 2, 30, 40, 5, 6, 70, 80]);
  const dirty = (init: Parameters<typeof uapi.drm_mode_fb_dirty_cmd.of>[0]): string =>
    errnoOfCall(() =>
      client.card.ioctl(uapi.DRM_IOCTL_MODE_DIRTYFB, uapi.drm_mode_fb_dirty_cmd.of({ fb_id: fb, ...init }))
    );
  assertEquals(dirty({ fb_id: 999 }), "ENOENT");
  assertEquals(dirty({ num_clips: 1 }), "EINVAL");
  assertEquals(dirty({ clips_ptr: memory.address }), "EINVAL");
  assertEquals(dirty({ num_clips: 257, clips_ptr: memory.address }), "EINVAL");
  assertEquals(dirty({ num_clips: 1, clips_ptr: memory.address, flags: 1 }), "EINVAL");
  assertEquals(dirty({ num_clips: 1, clips_ptr: 8n }), "EFAULT");
  assertEquals(test.takeLog(), []);
  assertEquals(dirty({ num_clips: 2, clips_ptr: memory.address }), "");
  assertEquals(test.takeLog()[0], `update plane-0 fb ${fb} damage 1,2-70,80`);
  client.frame();
  assertEquals(dirty({}), "");
  assertEquals(test.takeLog()[0], `update plane-0 fb ${fb} damage 0,0-1024,768`);
  client.frame();
  assertEquals(dirty({ fb_id: client.framebuffer(8, 8) }), ""); // shown nowhere
  assertEquals(test.takeLog(), []);
  using none = on();
  assertEquals(
    errnoOfCall(() =>
      none.client.card.ioctl(uapi.DRM_IOCTL_MODE_DIRTYFB, uapi.drm_mode_fb_dirty_cmd.of({ fb_id: none.fb }))
    ),
    "ENOSYS",
  );
});

Deno.test("SETPLANE places an overlay, and takes it away; each broken rule gives its errno", () => {
  using setup = on({ overlay: true });
  const { test, client, crtc } = setup;
  const overlay = test.kms.planes[1];
  const fb = client.framebuffer(64, 64);
  const set = (init: Parameters<typeof uapi.drm_mode_set_plane.of>[0]): string =>
    errnoOfCall(() =>
      client.card.ioctl(
        uapi.DRM_IOCTL_MODE_SETPLANE,
        uapi.drm_mode_set_plane.of({
          plane_id: overlay.id,
          crtc_id: crtc.id,
          fb_id: fb,
          crtc_x: -8,
          crtc_w: 64,
          crtc_h: 64,
          src_w: 64 << 16,
          src_h: 64 << 16,
          ...init,
        }),
      )
    );
  assertEquals(set({ plane_id: 999 }), "ENOENT");
  assertEquals(set({ fb_id: 999 }), "ENOENT");
  assertEquals(set({ crtc_id: 999 }), "ENOENT");
  assertEquals(set({ crtc_w: 0x8000_0000 }), "ERANGE");
  assertEquals(set({ src_w: 65 << 16 }), "ENOSPC");
  assertEquals(set({}), "");
  assertEquals([overlay.state.visible, overlay.state.src.x1, overlay.state.dst.x2], [true, 8 << 16, 56]);
  client.frame();
  const get = uapi.drm_mode_get_plane.of({ plane_id: overlay.id });
  client.card.ioctl(uapi.DRM_IOCTL_MODE_GETPLANE, get);
  assertEquals([get.fb_id, get.crtc_id, get.possible_crtcs, get.count_format_types], [fb, crtc.id, 1, 2]);
  assertEquals(set({ fb_id: 0 }), "");
  assertEquals(overlay.state.crtc, undefined);
});

Deno.test("DPMS by the legacy property switches the CRTC's ACTIVE; GETCONNECTOR follows atomic clients", () => {
  using setup = on();
  const { test, client, crtc } = setup;
  const [connector] = test.kms.connectors;
  const set = (value: bigint): number =>
    client.card.ioctl(
      uapi.DRM_IOCTL_MODE_SETPROPERTY,
      uapi.drm_mode_connector_set_property.of({
        connector_id: connector.id,
        prop_id: client.property(connector.id, "DPMS"),
        value,
      }),
    );
  assertEquals(set(BigInt(uapi.DRM_MODE_DPMS_STANDBY)), 0);
  assertEquals([crtc.state.active, crtc.state.enable, client.value(connector.id, "DPMS")], [false, true, 3n]);
  assertEquals(set(0n), 0);
  assertEquals([crtc.state.active, client.value(connector.id, "DPMS")], [true, 0n]);
  client.frame(2);
  client.atomic({ [crtc.id]: { ACTIVE: 0 } }, uapi.DRM_MODE_ATOMIC_ALLOW_MODESET);
  assertEquals(client.value(connector.id, "DPMS"), 3n);
});

Deno.test("gamma: ENOSYS without table, EINVAL for another size, and GAMMA_LUT with one", () => {
  using setup = on();
  const lut = (
    setup: { client: TestClient; crtc: { id: number } },
    size: number,
    cmd = uapi.DRM_IOCTL_MODE_SETGAMMA,
  ): string => {
    const memory = setup.client.process.alloc(size * 2);
    memory.bytes.fill(0x11);
    const arg = uapi.drm_mode_crtc_lut.of({
      crtc_id: setup.crtc.id,
      gamma_size: size,
      red: memory.address,
      green: memory.address,
      blue: memory.address,
    });
    return errnoOfCall(() => setup.client.card.ioctl(cmd, arg));
  };
  assertEquals(lut(setup, 256), "ENOSYS");
  assertEquals(lut(setup, 0, uapi.DRM_IOCTL_MODE_GETGAMMA), "");
  assertEquals(lut(setup, 256, uapi.DRM_IOCTL_MODE_GETGAMMA), "EINVAL");
  using other = on({ crtc: { gammaSize: 256 } });
  assertEquals(lut(other, 255), "EINVAL");
  assertEquals(lut(other, 256), "");
  assertNotEquals(other.client.value(other.crtc.id, "GAMMA_LUT"), 0n);
  assertEquals(other.crtc.state.gammaLut?.length, 256 * 8);
  assertEquals(other.client.value(other.crtc.id, "GAMMA_LUT_SIZE"), 256n);
});
