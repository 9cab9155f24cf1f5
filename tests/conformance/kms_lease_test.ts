/** Leases: a part of the card for another program. After igt's kms_lease. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { ProcessOptions } from "udrm/core/process.ts";
import { createLease, DrmCard, getLease, listLessees, revokeLease } from "udrm/drivers/umd/drm/mod.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { O_CLOEXEC, O_NONBLOCK } from "udrm/uapi/fcntl.ts";
import { outcome } from "./client.ts";
import { type KmsClient, KmsMachine, type Values } from "./kms_client.ts";
import { coloured, Recorder } from "./recorder.ts";

const ROOT: ProcessOptions = { comm: "igt", uid: 0 };
const TEST = uapi.DRM_MODE_ATOMIC_TEST_ONLY, MODESET = uapi.DRM_MODE_ATOMIC_ALLOW_MODESET;
const { DRM_PLANE_TYPE_CURSOR: CURSOR, DRM_PLANE_TYPE_PRIMARY: PRIMARY } = uapi;

/** What the programs see of one monitor. */
interface Pipe {
  readonly crtc: number;
  readonly connector: number;
  readonly primary: number;
  readonly cursor: number;
}

class Rig implements Disposable {
  readonly screen = new Recorder();
  readonly machine: KmsMachine;
  /** The lessor. */
  readonly master: KmsClient;
  /** The same file, as libdrm would have it. */
  readonly card: DrmCard;
  readonly pipes: readonly Pipe[];

  constructor(monitors = 2, universal = true) {
    this.machine = new KmsMachine(monitors, 640, 480, this.screen);
    this.master = this.machine.client(ROOT);
    this.card = new DrmCard(this.master.card);
    const viewer = this.machine.client();
    viewer.cap(uapi.DRM_CLIENT_CAP_UNIVERSAL_PLANES);
    const { crtcs, connectors } = viewer.resources();
    this.pipes = crtcs.map((crtc, i) => ({
      crtc,
      connector: connectors[i],
      primary: viewer.plane(PRIMARY, i),
      cursor: viewer.plane(CURSOR, i),
    }));
    viewer.card.close();
    if (universal) this.master.cap(uapi.DRM_CLIENT_CAP_UNIVERSAL_PLANES);
  }

  /** Ids of a monitor's objects. */
  ids(index: number): number[] {
    const { crtc, connector, primary, cursor } = this.pipes[index];
    return [crtc, connector, primary, cursor];
  }

  /** Leases objects, to a program of another user, which knows universal planes. */
  lease(ids: readonly number[]): { id: number; client: KmsClient } {
    const { id, file } = createLease(this.card, ids);
    const user = this.machine.system.process({ comm: "lessee" });
    const client = this.machine.adopt(user, user.receive(this.master.process, file.fd));
    file.close();
    client.cap(uapi.DRM_CLIENT_CAP_UNIVERSAL_PLANES);
    return { id, client };
  }

  /** CREATE_LEASE's outcome. The lease is given up at once. */
  try(ids: readonly number[], flags?: number): number | string {
    return outcome(() => {
      createLease(this.card, ids, flags).file.close();
      return 0;
    });
  }

  [Symbol.dispose](): void {
    this.machine[Symbol.dispose]();
  }
}

Deno.test("lease: simple: a lessee finds one monitor, sets its mode, and its picture is there", () => {
  using t = new Rig();
  const { client } = t.lease(t.ids(1));
  const { crtcs, connectors } = client.resources();
  assertEquals([crtcs, connectors], [[t.pipes[1].crtc], [t.pipes[1].connector]]);
  assertEquals(client.planes().sort(), [t.pipes[1].primary, t.pipes[1].cursor].sort());
  assertEquals(client.setCrtc(coloured(client, "green")), 0);
  client.frame(2);
  assertEquals(t.screen.take(), ["1 green"]);
  // The lessor goes on with the other one.
  assertEquals(t.master.setCrtc(coloured(t.master, "red")), 0);
  client.frame(2);
  assertEquals(t.screen.take(), ["0 red"]);
});

Deno.test("lease: empty: a lease of nothing sees no CRTC, connector or plane, only encoders", () => {
  using t = new Rig();
  const { client } = t.lease([]);
  const { crtcs, connectors, encoders } = client.resources();
  assertEquals([crtcs, connectors, client.planes(), encoders.length], [[], [], [], 2]);
  const lessee = new DrmCard(client.card);
  assertEquals([getLease(lessee), listLessees(t.card)], [[], []]);
});

