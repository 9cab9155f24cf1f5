/**
 * A KMS driver in software, and a client of it: for the tests here and for those of whoever builds on KMS. The driver draws
 * nothing; it records what it was told.
 * @module
 */

import * as uapi from "../../uapi/mod.ts";
import { errnoName } from "../../uapi/errno.ts";
import { VirtualClock } from "../clock.ts";
import type { Device } from "../device.ts";
import { defineDriver, type Driver, type Feature } from "../driver.ts";
import { shmemDumbCreate } from "../dumb.ts";
import { DrmError } from "../error.ts";
import type { LocalProcess, OpenFile, ProcessOptions } from "../process.ts";
import { System } from "../system.ts";
import type { ConnectorOptions } from "./connector.ts";
import type { CrtcOptions } from "./crtc.ts";
import type { Mode } from "./mode.ts";
import { cvtMode } from "./mode_cvt.ts";
import { ModeConfig, type ModeConfigOptions } from "./mode_config.ts";
import type { PlaneOptions } from "./plane.ts";

/** What a test wants to be different. */
export interface TestKmsOptions {
  /** Pipes (CRTC, planes, encoder, connector), default 1. */
  readonly pipes?: number;
  /** Limits and hooks of the device. */
  readonly config?: ModeConfigOptions;
  /** Features besides GEM, MODESET and ATOMIC. */
  readonly features?: readonly Feature[];
  /** Whether the driver is atomic for clients, default true. */
  readonly atomic?: boolean;
  /** Changes of every plane. */
  readonly plane?: Partial<PlaneOptions>;
  /** Changes of every CRTC. */
  readonly crtc?: Partial<CrtcOptions>;
  /** Changes of every connector. */
  readonly connector?: Partial<ConnectorOptions>;
  /** Whether CRTCs have a cursor plane, default true. */
  readonly cursor?: boolean;
  /** Whether CRTCs have an overlay plane, default false. */
  readonly overlay?: boolean;
  /** Formats of primary and overlay planes, default XRGB8888 and ARGB8888. */
  readonly formats?: readonly number[];
}

/** The default mode of the driver's displays: 1024x768 at 60 Hz. */
export const TEST_MODE: Mode = cvtMode(1024, 768, { type: uapi.DRM_MODE_TYPE_PREFERRED | uapi.DRM_MODE_TYPE_DRIVER });

/** A system with one software KMS device. */
export class TestKms implements Disposable {
  /** Time; it stands still until a test advances it. */
  readonly clock: VirtualClock = new VirtualClock();
  /** The system. */
  readonly system: System;
  /** The device. */
  readonly device: Device;
  /** What the driver was told: "enable crtc-0", "update plane-0 fb 40", "flush crtc-0", ... */
  readonly log: string[] = [];

  /** A system of its own. @param options what is to be different. */
  constructor(options: TestKmsOptions = {}) {
    this.system = new System({ clock: this.clock });
    this.device = this.system.addDevice(softwareKms(options, this.log));
  }

  /** The device's KMS. */
  get kms(): ModeConfig {
    const kms = this.device.kms;
    if (kms === undefined) throw new TypeError("Cannot use KMS: the device has none");
    return kms;
  }

  /** A new client with the card open. `atomic` sets the capability. */
  client(atomic = true, options?: ProcessOptions): TestClient {
    return new TestClient(this, this.system.process(options), atomic);
  }

  /** Takes the log. */
  takeLog(): string[] {
    return this.log.splice(0);
  }

  /** Ends everything. */
  [Symbol.dispose](): void {
    this.system[Symbol.dispose]();
  }
}

/** The driver. @param log what it is told goes here. */
export function softwareKms(options: TestKmsOptions, log: string[]): Driver {
  const features: Feature[] = [
    "GEM",
    "MODESET",
    ...options.atomic === false ? [] : ["ATOMIC" as const],
    ...options.features ?? [],
  ];
  return defineDriver({
    name: "test",
    desc: "Software KMS for tests",
    version: [1, 0, 0],
    features,
    dumbCreate: shmemDumbCreate,
    probe: (device) => {
      const kms = device.kms = new ModeConfig(device as Device, options.config);
      for (let i = 0; i < (options.pipes ?? 1); i++) addPipe(kms, options, log);
      return undefined;
    },
  });
}

