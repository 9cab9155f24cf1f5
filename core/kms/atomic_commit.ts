/**
 * Commits: waits for what has to come first, swaps the draft in, runs the tail. Mirrors drm_atomic_helper_commit and
 * drm_atomic_helper_setup_commit (drm_atomic_helper.c).
 * @module
 */

import { ERRNO } from "../../uapi/errno.ts";
import type { Timer } from "../clock.ts";
import { DrmError, EBUSY, EINTR } from "../error.ts";
import type { Fence, FenceCallback } from "../fence.ts";
import { ResvUsage } from "../resv.ts";
import { Wait } from "../wait.ts";
import { checkDraft } from "./atomic_check.ts";
import type { AtomicState } from "./atomic_state.ts";
import { finishHardware } from "./atomic_tail.ts";
import { CrtcCommit } from "./crtc_commit.ts";
import type { Framebuffer } from "./framebuffer.ts";
import type { PlaneState } from "./plane_state.ts";
import { abortWritebacks, prepareWritebacks } from "./writeback.ts";

/**
 * Checks and commits a draft; takes it over. It ends in `onCommitted` or `onDiscarded`.
 *
 * @param nonblock return at once, the commit follows when its fences have signalled; -EBUSY while the last flip is pending (J9).
 * @param retry builds the same draft again and commits it: for a blocking commit that was overtaken while it waited. Without
 * it a blocking commit waits for nothing.
 * @param paced blocking only: wait until the frame is on the screen, as far as the caller's door can wait.
 * @returns 0, -EBUSY, or (blocking only) a Wait.
 * @throws {DrmError} what the check and the driver's `prepareFb` throw; the draft is discarded.
 */
export function commitDraft(
  draft: AtomicState,
  nonblock: boolean,
  retry?: () => number | Wait,
  paced = false,
): number | Wait {
  const prepared: PlaneState[] = PREPARED;
  prepared.length = 0;
  try {
    checkDraft(draft);
    if (nonblock && flipPending(draft)) {
      draft.discard();
      return EBUSY; // J10: a draft that could never be committed is refused before
    }
    setupCommits(draft, nonblock);
    prepareFbs(draft, prepared);
  } catch (error) {
    cleanUp(prepared);
    draft.discard();
    throw error;
  }
  if (!nonblock && retry !== undefined && blocker(draft, true) !== undefined) return waitAndCommit(draft, retry, paced);
  if (!nonblock && paced) return swapInPaced(draft);
  swapIn(draft);
  return 0;
}

// A blocking commit, waiting for its frames: the kernel's returns only when they are on the screen
// (drm_atomic_helper_wait_for_vblanks, _wait_for_flip_done). A cursor's waits for none.
function swapInPaced(draft: AtomicState): number | Wait {
  const { clock } = draft.kms;
  const commits = draft.legacyCursor ? [] : commitsOf(draft);
  swapIn(draft);
  const pending = commits.filter((commit) => !commit.flipDone);
  if (pending.length === 0) return 0;
  const done = (): number => 0;
  // A frame that never comes is reported by the kernel after ten seconds, and the commit succeeds all the same.
  const wait = new Wait({ clock, deadline: clock.now() + FLIP_TIMEOUT_NS, onTimeout: done, detach: done });
  let missing = pending.length;
  for (const commit of pending) {
    const look = (): void => {
      if (!commit.flipDone) commit.onProgress(look);
      else if (--missing === 0) wait.complete(0);
    };
    look();
  }
  return wait;
}

function commitsOf(draft: AtomicState): CrtcCommit[] {
  const commits: CrtcCommit[] = [];
  for (const crtc of draft.crtcs) {
    const commit = draft.newCrtc(crtc)?.commit;
    if (commit !== undefined) commits.push(commit);
  }
  return commits;
}

const PREPARED: PlaneState[] = [];

/** Checks a draft and gives it up: TEST_ONLY. @throws {DrmError} what the check throws. */
export function testDraft(draft: AtomicState): number {
  try {
    checkDraft(draft);
  } finally {
    draft.discard();
  }
  return 0;
}

// stall_checks: whether the last flip on anything that the draft touches is not shown yet.
function flipPending(draft: AtomicState): boolean {
  if (draft.legacyCursor) return false;
  for (const crtc of draft.crtcs) if (stalls(crtc.commit)) return true;
  for (const connector of draft.connectors) if (stalls(connector.state.commit)) return true;
  for (const plane of draft.planes) if (stalls(plane.state.commit)) return true;
  return false;
}

function stalls(commit: CrtcCommit | undefined): boolean {
  return commit !== undefined && !commit.flipDone && commit.stalls;
}

const FLIP_TIMEOUT_NS = 10e9;

