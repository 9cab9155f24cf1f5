/**
 * Changes to scripts: words, lengths, handles, commands, texts of shaders, boxes, steps.
 * @module
 */

import type { Resource3dInfo, Transfer3d } from "udrm/core/host3d.ts";
import * as V from "udrm/uapi/virgl_protocol.ts";
import { generate } from "./virgl_generate.ts";
import type { Random } from "./virgl_random.ts";
import { commandStarts, type Script, type Step } from "./virgl_script.ts";
import { mutateText, textWords, wordsText } from "./virgl_shader_text.ts";

const VALUES = [
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 15, 16, 31, 32, 33, 63, 64, 127, 128, 255, 256, 0xfff, 0x1000, 0xffff, 0x10000],
  ...[0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xffff_fffe, 0xffff_ffff, 0xffff_fff0, 0x4000_0000, 0x00ff_ffff],
  // Floats: 1, -1, infinities, NaNs, the smallest, the largest.
  ...[0x3f80_0000, 0xbf80_0000, 0x7f80_0000, 0xff80_0000, 0x7fc0_0000, 0xffff_ffff, 0x7f80_0001, 1, 0x7f7f_ffff],
];
/** The most vertices of a draw here: refusals of more are seen, what is allowed ends soon. */
const MOST_VERTICES = 1 << 15;
const BUFFER_SHADER_WORDS = 6;

type Submit = Extract<Step, { kind: "submit" }>;

/** Changes scripts. `others` give commands to splice in. */
export class Mutator {
  readonly #others: readonly Uint32Array[];

  constructor(others: readonly Script[]) {
    this.#others = others.flatMap(({ steps }) =>
      steps.flatMap((step) =>
        step.kind !== "submit"
          ? []
          : commandStarts(step.words).map((at) => step.words.slice(at, at + 1 + (step.words[at] >>> 16)))
      )
    );
  }

  /** A changed script: the steps before the first change, that and what follows. */
  mutate(random: Random, script: Script): Script {
    const steps = script.steps.slice();
    const count = random.one(3) ? 1 + random.below(6) : 1;
    let last = 0;
    for (let i = 0; i < count; i++) {
      const at = random.below(steps.length), step = steps[at];
      last = Math.max(last, at);
      if (random.one(12)) this.#order(random, steps, at);
      else if (random.one(6)) steps.splice(at, 0, hostileTransfer(random, steps));
      else if (random.one(3)) {
        // After what was set up, so that there is something to draw with.
        const generated = generate(random), place = steps.length - random.below(Math.max(1, steps.length >> 1));
        steps.splice(place, 0, ...generated);
        last = Math.max(last, place + generated.length);
      } else steps[at] = step.kind === "submit" ? this.#submit(random, step, steps) : mutateStep(random, step);
    }
    // Some of what follows shows what state was left.
    return { name: script.name, steps: steps.slice(0, last + 1 + random.below(12)).map(bounded) };
  }

  #order(random: Random, steps: Step[], at: number): void {
    switch (random.below(3)) {
      case 0:
        steps.splice(at, 1, ...steps.length > 1 ? [] : [steps[at]]);
        return;
      case 1:
        steps.splice(random.below(steps.length), 0, steps[at]);
        return;
      default:
        steps.splice(random.below(steps.length), 0, ...steps.splice(at, 1));
    }
  }

  #submit(random: Random, { words }: Submit, steps: readonly Step[]): Step {
    const starts = commandStarts(words);
    if (starts.length === 0) return { kind: "submit", words: Uint32Array.of(random.word()) };
    const at = random.of(starts), length = words[at] >>> 16, inside = at + 1 + random.below(Math.max(1, length));
    const changed = words.slice();
    switch (random.below(14)) {
      case 0:
        changed[inside] ^= 1 << random.below(32);
        break;
      case 1:
      case 2:
        changed[inside] = random.of(VALUES);
        break;
      case 3:
        changed[inside] += random.of([1, -1, 2, -2, 4, 16, -16, 0x10000]);
        break;
      case 4:
        changed[inside] = handleOf(random, steps);
        break;
      case 5: {
        const other = 1 + random.below(Math.max(1, words.length - 1));
        [changed[inside], changed[other]] = [changed[other], changed[inside]];
        break;
      }
      case 6: // The header.
        changed[at] = random.of([
          words[at] + (random.of([-2, -1, 1, 2, 100]) << 16),
          words[at] & ~0xff | random.below(random.one(4) ? 256 : 64),
          words[at] & ~0xff00 | random.below(14) << 8,
          words[at] ^ 1 << random.below(32),
        ]);
        break;
      case 7: // Without it.
        return { kind: "submit", words: join(words.slice(0, at), words.slice(at + 1 + length)) };
      case 8: { // Again, here or elsewhere.
        const to = random.one(2) ? at : random.of(starts);
        return {
          kind: "submit",
          words: join(words.slice(0, to), words.slice(at, at + 1 + length), words.slice(to)),
        };
      }
      case 9: // Cut off.
        return { kind: "submit", words: words.slice(0, inside) };
      case 10:
      case 11: { // Another script's, with this one's names.
        const other = random.of(this.#others).slice();
        for (let i = 1; i < other.length; i++) if (random.one(3) && other[i] < 256) other[i] = handleOf(random, steps);
        return { kind: "submit", words: join(words.slice(0, at), other, words.slice(at)) };
      }
      default: {
        const shaders = starts.filter((start) => (words[start] & 0xffff) === SHADER_HEADER);
        if (shaders.length === 0) changed[inside] = random.word();
        else return { kind: "submit", words: mutateShader(random, words, random.of(shaders)) };
      }
    }
    return { kind: "submit", words: changed };
  }
}

