/** ADDFB and ADDFB2 on a device without modifiers, framebuffers of 32 to 8192 pixels. After igt's kms_addfb_basic. */
import { assert, assertEquals } from "@std/assert";
import * as uapi from "udrm/uapi/mod.ts";
import { outcome } from "./client.ts";
import { type KmsClient, KmsMachine } from "./kms_client.ts";

type Init = Parameters<typeof uapi.drm_mode_fb_cmd2.of>[0];

function setup(): { machine: KmsMachine; client: KmsClient; good: NonNullable<Init>; [Symbol.dispose](): void } {
  const machine = new KmsMachine();
  const client = machine.client();
  const { handle } = client.dumb(1024, 1024);
  const good = {
    width: 1024,
    height: 1024,
    pixel_format: uapi.DRM_FORMAT_XRGB8888,
    handles: [handle],
    pitches: [1024 * 4],
  };
  return { machine, client, good, [Symbol.dispose]: () => machine[Symbol.dispose]() };
}

const isId = (value: number | string): boolean => typeof value === "number" && value > 0;

Deno.test("addfb: unused handles, pitches and offsets may hold anything without the modifiers flag; modifiers may not", () => {
  using s = setup();
  const { client, good } = s;
  const [handle] = good.handles as number[];
  assert(isId(client.addFb({ ...good, handles: [handle, 0xffff] })));
  assert(isId(client.addFb({ ...good, pitches: [4096, 0, 5] })));
  assert(isId(client.addFb({ ...good, offsets: [0, 0, 0, 77] })));
  for (let i = 0; i < 4; i++) {
    const modifier = [0n, 0n, 0n, 0n];
    modifier[i] = uapi.DRM_FORMAT_MOD_INVALID;
    assertEquals(client.addFb({ ...good, modifier }), "EINVAL");
  }
  assertEquals(client.addFb({ ...good, flags: uapi.DRM_MODE_FB_MODIFIERS }), "EINVAL"); // the device takes none
});

Deno.test("addfb: flags", () => {
  using s = setup();
  for (const flags of [4, 0x8000_0000, 0xffff_fffc]) assertEquals(s.client.addFb({ ...s.good, flags }), "EINVAL");
  assert(isId(s.client.addFb({ ...s.good, flags: uapi.DRM_MODE_FB_INTERLACED })));
});

Deno.test("addfb: pitches", () => {
  using s = setup();
  for (const pitch of [0, 32, 63, 128, 256, 999, 1024, 4095]) {
    assertEquals(s.client.addFb({ ...s.good, pitches: [pitch] }), "EINVAL", `${pitch}`);
  }
  assertEquals(s.client.addFb({ ...s.good, pitches: [65536] }), "EINVAL"); // the buffer ends before
  assertEquals(s.client.addFb({ ...s.good, pitches: [0xffff_ffff] }), "ERANGE");
  assert(isId(s.client.addFb({ ...s.good, height: 1023, pitches: [4100] })));
});

Deno.test("addfb: sizes against the device's limits and the buffer", () => {
  using s = setup();
  const { client, good } = s;
  for (
    const change of [{ width: 0 }, { height: 0 }, { width: 31 }, { height: 31 }, { width: 8193 }, { height: 8193 }]
  ) {
    assertEquals(client.addFb({ ...good, ...change }), "EINVAL", JSON.stringify(change));
  }
  for (const change of [{ width: 0xffff_ffff }, { height: 0xffff_ffff }]) {
    assertEquals(client.addFb({ ...good, ...change }), "EINVAL");
  }
  assert(isId(client.addFb({ ...good, width: 32, height: 32 })));
  assertEquals(client.addFb({ ...good, width: 1025 }), "EINVAL");
  assertEquals(client.addFb({ ...good, height: 1025 }), "EINVAL"); // a line more than there is
  assertEquals(client.addFb({ ...good, offsets: [4] }), "EINVAL");
  assert(isId(client.addFb({ ...good, height: 1023, offsets: [4096] })));
  assert(isId(client.addFb({ ...good, width: 1023, offsets: [4] }))); // the last line is short
  // 64 bits of height times pitch do not wrap into the buffer.
  assertEquals(client.addFb({ ...good, height: 8192, pitches: [0x8_0000] }), "ERANGE");
  assertEquals(client.addFb({ ...good, offsets: [0xffff_ffff] }), "ERANGE");
  assertEquals(client.addFb({ ...good, height: 32, offsets: [0xffff_0000 - 32 * 4096] }), "EINVAL");
});

