import { assert, assertEquals } from "@std/assert";
import { VIRTIO_GPU_RESP_OK_NODATA as OK } from "udrm/uapi/virtio_gpu.ts";
import * as gpu from "udrm/uapi/virtio_gpu.ts";
import { VHOST_USER_GPU_SCANOUT, VHOST_USER_GPU_UPDATE } from "udrm/uapi/vhost_user_gpu.ts";
import { openFds } from "udrm/drivers/os/testing.ts";
import { close, Mapping, memfdCreate } from "udrm/drivers/os/mod.ts";
import { noise, rig } from "./rig.ts";

Deno.test("a guest's picture reaches the front end's screen, byte for byte", () => {
  using t = rig();
  using guest = t.guest();
  const { bytes } = guest.show(1, 320, 200, noise(1));
  assert(guest.shows(bytes));
  assertEquals(guest.screen.faults, []);
});

Deno.test("the guest is told the front end's monitors and their EDIDs", () => {
  using t = rig();
  const edid = new Uint8Array(256).map((_, i) => i);
  using guest = t.guest({
    prepare: (screen) => {
      screen.modes = [{ enabled: true, width: 800, height: 600 }, { enabled: false, width: 0, height: 0 }];
      screen.edids = [edid];
    },
  });
  const info = guest.request(
    gpu.virtio_gpu_ctrl_hdr.bytes(gpu.virtio_gpu_ctrl_hdr.of({ type: gpu.VIRTIO_GPU_CMD_GET_DISPLAY_INFO })),
  );
  assert(info);
  const { pmodes } = gpu.virtio_gpu_resp_display_info.at(info);
  assertEquals([pmodes[0].enabled, pmodes[0].r.width, pmodes[0].r.height, pmodes[1].enabled], [1, 800, 600, 0]);
  const answer = guest.request(
    gpu.virtio_gpu_cmd_get_edid.bytes(gpu.virtio_gpu_cmd_get_edid.of({ hdr: { type: gpu.VIRTIO_GPU_CMD_GET_EDID } })),
  );
  assert(answer);
  const got = gpu.virtio_gpu_resp_edid.at(answer);
  assertEquals(got.edid.slice(0, got.size), edid);
  assertEquals(guest.screen.faults, []);
});

Deno.test("a monitor that changes is known once the driver has read configuration space", () => {
  using t = rig();
  using guest = t.guest();
  guest.screen.modes = [{ enabled: true, width: 1024, height: 768 }];
  guest.device.readConfig(0, new Uint8Array(4));
  const ask = gpu.virtio_gpu_ctrl_hdr.bytes(
    gpu.virtio_gpu_ctrl_hdr.of({ type: gpu.VIRTIO_GPU_CMD_GET_DISPLAY_INFO }),
  );
  const info = guest.request(ask);
  assert(info);
  assertEquals(gpu.virtio_gpu_resp_display_info.at(info).pmodes[0].r.width, 1024);
});

Deno.test("SCANOUT is sent once for flips between pictures of one size", () => {
  using t = rig();
  using guest = t.guest();
  const first = guest.show(1, 64, 64, noise(1));
  const second = guest.show(2, 64, 64, noise(2));
  for (let i = 0; i < 10; i++) {
    const id = 1 + (i & 1);
    assertEquals(guest.scanout(0, id, 64, 64), OK);
    assertEquals(guest.flush(id, 64, 64), OK);
    assert(guest.shows((i & 1) === 0 ? first.bytes : second.bytes), `flip ${i}`);
  }
  assertEquals(guest.screen.count(VHOST_USER_GPU_SCANOUT), 1);
});

Deno.test("only the pixels that changed are sent", () => {
  using t = rig();
  using guest = t.guest();
  guest.show(1, 256, 256, noise(1));
  const before = guest.screen.messages.length;
  guest.transfer(1, 32, 16, 8, 24, (24 * 256 + 8) * 4);
  guest.flush(1, 32, 16, 8, 24);
  guest.device.poll();
  assertEquals(guest.screen.messages.slice(before), [{ request: VHOST_USER_GPU_UPDATE, words: [0, 8, 24, 32, 16] }]);
});

Deno.test("stop and cont, 50 times: the picture is there each time, nothing is lost and nothing grows", () => {
  using t = rig();
  using guest = t.guest();
  const { bytes } = guest.show(1, 128, 96, noise(3));
  let fds = 0;
  let commands = 5;
  for (let i = 0; i < 50; i++) {
    const [ctrl] = guest.device.stop();
    assertEquals(ctrl, commands, "the index counts the commands");
    guest.device.cont();
    assert(guest.shows(bytes), `cont ${i}`);
    assertEquals(guest.flush(1, 128, 96), OK);
    commands++;
    if (i === 0) fds = openFds();
  }
  assertEquals(openFds(), fds);
  assertEquals(t.host.usage.resources, 1);
  assertEquals(t.events, ["a front end has come"]);
});

