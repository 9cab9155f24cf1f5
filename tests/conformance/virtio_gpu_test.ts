import { assert, assertEquals } from "@std/assert";
import { VirtualClock } from "udrm/core/clock.ts";
import type { LocalProcess, OpenFile } from "udrm/core/process.ts";
import type { System } from "udrm/core/system.ts";
import { createSystem, drivers } from "udrm/mod.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { outcome } from "./client.ts";

const CARD = "/dev/dri/card0", RENDER = "/dev/dri/renderD128";
/** Byte at which canaries stand. */
const CANARY = 0xa5;

/** A machine with a virtio-gpu, without 3D as QEMU's virtio-gpu-pci; `blobs` as its blob=true. vgem is card1. */
function machine(blobs: boolean): { system: System; process: LocalProcess; card: OpenFile } & Disposable {
  const system = createSystem({
    clock: new VirtualClock(),
    drivers: [drivers.virtioGpu({ blobs }), drivers.vgem()],
  });
  const process = system.process({ comm: "igt" });
  const card = process.open(CARD);
  return { system, process, card, [Symbol.dispose]: () => system[Symbol.dispose]() };
}

function resource(
  file: OpenFile,
  more: Parameters<typeof uapi.drm_virtgpu_resource_create.of>[0] = {},
): uapi.View<uapi.drm_virtgpu_resource_create> {
  const arg = uapi.drm_virtgpu_resource_create.of({
    target: 2,
    format: 2,
    width: 16,
    height: 16,
    depth: 1,
    array_size: 1,
    size: 1024,
    ...more,
  });
  file.ioctl(uapi.DRM_IOCTL_VIRTGPU_RESOURCE_CREATE, arg);
  return arg;
}

function blob(
  file: OpenFile,
  more: Parameters<typeof uapi.drm_virtgpu_resource_create_blob.of>[0] = {},
): uapi.View<uapi.drm_virtgpu_resource_create_blob> {
  const arg = uapi.drm_virtgpu_resource_create_blob.of({ blob_mem: 1, size: 4096, ...more });
  file.ioctl(uapi.DRM_IOCTL_VIRTGPU_RESOURCE_CREATE_BLOB, arg);
  return arg;
}

function info(file: OpenFile, bo_handle: number): uapi.View<uapi.drm_virtgpu_resource_info> {
  const arg = uapi.drm_virtgpu_resource_info.of({ bo_handle, res_handle: 77, size: 77, blob_mem: 77 });
  file.ioctl(uapi.DRM_IOCTL_VIRTGPU_RESOURCE_INFO, arg);
  return arg;
}

Deno.test("L2 GETPARAM stores 32 bits at the address and touches nothing else, itself included", () => {
  for (const blobs of [false, true]) {
    using m = machine(blobs);
    const expected = new Map<number, number | string>([
      [1, 0], // 3D_FEATURES
      [2, 1], // CAPSET_QUERY_FIX
      [3, blobs ? 1 : 0], // RESOURCE_BLOB
      [4, 0], // HOST_VISIBLE
      [5, 1], // CROSS_DEVICE
      [6, 0], // CONTEXT_INIT
      [7, 0], // SUPPORTED_CAPSET_IDs
      [8, 0], // EXPLICIT_DEBUG_NAME
      [9, "ENOENT"], // BLOB_ALIGNMENT
      [0, "EINVAL"],
      [10, "EINVAL"],
    ]);
    for (const [param, value] of expected) {
      const memory = m.process.alloc(16);
      memory.bytes.fill(CANARY);
      const arg = uapi.drm_virtgpu_getparam.of({ param: BigInt(param), value: memory.address + 4n });
      const result = outcome(() => m.card.ioctl(uapi.DRM_IOCTL_VIRTGPU_GETPARAM, arg));
      const word = new DataView(memory.bytes.buffer, memory.bytes.byteOffset + 4, 4).getInt32(0, true);
      assertEquals(result === 0 ? word : result, value, `parameter ${param}`);
      const around = [...memory.bytes.subarray(0, 4), ...memory.bytes.subarray(8)];
      assert(around.every((byte) => byte === CANARY), `parameter ${param} wrote beside its int`);
      assertEquals(arg.value, memory.address + 4n);
    }
    const get = (param: bigint, value: bigint) =>
      outcome(() => m.card.ioctl(uapi.DRM_IOCTL_VIRTGPU_GETPARAM, uapi.drm_virtgpu_getparam.of({ param, value })));
    assertEquals([get(2n, 0n), get(2n, ~0n), get(0n, 0n), get(1n << 32n | 2n, 0n)], [
      "EFAULT",
      "EFAULT",
      "EINVAL",
      "EINVAL",
    ]);
  }
});

