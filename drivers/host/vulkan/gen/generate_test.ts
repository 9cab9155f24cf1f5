import { assertEquals, assertThrows } from "@std/assert";
import { cProgram } from "./c_check.ts";
import { constantLiteral } from "./emit_enum.ts";
import { generate, generatedFolder, registryPath } from "./generate.ts";
import { parseRegistry } from "./registry.ts";
import { select } from "./select.ts";

function committed(folder: URL, prefix: string, into: Map<string, string>): Map<string, string> {
  for (const entry of Deno.readDirSync(folder)) {
    const name = prefix + entry.name;
    if (entry.isDirectory) committed(new URL(`${entry.name}/`, folder), `${name}/`, into);
    else into.set(name, Deno.readTextFileSync(new URL(entry.name, folder)));
  }
  return into;
}

Deno.test("generated bindings are what the generator makes of Debian's vk.xml, byte for byte", () => {
  const fresh = generate(Deno.readTextFileSync(registryPath));
  const stored = committed(generatedFolder, "", new Map());
  assertEquals([...stored.keys()].sort(), [...fresh.keys()].sort());
  for (const [name, text] of fresh) {
    if (stored.get(name) !== text) {
      throw new Error(`generated/${name} differs: run deno task gen:vulkan with Debian's libvulkan-dev`);
    }
  }
});

Deno.test("generated bindings agree with gcc and vulkan_core.h in every size, offset, value and call shape", async () => {
  const header = Deno.readTextFileSync("/usr/include/vulkan/vulkan_core.h");
  const { source, facts } = cProgram(header);
  const folder = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${folder}/check.c`, source);
    const cc = await new Deno.Command("gcc", { args: ["-O0", "-w", "-o", `${folder}/check`, `${folder}/check.c`] })
      .output();
    assertEquals(cc.code, 0, new TextDecoder().decode(cc.stderr).slice(0, 4000));
    const run = await new Deno.Command(`${folder}/check`).output();
    assertEquals(run.code, 0);
    const seen = new Map<string, string>();
    for (const line of new TextDecoder().decode(run.stdout).trimEnd().split("\n")) {
      const match = /^(\S+(?: (?:size|align|offset|fits|bytes|call)(?= ))?) (.*)$/.exec(line);
      if (match !== null) seen.set(match[1], match[2]);
    }
    const wrong = [...facts].filter(([name, value]) => seen.get(name) !== value)
      .map(([name, value]) => `${name}: bindings ${value}, C ${seen.get(name)}`);
    assertEquals(wrong, []);
    assertEquals(seen.size, facts.size);
    if (facts.size < 5000) throw new Error(`only ${facts.size} facts were compared`);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("select refuses an extension that the registry does not have", () => {
  const registry = parseRegistry(Deno.readTextFileSync(registryPath));
  assertThrows(() => select(registry, ["VK_EXT_no_such_extension"]), Error, "Cannot generate VK_EXT_no_such_extension");
});

Deno.test("parseRegistry refuses text that is no registry", () => {
  assertThrows(() => parseRegistry("<a><b/></a>"), Error, "no <registry>");
});

Deno.test("constantLiteral reads the registry's C constants", () => {
  assertEquals(constantLiteral("(~0U)"), "0xffffffff");
  assertEquals(constantLiteral("(~0ULL)"), "0xffffffffffffffffn");
  assertEquals(constantLiteral("(~2U)"), "0xfffffffd");
  assertEquals(constantLiteral("1000.0F"), "1000");
  assertEquals(constantLiteral("256"), "256");
  assertThrows(() => constantLiteral("VK_TRUE"), Error, "Cannot generate a constant");
});
