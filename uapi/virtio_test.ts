import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { command, commandTable } from "./command.ts";
import * as gpu from "./virtio_gpu.ts";
import { vring_need_event, vring_size, vringLayout } from "./virtio_ring.ts";

const numbers = (prefix: string): [string, number][] =>
  (Object.entries(gpu) as [string, unknown][]).filter((entry): entry is [string, number] =>
    typeof entry[1] === "number" && entry[0].startsWith(prefix)
  );

Deno.test("VIRTIO_GPU_COMMANDS has every command under its number and name", () => {
  const commands = numbers("VIRTIO_GPU_CMD_");
  assertEquals(commands.length, 26);
  assertEquals(
    [...gpu.VIRTIO_GPU_COMMANDS.values()].map(({ name, type }): [string, number] => [name, type]).toSorted(),
    commands.toSorted(),
  );
});

Deno.test("requests and responses of virtio-gpu begin with the header", () => {
  for (const { name, request, response } of gpu.VIRTIO_GPU_COMMANDS.values()) {
    for (const type of [request, response]) {
      const isBare = type.name === gpu.virtio_gpu_ctrl_hdr.name;
      assertEquals(isBare ? type.size : type.fields[0].size, gpu.virtio_gpu_ctrl_hdr.size, name);
      assertEquals(type.fields[0].name, isBare ? "type" : "hdr", name);
    }
  }
});

Deno.test("a command is answered by a response of its own kind", () => {
  const responses = new Map([
    [gpu.VIRTIO_GPU_RESP_OK_NODATA, gpu.virtio_gpu_ctrl_hdr.name],
    [gpu.VIRTIO_GPU_RESP_OK_DISPLAY_INFO, "virtio_gpu_resp_display_info"],
    [gpu.VIRTIO_GPU_RESP_OK_CAPSET_INFO, "virtio_gpu_resp_capset_info"],
    [gpu.VIRTIO_GPU_RESP_OK_CAPSET, "virtio_gpu_resp_capset"],
    [gpu.VIRTIO_GPU_RESP_OK_EDID, "virtio_gpu_resp_edid"],
    [gpu.VIRTIO_GPU_RESP_OK_RESOURCE_UUID, "virtio_gpu_resp_resource_uuid"],
    [gpu.VIRTIO_GPU_RESP_OK_MAP_INFO, "virtio_gpu_resp_map_info"],
  ]);
  assertEquals(responses.size, numbers("VIRTIO_GPU_RESP_OK_").length);
  for (const { name, responseType, response } of gpu.VIRTIO_GPU_COMMANDS.values()) {
    assertEquals(response.name, responses.get(responseType), name);
  }
});

Deno.test("virtioGpuTypeName names commands, responses and errors, and nothing else", () => {
  for (const prefix of ["VIRTIO_GPU_CMD_", "VIRTIO_GPU_RESP_OK_", "VIRTIO_GPU_RESP_ERR_"]) {
    for (const [name, number] of numbers(prefix)) assertEquals(gpu.virtioGpuTypeName(number), name);
  }
  for (const number of [0, 1, 0xff, 0x400, 0x10ff, 0x1206, NaN]) assertEquals(gpu.virtioGpuTypeName(number), undefined);
});

Deno.test("commandTable refuses a number that stands twice", () => {
  const hdr = gpu.virtio_gpu_ctrl_hdr;
  const one = command("ONE", 1, hdr, 2, hdr);
  assertEquals(commandTable([one]).get(1)?.name, "ONE");
  assertThrows(() => commandTable([one, command("OTHER", 1, hdr, 2, hdr)]), TypeError, "ONE has number 1");
});

Deno.test("vringLayout keeps its parts apart and aligned", () => {
  fc.assert(fc.property(fc.nat(15), fc.integer({ min: 2, max: 16 }), (logNum, logAlign) => {
    const [num, align] = [2 ** logNum, 2 ** logAlign];
    const ring = vringLayout(num, align);
    assertEquals([ring.desc, ring.avail, ring.usedEvent], [0, 16 * num, 16 * num + 4 + 2 * num]);
    assertEquals(ring.used % align, 0);
    assert(ring.used >= ring.usedEvent + 2 && ring.used < ring.usedEvent + 2 + align);
    assertEquals(ring.availEvent, ring.used + 4 + 8 * num);
    assertEquals(vring_size(num, align), ring.availEvent + 2);
  }));
});

for (
  const [num, align] of [[0, 4096], [3, 4096], [65536, 4096], [-4, 4096], [NaN, 4096], [4, 2], [4, 3], [4, 0], [
    4,
    2 ** 31,
  ]]
) {
  Deno.test(`vringLayout refuses ${num} descriptors aligned to ${align}`, () => {
    assertEquals(vringLayout(4, 4096).used, 4096);
    assertThrows(() => vringLayout(num, align), RangeError);
  });
}

Deno.test("vring_need_event says yes once the index passes the event, across the wrap too", () => {
  fc.assert(fc.property(fc.nat(0xffff), fc.nat(0xffff), fc.nat(0xffff), (old, moved, ahead) => {
    const event = (old + ahead) & 0xffff;
    const now = (old + moved) & 0xffff;
    // The event is the index of the entry to tell about: passed when it is one of the `moved` entries from `old` on.
    assertEquals(vring_need_event(event, now, old), ahead < moved);
  }));
});
