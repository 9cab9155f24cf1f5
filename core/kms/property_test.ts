import { assert, assertEquals } from "@std/assert";
import * as uapi from "../../uapi/mod.ts";
import { addPlaneProperty } from "./plane_properties.ts";
import { errnoOfCall, type TestClient, TestKms } from "./testing.ts";

Deno.test("B5 all KMS objects share one id space from 1; the lowest free id is next", () => {
  using test = new TestKms();
  const client = test.client();
  const { kms } = test;
  assertEquals(kms.objects.get(1), kms.props.edid);
  const ids = [...kms.objects].map(([id]) => id);
  assertEquals(ids, ids.map((_, i) => i + 1)); // no hole
  const first = client.framebuffer(8, 8), blob = client.blob(new Uint8Array(4)), second = client.framebuffer(8, 8);
  assertEquals([first, blob, second], [ids.length + 1, ids.length + 2, ids.length + 3]);
  client.card.ioctl(uapi.DRM_IOCTL_MODE_RMFB, Uint32Array.of(first));
  assertEquals(client.blob(new Uint8Array(4)), first);
  using other = new TestKms();
  assertEquals(other.client().framebuffer(8, 8), ids.length + 1); // per device
});

Deno.test("I1 counts: lists are filled as far as there is room, GETPLANE formats and GETPROPBLOB all or none", () => {
  using test = new TestKms({ pipes: 3 });
  const client = test.client();
  const memory = client.process.alloc(4096);
  const words = (count: number): number[] => [...new Uint32Array(memory.bytes.buffer, memory.bytes.byteOffset, count)];
  const planes = uapi.drm_mode_get_plane_res.of({ plane_id_ptr: memory.address, count_planes: 2 });
  client.card.ioctl(uapi.DRM_IOCTL_MODE_GETPLANERESOURCES, planes);
  const ids = test.kms.planes.map(({ id }) => id);
  assertEquals([planes.count_planes, words(3)], [6, [ids[0], ids[1], 0]]);

  memory.bytes.fill(0);
  const crtcs = uapi.drm_mode_card_res.of({ crtc_id_ptr: memory.address, count_crtcs: 2 });
  client.card.ioctl(uapi.DRM_IOCTL_MODE_GETRESOURCES, crtcs);
  assertEquals([crtcs.count_crtcs, words(3)], [3, [test.kms.crtcs[0].id, test.kms.crtcs[1].id, 0]]);

  memory.bytes.fill(0);
  const plane = uapi.drm_mode_get_plane.of({
    plane_id: ids[0],
    format_type_ptr: memory.address,
    count_format_types: 1,
  });
  client.card.ioctl(uapi.DRM_IOCTL_MODE_GETPLANE, plane);
  assertEquals([plane.count_format_types, words(1)], [2, [0]]);
  client.card.ioctl(uapi.DRM_IOCTL_MODE_GETPLANE, plane);
  assertEquals(words(2), [uapi.DRM_FORMAT_XRGB8888, uapi.DRM_FORMAT_ARGB8888]);

  memory.bytes.fill(0);
  const data = Uint8Array.of(1, 2, 3, 4);
  const blob = uapi.drm_mode_get_blob.of({ blob_id: client.blob(data), length: 5, data: memory.address });
  client.card.ioctl(uapi.DRM_IOCTL_MODE_GETPROPBLOB, blob);
  assertEquals([blob.length, words(1)], [4, [0]]);
  client.card.ioctl(uapi.DRM_IOCTL_MODE_GETPROPBLOB, blob);
  assertEquals(memory.bytes.slice(0, 5), Uint8Array.of(1, 2, 3, 4, 0));

  memory.bytes.fill(0);
  const property = uapi.drm_mode_get_property.of({
    prop_id: client.property(ids[0], "type"),
    enum_blob_ptr: memory.address,
    count_enum_blobs: 1,
    values_ptr: memory.address + 1024n,
    count_values: 2,
  });
  client.card.ioctl(uapi.DRM_IOCTL_MODE_GETPROPERTY, property);
  assertEquals([property.name, property.count_values, property.count_enum_blobs], ["type", 3, 3]);
  assertEquals(property.flags, uapi.DRM_MODE_PROP_ENUM | uapi.DRM_MODE_PROP_IMMUTABLE);
  assertEquals(uapi.drm_mode_property_enum.at(memory.bytes).name, "Overlay");
  assertEquals(memory.bytes.slice(40, 80).some((byte) => byte !== 0), false);
  assertEquals(memory.bytes[1024 + 8], 1); // the second value
});

