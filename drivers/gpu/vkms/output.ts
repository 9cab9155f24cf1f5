/**
 * `Output`: one CRTC with its planes: what they show as layers, and the frames for whoever wants them. Mirrors
 * drivers/gpu/drm/vkms/vkms_output.c, vkms_crtc.c and vkms_plane.c.
 * @module
 */

import type { Display } from "../../../core/display.ts";
import { DrmError } from "../../../core/error.ts";
import type { Crtc } from "../../../core/kms/crtc.ts";
import type { CrtcState } from "../../../core/kms/crtc_state.ts";
import type { ModeConfig } from "../../../core/kms/mode_config.ts";
import type { Plane } from "../../../core/kms/plane.ts";
import { addPlaneProperty } from "../../../core/kms/plane_properties.ts";
import type { VblankWaiter } from "../../../core/kms/vblank.ts";
import {
  drm_color_lut,
  DRM_COLOR_YCBCR_BT2020,
  DRM_COLOR_YCBCR_BT601,
  DRM_COLOR_YCBCR_BT709,
  DRM_COLOR_YCBCR_FULL_RANGE,
  DRM_COLOR_YCBCR_LIMITED_RANGE,
} from "../../../uapi/drm_mode_color.ts";
import {
  DRM_MODE_BLEND_COVERAGE,
  DRM_MODE_BLEND_PIXEL_NONE,
  DRM_MODE_BLEND_PREMULTI,
  DRM_MODE_REFLECT_MASK,
  DRM_MODE_ROTATE_MASK,
} from "../../../uapi/drm_mode_plane.ts";
import { Composer } from "./composer.ts";
import { formatsOf, planesOf, type VkmsConfig, type VkmsCrtcConfig } from "./config.ts";
import { CRC_ENTRIES, CrcCapture } from "./crc_capture.ts";
import { FbMemory, mapFramebuffer, unmapFramebuffer } from "./fb_memory.ts";
import { ComposedFrame } from "./frame.ts";
import { Layer } from "./layer.ts";
import { ALL_FORMATS, KERNEL_FORMATS } from "./pixel_format.ts";
import { YUV_FORMATS } from "./yuv_format.ts";

const LUT_SIZE = 256;
const ENCODINGS = [
  { value: DRM_COLOR_YCBCR_BT601, name: "ITU-R BT.601 YCbCr" },
  { value: DRM_COLOR_YCBCR_BT709, name: "ITU-R BT.709 YCbCr" },
  { value: DRM_COLOR_YCBCR_BT2020, name: "ITU-R BT.2020 YCbCr" },
];
const RANGES = [
  { value: DRM_COLOR_YCBCR_LIMITED_RANGE, name: "YCbCr limited range" },
  { value: DRM_COLOR_YCBCR_FULL_RANGE, name: "YCbCr full range" },
];

/** Who looks at the frames. */
export interface OutputViewer {
  /** Where frames go; undefined: nowhere. */
  readonly display: Display | undefined;
  /** Whether each frame is presented, or the first after a commit only. */
  readonly everyFrame: boolean;
}

/** One CRTC. */
export class Output implements VblankWaiter {
  /** The CRTC. */
  readonly crtc: Crtc;
  /** The CRCs of its frames. */
  readonly crc: CrcCapture;
  /** The frame that is composed next, if one is. */
  target = 0;
  readonly #kms: ModeConfig;
  readonly #viewer: OutputViewer;
  readonly #composer = new Composer();
  /** A layer for each plane of the device; which of them are shown, from the lowest. */
  readonly #layers = new Map<Plane, Layer>();
  readonly #shown: Layer[] = [];
  /** Places of COLOR_ENCODING and COLOR_RANGE in the states of planes that have them. */
  readonly #yuv = new Map<Plane, { readonly encoding: number; readonly range: number }>();
  #degamma: Uint8Array | undefined;
  #ctm: Uint8Array | undefined;
  #gamma: Uint8Array | undefined;
  #stale = true;
  #changed = false;
  #on = false;
  #armed = false;
  #last = -1;
  #frame: ComposedFrame | undefined;
  readonly #compose = (): Composer => this.#prepared();

