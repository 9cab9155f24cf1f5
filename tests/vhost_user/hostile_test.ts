import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import * as vhost from "udrm/uapi/vhost_user.ts";
import * as display from "udrm/uapi/vhost_user_gpu.ts";
import * as gpu from "udrm/uapi/virtio_gpu.ts";
import { VHOST_USER_REQUESTS } from "udrm/drivers/bus/vhost_user/mod.ts";
import { state, u64 } from "udrm/drivers/bus/vhost_user/testing.ts";
import { close, eventfd, lightPipe, memfdCreate, streamPair } from "udrm/drivers/os/mod.ts";
import { assertNoFdLeak } from "udrm/drivers/os/testing.ts";
import { noise, type Rig, rig } from "./rig.ts";

const MIB = 1 << 20;
const OK = gpu.VIRTIO_GPU_RESP_OK_NODATA;

/** Whether the back end works: a new guest's picture is shown. */
function works(t: Rig): void {
  using guest = t.guest();
  const { bytes } = guest.show(1, 32, 24, noise(1));
  assert(guest.shows(bytes), t.events.join("; "));
}

/** What each request takes when it is right; descriptors are made anew for each. */
const RIGHT: readonly (readonly [number, Uint8Array, readonly ("memfd" | "eventfd" | "socket")[]])[] = [
  [vhost.VHOST_USER_SET_FEATURES, u64(1n << 32n), []],
  [vhost.VHOST_USER_SET_PROTOCOL_FEATURES, u64(0xffffn), []],
  [vhost.VHOST_USER_SET_OWNER, new Uint8Array(0), []],
  [vhost.VHOST_USER_ADD_MEM_REG, region(0x40000000, MIB, 0x50000000, 0), ["memfd"]],
  [vhost.VHOST_USER_SET_MEM_TABLE, table(1), ["memfd"]],
  [vhost.VHOST_USER_SET_LOG_BASE, new Uint8Array(new Uint32Array([4096, 0, 0, 0]).buffer), ["memfd"]],
  [vhost.VHOST_USER_SET_LOG_FD, new Uint8Array(0), ["eventfd"]],
  [vhost.VHOST_USER_SET_VRING_NUM, state(0, 64), []],
  [vhost.VHOST_USER_SET_VRING_BASE, state(0, 0), []],
  [vhost.VHOST_USER_SET_VRING_KICK, u64(0), ["eventfd"]],
  [vhost.VHOST_USER_SET_VRING_CALL, u64(0), ["eventfd"]],
  [vhost.VHOST_USER_SET_VRING_ERR, u64(0), ["eventfd"]],
  [vhost.VHOST_USER_SET_VRING_ENABLE, state(0, 1), []],
  [vhost.VHOST_USER_SET_BACKEND_REQ_FD, new Uint8Array(0), ["socket"]],
  [vhost.VHOST_USER_GPU_SET_SOCKET, new Uint8Array(0), ["socket"]],
];

function region(guest_addr: number, size: number, user_addr: number, mmap_offset: number): Uint8Array {
  return vhost.vhost_user_single_mem_region.bytes(
    vhost.vhost_user_single_mem_region.of({ region: { guest_addr, size, user_addr, mmap_offset } }),
  );
}

function table(count: number): Uint8Array {
  const whole = vhost.vhost_user_memory.of({ nregions: count });
  for (let i = 0; i < Math.min(8, count); i++) {
    whole.regions[i].guest_addr = i * MIB;
    whole.regions[i].size = MIB;
    whole.regions[i].user_addr = 0x10000000 + i * MIB;
  }
  return vhost.vhost_user_memory.bytes(whole).slice(0, 8 + 32 * Math.min(8, count));
}

type Kind = "memfd" | "eventfd" | "socket" | "pipe" | "unsealed";

