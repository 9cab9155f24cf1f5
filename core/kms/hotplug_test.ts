import { assertEquals, assertThrows } from "@std/assert";
import * as uapi from "../../uapi/mod.ts";
import type { Connector, ConnectorOptions, ConnectorStatus } from "./connector.ts";
import { type AtomicRequest, errnoOfCall, TEST_MODE, type TestClient, TestKms } from "./testing.ts";

const { connector_status_connected: IN, connector_status_disconnected: OUT, connector_status_unknown: UNKNOWN } = uapi;
const S = 1e9;
const MODESET = uapi.DRM_MODE_ATOMIC_ALLOW_MODESET;

class Sockets extends TestKms {
  /** What each socket has plugged in. */
  readonly plugged: ConnectorStatus[];
  readonly detects: string[] = [];
  readonly #events: Record<string, string>[] = [];

  constructor(options: Partial<ConnectorOptions>, pipes = 1) {
    const plugged: ConnectorStatus[] = new Array(pipes).fill(OUT);
    const detects: string[] = [];
    super({
      pipes,
      connector: {
        detect: (connector, force) => {
          detects.push(`${connector.index}${force ? "!" : ""}`);
          return plugged[connector.index];
        },
        ...options,
      },
    });
    this.plugged = plugged;
    this.detects = detects;
    for (const connector of this.kms.connectors) connector.probe();
    this.detects.length = 0;
    this.system.onUevent(({ properties }) => void this.#events.push({ ...properties }));
  }

  /** Uevents since the last call. */
  events(): Record<string, string>[] {
    return this.#events.splice(0);
  }
}

Deno.test("hpdEvent of a connector tells user space of a change, once", () => {
  using t = new Sockets({ hotplug: true });
  const [connector] = t.kms.connectors;
  assertEquals([connector.hpdEvent(), t.events()], [false, []]);
  t.plugged[0] = IN;
  assertEquals([connector.hpdEvent(), connector.status], [true, IN]);
  assertEquals(t.events(), [{ HOTPLUG: "1", CONNECTOR: String(connector.id) }]);
  assertEquals([connector.hpdEvent(), t.events(), t.detects], [false, [], ["0", "0", "0"]]);
});

Deno.test("hpdEvent of a device names the connector only if one changed, and does nothing before polling is started", () => {
  using t = new Sockets({ hotplug: true }, 3);
  const { polling, connectors } = t.kms;
  t.plugged.fill(IN);
  assertEquals([polling.hpdEvent(), t.events()], [false, []]);
  polling.start();
  assertEquals([polling.hpdEvent(), t.events()], [true, [{ HOTPLUG: "1" }]]);
  t.plugged[1] = OUT;
  polling.hpdEvent();
  assertEquals(t.events(), [{ HOTPLUG: "1", CONNECTOR: String(connectors[1].id) }]);
});

Deno.test("a connector that cannot tell is looked at every ten seconds, gently; unknown does not count", () => {
  using t = new Sockets({ poll: { connect: true, disconnect: true } });
  t.plugged[0] = IN;
  t.clock.advance(60 * S);
  assertEquals([t.detects, t.events()], [[], []]); // not started
  t.kms.polling.start();
  t.clock.advance(0.9 * S);
  assertEquals(t.events(), []);
  t.clock.advance(10 * S);
  assertEquals([t.detects, t.events(), t.kms.connectors[0].status], [["0"], [{ HOTPLUG: "1" }], IN]);
  t.plugged[0] = UNKNOWN;
  t.clock.advance(10 * S);
  assertEquals([t.events(), t.kms.connectors[0].status], [[], IN]);
  t.plugged[0] = OUT;
  t.clock.advance(10 * S);
  assertEquals([t.events().length, t.kms.connectors[0].status], [1, OUT]);
  t.kms.connectors[0].setForce("off");
  t.detects.length = 0;
  t.clock.advance(30 * S);
  assertEquals(t.detects, []);
  t.kms.polling.stop();
  assertEquals(t.clock.next, Infinity);
});

Deno.test("a connected display is looked at only where that does not disturb it", () => {
  using t = new Sockets({ poll: { connect: true } });
  t.kms.polling.start();
  t.plugged[0] = IN;
  t.clock.advance(10 * S);
  assertEquals(t.events().length, 1);
  t.detects.length = 0;
  t.plugged[0] = OUT;
  t.clock.advance(50 * S);
  assertEquals([t.detects, t.events()], [[], []]);
});

Deno.test("a change that GETCONNECTOR finds is told at once where polling is started, and not at all else", () => {
  for (const started of [false, true]) {
    using t = new Sockets({});
    const client = t.client();
    if (started) t.kms.polling.start();
    t.plugged[0] = IN;
    client.card.ioctl(
      uapi.DRM_IOCTL_MODE_GETCONNECTOR,
      uapi.drm_mode_get_connector.of({ connector_id: t.kms.connectors[0].id }),
    );
    t.clock.advance(0);
    assertEquals(t.events(), started ? [{ HOTPLUG: "1" }] : []);
  }
});

Deno.test("propertyEvent names connector and property", () => {
  using t = new Sockets({});
  const [connector] = t.kms.connectors;
  t.kms.propertyEvent(connector, t.kms.props.linkStatus);
  assertEquals(t.events(), [
    { HOTPLUG: "1", CONNECTOR: String(connector.id), PROPERTY: String(t.kms.props.linkStatus.id) },
  ]);
});

/** A second display on the first one's encoder, as behind a hub. */
function addDisplay(t: TestKms): Connector {
  const [{ hooks }] = t.kms.connectors;
  return t.kms.addConnector({ ...hooks, detect: () => IN });
}

const get = (client: TestClient, id: number): string =>
  errnoOfCall(() =>
    client.card.ioctl(
      uapi.DRM_IOCTL_MODE_GETCONNECTOR,
      uapi.drm_mode_get_connector.of({ connector_id: id }),
    )
  );

Deno.test("a connector that comes while the device runs is told of; one that goes takes its id along", () => {
  using t = new Sockets({});
  const client = t.client();
  const extra = addDisplay(t);
  assertEquals(t.events(), [{ HOTPLUG: "1", CONNECTOR: String(extra.id) }]);
  assertEquals([extra.index, extra.name, get(client, extra.id)], [1, "Virtual-2", ""]);
  const { id } = extra;
  t.kms.removeConnector(extra);
  assertEquals([t.events(), get(client, id), t.kms.connectors.length], [[{ HOTPLUG: "1" }], "ENOENT", 1]);
  t.kms.removeConnector(extra); // harmless
  assertEquals(t.events(), []);
  // Number and bit of the one that went serve again.
  assertEquals([addDisplay(t).index, t.kms.connectors[1].name], [1, "Virtual-2"]);
});

Deno.test("a connector that goes while it is lit stays until it is off; it cannot be switched on, DPMS included", () => {
  using t = new Sockets({ detect: () => IN });
  const client = t.client();
  const fb = client.enable();
  const [connector] = t.kms.connectors;
  const [crtc] = t.kms.crtcs;
  const { id } = connector;
  t.kms.removeConnector(connector);
  assertEquals([get(client, id), t.kms.connectors.length], ["", 1]);
  assertEquals(client.atomic({ [crtc.primary.id]: { FB_ID: fb } }), 0); // flips go on
  client.frame(2);
  assertEquals(client.atomic({ [crtc.id]: { ACTIVE: 0 } }, MODESET), 0);
  assertEquals(get(client, id), ""); // the CRTC still feeds it
  assertEquals(
    errnoOfCall(() => client.atomic({ [id]: { CRTC_ID: crtc.id }, [crtc.id]: { ACTIVE: 1 } }, MODESET)),
    "EINVAL",
  );
  const off: AtomicRequest = { [id]: { CRTC_ID: 0 }, [crtc.id]: { ACTIVE: 0, MODE_ID: 0 } };
  assertEquals(client.atomic(off, MODESET | uapi.DRM_MODE_ATOMIC_TEST_ONLY), 0);
  assertEquals(get(client, id), "");
  assertEquals(client.atomic(off, MODESET), 0);
  assertEquals([get(client, id), t.kms.connectors.length], ["ENOENT", 0]);
});

Deno.test("there are 32 connectors at most at a time, however many came and went", () => {
  using t = new Sockets({});
  for (let i = 0; i < 100; i++) t.kms.removeConnector(addDisplay(t));
  const ids = t.kms.objects.count;
  for (let i = 0; i < 31; i++) addDisplay(t);
  assertThrows(() => addDisplay(t), RangeError, "32");
  for (const connector of t.kms.connectors.slice(1)) t.kms.removeConnector(connector);
  assertEquals([t.kms.objects.count, t.kms.connectors.length], [ids, 1]);
});

Deno.test("an EDID goes with its connector", () => {
  using t = new Sockets({});
  const before = t.kms.objects.count;
  const extra = addDisplay(t);
  const edid = new Uint8Array(128);
  edid.set([0, 255, 255, 255, 255, 255, 255, 0]);
  edid[18] = 1;
  edid[127] = (256 - edid.reduce((sum, byte) => sum + byte, 0) % 256) % 256;
  extra.setEdid(edid);
  assertEquals(t.kms.objects.count, before + 2);
  t.kms.removeConnector(extra);
  assertEquals(t.kms.objects.count, before);
});

Deno.test("SETCRTC takes an encoder from another connector, whose CRTC goes off; atomic requests may not (EINVAL)", () => {
  using t = new TestKms();
  const client = t.client();
  const fb = client.enable();
  const extra = addDisplay(t);
  const [first] = t.kms.connectors;
  const [crtc] = t.kms.crtcs;
  const other = t.kms.addCrtc({
    primary: t.kms.addPlane({ type: "primary", formats: [uapi.DRM_FORMAT_XRGB8888], atomicUpdate: () => {} }),
  });
  assertEquals(other.index, 1);
  const second = t.kms.addEncoder({ possibleCrtcs: 3 });
  const shared = t.kms.addConnector({ ...extra.hooks, encoder: second });
  const rival = t.kms.addConnector({ ...extra.hooks, encoder: second });
  const set = (target: typeof crtc, connector: Connector): string => {
    const arg = uapi.drm_mode_crtc.of({
      crtc_id: target.id,
      fb_id: fb,
      mode_valid: 1,
      set_connectors_ptr: client.process.heap.from(new Uint8Array(Uint32Array.of(connector.id).buffer)).address,
      count_connectors: 1,
    });
    TEST_MODE.store(arg.mode);
    return errnoOfCall(() => client.card.ioctl(uapi.DRM_IOCTL_MODE_SETCRTC, arg));
  };
  assertEquals(set(other, shared), "");
  client.frame(2);
  assertEquals([shared.state.crtc, shared.state.encoder, other.state.active], [other, second, true]);
  // The first CRTC takes the second encoder for another socket.
  const request = { [rival.id]: { CRTC_ID: crtc.id }, [first.id]: { CRTC_ID: 0 } };
  assertEquals(errnoOfCall(() => client.atomic(request, MODESET)), "EINVAL");
  assertEquals(set(crtc, rival), "");
  client.frame(2);
  assertEquals([rival.state.crtc, rival.state.encoder, crtc.state.encoderMask], [crtc, second, 1 << second.index]);
  assertEquals([shared.state.crtc, shared.state.encoder, first.state.crtc], [undefined, undefined, undefined]);
  assertEquals([other.state.active, other.state.enable, other.state.encoderMask], [false, false, 0]);
  // Both sockets of one encoder at once are refused, by whomever.
  const both = { [shared.id]: { CRTC_ID: crtc.id }, [rival.id]: { CRTC_ID: crtc.id } };
  assertEquals(errnoOfCall(() => client.atomic(both, MODESET)), "EINVAL");
  // In one atomic request an encoder may move from one to the other.
  const move = { [rival.id]: { CRTC_ID: 0 }, [shared.id]: { CRTC_ID: crtc.id } };
  assertEquals(client.atomic(move, MODESET), 0);
  assertEquals([shared.state.encoder, rival.state.encoder, crtc.state.encoderMask], [
    second,
    undefined,
    1 << second.index,
  ]);
});

Deno.test("an encoder's atomicCheck may refuse a draft that feeds it", () => {
  let refuse = false;
  using t = new TestKms();
  const encoder = t.kms.addEncoder({
    possibleCrtcs: 1,
    atomicCheck: (encoder, draft, crtc, connector) => {
      if (refuse) draft.refuse(`${encoder.name} of ${connector.connector.name} cannot do ${crtc.mode?.name}`);
    },
  });
  const connector = t.kms.addConnector({ ...t.kms.connectors[0].hooks, encoder });
  const client = t.client();
  const fb = client.framebuffer(1024, 768);
  const [crtc] = t.kms.crtcs;
  const request = {
    [crtc.id]: { ACTIVE: 1, MODE_ID: client.modeBlob() },
    [connector.id]: { CRTC_ID: crtc.id },
    [crtc.primary.id]: client.planeValues(fb, crtc.id, 1024, 768),
  };
  refuse = true;
  assertEquals(errnoOfCall(() => client.atomic(request, MODESET)), "EINVAL");
  refuse = false;
  assertEquals(client.atomic(request, MODESET), 0);
});
