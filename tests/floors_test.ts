import { assertArrayIncludes, assertEquals, assertGreater } from "@std/assert";
import { type Names, reach, type Source, violations } from "./floors.ts";

const root = new URL("..", import.meta.url);
const names: Names = JSON.parse(Deno.readTextFileSync(new URL("deno.json", root)));

function* files(folder: string): Generator<Source> {
  for (const entry of Deno.readDirSync(new URL(folder, root))) {
    const path = folder + entry.name;
    if (entry.name.startsWith(".") || entry.name === "node_modules" || path === "out") continue;
    if (entry.isDirectory) yield* files(`${path}/`);
    else if (/\.[cm]?[jt]sx?$/.test(entry.name)) yield { path, text: Deno.readTextFileSync(new URL(path, root)) };
  }
}

Deno.test("floors: imports run downwards, slots are apart, FFI stays in its folders", () => {
  const sources = [...files("")];
  assertGreater(sources.length, 20);
  assertEquals(violations(sources, names), []);
});

/** The one line of code a file consists of, and part of what is said about it; nothing if it is allowed. */
const CASES: readonly [path: string, text: string, said?: string][] = [
  ["uapi/a.ts", 'import { b } from "./b.ts";'],
  ["uapi/a.ts", 'import { b } from "../core/b.ts";', "imports go down"],
  ["uapi/a.ts", 'import type { b } from "../core/b.ts";', "imports go down"],
  ["uapi/a.ts", 'export * from "../core/b.ts";', "imports go down"],
  ["uapi/a.ts", 'const b = await import("../core/b.ts");', "imports go down"],
  ["uapi/a.ts", 'type B = import("../core/b.ts").B;', "imports go down"],
  ["uapi/a.ts", 'import "../core/b.ts";', "imports go down"],
  ["uapi/a.ts", "import {\n  b, // from\n  c,\n}\nfrom '../core/b.ts';", "imports go down"],
  ["uapi/a.ts", 'import { x } from "node:util";', "language alone"],
  ["core/a.ts", 'import { b } from "../uapi/b.ts"; import { c } from "./kms/c.ts";'],
  ["core/kms/a.ts", 'import { b } from "../../drivers/os/b.ts";', "imports go down"],
  ["core/a.ts", 'import { b } from "../mod.ts";', "imports go down"],
  ["core/a.ts", 'new Worker(new URL("../drivers/os/w.ts", import.meta.url), { type: "module" });', "imports go down"],
  ["core/a.ts", 'new Worker(import.meta.resolve("../drivers/os/w.ts"));', "imports go down"],
  ["core/a.ts", 'const u = new URL("../tests/data/a.bin", import.meta.url);'],
  ["core/a.ts", "const m = await import(name);", "no literal"],
  ["core/a.ts", "const m = await import(`./${name}.ts`);", "no literal"],
  ["core/a.ts", "Deno.dlopen(path, {});", "Deno.dlopen outside"],
  ["core/a.ts", 'Deno["dlopen"](path, {});', "not written out"],
  ["core/a.ts", "const D = Deno; D.dlopen(path, {});", "not written out"],
  ["core/a.ts", 'import { b } from "udrm/uapi/b.ts";', "imports are relative"],
  ["core/a.ts", 'import { b } from "../../elsewhere.ts";', "leaves the project"],
  ["core/a.ts", 'import { b } from "jsr:@std/assert";', "neither in the project"],
  ["core/a.ts", 'import { b } from "https://x/y.ts";', "neither in the project"],
  ["core/a.ts", 'import { b } from "./a_test.ts";', "only tests"],
  ["core/a_test.ts", 'import { b } from "./a.ts"; import { assert } from "@std/assert"; import fc from "fast-check";'],
  ["core/a_test.ts", 'import { b } from "../drivers/os/mod.ts";', "without permissions"],
  ["core/a.ts", '/** import { b } from "../drivers/b.ts"; */ // import "../drivers/b.ts";'],
  ["core/a.ts", 'const text = `import { b } from "../drivers/b.ts";`; const s = "import \'../drivers/b.ts\'";'],
  ["core/a.ts", 'const t = `${f({ a: `x` })}`; import { b } from "../drivers/b.ts";', "imports go down"],
  ["core/a.ts", 'const r = /["`]/.test(x) || a / b / c; import { b } from "../drivers/b.ts";', "imports go down"],
  ["drivers/gpu/vgem/a.ts", 'import "../../../core/b.ts"; import "../../os/c.ts"; import "../common.ts";'],
  ["drivers/gpu/vgem/a.ts", 'import { b } from "../../bus/virtqueue/mod.ts";', "slot gpu may not know slot bus"],
  [
    "drivers/gpu/virtio_gpu/a.ts",
    'import type { b } from "../../host/virtio_gpu/mod.ts";',
    "slot gpu may not know slot host",
  ],
  ["drivers/gpu/virtio_gpu/a_test.ts", 'import { b } from "../../host/virtio_gpu/mod.ts";'],
  ["drivers/gpu/vgem/a.ts", 'import { b } from "../../../mod.ts";', "imports go down"],
  ["drivers/os/a.ts", 'import { b } from "../gpu/b.ts";', "slot os may not know slot gpu"],
  ["drivers/host/virtio_gpu/a.ts", 'import "../render/soft2d/mod.ts"; import "../vulkan/b.ts";'],
  ["drivers/host/virtio_gpu/a.ts", 'import { b } from "../dxg/b.ts";', "apart"],
  ["drivers/host/render/soft2d/a.ts", 'import { b } from "../../virtio_gpu/b.ts";', "apart"],
  ["drivers/host/render/soft2d/a.ts", 'import { b } from "../vulkan2d/b.ts";', "renderer soft2d may not know vulkan2d"],
  ["drivers/host/render/virgl/a.ts", 'import "../../shader/tgsi/b.ts"; import "../renderer.ts"; import "./c.ts";'],
  ["drivers/host/shader/a.ts", 'import { b } from "../render/b.ts";', "the order is"],
  ["drivers/host/vulkan/a.ts", 'import { b } from "../shader/b.ts";', "the order is"],
  ["drivers/host/vulkan/a.ts", "Deno.dlopen(path, {}); Deno.UnsafePointer.of(x);"],
  ["drivers/host/render/virgl/a.ts", "Deno.UnsafePointerView.getArrayBuffer(p, 1);", "Deno.UnsafePointerView outside"],
  ["drivers/display/png/a.ts", 'import { encode } from "fast-png"; import { x } from "node:zlib";'],
  ["drivers/display/web/a.ts", 'import { encode } from "fast-png";', "no place here"],
  ["drivers/display/web/a.ts", 'import { encode } from "npm:left-pad@1";', "not one of those chosen"],
  ["mod.ts", 'import "./drivers/gpu/vgem/mod.ts"; import "./cli/b.ts";'],
  ["mod.ts", 'import "./examples/b.ts";', "imports go down"],
  ["cli/main.ts", 'import { b } from "../tests/b.ts";', "only tests"],
  ["examples/a.ts", 'import { b } from "@udrm/udrm/uapi";'],
  ["examples/a.ts", 'import { b } from "@udrm/udrm/nothing";', "is not exported"],
  ["examples/a.ts", "Deno.dlopen(path, {});", "Deno.dlopen outside"],
  ["tests/bench/a.ts", "Deno.dlopen(path, {});"],
];