  /** Adds a CRTC and its planes. @param config a checked configuration. @param own its part for this CRTC. */
  constructor(kms: ModeConfig, config: VkmsConfig, own: VkmsCrtcConfig, viewer: OutputViewer) {
    this.#kms = kms;
    this.#viewer = viewer;
    const extras = config.extras ?? true;
    const mask = 1 << kms.crtcs.length;
    const planes = planesOf(config, own);
    // Registered as the kernel does: the primary plane, overlays, the cursor.
    const order = { primary: 0, overlay: 1, cursor: 2 };
    const made = planes.toSorted((a, b) => order[a.type] - order[b.type]).map((plane, i) => {
      const names = plane.formats ?? config.formats;
      const formats = names !== undefined ? formatsOf(names) : extras ? ALL_FORMATS : KERNEL_FORMATS;
      return this.#addPlane(plane.type, formats, mask, extras ? { place: i, count: planes.length } : undefined);
    });
    const gammaSize = own.gammaSize ?? LUT_SIZE, degammaSize = own.degammaSize ?? (extras ? LUT_SIZE : 0);
    this.crtc = kms.addCrtc({
      primary: made[0],
      cursor: planes.some((plane) => plane.type === "cursor") ? made[made.length - 1] : undefined,
      gammaSize,
      degammaSize,
      ctm: own.ctm ?? extras,
      atomicCheck: (_crtc, _draft, state) => {
        if (!state.colorMgmtChanged) return;
        checkTable("gamma", state.gammaLut?.data, gammaSize);
        checkTable("degamma", state.degammaLut?.data, degammaSize);
      },
      atomicFlush: (_crtc, _draft, state) => this.#flush(state),
      atomicEnable: () => {
        this.#on = true;
        this.#last = -1;
        this.#arm();
      },
      atomicDisable: () => this.switchOff(),
    });
    this.crc = new CrcCapture({
      isActive: () => this.crtc.state.active,
      start: () => {
        this.#last = -1;
        this.#arm();
      },
    });
  }

