import "../../../os/testing.ts";
import { assert, assertEquals } from "@std/assert";
import { DxpWriter } from "../../../../uapi/dxp_encode.ts";
import * as isa from "../../../../uapi/dxp_isa.ts";
import { testShader } from "../../shader/spirv_check/testing.ts";
import { type Bench, DATA, withPackets } from "./testing.ts";

const ALL = isa.DXP_STAGE_ALL;

/** A table of storage buffers: bindings 0, 1, ... */
function table(bench: Bench, ranges: readonly (readonly [va: number, size: number])[]): number {
  const words = new Uint32Array(ranges.length * 16);
  ranges.forEach(([va, size], i) =>
    words.set([1, i, va % 2 ** 32, Math.floor(va / 2 ** 32), size % 2 ** 32, Math.floor(size / 2 ** 32)], i * 16)
  );
  return bench.put(words);
}

function setUp(bench: Bench, name: "add.comp" | "matmul.comp" | "flow.comp", constants: number[] = []): DxpWriter {
  const code = testShader(name);
  return new DxpWriter().put(isa.DXP_SET_COMPUTE, [bench.put(code), code.byteLength], constants);
}

Deno.test("DISPATCH adds vectors, with a workgroup's size and a length that are given", () => {
  withPackets((bench) => {
    const { floats } = bench.data;
    for (let i = 0; i < 2048; i++) floats[i] = i;
    for (const [size, groups] of [[64, 16], [32, 32], [1000, 2]]) {
      floats.fill(-1, 2048, 4096);
      const w = setUp(bench, "add.comp", [0, size]);
      w.put(isa.DXP_SET_TABLE, [table(bench, [[DATA, 4096], [DATA + 4096, 4096], [DATA + 8192, 8192]]), 3]);
      w.put(isa.DXP_SET_CONSTANTS, [0], [1000]).put(isa.DXP_DISPATCH, [groups, 1, 1]).end();
      assertEquals(bench.run(w), undefined);
      for (let i = 0; i < 1024; i++) assertEquals(floats[2048 + i], i < 1000 ? i + 1024 + i : -1, `${size} ${i}`);
    }
  });
});

Deno.test("a matrix product of 64^3 is exact, from memory that only the GPU reaches", () => {
  withPackets((bench) => {
    const n = 64, bytes = n * n * 4;
    const device = bench.engine.createMemory(bytes * 3), va = 0x1_0000_0000;
    bench.space.map(va, device);
    const a = Float32Array.from({ length: n * n }, (_, i) => (i * 7) % 13 - 6);
    const b = Float32Array.from({ length: n * n }, (_, i) => (i * 5) % 11 - 5);
    bench.data.floats.set(a);
    bench.data.floats.set(b, n * n);
    const w = setUp(bench, "matmul.comp");
    w.put(isa.DXP_COPY_LINEAR, [va, DATA, bytes * 2]).put(isa.DXP_BARRIER, [1, 2]);
    w.put(isa.DXP_SET_TABLE, [table(bench, [[va, bytes], [va + bytes, bytes], [va + 2 * bytes, bytes]]), 3]);
    w.put(isa.DXP_SET_CONSTANTS, [0], [n]).put(isa.DXP_DISPATCH, [n / 8, n / 8, 1]).put(isa.DXP_BARRIER, [2, 1]);
    w.put(isa.DXP_COPY_LINEAR, [DATA + 2 * bytes, va + 2 * bytes, bytes]).end();
    assertEquals(bench.run(w), undefined);
    for (let y = 0; y < n; y++) {
      for (let x = 0; x < n; x++) {
        let sum = 0;
        for (let k = 0; k < n; k++) sum += a[y * n + k] * b[k * n + x];
        assertEquals(bench.data.floats[2 * n * n + y * n + x], sum);
      }
    }
    device[Symbol.dispose]();
  });
});

/** What flow.comp computes: indices beyond an array are clamped. */
function flow(v: number): number {
  const y = [v, 1, 2], lookup = [1, 2, 3, 5, 8];
  let x = v;
  const walk = (n: number): number => {
    for (let i = 0; i < n; i++) {
      if (i === 3) continue;
      y[i % 3] += i;
      if (x++ > 20) return y[0];
      let k = i;
      do {
        k -= 2;
        if (k === 1) break;
      } while (k > 0);
      x += k;
    }
    return x;
  };
  switch (v & 3) {
    case 0:
      x = walk(4);
      break;
    case 1:
    case 2:
      for (let i = 0; i < 4; i++) {
        const end = walk(i);
        x += end;
      }
      break;
    default:
      y.splice(0, 3, Math.trunc(v / 3), v % 5, -v);
  }
  const bits = (n: number) => n.toString(2).replaceAll("0", "").length;
  return x + y[2] + lookup[Math.min(v, 4)] + (v > 5 ? bits(v) : v === 0 ? -1 : 31 - Math.clz32(v));
}