Deno.test("L4 without 3D, EXECBUFFER, TRANSFER_FROM_HOST and GET_CAPS are ENOSYS before anything is looked at", () => {
  using m = machine(true);
  const everything = new Uint8Array(64).fill(0xff);
  for (const path of [CARD, RENDER]) {
    const file = m.process.open(path);
    const call = (cmd: number): unknown => outcome(() => file.ioctl(cmd as uapi.Ioctl<Uint8Array>, everything.slice()));
    // The older encodings of EXECBUFFER, of 32 and 40 bytes, too.
    for (const cmd of [0xc0406442, 0xc0286442, 0xc0206442, 0xc02c6446, 0xc0186449]) {
      assertEquals(call(cmd), "ENOSYS", `0x${cmd.toString(16)} on ${path}`);
    }
    // CONTEXT_INIT knows no other refusal; 0x4c is no request of this driver.
    assertEquals([call(0xc010644b), call(0xc010644c), call(0x6440)], ["EINVAL", "EINVAL", "EINVAL"]);
  }
});

Deno.test("L6 RESOURCE_CREATE_BLOB: guest memory only, with no commands, and only where the device has blobs", () => {
  using m = machine(true);
  const refused: Parameters<typeof blob>[1][] = [
    { blob_mem: 0 },
    { blob_mem: 2 }, // HOST3D
    { blob_mem: 3 }, // HOST3D_GUEST
    { blob_mem: 4 },
    { blob_flags: 8 },
    { blob_flags: 0x8000_0000 },
    { blob_id: 1n },
    { cmd_size: 4 },
  ];
  for (const more of refused) {
    assertEquals(outcome(() => blob(m.card, more)), "EINVAL", JSON.stringify(more?.blob_flags));
  }
  assertEquals(outcome(() => blob(m.card, { size: 0 })), "ENOSPC");
  assertEquals(outcome(() => blob(m.card, { size: 2 ** 52 })), "ENOSPC"); // beyond the offsets for mmap
  assertEquals(outcome(() => blob(m.card, { size: 2 ** 40 })), "ENOMEM");
  const first = blob(m.card, { size: 5000, blob_flags: 7, cmd: 0xdeadn, pad: 9 });
  assertEquals([first.bo_handle, first.res_handle, first.size], [1, 1, 5000]);
  assertEquals(Object.values(info(m.card, 1).toJSON() as object), [1, 1, 8192, 1]);
  const second = blob(m.process.open(RENDER));
  assertEquals([second.bo_handle, second.res_handle], [1, 2], "handles are the file's, resources the device's");
  const box = uapi.drm_virtgpu_3d_transfer_to_host.of({ bo_handle: 1 });
  assertEquals(outcome(() => m.card.ioctl(uapi.DRM_IOCTL_VIRTGPU_TRANSFER_TO_HOST, box)), "EINVAL");

  using without = machine(false);
  assertEquals(outcome(() => blob(without.card)), "EINVAL");
});

