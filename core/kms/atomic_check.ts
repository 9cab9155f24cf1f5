/**
 * Whether a draft can be committed: the core's rules for planes, CRTCs and connectors, then the routing of encoders, then the
 * driver's own checks. Pure. Mirrors drm_atomic_check_only (drm_atomic.c) and drm_atomic_helper_check (drm_atomic_helper.c).
 * @module
 */

import type { AtomicState } from "./atomic_state.ts";
import type { Connector } from "./connector.ts";
import type { Crtc } from "./crtc.ts";
import type { CrtcState } from "./crtc_state.ts";
import type { Encoder } from "./encoder.ts";
import { checkPlane, clipPlane } from "./plane_check.ts";
import { checkWriteback } from "./writeback.ts";

/**
 * Checks a draft; pulls in what a mode set affects besides.
 *
 * @throws {DrmError} EINVAL, ERANGE, ENOSPC, and what drivers throw.
 */
export function checkDraft(draft: AtomicState): void {
  const { planes, crtcs, kms } = draft;
  for (const plane of planes) checkPlane(plane, draft);
  for (const crtc of crtcs) checkCrtc(crtc, draft);
  for (const connector of draft.connectors) checkConnector(connector, draft);

  checkModeset(draft);
  if (kms.options.normalizeZpos) { for (const crtc of crtcs) normalizeZpos(crtc, draft); }
  for (let i = 0; i < planes.length; i++) {
    const plane = planes[i];
    const state = draft.plane(plane);
    markChanges(draft, i);
    clipPlane(plane, draft, state);
    plane.hooks.atomicCheck?.(plane, draft, state);
  }
  for (const crtc of crtcs) crtc.hooks.atomicCheck?.(crtc, draft, draft.crtc(crtc));
  kms.options.atomicCheck?.(draft);

  if (!draft.allowModeset) {
    for (const crtc of crtcs) {
      if (draft.crtc(crtc).needsModeset) {
        draft.refuse(`${crtc.name} needs a mode set, which the request does not allow`);
      }
    }
  }
}

// drm_atomic_crtc_check (J5, J7).
function checkCrtc(crtc: Crtc, draft: AtomicState): void {
  const state = draft.crtc(crtc);
  if (state.active && !state.enable) draft.refuse(`${crtc.name} cannot be active: it has no mode`);
  // So far a commit stands there only if somebody asked for an event or a fence.
  if (state.commit !== undefined && !state.active && !crtc.state.active) {
    draft.refuse(`${crtc.name} is off and stays off: no event will come`);
  }
}

// drm_atomic_connector_check.
function checkConnector(connector: Connector, draft: AtomicState): void {
  const state = draft.connector(connector);
  state.maxBpc = connector.edid?.bitsPerColor || 8;
  if (state.maxRequestedBpc !== 0) state.maxBpc = Math.min(state.maxBpc, state.maxRequestedBpc);
  checkWriteback(connector, draft, state);
}

// drm_atomic_helper_check_modeset.
function checkModeset(draft: AtomicState): void {
  const { crtcs, connectors } = draft;
  for (const crtc of crtcs) {
    const state = draft.crtc(crtc);
    const old = crtc.state;
    if (state.mode !== old.mode && !(state.mode?.equals(old.mode) ?? false)) state.modeChanged = true;
    if (state.enable !== old.enable) state.modeChanged = state.connectorsChanged = true;
    if (state.active !== old.active) state.activeChanged = true;
    if (state.enable !== (state.connectorMask !== 0)) {
      draft.refuse(`${crtc.name} has ${state.enable ? "a mode but no connector" : "connectors but no mode"}`);
    }
  }
  resolveConflicts(draft);
  for (let i = 0; i < connectors.length; i++) {
    routeConnector(connectors[i], draft);
    validateConnector(connectors[i], draft);
  }
  const checked = connectors.length;
  // A mode set takes all connectors and planes of its CRTC along.
  for (let i = 0; i < crtcs.length; i++) {
    if (!draft.crtc(crtcs[i]).needsModeset) continue;
    draft.addConnectors(crtcs[i]);
    draft.addPlanes(crtcs[i]);
  }
  for (let i = checked; i < connectors.length; i++) validateConnector(connectors[i], draft);
  for (const crtc of crtcs) {
    const state = draft.crtc(crtc);
    if (state.enable && (state.modeChanged || state.connectorsChanged)) validateMode(crtc, state, draft);
  }
  for (const connector of connectors) {
    const state = draft.connector(connector);
    if (state.crtc !== undefined) {
      state.encoder?.hooks.atomicCheck?.(state.encoder, draft, draft.crtc(state.crtc), state);
    }
  }
}

// The encoder that a connector gets on a CRTC.
function encoderFor(connector: Connector, crtc: Crtc, draft: AtomicState): Encoder {
  return connector.hooks.bestEncoder?.(connector, draft) ??
    connector.encoders.find((candidate) => candidate.accepts(crtc)) ?? connector.encoders[0];
}

