import { assert, assertEquals, assertThrows } from "@std/assert";
import * as uapi from "../../uapi/mod.ts";
import { DrmError } from "../error.ts";
import type { Fence } from "../fence.ts";
import { ResvUsage } from "../resv.ts";
import { syncFileFence } from "../sync_file.ts";
import type { Connector } from "./connector.ts";
import type { Framebuffer } from "./framebuffer.ts";
import { type AtomicRequest, errnoOfCall, type TestClient, TestKms, type TestKmsOptions } from "./testing.ts";
import { checkWritebackFormat } from "./writeback.ts";
import { createWritebackConnector, type WritebackConnectorOptions } from "./writeback_connector.ts";

const MODESET = uapi.DRM_MODE_ATOMIC_ALLOW_MODESET;
const TEST = uapi.DRM_MODE_ATOMIC_TEST_ONLY;
const NONBLOCK = uapi.DRM_MODE_ATOMIC_NONBLOCK;

interface Setup extends Disposable {
  readonly test: TestKms;
  readonly client: TestClient;
  readonly writer: Connector;
  readonly log: string[];
  readonly fb: number;
}

/** A device whose CRTC is on and feeds a connector and a writeback connector. */
function on(options: TestKmsOptions = {}, changes: Partial<WritebackConnectorOptions> = {}): Setup {
  const formats = [uapi.DRM_FORMAT_XRGB8888, uapi.DRM_FORMAT_ARGB8888, uapi.DRM_FORMAT_RGB565];
  const test = new TestKms({ formats, ...options });
  const log: string[] = [];
  const writer = createWritebackConnector(test.kms, {
    formats: [uapi.DRM_FORMAT_XRGB8888, uapi.DRM_FORMAT_RGB565],
    possibleCrtcs: 1,
    possibleClones: 1,
    atomicCheck: (connector, _draft, state) => checkWritebackFormat(connector, state),
    prepareJob: (_connector, job) => void log.push(`prepare ${job.fb?.id}`),
    cleanupJob: (_connector, job) => void log.push(`cleanup ${job.fb?.id}`),
    atomicCommit: (connector, _draft, state) => {
      test.log.push("writeback");
      log.push(`commit ${connector.writeback?.queueJob(state).fb?.id}`);
    },
    ...changes,
  });
  test.kms.encoders[0].possibleClones |= 1 << writer.encoders[0].index;
  const client = test.client();
  client.enable();
  client.atomic({ [writer.id]: { CRTC_ID: test.kms.crtcs[0].id } }, MODESET);
  client.frame(2);
  test.takeLog();
  const fb = client.framebuffer(1024, 768);
  return { test, client, writer, log, fb, [Symbol.dispose]: () => test[Symbol.dispose]() };
}

interface Slot {
  readonly address: bigint;
  readonly value: number;
}

function slot(client: TestClient): Slot {
  const memory = client.process.alloc(4);
  const view = new DataView(memory.bytes.buffer, memory.bytes.byteOffset);
  view.setInt32(0, 77, true);
  return {
    address: memory.address,
    get value() {
      return view.getInt32(0, true);
    },
  };
}

function fenceAt(client: TestClient, fd: number): Fence {
  const fence = syncFileFence(client.process.fds.get(fd));
  assert(fence !== undefined);
  return fence;
}

const write = (writer: Connector, fb: number, out?: Slot): AtomicRequest => ({
  [writer.id]: { WRITEBACK_FB_ID: fb, ...out && { WRITEBACK_OUT_FENCE_PTR: out.address } },
});

