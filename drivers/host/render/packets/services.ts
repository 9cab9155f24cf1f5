/**
 * What all queues of an engine work with.
 * @module
 */

import { Arena } from "../../vulkan/mod.ts";
import { Descriptors } from "./descriptors.ts";
import type { Gpu } from "./gpu.ts";
import { GraphicsPrograms } from "./graphics_programs.ts";
import { Pictures } from "./pictures.ts";
import { Programs } from "./programs.ts";
import { Recorder } from "./recorder.ts";
import { Regions } from "./regions.ts";
import { Renderer } from "./renderer.ts";
import { Fetcher } from "./staging.ts";
import { Timestamps } from "./timestamps.ts";

/** Services. */
export class Services implements Disposable {
  /** The GPU. */
  readonly gpu: Gpu;
  /** The one recorder. */
  readonly recorder: Recorder;
  /** Regions of copies. */
  readonly regions: Regions;
  /** 64 KiB for what vkCmdUpdateBuffer and vkCmdPushConstants read. */
  readonly data: Arena = new Arena(65536);
  /** Copies for the CPU. */
  readonly fetcher: Fetcher;
  /** The GPU's clock. */
  readonly timestamps: Timestamps;
  /** Compiled shaders. */
  readonly programs: Programs;
  /** Compiled pairs of shaders. */
  readonly graphics: GraphicsPrograms;
  /** Descriptor sets. */
  readonly descriptors: Descriptors;
  /** Images of pictures in memory. */
  readonly pictures: Pictures;
  /** Draws. */
  readonly renderer: Renderer;
  readonly #owned: Disposable;

  /** Makes everything. @throws {VkError} */
  constructor(gpu: Gpu) {
    using cleanup = new DisposableStack();
    this.gpu = gpu;
    this.recorder = cleanup.use(new Recorder(gpu.device));
    this.regions = new Regions(this.recorder);
    this.fetcher = cleanup.use(new Fetcher(this.recorder, this.regions));
    this.timestamps = cleanup.use(new Timestamps(this.recorder));
    this.programs = cleanup.use(new Programs(this.recorder, gpu));
    this.graphics = cleanup.use(new GraphicsPrograms(this.recorder, gpu));
    this.descriptors = cleanup.use(new Descriptors(this.recorder, gpu));
    this.pictures = cleanup.use(new Pictures(this.recorder));
    this.renderer = new Renderer(this);
    this.#owned = cleanup.move();
  }

  /** Destroys everything; the GPU must be idle. */
  [Symbol.dispose](): void {
    this.#owned[Symbol.dispose]();
  }
}
