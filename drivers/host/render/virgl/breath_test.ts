/** When a recorder submits by itself. */
import { assertEquals } from "@std/assert";
import { VIRGL_FORMAT_B8G8R8A8_UNORM as BGRA } from "../../../../uapi/virgl_format.ts";
import {
  VIRGL_CCMD_CLEAR,
  VIRGL_CCMD_DRAW_VBO,
  VIRGL_CCMD_SET_VERTEX_BUFFERS,
  VIRGL_CMD0,
} from "../../../../uapi/virgl_protocol.ts";
import { Breath } from "./breath.ts";
import { floatBits, withClient } from "./copies_testing.ts";

/** What it answers for each of some draws, the GPU being idle at some of them. @returns the draws it submits before */
function submissions(breath: Breath, draws: number, idle: (draw: number) => boolean): number[] {
  const at: number[] = [];
  let work = 0, submission = 8;
  for (let draw = 0; draw < draws; draw++) {
    const due = breath.due({ work, submission, taken: 0, completed: () => submission - (idle(draw) ? 1 : 2) });
    if (due) {
      at.push(draw);
      submission++;
      work = 0;
    }
    work++;
  }
  return at;
}

Deno.test("Breath: a CPU that is idle begins with the first of many draws", () => {
  assertEquals(submissions(new Breath(true), 300, () => true), [96, 192, 288]);
});

Deno.test("Breath: a CPU that is busy is left alone until it is idle, and looked at seldom", () => {
  let looks = 0;
  const idle = (draw: number) => (looks++, draw > 200);
  assertEquals(submissions(new Breath(true), 400, idle), [288, 384]);
  assertEquals(looks, 4);
});

Deno.test("Breath: other GPUs get all at once, but not without limit", () => {
  assertEquals(submissions(new Breath(false), 4096, () => true), []);
  assertEquals(submissions(new Breath(false), 4098, () => false), [4096]);
});

Deno.test("Breath: bytes that wait are submitted, busy or not", () => {
  const state = { work: 1, submission: 8, completed: () => 6 };
  assertEquals(new Breath(false).due({ ...state, taken: (32 << 20) - 1 }), false);
  assertEquals(new Breath(false).due({ ...state, taken: 32 << 20 }), true);
});

Deno.test("a batch of many draws is submitted in parts where the GPU is the CPU, and draws the same", async () => {
  await withClient((client) => {
    const { recorder, gpu } = client.virgl, count = 256;
    const picture = client.make({ width: count, height: 2, format: BGRA });
    client.render([[picture, BGRA]]);
    client.prepareDraws(count, 2);
    // A triangle for each pixel of row 0.
    const x = (pixel: number) => pixel / count * 2 - 1, corners: number[] = [];
    for (let i = 0; i < count; i++) corners.push(x(i), -1, 0, 1, x(i + 2), -1, 0, 1, x(i), 1, 0, 1);
    const vertices = client.makeBuffer(count * 48);
    client.write(vertices, new Uint8Array(Float32Array.from(corners).buffer));
    client.run(VIRGL_CCMD_SET_VERTEX_BUFFERS, 16, 0, vertices);
    client.finish();
    const before = recorder.submission;
    const words = [VIRGL_CMD0(VIRGL_CCMD_CLEAR, 0, 8), 4, floatBits(1), 0, 0, floatBits(1), 0, 0, 0];
    for (let i = 0; i < count; i++) {
      words.push(VIRGL_CMD0(VIRGL_CCMD_DRAW_VBO, 0, 12), i * 3, 3, 4, 0, 1, 0, 0, 0, 0, 0, i * 3 + 2, 0);
    }
    client.submit(words);
    assertEquals(recorder.submission > before, gpu.device.physical.type === "cpu");
    // White over red, and row 1 is as it was cleared.
    const pixels = new Uint32Array(client.read(picture).buffer);
    assertEquals([...pixels].map((pixel, i) => pixel === (i < count ? 0xffff_ffff : 0xffff_0000)).indexOf(false), -1);
  });
});
