/**
 * LAUNCH_GRID: compute shaders. Everything is bound anew for each dispatch: programs dispatch seldom beside drawing.
 * @module
 */

import { PIPE_PRIM_TRIANGLES } from "../../../../uapi/pipe.ts";
import { VIRGL_CCMD_LAUNCH_GRID, VIRGL_SHADER_COMPUTE } from "../../../../uapi/virgl_protocol.ts";
import {
  VK_PIPELINE_BIND_POINT_COMPUTE,
  VK_SHADER_STAGE_COMPUTE_BIT,
  VkComputePipelineCreateInfo,
} from "../../vulkan/mod.ts";
import { Bindings, ConstantPlaces } from "./bindings.ts";
import { bytesNow } from "./buffer_bytes.ts";
import type { VirglContext } from "./context.ts";
import type { Engine } from "./engine.ts";
import type { CommandHandlers } from "./handlers.ts";
import { LIMITS } from "./limits.ts";
import { KEY_MODULES, PIPELINE_WORDS } from "./pipeline_key.ts";
import { Pipeline } from "./pipelines.ts";
import type { Program } from "./programs.ts";
import { badCommand, badShader } from "./refusal.ts";
import type { Module } from "./objects/shader.ts";
import { moduleOf } from "./shader_variants.ts";
import { StorageBindings } from "./storage.ts";
import type { SubContext } from "./sub_context.ts";

// Words of LAUNCH_GRID.
const BLOCK = 0, GRID = 3, INDIRECT = 6, INDIRECT_OFFSET = 7;
const SIDES = ["WIDTH", "HEIGHT", "DEPTH"] as const;

/** Dispatches. */
export class ComputePath implements Disposable {
  readonly #engine: Engine;
  readonly #bindings: Bindings;
  readonly #places = new ConstantPlaces();
  readonly #key = new Int32Array(PIPELINE_WORDS);
  readonly #grid = new Uint32Array(3);

  /** Prepares. */
  constructor(engine: Engine) {
    this.#engine = engine;
    this.#bindings = new Bindings(engine);
  }

  /** Executes LAUNCH_GRID. @throws {VirglRefusal} */
  launch(context: VirglContext, words: Uint32Array, at: number): void {
    const sub = context.current, engine = this.#engine, { recorder, vk } = engine;
    recorder.breathe();
    if (sub.condition !== undefined && !sub.condition.passes()) return;
    const shader = sub.shaders[VIRGL_SHADER_COMPUTE];
    if (shader === undefined) throw badShader("Cannot dispatch: no compute shader is bound");
    let threads = 1;
    for (let i = 0; i < 3; i++) {
      const side = shader.info.properties.get(`CS_FIXED_BLOCK_${SIDES[i]}`) ?? 1;
      if (words[at + BLOCK + i] !== side) {
        throw badCommand(`Cannot dispatch: block side ${i} is ${words[at + BLOCK + i]}, the shader's ${side}`);
      }
      threads *= side;
    }
    const grid = this.#grid;
    if (words[at + INDIRECT] === 0) grid.set(words.subarray(at + GRID, at + GRID + 3));
    else this.#readGrid(context, words[at + INDIRECT], words[at + INDIRECT_OFFSET]);
    const most = engine.gpu.limits.maxComputeWorkGroupCount;
    for (let i = 0; i < 3; i++) {
      if (grid[i] > most[i]) {
        throw badCommand(`Cannot dispatch ${grid.join("x")} blocks: the GPU's most is ${most.join("x")}`);
      }
    }
    const blocks = grid[0] * grid[1] * grid[2];
    if (blocks === 0) return;
    if (blocks * threads > LIMITS.invocations) {
      throw badCommand(`Cannot dispatch ${blocks} blocks of ${threads} threads`);
    }
    const program = sub.programs.get(sub.shaders, true);
    const module = moduleOf(sub, program, shader, PIPE_PRIM_TRIANGLES, 0, false);
    const pipeline = this.#pipeline(sub, program, module);
    const storage = sub.extra(StorageBindings), { slots } = program.layout.sets[2];
    recorder.outside();
    const due = this.#bindings.needsBarrier(sub, program);
    if (storage.needsBarrier(slots) || due) recorder.barrier();
    this.#bindings.note(sub, program);
    storage.note(slots);
    const { commands } = recorder, bindings = this.#bindings, places = this.#places;
    // What was put into the ring for another dispatch may be another submission's, or another context's.
    places.sizes.fill(0);
    sub.dirtyConstants |= 1 << VIRGL_SHADER_COMPUTE;
    bindings.driverConstants(sub, 1, 0, 0, places);
    bindings.constants(sub, program, places);
    bindings.bindUniforms(sub, program, places, commands, VK_PIPELINE_BIND_POINT_COMPUTE);
    bindings.bindTextures(sub, program, commands, VK_PIPELINE_BIND_POINT_COMPUTE);
    bindings.bindStorage(storage, program, commands, VK_PIPELINE_BIND_POINT_COMPUTE);
    vk.vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline.handle);
    vk.vkCmdDispatch(commands, grid[0], grid[1], grid[2]);
    recorder.work++;
  }

  // The CPU reads it, and waits for what writes it: numbers that only the GPU knows could keep it busy for ever.
  #readGrid(context: VirglContext, id: number, offset: number): void {
    const resource = context.resource(id);
    if ((offset & 3) !== 0) throw badCommand(`Cannot read a grid at ${offset}`);
    const bytes = bytesNow(this.#engine, resource, offset, 12);
    const view = new DataView(bytes.buffer, bytes.byteOffset, 12);
    for (let i = 0; i < 3; i++) this.#grid[i] = view.getUint32(i * 4, true);
  }

  #pipeline(sub: SubContext, program: Program, module: Module): Pipeline {
    const key = this.#key;
    key[KEY_MODULES] = module.id;
    let pipeline = program.pipelines.get(key);
    if (pipeline === undefined) {
      pipeline = this.#make(program, module);
      sub.programs.addPipeline(program, key, pipeline);
    }
    return pipeline;
  }

  #make(program: Program, module: Module): Pipeline {
    const { gpu, pipelineCache } = this.#engine, { device, vk } = gpu;
    const handle = device.arena.scope((m) => {
      const out = m.alloc(8);
      const info = m.put(VkComputePipelineCreateInfo, {
        stage: { stage: VK_SHADER_STAGE_COMPUTE_BIT, module: module.handle, pName: "main" },
        layout: program.layout.handle,
        basePipelineIndex: -1,
      });
      device.check(
        vk.vkCreateComputePipelines(device.handle, pipelineCache.handle, 1, info, 0n, m.address(out)),
        "vkCreateComputePipelines",
      );
      return m.u64[out >>> 3];
    });
    return new Pipeline(gpu, handle);
  }

  /** Nothing to let go of: pipelines belong to programs. */
  [Symbol.dispose](): void {}
}

/** The commands of this file. */
export const computeCommands: CommandHandlers = {
  [VIRGL_CCMD_LAUNCH_GRID]: (context, words, at) => context.engine.extra(ComputePath).launch(context, words, at),
};
