/**
 * Every ioctl of /dev/dxg is given members that nobody would send, live, stale and foreign handles, pointers to the end of the
 * client's memory; a scripted host answers as it should, or with other bytes, fewer or more of them. The answer is always a
 * number, a wait that can be given up, or a DrmError, and everything still works afterwards.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { DrmError } from "udrm/core/error.ts";
import type { OpenFile } from "udrm/core/process.ts";
import { Wait } from "udrm/core/wait.ts";
import * as k from "udrm/uapi/d3dkmthk.ts";
import type { Struct } from "udrm/uapi/struct.ts";
import { arbitraryBytes, arbitraryStruct } from "../arbitrary.ts";
import { Scripted } from "../dxg/scripted.ts";

const USER_SIZE = 4096;
const NEEDED = new Set(["SETIOSPACEREGION", "OPENADAPTER", "GETINTERNALADAPTERINFO", "CREATEPROCESS"]);

/** What the host answers to what follows: as it should, or with these bytes, cut or grown to this many. */
interface Answer {
  readonly bytes: Uint8Array;
  readonly size: number | undefined;
  readonly isFlipped: boolean;
}

interface Step {
  readonly request: number;
  readonly bytes: Uint8Array;
  /** Which 32-bit words of it become a handle, and which 64-bit words a pointer. */
  readonly handles: readonly (readonly [word: number, which: number])[];
  readonly pointers: readonly (readonly [word: number, at: number])[];
  readonly user: Uint8Array;
  readonly answer: Answer | undefined;
  readonly isSecond: boolean;
  /** Whether it is made like a real call: handles where handles belong, pointers to the client's memory, small counts. */
  readonly isPlausible: boolean;
  readonly random: readonly number[];
}

class Fuzzed implements Disposable {
  readonly host = new Scripted();
  readonly user: { readonly address: bigint; readonly bytes: Uint8Array };
  readonly handles: number[] = [0, 0x40000000, 0xffff_ffff];
  readonly second: OpenFile;
  /** Live handles, by what members that hold such a one are called. */
  readonly live: Map<string, number[]> = new Map();

  constructor() {
    const { host } = this;
    this.second = host.task.open("/dev/dxg");
    const chunk = host.task.alloc(1 << 16);
    const at = chunk.bytes.length - USER_SIZE;
    this.user = { address: chunk.address + BigInt(at), bytes: chunk.bytes.subarray(at) };
    this.ordinary(true);
  }

  /** What every client does: adapter, device, context, paging queue, fence. @param isKept else it is destroyed again. */
  ordinary(isKept = false): void {
    const { dxg } = this.host;
    const list = k.d3dkmt_openadapterfromluid.of({ adapter_luid: this.host.luid });
    assertEquals(dxg.ioctl(k.LX_DXOPENADAPTERFROMLUID, list), 0);
    const adapter = list.adapter_handle;
    const made = k.d3dkmt_createdevice.of({ adapter });
    assertEquals(dxg.ioctl(k.LX_DXCREATEDEVICE, made), 0);
    const { device } = made;
    const context = k.d3dkmt_createcontextvirtual.of({ device });
    assertEquals(dxg.ioctl(k.LX_DXCREATECONTEXTVIRTUAL, context), 0);
    const paging = k.d3dkmt_createpagingqueue.of({ device });
    assertEquals(dxg.ioctl(k.LX_DXCREATEPAGINGQUEUE, paging), 0);
    const fence = k.d3dkmt_createsynchronizationobject2.of({ device, info: { type: k._D3DDDI_MONITORED_FENCE } });
    assertEquals(dxg.ioctl(k.LX_DXCREATESYNCHRONIZATIONOBJECT, fence), 0);
    if (isKept) {
      const info = k.d3dddi_allocationinfo2.of();
      const chunk = this.host.task.heap.from(k.d3dddi_allocationinfo2.bytes(info));
      const create = k.d3dkmt_createallocation.of({
        device,
        alloc_count: 1,
        allocation_info: chunk.address,
        flags: k.d3dkmt_createallocationflags.create_resource,
      });
      assertEquals(dxg.ioctl(k.LX_DXCREATEALLOCATION, create), 0);
      const { allocation } = k.d3dddi_allocationinfo2.at(chunk.bytes);
      const hardware = k.d3dkmt_createcontextvirtual.of({
        device,
        flags: k.d3dddi_createcontextflags.hw_queue_supported,
      });
      assertEquals(dxg.ioctl(k.LX_DXCREATECONTEXTVIRTUAL, hardware), 0);
      const queue = k.d3dkmt_createhwqueue.of({ context: hardware.context });
      assertEquals(dxg.ioctl(k.LX_DXCREATEHWQUEUE, queue), 0);
      this.live.set("adapter", [adapter]).set("device", [device]).set("context", [context.context, hardware.context])
        .set("paging_queue", [paging.paging_queue]).set("hwqueue", [queue.queue]).set("resource", [create.resource])
        .set("alloc", [allocation]).set("sync", [fence.sync_object, paging.sync_object]).set("fence", [
          fence.sync_object,
        ]);
      this.handles.push(...[...this.live.values()].flat());
      return;
    }
    assertEquals(dxg.ioctl(k.LX_DXDESTROYDEVICE, k.d3dkmt_destroydevice.of({ device })), 0);
    assertEquals(dxg.ioctl(k.LX_DXCLOSEADAPTER, k.d3dkmt_closeadapter.of({ adapter_handle: adapter })), 0);
  }