Deno.test("I1 GETPROPERTY of a 64-bit range tells its greatest value exactly", () => {
  using test = new TestKms();
  const client = test.client();
  const memory = client.process.alloc(16);
  const arg = uapi.drm_mode_get_property.of({
    prop_id: test.kms.props.outFencePtr.id,
    values_ptr: memory.address,
    count_values: 2,
  });
  client.card.ioctl(uapi.DRM_IOCTL_MODE_GETPROPERTY, arg);
  assertEquals([...new BigUint64Array(memory.bytes.slice().buffer)], [0n, 0xffff_ffff_ffff_ffffn]);
  assertEquals(arg.flags, uapi.DRM_MODE_PROP_RANGE + uapi.DRM_MODE_PROP_ATOMIC);
});

Deno.test("I4 atomic properties and planes other than overlays are hidden without the capabilities", () => {
  using test = new TestKms({ overlay: true });
  const client = test.client(false);
  const [crtc] = test.kms.crtcs;
  const planes = (who: TestClient): number => {
    const arg = uapi.drm_mode_get_plane_res.of();
    who.card.ioctl(uapi.DRM_IOCTL_MODE_GETPLANERESOURCES, arg);
    return arg.count_planes;
  };
  assertEquals([client.value(crtc.id, "ACTIVE"), client.value(crtc.primary.id, "type")], [undefined, 1n]);
  assertEquals(planes(client), 1);
  client.capability(uapi.DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1);
  assertEquals(planes(client), 3);
  assertEquals(client.value(crtc.id, "ACTIVE"), undefined);
  client.capability(uapi.DRM_CLIENT_CAP_ATOMIC, 1);
  assertEquals(client.value(crtc.id, "ACTIVE"), 0n);
});

Deno.test("I4 a virtual machine's cursor plane is hidden from atomic clients without the HOTSPOT capability", () => {
  using test = new TestKms({ features: ["CURSOR_HOTSPOT"] });
  const count = (client: TestClient): number => {
    const arg = uapi.drm_mode_get_plane_res.of();
    client.card.ioctl(uapi.DRM_IOCTL_MODE_GETPLANERESOURCES, arg);
    return arg.count_planes;
  };
  const client = test.client();
  assertEquals(count(client), 1);
  client.capability(uapi.DRM_CLIENT_CAP_CURSOR_PLANE_HOTSPOT, 1);
  assertEquals(count(client), 2);
  const legacy = test.client(false);
  legacy.capability(uapi.DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1);
  assertEquals(count(legacy), 2);
  assertEquals(client.value(test.kms.planes[1].id, "HOTSPOT_X"), 0n);
});

Deno.test("I14 blobs: length 0 EINVAL, another file's EPERM, unknown ENOENT; a state keeps what its file has destroyed", () => {
  using test = new TestKms();
  const client = test.client(), other = test.client(false);
  const create = (length: number, data = 8n): string =>
    errnoOfCall(() =>
      client.card.ioctl(uapi.DRM_IOCTL_MODE_CREATEPROPBLOB, uapi.drm_mode_create_blob.of({ length, data }))
    );
  assertEquals([create(0), create(0xffff_ffff), create(4)], ["EINVAL", "EINVAL", "EFAULT"]);
  const destroy = (who: TestClient, id: number): string =>
    errnoOfCall(() =>
      who.card.ioctl(uapi.DRM_IOCTL_MODE_DESTROYPROPBLOB, uapi.drm_mode_destroy_blob.of({ blob_id: id }))
    );
  const fb = client.enable();
  const [crtc] = test.kms.crtcs;
  const id = crtc.state.modeBlob?.id ?? 0;
  assertEquals([destroy(other, id), destroy(client, 999), destroy(client, fb)], ["EPERM", "ENOENT", "ENOENT"]);
  assertEquals([destroy(client, id), destroy(client, id)], ["", "EPERM"]);
  assertEquals(client.value(crtc.id, "MODE_ID"), BigInt(id)); // the state's reference
  client.atomic({ [crtc.id]: { MODE_ID: client.modeBlob() } });
  assertEquals(test.kms.objects.get(id), undefined);
});

Deno.test("I14 clients' blobs cannot take more than their share of memory, and give it back", () => {
  using test = new TestKms();
  const client = test.client();
  const id = client.blob(new Uint8Array(1000));
  assertEquals(test.kms.blobRoom, 2 ** 28 - 1000);
  const big = uapi.drm_mode_create_blob.of({ length: 2 ** 28, data: 8n });
  assertEquals(errnoOfCall(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_CREATEPROPBLOB, big)), "ENOMEM");
  client.card.ioctl(uapi.DRM_IOCTL_MODE_DESTROYPROPBLOB, uapi.drm_mode_destroy_blob.of({ blob_id: id }));
  assertEquals(test.kms.blobRoom, 2 ** 28);
});

