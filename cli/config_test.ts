import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ConfigError, FORM, parseConfig } from "./config.ts";
import { readConfig } from "./config_file.ts";
import { configSchema } from "./config_schema.ts";

const root = new URL("../", import.meta.url);
const published = JSON.parse(Deno.readTextFileSync(new URL("config.schema.json", import.meta.url)));

Deno.test("config.schema.json is what udrm config --schema prints", () => {
  assertEquals(published, configSchema() as unknown);
});

type Part = Readonly<Record<string, unknown>>;

// JSON Schema, as far as it is used here: an unknown word is an error.
function accepts(schema: Part, value: unknown, whole: Part = schema): boolean {
  const of = typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : undefined;
  const words: Record<string, (word: never) => boolean> = {
    type: (type: string) =>
      type === "array"
        ? Array.isArray(value)
        : type === "object"
        ? of !== undefined
        : type === "integer"
        ? Number.isInteger(value)
        : type === (typeof value as string),
    properties: (members: Record<string, Part>) =>
      !of || of.every(([key, member]) => !Object.hasOwn(members, key) || accepts(members[key], member, whole)),
    additionalProperties: (allowed: boolean) =>
      allowed || !of || of.every(([key]) => Object.hasOwn(schema.properties as object, key)),
    required: (keys: string[]) => !of || keys.every((key) => Object.hasOwn(value as object, key)),
    items: (item: Part) => !Array.isArray(value) || value.every((element) => accepts(item, element, whole)),
    minItems: (least: number) => !Array.isArray(value) || value.length >= least,
    maxItems: (most: number) => !Array.isArray(value) || value.length <= most,
    minimum: (least: number) => typeof value !== "number" || value >= least,
    maximum: (most: number) => typeof value !== "number" || value <= most,
    enum: (values: unknown[]) => values.includes(value),
    const: (constant: unknown) => value === constant,
    pattern: (pattern: string) => typeof value !== "string" || new RegExp(pattern, "u").test(value),
    anyOf: (parts: Part[]) => parts.some((part) => accepts(part, value, whole)),
    $ref: (ref: string) => {
      const name = ref.replace("#/$defs/", "");
      return accepts((whole.$defs as Record<string, Part>)[name], value, whole);
    },
    description: () => true,
    title: () => true,
    $schema: () => true,
    $defs: () => true,
  };
  return Object.entries(schema).every(([word, argument]) => words[word](argument as never));
}

function fits(value: unknown): boolean {
  try {
    FORM.check("it", value);
    return true;
  } catch (error) {
    assert(error instanceof ConfigError, String(error));
    return false;
  }
}

const TEXTS = ["1920x1080", "640x480@75", "desk", "00".repeat(128), "x y"];

// Values that fit a schema, now and then with something else in one place.
function like(schema: Part, spoil: number): fc.Arbitrary<unknown> {
  const odd = fc.oneof(
    fc.jsonValue({ maxDepth: 1 }),
    fc.constantFrom(...TEXTS, "", -1, 0.5, 1001, 4097, 1e9, null, {}, [], "XR24", "1x1", true),
  );
  const right = ((): fc.Arbitrary<unknown> => {
    if (typeof schema.$ref === "string") {
      return like(published.$defs[schema.$ref.replace("#/$defs/", "")], spoil);
    }
    if (Array.isArray(schema.anyOf)) return fc.oneof(...schema.anyOf.map((part) => like(part, spoil)));
    if (Array.isArray(schema.enum)) return fc.constantFrom(...schema.enum);
    if ("const" in schema) return fc.constant(schema.const);
    switch (schema.type) {
      case "boolean":
        return fc.boolean();
      case "integer":
        return fc.integer({ min: Number(schema.minimum), max: Number(schema.maximum) });
      case "string": {
        const pattern = new RegExp(String(schema.pattern), "u");
        return fc.constantFrom(...TEXTS.filter((text) => pattern.test(text)));
      }
      case "array":
        return fc.array(like(schema.items as Part, spoil), { minLength: Number(schema.minItems), maxLength: 3 });
      default: {
        const members = schema.properties as Record<string, Part>;
        return fc.record(
          Object.fromEntries(Object.entries(members).map(([key, part]) => [key, like(part, spoil)])),
          { requiredKeys: (schema.required ?? []) as string[] },
        );
      }
    }
  })();
  return fc.oneof({ weight: spoil, arbitrary: right }, { weight: 1, arbitrary: odd });
}

for (const spoil of [10, 1000]) {
  Deno.test(`config.schema.json takes exactly what the parser takes (one place of ${spoil} spoilt)`, () => {
    let taken = 0, refused = 0;
    fc.assert(
      fc.property(like(published, spoil), (value) => {
        const json = JSON.parse(JSON.stringify(value));
        const right = fits(json);
        if (right) taken++;
        else refused++;
        assertEquals(accepts(published, json), right, JSON.stringify(json));
        if (right) return;
        assertThrows(() => parseConfig(json), ConfigError);
      }),
      { numRuns: 1500 },
    );
    assert(taken > 50 && refused > 50, `${taken} taken, ${refused} refused: too few to tell`);
  });
}

