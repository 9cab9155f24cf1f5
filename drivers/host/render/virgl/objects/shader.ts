/**
 * VIRGL_OBJECT_SHADER: TGSI text, which may come in several packets, and the modules that were made of it. Mirrors
 * vrend_create_shader of virglrenderer.
 * @module
 */

import { DrmError } from "../../../../../core/error.ts";
import { VIRGL_OBJECT_SHADER } from "../../../../../uapi/virgl_protocol.ts";
import { Arena, VkShaderModuleCreateInfo } from "../../../vulkan/mod.ts";
import {
  outputLocations,
  parseTgsi,
  type ShaderInfo,
  shaderInfo,
  type ShaderVariant,
  type Stage,
  STAGE_INDEX,
  type StreamOutput,
  type StreamOutputLayout,
  type TgsiShader,
  translateTgsi,
} from "../../../shader/tgsi/mod.ts";
import type { Engine } from "../engine.ts";
import { KeyTable } from "../key_table.ts";
import { LIMITS } from "../limits.ts";
import { VirglObject } from "../object.ts";
import { badShader } from "../refusal.ts";
import { ParsedTexts } from "../parsed_texts.ts";
import type { Program } from "../programs.ts";
import { assertWithinLimits } from "../shader_limits.ts";
import type { SubContext } from "../sub_context.ts";

/** Words of a variant's key. */
export const VARIANT_WORDS = 20;

/** Stages by VIRGL_SHADER_*. */
export const STAGE_NAMES: readonly Stage[] = ["vertex", "fragment", "geometry", "tess_ctrl", "tess_eval", "compute"];

/** Inputs and outputs that count as no more than their text, and what each of the others counts, bytes. */
const FREE_REGISTERS = 64, REGISTER_BYTES = 128;

let nextId = 1;

/** A VkShaderModule. */
export class Module implements Disposable {
  /** The handle. */
  readonly handle: bigint;
  /** Unique, never used again. */
  readonly id: number = nextId++;
  readonly #engine: Engine;

  /** Makes it. @throws {VkError} */
  constructor(engine: Engine, code: Uint32Array) {
    this.#engine = engine;
    const { device, vk } = engine.gpu;
    const arena = code.byteLength > 1 << 18 ? new Arena(code.byteLength + 256) : device.arena;
    this.handle = arena.scope((m) => {
      const out = m.alloc(8);
      const info = m.put(VkShaderModuleCreateInfo, { codeSize: BigInt(code.byteLength), pCode: code });
      device.check(vk.vkCreateShaderModule(device.handle, info, 0n, m.address(out)), "vkCreateShaderModule");
      return m.u64[out >>> 3];
    });
  }

  /** Destroys it; pipelines that were made from it do not need it. */
  [Symbol.dispose](): void {
    const { device, vk } = this.#engine.gpu;
    vk.vkDestroyShaderModule(device.handle, this.handle, 0n);
  }
}

/** How a stage hands its outputs on. */
export interface Link {
  /** Their locations, by semantic key. */
  readonly outputs: ReadonlyMap<number, number>;
  /** A number for that: equal ones make no other variant of who writes or reads them. */
  readonly number: number;
}

/** A shader. */
export class Shader extends VirglObject {
  readonly type = VIRGL_OBJECT_SHADER;
  /** Unique, never used again. */
  readonly id: number = nextId++;
  /** VIRGL_SHADER_*. */
  readonly stage: number;
  /** Its number in the descriptor layout. */
  readonly layoutStage: number;
  /** What it has. */
  readonly info: ShaderInfo;
  /** Where its outputs are, but for what a program says otherwise. */
  readonly link: Link;
  /** What transform feedback captures. */
  readonly streamOutput: StreamOutputLayout | undefined;
  /** The programs that it is part of. */
  readonly programs: Set<Program> = new Set();
  /** Compute shaders: bytes that the threads of a block share. */
  readonly sharedMemory: number;
  /** Vertex shaders: one more than the highest input register. */
  readonly inputCount: number;
  readonly #sub: SubContext;
  readonly #text: string;
  readonly #parsed: ParsedTexts;
  readonly #bytes: number;
  readonly #modules = new KeyTable<Module>(VARIANT_WORDS);
  #moduleBytes = 0;