const SHADER_HEADER = V.VIRGL_CCMD_CREATE_OBJECT | V.VIRGL_OBJECT_SHADER << 8;

function join(...parts: readonly Uint32Array[]): Uint32Array {
  const joined = new Uint32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) joined.set(part, at), at += part.length;
  return joined;
}

function mutateShader(random: Random, words: Uint32Array, at: number): Uint32Array {
  const end = at + 1 + (words[at] >>> 16), outputs = words[at + 5];
  const start = at + BUFFER_SHADER_WORDS + (outputs > 0 && outputs < 64 ? 4 + 2 * outputs : 0);
  if (start >= end) return words;
  let text = wordsText(words.subarray(start, end));
  for (let i = random.below(3); i >= 0; i--) text = mutateText(random, text);
  const body = textWords(text), length = start - at - 1 + body.length;
  // One that fits no packet is cut off, which is wrong enough.
  const head = words.slice(at, start), fits = body.subarray(0, Math.min(body.length, 0xffff - (start - at)));
  head[0] = head[0] & 0xffff | Math.min(length, 0xffff) << 16;
  head[3] = text.length + 1;
  return join(words.slice(0, at), head, fits, words.slice(end));
}

/** A resource or an object that the script has; seldom one that it has not. */
function handleOf(random: Random, steps: readonly Step[]): number {
  if (random.one(8)) return random.of([0, 9999, 0xffff_ffff, random.word()]);
  const step = random.of(steps);
  if (step.kind !== "submit") return step.id;
  const made = commandStarts(step.words).filter((at) => (step.words[at] & 0xff) === V.VIRGL_CCMD_CREATE_OBJECT);
  return made.length === 0 ? 1 + random.below(16) : step.words[random.of(made) + 1] ?? 0;
}

const NUMBERS = [...VALUES, -1, 0.5, NaN, Infinity, 2 ** 32, 2 ** 53];

function numberNear(random: Random, value: number): number {
  return random.of([
    value + 1,
    value - 1,
    value * 2,
    value >>> 1,
    random.of(VALUES),
    random.of(NUMBERS),
    value ^ 1 << random.below(31),
  ]);
}

function mutateTransfer(random: Random, transfer: Transfer3d): Transfer3d {
  const changed = { ...transfer };
  const names = Object.keys(changed) as (keyof Transfer3d)[];
  for (let i = random.below(3); i >= 0; i--) {
    const name = random.of(names);
    changed[name] = numberNear(random, changed[name]);
  }
  return changed;
}

