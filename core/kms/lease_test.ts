import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import * as uapi from "../../uapi/mod.ts";
import { errno } from "../testing.ts";
import { createLease, dropMaster, lessee, pipe, revokeLease, setMaster } from "./lease_testing.ts";
import { TEST_MODE, type TestClient, TestKms } from "./testing.ts";

const MODESET = uapi.DRM_MODE_ATOMIC_ALLOW_MODESET;

/** Some pipes, an owner who leases some of them to a client. */
function leased(pipes: number, lent: readonly number[], atomic = true) {
  const kms = new TestKms({ pipes, overlay: true });
  const owner = kms.client();
  const lease = createLease(owner, lent.flatMap((index) => pipe(kms, index)));
  const tenant = lessee(kms, owner, lease, atomic);
  tenant.capability(uapi.DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1);
  return { kms, owner, lease, tenant, [Symbol.dispose]: () => kms[Symbol.dispose]() };
}

function list(client: TestClient, count: number, fill: (address: bigint) => void): number[] {
  const room = client.process.alloc(Math.max(4, count * 4));
  fill(room.address);
  return [...new Uint32Array(room.bytes.slice(0, count * 4).buffer)];
}

function resources(
  client: TestClient,
): { crtcs: number[]; connectors: number[]; encoders: number[]; planes: number[] } {
  const arg = uapi.drm_mode_card_res.of();
  client.card.ioctl(uapi.DRM_IOCTL_MODE_GETRESOURCES, arg);
  const get = (kind: "crtc" | "connector" | "encoder", count: number): number[] =>
    list(client, count, (address) => {
      const full = uapi.drm_mode_card_res.of({ [`${kind}_id_ptr`]: address, [`count_${kind}s`]: count });
      client.card.ioctl(uapi.DRM_IOCTL_MODE_GETRESOURCES, full);
    });
  const planes = uapi.drm_mode_get_plane_res.of();
  client.card.ioctl(uapi.DRM_IOCTL_MODE_GETPLANERESOURCES, planes);
  return {
    crtcs: get("crtc", arg.count_crtcs),
    connectors: get("connector", arg.count_connectors),
    encoders: get("encoder", arg.count_encoders),
    planes: list(client, planes.count_planes, (plane_id_ptr) => {
      const full = uapi.drm_mode_get_plane_res.of({ plane_id_ptr, count_planes: planes.count_planes });
      client.card.ioctl(uapi.DRM_IOCTL_MODE_GETPLANERESOURCES, full);
    }),
  };
}

function getPlane(client: TestClient, plane_id: number): uapi.View<uapi.drm_mode_get_plane> {
  const arg = uapi.drm_mode_get_plane.of({ plane_id });
  client.card.ioctl(uapi.DRM_IOCTL_MODE_GETPLANE, arg);
  return arg;
}

function getEncoder(client: TestClient, encoder_id: number): uapi.View<uapi.drm_mode_get_encoder> {
  const arg = uapi.drm_mode_get_encoder.of({ encoder_id });
  client.card.ioctl(uapi.DRM_IOCTL_MODE_GETENCODER, arg);
  return arg;
}

function setCrtc(client: TestClient, index: number, fb: number): number | string {
  const { crtcs, connectors } = client.test.kms;
  const arg = uapi.drm_mode_crtc.of({ crtc_id: crtcs[index].id, fb_id: fb });
  if (fb !== 0) {
    arg.mode_valid = arg.count_connectors = 1;
    arg.set_connectors_ptr = client.process.heap.from(
      new Uint8Array(Uint32Array.of(connectors[index].id).buffer),
    ).address;
    TEST_MODE.store(arg.mode);
  }
  return errno(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_SETCRTC, arg));
}

function flip(client: TestClient, index: number, fb_id: number): number | string {
  const arg = uapi.drm_mode_crtc_page_flip.of({ crtc_id: client.test.kms.crtcs[index].id, fb_id });
  return errno(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_PAGE_FLIP, arg));
}

