/**
 * Ioctls that share resources and synchronization objects by fd, and open resources. Mirrors ioctl.c.
 * @module
 */

import type { DmaBuf } from "../../../core/dma_buf.ts";
import { DrmError } from "../../../core/error.ts";
import type { File } from "../../../core/file.ts";
import type { IoctlEntry } from "../../../core/ioctl.ts";
import type { Process } from "../../../core/process.ts";
import { d3dddicb_destroyallocation2flags } from "../../../uapi/d3dkmthk_allocation.ts";
import * as k from "../../../uapi/d3dkmthk_share.ts";
import { dxgkvmb_command_openresource, dxgkvmb_command_openresource_return } from "../../../uapi/dxgvmbus_lock.ts";
import { DXGK_VMBCOMMAND_OPENRESOURCE, DXGK_VMBCOMMAND_SHAREOBJECTWITHHOST } from "../../../uapi/dxgvmbus_number.ts";
import {
  dxgkvmb_command_shareobjectwithhost,
  dxgkvmb_command_shareobjectwithhost_return,
} from "../../../uapi/dxgvmbus_process.ts";
import { ntstatusToReturn } from "../../../uapi/ntstatus.ts";
import { bytesOf } from "../../../uapi/struct.ts";
import { isOpenFormat, resourceBuffer, sharedResourceOf } from "./buffer.ts";
import type { Call } from "./call.ts";
import { check, fdOf, invalid, line } from "./handler.ts";
import { sendDestroyAllocation } from "./ioctl_allocation.ts";
import { SyncObject } from "./fences.ts";
import { Allocation, type DxgDevice, Resource } from "./objects.ts";
import type { HeldResource } from "./kernel_client.ts";
import type { DxgProcess } from "./process.ts";
import { DxgResourceFile, DxgSyncObjectFile, NtHandle, type SharedResource } from "./shared.ts";
import type { Steps } from "./steps.ts";

function reserveFd(task: Process): number {
  try {
    return task.fds.reserve();
  } catch (error) {
    if (!(error instanceof DrmError)) throw error;
    throw new DrmError("ENOTRECOVERABLE", error.message); // so dxgkrnl answers
  }
}

function* shareObjects(process: DxgProcess, call: Call<k.d3dkmt_shareobjects>): Steps {
  const { args, task } = call;
  if (args.object_count !== 1) invalid(`Cannot share ${args.object_count} objects at once`);
  const handle = call.readU32(args.objects);
  const object = process.handles.get(handle);
  const isShared = (object instanceof SyncObject || object instanceof Resource) && object.shared !== undefined;
  if (!isShared) invalid(`Cannot share 0x${handle.toString(16)}: it was not made shared`);
  const fd = reserveFd(task);
  let file: File | undefined;
  try {
    file = object instanceof Resource ? yield* shareResource(process, object) : yield* shareSync(process, object);
    const word = new DataView(new ArrayBuffer(8));
    word.setBigUint64(0, BigInt(fd), true);
    call.copyOut(args.shared_handle, new Uint8Array(word.buffer));
  } catch (error) {
    file?.put();
    task.fds.unreserve(fd);
    throw error;
  }
  task.fds.install(fd, file, true);
  return 0;
}

function* shareSync(process: DxgProcess, object: SyncObject): Steps<File> {
  const { shared } = object;
  if (shared === undefined) return invalid("Cannot share an object that was not made shared");
  return new DxgSyncObjectFile(shared, yield* NtHandle.make(process, object.handle));
}

// What others can make sense of is a dma-buf, and the same one for as long as anybody has it.
function* shareResource(process: DxgProcess, object: Resource): Steps<File> {
  const { shared } = object;
  if (shared === undefined) return invalid("Cannot share a resource that was not made shared");
  if (shared.buffer !== undefined) return shared.buffer.ref();
  const nt = yield* NtHandle.make(process, object.handle);
  try {
    shared.seal();
    if (!isOpenFormat(shared)) return new DxgResourceFile(shared, nt);
    return bufferOf(shared, yield* shared.adapter.kernel.open(shared, nt));
  } catch (error) {
    nt.close();
    throw error;
  }
}

function bufferOf(shared: SharedResource, held: HeldResource): DmaBuf {
  if (shared.buffer === undefined) return resourceBuffer(shared, held);
  held.release(); // another thread was faster
  return shared.buffer.ref();
}

/** The resource that an fd stands for. Throws EINVAL. */
function resourceOf(
  task: Process,
  handle: bigint,
): { readonly file: File; readonly resource: SharedResource; readonly nt: NtHandle } {
  const file = task.fds.get(fdOf(handle));
  const found = sharedResourceOf(file);
  if (file === undefined || found === undefined) return invalid(`Cannot open fd ${handle}: it is no shared resource`);
  return { file, resource: found.resource, nt: found.nt };
}

