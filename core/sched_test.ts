import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { VirtualClock } from "./clock.ts";
import { DrmError } from "./error.ts";
import { Fence, FenceContexts, type FenceSource } from "./fence.ts";
import { Resv, ResvUsage } from "./resv.ts";
import { Scheduler, type SchedulerOptions } from "./sched.ts";
import { SchedEntity, type SchedPriority } from "./sched_entity.ts";
import { SchedJob } from "./sched_job.ts";

/** A ring whose jobs are strings; `hw` holds the fences of those that run. */
class Ring {
  readonly clock = new VirtualClock();
  readonly source: FenceSource;
  readonly log: string[] = [];
  readonly hw = new Map<string, Fence>();
  readonly timedOut: string[] = [];
  instant = false;
  failing = "";
  prepare: Fence | undefined;
  readonly scheduler: Scheduler<string>;

  constructor(options: Partial<SchedulerOptions> = {}, source?: FenceSource) {
    this.source = source ?? { clock: this.clock, fenceContexts: new FenceContexts() };
    this.scheduler = new Scheduler<string>(this.source, {
      prepareJob: () => {
        const fence = this.prepare;
        this.prepare = undefined;
        return fence;
      },
      runJob: (job) => {
        this.log.push(job.data);
        if (this.failing === job.data) throw new DrmError("ENODEV", "Cannot run");
        if (this.instant) return undefined;
        const fence = this.fence();
        this.hw.set(job.data, fence);
        return fence;
      },
      timedoutJob: (job) => {
        this.timedOut.push(job.data);
        const fence = this.hw.get(job.data);
        fence?.setError(-125);
        fence?.signal();
        return true;
      },
      freeJob: (job) => this.log.push(`-${job.data}`),
    }, { name: "ring", creditLimit: 2, ...options });
  }

  fence(context = this.source.fenceContexts.allocate(), seqno = 1): Fence {
    return new Fence({ clock: this.clock, context, seqno, driverName: "hw", timelineName: "hw" });
  }

  entity(priority?: SchedPriority): SchedEntity<string> {
    return new SchedEntity(this.scheduler, priority);
  }

  push(entity: SchedEntity<string>, data: string, deps: Fence[] = [], credits = 1): SchedJob<string> {
    const job = new SchedJob(entity, credits, data);
    for (const fence of deps) job.addDependency(fence);
    job.arm();
    job.push();
    return job;
  }
}

Deno.test("L8 a job has two fences in adjacent contexts; seqnos are assigned when it is armed", () => {
  const ring = new Ring(), entity = ring.entity();
  const [a, b] = [new SchedJob(entity, 1, "a"), new SchedJob(entity, 1, "b")];
  assertThrows(() => a.finished, TypeError);
  b.arm();
  a.arm();
  assertEquals([b.scheduled.seqno, a.scheduled.seqno, a.finished.seqno], [1, 2, 2]);
  assertEquals([a.scheduled.context, a.finished.context], [entity.context, entity.context + 1]);
  assertEquals([a.finished.driverName, a.finished.timelineName], ["drm_sched", "ring"]);
  assertThrows(() => a.arm(), TypeError);
  assertThrows(() => a.addDependency(ring.fence()), TypeError);
  b.push();
  assertEquals([b.scheduled.status, b.finished.status], [1, 0]);
  ring.hw.get("b")?.signal();
  assertEquals([b.finished.status, ring.log], [1, ["b", "-b"]]);
  assertThrows(() => b.push(), TypeError);
});

Deno.test("L8 credits must be above 0, and jobs wait for room; a large one keeps its turn", () => {
  const ring = new Ring(), entity = ring.entity(), other = ring.entity();
  for (const credits of [0, -1, NaN]) {
    const error = assertThrows(() => new SchedJob(entity, credits, "x"), DrmError) as DrmError;
    assertEquals(error.code, "EINVAL");
  }
  ring.push(entity, "a");
  ring.push(entity, "huge", [], 99);
  ring.push(other, "b");
  assertEquals([ring.log, ring.scheduler.creditCount], [["a"], 1]);
  ring.hw.get("a")?.signal();
  assertEquals([ring.log, ring.scheduler.creditCount], [["a", "-a", "huge"], 2]);
  ring.hw.get("huge")?.signal();
  assertEquals(ring.log.at(-1), "b");
});

Deno.test("L8 dependencies: of each context the later counts; jobs of an entity run in order", () => {
  const ring = new Ring({ creditLimit: 10 }), entity = ring.entity();
  const context = ring.source.fenceContexts.allocate();
  const [early, late, middle] = [1, 3, 2].map((seqno) => ring.fence(context, seqno));
  ring.push(entity, "a", [early, late, middle]);
  ring.push(entity, "b");
  early.signal();
  middle.signal();
  assertEquals(ring.log, []);
  late.signal();
  assertEquals(ring.log, ["a", "b"]);
});

