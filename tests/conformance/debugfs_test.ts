/** What tools find at /sys/kernel/debug: the tree of a machine with three cards, and its state while a program sets modes. */
import { assert, assertEquals } from "@std/assert";
import { createSystem, drivers, VirtualClock } from "udrm/mod.ts";
import { DRM_FORMAT_XRGB8888, O_DIRECTORY, O_RDONLY, O_WRONLY } from "udrm/uapi/mod.ts";
import { MODESET, VkmsScreen } from "../vkms/screen.ts";
import { outcome } from "./client.ts";
import { KmsMachine } from "./kms_client.ts";

const DEBUGFS = "/sys/kernel/debug";

type Process = VkmsScreen["card"]["file"]["process"];

function read(process: Process, path: string): string {
  using file = process.open(`${DEBUGFS}/${path}`, O_RDONLY);
  const bytes = new Uint8Array(1000);
  let text = "";
  for (let n = file.read(bytes); n > 0; n = file.read(bytes)) text += new TextDecoder().decode(bytes.slice(0, n));
  return text;
}

Deno.test("debugfs: every device has name, clients and gem_names; those with KMS state, framebuffer and their objects", () => {
  using system = createSystem({ drivers: [drivers.vgem(), drivers.vkms()], clock: new VirtualClock() });
  const process = system.process();
  assertEquals(read(process, "dri/0/name"), "vgem dev=vgem unique=vgem\n");
  assertEquals(read(process, "dri/1/name"), "vkms dev=vkms unique=vkms\n");
  assertEquals(read(process, "dri/vkms/name"), read(process, "dri/129/name"));
  for (const name of ["state", "framebuffer", "internal_clients"]) {
    assertEquals(outcome(() => process.open(`${DEBUGFS}/dri/0/${name}`, O_RDONLY).fd), "ENOENT");
    read(process, `dri/1/${name}`);
  }
  for (const folder of ["crtc-0", "encoder-0", "Virtual-1", "crtc-0/crc"]) {
    process.open(`${DEBUGFS}/dri/1/${folder}`, O_RDONLY | O_DIRECTORY).close();
  }
  assertEquals(outcome(() => process.open(`${DEBUGFS}/dri/1/state`, O_WRONLY).fd), "EACCES");
  assertEquals(read(process, "dri/1/crtc-0/crc/control"), "auto*\n");
});

Deno.test("debugfs: virtio-gpu's state follows its screen; it has no CRCs, as in the kernel", () => {
  using machine = new KmsMachine();
  const client = machine.client();
  assertEquals(outcome(() => client.process.open(`${DEBUGFS}/dri/0/crtc-0/crc/control`, O_RDONLY).fd), "ENOENT");
  assert(read(client.process, "dri/0/state").includes("\tactive=0\n"));
  const fb = client.light();
  const state = read(client.process, "dri/0/state");
  assert(state.includes(`\tfb=${fb}\n\t\tallocated by = igt\n`));
  assert(/\tmode: "640x480": \d+ \d+ 640 \d+ \d+ \d+ 480 /.test(state));
  client.dark();
  assert(read(client.process, "dri/0/state").includes('\tmode: "": 0 0 0 0 0 0 0 0 0 0 0x0 0x0\n'));
});

