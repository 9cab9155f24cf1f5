import { assertEquals } from "@std/assert";
import * as uapi from "../uapi/mod.ts";
import { DEBUGFS } from "./debugfs.ts";
import { Fence } from "./fence.ts";
import { ResvUsage } from "./resv.ts";
import { errno, testDriver, type TestSystem, testSystem } from "./testing.ts";

function textOf(t: TestSystem, path: string): string {
  using file = t.task.open(`${DEBUGFS}/${path}`, uapi.O_RDONLY);
  const parts: string[] = [];
  const bytes = new Uint8Array(1 << 16), decoder = new TextDecoder();
  for (let n = file.read(bytes); n > 0; n = file.read(bytes)) parts.push(decoder.decode(bytes.slice(0, n)));
  return parts.join("");
}

const HEADER = "\nDma-buf Objects:\nsize    \tflags   \tmode    \tcount   \texp_name\tino     \tname\n";

Deno.test("bufinfo: each buffer with its flags, references, fences and importers, and the sum", () => {
  using t = testSystem({ drivers: [testDriver(), testDriver({ name: "other" })] });
  assertEquals(textOf(t, "dma_buf/bufinfo"), `${HEADER}\nTotal 0 objects, 0 bytes\n`);
  const handle = t.dumb(t.card, 3);
  const fd = t.exportFd(handle), plain = t.exportFd(t.dumb(), 0);
  const name = t.task.alloc(32);
  name.bytes.set(new TextEncoder().encode("cursor"));
  t.task.file(fd).ioctl(uapi.DMA_BUF_SET_NAME_B, name.address);
  using other = t.task.open("/dev/dri/card1");
  t.importFd(fd, other);
  const { resv } = t.object(handle);
  const fence = new Fence({ clock: t.clock, context: 9, seqno: 4, driverName: "test", timelineName: "ring" });
  resv.reserve(3);
  resv.add(fence, ResvUsage.WRITE);
  resv.add(new Fence({ clock: t.clock, context: 8, seqno: 1, driverName: "a", timelineName: "b" }), ResvUsage.BOOKKEEP);
  fence.signal();
  // The fd, the object's own hold and its PRIME table's; and the importer's three: its object's two, and its table's.
  const first = t.task.file(fd).file.references, second = t.task.file(plain).file.references;
  assertEquals([first, second], [6, 3]);
  assertEquals(
    textOf(t, "dma_buf/bufinfo"),
    `${HEADER}00012288\t00000002\t00080007\t00000006\tdrm\t00000001\tcursor\n` +
      "\twrite fence:test ring seq 4 signalled\n\tAttached Devices:\n\tother\nTotal 1 devices attached\n\n" +
      "00004096\t00000000\t00080005\t00000003\tdrm\t00000002\t<none>\n" +
      "\tAttached Devices:\nTotal 0 devices attached\n\n" +
      "\nTotal 2 objects, 16384 bytes\n",
  );
});

Deno.test("bufinfo: importers and buffers leave when they go; a udmabuf is listed too", () => {
  using t = testSystem({ drivers: [testDriver(), testDriver({ name: "other" })] });
  const handle = t.dumb();
  const fd = t.exportFd(handle);
  using other = t.task.open("/dev/dri/card1"), again = t.task.open("/dev/dri/card1");
  const imports = [other, again].map((file) => t.importFd(fd, file));
  assertEquals(textOf(t, "dma_buf/bufinfo").includes("\tother\n\tother\nTotal 2 devices"), true);
  t.closeGem(imports[0], other);
  assertEquals(textOf(t, "dma_buf/bufinfo").includes("\tother\nTotal 1 devices"), true);
  t.closeGem(imports[1], again);
  assertEquals(textOf(t, "dma_buf/bufinfo").includes("Total 0 devices"), true);
  t.task.close(fd);
  t.closeGem(handle);
  assertEquals(textOf(t, "dma_buf/bufinfo"), `${HEADER}\nTotal 0 objects, 0 bytes\n`);

  using memfd = t.task.memfdCreate("memory");
  memfd.ftruncate(8192);
  memfd.addSeals(uapi.F_SEAL_SHRINK);
  using device = t.task.open("/dev/udmabuf");
  const buffer = device.ioctl(uapi.UDMABUF_CREATE, uapi.udmabuf_create.of({ memfd: memfd.fd, size: 4096 }));
  assertEquals(textOf(t, "dma_buf/bufinfo").includes("\t00000001\tudmabuf\t00000002\t<none>\n"), true);
  t.task.close(buffer);
  assertEquals(textOf(t, "dma_buf/bufinfo").includes("Total 0 objects"), true);
});

Deno.test("E9 sync/info: timelines with what is pending, in the order of values; sync/sw_sync makes them", () => {
  using t = testSystem({ process: { comm: "sw_sync_test" } });
  const empty = "objs:\n--------------\nfences:\n--------------\n";
  assertEquals(textOf(t, "sync/info"), empty);
  using timeline = t.task.open(`${DEBUGFS}/sync/sw_sync`);
  const fence = (value: number): number => {
    const arg = uapi.sw_sync_create_fence_data.of({ value });
    timeline.ioctl(uapi.SW_SYNC_IOC_CREATE_FENCE, arg);
    return arg.fence;
  };
  const last = fence(7);
  fence(3), fence(1);
  const by = t.task.alloc(4);
  by.bytes[0] = 1;
  timeline.ioctl(uapi.SW_SYNC_IOC_INC, by.address);
  assertEquals(
    textOf(t, "sync/info"),
    "objs:\n--------------\nsw_sync_test: 1\n  fence active: 3 / 1\n  fence active: 7 / 1\n\n" +
      "fences:\n--------------\n",
  );
  t.task.close(last);
  assertEquals(textOf(t, "sync/info").includes("7 / 1"), false);
  timeline.close();
  assertEquals(textOf(t, "sync/info"), empty);
});

Deno.test("sync/info: what is too long to tell is ENOMEM, and nothing is harmed", () => {
  using t = testSystem({ process: { comm: "many" } });
  using timeline = t.task.open("/dev/sw_sync");
  const { file } = timeline;
  const arg = uapi.sw_sync_create_fence_data.of({ value: 1 });
  timeline.ioctl(uapi.SW_SYNC_IOC_CREATE_FENCE, arg);
  const [known] = [...t.system.swTimelines];
  for (let value = 2; value < 700_000; value++) known.fence(value);
  assertEquals(errno(() => textOf(t, "sync/info")), "ENOMEM");
  timeline.close();
  assertEquals([file.references, t.system.swTimelines.size], [0, 0]);
});
