/** Masters, magics and what they allow. After igt's core_auth, core_getclient and core_setmaster. */
import { assert, assertEquals } from "@std/assert";
import type { ProcessOptions } from "udrm/core/process.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { outcome } from "./client.ts";
import { type KmsClient, KmsMachine } from "./kms_client.ts";

const ROOT: ProcessOptions = { comm: "igt", uid: 0 };

const isAuthenticated = (client: KmsClient): boolean => {
  const arg = uapi.drm_client.of();
  client.card.ioctl(uapi.DRM_IOCTL_GET_CLIENT, arg);
  return arg.auth === 1;
};
const setMaster = (client: KmsClient): number | string => outcome(() => client.card.ioctl(uapi.DRM_IOCTL_SET_MASTER));
const dropMaster = (client: KmsClient): number | string => outcome(() => client.card.ioctl(uapi.DRM_IOCTL_DROP_MASTER));
const magicOf = (client: KmsClient): number => {
  const arg = uapi.drm_auth.of();
  client.card.ioctl(uapi.DRM_IOCTL_GET_MAGIC, arg);
  return arg.magic;
};
const authenticate = (client: KmsClient, magic: number): number | string =>
  outcome(() => client.card.ioctl(uapi.DRM_IOCTL_AUTH_MAGIC, uapi.drm_auth.of({ magic })));

Deno.test("auth: the first to open is master and authenticated, later ones are not, root always is", () => {
  using machine = new KmsMachine();
  const first = machine.client(), second = machine.client(), root = machine.client(ROOT);
  assertEquals([first, second, root].map(isAuthenticated), [true, false, true]);
  assertEquals(dropMaster(first), 0);
  assert(isAuthenticated(first)); // for good
  assert(isAuthenticated(machine.client())); // the throne was free
});

