// A card that is pulled out while programs use it, and one that is plugged in again.
import { assert, assertEquals } from "@std/assert";
import type { Uevent } from "udrm/core/system.ts";
import { vkms } from "udrm/drivers/gpu/vkms/mod.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { outcome } from "./client.ts";
import { type KmsClient, KmsMachine } from "./kms_client.ts";

const EVENT = uapi.DRM_MODE_PAGE_FLIP_EVENT;

function lit(): { machine: KmsMachine; client: KmsClient; fb: number; [Symbol.dispose](): void } {
  const machine = new KmsMachine();
  const client = machine.client().becomeAtomic();
  return { machine, client, fb: client.light(), [Symbol.dispose]: () => machine[Symbol.dispose]() };
}

const unplug = ({ machine }: { machine: KmsMachine }): void => machine.system.removeDevice(machine.device);

Deno.test("unplug: every request of the core and of the driver is ENODEV, and so is mmap; close is not", () => {
  using t = lit();
  const { card } = t.client;
  const dumb = t.client.dumb(64, 64);
  const map = uapi.drm_mode_map_dumb.of({ handle: dumb.handle });
  card.ioctl(uapi.DRM_IOCTL_MODE_MAP_DUMB, map);
  unplug(t);
  const calls: (() => unknown)[] = [
    () => card.ioctl(uapi.DRM_IOCTL_VERSION, uapi.drm_version.of()),
    () => card.ioctl(uapi.DRM_IOCTL_GEM_CLOSE, uapi.drm_gem_close.of({ handle: dumb.handle })),
    () => card.ioctl(uapi.DRM_IOCTL_MODE_GETRESOURCES, uapi.drm_mode_card_res.of()),
    () => card.ioctl(uapi.DRM_IOCTL_VIRTGPU_GETPARAM, uapi.drm_virtgpu_getparam.of()),
    () => card.ioctl(uapi.DRM_IOCTL_SET_MASTER),
    () => card.ioctl(0x12345678),
    () => card.mmap(dumb.size, map.offset),
  ];
  for (const call of calls) assertEquals(outcome(call as () => number), "ENODEV");
  assertEquals(outcome(() => t.client.process.open("/dev/dri/card0").fd), "ENOENT");
  card.close();
});

Deno.test("unplug: memory that is mapped stays, and dma-bufs do; their contents too", () => {
  using t = lit();
  const { card, process } = t.client;
  const { handle, size } = t.client.dumb(64, 64);
  const map = uapi.drm_mode_map_dumb.of({ handle });
  card.ioctl(uapi.DRM_IOCTL_MODE_MAP_DUMB, map);
  const bytes = card.mmap(size, map.offset);
  const prime = uapi.drm_prime_handle.of({ handle, flags: uapi.DRM_CLOEXEC | uapi.DRM_RDWR });
  card.ioctl(uapi.DRM_IOCTL_PRIME_HANDLE_TO_FD, prime);
  bytes.fill(7);
  unplug(t);
  card.close();
  bytes[1] = 8;
  assertEquals([...process.file(prime.fd).mmap(size, 0).subarray(0, 3)], [7, 8, 7]);
});

Deno.test("unplug: events that were under way are sent, can be polled for and read; there is no POLLHUP", async () => {
  using t = lit();
  const { client } = t;
  const sleeper = client.card.pollWait(uapi.POLLIN | uapi.POLLHUP);
  assertEquals(client.flip(client.fb(640, 480), EVENT, 42n), 0);
  unplug(t);
  assertEquals(await sleeper, uapi.POLLIN);
  assertEquals(client.events().map(({ user_data }) => user_data), [42n]);
  assertEquals(client.card.poll(uapi.POLLIN | uapi.POLLOUT | uapi.POLLHUP | uapi.POLLERR), 0);
  assertEquals(client.card.read(new Uint8Array(64)), -11);
});

Deno.test("unplug: whoever waits for a vblank is woken, a commit that waits for a fence is ENODEV", async () => {
  using t = lit();
  const { client } = t;
  const vblank = client.sleepVblank(uapi._DRM_VBLANK_RELATIVE, 1000);
  const sync = client.process.open("/dev/sw_sync");
  const fence = uapi.sw_sync_create_fence_data.of({ value: 1 });
  sync.ioctl(uapi.SW_SYNC_IOC_CREATE_FENCE, fence);
  const primary = client.plane(uapi.DRM_PLANE_TYPE_PRIMARY);
  const arg = client.atomicArg({ [primary]: { FB_ID: t.fb, IN_FENCE_FD: fence.fence } });
  const commit = client.card.wait(uapi.DRM_IOCTL_MODE_ATOMIC, arg).then(String, (error) => error.code);
  unplug(t);
  assertEquals((await vblank).result, 0);
  sync.ioctl(uapi.SW_SYNC_IOC_INC as uapi.Ioctl<unknown>, Uint32Array.of(1));
  assertEquals(await commit, "ENODEV");
});

Deno.test("replug: the node has a new number while somebody has the old card open, and the old one after", () => {
  using t = lit();
  const { system } = t.machine;
  const seen: string[] = [];
  using _listener = system.onUevent(({ action, device }: Uevent) => void seen.push(`${action} ${device.name}`));
  unplug(t);
  assertEquals(system.nodes.filter((node) => node.startsWith("/dev/dri")), []);
  const second = system.addDevice(vkms());
  assertEquals([second.name, second.render], ["card1", 129]);
  const other = system.process().open("/dev/dri/card1");
  assertEquals(other.ioctl(uapi.DRM_IOCTL_VERSION, uapi.drm_version.of()), 0);
  assertEquals(outcome(() => t.client.card.ioctl(uapi.DRM_IOCTL_VERSION, uapi.drm_version.of())), "ENODEV");
  t.client.card.close();
  system.removeDevice(second);
  other.close();
  assertEquals(system.addDevice(vkms()).name, "card0");
  assertEquals(seen, ["remove card0", "add card1", "remove card1", "add card0"]);
});

Deno.test("unplug: the framebuffers of programs that are still there are let go of, and nothing is left when they end", () => {
  using t = lit();
  const { client } = t;
  for (let i = 0; i < 5; i++) client.fb(64, 64);
  client.blob(new Uint8Array(100));
  unplug(t);
  client.process[Symbol.dispose]();
  t.machine.pass(1e9);
  assertEquals([t.machine.device.files.size, t.machine.clock.next], [0, Infinity]);
  assert(!t.machine.system.busy);
});
