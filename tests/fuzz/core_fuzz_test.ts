/**
 * Every request of the core's tables is given bytes that nobody would send: random members, truncated and oversized
 * structs, stale and foreign handles, huge counts, fds of the wrong kinds, bad pointers. The answer is always a number or
 * a DrmError, and everything still works afterwards.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { coreTable } from "udrm/core/drm_table.ts";
import { DrmError } from "udrm/core/error.ts";
import { EventFd } from "udrm/core/eventfd.ts";
import type { IoctlArgument } from "udrm/core/file.ts";
import { softwareKms, TEST_MODE } from "udrm/core/kms/testing.ts";
import { MemFd } from "udrm/core/memfd.ts";
import type { OpenFile } from "udrm/core/process.ts";
import { drmFile, testDriver, TestSystem } from "udrm/core/testing.ts";
import { Wait } from "udrm/core/wait.ts";
import * as uapi from "udrm/uapi/mod.ts";

const RUNS = 100;
const USER_SIZE = 4096;
/** The place of the card with a display in `Rig.files`. */
const SCREEN = 10;
/** The place of a lease of all that it has. */
const LEASE = 11;
const LAST = LEASE;

/** A client with an fd of every kind, and a few live and dead handles. */
class Rig extends TestSystem {
  readonly files: OpenFile[];
  // Memory at the very end of what the client can reach: a step further is EFAULT.
  readonly user: { address: bigint; bytes: Uint8Array };

  constructor() {
    super({
      drivers: [
        testDriver(),
        testDriver({ name: "other" }),
        softwareKms({ overlay: true, features: ["SYNCOBJ", "SYNCOBJ_TIMELINE"] }, []),
      ],
      memoryLimit: 1 << 26,
      process: { fdLimit: 512 },
    });
    const task = this.task;
    const render = task.open("/dev/dri/renderD128");
    const other = task.open("/dev/dri/card1");
    const handles = [this.dumb(), this.dumb(), this.dumb()];
    const dmaBuf = task.file(this.exportFd(handles[0]));
    this.importFd(dmaBuf.fd, other);
    this.closeGem(handles[1]);
    for (let i = 0; i < 3; i++) {
      this.card.ioctl(uapi.DRM_IOCTL_SYNCOBJ_CREATE, uapi.drm_syncobj_create.of({ flags: i & 1 }));
      render.ioctl(uapi.DRM_IOCTL_SYNCOBJ_CREATE, uapi.drm_syncobj_create.of({ flags: i & 1 }));
    }
    const sync = uapi.drm_syncobj_handle.of({ handle: 2, flags: uapi.DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE });
    this.card.ioctl(uapi.DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, sync);
    const opaque = uapi.drm_syncobj_handle.of({ handle: 1 });
    this.card.ioctl(uapi.DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, opaque);
    const memfd = task.memfdCreate("fuzz");
    memfd.write(new Uint8Array(65536));
    if (memfd.file instanceof MemFd) memfd.file.addSeals(uapi.F_SEAL_SHRINK);
    this.files = [
      this.card,
      render,
      other,
      dmaBuf,
      task.file(sync.fd),
      task.file(opaque.fd),
      memfd,
      task.open("/dev/udmabuf"),
      task.open("/dev/sw_sync"),
      task.file(task.install(new EventFd(0))),
      this.#screen(),
    ];
    this.files.push(this.#lease());
    const chunk = task.alloc(1 << 20);
    this.user = {
      address: chunk.address + BigInt(chunk.bytes.length - USER_SIZE),
      bytes: chunk.bytes.subarray(chunk.bytes.length - USER_SIZE),
    };
  }

  /** The card of a device with a display, switched on; its client may do whatever clients may. */
  #screen(): OpenFile {
    const card = this.task.open("/dev/dri/card2");
    const dumb = uapi.drm_mode_create_dumb.of({ width: 1024, height: 768, bpp: 32 });
    card.ioctl(uapi.DRM_IOCTL_MODE_CREATE_DUMB, dumb);
    const fb = uapi.drm_mode_fb_cmd2.of({
      width: 1024,
      height: 768,
      pixel_format: uapi.DRM_FORMAT_XRGB8888,
      handles: [dumb.handle],
      pitches: [dumb.pitch],
    });
    card.ioctl(uapi.DRM_IOCTL_MODE_ADDFB2, fb);
    const kms = this.devices[2].kms;
    assert(kms !== undefined);
    const connectors = this.task.heap.from(new Uint8Array(Uint32Array.of(kms.connectors[0].id).buffer));
    const crtc = uapi.drm_mode_crtc.of({
      crtc_id: kms.crtcs[0].id,
      fb_id: fb.fb_id,
      set_connectors_ptr: connectors.address,
      count_connectors: 1,
      mode_valid: 1,
    });
    TEST_MODE.store(crtc.mode);
    assertEquals(card.ioctl(uapi.DRM_IOCTL_MODE_SETCRTC, crtc), 0);
    becomeAtomic(card);
    return card;
  }

