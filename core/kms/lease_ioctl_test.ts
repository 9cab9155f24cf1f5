import { assertEquals } from "@std/assert";
import fc from "fast-check";
import * as uapi from "../../uapi/mod.ts";
import { O_CLOEXEC, O_NONBLOCK } from "../../uapi/fcntl.ts";
import { DrmFile } from "../drm_file.ts";
import { DrmError } from "../error.ts";
import { drmFile, errno, TestSystem } from "../testing.ts";
import { softwareKms, type TestClient, TestKms } from "./testing.ts";
import {
  createLease,
  dropMaster,
  getLease,
  lessee,
  listLessees,
  pipe,
  revokeLease,
  setMaster,
} from "./lease_testing.ts";

/** Four pipes with an overlay plane each, and a client that knows universal planes. */
function machine(): { kms: TestKms; client: TestClient; [Symbol.dispose](): void } {
  const kms = new TestKms({ pipes: 4, overlay: true });
  return { kms, client: kms.client(), [Symbol.dispose]: () => kms[Symbol.dispose]() };
}

/** LEASE=1 events so far. */
function leaseEvents(kms: TestKms): () => number {
  let count = 0;
  kms.system.onUevent(({ action, device, properties }) => {
    if (action === "change" && device === kms.device && properties.LEASE === "1") count++;
  });
  return () => count;
}

Deno.test("K4 a lease is a new open of the node, master of the objects and authenticated; ids are the lowest free ones", () => {
  using t = machine();
  const { kms, client } = t;
  const plain = drmFile(client.card);
  const a = createLease(client, pipe(kms, 0));
  const b = createLease(client, pipe(kms, 1), O_CLOEXEC);
  assertEquals([a.result, a.id, b.id], [0, 1, 2]);
  const file = drmFile(a.card);
  assertEquals([file.name, file === plain, file.device === plain.device], ["card0", false, true]);
  assertEquals([file.isMaster, file.isCurrentMaster, file.authenticated, file.wasMaster], [true, true, true, false]);
  assertEquals([file.atomic, file.universalPlanes, file.tgid], [false, false, client.process.tgid]);
  assertEquals([file.master?.lessor === plain.master, file.master?.owner === plain.master], [true, true]);
  assertEquals(kms.device.files.size, 3);
  a.card.close();
  assertEquals(createLease(client, pipe(kms, 2)).id, 1);
});

Deno.test("K4 O_CLOEXEC is the fd's, O_NONBLOCK the lessor's file's", () => {
  using t = machine();
  const { kms, client } = t;
  const cloexec = (fd: number): boolean => {
    const { fds } = client.process;
    return "cloexec" in fds && typeof fds.cloexec === "function" && fds.cloexec(fd);
  };
  const a = createLease(client, pipe(kms, 0), O_NONBLOCK);
  drmFile(client.card).flags |= O_NONBLOCK;
  const b = createLease(client, pipe(kms, 1), O_CLOEXEC);
  assertEquals([cloexec(a.card.fd), cloexec(b.card.fd)], [false, true]);
  assertEquals([a.card.file.flags & O_NONBLOCK, b.card.file.flags & O_NONBLOCK], [0, O_NONBLOCK]);
});

Deno.test("K4 what is wrong with a request is told in the kernel's order", () => {
  using t = machine();
  const { kms, client } = t;
  const [crtc] = kms.kms.crtcs, [connector] = kms.kms.connectors, [encoder] = kms.kms.encoders;
  const good = [crtc.id, connector.id, crtc.primary.id];
  const fb = client.framebuffer(64, 64);
  const blob = client.blob(new Uint8Array(4));
  const result = (ids: readonly number[], flags = 0): number | string => createLease(client, ids, flags).result;
  const cases: [ids: number[], flags: number, outcome: string][] = [
    [[9999], 1, "EINVAL"],
    [[], ~(O_CLOEXEC | O_NONBLOCK), "EINVAL"],
    [[...good, 0], 0, "ENOENT"],
    [[...good, 0xffff_ffff], 0, "ENOENT"],
    [[...good, encoder.id], 0, "EINVAL"],
    [[...good, fb], 0, "EINVAL"],
    [[...good, blob], 0, "EINVAL"],
    [[...good, client.property(crtc.id, "ACTIVE")], 0, "EINVAL"],
    [[encoder.id, 9999], 0, "EINVAL"], // the first wrong one counts
    [[9999, encoder.id], 0, "ENOENT"],
    [[crtc.id], 0, "EINVAL"],
    [[connector.id, crtc.primary.id], 0, "EINVAL"],
    [[crtc.id, crtc.primary.id], 0, "EINVAL"],
    [[crtc.id, crtc.id], 0, "EINVAL"], // no connector, before twice
    [[crtc.id, connector.id], 0, "EINVAL"], // universal planes: a plane is needed
    [[...good, crtc.id], 0, "ENOSPC"],
    [[...good, connector.id], 0, "ENOSPC"],
  ];
  for (const [ids, flags, outcome] of cases) assertEquals([ids, result(ids, flags)], [ids, outcome]);
  assertEquals([kms.device.files.size, listLessees(client)], [1, []]);
  assertEquals(result(good, O_CLOEXEC | O_NONBLOCK), 0);
});

