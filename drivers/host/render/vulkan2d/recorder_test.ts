import { assertEquals } from "@std/assert";
import { type Device, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, VK_IMAGE_LAYOUT_UNDEFINED } from "../../vulkan/mod.ts";
import type { Picture } from "./picture.ts";
import { Recorder } from "./recorder.ts";
import type { StagingRing } from "./staging_ring.ts";

/** A device that writes down what is recorded. */
function fake() {
  const log: string[] = [];
  const queue = {
    lastSubmitted: 0,
    completed: () => 0,
    begin: () => ({ handle: 1n, pool: 2n }),
    submit: () => (log.push("submit"), ++queue.lastSubmitted),
    disposeLater: (item: Disposable) => item[Symbol.dispose](),
    discard: () => log.push("discard"),
  };
  const vk = {
    vkCmdPipelineBarrier2: () => log.push("barrier"),
    vkCmdClearColorImage: (_: bigint, image: bigint) => log.push(`clear ${image}`),
    vkCmdCopyBufferToImage: (_: bigint, buffer: bigint, image: bigint, _layout: number, count: number) =>
      log.push(`copy ${buffer} to ${image}: ${count}`),
    vkCmdCopyImageToBuffer: (_: bigint, image: bigint) => log.push(`read ${image}`),
  };
  const ring = { flush: () => {}, reclaim: () => {}, seal: () => {} };
  const recorder = new Recorder({ queue, vk } as unknown as Device, ring as unknown as StagingRing);
  return { log, recorder };
}

function picture(id: number, layout: number = VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL): Picture {
  return { id, width: 64, height: 64, image: { handle: BigInt(id), layout, aspect: 1 } } as unknown as Picture;
}

Deno.test("Recorder gathers regions that do not overlap into one command without a barrier", () => {
  const { log, recorder } = fake();
  const a = picture(1);
  for (let i = 0; i < 16; i++) recorder.copyIn(a, 9n, i * 64, 0, i % 4 * 16, (i >> 2) * 16, 16, 16);
  assertEquals(recorder.submit(), 1);
  assertEquals(log, ["copy 9 to 1: 16", "submit"]);
});

Deno.test("Recorder puts a barrier before a region that overlaps one since the last barrier, and only then", () => {
  const { log, recorder } = fake();
  const a = picture(1), b = picture(2);
  recorder.copyIn(a, 9n, 0, 0, 0, 0, 16, 16);
  recorder.copyIn(b, 9n, 0, 0, 0, 0, 16, 16); // the same place of another picture
  recorder.copyIn(a, 9n, 0, 0, 16, 0, 16, 16); // touches
  recorder.copyIn(a, 9n, 0, 0, 15, 15, 2, 2); // overlaps by a pixel what another command wrote
  recorder.copyIn(a, 9n, 0, 0, 40, 40, 2, 2);
  recorder.submit();
  assertEquals(log, ["copy 9 to 1: 1", "copy 9 to 2: 1", "copy 9 to 1: 1", "barrier", "copy 9 to 1: 2", "submit"]);
});

Deno.test("Recorder splits a command at another buffer and at 512 regions", () => {
  const { log, recorder } = fake();
  const a = picture(1);
  recorder.copyIn(a, 8n, 0, 0, 0, 0, 1, 1);
  for (let i = 1; i < 600; i++) recorder.copyIn(a, 9n, 0, 0, i % 64, i / 64 | 0, 1, 1);
  recorder.submit();
  assertEquals(log, ["copy 8 to 1: 1", "copy 9 to 1: 511", "barrier", "copy 9 to 1: 88", "submit"]);
});

Deno.test("Recorder zeroes a picture before its first use, but not for a copy that covers it", () => {
  const { log, recorder } = fake();
  const part = picture(1, VK_IMAGE_LAYOUT_UNDEFINED), whole = picture(2, VK_IMAGE_LAYOUT_UNDEFINED);
  const read = picture(3, VK_IMAGE_LAYOUT_UNDEFINED);
  recorder.copyIn(part, 9n, 0, 0, 0, 0, 64, 63);
  recorder.copyIn(whole, 9n, 0, 0, 0, 0, 64, 64);
  recorder.copyOut(read, 7n, 0, 0, 1, 1);
  recorder.submit();
  assertEquals(log, [
    ...["barrier", "clear 1", "barrier"], // layout, zero, order
    ...["barrier", "copy 9 to 1: 1", "copy 9 to 2: 1"],
    ...["barrier", "clear 3", "barrier", "read 3", "barrier"], // the last: for the CPU
    "submit",
  ]);
});

Deno.test("Recorder orders each batch behind the batches before it, and records nothing for an empty one", () => {
  const { log, recorder } = fake();
  const a = picture(1);
  assertEquals(recorder.submit(), 0);
  recorder.copyIn(a, 9n, 0, 0, 0, 0, 1, 1);
  assertEquals(recorder.value, 1);
  assertEquals(recorder.submit(), 1);
  assertEquals(recorder.submit(), 1);
  recorder.copyIn(a, 9n, 0, 0, 0, 0, 1, 1);
  recorder.submit();
  assertEquals(log, ["copy 9 to 1: 1", "submit", "barrier", "copy 9 to 1: 1", "submit"]);
});

Deno.test("Recorder disposes of what recorded commands use only behind their submission", () => {
  const { log, recorder } = fake();
  recorder.copyIn(picture(1), 9n, 0, 0, 0, 0, 1, 1);
  recorder.disposeLater({ [Symbol.dispose]: () => log.push("disposed") });
  recorder.submit();
  recorder.disposeLater({ [Symbol.dispose]: () => log.push("disposed too") });
  assertEquals(log, ["copy 9 to 1: 1", "submit", "disposed", "disposed too"]);
});
