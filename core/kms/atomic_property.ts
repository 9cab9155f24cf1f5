/**
 * Setting one property of one object in a draft. Mirrors drm_atomic_set_property (drm_atomic_uapi.c).
 * @module
 */

import { DRM_PLANE_TYPE_PRIMARY } from "../../uapi/mod.ts";
import { DrmError } from "../error.ts";
import type { AtomicState } from "./atomic_state.ts";
import type { PropertyBinding, StatefulObject } from "./mode_object.ts";
import { Plane } from "./plane.ts";

/**
 * Sets a property to the 64 bits `high`:`low`.
 *
 * @throws {DrmError} EINVAL for an immutable property and a value that it cannot have (I15), EACCES, EFAULT.
 */
export function setProperty<S>(
  draft: AtomicState,
  object: StatefulObject<S>,
  binding: PropertyBinding<S>,
  low: number,
  high: number,
): void {
  const property = binding.property;
  const value = property.decode(low, high);
  if (!property.accepts(value, draft.kms) || binding.set === undefined) {
    throw new DrmError("EINVAL", `Cannot set ${property.name} of object ${object.id} to ${value}`);
  }
  const state = object.touch(draft);
  if (draft.asyncFlip && !mayTear(draft, object, binding)) {
    if (binding.get(state) !== value) {
      throw new DrmError("EINVAL", `Cannot change ${property.name} of object ${object.id} in a flip that tears`);
    }
    return;
  }
  binding.set(state, value, draft);
}

// J11.
function mayTear<S>(draft: AtomicState, object: StatefulObject<S>, binding: PropertyBinding<S>): boolean {
  const { fbId, inFenceFd, fbDamageClips } = draft.kms.props;
  const { property } = binding;
  return object instanceof Plane && object.planeType === DRM_PLANE_TYPE_PRIMARY &&
    (property === fbId || property === inFenceFd || property === fbDamageClips);
}
