/** MODE_ATOMIC: what is refused and how, what stays as it was, fences in and out. After igt's kms_atomic. */
import { assert, assertEquals } from "@std/assert";
import * as uapi from "udrm/uapi/mod.ts";
import { outcome } from "./client.ts";
import { type KmsClient, KmsMachine, type Values } from "./kms_client.ts";

const { DRM_MODE_ATOMIC_ALLOW_MODESET: MODESET, DRM_MODE_ATOMIC_NONBLOCK: NONBLOCK } = uapi;
const { DRM_MODE_ATOMIC_TEST_ONLY: TEST, DRM_MODE_PAGE_FLIP_EVENT: EVENT } = uapi;

interface Lit {
  readonly machine: KmsMachine;
  readonly client: KmsClient;
  readonly crtc: number;
  readonly connector: number;
  readonly primary: number;
  readonly fb: number;
  [Symbol.dispose](): void;
}

function lit(monitors = 1): Lit {
  const machine = new KmsMachine(monitors);
  const client = machine.client().becomeAtomic();
  client.cap(uapi.DRM_CLIENT_CAP_CURSOR_PLANE_HOTSPOT);
  const fb = client.light();
  const { crtcs: [crtc], connectors: [connector] } = client.resources();
  const primary = client.plane(uapi.DRM_PLANE_TYPE_PRIMARY);
  return { machine, client, crtc, connector, primary, fb, [Symbol.dispose]: () => machine[Symbol.dispose]() };
}

/** All that atomic clients see of every object. */
function snapshot(client: KmsClient): unknown {
  const { crtcs, connectors } = client.resources();
  return [...crtcs, ...connectors, ...client.planes()].map((id) => [id, client.rawProps(id)]);
}

Deno.test("atomic: pointers that lead nowhere are EFAULT, whichever it is, and nothing has changed", () => {
  using t = lit();
  const { client } = t;
  const before = snapshot(client);
  const next = client.fb(640, 480);
  for (const member of ["objs_ptr", "count_props_ptr", "props_ptr", "prop_values_ptr"] as const) {
    for (const address of [0n, 0xffff_ffff_ffff_0000n, 0x8000_0000_0000_0000n]) {
      const arg = client.atomicArg({ [t.primary]: { FB_ID: next } });
      arg[member] = address;
      assertEquals(outcome(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_ATOMIC, arg)), "EFAULT", member);
    }
  }
  // Counts far beyond the arrays end where memory does.
  for (const count_objs of [0x7fff_ffff, 0xffff_ffff]) {
    const arg = client.atomicArg({ [t.primary]: { FB_ID: next } });
    arg.count_objs = count_objs;
    const result = outcome(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_ATOMIC, arg));
    assert(result === "EFAULT" || result === "ENOENT", `${result}`);
  }
  const many = client.atomicArg({ [t.primary]: { FB_ID: next } });
  many.count_props_ptr = client.u32([0xffff_ffff]);
  const result = outcome(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_ATOMIC, many));
  assert(result === "EFAULT" || result === "ENOENT", `${result}`);
  assertEquals(snapshot(client), before);
});

Deno.test("atomic: objects without properties, unknown ones, and properties of others are ENOENT", () => {
  using t = lit();
  const { client } = t;
  const send = (object: number, property: number, value = 0n): number | string => {
    const arg = uapi.drm_mode_atomic.of({
      count_objs: 1,
      objs_ptr: client.u32([object]),
      count_props_ptr: client.u32([1]),
      props_ptr: client.u32([property]),
      prop_values_ptr: client.u64([value]),
    });
    return outcome(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_ATOMIC, arg));
  };
  const fbId = client.prop(t.primary, "FB_ID"), active = client.prop(t.crtc, "ACTIVE");
  const [encoder] = client.resources().encoders;
  const blob = client.blob(new Uint8Array(4)) as number;
  for (const object of [0, 0xffff_ffff, 0xfff, encoder, t.fb, fbId, blob]) {
    assertEquals(send(object, fbId), "ENOENT", `${object}`);
  }
  for (const property of [0, 0xffff_ffff, active, encoder, blob]) assertEquals(send(t.primary, property), "ENOENT");
  assertEquals(send(t.crtc, fbId), "ENOENT");
  assertEquals(send(t.primary, client.prop(t.primary, "type"), 1n), "EINVAL"); // it has that one, for reading
});

