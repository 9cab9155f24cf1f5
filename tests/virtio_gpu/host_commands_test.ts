import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { soft2d } from "udrm/drivers/host/render/soft2d/mod.ts";
import { type VirtioGpuHost, virtioGpuHost, type VirtioGpuHostOptions } from "udrm/drivers/host/virtio_gpu/mod.ts";
import { DRM_FORMAT_XRGB8888 } from "udrm/uapi/drm_fourcc.ts";
import * as gpu from "udrm/uapi/virtio_gpu.ts";
import { Recorder } from "./recorder.ts";
import { concat, encode, entries, WireGuest } from "./wire.ts";

const OK = gpu.VIRTIO_GPU_RESP_OK_NODATA;
const UNSPEC = gpu.VIRTIO_GPU_RESP_ERR_UNSPEC;
const NO_MEMORY = gpu.VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
const BAD_SCANOUT = gpu.VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID;
const BAD_RESOURCE = gpu.VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
const BAD_PARAMETER = gpu.VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
const BGRX = gpu.VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM;
const BGRA = gpu.VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM;

interface Setup extends Disposable {
  guest: WireGuest;
  host: VirtioGpuHost;
  display: Recorder;
}

function setup(options: Partial<VirtioGpuHostOptions> = {}, guestOptions = {}): Setup {
  const display = new Recorder();
  const host = virtioGpuHost({ renderer: soft2d(), display, ...options });
  const guest = new WireGuest(host, guestOptions);
  return {
    guest,
    host,
    display,
    [Symbol.dispose]: () => {
      guest[Symbol.dispose]();
      host[Symbol.dispose]();
      assertEquals(host.usage, { resources: 0, contexts: 0, bytes: 0 }, "a reset leaves nothing");
    },
  };
}

/** A resource of one colour pattern with backing. */
function resource(guest: WireGuest, id: number, width: number, height: number, format = BGRX) {
  const memory = guest.pattern(width * height * 4, id);
  assertEquals(guest.create2d(id, format, width, height), OK);
  assertEquals(guest.attach(id, [[memory.gpa, width * height * 4]]), OK);
  return memory;
}

const bare = (type: number): Uint8Array => encode(gpu.virtio_gpu_ctrl_hdr, { type });
const blobScanout = (
  fields: Partial<Record<"x" | "y" | "w" | "h", number>>,
  more: Record<string, unknown>,
): Uint8Array =>
  encode(gpu.virtio_gpu_set_scanout_blob, {
    hdr: { type: gpu.VIRTIO_GPU_CMD_SET_SCANOUT_BLOB },
    r: { x: fields.x ?? 0, y: fields.y ?? 0, width: fields.w ?? 8, height: fields.h ?? 8 },
    scanout_id: 0,
    resource_id: 1,
    width: 8,
    height: 8,
    format: BGRX,
    strides: [32, 0, 0, 0],
    offsets: [0, 0, 0, 0],
    ...more,
  });