Deno.test("reboot, 50 times: each guest finds a fresh device, and nothing grows", () => {
  using t = rig();
  using guest = t.guest();
  let fds = 0;
  for (let i = 0; i < 50; i++) {
    assertEquals(t.host.usage.resources, 0, `boot ${i}`);
    const buffer = guest.show(1, 96, 64, noise(i + 1));
    assert(guest.shows(buffer.bytes), `boot ${i}`);
    guest.reboot();
    guest.free(buffer);
    if (i === 0) fds = openFds();
  }
  assertEquals(openFds(), fds);
  assertEquals(t.events, ["a front end has come"]);
});

Deno.test("what waits in a ring while the machine is stopped is answered at cont, without a kick", () => {
  using t = rig();
  using guest = t.guest();
  const { bytes } = guest.show(1, 64, 64, noise(5));
  guest.device.stop();
  // A driver goes on for a moment: its buffer is there, its kick goes to an eventfd that nobody watches.
  guest.timeout = 30;
  const hdr = { type: gpu.VIRTIO_GPU_CMD_RESOURCE_FLUSH };
  assertEquals(guest.type(gpu.virtio_gpu_resource_flush, { hdr, resource_id: 1, r: { width: 64, height: 64 } }), 0);
  guest.device.cont();
  assert(guest.front.wait(() => guest.device.poll() || guest.queues[0].next() === 1));
  guest.timeout = 500;
  assert(guest.shows(bytes));
});

Deno.test("index 0 after stop: a reset if the front end tells of one, the same machine after 65536 commands if it does not", () => {
  using t = rig();
  using guest = t.guest();
  const ask = gpu.virtio_gpu_ctrl_hdr.bytes(
    gpu.virtio_gpu_ctrl_hdr.of({ type: gpu.VIRTIO_GPU_CMD_GET_DISPLAY_INFO }),
  );
  const { bytes } = guest.show(1, 32, 32, noise(7));
  // Five commands so far.
  const ring = guest.queues[0];
  const page = guest.buffer(4096);
  page.bytes.set(ask);
  for (let sent = 5; sent < 65536;) {
    const now = Math.min(32, 65536 - sent);
    for (let i = 0; i < now; i++) assert(ring.add(page.gpa, 24, page.gpa + 2048, 408, 1));
    ring.kick();
    guest.device.poll();
    for (let i = 0; i < now; i++) assertEquals(ring.next(), 1);
    ring.enableInterrupts();
    sent += now;
  }
  assertEquals(guest.device.stop()[0], 0);
  guest.device.cont();
  assert(guest.shows(bytes));
  assertEquals(t.host.usage.resources, 1);
});

Deno.test("a machine that is restored at a new connection shows its picture; another machine finds nothing", () => {
  using t = rig();
  using guest = t.guest();
  const { bytes } = guest.show(1, 64, 48, noise(9));
  guest.device.stop();
  guest.front[Symbol.dispose]();
  t.pump();
  assertEquals(t.host.usage.resources, 1);
  guest.device.move(t.front());
  assert(guest.shows(bytes));
  guest.device.stop();
  guest.front[Symbol.dispose]();
  t.pump();
  using other = t.guest();
  assertEquals(t.host.usage.resources, 0);
  assertEquals(other.screen.screen().width, 0);
});

Deno.test("a second front end waits and is served when the first is gone", () => {
  using t = rig();
  const first = t.guest();
  using second = t.front();
  second.send(1);
  second.settle();
  assertEquals(t.server.served, 1);
  assert(t.events.includes("another front end waits until this one is gone"));
  const { bytes } = first.show(1, 16, 16, noise(1));
  assert(first.shows(bytes));
  first[Symbol.dispose]();
  assert(second.answer(1));
  assertEquals(t.server.served, 2);
});

Deno.test("dirty logging: every page that the device writes is marked, the used rings' too, and no other", () => {
  using t = rig();
  using guest = t.guest();
  const size = 1 << 18; // bits for 8 GiB
  const fd = memfdCreate("log", size);
  using mapping = Mapping.map(fd, size);
  const log = new Uint8Array(mapping.buffer);
  guest.device.log(fd, size);
  const marked = (gpa: number): boolean => (log[Math.floor(gpa / 4096 / 8)] >> (gpa / 4096 & 7) & 1) === 1;
  const buffer = guest.show(1, 64, 64, noise(1));
  const used = (guest.queues[0] as unknown as { address: { used: number; desc: number } }).address;
  assert(marked(used.used), "the used ring");
  assert(!marked(buffer.gpa), "what the device only reads");
  const answer = guest.buffer(8192);
  const ring = guest.queues[0];
  answer.bytes.set(gpu.virtio_gpu_ctrl_hdr.bytes(
    gpu.virtio_gpu_ctrl_hdr.of({ type: gpu.VIRTIO_GPU_CMD_GET_DISPLAY_INFO }),
  ));
  ring.add(answer.gpa, 24, answer.gpa + 4096, 408, 1);
  ring.kick();
  guest.device.poll();
  assertEquals(ring.next(), 1);
  assert(marked(answer.gpa + 4096), "the answer");
  assert(!marked(answer.gpa), "the request");
  close(fd);
});