  /** Parses it. @throws {VirglRefusal} if the text is no shader of that stage */
  constructor(
    sub: SubContext,
    stage: number,
    text: string,
    streamOutput: StreamOutputLayout | undefined,
    sharedMemory = 0,
  ) {
    super();
    this.sharedMemory = sharedMemory;
    this.#sub = sub;
    this.stage = stage;
    this.layoutStage = STAGE_INDEX[STAGE_NAMES[stage]];
    this.#text = text;
    this.#parsed = sub.engine.extra(ParsedTexts);
    let tgsi: TgsiShader;
    try {
      tgsi = parseTgsi(text);
      this.info = shaderInfo(tgsi);
    } catch (error) {
      throw asRefusal(error);
    }
    if (this.info.stage !== STAGE_NAMES[stage]) {
      throw badShader(`Cannot make a ${STAGE_NAMES[stage]} shader: the text is one of ${this.info.stage}`);
    }
    assertWithinLimits(sub.engine.gpu, this.info);
    // What stays of many registers is more than their text.
    const { inputs: { length: read }, outputs: { length: written } } = this.info;
    this.#bytes = text.length + REGISTER_BYTES * Math.max(0, read + written - FREE_REGISTERS);
    this.streamOutput = streamOutput;
    let inputs = 0;
    for (const { register } of this.info.inputs) inputs = Math.max(inputs, register + 1);
    this.inputCount = inputs;
    this.link = this.linked(outputLocations(this.info));
    sub.budget.take("shaderBytes", this.#bytes);
    try {
      sub.budget.take("shaders", 1);
    } catch (error) {
      sub.budget.give("shaderBytes", this.#bytes);
      throw error;
    }
    this.#parsed.add(this, tgsi);
  }

  /** Numbers locations of outputs. @throws {DrmError} ENOMEM */
  linked(outputs: ReadonlyMap<number, number>): Link {
    return { outputs, number: this.#sub.interfaces.number([...outputs].join()) };
  }

  /** The module of a variant, if it was made. @param key VARIANT_WORDS words */
  known(key: Int32Array): Module | undefined {
    return this.#modules.get(key);
  }

  /** Makes the module of a variant. @throws {VirglRefusal} if it cannot be translated */
  make(key: Int32Array, variant: ShaderVariant): Module {
    if (this.#modules.size >= LIMITS.variants) this.#forgetModules();
    let code: Uint32Array;
    try {
      code = translateTgsi(this.#parsed.get(this, this.#text), this.info, variant);
    } catch (error) {
      throw asRefusal(error);
    }
    const { budget, engine } = this.#sub, { byteLength } = code;
    if (!budget.has("moduleBytes", byteLength)) this.#forgetModules();
    budget.take("moduleBytes", byteLength);
    this.#moduleBytes += byteLength;
    const module = new Module(engine, code);
    this.#modules.set(key, module);
    return module;
  }

  #forgetModules(): void {
    for (const module of this.#modules.values()) module[Symbol.dispose]();
    this.#modules.clear();
    this.#sub.budget.give("moduleBytes", this.#moduleBytes);
    this.#moduleBytes = 0;
  }

  protected override release(): void {
    this.#parsed.drop(this);
    this.#sub.budget.give("shaderBytes", this.#bytes);
    this.#sub.budget.give("shaders", 1);
    for (const program of [...this.programs]) this.#sub.programs.remove(program);
    this.#forgetModules();
  }
}

/** Errors of the translator are the client's; others are ours. */
function asRefusal(error: unknown): unknown {
  return error instanceof DrmError ? badShader(error.message) : error;
}

/** A shader whose text is still coming. */
export interface PendingShader {
  /** Its handle. */
  readonly handle: number;
  /** The text. */
  readonly bytes: Uint8Array;
  /** Bytes that are there. */
  filled: number;
  /** What it captures. */
  readonly streamOutput: StreamOutputLayout | undefined;
  /** Bytes of shared memory. */
  readonly sharedMemory: number;
}

const CONTINUES = 0x8000_0000, MAX_OUTPUTS = 64;

/**
 * Makes a shader of a CREATE_OBJECT, or goes on with one.
 * @returns the shader; undefined while packets are missing
 * @throws {VirglRefusal}
 */
export function makeShader(
  sub: SubContext,
  handle: number,
  words: Uint32Array,
  at: number,
  length: number,
): Shader | undefined {
  if (length < 4) throw badShader("Cannot make a shader: its packet is too short");
  const stage = words[at], offset = words[at + 1] >>> 0;
  if (stage >= STAGE_NAMES.length) throw badShader(`Cannot make a shader: stage ${stage} is none`);
  const { has } = sub.engine.gpu;
  if ((stage === 2 && !has.geometryShader) || ((stage === 3 || stage === 4) && !has.tessellationShader)) {
    throw badShader(`Cannot make a ${STAGE_NAMES[stage]} shader: the GPU has none`);
  }
  // Of compute shaders, the same word says how much memory threads share.
  const outputs = stage === 5 ? 0 : words[at + 3], shared = stage === 5 ? words[at + 3] : 0;
  if (shared > sub.engine.gpu.limits.maxComputeSharedMemorySize) {
    throw badShader(`Cannot share ${shared} bytes between threads: the GPU has fewer`);
  }
  if (outputs > MAX_OUTPUTS) throw badShader(`Cannot make a shader with ${outputs} captured outputs`);
  const header = 4 + (outputs > 0 ? 4 + 2 * outputs : 0);
  if (length < header) throw badShader("Cannot make a shader: its packet is too short");
  const bytes = new Uint8Array(words.buffer, words.byteOffset + (at + header) * 4, (length - header) * 4);
  const pending = sub.pendingShaders[stage];
  if ((offset & CONTINUES) === 0) {
    if (pending !== undefined) throw badShader("Cannot make a shader: another of that stage is not complete");
    if (offset === 0 || offset > LIMITS.shaderBytes) throw badShader(`Cannot make a shader of ${offset} bytes`);
    const streamOutput = outputs > 0 ? readStreamOutput(words, at + 4, outputs) : undefined;
    if (offset <= bytes.length) return new Shader(sub, stage, textOf(bytes), streamOutput, shared);
    const whole = new Uint8Array(Math.ceil(offset / 4) * 4);
    sub.budget.take("shaderBytes", whole.length);
    whole.set(bytes);
    sub.pendingShaders[stage] = { handle, bytes: whole, filled: bytes.length, streamOutput, sharedMemory: shared };
    return undefined;
  }
  if (pending === undefined || pending.handle !== handle) {
    throw badShader("Cannot go on with a shader: its first packet is missing");
  }
  if ((offset & 0x7fff_ffff) !== pending.filled || bytes.length > pending.bytes.length - pending.filled) {
    throw badShader(`Cannot go on with a shader at ${offset & 0x7fff_ffff}: ${pending.filled} bytes are there`);
  }
  pending.bytes.set(bytes, pending.filled);
  pending.filled += bytes.length;
  if (pending.filled < pending.bytes.length) return undefined;
  sub.pendingShaders[stage] = undefined;
  sub.budget.give("shaderBytes", pending.bytes.length);
  return new Shader(sub, stage, textOf(pending.bytes), pending.streamOutput, pending.sharedMemory);
}

const decoder = new TextDecoder("latin1");

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  if (end < 0) throw badShader("Cannot make a shader: its text has no end");
  return decoder.decode(bytes.slice(0, end));
}

function readStreamOutput(words: Uint32Array, at: number, count: number): StreamOutputLayout {
  const outputs: StreamOutput[] = [];
  for (let i = 0; i < count; i++) {
    const word = words[at + 4 + 2 * i];
    const output = {
      register: word & 0xff,
      startComponent: word >>> 8 & 3,
      numComponents: word >>> 10 & 7,
      buffer: word >>> 13 & 7,
      dstOffset: word >>> 16,
      stream: words[at + 5 + 2 * i] & 3,
    };
    if (output.numComponents === 0 || output.startComponent + output.numComponents > 4 || output.buffer > 3) {
      throw badShader(`Cannot capture output ${i}: ${output.numComponents} components into buffer ${output.buffer}`);
    }
    outputs.push(output);
  }
  return { strides: [...words.subarray(at, at + 4)], outputs };
}