Deno.test("GET_DISPLAY_INFO: monitors stand side by side, absent ones are zero", () => {
  using s = setup({
    scanouts: 4,
    modes: [
      { enabled: true, width: 640, height: 480 },
      { enabled: false, width: 800, height: 600 },
      { enabled: true, width: 1920, height: 1080 },
    ],
  });
  const bytes = s.guest.send(bare(gpu.VIRTIO_GPU_CMD_GET_DISPLAY_INFO));
  assertEquals(bytes.length, 408);
  const info = gpu.virtio_gpu_resp_display_info.at(bytes);
  assertEquals(info.hdr.type, gpu.VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
  const { x, y, width, height } = info.pmodes[2].r;
  assertEquals([x, y, width, height, info.pmodes[2].enabled], [640, 0, 1920, 1080, 1]);
  assertEquals([info.pmodes[0].r.width, info.pmodes[0].enabled], [640, 1]);
  for (const i of [1, 3, 4, 15]) assertEquals([info.pmodes[i].enabled, info.pmodes[i].r.width], [0, 0], `scanout ${i}`);
});

Deno.test("GET_EDID: an EDID of each scanout; INVALID_SCANOUT_ID; needs the feature", () => {
  using s = setup({ scanouts: 2 });
  const ask = (scanout: number): Uint8Array =>
    encode(gpu.virtio_gpu_cmd_get_edid, { hdr: { type: gpu.VIRTIO_GPU_CMD_GET_EDID }, scanout });
  const bytes = s.guest.send(ask(0));
  const answer = gpu.virtio_gpu_resp_edid.at(bytes);
  assertEquals([bytes.length, answer.hdr.type, answer.size], [1056, gpu.VIRTIO_GPU_RESP_OK_EDID, 128]);
  assertEquals(answer.edid.subarray(0, 128).reduce((a, b) => a + b, 0) & 0xff, 0);
  assertEquals(answer.edid[54 + 2] | (answer.edid[54 + 4] & 0xf0) << 4, 1280);
  assert(answer.edid.subarray(128).every((b) => b === 0));
  assertNotEquals(s.guest.send(ask(1)), bytes, "each monitor has a serial number of its own");
  assertEquals(s.guest.type(ask(2)), BAD_SCANOUT);
  using without = setup({}, { deviceFeatures: 0n });
  assertEquals(without.guest.type(ask(0)), UNSPEC);
});

Deno.test("RESOURCE_CREATE_2D: every format, and each refusal", () => {
  using s = setup();
  const formats = [1, 2, 3, 4, 67, 68, 121, 134];
  for (const [i, format] of formats.entries()) assertEquals(s.guest.create2d(i + 1, format, 3, 5), OK);
  assertEquals(s.guest.create2d(0, BGRX, 3, 5), BAD_RESOURCE, "id 0");
  assertEquals(s.guest.create2d(1, BGRX, 3, 5), BAD_RESOURCE, "an id that is taken");
  for (const format of [0, 5, 66, 135, 0xffffffff]) assertEquals(s.guest.create2d(50, format, 3, 5), BAD_PARAMETER);
  for (const [w, h] of [[0, 1], [1, 0], [16385, 1], [1, 16385], [0xffffffff, 0xffffffff]]) {
    assertEquals(s.guest.create2d(50, BGRX, w, h), BAD_PARAMETER, `${w}x${h}`);
  }
  assertEquals(s.guest.create2d(50, BGRX, 16384, 16384), NO_MEMORY, "1 GiB");
  assertEquals(s.host.usage.resources, 8);
  assertEquals(s.guest.create2d(50, BGRX, 16384, 1), OK);
});

Deno.test("host memory is bounded: by pixels, by many small resources, by entries of backing; UNREF gives it back", () => {
  using s = setup({ limits: { maxHostMemory: 1 << 20 } });
  assertEquals(s.guest.create2d(1, BGRX, 512, 400), OK);
  assertEquals(s.guest.create2d(2, BGRX, 512, 112), NO_MEMORY);
  assertEquals(s.guest.unref(1), OK);
  assertEquals(s.guest.create2d(2, BGRX, 512, 112), OK);
  assertEquals(s.guest.unref(2), OK);
  assertEquals(s.host.usage, { resources: 0, contexts: 0, bytes: 0 });
  let count = 0;
  while (s.guest.create2d(count + 1, BGRX, 1, 1) === OK && count < 5000) count++;
  assert(count > 100 && count < 1100, `${count} resources`);
  for (let i = 1; i <= count; i++) assertEquals(s.guest.unref(i), OK);
  const { gpa } = s.guest.alloc(1 << 20);
  const pieces = Array.from({ length: 16384 }, (_, i) => [gpa + i * 8, 4] as const);
  for (let i = 1; i <= 3; i++) assertEquals(s.guest.create2d(i, BGRX, 1, 1), OK);
  assertEquals(s.guest.attach(1, pieces), OK);
  assertEquals([s.guest.attach(2, pieces.slice(0, 16000)), s.guest.attach(3, pieces.slice(0, 16000))], [OK, NO_MEMORY]);
  assertEquals(s.guest.detach(1), OK);
  assertEquals(s.guest.attach(3, pieces.slice(0, 16000)), OK);
});

Deno.test("RESOURCE_UNREF: INVALID_RESOURCE_ID; a scanout that showed it goes off", () => {
  using s = setup();
  assertEquals(s.guest.unref(0), BAD_RESOURCE);
  assertEquals(s.guest.unref(1), BAD_RESOURCE);
  resource(s.guest, 1, 32, 32);
  assertEquals(s.guest.setScanout(0, 1, 0, 0, 32, 32), OK);
  s.display.take();
  assertEquals(s.guest.unref(1), OK);
  assertEquals(s.display.take(), [{ scanout: 0, frame: undefined }]);
  assertEquals(s.guest.unref(1), BAD_RESOURCE);
  assertEquals(s.guest.create2d(1, BGRX, 4, 4), OK, "the id is free again");
});

Deno.test("ATTACH_BACKING and DETACH_BACKING: each refusal", () => {
  using s = setup({ limits: { maxEntries: 8 } });
  const { gpa } = s.guest.alloc(4096, 0x10_0000); // no slot lies behind it
  assertEquals(s.guest.attach(1, [[gpa, 4096]]), BAD_RESOURCE);
  assertEquals(s.guest.detach(1), BAD_RESOURCE);
  s.guest.create2d(1, BGRX, 16, 16);
  assertEquals(s.guest.detach(1), UNSPEC, "nothing is attached");
  assertEquals(s.guest.attach(1, [[0x5000, 4096]]), UNSPEC, "not memory");
  assertEquals(s.guest.attach(1, [[gpa, 4097]]), UNSPEC, "not all memory");
  assertEquals(s.guest.attach(1, [[gpa, 0]]), UNSPEC, "an empty entry");
  assertEquals(s.guest.attach(1, [[gpa, 4096], [gpa + 2 ** 45, 1]]), UNSPEC);
  assertEquals(s.guest.attach(1, Array.from({ length: 9 }, () => [gpa, 4] as const)), UNSPEC, "too many entries");
  const hdr = { type: gpu.VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING };
  const short = encode(gpu.virtio_gpu_resource_attach_backing, { hdr, resource_id: 1, nr_entries: 2 });
  assertEquals(s.guest.type(concat(short, entries([[gpa, 4096]]))), UNSPEC, "fewer entries than it says");
  const many = encode(gpu.virtio_gpu_resource_attach_backing, { hdr, resource_id: 1, nr_entries: 0xffffffff });
  assertEquals(s.guest.type(many), UNSPEC);
  assertEquals(s.guest.attach(1, []), OK, "no entry: no backing");
  assertEquals(s.guest.attach(1, [[gpa, 4096]]), OK);
  assertEquals(s.guest.attach(1, [[gpa, 4096]]), UNSPEC, "it has some");
  assertEquals(s.guest.detach(1), OK);
  assertEquals(s.guest.detach(1), UNSPEC);
  assertEquals(s.guest.attach(1, [[gpa, 4096]]), OK);
});

Deno.test("TRANSFER_TO_HOST_2D: each refusal", () => {
  using s = setup();
  assertEquals(s.guest.transfer(1, 0, 0, 1, 1, 0), BAD_RESOURCE);
  s.guest.create2d(1, BGRX, 16, 8);
  assertEquals(s.guest.transfer(1, 0, 0, 1, 1, 0), UNSPEC, "no backing");
  const { gpa, slot } = s.guest.alloc(4096);
  s.guest.attach(1, [[gpa, 512]]);
  assertEquals(s.guest.transfer(1, 0, 0, 16, 8, 0), OK);
  for (
    const [x, y, w, h] of [[0, 0, 17, 8], [0, 0, 16, 9], [1, 0, 16, 8], [0, 1, 16, 8], [0xffffffff, 0, 2, 1], [
      0,
      0xffffffff,
      1,
      2,
    ]]
  ) {
    assertEquals(s.guest.transfer(1, x, y, w, h, 0), BAD_PARAMETER, `${w}x${h}+${x}+${y}`);
  }
  assertEquals(s.guest.transfer(1, 15, 7, 1, 1, 508), OK, "the last pixel");
  assertEquals(s.guest.transfer(1, 15, 7, 1, 1, 509), BAD_PARAMETER, "beyond backing");
  assertEquals(s.guest.transfer(1, 0, 0, 16, 8, 1), BAD_PARAMETER);
  assertEquals(s.guest.transfer(1, 0, 0, 1, 1, 2 ** 63), BAD_PARAMETER, "an offset of 64 bits");
  assertEquals(s.guest.transfer(1, 16, 8, 0, 0, 2 ** 63), OK, "nothing is read for no pixels");
  s.guest.memory.remove(slot);
  assertEquals(s.guest.transfer(1, 0, 0, 1, 1, 0), UNSPEC, "memory that was taken away");
});

Deno.test("SET_SCANOUT: each refusal, off, and moving from one scanout to another", () => {
  using s = setup({ scanouts: 2 });
  resource(s.guest, 1, 32, 16);
  assertEquals(s.guest.setScanout(2, 1, 0, 0, 8, 8), BAD_SCANOUT);
  assertEquals(s.guest.setScanout(0xffffffff, 0, 0, 0, 0, 0), BAD_SCANOUT);
  assertEquals(s.guest.setScanout(0, 2, 0, 0, 8, 8), BAD_RESOURCE);
  for (
    const [x, y, w, h] of [[0, 0, 33, 16], [0, 0, 32, 17], [1, 0, 32, 16], [0, 0, 0, 16], [0, 0, 32, 0], [
      0xffffffff,
      0,
      1,
      1,
    ]]
  ) {
    assertEquals(s.guest.setScanout(0, 1, x, y, w, h), BAD_PARAMETER, `${w}x${h}+${x}+${y}`);
  }
  assertEquals(s.display.take(), []);
  assertEquals(s.guest.setScanout(0, 0, 0, 0, 0, 0), OK, "off already");
  assertEquals(s.display.take(), []);
  assertEquals(s.guest.setScanout(0, 1, 0, 0, 32, 16), OK);
  assertEquals(s.guest.setScanout(1, 1, 8, 4, 16, 8), OK);
  assertEquals(s.display.take().map(({ scanout, frame }) => [scanout, frame?.width, frame?.height]), [[0, 32, 16], [
    1,
    16,
    8,
  ]]);
  assertEquals(s.guest.setScanout(1, 0, 0, 0, 0, 0), OK);
  assertEquals(s.display.take(), [{ scanout: 1, frame: undefined }]);
  assertEquals(s.guest.flush(1, 0, 0, 32, 16), OK);
  assertEquals(s.display.take().map(({ scanout }) => scanout), [0], "the other one shows nothing any more");
  const blob = s.guest.alloc(4096);
  assertEquals(s.guest.createBlob(9, 4096, [[blob.gpa, 4096]]), OK);
  assertEquals(s.guest.setScanout(0, 9, 0, 0, 1, 1), BAD_PARAMETER, "a blob has no layout of its own");
});

Deno.test("RESOURCE_FLUSH: refusals, damage in pixels of the scanout, and nothing for what it does not show", () => {
  using s = setup({ scanouts: 2 });
  assertEquals(s.guest.flush(1, 0, 0, 1, 1), BAD_RESOURCE);
  resource(s.guest, 1, 64, 32);
  assertEquals(s.guest.flush(1, 0, 0, 64, 33), BAD_PARAMETER);
  assertEquals(s.guest.flush(1, 60, 0, 5, 1), BAD_PARAMETER);
  assertEquals(s.guest.flush(1, 0, 0, 64, 32), OK, "on no scanout");
  s.guest.setScanout(0, 1, 16, 8, 32, 16);
  s.guest.setScanout(1, 1, 0, 0, 64, 32);
  assertEquals(s.display.take().map((p) => p.frame?.damage), [[], []]);
  assertEquals(s.guest.flush(1, 0, 0, 20, 10), OK);
  const [a, b] = s.display.take();
  assertEquals([a.scanout, a.frame?.damage], [0, [{ x: 0, y: 0, width: 4, height: 2 }]]);
  assertEquals([b.scanout, b.frame?.damage], [1, [{ x: 0, y: 0, width: 20, height: 10 }]]);
  assertEquals([a.frame?.width, a.frame?.height, a.frame?.format], [32, 16, DRM_FORMAT_XRGB8888]);
  s.guest.flush(1, 50, 30, 4, 2);
  assertEquals(s.display.take().map(({ scanout }) => scanout), [1], "outside the first one's part");
  s.guest.flush(1, 5, 5, 0, 0);
  assertEquals(s.display.take(), []);
});

Deno.test("SET_SCANOUT and RESOURCE_FLUSH in one kick give one frame, all new", () => {
  using s = setup();
  const memory = resource(s.guest, 1, 32, 32);
  const ring = s.guest.rings[0];
  const hdr = (type: number): { type: number } => ({ type });
  const r = { x: 0, y: 0, width: 32, height: 32 };
  const requests = [
    encode(gpu.virtio_gpu_transfer_to_host_2d, { hdr: hdr(gpu.VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D), r, resource_id: 1 }),
    encode(gpu.virtio_gpu_set_scanout, { hdr: hdr(gpu.VIRTIO_GPU_CMD_SET_SCANOUT), r, scanout_id: 0, resource_id: 1 }),
    encode(gpu.virtio_gpu_resource_flush, {
      hdr: hdr(gpu.VIRTIO_GPU_CMD_RESOURCE_FLUSH),
      r: { x: 1, y: 1, width: 2, height: 2 },
      resource_id: 1,
    }),
  ];
  requests.forEach((request, i) => {
    const { gpa, bytes } = s.guest.alloc(128);
    bytes.set(request);
    ring.descriptor(10 + 2 * i, gpa, request.length, 1, 11 + 2 * i);
    ring.descriptor(11 + 2 * i, gpa + 96, 24, 2);
    ring.expose(10 + 2 * i);
  });
  s.guest.kick(0);
  const frames = s.display.take();
  assertEquals(frames.map((f) => f.frame?.damage), [[]]);
  assertEquals(frames[0].frame?.pixels, memory.bytes);
});

Deno.test("RESOURCE_ASSIGN_UUID: a version 4 UUID that stays; INVALID_RESOURCE_ID; needs the feature", () => {
  using s = setup();
  const ask = (resource_id: number): Uint8Array =>
    encode(gpu.virtio_gpu_resource_assign_uuid, {
      hdr: { type: gpu.VIRTIO_GPU_CMD_RESOURCE_ASSIGN_UUID },
      resource_id,
    });
  assertEquals(s.guest.type(ask(1)), BAD_RESOURCE);
  s.guest.create2d(1, BGRX, 1, 1);
  s.guest.create2d(2, BGRX, 1, 1);
  const answer = gpu.virtio_gpu_resp_resource_uuid.at(s.guest.send(ask(1)));
  assertEquals(answer.hdr.type, gpu.VIRTIO_GPU_RESP_OK_RESOURCE_UUID);
  assertEquals([answer.uuid[6] >> 4, answer.uuid[8] >> 6], [4, 2]);
  assertEquals(gpu.virtio_gpu_resp_resource_uuid.at(s.guest.send(ask(1))).uuid, answer.uuid);
  assertNotEquals(gpu.virtio_gpu_resp_resource_uuid.at(s.guest.send(ask(2))).uuid, answer.uuid);
  using without = setup({}, { deviceFeatures: 0n });
  without.guest.create2d(1, BGRX, 1, 1);
  assertEquals(without.guest.type(ask(1)), UNSPEC);
});

Deno.test("RESOURCE_CREATE_BLOB: each refusal", () => {
  using s = setup();
  const { gpa } = s.guest.alloc(8192);
  assertEquals(s.guest.createBlob(0, 4096, [[gpa, 4096]]), BAD_RESOURCE);
  assertEquals(s.guest.createBlob(1, 4096, [[gpa, 4096]]), OK);
  assertEquals(s.guest.createBlob(1, 4096, [[gpa, 4096]]), BAD_RESOURCE);
  assertEquals(s.guest.createBlob(2, 0, [[gpa, 4096]]), BAD_PARAMETER);
  assertEquals(s.guest.createBlob(2, 2 ** 60, [[gpa, 4096]]), BAD_PARAMETER);
  assertEquals(s.guest.createBlob(2, 4097, [[gpa, 4096]]), BAD_PARAMETER, "less backing than the size");
  for (const blob_mem of [0, gpu.VIRTIO_GPU_BLOB_MEM_HOST3D, gpu.VIRTIO_GPU_BLOB_MEM_HOST3D_GUEST, 4]) {
    assertEquals(s.guest.createBlob(2, 4096, [[gpa, 4096]], { blob_mem }), BAD_PARAMETER, `blob_mem ${blob_mem}`);
  }
  assertEquals(s.guest.createBlob(2, 4096, [[gpa, 4096]], { blob_flags: 8 }), BAD_PARAMETER);
  assertEquals(s.guest.createBlob(2, 4096, [[0x1000, 4096]]), UNSPEC);
  assertEquals(s.host.usage.resources, 1);
  const { bytes } = s.host.usage;
  assertEquals(s.guest.createBlob(2, 4096, [[gpa, 4096]], { blob_flags: 7 }), OK);
  assertEquals(s.guest.unref(2), OK);
  assertEquals(s.host.usage.bytes, bytes, "refusals cost nothing");
  assertEquals(s.guest.createBlob(3, 4096, []), OK, "backing may come later");
  assertEquals(s.guest.attach(3, [[gpa, 4095]]), BAD_PARAMETER);
  assertEquals(s.guest.attach(3, [[gpa, 4096]]), OK);
  assertEquals(s.guest.transfer(3, 0, 0, 1, 1, 0), OK, "a guest blob needs no transfer");
  using without = setup({}, { deviceFeatures: 0n });
  assertEquals(without.guest.createBlob(1, 4096, []), UNSPEC);
  assertEquals(without.guest.type(blobScanout({}, {})), UNSPEC);
});

Deno.test("blob_alignment: in config space, offered by a feature, demanded of sizes", () => {
  using s = setup({ blobAlignment: 4096 });
  const config = new Uint8Array(20);
  s.host.readConfig(0, config);
  assertEquals(gpu.virtio_gpu_config.at(config).blob_alignment, 4096);
  const { gpa } = s.guest.alloc(8192);
  assertEquals(s.guest.createBlob(1, 4095, [[gpa, 8192]]), BAD_PARAMETER);
  assertEquals(s.guest.createBlob(1, 4096, [[gpa, 8192]]), OK);
  assertEquals(s.host.acceptsFeatures(1n << 5n), false);
  assertEquals(s.host.acceptsFeatures(1n << 5n | 1n << 3n), true);
  using old = setup({ blobAlignment: 4096 }, { deviceFeatures: 1n << 3n });
  assertEquals(old.guest.createBlob(1, 4095, [[old.guest.alloc(4096).gpa, 4096]]), OK, "not negotiated");
});

Deno.test("SET_SCANOUT_BLOB: each refusal, and a frame of guest memory in place", () => {
  using s = setup();
  const { gpa, bytes } = s.guest.pattern(4096);
  assertEquals(s.guest.type(blobScanout({}, { scanout_id: 1 })), BAD_SCANOUT);
  assertEquals(s.guest.type(blobScanout({}, {})), BAD_RESOURCE);
  s.guest.createBlob(1, 280, []);
  assertEquals(s.guest.type(blobScanout({}, {})), UNSPEC, "no backing");
  s.guest.attach(1, [[gpa + 100, 100], [gpa + 1000, 180]]);
  for (
    const more of [
      { format: 0 },
      { width: 0 },
      { height: 0 },
      { width: 16385 },
      { strides: [31, 0, 0, 0] },
      { strides: [0xffffffff, 0, 0, 0] },
      { offsets: [25, 0, 0, 0] },
      { offsets: [0xffffffff, 0, 0, 0] },
    ]
  ) assertEquals(s.guest.type(blobScanout({}, more)), BAD_PARAMETER, JSON.stringify(more));
  for (const r of [{ w: 9 }, { h: 9 }, { x: 1 }, { y: 1 }, { w: 0 }, { x: 0xffffffff, w: 1 }]) {
    assertEquals(s.guest.type(blobScanout(r, {})), BAD_PARAMETER, JSON.stringify(r));
  }
  s.guest.create2d(2, BGRX, 8, 8);
  assertEquals(s.guest.type(blobScanout({}, { resource_id: 2 })), BAD_PARAMETER, "no blob");
  assertEquals(s.display.take(), []);
  assertEquals(s.guest.type(blobScanout({ x: 1, y: 2, w: 7, h: 6 }, { offsets: [24, 0, 0, 0] })), OK);
  const flat = concat(bytes.slice(100, 200), bytes.slice(1000, 1180));
  const expected = new Uint8Array(7 * 6 * 4);
  for (let y = 0; y < 6; y++) expected.set(flat.subarray(24 + (y + 2) * 32 + 4, 24 + (y + 2) * 32 + 32), y * 28);
  assertEquals(s.display.last().pixels, expected);
  s.display.take();
  bytes[1000] ^= 0xff; // byte 100 of the blob: row 2, which is the first that is shown
  assertNotEquals(concat(bytes.slice(1000, 1001)), flat.slice(100, 101));
  assertEquals(s.guest.flush(1, 0, 0, 3, 3), OK);
  const again = concat(bytes.slice(100, 200), bytes.slice(1000, 1180));
  for (let y = 0; y < 6; y++) expected.set(again.subarray(24 + (y + 2) * 32 + 4, 24 + (y + 2) * 32 + 32), y * 28);
  assertEquals(s.display.last().pixels, expected);
  assertEquals(s.display.last().damage, [{ x: 0, y: 0, width: 2, height: 1 }]);
  assertEquals(s.guest.flush(1, 0xffffffff, 0, 0xffffffff, 1), OK, "a blob has no size in pixels");
  assertEquals(s.guest.detach(1), OK);
  assertEquals(s.guest.flush(1, 0, 0, 8, 8), UNSPEC);
  assertEquals(s.guest.type(blobScanout({}, { resource_id: 0 })), OK);
  assertEquals(s.display.frames.at(-1), { scanout: 0, frame: undefined });
});

Deno.test("SET_SCANOUT_BLOB: a blob whose entries name one page again and again makes no picture beyond the host's memory", () => {
  using s = setup({ limits: { maxHostMemory: 2 ** 20 } });
  const { gpa } = s.guest.pattern(4096);
  assertEquals(s.guest.createBlob(1, 2 ** 21, Array.from({ length: 512 }, () => [gpa, 4096])), OK);
  const shape = (height: number): Uint8Array =>
    blobScanout({ w: 512, h: height }, { width: 512, height, strides: [2048, 0, 0, 0] });
  assertEquals(s.guest.type(shape(513)), BAD_PARAMETER);
  assertEquals(s.display.take(), []);
  assertEquals(s.guest.type(shape(512)), OK);
});

Deno.test("UPDATE_CURSOR and MOVE_CURSOR: images, places left of the screen, hiding, and each refusal", () => {
  using s = setup({ scanouts: 2 });
  const move = (scanout_id: number, x: number, y: number): number =>
    s.guest.type(
      encode(gpu.virtio_gpu_update_cursor, {
        hdr: { type: gpu.VIRTIO_GPU_CMD_MOVE_CURSOR },
        pos: { scanout_id, x, y },
        resource_id: 99,
      }),
      24,
      1,
    );
  const memory = resource(s.guest, 1, 64, 64, BGRA);
  s.guest.transfer(1, 0, 0, 64, 64, 0);
  assertEquals(s.guest.updateCursor(2, 1, 0, 0), BAD_SCANOUT);
  assertEquals(move(2, 0, 0), BAD_SCANOUT);
  assertEquals(s.guest.updateCursor(0, 5, 0, 0), BAD_RESOURCE);
  resource(s.guest, 2, 64, 32);
  assertEquals(s.guest.updateCursor(0, 2, 0, 0), BAD_PARAMETER, "not 64x64");
  assertEquals(s.display.cursors, []);
  assertEquals(s.guest.updateCursor(1, 1, 10, 20, 3, 4), OK);
  const [{ scanout, image, x, y }] = s.display.cursors.splice(0);
  assertEquals([scanout, image?.width, image?.hotX, image?.hotY, x, y], [1, 64, 3, 4, 10, 20]);
  assertEquals(image?.bytes, memory.bytes);
  assertEquals(move(1, -5 >>> 0, -6 >>> 0), OK);
  assertEquals(s.display.cursors.splice(0), [{ scanout: 1, image, x: -5, y: -6 }]);
  assertEquals(s.guest.updateCursor(1, 0, 7, 8), OK);
  assertEquals(s.display.cursors.splice(0), [{ scanout: 1, image: undefined, x: 7, y: 8 }]);
  const blob = s.guest.pattern(16384, 5);
  s.guest.createBlob(7, 16384, [[blob.gpa, 5000], [blob.gpa + 5000, 11384]]);
  assertEquals(s.guest.updateCursor(0, 7, 0, 0), OK);
  assertEquals(s.display.cursors.splice(0)[0].image?.bytes, blob.bytes);
  s.guest.createBlob(8, 16383, [[blob.gpa, 16384]]);
  assertEquals(s.guest.updateCursor(0, 8, 0, 0), BAD_PARAMETER);
  s.guest.createBlob(10, 16384, []);
  assertEquals(s.guest.updateCursor(0, 10, 0, 0), UNSPEC);
});

Deno.test("cursor commands need no room for an answer, as Linux sends them", () => {
  using s = setup();
  const request = encode(gpu.virtio_gpu_update_cursor, {
    hdr: { type: gpu.VIRTIO_GPU_CMD_UPDATE_CURSOR },
    pos: { scanout_id: 0, x: 1, y: 2 },
  });
  assertEquals(s.guest.request(1, request, 0).length, 0);
  assertEquals(s.display.cursors.length, 1);
});

Deno.test("GET_CAPSET_INFO and GET_CAPSET: there are none", () => {
  using s = setup();
  const info = encode(gpu.virtio_gpu_get_capset_info, {
    hdr: { type: gpu.VIRTIO_GPU_CMD_GET_CAPSET_INFO },
    capset_index: 0,
  });
  assertEquals(s.guest.type(info), BAD_PARAMETER);
  const get = encode(gpu.virtio_gpu_get_capset, { hdr: { type: gpu.VIRTIO_GPU_CMD_GET_CAPSET }, capset_id: 1 });
  assertEquals(s.guest.type(get), BAD_PARAMETER);
});

Deno.test("3D commands, unknown commands, and commands on the wrong queue are UNSPEC", () => {
  using s = setup();
  for (const { type, request, name } of gpu.VIRTIO_GPU_COMMANDS.values()) {
    const bytes = new Uint8Array(request.size);
    new DataView(bytes.buffer).setUint32(0, type, true);
    if (type >= 0x200 && type < 0x300) assertEquals(s.guest.type(bytes), UNSPEC, name);
    const wrong = type < 0x300 ? 1 : 0;
    assertEquals(s.guest.type(bytes, 24, wrong), UNSPEC, `${name} on queue ${wrong}`);
  }
  for (const type of [0, 0xff, 0x10e, 0x20a, 0x302, 0x1100, 0xffffffff]) assertEquals(s.guest.type(bare(type)), UNSPEC);
});

Deno.test("requests that end early are UNSPEC, at every length", () => {
  using s = setup();
  resource(s.guest, 1, 4, 4);
  for (const { type, request, name } of gpu.VIRTIO_GPU_COMMANDS.values()) {
    if (type >= 0x200 && type < 0x300) continue;
    const bytes = new Uint8Array(request.size);
    new DataView(bytes.buffer).setUint32(0, type, true);
    for (let length = 1; length < request.size; length++) {
      assertEquals(s.guest.type(bytes.slice(0, length), 24, type < 0x300 ? 0 : 1), UNSPEC, `${name}, ${length} bytes`);
    }
  }
  assertEquals(s.host.usage.resources, 1);
});

Deno.test("answers are cut to the room that is there, and the command is executed", () => {
  using s = setup();
  const request = encode(gpu.virtio_gpu_resource_create_2d, {
    hdr: { type: gpu.VIRTIO_GPU_CMD_RESOURCE_CREATE_2D },
    resource_id: 1,
    format: BGRX,
    width: 1,
    height: 1,
  });
  assertEquals(s.guest.send(request, 0).length, 0);
  assertEquals(s.host.usage.resources, 1);
  const again = s.guest.send(request, 4);
  assertEquals([again.length, new DataView(again.buffer).getUint32(0, true)], [4, BAD_RESOURCE]);
  assertEquals(s.guest.send(bare(gpu.VIRTIO_GPU_CMD_GET_DISPLAY_INFO), 100).length, 100);
});
