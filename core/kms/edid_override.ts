/**
 * An EDID that takes the place of the display's own: debugfs's file `edid_override`. Mirrors drm_edid_override_set and its
 * relatives (drivers/gpu/drm/drm_edid.c), and edid_write (drm_debugfs.c).
 * @module
 */

import { DrmError } from "../error.ts";
import type { Connector } from "./connector.ts";
import { EDID_BLOCK, edidBlockCount, edidBlockValid } from "./edid.ts";

const RESET = [..."reset"].map((letter) => letter.charCodeAt(0));

/** drm_edid_valid: whether the size is that of all blocks, and each block is right. */
export function edidValid(bytes: Uint8Array): boolean {
  if (bytes.length < EDID_BLOCK || edidBlockCount(bytes) * EDID_BLOCK !== bytes.length) return false;
  for (let block = 0; block * EDID_BLOCK < bytes.length; block++) if (!edidBlockValid(bytes, block)) return false;
  return true;
}

/** What debugfs's `edid_override` reads as: the bytes; none without an override. */
export function showEdidOverride(connector: Connector): Uint8Array {
  return connector.edidOverride?.slice() ?? new Uint8Array(0);
}

/**
 * A write to debugfs's `edid_override`: the word "reset" (five bytes) takes the override back.
 *
 * @param bytes the word, or an EDID.
 * @throws {DrmError} EINVAL for an EDID that is not valid.
 */
export function storeEdidOverride(connector: Connector, bytes: Uint8Array): void {
  const reset = bytes.length === RESET.length && RESET.every((letter, i) => bytes[i] === letter);
  connector.setEdidOverride(reset ? undefined : bytes);
}

/** A copy of an EDID for an override. @throws {DrmError} EINVAL if it is not valid. */
export function checkedOverride(connector: Connector, bytes: Uint8Array): Uint8Array {
  if (!edidValid(bytes)) {
    throw new DrmError(
      "EINVAL",
      `Cannot override the EDID of ${connector.name}: ${bytes.length} bytes are no valid EDID`,
    );
  }
  return bytes.slice();
}
