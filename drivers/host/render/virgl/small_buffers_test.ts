import { assertEquals, assertNotEquals } from "@std/assert";
import type { Resource3dInfo } from "../../../../core/host3d.ts";
import { PIPE_BUFFER } from "../../../../uapi/pipe.ts";
import { VIRGL_FORMAT_R8_UNORM } from "../../../../uapi/virgl_format.ts";
import { VIRGL_BIND_VERTEX_BUFFER } from "../../../../uapi/virgl_hw.ts";
import { withVirgl } from "./testing.ts";

const info = (width: number): Resource3dInfo => ({
  ...{ target: PIPE_BUFFER, format: VIRGL_FORMAT_R8_UNORM, bind: VIRGL_BIND_VERTEX_BUFFER, width, height: 1, depth: 1 },
  ...{ arraySize: 1, lastLevel: 0, nrSamples: 0, flags: 0 },
});
const box = (width: number) => ({
  ...{ level: 0, stride: 0, layerStride: 0, x: 0, y: 0, z: 0, width, height: 1, depth: 1, offset: 0 },
});

Deno.test("a small buffer that was given up serves the next resource of its size, which is zero", async () => {
  await withVirgl((virgl) => {
    const first = virgl.createResource3d(info(64)), handle = first.buffer?.handle;
    virgl.writeResource(first, box(64), new Uint8Array(64).fill(7));
    virgl.destroyResource(first);
    virgl.completed();
    const other = virgl.createResource3d(info(80));
    assertNotEquals(other.buffer?.handle, handle);
    const second = virgl.createResource3d(info(64)), seen = new Uint8Array(64).fill(1);
    assertEquals(second.buffer?.handle, handle);
    virgl.readResource(second, box(64), seen);
    assertEquals(seen, new Uint8Array(64));
    const third = virgl.createResource3d(info(64));
    assertNotEquals(third.buffer?.handle, handle);
  });
});

Deno.test("large buffers are not kept, and of small ones no more than some", async () => {
  // The validation layers never give a handle twice.
  await withVirgl((virgl) => {
    const made = (width: number, count: number): Set<bigint | undefined> => {
      const resources = Array.from({ length: count }, () => virgl.createResource3d(info(width)));
      for (const resource of resources) virgl.destroyResource(resource);
      virgl.completed();
      return new Set(resources.map(({ buffer }) => buffer?.handle));
    };
    assertEquals(made(65536, 2).intersection(made(65536, 2)).size, 0);
    assertEquals(made(1024, 100).intersection(made(1024, 100)).size, 64);
  });
});
