/**
 * `DrmCard`: an open DRM node as a client likes to use it: version, capabilities, KMS objects, buffers, events. The
 * counterpart of xf86drm.h and xf86drmMode.h of libdrm.
 * @module
 */

import { DrmError, EBUSY } from "../../../core/error.ts";
import type { Mapping } from "../../../core/file.ts";
import type { OpenFile } from "../../../core/process.ts";
import * as drm from "../../../uapi/drm.ts";
import * as mode from "../../../uapi/drm_mode.ts";
import * as fb from "../../../uapi/drm_mode_fb.ts";
import * as plane from "../../../uapi/drm_mode_plane.ts";
import { AtomicRequest } from "./atomic.ts";
import { DmaBufFile } from "./dma_buf.ts";
import { DumbBuffer } from "./dumb_buffer.ts";
import { EventReader } from "./event.ts";
import { createBlob, destroyBlob, readBlob } from "./property.ts";
import { Connector, Crtc, getPlanes, getResources, Plane, type Resources } from "./resources.ts";
import { Syncobj } from "./syncobj.ts";
import { Scratch } from "./user_arrays.ts";

/** What a driver says of itself. */
export interface DriverVersion {
  /** The driver's name, for example "virtio_gpu". */
  readonly name: string;
  /** What it is, for people. */
  readonly desc: string;
  /** The date field; "0" in every driver of today. */
  readonly date: string;
  /** Major, minor, patch level. */
  readonly version: readonly [number, number, number];
}

/** What ADDFB2 makes a framebuffer of. */
export interface FramebufferOptions {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** DRM_FORMAT_*. */
  readonly format: number;
  /** GEM handle of each plane. */
  readonly handles: readonly number[];
  /** Bytes a row of each plane. */
  readonly pitches: readonly number[];
  /** Where each plane starts in its object, bytes; zeros by default. */
  readonly offsets?: readonly number[];
  /** DRM_FORMAT_MOD_* of all planes; none by default. */
  readonly modifier?: bigint;
}

/** What PAGE_FLIP needs besides the CRTC and the framebuffer. */
export interface PageFlipOptions {
  /** Cookie of the completion event; no event without it. */
  readonly userData?: bigint;
  /** DRM_MODE_PAGE_FLIP_* besides EVENT. */
  readonly flags?: number;
}

/** An open card or render node. */
export class DrmCard implements Disposable {
  /** The open file. */
  readonly file: OpenFile;
  /** Its events. */
  readonly events: EventReader;

  /** Wraps an open node. @param file a DRM node, for example `system.process().open("/dev/dri/card0")`; the card owns it from now on. */
  constructor(file: OpenFile) {
    this.file = file;
    this.events = new EventReader(file);
  }

  /** Client memory for the pointer members of one call; dispose it afterwards. */
  scratch(): Scratch {
    return new Scratch(this.file.process);
  }

  /** DRM_IOCTL_VERSION. */
  version(): DriverVersion {
    const arg = drm.drm_version.of();
    this.file.ioctl(drm.DRM_IOCTL_VERSION, arg);
    using scratch = this.scratch();
    const name = scratch.alloc(arg.name_len), date = scratch.alloc(arg.date_len), desc = scratch.alloc(arg.desc_len);
    [arg.name, arg.date, arg.desc] = [name.address, date.address, desc.address];
    this.file.ioctl(drm.DRM_IOCTL_VERSION, arg);
    const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
    return {
      name: text(name.bytes),
      desc: text(desc.bytes),
      date: text(date.bytes),
      version: [arg.version_major, arg.version_minor, arg.version_patchlevel],
    };
  }

  /** DRM_IOCTL_GET_CAP: the value of DRM_CAP_*. Throws EINVAL or EOPNOTSUPP for one that the driver does not know. */
  capability(capability: number): bigint {
    const arg = drm.drm_get_cap.of({ capability: BigInt(capability) });
    this.file.ioctl(drm.DRM_IOCTL_GET_CAP, arg);
    return arg.value;
  }

  /** DRM_IOCTL_SET_CLIENT_CAP: DRM_CLIENT_CAP_*. Throws EINVAL or EOPNOTSUPP. */
  setClientCapability(capability: number, value: number | bigint = 1): void {
    const arg = drm.drm_set_client_cap.of({ capability: BigInt(capability), value: BigInt(value) });
    this.file.ioctl(drm.DRM_IOCTL_SET_CLIENT_CAP, arg);
  }

  /** Asks for universal planes, atomic commits and, where the driver has them, cursor hot spots. Throws EOPNOTSUPP. */
  becomeAtomic(): void {
    this.setClientCapability(drm.DRM_CLIENT_CAP_UNIVERSAL_PLANES);
    this.setClientCapability(drm.DRM_CLIENT_CAP_ATOMIC);
    try {
      this.setClientCapability(drm.DRM_CLIENT_CAP_CURSOR_PLANE_HOTSPOT);
    } catch (error) {
      if (!(error instanceof DrmError) || error.code !== "EOPNOTSUPP") throw error; // most hardware has no hot spots
    }
  }

  /** DRM_IOCTL_MODE_GETRESOURCES: ids of the KMS objects and the limits of framebuffers. Throws EOPNOTSUPP without KMS. */
  resources(): Resources {
    return getResources(this);
  }

  /** All CRTCs, in the order of their index. */
  crtcs(): Crtc[] {
    return this.resources().crtcs.map((id, index) => new Crtc(this, id, index));
  }

  /** All connectors; `probe` asks the driver to look for monitors anew. */
  connectors(probe = true): Connector[] {
    return this.resources().connectors.map((id) => new Connector(this, id, probe));
  }

