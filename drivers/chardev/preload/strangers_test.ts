import { assert, assertEquals, assertThrows } from "@std/assert";
import { DrmError } from "udrm/core/error.ts";
import { EventFdFile } from "udrm/core/eventfd.ts";
import { MemFdFile } from "udrm/core/memfd.ts";
import {
  addSeals,
  close,
  eventfd,
  eventfdRead,
  F_SEAL_SHRINK,
  F_SEAL_WRITE,
  openMemfd,
  poll,
  socketpair,
} from "udrm/drivers/os/mod.ts";
import { assertNoFdLeak } from "udrm/drivers/os/testing.ts";
import { ERRNO } from "udrm/uapi/errno.ts";
import { Strangers } from "./strangers.ts";

Deno.test("Strangers knows eventfds, which outlive their descriptor, and signals them", () => {
  assertNoFdLeak(() => {
    const strangers = new Strangers(), fd = eventfd(), other = eventfd();
    const file = strangers.examine(fd, 1);
    assert(file instanceof EventFdFile);
    const context = file.takeContext();
    file.put();
    assertEquals(strangers.count, 1);
    context.signal();
    context.signal();
    assertEquals([eventfdRead(fd), eventfdRead(other) < 0], [2, true]);
    close(fd);
    context.signal();
    context.put();
    assertEquals(strangers.count, 0);
    close(other);
    strangers.close();
  });
});

Deno.test("Strangers knows memfds by the kernel's word; pinned ones take no more seals, and are mapped by need", () => {
  assertNoFdLeak(() => {
    const strangers = new Strangers(), fd = openMemfd("mine", 16384, F_SEAL_SHRINK);
    const file = strangers.examine(fd, 1);
    assert(file instanceof MemFdFile);
    assertEquals(file.seals, F_SEAL_SHRINK);
    for (const [offset, length] of [[0, 20480], [16384, 4096], [0, 0], [-4096, 4096]]) {
      assertEquals(assertThrows(() => file.pinRange(offset, length), DrmError).code, "EINVAL");
    }
    const [{ pages, length }] = file.pinRange(4096, 8192);
    assertEquals([pages.fdOffset, pages.size, length], [4096, 8192, 8192]);
    pages.bytes()[3] = 42;
    assertEquals(addSeals(fd, F_SEAL_WRITE), -ERRNO.EPERM);
    file.put();
    assertEquals([strangers.count, pages.bytes()[3]], [1, 42]);
    file.unpin();
    assertEquals(strangers.count, 0);
    close(fd);
    strangers.close();
  });
});

Deno.test("Strangers keeps nothing of other files, and not too much of one process", () => {
  assertNoFdLeak(() => {
    const strangers = new Strangers(), pair = socketpair(), fd = eventfd();
    assertEquals([strangers.examine(pair[0], 1).kind, strangers.count], ["foreign", 0]);
    const kept = [];
    for (let i = 0; i < 4096; i++) kept.push(strangers.keep(fd, 7));
    assertEquals(assertThrows(() => strangers.keep(fd, 7), DrmError).code, "ENOMEM");
    const other = strangers.keep(fd, 8);
    assertEquals([strangers.count, poll(other, 0)], [4097, 0]);
    strangers.drop(other, 8);
    for (const copy of kept) strangers.drop(copy, 7);
    assertEquals(strangers.count, 0);
    for (const end of [...pair, fd]) close(end);
    strangers.close();
  });
});