  // vkms_plane_init.
  #addPlane(
    type: "primary" | "overlay" | "cursor",
    formats: readonly number[],
    possibleCrtcs: number,
    extras: { readonly place: number; readonly count: number } | undefined,
  ): Plane {
    const kms = this.#kms;
    const plane = kms.addPlane({
      type,
      formats,
      possibleCrtcs,
      canPosition: true,
      rotations: DRM_MODE_ROTATE_MASK | DRM_MODE_REFLECT_MASK,
      alpha: extras !== undefined,
      blendModes: extras && [DRM_MODE_BLEND_PIXEL_NONE, DRM_MODE_BLEND_PREMULTI, DRM_MODE_BLEND_COVERAGE],
      zpos: extras && { min: 0, max: extras.count - 1, value: extras.place },
      prepareFb: (_plane, _draft, state) => {
        if (state.fb !== undefined) mapFramebuffer(state.fb);
      },
      cleanupFb: (_plane, state) => {
        if (state.fb !== undefined) unmapFramebuffer(state.fb);
      },
      atomicUpdate: () => {}, // the CRTC's flush takes all planes
    });
    if (extras !== undefined && formats.some((format) => YUV_FORMATS.has(format))) {
      this.#yuv.set(plane, {
        encoding: addPlaneProperty(plane, kms.addEnumProperty("COLOR_ENCODING", ENCODINGS), DRM_COLOR_YCBCR_BT601),
        range: addPlaneProperty(plane, kms.addEnumProperty("COLOR_RANGE", RANGES), DRM_COLOR_YCBCR_FULL_RANGE),
      });
    }
    this.#layers.set(plane, new Layer());
    return plane;
  }

  // vkms_plane_atomic_update and vkms_crtc_atomic_flush: what the next frame shows.
  #flush(state: CrtcState): void {
    const mode = state.active ? state.mode : undefined;
    this.#shown.length = 0;
    this.#stale = this.#changed = true;
    if (mode === undefined) return;
    for (const [plane, layer] of this.#layers) {
      layer.clear();
      if ((state.planeMask & (1 << plane.index)) !== 0 && this.#take(plane, layer)) this.#shown.push(layer);
    }
    // Few, and mostly in order: no array is made.
    this.#shown.sort(byPlace);
    this.#degamma = state.degammaLut?.data;
    this.#ctm = state.ctm?.data;
    this.#gamma = state.gammaLut?.data;
    this.#composer.resize(mode.hdisplay, mode.vdisplay);
    this.#arm();
  }

  #take(plane: Plane, layer: Layer): boolean {
    const { state } = plane;
    const { fb, src, dst } = state;
    const memory = fb?.priv;
    if (fb === undefined || !state.visible || !(memory instanceof FbMemory)) return false;
    layer.format = fb.format;
    layer.width = fb.width;
    layer.height = fb.height;
    layer.bytes = memory.bytes;
    layer.words = memory.words;
    layer.offsets = fb.offsets;
    layer.pitches = fb.pitches;
    layer.srcX = src.x1 >>> 16;
    layer.srcY = src.y1 >>> 16;
    layer.x1 = dst.x1;
    layer.y1 = dst.y1;
    layer.x2 = dst.x2;
    layer.y2 = dst.y2;
    layer.alpha = state.alpha;
    layer.blend = state.blendMode;
    layer.rotation = state.rotation;
    layer.zpos = state.normalizedZpos;
    const yuv = this.#yuv.get(plane);
    layer.encoding = yuv === undefined ? DRM_COLOR_YCBCR_BT601 : state.values[yuv.encoding];
    layer.range = yuv === undefined ? DRM_COLOR_YCBCR_FULL_RANGE : state.values[yuv.range];
    return true;
  }

  // The next frame is composed, if somebody wants it.
  #arm(): void {
    const { vblank } = this.crtc;
    if (this.#armed || !vblank.enabled || !(this.crc.enabled || this.#presents)) return;
    this.target = vblank.count + 1;
    this.#armed = true;
    // Before all flips of that frame, since the frame before was the last to wait: they may bring the next state at once.
    vblank.add(this);
  }

  get #presents(): boolean {
    return this.#viewer.display !== undefined && (this.#viewer.everyFrame || this.#changed);
  }

  /** vkms_composer_worker: a frame has come. */
  fire(sequence: number): void {
    this.#armed = false;
    const { vblank } = this.crtc;
    if (!vblank.enabled) return;
    const composer = this.#prepared();
    if (this.crc.enabled) {
      // Frames that passed while one was composed have its CRC too, as many as anybody can read.
      const first = this.#last < 0 ? sequence : this.#last + 1;
      const crc = composer.crc();
      for (let frame = Math.max(first, sequence - CRC_ENTRIES); frame <= sequence; frame++) this.crc.add(frame, crc);
    }
    this.#last = sequence;
    if (this.#presents) this.#present(composer);
    this.#arm();
  }

  #prepared(): Composer {
    const composer = this.#composer;
    if (!this.#stale) return composer;
    this.#stale = false;
    composer.setLayers(this.#shown);
    composer.color.load(this.#degamma, this.#ctm, this.#gamma);
    return composer;
  }

  #present(composer: Composer): void {
    this.#changed = false;
    let frame = this.#frame;
    if (frame === undefined || frame.held || frame.width !== composer.width || frame.height !== composer.height) {
      frame = this.#frame = new ComposedFrame(this.#compose);
    }
    this.#viewer.display?.present(this.crtc.index, frame);
  }

  /** Shows nothing any more: the CRTC is switched off, or the device gone. */
  switchOff(): void {
    if (!this.#on) return;
    this.#on = false;
    this.crtc.vblank.remove(this);
    this.#armed = false;
    this.#shown.length = 0;
    for (const layer of this.#layers.values()) layer.clear();
    this.#stale = true;
    this.#viewer.display?.present(this.crtc.index, undefined);
  }
}

const byPlace = (a: Layer, b: Layer): number => a.zpos - b.zpos;

// vkms_atomic_check.
function checkTable(name: string, data: Uint8Array | undefined, size: number): void {
  const entries = Math.floor((data?.length ?? 0) / drm_color_lut.size);
  if (entries > size) throw new DrmError("EINVAL", `Cannot use ${entries} entries of ${name}: ${size} are the most`);
}
