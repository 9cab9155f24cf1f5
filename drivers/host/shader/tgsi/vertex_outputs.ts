/** What a vertex stage gives to the next one or to the rasterizer: locations, builtins, clip planes, transform feedback. */
import { BuiltIn, Capability, Decoration, FLOAT, Glsl, INT, Mode, Op, Storage } from "../spirv/mod.ts";
import { COMPONENTS, type Context } from "./context.ts";
import { builtin } from "./inputs.ts";
import type { ShaderOutput } from "./info.ts";
import { DriverConstants } from "./layout.ts";
import { File, Semantic } from "./names.ts";
import { ShaderError } from "./error.ts";
import { MAX_LOCATIONS, POSITION_BUILTIN, RASTERIZER, semanticKey, type StreamOutput } from "./variant.ts";

/** An output variable and how it is filled. */
interface Sink {
  readonly variable: number;
  readonly value: () => number;
}

/** The interface variables of a vertex, tessellation evaluation or geometry shader. `write` fills them all. */
export class VertexOutputs {
  readonly #c: Context;
  readonly #sinks: Sink[] = [];
  /** Variables that hold an output as it is, by register, where they are not captured yet. */
  readonly #plain: Map<number, { readonly variable: number; readonly stream: number }> = new Map();
  #nextLocation = 0;

  /** Makes the variables. @throws {ShaderError} when the variant's transform feedback names what is not there. */
  constructor(c: Context) {
    this.#c = c;
    const seen = new Set<number>();
    for (const output of c.info.outputs) {
      const location = c.variant.outputLocations.get(semanticKey(output.name, output.index));
      if (location === undefined || seen.has(location)) continue;
      // The rasterizer's own go through a location only for a stage or fragment shader that reads them.
      if (c.variant.lastVertexStage && (output.name === Semantic.POSITION || output.name === Semantic.PSIZE)) continue;
      if (location >= MAX_LOCATIONS) {
        if (c.variant.lastVertexStage && RASTERIZER.has(output.name)) continue;
        throw new ShaderError(0, `more than ${MAX_LOCATIONS} locations are passed on`);
      }
      seen.add(location);
      if (location === POSITION_BUILTIN) {
        this.#builtin(c.vec4, BuiltIn.Position, () => this.#register(output.register));
        continue;
      }
      this.#nextLocation = Math.max(this.#nextLocation, location + 1);
      this.#varying(output, location);
    }
    if (c.variant.lastVertexStage) this.#rasterizer();
    if (c.variant.streamOutput !== undefined) this.#streamOutput();
  }

  /** Copies the output registers to the variables. */
  write(): void {
    for (const { variable, value } of this.#sinks) this.#c.b.store(variable, value());
  }

  #find(name: number, index = 0): ShaderOutput | undefined {
    return this.#c.info.outputs.find((output) => output.name === name && output.index === index);
  }

