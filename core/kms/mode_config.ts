/**
 * `ModeConfig`: the KMS of one device: its objects, their one id space, its limits. Drivers make one in `probe`. Mirrors
 * struct drm_mode_config and drivers/gpu/drm/drm_mode_config.c.
 *
 * A driver in short:
 *
 * ```ts ignore
 * const kms = device.kms = new ModeConfig(device, { maxWidth: 8192, maxHeight: 8192, dirtyFb: true });
 * const primary = kms.addPlane({ type: "primary", formats: [DRM_FORMAT_XRGB8888], atomicUpdate: (plane, old, state, damage) => {} });
 * const crtc = kms.addCrtc({ primary, atomicEnable: (crtc, draft, state) => {} });
 * const encoder = kms.addEncoder({ possibleCrtcs: 1 << crtc.index });
 * const connector = kms.addConnector({ type: DRM_MODE_CONNECTOR_VIRTUAL, encoder, detect: () => connector_status_connected });
 * ```
 * @module
 */

import {
  DRM_MODE_PROP_ATOMIC,
  DRM_MODE_PROP_BITMASK,
  DRM_MODE_PROP_BLOB,
  DRM_MODE_PROP_ENUM,
  DRM_MODE_PROP_IMMUTABLE,
  DRM_MODE_PROP_RANGE,
  DRM_MODE_PROP_SIGNED_RANGE,
} from "../../uapi/mod.ts";
import { ERRNO } from "../../uapi/errno.ts";
import type { Clock } from "../clock.ts";
import type { Device } from "../device.ts";
import type { DrmFile } from "../drm_file.ts";
import { DrmError } from "../error.ts";
import { IdTable } from "../id_table.ts";
import { AtomicState } from "./atomic_state.ts";
import { type CommitTail, defaultCommitTail } from "./atomic_tail.ts";
import { Connector, type ConnectorOptions } from "./connector.ts";
import { connectorTypeName } from "./connector_type.ts";
import { Crtc, type CrtcOptions } from "./crtc.ts";
import { addConnectorDebugfs, removeConnectorDebugfs } from "./debugfs.ts";
import { Encoder, type EncoderOptions } from "./encoder.ts";
import { Framebuffer, type FramebufferLayout } from "./framebuffer.ts";
import { hideFramebuffer, removeFramebuffer } from "./framebuffer_remove.ts";
import { OutputPoll } from "./hotplug_poll.ts";
import { releaseLeases } from "./lessee.ts";
import type { ModeConfigOptions } from "./mode_config_options.ts";
import type { ModeObject } from "./mode_object.ts";
import { OptionalProperties } from "./optional_properties.ts";
import { Plane, type PlaneOptions } from "./plane.ts";
import { Property, PropertyBlob, type PropertyEnum } from "./property.ts";
import type { Suspension } from "./suspend.ts";
import { shutdown } from "./shutdown.ts";
import { StandardProperties } from "./standard_properties.ts";

export type { ModeConfigOptions } from "./mode_config_options.ts";

const MAX_INDEX = 32;
const ID_MAX = 0x7fff_ffff;