Deno.test("I4 a writeback connector is hidden without its capability, which needs an atomic client", () => {
  using setup = on();
  const { test, writer } = setup;
  const count = (client: TestClient): number => {
    const arg = uapi.drm_mode_card_res.of();
    client.card.ioctl(uapi.DRM_IOCTL_MODE_GETRESOURCES, arg);
    return arg.count_connectors;
  };
  const legacy = test.client(false);
  const cap = uapi.DRM_CLIENT_CAP_WRITEBACK_CONNECTORS;
  assertEquals(errnoOfCall(() => legacy.capability(cap, 1)), "EINVAL");
  assertEquals(count(legacy), 1);
  const client = test.client();
  assertEquals([count(client), errnoOfCall(() => client.capability(cap, 2))], [1, "EINVAL"]);
  client.capability(cap, 1);
  assertEquals(count(client), 2);
  const arg = uapi.drm_mode_get_connector.of({ connector_id: writer.id, count_modes: 1 });
  client.card.ioctl(uapi.DRM_IOCTL_MODE_GETCONNECTOR, arg);
  assertEquals([arg.connector_type, arg.connector_type_id], [uapi.DRM_MODE_CONNECTOR_WRITEBACK, 1]);
  assertEquals([writer.name, arg.connection], ["Writeback-1", uapi.connector_status_unknown]); // not probed yet
  client.capability(cap, 0);
  assertEquals(count(client), 1);
});

Deno.test("writeback properties: the kernel's names, types and flags; the formats as a blob; no EDID", () => {
  using setup = on();
  const { test, client, writer } = setup;
  const of = (name: string): [number, readonly number[]] => {
    const property = writer.properties.list.find((binding) => binding.property.name === name)?.property;
    return [property?.flags ?? 0, property?.values ?? []];
  };
  const { DRM_MODE_PROP_ATOMIC: ATOMIC, DRM_MODE_PROP_IMMUTABLE: IMMUTABLE } = uapi;
  assertEquals(of("WRITEBACK_FB_ID"), [(ATOMIC | uapi.DRM_MODE_PROP_OBJECT) >>> 0, [uapi.DRM_MODE_OBJECT_FB]]);
  assertEquals(of("WRITEBACK_PIXEL_FORMATS"), [(ATOMIC | IMMUTABLE | uapi.DRM_MODE_PROP_BLOB) >>> 0, []]);
  assertEquals(of("WRITEBACK_OUT_FENCE_PTR"), [(ATOMIC | uapi.DRM_MODE_PROP_RANGE) >>> 0, [0, 2 ** 64]]);
  const blob = test.kms.objects.get(Number(client.value(writer.id, "WRITEBACK_PIXEL_FORMATS")));
  const data = (blob as unknown as { data: Uint8Array }).data;
  assertEquals([...new Uint32Array(data.slice().buffer)], [uapi.DRM_FORMAT_XRGB8888, uapi.DRM_FORMAT_RGB565]);
  assertEquals(writer.properties.list.some(({ property }) => property.name === "EDID"), false);
  const set = (value: number): string =>
    errnoOfCall(() => client.atomic({ [writer.id]: { WRITEBACK_PIXEL_FORMATS: value } }));
  assertEquals(set(0), "EINVAL");
});

Deno.test("J14 WRITEBACK_FB_ID is one-shot and reads 0", () => {
  using setup = on();
  const { test, client, writer, log, fb } = setup;
  assertEquals(client.atomic(write(writer, fb)), 0);
  assertEquals([client.value(writer.id, "WRITEBACK_FB_ID"), writer.writeback?.pending], [0n, 1]);
  writer.writeback?.signalCompletion(0);
  client.frame();
  client.atomic({ [test.kms.crtcs[0].primary.id]: { FB_ID: client.framebuffer(1024, 768) } });
  client.frame();
  assertEquals(log, [`prepare ${fb}`, `commit ${fb}`, `cleanup ${fb}`]);
  assertEquals(errnoOfCall(() => client.atomic(write(writer, 9999))), "EINVAL"); // I15
  assertEquals(errnoOfCall(() => client.atomic(write(writer, writer.id))), "EINVAL");
});

