/**
 * The properties of CRTCs. Mirrors drm_atomic_crtc_set_property and drm_atomic_crtc_get_property (drm_atomic_uapi.c).
 * @module
 */

import { drm_color_ctm, drm_color_lut, drm_mode_modeinfo } from "../../uapi/mod.ts";
import { DrmError } from "../error.ts";
import type { AtomicState } from "./atomic_state.ts";
import type { Crtc } from "./crtc.ts";
import type { CrtcState } from "./crtc_state.ts";
import { attachScalingFilterProperty } from "./color_properties.ts";
import { findBlob } from "./find.ts";
import { Mode } from "./mode.ts";
import type { Property } from "./property.ts";

type Setter = (state: CrtcState, value: number, draft: AtomicState) => void;

/** Attaches all properties of a CRTC. */
export function attachCrtcProperties(crtc: Crtc): void {
  const { kms, properties, hooks } = crtc;
  const props = kms.props;
  const attach = (property: Property, get: (state: CrtcState) => number, set?: Setter): void =>
    properties.attach({ property, get, set });
  if (kms.device.has("ATOMIC")) {
    attach(props.active, (s) => s.active ? 1 : 0, (s, value) => void (s.active = value !== 0));
    attach(props.modeId, (s) => s.modeBlob?.id ?? 0, setModeId);
    attach(props.outFencePtr, () => 0, setOutFence);
    attach(props.vrrEnabled, (s) => s.vrrEnabled ? 1 : 0, (s, value) => void (s.vrrEnabled = value !== 0));
  }
  const lut = drm_color_lut.size;
  if (hooks.degammaSize) {
    const size = hooks.degammaSize;
    attach(
      props.degammaLut,
      (s) => s.degammaLut?.id ?? 0,
      (s, v) => s.setColor("degammaLut", findBlob(kms, v, 0, lut)),
    );
    attach(props.degammaLutSize, () => size);
  }
  if (hooks.ctm) {
    attach(props.ctm, (s) => s.ctm?.id ?? 0, (s, v) => s.setColor("ctm", findBlob(kms, v, drm_color_ctm.size, 0)));
  }
  if (hooks.gammaSize) {
    const size = hooks.gammaSize;
    attach(props.gammaLut, (s) => s.gammaLut?.id ?? 0, (s, v) => s.setColor("gammaLut", findBlob(kms, v, 0, lut)));
    attach(props.gammaLutSize, () => size);
  }
  if (hooks.scalingFilters !== undefined) attachScalingFilterProperty(crtc, hooks.scalingFilters);
}

// drm_atomic_set_mode_prop_for_crtc (J15).
function setModeId(state: CrtcState, value: number): void {
  const kms = state.crtc.kms;
  const blob = findBlob(kms, value, 0, 0);
  if (blob !== undefined && blob === state.modeBlob) return;
  if (blob === undefined) return state.setMode(undefined, undefined);
  if (blob.length !== drm_mode_modeinfo.size) {
    throw new DrmError("EINVAL", `Cannot take blob ${value} for a mode: it has ${blob.length} bytes`);
  }
  let mode: Mode;
  try {
    mode = Mode.load(drm_mode_modeinfo.at(blob.data));
  } catch (error) {
    if (error instanceof DrmError) throw new DrmError("EINVAL", error.message);
    throw error;
  }
  if (kms.options.modeValid?.(mode) === false) {
    throw new DrmError("EINVAL", `Cannot use mode ${mode.name}: the device cannot do it`);
  }
  state.setMode(mode, blob);
}

const MINUS_ONE = Uint8Array.of(0xff, 0xff, 0xff, 0xff);

// J12: whoever gives a place for the fence reads -1 there until the commit has succeeded.
function setOutFence(state: CrtcState, value: number, draft: AtomicState): void {
  if (value === 0) return;
  draft.task?.memory.copyOut(BigInt(value), MINUS_ONE);
  state.outFencePtr = value;
}