/** Runs with descriptors of these kinds. */
function withFds<T>(kinds: readonly Kind[], run: (fds: number[]) => T): T {
  const all: number[] = [];
  const fds = kinds.map((kind) => {
    if (kind === "memfd") all.push(memfdCreate("hostile", MIB));
    else if (kind === "unsealed") all.push(memfdCreate("hostile", MIB, 0));
    else if (kind === "eventfd") all.push(eventfd());
    else all.push(...(kind === "pipe" ? lightPipe() : streamPair()));
    return all.at(-1) ?? -1;
  });
  try {
    return run(fds);
  } finally {
    for (const fd of all) close(fd);
  }
}

const ALL = (1n << BigInt(16)) - 1n;

for (const [request, payload, kinds] of RIGHT) {
  const name = vhost.vhostUserName(request);
  const tryIt = (t: Rig, bytes: Uint8Array, with_: readonly Kind[]): boolean | undefined => {
    using front = t.front();
    front.negotiate(ALL);
    return withFds(with_, (fds) => front.tell(request, bytes, fds));
  };
  Deno.test(`${name}: done when right, refused when cut, too long, or with other descriptors`, () => {
    using t = rig();
    assertEquals(tryIt(t, payload, kinds), true);
    for (let i = 0; i < 4; i++) t.pump();
    assertNoFdLeak(() => {
      for (let length = 0; length < payload.length; length += 4) {
        assert(tryIt(t, payload.slice(0, length), kinds) !== true, `${length} bytes`);
      }
      const longer = new Uint8Array(payload.length + 4);
      longer.set(payload);
      assert(tryIt(t, longer, kinds) !== true, "4 bytes more");
      for (const wrong of [[...kinds, "eventfd"], kinds.slice(1), kinds.map(() => "pipe")] as Kind[][]) {
        if (wrong.join() === kinds.join()) continue;
        assert(tryIt(t, payload, wrong) !== true, `with ${wrong}`);
      }
      // What came along was closed when the connection ended.
      for (let i = 0; i < 4; i++) t.pump();
    });
    works(t);
  });
}

Deno.test("memory that can be cut off is refused, and the reason says what to do", () => {
  using t = rig();
  using front = t.front();
  front.negotiate(ALL);
  const bytes = region(0, MIB, 0x10000000, 0);
  assertEquals(withFds(["memfd"], (fds) => front.tell(vhost.VHOST_USER_ADD_MEM_REG, bytes, fds)), true);
  const next = region(MIB, MIB, 0x20000000, 0);
  assertEquals(withFds(["unsealed"], (fds) => front.tell(vhost.VHOST_USER_ADD_MEM_REG, next, fds)), false);
  assert(t.events.some((sentence) => sentence.includes("seal=on")));
  assertEquals(withFds(["eventfd"], (fds) => front.tell(vhost.VHOST_USER_ADD_MEM_REG, next, fds)), false);
  assert(t.events.some((sentence) => sentence.includes("memory-backend-memfd")));
});

Deno.test("regions: size, alignment, ends, overlap and number are checked", () => {
  using t = rig();
  using front = t.front();
  front.negotiate(ALL);
  withFds(["memfd"], ([fd]) => {
    const add = (gpa: number, size: number, user: number, offset = 0) =>
      front.tell(vhost.VHOST_USER_ADD_MEM_REG, region(gpa, size, user, offset), [fd]);
    assertEquals(add(0, MIB, 0x10000000), true);
    for (
      const [gpa, size, user, offset] of [
        [MIB, 0, 0x20000000, 0],
        [MIB, 2 * MIB, 0x20000000, 0],
        [MIB, MIB, 0x20000000, 4096],
        [MIB + 1, 4096, 0x20000000, 0],
        [MIB, 4095, 0x20000000, 0],
        [MIB, 4096, 0x20000001, 0],
        [MIB, 4096, 0x20000000, 1],
        [MIB - 4096, 8192, 0x20000000, 0],
        [MIB, 8192, 0x10000000 + MIB - 4096, 0],
        [2 ** 52, 4096, 0x20000000, 0],
        [MIB, 2 ** 52, 0x20000000, 0],
        [MIB, 4096, 2 ** 63, 0],
      ]
    ) assertEquals(add(gpa, size, user, offset), false, `${[gpa, size, user, offset]}`);
    for (let i = 1; i < 509; i++) assertEquals(add(i * MIB, 4096, 0x20000000 + i * MIB), true);
    assertEquals(add(600 * MIB, 4096, 0x90000000), false);
  });
  works2(t, front);
});

