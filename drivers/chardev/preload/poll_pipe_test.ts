import { assertEquals } from "@std/assert";
import { VirtualClock } from "udrm/core/clock.ts";
import { DmaBuf } from "udrm/core/dma_buf.ts";
import { Fence, FenceContexts } from "udrm/core/fence.ts";
import { heapAllocator } from "udrm/core/memory.ts";
import { Resv, ResvUsage } from "udrm/core/resv.ts";
import { close, poll } from "udrm/drivers/os/mod.ts";
import { assertNoFdLeak } from "udrm/drivers/os/testing.ts";
import { POLLERR, POLLHUP, POLLIN, POLLOUT } from "udrm/uapi/fcntl.ts";
import { PollPipe } from "./poll_pipe.ts";

const clock = new VirtualClock();
const contexts = new FenceContexts();

function shared(): { buffer: DmaBuf; resv: Resv; gone: () => boolean } {
  let gone = false;
  const resv = new Resv();
  const pages = heapAllocator().allocate(4096, "test");
  const buffer = new DmaBuf({
    exporterName: "test",
    size: 4096,
    flags: 2,
    pages,
    resv,
    release: () => {
      gone = true;
    },
  });
  return { buffer, resv, gone: () => gone };
}

function pending(resv: Resv, usage: ResvUsage): Fence {
  const fence = new Fence({ clock, context: contexts.allocate(), seqno: 1, driverName: "test", timelineName: "t" });
  resv.reserve();
  resv.add(fence, usage);
  return fence;
}

Deno.test("C11 a PollPipe shows its direction as it is, and as it becomes, more than once", () => {
  assertNoFdLeak(() => {
    const { buffer, resv } = shared();
    const first = pending(resv, ResvUsage.WRITE);
    const input = PollPipe.make(buffer, POLLIN, 1), output = PollPipe.make(buffer, POLLOUT, 1);
    const state = (): boolean[] => [poll(input.fd, POLLIN) === POLLIN, poll(output.fd, POLLOUT) === POLLOUT];
    assertEquals(state(), [false, false]);
    first.signal();
    assertEquals(state(), [true, true]);
    const reader = pending(resv, ResvUsage.READ);
    assertEquals(state(), [true, false]);
    const writer = pending(resv, ResvUsage.WRITE);
    assertEquals(state(), [false, false]);
    reader.signal();
    assertEquals(state(), [false, false]);
    writer.signal();
    assertEquals(state(), [true, true]);
    // What nobody waits for implicitly changes nothing.
    pending(resv, ResvUsage.BOOKKEEP);
    assertEquals(state(), [true, true]);
    for (const { pipe, fd } of [input, output]) {
      pipe.close();
      close(fd);
    }
  });
});

Deno.test("a PollPipe keeps its buffer until it is closed, and its end tells that the client's is", () => {
  assertNoFdLeak(() => {
    const { buffer, resv, gone } = shared();
    const pairs = [PollPipe.make(buffer, POLLIN, 1), PollPipe.make(buffer, POLLOUT, 1)];
    buffer.put();
    assertEquals(gone(), false);
    const ends: number[] = [];
    for (const { pipe, fd } of pairs) {
      assertEquals(poll(pipe.socket, 0), 0);
      close(fd);
      ends.push(poll(pipe.socket, 0));
    }
    assertEquals(ends, [POLLERR, POLLHUP]);
    for (const { pipe } of pairs) pipe.close();
    assertEquals(gone(), true);
    pending(resv, ResvUsage.WRITE).signal(); // nobody is told
  });
});