// What a blocking commit waits for: a fence, or the last commit on something that it touches. Without `pace`, frames that
// are not shown yet do not count; for a legacy cursor those of flips never do, as in drivers with async cursors
// (drm_atomic_helper_async_check), which a mode set holds back all the same.
function blocker(draft: AtomicState, pace: boolean): Fence | CrtcCommit | undefined {
  for (const fence of draft.fences) if (!fence.isSignaled) return fence;
  for (const crtc of draft.crtcs) {
    const commit = crtc.commit;
    if (commit === undefined) continue;
    if (!commit.hwDone || (pace && !commit.flipDone && (commit.modeset || !draft.legacyCursor))) return commit;
  }
  for (const { state: { commit } } of draft.connectors) if (commit?.hwDone === false) return commit;
  for (const { state: { commit } } of draft.planes) if (commit?.hwDone === false) return commit;
  return undefined;
}

// drm_atomic_helper_setup_commit: every CRTC gets a record of the commit, with or without event. Nobody meets -EBUSY on account
// of a blocking commit: the kernel's holds its locks until its frame is shown.
function setupCommits(draft: AtomicState, nonblock: boolean): void {
  for (const crtc of draft.crtcs) {
    const state = draft.crtc(crtc);
    const commit = state.commit ??= new CrtcCommit(crtc);
    commit.stalls = nonblock;
    commit.modeset = state.needsModeset;
    if (draft.legacyCursor) commit.skipFlip();
  }
  for (const plane of draft.planes) {
    const state = draft.plane(plane);
    const crtc = state.crtc ?? draft.oldPlane(plane)?.crtc;
    state.commit = crtc && draft.newCrtc(crtc)?.commit;
  }
  for (const connector of draft.connectors) {
    const state = draft.connector(connector);
    const crtc = state.crtc ?? draft.oldConnector(connector)?.crtc;
    state.commit = crtc && draft.newCrtc(crtc)?.commit;
  }
}

// drm_atomic_helper_prepare_planes with drm_gem_plane_helper_prepare_fb: pins, and collects the fences to wait for. An explicit
// fence takes the place of the implicit ones, those of memory management apart.
function prepareFbs(draft: AtomicState, prepared: PlaneState[]): void {
  prepareWritebacks(draft);
  for (const plane of draft.planes) {
    const state = draft.plane(plane);
    const fb = state.fb;
    if (fb === undefined) continue;
    const usage = state.fence === undefined ? ResvUsage.WRITE : ResvUsage.KERNEL;
    if (state.fence !== undefined) draft.waitFor(state.fence);
    for (let i = 0; i < fb.objects.length; i++) {
      const resv = fb.objects[i].resv;
      if (resv.count === 0 || resv.testSignaled(usage)) continue;
      for (const fence of resv.fences(usage)) draft.waitFor(fence);
    }
    plane.hooks.prepareFb?.(plane, draft, state);
    prepared.push(state);
  }
}

function cleanUp(states: readonly PlaneState[]): void {
  for (const state of states) state.plane.hooks.cleanupFb?.(state.plane, state);
}

function preparedOf(draft: AtomicState): PlaneState[] {
  const states: PlaneState[] = [];
  for (const plane of draft.planes) {
    const state = draft.newPlane(plane);
    if (state?.fb !== undefined) states.push(state);
  }
  return states;
}

