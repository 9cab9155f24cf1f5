/** The ledger and the grants of processes, in one thread: honest ones, ones that lie, and random words. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { DrmError } from "../../../../core/error.ts";
import { errno } from "../../../../core/testing.ts";
import { Vram, type VramClient, type VramLedger, type VramNode } from "../../../../core/vram.ts";
import type { DxgAdapter } from "../adapter.ts";
import { Grants } from "./grants.ts";
import { Ledger, type LedgerUser } from "./ledger.ts";
import * as words from "./ledger_words.ts";
import { wordOf } from "./ledger_words.ts";

const PAGE = 4096;

interface Thing {
  busy: boolean;
}

/** A process: its Vram, if it is honest; its words. */
class Peer implements LedgerUser {
  verdict = "";
  rings = 0;
  readonly words = new Uint32Array(words.LEDGER_SIZE / 4);
  readonly grants: Grants;
  readonly vram: Vram<Thing>;
  readonly client: VramClient;
  readonly nodes: VramNode<Thing>[] = [];
  /** Whether the broker hears it at once. */
  heard = true;
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
    let now = 0;
    this.grants = new Grants({
      words: this.words,
      ring: () => {
        if (this.heard) pool.ledger.hear(this);
      },
      rest: () => {},
      now: () => now += 1e6,
    });
    const ledger: VramLedger = this.grants.ledger(0, pool.sizes);
    const segments = pool.sizes.map((size, i) => ({ name: `${i}`, size }));
    this.vram = new Vram<Thing>(segments, {
      place: () => pool.check(),
      evict: () => {},
      discard: () => {},
      busy: (thing) => thing.busy,
    }, ledger);
    this.client = this.vram.addClient();
    // All that is used of an adapter there.
    this.grants.attach([{ vram: this.vram } as unknown as DxgAdapter], 1e9);
    pool.ledger.add(this, this.words);
    pool.peers.push(this);
  }

  ring(): void {
    this.rings++;
  }

  /** Makes an object resident: "done", or "wait", or an errno. */
  take(pages: number): unknown {
    const node = this.vram.add({ busy: false }, pages * PAGE, this.#pool.sizes.map((_, i) => i));
    this.vram.pin(this.client, node);
    this.nodes.push(node);
    try {
      return this.vram.place(node) ? "done" : "wait";
    } catch (error) {
      this.vram.unpin(this.client, node);
      if (!(error instanceof DrmError)) throw error;
      return error.code;
    }
  }

  /** Its client gives the object up; the memory stays. */
  release(index = 0): void {
    this.vram.unpin(this.client, this.nodes[index], true);
  }

  /** As its loop does; what is displaced is brought back. */
  turn(): boolean {
    this.#pool.ledger.refresh(this);
    if (!this.grants.poll()) return false;
    for (const node of this.nodes) {
      if (!node.isPinned || node.isPlaced) continue;
      try {
        this.vram.place(node);
      } catch (error) {
        if (!(error instanceof DrmError)) throw error;
        this.vram.unpin(this.client, node, true);
      }
    }
    return true;
  }

  get budget(): number {
    this.#pool.ledger.refresh(this);
    return this.vram.budget(this.client, 0) / PAGE;
  }
  get placed(): number {
    return this.nodes.reduce((sum, node) => sum + (node.isPlaced ? node.size / PAGE : 0), 0);
  }
}

/** An adapter of so many pages, and who has it. */
class Pool {
  readonly sizes: readonly number[];
  readonly ledger: Ledger<Peer>;
  readonly peers: Peer[] = [];
  now = 0;

  constructor(...pages: number[]) {
    this.sizes = pages.map((each) => each * PAGE);
    this.ledger = new Ledger<Peer>([this.sizes], () => this.now);
  }

  /** Nobody has more than was granted, and not more is granted than there is. */
  check(): void {
    const all = this.sizes.reduce((sum, size) => sum + size, 0);
    const granted = this.peers.reduce((sum, peer) => sum + this.ledger.granted(peer), 0);
    assert(granted <= all, `${granted} of ${all}`);
    for (const peer of this.peers) {
      for (let i = 0; i < this.sizes.length; i++) {
        assert(peer.vram.used(i) <= this.sizes[i]);
      }
      const used = this.sizes.reduce((sum, _, i) => sum + peer.vram.used(i), 0);
      assert(used <= this.ledger.granted(peer) || !peer.heard, `${used} used, ${this.ledger.granted(peer)} granted`);
    }
  }

  /** Everybody goes on until nobody has anything to do. */
  settle(): void {
    for (let i = 0; i < 50; i++) if (!this.peers.map((peer) => peer.turn()).includes(true)) return;
    throw new Error("this never ends");
  }

  kill(peer: Peer): void {
    this.ledger.remove(peer);
    this.peers.splice(this.peers.indexOf(peer), 1);
  }
}

Deno.test("grants: two processes cannot have more than there is; one alone can have all", () => {
  const pool = new Pool(64), a = new Peer(pool);
  assertEquals([a.budget, a.take(64), a.budget], [64, "done", 64]);
  const b = new Peer(pool);
  assertEquals([b.budget, b.take(33)], [32, "ENOMEM"]); // more than its share, and all else is wanted
  pool.kill(a);
  assertEquals([b.budget, b.take(64)], [64, "done"]); // at once
});

