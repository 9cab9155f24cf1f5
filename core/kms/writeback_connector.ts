/**
 * Making a writeback connector, and its properties. Mirrors drm_writeback_connector_init and
 * drm_writeback_connector_init_with_encoder (drivers/gpu/drm/drm_writeback.c).
 * @module
 */

import { DRM_MODE_CONNECTOR_WRITEBACK } from "../../uapi/mod.ts";
import type { AtomicState } from "./atomic_state.ts";
import type { Connector, ConnectorOptions } from "./connector.ts";
import type { ConnectorState } from "./connector_state.ts";
import type { Encoder } from "./encoder.ts";
import { findFramebuffer } from "./find.ts";
import type { ModeConfig } from "./mode_config.ts";
import { setWritebackFb, type WritebackHooks } from "./writeback.ts";

/** What a driver says of a writeback connector. */
export interface WritebackConnectorOptions
  extends WritebackHooks, Pick<ConnectorOptions, "detect" | "getModes" | "modeValid" | "atomicCheck"> {
  /** fourcc codes that it writes. */
  readonly formats: readonly number[];
  /** Bit for each index of a CRTC whose picture it can write; for the virtual encoder that is made for it. */
  readonly possibleCrtcs?: number;
  /** Bit for each index of an encoder that can show the same picture meanwhile, its own apart; default: none can. */
  readonly possibleClones?: number;
  /** An encoder of the driver's own, instead. */
  readonly encoder?: Encoder;
}

/**
 * A connector that writes frames into framebuffers. Clients without DRM_CLIENT_CAP_WRITEBACK_CONNECTORS do not see it.
 *
 * @param kms the device's. @param options what it writes, from where, and how.
 */
export function createWritebackConnector(kms: ModeConfig, options: WritebackConnectorOptions): Connector {
  const { formats, possibleCrtcs = 0, possibleClones, detect, getModes, modeValid, atomicCheck } = options;
  const encoder = options.encoder ?? kms.addEncoder({ possibleCrtcs, possibleClones });
  const { writebackFbId, writebackPixelFormats, writebackOutFencePtr } = kms.optional; // in the kernel's order
  const formatsBlob = kms.createBlob(new Uint8Array(Uint32Array.from(formats).buffer));
  const connector = kms.addConnector({
    type: DRM_MODE_CONNECTOR_WRITEBACK,
    encoder,
    detect,
    getModes,
    modeValid,
    atomicCheck,
    writeback: { hooks: options, formats, formatsBlob },
  });
  const { properties } = connector;
  properties.attach({ property: writebackOutFencePtr, get: () => 0, set: setOutFence });
  properties.attach({
    property: writebackFbId,
    get: () => 0, // one-shot (J14)
    set: (state, value, draft) => setWritebackFb(state, findFramebuffer(kms, draft.file, value)),
  });
  properties.attach({ property: writebackPixelFormats, get: () => formatsBlob.id });
  return connector;
}

const MINUS_ONE = Uint8Array.of(0xff, 0xff, 0xff, 0xff);

// set_out_fence_for_connector, as J12.
function setOutFence(state: ConnectorState, value: number, draft: AtomicState): void {
  if (value === 0) return;
  draft.task?.memory.copyOut(BigInt(value), MINUS_ONE);
  state.outFencePtr = value;
}
