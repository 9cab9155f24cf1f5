import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { nullDisplay } from "udrm/drivers/display/null/mod.ts";
import { soft2d } from "udrm/drivers/host/render/soft2d/mod.ts";
import { virtioGpuHost } from "udrm/drivers/host/virtio_gpu/mod.ts";
import type { Command } from "udrm/uapi/command.ts";
import * as gpu from "udrm/uapi/virtio_gpu.ts";
import { bytesOf, fuzzRequests, isResponse } from "./any_request.ts";
import { Recorder } from "./recorder.ts";
import { WireGuest } from "./wire.ts";

const LIMIT = 28 << 10;

Deno.test("property: any command with any members is answered by a VIRTIO_GPU_RESP_*, within the limits, and a reset leaves nothing", () => {
  const is2d = ({ type, name }: Command) => (type < 0x200 || type >= 0x300) && !name.includes("CAPSET");
  fuzzRequests(is2d, [0x1200, 0x1201, 0x1202, 0x1203, 0x1205], (requests, answered) => {
    const display = new Recorder();
    const host = virtioGpuHost({
      renderer: soft2d(),
      display,
      scanouts: 3,
      limits: { maxHostMemory: LIMIT, maxSize: 1024, maxEntries: 64 },
    });
    using guest = new WireGuest(host);
    const memory = guest.pattern(32768);
    // Something to work on, or hardly anything would succeed.
    guest.create2d(1, gpu.VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM, 64, 64);
    guest.attach(1, [[memory.gpa, 16384]]);
    guest.createBlob(2, 16384, [[memory.gpa, 8000], [memory.gpa + 8192, 8384]]);
    guest.create2d(3, gpu.VIRTIO_GPU_FORMAT_R8G8B8X8_UNORM, 4, 4);
    for (const r of requests) {
      const bytes = bytesOf(r, memory.gpa);
      if (bytes.length === 0) continue;
      const queue = r.command.type >= 0x300 ? 1 : 0;
      const answer = guest.send(bytes, r.room, queue);
      assert(guest.resetReason === undefined);
      assert(answer.length <= r.room);
      answered(bytes, answer);
      const { usage } = host;
      assert(usage.bytes <= LIMIT && usage.bytes >= 0 && usage.resources <= requests.length + 3);
    }
    guest.restart();
    assertEquals(host.usage, { resources: 0, contexts: 0, bytes: 0 });
    assertEquals([host.busy, guest.create2d(1, 1, 1, 1)], [false, gpu.VIRTIO_GPU_RESP_OK_NODATA]);
  });
});

Deno.test("property: random bytes as requests are answered", () => {
  const host = virtioGpuHost({ renderer: soft2d(), display: nullDisplay(), limits: { maxHostMemory: LIMIT } });
  using guest = new WireGuest(host);
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200, size: "max" }), fc.boolean(), (bytes, plausible) => {
      if (plausible && bytes.length > 2) bytes.set([bytes[0] & 15, 1 + (bytes[1] & 2), 0, 0].slice(0, bytes.length));
      const answer = guest.send(bytes, 2048, bytes.length & 1);
      assert(isResponse(gpu.virtio_gpu_ctrl_hdr.at(answer).type));
    }),
    { numRuns: 3000 },
  );
});

Deno.test("property: hostile rings under a live device give answers or a broken queue, never a throw or a hang", () => {
  const descriptor = fc.record({
    at: fc.nat(15),
    area: fc.nat(30),
    offset: fc.nat(300),
    length: fc.oneof(
      { weight: 20, arbitrary: fc.integer({ min: 1, max: 100 }) },
      { weight: 1, arbitrary: fc.constantFrom(0, 4096, 0xffffffff) },
    ),
    flags: fc.oneof({ weight: 5, arbitrary: fc.constantFrom(0, 1, 2) }, { weight: 1, arbitrary: fc.nat(7) }),
    next: fc.oneof({ weight: 8, arbitrary: fc.nat(15) }, { weight: 1, arbitrary: fc.nat(17) }),
  });
  let broken = 0, answered = 0;
  fc.assert(
    fc.property(
      fc.array(descriptor, { minLength: 16, maxLength: 48, size: "max" }),
      fc.array(
        fc.tuple(
          fc.oneof({ weight: 9, arbitrary: fc.nat(15) }, { weight: 1, arbitrary: fc.nat(17) }),
          fc.constantFrom(1, 1, 1, 1, 1, 1, 1, 1, 2, 40),
        ),
        { minLength: 1, maxLength: 12 },
      ),
      fc.uint8Array({ minLength: 512, maxLength: 512 }),
      (rows, heads, content) => {
        const host = virtioGpuHost({
          renderer: soft2d(),
          display: nullDisplay(),
          queueSizes: [16, 16],
          limits: { maxHostMemory: LIMIT },
        });
        using guest = new WireGuest(host);
        const memory = guest.alloc(4096);
        memory.bytes.set(content);
        for (let i = 0; i < 512; i += 64) memory.bytes.set([content[i] & 15, 1, 0, 0], i);
        const ring = guest.rings[0];
        for (const { at, area, offset, length, flags, next } of rows) {
          const gpa = area === 0 ? 0x1000 : area === 1 ? guest.rings[1].address.desc : memory.gpa + (offset & ~63);
          ring.descriptor(at, gpa, length, flags, next);
        }
        for (const [head, jump] of heads) {
          ring.available(ring.availIdx, head);
          ring.availIdx = ring.availIdx + jump;
          guest.kick(0);
          answered += ring.takeAll();
          assert(guest.queues[0].outstanding <= 16);
        }
        if (guest.resetReason !== undefined) broken++;
        assert(host.usage.bytes <= LIMIT);
        guest.restart();
        assertEquals(guest.create2d(1, 1, 1, 1), gpu.VIRTIO_GPU_RESP_OK_NODATA);
      },
    ),
    { numRuns: 1000 },
  );
  assert(broken > 100 && answered > 100, `${broken} broken, ${answered} answered: the generator tests one side only`);
});

Deno.test("ten thousand resources come and go and leave no memory and no ids", () => {
  const host = virtioGpuHost({ renderer: soft2d(), display: nullDisplay() });
  using guest = new WireGuest(host);
  const { gpa } = guest.alloc(4096);
  const slots = guest.memory.count;
  for (let i = 1; i <= 10_000; i++) {
    guest.create2d(i, 1, 4, 4);
    guest.attach(i, [[gpa, 64]]);
    guest.setScanout(0, i, 0, 0, 4, 4);
    if (guest.transfer(i, 0, 0, 4, 4, 0) !== gpu.VIRTIO_GPU_RESP_OK_NODATA) throw new Error(`at ${i}`);
    guest.flush(i, 0, 0, 4, 4);
    guest.unref(i);
  }
  assertEquals(host.usage, { resources: 0, contexts: 0, bytes: 0 });
  assert(guest.memory.count <= slots + 2);
});
