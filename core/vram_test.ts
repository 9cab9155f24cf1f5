/** Placement, eviction and budgets of `Vram`, alone and against a model that keeps contents. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { DrmError } from "./error.ts";
import { Vram, type VramNode, VramPriority } from "./vram.ts";

/** An object whose contents are one number. */
interface Thing {
  name: string;
  memory: number | undefined;
  saved: number | undefined;
  busy: boolean;
  failing?: boolean;
}

const thing = (name: string): Thing => ({ name, memory: undefined, saved: undefined, busy: false });

function books(...sizes: number[]): Vram<Thing> {
  return new Vram<Thing>(sizes.map((size, i) => ({ name: `segment ${i}`, size })), {
    place: (o) => {
      if (o.failing) throw new DrmError("ENOMEM", "Cannot: the test says so");
      assertEquals(o.memory, undefined);
      o.memory = o.saved ?? 0;
      o.saved = undefined;
    },
    evict: (o) => {
      assert(o.memory !== undefined);
      o.saved = o.memory;
      o.memory = undefined;
    },
    discard: (o) => {
      o.memory = o.saved = undefined;
    },
    busy: (o) => o.busy,
  });
}

Deno.test("place brings a pinned object, and evicts what nobody wants when there is no room", () => {
  const vram = books(100);
  const client = vram.addClient();
  const a = vram.add(thing("a"), 60, [0]), b = vram.add(thing("b"), 60, [0]);
  vram.pin(client, a);
  assert(vram.place(a));
  assertEquals([vram.used(0), client.usage[0]], [60, 60]);
  a.object.memory = 7;
  vram.unpin(client, a);
  assertEquals([vram.used(0), client.usage[0], a.isPlaced], [60, 0, true]);
  vram.pin(client, b);
  assert(vram.place(b));
  assertEquals([a.isPlaced, a.object.saved, vram.used(0)], [false, 7, 60]);
  vram.unpin(client, b);
  vram.pin(client, a);
  assert(vram.place(a));
  assertEquals([a.object.memory, b.isPlaced], [7, false]);
  assertEquals(vram.statistics, { evictions: 2, bytesEvicted: 120, restores: 1, discards: 0 });
});

Deno.test("place throws ENOMEM when all that is there may stay, and says false while the GPU holds it", () => {
  const vram = books(100);
  const client = vram.addClient();
  const a = vram.add(thing("a"), 60, [0]), b = vram.add(thing("b"), 60, [0]);
  vram.pin(client, a);
  vram.place(a);
  vram.pin(client, b);
  assertThrows(() => vram.place(b), DrmError, "Cannot place 60 bytes");
  vram.unpin(client, a);
  a.object.busy = true;
  assertEquals(vram.place(b), false);
  a.object.busy = false;
  assertEquals(vram.place(b), true);
});

Deno.test("add throws ENOMEM for what fits into no segment", () => {
  assertThrows(() => books(100, 50).add(thing("a"), 101, [0, 1]), DrmError, "no segment is that large");
  assertThrows(() => books(100, 50).add(thing("a"), 60, [1]), DrmError);
});

Deno.test("lower priorities go first, then who was given up first", () => {
  const vram = books(30);
  const client = vram.addClient();
  const nodes = ["a", "b", "c"].map((name) => vram.add(thing(name), 10, [0]));
  for (const node of nodes) {
    vram.pin(client, node);
    vram.place(node);
    vram.unpin(client, node);
  }
  vram.setPriority(nodes[1], VramPriority.LOW);
  const next = (name: string): void => {
    const node = vram.add(thing(name), 10, [0]);
    vram.pin(client, node);
    vram.place(node);
  };
  next("d");
  assertEquals(nodes.map((n) => n.isPlaced), [true, false, true]);
  next("e");
  assertEquals(nodes.map((n) => n.isPlaced), [false, false, true]);
});

Deno.test("an offered object goes first and loses its contents; reclaim says so", () => {
  const vram = books(30);
  const client = vram.addClient();
  const [a, b] = ["a", "b"].map((name) => vram.add(thing(name), 15, [0]));
  for (const node of [a, b]) {
    vram.pin(client, node);
    vram.place(node);
    node.object.memory = 5;
  }
  vram.offer(b);
  assertEquals(vram.reclaim(b), true);
  vram.offer(b);
  vram.unpin(client, a);
  const c = vram.add(thing("c"), 10, [0]);
  vram.pin(client, c);
  vram.place(c);
  assertEquals([a.isPlaced, b.isPlaced, vram.statistics.discards], [true, false, 1]);
  assertEquals(vram.reclaim(b), false);
  vram.unpin(client, c);
  vram.place(b);
  assertEquals(b.object.memory, 0);
});

Deno.test("an object that was evicted and then offered loses what was saved", () => {
  const vram = books(10);
  const client = vram.addClient();
  const a = vram.add(thing("a"), 10, [0]);
  vram.pin(client, a);
  vram.place(a);
  vram.unpin(client, a);
  assert(vram.trim(a));
  vram.offer(a);
  assertEquals([vram.reclaim(a), a.object.saved], [false, undefined]);
});

Deno.test("what finds no room in its best segment goes to the next, and counts there", () => {
  const vram = books(10, 10);
  const client = vram.addClient();
  const [a, b] = ["a", "b"].map((name) => vram.add(thing(name), 10, [0, 1]));
  for (const node of [a, b]) {
    vram.pin(client, node);
    vram.place(node);
  }
  assertEquals([vram.used(0), vram.used(1), ...client.usage], [10, 10, 10, 10]);
});

