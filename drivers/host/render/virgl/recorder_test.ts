/** When the recorder puts barriers, and which uploads go before the render pass that is open. */
import "udrm/drivers/os/testing.ts";
import { assertEquals } from "@std/assert";
import type { Resource3dInfo } from "udrm/core/host3d.ts";
import { PIPE_TEXTURE_2D } from "udrm/uapi/pipe.ts";
import { VIRGL_FORMAT_B8G8R8A8_UNORM } from "udrm/uapi/virgl_format.ts";
import { noise, withVirgl } from "./testing.ts";
import { COLOR, COPY_READ, COPY_WRITE, SHADER_READ, SHADER_WRITE, VERTEX_INPUT } from "./usage.ts";

const plain: Resource3dInfo = {
  target: PIPE_TEXTURE_2D,
  format: VIRGL_FORMAT_B8G8R8A8_UNORM,
  bind: 0,
  width: 16,
  height: 16,
  depth: 1,
  arraySize: 1,
  lastLevel: 0,
  nrSamples: 0,
  flags: 0,
};
const box = { level: 0, stride: 0, layerStride: 0, x: 0, y: 0, z: 0, width: 16, height: 16, depth: 1, offset: 0 };

Deno.test("use says when a barrier is due, and only then", async () => {
  await withVirgl((virgl) => {
    const { recorder } = virgl;
    const one = virgl.createResource3d(plain), two = virgl.createResource3d(plain);
    const rules: readonly (readonly [first: number, second: number, due: boolean])[] = [
      [SHADER_READ, SHADER_READ, false],
      [SHADER_READ, COPY_READ, false],
      [SHADER_READ, COLOR, true],
      [COLOR, SHADER_READ, true],
      [COLOR, COLOR, true],
      [COPY_WRITE, COPY_WRITE, true],
      [COPY_WRITE, SHADER_READ, true],
      [SHADER_WRITE, SHADER_READ, false],
      [SHADER_WRITE, SHADER_WRITE, false],
      [SHADER_READ, SHADER_WRITE, false],
      [SHADER_WRITE, COPY_READ, true],
      [SHADER_WRITE, VERTEX_INPUT, true],
      [VERTEX_INPUT, SHADER_WRITE, true],
    ];
    for (const [first, second, due] of rules) {
      recorder.barrier();
      assertEquals(recorder.use(one, first), false);
      assertEquals(recorder.use(two, second), false);
      assertEquals(recorder.use(one, second), due, `${first} then ${second}`);
      if (!due) continue;
      recorder.barrier();
      assertEquals(recorder.use(one, second), false);
    }
    const open = { ended: 0, end: () => (open.ended++, recorder.pass = undefined) };
    recorder.pass = open;
    const before = recorder.submission;
    recorder.barrier();
    assertEquals(open.ended, 1);
    recorder.submit();
    assertEquals(recorder.submission, before + 1);
    assertEquals(recorder.use(one, COLOR), false);
  });
});

Deno.test("an upload to what the batch has not used does not end its render pass, one to what it has used does", async () => {
  await withVirgl((virgl) => {
    const { recorder } = virgl;
    const used = virgl.createResource3d(plain), other = virgl.createResource3d(plain);
    recorder.useNow(used, COPY_READ);
    let ended = 0;
    recorder.pass = { end: () => (ended++, recorder.pass = undefined) };
    virgl.writeResource(other, box, noise(1024, 1));
    virgl.writeResource(other, { ...box, height: 8 }, noise(1024, 2));
    assertEquals(ended, 0);
    virgl.writeResource(used, box, noise(1024, 3));
    assertEquals(ended, 1);
    const read = new Uint8Array(1024);
    virgl.readResource(other, box, read);
    assertEquals(read, new Uint8Array([...noise(1024, 2).subarray(0, 512), ...noise(1024, 1).subarray(512)]));
  });
});