Deno.test("debugfs: the state of a known configuration, before and after a commit", () => {
  using t = new VkmsScreen({ connectors: [{ modes: ["640x480@60"] }], overlays: 1, extras: false });
  const { process } = t.card.file;
  const plane = (id: number, index: number, own: readonly string[]): string[] => [
    `plane[${id}]: plane-${index}`,
    ...own,
    "\tcolor-encoding=ITU-R BT.601 YCbCr",
    "\tcolor-range=YCbCr limited range",
    "\tcolor_mgmt_changed=0",
  ];
  const off = [
    "\tcrtc=(null)",
    "\tfb=0",
    "\tcrtc-pos=0x0+0+0",
    "\tsrc-pos=0.000000x0.000000+0.000000+0.000000",
    "\trotation=1",
    "\tnormalized-zpos=0",
  ];
  const crtc = t.crtc(), connector = t.connector();
  const ids = t.card.planes().map(({ id }) => id);
  const before = read(process, "dri/0/state").split("\n");
  const writeback = before.find((line) => line.endsWith(": Writeback-1"));
  assert(writeback !== undefined && /^connector\[\d+\]: /.test(writeback));
  const tail = ["\tself_refresh_aware=0", "\tmax_requested_bpc=0", "\tcolorspace=Default"];
  assertEquals(before.slice(0, 9 * ids.length + ids.length), ids.flatMap((id, i) => plane(id, i, off)));
  assertEquals(before.slice(10 * ids.length), [
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
    ...tail,
    writeback,
    "\tcrtc=(null)",
    ...tail,
    "",
  ]);

  const buffer = t.light();
  const fb = buffer.framebuffer(DRM_FORMAT_XRGB8888);
  buffer.bytes.fill(0); // mapped: it has an offset, and a reference more
  const after = read(process, "dri/0/state").split("\n");
  const on = [
    "\tcrtc=crtc-0",
    `\tfb=${fb}`,
    "\t\tallocated by = udrm",
    "\t\trefcount=2",
    "\t\tformat=XR24 little-endian (0x34325258)",
    "\t\tmodifier=0x0",
    "\t\tsize=640x480",
    "\t\tlayers:",
    "\t\t\tsize[0]=640x480",
    "\t\t\tpitch[0]=2560",
    "\t\t\toffset[0]=0",
    "\t\t\tobj[0]:",
    "\t\t\t\tname=0",
    "\t\t\t\trefcount=3",
    "\t\t\t\tstart=00100000",
    "\t\t\t\tsize=1228800",
    "\t\t\t\timported=no",
    "\tcrtc-pos=640x480+0+0",
    "\tsrc-pos=640.000000x480.000000+0.000000+0.000000",
    "\trotation=1",
    "\tnormalized-zpos=0",
  ];
  assertEquals(after.slice(0, on.length + 4), plane(ids[0], 0, on));
  assertEquals(after.slice(on.length + 4, on.length + 4 + 10 * (ids.length - 1)), before.slice(10, 10 * ids.length));
  const rest = after.slice(on.length + 4 + 10 * (ids.length - 1));
  assertEquals(rest.slice(1, 4), ["\tenable=1", "\tactive=1", "\tself_refresh_active=0"]);
  assertEquals(rest.slice(9), [
    "\tplane_mask=1",
    "\tconnector_mask=1",
    "\tencoder_mask=1",
    '\tmode: "640x480": 60 25175 640 656 752 800 480 490 492 525 0x48 0xa',
    `connector[${connector.id}]: Virtual-1`,
    "\tcrtc=crtc-0",
    ...tail,
    writeback,
    "\tcrtc=(null)",
    ...tail,
    "",
  ]);
  assertEquals(read(process, "dri/0/framebuffer").split("\n").slice(0, 3), [
    `framebuffer[${fb}]:`,
    "\tallocated by = udrm",
    "\trefcount=2",
  ]);
  t.request.clear().set(crtc, "ACTIVE", 0);
  t.request.commit(MODESET);
  assert(read(process, "dri/0/state").includes("\tactive=0\n"));
});

Deno.test("debugfs: vkms_config tells what there is, in the words of the kernel's module parameters", () => {
  using plain = new VkmsScreen({ overlays: 0 });
  assertEquals(read(plain.card.file.process, "dri/0/vkms_config").split("\n").slice(1), ["cursor=1", "overlay=0", ""]);
  using more = new VkmsScreen({ overlays: 1, cursor: false, writeback: false });
  assertEquals(read(more.card.file.process, "dri/0/vkms_config"), "writeback=0\ncursor=0\noverlay=1\n");
});

Deno.test("debugfs: forcing a connector off is what the next probe goes by", () => {
  using t = new VkmsScreen();
  const { process } = t.card.file;
  const force = (word: string): number | string => {
    using file = process.open(`${DEBUGFS}/dri/0/Virtual-1/force`, O_WRONLY);
    return outcome(() => file.write(new TextEncoder().encode(word)));
  };
  const connected = (): boolean => t.connector().connected;
  assertEquals([connected(), force("off\n"), connected()], [true, 4, false]);
  assertEquals([force("nonsense"), connected()], ["EINVAL", false]);
  assertEquals([force("unspecified"), connected()], [11, true]);
});
