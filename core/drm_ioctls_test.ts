import { assertEquals } from "@std/assert";
import * as uapi from "../uapi/mod.ts";
import type { Feature } from "./driver.ts";
import type { OpenFile } from "./process.ts";
import { drmFile, errno, TEST_FEATURES, testDriver, testSystem } from "./testing.ts";

const text = new TextDecoder();

function cap(file: OpenFile, capability: bigint): bigint | string {
  const arg = uapi.drm_get_cap.of({ capability, value: 77n });
  const result = errno(() => file.ioctl(uapi.DRM_IOCTL_GET_CAP, arg));
  return result === 0 ? arg.value : String(result);
}

function setCap(file: OpenFile, capability: bigint | number, value: bigint | number): string | number {
  const arg = uapi.drm_set_client_cap.of({ capability: BigInt(capability), value: BigInt(value) });
  return errno(() => file.ioctl(uapi.DRM_IOCTL_SET_CLIENT_CAP, arg));
}

/** A device whose driver says MODESET; its KMS is only what GET_CAP asks. */
function modeset(features: readonly Feature[] = [], comm = "tester") {
  const t = testSystem({
    drivers: [testDriver({ features: [...TEST_FEATURES, "MODESET", ...features] })],
    process: { comm },
  });
  const kms = { preferredDepth: 24, preferShadow: true, cursorWidth: 0, cursorHeight: 0, fbModifiers: true };
  const rest = { releaseFile: () => {}, releaseLeases: () => {}, unplug: () => {} };
  t.device.kms ??= { ...kms, asyncPageFlip: false, pageFlipTarget: false, ...rest } as unknown as typeof t.device.kms;
  return t;
}

Deno.test("A6 no-op requests return 0 and still enforce their flags", () => {
  using t = testSystem({ process: { uid: 0 } });
  using user = t.system.process({ uid: 1000 });
  using second = user.open("/dev/dri/card0");
  const noops: number[] = [
    uapi.DRM_IOCTL_BLOCK,
    uapi.DRM_IOCTL_UNBLOCK,
    uapi.DRM_IOCTL_ADD_DRAW,
    uapi.DRM_IOCTL_RM_DRAW,
    uapi.DRM_IOCTL_UPDATE_DRAW,
  ];
  for (const cmd of noops) {
    const arg = new Uint8Array(32);
    assertEquals(t.card.ioctl(cmd, arg), 0, cmd.toString(16));
    assertEquals(errno(() => second.ioctl(cmd, arg)), "EACCES", cmd.toString(16));
  }
  assertEquals(t.card.ioctl(uapi.DRM_IOCTL_FINISH, uapi.drm_lock.of()), 0);
  assertEquals(errno(() => second.ioctl(uapi.DRM_IOCTL_FINISH, uapi.drm_lock.of())), "EACCES");
  assertEquals(errno(() => t.card.ioctl(uapi.DRM_IOCTL_SET_UNIQUE, uapi.drm_unique.of())), "EINVAL");
  assertEquals(errno(() => second.ioctl(uapi.DRM_IOCTL_SET_UNIQUE, uapi.drm_unique.of())), "EACCES");
});

Deno.test("A7 VERSION copies what fits, without NUL, and returns the whole lengths; the date is 0", () => {
  using t = testSystem();
  const name = t.task.alloc(8), date = t.task.alloc(8), desc = t.task.alloc(32);
  name.bytes.fill(0xff);
  const arg = uapi.drm_version.of({
    name_len: 2,
    name: name.address,
    date_len: 8,
    date: date.address,
    desc_len: 32,
    desc: desc.address,
  });
  assertEquals(t.card.ioctl(uapi.DRM_IOCTL_VERSION, arg), 0);
  assertEquals([arg.version_major, arg.version_minor, arg.version_patchlevel], [2, 3, 4]);
  assertEquals([arg.name_len, arg.date_len, arg.desc_len], [4, 1, 11]);
  assertEquals([...name.bytes.subarray(0, 3)], [..."te"].map((c) => c.charCodeAt(0)).concat(0xff));
  assertEquals([text.decode(date.bytes.subarray(0, 2)), text.decode(desc.bytes.subarray(0, 11))], [
    "0\0",
    "Test driver",
  ]);
  const ask = uapi.drm_version.of({ name_len: 8 });
  assertEquals([t.card.ioctl(uapi.DRM_IOCTL_VERSION, ask), ask.name_len], [0, 4]);
  const bad = uapi.drm_version.of({ name_len: 8, name: 1n, desc_len: 5 });
  assertEquals([errno(() => t.card.ioctl(uapi.DRM_IOCTL_VERSION, bad)), bad.name_len], ["EFAULT", 4]);
});

