import { assertEquals, assertNotEquals } from "@std/assert";
import { close, CloseWatch, dup, openMemfd, poll, POLLIN, reopen } from "./mod.ts";
import { assertNoFdLeak } from "./testing.ts";

function heard(watch: CloseWatch): number[] {
  const out: number[] = [];
  watch.read((number) => out.push(number), () => out.push(-1));
  return out;
}

Deno.test("CloseWatch hears when the last descriptor of an open file goes, and whose", () => {
  assertNoFdLeak(() => {
    using watch = new CloseWatch();
    const [one, two] = [openMemfd("one", 4096), openMemfd("two", 4096)];
    const [first, second] = [watch.add(one), watch.add(two)];
    assertNotEquals(first, second);
    assertEquals(watch.add(one), first);
    const open = reopen(one, 2), copy = dup(open);
    close(open);
    assertEquals([poll(watch.fd, POLLIN), heard(watch)], [0, []]);
    close(copy);
    assertEquals([poll(watch.fd, POLLIN), heard(watch)], [POLLIN, [first]]);
    close(reopen(two, 0));
    assertEquals(heard(watch), [second]);
    watch.remove(second);
    close(reopen(two, 0));
    assertEquals(heard(watch), []);
    close(one);
    close(two);
  });
});

Deno.test("CloseWatch says when it has missed something", () => {
  using watch = new CloseWatch();
  const memory = openMemfd("many", 4096), other = openMemfd("other", 4096);
  watch.add(memory);
  watch.add(other);
  // Two of a kind in a row are one event.
  const most = Number(Deno.readTextFileSync("/proc/sys/fs/inotify/max_queued_events"));
  for (let i = 0; i < most + 8; i++) close(reopen(i % 2 ? memory : other, 0));
  assertEquals(heard(watch).includes(-1), true);
  close(memory);
  close(other);
});
