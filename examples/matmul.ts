/**
 * A matrix product as a compute shader. Each invocation keeps 8 rows of 16 columns in registers, so that there are many more
 * multiplications than loads; the invocations of a row read the same elements of A.
 * @module
 */

/** Rows that an invocation computes. */
const ROWS = 8;
/** Vectors of four columns that it computes, and invocations side by side. */
const VECTORS = 4, LANES = 8;
/** Columns of a workgroup. */
const COLUMNS = 4 * VECTORS * LANES;

/** What is multiplied. */
export interface MatmulOptions {
  /** Whether A is stored column by column: Aᵀ B. */
  readonly transposed?: boolean;
  /** What becomes of each vector of the result, WGSL in terms of `x`. */
  readonly then?: string;
  /** Rows of invocations in a workgroup, 1 by default. */
  readonly height?: number;
}

const times = (n: number, line: (i: number) => string): string =>
  Array.from({ length: n }, (_, i) => line(i)).join("\n");

/**
 * WGSL of C = A B: A is m x k, B k x n, C m x n, row by row. Bindings 0, 1, 2; push constants m, n, k. n is a multiple of
 * 128, m of 8 times `height`, k of 4.
 */
export function matmulSource({ transposed = false, then = "x", height = 1 }: MatmulOptions = {}): string {
  const rows = times(ROWS, (r) => times(VECTORS, (v) => `var c${r}_${v} = vec4f();`));
  const loadB = (u: number): string =>
    times(VECTORS, (v) => `let b${v} = b[(k + ${u}u) * (s.n / 4u) + column + ${v}u];`);
  const multiply = (a: (r: number) => string): string =>
    times(ROWS, (r) => times(VECTORS, (v) => `c${r}_${v} = fma(vec4f(${a(r)}), b${v}, c${r}_${v});`));
  const body = transposed
    ? times(4, (u) =>
      `{
        let a0 = a[((k + ${u}u) * s.m + row) / 4u];
        let a1 = a[((k + ${u}u) * s.m + row) / 4u + 1u];
        ${loadB(u)}
        ${multiply((r) => `a${r >> 2}[${r & 3}]`)}
      }`)
    : `${times(ROWS, (r) => `let a${r} = a[((row + ${r}u) * s.k + k) / 4u];`)}
       ${times(4, (u) => `{ ${loadB(u)} ${multiply((r) => `a${r}[${u}]`)} }`)}`;
  return `
    struct Size { m: u32, n: u32, k: u32 }
    var<immediate> s: Size;
    @group(0) @binding(0) var<storage, read> a: array<vec4f>;
    @group(0) @binding(1) var<storage, read> b: array<vec4f>;
    @group(0) @binding(2) var<storage, read_write> c: array<vec4f>;
    fn result(x: vec4f) -> vec4f { return ${then}; }
    @compute @workgroup_size(${LANES}, ${height})
    fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
      let row = (group.y * ${height}u + local.y) * ${ROWS}u;
      let column = (group.x * ${LANES}u + local.x) * ${VECTORS}u;
      ${rows}
      for (var k = 0u; k < s.k; k += 4u) { ${body} }
      ${
    times(ROWS, (r) => times(VECTORS, (v) => `c[(row + ${r}u) * (s.n / 4u) + column + ${v}u] = result(c${r}_${v});`))
  }
    }`;
}

/** Workgroups for a product of so many rows and columns. */
export function matmulGroups(m: number, n: number, height = 1): [number, number] {
  if (m % (ROWS * height) !== 0 || n % COLUMNS !== 0) throw new RangeError(`Cannot multiply to ${m} x ${n} elements`);
  return [n / COLUMNS, m / (ROWS * height)];
}
