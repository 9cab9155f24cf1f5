/**
 * WAIT_VBLANK, CRTC_GET_SEQUENCE, CRTC_QUEUE_SEQUENCE. Mirrors drivers/gpu/drm/drm_vblank.c.
 * @module
 */

import {
  _DRM_VBLANK_EVENT,
  _DRM_VBLANK_FLAGS_MASK,
  _DRM_VBLANK_HIGH_CRTC_MASK,
  _DRM_VBLANK_HIGH_CRTC_SHIFT,
  _DRM_VBLANK_NEXTONMISS,
  _DRM_VBLANK_RELATIVE,
  _DRM_VBLANK_SECONDARY,
  _DRM_VBLANK_SIGNAL,
  _DRM_VBLANK_TYPES_MASK,
  type drm_crtc_get_sequence,
  type drm_crtc_queue_sequence,
  DRM_CRTC_SEQUENCE_NEXT_ON_MISS,
  DRM_CRTC_SEQUENCE_RELATIVE,
  DRM_EVENT_CRTC_SEQUENCE,
  DRM_EVENT_VBLANK,
  DRM_MODE_OBJECT_CRTC,
  type drm_wait_vblank,
  VIEW,
  type View,
} from "../../uapi/mod.ts";
import type { DrmFile } from "../drm_file.ts";
import { DrmError, EBUSY } from "../error.ts";
import type { EventSlot } from "../event_queue.ts";
import { Wait } from "../wait.ts";
import { Crtc } from "./crtc.ts";
import { VBLANK_EVENT_SIZE, vblankEvent } from "./crtc_commit.ts";
import { findObject, kmsOf, leaseCrtc } from "./lease.ts";
import type { ModeConfig } from "./mode_config.ts";
import type { VblankWaiter } from "./vblank.ts";

const TIMEOUT = 3_000_000_000;
const PASSED = 1 << 23;
const TWO64 = 2 ** 64;
const KNOWN = (_DRM_VBLANK_TYPES_MASK | _DRM_VBLANK_FLAGS_MASK | _DRM_VBLANK_HIGH_CRTC_MASK) >>> 0;

function counting(file: DrmFile): ModeConfig {
  const kms = file.device.kms;
  if (kms === undefined || !kms.hasVblank) {
    throw new DrmError("EOPNOTSUPP", "Cannot wait for vertical blanking: the driver has none");
  }
  return kms;
}

function running(crtc: Crtc): void {
  if (!crtc.vblank.enabled) throw new DrmError("EINVAL", `Cannot wait for vertical blanking: ${crtc.name} is off`);
}

// drm_vblank_passed, on 64 bits that wrap.
function passed(sequence: bigint, target: bigint): boolean {
  return BigInt.asUintN(64, sequence - target) <= BigInt(PASSED);
}

class VblankEvent implements VblankWaiter {
  readonly target: number;
  readonly owner: DrmFile;
  readonly #slot: EventSlot;
  readonly #make: (sequence: number, time: number) => Uint8Array;
  constructor(owner: DrmFile, target: number, slot: EventSlot, make: (sequence: number, time: number) => Uint8Array) {
    this.owner = owner;
    this.target = target;
    this.#slot = slot;
    this.#make = make;
  }
  fire(sequence: number, time: number): void {
    this.#slot.send(this.#make(sequence, time));
  }
}

/** WAIT_VBLANK (H1 to H7). */
export function waitVblank(file: DrmFile, arg: View<drm_wait_vblank>): number | Wait {
  const kms = counting(file);
  const request = arg.request;
  const type = request.type;
  if ((type & _DRM_VBLANK_SIGNAL) !== 0) throw new DrmError("EINVAL", "Cannot send signals at vertical blanking");
  if ((type & ~KNOWN) !== 0) {
    throw new DrmError("EINVAL", `Cannot wait for vertical blanking: type 0x${type.toString(16)}`);
  }
  const high = (type & _DRM_VBLANK_HIGH_CRTC_MASK) >> _DRM_VBLANK_HIGH_CRTC_SHIFT;
  const crtc = leaseCrtc(kms, file, high !== 0 ? high : (type & _DRM_VBLANK_SECONDARY) !== 0 ? 1 : 0);
  if (crtc === undefined) throw new DrmError("EINVAL", "Cannot wait for vertical blanking: there is no such CRTC");
  running(crtc);
  const vblank = crtc.vblank;
  const count = vblank.count;
  let target: number;
  if ((type & _DRM_VBLANK_TYPES_MASK) === _DRM_VBLANK_RELATIVE) {
    target = count + request.sequence;
    // H2: whoever is interrupted and starts again waits for the same frame.
    request.sequence = target;
    request.type = type & ~_DRM_VBLANK_RELATIVE;
  } else target = widen(request.sequence, count);
  if ((type & _DRM_VBLANK_NEXTONMISS) !== 0 && hasPassed(count, target)) {
    target = count + 1;
    request.type &= ~_DRM_VBLANK_NEXTONMISS;
    request.sequence = target;
  }
  if ((type & _DRM_VBLANK_EVENT) !== 0) return queueEvent(file, arg, crtc, target);
  if (target === count || hasPassed(count, target)) return reply(arg, crtc);
  const waiter: VblankWaiter = {
    target,
    fire: () => {
      wait.complete(reply(arg, crtc));
    },
  };
  const wait: Wait = new Wait({
    clock: kms.clock,
    deadline: kms.clock.now() + TIMEOUT,
    onTimeout: () => {
      reply(arg, crtc);
      return EBUSY;
    },
    cleanup: () => vblank.remove(waiter),
  });
  vblank.add(waiter);
  return wait;
}

