import { assertThrows } from "@std/assert";
import { VIRGL_OBJECT_SHADER } from "../../../../../uapi/virgl_protocol.ts";
import { type TestClient, withClient } from "../copies_testing.ts";
import { VirglRefusal } from "../refusal.ts";

const TEXT = "FRAG\nDCL OUT[0], COLOR\nIMM[0] FLT32 {1.0, 0.0, 0.0, 1.0}\n  0: MOV OUT[0], IMM[0]\n  1: END\n";
const CONTINUES = 0x8000_0000;

function textWords(): Uint32Array {
  const bytes = new Uint8Array(Math.ceil((TEXT.length + 1) / 4) * 4);
  new TextEncoder().encodeInto(TEXT, bytes);
  return new Uint32Array(bytes.buffer);
}

/** Sends a packet. @param offset the total of the first one, else where it goes on */
function packet(client: TestClient, handle: number, offset: number, words: Uint32Array): void {
  client.create(VIRGL_OBJECT_SHADER, handle, 1, offset, 300, 0, ...words);
}

Deno.test("a shader may come in several packets, each where the one before ended", async () => {
  await withClient((client) => {
    const words = textWords();
    packet(client, 7, TEXT.length + 1, words.subarray(0, 5));
    packet(client, 7, 20 + CONTINUES, words.subarray(5, 9));
    packet(client, 7, 36 + CONTINUES, words.subarray(9));
    client.run(31, 7, 1); // BIND_SHADER
  });
});

Deno.test("packets elsewhere, too long, of another handle, or none are refused", async () => {
  await withClient((client) => {
    const words = textWords();
    const broken = (second: () => void) => {
      packet(client, 7, TEXT.length + 1, words.subarray(0, 5));
      assertThrows(second, VirglRefusal);
    };
    broken(() => packet(client, 7, 16 + CONTINUES, words.subarray(5)));
    broken(() => packet(client, 7, 20 + CONTINUES, words));
    broken(() => packet(client, 8, 20 + CONTINUES, words.subarray(5)));
    broken(() => packet(client, 8, TEXT.length + 1, words));
    assertThrows(() => packet(client, 7, 20 + CONTINUES, words.subarray(5)), VirglRefusal);
  });
});

Deno.test("text without an end, of another stage, or that is no TGSI is refused", async () => {
  await withClient((client) => {
    const words = textWords();
    packet(client, 7, TEXT.length + 1, words);
    assertThrows(() => packet(client, 7, 8, words.subarray(0, 2)), VirglRefusal, "no end");
    assertThrows(() => client.create(VIRGL_OBJECT_SHADER, 7, 0, TEXT.length + 1, 300, 0, ...words), VirglRefusal);
    assertThrows(() => packet(client, 7, 4, Uint32Array.of(0x0047_4f50)), VirglRefusal);
    assertThrows(() => packet(client, 7, 0x7fff_ffff, words), VirglRefusal, "bytes");
  });
});