Deno.test("J12 WRITEBACK_OUT_FENCE_PTR: -1 when parsed, the fd on success only, reads 0, a bad pointer is EFAULT", () => {
  using setup = on();
  const { client, writer, fb } = setup;
  const out = slot(client);
  assertEquals(errnoOfCall(() => client.atomic(write(writer, fb, { address: 8n, value: 0 }))), "EFAULT");
  assertEquals([client.atomic(write(writer, fb, out), TEST), out.value], [0, -1]);
  const refused = slot(client);
  const wrong = client.framebuffer(64, 64, uapi.DRM_FORMAT_ARGB8888);
  assertEquals(errnoOfCall(() => client.atomic(write(writer, wrong, refused))), "EINVAL");
  assertEquals(refused.value, -1);
  const good = slot(client);
  assertEquals(client.atomic(write(writer, fb, good)), 0);
  assert(good.value >= 0);
  assertEquals(client.value(writer.id, "WRITEBACK_OUT_FENCE_PTR"), 0n);
  const fence = fenceAt(client, good.value);
  assertEquals([fence.isSignaled, fence.timelineName], [false, `CONNECTOR:${writer.id}-Writeback-1`]);
  client.frame(2);
  assertEquals(fence.isSignaled, false); // the flip is shown: the frame is not written
  writer.writeback?.signalCompletion(0);
  assertEquals(fence.status, 1);
});

Deno.test("a fence pointer without framebuffer: with WRITEBACK_FB_ID 0 EINVAL, without the property nothing comes", () => {
  using setup = on();
  const { client, writer, log } = setup;
  const out = slot(client);
  assertEquals(errnoOfCall(() => client.atomic(write(writer, 0, out))), "EINVAL");
  assertEquals(out.value, -1);
  assertEquals(client.atomic(write(writer, 0, out), TEST), 0); // no fence is made for a test
  assertEquals(client.atomic({ [writer.id]: { WRITEBACK_OUT_FENCE_PTR: out.address } }), 0);
  assertEquals(out.value, -1);
  assertEquals(client.atomic(write(writer, 0)), 0);
  assertEquals(log, []);
});

Deno.test("a writeback framebuffer without CRTC, on a CRTC that is off, and of another format is EINVAL", () => {
  using setup = on();
  const { test, client, writer, log, fb } = setup;
  const [crtc] = test.kms.crtcs;
  const go = (request: AtomicRequest): string => errnoOfCall(() => client.atomic(request, MODESET | TEST));
  assertEquals(go(write(writer, fb)), "");
  assertEquals(go({ [writer.id]: { CRTC_ID: 0, WRITEBACK_FB_ID: fb } }), "EINVAL");
  assertEquals(go({ ...write(writer, fb), [crtc.id]: { ACTIVE: 0 } }), "EINVAL");
  assertEquals(go(write(writer, client.framebuffer(1024, 768, uapi.DRM_FORMAT_ARGB8888))), "EINVAL");
  assertEquals(go(write(writer, client.framebuffer(1024, 768, uapi.DRM_FORMAT_RGB565))), "");
  assertEquals([log, test.takeLog()], [[], []]); // nothing was prepared or written
});

Deno.test("the frame is written after CRTCs are enabled; the job's framebuffer stays until it is complete", () => {
  using setup = on();
  const { test, client, writer, log, fb } = setup;
  const [crtc] = test.kms.crtcs;
  const object = test.kms.objects.get(fb) as Framebuffer;
  client.atomic({ [crtc.id]: { ACTIVE: 0 } }, MODESET);
  client.frame(2);
  test.takeLog();
  client.atomic({ ...write(writer, fb), [crtc.id]: { ACTIVE: 1 } }, MODESET);
  const told = test.takeLog();
  assertEquals([told.some((line) => line.startsWith("enable")), told.at(-1)], [true, "writeback"]);
  assertEquals(log, [`prepare ${fb}`, `commit ${fb}`]);
  client.card.ioctl(uapi.DRM_IOCTL_MODE_RMFB, Uint32Array.of(fb));
  assertEquals([object.references, object.id], [1, fb]); // the job's: RMFB does not abort it
  writer.writeback?.signalCompletion(0);
  assertEquals([log.at(-1), test.kms.objects.get(fb)], [`cleanup ${fb}`, undefined]);
  assertThrows(() => writer.writeback?.signalCompletion(0), TypeError);
});