function works2(t: Rig, front: Disposable): void {
  front[Symbol.dispose]();
  works(t);
}

Deno.test("SET_MEM_TABLE while rings run: they go on where they were", () => {
  using t = rig();
  using guest = t.guest();
  const { bytes } = guest.show(1, 32, 32, noise(1));
  assert(guest.shows(bytes));
  // The guest's memory is gone: its rings break, the back end does not.
  withFds(["memfd"], (fds) => assertEquals(guest.front.tell(vhost.VHOST_USER_SET_MEM_TABLE, table(1), fds), true));
  guest.timeout = 50;
  assertEquals(guest.flush(1, 32, 32), 0);
  assert(guest.device.failed);
  guest[Symbol.dispose]();
  works(t);
});

Deno.test("rings that lie outside memory, or nowhere, break; requests before features touch none", () => {
  using t = rig();
  using front = t.front();
  front.negotiate(ALL);
  front.vring(vhost.VHOST_USER_SET_VRING_NUM, 0, 64);
  const address = vhost.vhost_vring_addr.bytes(
    vhost.vhost_vring_addr.of({ desc_user_addr: 4096, used_user_addr: 8192, avail_user_addr: 16384 }),
  );
  assertEquals(front.tell(vhost.VHOST_USER_SET_VRING_ADDR, address), true);
  withFds(["eventfd", "eventfd"], ([kick, err]) => {
    front.send(vhost.VHOST_USER_SET_VRING_ERR, u64(0), [err]);
    assertEquals(front.tell(vhost.VHOST_USER_SET_VRING_KICK, u64(0), [kick]), true);
    assertEquals(front.tell(vhost.VHOST_USER_SET_VRING_ENABLE, state(0, 1)), true);
    assertEquals(t.server.running, false);
    front.setFeatures(1n << 32n | 1n << 30n);
    front.settle();
    assertEquals(t.server.running, true);
    assert(t.events.some((sentence) => sentence.includes("ring 0 is broken")));
  });
  assertEquals(front.getBase(0), 0);
  works2(t, front);
});

Deno.test("a ring that runs is not moved", () => {
  using t = rig();
  using guest = t.guest();
  for (const request of [vhost.VHOST_USER_SET_VRING_NUM, vhost.VHOST_USER_SET_VRING_BASE]) {
    assertEquals(guest.front.tell(request, state(0, 32)), false);
  }
  assertEquals(guest.front.tell(vhost.VHOST_USER_SET_VRING_ADDR, new Uint8Array(40)), false);
  assertEquals(guest.create(1, 8, 8), OK);
});

Deno.test("answers that nobody reads end the connection", () => {
  using t = rig();
  using front = t.front();
  for (let i = 0; i < 100_000 && t.server.serving || i === 0; i++) {
    if (!front.send(vhost.VHOST_USER_GET_FEATURES)) break;
    t.pump();
  }
  assertEquals(t.server.serving, false);
  works2(t, front);
});

const LIES: readonly (readonly [string, Uint8Array])[] = [
  ["an answer that was not asked for", words(display.VHOST_USER_GPU_GET_EDID, 4, 0)],
  ["no answer at all, but a request", words(display.VHOST_USER_GPU_UPDATE, 0, 0)],
  ["an answer of 4 GiB", words(display.VHOST_USER_GPU_GET_PROTOCOL_FEATURES, 4, 0xffffffff)],
  ["an answer of 4 bytes", words(display.VHOST_USER_GPU_GET_PROTOCOL_FEATURES, 4, 4, 1)],
  ["an answer to another question", words(display.VHOST_USER_GPU_GET_DISPLAY_INFO, 4, 8, 3, 0)],
];

