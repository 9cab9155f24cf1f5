/**
 * How a renderer makes its contexts: all of them share one engine.
 * @module
 */

import { VirglContext } from "./context.ts";
import { Engine } from "./engine.ts";
import type { Contexts, VirglParts } from "./parts.ts";

/** Makes contexts that share one engine. */
export function virglContexts(parts: VirglParts): Contexts {
  const engine = new Engine(parts);
  return {
    create: (capsetId, name) => new VirglContext(engine, capsetId, name),
    [Symbol.dispose]: () => engine[Symbol.dispose](),
  };
}
