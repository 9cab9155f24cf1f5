/**
 * `Crtc`: composes planes into a picture with a timing. Mirrors drivers/gpu/drm/drm_crtc.c.
 * @module
 */

import { DRM_MODE_OBJECT_CRTC } from "../../uapi/mod.ts";
import { Fence } from "../fence.ts";
import type { AtomicState } from "./atomic_state.ts";
import { attachCrtcProperties } from "./crtc_properties.ts";
import type { CrtcCommit } from "./crtc_commit.ts";
import { CrtcCrc } from "./crc.ts";
import { CrtcState } from "./crtc_state.ts";
import type { Mode } from "./mode.ts";
import type { ModeConfig } from "./mode_config.ts";
import { StatefulObject } from "./mode_object.ts";
import type { Plane } from "./plane.ts";
import { Vblank } from "./vblank.ts";

/** What a driver says of a CRTC. */
export interface CrtcOptions {
  /** The plane of legacy mode setting. */
  readonly primary: Plane;
  /** The plane of legacy cursors. */
  readonly cursor?: Plane;
  /** For people; "crtc-N" by default. */
  readonly name?: string;
  /** Entries of the gamma table; 0 (default): none. */
  readonly gammaSize?: number;
  /** Entries of the table of legacy requests; by default `gammaSize`. It becomes the degamma table where there is no other. */
  readonly legacyGammaSize?: number;
  /** Entries of the degamma table; 0 (default): none. */
  readonly degammaSize?: number;
  /** Whether it has a colour transformation matrix. */
  readonly ctm?: boolean;
  /** Filters that it scales with, bits: 0 default, 1 nearest neighbour; makes a SCALING_FILTER property. */
  readonly scalingFilters?: number;
  /** Time between frames, ns; the mode's by default. */
  readonly framePeriod?: number;
  /** Whether it can carry a mode. */
  modeValid?(crtc: Crtc, mode: Mode): boolean;
  /** Checks a draft; pure. @throws {DrmError} to refuse. */
  atomicCheck?(crtc: Crtc, draft: AtomicState, state: CrtcState): void;
  /** Before its planes are updated. */
  atomicBegin?(crtc: Crtc, draft: AtomicState): void;
  /** Switches on with `state.mode`. Frames are counted from here on. */
  atomicEnable?(crtc: Crtc, draft: AtomicState, state: CrtcState): void;
  /** Switches off. */
  atomicDisable?(crtc: Crtc, draft: AtomicState, old: CrtcState): void;
  /**
   * Checks where CRCs are to be taken: "auto" or one of `getCrcSources`.
   *
   * @returns values of an entry, 1 to 10. @throws {DrmError} EINVAL for a source that it does not know.
   */
  verifyCrcSource?(crtc: Crtc, source: string): number;
  /** Begins to give CRCs to `crtc.crc.add`, or (undefined) ends it. With `verifyCrcSource`, makes `crc` in debugfs. */
  setCrcSource?(crtc: Crtc, source: string | undefined): void;
  /** Names of all sources. */
  getCrcSources?(crtc: Crtc): readonly string[];
  /** Further lines of its state in debugfs, each after a tabulator and with a line feed. */
  atomicPrintState?(state: CrtcState): string;
  /** After its planes were updated: makes it all visible at once. May hold the flip back by `draft.completeAfter`. */
  atomicFlush?(crtc: Crtc, draft: AtomicState, state: CrtcState): void;
}

/** A CRTC. */
export class Crtc extends StatefulObject<CrtcState> {
  /** DRM_MODE_OBJECT_CRTC. */
  readonly type: number = DRM_MODE_OBJECT_CRTC;
  /** The device's KMS. */
  readonly kms: ModeConfig;
  /** Its place among the device's CRTCs: its pipe, and its bit in masks. */
  readonly index: number;
  /** The plane of legacy mode setting. */
  readonly primary: Plane;
  /** The plane of legacy cursors. */
  readonly cursor: Plane | undefined;
  /** For people. */
  readonly name: string;
  /** The driver's hooks. */
  readonly hooks: CrtcOptions;
  /** Its frames. */
  readonly vblank: Vblank;
  /** The CRCs of its frames. */
  readonly crc: CrtcCrc = new CrtcCrc(this);
  /** The current state. */
  state: CrtcState;
  /** The latest commit on it that flips; the next nonblocking one has to come after it is shown (J9). */
  commit: CrtcCommit | undefined = undefined;
  /** Where the legacy cursor is, CRTC pixels. */
  cursorX = 0;
  /** Where the legacy cursor is, CRTC lines. */
  cursorY = 0;
  /** Entries of the legacy gamma table. */
  readonly legacyGammaSize: number;
  /** The legacy gamma table: red, then green, then blue entries. */
  readonly gammaStore: Uint16Array<ArrayBuffer>;
  readonly #context: number;
  #seqno = 0;
  #spare: CrtcState | undefined;

  /** Use `ModeConfig.addCrtc`. */
  constructor(kms: ModeConfig, index: number, options: CrtcOptions) {
    super();
    this.kms = kms;
    this.index = index;
    this.hooks = options;
    this.primary = options.primary;
    this.cursor = options.cursor;
    this.name = options.name ?? `crtc-${index}`;
    const size = this.legacyGammaSize = options.legacyGammaSize ?? options.gammaSize ?? 0;
    this.gammaStore = new Uint16Array(3 * size).map((_, i) => (i % size) << 8);
    this.vblank = new Vblank(kms.clock);
    this.#context = kms.device.system.fenceContexts.allocate();
    this.state = new CrtcState(this);
    this.#spare = new CrtcState(this);
  }

  /** Attaches the properties; `ModeConfig.addCrtc` does it once the CRTC has its id. */
  init(): void {
    attachCrtcProperties(this);
  }

  /** drm_crtc_create_fence: the next fence of its timeline. */
  createFence(): Fence {
    return new Fence({
      clock: this.kms.clock,
      context: this.#context,
      seqno: ++this.#seqno,
      driverName: this.kms.device.driver.spec.name,
      timelineName: `CRTC:${this.id}-${this.name}`,
    });
  }

  /** Its copy of the state in a draft. */
  touch(draft: AtomicState): CrtcState {
    return draft.crtc(this);
  }

  /** A state that is a copy of the current one. */
  duplicate(): CrtcState {
    const state = this.#spare ?? new CrtcState(this);
    this.#spare = undefined;
    state.copyFrom(this.state);
    return state;
  }

  /** Gives back a state that nobody uses any more. */
  recycle(state: CrtcState): void {
    state.release();
    this.#spare = state;
  }
}
