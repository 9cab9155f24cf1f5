/**
 * A system: its devices, their clients, what they share.
 * @module
 */

import type { Device } from "../device.ts";
import type { DrmFile } from "../drm_file.ts";
import { BudgetAllocator } from "../memory.ts";
import type { System } from "../system.ts";
import { FenceGathering, type TimelineInspection } from "./fences.ts";
import { framebuffersOf, inspectKms, type KmsInspection } from "./kms.ts";
import { each, type Limits, type Listed } from "./limits.ts";
import { inspectObjects, type ObjectInspection, type ObjectNumbers } from "./objects.ts";

/** A client: one open file of a device. */
export interface ClientInspection {
  /** Command name. */
  readonly comm: string;
  /** The name that it gave itself (SET_CLIENT_NAME); empty for none. */
  readonly name: string;
  /** Process id. */
  readonly pid: number;
  /** User id. */
  readonly uid: number;
  /** "card0" or "renderD128". */
  readonly node: string;
  /** Whether it is the current master. */
  readonly master: boolean;
  /** Whether it may do what needs authentication. */
  readonly authenticated: boolean;
  /** Client capabilities that it set. */
  readonly capabilities: readonly string[];
  /** GEM handles. */
  readonly handles: number;
  /** Syncobj handles. */
  readonly syncobjs: number;
}

/** A device. */
export interface DeviceInspection {
  /** "card0". */
  readonly name: string;
  /** "renderD128"; undefined for none. */
  readonly render: string | undefined;
  /** Its driver. */
  readonly driver: string;
  /** What the driver says of itself. */
  readonly desc: string;
  /** "1.0.0". */
  readonly version: string;
  /** Where it sits: "pci:0000:00:02.0". */
  readonly bus: string;
  /** Features of its driver. */
  readonly features: readonly string[];
  /** Whether it is suspended. */
  readonly suspended: boolean;
  /** Who has it open, the oldest first. */
  readonly clients: Listed<ClientInspection>;
  /** Its objects, the largest first; `bytes` of those that were looked at. */
  readonly objects: Listed<ObjectInspection> & { readonly bytes: number };
  /** Its KMS; undefined for drivers without. */
  readonly kms: KmsInspection | undefined;
}

/** A dma-buf. */
export interface DmaBufInspection {
  /** Its inode number. */
  readonly inode: number;
  /** Bytes. */
  readonly size: number;
  /** Who exports it. */
  readonly exporter: string;
  /** Its name; empty for none. */
  readonly name: string;
  /** References. */
  readonly references: number;
  /** Devices that are attached. */
  readonly attached: number;
}

/** A system. */
export interface SystemInspection {
  /** When, ns of the system's clock. */
  readonly time: number;
  /** Backing store: bytes in use, and allowed; 0 if unknown. */
  readonly memory: { readonly used: number; readonly limit: number };
  /** Ids of all clients: in use, and allowed. */
  readonly ids: { readonly used: number; readonly limit: number };
  /** Devices. */
  readonly devices: Listed<DeviceInspection>;
  /** Timelines of fences that somebody holds. */
  readonly timelines: readonly TimelineInspection[];
  /** dma-bufs. */
  readonly dmaBufs: Listed<DmaBufInspection>;
}

function clientOf(file: DrmFile): ClientInspection {
  const capabilities = {
    STEREO_3D: file.stereoAllowed,
    UNIVERSAL_PLANES: file.universalPlanes,
    ATOMIC: file.atomic,
    ASPECT_RATIO: file.aspectRatioAllowed,
    WRITEBACK_CONNECTORS: file.writebackConnectors,
    CURSOR_PLANE_HOTSPOT: file.cursorHotspot,
    PLANE_COLOR_PIPELINE: file.planeColorPipeline,
  };
  return {
    comm: file.comm,
    name: file.clientName.slice(0, 64),
    pid: file.tgid,
    uid: file.uid,
    node: file.name,
    master: file.isCurrentMaster,
    authenticated: file.authenticated,
    capabilities: Object.entries(capabilities).filter(([, on]) => on).map(([name]) => name),
    handles: file.objects.count,
    syncobjs: file.syncobjs.count,
  };
}

function deviceOf(
  device: Device,
  numbers: ObjectNumbers,
  fences: FenceGathering,
  limits: Limits,
  thumbnails: { left: number },
): DeviceInspection {
  const { kms, driver: { spec }, bus, files } = device;
  const framebuffers = kms === undefined ? [] : framebuffersOf(kms, limits.visits);
  const held = framebuffers.flatMap((fb) => fb.objects.filter((object) => object !== undefined));
  for (const { syncobjs } of files) {
    let visits = 0;
    for (const [, syncobj] of syncobjs) {
      if (visits++ >= limits.visits) break;
      fences.add(syncobj.fence, "syncobj");
    }
  }
  return {
    name: device.name,
    render: device.render === undefined ? undefined : `renderD${device.render}`,
    driver: spec.name,
    desc: spec.desc,
    version: spec.version.join("."),
    bus: bus.pci?.address ?? bus.unique,
    features: spec.features,
    suspended: device.suspended,
    clients: each(files, limits.clients, clientOf),
    objects: inspectObjects(device, numbers, fences, limits, held),
    kms: kms && inspectKms(kms, framebuffers, numbers, fences, limits, thumbnails),
  };
}

/** A snapshot. @param system of what. @param numbers names objects. @param limits how much of it. */
export function inspectSystem(system: System, numbers: ObjectNumbers, limits: Limits): SystemInspection {
  const fences = new FenceGathering(limits);
  const thumbnails = { left: limits.thumbnails };
  const { pages, ids } = system;
  return {
    time: system.clock.now(),
    memory: pages instanceof BudgetAllocator ? { used: pages.used, limit: pages.limit } : { used: 0, limit: 0 },
    ids: { used: ids.used, limit: ids.limit },
    devices: each(system.devices, limits.devices, (device) => deviceOf(device, numbers, fences, limits, thumbnails)),
    timelines: fences.timelines(system),
    dmaBufs: each(system.dmaBufs, limits.buffers, (buffer): DmaBufInspection => ({
      inode: buffer.inode,
      size: buffer.size,
      exporter: buffer.exporterName,
      name: buffer.name.slice(0, 64),
      references: buffer.references,
      attached: buffer.attachments.size,
    })),
  };
}