Deno.test("lease: page flips of a lessee have their events, on its own file", () => {
  using t = new Rig();
  const { client } = t.lease(t.ids(1));
  const fbs = (["green", "blue"] as const).map((colour) => coloured(client, colour));
  assertEquals(client.setCrtc(fbs[0]), 0);
  client.frame(2);
  for (let i = 1; i <= 6; i++) {
    assertEquals(client.flip(fbs[i & 1], uapi.DRM_MODE_PAGE_FLIP_EVENT, BigInt(i)), 0);
    client.frame(1);
    const events = client.events().map(({ user_data, crtc_id }) => [user_data, crtc_id]);
    assertEquals(events, [[BigInt(i), t.pipes[1].crtc]]);
  }
  assertEquals(t.master.events(), []);
  assertEquals(t.screen.take().length, 7);
});

Deno.test("lease: framebuffers are not leased: a lessee reads them as any master does, and removes its own alone", () => {
  using t = new Rig();
  const fb = t.master.light(0);
  const { client } = t.lease(t.ids(1));
  const arg = uapi.drm_mode_fb_cmd2.of({ fb_id: fb });
  assertEquals(client.card.ioctl(uapi.DRM_IOCTL_MODE_GETFB2, arg), 0);
  assertNotEquals(arg.handles[0], 0);
  assertEquals([client.dropFb(fb), client.dropFb(fb, true)], ["ENOENT", "ENOENT"]);
});

Deno.test("lease: create: objects, counts and flags that are not right", () => {
  using t = new Rig();
  const [{ crtc, connector, primary }] = t.pipes;
  const { encoders } = t.master.resources();
  const good = [crtc, connector, primary];
  const outcomes: [number[], string | number][] = [
    [[crtc, connector], "EINVAL"],
    [[crtc, primary], "EINVAL"],
    [[connector, primary], "EINVAL"],
    [[crtc], "EINVAL"],
    [[encoders[0]], "EINVAL"],
    [[...good, encoders[0]], "EINVAL"],
    [[...good, t.master.fb(64, 64)], "EINVAL"],
    [[...good, 0], "ENOENT"],
    [[...good, 0xdead], "ENOENT"],
    [[...good, primary], "ENOSPC"],
    [[crtc, crtc, connector, primary], "ENOSPC"],
    [good, 0],
    [[...good].reverse(), 0],
    [t.ids(1).concat(t.ids(0)), 0],
  ];
  for (const [ids, expected] of outcomes) assertEquals([ids, t.try(ids)], [ids, expected]);
  for (const flags of [1, 2, 0x400, -1, 0x8000_0000]) assertEquals(t.try(good, flags), "EINVAL");
  for (const flags of [0, O_CLOEXEC, O_NONBLOCK, O_CLOEXEC | O_NONBLOCK]) assertEquals(t.try(good, flags), 0);
  const { address } = t.master.process.heap.from(new Uint8Array(Uint32Array.from(good).buffer));
  const raw = (object_ids: bigint, object_count: number): number | string => {
    const arg = uapi.drm_mode_create_lease.of({ object_ids, object_count });
    const result = outcome(() => t.master.card.ioctl(uapi.DRM_IOCTL_MODE_CREATE_LEASE, arg));
    if (result === 0) t.master.process.close(arg.fd);
    return result;
  };
  assertEquals([raw(0n, 3), raw(address, 0xffff_ffff), raw(address, 3), raw(0n, 0)], ["EFAULT", "ENOMEM", 0, 0]);
});

Deno.test("lease: lessee list: ids of those who hold something, in the order of their making", () => {
  using t = new Rig(4);
  assertEquals(listLessees(t.card), []);
  const leases = [2, 0, 3].map((index) => t.lease(t.ids(index)));
  assertEquals(listLessees(t.card), leases.map(({ id }) => id));
  assertEquals(listLessees(new DrmCard(leases[0].client.card)), []);
  leases[1].client.card.close();
  revokeLease(t.card, leases[0].id);
  assertEquals(listLessees(t.card), [leases[2].id]);
  const pad = uapi.drm_mode_list_lessees.of({ pad: 1 });
  assertEquals(outcome(() => t.master.card.ioctl(uapi.DRM_IOCTL_MODE_LIST_LESSEES, pad)), "EINVAL");
});

