import { assertEquals, assertNotEquals } from "@std/assert";
import * as uapi from "../../uapi/mod.ts";
import { errnoOfCall, TestKms } from "./testing.ts";

const W = 64, H = 32;

function arg(handle: number, pitch: number, changes: Record<string, unknown> = {}): uapi.View<uapi.drm_mode_fb_cmd2> {
  return uapi.drm_mode_fb_cmd2.of({
    width: W,
    height: H,
    pixel_format: uapi.DRM_FORMAT_XRGB8888,
    handles: [handle],
    pitches: [pitch],
    ...changes,
  });
}

Deno.test("I5 ADDFB2 checks in the kernel's order; each broken rule gives its errno", () => {
  using test = new TestKms({ config: { minWidth: 16, maxWidth: 4096, minHeight: 16, maxHeight: 4096 } });
  const client = test.client();
  const { handle, pitch } = client.dumb(W, H);
  const add = (changes: Record<string, unknown>): string =>
    errnoOfCall(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_ADDFB2, arg(handle, pitch, changes)));
  assertEquals(add({}), "");
  assertEquals(add({ flags: 4 }), "EINVAL");
  assertEquals(add({ width: 15 }), "EINVAL");
  assertEquals(add({ width: 4097 }), "EINVAL");
  assertEquals(add({ height: 4097 }), "EINVAL");
  assertEquals(add({ pixel_format: 0x12345678 }), "EINVAL");
  assertEquals(add({ handles: [0] }), "EINVAL");
  assertEquals(add({ pitches: [pitch - 1] }), "EINVAL");
  assertEquals(add({ offsets: [0xffff_ffff] }), "ERANGE");
  // Known to the kernel, shown by no plane.
  assertEquals(add({ pixel_format: uapi.DRM_FORMAT_RGB565 }), "EINVAL");
  assertEquals(add({ handles: [77] }), "ENOENT");
  assertEquals(add({ height: 4000 }), "EINVAL"); // beyond the buffer
  // The order: range before handle, handle before size.
  assertEquals(add({ handles: [77], offsets: [0xffff_ffff] }), "ERANGE");
  assertEquals(add({ handles: [77], height: 4000 }), "ENOENT");
});

Deno.test("I5 without fbModifiers the flag is EINVAL", () => {
  using test = new TestKms({ config: { fbModifiers: false } });
  const client = test.client();
  const { handle, pitch } = client.dumb(W, H);
  const add = (flags: number): string =>
    errnoOfCall(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_ADDFB2, arg(handle, pitch, { flags })));
  assertEquals(add(0), "");
  assertEquals(add(uapi.DRM_MODE_FB_MODIFIERS), "EINVAL");
});

Deno.test("I6 unused planes must be clear with FB_MODIFIERS only, their modifiers always", () => {
  using test = new TestKms();
  const client = test.client();
  const { handle, pitch } = client.dumb(W, H);
  const add = (changes: Record<string, unknown>): string =>
    errnoOfCall(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_ADDFB2, arg(handle, pitch, changes)));
  assertEquals(add({ handles: [handle, 9], pitches: [pitch, 5], offsets: [0, 3] }), "");
  const flags = uapi.DRM_MODE_FB_MODIFIERS;
  assertEquals(add({ flags }), "");
  assertEquals(add({ flags, handles: [handle, 9] }), "EINVAL");
  assertEquals(add({ flags, pitches: [pitch, 5] }), "EINVAL");
  assertEquals(add({ flags, offsets: [0, 3] }), "EINVAL");
  assertEquals(add({ modifier: [0n, 1n] }), "EINVAL");
  assertEquals(add({ modifier: [1n] }), "EINVAL"); // a modifier without the flag
});

Deno.test("I6 the modifiers of all planes must be equal; multi-plane formats need each plane in its buffer", () => {
  using test = new TestKms({
    formats: [uapi.DRM_FORMAT_XRGB8888, uapi.DRM_FORMAT_NV12],
    config: { fbModifiers: true },
  });
  const client = test.client();
  const { handle, size } = client.dumb(W, H * 2, 8);
  const nv12 = { pixel_format: uapi.DRM_FORMAT_NV12, handles: [handle, handle], pitches: [W, W], offsets: [0, W * H] };
  const add = (changes: Record<string, unknown>): string =>
    errnoOfCall(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_ADDFB2, arg(0, 0, { ...nv12, ...changes })));
  assertEquals(add({}), "");
  assertEquals(add({ flags: uapi.DRM_MODE_FB_MODIFIERS, modifier: [0n, 1n] }), "EINVAL");
  assertEquals(add({ offsets: [0, size - W * H / 2 + 1] }), "EINVAL");
  assertEquals(add({ offsets: [0, size - W * H / 2] }), "");
  assertEquals(add({ pitches: [W, W - 1] }), "EINVAL");
});

