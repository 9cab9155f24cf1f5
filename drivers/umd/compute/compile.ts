/**
 * WGSL and GLSL to SPIR-V, by naga (npm `naga-wasm`). The rest of the compute API does without it, and it is loaded when something
 * is compiled first: that reads its WebAssembly (--allow-read).
 * @module
 */

import type { Module } from "npm:naga-wasm@30.1.0";

type Naga = typeof import("npm:naga-wasm@30.1.0");

/** Source text is wrong. */
export class CompileError extends Error {
  /** An error. @param message where and why, over several lines. */
  constructor(message: string) {
    super(message);
    this.name = "CompileError";
  }
}

async function compile(parse: (naga: Naga) => Module): Promise<Uint32Array> {
  const naga = await import("npm:naga-wasm@30.1.0");
  try {
    using module = parse(naga);
    using info = naga.validate(module);
    return naga.writeSpirv(module, info, { flags: { debug: false } });
  } catch (error) {
    throw error instanceof naga.NagaError ? new CompileError(error.formatted) : error;
  }
}

/**
 * Compiles WGSL: `@group(0) @binding(n)` buffers, push constants as `var<immediate>`. It may have several entry points;
 * `ComputeDevice.kernel` takes one by name.
 *
 * @throws {CompileError} where the source is wrong.
 */
export function compileWgsl(source: string): Promise<Uint32Array> {
  return compile(({ parseWgsl }) => parseWgsl(source));
}

/**
 * Compiles a compute shader in GLSL 4.50: `layout(set = 0, binding = n)` buffers, `layout(push_constant)`.
 *
 * @param defines macros. @throws {CompileError} where the source is wrong.
 */
export function compileGlsl(source: string, defines: Readonly<Record<string, string>> = {}): Promise<Uint32Array> {
  return compile(({ parseGlsl }) => parseGlsl(source, { stage: "compute", defines: { ...defines } }));
}
