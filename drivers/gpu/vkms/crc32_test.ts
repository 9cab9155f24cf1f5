import { assertEquals } from "@std/assert";
import { crc32Words } from "udrm/drivers/gpu/vkms/crc32.ts";

/** crc32_le, a bit at a time. */
function bitwise(crc: number, bytes: Uint8Array): number {
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) !== 0 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return crc >>> 0;
}

Deno.test("crc32Words is crc32_le over the bytes of the words", () => {
  const bytes = Uint8Array.from({ length: 64 }, (_, i) => (i * 37 + 11) & 255);
  const words = new Int32Array(bytes.buffer);
  for (const start of [0, 1, 0xffffffff]) {
    for (let count = 0; count <= 16; count += 2) {
      assertEquals(crc32Words(start, words, count), bitwise(start, bytes.subarray(0, count * 4)));
    }
  }
});

Deno.test("crc32Words: the well-known check value, with inversion before and after", () => {
  const text = new TextEncoder().encode("12345678");
  const words = new Int32Array(text.buffer.slice(0, 8));
  assertEquals((~crc32Words(0xffffffff, words, 2)) >>> 0, 0x9ae0daaf);
});
