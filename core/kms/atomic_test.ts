import { assert, assertEquals } from "@std/assert";
import * as uapi from "../../uapi/mod.ts";
import {
  type AtomicRequest,
  errnoOfCall,
  TEST_MODE,
  type TestClient,
  TestKms,
  type TestKmsOptions,
} from "./testing.ts";

const MODESET = uapi.DRM_MODE_ATOMIC_ALLOW_MODESET;
const NONBLOCK = uapi.DRM_MODE_ATOMIC_NONBLOCK;
const EVENT = uapi.DRM_MODE_PAGE_FLIP_EVENT;
const TEST = uapi.DRM_MODE_ATOMIC_TEST_ONLY;
const ASYNC = uapi.DRM_MODE_PAGE_FLIP_ASYNC;

function on(
  options?: TestKmsOptions,
): {
  test: TestKms;
  client: TestClient;
  fb: number;
  crtc: TestKms["kms"]["crtcs"][number];
  primary: number;
  [Symbol.dispose](): void;
} {
  const test = new TestKms(options);
  const client = test.client();
  const fb = client.enable();
  test.takeLog();
  const [crtc] = test.kms.crtcs;
  return { test, client, fb, crtc, primary: crtc.primary.id, [Symbol.dispose]: () => test[Symbol.dispose]() };
}

Deno.test("J1 ATOMIC without the client capability is EINVAL, without driver support EOPNOTSUPP", () => {
  using test = new TestKms();
  const client = test.client(false);
  const go = (who: TestClient): string =>
    errnoOfCall(() => who.card.ioctl(uapi.DRM_IOCTL_MODE_ATOMIC, uapi.drm_mode_atomic.of()));
  assertEquals(go(client), "EINVAL");
  client.capability(uapi.DRM_CLIENT_CAP_ATOMIC, 1);
  assertEquals(go(client), ""); // nothing to do
  using old = new TestKms({ atomic: false });
  assertEquals(go(old.client(false)), "EOPNOTSUPP");
});

Deno.test("J2 TEST_ONLY with EVENT, reserved and unknown flags are EINVAL; ASYNC needs the device", () => {
  using test = new TestKms();
  const client = test.client();
  const go = (init: Parameters<typeof uapi.drm_mode_atomic.of>[0]): string =>
    errnoOfCall(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_ATOMIC, uapi.drm_mode_atomic.of(init)));
  assertEquals(go({}), "");
  assertEquals(go({ flags: TEST | EVENT }), "EINVAL");
  assertEquals(go({ reserved: 1n << 40n }), "EINVAL");
  assertEquals(go({ flags: 0x1000 }), "EINVAL");
  assertEquals(go({ flags: ASYNC }), "EINVAL");
  using tearing = new TestKms({ config: { asyncPageFlip: true } });
  assertEquals(errnoOfCall(() => tearing.client().atomic({}, ASYNC)), "");
});

Deno.test("J3 unknown objects, objects without properties and properties of other objects are ENOENT", () => {
  using setup = on();
  const { test, client, primary, crtc, fb } = setup;
  const raw = (object: number, property: number): string => {
    const arg = client.atomicArg({ [primary]: { FB_ID: fb } });
    client.process.memory.copyOut(arg.objs_ptr, new Uint8Array(Uint32Array.of(object).buffer));
    client.process.memory.copyOut(arg.props_ptr, new Uint8Array(Uint32Array.of(property).buffer));
    return errnoOfCall(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_ATOMIC, arg));
  };
  const fbId = client.property(primary, "FB_ID");
  assertEquals(raw(primary, fbId), "");
  client.frame();
  assertEquals(raw(9999, fbId), "ENOENT");
  assertEquals(raw(fb, fbId), "ENOENT"); // a framebuffer
  assertEquals(raw(test.kms.encoders[0].id, fbId), "ENOENT");
  assertEquals(raw(crtc.id, fbId), "ENOENT");
  assertEquals(raw(primary, 0), "ENOENT");
});

