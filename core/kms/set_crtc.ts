/**
 * SETCRTC over atomic. Mirrors drm_mode_setcrtc (drivers/gpu/drm/drm_crtc.c) and drm_atomic_helper_set_config.
 * @module
 */

import {
  type drm_mode_crtc,
  DRM_MODE_FLAG_PIC_AR_MASK,
  DRM_MODE_LINK_STATUS_GOOD,
  drm_mode_modeinfo,
  DRM_MODE_OBJECT_CONNECTOR,
  DRM_MODE_OBJECT_CRTC,
  DRM_MODE_ROTATE_270,
  DRM_MODE_ROTATE_90,
  type View,
} from "../../uapi/mod.ts";
import type { DrmFile } from "../drm_file.ts";
import { DrmError } from "../error.ts";
import type { Process } from "../process.ts";
import type { Wait } from "../wait.ts";
import { commitDraft } from "./atomic_commit.ts";
import type { AtomicState } from "./atomic_state.ts";
import { Connector } from "./connector.ts";
import { Crtc } from "./crtc.ts";
import { findFramebuffer } from "./find.ts";
import type { Framebuffer } from "./framebuffer.ts";
import { findObject, kmsOf, leaseHolds } from "./lease.ts";
import { Mode } from "./mode.ts";
import type { ModeConfig } from "./mode_config.ts";
import { UserArray } from "./user_array.ts";

const PRESENT_FB = 0xffff_ffff;

/** What SETCRTC asks for. */
interface Config {
  readonly crtc: Crtc;
  readonly mode: Mode | undefined;
  readonly fb: Framebuffer | undefined;
  readonly x: number;
  readonly y: number;
  readonly connectors: readonly Connector[];
}

function refuse(reason: string): never {
  throw new DrmError("EINVAL", `Cannot set a CRTC: ${reason}`);
}

/** drm_framebuffer_check_src_coords, all 16.16. Throws ENOSPC for a source that leaves the framebuffer. */
export function checkSource(fb: Framebuffer, x: number, y: number, width: number, height: number): void {
  const fbWidth = fb.width * 65536, fbHeight = fb.height * 65536;
  if (width > fbWidth || x > fbWidth - width || height > fbHeight || y > fbHeight - height) {
    throw new DrmError(
      "ENOSPC",
      `Cannot show ${width / 65536}x${height / 65536} of a framebuffer of ${fb.width}x${fb.height}`,
    );
  }
}

/** SETCRTC (J19). */
export function setCrtc(file: DrmFile, arg: View<drm_mode_crtc>, task: Process): number | Wait {
  const kms = kmsOf(file);
  if (arg.x > 0xffff || arg.y > 0xffff) {
    throw new DrmError("ERANGE", `Cannot set a CRTC: ${arg.x},${arg.y} is out of range`);
  }
  const attempt = (): number | Wait => {
    const config = read(kms, file, arg, task);
    const draft = kms.draft();
    draft.file = file;
    draft.task = task;
    draft.stealsEncoders = true;
    try {
      apply(draft, config);
    } catch (error) {
      draft.discard();
      throw error;
    }
    return commitDraft(draft, false, attempt, true);
  };
  return attempt();
}

