/**
 * The JSON Schema of configuration files, made of the rules by which they are checked.
 * @module
 */

import type { Schema } from "../drivers/gpu/vkms/rule.ts";
import { FORM } from "./config.ts";

// Parts that stand in several places, and are worth a name.
function sharedParts(schema: Schema): Map<object, string> {
  const seen = new Map<object, string>();
  const shared = new Map<object, string>();
  const walk = (part: unknown, key: string): void => {
    if (typeof part !== "object" || part === null) return;
    if (shared.has(part)) return;
    const large = !Array.isArray(part) && JSON.stringify(part).length > 200 && "type" in part;
    const before = seen.get(part);
    if (before !== undefined && large) {
      const taken = new Set(shared.values());
      let name = before;
      for (let i = 2; taken.has(name); i++) name = `${before}${i}`;
      shared.set(part, name);
      return;
    }
    seen.set(part, key);
    for (const [name, member] of Object.entries(part)) walk(member, Array.isArray(part) ? key : name);
  };
  walk(schema, "config");
  return shared;
}

/** The JSON Schema of a configuration file: what stands in `config.schema.json`. */
export function configSchema(): Schema {
  const shared = sharedParts(FORM.schema);
  const refer = (part: unknown, whole = false): unknown => {
    if (typeof part !== "object" || part === null) return part;
    const name = whole ? undefined : shared.get(part);
    if (name !== undefined) return { $ref: `#/$defs/${name}` };
    if (Array.isArray(part)) return part.map((item) => refer(item));
    return Object.fromEntries(Object.entries(part).map(([key, member]) => [key, refer(member)]));
  };
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "devices of udrm",
    description: "for udrm run --config and udrm serve --config; an object without devices configures one vkms",
    ...refer(FORM.schema) as Schema,
    $defs: Object.fromEntries([...shared].map(([part, name]) => [name, refer(part, true)])),
  };
}
