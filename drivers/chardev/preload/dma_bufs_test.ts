import { assert, assertEquals, assertThrows } from "@std/assert";
import { VirtualClock } from "udrm/core/clock.ts";
import { DmaBuf } from "udrm/core/dma_buf.ts";
import { DrmError } from "udrm/core/error.ts";
import { heapAllocator } from "udrm/core/memory.ts";
import { Resv } from "udrm/core/resv.ts";
import { addSeals, close, F_SEAL_WRITE, fcntl, ftruncate, memfdAllocator, openMemfd } from "udrm/drivers/os/mod.ts";
import { assertNoFdLeak } from "udrm/drivers/os/testing.ts";
import { ERRNO } from "udrm/uapi/errno.ts";
import { DmaBufs } from "./dma_bufs.ts";

const F_GETFL = 3;

function buffer(
  flags: number,
  pages = memfdAllocator().allocate(8192, "test"),
): { buffer: DmaBuf; gone: () => boolean } {
  let gone = false;
  const release = (): void => {
    gone = true;
    pages[Symbol.dispose]();
  };
  return {
    buffer: new DmaBuf({ exporterName: "test", size: 8192, flags, pages, resv: new Resv(), release }),
    gone: () => gone,
  };
}

Deno.test("DmaBufs keeps a buffer until its last descriptor is closed, however many there are", () => {
  assertNoFdLeak(() => {
    const clock = new VirtualClock();
    const bufs = new DmaBufs(clock);
    const { buffer: shared, gone } = buffer(2);
    const [one, two] = [bufs.lend(shared.ref()), bufs.lend(shared)];
    assert(bufs.find(one) === shared && bufs.find(two) === shared);
    bufs.hear();
    close(one);
    bufs.hear();
    assertEquals([gone(), bufs.count], [false, 1]);
    close(two);
    bufs.hear();
    assertEquals([gone(), bufs.count, clock.next], [true, 0, Infinity]);
    bufs.close();
  });
});

Deno.test("DmaBufs looks again at a buffer of which a file was closed while it was held: the kernel tells before it unlocks", () => {
  assertNoFdLeak(() => {
    const clock = new VirtualClock();
    const bufs = new DmaBufs(clock);
    const { buffer: shared, gone } = buffer(2);
    const [one, two] = [bufs.lend(shared.ref()), bufs.lend(shared)];
    close(one);
    bufs.hear();
    assertEquals(gone(), false);
    // Nobody is told of the second one, as if its lock had outlived the news.
    close(two);
    clock.advance(1e9);
    assertEquals([gone(), bufs.count, clock.next], [true, 0, Infinity]);
    bufs.close();
  });
});

Deno.test("DmaBufs gives memory that cannot shrink or be sealed, in the buffer's access mode", () => {
  assertNoFdLeak(() => {
    const bufs = new DmaBufs(new VirtualClock());
    for (const flags of [0, 2]) {
      const fd = bufs.lend(buffer(flags).buffer);
      assertEquals(fcntl(fd, F_GETFL) & 3, flags);
      assert(ftruncate(fd, 0) < 0);
      assertEquals(addSeals(fd, F_SEAL_WRITE), -ERRNO.EPERM);
      close(fd);
    }
    bufs.close();
  });
});

Deno.test("DmaBufs refuses memory without a descriptor, and finds nothing for strangers' files", () => {
  assertNoFdLeak(() => {
    const bufs = new DmaBufs(new VirtualClock());
    const { buffer: shared, gone } = buffer(2, heapAllocator().allocate(8192, "heap"));
    assertEquals(assertThrows(() => bufs.lend(shared), DrmError).code, "ENOMEM");
    assertEquals([gone(), bufs.count], [true, 0]);
    const stranger = openMemfd("stranger", 4096);
    assertEquals(bufs.find(stranger), undefined);
    close(stranger);
    bufs.close();
  });
});