Deno.test("addfb: the format is judged before the handle, the handle before the size", () => {
  using s = setup();
  const { client, good } = s;
  assertEquals(client.addFb({ ...good, pixel_format: 0 }), "EINVAL");
  assertEquals(client.addFb({ ...good, pixel_format: 0x3433_3231 }), "EINVAL");
  assertEquals(client.addFb({ ...good, handles: [0] }), "EINVAL");
  assertEquals(client.addFb({ ...good, handles: [12345] }), "EINVAL");
  assertEquals(client.addFb({ ...good, handles: [12345], pitches: [8192] }), "EINVAL");
  assertEquals(client.addFb({ ...good, handles: [0], pitches: [1] }), "EINVAL");
  const { handle } = client.dumb(64, 64);
  client.gemClose(handle);
  assertEquals(client.addFb({ ...good, handles: [handle] }), "EINVAL");
});

Deno.test("addfb: another file's handle is none of ours", () => {
  using s = setup();
  const other = s.machine.client();
  assertEquals(other.addFb(s.good), "EINVAL");
});

Deno.test("addfb: legacy ADDFB knows depth and bits a pixel", () => {
  using s = setup();
  const [handle] = s.good.handles as number[];
  const add = (bpp: number, depth: number): number | string => {
    const arg = uapi.drm_mode_fb_cmd.of({ width: 1024, height: 1024, pitch: 4096, bpp, depth, handle });
    const result = outcome(() => s.client.card.ioctl(uapi.DRM_IOCTL_MODE_ADDFB, arg));
    return result === 0 ? arg.fb_id : result;
  };
  assert(isId(add(32, 24)) && isId(add(32, 32)));
  assertEquals([add(32, 25), add(0, 0), add(24, 32)], ["EINVAL", "EINVAL", "EINVAL"]);
  assertEquals([add(16, 16), add(32, 30)], ["ENOENT", "ENOENT"]); // known to the kernel, not to this driver
});

Deno.test("addfb: the struct from before modifiers is as good; its missing part counts as zeros", () => {
  using s = setup();
  const { client, good } = s;
  const old = ((uapi.DRM_IOCTL_MODE_ADDFB2 & ~(0x3fff << 16)) | 68 << 16) >>> 0;
  const whole = uapi.drm_mode_fb_cmd2.bytes(uapi.drm_mode_fb_cmd2.of({ ...good, modifier: [9n, 9n, 9n, 9n] }));
  const user = client.process.heap.from(whole);
  assertEquals(client.card.ioctl(old, user.address), 0);
  const view = uapi.drm_mode_fb_cmd2.at(user.bytes);
  assert(view.fb_id > 0);
  assertEquals(view.modifier[0], 9n); // beyond what the caller owns up to
});

Deno.test("addfb: a framebuffer's id is free again at once, and its buffer lives as long as it", () => {
  using s = setup();
  const { client, good } = s;
  const first = client.addFb(good) as number, second = client.addFb(good) as number;
  assertEquals([second, client.resources().fbs], [first + 1, [second, first]]);
  assertEquals(client.dropFb(first), 0);
  assertEquals([client.addFb(good), client.dropFb(first), client.dropFb(first)], [first, 0, "ENOENT"]);
  const [handle] = good.handles as number[];
  assertEquals(client.gemClose(handle), 0);
  const get = uapi.drm_mode_fb_cmd.of({ fb_id: second });
  client.card.ioctl(uapi.DRM_IOCTL_MODE_GETFB, get);
  assertEquals([get.width, get.height, get.pitch, get.bpp, get.depth], [1024, 1024, 4096, 32, 24]);
});

Deno.test("rmfb, closefb: ids of nothing, of other kinds of objects and of other files are ENOENT", () => {
  using s = setup();
  const { client, good } = s;
  const fb = client.addFb(good) as number;
  const other = s.machine.client();
  const { crtcs, connectors } = client.resources();
  for (const close of [false, true]) {
    for (const id of [0, crtcs[0], connectors[0], 0xffff_ffff, fb + 1]) {
      assertEquals(client.dropFb(id, close), "ENOENT");
    }
    assertEquals(other.dropFb(fb, close), "ENOENT");
  }
  const pad = uapi.drm_mode_closefb.of({ fb_id: fb, pad: 1 });
  assertEquals(outcome(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_CLOSEFB, pad)), "EINVAL");
  assertEquals(client.dropFb(fb, true), 0);
});