Deno.test("L8 a reservation object's fences become dependencies; prepareJob may add one", () => {
  const ring = new Ring(), entity = ring.entity();
  const [w, r, extra] = [ring.fence(), ring.fence(), ring.fence()];
  const resv = new Resv();
  resv.reserve(2);
  resv.add(w, ResvUsage.WRITE);
  resv.add(r, ResvUsage.READ);
  const job = new SchedJob(entity, 1, "a");
  job.addResvDependencies(resv, ResvUsage.WRITE);
  ring.prepare = extra;
  job.arm();
  job.push();
  assertEquals(ring.log, []);
  w.signal();
  assertEquals(ring.log, []);
  extra.signal();
  assertEquals(ring.log, ["a"]);
});

Deno.test("L8 a job of the same ring is waited for until scheduled, of another ring until finished", () => {
  const ring = new Ring({ creditLimit: 10 }), other = new Ring({}, ring.source);
  const a = ring.push(ring.entity(), "a");
  ring.push(ring.entity(), "b", [a.finished]);
  assertEquals(ring.log, ["a", "b"]);
  other.push(other.entity(), "c", [a.finished]);
  assertEquals(other.log, []);
  ring.hw.get("a")?.signal();
  assertEquals(other.log, ["c"]);
});

Deno.test("L8 the hardware fence's error becomes the finished fence's; so does runJob's", () => {
  const ring = new Ring(), entity = ring.entity();
  const a = ring.push(entity, "a");
  ring.hw.get("a")?.setError(-5);
  ring.hw.get("a")?.signal();
  ring.failing = "b";
  const b = ring.push(entity, "b");
  entity.guilty = true;
  const c = ring.push(entity, "c");
  ring.hw.get("c")?.signal();
  assertEquals([a.finished.status, a.scheduled.status, b.finished.status, c.finished.status], [-5, 1, -19, -125]);
});

Deno.test("L8 killing an entity: queued jobs fail with ESRCH after their dependencies and the job before; running ones go on", () => {
  const ring = new Ring({ creditLimit: 1 }), entity = ring.entity();
  const [dep1, dep2] = [ring.fence(), ring.fence()];
  const a = ring.push(entity, "a");
  const b = ring.push(entity, "b", [dep1]);
  const c = ring.push(entity, "c", [dep2]);
  entity.kill();
  const states = (): number[] => [a, b, c].map((job) => job.finished.status);
  assertEquals(states(), [0, 0, 0]);
  dep2.signal();
  ring.hw.get("a")?.signal();
  assertEquals(states(), [1, 0, 0]);
  dep1.signal();
  assertEquals([states(), ring.log], [[1, -3, -3], ["a", "-a", "-b", "-c"]]);
  assertThrows(() => new SchedJob(entity, 1, "d"), DrmError);
});

Deno.test("L8 a killed entity's job that depended on the start of another waits for its end", () => {
  const ring = new Ring(), other = new Ring({}, ring.source);
  const a = other.push(other.entity(), "a");
  assertEquals([a.scheduled.status, a.finished.status], [1, 0]);
  const entity = ring.entity();
  const blocked = ring.push(entity, "b", [ring.fence()]), c = ring.push(entity, "c", [a.scheduled]);
  entity.kill();
  for (const fence of blocked.dependencies) fence.signal();
  assertEquals([blocked.finished.status, c.finished.status], [-3, 0]);
  other.hw.get("a")?.signal();
  assertEquals(c.finished.status, -3);
});

Deno.test("L8 a job armed before the kill and pushed after it fails with ESRCH", () => {
  const ring = new Ring(), entity = ring.entity();
  const job = new SchedJob(entity, 1, "a");
  job.arm();
  entity.kill();
  job.push();
  assertEquals([job.finished.status, job.scheduled.status, ring.log], [-3, 1, ["-a"]]);
});

Deno.test("better priority goes first, then whoever was pushed first", () => {
  const ring = new Ring({ creditLimit: 1 });
  const [low, normal, kernel, high] = [3, 2, 0, 1].map((p) => ring.entity(p as SchedPriority));
  const again = ring.entity();
  ring.push(normal, "first");
  ring.push(low, "low");
  ring.push(again, "n1");
  ring.push(normal, "n2");
  ring.push(high, "high");
  ring.push(kernel, "kernel");
  for (const name of ["first", "kernel", "high", "n1", "n2", "low"]) {
    assertEquals(ring.log.at(-1), name);
    ring.hw.get(name)?.signal();
  }
});