Deno.test("A8 GET_CLIENT shows the caller alone, GET_STATS zeros", () => {
  using t = testSystem();
  const arg = uapi.drm_client.of({ pid: 9, magic: 9, iocs: 9 });
  assertEquals(t.card.ioctl(uapi.DRM_IOCTL_GET_CLIENT, arg), 0);
  assertEquals([arg.auth, Number(arg.uid), Number(arg.pid), Number(arg.magic), Number(arg.iocs)], [
    1,
    65534,
    t.task.pid,
    0,
    0,
  ]);
  using second = t.task.open("/dev/dri/card0");
  const other = uapi.drm_client.of();
  second.ioctl(uapi.DRM_IOCTL_GET_CLIENT, other);
  assertEquals(other.auth, 0);
  assertEquals(errno(() => t.card.ioctl(uapi.DRM_IOCTL_GET_CLIENT, uapi.drm_client.of({ idx: 1 }))), "EINVAL");
  const stats = new Uint8Array(uapi.drm_stats.size).fill(1);
  assertEquals([t.card.ioctl(uapi.DRM_IOCTL_GET_STATS, stats), stats.some((b) => b !== 0)], [0, false]);
});

Deno.test("A9 GET_CAP without MODESET knows four capabilities, all others are EOPNOTSUPP", () => {
  using t = testSystem();
  assertEquals(cap(t.card, BigInt(uapi.DRM_CAP_TIMESTAMP_MONOTONIC)), 1n);
  assertEquals(cap(t.card, BigInt(uapi.DRM_CAP_PRIME)), 3n);
  assertEquals(cap(t.card, BigInt(uapi.DRM_CAP_SYNCOBJ)), 1n);
  assertEquals(cap(t.card, BigInt(uapi.DRM_CAP_SYNCOBJ_TIMELINE)), 1n);
  const others = [uapi.DRM_CAP_DUMB_BUFFER, uapi.DRM_CAP_CURSOR_WIDTH, 0, 0x1234].map(BigInt);
  for (const other of [...others, (1n << 32n) + 6n, 2n ** 64n - 1n]) {
    assertEquals(cap(t.card, other), "EOPNOTSUPP", String(other));
  }
});

Deno.test("A9 GET_CAP with MODESET: cursor sizes default to 64, unknown capabilities are EINVAL and return 0", () => {
  using t = modeset();
  assertEquals(cap(t.card, BigInt(uapi.DRM_CAP_DUMB_BUFFER)), 1n);
  assertEquals(cap(t.card, BigInt(uapi.DRM_CAP_CURSOR_WIDTH)), 64n);
  assertEquals(cap(t.card, BigInt(uapi.DRM_CAP_CURSOR_HEIGHT)), 64n);
  assertEquals(cap(t.card, BigInt(uapi.DRM_CAP_VBLANK_HIGH_CRTC)), 1n);
  assertEquals(cap(t.card, BigInt(uapi.DRM_CAP_CRTC_IN_VBLANK_EVENT)), 1n);
  for (const unknown of [0n, 0x1234n, (1n << 32n) + 6n, (1n << 63n) + 1n]) assertEquals(cap(t.card, unknown), "EINVAL");
  const arg = uapi.drm_get_cap.of({ capability: 0x1234n, value: 2n ** 64n - 1n });
  errno(() => t.card.ioctl(uapi.DRM_IOCTL_GET_CAP, arg));
  assertEquals(arg.value, 0n);
});