/** The KMS of one device. */
export class ModeConfig {
  /** The device. */
  readonly device: Device;
  /** What the driver said. */
  readonly options: ModeConfigOptions;
  /** The system's clock. */
  readonly clock: Clock;
  /** Every object by its id (B5). */
  readonly objects: IdTable<ModeObject>;
  /** Standard properties. */
  readonly props: StandardProperties;
  /** Properties that come with the objects that need them. */
  readonly optional: OptionalProperties = new OptionalProperties((property) => this.#register(property));
  /** Planes by index. */
  readonly planes: Plane[] = [];
  /** CRTCs by index. */
  readonly crtcs: Crtc[] = [];
  /** Encoders by index. */
  readonly encoders: Encoder[] = [];
  /** Connectors in the order of their making. They may come and go: `index` is not the place here. */
  readonly connectors: Connector[] = [];
  /** What looks after connectors that cannot tell of changes by themselves. */
  readonly polling: OutputPoll = new OutputPoll(this);
  /** Least width of a framebuffer, pixels. */
  readonly minWidth: number;
  /** Greatest width of a framebuffer, pixels. */
  readonly maxWidth: number;
  /** Least height of a framebuffer, lines. */
  readonly minHeight: number;
  /** Greatest height of a framebuffer, lines. */
  readonly maxHeight: number;
  /** DRM_CAP_DUMB_PREFERRED_DEPTH. */
  readonly preferredDepth: number;
  /** DRM_CAP_DUMB_PREFER_SHADOW. */
  readonly preferShadow: boolean;
  /** DRM_CAP_ASYNC_PAGE_FLIP. */
  readonly asyncPageFlip: boolean;
  /** DRM_CAP_PAGE_FLIP_TARGET. */
  readonly pageFlipTarget: boolean;
  /** DRM_CAP_CURSOR_WIDTH, 0 for the default. */
  readonly cursorWidth: number;
  /** DRM_CAP_CURSOR_HEIGHT, 0 for the default. */
  readonly cursorHeight: number;
  /** DRM_CAP_ADDFB2_MODIFIERS. */
  readonly fbModifiers: boolean;
  /** Whether frames are counted. */
  readonly hasVblank: boolean;
  /** The driver's commit tail, or the default one. */
  readonly commitTail: CommitTail;
  /** Bytes that clients' blobs may still take, of 256 MiB. */
  blobRoom: number = 1 << 28;
  /** What comes back when the device is resumed; undefined while it is not suspended. `Device.suspend` sets it. */
  suspension: Suspension | undefined = undefined;
  /** Commits that took place: a draft made before the latest one may be out of date. */
  commits = 0;
  #fbCount = 0;
  readonly #fbs = new Map<DrmFile, Set<Framebuffer>>();
  readonly #blobs = new Map<DrmFile, Set<PropertyBlob>>();
  #spareDraft: AtomicState | undefined;
  #hotspot: readonly [Property, Property] | undefined;

  /** No objects yet, the standard properties apart. @param device the device. @param options limits and hooks. */
  constructor(device: Device, options: ModeConfigOptions = {}) {
    this.objects = new IdTable<ModeObject>(ID_MAX, device.system.ids);
    this.device = device;
    this.options = options;
    this.clock = device.system.clock;
    this.minWidth = options.minWidth ?? 0;
    this.maxWidth = options.maxWidth ?? 8192;
    this.minHeight = options.minHeight ?? 0;
    this.maxHeight = options.maxHeight ?? 8192;
    this.preferredDepth = options.preferredDepth ?? 0;
    this.preferShadow = options.preferShadow ?? false;
    this.asyncPageFlip = options.asyncPageFlip ?? false;
    this.pageFlipTarget = options.pageFlipTarget ?? false;
    this.cursorWidth = options.cursorWidth ?? 0;
    this.cursorHeight = options.cursorHeight ?? 0;
    this.fbModifiers = options.fbModifiers ?? true;
    this.hasVblank = options.vblank ?? true;
    this.commitTail = options.commitTail ?? defaultCommitTail;
    this.props = new StandardProperties((property) => this.#register(property));
  }

  /** drm_mode_object_add: gives an object the lowest free id. Throws ENOMEM when none is left. */
  register(object: ModeObject): void {
    const id = this.objects.add(object);
    if (id === 0) throw new DrmError("ENOMEM", "Cannot make a mode object: no id is left");
    object.id = id;
  }

  #register<T extends ModeObject>(object: T): T {
    this.register(object);
    return object;
  }

  /** drm_property_create_range: an unsigned number. `flags` DRM_MODE_PROP_ATOMIC, IMMUTABLE. */
  addRangeProperty(name: string, min: number, max: number, flags = 0): Property {
    return this.#register(new Property(name, DRM_MODE_PROP_RANGE | flags, [min, max], []));
  }

  /** drm_property_create_signed_range: a signed number. */
  addSignedRangeProperty(name: string, min: number, max: number, flags = 0): Property {
    return this.#register(new Property(name, DRM_MODE_PROP_SIGNED_RANGE | flags, [min, max], []));
  }

  /** drm_property_create_enum: one of named values. */
  addEnumProperty(name: string, enums: readonly PropertyEnum[], flags = 0): Property {
    return this.#register(new Property(name, DRM_MODE_PROP_ENUM | flags, enums.map((item) => item.value), enums));
  }

  /** drm_property_create_bitmask: named bits; `value` of each is its number. */
  addBitmaskProperty(name: string, bits: readonly PropertyEnum[], flags = 0): Property {
    return this.#register(new Property(name, DRM_MODE_PROP_BITMASK | flags, bits.map((item) => item.value), bits));
  }

  /** drm_property_create_blob: bytes. */
  addBlobProperty(name: string, flags = 0): Property {
    return this.#register(new Property(name, DRM_MODE_PROP_BLOB | flags, [], []));
  }

  /** HOTSPOT_X and HOTSPOT_Y of cursor planes; undefined for drivers without the CURSOR_HOTSPOT feature. */
  get hotspot(): readonly [Property, Property] | undefined {
    if (!(this.options.cursorHotspot ?? this.device.has("CURSOR_HOTSPOT"))) return undefined;
    return this.#hotspot ??= [
      this.addSignedRangeProperty("HOTSPOT_X", -0x8000_0000, 0x7fff_ffff),
      this.addSignedRangeProperty("HOTSPOT_Y", -0x8000_0000, 0x7fff_ffff),
    ];
  }

