/**
 * A machine with displays and a program that drives them, over the whole virtio-gpu path. The program knows nothing but the
 * uAPI: it finds objects, properties and modes as any client does.
 * @module
 */

import { VirtualClock } from "udrm/core/clock.ts";
import type { Device } from "udrm/core/device.ts";
import type { Display } from "udrm/core/display.ts";
import { DrmError } from "udrm/core/error.ts";
import type { LocalProcess, OpenFile, ProcessOptions } from "udrm/core/process.ts";
import { System } from "udrm/core/system.ts";
import { virtioLoopback } from "udrm/drivers/bus/virtqueue/mod.ts";
import { nullDisplay } from "udrm/drivers/display/null/mod.ts";
import { virtioGpu } from "udrm/drivers/gpu/virtio_gpu/mod.ts";
import { soft2d } from "udrm/drivers/host/render/soft2d/mod.ts";
import { virtioGpuHost } from "udrm/drivers/host/virtio_gpu/mod.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { Client, outcome } from "./client.ts";

/** A machine whose card0 has as many monitors as asked for, on virtual time. */
export class KmsMachine implements Disposable {
  /** Its time. */
  readonly clock: VirtualClock = new VirtualClock();
  /** The system. */
  readonly system: System = new System({ clock: this.clock });
  /** The graphics card, to be pulled out. */
  readonly device: Device;
  readonly #undo = new DisposableStack();

  /** @param monitors how many. @param width of each, pixels. @param height of each, lines. @param screen what shows them. */
  constructor(monitors = 1, width = 640, height = 480, screen: Display = nullDisplay()) {
    const renderer = this.#undo.use(soft2d());
    const modes = Array.from({ length: monitors }, () => ({ enabled: true, width, height }));
    const features = 1n << BigInt(uapi.VIRTIO_GPU_F_EDID);
    const display = this.#undo.use(screen);
    const scanouts = monitors;
    const options = { renderer, display, scanouts, modes, features, clock: this.clock };
    const host = this.#undo.use(virtioGpuHost(options));
    const { device, poller } = virtioLoopback(host);
    this.system.addPoller(poller);
    this.device = this.system.addDevice(virtioGpu({ device }));
  }

  /** A program with the card open. */
  client(options: ProcessOptions = { comm: "igt" }, process: LocalProcess = this.system.process(options)): KmsClient {
    return new KmsClient(this, process);
  }

  /** A program with a DRM file that it was given, by whatever means. */
  adopt(process: LocalProcess, fd: number): KmsClient {
    return new KmsClient(this, process, process.file(fd));
  }

  /** Lets time pass, ns, and the host work. */
  pass(ns: number): void {
    this.system.pump();
    this.clock.advance(ns);
    this.system.pump();
  }

  /** Ends it. */
  [Symbol.dispose](): void {
    this.system[Symbol.dispose]();
    this.#undo[Symbol.dispose]();
  }
}

/** A property as a client sees it. */
export interface Prop {
  readonly id: number;
  readonly name: string;
  readonly flags: number;
  readonly values: readonly bigint[];
  readonly enums: ReadonlyMap<string, bigint>;
  /** Its value on the object that was asked. */
  readonly value: bigint;
}

/** What a vblank request gave. */
export interface VblankReply {
  /** 0 or more, or the errno's name. */
  readonly result: number | string;
  readonly sequence: number;
  /** Microseconds. */
  readonly time: number;
}

/** Objects, properties and values: `{ [object]: { [property]: value } }`. */
export type Values = Readonly<Record<number, Readonly<Record<string, number | bigint>>>>;

/** A program that sets modes. */
export class KmsClient extends Client {
  /** The machine. */
  readonly machine: KmsMachine;
  readonly #propIds = new Map<string, number>();

  /** @param machine where it runs. @param process itself. @param card its DRM file, by default one that it opens. */
  constructor(machine: KmsMachine, process: LocalProcess, card: OpenFile = process.open("/dev/dri/card0")) {
    super(process, card);
    this.machine = machine;
  }

  /** SET_CLIENT_CAP. */
  cap(capability: number, value = 1): void {
    const arg = uapi.drm_set_client_cap.of({ capability: BigInt(capability), value: BigInt(value) });
    this.card.ioctl(uapi.DRM_IOCTL_SET_CLIENT_CAP, arg);
  }

  /** Becomes atomic, and able to handle virtual cursors. */
  becomeAtomic(): this {
    this.cap(uapi.DRM_CLIENT_CAP_ATOMIC);
    return this;
  }

