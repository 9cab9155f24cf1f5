import { assertEquals, assertGreaterOrEqual, assertThrows } from "@std/assert";
import { DrmError } from "../../core/error.ts";
import { MAP_ANONYMOUS, MAP_PRIVATE, Mapping, PROT_READ, PROT_WRITE } from "./mapping.ts";
import { comm, getpid, identity } from "./process.ts";
import { RemoteMemory } from "./remote_memory.ts";
import { fdLimit, raiseFdLimit } from "./rlimit.ts";
import "./testing.ts";

const PAGE = 4096;

function memory(pages: number): Mapping {
  return Mapping.map(-1, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
}

Deno.test("RemoteMemory copies in and out, small and large", () => {
  using mapping = memory(64);
  const remote = new RemoteMemory(Deno.pid);
  const bytes = new Uint8Array(mapping.buffer);
  const address = Deno.UnsafePointer.value(mapping.pointer);
  for (const length of [0, 1, 17, PAGE - 1, PAGE, PAGE + 1, 60 * PAGE]) {
    const source = Uint8Array.from({ length }, (_, i) => i * 7 + length);
    const target = new Uint8Array(length);
    remote.copyOut(address + 5n, source);
    assertEquals(bytes.slice(5, 5 + length), source);
    remote.copyIn(address + 5n, target);
    assertEquals(target, source);
  }
});

Deno.test("RemoteMemory: EFAULT at NULL, at kernel addresses, and when one byte of many is out of reach", () => {
  using mapping = memory(4);
  const remote = new RemoteMemory(Deno.pid);
  const address = Deno.UnsafePointer.value(mapping.pointer);
  using guard = Mapping.map(-1, PAGE, 0, MAP_PRIVATE | MAP_ANONYMOUS);
  const forbidden = Deno.UnsafePointer.value(guard.pointer);
  const efault = (body: () => void) => assertEquals(assertThrows(body, DrmError).code, "EFAULT");
  for (const at of [0n, 1n, forbidden, 0xffff_ffff_ffff_fff0n, -16n, 1n << 63n]) {
    efault(() => remote.copyIn(at, new Uint8Array(32)));
    efault(() => remote.copyOut(at, new Uint8Array(32)));
    efault(() => remote.copyIn(at, new Uint8Array(3 * PAGE)));
  }
  assertEquals(mapping.protect(PROT_READ), 0);
  efault(() => remote.copyOut(address, new Uint8Array(8)));
  remote.copyIn(address, new Uint8Array(8));
  mapping.protect(PROT_READ | PROT_WRITE);
  remote.copyOut(address + BigInt(4 * PAGE - 8), new Uint8Array(8));
});

Deno.test("RemoteMemory: ESRCH when the process has ended", async () => {
  const child = new Deno.Command("true").spawn();
  const { pid } = child;
  await child.status;
  const error = assertThrows(() => new RemoteMemory(pid).copyIn(4096n, new Uint8Array(8)), DrmError);
  assertEquals(error.code, "ESRCH");
});

Deno.test("identity, getpid and comm tell this process", () => {
  assertEquals([identity().pid, getpid(), identity().uid], [Deno.pid, Deno.pid, Deno.uid()]);
  assertEquals(comm(Deno.pid), Deno.readTextFileSync("/proc/self/comm").trim());
  assertEquals([comm(0), comm(-1), comm(0x3fff_fff0), comm(NaN)], ["", "", "", ""]);
});

Deno.test("raiseFdLimit never lowers", () => {
  const before = fdLimit();
  const raised = raiseFdLimit();
  assertGreaterOrEqual(raised, before.soft);
  assertEquals(fdLimit().soft, raised);
});