Deno.test("I5 every format of the table can be a framebuffer when a plane shows it", () => {
  const linear = uapi.DRM_FORMAT_TABLE.filter((info) => info.char_per_block.every((bytes) => bytes > 0));
  using test = new TestKms({ formats: linear.map((info) => info.format) });
  const client = test.client();
  const { handle } = client.dumb(4096, 256);
  for (const info of linear) {
    const pitches = info.char_per_block.map((_, i) =>
      uapi.drm_format_info_min_pitch(info, i, uapi.drm_format_info_plane_width(info, W, i))
    );
    const make = (pitches: number[]): string =>
      errnoOfCall(() =>
        client.card.ioctl(
          uapi.DRM_IOCTL_MODE_ADDFB2,
          arg(0, 0, { pixel_format: info.format, handles: pitches.map(() => handle), pitches }),
        )
      );
    assertEquals(make(pitches), "", `format 0x${info.format.toString(16)}`);
    assertEquals(make(pitches.map((pitch) => pitch - 1)), "EINVAL", `format 0x${info.format.toString(16)}`);
  }
});

Deno.test("I6b ADDFB knows the pairs of bits and depth, and no others", () => {
  const formats = [uapi.DRM_FORMAT_C8, uapi.DRM_FORMAT_XRGB1555, uapi.DRM_FORMAT_RGB565, uapi.DRM_FORMAT_RGB888];
  formats.push(uapi.DRM_FORMAT_XRGB8888, uapi.DRM_FORMAT_XRGB2101010, uapi.DRM_FORMAT_ARGB8888);
  using test = new TestKms({ formats });
  const client = test.client();
  const { handle } = client.dumb(W, H);
  const pairs: [number, number, number | undefined][] = [
    [8, 8, formats[0]],
    [16, 15, formats[1]],
    [16, 16, formats[2]],
    [24, 24, formats[3]],
    [32, 24, formats[4]],
    [32, 30, formats[5]],
    [32, 32, formats[6]],
    [32, 16, undefined],
    [15, 15, undefined],
  ];
  for (const [bpp, depth, format] of pairs) {
    const add = uapi.drm_mode_fb_cmd.of({ width: W, height: H, pitch: W * 4, bpp, depth, handle });
    const errno = errnoOfCall(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_ADDFB, add));
    assertEquals(errno, format === undefined ? "EINVAL" : "");
    if (format === undefined) continue;
    const get = uapi.drm_mode_fb_cmd2.of({ fb_id: add.fb_id });
    client.card.ioctl(uapi.DRM_IOCTL_MODE_GETFB2, get);
    assertEquals(get.pixel_format, format);
  }
});

Deno.test("I7 a framebuffer keeps its object after GEM_CLOSE", () => {
  using test = new TestKms();
  const client = test.client();
  const id = client.framebuffer(W, H); // closes the handle
  const fb = test.kms.objects.get(id) as unknown as { objects: { references: number; pages: unknown }[] };
  assertEquals(fb.objects[0].references, 1);
  assertNotEquals(fb.objects[0].pages, undefined);
});

Deno.test("I8 RMFB and CLOSEFB of another file's framebuffer are ENOENT; the second time too", () => {
  using test = new TestKms();
  const client = test.client(), other = test.client(false);
  const id = client.framebuffer(W, H);
  const rm = (who: typeof client): string =>
    errnoOfCall(() => who.card.ioctl(uapi.DRM_IOCTL_MODE_RMFB, Uint32Array.of(id)));
  const close = (who: typeof client, pad = 0): string =>
    errnoOfCall(() => who.card.ioctl(uapi.DRM_IOCTL_MODE_CLOSEFB, uapi.drm_mode_closefb.of({ fb_id: id, pad })));
  assertEquals(rm(other), "ENOENT");
  assertEquals(close(other), "ENOENT");
  assertEquals(close(client, 1), "EINVAL");
  assertEquals(rm(client), "");
  assertEquals(rm(client), "ENOENT");
  assertEquals(test.kms.objects.get(id), undefined);
});

Deno.test("I9 RMFB switches planes off and leaves the CRTC on; CLOSEFB leaves all on", () => {
  using test = new TestKms();
  const client = test.client();
  const fb = client.enable();
  const [crtc] = test.kms.crtcs;
  test.takeLog();
  client.card.ioctl(uapi.DRM_IOCTL_MODE_CLOSEFB, uapi.drm_mode_closefb.of({ fb_id: fb }));
  assertEquals(crtc.primary.state.fb?.id, fb);
  assertEquals(test.takeLog(), []);
  const next = client.framebuffer(1024, 768);
  client.atomic({ [crtc.primary.id]: { FB_ID: next } });
  assertEquals(test.kms.objects.get(fb), undefined); // the state held the last reference
  client.frame();
  test.takeLog();
  client.card.ioctl(uapi.DRM_IOCTL_MODE_RMFB, Uint32Array.of(next));
  assertEquals(test.takeLog(), ["disable plane-0", "flush crtc-0"]);
  assertEquals([crtc.primary.state.fb, crtc.primary.state.crtc, crtc.state.active], [undefined, undefined, true]);
});