function queryResourceInfo(process: DxgProcess, call: Call<k.d3dkmt_queryresourceinfofromnthandle>): number {
  const { args } = call;
  const { resource } = resourceOf(call.task, args.nt_handle);
  process.device(args.device);
  resource.seal();
  args.private_runtime_data_size = resource.runtimeData.length;
  args.resource_priv_drv_data_size = resource.resourceData.length;
  args.allocation_count = resource.allocations.length;
  args.total_priv_drv_data_size = resource.privateData.length;
  call.out();
  return 0;
}

function* openResource(process: DxgProcess, call: Call<k.d3dkmt_openresourcefromnthandle>): Steps {
  const { args } = call;
  const { file, resource: shared, nt } = resourceOf(call.task, args.nt_handle);
  const device = process.device(args.device);
  if (device.adapter !== shared.adapter) invalid("Cannot open a resource of another adapter");
  shared.seal();
  const fits = args.allocation_count === shared.allocations.length &&
    args.private_runtime_data_size >>> 0 >= shared.runtimeData.length &&
    args.resource_priv_drv_data_size >= shared.resourceData.length &&
    args.total_priv_drv_data_size >= shared.privateData.length;
  if (!fits) invalid("Cannot open the resource: the sizes are other ones");
  file.ref();
  try {
    return yield* open(device, call, shared, nt);
  } finally {
    file.put();
  }
}

function* open(
  device: DxgDevice,
  call: Call<k.d3dkmt_openresourcefromnthandle>,
  shared: SharedResource,
  nt: NtHandle,
): Steps<number> {
  const { args } = call;
  const { process, adapter } = device;
  const count = shared.allocations.length;
  const struct = dxgkvmb_command_openresource;
  const reply = dxgkvmb_command_openresource_return;
  const message = adapter.message(DXGK_VMBCOMMAND_OPENRESOURCE, struct, process);
  const body = message.body(struct);
  body.device = device.handle;
  body.nt_security_sharing = 1;
  body.global_share = nt.value;
  body.allocation_count = count;
  body.total_priv_drv_data_size = args.total_priv_drv_data_size;
  yield message.expects(reply.size + count * 4);
  const opened = message.result(reply);
  check(ntstatusToReturn(opened.status));
  const words = new DataView(message.reply.buffer, message.reply.byteOffset);
  const resource = new Resource(device, opened.resource, shared);
  const allocations = shared.allocations.map(({ size, isCached }, i) =>
    new Allocation(device, resource, words.getUint32(reply.size + i * 4, true), size, isCached)
  );
  try {
    if (process.handles.get(device.handle) !== device) invalid("Cannot open a resource: the device was destroyed");
    call.copyOut(args.private_runtime_data, shared.runtimeData);
    call.copyOut(args.resource_priv_drv_data, shared.resourceData);
    call.copyOut(args.total_priv_drv_data, shared.privateData);
    resource.publish();
    let address = args.total_priv_drv_data;
    allocations.forEach((allocation, i) => {
      allocation.publish();
      const size = shared.allocations[i].privateDataSize;
      const info = k.d3dddi_openallocationinfo2.of({
        allocation: allocation.handle,
        priv_drv_data: address,
        priv_drv_data_size: size,
      });
      address += BigInt(size);
      call.copyOut(args.open_alloc_info + BigInt(i * k.d3dddi_openallocationinfo2.size), bytesOf(info));
    });
    args.resource = resource.handle;
    args.total_priv_drv_data_size = shared.privateData.length;
    call.out("resource", "total_priv_drv_data_size");
  } catch (error) {
    for (const allocation of allocations) allocation.close();
    resource.close();
    const flags = d3dddicb_destroyallocation2flags.assume_not_in_use;
    yield* sendDestroyAllocation(device, opened.resource, new Uint32Array(0), flags);
    throw error;
  }
  return 0;
}

function* shareWithHost(process: DxgProcess, call: Call<k.d3dkmt_shareobjectwithhost>): Steps {
  const { args } = call;
  const struct = dxgkvmb_command_shareobjectwithhost;
  const message = process.global.message(DXGK_VMBCOMMAND_SHAREOBJECTWITHHOST, struct, process.hostHandle);
  const body = message.body(struct);
  body.device_handle = args.device_handle;
  body.object_handle = args.object_handle;
  yield message.expects(dxgkvmb_command_shareobjectwithhost_return.size);
  const reply = message.result(dxgkvmb_command_shareobjectwithhost_return);
  check(ntstatusToReturn(reply.status));
  args.object_vail_nt_handle = reply.vail_nt_handle;
  call.out();
  return 0;
}

/** Lines of the table. */
export const SHARE_IOCTLS: readonly IoctlEntry[] = [
  line(k.LX_DXSHAREOBJECTS, k.d3dkmt_shareobjects, shareObjects),
  line(k.LX_DXQUERYRESOURCEINFOFROMNTHANDLE, k.d3dkmt_queryresourceinfofromnthandle, queryResourceInfo),
  line(k.LX_DXOPENRESOURCEFROMNTHANDLE, k.d3dkmt_openresourcefromnthandle, openResource),
  line(k.LX_DXSHAREOBJECTWITHHOST, k.d3dkmt_shareobjectwithhost, shareWithHost),
];