function cursor(client: TestClient, index: number): number | string {
  const { handle } = client.dumb(64, 64);
  const arg = uapi.drm_mode_cursor.of({
    flags: uapi.DRM_MODE_CURSOR_BO,
    crtc_id: client.test.kms.crtcs[index].id,
    width: 64,
    height: 64,
    handle,
  });
  const result = errno(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_CURSOR, arg));
  client.closeHandle(handle);
  return result;
}

Deno.test("K5 a lessee is listed what it holds, in the order of the device, and all encoders", () => {
  using t = leased(4, [3, 1]);
  const { kms } = t.kms;
  const all = resources(t.tenant);
  assertEquals(all.crtcs, [kms.crtcs[1].id, kms.crtcs[3].id]);
  assertEquals(all.connectors, [kms.connectors[1].id, kms.connectors[3].id]);
  assertEquals(all.encoders, kms.encoders.map(({ id }) => id));
  // The overlays were not lent.
  assertEquals(all.planes, [1, 3].flatMap((i) => [kms.crtcs[i].primary.id, kms.crtcs[i].cursor?.id ?? 0]));
  assertEquals(resources(t.owner).crtcs.length, 4);
});

Deno.test("K5 requests that name a CRTC, connector or plane outside the lease answer ENOENT, as for unknown ids", () => {
  using t = leased(2, [1]);
  const { kms } = t.kms;
  const requests = (index: number): [string, () => unknown][] => {
    const crtc_id = kms.crtcs[index].id, connector_id = kms.connectors[index].id;
    const plane_id = kms.crtcs[index].primary.id;
    const { card } = t.tenant;
    const properties = (obj_id: number, obj_type: number): number =>
      card.ioctl(
        uapi.DRM_IOCTL_MODE_OBJ_GETPROPERTIES,
        uapi.drm_mode_obj_get_properties.of({ obj_id, obj_type }),
      );
    const set = (obj_id: number, name: string): number => {
      const prop_id = t.tenant.property(obj_id, name), obj_type = 0;
      const arg = uapi.drm_mode_obj_set_property.of({ obj_id, obj_type, prop_id, value: 0n });
      return card.ioctl(uapi.DRM_IOCTL_MODE_OBJ_SETPROPERTY, arg);
    };
    return [
      ["GETCRTC", () => card.ioctl(uapi.DRM_IOCTL_MODE_GETCRTC, uapi.drm_mode_crtc.of({ crtc_id }))],
      ["SETCRTC", () => card.ioctl(uapi.DRM_IOCTL_MODE_SETCRTC, uapi.drm_mode_crtc.of({ crtc_id }))],
      [
        "GETCONNECTOR",
        () => card.ioctl(uapi.DRM_IOCTL_MODE_GETCONNECTOR, uapi.drm_mode_get_connector.of({ connector_id })),
      ],
      ["GETPLANE", () => getPlane(t.tenant, plane_id)],
      ["SETPLANE", () => card.ioctl(uapi.DRM_IOCTL_MODE_SETPLANE, uapi.drm_mode_set_plane.of({ plane_id }))],
      ["GETGAMMA", () => card.ioctl(uapi.DRM_IOCTL_MODE_GETGAMMA, uapi.drm_mode_crtc_lut.of({ crtc_id }))],
      ["properties of the CRTC", () => properties(crtc_id, uapi.DRM_MODE_OBJECT_CRTC)],
      ["properties of the connector", () => properties(connector_id, 0)],
      ["properties of the plane", () => properties(plane_id, uapi.DRM_MODE_OBJECT_PLANE)],
      ["OBJ_SETPROPERTY", () => set(plane_id, "FB_ID")],
      ["atomic", () => t.tenant.atomic({ [plane_id]: { CRTC_X: 0 } }, uapi.DRM_MODE_ATOMIC_TEST_ONLY)],
      [
        "GET_SEQUENCE",
        () => card.ioctl(uapi.DRM_IOCTL_CRTC_GET_SEQUENCE, uapi.drm_crtc_get_sequence.of({ crtc_id })),
      ],
      ["cursor", () => cursor(t.tenant, index)],
      ["flip", () => flip(t.tenant, index, 0)],
    ];
  };
  for (const [name, request] of requests(0)) assertEquals([name, errno(request)], [name, "ENOENT"]);
  for (const [name, request] of requests(1)) {
    const result = errno(request);
    assert(result !== "ENOENT" && result !== "EACCES", `${name}: ${result}`); // found, if not always to be used
  }
});

