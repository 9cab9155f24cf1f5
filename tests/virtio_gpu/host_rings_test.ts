import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { DeviceQueue } from "udrm/core/bus.ts";
import { virtioGpuHost } from "udrm/drivers/host/virtio_gpu/mod.ts";
import { type Ring, RingAnswers } from "udrm/drivers/host/virtio_gpu/rings.ts";
import { FAKE_NOP, FakeRenderer3d } from "udrm/drivers/host/virtio_gpu/testing.ts";
import * as gpu from "udrm/uapi/virtio_gpu.ts";
import { Recorder } from "./recorder.ts";
import { bytesOfWords, onRing, submitRequest, WireGuest3d } from "./wire_3d.ts";

function setup(guestOptions = {}) {
  const renderer = new FakeRenderer3d();
  const host = virtioGpuHost({ renderer, display: new Recorder() });
  const guest = new WireGuest3d(host, guestOptions);
  for (const id of [1, 2]) guest.createContext(id);
  let next = 0;
  return {
    renderer,
    host,
    guest,
    /** Sends requests at once; their heads. */
    send: (...requests: readonly Uint8Array[]): number[] => {
      const ring = guest.rings[0];
      const heads = requests.map((request) => {
        const memory = guest.alloc(4096);
        memory.bytes.set(request);
        const head = next;
        next = (next + 2) % 1024;
        ring.descriptor(head, memory.gpa, request.length, 1, head + 1);
        ring.descriptor(head + 1, memory.gpa + 2048, 24, 2);
        ring.expose(head);
        return head;
      });
      guest.kick(0);
      return heads;
    },
    /** Heads that were answered since. */
    answered: (): number[] => {
      const heads: number[] = [];
      for (let used = guest.rings[0].take(); used !== undefined; used = guest.rings[0].take()) heads.push(used.id);
      return heads;
    },
    [Symbol.dispose]: () => {
      guest[Symbol.dispose]();
      host[Symbol.dispose]();
    },
  };
}

const work = bytesOfWords(FAKE_NOP), none = new Uint8Array(0);
const fenced = { flags: gpu.VIRTIO_GPU_FLAG_FENCE, fence_id: 1n };

Deno.test("5.7.6.7 a fence comes back with its ring and its context", () => {
  using s = setup();
  const answer = gpu.virtio_gpu_ctrl_hdr.at(s.guest.send(submitRequest(2, work, onRing(63, 77n))));
  assertEquals([answer.type, answer.flags, answer.fence_id], [gpu.VIRTIO_GPU_RESP_OK_NODATA, 3, 77n]);
  assertEquals([answer.ctx_id, answer.ring_idx], [2, 63]);
});

Deno.test("5.7.6.7 there are rings 0 to 63: any other is INVALID_PARAMETER, and nothing is executed", () => {
  using s = setup();
  const answer = gpu.virtio_gpu_ctrl_hdr.at(s.guest.send(submitRequest(1, work, onRing(64, 5n))));
  assertEquals([answer.type, answer.fence_id], [gpu.VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER, 5n]);
  assertEquals(s.renderer.submissions.length, 0);
});

Deno.test("5.7.6.7 without CONTEXT_INIT ring_idx does not count", () => {
  using s = setup({ deviceFeatures: 1n << BigInt(gpu.VIRTIO_GPU_F_VIRGL) });
  assertEquals(s.guest.type(submitRequest(1, work, onRing(64, 5n))), gpu.VIRTIO_GPU_RESP_OK_NODATA);
});

Deno.test("an answer on a ring waits for the work of its ring, not for what other rings and the queue have under way", () => {
  using s = setup();
  s.guest.rings[0].takeAll();
  s.renderer.hold = true;
  const [slow] = s.send(submitRequest(1, work, onRing(1, 1n)));
  const [global] = s.send(submitRequest(1, work, fenced));
  assertEquals(s.answered(), []);
  const [idle] = s.send(submitRequest(2, none, onRing(1, 2n)));
  assertEquals(s.answered(), [idle], "its ring has no work at all");
  const [behind] = s.send(submitRequest(1, none, onRing(1, 3n)));
  const [other] = s.send(submitRequest(1, none, onRing(2, 4n)));
  assertEquals(s.answered(), [other], "another ring of the same context");
  const [later] = s.send(submitRequest(1, none, fenced));
  s.renderer.finish(1);
  s.host.poll();
  assertEquals(s.answered(), [slow, behind]);
  s.renderer.finish();
  s.host.poll();
  assertEquals(s.answered(), [global, later], "those of the queue keep their order");
});

Deno.test("within one kick, answers of a ring wait for the batch with its work, whichever came first", () => {
  using s = setup();
  s.guest.rings[0].takeAll();
  s.renderer.hold = true;
  const [a, b, c] = s.send(
    submitRequest(1, work, onRing(0, 1n)),
    submitRequest(2, none, onRing(0, 2n)),
    submitRequest(1, none, onRing(0, 3n)),
  );
  assertEquals(s.answered(), [b]);
  assertEquals(s.host.busy, true);
  s.renderer.finish();
  s.host.poll();
  assertEquals([s.answered(), s.host.busy], [[a, c], false]);
});

Deno.test("a fence on a ring of a context that is none is answered with the queue's", () => {
  using s = setup();
  assertEquals(s.guest.type(submitRequest(9, work, onRing(1, 1n))), gpu.VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID);
});

Deno.test("a reset forgets answers on rings", () => {
  using s = setup();
  s.renderer.hold = true;
  s.send(submitRequest(1, work, onRing(1, 1n)));
  assertEquals(s.host.busy, true);
  s.guest.restart();
  assertEquals(s.host.busy, false);
});

Deno.test("property: rings answer as a plain model says", () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("add" as const), ring: fc.nat(3), work: fc.boolean() }),
    fc.record({ do: fc.constant("seal" as const) }),
    fc.record({ do: fc.constant("complete" as const), most: fc.nat(6) }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const answers = new RingAnswers(64);
    const rings: Ring[] = Array.from({ length: 4 }, () => ({ batch: 0 }));
    const pushed: number[] = [];
    const queue = { push: (head: number) => pushed.push(head) } as unknown as DeviceQueue;
    // The model: what each ring's last work is in, and what waits.
    const last = [0, 0, 0, 0];
    let waiting: { head: number; batch: number }[] = [];
    let batch = 1, head = 0, completed = 0;
    for (const s of steps) {
      if (s.do === "add") {
        if (s.work) last[s.ring] = batch;
        answers.add(rings[s.ring], s.work, head, 0);
        waiting.push({ head: head++, batch: last[s.ring] });
      } else if (s.do === "seal") answers.seal(batch++);
      else {
        completed = Math.max(completed, Math.min(s.most, batch - 1));
        pushed.length = 0;
        const due = waiting.filter((one) => one.batch <= completed).sort((a, b) =>
          a.batch - b.batch || a.head - b.head
        );
        waiting = waiting.filter((one) => one.batch > completed);
        assertEquals(answers.complete(queue, completed), due.length > 0);
        assertEquals(pushed, due.map((one) => one.head));
      }
      assertEquals(answers.count, waiting.length);
    }
  }));
});
