import { assertEquals } from "@std/assert";
import { CONFORMANCE_RULES, tryRule } from "udrm/drivers/bus/vhost_user/conformance/mod.ts";
import { rig } from "./rig.ts";

Deno.test("conformance: every rule has an id of its own, a sentence and a source", () => {
  assertEquals(new Set(CONFORMANCE_RULES.map(({ id }) => id)).size, CONFORMANCE_RULES.length);
  for (const { rule, cite } of CONFORMANCE_RULES) assertEquals([rule.length > 20, cite.length > 3], [true, true]);
});

for (const rule of CONFORMANCE_RULES) {
  Deno.test(`conformance ${rule.id}: ${rule.rule}`, () => {
    using t = rig();
    assertEquals(tryRule(rule, t.path, { pump: t.pump, timeout: 500 }).seen, undefined);
  });
}