Deno.test("K4 lists beyond the kernel's largest array are ENOMEM, pointers that lead nowhere EFAULT", () => {
  using t = machine();
  const { kms, client } = t;
  const send = (object_ids: bigint, object_count: number): number | string => {
    const arg = uapi.drm_mode_create_lease.of({ object_ids, object_count });
    return errno(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_CREATE_LEASE, arg));
  };
  assertEquals([send(0n, 0xffff_ffff), send(0n, 0x8000_0000), send(0n, (1 << 20) + 1)], ["ENOMEM", "ENOMEM", "ENOMEM"]);
  assertEquals([send(0n, 1 << 20), send(0n, 1)], ["EFAULT", "EFAULT"]);
  const ids = client.process.alloc(1 << 22);
  new Uint32Array(ids.bytes.buffer, ids.bytes.byteOffset, 1 << 20).fill(kms.kms.crtcs[0].id);
  assertEquals([send(ids.address, (1 << 19) + 1), send(ids.address, 1 << 19)], ["ENOMEM", "EINVAL"]);
  assertEquals(send(0n, 0), 0);
});

Deno.test("K4 without universal planes a CRTC brings its primary and cursor plane, and naming those too is ENOSPC", () => {
  using kms = new TestKms({ pipes: 2, overlay: true });
  const client = kms.client(false);
  const [crtc] = kms.kms.crtcs, [connector] = kms.kms.connectors;
  const cursor = crtc.cursor?.id ?? 0;
  const overlay = kms.kms.planes[1].id;
  assertEquals(createLease(client, [crtc.id, connector.id, crtc.primary.id]).result, "ENOSPC");
  assertEquals(createLease(client, [crtc.primary.id, crtc.id, connector.id]).result, "ENOSPC");
  assertEquals(createLease(client, [crtc.id, connector.id, cursor]).result, "ENOSPC");
  const lease = createLease(client, [connector.id, crtc.id, overlay]);
  assertEquals(lease.result, 0);
  const all = [connector.id, crtc.id, overlay, crtc.primary.id, cursor].sort((a, b) => a - b);
  assertEquals(getLease(lessee(kms, client, lease)), all);
  assertEquals(createLease(client, [kms.kms.crtcs[1].id, kms.kms.connectors[1].id]).result, 0);
});

Deno.test("K4 an object has one lessee at a time; what is revoked or closed can be lent again", () => {
  using t = machine();
  const { kms, client } = t;
  const a = createLease(client, pipe(kms, 0));
  assertEquals(createLease(client, pipe(kms, 0)).result, "EBUSY");
  // One object of many is enough.
  assertEquals(createLease(client, [...pipe(kms, 1), kms.kms.connectors[0].id]).result, "EBUSY");
  assertEquals(revokeLease(client, a.id), 0);
  const b = createLease(client, pipe(kms, 0));
  assertEquals([b.result, b.id], [0, 2]); // the first still has its id
  b.card.close();
  assertEquals(createLease(client, pipe(kms, 0)).id, 2);
});

Deno.test("K4 an empty lease is a lessee that holds nothing, is not listed and can be revoked", () => {
  using t = machine();
  const { kms, client } = t;
  const lease = createLease(client, []);
  assertEquals([lease.result, lease.id], [0, 1]);
  const tenant = lessee(kms, client, lease);
  assertEquals([getLease(tenant), listLessees(client), revokeLease(client, 1), revokeLease(client, 1)], [[], [], 0, 0]);
});