Deno.test("auth: a magic is one for each file, works once, and only with its own master", () => {
  using machine = new KmsMachine();
  const master = machine.client(), client = machine.client(), other = machine.client();
  const magic = magicOf(client);
  assertEquals([magicOf(client), magicOf(other) === magic], [magic, false]);
  for (const bad of [0, magic + 100, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) {
    assertEquals(authenticate(master, bad), "EINVAL");
  }
  assertEquals([authenticate(other, magic), isAuthenticated(client)], ["EACCES", false]);
  assertEquals([authenticate(master, magic), isAuthenticated(client), isAuthenticated(other)], [0, true, false]);
  assertEquals([authenticate(master, magic), magicOf(client)], ["EINVAL", magic]);
  // Another master's magics are other numbers' files.
  dropMaster(master);
  const next = machine.client();
  const theirs = machine.client();
  const number = magicOf(theirs);
  assertEquals(authenticate(next, magicOf(other)), magicOf(other) === number ? 0 : "EINVAL");
  assertEquals(isAuthenticated(other), false);
});

Deno.test("auth: ten thousand files have ten thousand magics, and a closed one's is free again", () => {
  using machine = new KmsMachine();
  const master = machine.client();
  const seen = new Set<number>();
  for (let i = 0; i < 10_000; i++) {
    const client = machine.client(undefined, master.process);
    seen.add(magicOf(client));
    if (i % 3 === 0) assertEquals(authenticate(master, magicOf(client)), 0);
  }
  assertEquals(seen.size, 10_000);
  const last = machine.client();
  const magic = magicOf(last);
  last.card.close();
  assertEquals([authenticate(master, magic), magicOf(machine.client())], ["EINVAL", magic]);
});

Deno.test("auth: what needs authentication is for the authenticated, on card nodes", () => {
  using machine = new KmsMachine();
  const master = machine.client(), client = machine.client();
  const flink = (who: KmsClient): number | string => {
    const { handle } = who.dumb(64, 64);
    return outcome(() => who.card.ioctl(uapi.DRM_IOCTL_GEM_FLINK, uapi.drm_gem_flink.of({ handle })));
  };
  assertEquals([flink(master), flink(client)], [0, "EACCES"]);
  authenticate(master, magicOf(client));
  assertEquals(flink(client), 0);
  const render = client.process.open("/dev/dri/renderD128");
  for (const cmd of [uapi.DRM_IOCTL_GET_MAGIC, uapi.DRM_IOCTL_MODE_GETRESOURCES, uapi.DRM_IOCTL_SET_MASTER]) {
    assertEquals(outcome(() => render.ioctl(cmd as number, client.process.alloc(64).address)), "EACCES");
  }
});

Deno.test("getclient: one client is told, the caller; nothing of the others", () => {
  using machine = new KmsMachine();
  const client = machine.client(), other = machine.client({ comm: "igt", uid: 1234 });
  for (const who of [client, other]) {
    const arg = uapi.drm_client.of({ pid: 5, uid: 6, magic: 7, iocs: 8, auth: 9 });
    who.card.ioctl(uapi.DRM_IOCTL_GET_CLIENT, arg);
    assertEquals([arg.auth, arg.pid, arg.uid, arg.magic, arg.iocs], [
      who === client ? 1 : 0,
      who.process.pid,
      65534,
      0,
      0,
    ]);
  }
  for (const idx of [1, 2, 1000, 0x7fff_ffff, -1]) {
    const arg = uapi.drm_client.of({ idx });
    assertEquals(outcome(() => client.card.ioctl(uapi.DRM_IOCTL_GET_CLIENT, arg)), "EINVAL");
  }
});

Deno.test("setmaster: who may, and what they are told who may not", () => {
  using machine = new KmsMachine();
  const master = machine.client(), user = machine.client(), root = machine.client(ROOT);
  assertEquals([setMaster(master), setMaster(user), setMaster(root)], [0, "EACCES", "EBUSY"]);
  assertEquals([dropMaster(user), dropMaster(root)], ["EACCES", "EINVAL"]);
  assertEquals([dropMaster(master), dropMaster(master)], [0, "EINVAL"]);
  assertEquals([setMaster(user), setMaster(root), setMaster(master)], ["EACCES", 0, "EBUSY"]);
  assertEquals([dropMaster(root), setMaster(master)], [0, 0]); // once a master, it may again
  // The file alone is not enough: another process that was handed it may not.
  const heir = machine.system.process({ comm: "igt" });
  assertEquals(dropMaster(master), 0);
  const fd = heir.install(master.card.file.ref());
  assertEquals(outcome(() => heir.file(fd).ioctl(uapi.DRM_IOCTL_SET_MASTER)), "EACCES");
  heir.close(fd);
  assertEquals(setMaster(master), 0);
});

Deno.test("setmaster: without it no mode is set; with it back, all goes on; a closed master leaves the throne", () => {
  using machine = new KmsMachine();
  const master = machine.client();
  const fb = master.light();
  assertEquals([dropMaster(master), master.setCrtc(fb), master.flip(fb)], [0, "EACCES", "EACCES"]);
  assertEquals(master.crtc(master.resources().crtcs[0]).fb_id, fb); // the picture stays
  assertEquals([setMaster(master), master.flip(fb)], [0, 0]);
  master.card.close();
  const next = machine.client();
  assertEquals([isAuthenticated(next), setMaster(next), next.light() > 0], [true, 0, true]);
});

Deno.test("setmaster: a probe is the master's; others are told what it found", () => {
  using machine = new KmsMachine();
  const master = machine.client(), user = machine.client();
  const [connector] = user.resources().connectors;
  const ask = (who: KmsClient): number => {
    const arg = uapi.drm_mode_get_connector.of({ connector_id: connector });
    who.card.ioctl(uapi.DRM_IOCTL_MODE_GETCONNECTOR, arg);
    return arg.count_modes;
  };
  assertEquals(ask(user), 0);
  const count = ask(master);
  assert(count > 0);
  assertEquals(ask(user), count);
});