  #register(register: number): number {
    return this.#c.load({ file: File.OUT, index: register });
  }

  #varying({ register, name, streams }: ShaderOutput, location: number): void {
    const c = this.#c;
    const { b } = c;
    const variable = b.global(Storage.Output, c.vec4);
    b.decorate(variable, Decoration.Location, location);
    if (streams[0] !== 0) this.#stream(variable, streams[0]);
    const clamp = c.variant.clampColor && c.variant.lastVertexStage &&
      (name === Semantic.COLOR || name === Semantic.BCOLOR);
    if (!clamp) this.#plain.set(register, { variable, stream: streams[0] });
    this.#sinks.push({
      variable,
      value: () => {
        const value = this.#register(register);
        if (!clamp) return value;
        return b.glsl(Glsl.NClamp, c.vec4, value, b.zero(c.vec4), b.splat(FLOAT, 0x3f800000, 4));
      },
    });
  }

  #stream(variable: number, stream: number): void {
    if (this.#c.shader.stage !== "geometry") throw new ShaderError(0, "only geometry shaders have streams");
    this.#c.b.capability(Capability.GeometryStreams);
    this.#c.b.decorate(variable, Decoration.Stream, stream);
  }

  #builtin(type: number, which: number, value: () => number): number {
    const variable = builtin(this.#c, Storage.Output, type, which);
    this.#sinks.push({ variable, value });
    return variable;
  }

  #rasterizer(): void {
    const c = this.#c;
    const { b, variant, info } = c;
    const float = b.type(FLOAT);
    const position = this.#find(Semantic.POSITION);
    if (position !== undefined) {
      const variable = this.#builtin(c.vec4, BuiltIn.Position, () => this.#clipPosition(position.register));
      const declared = c.shader.declarations.find((d) => d.file === File.OUT && d.semantic === Semantic.POSITION);
      if (declared?.invariant === true) b.decorate(variable, Decoration.Invariant);
    }
    const size = this.#find(Semantic.PSIZE);
    if (size !== undefined && !variant.fixedPointSize) {
      this.#builtin(float, BuiltIn.PointSize, () => c.extract(FLOAT, this.#register(size.register), 0));
    } else if (variant.writePointSize || variant.fixedPointSize) {
      this.#builtin(float, BuiltIn.PointSize, () => c.driverFloat(DriverConstants.pointSize));
    }
    this.#integer(Semantic.LAYER, BuiltIn.Layer);
    this.#integer(Semantic.VIEWPORT_INDEX, BuiltIn.ViewportIndex);
    this.#integer(Semantic.PRIMID, BuiltIn.PrimitiveId);
    if (info.clipDistances > 0) this.#declaredDistances();
    else if (variant.clipPlaneEnable !== 0 && (info.properties.get("VS_PROHIBIT_UCPS") ?? 0) === 0) this.#planes();
  }

  /** The position with Vulkan's depth range. */
  #clipPosition(register: number): number {
    const c = this.#c;
    const { b } = c;
    const position = this.#register(register);
    if (c.variant.clipHalfz) return position;
    const float = b.type(FLOAT);
    const w = c.extract(FLOAT, position, 3);
    const sum = b.op(Op.FAdd, float, c.extract(FLOAT, position, 2), w);
    return b.op(Op.CompositeInsert, c.vec4, b.op(Op.FMul, float, sum, b.float(0.5)), position, 2);
  }

  #integer(semantic: number, which: number): void {
    const c = this.#c;
    const { b, shader: { stage } } = c;
    const output = this.#find(semantic);
    if (output === undefined) return;
    if (which === BuiltIn.PrimitiveId) {
      if (stage !== "geometry") return;
    } else if (stage === "geometry") {
      if (which === BuiltIn.ViewportIndex) b.capability(Capability.MultiViewport);
    } else {
      b.extension("SPV_EXT_shader_viewport_index_layer");
      b.capability(Capability.ShaderViewportIndexLayerEXT);
      if (which === BuiltIn.ViewportIndex) b.capability(Capability.MultiViewport);
    }
    this.#builtin(
      b.type(INT),
      which,
      () => c.cast(c.extract(FLOAT, this.#register(output.register), 0), FLOAT, INT, 1),
    );
  }

  /** CLIPDIST registers to gl_ClipDistance and gl_CullDistance. */
  #declaredDistances(): void {
    const c = this.#c;
    const { b, info, variant } = c;
    const { clipDistances, cullDistances } = info;
    const float = b.type(FLOAT);
    const component = (i: number): number => {
      const output = this.#find(Semantic.CLIPDIST, i >> 2);
      return output === undefined ? b.float(0) : c.extract(FLOAT, this.#register(output.register), i & 3);
    };
    const clips = clipDistances - cullDistances;
    const enabled = variant.clipPlaneEnable & ((1 << clips) - 1);
    const count = 32 - Math.clz32(enabled);
    if (count > 0) {
      b.capability(Capability.ClipDistance);
      const type = b.array(float, count);
      this.#builtin(type, BuiltIn.ClipDistance, () => {
        const values = Array.from({ length: count }, (_, i) => (enabled >> i & 1) !== 0 ? component(i) : b.float(0));
        return b.op(Op.CompositeConstruct, type, ...values);
      });
    }
    if (cullDistances > 0) {
      b.capability(Capability.CullDistance);
      const type = b.array(float, cullDistances);
      this.#builtin(type, BuiltIn.CullDistance, () => {
        const values = Array.from({ length: cullDistances }, (_, i) => component(clips + i));
        return b.op(Op.CompositeConstruct, type, ...values);
      });
    }
  }

  /** The user's clip planes to gl_ClipDistance. */
  #planes(): void {
    const c = this.#c;
    const { b, variant } = c;
    const source = this.#find(Semantic.CLIPVERTEX) ?? this.#find(Semantic.POSITION);
    if (source === undefined) return;
    b.capability(Capability.ClipDistance);
    const float = b.type(FLOAT);
    const count = 32 - Math.clz32(variant.clipPlaneEnable & 255);
    if (count === 0) return;
    const type = b.array(float, count);
    this.#builtin(type, BuiltIn.ClipDistance, () => {
      const vertex = this.#register(source.register);
      const values = Array.from(
        { length: count },
        (_, i) =>
          (variant.clipPlaneEnable >> i & 1) !== 0
            ? b.op(Op.Dot, float, vertex, c.driver(DriverConstants.clipPlanes + i * 16))
            : b.float(0),
      );
      return b.op(Op.CompositeConstruct, type, ...values);
    });
  }

  /**
   * Captured components go through variables of their own: positions are captured before they are fixed up. Where there are no locations
   * left for that, whole outputs are captured as they are passed on.
   */
  #streamOutput(): void {
    const c = this.#c;
    const { b, variant: { streamOutput } } = c;
    if (streamOutput === undefined || streamOutput.outputs.length === 0) return;
    if (streamOutput.outputs.length > 64) throw new ShaderError(0, "more than 64 captured outputs");
    b.capability(Capability.TransformFeedback);
    b.executionMode(c.main, Mode.Xfb);
    const free: number[] = [];
    for (const output of streamOutput.outputs) this.#capture(output, streamOutput.strides[output.buffer] ?? 0, free);
  }

  /** Has a variable captured. @param stride, offset in words */
  #place(variable: number, buffer: number, stride: number, offset: number): void {
    const { b } = this.#c;
    b.decorate(variable, Decoration.XfbBuffer, buffer);
    b.decorate(variable, Decoration.XfbStride, stride * 4);
    b.decorate(variable, Decoration.Offset, offset * 4);
  }

  #capture(output: StreamOutput, stride: number, free: number[]): void {
    const c = this.#c;
    const { b } = c;
    const { register, startComponent, numComponents, buffer, dstOffset, stream } = output;
    if (
      !(numComponents >= 1 && numComponents <= 4 && startComponent >= 0 && startComponent + numComponents <= 4) ||
      !(buffer >= 0 && buffer < 4 && stream >= 0 && stream < 4 && dstOffset >= 0 &&
        dstOffset + numComponents <= stride) ||
      stride > 2048 || c.files[File.OUT]?.has(register) !== true
    ) throw new ShaderError(0, `the captured output OUT[${register}] of buffer ${buffer} is out of range`);
    // Pieces share locations: first fit.
    let at = free.findIndex((used) => used + numComponents <= 4);
    if (at < 0) at = free.push(0) - 1;
    if (this.#nextLocation + at >= MAX_LOCATIONS) {
      const plain = numComponents === 4 ? this.#plain.get(register) : undefined;
      if (plain?.stream === stream) {
        free.pop();
        this.#plain.delete(register);
        this.#place(plain.variable, buffer, stride, dstOffset);
        return;
      }
      throw new ShaderError(0, `more than ${MAX_LOCATIONS} locations are captured`);
    }
    const component = free[at];
    free[at] += numComponents;
    const type = b.type(FLOAT, numComponents);
    const variable = b.global(Storage.Output, type);
    b.decorate(variable, Decoration.Location, this.#nextLocation + at);
    if (component > 0) b.decorate(variable, Decoration.Component, component);
    this.#place(variable, buffer, stride, dstOffset);
    if (stream !== 0) this.#stream(variable, stream);
    const components = COMPONENTS[((1 << numComponents) - 1) << startComponent];
    this.#sinks.push({
      variable,
      value: () => {
        const value = this.#register(register);
        if (numComponents === 4) return value;
        if (numComponents === 1) return c.extract(FLOAT, value, startComponent);
        return b.op(Op.VectorShuffle, type, value, value, ...components);
      },
    });
  }
}