Deno.test("several heads: each has its picture and its cursor", () => {
  using t = rig({ outputs: 2 });
  using guest = t.guest({
    prepare: (screen) => {
      screen.modes = [{ enabled: true, width: 64, height: 64 }, { enabled: true, width: 32, height: 32 }];
    },
  });
  const config = new Uint8Array(16);
  guest.device.readConfig(0, config);
  assertEquals(config[8], 2);
  const one = guest.show(1, 64, 64, noise(1), 0), two = guest.show(2, 32, 32, noise(2), 1);
  assert(guest.shows(one.bytes, 0) && guest.shows(two.bytes, 1));
  const image = guest.buffer(64 * 64 * 4);
  noise(4)(image.bytes);
  guest.create(3, 64, 64, gpu.VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM);
  guest.attach(3, image);
  guest.transfer(3, 64, 64);
  const cursor = (type: number, resource_id: number, x: number): void => {
    const hdr = { type };
    guest.type(gpu.virtio_gpu_update_cursor, { hdr, pos: { scanout_id: 1, x, y: 5 }, resource_id }, undefined, 1);
    guest.device.poll();
  };
  cursor(gpu.VIRTIO_GPU_CMD_UPDATE_CURSOR, 3, 7);
  assertEquals(guest.screen.cursors.get(1), { x: 7, y: 5, visible: true, pixels: image.bytes.slice() });
  cursor(gpu.VIRTIO_GPU_CMD_MOVE_CURSOR, 3, 9);
  assertEquals(guest.screen.cursors.get(1)?.x, 9);
  cursor(gpu.VIRTIO_GPU_CMD_UPDATE_CURSOR, 0, 9);
  assertEquals(guest.screen.cursors.get(1)?.visible, false);
  assertEquals(guest.screen.cursors.has(0), false);
});

Deno.test("every format arrives as XRGB8888", () => {
  using t = rig();
  using guest = t.guest();
  const orders: readonly (readonly [number, readonly [number, number, number]])[] = [
    [gpu.VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM, [0, 1, 2]],
    [gpu.VIRTIO_GPU_FORMAT_A8R8G8B8_UNORM, [3, 2, 1]],
    [gpu.VIRTIO_GPU_FORMAT_X8R8G8B8_UNORM, [3, 2, 1]],
    [gpu.VIRTIO_GPU_FORMAT_R8G8B8A8_UNORM, [2, 1, 0]],
    [gpu.VIRTIO_GPU_FORMAT_X8B8G8R8_UNORM, [1, 2, 3]],
    [gpu.VIRTIO_GPU_FORMAT_A8B8G8R8_UNORM, [1, 2, 3]],
    [gpu.VIRTIO_GPU_FORMAT_R8G8B8X8_UNORM, [2, 1, 0]],
  ];
  orders.forEach(([format, [b, g, r]], i) => {
    const buffer = guest.buffer(40 * 30 * 4);
    noise(i + 1)(buffer.bytes);
    guest.create(10 + i, 40, 30, format);
    guest.attach(10 + i, buffer);
    guest.scanout(0, 10 + i, 40, 30);
    guest.transfer(10 + i, 40, 30);
    guest.flush(10 + i, 40, 30);
    guest.device.poll();
    const { pixels } = guest.screen.screen();
    for (let at = 0; at < pixels.length; at += 4) {
      const from = buffer.bytes.subarray(at, at + 4);
      assertEquals([...pixels.subarray(at, at + 3)], [from[b], from[g], from[r]], `format ${format}`);
    }
  });
});

Deno.test("a viewer that reads slowly sees the last picture whole, and never stops the guest", () => {
  using t = rig();
  using guest = t.guest();
  const side = 1500;
  const { bytes } = guest.show(1, side, side, noise(1));
  guest.screen.reads = false;
  for (let i = 0; i < 20; i++) {
    noise(100 + i)(bytes);
    assertEquals(guest.transfer(1, side, side), OK);
    assertEquals(guest.flush(1, side, side), OK);
  }
  guest.screen.reads = true;
  assert(guest.shows(bytes));
  assertEquals(guest.screen.faults, []);
});

Deno.test("a display socket that is full to the last byte of a message stops neither the guest nor the front end", () => {
  using t = rig();
  using guest = t.guest();
  const { bytes } = guest.show(1, 64, 64, noise(1));
  guest.screen.reads = false;
  // Small messages go whole or not at all.
  for (let i = 0; i < 12_000; i++) {
    bytes[i & 4095] ^= 0x55;
    guest.transfer(1, 64, 64);
    assertEquals(guest.flush(1, 4, 4, i & 31, i & 31), OK);
  }
  const config = new Uint8Array(4);
  guest.device.readConfig(8, config);
  assertEquals(config[0], 1);
  guest.flush(1, 64, 64);
  guest.screen.reads = true;
  assert(guest.shows(bytes));
});
