/**
 * What a broker knows of engines that only its processes have.
 * @module
 */

import { DrmError } from "../../../../core/error.ts";
import type { Engine, EngineInfo, EngineMemory, EngineNode, EngineQueue } from "../../../../core/host_dxg.ts";
import { natural, textOf } from "./control.ts";

const TYPES = ["cpu", "integrated", "discrete", "virtual", "other"] as const;

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
}

/** Reads what a process says of its engines. Undefined: that is no such thing. */
export function readInfos(value: unknown): readonly EngineInfo[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || value.length > 64) return undefined;
  const infos: EngineInfo[] = [];
  for (const each of value) {
    const of = record(each);
    const type = TYPES.find((name) => name === of.type);
    const nodes: EngineNode[] = Array.isArray(of.nodes)
      ? of.nodes.map((node) =>
        ({ type: natural(record(node).type), name: textOf(record(node).name, 31) }) as EngineNode
      )
      : [];
    const uuid = Array.isArray(of.uuid) && of.uuid.length === 16 ? Uint8Array.from(of.uuid) : undefined;
    const numbers = ["vendorId", "deviceId", "localMemory", "nonLocalMemory", "packetCaps"].map((name) =>
      natural(of[name])
    );
    const frequency = Number(of.timestampFrequency);
    if (type === undefined || uuid === undefined || nodes.length === 0 || numbers.includes(-1) || !(frequency > 0)) {
      return undefined;
    }
    const [vendorId, deviceId, localMemory, nonLocalMemory, packetCaps] = numbers;
    infos.push({
      name: textOf(of.name, 256),
      driverName: textOf(of.driverName, 256),
      driverInfo: textOf(of.driverInfo, 256),
      vendorId,
      deviceId,
      type,
      uuid,
      localMemory,
      nonLocalMemory,
      nodes,
      packetCaps,
      timestampFrequency: frequency,
      render: of.render === true,
    });
  }
  return infos;
}

/** An engine that can do nothing: it only says what the processes' engines are. */
export class FactsEngine implements Engine {
  readonly info: EngineInfo;
  readonly lost: string | undefined = undefined;

  /** @param info what a process has said. */
  constructor(info: EngineInfo) {
    this.info = info;
  }

  #not(): never {
    throw new DrmError("EOPNOTSUPP", "Cannot execute here: each process has a host of its own");
  }
  createMemory(): EngineMemory {
    return this.#not();
  }
  importPages(): EngineMemory {
    return this.#not();
  }
  readMemory(): void {
    this.#not();
  }
  writeMemory(): void {
    this.#not();
  }
  createQueue(): EngineQueue {
    return this.#not();
  }
  poll(): boolean {
    return false;
  }
  calibrate(): { readonly gpu: number; readonly cpuNs: number } {
    return this.#not();
  }
  [Symbol.dispose](): void {}
}
