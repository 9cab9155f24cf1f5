import { assert, assertEquals, assertThrows } from "@std/assert";
import { DrmError } from "udrm/core/error.ts";
import { File } from "udrm/core/file.ts";
import { close, fstat, identity, openMemfd, pidfdOpen } from "udrm/drivers/os/mod.ts";
import { assertNoFdLeak } from "udrm/drivers/os/testing.ts";
import { RemoteFds } from "./remote_fds.ts";
import { Strangers } from "./strangers.ts";

class Thing extends File {
  readonly kind = "thing";
  released = false;
  protected override release(): void {
    this.released = true;
  }
}

Deno.test("RemoteFds gives out the numbers that came, and says how many a request needs", () => {
  const fds = new RemoteFds(-1, 1, () => undefined, new Strangers());
  fds.begin([7, 9]);
  assertEquals([fds.reserve(), fds.reserve(), fds.wanted], [7, 9, 0]);
  assertEquals(assertThrows(() => fds.reserve(), DrmError).code, "EMFILE");
  assertEquals(fds.wanted, 3);
  fds.begin([7, 9]);
  fds.unreserve(fds.reserve());
  assertEquals([fds.reserve(), fds.reserve(), fds.wanted], [9, 7, 0]);
});

Deno.test("RemoteFds takes back what was installed, one or all", () => {
  const fds = new RemoteFds(-1, 1, () => undefined, new Strangers());
  const [a, b] = [new Thing(), new Thing()];
  fds.begin([3, 4]);
  fds.install(3, a, true);
  fds.install(4, b, false);
  fds.close(3);
  assertEquals([a.released, b.released, fds.installs.length], [true, false, 1]);
  assertEquals(assertThrows(() => fds.close(3), DrmError).code, "EBADF");
  fds.takeBack();
  assertEquals([b.released, fds.installs.length], [true, 0]);
});

Deno.test("RemoteFds fetches a descriptor of the process and keeps nothing of it", () => {
  assertNoFdLeak(() => {
    const pidfd = pidfdOpen(identity().pid), memory = openMemfd("mine", 4096);
    const mine = new Thing(), { ino } = fstat(memory);
    const fds = new RemoteFds(pidfd, identity().pid, (fd) => fstat(fd).ino === ino ? mine : undefined, new Strangers());
    assert(fds.get(memory) === mine);
    assertEquals(fds.get(0)?.kind, "foreign");
    assertEquals([fds.get(9999), fds.get(-1)], [undefined, undefined]);
    close(pidfd);
    close(memory);
  });
});
