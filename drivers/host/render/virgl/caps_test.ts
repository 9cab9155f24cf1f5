/** What clients are told of samples is what they get. */
import { assertEquals } from "@std/assert";
import { PIPE_TEXTURE_2D } from "udrm/uapi/pipe.ts";
import { VIRGL_FORMAT_R8G8B8A8_UNORM } from "udrm/uapi/virgl_format.ts";
import { virgl_caps_v2, virglSampleLocation } from "udrm/uapi/virgl_hw.ts";
import { sampleLocations } from "./caps.ts";
import { withVirgl } from "./testing.ts";

Deno.test("samples are where Vulkan has those of the count that a client gets instead of its own", async () => {
  const places = (counts: number, samples: number) => {
    const caps = { sample_locations: sampleLocations(counts) as virgl_caps_v2["sample_locations"] };
    return Array.from({ length: samples }, (_, i) => {
      const { x, y } = virglSampleLocation(caps, samples, i);
      return [x, y];
    });
  };
  const four = [[6, 2], [14, 6], [2, 10], [10, 14]];
  assertEquals(places(1 | 2 | 4, 2), [[12, 12], [4, 4]]);
  assertEquals(places(1 | 4, 2), four.slice(0, 2));
  assertEquals(places(1 | 4, 4), four);
  assertEquals(places(1 | 8, 4), places(1 | 8, 8).slice(0, 4));
  await withVirgl((virgl) => {
    const caps = virgl_caps_v2.at(virgl.capset(2, 2));
    for (let asked = 2; asked <= caps.v1.max_samples; asked *= 2) {
      const plain = { target: PIPE_TEXTURE_2D, bind: 0, depth: 1, arraySize: 1, lastLevel: 0, flags: 0 };
      const size = { width: 4, height: 4, nrSamples: asked, format: VIRGL_FORMAT_R8G8B8A8_UNORM };
      const { samples } = virgl.createResource3d({ ...plain, ...size });
      for (let i = 0; i < asked; i++) {
        assertEquals(virglSampleLocation(caps, asked, i), virglSampleLocation(caps, samples, i), `${asked}, ${i}`);
      }
    }
  });
});