Deno.test("I9 RMFB switches the CRTC off when the driver wants no CRTC without primary plane", () => {
  using test = new TestKms({
    crtc: {
      atomicCheck: (crtc, draft, state) => {
        if (state.active && draft.framebuffer(crtc.primary) === undefined) {
          draft.refuse("the primary plane has to be on");
        }
      },
    },
  });
  const client = test.client();
  const fb = client.enable();
  client.card.ioctl(uapi.DRM_IOCTL_MODE_RMFB, Uint32Array.of(fb));
  const [crtc] = test.kms.crtcs;
  assertEquals([crtc.state.active, crtc.state.enable, test.kms.connectors[0].state.crtc], [false, false, undefined]);
});

Deno.test("I10 closing the file darkens the screen, also when another master shows its framebuffer", () => {
  using test = new TestKms();
  const client = test.client();
  client.enable();
  const [crtc] = test.kms.crtcs;
  client.process.close(client.card.fd);
  assertEquals([crtc.primary.state.fb, crtc.primary.state.crtc], [undefined, undefined]);
  test.clock.advance(20_000_000);
  const next = test.client(), owner = test.client();
  const theirs = owner.framebuffer(1024, 768);
  next.atomic(next.enableRequest(theirs), uapi.DRM_MODE_ATOMIC_ALLOW_MODESET);
  next.frame(2);
  assertEquals(crtc.primary.state.fb?.id, theirs);
  owner.process.close(owner.card.fd);
  assertEquals(crtc.primary.state.fb, undefined);
});

Deno.test("I11 only a master or an administrator is given handles; planes of one object share one", () => {
  using test = new TestKms({ formats: [uapi.DRM_FORMAT_XRGB8888, uapi.DRM_FORMAT_NV12] });
  const client = test.client(), other = test.client(false), root = test.client(false, { uid: 0 });
  const { handle } = client.dumb(W, H * 2, 8);
  const nv12 = arg(0, 0, {
    pixel_format: uapi.DRM_FORMAT_NV12,
    handles: [handle, handle],
    pitches: [W, W],
    offsets: [0, W * H],
  });
  client.card.ioctl(uapi.DRM_IOCTL_MODE_ADDFB2, nv12);
  const get2 = (who: typeof client): uapi.View<uapi.drm_mode_fb_cmd2> => {
    const get = uapi.drm_mode_fb_cmd2.of({ fb_id: nv12.fb_id });
    who.card.ioctl(uapi.DRM_IOCTL_MODE_GETFB2, get);
    return get;
  };
  const mine = get2(client);
  assertNotEquals(mine.handles[0], handle); // a new one
  assertEquals([...mine.handles], [mine.handles[0], mine.handles[0], 0, 0]);
  assertEquals([...mine.offsets], [0, W * H, 0, 0]);
  assertEquals([...get2(other).handles], [0, 0, 0, 0]);
  assertNotEquals(get2(root).handles[0], 0);
  const get = (id: number): string =>
    errnoOfCall(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_GETFB, uapi.drm_mode_fb_cmd.of({ fb_id: id })));
  assertEquals(get(nv12.fb_id), "EINVAL"); // two planes
  assertEquals(get(client.framebuffer(W, H)), "");
  assertEquals(get(999), "ENOENT");
});

Deno.test("I3 GETRESOURCES lists this file's framebuffers only, as many as fit", () => {
  using test = new TestKms();
  const client = test.client(), other = test.client(false);
  const ids = [client.framebuffer(W, H), client.framebuffer(W, H)];
  const memory = client.process.alloc(8);
  const get = uapi.drm_mode_card_res.of({ fb_id_ptr: memory.address, count_fbs: 1 });
  client.card.ioctl(uapi.DRM_IOCTL_MODE_GETRESOURCES, get);
  assertEquals([get.count_fbs, get.count_crtcs, get.count_connectors, get.count_encoders], [2, 1, 1, 1]);
  assertEquals([...new Uint32Array(memory.bytes.buffer, memory.bytes.byteOffset, 2)], [ids[1], 0]);
  const theirs = uapi.drm_mode_card_res.of();
  other.card.ioctl(uapi.DRM_IOCTL_MODE_GETRESOURCES, theirs);
  assertEquals(theirs.count_fbs, 0);
});

Deno.test("I5 the smaller planes of a format round up: the last odd line and column need their bytes too", () => {
  using test = new TestKms({ formats: [uapi.DRM_FORMAT_NV12] });
  const client = test.client();
  const { handle } = client.dumb(64, 64); // 16 KiB
  const add = (width: number, height: number, pitch: number, offset: number): string =>
    errnoOfCall(() =>
      client.card.ioctl(
        uapi.DRM_IOCTL_MODE_ADDFB2,
        uapi.drm_mode_fb_cmd2.of({
          width,
          height,
          pixel_format: uapi.DRM_FORMAT_NV12,
          handles: [handle, handle],
          pitches: [64, pitch],
          offsets: [0, offset],
        }),
      )
    );
  assertEquals([add(33, 33, 64, 16384 - 16 * 64 - 34), add(33, 33, 64, 16384 - 16 * 64 - 33)], ["", "EINVAL"]);
  assertEquals([add(32, 1, 64, 16384 - 32), add(32, 1, 64, 16384 - 31)], ["", "EINVAL"]);
  // One line, far outside: its colour plane has a line as well.
  assertEquals(add(1, 1, 0x10_0000, 0x10_0000), "EINVAL");
});
