// Suspending, resuming, pulling out, plugging, forcing and panicking at random moments, while programs set modes and flip.
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Connector } from "udrm/core/kms/connector.ts";
import { storeStatus } from "udrm/core/kms/connector_force.ts";
import { framebufferScanout } from "udrm/core/kms/panic.ts";
import { TEST_MODE, type TestClient, TestKms } from "udrm/core/kms/testing.ts";
import { DrmError } from "udrm/core/error.ts";
import * as uapi from "udrm/uapi/mod.ts";

const STEPS = [
  "suspend",
  "resume",
  "resume",
  "frame",
  "second",
  "enable",
  "enable",
  "enable",
  "flip",
  "flip",
  "blocking",
  "off",
  "vblank",
  "plug",
  "force",
  "status",
  "edid",
  "addConnector",
  "removeConnector",
  "panic",
  "close",
  "open",
  "read",
  "dpms",
  "rmfb",
  "closefb",
] as const;

const { connector_status_connected: IN, connector_status_disconnected: OUT, connector_status_unknown: UNKNOWN } = uapi;
const FORCES = ["unspecified", "on", "digital", "off", "nonsense"];
const STATES = ["detect", "on", "on-digital", "off", "nonsense"];

class Rig implements Disposable {
  readonly test: TestKms;
  readonly clients: { client: TestClient; fbs: number[] }[] = [];
  readonly extra: Connector[] = [];
  readonly kept = new Set<number>();
  waiting = 0;
  status: typeof IN | typeof OUT | typeof UNKNOWN = IN;

  constructor() {
    this.test = new TestKms({
      pipes: 2,
      connector: { hotplug: true, poll: { connect: true, disconnect: true }, detect: () => this.status },
      plane: { getScanoutBuffer: framebufferScanout },
    });
    this.test.kms.polling.start();
    this.open();
  }

  open(): void {
    if (this.clients.length >= 3 || this.test.device.unplugged) return;
    // A request of a suspended device waits, and opening makes one: programs start when the machine is awake.
    if (this.test.device.suspended) return;
    const client = this.test.client();
    this.clients.push({ client, fbs: [client.framebuffer(1024, 768), client.framebuffer(1024, 768)] });
  }

  /** A request that may sleep. */
  ask<A>(client: TestClient, cmd: uapi.Ioctl<A>, arg: uapi.View<A> | Uint32Array): void {
    this.waiting++;
    client.card.wait(cmd, arg as never).then((result) => {
      assert(Number.isInteger(result));
      this.waiting--;
    }, (error) => {
      assert(error instanceof DrmError, String(error));
      this.waiting--;
    });
  }

  step(name: typeof STEPS[number], a: number, b: number): void {
    const { test } = this;
    const { device, kms, clock } = test;
    // The first is the master; the others ask, and are refused.
    const entry = this.clients[a % 4 === 3 ? b % Math.max(1, this.clients.length) : 0];
    const crtc = kms.crtcs[b % 2];
    const connector = kms.connectors[a % Math.max(1, kms.connectors.length)];
    switch (name) {
      case "suspend":
        return void device.suspend();
      case "resume":
        return device.resume();
      case "frame":
        return void clock.advance(TEST_MODE.frameTime * (1 + a % 3));
      case "second":
        return void clock.advance(1e9 * (1 + a % 20));
      case "plug":
        this.status = b % 3 === 0 ? IN : b % 3 === 1 ? OUT : UNKNOWN;
        if (a % 2 === 0) kms.polling.hpdEvent();
        else connector?.hpdEvent();
        return;
      case "panic":
        return void test.system.panic("random".repeat(a % 50), { screen: b % 2 === 0 ? "user" : "kmsg" });
      case "addConnector":
        if (kms.connectors.length < 5) {
          this.extra.push(kms.addConnector({ ...kms.connectors[0]?.hooks ?? OPTIONS(kms) }));
        }
        return;
      case "removeConnector":
        if (this.extra.length > 0) kms.removeConnector(this.extra.splice(a % this.extra.length, 1)[0]);
        return;
      case "open":
        return this.open();
    }
    if (entry === undefined) return;
    const { client, fbs } = entry;
    const fb = fbs[b % fbs.length];
    if (name === "close") {
      this.clients.splice(this.clients.indexOf(entry), 1);
      return client.process[Symbol.dispose]();
    }
    if (name === "read") return void client.events();
    if (device.unplugged) return void this.ask(client, uapi.DRM_IOCTL_VERSION, uapi.drm_version.of());
    if (name === "vblank") {
      const arg = uapi.drm_wait_vblank.of();
      arg.request.type = uapi._DRM_VBLANK_RELATIVE | (a % 2 === 0 ? uapi._DRM_VBLANK_EVENT : 0);
      arg.request.sequence = b % 10;
      return this.ask(client, uapi.DRM_IOCTL_WAIT_VBLANK, arg);
    }
    if (name === "closefb") {
      this.kept.add(fb); // what it shows stays when its program ends
      return this.ask(client, uapi.DRM_IOCTL_MODE_CLOSEFB, uapi.drm_mode_closefb.of({ fb_id: fb }));
    }
    if (name === "rmfb") return this.ask(client, uapi.DRM_IOCTL_MODE_RMFB as uapi.Ioctl<never>, Uint32Array.of(fb));
    if (connector === undefined) return;
    switch (name) {
      case "force":
      case "status":
      case "edid": {
        const path = name === "edid" ? "edid_override" : "force";
        const word = name === "edid" ? (a % 2 === 0 ? "reset" : "junk") : FORCES[b % FORCES.length];
        const root = test.system.process({ uid: 0 });
        try {
          if (name === "status") storeStatus(connector, STATES[b % STATES.length]);
          else {
            const file = root.open(`/sys/kernel/debug/dri/${device.card}/${connector.name}/${path}`, uapi.O_RDWR);
            file.write(new TextEncoder().encode(word));
          }
        } finally {
          root[Symbol.dispose]();
        }
        return;
      }
      case "dpms":
        return this.ask(
          client,
          uapi.DRM_IOCTL_MODE_SETPROPERTY,
          uapi.drm_mode_connector_set_property.of({
            connector_id: connector.id,
            prop_id: kms.props.dpms.id,
            value: BigInt(b % 4),
          }),
        );
    }
    if (device.suspended) {
      // Whatever it is, it waits.
      return this.ask(
        client,
        uapi.DRM_IOCTL_MODE_GETCONNECTOR,
        uapi.drm_mode_get_connector.of({ connector_id: connector.id }),
      );
    }
    const request = name === "enable"
      ? {
        [crtc.id]: { ACTIVE: 1, MODE_ID: client.modeBlob() },
        [connector.id]: { CRTC_ID: crtc.id },
        [crtc.primary.id]: client.planeValues(fb, crtc.id, 1024, 768),
      } as Record<number, Record<string, number>>
      : name === "off"
      ? { [crtc.id]: { ACTIVE: 0 } }
      : { [crtc.primary.id]: { FB_ID: fb } };
    const flags = name === "flip"
      ? uapi.DRM_MODE_ATOMIC_NONBLOCK | uapi.DRM_MODE_PAGE_FLIP_EVENT
      : uapi.DRM_MODE_ATOMIC_ALLOW_MODESET;
    this.ask(client, uapi.DRM_IOCTL_MODE_ATOMIC, client.atomicArg(request, flags));
  }