  /** What the card with a display has, lent; its lessee may do whatever clients may. */
  #lease(): OpenFile {
    const kms = this.devices[2].kms;
    assert(kms !== undefined);
    const ids = Uint32Array.from([...kms.crtcs, ...kms.connectors, ...kms.planes], ({ id }) => id);
    const arg = uapi.drm_mode_create_lease.of({
      object_ids: this.task.heap.from(new Uint8Array(ids.buffer)).address,
      object_count: ids.length,
    });
    assertEquals(this.files[SCREEN].ioctl(uapi.DRM_IOCTL_MODE_CREATE_LEASE, arg), 0);
    const lease = this.task.file(arg.fd);
    becomeAtomic(lease);
    return lease;
  }

  /** Sends a request to any file; the outcome must be a number or a DrmError, now or when a wait is given up. */
  send(file: OpenFile, cmd: number, arg: IoctlArgument): void {
    try {
      const result = file.file.ioctl(this.task, cmd, arg);
      if (result instanceof Wait) {
        this.clock.advance(1e6);
        result.cancel();
        assert(Number.isInteger(result.result));
      } else assert(Number.isInteger(result), `result ${result}`);
    } catch (error) {
      if (!(error instanceof DrmError)) throw error;
    }
    this.clock.advance(2e7); // more than a frame
  }

  /** The ordinary things still work. */
  check(): void {
    const fresh = this.task.open("/dev/dri/renderD128");
    const create = uapi.drm_syncobj_create.of({ flags: 1 });
    assertEquals(fresh.ioctl(uapi.DRM_IOCTL_SYNCOBJ_CREATE, create), 0);
    assertEquals(create.handle, 1);
    const cap = uapi.drm_get_cap.of({ capability: BigInt(uapi.DRM_CAP_PRIME) });
    assertEquals([this.card.ioctl(uapi.DRM_IOCTL_GET_CAP, cap), cap.value], [0, 3n]);
    fresh.close();
  }

  /** Ends; by then nothing may hold memory any more. */
  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    assertEquals(this.used, 0, "bytes alive after the end");
  }

  /** Gives back the fds and handles that the requests made, so that a long run does not end at a limit. */
  tidy(): void {
    const keep = new Set(this.files.map((file) => file.fd));
    for (let fd = 0; fd < 512; fd++) if (!keep.has(fd) && this.task.fds.get(fd)) this.task.close(fd);
    for (const file of this.files.filter((file) => file.file.kind === "drm")) {
      for (const [handle] of drmFile(file).objects) if (handle > 3) this.closeGem(handle, file);
    }
  }
}

function becomeAtomic(card: OpenFile): void {
  for (const capability of [uapi.DRM_CLIENT_CAP_UNIVERSAL_PLANES, uapi.DRM_CLIENT_CAP_ATOMIC]) {
    const arg = uapi.drm_set_client_cap.of({ capability: BigInt(capability), value: 1n });
    card.ioctl(uapi.DRM_IOCTL_SET_CLIENT_CAP, arg);
  }
}