Deno.test("A10 SET_CLIENT_CAP(ATOMIC) takes 0 to 2 and sets universal planes and aspect ratio too", () => {
  using t = modeset(["ATOMIC"]);
  const file = drmFile(t.card);
  const caps = () => [file.atomic, file.universalPlanes, file.aspectRatioAllowed];
  assertEquals([setCap(t.card, uapi.DRM_CLIENT_CAP_ATOMIC, 2), caps()], [0, [true, true, true]]);
  assertEquals([setCap(t.card, uapi.DRM_CLIENT_CAP_ATOMIC, 3), caps()], ["EINVAL", [true, true, true]]);
  assertEquals([setCap(t.card, uapi.DRM_CLIENT_CAP_ATOMIC, 0), caps()], [0, [false, false, false]]);
  assertEquals(setCap(t.card, uapi.DRM_CLIENT_CAP_ATOMIC, 2n ** 64n - 1n), "EINVAL");
});

Deno.test("A10 SET_CLIENT_CAP(ATOMIC, 1) is refused to processes whose name begins with X", () => {
  using x = modeset(["ATOMIC"], "Xorg");
  assertEquals(setCap(x.card, uapi.DRM_CLIENT_CAP_ATOMIC, 1), "EOPNOTSUPP");
  assertEquals(setCap(x.card, uapi.DRM_CLIENT_CAP_ATOMIC, 2), 0);
  using other = modeset(["ATOMIC"], "weston");
  assertEquals(setCap(other.card, uapi.DRM_CLIENT_CAP_ATOMIC, 1), 0);
  using without = modeset();
  assertEquals(setCap(without.card, uapi.DRM_CLIENT_CAP_ATOMIC, 1), "EOPNOTSUPP");
});

Deno.test("A10 the other client capabilities: 0 or 1, some for atomic clients alone", () => {
  using t = modeset(["ATOMIC"]);
  for (
    const simple of [
      uapi.DRM_CLIENT_CAP_STEREO_3D,
      uapi.DRM_CLIENT_CAP_UNIVERSAL_PLANES,
      uapi.DRM_CLIENT_CAP_ASPECT_RATIO,
    ]
  ) {
    assertEquals([setCap(t.card, simple, 1), setCap(t.card, simple, 2), setCap(t.card, simple, 0)], [0, "EINVAL", 0]);
  }
  assertEquals(setCap(t.card, uapi.DRM_CLIENT_CAP_WRITEBACK_CONNECTORS, 1), "EINVAL");
  assertEquals(setCap(t.card, uapi.DRM_CLIENT_CAP_CURSOR_PLANE_HOTSPOT, 1), "EOPNOTSUPP");
  setCap(t.card, uapi.DRM_CLIENT_CAP_ATOMIC, 1);
  assertEquals(setCap(t.card, uapi.DRM_CLIENT_CAP_WRITEBACK_CONNECTORS, 1), 0);
  assertEquals(setCap(t.card, uapi.DRM_CLIENT_CAP_WRITEBACK_CONNECTORS, 2), "EINVAL");
  assertEquals([setCap(t.card, 0, 0), setCap(t.card, 99, 0), setCap(t.card, 2n ** 64n - 1n, 0)], [
    "EINVAL",
    "EINVAL",
    "EINVAL",
  ]);
  using plain = testSystem();
  assertEquals(setCap(plain.card, uapi.DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1), "EOPNOTSUPP");
});

