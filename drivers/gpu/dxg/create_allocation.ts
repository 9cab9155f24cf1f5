/**
 * CREATEALLOCATION: allocations, resources, shared resources, standard allocations, memory of the client. The checks stand in the
 * order of dxgkio_create_allocation.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import { PAGE_SIZE } from "../../../core/memory.ts";
import * as k from "../../../uapi/d3dkmthk_allocation.ts";
import {
  _D3DDDIFMT_UNKNOWN,
  _D3DKMDT_GDISURFACE_TEXTURE_CROSSADAPTER,
  _D3DKMDT_STANDARDALLOCATION_GDISURFACE,
} from "../../../uapi/d3dkmthk_surface.ts";
import * as w from "../../../uapi/dxgvmbus_allocation.ts";
import { DXG_MAX_VM_BUS_PACKET_SIZE } from "../../../uapi/dxgvmbus_hdr.ts";
import {
  DXGK_VMBCOMMAND_CREATEALLOCATION,
  DXGK_VMBCOMMAND_DDIGETSTANDARDALLOCATIONDRIVERDATA,
} from "../../../uapi/dxgvmbus_number.ts";
import { ntstatusToReturn } from "../../../uapi/ntstatus.ts";
import { bytesOf, type View } from "../../../uapi/struct.ts";
import type { Call } from "./call.ts";
import { check, invalid, MAX_ALLOCATIONS, offsetOf } from "./handler.ts";
import { sendDestroyAllocation } from "./ioctl_allocation.ts";
import type { Message } from "./message.ts";
import { Allocation, type DxgDevice, Resource } from "./objects.ts";
import type { DxgProcess } from "./process.ts";
import { SharedResource } from "./shared.ts";
import type { Steps } from "./steps.ts";
import { Sysmem } from "./sysmem.ts";

const { create_resource, create_shared, nt_security_sharing, standard_allocation, existing_sysmem } =
  k.d3dkmt_createallocationflags;

type Args = View<k.d3dkmt_createallocation>;
type Info = View<k.d3dddi_allocationinfo2>;
/** What has been copied from the client. */
interface Wanted {
  readonly infos: readonly Info[];
  readonly runtimeData: Uint8Array;
  /** Private data of the resource. */
  readonly privateData: Uint8Array;
  /** Private data of each allocation. */
  readonly allocationData: readonly Uint8Array[];
}
/** What the host's driver makes for a standard allocation. */
interface StandardData {
  readonly allocation: Uint8Array;
  readonly resource: Uint8Array;
}
/** Makes allocations. */
export function* createAllocation(process: DxgProcess, call: Call<k.d3dkmt_createallocation>): Steps {
  const { args } = call;
  const infos = readInfos(call);
  const standard = (args.flags & standard_allocation) !== 0 ? readStandard(call, infos) : undefined;
  if ((args.flags & create_shared) !== 0 && (args.flags & create_resource) === 0) {
    invalid("Cannot share allocations without a resource");
  }
  const device = process.device(args.device);
  const made = standard === undefined ? undefined : yield* standardData(device, standard);
  if (standard !== undefined) args.priv_drv_data_size = k.d3dkmt_createstandardallocation.size;
  let shared: SharedResource | undefined;
  let resource: Resource | undefined;
  if ((args.flags & create_resource) !== 0) {
    if ((args.flags & create_shared) !== 0) {
      if ((args.flags & nt_security_sharing) === 0) invalid("Cannot share a resource by a global handle");
      shared = new SharedResource(
        device.adapter,
        read(call, args.private_runtime_data, args.private_runtime_data_size),
        made?.resource ?? read(call, args.priv_drv_data, args.priv_drv_data_size),
      );
    }
  } else if (args.resource !== 0) {
    resource = process.resource(args.resource);
    if (resource.device !== device) invalid("Cannot add to a resource of another device");
    if (resource.shared?.isSealed) invalid("Cannot add to a resource that has been shared");
  }
  checkSysmem(infos, standard !== undefined);
  const wanted = copyData(call, infos, standard);
  const message = request(device, args, wanted);
  const size = resultSize(wanted);
  yield message.expects(size);
  const answer = parse(message, wanted, size);
  // The reply has no status: without handles it is a refusal.
  if (answer.made.some(({ handle }) => handle === 0)) invalid("Cannot make allocations: the host refuses");
  const building = new Building(device, call, infos, wanted, answer, resource, shared, made?.allocation);
  try {
    yield* building.build();
  } catch (error) {
    yield* building.undo();
    throw error;
  }
  return 0;
}