Deno.test("atomic: flags, reserved and capability", () => {
  using t = lit();
  const { client } = t;
  const send = (change: Partial<uapi.drm_mode_atomic>, who = client): number | string => {
    const arg = uapi.drm_mode_atomic.of(change);
    return outcome(() => who.card.ioctl(uapi.DRM_IOCTL_MODE_ATOMIC, arg));
  };
  assertEquals(send({}), 0); // nothing at all
  assertEquals(send({ flags: NONBLOCK }), 0);
  assertEquals(send({ flags: TEST | NONBLOCK | MODESET }), 0);
  for (const flags of [4, 8, 0x10, 0x800, 0x8000_0000, EVENT | TEST, uapi.DRM_MODE_PAGE_FLIP_ASYNC]) {
    assertEquals(send({ flags }), "EINVAL", flags.toString(16));
  }
  assertEquals(send({ flags: EVENT }), "EINVAL"); // of no CRTC
  assertEquals(send({ reserved: 1n }), "EINVAL");
  assertEquals(send({ reserved: 1n << 63n }), "EINVAL");
  const other = t.machine.client();
  assertEquals(send({}, other), "EACCES"); // no master: before all else
  client.cap(uapi.DRM_CLIENT_CAP_ATOMIC, 0);
  assertEquals(send({}), "EINVAL");
});

Deno.test("atomic: values outside a property's limits are EINVAL, all 64 bits of them", () => {
  using t = lit();
  const { client, primary, crtc, connector } = t;
  const before = snapshot(client);
  const bad: [number, string, bigint[]][] = [
    [primary, "CRTC_W", [1n << 31n, 1n << 32n, (1n << 32n) + 640n, 1n << 63n, -1n]],
    [primary, "CRTC_X", [1n << 31n, 1n << 32n, -(1n << 31n) - 1n, 1n << 63n]],
    [primary, "SRC_W", [1n << 32n, (1n << 32n) + (640n << 16n), -1n]],
    [primary, "FB_ID", [BigInt(crtc), 0xffffn, 1n << 32n, -1n]],
    [primary, "CRTC_ID", [BigInt(t.fb), BigInt(connector), 1n << 32n, -1n]],
    [primary, "FB_DAMAGE_CLIPS", [1n << 32n, BigInt(t.fb)]], // 0 is none, 2^32 is not
    [primary, "IN_FENCE_FD", [-2n, 1n << 31n, 12345n]],
    [crtc, "ACTIVE", [2n, 1n << 32n, -1n]],
    [crtc, "MODE_ID", [BigInt(crtc), 1n << 32n, -1n]],
    [connector, "CRTC_ID", [BigInt(connector), -1n]],
    [connector, "DPMS", [0n, 3n, 4n]],
    [connector, "link-status", [2n, 1n << 32n]],
  ];
  for (const [object, name, values] of bad) {
    for (const value of values) {
      assertEquals(client.atomic({ [object]: { [name]: value } }, MODESET), "EINVAL", `${name} ${value}`);
      assertEquals(client.atomic({ [object]: { [name]: value } }, TEST | MODESET), "EINVAL", `${name} ${value}`);
    }
  }
  assertEquals(snapshot(client), before);
});

Deno.test("atomic: planes, CRTCs and connectors have to agree", () => {
  using t = lit(2);
  const { client, primary, crtc, connector } = t;
  const [, second] = client.resources().crtcs, [, plug] = client.resources().connectors;
  const before = snapshot(client);
  const refused = (values: Values, why = "EINVAL", flags = MODESET): void => {
    assertEquals(client.atomic(values, flags), why, JSON.stringify(values));
    assertEquals(client.atomic(values, flags | TEST), why, JSON.stringify(values));
    assertEquals(client.atomic(values, flags | NONBLOCK), why, JSON.stringify(values));
  };
  refused({ [primary]: { FB_ID: 0 } });
  refused({ [primary]: { CRTC_ID: 0 } });
  refused({ [primary]: { CRTC_ID: second } });
  refused({ [crtc]: { MODE_ID: 0 } });
  refused({ [crtc]: { MODE_ID: 0, ACTIVE: 0 } }); // its connector is still on it
  refused({ [connector]: { CRTC_ID: 0 } });
  refused({ [connector]: { CRTC_ID: second } });
  refused({ [plug]: { CRTC_ID: crtc } });
  refused({ [second]: { ACTIVE: 1 } });
  refused({ [crtc]: { ACTIVE: 0 } }, "EINVAL", 0); // a mode set that is not allowed
  refused({ [second]: { ACTIVE: 0 } }, "EINVAL", EVENT); // off, and stays so: no event will come
  refused({ [primary]: { SRC_W: 641 << 16 } }, "ENOSPC");
  refused({ [primary]: { SRC_X: 1 } }, "ENOSPC");
  refused({ [primary]: { SRC_Y: 0xffff_ffff } }, "ENOSPC");
  refused({ [primary]: { SRC_H: 0xffff_ffff } }, "ENOSPC");
  refused({ [primary]: { CRTC_W: 320 } }, "ERANGE"); // nothing scales
  refused({ [primary]: { CRTC_X: 0x7fff_ffff } }, "ERANGE");
  refused({ [primary]: { CRTC_Y: 0x7fff_ffff } }, "ERANGE");
  refused({ [primary]: { CRTC_X: 1 } }); // it has to cover the CRTC
  refused({ [primary]: { SRC_W: 320 << 16, CRTC_W: 320 } });
  refused({ [primary]: { FB_ID: client.fb(640, 480, uapi.DRM_FORMAT_ARGB8888) } });
  refused({ [primary]: { FB_ID: client.fb(64, 64) } }, "ENOSPC");
  assertEquals(snapshot(client), before);
});