Deno.test("grants: who has less than a share is served from who has more, when that one has given it back", () => {
  const pool = new Pool(64), a = new Peer(pool), b = new Peer(pool);
  for (let i = 0; i < 6; i++) assertEquals(a.take(8), "done");
  const { rings } = a;
  assertEquals([a.placed, b.take(30), b.placed], [48, "wait", 0]);
  assert(a.rings > rings);
  pool.settle();
  assertEquals([b.placed, a.placed], [30, 32]);
  pool.check();
  // What was displaced has no room, and that is the end of it.
  assertEquals(a.take(8), "ENOMEM");
  b.release();
  b.vram.remove(b.nodes[0]);
  assertEquals(a.take(8), "wait");
  pool.settle();
  assertEquals(a.placed, 40);
});

Deno.test("grants: what nobody wants resident goes to whoever needs it, even beyond a share", () => {
  const pool = new Pool(64), a = new Peer(pool), b = new Peer(pool);
  assertEquals([a.take(40), a.take(4)], ["done", "done"]);
  a.release();
  assertEquals(b.budget, 60);
  assertEquals(b.take(60), "wait");
  pool.settle();
  assertEquals([a.placed, b.placed], [4, 60]);
});

Deno.test("grants: what is left goes back without being asked for", () => {
  const pool = new Pool(640), a = new Peer(pool);
  assertEquals(a.take(600), "done");
  assert(pool.ledger.granted(a) >= 600 * PAGE);
  a.vram.remove(a.nodes[0]);
  a.turn();
  assertEquals(pool.ledger.granted(a) <= 20 * PAGE, true);
});

Deno.test("grants: what the GPU uses goes when it is done; nothing new is given to the GPU meanwhile", () => {
  const pool = new Pool(64), a = new Peer(pool), b = new Peer(pool);
  assertEquals([a.take(20), a.take(40)], ["done", "done"]);
  for (const node of a.nodes) node.object.busy = true;
  assertEquals(b.take(32), "wait");
  a.turn();
  assertEquals([a.placed, b.placed, a.vram.isShrinking], [60, 0, true]);
  // It is held back for a while, and goes on for a while: what runs may wait for what does not.
  const held = Array.from({ length: 1500 }, () => (a.turn(), a.vram.isShrinking));
  assert(held.includes(true) && held.includes(false));
  for (const node of a.nodes) node.object.busy = false;
  pool.settle();
  assertEquals([b.placed, a.vram.isShrinking], [32, false]);
});

Deno.test("grants: reservations count for all; half of a segment may be reserved", () => {
  const pool = new Pool(64), a = new Peer(pool), b = new Peer(pool);
  a.vram.reserve(a.client, 0, 24 * PAGE);
  pool.ledger.refresh(b);
  assertEquals(b.vram.reservable(b.client, 0), 8 * PAGE);
  assertEquals(errno(() => b.vram.reserve(b.client, 0, 9 * PAGE)), "EINVAL");
  b.vram.reserve(b.client, 0, 8 * PAGE);
  assertEquals([a.budget, b.budget], [56, 40]);
  // Half of what is not reserved, and what is.
  for (let i = 0; i < 10; i++) b.take(4);
  assertEquals([b.placed, a.take(40)], [40, "wait"]);
  pool.settle();
  assertEquals([a.placed, b.placed], [40, 24]);
  pool.kill(a);
  pool.ledger.refresh(b);
  assertEquals(b.vram.reservable(b.client, 0), 32 * PAGE);
});

Deno.test("grants: the next segment comes before what others would have to give", () => {
  const pool = new Pool(32, 32), a = new Peer(pool), b = new Peer(pool);
  assertEquals([a.take(30), b.take(16)], ["done", "done"]);
  assertEquals([b.nodes[0].segment, a.placed], [1, 30]);
});

Deno.test("grants: what was granted is not taken away again before who asked for it has tried", () => {
  const pool = new Pool(64, 32), [first, a, b] = [0, 1, 2].map(() => new Peer(pool));
  assertEquals([a.take(14), a.take(35), b.take(22)], ["done", "done", "done"]);
  assertEquals(first.take(16), "wait");
  pool.settle(); // displaced objects go from segment to segment, and come to an end
  assertEquals([first.placed, a.placed, b.placed], [16, 49, 0]);
  pool.check();
});

Deno.test("ledger: who keeps what is not its own is ended, and the memory is there at once", () => {
  const pool = new Pool(64), liar = new Peer(pool), b = new Peer(pool);
  assertEquals([liar.take(60), b.take(30)], ["done", "wait"]);
  // Deaf: time runs out.
  pool.now = 5e9;
  assertEquals(pool.ledger.overdue(5e9), []);
  pool.now = 5e9 + 1;
  assertEquals(pool.ledger.overdue(5e9), [liar]);
  assertEquals(liar.verdict, "it does not give back memory that is not its own");
  pool.kill(liar);
  pool.settle();
  assertEquals(b.placed, 30);
});