Deno.test("K4 a lessee leases nothing: EINVAL, after the flags and before the list", () => {
  using t = machine();
  const { kms, client } = t;
  const tenant = lessee(kms, client, createLease(client, pipe(kms, 0)));
  assertEquals([createLease(tenant, []).result, createLease(tenant, [9999]).result], ["EINVAL", "EINVAL"]);
  assertEquals([listLessees(tenant), listLessees(client)], [[], [1]]);
});

Deno.test("K4 only the current master leases, lists, asks and revokes", () => {
  using t = machine();
  const { kms, client } = t;
  const other = kms.client();
  const outcomes = (who: TestClient): unknown[] => [
    createLease(who, pipe(kms, 1)).result,
    errno(() => listLessees(who)),
    errno(() => getLease(who)),
    revokeLease(who, 1),
  ];
  assertEquals(outcomes(other), Array(4).fill("EACCES"));
  const tenant = lessee(kms, client, createLease(client, pipe(kms, 0)));
  assertEquals(dropMaster(client), 0);
  for (const who of [client, tenant]) assertEquals(outcomes(who), Array(4).fill("EACCES"));
});

Deno.test("K4 EMFILE comes before EBUSY; what fails late leaves no fd, no lessee and no file", () => {
  let refuse = false;
  let opens = 0;
  const driver = softwareKms({ pipes: 2 }, []);
  using t = new TestSystem({
    drivers: [{
      ...driver,
      spec: {
        ...driver.spec,
        open: () => {
          opens++;
          if (refuse) throw new DrmError("ENOMEM", "Cannot open: the test refuses");
        },
      },
    }],
    process: { fdLimit: 2 },
  });
  const kms = t.device.kms;
  if (kms === undefined) throw new TypeError("no KMS");
  let told = 0;
  t.system.onUevent(({ properties }) => void (properties.LEASE === "1" && told++));
  const send = (count = 2): number | string => {
    const ids = new Uint8Array(Uint32Array.of(kms.crtcs[0].id, kms.connectors[0].id).buffer);
    const object_ids = t.task.heap.from(ids).address;
    const arg = uapi.drm_mode_create_lease.of({ object_ids, object_count: count });
    const result = errno(() => t.card.ioctl(uapi.DRM_IOCTL_MODE_CREATE_LEASE, arg));
    return result === 0 ? arg.fd : result;
  };
  const state = (): number[] => [t.task.fdCount, t.device.files.size, drmFile(t.card).master?.lesseeIds.count ?? -1];
  refuse = true;
  assertEquals([send(), state(), told], ["ENOMEM", [1, 1, 0], 1]); // the lessee that was made is gone
  refuse = false;
  assertEquals([send(), state()], [1, [2, 2, 1]]);
  assertEquals([send(), send(1)], ["EMFILE", "EINVAL"]);
  assertEquals([state(), opens], [[2, 2, 1], 3]);
  t.task.close(1);
  assertEquals([state(), told], [[1, 1, 0], 2]);
});

Deno.test("K4 lessees count against the ids that clients may have together", () => {
  using t = new TestSystem({ drivers: [softwareKms({ pipes: 1 }, [])], idLimit: 256 });
  const free = t.system.ids.limit - t.system.ids.used;
  const results: (number | string)[] = [];
  for (let i = 0; i <= free; i++) {
    results.push(errno(() => t.card.ioctl(uapi.DRM_IOCTL_MODE_CREATE_LEASE, uapi.drm_mode_create_lease.of())));
  }
  assertEquals([results.slice(0, free).every((result) => result === 0), results[free]], [true, "ENOMEM"]);
  for (let fd = t.card.fd + 1; fd <= t.card.fd + free; fd++) t.task.close(fd);
  assertEquals(t.system.ids.limit - t.system.ids.used, free);
});