// handle_conflicting_encoders: no two connectors have the same encoder. SETCRTC takes it from whoever has it: that connector
// goes off, and its CRTC if it feeds no other.
function resolveConflicts(draft: AtomicState): void {
  let mask = 0;
  for (const connector of draft.connectors) {
    const { crtc } = draft.connector(connector);
    if (crtc === undefined) continue;
    const encoder = encoderFor(connector, crtc, draft);
    const bit = 1 << encoder.index;
    if ((mask & bit) !== 0) draft.refuse(`encoder ${encoder.name} of ${connector.name} feeds another connector too`);
    mask |= bit;
  }
  if (mask === 0) return;
  for (const connector of draft.kms.connectors) {
    const { encoder, crtc } = connector.state;
    if (draft.newConnector(connector) !== undefined || encoder === undefined || crtc === undefined) continue;
    if ((mask & (1 << encoder.index)) === 0) continue;
    if (!draft.stealsEncoders) draft.refuse(`encoder ${encoder.name} is in use by ${connector.name}`);
    draft.setConnectorCrtc(connector, undefined);
    const crtcState = draft.crtc(crtc);
    if (crtcState.connectorMask !== 0) continue;
    crtcState.setMode(undefined, undefined);
    crtcState.active = false;
  }
}

// update_connector_routing: picks the encoder, and says which CRTCs are affected.
function routeConnector(connector: Connector, draft: AtomicState): void {
  const state = draft.connector(connector);
  const old = connector.state;
  if (old.crtc !== state.crtc) {
    if (old.crtc !== undefined) draft.crtc(old.crtc).connectorsChanged = true;
    if (state.crtc !== undefined) draft.crtc(state.crtc).connectorsChanged = true;
  }
  const crtc = state.crtc;
  if (crtc === undefined) {
    draft.setEncoder(state, undefined);
    return;
  }
  if (connector.unregistered && !draft.restores && draft.crtc(crtc).active) {
    draft.refuse(`${connector.name} is gone: it can only be switched off`);
  }
  const encoder = encoderFor(connector, crtc, draft);
  if (!encoder.accepts(crtc)) {
    draft.refuse(`encoder ${encoder.name} of ${connector.name} cannot be fed by ${crtc.name}`);
  }
  if (encoder === state.encoder && old.crtc === crtc) return;
  stealEncoder(encoder, connector, draft);
  draft.setEncoder(state, encoder);
  draft.crtc(crtc).connectorsChanged = true;
}

// steal_encoder: from a connector that the draft moves to another one, which it gets when its turn comes.
function stealEncoder(encoder: Encoder, thief: Connector, draft: AtomicState): void {
  for (const connector of draft.connectors) {
    const state = draft.connector(connector);
    if (connector === thief || state.encoder !== encoder) continue;
    draft.setEncoder(state, undefined);
    const crtc = connector.state.crtc;
    if (crtc !== undefined) draft.crtc(crtc).connectorsChanged = true;
  }
}

function validateConnector(connector: Connector, draft: AtomicState): void {
  const state = draft.connector(connector);
  const { crtc, linkStatus, maxRequestedBpc } = connector.state;
  if (crtc !== undefined && (state.linkStatus !== linkStatus || state.maxRequestedBpc !== maxRequestedBpc)) {
    draft.crtc(crtc).connectorsChanged = true;
  }
  connector.hooks.atomicCheck?.(connector, draft, state);
}

// mode_valid: encoders, then connectors' and the CRTC's own opinion of the mode, and whether encoders can be clones.
function validateMode(crtc: Crtc, state: CrtcState, draft: AtomicState): void {
  const mode = state.mode;
  if (mode === undefined) return;
  if (crtc.hooks.modeValid?.(crtc, mode) === false) draft.refuse(`${crtc.name} cannot do mode ${mode.name}`);
  for (const connector of draft.connectors) {
    const connectorState = draft.connector(connector);
    const encoder = connectorState.encoder;
    if (connectorState.crtc !== crtc || encoder === undefined) continue;
    if (encoder.hooks.modeValid?.(encoder, mode) === false) draft.refuse(`${encoder.name} cannot do mode ${mode.name}`);
    if ((state.encoderMask & ~encoder.possibleClones) !== 0) {
      draft.refuse(`${encoder.name} cannot show the same as the others`);
    }
  }
}

// drm_atomic_helper_plane_changed.
function markChanges(draft: AtomicState, index: number): void {
  const plane = draft.planes[index];
  const state = draft.plane(plane);
  const old = plane.state;
  if (old.crtc !== undefined) draft.crtc(old.crtc).planesChanged = true;
  if (state.crtc !== undefined) {
    const crtcState = draft.crtc(state.crtc);
    crtcState.planesChanged = true;
    if (state.zpos !== old.zpos || old.crtc !== state.crtc) crtcState.zposChanged = true;
  }
}

// drm_atomic_normalize_zpos: counts the planes of a CRTC from below; equal places are told apart by id.
function normalizeZpos(crtc: Crtc, draft: AtomicState): void {
  const state = draft.crtc(crtc);
  const old = draft.oldCrtc(crtc);
  const moved = draft.planes.some((plane) =>
    draft.plane(plane).crtc === crtc && draft.plane(plane).zpos !== plane.state.zpos
  );
  if (!moved && state.planeMask === old?.planeMask) return;
  state.zposChanged = true;
  draft.kms.planes.filter((plane) => (state.planeMask & (1 << plane.index)) !== 0)
    .map((plane) => draft.plane(plane))
    .sort((a, b) => a.zpos - b.zpos || a.plane.id - b.plane.id)
    .forEach((planeState, place) => void (planeState.normalizedZpos = place));
}