Deno.test("K5 properties, encoders, framebuffers and blobs belong to no lease", () => {
  using t = leased(2, [1]);
  const { kms } = t.kms;
  const prop_id = t.owner.property(kms.crtcs[0].id, "ACTIVE");
  const { card } = t.tenant;
  assertEquals(card.ioctl(uapi.DRM_IOCTL_MODE_GETPROPERTY, uapi.drm_mode_get_property.of({ prop_id })), 0);
  const blob_id = t.owner.blob(new Uint8Array(8));
  assertEquals(card.ioctl(uapi.DRM_IOCTL_MODE_GETPROPBLOB, uapi.drm_mode_get_blob.of({ blob_id })), 0);
  assertEquals(getEncoder(t.tenant, kms.encoders[0].id).encoder_id, kms.encoders[0].id);
  const fb = t.owner.framebuffer(1024, 768);
  assertEquals(t.tenant.atomic(t.tenant.enableRequest(fb, 1), MODESET), 0);
  // They are no part of a revoked lease either.
  revokeLease(t.owner, t.lease.id);
  assertEquals(card.ioctl(uapi.DRM_IOCTL_MODE_GETPROPERTY, uapi.drm_mode_get_property.of({ prop_id })), 0);
});

Deno.test("K5 possible_crtcs is told in the lessee's own numbers", () => {
  using t = leased(4, [1, 3]);
  const { kms } = t.kms;
  const masks = (client: TestClient): number[] => [
    ...[1, 3].map((i) => getPlane(client, kms.crtcs[i].primary.id).possible_crtcs),
    ...kms.encoders.map(({ id }) => getEncoder(client, id).possible_crtcs),
  ];
  assertEquals(masks(t.owner), [2, 8, 1, 2, 4, 8]);
  assertEquals(masks(t.tenant), [1, 2, 0, 1, 0, 2]);
  revokeLease(t.owner, t.lease.id);
  assertEquals(getEncoder(t.tenant, kms.encoders[1].id).possible_crtcs, 0);
});