Deno.test("a shader's flow and arrays are as a model's, and indices beyond an array do no harm", () => {
  withPackets((bench) => {
    const count = 64, int = new Int32Array(bench.data.words.buffer, bench.data.words.byteOffset);
    for (let i = 0; i < count; i++) int[i] = i;
    const w = setUp(bench, "flow.comp");
    w.put(isa.DXP_SET_TABLE, [table(bench, [[DATA, 4 * count], [DATA + 4096, 4 * count]]), 2]);
    w.put(isa.DXP_DISPATCH, [count / 8, 1, 1]).end();
    assertEquals(bench.run(w), undefined);
    for (let i = 0; i < count; i++) assertEquals(int[1024 + i], flow(i), `${i}`);
    // A walk far beyond.
    for (let i = 0; i < count; i++) int[i] = (i * 0x1357_9bdf) | 0;
    assertEquals(bench.run(w), undefined);
  });
});

Deno.test("DISPATCH_INDIRECT takes counts that the GPU wrote before, and no more than there may be", () => {
  withPackets((bench) => {
    const { floats } = bench.data;
    const args = DATA + 0x20000;
    const build = (counts: number[]) => {
      floats.fill(1, 0, 2048).fill(0, 2048, 4096);
      const w = setUp(bench, "add.comp").put(isa.DXP_WRITE, [args], counts).put(isa.DXP_BARRIER, [ALL, ALL]);
      w.put(isa.DXP_SET_TABLE, [table(bench, [[DATA, 4096], [DATA + 4096, 4096], [DATA + 8192, 4096]]), 3]);
      return w.put(isa.DXP_SET_CONSTANTS, [0], [4096]).put(isa.DXP_DISPATCH_INDIRECT, [args]).end();
    };
    assertEquals(bench.run(build([3, 1, 1])), undefined);
    assertEquals([floats[2048], floats[2048 + 191], floats[2048 + 192]], [2, 2, 0]);
    assertEquals(bench.run(build([0, 7, 1])), undefined);
    assertEquals(floats[2048], 0);
    const fault = bench.run(build([0x1_0000, 1, 1]));
    assertEquals([fault?.kind, floats[2048]], ["packet", 0]);
  });
});

/** Wrong tables: entries of binding 0, and what is said. */
const tables: readonly (readonly [string, readonly number[], "page" | "packet"])[] = [
  ["no entry for it", [0], "packet"],
  ["another kind", [2, 0, DATA, 0, 4096, 0], "packet"],
  ["an unknown kind", [5, 0, DATA, 0, 4096, 0], "packet"],
  ["a reserved word", [1, 0, DATA, 0, 4096, 0, 0, 0, 0, 0, 0, 1], "packet"],
  ["a word of pictures", [1, 0, DATA, 0, 4096, 0, 1], "packet"],
  ["no alignment", [1, 0, DATA + 4, 0, 4096, 0], "packet"],
  ["no size", [1, 0, DATA, 0, 0, 0], "packet"],
  ["too large a size", [1, 0, DATA, 0, 0, 1], "packet"],
  ["a binding beyond", [1, 64, DATA, 0, 4096, 0], "packet"],
  ["nothing there", [1, 0, 0x5000, 0, 4096, 0], "page"],
  ["a range that reaches out", [1, 0, DATA + 0xff000, 0, 8192, 0], "page"],
];