Deno.test("atomic: modes are blobs of 68 bytes that hold a possible timing", () => {
  using t = lit();
  const { client, crtc } = t;
  const mode = (change: (m: uapi.View<uapi.drm_mode_modeinfo>) => void, length = 68): number => {
    const bytes = new Uint8Array(Math.max(length, 68));
    bytes.set(uapi.bytesOf(client.modes(t.connector)[0]));
    change(uapi.drm_mode_modeinfo.at(bytes));
    return client.blob(bytes.subarray(0, length)) as number;
  };
  const set = (blob: number): number | string => client.atomic({ [crtc]: { MODE_ID: blob } }, MODESET | TEST);
  for (const length of [1, 64, 67, 69, 136]) assertEquals(set(mode(() => {}, length)), "EINVAL", `${length}`);
  const impossible: ((m: uapi.View<uapi.drm_mode_modeinfo>) => void)[] = [
    (m) => m.clock = 0,
    (m) => m.clock = 0xffff_ffff,
    (m) => m.vrefresh = 0x8000_0000,
    (m) => m.hdisplay = 0,
    (m) => m.vdisplay = 0,
    (m) => m.hsync_start = m.hdisplay - 1,
    (m) => m.hsync_end = m.hsync_start - 1,
    (m) => m.htotal = m.hsync_end - 1,
    (m) => m.vsync_start = m.vdisplay - 1,
    (m) => m.vtotal = m.vsync_end - 1,
    (m) => m.flags = 0x8000_0000,
    (m) => m.flags |= 5 << 19, // an aspect ratio that does not exist
  ];
  for (const change of impossible) assertEquals(set(mode(change)), "EINVAL", `${change}`);
  // What nobody looks at: the type, the name without end, the rate.
  const odd = mode((m) => {
    m.type = 0xffff_ffff;
    m.vrefresh = 1;
    uapi.bytesOf(m).fill(0x41, 36);
  });
  assertEquals(client.atomic({ [crtc]: { MODE_ID: odd } }, MODESET), 0);
  assertEquals([client.value(crtc, "MODE_ID"), client.crtc(crtc).mode.name], [BigInt(odd), "A".repeat(31)]);
});

Deno.test("atomic: stereo frame packing asks for a picture of both eyes", () => {
  using t = lit();
  const { client, crtc, primary } = t;
  const bytes = uapi.bytesOf(client.modes(t.connector)[0]).slice();
  const mode = uapi.drm_mode_modeinfo.at(bytes);
  mode.flags |= uapi.DRM_MODE_FLAG_3D_FRAME_PACKING;
  const lines = mode.vdisplay + mode.vtotal;
  const stereo = client.blob(bytes) as number;
  const show = (height: number): number | string =>
    client.atomic({
      [crtc]: { MODE_ID: stereo },
      [primary]: { FB_ID: client.fb(640, lines), SRC_H: height * 65536, CRTC_H: height },
    }, MODESET);
  assertEquals([show(480), show(lines)], ["EINVAL", 0]);
});

