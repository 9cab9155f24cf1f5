/** Transfers within a submission, and commands that tell of memory or nothing. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import { DrmError } from "../../../../core/error.ts";
import { VIRGL_FORMAT_R8G8B8A8_UNORM } from "../../../../uapi/virgl_format.ts";
import {
  VIRGL_CCMD_COPY_TRANSFER3D,
  VIRGL_CCMD_EMIT_STRING_MARKER,
  VIRGL_CCMD_END_TRANSFERS,
  VIRGL_CCMD_GET_MEMORY_INFO,
  VIRGL_CCMD_MEMORY_BARRIER,
  VIRGL_CCMD_RESOURCE_INLINE_WRITE,
  VIRGL_CCMD_TEXTURE_BARRIER,
  VIRGL_CCMD_TRANSFER3D,
  VIRGL_CMD0,
} from "../../../../uapi/virgl_protocol.ts";
import { type TestClient, withClient } from "./copies_testing.ts";
import { noise, TestMemory } from "./testing.ts";

const rgba = VIRGL_FORMAT_R8G8B8A8_UNORM;
const words = (bytes: Uint8Array<ArrayBuffer>) => new Uint32Array(bytes.buffer);

/** Bytes of a box of a 8x8 picture of 4 bytes, packed. */
function crop(all: Uint8Array, x: number, y: number, width: number, height: number): Uint8Array {
  const out = new Uint8Array(width * height * 4);
  for (let row = 0; row < height; row++) {
    out.set(all.subarray(((y + row) * 8 + x) * 4, ((y + row) * 8 + x + width) * 4), row * width * 4);
  }
  return out;
}

function picture(client: TestClient): number {
  return client.make({ format: rgba, width: 8, height: 8 });
}

function refuses(code: string, body: () => void): void {
  assertEquals(assertThrows(body, DrmError).code, code);
}

Deno.test("RESOURCE_INLINE_WRITE writes what follows it, in a texture and a buffer", () =>
  withClient((client) => {
    const id = picture(client), data = noise(3 * 2 * 4, 1);
    client.run(VIRGL_CCMD_RESOURCE_INLINE_WRITE, id, 0, 0, 12, 0, 5, 6, 0, 3, 2, 1, ...words(data));
    assertEquals(crop(client.read(id), 5, 6, 3, 2), data);
    const buffer = client.makeBuffer(100), bytes = noise(8, 2);
    client.run(VIRGL_CCMD_RESOURCE_INLINE_WRITE, buffer, 0, 0, 0, 0, 9, 0, 0, 7, 1, 1, ...words(bytes));
    assertEquals(client.read(buffer).slice(8, 18), Uint8Array.of(0, ...bytes.slice(0, 7), 0, 0));
    refuses("EFAULT", () => client.run(VIRGL_CCMD_RESOURCE_INLINE_WRITE, id, 0, 0, 0, 0, 0, 0, 0, 3, 2, 1, 0, 0, 0));
    refuses("EINVAL", () => client.run(VIRGL_CCMD_RESOURCE_INLINE_WRITE, id, 0, 0, 0, 0, 6, 0, 0, 3, 1, 1, 0, 0, 0));
    refuses("EINVAL", () => client.run(VIRGL_CCMD_RESOURCE_INLINE_WRITE, id, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1));
  }));

Deno.test("TRANSFER3D moves between a resource and its memory, and END_TRANSFERS skips what is behind it", () =>
  withClient((client) => {
    using memory = new TestMemory([300, 100]);
    const id = picture(client), before = noise(400, 3);
    client.virgl.setBacking(client.resource(id), memory.backing);
    memory.bytes = before;
    const transfer = (...rest: number[]) => [VIRGL_CMD0(VIRGL_CCMD_TRANSFER3D, 0, 13), id, 0, 0, ...rest];
    const end = [VIRGL_CMD0(VIRGL_CCMD_END_TRANSFERS, 0, 3), 0xffff_ffff, 0xdead_beef, 1];
    client.submit([...transfer(0, 0, 0, 0, 0, 8, 8, 1, 100, 1), ...end]);
    assertEquals(client.read(id), before.slice(100, 356));
    client.submit(transfer(20, 0, 1, 1, 0, 4, 3, 1, 8, 2));
    client.finish();
    client.virgl.completed();
    const expected = before.slice(), box = crop(before.slice(100), 1, 1, 4, 3);
    for (let row = 0; row < 3; row++) expected.set(box.slice(row * 16, row * 16 + 16), 8 + row * 20);
    assertEquals(memory.bytes, expected);
    // A stride of 0 is that of the whole level, 8 texels, whatever the box.
    client.submit(transfer(0, 0, 2, 1, 0, 3, 2, 1, 20, 1));
    const read = client.read(id);
    for (let row = 0; row < 2; row++) {
      assertEquals(crop(read, 2, 1 + row, 3, 1), memory.bytes.slice(20 + row * 32, 32 + row * 32));
    }
    refuses("EINVAL", () => client.submit(transfer(0, 0, 0, 0, 0, 8, 8, 1, 100, 3)));
    refuses("EFAULT", () => client.submit(transfer(0, 0, 0, 0, 0, 8, 8, 1, 200, 1)));
  }));