Deno.test("parseConfig: each broken rule names the place, and what may stand there", () => {
  for (
    const [config, message] of [
      [[], "it must be an object, not []"],
      [{ devices: [] }, "devices must be a list of 1 to 64, not []"],
      [{ devices: [{}] }, "devices[0].driver must be given"],
      [{ devices: [{ driver: "i915" }] }, "devices[0].driver must be a driver (virtio_gpu, vkms, vgem, dxg)"],
      [{ devices: [{ driver: "vgem" }], crtcs: [{}] }, "crtcs is unknown; it may have $schema, devices"],
      [{ driver: "vgem" }, 'driver must be a driver (vkms), not "vgem"'],
      [{ crtcs: [{ planes: [] }] }, "crtcs[0].planes must be a list of 1 to 32"],
      [
        { devices: [{ driver: "vgem" }, { driver: "vkms", crtcs: [{ planes: [{ type: "overlay" }] }] }] },
        "devices[1].crtcs[0].planes must be a list with one primary plane",
      ],
      [
        { devices: [{ driver: "virtio_gpu", renderer: "gl" }] },
        "devices[0].renderer must be a renderer (soft2d, vulkan2d, virgl)",
      ],
      [
        { devices: [{ driver: "virtio_gpu", gpu: "x" }] },
        "devices[0].gpu must be left out without the renderer vulkan2d or virgl",
      ],
      [
        { devices: [{ driver: "virtio_gpu", outputs: [{ mode: "9999x16" }] }] },
        "devices[0].outputs[0].mode must be from 32x32 to 8192x8192",
      ],
      [
        { devices: [{ driver: "vkms" }, { driver: "vgem", name: "vkms" }] },
        'devices[1].name must be a name that no other device has, not "vkms"',
      ],
      [
        { devices: [{ driver: "dxg" }, { driver: "dxg", gpu: "1" }] },
        "devices[1].driver must be another: there is one /dev/dxg",
      ],
      [{ devices: [{ driver: "dxg", renderer: "virgl" }] }, "devices[0].renderer is unknown"],
      [{ connectors: [{ edidFile: "x" }] }, "connectors[0].edidFile must be left out here"],
    ] as const
  ) {
    assertThrows(() => parseConfig(config, "screens.json"), ConfigError, `Cannot use screens.json: ${message}`);
  }
});

Deno.test("parseConfig gives each device a name, and takes what it gave", () => {
  const given = parseConfig({
    devices: [{ driver: "vkms" }, { driver: "vgem" }, { driver: "vkms" }, { driver: "vkms", name: "wall" }],
  });
  assertEquals(given.devices.map(({ name }) => name), ["vkms", "vgem", "vkms1", "wall"]);
  assertEquals(parseConfig(JSON.parse(JSON.stringify(given))), given);
  assertEquals(parseConfig({ overlays: 2, $schema: "x" }).devices, [{ driver: "vkms", name: "vkms", overlays: 2 }]);
});

Deno.test("readConfig: the examples, EDIDs beside the file, and what is wrong with a file by its name", async () => {
  assertEquals(readConfig(new URL("examples/screens.json", root).pathname).devices.map(({ driver }) => driver), [
    "vkms",
    "virtio_gpu",
    "vgem",
  ]);
  const { edidOf } = await import("../drivers/gpu/vkms/testing.ts");
  const folder = Deno.makeTempDirSync({ prefix: "udrm-config-" });
  const write = (value: unknown): string => {
    const file = `${folder}/screens.json`;
    Deno.writeTextFileSync(file, typeof value === "string" ? value : JSON.stringify(value));
    return file;
  };
  try {
    Deno.writeFileSync(`${folder}/monitor.edid`, edidOf());
    const [device] = readConfig(write({ connectors: [{ edidFile: "monitor.edid" }] })).devices;
    assertEquals(device.driver === "vkms" && device.connectors?.[0], { edid: edidOf().toHex() });
    for (
      const [config, message] of [
        ['{"crtcs": [}', "Cannot use FILE: Unexpected token"],
        [
          { connectors: [{ edidFile: "none" }] },
          `Cannot use FILE: connectors[0].edidFile names ${folder}/none: No such file`,
        ],
        [{ connectors: [{ edidFile: "screens.json" }] }, "screens.json, which is no EDID"],
        [{ connectors: [{ edidFile: "/dev/zero" }] }, "connectors[0].edidFile names /dev/zero: it is no file"],
        [{ connectors: [{ edidFile: "a", edid: edidOf().toHex() }] }, "edidFile must be left out where edid is given"],
      ] as const
    ) {
      const file = write(config);
      assertThrows(() => readConfig(file), ConfigError, message.replace("FILE", file));
    }
    assertThrows(() => readConfig(`${folder}/nothing.json`), ConfigError, "nothing.json: No such file");
    assertThrows(() => readConfig("/dev/zero"), ConfigError, "Cannot use /dev/zero: it is no file");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
