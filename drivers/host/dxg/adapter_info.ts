/**
 * What adapters answer: KMTQUERYADAPTERINFOTYPE by type, each with the layout of d3dkmthk.h (WDK). Everything comes from the
 * engine's facts; what there is not (a Windows driver, a registry) is answered as not there.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import { PAGE_SIZE } from "../../../core/memory.ts";
import * as kmt from "../../../uapi/d3dkmthk_adapter.ts";
import { dxg_driver_adapter, DXG_DRIVER_MAGIC, DXG_DRIVER_VERSION } from "../../../uapi/dxg_driver.ts";
import { DXP_VERSION } from "../../../uapi/dxp.ts";
import type { DxgAdapter } from "./adapter.ts";
import { VA_BITS } from "./gpu_space.ts";

/** WCHARs of a path. */
const MAX_PATH = 260;
/** Offsets in D3DDDI_QUERYREGISTRY_INFO. */
const REGISTRY = { type: 0, name: 8, valueType: 528, outputSize: 536, status: 540, output: 544, size: 552 } as const;
const REGISTRY_FAIL = 2;
const REG_SZ = 1, REG_QWORD = 11;
/** D3DKMDT_GRAPHICS_PREEMPTION_DMA_BUFFER_BOUNDARY, and of compute. */
const PREEMPTION_DMA_BUFFER_BOUNDARY = 100;
/** KMT_DRIVERVERSION_WDDM_2_7. */
const WDDM_VERSION = 2700;

type Answer = (adapter: DxgAdapter, blob: Uint8Array, view: DataView) => void;

/** Writes UTF-16 with a terminator into `units` WCHARs. */
export function writeUtf16(view: DataView, offset: number, units: number, text: string): void {
  const length = Math.min(text.length, units - 1);
  for (let i = 0; i < units; i++) view.setUint16(offset + 2 * i, i < length ? text.charCodeAt(i) : 0, true);
}

/** Reads UTF-16 up to a terminator. */
export function readUtf16(view: DataView, offset: number, units: number): string {
  let text = "";
  for (let i = 0; i < units; i++) {
    const unit = view.getUint16(offset + 2 * i, true);
    if (unit === 0) break;
    text += String.fromCharCode(unit);
  }
  return text;
}

/** The adapter's UUID as a GUID in braces. */
export function guidOf(uuid: Uint8Array): string {
  const hex = Array.from({ length: 16 }, (_, i) => (uuid[i] ?? 0).toString(16).padStart(2, "0")).join("");
  return `{${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}}`;
}

function adapterType(adapter: DxgAdapter): number {
  const { type, render } = adapter.info;
  const bits = kmt.d3dkmt_adaptertype;
  let flags = bits.paravirtualized;
  flags |= render ? bits.render_supported : bits.compute_only;
  if (type === "cpu") flags |= bits.software_device;
  if (type === "discrete") flags |= bits.hybrid_discrete;
  if (type === "integrated") flags |= bits.hybrid_integrated;
  return flags >>> 0;
}

// DXGK_ENGINE_TYPE, FriendlyName[32], Flags, GpuMmuSupported, IoMmuSupported behind the node's number.
function nodeMetadata(adapter: DxgAdapter, _: Uint8Array, view: DataView): void {
  const ordinal = view.getUint32(0, true) & 0xffff; // the adapter's index in the upper half
  const node = adapter.info.nodes[ordinal];
  if (node === undefined || view.getUint32(0, true) >>> 16 !== 0) {
    throw new DrmError("EINVAL", `Cannot describe node ${ordinal}`);
  }
  view.setUint32(4, node.type, true);
  writeUtf16(view, 8, 32, node.name);
  view.setUint32(72, 0, true);
  view.setUint8(76, 1);
  view.setUint8(77, 0);
}

// PhysicalAdapterIndex, which comes first: a linked set has one member here.
function onePhysicalAdapter(view: DataView): void {
  if (view.getUint32(0, true) !== 0) throw new DrmError("EINVAL", "Cannot describe a second physical adapter");
}

