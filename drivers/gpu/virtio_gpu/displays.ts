/**
 * The monitors of a device: asked of the host (GET_DISPLAY_INFO, GET_EDID) at the start and after each display event.
 * Mirrors drivers/gpu/drm/virtio/virtgpu_display.c and the queries of virtgpu_vq.c.
 * @module
 */

import type { Device } from "../../../core/device.ts";
import { DrmError } from "../../../core/error.ts";
import type { GuestSlot } from "../../../core/guest_memory.ts";
import { commitDraft } from "../../../core/kms/atomic_commit.ts";
import { ModeConfig } from "../../../core/kms/mode_config.ts";
import { pageAlign, type Pages } from "../../../core/memory.ts";
import { DRM_FORMAT_ARGB8888, DRM_FORMAT_XRGB8888 } from "../../../uapi/drm_fourcc.ts";
import {
  virtio_gpu_resp_display_info,
  virtio_gpu_resp_edid,
  VIRTIO_GPU_RESP_OK_DISPLAY_INFO,
  VIRTIO_GPU_RESP_OK_EDID,
} from "../../../uapi/virtio_gpu.ts";
import type { CommandSubject, ReplyArea } from "./control_queue.ts";
import { Output } from "./output.ts";
import type { VirtioGpu } from "./virtio_gpu.ts";

const SIZE_MIN = 32;
const SIZE_MAX = 8192;

const toBytes = (reply: Uint32Array, at: number, length: number): Uint8Array =>
  new Uint8Array(reply.buffer, reply.byteOffset + at * 4, length).slice();

/** The KMS of a device, and what the host says of its monitors. */
export class Displays implements CommandSubject, Disposable {
  /** Scanouts by index. */
  readonly outputs: readonly Output[];
  readonly #gpu: VirtioGpu;
  readonly #kms: ModeConfig;
  readonly #hasEdid: boolean;
  // Answers that are longer than a command's slot have a place of their own, one for each question.
  readonly #pages: Pages;
  readonly #slot: GuestSlot;
  readonly #infoArea: ReplyArea;
  readonly #edidAreas: readonly ReplyArea[];
  #waiting = 0;
  #announce = false;
  #again = false;

