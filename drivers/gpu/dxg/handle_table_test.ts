import { assertEquals, assertNotEquals } from "@std/assert";
import { Quota } from "../../../core/id_table.ts";
import { errno } from "../../../core/testing.ts";
import { AssignedHandles, LocalHandles } from "./handle_table.ts";

Deno.test("LocalHandles: the first is 0x40000000, the next 0x40000040", () => {
  const handles = new LocalHandles<string>(10);
  assertEquals([handles.add("a"), handles.add("b")], [0x40000000, 0x40000040]);
  assertEquals([handles.get(0x40000000), handles.get(0x40000040), handles.get(0)], ["a", "b", undefined]);
});

Deno.test("LocalHandles: unique and instance both tell a stale handle from a new one", () => {
  const handles = new LocalHandles<string>(10);
  const seen = new Set<number>();
  for (let i = 0; i < 192; i++) {
    const handle = handles.add("x");
    assertEquals(seen.has(handle), false);
    for (const stale of seen) assertEquals(handles.get(stale), undefined);
    seen.add(handle);
    assertEquals([handles.remove(handle), handles.remove(handle)], ["x", undefined]);
  }
  assertNotEquals(seen.size, 3);
});

Deno.test("AssignedHandles: the host's values; none twice, none 0; within the quota", () => {
  const quota = new Quota(2);
  const handles = new AssignedHandles<string>(quota);
  handles.assign(0x40000000, "a");
  assertEquals(errno(() => handles.assign(0x40000000, "b")), "EINVAL");
  assertEquals(errno(() => handles.assign(0, "b")), "EINVAL");
  handles.assign(0xffffffff, "b");
  assertEquals(errno(() => handles.assign(5, "c")), "ENOMEM");
  handles.remove(0x40000000, "b"); // another object's
  assertEquals([handles.count, quota.used], [2, 2]);
  handles.remove(0x40000000, "a");
  assertEquals([handles.get(0x40000000), handles.count, quota.used], [undefined, 1, 1]);
});