function deviceIds(adapter: DxgAdapter, _: Uint8Array, view: DataView): void {
  onePhysicalAdapter(view);
  const ids = [adapter.info.vendorId, adapter.info.deviceId, 0, 0, 0, 0];
  ids.forEach((id, i) => view.setUint32(4 + 4 * i, id, true));
}

/** Strings of the adapter's key that programs ask for, from the facts. */
const REGISTRY_STRINGS: ReadonlyMap<string, (adapter: DxgAdapter) => string> = new Map([
  ["HardwareInformation.AdapterString", ({ info }: DxgAdapter) => info.name],
  ["HardwareInformation.ChipType", ({ info }: DxgAdapter) => info.name],
  ["DriverDesc", describe],
]);

function describe({ info }: DxgAdapter): string {
  return `${info.name} (${info.driverName})`;
}

// There is no registry.
function registry(adapter: DxgAdapter, blob: Uint8Array, view: DataView): void {
  const name = readUtf16(view, REGISTRY.name, MAX_PATH);
  const isAdapterKey = view.getUint32(REGISTRY.type, true) === 1;
  view.setUint32(REGISTRY.outputSize, 0, true);
  view.setUint32(REGISTRY.status, REGISTRY_FAIL, true);
  if (!isAdapterKey) return;
  const text = REGISTRY_STRINGS.get(name)?.(adapter);
  if (text !== undefined) {
    const bytes = 2 * (text.length + 1);
    view.setUint32(REGISTRY.valueType, REG_SZ, true);
    view.setUint32(REGISTRY.outputSize, bytes, true);
    const fits = blob.length >= REGISTRY.output + bytes;
    if (fits) writeUtf16(view, REGISTRY.output, bytes / 2, text);
    view.setUint32(REGISTRY.status, fits ? 0 : 1, true); // 1: buffer overflow
  } else if (name === "HardwareInformation.qwMemorySize" && blob.length >= REGISTRY.size) {
    view.setUint32(REGISTRY.valueType, REG_QWORD, true);
    view.setUint32(REGISTRY.outputSize, 8, true);
    view.setBigUint64(REGISTRY.output, BigInt(adapter.vram.segments[0].size), true);
    view.setUint32(REGISTRY.status, 0, true);
  }
}

// UserModeDriverName, OpenGLDriverName: values of the registry that are not there.
function noFile(): never {
  throw new DrmError("ENOENT", "Cannot name a user-mode driver's file: there is none");
}

// DedicatedVideoMemorySize, DedicatedSystemMemorySize, SharedSystemMemorySize.
function segmentSizes({ vram }: DxgAdapter, view: DataView, at: number): void {
  view.setBigUint64(at, BigInt(vram.segments[0].size), true);
  view.setBigUint64(at + 8, 0n, true);
  view.setBigUint64(at + 16, BigInt(vram.segments[1]?.size ?? 0), true);
}

// Behind the index and those sizes: LocalMemory, NonLocalMemory, NonBudgetMemory.
function segmentGroupSizes(adapter: DxgAdapter, _: Uint8Array, view: DataView): void {
  onePhysicalAdapter(view);
  segmentSizes(adapter, view, 8);
  view.setBigUint64(32, BigInt(adapter.vram.segments[0].size), true);
  view.setBigUint64(40, BigInt(adapter.vram.segments[1]?.size ?? 0), true);
  view.setBigUint64(48, 0n, true);
}

// The UUID is in the order of its text; a GUID's first three members are numbers.
function adapterGuid({ info }: DxgAdapter, _: Uint8Array, view: DataView): void {
  const uuid = new DataView(new ArrayBuffer(16));
  for (let i = 0; i < 16; i++) uuid.setUint8(i, info.uuid[i] ?? 0);
  view.setUint32(0, uuid.getUint32(0), true);
  view.setUint16(4, uuid.getUint16(4), true);
  view.setUint16(6, uuid.getUint16(6), true);
  for (let i = 8; i < 16; i++) view.setUint8(i, uuid.getUint8(i));
}

// GraphicsPreemptionGranularity, ComputePreemptionGranularity, bits that are about displays and hibernation.
function preemption(_: DxgAdapter, __: Uint8Array, view: DataView): void {
  view.setUint32(0, PREEMPTION_DMA_BUFFER_BOUNDARY, true);
  view.setUint32(4, PREEMPTION_DMA_BUFFER_BOUNDARY, true);
  view.setUint32(8, 0, true);
}

