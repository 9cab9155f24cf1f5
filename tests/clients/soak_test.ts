// The short soak: two minutes, or as many as UDRM_SOAK_MINUTES says.
import { assertEquals, assertGreater } from "@std/assert";
import { soak } from "./soak.ts";

const MINUTES = Number(Deno.env.get("UDRM_SOAK_MINUTES") ?? 2);

Deno.test("preload: memory, fds and mappings of a server stay flat while clients come, are killed and fuzz", async () => {
  const { rounds, killed, faults } = await soak(MINUTES, 20240601, () => {});
  assertEquals(faults, []);
  assertGreater(rounds, MINUTES * 5);
  assertGreater(killed, rounds);
});