Deno.test("a table that is wrong ends the job before anything is recorded", () => {
  withPackets((bench) => {
    for (const [name, entry, kind] of tables) {
      const words = new Uint32Array(48);
      words.set(entry);
      words.set([1, 1, DATA, 0, 4096, 0], 16);
      words.set([1, 2, DATA + 4096, 0, 4096, 0], 32);
      const w = setUp(bench, "add.comp").put(isa.DXP_SET_TABLE, [bench.put(words), 3]).put(isa.DXP_DISPATCH, [1, 1, 1])
        .end();
      const queue = bench.engine.createQueue(0, 0);
      assertEquals(bench.run(w, queue)?.kind, kind, name);
      queue[Symbol.dispose]();
    }
    // The control: the same with a good entry.
    const good = table(bench, [[DATA, 4096], [DATA, 4096], [DATA + 4096, 4096]]);
    assertEquals(
      bench.run(setUp(bench, "add.comp").put(isa.DXP_SET_TABLE, [good, 3]).put(isa.DXP_DISPATCH, [1, 1, 1]).end()),
      undefined,
    );
  });
});

Deno.test("a buffer that ends early reads as zero and takes nothing: access is robust", () => {
  withPackets((bench) => {
    const { floats } = bench.data;
    floats.fill(5, 0, 8192);
    const w = setUp(bench, "add.comp");
    w.put(isa.DXP_SET_TABLE, [table(bench, [[DATA, 256], [DATA + 4096, 4096], [DATA + 8192, 512]]), 3]);
    w.put(isa.DXP_SET_CONSTANTS, [0], [1024]).put(isa.DXP_DISPATCH, [16, 1, 1]).end();
    assertEquals(bench.run(w), undefined);
    assertEquals([floats[2048], floats[2048 + 63], floats[2048 + 64], floats[2048 + 127]], [10, 10, 5, 5]);
    assert(floats.subarray(2048 + 128, 8192).every((value) => value === 5));
  });
});

Deno.test("pictures are sampled, fetched, read and written through a table", () => {
  withPackets((bench) => {
    const n = 8, code = testShader("images.comp");
    const source = DATA + 0x1000,
      target = DATA + 0x2000,
      counts = DATA + 0x3000,
      uniform = DATA + 0x4000,
      buffer = DATA + 0x5000;
    const { bytes, words, floats } = bench.data;
    for (let i = 0; i < n * n * 4; i++) bytes[0x1000 + (Math.floor(i / 32) * 64) + i % 32] = i;
    words.fill(3, 0x3000 / 4, 0x3000 / 4 + n * n);
    // The identity, and k = 0, z = 0.
    floats.fill(0, 0x4000 / 4, 0x4000 / 4 + 32);
    for (let i = 0; i < 4; i++) floats[0x4000 / 4 + i * 5] = 1;
    words.fill(0, 0x5000 / 4, 0x5000 / 4 + 256);
    const entries = new Uint32Array(5 * 16);
    entries.set([3, 0, source, 0, 0, 0, 1, n, n, 64, 4 | 8], 0);
    entries.set([4, 1, target, 0, 0, 0, 1, n, n, 48], 16);
    entries.set([4, 2, counts, 0, 0, 0, 8, n, n, 32], 32);
    entries.set([2, 3, uniform, 0, 128, 0], 48);
    entries.set([1, 4, buffer, 0, 16 + 16 * n, 0], 64);
    const w = new DxpWriter().put(isa.DXP_SET_COMPUTE, [bench.put(code), code.byteLength]);
    w.put(isa.DXP_SET_TABLE, [bench.put(entries), 5]).put(isa.DXP_DISPATCH, [1, 1, 1]).end();
    assertEquals(bench.run(w), undefined);
    for (let y = 0; y < n; y++) {
      for (let x = 0; x < n; x++) {
        for (let c = 0; c < 4; c++) {
          assertEquals(bytes[0x2000 + y * 48 + x * 4 + c], bytes[0x1000 + y * 64 + x * 4 + c], `${x} ${y} ${c}`);
        }
        assertEquals(words[0x3000 / 4 + y * n + x], 3 + n);
      }
      // Between the rows of a picture nothing is touched.
      if (y < n - 1) {
        assertEquals([...bytes.subarray(0x2000 + y * 48 + 32, 0x2000 + y * 48 + 48)], new Array(16).fill(0));
      }
    }
    assertEquals(words[0x5000 / 4], n * n);
    // A picture of another format than the shader declares.
    entries[16 + 6] = 7;
    const queue = bench.engine.createQueue(0, 0);
    const bad = new DxpWriter().put(isa.DXP_SET_COMPUTE, [bench.put(code), code.byteLength]);
    bad.put(isa.DXP_SET_TABLE, [bench.put(entries), 5]).put(isa.DXP_DISPATCH, [1, 1, 1]).end();
    assertEquals(bench.run(bad, queue)?.kind, "packet");
  });
});