function addPipe(kms: ModeConfig, options: TestKmsOptions, log: string[]): void {
  const plane = (type: PlaneOptions["type"], formats: readonly number[], possibleCrtcs: number): PlaneOptions => ({
    type,
    formats,
    possibleCrtcs,
    damageClips: true,
    atomicUpdate: (plane, _old, state, damage) => {
      const { x1, y1, x2, y2 } = damage.merged;
      log.push(`update ${plane.name} fb ${state.fb?.id ?? 0} damage ${x1},${y1}-${x2},${y2}`);
    },
    atomicDisable: (plane) => void log.push(`disable ${plane.name}`),
    ...options.plane,
  });
  const formats = options.formats ?? [uapi.DRM_FORMAT_XRGB8888, uapi.DRM_FORMAT_ARGB8888];
  const primary = kms.addPlane(plane("primary", formats, 0));
  if (options.overlay) kms.addPlane(plane("overlay", formats, 1 << kms.crtcs.length));
  const cursor = options.cursor === false ? undefined : kms.addPlane(plane("cursor", [uapi.DRM_FORMAT_ARGB8888], 0));
  const crtc = kms.addCrtc({
    primary,
    cursor,
    atomicEnable: (crtc, _draft, state) => void log.push(`enable ${crtc.name} ${state.mode?.name}`),
    atomicDisable: (crtc) => void log.push(`disable ${crtc.name}`),
    atomicFlush: (crtc) => void log.push(`flush ${crtc.name}`),
    ...options.crtc,
  });
  const encoder = kms.addEncoder({ possibleCrtcs: 1 << crtc.index });
  kms.addConnector({
    type: uapi.DRM_MODE_CONNECTOR_VIRTUAL,
    encoder,
    getModes: () => [TEST_MODE, cvtMode(800, 600, { type: uapi.DRM_MODE_TYPE_DRIVER })],
    ...options.connector,
  });
}

/** Objects, properties and values of an atomic request: `{ [object id]: { [property name]: value } }`. */
export type AtomicRequest = Readonly<Record<number, Readonly<Record<string, number | bigint>>>>;

/** A client with the card open. */
export class TestClient {
  /** The process. */
  readonly process: LocalProcess;
  /** The card. */
  readonly card: OpenFile;
  /** The system that it is a client of. */
  readonly test: TestKms;

  /** Use `TestKms.client`. @param card its file, if it does not open the card itself. */
  constructor(test: TestKms, process: LocalProcess, atomic: boolean, card = process.open("/dev/dri/card0")) {
    this.test = test;
    this.process = process;
    this.card = card;
    if (atomic) this.capability(uapi.DRM_CLIENT_CAP_ATOMIC, 1);
  }

  /** SET_CLIENT_CAP. */
  capability(capability: number, value: number): void {
    const arg = uapi.drm_set_client_cap.of({ capability: BigInt(capability), value: BigInt(value) });
    this.card.ioctl(uapi.DRM_IOCTL_SET_CLIENT_CAP, arg);
  }

  /** A dumb buffer; its handle and pitch. */
  dumb(width: number, height: number, bpp = 32): { handle: number; pitch: number; size: number } {
    const arg = uapi.drm_mode_create_dumb.of({ width, height, bpp });
    this.card.ioctl(uapi.DRM_IOCTL_MODE_CREATE_DUMB, arg);
    return { handle: arg.handle, pitch: arg.pitch, size: arg.size };
  }

  /** GEM_CLOSE. */
  closeHandle(handle: number): void {
    this.card.ioctl(uapi.DRM_IOCTL_GEM_CLOSE, uapi.drm_gem_close.of({ handle }));
  }

  /** A framebuffer over a new dumb buffer, whose handle is closed again; the framebuffer's id. */
  framebuffer(width: number, height: number, format: number = uapi.DRM_FORMAT_XRGB8888): number {
    const { handle, pitch } = this.dumb(width, height);
    const arg = uapi.drm_mode_fb_cmd2.of({ width, height, pixel_format: format, handles: [handle], pitches: [pitch] });
    this.card.ioctl(uapi.DRM_IOCTL_MODE_ADDFB2, arg);
    this.closeHandle(handle);
    return arg.fb_id;
  }

  /** CREATEPROPBLOB. */
  blob(data: Uint8Array): number {
    const buffer = this.process.heap.from(data);
    const arg = uapi.drm_mode_create_blob.of({ data: buffer.address, length: data.length });
    this.card.ioctl(uapi.DRM_IOCTL_MODE_CREATEPROPBLOB, arg);
    this.process.heap.free(buffer);
    return arg.blob_id;
  }

  /** A blob with a mode. */
  modeBlob(mode: Mode = TEST_MODE): number {
    const info = uapi.drm_mode_modeinfo.of();
    mode.store(info);
    return this.blob(uapi.drm_mode_modeinfo.bytes(info));
  }

  /** The id of a property of an object. */
  property(object: number, name: string): number {
    const found = this.test.kms.objects.get(object)?.properties?.list.find(({ property }) => property.name === name);
    if (found === undefined) throw new TypeError(`Cannot find property ${name} of object ${object}`);
    return found.property.id;
  }