function hasPassed(count: number, target: number): boolean {
  return count >= target && count - target <= PASSED;
}

// H4: the 64-bit number nearest to `count` that has these low bits. One before frame 0 is negative as long as it counts as
// passed; otherwise it is what 64 bits make of it, and never comes.
function widen(low: number, count: number): number {
  const wide = count + ((low - count) | 0);
  return wide < 0 && !hasPassed(count, wide) ? wide + TWO64 : wide;
}

function reply(arg: View<drm_wait_vblank>, crtc: Crtc): number {
  const count = crtc.vblank.count;
  const time = crtc.vblank.timeOf(count);
  const answer = arg.reply;
  answer.sequence = count;
  answer.tval_sec = BigInt(Math.floor(time / 1e9));
  answer.tval_usec = BigInt(Math.floor((time % 1e9) / 1e3));
  return 0;
}

// drm_queue_vblank_event (H5).
function queueEvent(file: DrmFile, arg: View<drm_wait_vblank>, crtc: Crtc, target: number): number {
  const view = arg[VIEW];
  const low = view.getUint32(8, true), high = view.getUint32(12, true);
  const slot = file.events.reserve(VBLANK_EVENT_SIZE);
  const make = (sequence: number, time: number): Uint8Array =>
    vblankEvent(DRM_EVENT_VBLANK, low, high, sequence, time, crtc.id);
  const count = crtc.vblank.count;
  if (hasPassed(count, target)) {
    slot.send(make(count, crtc.vblank.timeOf(count)));
    arg.reply.sequence = count;
  } else {
    crtc.vblank.add(new VblankEvent(file, target, slot, make));
    arg.reply.sequence = target < TWO64 / 2 ? target : view.getUint32(4, true);
  }
  return 0;
}

function sequenceCrtc(file: DrmFile, id: number): Crtc {
  const kms = kmsOf(file);
  counting(file);
  const crtc = findObject(kms, file, id, DRM_MODE_OBJECT_CRTC);
  if (!(crtc instanceof Crtc)) throw new DrmError("ENOENT", `Cannot find CRTC ${id}`);
  return crtc;
}

/** CRTC_GET_SEQUENCE (H8). */
export function getSequence(file: DrmFile, arg: View<drm_crtc_get_sequence>): number {
  const crtc = sequenceCrtc(file, arg.crtc_id);
  running(crtc);
  const count = crtc.vblank.count;
  arg.active = crtc.state.enable ? 1 : 0;
  arg.sequence = BigInt(count);
  arg.sequence_ns = BigInt(crtc.vblank.timeOf(count));
  return 0;
}

/** CRTC_QUEUE_SEQUENCE. */
export function queueSequence(file: DrmFile, arg: View<drm_crtc_queue_sequence>): number {
  const crtc = sequenceCrtc(file, arg.crtc_id);
  const flags = arg.flags;
  if ((flags & ~(DRM_CRTC_SEQUENCE_RELATIVE | DRM_CRTC_SEQUENCE_NEXT_ON_MISS)) !== 0) {
    throw new DrmError("EINVAL", `Cannot queue an event: flags 0x${flags.toString(16)}`);
  }
  running(crtc);
  const vblank = crtc.vblank;
  const count = vblank.count;
  const now = BigInt(count);
  let target = arg.sequence;
  if ((flags & DRM_CRTC_SEQUENCE_RELATIVE) !== 0) target = BigInt.asUintN(64, target + now);
  if ((flags & DRM_CRTC_SEQUENCE_NEXT_ON_MISS) !== 0 && passed(now, target)) target = now + 1n;
  const cookie = arg.user_data;
  const slot = file.events.reserve(VBLANK_EVENT_SIZE);
  const make = (sequence: number, time: number): Uint8Array => sequenceEvent(cookie, sequence, time);
  if (passed(now, target)) {
    slot.send(make(count, vblank.timeOf(count)));
    arg.sequence = now;
  } else {
    vblank.add(new VblankEvent(file, Number(target), slot, make));
    arg.sequence = target;
  }
  return 0;
}

function sequenceEvent(cookie: bigint, sequence: number, time: number): Uint8Array {
  const bytes = new Uint8Array(VBLANK_EVENT_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, DRM_EVENT_CRTC_SEQUENCE, true);
  view.setUint32(4, VBLANK_EVENT_SIZE, true);
  view.setBigUint64(8, cookie, true);
  view.setBigInt64(16, BigInt(time), true);
  view.setBigUint64(24, BigInt(sequence), true);
  return bytes;
}