Deno.test("the budget is an equal share, or what others leave, less what they reserved", () => {
  const vram = books(100);
  const one = vram.addClient();
  assertEquals(vram.budget(one, 0), 100);
  const two = vram.addClient();
  assertEquals(vram.budget(one, 0), 100);
  const a = vram.add(thing("a"), 70, [0]);
  vram.pin(two, a);
  assertEquals([vram.budget(one, 0), vram.budget(two, 0)], [50, 100]);
  vram.reserve(one, 0, 20);
  assertEquals([vram.budget(two, 0), vram.reservable(two, 0)], [80, 30]);
  assertThrows(() => vram.reserve(two, 0, 31), DrmError, "30 can be");
  assertEquals(vram.excess(two, [a]), 0);
  assertEquals(vram.excess(two, [vram.add(thing("b"), 30, [0])]), 20);
});

Deno.test("who has more than a share gives way to who has less, and gets it back later", () => {
  const vram = books(100);
  const greedy = vram.addClient();
  const many = Array.from({ length: 10 }, (_, i) => vram.add(thing(`g${i}`), 10, [0]));
  for (const node of many) {
    vram.pin(greedy, node);
    vram.place(node);
  }
  const modest = vram.addClient();
  const mine = vram.add(thing("m"), 50, [0]);
  vram.pin(modest, mine);
  assert(vram.place(mine));
  assertEquals([vram.used(0), greedy.displaced.size], [100, 5]);
  // Within its share the other is safe: what would take from it fails.
  assertThrows(() => vram.placeAll(greedy), DrmError, "may stay");
  vram.unpin(modest, mine);
  assert(vram.placeAll(greedy));
  assertEquals([greedy.displaced.size, mine.isPlaced], [0, false]);
});

Deno.test("a failing place leaves the books as they were", () => {
  const vram = books(100);
  const client = vram.addClient();
  const a = vram.add({ ...thing("a"), failing: true }, 60, [0]);
  vram.pin(client, a);
  assertThrows(() => vram.place(a), DrmError, "the test says so");
  assertEquals([vram.used(0), a.isPlaced], [0, false]);
  vram.remove(a);
  assertEquals([vram.count, client.usage[0], client.displaced.size], [0, 0, 0]);
});

Deno.test("in any order: nothing exceeds its segment, sums agree, contents survive unless offered", () => {
  const command = fc.record({
    op: fc.constantFrom(
      "add",
      "pin",
      "unpin",
      "place",
      "remove",
      "offer",
      "reclaim",
      "trim",
      "busy",
      "priority",
      "all",
    ),
    a: fc.nat(11),
    b: fc.nat(2),
    size: fc.integer({ min: 1, max: 50 }),
  });
  fc.assert(
    fc.property(fc.array(command, { maxLength: 120 }), (commands) => {
      const vram = books(100, 60);
      const clients = [vram.addClient(), vram.addClient(), vram.addClient()];
      const nodes: (VramNode<Thing> | undefined)[] = [];
      const want = new Map<VramNode<Thing>, number>(); // contents as a reader would expect them
      let stamp = 0;
      for (const { op, a, b, size } of commands) {
        const node = nodes[a];
        const client = clients[b];
        if (op === "add") {
          if (node !== undefined) vram.remove(node);
          nodes[a] = vram.add(thing(`${a}`), size, b === 0 ? [0] : b === 1 ? [1] : [0, 1]);
          continue;
        }
        if (node === undefined) continue;
        if (op === "pin") vram.pin(client, node);
        else if (op === "unpin") vram.unpin(client, node, size > 25);
        else if (op === "remove") {
          vram.remove(node);
          nodes[a] = undefined;
        } else if (op === "offer") vram.offer(node);
        else if (op === "reclaim") {
          if (!vram.reclaim(node)) want.delete(node);
        } else if (op === "trim") vram.trim(node);
        else if (op === "busy") node.object.busy = node.isPlaced && !node.object.busy;
        else if (op === "priority") vram.setPriority(node, size * 0x5000000);
        else {
          try {
            const there = op === "all" ? (vram.placeAll(client), node.isPlaced) : node.isPinned && vram.place(node);
            if (there && !node.offered) {
              assertEquals(node.object.memory, want.get(node) ?? 0);
              node.object.memory = ++stamp;
              want.set(node, stamp);
            }
          } catch (error) {
            if (!(error instanceof DrmError) || error.code !== "ENOMEM") throw error;
          }
        }
        const used = [0, 0];
        const usage = clients.map(() => [0, 0]);
        for (const n of nodes) {
          if (n === undefined) continue;
          assertEquals(n.isPlaced, n.object.memory !== undefined);
          if (n.isPlaced) used[n.segment] += n.size;
          clients.forEach((c, i) => {
            if (n.pins.has(c)) usage[i][n.segment] += n.size;
            assertEquals(c.displaced.has(n as VramNode<unknown>), n.pins.has(c) && !n.isPlaced);
          });
        }
        assertEquals([vram.used(0), vram.used(1)], used);
        assert(used[0] <= 100 && used[1] <= 60);
        assertEquals(clients.map((c) => [...c.usage]), usage);
      }
    }),
    { numRuns: 300 },
  );
});