  /** virtio_gpu_modeset_init. @param count scanouts, 1 to 16. @param hasEdid whether the host tells EDIDs. Throws ENOMEM. */
  constructor(gpu: VirtioGpu, drm: Device, count: number, hasEdid: boolean) {
    this.#gpu = gpu;
    this.#hasEdid = hasEdid;
    this.#kms = drm.kms = new ModeConfig(drm, {
      minWidth: SIZE_MIN,
      minHeight: SIZE_MIN,
      maxWidth: SIZE_MAX,
      maxHeight: SIZE_MAX,
      fbModifiers: false,
      dirtyFb: true,
      // virtio_gpu_user_framebuffer_create.
      fbUnknownHandle: "EINVAL",
      fbFormat: (format) => {
        if (format !== DRM_FORMAT_XRGB8888 && format !== DRM_FORMAT_ARGB8888) {
          throw new DrmError(
            "ENOENT",
            `Cannot show format 0x${format.toString(16)}: XRGB8888 and ARGB8888 are known`,
          );
        }
      },
    });
    this.outputs = Array.from({ length: count }, (_, index) => new Output(gpu, this.#kms, index, hasEdid));
    const infoSize = virtio_gpu_resp_display_info.size, edidSize = virtio_gpu_resp_edid.size;
    const size = pageAlign(infoSize + count * edidSize);
    using undo = new DisposableStack();
    this.#pages = undo.use(drm.system.pages.allocate(size, "virtio_gpu display information"));
    this.#slot = undo.adopt(gpu.device.memory.add(this.#pages, 0, size), (slot) => gpu.device.memory.remove(slot));
    const bytes = this.#pages.bytes();
    this.#pages.pin();
    undo.move(); // all is well: nothing is to be undone
    const area = (offset: number, length: number): ReplyArea => ({
      gpa: this.#slot.gpa + offset,
      length,
      words: new Uint32Array(bytes.buffer, bytes.byteOffset + offset, length / 4),
    });
    this.#infoArea = area(0, infoSize);
    this.#edidAreas = this.outputs.map((_, i) => area(infoSize + i * edidSize, edidSize));
  }

  /** Commands that asking takes. */
  get queries(): number {
    return 1 + (this.#hasEdid ? this.outputs.length : 0);
  }

  /** Whether an answer is awaited. */
  get querying(): boolean {
    return this.#waiting > 0;
  }

  /**
   * Asks the host. A question that is asked meanwhile is asked again after the answer, which may be older.
   *
   * @param announce whether user space is to be told of the outcome; an answer that comes late is told in any case.
   * @throws {DrmError} ENOMEM.
   */
  query(announce: boolean): void {
    this.#announce ||= announce;
    if (this.#waiting > 0) {
      this.#again = true;
      return;
    }
    const { commands, queue } = this.#gpu;
    queue.prepare(this.queries);
    this.#waiting = this.queries;
    // EDIDs come first, as in the kernel: they are there when the sizes are.
    if (this.#hasEdid) {
      for (const output of this.outputs) {
        const subject: CommandSubject = {
          commandDone: (_command, type, reply, at) => this.#edid(output, type, reply, at),
        };
        commands.getEdid(output.index, subject, this.#edidAreas[output.index]);
      }
    }
    commands.getDisplayInfo(this, this.#infoArea);
    queue.notify();
  }

  /** Answers that come from now on are news to user space. */
  started(): void {
    if (this.querying) this.#announce = true;
  }

  /** GET_DISPLAY_INFO is answered. */
  commandDone(_command: number, type: number, reply: Uint32Array, at: number): void {
    if (type === VIRTIO_GPU_RESP_OK_DISPLAY_INFO) {
      const info = virtio_gpu_resp_display_info.at(toBytes(reply, at, virtio_gpu_resp_display_info.size));
      for (const output of this.outputs) {
        const { r, enabled } = info.pmodes[output.index];
        output.setInfo(enabled !== 0, r.width, r.height);
      }
    }
    this.#answered();
  }

  #edid(output: Output, type: number, reply: Uint32Array, at: number): void {
    let edid: Uint8Array | undefined;
    if (type === VIRTIO_GPU_RESP_OK_EDID) {
      const answer = virtio_gpu_resp_edid.at(toBytes(reply, at, virtio_gpu_resp_edid.size));
      // Whole blocks of 128 bytes, no more than the host says there are.
      edid = answer.edid.subarray(0, Math.min(answer.size, answer.edid.length) & ~127);
    }
    const { connector } = output;
    connector.setEdid(connector.readEdid(() => edid !== undefined && edid.length > 0 ? edid : undefined));
    this.#answered();
  }

  #answered(): void {
    if (--this.#waiting > 0) return;
    if (!this.#gpu.queue.live) return;
    if (this.#again && this.#gpu.canSend(this.queries)) {
      this.#again = false;
      this.query(this.#announce);
      return;
    }
    if (!this.#announce) return;
    this.#announce = false;
    this.#kms.hotplug();
  }

  /** drm_atomic_helper_shutdown: everything off, so that nothing holds a framebuffer any more. The host hears nothing of it. */
  shutdown(): void {
    const draft = this.#kms.draft();
    draft.allowModeset = true;
    for (const { crtc, connector } of this.outputs) {
      for (const plane of [crtc.primary, crtc.cursor]) {
        if (plane?.state.crtc === undefined) continue;
        draft.plane(plane).setFramebuffer(undefined);
        draft.setPlaneCrtc(plane, undefined);
      }
      if (connector.state.crtc !== undefined) draft.setConnectorCrtc(connector, undefined);
      if (!crtc.state.enable) continue;
      const state = draft.crtc(crtc);
      state.active = false;
      state.setMode(undefined, undefined);
    }
    commitDraft(draft, false);
  }

  /** Takes the answers' place out of guest memory. */
  [Symbol.dispose](): void {
    this.#gpu.device.memory.remove(this.#slot);
    this.#pages.unpin();
    this.#pages[Symbol.dispose]();
  }
}
