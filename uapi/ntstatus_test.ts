import { assertEquals } from "@std/assert";
import { ERRNO } from "./errno.ts";
import * as nt from "./ntstatus.ts";

Deno.test("NT_SUCCESS: zero and positive statuses, signed or not", () => {
  for (const s of [nt.STATUS_SUCCESS, nt.STATUS_TIMEOUT, nt.STATUS_PENDING]) assertEquals(nt.NT_SUCCESS(s), true);
  for (const s of [nt.STATUS_UNSUCCESSFUL, 0xc000000d, 0x80000000]) assertEquals(nt.NT_SUCCESS(s), false);
});

Deno.test("ntstatusToReturn keeps success and turns failures into errnos", () => {
  assertEquals([0, 0x102, 0x103].map(nt.ntstatusToReturn), [0, 0x102, 0x103]);
  const rows: [number, number][] = [
    [0xc0000035, ERRNO.EEXIST],
    [0xc0000017, ERRNO.ENOMEM],
    [0xc000000d, ERRNO.EINVAL],
    [0xc0000033, ERRNO.ENOENT],
    [0xc0000034, ERRNO.ENOENT],
    [0xc0000023, ERRNO.EOVERFLOW],
    [0xc00002b6, ERRNO.ENODEV],
    [0xc0000022, ERRNO.EACCES],
    [0xc00000bb, ERRNO.EPERM],
    [0xc0000002, ERRNO.EPERM],
    [0xc000001d, ERRNO.EOPNOTSUPP],
    [0xc0000008, ERRNO.EBADF],
    [0xc01e0102, ERRNO.EINPROGRESS],
    [0xc0000024, ERRNO.EPROTOTYPE],
    [0xc0000001, ERRNO.EINVAL],
    [0xdeadbeef, ERRNO.EINVAL],
  ];
  for (const [status, errno] of rows) {
    assertEquals(nt.ntstatusToReturn(status), -errno, status.toString(16));
    assertEquals(nt.ntstatusToReturn(status | 0), -errno, status.toString(16));
  }
});

Deno.test("returnToNtstatus inverts what has one meaning, and gives STATUS_UNSUCCESSFUL for the rest", () => {
  for (const s of [0, nt.STATUS_PENDING, nt.STATUS_INVALID_HANDLE, nt.STATUS_OBJECT_TYPE_MISMATCH]) {
    assertEquals(nt.returnToNtstatus(nt.ntstatusToReturn(s)), s);
  }
  assertEquals(nt.returnToNtstatus(-ERRNO.ENOSYS), nt.STATUS_NOT_SUPPORTED);
  assertEquals(nt.returnToNtstatus(-ERRNO.EIO), nt.STATUS_UNSUCCESSFUL);
});