Deno.test("ledger: who says that it has come down and has not is ended; within its share it is left alone", () => {
  for (const [pages, ended] of [[60, true], [32, false]] as const) {
    const pool = new Pool(64), liar = new Peer(pool), b = new Peer(pool);
    assertEquals(liar.take(pages), "done");
    if (!ended) Atomics.store(liar.words, wordOf(0, 0, words.WANTED), 0); // it says that nobody wants it
    assertEquals(b.take(ended ? 30 : 40), "wait");
    Atomics.store(liar.words, words.YIELDED, Atomics.load(liar.words, words.LIMITS));
    Atomics.store(liar.words, wordOf(0, 0, words.HOLD), words.POOL_MAX);
    Atomics.add(liar.words, words.ASK, 1);
    pool.ledger.hear(liar);
    assertEquals(liar.verdict !== "", ended);
    if (ended) pool.kill(liar);
    else liar.grants.poll = () => false;
    pool.settle();
    assertEquals(b.placed, ended ? 30 : 0); // without more than a share it is refused, not kept waiting
    pool.check();
  }
});

Deno.test("ledger: a broker that does not answer keeps nobody: what was asked comes later", () => {
  const pool = new Pool(64), a = new Peer(pool);
  a.heard = false;
  assertEquals(a.take(10), "wait");
  a.heard = true;
  pool.ledger.hear(a);
  pool.settle();
  assertEquals(a.placed, 10);
});

Deno.test("ledger: in any order nobody has more than is granted, nor all more than there is, and nobody waits for ever", () => {
  const step = fc.record({
    who: fc.nat(3),
    what: fc.constantFrom("take", "take", "release", "free", "turn", "busy", "idle", "kill", "reserve"),
    pages: fc.integer({ min: 1, max: 40 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, two) => {
      const pool = two ? new Pool(64, 32) : new Pool(64);
      for (let i = 0; i < 4; i++) new Peer(pool);
      for (const { who, what, pages } of steps) {
        const peer = pool.peers[who % pool.peers.length];
        const node = peer.nodes[pages % Math.max(1, peer.nodes.length)];
        if (what === "take") peer.take(pages);
        else if (what === "turn") peer.turn();
        else if (what === "kill" && pages < 4 && pool.peers.length > 1) {
          pool.kill(peer);
          new Peer(pool);
        } else if (what === "reserve") {
          try {
            peer.vram.reserve(peer.client, 0, pages * PAGE);
          } catch (error) {
            if (!(error instanceof DrmError)) throw error;
          }
        } else if (node === undefined) continue;
        else if (what === "release") peer.vram.unpin(peer.client, node, true);
        else if (what === "busy") node.object.busy = true;
        else if (what === "idle") node.object.busy = false;
        else if (what === "free") {
          peer.vram.remove(node);
          peer.nodes.splice(peer.nodes.indexOf(node), 1);
        }
        pool.check();
      }
      for (const { nodes } of pool.peers) for (const node of nodes) node.object.busy = false;
      pool.settle();
      pool.check();
      for (const peer of pool.peers) assertEquals(peer.verdict, "");
      // Who wants no more than its share has it.
      const [first] = pool.peers;
      for (const node of first.nodes.splice(0)) first.vram.remove(node);
      for (const peer of pool.peers) {
        try {
          peer.vram.reserve(peer.client, 0, 0);
        } catch (error) {
          if (!(error instanceof DrmError)) throw error;
        }
      }
      pool.settle();
      assert(["done", "wait"].includes(String(first.take(16))));
      pool.settle();
      assertEquals(first.placed, 16);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("ledger: random words of a process that was taken over cost nobody else his share", () => {
  const word = fc.oneof(fc.nat(80), fc.constantFrom(0xffff_ffff, 0xffff_fffe, 0x8000_0000), fc.nat(0xffff_ffff));
  const attack = fc.array(fc.record({ at: fc.nat(40), value: word }), { maxLength: 12 });
  fc.assert(
    fc.property(fc.array(attack, { maxLength: 30 }), (attacks) => {
      const pool = new Pool(64, 64), bad = new Peer(pool), good = new Peer(pool);
      bad.grants.poll = () => false;
      for (const [i, list] of attacks.entries()) {
        for (const { at, value } of list) Atomics.store(bad.words, at, value);
        Atomics.add(bad.words, words.ASK, 1);
        pool.ledger.hear(bad);
        if (i % 3 === 0) good.take(2);
        if (i % 5 === 0) good.release(i % Math.max(1, good.nodes.length));
        good.turn();
        assert(pool.ledger.granted(bad) + pool.ledger.granted(good) <= 128 * PAGE);
      }
      for (const node of good.nodes.splice(0)) good.vram.remove(node);
      pool.settle();
      const answer = good.take(16);
      assert(answer === "done" || answer === "wait");
      pool.now += 10e9;
      for (const late of pool.ledger.overdue(5e9)) pool.kill(late);
      pool.settle();
      assertEquals(good.placed, 16);
    }),
    { numRuns: 1000 },
  );
});