Deno.test("lease: get: what was leased, whatever the room; another pad than 0 is EINVAL", () => {
  using t = new Rig();
  const { client } = t.lease(t.ids(0));
  const expected = [...t.ids(0)].sort((a, b) => a - b);
  assertEquals(getLease(new DrmCard(client.card)), expected);
  for (let room = 0; room <= 5; room++) {
    const memory = client.process.alloc(20);
    memory.bytes.fill(0xff);
    const arg = uapi.drm_mode_get_lease.of({ count_objects: room, objects_ptr: memory.address });
    assertEquals(client.card.ioctl(uapi.DRM_IOCTL_MODE_GET_LEASE, arg), 0);
    const words = [...new Uint32Array(memory.bytes.slice().buffer)];
    const told = [...expected.slice(0, room), ...Array(5).fill(0xffff_ffff)].slice(0, 5);
    assertEquals([arg.count_objects, words], [4, told]);
  }
  const pad = uapi.drm_mode_get_lease.of({ pad: 1 });
  assertEquals(outcome(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_GET_LEASE, pad)), "EINVAL");
});

Deno.test("lease: unleased connector and CRTC: as if they did not exist, for SETCRTC and for commits", () => {
  using t = new Rig();
  const { client } = t.lease(t.ids(0));
  client.becomeAtomic();
  const fb = coloured(client, "green");
  const [, other] = t.pipes;
  assertEquals(client.setCrtc(fb, (arg) => arg.crtc_id = other.crtc), "ENOENT");
  assertEquals(client.setCrtc(fb, (arg) => arg.set_connectors_ptr = client.u32([other.connector])), "ENOENT");
  const set = (object: number, name: string, value: number): number | string => {
    const prop = t.master.prop(object, name);
    const arg = uapi.drm_mode_atomic.of({
      flags: TEST | MODESET,
      count_objs: 1,
      objs_ptr: client.u32([object]),
      count_props_ptr: client.u32([1]),
      props_ptr: client.u32([prop]),
      prop_values_ptr: client.u64([value]),
    });
    return outcome(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_ATOMIC, arg));
  };
  t.master.becomeAtomic();
  assertEquals(set(other.crtc, "ACTIVE", 0), "ENOENT");
  assertEquals(set(other.connector, "CRTC_ID", t.pipes[0].crtc), "ENOENT");
  assertEquals(set(other.primary, "FB_ID", fb), "ENOENT");
  assertEquals(set(t.pipes[0].connector, "CRTC_ID", other.crtc), "EACCES");
  assertEquals(set(t.pipes[0].primary, "CRTC_ID", other.crtc), "EACCES");
  assertEquals(set(t.pipes[0].connector, "CRTC_ID", 0xdead), "EINVAL");
  assertEquals(t.screen.take(), []);
});

Deno.test("lease: atomic: a lessee commits on its part, with mode sets, flips and events", () => {
  using t = new Rig();
  const { client } = t.lease(t.ids(1));
  client.becomeAtomic();
  const { crtc, connector, primary } = t.pipes[1];
  const mode = client.blob(uapi.bytesOf(client.modes(connector)[0]));
  assert(typeof mode === "number");
  const [green, blue] = (["green", "blue"] as const).map((colour) => coloured(client, colour));
  const rect = { CRTC_X: 0, CRTC_Y: 0, CRTC_W: 640, CRTC_H: 480, SRC_X: 0, SRC_Y: 0 };
  const request: Values = {
    [crtc]: { ACTIVE: 1, MODE_ID: mode },
    [connector]: { CRTC_ID: crtc },
    [primary]: { FB_ID: green, CRTC_ID: crtc, SRC_W: 640 << 16, SRC_H: 480 << 16, ...rect },
  };
  assertEquals([client.atomic(request, TEST), client.atomic(request, TEST | MODESET)], ["EINVAL", 0]);
  assertEquals(client.atomic(request, MODESET), 0);
  client.frame(2);
  const flip = uapi.DRM_MODE_ATOMIC_NONBLOCK | uapi.DRM_MODE_PAGE_FLIP_EVENT;
  assertEquals(client.atomic({ [primary]: { FB_ID: blue } }, flip, 5n), 0);
  client.frame(1);
  assertEquals(client.events().map(({ user_data, crtc_id }) => [user_data, crtc_id]), [[5n, crtc]]);
  assertEquals(t.screen.take(), ["1 green", "1 blue"]);
});

