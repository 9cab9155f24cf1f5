// Protocol version 3 of vtest with the renderer itself: no client of Debian's speaks it, so that ours does.
import "udrm/drivers/os/testing.ts";
import { assertEquals } from "@std/assert";
import { Graveyard } from "udrm/drivers/bus/vtest/graveyard.ts";
import { VTEST_LIMITS } from "udrm/drivers/bus/vtest/limits.ts";
import { Session } from "udrm/drivers/bus/vtest/session.ts";
import { texture, VtestClient } from "udrm/drivers/bus/vtest/testing.ts";
import { virgl } from "udrm/drivers/host/render/virgl/mod.ts";
import { close, Mapping, poll, POLLIN, streamPair } from "udrm/drivers/os/mod.ts";
import * as uapi from "udrm/uapi/mod.ts";

const SIZE = 64, BYTES = SIZE * SIZE * 4;

Deno.test("version 3: each frame reaches a blob of the client's, and a timeline says when", () => {
  using renderer = virgl();
  using graveyard = new Graveyard(renderer);
  const [here, there] = streamPair();
  using session = new Session(here, renderer, graveyard, VTEST_LIMITS);
  using client = new VtestClient(there, () => session.run());
  assertEquals(client.handshake("v3", 3), 3);
  assertEquals(client.getCapset(uapi.VIRTIO_GPU_CAPSET_VIRGL2, 2)?.length, renderer.capset(2, 2).length);
  client.contextInit(uapi.VIRTIO_GPU_CAPSET_VIRGL2);
  const format = uapi.VIRGL_FORMAT_B8G8R8A8_UNORM;
  const [picture] = client.create2(0, texture(SIZE, SIZE, format, { bind: uapi.VIRGL_BIND_RENDER_TARGET }), 0, 3);
  const [blob, fd] = client.createBlob(uapi.VCMD_BLOB_TYPE_GUEST, uapi.VCMD_BLOB_FLAG_MAPPABLE, BYTES);
  using mapping = Mapping.map(fd, BYTES);
  close(fd);
  const pixels = new Uint8Array(mapping.buffer);
  const timeline = client.syncCreate(0n);
  const begin = [
    ...[uapi.VIRGL_CMD0(uapi.VIRGL_CCMD_CREATE_OBJECT, uapi.VIRGL_OBJECT_SURFACE, 5), 1, picture, format, 0, 0],
    ...[uapi.VIRGL_CMD0(uapi.VIRGL_CCMD_SET_FRAMEBUFFER_STATE, 0, 3), 1, 0, 1],
  ];
  for (const [frame, red] of [255, 0, 51, 102].entries()) {
    const colour = new Uint32Array(Float32Array.of(red / 255, 0.2, 0.4, 1).buffer);
    const commands = [
      ...frame === 0 ? begin : [],
      ...[uapi.VIRGL_CMD0(uapi.VIRGL_CCMD_CLEAR, 0, 8), uapi.PIPE_CLEAR_COLOR0, ...colour, 0, 0, 0],
      // Resource, level, usage, strides, box; the staging resource, where in it, and the way.
      ...[uapi.VIRGL_CMD0(uapi.VIRGL_CCMD_COPY_TRANSFER3D, 0, 14), picture, 0, 0, SIZE * 4, 0],
      ...[0, 0, 0, SIZE, SIZE, 1, blob, 0, uapi.VIRGL_COPY_TRANSFER3D_FLAGS_READ_FROM_HOST],
    ];
    const value = BigInt(frame + 1);
    client.submit2([{ commands, syncs: [[timeline, value]], ring: 0 }]);
    const done = client.syncWait(false, 10_000, [[timeline, value]]);
    for (let tries = 0; poll(done, POLLIN, 1) === 0; tries++) {
      if (tries > 10_000) throw new Error("Cannot wait any longer: the timeline does not move");
      session.run();
    }
    close(done);
    assertEquals(client.syncRead(timeline), value);
    assertEquals(new Set(new Uint32Array(pixels.buffer)), new Set([(0xff << 24 | red << 16 | 0x3366) >>> 0]));
  }
  assertEquals([session.end, session.failed], [undefined, false]);
});