Deno.test("RESOURCE_CREATE without 3D: one level, one layer, one sample, target 2D; RESOURCE_INFO tells it", () => {
  using m = machine(false);
  for (
    const more of [
      { depth: 2 },
      { nr_samples: 2 },
      { last_level: 2 },
      { array_size: 2 },
      { target: 0 },
      { target: 3 },
    ]
  ) assertEquals(outcome(() => resource(m.card, more)), "EINVAL", JSON.stringify(more));
  // What the host thinks of format and size is no business of this request.
  const odd = resource(m.card, { format: 0, width: 0, depth: 0, array_size: 0, last_level: 1, nr_samples: 1, size: 0 });
  assertEquals([odd.bo_handle, odd.res_handle], [1, 1]);
  assertEquals(info(m.card, 1).size, 4096);
  assertEquals(info(m.card, 1).blob_mem, 77, "blob_mem is written for blobs only");
  assertEquals(info(m.card, resource(m.card, { size: 4097 }).bo_handle).size, 8192);
  for (const handle of [0, 3, 0xffff_ffff]) {
    assertEquals(outcome(() => info(m.card, handle)), "ENOENT");
    const wait = uapi.drm_virtgpu_3d_wait.of({ handle });
    assertEquals(outcome(() => m.card.ioctl(uapi.DRM_IOCTL_VIRTGPU_WAIT, wait)), "ENOENT");
    const map = uapi.drm_virtgpu_map.of({ handle });
    assertEquals(outcome(() => m.card.ioctl(uapi.DRM_IOCTL_VIRTGPU_MAP, map)), "ENOENT");
    const to = uapi.drm_virtgpu_3d_transfer_to_host.of({ bo_handle: handle });
    assertEquals(outcome(() => m.card.ioctl(uapi.DRM_IOCTL_VIRTGPU_TRANSFER_TO_HOST, to)), "ENOENT");
  }
});

Deno.test("L3 WAIT on an idle resource is 0, with NOWAIT, without, and with flags that nobody knows", () => {
  using m = machine(false);
  const { bo_handle } = resource(m.card);
  for (const flags of [0, 1, 0xffff_fffe]) {
    const arg = uapi.drm_virtgpu_3d_wait.of({ handle: bo_handle, flags });
    assertEquals(m.card.ioctl(uapi.DRM_IOCTL_VIRTGPU_WAIT, arg), 0);
  }
});

Deno.test("I12 CREATE_DUMB: 32 bits a pixel, no arithmetic that wraps, outputs that ignore their inputs; card node only", () => {
  for (const blobs of [false, true]) {
    using m = machine(blobs);
    const create = (
      init: Parameters<typeof uapi.drm_mode_create_dumb.of>[0],
      file = m.card,
    ): uapi.View<uapi.drm_mode_create_dumb> => {
      const arg = uapi.drm_mode_create_dumb.of(init);
      file.ioctl(uapi.DRM_IOCTL_MODE_CREATE_DUMB, arg);
      return arg;
    };
    for (const bpp of [0, 1, 8, 16, 24, 31, 33, 64]) {
      assertEquals(outcome(() => create({ width: 16, height: 16, bpp })), "EINVAL", `${bpp} bits`);
    }
    for (
      const [width, height] of [[0, 1], [1, 0], [0x4000_0000, 1], [0x1_0000, 0x1_0000], [0xffff_ffff, 0xffff_ffff]]
    ) {
      assertEquals(outcome(() => create({ width, height, bpp: 32 })), "EINVAL", `${width}x${height}`);
    }
    const arg = create({ width: 33, height: 3, bpp: 32, handle: 9, pitch: 9, size: 9, flags: 0xffff });
    assertEquals([arg.handle, arg.pitch, arg.size], [1, 132, 4096]);
    assertEquals(info(m.card, 1).blob_mem, blobs ? 0 : 77, "a dumb buffer has no blob_mem, even where it is a blob");
    assertEquals(outcome(() => create({ width: 1, height: 1, bpp: 32 }, m.process.open(RENDER))), "EACCES");
  }
});

