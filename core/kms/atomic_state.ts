/**
 * `AtomicState`: a draft of the next state. Objects are copied into it when first touched; the check looks at it, the commit
 * swaps it in. Mirrors struct drm_atomic_state and drivers/gpu/drm/drm_atomic.c.
 * @module
 */

import type { DrmFile } from "../drm_file.ts";
import { DrmError } from "../error.ts";
import type { Fence } from "../fence.ts";
import type { Process } from "../process.ts";
import type { Connector } from "./connector.ts";
import type { ConnectorState } from "./connector_state.ts";
import type { Crtc } from "./crtc.ts";
import type { CrtcState } from "./crtc_state.ts";
import type { Encoder } from "./encoder.ts";
import type { Framebuffer } from "./framebuffer.ts";
import type { ModeConfig } from "./mode_config.ts";
import type { Plane } from "./plane.ts";
import type { PlaneState } from "./plane_state.ts";

/** A draft, and after the swap the record of what changed: `new...` came, `old...` was replaced. */
export class AtomicState {
  /** The device's KMS. */
  readonly kms: ModeConfig;
  /** Whose request it is; undefined for the core's own. */
  file: DrmFile | undefined = undefined;
  /** The calling task. */
  task: Process | undefined = undefined;
  /** Whether modes, connectors and ACTIVE may change (J6). */
  allowModeset = true;
  /** Whether the caller wants to tear (J11). */
  asyncFlip = false;
  /** A legacy cursor: not synchronised with flips (J20). */
  legacyCursor = false;
  /** SETCRTC: an encoder that another connector uses is taken from it. */
  stealsEncoders = false;
  /** The state of before a suspension comes back: connectors that went meanwhile do not stop it. */
  restores = false;
  /** Planes that it touches. */
  readonly planes: Plane[] = [];
  /** CRTCs that it touches. */
  readonly crtcs: Crtc[] = [];
  /** Connectors that it touches. */
  readonly connectors: Connector[] = [];
  /** What has to signal before the commit takes place. */
  readonly fences: Fence[] = [];
  /** Called once when the commit has taken place. */
  onCommitted: (() => void) | undefined = undefined;
  /** Called once when it will not take place. */
  onDiscarded: (() => void) | undefined = undefined;
  /** `ModeConfig.commits` when it was begun. */
  basis = 0;
  readonly #newPlanes: (PlaneState | undefined)[] = [];
  readonly #oldPlanes: (PlaneState | undefined)[] = [];
  readonly #newCrtcs: (CrtcState | undefined)[] = [];
  readonly #oldCrtcs: (CrtcState | undefined)[] = [];
  readonly #newConnectors: (ConnectorState | undefined)[] = [];
  readonly #oldConnectors: (ConnectorState | undefined)[] = [];
  #swapped = false;

  /** Use `ModeConfig.draft`. */
  constructor(kms: ModeConfig) {
    this.kms = kms;
  }

  /** Makes it empty. */
  begin(): void {
    this.basis = this.kms.commits;
    this.file = undefined;
    this.task = undefined;
    this.allowModeset = true;
    this.asyncFlip = false;
    this.legacyCursor = false;
    this.stealsEncoders = this.restores = false;
    this.onCommitted = undefined;
    this.onDiscarded = undefined;
    this.#swapped = false;
  }

  /** Whether another commit took place since it was begun. */
  get stale(): boolean {
    return this.basis !== this.kms.commits;
  }

  /** For a draft that was kept while others were committed: what it replaces is what is current now. */
  rebase(): void {
    this.basis = this.kms.commits;
    for (const plane of this.planes) this.#oldPlanes[plane.index] = plane.state;
    for (const crtc of this.crtcs) this.#oldCrtcs[crtc.index] = crtc.state;
    for (const connector of this.connectors) this.#oldConnectors[connector.index] = connector.state;
  }

  /** Whether it has been swapped in. */
  get swapped(): boolean {
    return this.#swapped;
  }