Deno.test("a job that takes too long is shown to the driver, the next one from when it became the oldest", () => {
  const ring = new Ring({ timeout: 1000 }), entity = ring.entity();
  const a = ring.push(entity, "a"), b = ring.push(entity, "b");
  ring.clock.advance(999);
  assertEquals(ring.timedOut, []);
  ring.clock.advance(1);
  assertEquals([ring.timedOut, a.finished.status, b.finished.status], [["a"], -125, 0]);
  ring.clock.advance(500);
  ring.hw.get("b")?.signal();
  ring.clock.advance(10_000);
  assertEquals([ring.timedOut, ring.clock.next], [["a"], Infinity]);
});

Deno.test("stop holds jobs back, start lets them go; disposing kills", () => {
  const ring = new Ring(), entity = ring.entity();
  ring.scheduler.stop();
  ring.push(entity, "a");
  assertEquals(ring.log, []);
  ring.scheduler.start();
  assertEquals(ring.log, ["a"]);
  ring.scheduler.stop();
  const b = ring.push(entity, "b");
  ring.hw.get("a")?.signal();
  ring.scheduler[Symbol.dispose]();
  assertEquals([b.finished.status, entity.stopped], [-3, true]);
});

Deno.test("deadlines on a finished fence reach the hardware's, whichever comes first", () => {
  const ring = new Ring({ creditLimit: 1 }), entity = ring.entity();
  const a = ring.push(entity, "a"), b = ring.push(entity, "b");
  a.finished.setDeadline(70);
  b.finished.setDeadline(80);
  assertEquals(ring.hw.get("a")?.deadline, 70);
  ring.hw.get("a")?.signal();
  assertEquals(ring.hw.get("b")?.deadline, 80);
});

Deno.test("100000 jobs, run at once or dropped in one kill, do not deepen the stack", () => {
  const ring = new Ring({ creditLimit: 1 }), entity = ring.entity(), other = ring.entity();
  const gate = ring.fence();
  ring.instant = true;
  const jobs = Array.from(
    { length: 100_000 },
    (_, i) => ring.push(i % 2 ? entity : other, `${i}`, i < 2 ? [gate] : []),
  );
  gate.signal();
  assertEquals(jobs.every((job) => job.finished.status === 1), true);
  ring.instant = false;
  ring.push(entity, "last");
  const doomed = Array.from({ length: 100_000 }, (_, i) => ring.push(entity, `x${i}`));
  entity.kill();
  ring.hw.get("last")?.signal();
  assertEquals(doomed.every((job) => job.finished.status === -3), true);
});

Deno.test("20000 killed entities, each of which waits for the one before, do not deepen the stack", () => {
  const ring = new Ring();
  const first = ring.fence();
  let last = first;
  const entities = Array.from({ length: 20_000 }, () => {
    const entity = ring.entity();
    last = ring.push(entity, "x", [last]).finished;
    return entity;
  });
  for (const entity of entities) entity.kill();
  assertEquals([last.status, ring.log.length], [0, 0]);
  first.signal();
  assertEquals([last.status, ring.log.length], [-3, 20_000]);
});

Deno.test("L8 whatever depends on what, every job ends, in the order of its entity and after its dependencies", () => {
  fc.assert(fc.property(
    fc.array(
      fc.record({
        entity: fc.nat(3),
        deps: fc.array(fc.nat(30), { maxLength: 3 }),
        credits: fc.integer({ min: 1, max: 3 }),
      }),
      {
        maxLength: 25,
      },
    ),
    fc.infiniteStream(fc.nat(1000)),
    (specs, random) => {
      const ring = new Ring({ creditLimit: 3 });
      const entities = [0, 1, 2, 3].map((i) => ring.entity((i % 4) as SchedPriority));
      const jobs: SchedJob<string>[] = [];
      specs.forEach(({ entity, deps, credits }, i) => {
        const earlier = deps.filter((d) => d < i).map((d) => jobs[d].finished);
        jobs.push(ring.push(entities[entity], `${i}`, earlier, credits));
      });
      for (let guard = 0; jobs.some((job) => !job.finished.isSignaled) && guard < 1000; guard++) {
        const open = ring.scheduler.running;
        assertEquals(open.reduce((sum, job) => sum + job.credits, 0) <= 3, true);
        ring.hw.get(open[(random.next().value ?? 0) % open.length].data)?.signal();
      }
      const ran = ring.log.filter((line) => !line.startsWith("-")).map(Number);
      assertEquals(ran.length, jobs.length);
      specs.forEach(({ entity, deps }, i) => {
        for (const d of deps) if (d < i) assertEquals(ran.indexOf(d) < ran.indexOf(i), true);
        for (let k = 0; k < i; k++) if (specs[k].entity === entity) assertEquals(ran.indexOf(k) < ran.indexOf(i), true);
      });
    },
  ));
});
