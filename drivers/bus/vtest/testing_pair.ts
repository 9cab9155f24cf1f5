/**
 * A client and its session in one thread, for tests.
 * @module
 */

import { streamPair } from "../../os/mod.ts";
import { Graveyard } from "./graveyard.ts";
import { VTEST_LIMITS, type VtestLimits } from "./limits.ts";
import { Session, type SessionNeed } from "./session.ts";
import { VtestClient } from "./testing.ts";
import { FakeRenderer } from "./testing_renderer.ts";

/** A client with its session, which runs whenever the client waits. */
export class Pair implements Disposable {
  /** Who executes. */
  readonly renderer: FakeRenderer;
  /** The server's side. */
  readonly session: Session;
  /** The client's side. */
  readonly client: VtestClient;
  /** Memory that the GPU may still use. */
  readonly graveyard: Graveyard;
  /** What the session last said that it needs. */
  need: SessionNeed = "input";

  /** @param limits other than the usual. @param renderer other than a new one */
  constructor(limits: Partial<VtestLimits> = {}, renderer: FakeRenderer = new FakeRenderer()) {
    this.renderer = renderer;
    this.graveyard = new Graveyard(renderer);
    const [a, b] = streamPair();
    this.session = new Session(a, renderer, this.graveyard, { ...VTEST_LIMITS, ...limits });
    this.client = new VtestClient(b, () => this.run());
  }

  /** Runs the session as far as it goes. */
  run(): void {
    this.need = this.session.run();
    if (this.need === "end") this.session[Symbol.dispose]();
  }
  /** Runs it, and tells why it ended, if it did. */
  end(): string | undefined {
    this.run();
    return this.session.end;
  }

  [Symbol.dispose](): void {
    this.client[Symbol.dispose]();
    this.session[Symbol.dispose]();
    this.renderer.finish();
    this.graveyard[Symbol.dispose]();
  }
}
