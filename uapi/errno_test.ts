import { assertEquals } from "@std/assert";
import { ERRNO, type ErrnoName, errnoName } from "./errno.ts";

Deno.test("ERRNO has the numbers of x86-64", () => {
  assertEquals([ERRNO.EPERM, ERRNO.ENOTTY, ERRNO.ETIME, ERRNO.EBADFD, ERRNO.ERESTARTSYS], [1, 25, 62, 77, 512]);
  assertEquals([ERRNO.EWOULDBLOCK, ERRNO.EDEADLOCK], [ERRNO.EAGAIN, ERRNO.EDEADLK]);
});

Deno.test("errnoName gives each number its name, and no alias", () => {
  for (const [name, number] of Object.entries(ERRNO) as [ErrnoName, number][]) {
    const expected = name === "EWOULDBLOCK" ? "EAGAIN" : name === "EDEADLOCK" ? "EDEADLK" : name;
    assertEquals(errnoName(number), expected);
    assertEquals(errnoName(-number), expected);
  }
});

Deno.test("errnoName knows no other number", () => {
  assertEquals(errnoName(ERRNO.EINVAL), "EINVAL");
  for (const number of [0, 41, 58, 134, 511, 513, NaN, 1.5]) assertEquals(errnoName(number), undefined);
});
