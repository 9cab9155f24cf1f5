/**
 * `VirtioGpu`: the driver's state for one device: features, queues, fences, resource ids, outputs. Mirrors struct
 * virtio_gpu_device and drivers/gpu/drm/virtio/virtgpu_kms.c.
 * @module
 */

import type { DriverQueue, VirtioDevice } from "../../../core/bus.ts";
import type { Device } from "../../../core/device.ts";
import { DrmError } from "../../../core/error.ts";
import type { FenceContexts } from "../../../core/fence.ts";
import { IdTable } from "../../../core/id_table.ts";
import type { System } from "../../../core/system.ts";
import { VIRTIO_F_VERSION_1 } from "../../../uapi/virtio_config.ts";
import {
  virtio_gpu_config,
  VIRTIO_GPU_EVENT_DISPLAY,
  VIRTIO_GPU_F_BLOB_ALIGNMENT,
  VIRTIO_GPU_F_CONTEXT_INIT,
  VIRTIO_GPU_F_EDID,
  VIRTIO_GPU_F_RESOURCE_BLOB,
  VIRTIO_GPU_F_RESOURCE_UUID,
  VIRTIO_GPU_F_VIRGL,
  VIRTIO_GPU_MAX_SCANOUTS,
} from "../../../uapi/virtio_gpu.ts";
import { VIRTIO_RING_F_EVENT_IDX, VIRTIO_RING_F_INDIRECT_DESC } from "../../../uapi/virtio_ring.ts";
import { Capsets } from "./capsets.ts";
import { CommandSlots } from "./command_slots.ts";
import { VirtioGpuCommands } from "./commands.ts";
import { VirtioGpu3dCommands } from "./commands_3d.ts";
import { ControlQueue } from "./control_queue.ts";
import { CursorQueue } from "./cursor_queue.ts";
import { Displays } from "./displays.ts";
import { FenceDriver } from "./fence_driver.ts";
import { Submission } from "./submission.ts";
import { SubmitBuffers } from "./submit_buffers.ts";

const bit = (number: number): bigint => 1n << BigInt(number);
/** What this driver can use. */
const FEATURES = bit(VIRTIO_GPU_F_VIRGL) | bit(VIRTIO_F_VERSION_1) | bit(VIRTIO_RING_F_INDIRECT_DESC) |
  bit(VIRTIO_RING_F_EVENT_IDX) |
  bit(VIRTIO_GPU_F_EDID) | bit(VIRTIO_GPU_F_RESOURCE_UUID) | bit(VIRTIO_GPU_F_RESOURCE_BLOB) |
  bit(VIRTIO_GPU_F_CONTEXT_INIT) | bit(VIRTIO_GPU_F_BLOB_ALIGNMENT);
/** Commands without an answer, or fences that no answer names, beyond which nothing new is made: a device that is dead must not eat memory. */
const PENDING_MAX = 65536;

/** Scanouts that a device has, as its configuration says; at most 16. */
export function scanoutCount(device: VirtioDevice): number {
  return Math.min(readConfig(device).num_scanouts, VIRTIO_GPU_MAX_SCANOUTS);
}

function readConfig(device: VirtioDevice): ReturnType<typeof virtio_gpu_config.of> {
  const bytes = new Uint8Array(virtio_gpu_config.size);
  device.readConfig(0, bytes);
  return virtio_gpu_config.at(bytes);
}

/** One virtio-gpu. */
export class VirtioGpu {
  /** The device across the bus. */
  readonly device: VirtioDevice;
  /** The control queue. */
  readonly queue: ControlQueue;
  /** The cursor queue. */
  readonly cursors: CursorQueue;
  /** Encoders of commands. */
  readonly commands: VirtioGpuCommands;
  /** Encoders of 3D commands. */
  readonly commands3d: VirtioGpu3dCommands;
  /** Memory for commands of contexts. */
  readonly submitBuffers: SubmitBuffers;
  /** The host's capability sets. */
  readonly capsets: Capsets;
  /** Context ids in use. */
  readonly contexts: IdTable<true> = new IdTable<true>(0x7fff_ffff);
  /** Resource ids in use. */
  readonly resources: IdTable<true> = new IdTable<true>(0xffff_fffe);
  /** Whether the host renders 3D. */
  readonly has3d: boolean;
  /** Whether resources can get UUIDs. */
  readonly hasResourceUuid: boolean;
  /** Whether there are blobs. */
  readonly hasResourceBlob: boolean;
  /** Whether CONTEXT_INIT is there. */
  readonly hasContextInit: boolean;
  /** Alignment of blob sizes, bytes; 0 if the device asks for none. */
  readonly blobAlignment: number;
  /** Monitors; undefined for a device without scanouts. */
  readonly displays: Displays | undefined;
  readonly #slots: CommandSlots;
  readonly #system: System;
  readonly #queues: readonly DriverQueue[];
  #submission: Submission | undefined = undefined;

