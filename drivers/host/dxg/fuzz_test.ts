/**
 * A hostile guest kernel: every message with random members, real and stale handles, cut and padded, in random order. Nothing
 * is thrown, nothing stays behind, and another process never notices.
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import * as kmt from "../../../uapi/d3dkmthk.ts";
import * as vmb from "../../../uapi/dxgvmbus.ts";
import { DxpWriter } from "../../../uapi/dxp_encode.ts";
import * as isa from "../../../uapi/dxp_isa.ts";
import { TestGuest, words } from "./testing.ts";
import { DXG_ALLOCATION_CPU_VISIBLE } from "../../../uapi/dxg_driver.ts";

const COMMANDS = [...vmb.DXGK_VGPU_COMMANDS, ...vmb.DXGK_GLOBAL_COMMANDS].filter((c) => c.name !== "SETIOSPACEREGION");

/** Numbers that are handles, counts, sizes and addresses often enough. */
function arbitraryWord(handles: readonly number[]): fc.Arbitrary<number> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...handles, 0) },
    { weight: 4, arbitrary: fc.constantFrom(0, 1, 2, 3, 4, 5, 8, 16, 64, 4096, 0x10000) },
    { weight: 1, arbitrary: fc.constantFrom(0xffff_ffff, 0x8000_0000, 0x7fff_ffff, 0xffff_f000) },
    { weight: 1, arbitrary: fc.nat(0xffff_ffff) },
  );
}

interface Shot {
  readonly command: number;
  readonly words: readonly number[];
  readonly cut: number;
  readonly async: boolean;
  readonly process: number;
  readonly step: boolean;
}

const HANDLES = Array.from({ length: 40 }, (_, i) => 0x4000_0000 + i * 0x40);

const shot: fc.Arbitrary<Shot> = fc.record({
  command: fc.nat(COMMANDS.length - 1),
  words: fc.array(arbitraryWord([...HANDLES, 0x8000_0000, 0x4000_0001]), { maxLength: 80 }),
  cut: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: -200, max: 64 }) }),
  async: fc.boolean(),
  process: fc.constantFrom(0, 1, 1, 1, 1, 1, 2, 0x7777),
  step: fc.boolean(),
});

/** A process with one of everything, so that handles of all kinds exist. */
function furnish(g: TestGuest): number {
  const process = g.createProcess(1);
  const device = g.device();
  const context = g.context(device, kmt.d3dddi_createcontextflags.hw_queue_supported);
  const { paging_queue: queue } = g.pagingQueue(device);
  g.ask("CREATEHWQUEUE", vmb.dxgkvmb_command_createhwqueue, vmb.dxgkvmb_command_createhwqueue, { context });
  const flags = kmt.d3dkmt_createallocationflags;
  const { handles } = g.allocate(device, [g.priv(8192, DXG_ALLOCATION_CPU_VISIBLE), g.priv(4096)]);
  g.allocate(device, [g.priv(4096)], flags.create_resource | flags.create_shared | flags.nt_security_sharing);
  g.fence(device);
  g.fence(device, 3);
  g.map(queue, handles[0], 2, 0x10000);
  g.resident(queue, handles);
  return process;
}

