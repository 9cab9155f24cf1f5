/** Scans a shader for what a renderer has to know of it (Mesa: tgsi_scan.c). */
import { ShaderError } from "./error.ts";
import type {
  ConstantBufferInfo,
  ImageInfo,
  NumericType,
  SamplerInfo,
  ShaderInfo,
  ShaderInput,
  ShaderOutput,
} from "./info.ts";
import { File, isShadow, Semantic, type TextureTarget } from "./names.ts";
import type { Declaration, Instruction, Register, Source, TgsiShader } from "./shader.ts";

/** Targets without the word SHADOW. */
export function plainTarget(target: TextureTarget): TextureTarget {
  return (isShadow(target) ? target.slice(6) : target) as TextureTarget;
}

/** The source that names the sampler of a texture instruction; -1 when it has none. */
export function samplerOperand(instruction: Instruction): number {
  const { opcode } = instruction;
  if (opcode.texture) return opcode.sources - 1;
  return opcode.offsets ? 1 : -1;
}

const DERIVATIVES: ReadonlySet<string> = new Set([
  "DDX",
  "DDY",
  "DDX_FINE",
  "DDY_FINE",
  "TEX",
  "TXP",
  "TXB",
  "TEX2",
  "TXB2",
  "LODQ",
  "SAMPLE",
  "SAMPLE_B",
  "SAMPLE_C",
]);

/**
 * Scans a shader.
 * @throws {ShaderError} EINVAL when the same texture unit, output or input is declared in two ways, or one is used that is not declared
 */
export function shaderInfo(shader: TgsiShader): ShaderInfo {
  const scan = new Scan(shader);
  for (const declaration of shader.declarations) scan.declare(declaration);
  for (const instruction of shader.instructions) scan.use(instruction);
  return scan.finish();
}

/** The numeric type of a sampler view's return type. */
function returnType(name: string): NumericType {
  return name === "SINT" ? "int" : name === "UINT" ? "uint" : "float";
}

/** The numeric type of an image's format. */
function formatType(name: string): NumericType {
  return name.endsWith("_SINT") ? "int" : name.endsWith("_UINT") ? "uint" : "float";
}

interface Unit {
  target: TextureTarget;
  shadow: boolean;
  type: NumericType;
  used: boolean;
}

class Scan {
  readonly #shader: TgsiShader;
  readonly #inputs: ShaderInput[] = [];
  readonly #outputs: ShaderOutput[] = [];
  readonly #units: Map<number, Unit> = new Map();
  readonly #images: Map<number, ImageInfo> = new Map();
  readonly #constants: Map<number, number> = new Map();
  readonly #systemValues: Set<number> = new Set();
  #bufferMask = 0;
  #atomicMask = 0;
  #indirect = 0;
  #kill = false;
  #derivatives = false;
  #sampleShading = false;
  #writesMemory = false;
  #doubles = false;
  #int64 = false;
  #streams = false;

  constructor(shader: TgsiShader) {
    this.#shader = shader;
  }