/** Ids of the display's objects, which are the same in every rig. */
const ids: number[] = (() => {
  using rig = new Rig();
  const kms = rig.devices[2].kms;
  assert(kms !== undefined);
  const objects = [...kms.crtcs, ...kms.connectors, ...kms.encoders, ...kms.planes];
  const fb = uapi.drm_mode_crtc.of({ crtc_id: kms.crtcs[0].id });
  rig.files[SCREEN].ioctl(uapi.DRM_IOCTL_MODE_GETCRTC, fb);
  const properties = kms.planes[0].properties.list.map(({ property }) => property.id);
  return [fb.fb_id, ...objects.map((object) => object.id), ...properties.slice(0, 3)];
})();

const numbers = [
  0,
  1,
  2,
  3,
  4,
  5,
  6,
  7,
  8,
  9,
  16,
  32,
  64,
  255,
  4095,
  4096,
  0xffff,
  0x1_0000,
  0x7fff_ffff,
  0x8000_0000,
  0xffff_fffe,
  0xffff_ffff,
];
const u32 = fc.oneof(
  { weight: 8, arbitrary: fc.constant(0) },
  { weight: 8, arbitrary: fc.constantFrom(1, 1, 2, 3, 4, 5, 6) },
  { weight: 5, arbitrary: fc.constantFrom(...ids) },
  { weight: 2, arbitrary: fc.constantFrom(...numbers) },
  fc.nat(80),
  fc.integer({ min: 0, max: 0xffff_ffff }),
);
/** A 64-bit member: a number, or an offset from the client's memory (`user`), its end (`end`). */
const u64 = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      at: fc.constantFrom("user" as const, "end" as const),
      offset: fc.constantFrom(0, 0, 0, 8, -8, -1),
    }),
  },
  fc.record({ at: fc.constant("zero" as const), offset: fc.constantFrom(...numbers) }),
  fc.record({ at: fc.constant("top" as const), offset: fc.constantFrom(-1, -8, -4096, -(2 ** 32)) }),
);
type Pointer = typeof u64 extends fc.Arbitrary<infer T> ? T : never;

function resolve(rig: Rig, { at, offset }: Pointer): bigint {
  const base = at === "user" ? rig.user.address : at === "end" ? rig.user.address + BigInt(USER_SIZE) : 0n;
  return BigInt.asUintN(64, base + BigInt(offset));
}

/** What is sent: members by kind, how the argument is passed, and what is done to the request's number. */
const request = fc.record({
  file: fc.nat(6),
  small: fc.array(u32, { minLength: 16, maxLength: 16 }),
  wide: fc.array(u64, { minLength: 8, maxLength: 8 }),
  raw: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
  memory: fc.array(u32, { maxLength: 32 }),
  way: fc.constantFrom("view", "view", "pointer", "pointer", "bytes", "edge", "nothing"),
  size: fc.oneof(
    { weight: 10, arbitrary: fc.constant(undefined) },
    fc.constantFrom(0, 1, 3, 4, 8, 12, 16, 40, 64, 4096, 16383),
  ),
  dir: fc.oneof({ weight: 15, arbitrary: fc.constant(undefined) }, fc.integer({ min: 0, max: 3 })),
});
type Request = typeof request extends fc.Arbitrary<infer T> ? T : never;

function fill(rig: Rig, bytes: Uint8Array, fields: readonly uapi.FieldInfo[], r: Request): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (r.raw || fields.length === 0) {
    for (let i = 0; i + 4 <= bytes.length; i += 4) view.setUint32(i, r.small[(i / 4) % 16], true);
    return;
  }
  fields.forEach((field, i) => {
    if (field.size === 8) view.setBigUint64(field.offset, resolve(rig, r.wide[i % 8]), true);
    else for (let o = 0; o + 4 <= field.size; o += 4) view.setUint32(field.offset + o, r.small[(i + o / 4) % 16], true);
  });
}

