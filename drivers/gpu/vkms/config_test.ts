import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { parseVkmsConfig, parseVkmsMode } from "udrm/drivers/gpu/vkms/config.ts";

Deno.test("parseVkmsConfig gives what it was given", () => {
  const config = {
    extras: false,
    cursor: false,
    overlays: 30,
    cursorSize: 64,
    maxWidth: 10,
    maxHeight: 16384,
    formats: ["XR24", "R8", "NV12"],
    crtcs: [{ planes: [{ type: "primary", formats: ["AR24"] }], gammaSize: 0, degammaSize: 4096, ctm: true }, {}],
    connectors: [{ type: "DP", crtcs: [0, 1], connected: false, modes: ["1920x1080@144", "640x480"] }, {}],
  };
  assertEquals(parseVkmsConfig(JSON.parse(JSON.stringify(config))), config as ReturnType<typeof parseVkmsConfig>);
  assertEquals(parseVkmsConfig({}), {});
});

// Each breaks one rule; the message names the place.
const WRONG: readonly [config: unknown, message: string][] = [
  [null, "it must be an object, not null"],
  [[], "it must be an object, not []"],
  [{ overlay: 1 }, "overlay is unknown; it may have extras, cursor"],
  [{ extras: 1 }, "extras must be true or false, not 1"],
  [{ cursor: "yes" }, 'cursor must be true or false, not "yes"'],
  [{ overlays: -1 }, "overlays must be a whole number from 0 to 30"],
  [{ overlays: 1.5 }, "overlays must be a whole number"],
  [{ cursorSize: 63 }, "cursorSize must be a whole number from 64 to 512"],
  [{ maxWidth: 16385 }, "maxWidth must be"],
  [{ maxHeight: 9 }, "maxHeight must be"],
  [{ formats: [] }, "formats must be a list of 1"],
  [{ formats: ["C8"] }, "formats[0] must be one of the fourcc codes (AR24, "],
  [{ crtcs: {} }, "crtcs must be a list of 1 to 32"],
  [{ crtcs: new Array(33).fill({}) }, "crtcs must be a list of 1 to 32"],
  [{ crtcs: [{ gammaSize: 4097 }] }, "crtcs[0].gammaSize must be"],
  [{ crtcs: [{ planes: [{}] }] }, "crtcs[0].planes[0].type must be given"],
  [{ crtcs: [{ planes: [{ type: "sprite" }] }] }, "crtcs[0].planes[0].type must be a type of plane"],
  [{ crtcs: [{ planes: [{ type: "overlay" }] }] }, "crtcs[0].planes must be a list with one primary plane"],
  [
    { crtcs: [{ planes: [{ type: "primary" }, { type: "cursor" }, { type: "cursor" }] }] },
    "crtcs[0].planes must be a list with one cursor plane at most",
  ],
  [{ overlays: 15, crtcs: [{}, {}] }, "the number of planes of all crtcs must be at most 32, not 34"],
  [{ connectors: [{ type: "Writeback" }] }, "connectors[0].type must be a type of connector"],
  [{ connectors: [{ crtcs: [1] }] }, "connectors[0].crtcs[0] must be less than 1, not 1"],
  [{ connectors: [{ crtcs: [] }] }, "connectors[0].crtcs must be a list of 1"],
  [{ connectors: [{ modes: ["1920"] }] }, "connectors[0].modes[0] must be a mode like"],
  [{ connectors: [{ modes: ["8x8"] }] }, "connectors[0].modes[0] must be from 16x10"],
  [{ connectors: [{ modes: ["99999x10"] }] }, "connectors[0].modes[0] must be from 16x10"],
  [{ connectors: [{ modes: [60] }] }, "connectors[0].modes[0] must be a mode like"],
];

for (const [config, message] of WRONG) {
  Deno.test(`parseVkmsConfig: ${message.slice(0, 90)}`, () => {
    assertThrows(() => parseVkmsConfig(config), TypeError, `Cannot use vkms configuration: ${message}`);
  });
}

Deno.test("parseVkmsConfig takes any JSON, or refuses it with a TypeError", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom("crtcs", "connectors", "formats", "overlays"), (value, key) => {
      for (const config of [value, { [key]: value }, { [key]: [value] }]) {
        try {
          parseVkmsConfig(config);
        } catch (error) {
          assertEquals(error instanceof TypeError, true);
        }
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("parseVkmsMode: size and rate, 60 by default", () => {
  assertEquals(parseVkmsMode("640x480"), { width: 640, height: 480, refresh: 60 });
  assertEquals(parseVkmsMode("3840x2160@144"), { width: 3840, height: 2160, refresh: 144 });
  for (const text of ["", "640x", "640x480@0", "0640x480", "640x480@60 ", "640x480@1000", "-1x480"]) {
    assertThrows(() => parseVkmsMode(text), TypeError, "a mode must be");
  }
});