Deno.test("jobs complete in their order, each with its own point of the connector's timeline, with an error if there is one", () => {
  using setup = on();
  const { test, client, writer, fb } = setup;
  const outs = [slot(client), slot(client)];
  for (const out of outs) {
    client.atomic(write(writer, fb, out));
    client.frame();
  }
  const [first, second] = outs.map(({ value }) => fenceAt(client, value));
  assertEquals([first.context === second.context, second.isLater(first)], [true, true]);
  assert(first.context !== test.kms.crtcs[0].createFence().context);
  writer.writeback?.signalCompletion(-uapi.ERRNO.EIO);
  assertEquals([first.status, second.status], [-uapi.ERRNO.EIO, 0]);
  writer.writeback?.signalCompletion(0, test.clock.now());
  assertEquals([second.status, second.timestamp], [1, test.clock.now()]);
});

Deno.test("a commit that fails after a job was prepared cleans it up, takes the fd back and leaves -1", () => {
  let fails = false;
  using setup = on({
    plane: {
      prepareFb: () => {
        if (fails) throw new DrmError("ENOMEM", "Cannot prepare: the test says so");
      },
    },
  });
  const { test, client, writer, log, fb } = setup;
  fails = true;
  const out = slot(client);
  const request = {
    ...write(writer, fb, out),
    [test.kms.crtcs[0].primary.id]: { FB_ID: client.framebuffer(1024, 768) },
  };
  assertEquals(errnoOfCall(() => client.atomic(request)), "ENOMEM");
  assertEquals([log, out.value, writer.writeback?.pending], [[`prepare ${fb}`, `cleanup ${fb}`], -1, 0]);
  assertEquals((test.kms.objects.get(fb) as Framebuffer).references, 1);
  fails = false;
  assertEquals(client.atomic(request), 0);
  assert(out.value >= 0);
});

Deno.test("a job whose own preparation fails is not cleaned up by the driver, as it has nothing to end", () => {
  const seen: string[] = [];
  using setup = on({}, {
    prepareJob: () => {
      throw new DrmError("EINVAL", "Cannot prepare: the test says so");
    },
    cleanupJob: () => void seen.push("cleanup"),
  });
  const { test, client, writer, fb } = setup;
  assertEquals(errnoOfCall(() => client.atomic(write(writer, fb))), "EINVAL");
  assertEquals([seen, (test.kms.objects.get(fb) as Framebuffer).references], [[], 1]);
});

Deno.test("unplugging ends jobs with -ENODEV: queued ones, and those of commits that still wait for a fence", () => {
  using setup = on();
  const { test, client, writer, log, fb } = setup;
  const queued = slot(client), waiting = slot(client);
  client.atomic(write(writer, fb, queued));
  client.frame();
  const gate = test.kms.crtcs[0].createFence();
  const object = test.kms.objects.get(client.framebuffer(1024, 768)) as Framebuffer;
  object.objects[0].resv.reserve(1);
  object.objects[0].resv.add(gate, ResvUsage.WRITE);
  const request = {
    ...write(writer, fb, waiting),
    [test.kms.crtcs[0].primary.id]: { FB_ID: object.id },
  };
  assertEquals(client.atomic(request, NONBLOCK), 0);
  const fences = [queued, waiting].map(({ value }) => fenceAt(client, value));
  test.system.removeDevice(test.device);
  gate.signal();
  assertEquals(fences.map(({ status }) => status), [-uapi.ERRNO.ENODEV, -uapi.ERRNO.ENODEV]);
  assertEquals(log.filter((line) => line.startsWith("cleanup")), [`cleanup ${fb}`, `cleanup ${fb}`]);
});

Deno.test("J11 a tearing flip may name WRITEBACK_FB_ID only as 0", () => {
  using setup = on({ config: { asyncPageFlip: true } });
  const { client, writer, fb } = setup;
  const go = (id: number): string =>
    errnoOfCall(() => client.atomic(write(writer, id), uapi.DRM_MODE_PAGE_FLIP_ASYNC | TEST));
  assertEquals([go(0), go(fb)], ["", "EINVAL"]);
});