  /** Reads a property as the client does; undefined if it is not shown. */
  value(object: number, name: string, type = 0): bigint | undefined {
    const id = this.property(object, name);
    const ids = this.process.alloc(4 * 64), values = this.process.alloc(8 * 64);
    const arg = uapi.drm_mode_obj_get_properties.of({
      obj_id: object,
      obj_type: type,
      count_props: 64,
      props_ptr: ids.address,
      prop_values_ptr: values.address,
    });
    this.card.ioctl(uapi.DRM_IOCTL_MODE_OBJ_GETPROPERTIES, arg);
    const idView = new DataView(ids.bytes.buffer, ids.bytes.byteOffset),
      valueView = new DataView(values.bytes.buffer, values.bytes.byteOffset);
    let value: bigint | undefined;
    for (let i = 0; i < arg.count_props; i++) {
      if (idView.getUint32(i * 4, true) === id) value = valueView.getBigUint64(i * 8, true);
    }
    this.process.heap.free(ids);
    this.process.heap.free(values);
    return value;
  }

  /** The argument of an atomic request over the client's memory. */
  atomicArg(request: AtomicRequest, flags = 0, userData = 0n): uapi.View<uapi.drm_mode_atomic> {
    const objects = Object.entries(request).map(([id, values]) => ({ id: Number(id), values: Object.entries(values) }));
    const pairs = objects.flatMap(({ id, values }) =>
      values.map(([name, value]) => ({ id: this.property(id, name), value: BigInt(value) }))
    );
    const bytes = (array: Uint32Array | BigUint64Array): bigint =>
      this.process.heap.from(new Uint8Array(array.buffer as ArrayBuffer, array.byteOffset, array.byteLength)).address;
    return uapi.drm_mode_atomic.of({
      flags,
      count_objs: objects.length,
      objs_ptr: bytes(Uint32Array.from(objects.map(({ id }) => id))),
      count_props_ptr: bytes(Uint32Array.from(objects.map(({ values }) => values.length))),
      props_ptr: bytes(Uint32Array.from(pairs.map(({ id }) => id))),
      prop_values_ptr: bytes(BigUint64Array.from(pairs.map(({ value }) => BigInt.asUintN(64, value)))),
      user_data: userData,
    });
  }

  /** MODE_ATOMIC; as `OpenFile.ioctl`. */
  atomic(request: AtomicRequest, flags = 0, userData = 0n): number {
    return this.card.ioctl(uapi.DRM_IOCTL_MODE_ATOMIC, this.atomicArg(request, flags, userData));
  }

  /** The request that switches pipe `index` on with a framebuffer of its size. */
  enableRequest(fb: number, index = 0, mode: Mode = TEST_MODE): AtomicRequest {
    const { crtcs, connectors } = this.test.kms;
    const crtc = crtcs[index];
    return {
      [crtc.id]: { ACTIVE: 1, MODE_ID: this.modeBlob(mode) },
      [connectors[index].id]: { CRTC_ID: crtc.id },
      [crtc.primary.id]: this.planeValues(fb, crtc.id, mode.hdisplay, mode.vdisplay),
    };
  }

  /** Values that put a whole framebuffer on a CRTC. */
  planeValues(fb: number, crtc: number, width: number, height: number, x = 0, y = 0): Record<string, number> {
    return {
      FB_ID: fb,
      CRTC_ID: crtc,
      CRTC_X: x,
      CRTC_Y: y,
      CRTC_W: width,
      CRTC_H: height,
      SRC_X: 0,
      SRC_Y: 0,
      SRC_W: width * 65536,
      SRC_H: height * 65536,
    };
  }

  /** Switches pipe `index` on, and waits until it is on the screen; the framebuffer's id. */
  enable(index = 0, mode: Mode = TEST_MODE): number {
    const fb = this.framebuffer(mode.hdisplay, mode.vdisplay);
    this.atomic(this.enableRequest(fb, index, mode), uapi.DRM_MODE_ATOMIC_ALLOW_MODESET);
    this.frame(2);
    return fb;
  }

  /** Lets `count` frames of the default mode pass. */
  frame(count = 1): void {
    this.test.clock.advance(Math.ceil(TEST_MODE.frameTime * count));
  }

  /** Events that can be read now, as drm_event_vblank. */
  events(): uapi.View<uapi.drm_event_vblank>[] {
    const bytes = new Uint8Array(4096);
    const events: uapi.View<uapi.drm_event_vblank>[] = [];
    if (this.card.poll(uapi.POLLIN) === 0) return events;
    const length = this.card.read(bytes);
    for (let at = 0; at < length; at += 32) events.push(uapi.drm_event_vblank.at(bytes.slice(at, at + 32)));
    return events;
  }
}

/** The name of the errno that a call fails with; "" if it does not fail. */
export function errnoOfCall(call: () => unknown): string {
  try {
    const result = call();
    return typeof result === "number" && result < 0 ? errnoName(-result) ?? `errno ${-result}` : "";
  } catch (error) {
    if (error instanceof DrmError) return error.code;
    throw error;
  }
}
