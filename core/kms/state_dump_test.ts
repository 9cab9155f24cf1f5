import { assertEquals } from "@std/assert";
import * as uapi from "../../uapi/mod.ts";
import { DEBUGFS } from "../debugfs.ts";
import { fourccText, modeText } from "./state_dump.ts";
import { TEST_MODE, type TestClient, TestKms } from "./testing.ts";

function read(client: TestClient, name: string): string {
  using file = client.process.open(`${DEBUGFS}/dri/0/${name}`, uapi.O_RDONLY);
  const bytes = new Uint8Array(1 << 16);
  return new TextDecoder().decode(bytes.subarray(0, file.read(bytes)));
}

const lines = (...parts: string[]): string => parts.join("\n") + "\n";
const PLANE_TAIL = [
  "\tcolor-encoding=ITU-R BT.601 YCbCr",
  "\tcolor-range=YCbCr limited range",
  "\tcolor_mgmt_changed=0",
];
const PLANE_OFF = [
  "\tcrtc=(null)",
  "\tfb=0",
  "\tcrtc-pos=0x0+0+0",
  "\tsrc-pos=0.000000x0.000000+0.000000+0.000000",
  "\trotation=1",
  "\tnormalized-zpos=0",
  ...PLANE_TAIL,
];
const CONNECTOR_TAIL = ["\tself_refresh_aware=0", "\tmax_requested_bpc=0", "\tcolorspace=Default"];

Deno.test("state: planes, CRTCs, connectors, as the kernel words them, before and after a commit", () => {
  using t = new TestKms();
  const client = t.client(true, { comm: "compositor" });
  const [primary, cursor] = t.kms.planes, [crtc] = t.kms.crtcs, [connector] = t.kms.connectors;
  assertEquals(
    read(client, "state"),
    lines(
      `plane[${primary.id}]: plane-0`,
      ...PLANE_OFF,
      `plane[${cursor.id}]: plane-1`,
      ...PLANE_OFF,
      `crtc[${crtc.id}]: crtc-0`,
      "\tenable=0",
      "\tactive=0",
      "\tself_refresh_active=0",
      "\tplanes_changed=0",
      "\tmode_changed=0",
      "\tactive_changed=0",
      "\tconnectors_changed=0",
      "\tcolor_mgmt_changed=0",
      "\tplane_mask=0",
      "\tconnector_mask=0",
      "\tencoder_mask=0",
      '\tmode: "": 0 0 0 0 0 0 0 0 0 0 0x0 0x0',
      `connector[${connector.id}]: Virtual-1`,
      "\tcrtc=(null)",
      ...CONNECTOR_TAIL,
    ),
  );
  const fb = client.enable();
  assertEquals(
    read(client, "state"),
    lines(
      `plane[${primary.id}]: plane-0`,
      "\tcrtc=crtc-0",
      `\tfb=${fb}`,
      "\t\tallocated by = compositor",
      "\t\trefcount=2",
      "\t\tformat=XR24 little-endian (0x34325258)",
      "\t\tmodifier=0x0",
      "\t\tsize=1024x768",
      "\t\tlayers:",
      "\t\t\tsize[0]=1024x768",
      "\t\t\tpitch[0]=4096",
      "\t\t\toffset[0]=0",
      "\t\t\tobj[0]:",
      "\t\t\t\tname=0",
      "\t\t\t\trefcount=1",
      "\t\t\t\tstart=00000000",
      "\t\t\t\tsize=3145728",
      "\t\t\t\timported=no",
      "\tcrtc-pos=1024x768+0+0",
      "\tsrc-pos=1024.000000x768.000000+0.000000+0.000000",
      "\trotation=1",
      "\tnormalized-zpos=0",
      ...PLANE_TAIL,
      `plane[${cursor.id}]: plane-1`,
      ...PLANE_OFF,
      `crtc[${crtc.id}]: crtc-0`,
      "\tenable=1",
      "\tactive=1",
      "\tself_refresh_active=0",
      "\tplanes_changed=1",
      "\tmode_changed=1",
      "\tactive_changed=1",
      "\tconnectors_changed=1",
      "\tcolor_mgmt_changed=0",
      "\tplane_mask=1",
      "\tconnector_mask=1",
      "\tencoder_mask=1",
      '\tmode: "1024x768": 60 63531 1024 1072 1176 1328 768 771 775 798 0x48 0x6',
      `connector[${connector.id}]: Virtual-1`,
      "\tcrtc=crtc-0",
      ...CONNECTOR_TAIL,
    ),
  );
});