// Too much for a packet is EOVERFLOW later on; before it is read, it must not be more than that.
function read(call: Call<unknown>, address: bigint, size: number): Uint8Array {
  if (size >= DXG_MAX_VM_BUS_PACKET_SIZE) throw tooMuch(size);
  const data = new Uint8Array(size);
  call.copyIn(address, data);
  return data;
}

function tooMuch(size: number): DrmError {
  return new DrmError("EOVERFLOW", `Cannot send ${size} bytes of private data: a packet is shorter`);
}

function readInfos(call: Call<k.d3dkmt_createallocation>): Info[] {
  const { args } = call;
  const count = args.alloc_count;
  if (count > MAX_ALLOCATIONS || count === 0) invalid(`Cannot make ${count} allocations`);
  const struct = k.d3dddi_allocationinfo2;
  const bytes = new Uint8Array(count * struct.size);
  call.copyIn(args.allocation_info, bytes);
  const infos = Array.from({ length: count }, (_, i) => struct.at(bytes, i * struct.size));
  for (const { priv_drv_data_size: size } of infos) {
    if ((args.flags & standard_allocation) !== 0 && size !== 0) {
      invalid("Cannot give a standard allocation private data");
    }
    if (size >= DXG_MAX_VM_BUS_PACKET_SIZE) invalid(`Cannot make an allocation with ${size} bytes of private data`);
  }
  const refused = k.d3dkmt_createallocationflags.existing_section | k.d3dkmt_createallocationflags.create_protected;
  if ((args.flags & refused) !== 0) invalid(`Cannot make allocations with flags 0x${args.flags.toString(16)}`);
  return infos;
}

function readStandard(
  call: Call<k.d3dkmt_createallocation>,
  infos: readonly Info[],
): View<k.d3dkmt_createstandardallocation> {
  const { args } = call;
  if (args.standard_allocation === 0n) invalid("Cannot make a standard allocation of nothing");
  const standard = call.read(args.standard_allocation, k.d3dkmt_createstandardallocation);
  const [{ sysmem }] = infos;
  const isExisting = (args.flags & existing_sysmem) !== 0;
  switch (standard.type) {
    case k._D3DKMT_STANDARDALLOCATIONTYPE_EXISTINGHEAP:
      if (sysmem === 0n || sysmem % BigInt(PAGE_SIZE) !== 0n || !isExisting) invalid("Cannot make a heap of no memory");
      break;
    case k._D3DKMT_STANDARDALLOCATIONTYPE_CROSSADAPTER:
      if (isExisting || sysmem !== 0n) invalid("Cannot make a cross-adapter allocation of existing memory");
      break;
    default:
      invalid(`Cannot make a standard allocation of type ${standard.type}`);
  }
  const { size } = standard.existing_heap_data;
  if (args.priv_drv_data_size !== 0 || args.alloc_count !== 1 || size === 0 || size % PAGE_SIZE !== 0) {
    invalid(`Cannot make a standard allocation of ${size} bytes`);
  }
  return standard;
}

// Asked twice: for sizes, then for data.
function* standardData(device: DxgDevice, standard: View<k.d3dkmt_createstandardallocation>): Steps<StandardData> {
  const sizes = yield* askStandard(device, standard, 0, 0);
  const { priv_driver_data_size: size, priv_driver_resource_size: resourceSize } = sizes.head;
  if (size === 0) invalid("Cannot make a standard allocation: the host has no private data for it");
  if (size >= DXG_MAX_VM_BUS_PACKET_SIZE || resourceSize >= DXG_MAX_VM_BUS_PACKET_SIZE) throw tooMuch(size);
  const { head, message } = yield* askStandard(device, standard, size, resourceSize);
  if (head.priv_driver_data_size !== size || head.priv_driver_resource_size !== resourceSize) {
    invalid("Cannot use the host's private data: its size changes");
  }
  const start = w.dxgkvmb_command_getstandardallocprivdata_return.size;
  return {
    allocation: message.resultBytes(start, size).slice(),
    resource: message.resultBytes(start + size, resourceSize).slice(),
  };
}

function* askStandard(
  device: DxgDevice,
  standard: View<k.d3dkmt_createstandardallocation>,
  size: number,
  resourceSize: number,
): Steps<{ readonly head: View<w.dxgkvmb_command_getstandardallocprivdata_return>; readonly message: Message }> {
  const struct = w.dxgkvmb_command_getstandardallocprivdata;
  const type = DXGK_VMBCOMMAND_DDIGETSTANDARDALLOCATIONDRIVERDATA;
  const message = device.adapter.message(type, struct, device.process);
  const body = message.body(struct);
  body.alloc_type = _D3DKMDT_STANDARDALLOCATION_GDISURFACE;
  body.priv_driver_data_size = size;
  body.priv_driver_resource_size = resourceSize;
  const surface = body.gdi_surface;
  surface.type = _D3DKMDT_GDISURFACE_TEXTURE_CROSSADAPTER;
  surface.width = standard.existing_heap_data.size >>> 0;
  surface.height = 1;
  surface.format = _D3DDDIFMT_UNKNOWN;
  const reply = w.dxgkvmb_command_getstandardallocprivdata_return;
  yield message.expects(reply.size + size + resourceSize);
  const head = message.result(reply);
  check(ntstatusToReturn(head.status));
  return { head, message };
}