Deno.test("J3 what the kernel cannot read is EFAULT, at the element where it stands", () => {
  using setup = on();
  const { client, primary, fb } = setup;
  for (const pointer of ["objs_ptr", "count_props_ptr", "props_ptr", "prop_values_ptr"] as const) {
    const arg = client.atomicArg({ [primary]: { FB_ID: fb } });
    arg[pointer] = 8n;
    assertEquals(errnoOfCall(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_ATOMIC, arg)), "EFAULT", pointer);
  }
  const arg = client.atomicArg({ [primary]: { FB_ID: fb } });
  arg.count_objs = 0xffff_ffff; // the second id is no object: found before memory ends
  assertEquals(errnoOfCall(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_ATOMIC, arg)), "ENOENT");
});

Deno.test("J5 one event for each CRTC in the state, planes' included; none is EINVAL; a CRTC that stays off is EINVAL", () => {
  using test = new TestKms({ pipes: 2 });
  const client = test.client();
  const fb = client.enable(0), fb1 = client.enable(1);
  const [a, b] = test.kms.crtcs;
  client.events();
  assertEquals(
    client.atomic(
      { [a.primary.id]: { FB_ID: fb }, [b.primary.id]: { FB_ID: fb1 } },
      NONBLOCK | EVENT,
      0x1234_5678_9abc_def0n,
    ),
    0,
  );
  client.frame();
  const events = client.events();
  assertEquals(events.map((event) => event.crtc_id).sort(), [a.id, b.id]);
  assert(
    events.every((event) =>
      event.user_data === 0x1234_5678_9abc_def0n && event.base.type === uapi.DRM_EVENT_FLIP_COMPLETE
    ),
  );
  assertEquals(errnoOfCall(() => client.atomic({}, EVENT)), "EINVAL");
  using off = new TestKms();
  const other = off.client();
  assertEquals(errnoOfCall(() => other.atomic({ [off.kms.crtcs[0].id]: { VRR_ENABLED: 0 } }, EVENT)), "EINVAL");
  assertEquals(errnoOfCall(() => other.atomic({ [off.kms.crtcs[0].id]: { VRR_ENABLED: 0 } })), "");
});

Deno.test("J6 a mode set without ALLOW_MODESET is EINVAL", () => {
  using test = new TestKms();
  const client = test.client();
  const request = client.enableRequest(client.framebuffer(1024, 768));
  assertEquals(errnoOfCall(() => client.atomic(request)), "EINVAL");
  assertEquals(test.takeLog(), []);
  assertEquals(errnoOfCall(() => client.atomic(request, MODESET)), "");
  client.frame();
  const [crtc] = test.kms.crtcs;
  assertEquals(errnoOfCall(() => client.atomic({ [crtc.id]: { ACTIVE: 0 } })), "EINVAL");
  assertEquals(errnoOfCall(() => client.atomic({ [crtc.id]: { MODE_ID: client.modeBlob() } })), ""); // the same mode
});

Deno.test("J7 a CRTC that is active without mode is EINVAL; so is a mode without connector", () => {
  using test = new TestKms();
  const client = test.client();
  const [crtc] = test.kms.crtcs;
  assertEquals(errnoOfCall(() => client.atomic({ [crtc.id]: { ACTIVE: 1 } }, MODESET)), "EINVAL");
  assertEquals(errnoOfCall(() => client.atomic({ [crtc.id]: { MODE_ID: client.modeBlob() } }, MODESET)), "EINVAL");
});

