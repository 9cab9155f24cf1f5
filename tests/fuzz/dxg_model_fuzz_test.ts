/**
 * Clients of /dev/dxg that know what they do, most of the time: calls in random order on what was made before, some spoilt, some on
 * what is gone, beside a client that must not notice. All 65 ioctls succeed, or the test looks at refusals only.
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import * as k from "udrm/uapi/d3dkmthk.ts";
import type { System } from "udrm/core/system.ts";
import { Rig } from "../dxg/rig.ts";
import { Scripted } from "../dxg/scripted.ts";
import { Choices, DxgModel } from "./dxg_model.ts";
import { CALLS } from "./dxg_model_calls.ts";

const IOCTLS = k.DXG_IOCTLS.filter(({ implemented }) => implemented);
const RUNS = Number(Deno.env.get("UDRM_FUZZ_RUNS") ?? 200);
const SEED = Number(Deno.env.get("UDRM_FUZZ_SEED") ?? 1);
/** What a client needs before anything else makes sense. */
const FIRST = [
  "LX_DXOPENADAPTERFROMLUID",
  "LX_DXCREATEDEVICE",
  "LX_DXCREATECONTEXTVIRTUAL",
  "LX_DXCREATEPAGINGQUEUE",
  "LX_DXCREATEHWQUEUE",
  ...Array<string>(6).fill("LX_DXCREATEALLOCATION"),
  ...Array<string>(5).fill("LX_DXCREATESYNCHRONIZATIONOBJECT"),
  ...Array<string>(3).fill("LX_DXMAPGPUVIRTUALADDRESS"),
  ...Array<string>(3).fill("LX_DXLOCK2"),
  ...Array<string>(3).fill("LX_DXMAKERESIDENT"),
  ...Array<string>(4).fill("LX_DXSHAREOBJECTS"),
  ...Array<string>(3).fill("LX_DXCREATESYNCFILE"),
];

interface Step {
  readonly ioctl: number;
  readonly seed: number;
  readonly isWild: boolean;
  readonly client: number;
  readonly engine: "auto" | "step" | "stuck";
}

const steps: fc.Arbitrary<Step> = fc.record({
  ioctl: fc.nat(IOCTLS.length - 1),
  seed: fc.nat(0xffff_ffff),
  isWild: fc.nat(4).map((n) => n === 0),
  client: fc.nat(1),
  engine: fc.constantFrom("auto", "auto", "auto", "auto", "auto", "auto", "auto", "step", "stuck"),
});

function model(system: System): DxgModel {
  const task = system.process(), file = task.open("/dev/dxg");
  const list = task.alloc(k.d3dkmt_adapterinfo.size);
  file.ioctl(k.LX_DXENUMADAPTERS2, k.d3dkmt_enumadapters2.of({ num_adapters: 1, adapters: list.address }));
  const { adapter_luid: { a, b } } = k.d3dkmt_adapterinfo.at(list.bytes);
  const made = new DxgModel(task, file, { a, b });
  made.keep("eventFd", task.eventfd().fd);
  for (const [i, name] of FIRST.entries()) run(made, name, i + 1, false);
  return made;
}

function run(m: DxgModel, name: string, seed: number, isWild: boolean): boolean {
  const ioctl = IOCTLS.find((entry) => entry.name === name), make = CALLS[name];
  assert(ioctl !== undefined && make !== undefined, `${name} has no call`);
  return m.run(ioctl, seed, make, isWild);
}