function send(rig: Rig, file: OpenFile, cmd: number, struct: uapi.Struct<unknown> | undefined, r: Request): void {
  rig.user.bytes.fill(0);
  new Uint32Array(rig.user.bytes.buffer, rig.user.bytes.byteOffset, USER_SIZE / 4).set(r.memory);
  if (r.size !== undefined) cmd = ((cmd & ~(0x3fff << 16)) | (r.size << 16)) >>> 0;
  if (r.dir !== undefined) cmd = ((cmd & 0x3fff_ffff) | (r.dir << 30)) >>> 0;
  const size = struct?.size ?? 32;
  const fields = struct?.fields.filter((field) => field.offset + field.size <= size) ?? [];
  if (r.way === "view" && struct !== undefined) {
    const view = struct.of() as uapi.StructView;
    fill(rig, uapi.bytesOf(view), fields, r);
    return rig.send(file, cmd, view);
  }
  const bytes = new Uint8Array(size);
  fill(rig, bytes, fields, r);
  if (r.way === "bytes") return rig.send(file, cmd, bytes);
  if (r.way === "nothing") return rig.send(file, cmd, resolve(rig, r.wide[0]));
  const at = r.way === "edge" ? USER_SIZE - size : 0;
  if (at < 0) return rig.send(file, cmd, rig.user.address);
  rig.user.bytes.set(bytes, at);
  rig.send(file, cmd, rig.user.address + BigInt(at));
}

/** Places of the DRM files in `Rig.files`. */
const CARDS = [0, 1, 2, SCREEN, SCREEN, SCREEN, LEASE];

Deno.test("the requests that may wait are these; a Wait of any other is a TypeError, which no test here lets pass", () => {
  const marked = coreTable().entries.filter(({ mayWait }) => mayWait).map(({ name }) =>
    name?.slice("DRM_IOCTL_".length)
  );
  assertEquals(marked.sort(), [
    "MODE_ATOMIC",
    "MODE_CURSOR",
    "MODE_CURSOR2",
    "MODE_DIRTYFB",
    "MODE_OBJ_SETPROPERTY",
    "MODE_SETCRTC",
    "MODE_SETGAMMA",
    "MODE_SETPLANE",
    "MODE_SETPROPERTY",
    "SYNCOBJ_TIMELINE_WAIT",
    "SYNCOBJ_TRANSFER",
    "SYNCOBJ_WAIT",
    "WAIT_VBLANK",
  ]);
});

for (const entry of coreTable().entries) {
  Deno.test(`whatever is sent, ${entry.name} answers with a number or an errno`, () => {
    fc.assert(
      fc.property(request, (r) => {
        using rig = new Rig();
        send(rig, rig.files[CARDS[r.file]], entry.cmd, entry.struct, r);
        rig.check();
      }),
      { numRuns: RUNS },
    );
  });
}

/** The place in `Rig.files` of the kind of file that a request is for, by the request's name. */
const KINDS: [RegExp, number][] = [[/^DMA_BUF/, 3], [/^SYNC_IOC/, 4], [/^UDMABUF/, 7], [/^SW_SYNC/, 8]];

