/**
 * Messages about shared objects: naming them for other processes, opening them there.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import { dxgkvmb_command_openresource, dxgkvmb_command_openresource_return } from "../../../uapi/dxgvmbus_lock.ts";
import * as uapi from "../../../uapi/dxgvmbus_process.ts";
import { Allocation, Resource } from "./allocation.ts";
import type { Call } from "./call.ts";
import type { DxgDevice } from "./device.ts";
import type { HostCore } from "./host_core.ts";
import { global, type Message, statusOf, vgpu, zero } from "./message.ts";
import { SharedObject } from "./sharing.ts";
import { SyncHandle } from "./sync_object.ts";

function forget(host: HostCore, handle: number): void {
  host.shared.remove(handle);
  host.peers?.gone(handle);
}

/** Names a new resource for other processes, as its creation flags ask. @returns the handle. */
export function shareResource(host: HostCore, resource: Resource): number {
  let handle = 0;
  const { adapter } = resource.device;
  const object = new SharedObject(
    { kind: "resource", adapter, allocations: [], privateData: resource.privateData },
    () => forget(host, handle),
  );
  object.handle = handle = host.shared.add({ object, isNt: false });
  resource.shared = object;
  return handle;
}

/** Names a new synchronization object for other processes. @returns the handle. */
export function shareSync(host: HostCore, sync: SyncHandle): number {
  let handle = 0;
  sync.object.name();
  const object = new SharedObject(
    { kind: "sync", adapter: sync.device.adapter, object: sync.object },
    () => forget(host, handle),
  );
  try {
    object.handle = handle = host.shared.add({ object, isNt: false });
    host.peers?.share(object);
  } catch (error) {
    object.drop();
    throw error;
  }
  sync.object.shared = object;
  return handle;
}

/** Sealing: what others open is what it has now. */
function seal(resource: Resource): SharedObject {
  const { shared } = resource;
  if (shared === undefined) throw new DrmError("EINVAL", "Cannot share: the resource was not made shared");
  if (resource.isSealed || shared.content.kind !== "resource") return shared;
  resource.isSealed = true;
  for (const { backing, privateData } of resource.allocations) {
    backing.hold();
    shared.content.allocations.push({ backing, privateData });
  }
  return shared;
}

function sharedOf(call: Call, handle: number): SharedObject {
  const object = call.owner().object(handle);
  if (object instanceof Resource) return seal(object);
  if (object instanceof SyncHandle && object.object.shared !== undefined) return object.object.shared;
  throw new DrmError("EINVAL", `Cannot share 0x${handle.toString(16)}: it was not made shared`);
}

/** A shared object by its handle. Throws EBADF. */
export function findShared(host: HostCore, handle: number): SharedObject {
  const found = host.shared.get(handle)?.object ?? host.peers?.find(handle);
  if (found === undefined) throw new DrmError("EBADF", `Cannot find shared object 0x${handle.toString(16)}`);
  return found;
}

function open(call: Call, device: DxgDevice, shared: SharedObject, count: number, total: number): Resource {
  const { content } = shared;
  if (content.kind !== "resource" || content.adapter !== device.adapter) {
    throw new DrmError("EPROTOTYPE", "Cannot open: it is no resource of this adapter");
  }
  const size = content.allocations.reduce((sum, a) => sum + a.privateData.length, 0);
  if (content.allocations.length === 0 || content.allocations.length !== count || size !== total) {
    throw new DrmError("EINVAL", `Cannot open ${count} allocations: the resource has ${content.allocations.length}`);
  }
  const resource = new Resource(device, content.privateData);
  try {
    for (const { backing, privateData } of content.allocations) {
      backing.hold();
      try {
        new Allocation(device, resource, backing, privateData);
      } catch (error) {
        backing.drop();
        throw error;
      }
    }
    resource.isSealed = true;
    resource.shared = shared;
    shared.hold();
    call.grow(8 + 4 * count);
    resource.allocations.forEach((a, i) => call.replyView.setUint32(8 + 4 * i, a.handle, true));
    return resource;
  } catch (error) {
    resource.close();
    throw error;
  }
}

// A handle by which any process of the guest finds it. With peers, who knows them all makes it.
function name(host: HostCore, object: SharedObject): number {
  if (host.peers !== undefined) {
    host.peers.share(object);
    return object.handle;
  }
  const handle = host.shared.add({ object, isNt: true });
  object.hold();
  return handle;
}

/** The messages. */
export function shareMessages(host: HostCore): Message[] {
  return [
    // The reply is the handle, or 0: dxgkrnl reads it as one, though its table says NTSTATUS.
    global.message("CREATENTSHAREDOBJECT", uapi.dxgkvmb_command_createntsharedobject, (call, request) => {
      try {
        return name(host, sharedOf(call, request.object)) | 0;
      } catch (error) {
        host.trace("CREATENTSHAREDOBJECT", `0x${request.object.toString(16)}`, `status ${statusOf(error)}`);
        return 0;
      }
    }),
    global.message("DESTROYNTSHAREDOBJECT", uapi.dxgkvmb_command_destroyntsharedobject, (_, request) => {
      const found = host.shared.get(request.shared_handle);
      if (found === undefined || !found.isNt) {
        throw new DrmError("EBADF", `Cannot destroy shared object 0x${request.shared_handle.toString(16)}`);
      }
      host.shared.remove(request.shared_handle);
      found.object.drop();
      return 0;
    }),
    global.answer(
      "SHAREOBJECTWITHHOST",
      uapi.dxgkvmb_command_shareobjectwithhost,
      uapi.dxgkvmb_command_shareobjectwithhost_return,
      (call, request, reply) => {
        zero("reserved", request.reserved);
        const owner = call.owner();
        owner.device(request.device_handle);
        const handle = name(host, sharedOf(call, request.object_handle));
        const own = host.shared.get(handle);
        if (own?.isNt) owner.hostHandles.set(handle, own);
        reply.vail_nt_handle = BigInt(handle);
        return 0;
      },
    ),
    vgpu.answer(
      "OPENRESOURCE",
      dxgkvmb_command_openresource,
      dxgkvmb_command_openresource_return,
      (call, request, reply) => {
        const device = call.owner().device(request.device);
        call.device = device;
        const shared = findShared(host, request.global_share);
        reply.resource = open(call, device, shared, request.allocation_count, request.total_priv_drv_data_size).handle;
        return 0;
      },
    ),
  ];
}