for (const asyncMessages of [false, true]) {
  const how = asyncMessages ? "submissions that nobody answers" : "every message answered";
  Deno.test(`dxg model, ${how}: calls in any order, spoilt and stale ones among them; nobody else notices, nothing stays`, () => {
    const totals = new Map<string, number>();
    let calls = 0, succeeded = 0;
    fc.assert(
      fc.property(fc.array(steps, { minLength: 100, maxLength: 400 }), (list) => {
        const rig = new Rig({ asyncMessages, localMemory: 1 << 18, nonLocalMemory: 1 << 20 });
        const victim = rig.first(), fence = victim.fence();
        const { allocation } = victim.allocate(victim.privateData(4096));
        const bytes = victim.task.at(victim.lock(allocation), 4096).fill(0x5a);
        const models = [model(rig.system), model(rig.system)];
        for (const { ioctl, seed, isWild, client, engine } of list) {
          rig.engine.mode = engine;
          if (run(models[client], IOCTLS[ioctl].name, seed, isWild)) succeeded++;
          calls++;
          if (engine !== "auto") {
            rig.engine.step(1);
            rig.clock.advance(1e8);
          }
          rig.system.pump();
        }
        rig.engine.mode = "auto";
        rig.clock.advance(20e9);
        rig.system.pump();
        for (const { succeeded } of models) {
          for (const [name, count] of succeeded) totals.set(name, (totals.get(name) ?? 0) + count);
        }
        assertEquals(victim.signalFromCpu(fence.sync_object, 3n), 0);
        assertEquals(victim.peek(fence.info.monitored_fence.fence_cpu_virtual_address), 3n);
        assert(bytes.every((byte) => byte === 0x5a));
        const state = k.d3dkmt_getdevicestate.of({
          device: victim.device,
          state_type: k._D3DKMT_DEVICESTATE_EXECUTION,
        });
        assertEquals(victim.dxg.ioctl(k.LX_DXGETDEVICESTATE, state), 0);
        assertEquals(state.execution_state, k._D3DKMT_DEVICEEXECUTION_ACTIVE);
        for (const { task } of models) task[Symbol.dispose]();
        rig.system.pump();
        const pids = k.d3dkmt_enumprocesses.of({
          adapter_luid: victim.luid,
          buffer: victim.buffer(64).address,
          buffer_count: 16,
        });
        assertEquals(victim.dxg.ioctl(k.LX_DXENUMPROCESSES, pids), 0);
        assertEquals(pids.buffer_count, 1, "only the victim is left");
        const { engine } = rig;
        rig[Symbol.dispose]();
        assertEquals([engine.live, engine.queues], [0, 0]);
      }),
      { numRuns: RUNS, seed: SEED },
    );
    assertEquals(
      IOCTLS.filter(({ name }) => (totals.get(name) ?? 0) < 3).map(({ name }) => name),
      [],
      "too few succeed",
    );
    assert(succeeded > calls / 3, `${succeeded} of ${calls} calls succeeded`);
  });
}

/** Messages whose answers the guest could not begin without. */
const NEEDED = new Set(["SETIOSPACEREGION", "OPENADAPTER", "GETINTERNALADAPTERINFO", "CREATEPROCESS"]);

/** Lets a host answer with something wrong in it, or as it should for seed 0. */
function lie(host: Scripted, seed: number): void {
  host.scripts.clear();
  if (seed === 0) return;
  const random = new Choices(seed);
  for (const { messages } of k.DXG_IOCTLS) {
    for (const name of messages) {
      if (NEEDED.has(name)) continue;
      host.scripts.set(name, (message) => {
        const usual = host.usual(message);
        const reply = new Uint8Array(random.rarely(3) ? random.below(usual.length + 64) : usual.length);
        reply.set(usual.subarray(0, reply.length));
        for (let i = random.below(4); i > 0 && reply.length > 0; i--) {
          reply[random.below(reply.length)] = random.one(0, 1, 0x40, 0x80, 0xff, random.below(256));
        }
        return reply;
      });
    }
  }
}

Deno.test("dxg model, a host that lies: calls that make sense meet answers that do not, and honest ones work after", () => {
  const totals = new Set<string>();
  fc.assert(
    fc.property(fc.array(fc.tuple(steps, fc.nat(0xffff_ffff)), { minLength: 60, maxLength: 200 }), (list) => {
      using host = new Scripted();
      const m = model(host.system);
      for (const [{ ioctl, seed, isWild }, lies] of list) {
        lie(host, lies % 3 === 0 ? lies : 0);
        run(m, IOCTLS[ioctl].name, seed, isWild);
      }
      lie(host, 0);
      for (const name of m.succeeded.keys()) totals.add(name);
      const fresh = model(host.system);
      assert(FIRST.every((name) => fresh.succeeded.has(name)), "an honest host serves a new client");
    }),
    { numRuns: Math.ceil(RUNS / 2), seed: SEED },
  );
  assertEquals(IOCTLS.filter(({ name }) => !totals.has(name)).map(({ name }) => name), []);
});

Deno.test("dxg model, the adapter goes in mid-work: calls fail from then on, nothing throws and nothing stays", () => {
  fc.assert(
    fc.property(fc.array(steps, { minLength: 30, maxLength: 150 }), fc.nat(150), (list, at) => {
      const rig = new Rig({ localMemory: 1 << 18, nonLocalMemory: 1 << 20 });
      const models = [model(rig.system), model(rig.system)];
      for (const [i, { ioctl, seed, isWild, client, engine }] of list.entries()) {
        rig.engine.mode = engine;
        if (i === at % list.length) rig.system.removeDevice(rig.system.devices[0]);
        const { name } = IOCTLS[ioctl], isOver = i >= at % list.length && !name.startsWith("LX_DXENUMADAPTERS");
        assertEquals(run(models[client], name, seed, isWild) && isOver, false, name);
        if (engine === "step") rig.engine.step(1);
        rig.system.pump();
      }
      for (const { task } of models) task[Symbol.dispose]();
      const { engine } = rig;
      rig[Symbol.dispose]();
      assertEquals([engine.live, engine.queues], [0, 0]);
    }),
    { numRuns: RUNS, seed: SEED },
  );
});