  [Symbol.dispose](): void {
    this.test[Symbol.dispose]();
  }
}

const OPTIONS = (kms: TestKms["kms"]) => ({ type: uapi.DRM_MODE_CONNECTOR_VIRTUAL, encoder: kms.encoders[0] });

const settle = async (): Promise<void> => {
  for (let i = 0; i < 50; i++) await Promise.resolve();
};

Deno.test("power: whatever happens when, every request ends, all that was made goes, and the machine wakes up", async () => {
  const steps = fc.array(fc.tuple(fc.constantFrom(...STEPS), fc.nat(99), fc.nat(99)), { maxLength: 80, size: "large" });
  await fc.assert(
    fc.asyncProperty(steps, fc.nat(250), async (list, unplugAt) => {
      using rig = new Rig();
      const { test } = rig;
      for (const [i, [name, a, b]] of list.entries()) {
        if (i === unplugAt) test.system.removeDevice(test.device);
        try {
          rig.step(name, a, b);
        } catch (error) {
          if (!(error instanceof DrmError)) throw error;
        }
        if (a % 3 === 0) await settle();
      }
      // Awake and with time to pass, nobody waits for anything any more.
      test.device.resume();
      test.clock.advance(30e9);
      await settle();
      test.clock.advance(30e9);
      await settle();
      assertEquals(rig.waiting, 0);
      // What is current is consistent: masks and states say the same.
      for (const crtc of test.kms.crtcs) {
        const { connectorMask, planeMask, enable } = crtc.state;
        const feeds = test.kms.connectors.filter((c) => c.state.crtc === crtc).reduce((m, c) => m | 1 << c.index, 0);
        const shows = test.kms.planes.filter((p) => p.state.crtc === crtc).reduce((m, p) => m | 1 << p.index, 0);
        const encoders = test.kms.connectors.filter((c) => c.state.crtc === crtc)
          .reduce((m, c) => m | 1 << (c.state.encoder?.index ?? 31), 0);
        assertEquals([connectorMask, planeMask, crtc.state.encoderMask], [feeds, shows, encoders]);
        assertEquals(enable, connectorMask !== 0);
      }
      for (const { client } of rig.clients) client.process[Symbol.dispose]();
      await settle();
      test.clock.advance(1e9);
      assertEquals(test.device.files.size, 0);
      for (const { state: { fb } } of test.kms.planes) assert(fb === undefined || rig.kept.has(fb.id));
      test.system.removeDevice(test.device);
      for (const { state: { fb } } of test.kms.planes) assertEquals(fb?.id, undefined);
      assertEquals(test.clock.next, Infinity);
    }),
    { numRuns: 250, interruptAfterTimeLimit: 20_000 },
  );
});