Deno.test("I15 bad values, immutable properties, unknown blobs and objects are EINVAL before the driver is asked", () => {
  let asked = 0;
  using test = new TestKms({
    plane: { atomicCheck: () => void asked++, blendModes: [0, 1], zpos: { min: 0, max: 0, value: 0 } },
  });
  const client = test.client();
  const [plane] = test.kms.planes;
  const bits = test.kms.addBitmaskProperty("bits", [{ value: 0, name: "a" }, { value: 40, name: "b" }]);
  const place = addPlaneProperty(plane, bits, 1);
  const level = addPlaneProperty(plane, test.kms.addSignedRangeProperty("level", -5, 5), 0);
  const set = (name: string, value: number | bigint): string =>
    errnoOfCall(() => client.atomic({ [plane.id]: { [name]: value } }));
  assertEquals(set("level", -6), "EINVAL");
  assertEquals(set("level", 6), "EINVAL");
  assertEquals(set("bits", 2), "EINVAL");
  assertEquals(set("bits", 1n << 41n), "EINVAL");
  assertEquals(set("pixel blend mode", 2), "EINVAL");
  assertEquals(set("type", 1), "EINVAL");
  assertEquals(set("IN_FORMATS", 0), "EINVAL");
  assertEquals(set("zpos", 0), "EINVAL");
  assertEquals(set("CRTC_W", 1n << 40n), "EINVAL");
  assertEquals(set("CRTC_X", 1n << 31n), "EINVAL");
  assertEquals(set("FB_ID", 999), "EINVAL");
  assertEquals(set("FB_ID", plane.id), "EINVAL");
  assertEquals(set("CRTC_ID", plane.id), "EINVAL");
  assertEquals(set("FB_DAMAGE_CLIPS", 999), "EINVAL");
  assertEquals(asked, 0);
  assertEquals(set("level", -5), "");
  assertEquals(set("bits", (1n << 40n) + 1n), "");
  assertEquals([plane.state.values[level], plane.state.values[place]], [-5, 2 ** 40 + 1]);
  assertEquals([client.value(plane.id, "level"), client.value(plane.id, "bits")], [
    0xffff_ffff_ffff_fffbn,
    (1n << 40n) + 1n,
  ]);
  assert(asked > 0);
});

Deno.test("OBJ_SETPROPERTY: ENOENT for the object, EINVAL for one without properties and for another's property", () => {
  using test = new TestKms();
  const client = test.client();
  const [crtc] = test.kms.crtcs;
  const fb = client.framebuffer(8, 8);
  const set = (init: Parameters<typeof uapi.drm_mode_obj_set_property.of>[0]): string =>
    errnoOfCall(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_OBJ_SETPROPERTY, uapi.drm_mode_obj_set_property.of(init)));
  const vrr = client.property(crtc.id, "VRR_ENABLED");
  const good = { obj_id: crtc.id, obj_type: uapi.DRM_MODE_OBJECT_CRTC, prop_id: vrr, value: 1n };
  assertEquals(set({ ...good, obj_id: 999 }), "ENOENT");
  assertEquals(set({ ...good, obj_type: uapi.DRM_MODE_OBJECT_PLANE }), "ENOENT");
  assertEquals(set({ ...good, obj_id: fb, obj_type: uapi.DRM_MODE_OBJECT_FB }), "EINVAL");
  assertEquals(set({ ...good, prop_id: client.property(crtc.primary.id, "FB_ID") }), "EINVAL");
  assertEquals(set({ ...good, value: 2n }), "EINVAL");
  assertEquals(set(good), "");
  assertEquals(crtc.state.vrrEnabled, true);
  const get = uapi.drm_mode_obj_get_properties.of({ obj_id: fb });
  assertEquals(errnoOfCall(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_OBJ_GETPROPERTIES, get)), "EINVAL");
});

Deno.test("IN_FORMATS tells which formats go with which modifiers", () => {
  const tiled = uapi.I915_FORMAT_MOD_X_TILED;
  using test = new TestKms({
    plane: {
      modifiers: [0n, tiled],
      formatModSupported: (format, modifier) => modifier === 0n || format === uapi.DRM_FORMAT_XRGB8888,
    },
  });
  const client = test.client();
  const id = Number(client.value(test.kms.planes[0].id, "IN_FORMATS"));
  const data = (test.kms.objects.get(id) as unknown as { data: Uint8Array }).data;
  const head = uapi.drm_format_modifier_blob.at(data);
  assertEquals([head.version, head.count_formats, head.count_modifiers], [1, 2, 2]);
  const entry = (i: number): uapi.View<uapi.drm_format_modifier> =>
    uapi.drm_format_modifier.at(data, head.modifiers_offset + i * 24);
  assertEquals([entry(0).modifier, entry(0).formats, entry(1).modifier, entry(1).formats], [0n, 3n, tiled, 1n]);
  assertEquals(head.modifiers_offset % 8, 0);
});
