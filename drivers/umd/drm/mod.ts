/**
 * A small libdrm for TypeScript clients: `openCard` gives a {@linkcode DrmCard}; the rest hangs off it.
 * @module
 */

import type { LocalProcess } from "../../../core/process.ts";
import { DrmCard } from "./card.ts";

export { AtomicRequest } from "./atomic.ts";
export { type DriverVersion, DrmCard, type FramebufferOptions, type PageFlipOptions } from "./card.ts";
export { DmaBufFile } from "./dma_buf.ts";
export { DumbBuffer } from "./dumb_buffer.ts";
export {
  type DrmEvent,
  EventReader,
  type OtherEvent,
  parseEvents,
  type SequenceEvent,
  type VblankEvent,
} from "./event.ts";
export { createLease, getLease, type LeaseFile, listLessees, revokeLease } from "./lease.ts";
export { ModeObject, type PropertyInfo } from "./property.ts";
export { Connector, Crtc, type Mode, modeBytes, Plane, type Resources } from "./resources.ts";
export { type FenceInfo, SyncFileFd, type SyncFileInfo } from "./sync_file.ts";
export { Syncobj, type SyncobjWaitOptions, waitSyncobjs } from "./syncobj.ts";
export { Scratch } from "./user_arrays.ts";

/** Opens a DRM node of a client. @param path default "/dev/dri/card0". Throws ENOENT, and what the node says. */
export function openCard(process: LocalProcess, path = "/dev/dri/card0"): DrmCard {
  return new DrmCard(process.open(path));
}