Deno.test("COPY_TRANSFER3D moves between a resource and the memory of another", () =>
  withClient((client) => {
    using memory = new TestMemory([512]);
    const id = picture(client), staging = client.makeBuffer(512), before = noise(512, 4);
    const copy = (x: number, y: number, w: number, h: number, offset: number, flags: number, from = staging) =>
      client.run(VIRGL_CCMD_COPY_TRANSFER3D, id, 0, 0, 32, 0, x, y, 0, w, h, 1, from, offset, flags);
    refuses("EINVAL", () => copy(0, 0, 8, 8, 0, 1)); // no memory yet
    client.virgl.setBacking(client.resource(staging), memory.backing);
    memory.bytes = before;
    copy(0, 0, 8, 8, 256, 1);
    assertEquals(client.read(id), before.slice(256));
    copy(2, 3, 4, 2, 4, 3);
    client.finish();
    client.virgl.completed();
    const expected = before.slice(), box = crop(before.slice(256), 2, 3, 4, 2);
    expected.set(box.slice(0, 16), 4);
    expected.set(box.slice(16), 36);
    assertEquals(memory.bytes, expected);
    refuses("EFAULT", () => copy(0, 0, 8, 8, 257, 1));
    refuses("EINVAL", () => copy(0, 0, 8, 8, 0, 1, 99));
  }));

Deno.test("transfers refuse, but never break on, any numbers", () =>
  withClient((client) => {
    using memory = new TestMemory([400]);
    const id = picture(client), staging = client.makeBuffer(400);
    client.virgl.setBacking(client.resource(id), memory.backing);
    client.virgl.setBacking(client.resource(staging), memory.backing);
    const odd = fc.constantFrom(0, 1, 2, 7, 8, 9, 32, 0x7fffffff, 0x80000000, 0xffffffff, id, staging, 99);
    const changes = fc.array(fc.tuple(fc.nat(13), odd), { maxLength: 3 });
    let refused = 0, done = 0;
    const property = fc.property(fc.boolean(), fc.constantFrom(1, 2, 3), changes, (copies, last, list) => {
      const sent = [id, 0, 0, 0, 0, 0, 0, 0, 8, 8, 1, ...(copies ? [staging] : []), 0, last];
      for (const [at, word] of list) if (at < sent.length) sent[at] = word;
      try {
        client.run(copies ? VIRGL_CCMD_COPY_TRANSFER3D : VIRGL_CCMD_TRANSFER3D, ...sent);
        done++;
      } catch (error) {
        if (!(error instanceof DrmError)) throw error;
        refused++;
      }
    });
    fc.assert(property, { numRuns: 1000, seed: 6 });
    assert(refused > 200 && done > 200, `${refused} refused, ${done} done`);
    client.finish();
    client.virgl.completed();
  }));

Deno.test("GET_MEMORY_INFO tells of memory in KiB, and barriers and markers are taken", () =>
  withClient((client) => {
    using memory = new TestMemory([24]);
    const id = client.makeBuffer(24);
    refuses("EINVAL", () => client.run(VIRGL_CCMD_GET_MEMORY_INFO, id));
    client.virgl.setBacking(client.resource(id), memory.backing);
    client.run(VIRGL_CCMD_GET_MEMORY_INFO, id);
    const view = new DataView(memory.bytes.buffer), total = view.getUint32(0, true), free = view.getUint32(4, true);
    assert(total > 0 && free > 0 && free <= total, `${free} of ${total}`);
    client.run(VIRGL_CCMD_MEMORY_BARRIER, 0xffff);
    client.run(VIRGL_CCMD_TEXTURE_BARRIER, 1);
    client.run(VIRGL_CCMD_EMIT_STRING_MARKER, 4, 0x61626364);
  }));