  /** drm_atomic_get_plane_state: the plane's next state, for writing. Brings the CRTC that it is on along. */
  plane(plane: Plane): PlaneState {
    const known = this.#newPlanes[plane.index];
    if (known !== undefined) return known;
    const state = plane.duplicate();
    this.#newPlanes[plane.index] = state;
    this.#oldPlanes[plane.index] = plane.state;
    this.planes.push(plane);
    if (state.crtc !== undefined) this.crtc(state.crtc);
    return state;
  }

  /** drm_atomic_get_crtc_state: the CRTC's next state, for writing. */
  crtc(crtc: Crtc): CrtcState {
    const known = this.#newCrtcs[crtc.index];
    if (known !== undefined) return known;
    const state = crtc.duplicate();
    this.#newCrtcs[crtc.index] = state;
    this.#oldCrtcs[crtc.index] = crtc.state;
    this.crtcs.push(crtc);
    return state;
  }

  /** drm_atomic_get_connector_state: the connector's next state, for writing. Brings the CRTC that feeds it along. */
  connector(connector: Connector): ConnectorState {
    const known = this.#newConnectors[connector.index];
    if (known !== undefined) return known;
    const state = connector.duplicate();
    this.#newConnectors[connector.index] = state;
    this.#oldConnectors[connector.index] = connector.state;
    this.connectors.push(connector);
    if (state.crtc !== undefined) this.crtc(state.crtc);
    return state;
  }

  /** The plane's next state, if the draft touches it. */
  newPlane(plane: Plane): PlaneState | undefined {
    return this.#newPlanes[plane.index];
  }

  /** The plane's state before, if the draft touches it. */
  oldPlane(plane: Plane): PlaneState | undefined {
    return this.#oldPlanes[plane.index];
  }

  /** The CRTC's next state, if the draft touches it. */
  newCrtc(crtc: Crtc): CrtcState | undefined {
    return this.#newCrtcs[crtc.index];
  }

  /** The CRTC's state before, if the draft touches it. */
  oldCrtc(crtc: Crtc): CrtcState | undefined {
    return this.#oldCrtcs[crtc.index];
  }

  /** The connector's next state, if the draft touches it. */
  newConnector(connector: Connector): ConnectorState | undefined {
    return this.#newConnectors[connector.index];
  }

  /** The connector's state before, if the draft touches it. */
  oldConnector(connector: Connector): ConnectorState | undefined {
    return this.#oldConnectors[connector.index];
  }

  /** drm_atomic_set_crtc_for_plane: puts a plane on a CRTC, or on none; masks follow. */
  setPlaneCrtc(plane: Plane, crtc: Crtc | undefined): void {
    const state = this.plane(plane);
    if (state.crtc === crtc) return;
    if (state.crtc !== undefined) this.crtc(state.crtc).planeMask &= ~(1 << plane.index);
    state.crtc = crtc;
    if (crtc !== undefined) this.crtc(crtc).planeMask |= 1 << plane.index;
  }

  /** drm_atomic_set_crtc_for_connector: feeds a connector from a CRTC, or from none; masks follow. */
  setConnectorCrtc(connector: Connector, crtc: Crtc | undefined): void {
    const state = this.connector(connector);
    if (state.crtc === crtc) return;
    if (state.crtc !== undefined) this.crtc(state.crtc).connectorMask &= ~(1 << connector.index);
    state.crtc = crtc;
    if (crtc !== undefined) this.crtc(crtc).connectorMask |= 1 << connector.index;
  }

  /** Routes a connector through an encoder (undefined: none); masks follow. The check does it. */
  setEncoder(state: ConnectorState, encoder: Encoder | undefined): void {
    if (state.encoder !== undefined) {
      const old = this.oldConnector(state.connector)?.crtc;
      if (old !== undefined) this.crtc(old).encoderMask &= ~(1 << state.encoder.index);
    }
    state.encoder = encoder;
    if (encoder !== undefined && state.crtc !== undefined) this.crtc(state.crtc).encoderMask |= 1 << encoder.index;
  }