Deno.test("random messages in random order: no exception, no leak, no effect on another process", () => {
  fc.assert(
    fc.property(fc.array(shot, { maxLength: 150 }), fc.boolean(), (shots, isOld) => {
      using g = new TestGuest({
        version: isOld ? 27 : 40,
        localMemory: 1 << 20,
        limits: {
          handles: 300,
          waits: 50,
          queued: 50,
          mappings: 200,
          memory: 1 << 30,
          privateData: 1 << 20,
          shared: 50,
        },
      });
      g.boot();
      const victim = g.process;
      const device = g.device();
      const { paging_queue: queue } = g.pagingQueue(device);
      const { handles: [mine] } = g.allocate(device, [g.priv(4096, DXG_ALLOCATION_CPU_VISIBLE)]);
      g.lock(device, mine, 4096).fill(0x5a);
      g.resident(queue, [mine]);
      const processes = [0, furnish(g), furnish(g)];
      for (const { command: index, words, cut, async, process, step } of shots) {
        const command = COMMANDS[index];
        g.engine.mode = step ? "step" : "auto";
        const how = { process: processes[process] ?? process, async };
        let bytes = g.packet(command.name, {}, [], how);
        const ext = vmb.dxgkExtHeaderSize(g.host.version);
        const size = Math.max(bytes.length, ext + 24 + words.length * 4);
        const longer = new Uint8Array(Math.ceil(size / 8) * 8);
        longer.set(bytes);
        const view = new DataView(longer.buffer);
        words.forEach((word, i) => view.setUint32(ext + 24 + 4 * i, word, true));
        bytes = cut <= 0 ? longer.subarray(0, Math.max(0, longer.length + cut)) : longer;
        if (cut > 0) {
          bytes = new Uint8Array(longer.length + cut * 8);
          bytes.set(longer);
        }
        // The victim's end is for its own kernel to ask.
        if (command.name === "CLOSEADAPTER") continue;
        const reply = g.send(bytes).bytes;
        assert(reply.length <= vmb.DXG_MAX_VM_BUS_PACKET_SIZE + 0x4000);
        g.engine.step(1);
        g.host.poll();
        if (step) g.clock.advance(1e8);
      }
      g.process = victim;
      g.engine.mode = "auto";
      assertEquals(g.state(device), kmt._D3DKMT_DEVICEEXECUTION_ACTIVE);
      assertEquals(g.lock(device, mine, 4096)[4095], 0x5a);
      assert(g.host.shared.count <= 50);
      assert(g.adapter.vram.used(0) <= 1 << 20);
      g.host[Symbol.dispose]();
      assertEquals([g.engine.live, g.engine.queues, g.host.window.count, g.adapter.vram.count], [0, 0, 0, 0]);
      assertEquals([g.host.processes.count, g.host.shared.count, g.host.busy], [0, 0, false]);
    }),
    { numRuns: 150 },
  );
});

/** What a guest may do next, with handles of any age. */
type Act = readonly [kind: number, a: number, b: number, c: number];

const act: fc.Arbitrary<Act> = fc.tuple(fc.nat(30), fc.nat(60), fc.nat(60), fc.nat(7));

class Life extends TestGuest {
  readonly #processes: number[] = [];
  readonly #devices: number[] = [];
  readonly #contexts: number[] = [];
  readonly #hw: number[] = [];
  readonly #queues: number[] = [];
  readonly #allocations: number[] = [];
  readonly #resources: number[] = [];
  readonly #shared: number[] = [];
  readonly #syncs: number[] = [];
  readonly #vas: number[] = [];
  readonly #codes: { readonly va: number; readonly length: number }[] = [];
  /** Messages that succeeded. */
  done = 0;