Deno.test("A11 SET_CLIENT_NAME: printable ASCII without space, at most 64 bytes; empty clears", () => {
  using t = testSystem();
  const set = (name: string, length = name.length) => {
    const user = t.task.heap.from(new TextEncoder().encode(name));
    const arg = uapi.drm_set_client_name.of({ name_len: length, name: user.address });
    return errno(() => t.card.ioctl(uapi.DRM_IOCTL_SET_CLIENT_NAME, arg));
  };
  const file = drmFile(t.card);
  assertEquals([set("glxgears"), file.clientName], [0, "glxgears"]);
  assertEquals([set("a".repeat(65)), set("a b"), set("a\0b"), set("a\n"), set("é")], Array(5).fill("EINVAL"));
  assertEquals(file.clientName, "glxgears");
  assertEquals([set("a".repeat(64)), set(""), file.clientName], [0, 0, ""]);
  const bad = uapi.drm_set_client_name.of({ name_len: 4, name: 0n });
  assertEquals(errno(() => t.card.ioctl(uapi.DRM_IOCTL_SET_CLIENT_NAME, bad)), "EFAULT");
});

Deno.test("A12 open with O_EXCL is EBUSY", () => {
  using t = testSystem();
  assertEquals(errno(() => t.task.open("/dev/dri/card0", uapi.O_RDWR | uapi.O_EXCL)), "EBUSY");
  assertEquals(errno(() => t.task.open("/dev/dri/card7")), "ENOENT");
  assertEquals(t.task.fdCount, 1);
});

Deno.test("A13 GEM_CHANGE_HANDLE is EINVAL, whatever it is asked", () => {
  using t = testSystem();
  const arg = uapi.drm_gem_change_handle.of({ handle: t.dumb(), new_handle: 5 });
  assertEquals(errno(() => t.card.ioctl(uapi.DRM_IOCTL_GEM_CHANGE_HANDLE, arg)), "EINVAL");
});

Deno.test("GET_UNIQUE is empty until SET_VERSION 1.1, then the bus's; copied only where it fits whole", () => {
  using t = testSystem();
  const user = t.task.alloc(16);
  const get = (length: number) => {
    user.bytes.fill(0);
    const arg = uapi.drm_unique.of({ unique_len: length, unique: user.address });
    return [t.card.ioctl(uapi.DRM_IOCTL_GET_UNIQUE, arg), arg.unique_len, text.decode(user.bytes.subarray(0, 4))];
  };
  const version = (minor: number) =>
    t.card.ioctl(
      uapi.DRM_IOCTL_SET_VERSION,
      uapi.drm_set_version.of({ drm_di_major: 1, drm_di_minor: minor, drm_dd_major: -1, drm_dd_minor: 0 }),
    );
  assertEquals([version(0), get(16)], [0, [0, 0, "\0\0\0\0"]]);
  assertEquals([version(1), get(16), get(3)], [0, [0, 4, "test"], [0, 4, "\0\0\0\0"]]);
  const bad = uapi.drm_unique.of({ unique_len: 16, unique: 8n });
  assertEquals(errno(() => t.card.ioctl(uapi.DRM_IOCTL_GET_UNIQUE, bad)), "EFAULT");
});

Deno.test("SET_VERSION checks interface and driver versions", () => {
  using t = testSystem();
  const set = (di: number, diMinor: number, dd: number, ddMinor: number) =>
    errno(() =>
      t.card.ioctl(
        uapi.DRM_IOCTL_SET_VERSION,
        uapi.drm_set_version.of({ drm_di_major: di, drm_di_minor: diMinor, drm_dd_major: dd, drm_dd_minor: ddMinor }),
      )
    );
  assertEquals([set(1, 4, 2, 3), set(-1, 99, -1, 99)], [0, 0]);
  assertEquals([set(0, 0, -1, 0), set(1, 5, -1, 0), set(1, -1, -1, 0)], ["EINVAL", "EINVAL", "EINVAL"]);
  assertEquals([set(-1, 0, 1, 0), set(-1, 0, 2, 4), set(-1, 0, 2, -1)], ["EINVAL", "EINVAL", "EINVAL"]);
});