Deno.test("K5 LIST_LESSEES: those that hold something, oldest first, as many as there is room for", () => {
  using t = machine();
  const { kms, client } = t;
  const leases = [0, 1, 2, 3].map((index) => createLease(client, pipe(kms, index)));
  assertEquals(listLessees(client), [1, 2, 3, 4]);
  leases[1].card.close();
  assertEquals([revokeLease(client, 1), listLessees(client)], [0, [3, 4]]);
  createLease(client, pipe(kms, 1));
  assertEquals(listLessees(client), [3, 4, 2]);
  const room = client.process.alloc(8);
  const arg = uapi.drm_mode_list_lessees.of({ count_lessees: 1, lessees_ptr: room.address });
  assertEquals(client.card.ioctl(uapi.DRM_IOCTL_MODE_LIST_LESSEES, arg), 0);
  assertEquals([arg.count_lessees, [...room.bytes]], [3, [3, 0, 0, 0, 0, 0, 0, 0]]);
  const bad = uapi.drm_mode_list_lessees.of({ count_lessees: 1, lessees_ptr: 0n });
  assertEquals(errno(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_LIST_LESSEES, bad)), "EFAULT");
  assertEquals(bad.count_lessees, 1);
  const pad = uapi.drm_mode_list_lessees.of({ pad: 1 });
  assertEquals(errno(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_LIST_LESSEES, pad)), "EINVAL");
});

Deno.test("K5 GET_LEASE: a lessee's objects in ascending order; an owner's are all there are, framebuffers and blobs too", () => {
  using t = machine();
  const { kms, client } = t;
  const ids = pipe(kms, 1);
  const tenant = lessee(kms, client, createLease(client, [...ids].reverse()));
  assertEquals(getLease(tenant), [...ids].sort((a, b) => a - b));
  const fb = client.framebuffer(16, 16);
  const all = getLease(client);
  assertEquals([all.includes(fb), all.includes(kms.kms.encoders[0].id), all.length], [
    true,
    true,
    kms.kms.objects.count,
  ]);
  assertEquals(getLease(tenant).includes(tenant.framebuffer(16, 16)), false);
  for (const [room, address, pad, outcome] of [[0, 0n, 0, 0], [1, 0n, 0, "EFAULT"], [0, 0n, 1, "EINVAL"]] as const) {
    const arg = uapi.drm_mode_get_lease.of({ count_objects: room, objects_ptr: address, pad });
    assertEquals(errno(() => tenant.card.ioctl(uapi.DRM_IOCTL_MODE_GET_LEASE, arg)), outcome);
    assertEquals(arg.count_objects, outcome === 0 ? ids.length : room);
  }
});