function checkSysmem(infos: readonly Info[], isStandard: boolean): void {
  for (const { sysmem } of infos) {
    if (!isStandard && sysmem % BigInt(PAGE_SIZE) !== 0n) invalid("Cannot use memory that does not begin on a page");
    if ((sysmem === 0n) !== (infos[0].sysmem === 0n)) {
      invalid("Cannot make allocations with and without memory at once");
    }
  }
}

function copyData(
  call: Call<k.d3dkmt_createallocation>,
  infos: readonly Info[],
  standard: View<k.d3dkmt_createstandardallocation> | undefined,
): Wanted {
  const { args } = call;
  const { private_runtime_data_size: runtimeSize, priv_drv_data_size: size } = args;
  if (runtimeSize >= DXG_MAX_VM_BUS_PACKET_SIZE || size >= DXG_MAX_VM_BUS_PACKET_SIZE) throw tooMuch(size);
  const total = infos.reduce((sum, info) => sum + info.priv_drv_data_size, 0);
  if (total >= DXG_MAX_VM_BUS_PACKET_SIZE) throw tooMuch(total);
  const whole = w.dxgkvmb_command_createallocation.size +
    infos.length * w.dxgkvmb_command_createallocation_allocinfo.size + runtimeSize + size + total;
  if (whole > DXG_MAX_VM_BUS_PACKET_SIZE) throw tooMuch(whole);
  return {
    infos,
    runtimeData: read(call, args.private_runtime_data, runtimeSize),
    privateData: standard === undefined ? read(call, args.priv_drv_data, size) : bytesOf(standard),
    allocationData: infos.map((info) => read(call, info.priv_drv_data, info.priv_drv_data_size)),
  };
}

function request(device: DxgDevice, args: Args, wanted: Wanted): Message {
  const struct = w.dxgkvmb_command_createallocation;
  const info = w.dxgkvmb_command_createallocation_allocinfo;
  const { infos, runtimeData, privateData, allocationData } = wanted;
  const parts = [runtimeData, privateData, ...allocationData];
  const tail = parts.reduce((sum, part) => sum + part.length, infos.length * info.size);
  const message = device.adapter.message(
    DXGK_VMBCOMMAND_CREATEALLOCATION,
    struct,
    device.process,
    struct.size + tail,
  );
  const body = message.body(struct);
  body.device = args.device;
  body.flags = args.flags | (infos[0].sysmem !== 0n ? existing_sysmem : 0);
  body.resource = args.resource;
  body.private_runtime_resource_handle = args.private_runtime_resource_handle;
  body.alloc_count = infos.length;
  body.private_runtime_data_size = runtimeData.length;
  body.priv_drv_data_size = privateData.length;
  let at = struct.size;
  for (const { flags, vidpn_source_id, priv_drv_data_size } of infos) {
    const entry = info.at(message.part(at, info.size));
    entry.flags = flags;
    entry.vidpn_source_id = vidpn_source_id;
    entry.priv_drv_data_size = priv_drv_data_size;
    at += info.size;
  }
  for (const part of parts) {
    message.part(at, part.length).set(part);
    at += part.length;
  }
  return message;
}

function resultSize({ infos, allocationData }: Wanted): number {
  return w.dxgkvmb_command_createallocation_return.size +
    (infos.length - 1) * w.dxgkvmb_command_allocinfo_return.size +
    allocationData.reduce((sum, data) => sum + data.length, 0);
}

/** One allocation as the host says. */
interface Made {
  readonly handle: number;
  readonly size: number;
  readonly isCached: boolean;
  readonly privateData: Uint8Array;
}

interface Answer {
  readonly resource: number;
  readonly globalShare: number;
  readonly made: readonly Made[];
}