  /** drm_atomic_add_affected_connectors: touches every connector that a CRTC feeds. */
  addConnectors(crtc: Crtc): void {
    for (const connector of this.kms.connectors) if (connector.state.crtc === crtc) this.connector(connector);
  }

  /** drm_atomic_add_affected_planes: touches every plane on a CRTC. */
  addPlanes(crtc: Crtc): void {
    const mask = this.oldCrtc(crtc)?.planeMask ?? 0;
    for (const plane of this.kms.planes) if ((mask & (1 << plane.index)) !== 0) this.plane(plane);
  }

  /** For a plane's `prepareFb`: the commit is not to take place before `fence` has signalled. */
  waitFor(fence: Fence): void {
    if (!fence.isSignaled) this.fences.push(fence);
  }

  /** For a commit: the flip on `crtc` is not shown (event, out fence) before the first frame after `fence` has signalled. */
  completeAfter(crtc: Crtc, fence: Fence): void {
    const commit = this.newCrtc(crtc)?.commit;
    if (commit === undefined || commit.flipDone) return;
    commit.holds++;
    if (fence.addCallback(() => commit.unhold()) === undefined) commit.holds--;
  }

  /** For `atomicCheck`: refuses the draft. */
  refuse(reason: string): never {
    throw new DrmError("EINVAL", `Cannot commit: ${reason}`);
  }

  /** For tests and drivers: the framebuffer that a plane will show. */
  framebuffer(plane: Plane): Framebuffer | undefined {
    return (this.newPlane(plane) ?? plane.state).fb;
  }

  /** drm_atomic_helper_swap_state: makes the new states current. They stay known here, and so do the old ones. */
  swap(): void {
    this.#swapped = true;
    this.kms.commits++;
    for (const plane of this.planes) plane.state = this.#newPlanes[plane.index] ?? plane.state;
    for (const crtc of this.crtcs) crtc.state = this.#newCrtcs[crtc.index] ?? crtc.state;
    for (const connector of this.connectors) connector.state = this.#newConnectors[connector.index] ?? connector.state;
  }

  /** drm_atomic_state_clear: gives back the states that are not current, and itself. */
  release(): void {
    const planes = this.#swapped ? this.#oldPlanes : this.#newPlanes;
    const crtcs = this.#swapped ? this.#oldCrtcs : this.#newCrtcs;
    const connectors = this.#swapped ? this.#oldConnectors : this.#newConnectors;
    for (const plane of this.planes) {
      const state = planes[plane.index];
      if (state !== undefined) plane.recycle(state);
      this.#newPlanes[plane.index] = this.#oldPlanes[plane.index] = undefined;
    }
    for (const crtc of this.crtcs) {
      const state = crtcs[crtc.index];
      if (state !== undefined) crtc.recycle(state);
      this.#newCrtcs[crtc.index] = this.#oldCrtcs[crtc.index] = undefined;
    }
    for (const connector of this.connectors) {
      const state = connectors[connector.index];
      if (state !== undefined) connector.recycle(state);
      this.#newConnectors[connector.index] = this.#oldConnectors[connector.index] = undefined;
    }
    this.planes.length =
      this.crtcs.length =
      this.connectors.length =
      this.fences.length =
        0;
    this.file = undefined;
    this.task = undefined;
    this.onCommitted = this.onDiscarded = undefined;
    this.kms.recycle(this);
  }

  /** Gives it up before the swap: events and fences are taken back. */
  discard(): void {
    this.cancelSignals();
    this.release();
  }

  /** The first half of `discard`: events and fences are taken back, the states still stand. */
  cancelSignals(): void {
    for (const crtc of this.crtcs) this.#newCrtcs[crtc.index]?.commit?.cancel();
    const callback = this.onDiscarded;
    this.onCommitted = this.onDiscarded = undefined;
    callback?.();
  }
}
