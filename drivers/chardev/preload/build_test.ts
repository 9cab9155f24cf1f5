import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { BuildError, buildShim } from "./build.ts";

async function withCache(body: (folder: string) => Promise<void>): Promise<void> {
  const before = Deno.env.get("XDG_CACHE_HOME");
  const folder = Deno.makeTempDirSync({ prefix: "udrm-cache-" });
  Deno.env.set("XDG_CACHE_HOME", folder);
  try {
    await body(folder);
  } finally {
    if (before === undefined) Deno.env.delete("XDG_CACHE_HOME");
    else Deno.env.set("XDG_CACHE_HOME", before);
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("buildShim builds once, and leaves the library alone in the cache", async () => {
  await withCache(async (folder) => {
    const library = await buildShim();
    const { mtime } = Deno.statSync(library);
    assertEquals(await buildShim(), library);
    assertEquals(await buildShim("no-such-compiler"), library);
    assertEquals(Deno.statSync(library).mtime, mtime);
    assertEquals([...Deno.readDirSync(`${folder}/udrm`)].map(({ name }) => `${folder}/udrm/${name}`), [library]);
  });
});

Deno.test("buildShim says what to install where there is no compiler", async () => {
  await withCache(async (folder) => {
    const error = await assertRejects(() => buildShim("no-such-compiler"), BuildError);
    assertStringIncludes(error.message, "no-such-compiler");
    assertStringIncludes(error.message, "libc6-dev");
    assertEquals([...Deno.readDirSync(`${folder}/udrm`)], []);
  });
});

Deno.test("buildShim shows what the compiler says when it fails", async () => {
  await withCache(async (folder) => {
    const compiler = `${folder}/cc`;
    Deno.writeTextFileSync(compiler, "#!/bin/sh\necho shim.h: no such luck >&2\nexit 1\n", { mode: 0o755 });
    const error = await assertRejects(() => buildShim(compiler), BuildError);
    assert(error.message.includes("no such luck"));
  });
});

Deno.test("the client library compiles without a warning", () => {
  const folder = new URL("./shim/", import.meta.url).pathname;
  const sources = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(".c"));
  const { stderr } = new Deno.Command("cc", {
    args: ["-std=gnu11", "-O2", "-fPIC", "-shared", "-Wall", "-Wextra", "-o", "/dev/null", ...sources],
    cwd: folder,
  }).outputSync();
  assertEquals(new TextDecoder().decode(stderr), "");
});