  /** drm_universal_plane_init. @throws {RangeError} beyond 32 planes. */
  addPlane(options: PlaneOptions): Plane {
    const plane = this.#add(this.planes, (index) => new Plane(this, index, options));
    plane.init();
    return plane;
  }

  /** drm_crtc_init_with_planes. Primary and cursor planes without `possibleCrtcs` are on this one. @throws {RangeError} beyond 32. */
  addCrtc(options: CrtcOptions): Crtc {
    const crtc = this.#add(this.crtcs, (index) => new Crtc(this, index, options));
    if (options.primary.possibleCrtcs === 0) options.primary.possibleCrtcs = 1 << crtc.index;
    if (options.cursor !== undefined && options.cursor.possibleCrtcs === 0) {
      options.cursor.possibleCrtcs = 1 << crtc.index;
    }
    crtc.init();
    return crtc;
  }

  /** drm_encoder_init. @throws {RangeError} beyond 32. */
  addEncoder(options: EncoderOptions): Encoder {
    return this.#add(this.encoders, (index) => new Encoder(index, options));
  }

  /**
   * drm_connector_init; and once the device is registered drm_connector_dynamic_register, which tells user space of it.
   *
   * @throws {RangeError} beyond 32.
   */
  addConnector(options: ConnectorOptions): Connector {
    const place = freeNumber(this.connectors, (connector) => connector.index);
    checkIndex(place);
    const sameType = this.connectors.filter(({ connectorType }) => connectorType === options.type);
    const typeId = freeNumber(sameType, (connector) => connector.connectorTypeId - 1) + 1;
    const connector = new Connector(this, place, typeId, connectorTypeName(options.type), options);
    this.register(connector);
    this.connectors.push(connector);
    connector.init();
    if (this.device.registered) {
      addConnectorDebugfs(connector);
      this.hotplug(connector);
    }
    return connector;
  }

  /**
   * drm_connector_unregister, as of a monitor behind a hub that goes: user space is told, and can only switch it off any more.
   * Its id goes at once if no CRTC feeds it, else with the commit that switches it off.
   */
  removeConnector(connector: Connector): void {
    if (!this.connectors.includes(connector)) return;
    connector.unregister();
    removeConnectorDebugfs(connector);
    this.releaseConnector(connector);
    this.hotplug();
  }

  /** drm_connector_put: a connector that is unregistered goes once nothing uses it. */
  releaseConnector(connector: Connector): void {
    if (!connector.unregistered || connector.inUse) return;
    const place = this.connectors.indexOf(connector);
    if (place < 0) return;
    this.connectors.splice(place, 1);
    this.objects.remove(connector.id);
    connector.destroy();
  }