function parse(message: Message, wanted: Wanted, size: number): Answer {
  const struct = w.dxgkvmb_command_createallocation_return;
  const entry = w.dxgkvmb_command_allocinfo_return;
  const head = message.result(struct);
  const first = offsetOf(struct, "allocation_info");
  const count = wanted.infos.length;
  let at = struct.size + (count - 1) * entry.size;
  const made = wanted.infos.map((info, i) => {
    const one = message.result(entry, first + i * entry.size);
    // What the host says is more than the client has room for is left out.
    const length = Math.min(one.priv_drv_data_size, info.priv_drv_data_size, size - at);
    const privateData = message.resultBytes(at, length);
    at += length;
    return {
      handle: one.allocation,
      size: one.allocation_size,
      isCached: (one.allocation_flags & w.dxgkvmb_allocflags.cached) !== 0,
      privateData,
    };
  });
  return { resource: head.resource, globalShare: head.global_share, made };
}

/** Makes the host's allocations known, or undoes them. */
class Building {
  readonly #device: DxgDevice;
  readonly #call: Call<k.d3dkmt_createallocation>;
  readonly #infos: readonly Info[];
  readonly #wanted: Wanted;
  readonly #answer: Answer;
  readonly #standardData: Uint8Array | undefined;
  readonly #shared: SharedResource | undefined;
  readonly #isNew: boolean;
  #resource: Resource | undefined;
  readonly #allocations: Allocation[] = [];

  constructor(
    device: DxgDevice,
    call: Call<k.d3dkmt_createallocation>,
    infos: readonly Info[],
    wanted: Wanted,
    answer: Answer,
    resource: Resource | undefined,
    shared: SharedResource | undefined,
    standardData: Uint8Array | undefined,
  ) {
    this.#device = device;
    this.#call = call;
    this.#infos = infos;
    this.#wanted = wanted;
    this.#answer = answer;
    this.#resource = resource;
    this.#shared = shared;
    this.#standardData = standardData;
    this.#isNew = (call.args.flags & create_resource) !== 0;
  }

  *build(): Steps<void> {
    const { args } = this.#call;
    const device = this.#device;
    const { process } = device;
    if (process.handles.get(device.handle) !== device) invalid("Cannot make allocations: the device was destroyed");
    if (this.#isNew) {
      args.resource = this.#answer.resource;
      this.#call.out("resource");
      this.#resource = new Resource(device, this.#answer.resource, this.#shared);
    }
    for (let i = 0; i < this.#infos.length; i++) yield* this.#one(i);
    this.#call.out("global_share");
    const resource = this.#resource;
    if (this.#isNew) resource?.publish();
    else if (resource !== undefined && process.handles.get(resource.handle) !== resource) {
      invalid("Cannot add to a resource that was destroyed");
    }
    for (const allocation of this.#allocations) allocation.publish();
    if (this.#isNew && resource !== undefined) this.#shared?.add(resource);
  }

  *#one(index: number): Steps<void> {
    const info = this.#infos[index];
    const made = this.#answer.made[index];
    const device = this.#device;
    const allocation = new Allocation(device, this.#resource, made.handle, made.size, made.isCached);
    this.#allocations.push(allocation);
    if (info.sysmem !== 0n) {
      if (!(made.size > 0 && made.size % PAGE_SIZE === 0)) invalid(`Cannot use ${made.size} bytes of memory`);
      const sysmem = new Sysmem(device.process.global, this.#call.task, info.sysmem, made.size);
      allocation.sysmem = sysmem;
      allocation.cpuAddress = info.sysmem;
      yield* sysmem.give(device, made.handle);
    }
    this.#call.copyOut(info.priv_drv_data, made.privateData);
    const shared = this.#resource?.shared;
    // Who opens it later gets what the host filled in.
    if (shared !== undefined) {
      const given = this.#standardData ?? this.#wanted.allocationData[index];
      allocation.privateData = given.slice();
      if (made.privateData.length === given.length) allocation.privateData.set(made.privateData);
    }
    const at = this.#call.args.allocation_info + BigInt(index * k.d3dddi_allocationinfo2.size);
    this.#call.copyOut(at, new Uint8Array(Uint32Array.of(made.handle).buffer));
  }

  /** Frees handles here, then on the host, then the client's memory. */
  *undo(): Steps<void> {
    const held = this.#allocations.flatMap((allocation) => allocation.close());
    if (this.#isNew) this.#resource?.close();
    const handles = Uint32Array.from(this.#answer.made, ({ handle }) => handle);
    const resource = this.#isNew ? this.#answer.resource : this.#call.args.resource;
    try {
      const flags = k.d3dddicb_destroyallocation2flags.assume_not_in_use;
      // A new resource goes as a whole.
      yield* this.#isNew
        ? sendDestroyAllocation(this.#device, resource, new Uint32Array(0), flags)
        : sendDestroyAllocation(this.#device, 0, handles, flags);
    } finally {
      for (const memory of held) memory[Symbol.dispose]();
    }
  }
}