function words(...values: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

for (const [what, bytes] of LIES) {
  Deno.test(`display socket: ${what} ends that display alone`, () => {
    using t = rig();
    using guest = t.guest({
      prepare: (screen) => {
        screen.answers = false;
        screen.raw(bytes);
      },
    });
    assert(guest.front.wait(() => (guest.device.poll(), guest.screen.ended)));
    assertEquals(guest.create(1, 8, 8), OK);
    guest.device.prepare = () => {};
    guest.device.stop();
    guest.device.cont();
    assertEquals(t.display.connected, true);
    const picture = guest.show(2, 8, 8, noise(1));
    assert(guest.shows(picture.bytes));
  });
}

Deno.test("display socket: monitors that cannot be are as none", () => {
  using t = rig();
  using guest = t.guest({
    prepare: (screen) => {
      screen.modes = [{ enabled: true, width: 0xffffffff, height: 1 }, { enabled: true, width: 0, height: 0 }];
    },
  });
  assertEquals(guest.create(1, 8, 8), OK);
  assertEquals(guest.screen.faults, []);
});

Deno.test("display socket: a front end that answers nothing is waited for a while, then the guest goes on", () => {
  using t = rig();
  using guest = t.guest({ prepare: (screen) => void (screen.answers = false) });
  guest.timeout = 3000;
  assertEquals(guest.create(1, 8, 8), OK);
  assert(t.events.some((sentence) => sentence.includes("does not say")));
});

Deno.test("memory that is taken away under a command breaks no one else", () => {
  using t = rig();
  using guest = t.guest();
  const buffer = guest.show(1, 64, 64, noise(1));
  guest.device.memory.remove(buffer.slot);
  assert(guest.transfer(1, 64, 64) >= gpu.VIRTIO_GPU_RESP_ERR_UNSPEC);
  assertEquals(guest.create(2, 8, 8), OK);
});

Deno.test("fuzz: whatever is said in whatever order, with whatever descriptors, the next front end is served", () => {
  const kind = fc.constantFrom<Kind>("memfd", "eventfd", "socket", "pipe", "unsealed");
  const right = fc.constantFrom(...RIGHT).map(([request, payload, kinds]) => ({ request, payload, kinds }));
  const wrong = fc.record({
    request: fc.oneof(fc.constantFrom(...VHOST_USER_REQUESTS), fc.nat(300)),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.tuple(fc.nat(3), fc.nat(70000)).map(([index, num]) => state(index, num)),
      fc.nat(9).map(table),
      fc.tuple(fc.nat(64), fc.nat(64), fc.nat(64)).map(([a, b, c]) => region(a * 4096, b * 4096, c * 4096, 0)),
    ),
    kinds: fc.array(kind, { maxLength: 3 }),
  });
  using t = rig();
  fc.assert(
    fc.property(
      fc.array(fc.record({ message: fc.oneof(right, right, wrong), reply: fc.boolean() }), { maxLength: 30 }),
      (messages) => {
        using front = t.front();
        front.negotiate(ALL);
        for (const { message: { request, payload, kinds }, reply } of messages) {
          const sent = withFds(
            kinds,
            (fds) => front.send(request, payload, fds, reply ? vhost.VHOST_USER_NEED_REPLY_MASK : 0),
          );
          if (!sent) break;
          t.pump();
        }
        front[Symbol.dispose]();
        t.pump();
        assertEquals(t.errors, []);
        using next = t.front();
        assert(next.askU64(vhost.VHOST_USER_GET_FEATURES) !== undefined);
      },
    ),
    { numRuns: 300 },
  );
  works(t);
});

Deno.test("fuzz: bytes that are no messages end one connection each", () => {
  using t = rig();
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
      const front = t.front();
      front.raw(bytes);
      t.pump();
      front[Symbol.dispose]();
      t.pump();
    }),
    { numRuns: 300 },
  );
  assertEquals(t.errors, []);
  works(t);
});

Deno.test("a path that is taken is not served", () => {
  using t = rig();
  assertThrows(() => rigAt(t), Error, "EADDRINUSE");
});

function rigAt(t: Rig): void {
  const { path, host, display } = t;
  new (t.server.constructor as new (options: unknown) => Disposable)({ path, backend: host, display });
}