/** Requests of the other files, by the struct of their argument. */
const others: [string, number, uapi.Struct<unknown> | undefined][] = [
  ["DMA_BUF_IOCTL_SYNC", uapi.DMA_BUF_IOCTL_SYNC, uapi.dma_buf_sync],
  ["DMA_BUF_SET_NAME_A", uapi.DMA_BUF_SET_NAME_A, undefined],
  ["DMA_BUF_SET_NAME_B", uapi.DMA_BUF_SET_NAME_B, undefined],
  ["DMA_BUF_IOCTL_EXPORT_SYNC_FILE", uapi.DMA_BUF_IOCTL_EXPORT_SYNC_FILE, uapi.dma_buf_export_sync_file],
  ["DMA_BUF_IOCTL_IMPORT_SYNC_FILE", uapi.DMA_BUF_IOCTL_IMPORT_SYNC_FILE, uapi.dma_buf_import_sync_file],
  ["UDMABUF_CREATE", uapi.UDMABUF_CREATE, uapi.udmabuf_create],
  ["UDMABUF_CREATE_LIST", uapi.UDMABUF_CREATE_LIST, uapi.udmabuf_create_list],
  ["SYNC_IOC_MERGE", uapi.SYNC_IOC_MERGE, uapi.sync_merge_data],
  ["SYNC_IOC_FILE_INFO", uapi.SYNC_IOC_FILE_INFO, uapi.sync_file_info],
  ["SYNC_IOC_SET_DEADLINE", uapi.SYNC_IOC_SET_DEADLINE, uapi.sync_set_deadline],
  ["SW_SYNC_IOC_CREATE_FENCE", uapi.SW_SYNC_IOC_CREATE_FENCE, uapi.sw_sync_create_fence_data],
  ["SW_SYNC_IOC_INC", uapi.SW_SYNC_IOC_INC, undefined],
  ["SW_SYNC_GET_DEADLINE", uapi.SW_SYNC_GET_DEADLINE, uapi.sw_sync_get_deadline],
];

for (const [name, cmd, struct] of others) {
  Deno.test(`whatever is sent to a file of whatever kind, ${name} answers with a number or an errno`, () => {
    const own = KINDS.find(([pattern]) => pattern.test(name))?.[1] ?? 0;
    fc.assert(
      fc.property(request, fc.oneof({ weight: 2, arbitrary: fc.constant(own) }, fc.nat(LAST)), (r, file) => {
        using rig = new Rig();
        send(rig, rig.files[file], cmd, struct, r);
        rig.check();
      }),
      { numRuns: RUNS },
    );
  });
}

Deno.test("any request number, to any file, answers with a number or an errno", () => {
  using rig = new Rig();
  const cmd = fc.tuple(
    fc.integer({ min: 0, max: 3 }),
    fc.constantFrom("d", "b", "u", "W", ">", "x"),
    fc.nat(255),
    fc.nat(64),
  );
  fc.assert(
    fc.property(request, cmd, fc.nat(LAST), (r, [dir, type, nr, size], file) => {
      send(rig, rig.files[file], uapi._IOC(dir, type, nr, size), undefined, { ...r, size: undefined, dir: undefined });
      rig.check();
      rig.tidy();
    }),
    { numRuns: 2000 },
  );
});

Deno.test("mmap, lseek, read, write and poll of any file with any numbers answer with an errno or succeed", () => {
  using rig = new Rig();
  const number = fc.oneof(
    fc.constantFrom(
      0,
      1,
      4096,
      8192,
      65536,
      -1,
      -4096,
      2 ** 31,
      2 ** 32,
      2 ** 32 + 4096,
      2 ** 40,
      2 ** 53,
      2 ** 60,
      0.5,
      NaN,
      Infinity,
    ),
    fc.integer(),
  );
  fc.assert(
    fc.property(
      fc.nat(LAST),
      fc.constantFrom("mmap", "lseek", "read", "write", "poll"),
      number,
      number,
      fc.nat(15),
      fc.nat(7),
      (i, call, a, b, c, d) => {
        const file = rig.files[i];
        try {
          if (call === "mmap") file.map(a, b, d, c)[Symbol.dispose]();
          else if (call === "lseek") file.lseek(a, c);
          else if (call === "read") file.read(new Uint8Array(d * 8));
          else if (call === "write" && file.file.kind !== "memfd") file.write(new Uint8Array(d * 8));
          else if (call === "poll") file.poll(a);
        } catch (error) {
          if (!(error instanceof DrmError)) throw error;
        }
        rig.check();
      },
    ),
    { numRuns: 2000 },
  );
});