Deno.test("state: parts of pixels, negative places, rotation, zpos, colours and a driver's own lines", () => {
  using t = new TestKms({
    overlay: true,
    plane: {
      rotations: uapi.DRM_MODE_ROTATE_MASK | uapi.DRM_MODE_REFLECT_MASK,
      zpos: { min: 0, max: 9, value: 1 },
      scaling: { min: 1, max: 1 << 20 },
      atomicPrintState: (state) => `\tmine=${state.alpha}\n`,
    },
    crtc: { atomicPrintState: (state) => `\tpll=${state.active ? 7 : 0}\n`, gammaSize: 256 },
    connector: { type: uapi.DRM_MODE_CONNECTOR_HDMIA, atomicPrintState: () => "\tcable=good\n" },
  });
  const client = t.client();
  client.enable();
  const overlay = t.kms.planes[1];
  const fb = client.framebuffer(100, 60);
  client.atomic({
    [overlay.id]: {
      ...client.planeValues(fb, t.kms.crtcs[0].id, 64, 32, -10, -20),
      SRC_X: 0x18000,
      SRC_Y: 1,
      SRC_W: 0x20_ffff,
      rotation: uapi.DRM_MODE_ROTATE_0 | uapi.DRM_MODE_REFLECT_X,
      zpos: 9,
    },
    [t.kms.crtcs[0].id]: { GAMMA_LUT: 0 },
  });
  const text = read(client, "state");
  const at = text.indexOf(`plane[${overlay.id}]`);
  const own = text.slice(at, text.indexOf("plane[", at + 1)).split("\n").filter((line) => /^\t[^\t]/.test(line));
  assertEquals(own, [
    "\tcrtc=crtc-0",
    `\tfb=${fb}`,
    "\tcrtc-pos=64x32-10-20",
    "\tsrc-pos=32.999984x32.000000+1.500000+0.000015",
    "\trotation=11",
    "\tnormalized-zpos=1",
    ...PLANE_TAIL,
    "\tmine=65535",
  ]);
  assertEquals(text.includes(" 0x48 0x6\n\tpll=7\nconnector["), true);
  assertEquals(
    text.slice(text.indexOf("\tcolorspace=")),
    lines(
      "\tcolorspace=Default",
      "\tbroadcast_rgb=Automatic",
      "\tis_limited_range=n",
      "\toutput_bpc=0",
      "\toutput_format=RGB",
      "\ttmds_char_rate=0",
      "\tcable=good",
    ),
  );
});

Deno.test("state: a CRTC that is switched off keeps its mode, and what a commit changed shows until the next", () => {
  using t = new TestKms({ cursor: false });
  const client = t.client();
  const fb = client.enable();
  const [crtc] = t.kms.crtcs;
  const changes = (): string[] =>
    read(client, "state").split("\n").filter((line) => /_changed=|active=|mode:/.test(line)).slice(1);
  client.atomic({ [crtc.primary.id]: { FB_ID: fb } });
  client.frame(2);
  const mode = `\tmode: ${modeText(TEST_MODE)}`;
  assertEquals(changes(), [
    "\tactive=1",
    "\tself_refresh_active=0",
    "\tplanes_changed=1",
    "\tmode_changed=0",
    "\tactive_changed=0",
    "\tconnectors_changed=0",
    "\tcolor_mgmt_changed=0",
    mode,
  ]);
  client.atomic({ [crtc.id]: { ACTIVE: 0 } }, uapi.DRM_MODE_ATOMIC_ALLOW_MODESET);
  const off = changes();
  assertEquals([off[0], off[4], off[7]], ["\tactive=0", "\tactive_changed=1", mode]);
});

Deno.test("framebuffer: all of them, the newest first, with all planes and their objects", () => {
  using t = new TestKms({ formats: [uapi.DRM_FORMAT_NV12, uapi.DRM_FORMAT_XRGB8888] });
  const client = t.client(true, { comm: "painter" });
  assertEquals(read(client, "framebuffer"), "");
  const old = client.framebuffer(64, 32);
  client.card.ioctl(uapi.DRM_IOCTL_MODE_RMFB, Uint32Array.of(old));
  const { handle, pitch } = client.dumb(64, 64, 8);
  client.card.ioctl(uapi.DRM_IOCTL_MODE_MAP_DUMB, uapi.drm_mode_map_dumb.of({ handle }));
  const flink = uapi.drm_gem_flink.of({ handle });
  client.card.ioctl(uapi.DRM_IOCTL_GEM_FLINK, flink);
  const arg = uapi.drm_mode_fb_cmd2.of({
    width: 64,
    height: 32,
    pixel_format: uapi.DRM_FORMAT_NV12,
    handles: [handle, handle],
    pitches: [pitch, pitch],
    offsets: [0, 2048],
  });
  client.card.ioctl(uapi.DRM_IOCTL_MODE_ADDFB2, arg);
  const second = client.framebuffer(16, 16);
  const object = (indent: string): string[] => [
    `${indent}name=1`,
    `${indent}refcount=3`,
    `${indent}start=00100000`,
    `${indent}size=4096`,
    `${indent}imported=no`,
  ];
  const text = read(client, "framebuffer");
  assertEquals(text.startsWith(`framebuffer[${second}]:\n\tallocated by = painter\n\trefcount=1\n`), true);
  assertEquals(
    text.slice(text.indexOf(`framebuffer[${arg.fb_id}]`)),
    lines(
      `framebuffer[${arg.fb_id}]:`,
      "\tallocated by = painter",
      "\trefcount=1",
      "\tformat=NV12 little-endian (0x3231564e)",
      "\tmodifier=0x0",
      "\tsize=64x32",
      "\tlayers:",
      "\t\tsize[0]=64x32",
      "\t\tpitch[0]=64",
      "\t\toffset[0]=0",
      "\t\tobj[0]:",
      ...object("\t\t\t"),
      "\t\tsize[1]=32x16",
      "\t\tpitch[1]=64",
      "\t\toffset[1]=2048",
      "\t\tobj[1]:",
      ...object("\t\t\t"),
    ),
  );
});

Deno.test("%p4cc: letters, dots for the rest, the byte order", () => {
  assertEquals(fourccText(uapi.DRM_FORMAT_XRGB8888), "XR24 little-endian (0x34325258)");
  assertEquals(fourccText((uapi.DRM_FORMAT_RGB565 | 0x8000_0000) >>> 0), "RG16 big-endian (0xb6314752)");
  assertEquals(fourccText(0x0001_7f20), " ... little-endian (0x00017f20)");
});

Deno.test("internal_clients is there and empty; a device that is not atomic has no state", () => {
  using t = new TestKms({ atomic: false });
  const client = t.client(false);
  assertEquals(read(client, "internal_clients"), "");
  assertEquals(t.system.debugfs.lookup("dri/0/state"), undefined);
  assertEquals(read(client, "encoder-0/bridges"), "");
});