  /** DRM_IOCTL_MODE_GETPLANERESOURCES: planes that this client may see. */
  planes(): Plane[] {
    return getPlanes(this).map((id) => new Plane(this, id));
  }

  /** The plane of DRM_PLANE_TYPE_* for a CRTC. Throws ENOENT if there is none that this client may see. */
  planeOf(crtc: Crtc, type: number): Plane {
    for (const candidate of this.planes()) {
      if ((candidate.possibleCrtcs & (1 << crtc.index)) !== 0 && Number(candidate.value("type")) === type) {
        return candidate;
      }
    }
    throw new DrmError("ENOENT", `Cannot find a plane of type ${type} for CRTC ${crtc.id}`);
  }

  /** CREATEPROPBLOB: the id of a new blob. */
  createBlob(bytes: Uint8Array): number {
    return createBlob(this, bytes);
  }

  /** DESTROYPROPBLOB. Throws ENOENT, EPERM. */
  destroyBlob(id: number): void {
    destroyBlob(this, id);
  }

  /** GETPROPBLOB: a copy of a blob's bytes. Throws ENOENT. */
  readBlob(id: number): Uint8Array {
    return readBlob(this, id);
  }

  /** A new dumb buffer. Throws EINVAL, ENOMEM, ENOSYS. */
  createDumb(width: number, height: number, bpp = 32): DumbBuffer {
    return new DumbBuffer(this, width, height, bpp);
  }

  /** ADDFB2: the id of a new framebuffer. Throws what the kernel does, in its order (I5). */
  addFramebuffer(options: FramebufferOptions): number {
    const modifiers = options.modifier === undefined ? [] : options.handles.map(() => options.modifier as bigint);
    const arg = fb.drm_mode_fb_cmd2.of({
      width: options.width,
      height: options.height,
      pixel_format: options.format,
      flags: options.modifier === undefined ? 0 : fb.DRM_MODE_FB_MODIFIERS,
      handles: options.handles,
      pitches: options.pitches,
      offsets: options.offsets ?? [],
      modifier: modifiers,
    });
    this.file.ioctl(fb.DRM_IOCTL_MODE_ADDFB2, arg);
    return arg.fb_id;
  }

  /** RMFB: what shows it goes dark. Throws ENOENT. */
  removeFramebuffer(id: number): void {
    this.file.ioctl(fb.DRM_IOCTL_MODE_RMFB, Uint32Array.of(id));
  }

  /** CLOSEFB: what shows it goes on showing it. Throws ENOENT. */
  closeFramebuffer(id: number): void {
    this.file.ioctl(fb.DRM_IOCTL_MODE_CLOSEFB, fb.drm_mode_closefb.of({ fb_id: id }));
  }

  /** An empty atomic request; reuse it for many commits. */
  atomic(): AtomicRequest {
    return new AtomicRequest(this);
  }

  /** SETCRTC by a client that is not atomic. @param display the mode; undefined switches off. May wait. Throws DrmError. */
  async setCrtc(
    crtc: number,
    fbId: number,
    connectors: readonly number[],
    display?: mode.drm_mode_modeinfo,
    x = 0,
    y = 0,
  ): Promise<number> {
    using scratch = this.scratch();
    const arg = mode.drm_mode_crtc.of({
      crtc_id: crtc,
      fb_id: fbId,
      x,
      y,
      set_connectors_ptr: connectors.length > 0 ? scratch.u32(connectors).address : 0n,
      count_connectors: connectors.length,
      mode_valid: display === undefined ? 0 : 1,
    });
    if (display !== undefined) arg.mode = display as typeof arg.mode;
    return await this.file.wait(mode.DRM_IOCTL_MODE_SETCRTC, arg);
  }

  /** PAGE_FLIP. Returns false where a flip is still pending (EBUSY). Throws DrmError. */
  pageFlip(crtc: number, fbId: number, options: PageFlipOptions = {}): boolean {
    const event = options.userData === undefined ? 0 : plane.DRM_MODE_PAGE_FLIP_EVENT;
    const arg = plane.drm_mode_crtc_page_flip.of({
      crtc_id: crtc,
      fb_id: fbId,
      flags: (options.flags ?? 0) | event,
      user_data: options.userData ?? 0n,
    });
    return this.file.ioctl(plane.DRM_IOCTL_MODE_PAGE_FLIP, arg) !== EBUSY;
  }

  /** PRIME_HANDLE_TO_FD: a dma-buf of an object, writable through its mapping. Throws ENOENT, EMFILE. */
  exportDmaBuf(handle: number, flags: number = drm.DRM_CLOEXEC | drm.DRM_RDWR): DmaBufFile {
    const arg = drm.drm_prime_handle.of({ handle, flags });
    this.file.ioctl(drm.DRM_IOCTL_PRIME_HANDLE_TO_FD, arg);
    return new DmaBufFile(this.file.process.file(arg.fd));
  }

  /** PRIME_FD_TO_HANDLE: the GEM handle of a dma-buf of the same process. Throws EBADF, EINVAL. */
  importDmaBuf(fd: number): number {
    const arg = drm.drm_prime_handle.of({ fd });
    this.file.ioctl(drm.DRM_IOCTL_PRIME_FD_TO_HANDLE, arg);
    return arg.handle;
  }

  /** GEM_CLOSE. Throws EINVAL for an unknown handle. */
  closeHandle(handle: number): void {
    this.file.ioctl(drm.DRM_IOCTL_GEM_CLOSE, drm.drm_gem_close.of({ handle }));
  }

  /** A new syncobj. */
  createSyncobj(signaled = false): Syncobj {
    return Syncobj.create(this, signaled);
  }

  /** mmap of an object by its fake offset. */
  map(size: number, offset: number): Mapping {
    return this.file.map(size, offset);
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.file[Symbol.dispose]();
  }
}
