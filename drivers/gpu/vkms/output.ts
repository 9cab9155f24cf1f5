/**
 * `Output`: one CRTC with its planes: what they show as layers, and the frames for whoever wants them. Mirrors
 * drivers/gpu/drm/vkms/vkms_output.c, vkms_crtc.c and vkms_plane.c.
 * @module
 */

import type { Display } from "../../../core/display.ts";
import { DrmError } from "../../../core/error.ts";
import { CRC_ENTRIES, type CrtcCrc } from "../../../core/kms/crc.ts";
import type { Crtc } from "../../../core/kms/crtc.ts";
import type { CrtcState } from "../../../core/kms/crtc_state.ts";
import type { ModeConfig } from "../../../core/kms/mode_config.ts";
import type { Plane } from "../../../core/kms/plane.ts";
import type { VblankWaiter } from "../../../core/kms/vblank.ts";
import type { WritebackJob } from "../../../core/kms/writeback.ts";
import { drm_color_lut } from "../../../uapi/drm_mode_color.ts";
import { Composer } from "./composer.ts";
import { planesOf, sharedPlaceOf, sharedPlanesOf, type VkmsConfig, type VkmsCrtcConfig } from "./config.ts";
import { FbMemory } from "./fb_memory.ts";
import { ComposedFrame } from "./frame.ts";
import { Layer } from "./layer.ts";
import { addVkmsPlane, type VkmsPlane } from "./plane.ts";
import { completeWriteback, writeFrame } from "./writeback.ts";