Deno.test("atomic: of a property that stands twice the last value counts; the order of objects does not", () => {
  using t = lit();
  const { client, primary } = t;
  const next = client.fb(640, 480);
  const arg = uapi.drm_mode_atomic.of({
    count_objs: 3,
    objs_ptr: client.u32([primary, t.crtc, primary]),
    count_props_ptr: client.u32([2, 0, 1]),
    props_ptr: client.u32([
      client.prop(primary, "FB_ID"),
      client.prop(primary, "FB_ID"),
      client.prop(primary, "SRC_X"),
    ]),
    prop_values_ptr: client.u64([0, next, 0]),
  });
  assertEquals(client.card.ioctl(uapi.DRM_IOCTL_MODE_ATOMIC, arg), 0);
  assertEquals(client.value(primary, "FB_ID"), BigInt(next));
});

Deno.test("atomic: test commits change nothing, blocking or not, with fences or without", () => {
  using t = lit();
  const { client, primary, crtc, connector } = t;
  const before = snapshot(client);
  const out = client.process.alloc(4);
  const fence = client.timeline().fence(1);
  const off: Values = {
    [primary]: { FB_ID: 0, CRTC_ID: 0 },
    [crtc]: { ACTIVE: 0, MODE_ID: 0 },
    [connector]: { CRTC_ID: 0 },
  };
  const flip: Values = {
    [primary]: { FB_ID: client.fb(640, 480), IN_FENCE_FD: fence },
    [crtc]: { OUT_FENCE_PTR: out.address },
  };
  const fds = client.process.fdCount;
  for (let i = 0; i < 3; i++) {
    out.bytes.fill(1);
    for (const flags of [TEST, TEST | NONBLOCK]) {
      assertEquals([client.atomic(off, flags | MODESET), client.atomic(flip, flags)], [0, 0]);
    }
    assertEquals([...out.bytes], [255, 255, 255, 255]);
  }
  assertEquals([snapshot(client), client.process.fdCount], [before, fds]);
  // Also while a flip is pending, when the same commit for good would be EBUSY.
  assertEquals(client.atomic({ [primary]: { FB_ID: client.fb(640, 480) } }, NONBLOCK), 0);
  assertEquals([client.atomic(flip, TEST | NONBLOCK), client.atomic(flip, NONBLOCK)], [0, "EBUSY"]);
});

Deno.test("atomic: an out-fence for each CRTC, signalled when the frame shows, all or none", () => {
  using t = lit(2);
  const { client } = t;
  client.light(1);
  const { crtcs } = client.resources();
  const planes = [0, 1].map((i) => client.plane(uapi.DRM_PLANE_TYPE_PRIMARY, i));
  const out = client.process.alloc(8);
  const fds = (): number[] => [...new Int32Array(out.bytes.slice().buffer)];
  const request = (second: number | bigint, fb: number): Values => ({
    [planes[0]]: { FB_ID: client.fb(640, 480) },
    [planes[1]]: { FB_ID: fb },
    [crtcs[0]]: { OUT_FENCE_PTR: out.address },
    [crtcs[1]]: { OUT_FENCE_PTR: second },
  });
  const count = client.process.fdCount;
  assertEquals(client.atomic(request(8n, client.fb(640, 480)), NONBLOCK | EVENT), "EFAULT");
  assertEquals([fds()[0], client.process.fdCount], [-1, count]);
  assertEquals(client.atomic(request(out.address + 4n, client.fb(64, 64)), NONBLOCK | EVENT), "ENOSPC");
  assertEquals([fds(), client.process.fdCount], [[-1, -1], count]);
  assertEquals(client.atomic(request(out.address + 4n, client.fb(640, 480)), NONBLOCK | EVENT), 0);
  const [a, b] = fds();
  assert(a >= 0 && b >= 0 && a !== b);
  assertEquals([client.signaled(a), client.signaled(b)], [false, false]);
  client.frame(2);
  assertEquals([client.signaled(a), client.signaled(b)], [true, true]);
  const times = client.events().map((event) => BigInt(event.tv_sec) * 1_000_000n + BigInt(event.tv_usec));
  assertEquals(times.length, 2);
  const stamps = [a, b].map((fd) => client.info(fd).fences[0].time / 1000n);
  assertEquals(stamps.sort(), times.sort());
  assertEquals(client.value(crtcs[0], "OUT_FENCE_PTR"), 0n);
});

