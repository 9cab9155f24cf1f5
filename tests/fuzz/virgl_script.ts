/**
 * What a client of a 3D renderer does, step by step: made of a capture, or by hand. What is fuzzed is a changed script.
 * @module
 */

import type { Resource3dInfo, Transfer3d } from "udrm/core/host3d.ts";
import { type CapturedMessage, loadCapture, type Readback } from "udrm/drivers/bus/vtest/replay.ts";
import {
  VCMD_RESOURCE_CREATE,
  VCMD_RESOURCE_UNREF,
  VCMD_SUBMIT_CMD,
  VCMD_TRANSFER_GET,
  VCMD_TRANSFER_PUT,
} from "udrm/uapi/vtest.ts";

/** A step. */
export type Step =
  /** A resource is made; with `shared` bytes of memory behind it, if any. */
  | { readonly kind: "create"; readonly id: number; readonly info: Resource3dInfo; readonly shared: number }
  /** It goes. */
  | { readonly kind: "unref"; readonly id: number }
  /** Bytes are written into it. */
  | { readonly kind: "put"; readonly id: number; readonly transfer: Transfer3d; readonly bytes: Uint8Array }
  /** Bytes are read of it. */
  | {
    readonly kind: "get";
    readonly id: number;
    readonly transfer: Transfer3d;
    readonly size: number;
    readonly expected?: Readback;
  }
  /** The same two with its memory. */
  | { readonly kind: "toHost" | "fromHost"; readonly id: number; readonly transfer: Transfer3d }
  /** Commands. */
  | { readonly kind: "submit"; readonly words: Uint32Array };

/** What a client does. */
export interface Script {
  readonly name: string;
  readonly steps: readonly Step[];
}

const CAPTURES = new URL("../data/virgl/captures/", import.meta.url);
/** Those that are in the tree. */
export const CAPTURE_NAMES: readonly string[] = ["gears", "build", "texture", "shading", "desktop", "shadow"];

function stepOf({ command, bytes, readback }: CapturedMessage): Step | undefined {
  const words = new Uint32Array(bytes.slice(8, bytes.length & ~3).buffer);
  const [id, level, stride, layerStride, x, y, z, width, height, depth, size] = words;
  const transfer = { level, stride, layerStride, x, y, z, width, height, depth, offset: 0 };
  switch (command) {
    case VCMD_RESOURCE_CREATE: {
      const [, target, format, bind, width, height, depth, arraySize, lastLevel, nrSamples] = words;
      const info = { target, format, bind, width, height, depth, arraySize, lastLevel, nrSamples, flags: 0 };
      return { kind: "create", id, info, shared: 0 };
    }
    case VCMD_RESOURCE_UNREF:
      return { kind: "unref", id };
    case VCMD_TRANSFER_PUT:
      return { kind: "put", id, transfer, bytes: bytes.slice(8 + 44, 8 + 44 + size) };
    case VCMD_TRANSFER_GET:
      return { kind: "get", id, transfer, size, ...(readback !== undefined && { expected: readback }) };
    case VCMD_SUBMIT_CMD:
      return { kind: "submit", words };
  }
}

/** A capture as a script. @param pictures it ends after so many readbacks */
export async function captureScript(name: string, pictures = Infinity): Promise<Script> {
  const steps: Step[] = [];
  let seen = 0;
  for (const message of await loadCapture(new URL(`${name}.vtr.gz`, CAPTURES))) {
    const step = stepOf(message);
    if (step === undefined) continue;
    steps.push(step);
    if (step.kind === "get" && ++seen >= pictures) break;
  }
  return { name, steps };
}

/** Where commands begin in a submission, as far as its lengths are right. */
export function commandStarts(words: Uint32Array): number[] {
  const starts: number[] = [];
  for (let at = 0; at < words.length; at += 1 + (words[at] >>> 16)) starts.push(at);
  return starts;
}
