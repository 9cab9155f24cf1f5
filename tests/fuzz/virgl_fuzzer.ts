/**
 * Plays changed scripts to a renderer, each in a context of its own, while an innocent client of the same renderer goes on drawing:
 * its pictures stay those of the reference.
 * @module
 */

import type { Renderer3d } from "udrm/core/host3d.ts";
import { difference } from "udrm/drivers/bus/vtest/replay.ts";
import { featureScript } from "./virgl_feature_script.ts";
import { Mutator } from "./virgl_mutate.ts";
import { ClientMemory, Player } from "./virgl_player.ts";
import { Random } from "./virgl_random.ts";
import { CAPTURE_NAMES, captureScript, type Script } from "./virgl_script.ts";

/** How much of a picture may differ, and how far: the captures' measure. */
const MOST_DIFFERENT = 0.005;
const PATIENCE_NS = 30e9;

/** A client that does nothing wrong. */
class Innocent implements Disposable {
  readonly #renderer: Renderer3d;
  readonly #script: Script;
  #player: Player;
  #at = 0;
  pictures = 0;

  constructor(renderer: Renderer3d, script: Script) {
    this.#renderer = renderer;
    this.#script = script;
    this.#player = new Player(renderer, undefined, "innocent");
  }

  /** Draws until its next picture is there. @throws {Error} if it is not the reference's */
  draw(): void {
    for (;;) {
      if (this.#at >= this.#script.steps.length) {
        this.#player[Symbol.dispose]();
        this.#player = new Player(this.#renderer, undefined, "innocent");
        this.#at = 0;
      }
      const step = this.#script.steps[this.#at++];
      const bytes = this.#player.step(step);
      if (this.#player.errors > 0) throw new Error(`The innocent client met an error: ${this.#player.context.lost}`);
      if (step.kind !== "get" || step.expected === undefined || bytes === undefined) continue;
      const wrong = difference(step.expected, bytes);
      if (wrong > MOST_DIFFERENT) throw new Error(`The innocent client sees ${wrong * 100} % of wrong pixels`);
      this.pictures++;
      return;
    }
  }

  [Symbol.dispose](): void {
    this.#player[Symbol.dispose]();
  }
}

/** What has happened. */
export interface FuzzCounts {
  /** Changed scripts played. */
  mutations: number;
  /** Contexts lost. */
  lost: number;
  /** Errors, of steps that lose no context, too. */
  errors: number;
  /** Pictures of the innocent client. */
  pictures: number;
}

/** A fuzzer of a renderer. */
export class VirglFuzzer implements Disposable {
  readonly counts: FuzzCounts = { mutations: 0, lost: 0, errors: 0, pictures: 0 };
  readonly #renderer: Renderer3d;
  readonly #scripts: readonly Script[];
  readonly #mutator: Mutator;
  readonly #memory = new ClientMemory();
  readonly #innocent: Innocent;

  /** @param scripts what is changed. @param innocent what the innocent client draws */
  constructor(renderer: Renderer3d, scripts: readonly Script[], innocent: Script) {
    this.#renderer = renderer;
    this.#scripts = scripts;
    this.#mutator = new Mutator(scripts);
    this.#innocent = new Innocent(renderer, innocent);
  }

  /** The script that a number of a seed gives. */
  script(seed: number, index: number): Script {
    const random = new Random(seed, index);
    return this.#mutator.mutate(random, random.of(this.#scripts));
  }

  /** Plays a changed script. @throws what is no DrmError; Error if the renderer is lost or does not finish */
  run(seed: number, index: number): void {
    const { counts } = this, renderer = this.#renderer;
    const player = new Player(renderer, this.#memory, `${seed}:${index}`);
    try {
      player.play(this.script(seed, index));
    } finally {
      counts.mutations++;
      counts.errors += player.errors;
      if (player.context.lost !== undefined) counts.lost++;
      player[Symbol.dispose]();
    }
    if (!renderer.wait(renderer.submit(), PATIENCE_NS)) throw new Error("The GPU does not finish");
    renderer.completed();
  }

  /** Lets the innocent client draw a picture. @throws {Error} if it is wrong */
  check(): void {
    this.#innocent.draw();
    this.counts.pictures++;
  }

  [Symbol.dispose](): void {
    this.#innocent[Symbol.dispose]();
    this.#renderer.wait(this.#renderer.submit(), PATIENCE_NS);
    this.#renderer.completed();
    this.#memory[Symbol.dispose]();
  }
}

/** Everything that is changed: the first pictures of the captures, and the features that they lack. */
export async function fuzzScripts(): Promise<Script[]> {
  return [featureScript(), featureScript(), ...await Promise.all(CAPTURE_NAMES.map((name) => captureScript(name, 2)))];
}