  /**
   * virtio_gpu_init: accepts features, sets up queues and KMS, starts the device and asks it for its monitors.
   *
   * @param drm the DRM device. @param device across the bus. @param scanouts its scanouts, as `scanoutCount` said once: a
   * device may say something else the next time.
   * @throws {DrmError} ENODEV for a device older than virtio 1.0; EINVAL if it refuses the features; ENOMEM.
   */
  constructor(drm: Device, device: VirtioDevice, scanouts: number) {
    this.device = device;
    if ((device.deviceFeatures & bit(VIRTIO_F_VERSION_1)) === 0n) {
      throw new DrmError("ENODEV", `Cannot drive ${device.name}: it is older than virtio 1.0`);
    }
    device.acceptFeatures(device.deviceFeatures & FEATURES);
    const config = readConfig(device);
    this.has3d = device.hasFeature(VIRTIO_GPU_F_VIRGL);
    this.hasResourceUuid = device.hasFeature(VIRTIO_GPU_F_RESOURCE_UUID);
    this.hasResourceBlob = device.hasFeature(VIRTIO_GPU_F_RESOURCE_BLOB);
    this.hasContextInit = device.hasFeature(VIRTIO_GPU_F_CONTEXT_INIT);
    this.blobAlignment = device.hasFeature(VIRTIO_GPU_F_BLOB_ALIGNMENT) ? config.blob_alignment : 0;
    const { system } = drm;
    this.#system = system;
    using undo = new DisposableStack();
    this.#slots = undo.use(new CommandSlots(device.memory, system.pages, "virtio_gpu commands"));
    this.queue = new ControlQueue(system, this.#slots, new FenceDriver(system));
    this.cursors = new CursorQueue(system, this.#slots);
    this.commands = new VirtioGpuCommands(this.queue);
    this.commands3d = new VirtioGpu3dCommands(this.queue);
    this.submitBuffers = undo.use(new SubmitBuffers(device.memory, system.pages));
    this.capsets = undo.use(new Capsets(this, system));
    const queues = device.setupQueues([() => this.#interrupt(0), () => this.#interrupt(1)]);
    const [control, cursor] = this.#queues = queues;
    if (control === undefined || cursor === undefined) {
      throw new DrmError("ENODEV", `Cannot drive ${device.name}: it lacks a queue`);
    }
    this.queue.attach(control);
    this.cursors.attach(cursor);
    const hasEdid = device.hasFeature(VIRTIO_GPU_F_EDID);
    this.displays = scanouts > 0 ? undo.use(new Displays(this, drm, scanouts, hasEdid)) : undefined;
    undo.defer(() => {
      device.onConfigChange = undefined;
      device.reset();
      this.queue.close();
    });
    device.onConfigChange = () => this.#configChanged();
    device.ready();
    control.enableInterrupts();
    cursor.enableInterrupts();
    this.capsets.query(config.num_capsets);
    this.displays?.query(false);
    // The kernel waits for the answers; in process they are there already, or a look away.
    for (let i = 0; i < 8 && (this.capsets.querying || this.displays?.querying === true); i++) system.pump();
    this.displays?.started();
    undo.move(); // all is well: nothing is to be undone
  }

  /** Numbers for new timelines. */
  get fenceContexts(): FenceContexts {
    return this.#system.fenceContexts;
  }

  /** A submission to use; it is given back when it is over. */
  takeSubmission(): Submission {
    const submission = this.#submission ?? new Submission(this);
    this.#submission = undefined;
    return submission;
  }

  /** Keeps a submission for the next one. */
  giveSubmission(submission: Submission): void {
    this.#submission = submission;
  }

  /**
   * Refuses to make what would need commands, when the device has stopped answering; else the next `count` find memory.
   *
   * @throws {DrmError} ENODEV, ENOMEM.
   */
  checkRoom(count: number): void {
    if (!this.queue.live) throw new DrmError("ENODEV", "Cannot reach the device: it is gone");
    if (this.#overdue) {
      throw new DrmError("ENOMEM", "Cannot send more commands: the device does not answer");
    }
    this.queue.prepare(count);
  }

  /** For commits, which cannot fail: whether the next `count` commands can be sent. Where not, the screen stands still. */
  canSend(count: number): boolean {
    return this.queue.live && !this.#overdue && this.queue.tryPrepare(count);
  }

  get #overdue(): boolean {
    return this.queue.pending > PENDING_MAX || this.queue.pendingFences > PENDING_MAX;
  }

  /** virtio_gpu_deinit: resets the device; what was sent is over. */
  remove(): void {
    this.device.onConfigChange = undefined;
    this.device.reset();
    this.cursors.close();
    this.queue.close();
    this.displays?.shutdown();
    this.displays?.[Symbol.dispose]();
    this.capsets[Symbol.dispose]();
    this.submitBuffers[Symbol.dispose]();
    this.#slots[Symbol.dispose]();
  }

  // An answer to something that was never asked breaks a queue: the device cannot be trusted with the rest either.
  #interrupt(index: number): void {
    try {
      if (index === 0) this.queue.interrupt();
      else this.cursors.interrupt();
    } finally {
      const broken = this.#queues[index].broken;
      if (broken !== undefined && this.queue.live) this.#failed("virtqueue_is_broken", broken);
    }
  }

  // Nothing will be answered any more. Clients go on with a screen that stands still.
  #failed(name: string, result?: string): void {
    const { trace, clock } = this.#system;
    if (trace.enabled) trace.emit({ time: clock.now(), floor: "gpu", name, subject: this.device.name, result });
    this.cursors.close();
    this.queue.close();
  }

  // virtio_gpu_config_changed_work_func.
  #configChanged(): void {
    if (!this.queue.live) return;
    if (this.device.needsReset) return this.#failed("VIRTIO_CONFIG_S_NEEDS_RESET");
    const { events_read } = readConfig(this.device);
    if ((events_read & VIRTIO_GPU_EVENT_DISPLAY) === 0) return;
    if (this.displays !== undefined && !this.canSend(this.displays.queries)) return; // the event stays: the next change asks
    const clear = virtio_gpu_config.of({ events_clear: VIRTIO_GPU_EVENT_DISPLAY });
    this.device.writeConfig(4, virtio_gpu_config.bytes(clear).subarray(4, 8));
    this.displays?.query(true);
  }
}