function read(kms: ModeConfig, file: DrmFile, arg: View<drm_mode_crtc>, task: Process): Config {
  const crtc = findObject(kms, file, arg.crtc_id, DRM_MODE_OBJECT_CRTC);
  if (!(crtc instanceof Crtc)) throw new DrmError("ENOENT", `Cannot find CRTC ${arg.crtc_id}`);
  const primary = crtc.primary;
  if (arg.mode_valid !== 0 && !leaseHolds(file, primary.id)) {
    throw new DrmError("EACCES", "Cannot set a CRTC: its primary plane is not leased");
  }
  let mode: Mode | undefined;
  let fb: Framebuffer | undefined;
  if (arg.mode_valid !== 0) {
    if (arg.fb_id === PRESENT_FB) {
      fb = primary.state.fb;
      if (fb === undefined) refuse("it has no framebuffer to keep");
    } else {
      fb = findFramebuffer(kms, file, arg.fb_id);
      if (fb === undefined) throw new DrmError("ENOENT", `Cannot find framebuffer ${arg.fb_id}`);
    }
    if (!file.aspectRatioAllowed && (arg.mode.flags & DRM_MODE_FLAG_PIC_AR_MASK) !== 0) {
      refuse("the client knows no aspect ratios");
    }
    mode = Mode.load(arg.mode);
    if (kms.options.modeValid?.(mode) === false) refuse(`the device cannot do mode ${mode.name}`);
    if (!primary.supports(fb.format, fb.modifier)) {
      refuse(`its primary plane cannot show format 0x${fb.format.toString(16)}`);
    }
    const turned = isTurned(crtc);
    checkSource(
      fb,
      arg.x * 65536,
      arg.y * 65536,
      (turned ? mode.lines : mode.hdisplay) * 65536,
      (turned ? mode.hdisplay : mode.lines) * 65536,
    );
  }
  const count = arg.count_connectors;
  if (count === 0 && mode !== undefined) refuse("it has a mode but no connector");
  if (count > 0 && mode === undefined) refuse("it has connectors but no mode");
  if (count > kms.connectors.length) refuse(`${count} connectors are more than there are`);
  const ids = new UserArray(4);
  ids.begin(task.memory, arg.set_connectors_ptr);
  const connectors: Connector[] = [];
  for (let i = 0; i < count; i++) {
    const id = ids.low(i, count - i);
    const connector = findObject(kms, file, id, DRM_MODE_OBJECT_CONNECTOR);
    if (!(connector instanceof Connector)) throw new DrmError("ENOENT", `Cannot find connector ${id}`);
    connectors.push(connector);
  }
  return { crtc, mode, fb, x: arg.x, y: arg.y, connectors };
}

function isTurned(crtc: Crtc): boolean {
  return (crtc.primary.state.rotation & (DRM_MODE_ROTATE_90 | DRM_MODE_ROTATE_270)) !== 0;
}

// __drm_atomic_helper_set_config.
function apply(draft: AtomicState, config: Config): void {
  const { crtc, mode, fb } = config;
  const state = draft.crtc(crtc);
  const primary = crtc.primary;
  const plane = draft.plane(primary);
  if (mode === undefined || fb === undefined) {
    state.setMode(undefined, undefined);
    state.active = false;
    draft.setPlaneCrtc(primary, undefined);
    plane.setFramebuffer(undefined);
  } else {
    setLegacyMode(draft, crtc, mode);
    state.active = true;
    draft.setPlaneCrtc(primary, crtc);
    plane.setFramebuffer(fb);
    plane.crtcX = plane.crtcY = 0;
    plane.crtcW = mode.hdisplay;
    plane.crtcH = mode.lines;
    plane.srcX = config.x * 65536;
    plane.srcY = config.y * 65536;
    const turned = isTurned(crtc);
    plane.srcW = (turned ? mode.lines : mode.hdisplay) * 65536;
    plane.srcH = (turned ? mode.hdisplay : mode.lines) * 65536;
  }
  // update_output_state: the CRTC feeds these connectors and no others; CRTCs that are left without go off.
  draft.addConnectors(crtc);
  for (const connector of draft.connectors) {
    if (draft.connector(connector).crtc !== crtc) continue;
    draft.setConnectorCrtc(connector, undefined);
    draft.connector(connector).linkStatus = DRM_MODE_LINK_STATUS_GOOD; // the link is trained anew
  }
  for (const connector of config.connectors) {
    draft.setConnectorCrtc(connector, crtc);
  }
  for (const other of draft.crtcs) {
    if (other === crtc || draft.crtc(other).connectorMask !== 0) continue;
    draft.crtc(other).setMode(undefined, undefined);
    draft.crtc(other).active = false;
  }
}

// drm_atomic_set_mode_for_crtc: user space sees the mode as a blob.
function setLegacyMode(draft: AtomicState, crtc: Crtc, mode: Mode): void {
  const state = draft.crtc(crtc);
  if (state.mode?.equals(mode) && state.mode.name === mode.name) return;
  const view = drm_mode_modeinfo.of();
  mode.store(view);
  const blob = draft.kms.createBlob(drm_mode_modeinfo.bytes(view));
  state.setMode(mode, blob);
  blob.put();
}