// A blocking commit waits before it swaps, interruptibly, and is then as if it had never been. What was committed meanwhile
// makes it start over: the kernel's locks, which would have held that back, are not there.
function waitAndCommit(draft: AtomicState, retry: () => number | Wait, paced: boolean): Wait {
  const { kms } = draft;
  const { device, clock } = kms;
  let place: FenceCallback | undefined;
  let waitingFor: CrtcCommit | undefined;
  let inner: Wait | undefined;
  let pending = true;
  // Frames that are ten seconds late are waited for no longer (drm_crtc_commit_wait, wait_for_dependencies).
  let pace = true;
  let patience: Timer | undefined;
  const giveUpPace = (): void => {
    pace = false;
    stopWaiting();
    step();
  };
  const step = (): void => {
    place = undefined;
    waitingFor = undefined;
    if (!pending) return;
    if (device.unplugged) return wait.complete(-ERRNO.ENODEV);
    if (device.suspended) return device.onResume(step);
    if (draft.stale) return startOver();
    for (;;) {
      const next = blocker(draft, pace);
      if (next === undefined) break;
      if (next instanceof CrtcCommit) {
        if (next.hwDone && pace) patience ??= clock.at(clock.now() + FLIP_TIMEOUT_NS, giveUpPace);
        waitingFor = next;
        next.onProgress(step);
        return;
      }
      place = next.addCallback(step);
      if (place !== undefined) return;
    }
    swap();
  };
  const swap = (): void => {
    pending = false;
    const removed = removedFbs(draft);
    if (paced) goOn(swapInPaced(draft));
    else {
      swapIn(draft);
      wait.complete(0);
    }
    for (const fb of removed) kms.hide(fb);
  };
  const startOver = (): void => {
    pending = false;
    draft.cancelSignals();
    const removed = removedFbs(draft);
    let result: number | Wait;
    try {
      result = retry();
    } catch (error) {
      if (!(error instanceof DrmError)) throw error;
      result = -error.errno;
    } finally {
      giveUp(); // only now: its states hold framebuffers that the next attempt may need
    }
    goOn(result);
    for (const fb of removed) kms.hide(fb);
  };
  const goOn = (result: number | Wait): void => {
    if (typeof result === "number") return wait.complete(result);
    inner = result;
    inner.onDone((done) => wait.complete(done));
  };
  const giveUp = (): void => {
    cleanUp(preparedOf(draft));
    draft.discard();
  };
  const stopWaiting = (): void => {
    place?.remove();
    waitingFor?.offProgress(step);
    device.offResume(step);
    patience?.cancel();
    place = waitingFor = patience = undefined;
  };
  const wait: Wait = new Wait({
    // Once swapped in, the commit stands whatever becomes of the caller. One that cannot wait gets it swapped in as soon as
    // nothing but the frame of the commit before holds it back.
    detach: (interrupted) => {
      if (
        pending && !interrupted && !device.unplugged && !device.suspended &&
        (draft.stale || blocker(draft, false) === undefined)
      ) {
        stopWaiting();
        if (draft.stale) startOver();
        else swap();
      }
      if (wait.result === undefined) inner?.detach(interrupted);
      return wait.result;
    },
    cleanup: () => {
      stopWaiting();
      inner?.cancel(EINTR);
      if (pending) {
        pending = false;
        giveUp();
      }
    },
  });
  step();
  return wait;
}

// RMFB of another thread finds nothing to switch off while the commit waits: it comes after it.
function removedFbs(draft: AtomicState): Framebuffer[] {
  return draft.planes.flatMap((plane) => {
    const fb = draft.framebuffer(plane);
    return fb?.removed ? [fb] : [];
  });
}

// The point of no return: new states become current, and the tail runs now or when fences and earlier commits allow.
function swapIn(draft: AtomicState): void {
  const previous = unfinished(draft);
  draft.swap();
  for (const crtc of draft.crtcs) {
    const state = draft.newCrtc(crtc);
    const commit = state?.commit;
    if (state === undefined || commit === undefined) continue;
    if (!state.active && draft.oldCrtc(crtc)?.active === false) commit.skipFlip();
    commit.tearing = state.asyncFlip;
    commit.notBefore = state.targetVblank;
    // A cursor's commit does not hide a flip that is still to be shown.
    if (!draft.legacyCursor) crtc.commit = commit;
  }
  const committed = draft.onCommitted;
  draft.onCommitted = draft.onDiscarded = undefined;
  committed?.();
  if (previous === undefined && draft.fences.length === 0) runTail(draft);
  else deferTail(draft, previous);
}

// Commits on the same objects whose tails have not run yet.
function unfinished(draft: AtomicState): CrtcCommit[] | undefined {
  let list: CrtcCommit[] | undefined;
  for (const crtc of draft.crtcs) {
    if (crtc.commit?.hwDone === false) (list ??= []).push(crtc.commit);
    const own = crtc.state.commit;
    if (own?.hwDone === false && own !== crtc.commit) (list ??= []).push(own);
  }
  return list;
}

function deferTail(draft: AtomicState, previous: readonly CrtcCommit[] | undefined): void {
  let missing = 1;
  const step = (): void => {
    if (--missing === 0) runTail(draft);
  };
  for (const fence of draft.fences) {
    missing++;
    if (fence.addCallback(step) === undefined) missing--;
  }
  for (const commit of previous ?? []) {
    missing++;
    const look = (): void => commit.hwDone ? step() : commit.onProgress(look);
    look();
  }
  step();
}

function runTail(draft: AtomicState): void {
  const kms = draft.kms;
  if (kms.device.unplugged) {
    abortWritebacks(draft, -ERRNO.ENODEV); // first: with the hardware's part done, the next commit may replace the states
    finishHardware(draft);
  } else kms.commitTail(draft);
  for (const plane of draft.planes) {
    const old = draft.oldPlane(plane);
    if (old?.fb !== undefined) plane.hooks.cleanupFb?.(plane, old);
  }
  draft.release();
}
