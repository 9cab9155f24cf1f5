import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { cpuMs } from "../tests/cpu_time.ts";
import { DrmError } from "./error.ts";
import { type GpuVa, GpuVm, type GpuVmOp } from "./gpuvm.ts";
import { SortedMap } from "./sorted_map.ts";

const va = (addr: number, range: number, obj: string | undefined = "A", offset = addr): GpuVa<string> => ({
  addr,
  range,
  obj,
  offset,
});

function vm(...mappings: GpuVa<string>[]): GpuVm<string> {
  const made = new GpuVm<string>({ start: 0, range: 1000, kernelStart: 900, kernelRange: 50 });
  for (const mapping of mappings) made.insert(mapping);
  return made;
}

function fails(code: string, act: () => unknown): void {
  assertEquals((assertThrows(act, DrmError) as DrmError).code, code);
}

const say = (ops: GpuVmOp<string>[]): string[] =>
  ops.map((step) => {
    const part = (v: GpuVa<string> | undefined): string => v ? `${v.addr}+${v.range}${v.obj ?? "-"}${v.offset}` : "";
    if (step.op === "map") return `map ${part(step.va)}`;
    const keep = step.keep ? " keep" : "";
    return step.op === "unmap" ? `unmap ${part(step.va)}${keep}` : `remap ${part(step.prev)}|${part(step.next)}${keep}`;
  });

Deno.test("L9 mapping on nothing maps; beside something it merges nothing", () => {
  const space = vm(va(100, 100));
  const ops = space.mapOps(va(200, 100));
  assertEquals(say(ops), ["map 200+100A200"]);
  space.apply(ops);
  assertEquals(space.count, 2);
});

Deno.test("L9 every way in which a request can lie on a mapping, with the same memory and with other", () => {
  const cases: [number, number, string[]][] = [
    [100, 100, ["unmap 100+100A100 keep"]],
    [50, 200, ["unmap 100+100A100 keep"]],
    [100, 150, ["unmap 100+100A100 keep"]],
    [50, 150, ["unmap 100+100A100 keep"]],
    [100, 40, ["remap |140+60A140 keep"]],
    [50, 90, ["remap |140+60A140 keep"]],
    [140, 60, ["remap 100+40A100| keep"]],
    [140, 90, ["remap 100+40A100| keep"]],
    [130, 40, ["remap 100+30A100|170+30A170 keep"]],
    [200, 10, []],
    [90, 10, []],
  ];
  for (const [addr, range, steps] of cases) {
    const map = `map ${addr}+${range}`;
    const without = steps.map((step) => step.replace(" keep", ""));
    assertEquals(say(vm(va(100, 100)).mapOps(va(addr, range))), [...steps, `${map}A${addr}`]);
    assertEquals(say(vm(va(100, 100)).mapOps(va(addr, range, "B"))), [...without, `${map}B${addr}`]);
    assertEquals(say(vm(va(100, 100)).mapOps(va(addr, range, "A", 7))), [...without, `${map}A7`]);
    assertEquals(say(vm(va(100, 100)).unmapOps(addr, range)), without);
  }
});

Deno.test("L9 sparse mappings are never kept", () => {
  const sparse: GpuVa<string> = { addr: 100, range: 100, obj: undefined, offset: 0 };
  assertEquals(say(vm(sparse).mapOps({ ...sparse })), ["unmap 100+100-0", "map 100+100-0"]);
});

Deno.test("L9 several mappings: steps in the order of addresses, then exactly one map", () => {
  const space = vm(va(300, 100, "C", 0), va(100, 100), va(200, 50, "B", 0));
  assertEquals(say(space.mapOps(va(150, 200, "D", 0))), [
    "remap 100+50A100|",
    "unmap 200+50B0",
    "remap |350+50C50",
    "map 150+200D0",
  ]);
});

Deno.test("L9 nothing, overflow, outside, and the kernel's part are EINVAL", () => {
  const bad: [number, number][] = [
    [0, 0],
    [5, -1],
    [999, 2],
    [1000, 1],
    [-1, 5],
    [2 ** 53, 1],
    [1, 2 ** 53],
    [0.5, 1],
    [NaN, 1],
  ];
  bad.push([900, 1], [949, 1], [890, 20], [940, 20], [890, 100]);
  for (const [addr, range] of bad) {
    fails("EINVAL", () => vm().mapOps(va(addr, range)));
    fails("EINVAL", () => vm().unmapOps(addr, range));
    fails("EINVAL", () => vm().insert(va(addr, range)));
  }
  for (const [addr, range] of [[890, 10], [950, 50]]) vm().insert(va(addr, range));
  assertThrows(() => new GpuVm({ start: 0, range: 2 ** 53 }), RangeError);
});

