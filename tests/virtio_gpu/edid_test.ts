/** The EDID that the host makes is read by the guest's parser: what a display wants is what a client is offered first. */
import { assert, assertEquals } from "@std/assert";
import { parseEdid } from "udrm/core/kms/edid.ts";
import { soft2d } from "udrm/drivers/host/render/soft2d/mod.ts";
import { buildEdid, cvtReducedBlanking } from "udrm/drivers/host/virtio_gpu/edid.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { screen } from "./screen.ts";

const SIZES = [
  [640, 480],
  [1366, 768],
  [1920, 1080],
  [2560, 1600],
  [3840, 2160],
  [4095, 2304],
  [4096, 2160],
  [5120, 2880],
  [7680, 4320],
  [1080, 4096],
  [8192, 8192],
];

Deno.test("every size of the host's EDID is the guest's largest preferred mode, in CVT's timing", () => {
  for (const [width, height] of SIZES) {
    const edid = parseEdid(buildEdid({ width, height }));
    assert(edid !== undefined);
    const preferred = edid.modes.filter((mode) => (mode.type & uapi.DRM_MODE_TYPE_PREFERRED) !== 0)
      .sort((a, b) => b.hdisplay * b.vdisplay - a.hdisplay * a.vdisplay);
    const [mode] = preferred;
    const cvt = cvtReducedBlanking(width, height);
    assertEquals(
      [mode.hdisplay, mode.hsyncStart, mode.hsyncEnd, mode.htotal, mode.vdisplay, mode.vsyncStart, mode.vsyncEnd],
      [width, width + 48, width + 80, cvt.htotal, height, height + 3, height + 3 + cvt.vsync],
      mode.name,
    );
    assertEquals([mode.vtotal, mode.refresh], [cvt.vtotal, 60]);
    assertEquals(mode.flags, uapi.DRM_MODE_FLAG_PHSYNC | uapi.DRM_MODE_FLAG_NVSYNC);
  }
});

Deno.test("a monitor too large for EDID's own timings is offered, and can be lit", () => {
  using renderer = soft2d();
  for (const [width, height] of [[5120, 2880], [7680, 4320]]) {
    using s = screen({ renderer, width, height });
    assertEquals([s.width, s.height, s.connector.preferredMode.vrefresh], [width, height, 60]);
    const buffer = s.card.createDumb(width, height);
    s.light(buffer.framebuffer(uapi.DRM_FORMAT_XRGB8888));
    assertEquals([s.frame().width, s.frame().height], [width, height]);
  }
});