  #add<T extends ModeObject>(list: T[], make: (index: number) => T): T {
    checkIndex(list.length);
    const object = this.#register(make(list.length));
    list.push(object);
    return object;
  }

  /** drm_property_create_blob: bytes that a property can refer to; they are not copied. `file`: the client that made it. */
  createBlob(data: Uint8Array, file?: DrmFile): PropertyBlob {
    const blob = this.#register(new PropertyBlob(this, data, file));
    if (file !== undefined) remember(this.#blobs, file, blob);
    return blob;
  }

  /** DESTROYPROPBLOB's part: the file's reference goes (I14). */
  forgetBlob(blob: PropertyBlob): void {
    if (blob.file !== undefined) forget(this.#blobs, blob.file, blob);
    blob.file = undefined;
    blob.put();
  }

  /**
   * drm_framebuffer_init, and the driver's own checks: a framebuffer in `file`'s list (undefined: a hidden one, which the
   * caller holds). Takes over the references of the layout's objects, also when it throws.
   *
   * @throws {DrmError} what the driver's `fbCreate` throws; ENOMEM.
   */
  createFramebuffer(layout: FramebufferLayout, file: DrmFile, hidden = false): Framebuffer {
    const fb = new Framebuffer(this, layout, file.comm, ++this.#fbCount);
    try {
      this.options.fbCreate?.(fb, file);
      this.register(fb);
    } catch (error) {
      for (const object of layout.objects) object.put();
      throw error;
    }
    if (!hidden) {
      fb.file = file;
      remember(this.#fbs, file, fb);
    }
    return fb;
  }

  /** The framebuffers of a file, in the order of their making. */
  framebuffers(file: DrmFile): Iterable<Framebuffer> {
    return this.#fbs.get(file) ?? [];
  }

  /** Framebuffers in a file's list. */
  framebufferCount(file: DrmFile): number {
    return this.#fbs.get(file)?.size ?? 0;
  }

  /** Takes a framebuffer out of its file's list; the caller now holds the file's reference. */
  unlistFramebuffer(fb: Framebuffer): void {
    if (fb.file !== undefined) forget(this.#fbs, fb.file, fb);
    fb.file = undefined;
  }

  /** A draft of the next state. Give it to `commitDraft`, or `discard` it. */
  draft(): AtomicState {
    const draft = this.#spareDraft ?? new AtomicState(this);
    this.#spareDraft = undefined;
    draft.begin();
    return draft;
  }

  /** Gives back a draft that is done with. */
  recycle(draft: AtomicState): void {
    this.#spareDraft = draft;
  }

  /** drm_kms_helper_hotplug_event: tells the world by a uevent; `connector`: which one changed, if only one did. */
  hotplug(connector?: Connector): void {
    const properties: Record<string, string> = { HOTPLUG: "1" };
    if (connector !== undefined) properties.CONNECTOR = String(connector.id);
    this.device.system.uevent({ action: "change", device: this.device, properties });
  }

  /** drm_sysfs_connector_property_event: tells the world that the device itself changed a property of a connector. */
  propertyEvent(connector: Connector, property: Property): void {
    const properties = { HOTPLUG: "1", CONNECTOR: String(connector.id), PROPERTY: String(property.id) };
    this.device.system.uevent({ action: "change", device: this.device, properties });
  }

  /** Switches off the planes that show a framebuffer. */
  hide(fb: Framebuffer): void {
    hideFramebuffer(fb, this);
  }

  /** drm_fb_release and drm_property_destroy_user_blobs: what a closed file leaves behind goes; screens go dark (K6, I10). */
  releaseFile(file: DrmFile): void {
    for (const fb of [...this.framebuffers(file)]) {
      this.unlistFramebuffer(fb);
      removeFramebuffer(fb, this);
    }
    for (const blob of [...this.#blobs.get(file) ?? []]) this.forgetBlob(blob);
    for (const crtc of this.crtcs) crtc.vblank.forget(file);
  }

  /** A master's file closes: what it leases, and what it was lent, ends (K5). */
  releaseLeases(file: DrmFile): void {
    releaseLeases(file);
  }

  /** The device is gone: no frame comes any more, whoever waits for one is told, and nothing is shown any more. */
  unplug(): void {
    this.polling.stop();
    const { suspension } = this;
    this.suspension = undefined;
    suspension?.discard();
    for (const crtc of this.crtcs) crtc.vblank.off();
    for (const { writeback } of this.connectors) writeback?.abort(-ERRNO.ENODEV);
    shutdown(this);
  }
}

function checkIndex(index: number): void {
  if (index >= MAX_INDEX) throw new RangeError(`Cannot add object ${index}: masks have ${MAX_INDEX} bits`);
}

// The lowest number that none of a list has.
function freeNumber<T>(list: readonly T[], numberOf: (item: T) => number): number {
  const taken = new Set(list.map(numberOf));
  let free = 0;
  while (taken.has(free)) free++;
  return free;
}

function remember<T>(map: Map<DrmFile, Set<T>>, file: DrmFile, item: T): void {
  const set = map.get(file);
  if (set) set.add(item);
  else map.set(file, new Set([item]));
}

function forget<T>(map: Map<DrmFile, Set<T>>, file: DrmFile, item: T): void {
  const set = map.get(file);
  if (set?.delete(item) && set.size === 0) map.delete(file);
}

/** DRM_MODE_PROP_ATOMIC and DRM_MODE_PROP_IMMUTABLE, for drivers that make properties. */
export const PROPERTY_FLAGS: { readonly ATOMIC: number; readonly IMMUTABLE: number } = {
  ATOMIC: DRM_MODE_PROP_ATOMIC,
  IMMUTABLE: DRM_MODE_PROP_IMMUTABLE,
};