Deno.test("floors: each rule is seen broken and seen kept", () => {
  for (const [path, text, said] of CASES) {
    const found = violations([{ path, text }], names);
    const expected = said === undefined ? "nothing" : `one sentence with "${said}"`;
    const right = said === undefined ? found.length === 0 : found.length === 1 && found[0].includes(said);
    assertEquals(right, true, `${path}: ${text}\nexpected ${expected}, there is ${JSON.stringify(found)}`);
  }
});

const entryPoints = Object.values(names.exports).filter((path) => {
  try {
    return Deno.statSync(new URL(path, root)).isFile;
  } catch {
    return false;
  }
});

async function deno(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: root }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

Deno.test("floors: what Deno itself finds in the project is found", async () => {
  for (const path of [...entryPoints, "tests/run.ts", "cli/setup.ts"]) {
    const graph: { modules: { specifier: string; dependencies?: { specifier: string }[] }[] } = JSON.parse(
      await deno("info", "--json", path),
    );
    for (const { specifier, dependencies } of graph.modules) {
      if (!specifier.startsWith("file:") || dependencies === undefined) continue;
      const found = reach(Deno.readTextFileSync(new URL(specifier))).imports;
      assertArrayIncludes(found, dependencies.map((dependency) => dependency.specifier), specifier);
    }
  }
});

Deno.test("floors: every entry point loads without any permission", async () => {
  assertGreater(entryPoints.length, 0);
  const code = entryPoints.map((path) => `import ${JSON.stringify(new URL(path, root).href)};`).join("\n");
  await deno("run", "--no-prompt", "--no-check", `data:application/typescript,${encodeURIComponent(code)}`);
});