// Flags (read-only pages, pages coherent with the CPU's caches; all pages may be executed), VirtualAddressBitCount.
function gpuMmu(_: DxgAdapter, __: Uint8Array, view: DataView): void {
  onePhysicalAdapter(view);
  view.setUint32(4, 1 | 4, true);
  view.setUint32(8, VA_BITS, true);
}

function driverPrivate(adapter: DxgAdapter, blob: Uint8Array): void {
  const { info } = adapter;
  const answer = dxg_driver_adapter.of({
    magic: DXG_DRIVER_MAGIC,
    version: DXG_DRIVER_VERSION,
    packet_caps: info.packetCaps,
    node_count: info.nodes.length,
    va_bits: VA_BITS,
    page_size: PAGE_SIZE,
    local_memory: adapter.vram.segments[0].size,
    non_local_memory: adapter.vram.segments[1]?.size ?? 0,
    timestamp_frequency: info.timestampFrequency,
    packet_version: DXP_VERSION,
  });
  blob.fill(0);
  blob.set(dxg_driver_adapter.bytes(answer));
}

type Entry = { readonly size: number; readonly answer: Answer };

/** An answer of 32 bits. */
const word = (value: (adapter: DxgAdapter) => number): Entry => ({
  size: 4,
  answer: (adapter, _, view) => view.setUint32(0, value(adapter) >>> 0, true),
});

// D3DKMT_ADAPTERREGISTRYINFO: adapter, BIOS, DAC, chip.
const registryInfo: Entry = {
  size: 4 * 2 * MAX_PATH,
  answer: ({ info }, _, view) =>
    [info.name, info.driverInfo, "", info.name].forEach((s, i) => writeUtf16(view, i * 2 * MAX_PATH, MAX_PATH, s)),
};
const description: Entry = {
  size: 8192,
  answer: (adapter, _, view) => writeUtf16(view, 0, 4096, describe(adapter)),
};
const hybrid: Entry = word((adapter) => {
  const bits = kmt.d3dkmt_adaptertype, type = adapterType(adapter);
  return ((type & bits.hybrid_integrated) !== 0 ? 2 : 0) | ((type & bits.hybrid_discrete) !== 0 ? 4 : 0);
});
const none: Entry = word(() => 0);
const version: Entry = word(() => WDDM_VERSION);
const guid: Entry = { size: 16, answer: adapterGuid };
const granularity: Entry = { size: 12, answer: preemption };

