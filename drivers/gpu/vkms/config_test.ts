import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { parseVkmsConfig, parseVkmsEdid, parseVkmsMode, vkmsEdidText } from "udrm/drivers/gpu/vkms/config.ts";
import { edidOf } from "udrm/drivers/gpu/vkms/testing.ts";

const EDID = vkmsEdidText(edidOf());

Deno.test("parseVkmsConfig gives what it was given", () => {
  const config = {
    extras: true,
    cursor: false,
    overlays: 30,
    cursorSize: 64,
    maxWidth: 10,
    maxHeight: 16384,
    formats: ["XR24", "R8", "NV12"],
    refresh: 1000,
    name: "my-vkms_0",
    encoders: [{ crtcs: [1, 0] }, {}],
    crtcs: [{
      planes: [{ type: "primary", zpos: 3, rotations: ["rotate-0", "reflect-x"], formats: ["AR24"] }],
      gammaSize: 0,
      degammaSize: 4096,
      ctm: true,
    }, {}],
    connectors: [{
      type: "DP",
      encoders: [0, 1],
      status: "disconnected",
      edid: EDID,
      modes: ["1920x1080@144", "640x480"],
    }, {}],
  };
  assertEquals(parseVkmsConfig(JSON.parse(JSON.stringify(config))), config as ReturnType<typeof parseVkmsConfig>);
  assertEquals(parseVkmsConfig({}), {});
});

// Each breaks one rule; the message names the place.
const WRONG: readonly [config: unknown, message: string][] = [
  [null, "it must be an object, not null"],
  [[], "it must be an object, not []"],
  [{ overlay: 1 }, "overlay is unknown; it may have name, extras, cursor"],
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
  [{ overlays: 15, crtcs: [{}, {}] }, "crtcs must be CRTCs with at most 32 planes together, not 34"],
  [{ connectors: [{ type: "Writeback" }] }, "connectors[0].type must be a type of connector"],
  [{ connectors: [{ crtcs: [1] }] }, "connectors[0].crtcs[0] must be the index of one of 1 crtcs, not 1"],
  [{ connectors: [{ crtcs: [] }] }, "connectors[0].crtcs must be a list of 1"],
  [{ connectors: [{ modes: ["1920"] }] }, "connectors[0].modes[0] must be a mode like"],
  [{ connectors: [{ modes: ["8x8"] }] }, "connectors[0].modes[0] must be from 16x10"],
  [{ connectors: [{ modes: ["99999x10"] }] }, "connectors[0].modes[0] must be from 16x10"],
  [{ name: "a/b" }, "name must be 1 to 64 letters"],
  [{ refresh: 0 }, "refresh must be a whole number from 1 to 1000"],
  [{ refresh: "fast" }, "refresh must be a pace (mode, free)"],
  [{ refresh: [] }, "refresh must be a pace (mode, free)"],
  [{ planes: [{ type: "primary" }], cursor: false }, "cursor must be left out where planes are listed"],
  [{ planes: [{ type: "overlay" }] }, "crtcs[0].planes must be a list with one primary plane"],
  [{ planes: [{ type: "primary", crtcs: [1] }] }, "planes[0].crtcs[0] must be the index of one of 1 crtcs, not 1"],
  [{ planes: [{ type: "primary" }], crtcs: [{}, {}] }, "planes[0].crtcs must be one CRTC, as it is a primary plane"],
  [{ planes: [{ type: "overlay", crtcs: [0, 0] }] }, "planes[0].crtcs must be a list without repetition"],
  [{ crtcs: [{ planes: [{ type: "primary", crtcs: [0] }] }] }, "crtcs[0].planes[0].crtcs must be left out"],
  [
    { crtcs: [{ planes: [{ type: "primary", zpos: { min: 2, max: 1, value: 1 } }] }] },
    "crtcs[0].planes[0].zpos must be a place",
  ],
  [{ crtcs: [{ planes: [{ type: "primary", zpos: { min: 2 } }] }] }, "crtcs[0].planes[0].zpos.max must be given"],
  [{ extras: false, crtcs: [{ planes: [{ type: "primary", zpos: 1 }] }] }, "crtcs[0].planes[0].zpos must be left out"],
  [
    { crtcs: [{ planes: [{ type: "primary", rotations: ["reflect-x"] }] }] },
    "crtcs[0].planes[0].rotations must be a list with",
  ],
  [{ encoders: [{ crtcs: [1] }] }, "encoders[0].crtcs[0] must be the index of one of 1 crtcs"],
  [{ encoders: [] }, "encoders must be a list with one at least"],
  [
    { encoders: [{}], connectors: [{ encoders: [1] }] },
    "connectors[0].encoders[0] must be the index of one of 1 encoders",
  ],
  [{ encoders: [{}], connectors: [{ crtcs: [0] }] }, "connectors[0].crtcs must be left out"],
  [{ connectors: [{ encoders: [0] }] }, "connectors[0].encoders must be left out"],
  [{ connectors: [{ status: "on" }] }, "connectors[0].status must be a status (connected, disconnected, unknown)"],
  [{ connectors: [{ edid: "00" }] }, "connectors[0].edid must be blocks of 128 bytes"],
  [{ connectors: [{ edid: "00".repeat(128) }] }, "connectors[0].edid must be an EDID: its header"],
  [{ connectors: [{ edid: EDID + "00".repeat(128) }] }, "connectors[0].edid must be an EDID whose 2 blocks"],
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

Deno.test("parseVkmsEdid: the bytes of an EDID in whole, of nothing else", () => {
  assertEquals(parseVkmsEdid(EDID.toUpperCase()), edidOf());
  for (const text of ["", EDID.slice(2), `${EDID.slice(0, 254)}xx`, EDID.replace("00ff", "01ff")]) {
    assertThrows(() => parseVkmsEdid(text), TypeError, "an EDID must be");
  }
});