Deno.test("J8 planes: each broken rule gives its errno", () => {
  using setup = on({ pipes: 2, overlay: true });
  const { test, client, crtc } = setup;
  const overlay = test.kms.planes[1];
  const fb = client.framebuffer(64, 64);
  const good = client.planeValues(fb, crtc.id, 64, 64, 10, 10);
  const go = (changes: Record<string, number | bigint>): string => {
    const errno = errnoOfCall(() => client.atomic({ [overlay.id]: { ...good, ...changes } }, TEST));
    return errno;
  };
  assertEquals(go({}), "");
  assertEquals(go({ CRTC_ID: 0 }), "EINVAL");
  assertEquals(go({ FB_ID: 0 }), "EINVAL");
  assertEquals(go({ CRTC_ID: test.kms.crtcs[1].id }), "EINVAL"); // not possible
  assertEquals(go({ CRTC_W: 0x7fff_ffff }), "ERANGE");
  assertEquals(go({ SRC_W: 65 * 65536 }), "ENOSPC");
  assertEquals(go({ SRC_X: 65536 }), "ENOSPC");
  assertEquals(go({ CRTC_W: 32 }), "ERANGE"); // scaling
  const damage = (x1: number, y1: number, x2: number, y2: number): number =>
    client.blob(new Uint8Array(Int32Array.of(x1, y1, x2, y2).buffer));
  assertEquals(go({ FB_DAMAGE_CLIPS: damage(0, 0, 64, 64) }), "");
  assertEquals(go({ FB_DAMAGE_CLIPS: damage(0, 0, 65, 64) }), "EINVAL");
  assertEquals(go({ FB_DAMAGE_CLIPS: damage(5, 0, 5, 64) }), "EINVAL");
  assertEquals(go({ FB_DAMAGE_CLIPS: client.blob(new Uint8Array(15)) }), "EINVAL");
  const cursor = test.kms.planes[2];
  const values = { ...good, FB_ID: client.framebuffer(64, 64, uapi.DRM_FORMAT_XRGB8888) };
  assertEquals(errnoOfCall(() => client.atomic({ [cursor.id]: values }, TEST)), "EINVAL"); // format
});

Deno.test("J8 a plane cannot move between CRTCs at once", () => {
  using test = new TestKms({ pipes: 2, plane: { possibleCrtcs: 3 } });
  const client = test.client();
  const fb = client.enable(0);
  client.enable(1);
  const [a, b] = test.kms.crtcs;
  assertEquals(errnoOfCall(() => client.atomic({ [a.primary.id]: { CRTC_ID: b.id } })), "EINVAL");
  assertEquals(errnoOfCall(() => client.atomic({ [a.primary.id]: { CRTC_ID: 0, FB_ID: 0 } })), "");
  client.frame();
  assertEquals(errnoOfCall(() => client.atomic({ [a.primary.id]: client.planeValues(fb, b.id, 1024, 768) })), "");
});

Deno.test("J8 the primary plane has to cover the CRTC unless the driver lets it be placed", () => {
  using setup = on();
  const { client, crtc, primary } = setup;
  const fb = client.framebuffer(512, 384);
  assertEquals(
    errnoOfCall(() => client.atomic({ [primary]: client.planeValues(fb, crtc.id, 512, 384) }, TEST)),
    "EINVAL",
  );
});

Deno.test("J11 a tearing flip may change the primary plane's framebuffer only; equal values are no change", () => {
  using setup = on({ config: { asyncPageFlip: true } });
  const { client, primary, crtc } = setup;
  const next = client.framebuffer(1024, 768);
  assertEquals(errnoOfCall(() => client.atomic({ [primary]: { CRTC_X: 1 } }, ASYNC)), "EINVAL");
  assertEquals(errnoOfCall(() => client.atomic({ [crtc.id]: { ACTIVE: 0 } }, ASYNC | MODESET)), "EINVAL");
  assertEquals(
    client.atomic({ [primary]: { FB_ID: next, CRTC_X: 0 }, [crtc.id]: { ACTIVE: 1 } }, ASYNC | NONBLOCK | EVENT),
    0,
  );
  assertEquals(client.events().length, 1); // at once
});

Deno.test("J14 DPMS through atomic is EINVAL; LINK_STATUS good to bad is ignored, bad to good is a mode set", () => {
  using setup = on();
  const { test, client } = setup;
  const [connector] = test.kms.connectors;
  assertEquals(errnoOfCall(() => client.atomic({ [connector.id]: { DPMS: 3 } }, MODESET)), "EINVAL");
  assertEquals(errnoOfCall(() => client.atomic({ [connector.id]: { "link-status": 1 } })), "");
  assertEquals(client.value(connector.id, "link-status"), 0n);
  client.frame();
  connector.linkFailed();
  assertEquals(client.value(connector.id, "link-status"), 1n);
  assertEquals(errnoOfCall(() => client.atomic({ [connector.id]: { "link-status": 0 } })), "EINVAL");
  assertEquals(errnoOfCall(() => client.atomic({ [connector.id]: { "link-status": 0 } }, MODESET)), "");
  assertEquals(client.value(connector.id, "link-status"), 0n);
});