Deno.test("lease: revoke: the lessee's fd stays and sees nothing; what it shows stays, and is the lessor's again", () => {
  using t = new Rig();
  const { id, client } = t.lease(t.ids(1));
  const fb = coloured(client, "green");
  assertEquals(client.setCrtc(fb), 0);
  client.frame(2);
  assertEquals([t.screen.take(), t.try(t.ids(1))], [["1 green"], "EBUSY"]);
  revokeLease(t.card, id);
  t.master.frame(5);
  const { crtcs, connectors, fbs } = client.resources();
  assertEquals([t.screen.take(), crtcs, connectors, client.planes(), fbs], [[], [], [], [], [fb]]);
  const arg = uapi.drm_mode_crtc_page_flip.of({ crtc_id: t.pipes[1].crtc, fb_id: fb });
  assertEquals(outcome(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_PAGE_FLIP, arg)), "ENOENT");
  assertEquals([t.try(t.ids(1)), t.master.flip(coloured(t.master, "red"), 0, 0n, 1)], [0, 0]);
  t.master.frame(1);
  assertEquals(t.screen.take(), ["1 red"]);
  client.card.close(); // nothing of it is shown any more
  t.master.frame(2);
  assertEquals(t.screen.take(), []);
  assertEquals(outcome(() => (revokeLease(t.card, id), 0)), "ENOENT");
});

Deno.test("lease: revoke: the lessor's own lessees alone; a sibling is EACCES, an unknown one ENOENT", () => {
  using t = new Rig();
  const a = t.lease(t.ids(0)), b = t.lease(t.ids(1));
  const revoke = (who: KmsClient, id: number): number | string =>
    outcome(() => (revokeLease(new DrmCard(who.card), id), 0));
  assertEquals([revoke(a.client, b.id), revoke(a.client, a.id), revoke(a.client, 99)], ["EACCES", "EACCES", "ENOENT"]);
  assertEquals([revoke(t.master, 0), revoke(t.master, 99), revoke(t.master, 0xffff_ffff)], Array(3).fill("ENOENT"));
  assertEquals([revoke(t.master, a.id), listLessees(t.card)], [0, [b.id]]);
});

Deno.test("lease: implicit planes: without universal planes a CRTC brings those that SETCRTC, flips and cursors need", () => {
  using t = new Rig(2, false);
  const [, { crtc, connector, primary, cursor }] = t.pipes;
  assertEquals([t.try([crtc, connector, primary]), t.try([cursor, crtc, connector])], ["ENOSPC", "ENOSPC"]);
  const { client } = t.lease([crtc, connector]);
  assertEquals(getLease(new DrmCard(client.card)), [...t.ids(1)].sort((a, b) => a - b));
  const fbs = (["green", "blue"] as const).map((colour) => coloured(client, colour));
  assertEquals(client.setCrtc(fbs[0]), 0);
  client.frame(2);
  assertEquals(client.flip(fbs[1]), 0);
  client.frame(1);
  const { handle } = client.dumb(64, 64);
  const image = uapi.drm_mode_cursor2.of({ flags: 3, crtc_id: crtc, width: 64, height: 64, handle });
  assertEquals(outcome(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_CURSOR2, image)), 0);
  assertEquals(t.screen.take(), ["1 green", "1 blue"]);
});

Deno.test("lease: with universal planes what is not leased is not there: no mode, no flip, no cursor without their planes", () => {
  using t = new Rig();
  const [, { crtc, connector, primary, cursor }] = t.pipes;
  const first = t.lease([crtc, connector, cursor]);
  const fb = coloured(first.client, "green");
  assertEquals([first.client.setCrtc(fb), first.client.flip(fb), first.client.dark()], ["EACCES", "EACCES", 0]);
  first.client.card.close();
  const { client } = t.lease([crtc, connector, primary]);
  assertEquals(client.setCrtc(coloured(client, "green")), 0);
  const hide = uapi.drm_mode_cursor.of({ flags: uapi.DRM_MODE_CURSOR_MOVE, crtc_id: crtc });
  assertEquals(outcome(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_CURSOR, hide)), "EACCES");
});

Deno.test("lease: possible_crtcs: the lessee's own numbers, and vblanks by them", () => {
  using t = new Rig(3);
  const { client } = t.lease([...t.ids(1), ...t.ids(2)]);
  const masks = (who: KmsClient): number[] =>
    who.resources().encoders.map((encoder_id) => {
      const arg = uapi.drm_mode_get_encoder.of({ encoder_id });
      who.card.ioctl(uapi.DRM_IOCTL_MODE_GETENCODER, arg);
      return arg.possible_crtcs;
    });
  assertEquals([masks(t.master), masks(client)], [[1, 2, 4], [0, 1, 2]]);
  assertEquals([client.plane(PRIMARY, 0), client.plane(PRIMARY, 1)], [t.pipes[1].primary, t.pipes[2].primary]);
  t.master.light(2);
  const ask = (who: KmsClient, index: number): number | string =>
    who.vblank(uapi._DRM_VBLANK_RELATIVE | (index << uapi._DRM_VBLANK_HIGH_CRTC_SHIFT)).result;
  assertEquals([0, 1, 2].map((i) => ask(t.master, i)), ["EINVAL", "EINVAL", 0]);
  assertEquals([0, 1, 2].map((i) => ask(client, i)), ["EINVAL", 0, "EINVAL"]);
});