Deno.test("K5 whatever is lent, bit k of possible_crtcs is the lessee's k-th CRTC", () => {
  const bits = { minLength: 6, maxLength: 6 };
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(5), { minLength: 1 }),
      fc.array(fc.integer({ min: 0, max: 63 }), bits),
      (lent, possible) => {
        using t = leased(6, lent);
        const { kms } = t.kms;
        const encoders = possible.map((possibleCrtcs) => kms.addEncoder({ possibleCrtcs }));
        const { crtcs } = resources(t.tenant);
        encoders.forEach(({ id }, i) => {
          const mask = getEncoder(t.tenant, id).possible_crtcs;
          const told = crtcs.filter((_, k) => (mask & (1 << k)) !== 0);
          const meant = kms.crtcs.filter((crtc) =>
            (possible[i] & (1 << crtc.index)) !== 0 && lent.includes(crtc.index)
          );
          assertEquals([told, mask >> crtcs.length], [meant.map((crtc) => crtc.id), 0]);
        });
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("K5 a CRTC outside the lease is told as 0 by GETENCODER and GETPLANE; the framebuffer is told", () => {
  using kms = new TestKms({ pipes: 2, overlay: true, plane: { possibleCrtcs: 3 } });
  const owner = kms.client();
  const fb = owner.enable(0);
  const overlay = kms.kms.planes[1];
  owner.atomic({ [overlay.id]: owner.planeValues(fb, kms.kms.crtcs[0].id, 1024, 768) });
  const tenant = lessee(kms, owner, createLease(owner, [...pipe(kms, 1), overlay.id]));
  assertEquals(getPlane(owner, overlay.id).crtc_id, kms.kms.crtcs[0].id);
  const plane = getPlane(tenant, overlay.id);
  assertEquals([plane.crtc_id, plane.fb_id, plane.possible_crtcs], [0, fb, 1]);
  assertEquals(getEncoder(owner, kms.kms.encoders[0].id).crtc_id, kms.kms.crtcs[0].id);
  assertEquals(getEncoder(tenant, kms.kms.encoders[0].id).crtc_id, 0);
});

Deno.test("J4 CRTC_ID that names a CRTC outside the lease is EACCES, an unknown id EINVAL, one inside is taken", () => {
  using kms = new TestKms({ pipes: 2, plane: { possibleCrtcs: 3 } });
  const owner = kms.client();
  const tenant = lessee(kms, owner, createLease(owner, pipe(kms, 1)), true);
  const [theirs, ours] = kms.kms.crtcs, connector = kms.kms.connectors[1];
  const fb = tenant.framebuffer(1024, 768);
  const test = (request: Record<number, Record<string, number>>): number | string =>
    errno(() => tenant.atomic(request, MODESET | uapi.DRM_MODE_ATOMIC_TEST_ONLY));
  assertEquals(
    [theirs.id, 9999, fb, kms.kms.connectors[0].id].map((id) => test({ [ours.primary.id]: { CRTC_ID: id } })),
    ["EACCES", "EINVAL", "EINVAL", "EINVAL"],
  );
  assertEquals(test({ [connector.id]: { CRTC_ID: theirs.id } }), "EACCES");
  assertEquals(test({ [theirs.id]: { ACTIVE: 0 } }), "ENOENT");
  assertEquals(errno(() => tenant.atomic(tenant.enableRequest(fb, 1), MODESET)), 0);
  assertEquals(errno(() => tenant.atomic(tenant.enableRequest(fb, 0), MODESET)), "ENOENT");
  assertEquals([theirs.state.active, ours.state.active], [false, true]);
});

Deno.test("H7 a lessee counts CRTCs by what it holds; the sequence requests go by id", () => {
  using t = leased(3, [2]);
  const { kms } = t.kms;
  t.owner.enable(1);
  t.owner.enable(2);
  const query = (client: TestClient, type: number): number | string => {
    const arg = uapi.drm_wait_vblank.of();
    arg.request.type = uapi._DRM_VBLANK_RELATIVE | type;
    const result = errno(() => client.card.ioctl(uapi.DRM_IOCTL_WAIT_VBLANK, arg));
    return result === 0 ? arg.reply.sequence : result;
  };
  const high = (index: number): number => index << uapi._DRM_VBLANK_HIGH_CRTC_SHIFT;
  t.owner.frame(3);
  const counts = [1, 2].map((index) => query(t.owner, high(index)));
  assert(counts[0] !== counts[1]);
  assertEquals([query(t.owner, uapi._DRM_VBLANK_SECONDARY), query(t.owner, high(3))], [counts[0], "EINVAL"]);
  assertEquals([query(t.tenant, 0), query(t.tenant, high(1))], [counts[1], "EINVAL"]);
  assertEquals(query(t.tenant, uapi._DRM_VBLANK_SECONDARY), "EINVAL");
  const sequence = (index: number): number | string => {
    const arg = uapi.drm_crtc_queue_sequence.of({ crtc_id: kms.crtcs[index].id });
    return errno(() => t.tenant.card.ioctl(uapi.DRM_IOCTL_CRTC_QUEUE_SEQUENCE, arg));
  };
  assertEquals([sequence(1), sequence(2)], ["ENOENT", 0]);
  revokeLease(t.owner, t.lease.id);
  assertEquals(query(t.tenant, 0), "EINVAL");
});

Deno.test("K5 with a CRTC but not its primary or cursor plane: no mode, no flip, no cursor (EACCES), but it may be switched off", () => {
  using kms = new TestKms({ pipes: 1, overlay: true });
  const owner = kms.client();
  const shown = owner.enable(0);
  const [crtc] = kms.kms.crtcs;
  const overlay = kms.kms.planes[1].id;
  const tenant = lessee(kms, owner, createLease(owner, [crtc.id, kms.kms.connectors[0].id, overlay]));
  const fb = tenant.framebuffer(1024, 768);
  assertEquals([setCrtc(tenant, 0, fb), flip(tenant, 0, fb), cursor(tenant, 0)], ["EACCES", "EACCES", "EACCES"]);
  assertEquals(crtc.primary.state.fb?.id, shown);
  assertEquals(setCrtc(tenant, 0, 0), 0);
  assertEquals(crtc.state.enable, false);
});

Deno.test("K4 the planes that a CRTC brings are enough for SETCRTC, PAGE_FLIP and CURSOR", () => {
  using kms = new TestKms({ pipes: 2 });
  const owner = kms.client(false);
  const lease = createLease(owner, [kms.kms.crtcs[1].id, kms.kms.connectors[1].id]);
  const tenant = lessee(kms, owner, lease);
  const fbs = [tenant.framebuffer(1024, 768), tenant.framebuffer(1024, 768)];
  assertEquals(setCrtc(tenant, 1, fbs[0]), 0);
  tenant.frame(2);
  assertEquals([flip(tenant, 1, fbs[1]), cursor(tenant, 1)], [0, 0]);
  assertEquals([setCrtc(tenant, 0, fbs[0]), flip(tenant, 0, fbs[0])], ["ENOENT", "ENOENT"]);
});

Deno.test("K5 what is shown outlives the revoke; the lessee's end takes its framebuffers along", () => {
  using t = leased(2, [1]);
  const [, crtc] = t.kms.kms.crtcs;
  const fb = t.tenant.enable(1);
  t.kms.takeLog();
  revokeLease(t.owner, t.lease.id);
  t.tenant.frame(2);
  assertEquals([t.kms.takeLog(), crtc.state.active, crtc.primary.state.fb?.id], [[], true, fb]);
  assertEquals([setCrtc(t.tenant, 1, 0), flip(t.tenant, 1, fb)], ["ENOENT", "ENOENT"]);
  // The owner may use it again, and takes it over without a mode set.
  const own = t.owner.framebuffer(1024, 768);
  t.owner.atomic({ [crtc.primary.id]: { FB_ID: own } });
  t.tenant.card.close();
  assertEquals([crtc.state.active, crtc.primary.state.fb?.id], [true, own]);
});

Deno.test("K5 the end of a lessee removes its framebuffers alone from the screens (I9, I10)", () => {
  using t = leased(2, [1]);
  const fb = t.owner.enable(0);
  t.tenant.enable(1);
  t.tenant.card.close();
  assertEquals(t.kms.kms.crtcs.map(({ primary }) => primary.state.fb?.id), [fb, undefined]);
});

Deno.test("K5 while the owner has dropped master its lessees set nothing; nothing changes on the screens, and all comes back", () => {
  using t = leased(2, [1]);
  const fbs = [t.owner.enable(0), t.tenant.enable(1)];
  t.kms.takeLog();
  assertEquals(dropMaster(t.owner), 0);
  assertEquals([setCrtc(t.tenant, 1, 0), flip(t.tenant, 1, fbs[1]), flip(t.owner, 0, fbs[0])], Array(3).fill("EACCES"));
  // What needs no master is still seen through the lease.
  assertEquals(resources(t.tenant).crtcs, [t.kms.kms.crtcs[1].id]);
  assertEquals([setMaster(t.owner), t.kms.takeLog()], [0, []]);
  assertEquals(t.kms.kms.crtcs.map((crtc) => crtc.primary.state.fb?.id), fbs);
  assertEquals(flip(t.tenant, 1, fbs[1]), 0);
});