function mutateInfo(random: Random, info: Resource3dInfo): Resource3dInfo {
  const changed: { -readonly [name in keyof Resource3dInfo]: number } = { ...info };
  const names = Object.keys(changed) as (keyof Resource3dInfo)[];
  for (let i = random.below(3); i >= 0; i--) {
    const name = random.of(names);
    changed[name] = name === "format"
      ? random.below(400)
      : name === "target"
      ? random.below(10)
      : numberNear(random, changed[name]);
  }
  return changed;
}

function mutateStep(random: Random, step: Exclude<Step, Submit>): Step {
  switch (step.kind) {
    case "create":
      if (random.one(3)) return { ...step, shared: random.of([1, 64, 4096, 65536, 65535]) };
      return { ...step, info: mutateInfo(random, step.info) };
    case "unref":
      return { ...step, id: step.id + random.of([1, -1]) };
    case "put": {
      const bytes = random.one(4) ? step.bytes.subarray(0, random.below(step.bytes.length)) : step.bytes;
      return { ...step, bytes, transfer: bytes === step.bytes ? mutateTransfer(random, step.transfer) : step.transfer };
    }
    case "get":
      if (random.one(4)) return { ...step, size: random.below(step.size) };
      return { ...step, transfer: mutateTransfer(random, step.transfer) };
    default:
      return { ...step, transfer: mutateTransfer(random, step.transfer) };
  }
}

function hostileTransfer(random: Random, steps: readonly Step[]): Step {
  const known = steps.filter((step) => step.kind === "create");
  const made = known.length === 0 ? undefined : random.of(known);
  const { width, height, depth } = made?.info ?? { width: 4, height: 4, depth: 1 };
  const whole: Transfer3d = {
    ...{ level: 0, stride: 0, layerStride: 0, x: 0, y: 0, z: 0 },
    ...{ width, height, depth, offset: 0 },
  };
  const transfer = mutateTransfer(random, whole), id = made?.id ?? 1;
  switch (random.below(5)) {
    case 0:
      return { kind: "toHost", id, transfer };
    case 1:
      return { kind: "fromHost", id, transfer };
    case 2:
      return { kind: "get", id, transfer, size: random.of([0, 1, 4096, 65536, 1 << 20]) };
    case 3:
      return { kind: "put", id, transfer, bytes: new Uint8Array(random.of([0, 1, 4096, 65536])) };
    default: {
      const { level, stride, layerStride, x, y, z, offset } = transfer;
      const words = [id, level, 0, stride, layerStride, x, y, z, transfer.width, transfer.height, transfer.depth];
      const copy = random.one(2);
      const tail = copy ? [handleOf(random, steps), offset, 1 + random.below(3)] : [offset, 1 + random.below(2)];
      const number = copy ? V.VIRGL_CCMD_COPY_TRANSFER3D : V.VIRGL_CCMD_TRANSFER3D;
      return {
        kind: "submit",
        words: Uint32Array.of(V.VIRGL_CMD0(number, 0, words.length + tail.length), ...words, ...tail),
      };
    }
  }
}

// Draws that are allowed but long would take their time from all others.
function bounded(step: Step): Step {
  if (step.kind !== "submit") return step;
  let words = step.words;
  for (const at of commandStarts(words)) {
    if ((words[at] & 0xff) !== V.VIRGL_CCMD_DRAW_VBO || words[at] >>> 16 < 12) continue;
    const count = words[at + 2], instances = words[at + 5], fromTarget = words[at + 12];
    const product = Math.max(count, fromTarget) * instances;
    if (product <= MOST_VERTICES || product > 2 ** 30) continue;
    if (words === step.words) words = words.slice();
    words[at + 2] = Math.min(count, 1024);
    words[at + 5] = Math.min(instances, 16);
    words[at + 12] = Math.min(fromTarget, 1024);
  }
  return words === step.words ? step : { kind: "submit", words };
}