const answers: ReadonlyMap<number, Entry> = new Map<number, Entry>([
  [kmt._KMTQAITYPE_UMDRIVERPRIVATE, { size: dxg_driver_adapter.size, answer: driverPrivate }],
  [kmt._KMTQAITYPE_UMDRIVERNAME, { size: 4 + 2 * MAX_PATH, answer: noFile }],
  [kmt._KMTQAITYPE_UMOPENGLINFO, { size: 2 * MAX_PATH + 8, answer: noFile }],
  [kmt._KMTQAITYPE_UMD_DRIVER_VERSION, { size: 8, answer: noFile }],
  [kmt._KMTQAITYPE_GETSEGMENTSIZE, { size: 24, answer: (adapter, _, view) => segmentSizes(adapter, view, 0) }],
  [kmt._KMTQAITYPE_GETSEGMENTGROUPSIZE, { size: 56, answer: segmentGroupSizes }],
  [kmt._KMTQAITYPE_ADAPTERGUID, guid],
  [kmt._KMTQAITYPE_ADAPTERGUID_RENDER, guid],
  [kmt._KMTQAITYPE_ADAPTERREGISTRYINFO, registryInfo],
  [kmt._KMTQAITYPE_ADAPTERREGISTRYINFO_RENDER, registryInfo],
  [kmt._KMTQAITYPE_CHECKDRIVERUPDATESTATUS, none],
  [kmt._KMTQAITYPE_CHECKDRIVERUPDATESTATUS_RENDER, none],
  [kmt._KMTQAITYPE_VIRTUALADDRESSINFO, word(() => 1)],
  [kmt._KMTQAITYPE_DRIVERVERSION, version],
  [kmt._KMTQAITYPE_DRIVERVERSION_RENDER, version],
  [kmt._KMTQAITYPE_ADAPTERTYPE, word(adapterType)],
  [kmt._KMTQAITYPE_ADAPTERTYPE_RENDER, word(adapterType)],
  [kmt._KMTQAITYPE_WDDM_1_2_CAPS, granularity],
  [kmt._KMTQAITYPE_WDDM_1_2_CAPS_RENDER, granularity],
  [kmt._KMTQAITYPE_WDDM_1_3_CAPS, hybrid],
  [kmt._KMTQAITYPE_WDDM_1_3_CAPS_RENDER, hybrid],
  // Support64BitAtomics, GpuMmuSupported, SupportSurpriseRemoval.
  [kmt._KMTQAITYPE_WDDM_2_0_CAPS, word(() => 1 | 2 | 0x20)],
  // HwSchSupported, HwSchEnabled, HwSchEnabledByDefault: hardware queues are always there.
  [kmt._KMTQAITYPE_WDDM_2_7_CAPS, word(() => 7)],
  // HwSchSupportState (DXGK_FEATURE_SUPPORT_STABLE), HwSchEnabled.
  [kmt._KMTQAITYPE_WDDM_2_9_CAPS, word(() => 2 | 4)],
  [kmt._KMTQAITYPE_WDDM_3_0_CAPS, none],
  [kmt._KMTQAITYPE_CROSSADAPTERRESOURCE_SUPPORT, none],
  // Packed: 78 bytes where libdxg asks, 80 where a compiler has aligned it.
  [kmt._KMTQAITYPE_NODEMETADATA, { size: 78, answer: nodeMetadata }],
  [kmt._KMTQAITYPE_PHYSICALADAPTERCOUNT, word(() => 1)],
  [kmt._KMTQAITYPE_PHYSICALADAPTERDEVICEIDS, { size: 28, answer: deviceIds }],
  [kmt._KMTQAITYPE_QUERY_GPUMMU_CAPS, { size: 12, answer: gpuMmu }],
  [kmt._KMTQAITYPE_QUERYREGISTRY, { size: REGISTRY.output, answer: registry }],
  // Four parts of 16 bits.
  [kmt._KMTQAITYPE_KMD_DRIVER_VERSION, {
    size: 8,
    answer: (_, __, view) => view.setBigUint64(0, BigInt(DXG_DRIVER_VERSION) << 48n, true),
  }],
  [kmt._KMTQAITYPE_QUERY_ADAPTER_UNIQUE_GUID, {
    size: 80,
    answer: ({ info }, _, view) => writeUtf16(view, 0, 40, guidOf(info.uuid)),
  }],
  [kmt._KMTQAITYPE_DRIVER_DESCRIPTION, description],
  [kmt._KMTQAITYPE_DRIVER_DESCRIPTION_RENDER, description],
  [kmt._KMTQAITYPE_PARAVIRTUALIZATION_RENDER, { size: 1, answer: (_, __, view) => view.setUint8(0, 0) }],
]);

/** The types that are answered. */
export const QUERY_ADAPTER_INFO_TYPES: readonly number[] = [...answers.keys()];

/**
 * Answers a query in place.
 * @param blob the question, which becomes the answer.
 * @throws {DrmError} EINVAL for other types, as Windows has it, if there is no room, and if the question is wrong; ENOENT for
 * files that there are not
 */
export function queryAdapterInfo(adapter: DxgAdapter, type: number, blob: Uint8Array): void {
  const entry = answers.get(type);
  if (entry === undefined) throw new DrmError("EINVAL", `Cannot answer query ${type}: there is no such information`);
  if (blob.length < entry.size) {
    throw new DrmError("EINVAL", `Cannot answer query ${type} in ${blob.length} bytes: it needs ${entry.size}`);
  }
  entry.answer(adapter, blob, new DataView(blob.buffer, blob.byteOffset, blob.byteLength));
}