Deno.test("J15 MODE_ID takes blobs of 68 bytes with a valid mode; 0 switches off", () => {
  using setup = on();
  const { test, client, crtc, primary } = setup;
  const go = (blob: number): string =>
    errnoOfCall(() => client.atomic({ [crtc.id]: { MODE_ID: blob } }, MODESET | TEST));
  const info = uapi.drm_mode_modeinfo.of();
  TEST_MODE.store(info);
  const bytes = uapi.drm_mode_modeinfo.bytes(info);
  assertEquals(go(client.blob(bytes)), "");
  assertEquals(go(client.blob(bytes.subarray(0, 67))), "EINVAL");
  info.hsync_end = 1;
  assertEquals(go(client.blob(bytes)), "EINVAL");
  TEST_MODE.store(info);
  info.clock = 0x8000_0000;
  assertEquals(go(client.blob(bytes)), "EINVAL");
  const off: AtomicRequest = {
    [crtc.id]: { MODE_ID: 0, ACTIVE: 0 },
    [test.kms.connectors[0].id]: { CRTC_ID: 0 },
    [primary]: { CRTC_ID: 0, FB_ID: 0 },
  };
  assertEquals(client.atomic(off, MODESET), 0);
  assertEquals([crtc.state.enable, crtc.vblank.enabled], [false, false]);
  assertEquals(test.takeLog(), ["disable crtc-0", "disable plane-0", "flush crtc-0"]);
});

Deno.test("J16 rotation must have exactly one rotate bit", () => {
  using setup = on({ plane: { rotations: 0x3f } });
  const { client, primary } = setup;
  const go = (rotation: number): string => errnoOfCall(() => client.atomic({ [primary]: { rotation } }, TEST));
  assertEquals(go(uapi.DRM_MODE_ROTATE_180 | uapi.DRM_MODE_REFLECT_X), "");
  assertEquals(go(uapi.DRM_MODE_REFLECT_X), "EINVAL");
  assertEquals(go(uapi.DRM_MODE_ROTATE_0 | uapi.DRM_MODE_ROTATE_180), "EINVAL");
  assertEquals(go(0x40), "EINVAL");
});

Deno.test("J17 of two values for one property the last wins", () => {
  using setup = on();
  const { test, client, primary, fb } = setup;
  const next = client.framebuffer(1024, 768);
  const arg = client.atomicArg({ [primary]: { FB_ID: next, CRTC_X: fb } });
  client.process.memory.copyOut(
    arg.props_ptr + 4n,
    new Uint8Array(Uint32Array.of(client.property(primary, "FB_ID")).buffer),
  );
  assertEquals(client.card.ioctl(uapi.DRM_IOCTL_MODE_ATOMIC, arg), 0);
  assertEquals(test.kms.planes[0].state.fb?.id, fb);
});

Deno.test("normalizeZpos counts the planes of a CRTC from below; equal places are told apart by id", () => {
  using setup = on({ overlay: true, config: { normalizeZpos: true }, plane: { zpos: { min: 0, max: 255, value: 7 } } });
  const { test, client, crtc } = setup;
  const [primary, overlay] = test.kms.planes;
  const values = client.planeValues(client.framebuffer(64, 64), crtc.id, 64, 64);
  client.atomic({ [overlay.id]: values });
  client.frame();
  assertEquals([primary.state.normalizedZpos, overlay.state.normalizedZpos], [0, 1]);
  client.atomic({ [overlay.id]: { zpos: 3 } });
  assertEquals([primary.state.normalizedZpos, overlay.state.normalizedZpos, primary.state.zpos], [1, 0, 7]);
});