Deno.test("mappings are found exactly or by overlap, and stand alone", () => {
  const a = va(100, 100), space = vm(a, va(300, 10));
  fails("EEXIST", () => space.insert(va(199, 2)));
  assertEquals([space.find(100, 100), space.find(100, 99), space.findFirst(150, 500), space.findFirst(200, 100)], [
    a,
    undefined,
    a,
    undefined,
  ]);
  assertEquals([space.remove(va(100, 100)), space.remove(a), space.remove(a), [...space].length], [
    false,
    true,
    false,
    1,
  ]);
  assertThrows(() => space.apply([{ op: "unmap", va: a, keep: false }]), TypeError);
});

Deno.test("L9 whatever is mapped and unmapped, each address shows what was put there last", () => {
  const step = fc.record({
    addr: fc.nat(99),
    range: fc.integer({ min: 1, max: 40 }),
    obj: fc.constantFrom("A", "B", undefined),
    unmap: fc.boolean(),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
    const space = new GpuVm<string>({ start: 0, range: 200 });
    const model: string[] = new Array(200).fill("");
    for (const { addr, range, obj, unmap } of steps) {
      const offset = obj === "A" ? addr : 1000;
      const ops = unmap ? space.unmapOps(addr, range) : space.mapOps({ addr, range, obj, offset });
      for (const op of ops) {
        if (op.op === "map" || !op.keep) continue;
        const gone = op.op === "unmap" ? op.va : op.unmap;
        for (let at = Math.max(addr, gone.addr); at < Math.min(addr + range, gone.addr + gone.range); at++) {
          assertEquals(model[at], `${obj}${offset + at - addr}`);
        }
      }
      space.apply(ops);
      for (let i = 0; i < range; i++) model[addr + i] = unmap ? "" : `${obj}${offset + i}`;
      const shown: string[] = new Array(200).fill("");
      let end = 0;
      for (const v of space) {
        assertEquals(v.addr >= end && v.range > 0, true);
        end = v.addr + v.range;
        for (let i = 0; i < v.range; i++) shown[v.addr + i] = `${v.obj}${v.offset + i}`;
      }
      assertEquals(shown, model);
    }
  }));
});

Deno.test("SortedMap behaves as a sorted list of keys", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(600), fc.boolean()), { maxLength: 1500, size: "max" }), (steps) => {
      const map = new SortedMap<string>();
      const model = new Map<number, string>();
      for (const [key, remove] of steps) {
        if (remove) assertEquals(map.delete(key), model.delete(key));
        else {
          map.set(key, `v${key}`);
          model.set(key, `v${key}`);
        }
      }
      const keys = [...model.keys()].sort((a, b) => a - b);
      assertEquals([map.size, [...map.from(0)]], [keys.length, keys.map((k) => `v${k}`)]);
      for (const probe of [0, 1, 299, 300, 600]) {
        const below = keys.filter((k) => k < probe).at(-1);
        assertEquals(map.below(probe), below === undefined ? undefined : `v${below}`);
        assertEquals([...map.from(probe)].length, keys.filter((k) => k >= probe).length);
        assertEquals(map.get(probe), model.get(probe));
      }
    }),
    { numRuns: 40 },
  );
});

Deno.test("with 100000 mappings one more costs about as much as with 100", () => {
  const space = new GpuVm<string>({ start: 0, range: 2 ** 48 });
  const cost = (rounds: number): number => {
    const start = cpuMs();
    for (let i = 0; i < rounds; i++) {
      space.apply(space.mapOps(va(i * 8 + 5, 1, "Z")));
      space.apply(space.unmapOps(i * 8 + 5, 1));
    }
    return (cpuMs() - start) / rounds;
  };
  for (let i = 0; i < 100; i++) space.insert(va(i * 8, 4));
  cost(2000);
  const few = cost(2000);
  for (let i = 100; i < 100_000; i++) space.insert(va(i * 8, 4));
  const many = cost(2000);
  assertEquals(many < few * 10 + 0.01, true, `${few} ms, then ${many} ms`);
});