  send(step: Step): void {
    const { host, user, handles } = this;
    user.bytes.fill(0).set(step.user);
    const arg = step.bytes.slice();
    const view = new DataView(arg.buffer);
    const words = arg.length >> 2;
    if (step.isPlausible) this.#fill(step, view);
    for (const [word, which] of step.handles) {
      if (words > 0) view.setUint32(word % words * 4, handles[which % handles.length], true);
    }
    for (const [word, at] of step.pointers) {
      if (words > 1) view.setBigUint64(word % (words >> 1) * 8, user.address + BigInt(at), true);
    }
    this.#answerWith(step.answer);
    try {
      const file = step.isSecond ? this.second : host.dxg;
      const result = file.file.ioctl(host.task, step.request, arg);
      if (result instanceof Wait) {
        host.system.pump();
        result.cancel();
        assert(Number.isInteger(result.result));
      } else assert(Number.isInteger(result), `result ${result}`);
    } catch (error) {
      if (!(error instanceof DrmError)) throw error;
    }
    this.#answerWith(undefined);
    // What it made may be used by the next.
    for (let i = 0; i < words; i++) {
      const word = view.getUint32(i * 4, true);
      if (word > 0x40000000 && word < 0x40100000 && (word & 0x3f) === 0 && handles.length < 64) handles.push(word);
    }
  }