Deno.test("atomic: an in-fence holds the picture back; one that ends in an error does not", async () => {
  using t = lit();
  const { client, primary } = t;
  const line = client.timeline();
  const next = client.fb(640, 480);
  assertEquals(client.atomic({ [primary]: { FB_ID: next, IN_FENCE_FD: line.fence(1) } }, NONBLOCK | EVENT), 0);
  assertEquals(client.value(primary, "FB_ID"), BigInt(next)); // what was asked for is told at once
  assertEquals(client.value(primary, "IN_FENCE_FD"), 0xffff_ffff_ffff_ffffn);
  client.frame(5);
  assertEquals(client.events().length, 0);
  line.inc();
  client.frame(2);
  assertEquals(client.events().length, 1);
  const arg = client.atomicArg({ [primary]: { FB_ID: t.fb, IN_FENCE_FD: line.fence(9) } }, EVENT);
  let result: number | undefined;
  const waiting = client.card.wait(uapi.DRM_IOCTL_MODE_ATOMIC, arg).then((value) => result = value);
  client.frame(5);
  await Promise.resolve();
  assertEquals([result, client.events().length], [undefined, 0]);
  line.close();
  client.frame(2);
  assertEquals([await waiting, client.events().length], [0, 1]);
});

Deno.test("atomic: everything off and on again, plane by plane", () => {
  using t = lit();
  const { client, primary, crtc, connector } = t;
  const mode = client.value(crtc, "MODE_ID") ?? 0n;
  assertEquals(client.atomic({ [primary]: { FB_ID: 0, CRTC_ID: 0 } }), 0); // the CRTC stays on
  assertEquals([client.crtc(crtc).fb_id, client.crtc(crtc).mode_valid], [0, 1]);
  client.frame(1);
  assertEquals(client.atomic({ [primary]: { FB_ID: t.fb, CRTC_ID: crtc } }), 0);
  client.frame(1);
  assertEquals(client.atomic({ [crtc]: { ACTIVE: 0 } }, MODESET), 0);
  assertEquals([client.value(crtc, "ACTIVE"), client.value(connector, "DPMS")], [0n, 3n]);
  assertEquals(client.crtc(crtc).mode_valid, 1); // asleep, and it keeps its mode
  assertEquals(client.atomic({ [crtc]: { ACTIVE: 1 } }, MODESET | NONBLOCK | EVENT), 0);
  client.frame(2);
  assertEquals([client.events().length, client.value(connector, "DPMS")], [1, 0n]);
  const off: Values = {
    [primary]: { FB_ID: 0, CRTC_ID: 0 },
    [crtc]: { ACTIVE: 0, MODE_ID: 0 },
    [connector]: { CRTC_ID: 0 },
  };
  assertEquals(client.atomic(off, MODESET | EVENT), 0); // its event comes at once: no frame will
  assertEquals(client.events().length, 1);
  assertEquals([client.crtc(crtc).mode_valid, client.value(crtc, "MODE_ID")], [0, 0n]);
  assertEquals(client.atomic(off, MODESET), 0); // once more changes nothing
  const on = (blob: number | bigint): Values => ({
    [primary]: { FB_ID: t.fb, CRTC_ID: crtc },
    [crtc]: { ACTIVE: 1, MODE_ID: blob },
    [connector]: { CRTC_ID: crtc },
  });
  assertEquals(client.atomic(on(mode), MODESET), "EINVAL"); // SETCRTC's blob went with its mode
  const blob = client.blob(uapi.bytesOf(client.modes(connector)[0])) as number;
  assertEquals(client.atomic(on(blob), MODESET), 0);
});

Deno.test("atomic: a lit screen survives its client's blob, and a destroyed blob its id", () => {
  using t = lit();
  const { client, crtc } = t;
  const blob = client.blob(uapi.bytesOf(client.modes(t.connector)[0])) as number;
  assertEquals(client.atomic({ [crtc]: { MODE_ID: blob } }, MODESET), 0);
  const destroy = uapi.drm_mode_destroy_blob.of({ blob_id: blob });
  assertEquals(client.card.ioctl(uapi.DRM_IOCTL_MODE_DESTROYPROPBLOB, destroy), 0);
  assertEquals(client.value(crtc, "MODE_ID"), BigInt(blob));
  const read = uapi.drm_mode_get_blob.of({ blob_id: blob });
  assertEquals([client.card.ioctl(uapi.DRM_IOCTL_MODE_GETPROPBLOB, read), read.length], [0, 68]);
  assertEquals(outcome(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_DESTROYPROPBLOB, destroy)), "EPERM");
  const other = client.blob(uapi.bytesOf(client.modes(t.connector)[0])) as number;
  assertEquals(client.atomic({ [crtc]: { MODE_ID: other } }, MODESET), 0);
  client.frame(2);
  assertEquals(outcome(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_GETPROPBLOB, read)), "ENOENT");
});