  do([kind, a, b, c]: Act): void {
    const one = (list: readonly number[], i: number): number => list[i % Math.max(1, list.length)] ?? 0;
    const keep = (list: number[], handle: number): void => {
      if (handle === 0) return;
      list.push(handle);
      this.done++;
    };
    const device = one(this.#devices, a);
    const flags = kmt.d3dkmt_createallocationflags;
    const tally = (status: number): void => void (status >= 0 && this.done++);
    switch (kind) {
      case 0:
        return keep(this.#processes, this.createProcess(a));
      case 1:
        this.process = one(this.#processes, b);
        return;
      case 2:
      case 3:
        return keep(this.#devices, this.device());
      case 4:
        return keep(this.#contexts, this.context(device, c % 2 === 0 ? 16 : 0, c % 3));
      case 5:
      case 6:
        return keep(this.#queues, this.pagingQueue(device).paging_queue);
      case 7:
      case 8: {
        const sizes = Array.from({ length: 1 + c % 3 }, (_, i) => this.priv(4096 * (1 + (b + i) % 40), (b + i) % 2));
        const made = this.allocate(device, sizes, c > 3 ? flags.create_resource | flags.create_shared : 0);
        keep(this.#resources, made.resource);
        keep(this.#shared, made.global_share);
        for (const handle of made.handles) keep(this.#allocations, handle);
        return;
      }
      case 9:
      case 10: {
        const va = this.map(one(this.#queues, a), one(this.#allocations, b), c, c > 5 ? one(this.#vas, a) : 0);
        return keep(this.#vas, va);
      }
      case 11:
      case 12:
        return tally(
          this.resident(one(this.#queues, a), [one(this.#allocations, b), one(this.#allocations, b + c)], c % 4).status,
        );
      case 13:
        this.ask("EVICT", vmb.dxgkvmb_command_evict, vmb.dxgkvmb_command_evict_return, {
          device,
          alloc_count: 1,
          flags: c % 2,
        }, words([one(this.#allocations, b)]));
        return;
      case 14:
        return tally(this.tell("OFFERALLOCATIONS", vmb.dxgkvmb_command_offerallocations, {
          device,
          allocation_count: 1,
          priority: 1 + c % 4,
        }, words([one(this.#allocations, b)])));
      case 15:
        this.ask(
          "RECLAIMALLOCATIONS",
          vmb.dxgkvmb_command_reclaimallocations,
          vmb.dxgkvmb_command_reclaimallocations_return,
          {
            paging_queue: one(this.#queues, a),
            allocation_count: 1,
            write_results: c % 2,
          },
          words([one(this.#allocations, b)]),
        );
        return;
      case 16: {
        const made = this.fence(device, c > 4 ? 3 : 0, BigInt(c));
        keep(this.#syncs, made.sync_object);
        return keep(this.#shared, made.global_sync_object);
      }
      case 17:
        return tally(
          this.signal([one(this.#syncs, a)], [BigInt(b)], c < 3 ? [] : [one(this.#contexts, b)], device, c % 2 * 4),
        );
      case 18:
        return tally(this.waitGpu(one(c > 3 ? this.#contexts : this.#hw, a), [one(this.#syncs, b)], [BigInt(b % 8)]));
      case 19:
        return tally(
          this.waitCpu(device, [one(this.#syncs, b), one(this.#syncs, c)], [BigInt(c), 3n], BigInt(a), c > 3),
        );
      case 20:
      case 21:
      case 22: { // commands that touch addresses which may be mapped
        const code = this.#codes[a % Math.max(1, this.#codes.length)];
        if (code === undefined) return;
        return tally(this.submit(one(this.#contexts, b), code.va, code.length, { async: c === 0 }));
      }
      case 23: {
        const { handles: [handle] } = this.allocate(device, [this.priv(4096, DXG_ALLOCATION_CPU_VISIBLE)]);
        if (handle === 0) return;
        this.#allocations.push(handle);
        const queue = one(this.#queues, a);
        const writer = new DxpWriter();
        const to = one(this.#vas, b), from = one(this.#vas, c);
        if (b % 3 === 0 && to !== 0) writer.put(isa.DXP_FILL, [to, 4096, b]);
        else if (b % 3 === 1 && to !== from) writer.put(isa.DXP_COPY_LINEAR, [to, from, 4096]);
        else if (to !== 0) writer.put(isa.DXP_FENCE_WAIT, [to, BigInt(c)]);
        writer.end();
        this.lock(device, handle, 4096).set(new Uint8Array(writer.words.slice().buffer));
        const va = this.map(queue, handle, 1);
        if (va === 0) return;
        this.resident(queue, [handle]);
        this.#codes.push({ va, length: writer.length * 4 });
        return keep(this.#vas, va);
      }
      case 24:
        return tally(
          c > 5
            ? this.tell("DESTROYDEVICE", vmb.dxgkvmb_command_destroydevice, { device })
            : c > 3
            ? this.tell("DESTROYCONTEXT", vmb.dxgkvmb_command_destroycontext, { context: one(this.#contexts, b) })
            : this.tell("DESTROYALLOCATION", vmb.dxgkvmb_command_destroyallocation, {
              device,
              resource: c === 0 ? one(this.#resources, b) : 0,
              alloc_count: c === 0 ? 0 : 1,
            }, words([one(this.#allocations, b)])),
        );
      case 25:
        return tally(
          c > 3
            ? this.tell("DESTROYPAGINGQUEUE", vmb.dxgkvmb_command_destroypagingqueue, {
              paging_queue: one(this.#queues, b),
            })
            : this.tell("DESTROYSYNCOBJECT", vmb.dxgkvmb_command_destroysyncobject, {
              sync_object: one(this.#syncs, b),
            }),
        );
      case 26: {
        const object = one(c > 3 ? this.#resources : this.#syncs, b);
        const nt = this.tell("CREATENTSHAREDOBJECT", vmb.dxgkvmb_command_createntsharedobject, { object });
        return keep(this.#shared, nt >>> 0);
      }
      case 27: {
        const opened = this.ask(
          "OPENSYNCOBJECT",
          vmb.dxgkvmb_command_opensyncobject,
          vmb.dxgkvmb_command_opensyncobject_return,
          {
            device,
            global_sync_object: one(this.#shared, b),
          },
        );
        return keep(this.#syncs, opened.sync_object);
      }
      case 28: {
        const opened = this.ask(
          "OPENRESOURCE",
          vmb.dxgkvmb_command_openresource,
          vmb.dxgkvmb_command_openresource_return,
          {
            device,
            global_share: one(this.#shared, b),
            allocation_count: 1 + c % 3,
            total_priv_drv_data_size: 56 * (1 + c % 3),
          },
        );
        keep(this.#resources, opened.resource);
        if (opened.resource !== 0) keep(this.#allocations, new DataView(opened.all.buffer).getUint32(8, true));
        return;
      }
      case 29: {
        const hw = this.ask("CREATEHWQUEUE", vmb.dxgkvmb_command_createhwqueue, vmb.dxgkvmb_command_createhwqueue, {
          context: one(this.#contexts, b),
        });
        return keep(this.#hw, hw.hwqueue);
      }
      default:
        if (c === 0) tally(this.tell("DESTROYPROCESS", vmb.dxgkvmb_command_destroyprocess, {}));
        else if (c < 4) this.engine.mode = c === 1 ? "auto" : c === 2 ? "step" : "stuck";
        else if (c < 6) this.engine.step(1);
        else this.clock.advance(1e9);
    }
  }
}

const MESSAGES_DONE = { done: 0, all: 0 };

Deno.test("whatever a guest does in whatever order, the books agree and nothing stays behind", () => {
  fc.assert(
    fc.property(fc.array(act, { minLength: 20, maxLength: 250 }), (acts) => {
      using g = new Life({ localMemory: 64 * 4096, limits: { running: 4, queued: 20 } });
      g.boot();
      for (const a of [[0, 1, 0, 0], [2, 0, 0, 0], [4, 0, 0, 0], [5, 0, 0, 0], ...acts] as Act[]) {
        g.do(a);
        g.host.poll();
        assert(g.adapter.vram.used(0) <= 64 * 4096);
        for (const [client] of g.adapter.parts) assert(client.usage.every((bytes) => bytes >= 0));
      }
      MESSAGES_DONE.done += g.done;
      MESSAGES_DONE.all += acts.length;
      g.host[Symbol.dispose]();
      assertEquals([g.engine.live, g.engine.queues, g.host.window.count, g.adapter.vram.count], [0, 0, 0, 0]);
      assertEquals([g.host.processes.count, g.host.shared.count, g.host.busy], [0, 0, false]);
      assertEquals([g.adapter.vram.used(0), g.adapter.vram.used(1), g.clock.next], [0, 0, Infinity]);
    }),
    { numRuns: 150 },
  );
  // Otherwise the test looks at refusals only.
  assert(MESSAGES_DONE.done > MESSAGES_DONE.all / 5, `${MESSAGES_DONE.done} of ${MESSAGES_DONE.all} succeeded`);
});

Deno.test("random bytes as messages are answered", () => {
  using g = new TestGuest();
  g.boot();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, onGlobal) => {
      g.send(new Uint8Array(bytes), onGlobal);
    }),
    { numRuns: 500 },
  );
});