  declare(declaration: Declaration): void {
    const { file, first, last, line, usage, array, semantic, semanticIndex } = declaration;
    switch (file) {
      case File.IN:
        for (let register = first; register <= last; register++) {
          if (this.#inputs.some((input) => input.register === register)) {
            throw new ShaderError(line, `IN[${register}] is declared twice`);
          }
          const plain = this.#shader.stage === "vertex" || semantic === undefined;
          this.#inputs.push({
            register,
            name: plain ? Semantic.GENERIC : semantic,
            index: plain ? register : semanticIndex + register - first,
            interpolation: declaration.interpolation ?? "PERSPECTIVE",
            place: declaration.place,
            usage,
            array,
          });
          if (declaration.place === "SAMPLE") this.#sampleShading = true;
        }
        break;
      case File.OUT:
        if (semantic === undefined) throw new ShaderError(line, `OUT[${first}] has no semantic`);
        for (let register = first; register <= last; register++) this.#output(declaration, semantic, register);
        break;
      case File.CONST: {
        const slot = declaration.dimension ?? 0;
        if (slot > 15) throw new ShaderError(line, `the constant buffer ${slot} is above 15`);
        this.#constants.set(slot, Math.max(this.#constants.get(slot) ?? 0, last + 1));
        break;
      }
      case File.SV:
        if (semantic === undefined) throw new ShaderError(line, `SV[${first}] has no semantic`);
        this.#systemValues.add(semantic);
        if (semantic === Semantic.SAMPLEID || semantic === Semantic.SAMPLEPOS) this.#sampleShading = true;
        break;
      case File.SVIEW:
        for (let unit = first; unit <= last; unit++) {
          const known = this.#units.get(unit);
          this.#units.set(unit, {
            target: plainTarget(declaration.target),
            shadow: isShadow(declaration.target),
            type: returnType(declaration.returnType),
            used: known?.used ?? false,
          });
        }
        break;
      case File.IMAGE:
        for (let unit = first; unit <= last; unit++) {
          const { target, format, writable } = declaration;
          this.#images.set(unit, { unit, target, format, type: formatType(format), writable });
        }
        break;
      case File.BUFFER:
        for (let n = first; n <= last; n++) this.#bufferMask |= 1 << n;
        break;
      case File.HWATOMIC: {
        const buffer = declaration.dimension ?? 0;
        if (buffer > 7) throw new ShaderError(line, `the atomic buffer ${buffer} is above 7`);
        this.#atomicMask |= 1 << buffer;
      }
    }
  }

  #output(declaration: Declaration, name: number, register: number): void {
    const { first, usage, array, semanticIndex, streams, line } = declaration;
    const index = semanticIndex + register - first;
    const at = this.#outputs.findIndex((output) => output.register === register);
    if (at < 0) {
      this.#outputs.push({ register, name, index, usage, array, streams });
      return;
    }
    // Components of one register may be declared one by one (component packing).
    const known = this.#outputs[at];
    if (known.name !== name || known.index !== index) throw new ShaderError(line, `OUT[${register}] is declared twice`);
    const mixed = streams.map((stream, i) => (usage >> i & 1) !== 0 ? stream : known.streams[i]);
    this.#outputs[at] = { ...known, usage: known.usage | usage, streams: mixed as [number, number, number, number] };
  }

  use(instruction: Instruction): void {
    const { opcode, destinations, sources, line } = instruction;
    const { name } = opcode;
    if (name === "KILL" || name === "KILL_IF" || name === "DEMOTE") this.#kill = true;
    if (DERIVATIVES.has(name)) this.#derivatives = true;
    if (DOUBLES.has(name) || name.endsWith("2D")) this.#doubles = true;
    if (/64/.test(name)) this.#int64 = true;
    if (opcode.memory && name !== "LOAD" && name !== "RESQ") this.#writesMemory = true;
    // A stream may get vertices without outputs of its own.
    if ((name === "EMIT" || name === "ENDPRIM") && streamOf(this.#shader, sources[0]) !== 0) this.#streams = true;
    for (const register of destinations) this.#register(register);
    for (const register of sources) this.#register(register);
    const at = samplerOperand(instruction);
    if (at < 0) return;
    const sampler = sources[at];
    if (sampler.file !== File.SAMP && sampler.file !== File.SVIEW) return;
    if (sampler.indirect !== undefined) {
      for (const unit of this.#units.values()) unit.used = true;
      return;
    }
    if (sampler.index > 31) throw new ShaderError(line, `the sampler ${sampler.index} is above 31`);
    this.#sample(instruction, sampler.index);
  }

  #sample({ target, line }: Instruction, index: number): void {
    const unit = this.#units.get(index);
    if (unit === undefined) {
      if (target === "UNKNOWN") throw new ShaderError(line, `SVIEW[${index}] is not declared`);
      const shadow = isShadow(target);
      this.#units.set(index, { target: plainTarget(target), shadow, type: "float", used: true });
      return;
    }
    unit.used = true;
    if (target === "UNKNOWN") return;
    if (plainTarget(target) !== unit.target) {
      throw new ShaderError(line, `the sampler ${index} is ${unit.target} and ${target}`);
    }
    if (isShadow(target)) unit.shadow = true;
  }

  #register(register: Register): void {
    if (register.indirect !== undefined || register.dimension?.indirect !== undefined) {
      this.#indirect |= 1 << register.file;
    }
  }

  finish(): ShaderInfo {
    const { stage, properties, instructions } = this.#shader;
    const inputs = this.#inputs.sort((a, b) => a.register - b.register);
    const outputs = this.#outputs.sort((a, b) => a.register - b.register);
    const fragment = stage === "fragment";
    const writes = (name: number): boolean => outputs.some((output) => output.name === name);
    const samplers: SamplerInfo[] = [...this.#units].filter(([, unit]) => unit.used).sort(([a], [b]) => a - b).map((
      [unit, { target, shadow, type }],
    ) => ({ unit, target, shadow, type }));
    const constantBuffers: ConstantBufferInfo[] = [...this.#constants].sort(([a], [b]) => a - b).map((
      [slot, size],
    ) => ({
      slot,
      size,
    }));
    const clip = 4 * outputs.filter(({ name }) => name === Semantic.CLIPDIST).length;
    const cull = Math.min(properties.get("NUM_CULLDIST_ENABLED") ?? 0, clip);
    const said = (properties.get("NUM_CLIPDIST_ENABLED") ?? 0) + cull;
    let colorMask = 0;
    for (const { name, index } of outputs) {
      if (fragment && name === Semantic.COLOR && index < 8) colorMask |= 1 << index;
    }
    return {
      stage,
      inputs,
      outputs,
      samplerMask: samplers.reduce((mask, { unit }) => mask | 1 << unit, 0) >>> 0,
      samplers,
      constantBuffers,
      bufferMask: this.#bufferMask,
      images: [...this.#images.values()].sort((a, b) => a.unit - b.unit),
      atomicMask: this.#atomicMask,
      systemValues: this.#systemValues,
      properties,
      writesPosition: !fragment && writes(Semantic.POSITION),
      writesPointSize: writes(Semantic.PSIZE),
      clipDistances: clip === 0 ? 0 : said > 0 ? Math.min(said, clip, 8) : Math.min(clip, 8),
      cullDistances: cull,
      writesClipVertex: writes(Semantic.CLIPVERTEX),
      writesLayer: writes(Semantic.LAYER),
      writesViewportIndex: writes(Semantic.VIEWPORT_INDEX),
      writesEdgeFlag: writes(Semantic.EDGEFLAG),
      writesDepth: fragment && writes(Semantic.POSITION),
      writesStencil: fragment && writes(Semantic.STENCIL),
      writesSampleMask: fragment && writes(Semantic.SAMPLEMASK),
      colorMask,
      usesKill: this.#kill,
      usesDerivatives: this.#derivatives,
      usesSampleShading: this.#sampleShading,
      writesMemory: this.#writesMemory,
      indirectFiles: this.#indirect,
      usesStreams: this.#streams || outputs.some(({ streams }) => streams.some((stream) => stream !== 0)),
      usesDoubles: this.#doubles,
      usesInt64: this.#int64,
      instructions: instructions.length,
    };
  }
}

/** The stream that EMIT or ENDPRIM names; undefined if it is not constant. */
export function streamOf({ immediates }: TgsiShader, { file, index, indirect, swizzle }: Source): number | undefined {
  return file === File.IMM && indirect === undefined ? immediates[index * 4 + swizzle[0]] : undefined;
}

/** Instructions on doubles. */
export const DOUBLES: ReadonlySet<string> = new Set(
  ("DFMA DABS DNEG DADD DMUL DMAX DMIN DSLT DSGE DSEQ DSNE DRCP DSQRT DMAD DFRAC DLDEXP DFRACEXP DRSQ DTRUNC DCEIL DFLR " +
    "DROUND DSSG DDIV D2F D2I D2U D2I64 D2U64").split(" "),
);
