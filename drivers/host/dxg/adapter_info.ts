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

// D3DKMT_PHYSICAL_ADAPTER_INDEX first: a linked set has one member here.
function deviceIds(adapter: DxgAdapter, _: Uint8Array, view: DataView): void {
  if (view.getUint32(0, true) !== 0) throw new DrmError("EINVAL", "Cannot describe a second physical adapter");
  const ids = [adapter.info.vendorId, adapter.info.deviceId, 0, 0, 0, 0];
  ids.forEach((id, i) => view.setUint32(4 + 4 * i, id, true));
}

// There is no registry; the two values that programs ask for are told from the facts.
function registry(adapter: DxgAdapter, blob: Uint8Array, view: DataView): void {
  const name = readUtf16(view, REGISTRY.name, MAX_PATH);
  const isAdapterKey = view.getUint32(REGISTRY.type, true) === 1;
  view.setUint32(REGISTRY.outputSize, 0, true);
  view.setUint32(REGISTRY.status, REGISTRY_FAIL, true);
  if (!isAdapterKey) return;
  if (name === "HardwareInformation.qwMemorySize" && blob.length >= REGISTRY.size) {
    view.setUint32(REGISTRY.valueType, REG_QWORD, true);
    view.setUint32(REGISTRY.outputSize, 8, true);
    view.setBigUint64(REGISTRY.output, BigInt(adapter.vram.segments[0].size), true);
    view.setUint32(REGISTRY.status, 0, true);
  } else if (name === "HardwareInformation.AdapterString") {
    const bytes = 2 * (adapter.info.name.length + 1);
    view.setUint32(REGISTRY.valueType, REG_SZ, true);
    view.setUint32(REGISTRY.outputSize, bytes, true);
    const fits = blob.length >= REGISTRY.output + bytes;
    if (fits) writeUtf16(view, REGISTRY.output, bytes / 2, adapter.info.name);
    view.setUint32(REGISTRY.status, fits ? 0 : 1, true); // 1: buffer overflow
  }
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

const answers: ReadonlyMap<number, { readonly size: number; readonly answer: Answer }> = new Map<
  number,
  { readonly size: number; readonly answer: Answer }
>([
  [kmt._KMTQAITYPE_UMDRIVERPRIVATE, { size: dxg_driver_adapter.size, answer: driverPrivate }],
  // D3DKMT_UMDFILENAMEINFO: a version, then the path. There is no such file.
  [kmt._KMTQAITYPE_UMDRIVERNAME, {
    size: 4 + 2 * MAX_PATH,
    answer: (_, __, view) => writeUtf16(view, 4, MAX_PATH, ""),
  }],
  // D3DKMT_OPENGLINFO: the path, version, flags. Nor such a file.
  [kmt._KMTQAITYPE_UMOPENGLINFO, { size: 2 * MAX_PATH + 8, answer: (_, blob) => void blob.fill(0) }],
  // D3DKMT_ADAPTERREGISTRYINFO: adapter, BIOS, DAC, chip.
  [kmt._KMTQAITYPE_ADAPTERREGISTRYINFO, {
    size: 4 * 2 * MAX_PATH,
    answer: ({ info }, _, view) =>
      [info.name, info.driverInfo, "", info.name].forEach((s, i) => writeUtf16(view, i * 2 * MAX_PATH, MAX_PATH, s)),
  }],
  [kmt._KMTQAITYPE_ADAPTERTYPE, { size: 4, answer: (a, _, view) => view.setUint32(0, adapterType(a), true) }],
  [kmt._KMTQAITYPE_ADAPTERTYPE_RENDER, { size: 4, answer: (a, _, view) => view.setUint32(0, adapterType(a), true) }],
  [kmt._KMTQAITYPE_NODEMETADATA, { size: 80, answer: nodeMetadata }],
  [kmt._KMTQAITYPE_PHYSICALADAPTERCOUNT, { size: 4, answer: (_, __, view) => view.setUint32(0, 1, true) }],
  [kmt._KMTQAITYPE_PHYSICALADAPTERDEVICEIDS, { size: 28, answer: deviceIds }],
  [kmt._KMTQAITYPE_QUERYREGISTRY, { size: REGISTRY.output, answer: registry }],
  [kmt._KMTQAITYPE_QUERY_ADAPTER_UNIQUE_GUID, {
    size: 80,
    answer: ({ info }, _, view) => writeUtf16(view, 0, 40, guidOf(info.uuid)),
  }],
  [kmt._KMTQAITYPE_DRIVER_DESCRIPTION, {
    size: 8192,
    answer: ({ info }, _, view) => writeUtf16(view, 0, 4096, `${info.name} (${info.driverName})`),
  }],
  // HwSchSupported, HwSchEnabled, HwSchEnabledByDefault: hardware queues are always there.
  [kmt._KMTQAITYPE_WDDM_2_7_CAPS, { size: 4, answer: (_, __, view) => view.setUint32(0, 7, true) }],
]);

/** The types that are answered. */
export const QUERY_ADAPTER_INFO_TYPES: readonly number[] = [...answers.keys()];

/**
 * Answers a query in place.
 * @param blob the question, which becomes the answer.
 * @throws {DrmError} EPERM (STATUS_NOT_SUPPORTED) for other types; EINVAL if there is no room, or the question is wrong
 */
export function queryAdapterInfo(adapter: DxgAdapter, type: number, blob: Uint8Array): void {
  const entry = answers.get(type);
  if (entry === undefined) throw new DrmError("EPERM", `Cannot answer query ${type}: there is no such information`);
  if (blob.length < entry.size) {
    throw new DrmError("EINVAL", `Cannot answer query ${type} in ${blob.length} bytes: it needs ${entry.size}`);
  }
  entry.answer(adapter, blob, new DataView(blob.buffer, blob.byteOffset, blob.byteLength));
}