Deno.test("K5 REVOKE_LEASE: ENOENT for an unknown lessee, EACCES for one that another master made", () => {
  using t = machine();
  const { kms, client } = t;
  const a = lessee(kms, client, createLease(client, pipe(kms, 0)));
  const b = createLease(client, pipe(kms, 1));
  for (const id of [0, 3, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) assertEquals(revokeLease(client, id), "ENOENT");
  assertEquals([revokeLease(a, b.id), revokeLease(a, 1), revokeLease(a, 3)], ["EACCES", "EACCES", "ENOENT"]);
  assertEquals(listLessees(client), [1, 2]);
  // An owner of its own knows none of them.
  dropMaster(client);
  const root = kms.client(true, { uid: 0 });
  assertEquals([drmFile(root.card).isCurrentMaster, revokeLease(root, 1), listLessees(root)], [true, "ENOENT", []]);
  assertEquals(createLease(root, pipe(kms, 0)).result, 0); // and lends what they hold
  assertEquals(getLease(root).length, kms.kms.objects.count);
});

Deno.test("K5 a revoked lease leaves its fd: it sees nothing, and its end is told by LEASE=1", () => {
  using t = machine();
  const { kms, client } = t;
  const told = leaseEvents(kms);
  const lease = createLease(client, pipe(kms, 0));
  const tenant = lessee(kms, client, lease);
  assertEquals(revokeLease(client, lease.id), 0);
  assertEquals([drmFile(tenant.card).isCurrentMaster, getLease(tenant), told()], [true, [], 0]);
  const dup = client.process.dup(lease.card.fd);
  lease.card.close();
  assertEquals([told(), revokeLease(client, lease.id)], [0, 0]);
  client.process.close(dup);
  assertEquals([told(), revokeLease(client, lease.id)], [1, "ENOENT"]);
});

Deno.test("K5 closing the lessor's last fd revokes; the lessees stay open, are masters no more, and end with an event each", () => {
  using t = machine();
  const { kms, client } = t;
  const told = leaseEvents(kms);
  const tenants = [0, 1].map((index) => lessee(kms, client, createLease(client, pipe(kms, index))));
  const dup = client.process.dup(client.card.fd);
  client.card.close();
  assertEquals(tenants.map((tenant) => getLease(tenant).length), [4, 4]);
  client.process.close(dup);
  assertEquals(tenants.map((tenant) => errno(() => getLease(tenant))), ["EACCES", "EACCES"]);
  assertEquals([told(), kms.device.files.size], [0, 2]);
  const next = kms.client();
  assertEquals([drmFile(next.card).isCurrentMaster, listLessees(next)], [true, []]);
  assertEquals(tenants.map(({ card }) => drmFile(card).isCurrentMaster), [false, false]);
  assertEquals(tenants.map(({ card }) => drmFile(card).master?.leases.size), [0, 0]);
  for (const { card } of tenants) card.close();
  assertEquals([told(), kms.device.files.size], [2, 1]);
});

Deno.test("K2 a lessee is master as long as its lessor is, and neither takes the throne nor leaves it", () => {
  using t = machine();
  const { kms, client } = t;
  const lease = createLease(client, pipe(kms, 0));
  const tenant = lessee(kms, client, lease);
  const root = kms.system.process({ uid: 0 });
  const rootTenant = { process: root, card: root.file(root.receive(client.process, lease.card.fd)) };
  const master = (): boolean[] => [client, tenant].map(({ card }) => drmFile(card).isCurrentMaster);
  assertEquals([setMaster(tenant), dropMaster(tenant)], ["EACCES", "EACCES"]); // it never was one itself
  assertEquals([setMaster(rootTenant), dropMaster(rootTenant), master()], [0, "EINVAL", [true, true]]);
  assertEquals([dropMaster(client), master()], [0, [false, false]]);
  assertEquals([setMaster(tenant), setMaster(rootTenant), dropMaster(rootTenant)], ["EACCES", "EINVAL", "EINVAL"]);
  const other = kms.client();
  assertEquals([setMaster(rootTenant), drmFile(other.card).isCurrentMaster], ["EBUSY", true]);
  other.card.close();
  assertEquals([setMaster(client), master(), getLease(tenant).length], [0, [true, true], 4]);
});

Deno.test("K5 whatever is lent, revoked and closed in whatever order, nobody holds what another holds", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("lend" as const), pipes: fc.uniqueArray(fc.nat(3), { maxLength: 4 }) }),
    fc.record({ kind: fc.constantFrom("revoke" as const, "close" as const), which: fc.nat(9) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      using t = machine();
      const { kms, client } = t;
      const told = leaseEvents(kms);
      let ended = 0;
      const alive: { id: number; client: TestClient; holds: Set<number> }[] = [];
      for (const act of steps) {
        if (act.kind === "lend") {
          const busy = act.pipes.some((index) => alive.some(({ holds }) => holds.has(index)));
          const lease = createLease(client, act.pipes.flatMap((index) => pipe(kms, index)));
          assertEquals(lease.result, busy ? "EBUSY" : 0);
          if (busy) continue;
          const used = new Set(alive.map(({ id }) => id));
          let id = 1;
          while (used.has(id)) id++;
          assertEquals(lease.id, id);
          alive.push({ id, client: lessee(kms, client, lease), holds: new Set(act.pipes) });
        } else if (alive.length > 0) {
          const one = alive[act.which % alive.length];
          if (act.kind === "revoke") {
            assertEquals(revokeLease(client, one.id), 0);
            one.holds.clear();
          } else {
            one.client.card.close();
            alive.splice(alive.indexOf(one), 1);
            ended++;
          }
        }
        assertEquals(listLessees(client), alive.filter(({ holds }) => holds.size > 0).map(({ id }) => id));
        for (const { client: tenant, holds } of alive) {
          const ids = [...holds].flatMap((index) => pipe(kms, index)).sort((a, b) => a - b);
          assertEquals(getLease(tenant), ids);
        }
      }
      assertEquals([told(), [...kms.device.files].every((file) => file instanceof DrmFile)], [ended, true]);
    }),
    { numRuns: 60 },
  );
});
