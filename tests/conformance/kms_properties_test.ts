/** Properties and blobs as clients find them, with and without the atomic capability. After igt's kms_properties. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import * as uapi from "udrm/uapi/mod.ts";
import { outcome } from "./client.ts";
import { type KmsClient, KmsMachine, type Prop } from "./kms_client.ts";

function objects(client: KmsClient): number[] {
  client.cap(uapi.DRM_CLIENT_CAP_UNIVERSAL_PLANES);
  const { crtcs, connectors } = client.resources();
  return [...crtcs, ...connectors, ...client.planes()];
}

const typeOf = (prop: Prop): number => prop.flags & (uapi.DRM_MODE_PROP_LEGACY_TYPE | uapi.DRM_MODE_PROP_EXTENDED_TYPE);

Deno.test("properties: every one of every object tells a type, limits that fit it, and a value within them", () => {
  using machine = new KmsMachine(2);
  const client = machine.client().becomeAtomic();
  client.light();
  const names = new Map<string, number>();
  for (const object of objects(client)) {
    const props = client.props(object);
    assertEquals(new Set(props.map(({ id }) => id)).size, props.length);
    for (const prop of props) {
      const { name, values, enums, value } = prop;
      assert(name.length > 0 && name.length < 32);
      switch (typeOf(prop)) {
        case uapi.DRM_MODE_PROP_RANGE:
          assert(values.length === 2 && values[0] <= values[1] && value >= values[0] && value <= values[1], name);
          break;
        case uapi.DRM_MODE_PROP_SIGNED_RANGE: {
          const [low, high, is] = [...values, value].map((v) => BigInt.asIntN(64, v));
          assert(values.length === 2 && low < high && is >= low && is <= high, name);
          break;
        }
        case uapi.DRM_MODE_PROP_ENUM:
          assertEquals([...enums.values()], values);
          assert(values.includes(value), name);
          break;
        case uapi.DRM_MODE_PROP_BITMASK:
          assertEquals([...enums.values()], values);
          break;
        case uapi.DRM_MODE_PROP_BLOB: {
          assertEquals([values.length, enums.size], [0, 0]);
          const read = uapi.drm_mode_get_blob.of({ blob_id: Number(value) });
          if (value !== 0n) assertEquals(client.card.ioctl(uapi.DRM_IOCTL_MODE_GETPROPBLOB, read), 0, name);
          break;
        }
        case uapi.DRM_MODE_PROP_OBJECT:
          assert(
            values.length === 1 && [uapi.DRM_MODE_OBJECT_CRTC, uapi.DRM_MODE_OBJECT_FB].includes(Number(values[0])),
          );
          break;
        default:
          assert(false, `${name} has flags 0x${prop.flags.toString(16)}`);
      }
      // One property for all objects that have it.
      if (typeOf(prop) !== uapi.DRM_MODE_PROP_BITMASK) assertEquals(names.get(name) ?? prop.id, prop.id, name);
      names.set(name, prop.id);
    }
  }
  for (
    const name of ["FB_ID", "CRTC_ID", "MODE_ID", "ACTIVE", "DPMS", "type", "IN_FENCE_FD", "OUT_FENCE_PTR", "EDID"]
  ) {
    assert(names.has(name), name);
  }
});

Deno.test("properties: clients that are not atomic see none that is for atomic ones", () => {
  using machine = new KmsMachine();
  const client = machine.client();
  const list = objects(client);
  const seen = list.flatMap((object) => client.props(object));
  assert(seen.length > 0 && seen.every(({ flags }) => (flags & uapi.DRM_MODE_PROP_ATOMIC) === 0));
  client.becomeAtomic();
  const all = list.flatMap((object) => client.props(object));
  assert(all.length > seen.length);
  client.cap(uapi.DRM_CLIENT_CAP_ATOMIC, 0);
  assertEquals(list.flatMap((object) => client.rawProps(object)).length, seen.length);
});

Deno.test("properties: every value can be set to what it is, but immutable ones", () => {
  using machine = new KmsMachine();
  const client = machine.client().becomeAtomic();
  client.light();
  const set = (object: number, prop: number, value: bigint): number | string => {
    const arg = uapi.drm_mode_obj_set_property.of({ obj_id: object, prop_id: prop, value });
    return outcome(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_OBJ_SETPROPERTY, arg));
  };
  for (const object of objects(client)) {
    for (const { id, name, flags, value } of client.props(object)) {
      const immutable = (flags & uapi.DRM_MODE_PROP_IMMUTABLE) !== 0;
      assertEquals(set(object, id, value), immutable ? "EINVAL" : 0, name);
      if (immutable) {
        for (const other of [0n, 1n, ~0n & (1n << 64n) - 1n]) assertEquals(set(object, id, other), "EINVAL", name);
      }
      client.frame(1);
      const atomic = client.atomic({ [object]: { [name]: value } }, uapi.DRM_MODE_ATOMIC_ALLOW_MODESET);
      assertEquals(atomic, immutable || name === "DPMS" ? "EINVAL" : 0, name);
      client.frame(1);
    }
  }
});

Deno.test("properties: arrays are filled as far as there is room; a bad pointer is EFAULT only where it is written to", () => {
  using machine = new KmsMachine();
  const client = machine.client().becomeAtomic();
  const { crtcs: [crtc], connectors: [connector] } = client.resources();
  const total = client.rawProps(crtc).length;
  assert(total > 2);
  const memory = client.process.alloc(256);
  memory.bytes.fill(0xee);
  const arg = uapi.drm_mode_obj_get_properties.of({
    obj_id: crtc,
    count_props: 2,
    props_ptr: memory.address,
    prop_values_ptr: memory.address + 64n,
  });
  assertEquals([client.card.ioctl(uapi.DRM_IOCTL_MODE_OBJ_GETPROPERTIES, arg), arg.count_props], [0, total]);
  assertEquals([memory.bytes[7] !== 0xee, memory.bytes[8], memory.bytes[80]], [true, 0xee, 0xee]);
  const bad = (init: Parameters<typeof uapi.drm_mode_obj_get_properties.of>[0]): number | string =>
    outcome(() =>
      client.card.ioctl(
        uapi.DRM_IOCTL_MODE_OBJ_GETPROPERTIES,
        uapi.drm_mode_obj_get_properties.of({ obj_id: crtc, ...init }),
      )
    );
  assertEquals(bad({ props_ptr: 8n, prop_values_ptr: 8n }), 0);
  assertEquals(bad({ count_props: 1, props_ptr: 8n, prop_values_ptr: memory.address }), "EFAULT");
  assertEquals(bad({ count_props: 1, props_ptr: memory.address, prop_values_ptr: 8n }), "EFAULT");
  assertEquals([bad({ obj_id: 0 }), bad({ obj_id: 0xffff_ffff })], ["ENOENT", "ENOENT"]);
  assertEquals([bad({ obj_type: uapi.DRM_MODE_OBJECT_CRTC }), bad({ obj_type: uapi.DRM_MODE_OBJECT_PLANE })], [
    0,
    "ENOENT",
  ]);
  const [encoder] = client.resources().encoders;
  assertEquals([bad({ obj_id: encoder }), bad({ obj_id: client.fb(64, 64) })], ["EINVAL", "EINVAL"]);

  const dpms = client.prop(connector, "DPMS");
  const get = uapi.drm_mode_get_property.of({ prop_id: dpms, count_values: 1, values_ptr: memory.address });
  assertEquals([client.card.ioctl(uapi.DRM_IOCTL_MODE_GETPROPERTY, get), get.count_values, get.count_enum_blobs], [
    0,
    4,
    4,
  ]);
  const faults = uapi.drm_mode_get_property.of({ prop_id: dpms, count_enum_blobs: 1, enum_blob_ptr: 8n });
  assertEquals(outcome(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_GETPROPERTY, faults)), "EFAULT");
  for (const prop_id of [0, crtc, 0xffff_ffff]) {
    const unknown = uapi.drm_mode_get_property.of({ prop_id });
    assertEquals(outcome(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_GETPROPERTY, unknown)), "ENOENT");
  }
});

Deno.test("blobs: sizes, pointers, whose they are, and how much is copied", () => {
  using machine = new KmsMachine();
  const client = machine.client(), other = machine.client();
  const create = (length: number, data: bigint): number | string => {
    const arg = uapi.drm_mode_create_blob.of({ length, data });
    return outcome(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_CREATEPROPBLOB, arg));
  };
  for (const length of [0, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) assertEquals(create(length, 8n), "EINVAL");
  assertEquals([create(1, 8n), create(4096, 0n)], ["EFAULT", "EFAULT"]);
  const id = client.blob(Uint8Array.from({ length: 100 }, (_, i) => i)) as number;
  const memory = client.process.alloc(256);
  const read = (length: number, who = client, data = memory.address): [number | string, number] => {
    const arg = uapi.drm_mode_get_blob.of({ blob_id: id, length, data });
    return [outcome(() => who.card.ioctl(uapi.DRM_IOCTL_MODE_GETPROPBLOB, arg)), arg.length];
  };
  assertEquals([read(0), read(99), read(101), memory.bytes[99]], [[0, 100], [0, 100], [0, 100], 0]);
  assertEquals([read(100), memory.bytes[99]], [[0, 100], 99]);
  assertEquals(read(100, client, 8n)[0], "EFAULT");
  assertEquals(read(0, other), [0, 100]); // everybody may look
  const destroy = (who: KmsClient): number | string =>
    outcome(() => who.card.ioctl(uapi.DRM_IOCTL_MODE_DESTROYPROPBLOB, uapi.drm_mode_destroy_blob.of({ blob_id: id })));
  assertEquals([destroy(other), destroy(client), destroy(client), read(0)[0]], ["EPERM", 0, "ENOENT", "ENOENT"]);
  const again = client.blob(new Uint8Array(1)) as number;
  assertEquals(again, id); // the lowest free id
  client.card.close();
  assertNotEquals(other.blob(new Uint8Array(1)), "ENOENT");
});

Deno.test("EDID: the property's blob is the monitor's own, and goes on being the same", () => {
  using machine = new KmsMachine(1, 1920, 1080);
  const client = machine.client();
  const [connector] = client.resources().connectors;
  const [mode] = client.modes(connector);
  assertEquals([mode.hdisplay, mode.vdisplay, mode.type & uapi.DRM_MODE_TYPE_PREFERRED], [1920, 1080, 8]);
  const id = Number(client.value(connector, "EDID"));
  const memory = client.process.alloc(128);
  const arg = uapi.drm_mode_get_blob.of({ blob_id: id, length: 128, data: memory.address });
  assertEquals([client.card.ioctl(uapi.DRM_IOCTL_MODE_GETPROPBLOB, arg), arg.length], [0, 128]);
  assertEquals([...memory.bytes.subarray(0, 8)], [0, 255, 255, 255, 255, 255, 255, 0]);
  assertEquals(memory.bytes.reduce((sum, byte) => sum + byte, 0) & 255, 0);
  client.modes(connector);
  assertEquals(Number(client.value(connector, "EDID")), id);
});
