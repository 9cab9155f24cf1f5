/**
 * All commands of a virtio-gpu guest, and what they work on.
 * @module
 */

import { BlobCommands } from "./blob_commands.ts";
import { ContextCommands } from "./context_commands.ts";
import { Guest, type GuestOptions } from "./guest.ts";
import { Resource3dCommands } from "./resource_3d_commands.ts";
import { ResourceCommands } from "./resource_commands.ts";
import { ScanoutCommands } from "./scanout_commands.ts";

/** The commands of one device. Their methods return a VIRTIO_GPU_RESP_* and throw DrmErrors. */
export class Commands {
  /** What the guest has, and its request. */
  readonly guest: Guest;
  /** Resources. */
  readonly resource: ResourceCommands;
  /** Blobs. */
  readonly blob: BlobCommands;
  /** Monitors, scanouts, cursors. */
  readonly scanout: ScanoutCommands;
  /** Capability sets and contexts. */
  readonly context: ContextCommands;
  /** 3D resources. */
  readonly resource3d: Resource3dCommands;

  /** @param options renderer, display, limits. */
  constructor(options: GuestOptions) {
    const guest = this.guest = new Guest(options);
    this.resource = new ResourceCommands(guest);
    this.blob = new BlobCommands(guest);
    this.scanout = new ScanoutCommands(guest);
    this.context = new ContextCommands(guest);
    this.resource3d = new Resource3dCommands(guest);
  }
}