const LUT_SIZE = 256;
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
  /** The frame that is composed next, if one is. */
  target = 0;
  readonly #kms: ModeConfig;
  readonly #viewer: OutputViewer;
  readonly #composer = new Composer();
  /** A layer for each plane of the device; which of them are shown, from the lowest. */
  readonly #layers = new Map<Plane, Layer>();
  readonly #shown: Layer[] = [];
  #degamma: Uint8Array | undefined;
  #ctm: Uint8Array | undefined;
  #gamma: Uint8Array | undefined;
  #stale = true;
  #changed = false;
  #on = false;
  #armed = false;
  #last = -1;
  #frame: ComposedFrame | undefined;
  #job: WritebackJob | undefined;
  readonly #crcValue = new Uint32Array(1);
  readonly #compose = (): Composer => this.#prepared();

  /** Adds a CRTC and its planes. @param config a checked configuration. @param own its part for this CRTC. */
  constructor(kms: ModeConfig, config: VkmsConfig, own: VkmsCrtcConfig, viewer: OutputViewer) {
    this.#kms = kms;
    this.#viewer = viewer;
    const extras = config.extras ?? true;
    const mask = 1 << kms.crtcs.length;
    const planes = planesOf(config, own, kms.crtcs.length);
    const shared = sharedPlaceOf(config);
    const stack = shared === undefined ? planes.length : shared + sharedPlanesOf(config).length + 1;
    // Registered as the kernel does: the primary plane, overlays, the cursor.
    const order = { primary: 0, overlay: 1, cursor: 2 };
    const made = planes.toSorted((a, b) => order[a.type] - order[b.type]).map((plane, i) => {
      const place = plane.type === "cursor" ? stack - 1 : i;
      return this.adopt(addVkmsPlane(kms, config, plane, mask, place, stack));
    });
    const gammaSize = own.gammaSize ?? LUT_SIZE, degammaSize = own.degammaSize ?? (extras ? LUT_SIZE : 0);
    this.crtc = kms.addCrtc({
      primary: made[0],
      cursor: planes.some((plane) => plane.type === "cursor") ? made[made.length - 1] : undefined,
      gammaSize,
      degammaSize,
      ctm: own.ctm ?? extras,
      framePeriod: typeof config.refresh === "number" ? 1e9 / config.refresh : undefined,
      atomicCheck: (_crtc, _draft, state) => {
        if (!state.colorMgmtChanged) return;
        checkTable("gamma", state.gammaLut?.data, gammaSize);
        checkTable("degamma", state.degammaLut?.data, degammaSize);
      },
      // The frame of the commit before, if it has not come yet: this one replaces it.
      atomicBegin: () => this.#writeNow(),
      atomicFlush: (_crtc, _draft, state) => this.#flush(state),
      atomicEnable: () => {
        this.#on = true;
        this.#last = -1;
        this.#arm();
      },
      atomicDisable: () => this.switchOff(),
      // vkms_set_crc_source, vkms_verify_crc_source, vkms_get_crc_sources.
      verifyCrcSource,
      setCrcSource: (_crtc, source) => {
        if (source === undefined) return;
        this.#last = -1;
        this.#arm();
      },
      getCrcSources: () => CRC_SOURCES,
    });
  }

  /** A plane that may be on it: one of its own, or one that several CRTCs share. */
  adopt({ plane, panicked }: VkmsPlane): Plane {
    panicked.push((crtc) => void (crtc === this.crtc && this.#on && this.#present(this.#prepared())));
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
    layer.encoding = state.colorEncoding;
    layer.range = state.colorRange;
    return true;
  }

  /** The CRCs of its frames. */
  get crc(): CrtcCrc {
    return this.crtc.crc;
  }

  // The next frame is composed, if somebody wants it.
  #arm(): void {
    const { vblank } = this.crtc;
    if (!this.#kms.hasVblank) return this.#runFree();
    if (this.#armed || !vblank.enabled || !this.#wanted) return;
    this.target = vblank.count + 1;
    this.#armed = true;
    // Before all flips of that frame, since the frame before was the last to wait: they may bring the next state at once.
    vblank.add(this);
  }

  // Without vblank each commit is a frame.
  #runFree(): void {
    if (!this.#on || !(this.crc.enabled || this.#presents)) return;
    const composer = this.#prepared();
    if (this.crc.enabled) {
      this.#crcValue[0] = composer.crc();
      this.crc.add(this.#last = this.#last + 1, this.#crcValue);
    }
    if (this.#presents) this.#present(composer);
  }

  get #wanted(): boolean {
    return this.crc.enabled || this.#presents || this.#job !== undefined;
  }

  /** vkms_wb_atomic_commit: the next frame is written where `job` says; its fence signals then. */
  queueWriteback(job: WritebackJob): void {
    this.#job = job;
    if (this.#kms.hasVblank) this.#arm();
    else this.#writeNow();
  }

  // Writes the frame, if one is to be written, before its time.
  #writeNow(): void {
    const job = this.#job;
    this.#job = undefined;
    if (job === undefined || job.done) return;
    writeFrame(this.#prepared(), job);
    completeWriteback(job);
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
    const job = this.#job;
    this.#job = undefined;
    const written = job !== undefined && !job.done ? writeFrame(composer, job) : undefined;
    if (job !== undefined && written !== undefined) {
      // After the flips of this frame, as the kernel's worker does.
      vblank.add({ target: sequence, fire: (_sequence, time) => completeWriteback(job, time) });
    }
    if (this.crc.enabled) {
      // Frames that passed while one was composed have its CRC too, as many as anybody can read.
      const first = this.#last < 0 ? sequence : this.#last + 1;
      this.#crcValue[0] = written ?? composer.crc();
      for (let frame = Math.max(first, sequence - CRC_ENTRIES); frame <= sequence; frame++) {
        this.crc.add(frame, this.#crcValue);
      }
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

  /** Shows a display what it has now, all of it; nothing while it is off. */
  refresh(display: Display): void {
    if (this.#on) display.present(this.crtc.index, this.#newFrame(this.#prepared()));
  }

  #present(composer: Composer): void {
    this.#changed = false;
    this.#viewer.display?.present(this.crtc.index, this.#newFrame(composer));
  }

  #newFrame(composer: Composer): ComposedFrame {
    let frame = this.#frame;
    if (frame === undefined || frame.held || frame.width !== composer.width || frame.height !== composer.height) {
      frame = this.#frame = new ComposedFrame(this.#compose);
    }
    return frame;
  }

  /** Shows nothing any more: the CRTC is switched off, or the device gone. */
  switchOff(): void {
    if (!this.#on) return;
    this.#writeNow();
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

const CRC_SOURCES: readonly string[] = ["auto"];

function verifyCrcSource(_crtc: Crtc, source: string): number {
  if (source !== "auto") throw new DrmError("EINVAL", `Cannot take CRCs of ${JSON.stringify(source)}`);
  return 1;
}

// vkms_atomic_check.
function checkTable(name: string, data: Uint8Array | undefined, size: number): void {
  const entries = Math.floor((data?.length ?? 0) / drm_color_lut.size);
  if (entries > size) throw new DrmError("EINVAL", `Cannot use ${entries} entries of ${name}: ${size} are the most`);
}