Deno.test("lease: master vs lease: a lessee is master while its lessor is, and takes nothing over", () => {
  using t = new Rig();
  const { client } = t.lease(t.ids(1));
  const ioctl = (who: KmsClient, cmd: typeof uapi.DRM_IOCTL_SET_MASTER): number | string =>
    outcome(() => who.card.ioctl(cmd));
  const { DRM_IOCTL_SET_MASTER: SET, DRM_IOCTL_DROP_MASTER: DROP } = uapi;
  const fb = coloured(client, "green");
  assertEquals([ioctl(client, SET), ioctl(client, DROP), client.setCrtc(fb)], ["EACCES", "EACCES", 0]);
  client.frame(2);
  assertEquals([t.screen.take(), ioctl(t.master, DROP)], [["1 green"], 0]);
  assertEquals([client.flip(fb), client.dark(), ioctl(client, SET)], ["EACCES", "EACCES", "EACCES"]);
  // Another master sees all, lends all, and knows nothing of these.
  const other = t.machine.client(ROOT);
  const card = new DrmCard(other.card);
  other.cap(uapi.DRM_CLIENT_CAP_UNIVERSAL_PLANES);
  assertEquals([listLessees(card), other.resources().crtcs.length, client.flip(fb)], [[], 2, "EACCES"]);
  const rival = createLease(card, t.ids(1));
  assertEquals(ioctl(other, DROP), 0);
  assertEquals([ioctl(t.master, SET), client.flip(fb), rival.id], [0, 0, 1]);
  client.frame(3);
  assertEquals(t.screen.take(), []);
});

Deno.test("lease: again: what a closed lessee held can be leased at once, and its id is free", () => {
  using t = new Rig();
  for (let i = 0; i < 50; i++) {
    const { id, client } = t.lease(t.ids(1));
    assertEquals([id, t.try(t.ids(1))], [1, "EBUSY"]);
    client.card.close();
  }
  assertEquals(t.try(t.ids(1)), 0);
});

Deno.test("lease: uevent: LEASE=1 when a lessee's last fd goes; not when it is made or revoked", () => {
  using t = new Rig();
  const told: string[] = [];
  t.machine.system.onUevent(({ action, properties }) => told.push(`${action} ${JSON.stringify(properties)}`));
  const { id, client } = t.lease(t.ids(1));
  revokeLease(t.card, id);
  const copy = client.process.dup(client.card.fd);
  client.card.close();
  assertEquals(told, []);
  client.process.close(copy);
  assertEquals(told, ['change {"LEASE":"1"}']);
});

Deno.test("lease: a lease of a lease is EINVAL, whatever it asks for", () => {
  using t = new Rig();
  const { client } = t.lease(t.ids(1));
  const lessee = new DrmCard(client.card);
  for (const ids of [t.ids(1), [], [0xdead]]) {
    assertEquals(outcome(() => (createLease(lessee, ids), 0)), "EINVAL");
  }
});

Deno.test("lease: the lessor's end revokes: lessees are no masters any more, their pictures stay until they go too", () => {
  using t = new Rig();
  const { client } = t.lease(t.ids(1));
  assertEquals(client.setCrtc(coloured(client, "green")), 0);
  client.frame(2);
  t.master.card.close();
  t.machine.pass(1e8);
  assertEquals([t.screen.take(), client.resources().crtcs], [["1 green"], []]);
  assertEquals(outcome(() => getLease(new DrmCard(client.card)).length), "EACCES");
  const next = t.machine.client();
  next.cap(uapi.DRM_CLIENT_CAP_UNIVERSAL_PLANES);
  assertEquals(listLessees(new DrmCard(next.card)), []);
  client.card.close();
  t.machine.pass(1e8);
  assertEquals(t.screen.take(), ["1 off"]);
});

Deno.test("lease: a pulled card answers ENODEV to lessees too, and they close in peace", () => {
  using t = new Rig();
  const { client } = t.lease(t.ids(1));
  assertEquals(client.setCrtc(coloured(client, "green")), 0);
  t.machine.system.removeDevice(t.machine.device);
  assertEquals([outcome(() => (client.resources(), 0)), t.try(t.ids(0))], ["ENODEV", "ENODEV"]);
  client.card.close();
  t.master.card.close();
});