Deno.test("B10 virtio maps imported buffers by an offset of its own; without blobs it imports only its own", () => {
  using m = machine(true);
  const vgem = m.process.open("/dev/dri/card1");
  const dumb = uapi.drm_mode_create_dumb.of({ width: 32, height: 32, bpp: 32 });
  vgem.ioctl(uapi.DRM_IOCTL_MODE_CREATE_DUMB, dumb);
  const prime = uapi.drm_prime_handle.of({ handle: dumb.handle, flags: uapi.DRM_RDWR });
  vgem.ioctl(uapi.DRM_IOCTL_PRIME_HANDLE_TO_FD, prime);
  m.card.ioctl(uapi.DRM_IOCTL_PRIME_FD_TO_HANDLE, prime);
  const map = uapi.drm_mode_map_dumb.of({ handle: prime.handle });
  m.card.ioctl(uapi.DRM_IOCTL_MODE_MAP_DUMB, map);
  m.card.mmap(4096, map.offset)[5] = 55;
  assertEquals(m.process.file(prime.fd).mmap(4096)[5], 55);

  using without = machine(false);
  const there = without.process.open("/dev/dri/card1");
  there.ioctl(uapi.DRM_IOCTL_MODE_CREATE_DUMB, dumb);
  const foreign = uapi.drm_prime_handle.of({ handle: dumb.handle });
  there.ioctl(uapi.DRM_IOCTL_PRIME_HANDLE_TO_FD, foreign);
  assertEquals(outcome(() => without.card.ioctl(uapi.DRM_IOCTL_PRIME_FD_TO_HANDLE, foreign)), "ENODEV");
});

Deno.test("I4 the cursor plane is hidden from atomic clients that have not said that they know hot spots", () => {
  using m = machine(false);
  const planes = (...caps: readonly (readonly [number, number])[]): number => {
    const file = m.process.open(CARD);
    for (const [capability, value] of caps) {
      const arg = uapi.drm_set_client_cap.of({ capability: BigInt(capability), value: BigInt(value) });
      file.ioctl(uapi.DRM_IOCTL_SET_CLIENT_CAP, arg);
    }
    const arg = uapi.drm_mode_get_plane_res.of();
    file.ioctl(uapi.DRM_IOCTL_MODE_GETPLANERESOURCES, arg);
    file.close();
    return arg.count_planes;
  };
  const UNIVERSAL = [2, 1] as const, ATOMIC = [3, 1] as const, HOTSPOT = [6, 1] as const;
  assertEquals([planes(), planes(UNIVERSAL), planes(ATOMIC), planes(ATOMIC, HOTSPOT)], [0, 2, 1, 2]);
  assertEquals(outcome(() => planes(HOTSPOT)), "EINVAL", "hot spots are for atomic clients");
});

Deno.test("every VIRTGPU request works on a render node, and none but those that say so", () => {
  using m = machine(true);
  const render = m.process.open(RENDER);
  const { bo_handle } = resource(render);
  const map = uapi.drm_virtgpu_map.of({ handle: bo_handle });
  render.ioctl(uapi.DRM_IOCTL_VIRTGPU_MAP, map);
  render.mmap(4096, map.offset)[0] = 1;
  const to = uapi.drm_virtgpu_3d_transfer_to_host.of({ bo_handle });
  to.box = uapi.drm_virtgpu_3d_box.of({ w: 16, h: 16, d: 1 });
  assertEquals(render.ioctl(uapi.DRM_IOCTL_VIRTGPU_TRANSFER_TO_HOST, to), 0);
  // A box that lies outside: the host's to judge, nobody tells the client.
  to.box = uapi.drm_virtgpu_3d_box.of({ x: 0xffff_fff0, w: 0xffff_ffff, h: 1 });
  assertEquals(render.ioctl(uapi.DRM_IOCTL_VIRTGPU_TRANSFER_TO_HOST, to), 0);
  for (
    const [cmd, struct] of [
      [uapi.DRM_IOCTL_MODE_GETRESOURCES, uapi.drm_mode_card_res],
      [uapi.DRM_IOCTL_MODE_MAP_DUMB, uapi.drm_mode_map_dumb],
      [uapi.DRM_IOCTL_GEM_FLINK, uapi.drm_gem_flink],
    ] as const
  ) {
    assertEquals(outcome(() => render.ioctl(cmd as uapi.Ioctl<Uint8Array>, new Uint8Array(struct.size))), "EACCES");
  }
});
