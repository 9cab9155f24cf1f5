/**
 * Writeback connectors, which write what a CRTC shows into framebuffers: one for each CRTC. Mirrors
 * drivers/gpu/drm/vkms/vkms_writeback.c.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import type { Connector } from "../../../core/kms/connector.ts";
import type { Encoder } from "../../../core/kms/encoder.ts";
import type { ModeConfig } from "../../../core/kms/mode_config.ts";
import { modesWithoutEdid } from "../../../core/kms/probe.ts";
import { checkWritebackFormat, type WritebackJob } from "../../../core/kms/writeback.ts";
import { createWritebackConnector } from "../../../core/kms/writeback_connector.ts";
import type { Composer } from "./composer.ts";
import { FbMemory, mapFramebuffer, unmapFramebuffer } from "./fb_memory.ts";
import type { Output } from "./output.ts";
import { KERNEL_FORMATS, WRITE_FORMATS } from "./pixel_format.ts";

/** Adds the writeback connector of a CRTC. @param extras whether it writes all formats that there are, not the kernel's five. */
export function addWriteback(kms: ModeConfig, output: Output, extras: boolean): Connector {
  const connector = createWritebackConnector(kms, {
    formats: extras ? WRITE_FORMATS : KERNEL_FORMATS,
    possibleCrtcs: 1 << output.crtc.index,
    // vkms_wb_connector_get_modes.
    getModes: () => modesWithoutEdid(kms.maxWidth, kms.maxHeight),
    // vkms_wb_atomic_check.
    atomicCheck: (connector, draft, state) => {
      const fb = state.writebackJob?.fb;
      if (fb === undefined || state.crtc === undefined) return;
      const mode = draft.crtc(state.crtc).mode;
      if (fb.width !== mode?.hdisplay || fb.height !== mode.vdisplay) {
        throw new DrmError("EINVAL", `Cannot write a frame into ${fb.width}x${fb.height} pixels: it has another size`);
      }
      checkWritebackFormat(connector, state);
    },
    prepareJob: (_connector, { fb }) => {
      if (fb !== undefined) mapFramebuffer(fb);
    },
    cleanupJob: (_connector, { fb }) => {
      if (fb !== undefined) unmapFramebuffer(fb);
    },
    atomicCommit: (connector, _draft, state) => {
      const job = connector.writeback?.queueJob(state);
      if (job !== undefined) output.queueWriteback(job);
    },
  });
  return connector;
}

/**
 * Lets every writeback encoder and every other one that the same CRTC can feed show the same picture: what is on a screen can be
 * written too.
 */
export function linkClones(kms: ModeConfig): void {
  const writers = new Set<Encoder>();
  for (const { writeback, encoders } of kms.connectors) if (writeback) encoders.forEach((it) => writers.add(it));
  for (const writer of writers) {
    for (const encoder of kms.encoders) {
      if (writers.has(encoder) || (encoder.possibleCrtcs & writer.possibleCrtcs) === 0) continue;
      writer.possibleClones |= 1 << encoder.index;
      encoder.possibleClones |= 1 << writer.index;
    }
  }
}

/** Writes the composer's frame where a job says. @returns the frame's CRC. */
export function writeFrame(composer: Composer, { fb }: WritebackJob): number {
  const memory = fb?.priv;
  if (fb === undefined || !(memory instanceof FbMemory)) {
    throw new TypeError("Cannot write a frame: the job has no memory");
  }
  return composer.write(fb.format, memory.bytes[0], fb.offsets[0], fb.pitches[0]);
}

/** A job whose frame is written: its fence signals now. One that was given up meanwhile has signalled. */
export function completeWriteback(job: WritebackJob, time?: number): void {
  if (!job.done) job.connector.writeback?.signalCompletion(0, time);
}