  #list(count: number, fill: (pointer: bigint) => void): number[] {
    const { address, bytes } = this.process.alloc(Math.max(4, count * 4));
    fill(address);
    return [...new Uint32Array(bytes.slice(0, count * 4).buffer)];
  }

  /** GETRESOURCES: ids. */
  resources(): { crtcs: number[]; connectors: number[]; encoders: number[]; fbs: number[] } {
    const counts = uapi.drm_mode_card_res.of();
    this.card.ioctl(uapi.DRM_IOCTL_MODE_GETRESOURCES, counts);
    const get = (kind: "crtc" | "connector" | "encoder" | "fb", count: number): number[] =>
      this.#list(count, (pointer) => {
        const arg = uapi.drm_mode_card_res.of({ [`${kind}_id_ptr`]: pointer, [`count_${kind}s`]: count });
        this.card.ioctl(uapi.DRM_IOCTL_MODE_GETRESOURCES, arg);
      });
    return {
      crtcs: get("crtc", counts.count_crtcs),
      connectors: get("connector", counts.count_connectors),
      encoders: get("encoder", counts.count_encoders),
      fbs: get("fb", counts.count_fbs),
    };
  }

  /** GETPLANERESOURCES. */
  planes(): number[] {
    const arg = uapi.drm_mode_get_plane_res.of();
    this.card.ioctl(uapi.DRM_IOCTL_MODE_GETPLANERESOURCES, arg);
    return this.#list(arg.count_planes, (plane_id_ptr) => {
      const full = uapi.drm_mode_get_plane_res.of({ plane_id_ptr, count_planes: arg.count_planes });
      this.card.ioctl(uapi.DRM_IOCTL_MODE_GETPLANERESOURCES, full);
    });
  }

  /** The plane of a type on CRTC `index`. */
  plane(type: number, index = 0): number {
    const found = this.planes().find((plane) => {
      const arg = uapi.drm_mode_get_plane.of({ plane_id: plane });
      this.card.ioctl(uapi.DRM_IOCTL_MODE_GETPLANE, arg);
      return (arg.possible_crtcs & 1 << index) !== 0 && this.value(plane, "type") === BigInt(type);
    });
    if (found === undefined) throw new Error(`Cannot find a plane of type ${type} on CRTC ${index}`);
    return found;
  }

  /** OBJ_GETPROPERTIES: ids and values. */
  rawProps(object: number, type = 0): [number, bigint][] {
    const arg = uapi.drm_mode_obj_get_properties.of({ obj_id: object, obj_type: type });
    this.card.ioctl(uapi.DRM_IOCTL_MODE_OBJ_GETPROPERTIES, arg);
    const count = arg.count_props;
    const ids = this.process.alloc(Math.max(4, count * 4)), values = this.process.alloc(Math.max(8, count * 8));
    arg.props_ptr = ids.address;
    arg.prop_values_ptr = values.address;
    this.card.ioctl(uapi.DRM_IOCTL_MODE_OBJ_GETPROPERTIES, arg);
    const list = new BigUint64Array(values.bytes.slice(0, count * 8).buffer);
    return [...new Uint32Array(ids.bytes.slice(0, count * 4).buffer)].map((id, i) => [id, list[i]]);
  }

  /** All that GETPROPERTY tells of the properties of an object. */
  props(object: number, type = 0): Prop[] {
    return this.rawProps(object, type).map(([id, value]) => {
      const arg = uapi.drm_mode_get_property.of({ prop_id: id });
      this.card.ioctl(uapi.DRM_IOCTL_MODE_GETPROPERTY, arg);
      const size = uapi.drm_mode_property_enum.size;
      const values = this.process.alloc(Math.max(8, arg.count_values * 8));
      const enums = this.process.alloc(Math.max(8, arg.count_enum_blobs * size));
      arg.values_ptr = values.address;
      arg.enum_blob_ptr = enums.address;
      this.card.ioctl(uapi.DRM_IOCTL_MODE_GETPROPERTY, arg);
      const names = Array.from({ length: arg.count_enum_blobs }, (_, i) => {
        const item = uapi.drm_mode_property_enum.at(enums.bytes, i * size);
        return [item.name, item.value] as const;
      });
      return {
        id,
        value,
        name: arg.name,
        flags: arg.flags,
        values: [...new BigUint64Array(values.bytes.slice(0, arg.count_values * 8).buffer)],
        enums: new Map(names),
      };
    });
  }

  /** The id of a property. */
  prop(object: number, name: string): number {
    const key = `${object} ${name}`;
    let id = this.#propIds.get(key);
    if (id === undefined) {
      id = this.props(object).find((prop) => prop.name === name)?.id;
      if (id === undefined) throw new Error(`Cannot find property ${name} of object ${object}`);
      this.#propIds.set(key, id);
    }
    return id;
  }

  /** The value of a property; undefined if it is not shown. */
  value(object: number, name: string): bigint | undefined {
    const id = this.prop(object, name);
    return this.rawProps(object).find(([other]) => other === id)?.[1];
  }

  /** The modes of a connector; the first is the preferred one. */
  modes(connector: number): uapi.View<uapi.drm_mode_modeinfo>[] {
    const arg = uapi.drm_mode_get_connector.of({ connector_id: connector });
    this.card.ioctl(uapi.DRM_IOCTL_MODE_GETCONNECTOR, arg);
    const size = uapi.drm_mode_modeinfo.size;
    const { address, bytes } = this.process.alloc(Math.max(size, arg.count_modes * size));
    const full = uapi.drm_mode_get_connector.of({
      connector_id: connector,
      modes_ptr: address,
      count_modes: arg.count_modes,
    });
    this.card.ioctl(uapi.DRM_IOCTL_MODE_GETCONNECTOR, full);
    return Array.from({ length: full.count_modes }, (_, i) => uapi.drm_mode_modeinfo.at(bytes, i * size));
  }

  /** CREATE_DUMB. */
  dumb(width: number, height: number): uapi.View<uapi.drm_mode_create_dumb> {
    const arg = uapi.drm_mode_create_dumb.of({ width, height, bpp: 32 });
    this.card.ioctl(uapi.DRM_IOCTL_MODE_CREATE_DUMB, arg);
    return arg;
  }

  /** GEM_CLOSE; its outcome. */
  gemClose(handle: number): number | string {
    return outcome(() => this.card.ioctl(uapi.DRM_IOCTL_GEM_CLOSE, uapi.drm_gem_close.of({ handle })));
  }

  /** ADDFB2; the argument with its id, or the errno's name. */
  addFb(init: Parameters<typeof uapi.drm_mode_fb_cmd2.of>[0]): number | string {
    const arg = uapi.drm_mode_fb_cmd2.of(init);
    const result = outcome(() => this.card.ioctl(uapi.DRM_IOCTL_MODE_ADDFB2, arg));
    return result === 0 ? arg.fb_id : result;
  }

  /** A framebuffer over a dumb buffer of its own. */
  fb(width: number, height: number, format: number = uapi.DRM_FORMAT_XRGB8888): number {
    const { handle, pitch } = this.dumb(width, height);
    const fb = this.addFb({ width, height, pixel_format: format, handles: [handle], pitches: [pitch] });
    this.gemClose(handle);
    if (typeof fb === "string") throw new Error(`Cannot make a framebuffer: ${fb}`);
    return fb;
  }

  /** RMFB, or CLOSEFB; its outcome. */
  dropFb(fb: number, close = false): number | string {
    return outcome(() =>
      close
        ? this.card.ioctl(uapi.DRM_IOCTL_MODE_CLOSEFB, uapi.drm_mode_closefb.of({ fb_id: fb }))
        : this.card.ioctl(uapi.DRM_IOCTL_MODE_RMFB, Uint32Array.of(fb))
    );
  }

  /** CREATEPROPBLOB; its id, or the errno's name. */
  blob(bytes: Uint8Array): number | string {
    const arg = uapi.drm_mode_create_blob.of({ data: this.process.heap.from(bytes).address, length: bytes.length });
    const result = outcome(() => this.card.ioctl(uapi.DRM_IOCTL_MODE_CREATEPROPBLOB, arg));
    return result === 0 ? arg.blob_id : result;
  }

  /** GETCRTC. */
  crtc(id: number): uapi.View<uapi.drm_mode_crtc> {
    const arg = uapi.drm_mode_crtc.of({ crtc_id: id });
    this.card.ioctl(uapi.DRM_IOCTL_MODE_GETCRTC, arg);
    return arg;
  }

  /** SETCRTC of CRTC and connector number `index` with the preferred mode; its outcome. */
  setCrtc(fb: number, change: (arg: uapi.View<uapi.drm_mode_crtc>) => void = () => {}, index = 0): number | string {
    const { crtcs, connectors } = this.resources();
    const arg = uapi.drm_mode_crtc.of({
      crtc_id: crtcs[index],
      fb_id: fb,
      mode_valid: 1,
      set_connectors_ptr: this.u32([connectors[index]]),
      count_connectors: 1,
    });
    uapi.bytesOf(arg.mode).set(uapi.bytesOf(this.modes(connectors[index])[0]));
    change(arg);
    return outcome(() => this.card.ioctl(uapi.DRM_IOCTL_MODE_SETCRTC, arg));
  }

  /** Switches monitor `index` on with a framebuffer of its size, and waits until it shows; the framebuffer. */
  light(index = 0): number {
    const [mode] = this.modes(this.resources().connectors[index]);
    const fb = this.fb(mode.hdisplay, mode.vdisplay);
    const result = this.setCrtc(fb, undefined, index);
    if (result !== 0) throw new Error(`Cannot set a mode: ${result}`);
    this.frame(2);
    return fb;
  }

  /** Switches monitor `index` off; its outcome. */
  dark(index = 0): number | string {
    const crtc_id = this.resources().crtcs[index];
    return outcome(() => this.card.ioctl(uapi.DRM_IOCTL_MODE_SETCRTC, uapi.drm_mode_crtc.of({ crtc_id })));
  }

  /** Lets frames of the first monitor's preferred mode pass. */
  frame(count = 1): void {
    this.machine.pass(Math.ceil(count * this.frameTime));
  }

  /** Time of a frame, ns. */
  get frameTime(): number {
    const [mode] = this.modes(this.resources().connectors[0]);
    return mode.htotal * mode.vtotal / mode.clock * 1e6;
  }

  /** PAGE_FLIP; its outcome. */
  flip(fb: number, flags: number = uapi.DRM_MODE_PAGE_FLIP_EVENT, user_data = 0n, index = 0): number | string {
    const crtc_id = this.resources().crtcs[index];
    const arg = uapi.drm_mode_crtc_page_flip.of({ crtc_id, fb_id: fb, flags, user_data });
    return outcome(() => this.card.ioctl(uapi.DRM_IOCTL_MODE_PAGE_FLIP, arg));
  }

  /** The argument of MODE_ATOMIC. */
  atomicArg(request: Values, flags = 0, user_data = 0n): uapi.View<uapi.drm_mode_atomic> {
    const objects = Object.entries(request).map(([id, values]) => [Number(id), Object.entries(values)] as const);
    const pairs = objects.flatMap(([id, values]) =>
      values.map(([name, value]) => [this.prop(id, name), BigInt.asUintN(64, BigInt(value))] as const)
    );
    return uapi.drm_mode_atomic.of({
      flags,
      count_objs: objects.length,
      objs_ptr: this.u32(objects.map(([id]) => id)),
      count_props_ptr: this.u32(objects.map(([, values]) => values.length)),
      props_ptr: this.u32(pairs.map(([id]) => id)),
      prop_values_ptr: this.u64(pairs.map(([, value]) => value)),
      user_data,
    });
  }

  /** MODE_ATOMIC; its outcome. */
  atomic(request: Values, flags = 0, userData = 0n): number | string {
    const arg = this.atomicArg(request, flags, userData);
    return outcome(() => this.card.ioctl(uapi.DRM_IOCTL_MODE_ATOMIC, arg));
  }

  /** WAIT_VBLANK; what it gave. */
  vblank(type: number, sequence = 0, signal = 0n): VblankReply {
    const arg = uapi.drm_wait_vblank.of();
    arg.request.type = type;
    arg.request.sequence = sequence;
    arg.request.signal = signal;
    const result = outcome(() => this.card.ioctl(uapi.DRM_IOCTL_WAIT_VBLANK, arg));
    return vblankReply(result, arg);
  }

  /** WAIT_VBLANK as a call that may sleep. */
  async sleepVblank(type: number, sequence = 0, signal?: AbortSignal): Promise<VblankReply> {
    const arg = uapi.drm_wait_vblank.of();
    arg.request.type = type;
    arg.request.sequence = sequence;
    try {
      const result = await this.card.wait(uapi.DRM_IOCTL_WAIT_VBLANK, arg, { signal });
      return vblankReply(result < 0 ? uapi.errnoName(result) ?? result : result, arg);
    } catch (error) {
      if (error instanceof DrmError) return vblankReply(error.code, arg);
      throw error;
    }
  }

  /** Events that can be read now. */
  events(): uapi.View<uapi.drm_event_vblank>[] {
    const events: uapi.View<uapi.drm_event_vblank>[] = [];
    while (this.card.poll(uapi.POLLIN) !== 0) {
      const bytes = new Uint8Array(4096);
      const length = this.card.read(bytes);
      for (let at = 0; at < length; at += 32) events.push(uapi.drm_event_vblank.at(bytes, at));
    }
    return events;
  }
}

function vblankReply(result: number | string, arg: uapi.View<uapi.drm_wait_vblank>): VblankReply {
  const { sequence, tval_sec, tval_usec } = arg.reply;
  return { result, sequence, time: Number(tval_sec) * 1e6 + Number(tval_usec) };
}