  #fill(step: Step, view: DataView): void {
    const entry = k.dxgIoctl(step.request);
    const { user, handles } = this;
    // The client's memory is full of handles: lists of them are plausible, and so are counts of one or two.
    for (let i = 0; i + 4 <= USER_SIZE; i += 4) {
      const which = step.random[(i >> 2) % step.random.length];
      new DataView(user.bytes.buffer, user.bytes.byteOffset).setUint32(i, handles[which % handles.length], true);
    }
    if (entry === undefined || view.byteLength < entry.arg.size) return;
    for (const [i, field] of entry.arg.fields.entries()) {
      const random = step.random[i % step.random.length];
      if (field.offset + field.size > view.byteLength || random % 13 === 0) continue;
      const name = field.name.split(".").at(-1) ?? "";
      if (field.size === 4) {
        const { live } = this;
        let value = 0;
        if (name.includes("count") || name.startsWith("num_")) value = random % 3;
        else if (name.endsWith("size")) value = random % 2 * 8;
        else if (name === "flags") value = 0;
        else if (name === "type") value = random % 8;
        else {
          const known = [...live.keys()].find((key) => name.includes(key));
          const list = known === undefined ? handles : live.get(known) ?? handles;
          value = list[random % list.length] ?? 0;
        }
        view.setUint32(field.offset, value, true);
      } else if (field.size === 8) {
        const isValue = name.includes("value") || name.includes("size") || name.includes("_id");
        view.setBigUint64(field.offset, isValue ? BigInt(random & 7) : user.address + BigInt(random & 7) * 256n, true);
      }
    }
    if (entry.arg.size === 16 && entry.arg === k.d3dkmt_openadapterfromluid) {
      view.setUint32(0, this.host.luid.a, true);
      view.setUint32(4, this.host.luid.b, true);
    }
  }

  #answerWith(answer: Answer | undefined): void {
    const { scripts } = this.host;
    scripts.clear();
    if (answer === undefined) return;
    for (const name of this.#names()) {
      scripts.set(name, (message) => {
        const usual = this.host.usual(message);
        const reply = new Uint8Array(answer.size ?? usual.length);
        reply.set((answer.isFlipped ? usual : answer.bytes).subarray(0, reply.length));
        if (answer.isFlipped) {
          for (let i = 0; i + 1 < answer.bytes.length && reply.length > 0; i += 2) {
            reply[answer.bytes[i] % reply.length] = answer.bytes[i + 1];
          }
        }
        return reply;
      });
    }
  }

  *#names(): Iterable<string> {
    for (const { messages } of k.DXG_IOCTLS) for (const name of messages) if (!NEEDED.has(name)) yield name;
  }

  [Symbol.dispose](): void {
    this.host[Symbol.dispose]();
  }
}

const structBytes = (type: Struct<unknown>): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    arbitraryStruct(type).map((view) => type.bytes(view)),
    arbitraryBytes(type),
    fc.constant(new Uint8Array(type.size)),
  );

const words = (size: number, max: number): fc.Arbitrary<[number, number][]> =>
  fc.array(fc.tuple(fc.nat(31), fc.nat(max)), { maxLength: size });

const answers: fc.Arbitrary<Answer> = fc.record({
  bytes: fc.uint8Array({ maxLength: 256 }),
  size: fc.option(fc.nat(512), { nil: undefined }),
  isFlipped: fc.boolean(),
});

const steps: fc.Arbitrary<Step> = fc.nat(k.DXG_IOCTLS.length - 1).chain((i) => {
  const { request, arg } = k.DXG_IOCTLS[i];
  return fc.record({
    request: fc.oneof({ weight: 20, arbitrary: fc.constant(request) }, { weight: 1, arbitrary: fc.nat(0xffff_ffff) }),
    bytes: structBytes(arg),
    handles: words(5, 63),
    pointers: words(3, USER_SIZE + 8),
    user: fc.uint8Array({ maxLength: 512 }),
    answer: fc.option(answers, { nil: undefined, freq: 2 }),
    isSecond: fc.boolean(),
    isPlausible: fc.boolean(),
    random: fc.array(fc.nat(0xffff), { minLength: 8, maxLength: 8 }),
  });
});

Deno.test("dxg: whatever is sent and answered, an ioctl gives a number, a wait or an errno, and the driver goes on", () => {
  fc.assert(
    fc.property(fc.array(steps, { minLength: 1, maxLength: 40 }), (list) => {
      using fuzzed = new Fuzzed();
      for (const step of list) fuzzed.send(step);
      fuzzed.ordinary();
    }),
    { numRuns: 150 },
  );
});

Deno.test("dxg: whatever the host sends of its own, nothing throws and the driver goes on", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 128 }), { maxLength: 20 }), (list) => {
      using fuzzed = new Fuzzed();
      for (const bytes of list) if (bytes.length > 0) fuzzed.host.tell(bytes);
      for (let type = 0; type < 8; type++) {
        const bytes = new Uint8Array(64);
        for (const [i, byte] of (list[0] ?? []).entries()) if (i < 64) bytes[i] = byte;
        new DataView(bytes.buffer).setUint32(16, type, true);
        fuzzed.host.tell(bytes);
      }
      fuzzed.ordinary();
    }),
    { numRuns: 50 },
  );
});
