import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { localScreens } from "../board/mod.ts";
import { formatPixelFormat, NATIVE_FORMAT } from "./pixel_format.ts";
import { RfbServer } from "./server.ts";
import { RfbClient, testFrame } from "./testing.ts";
import { Encoding } from "./wire.ts";

const settle = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function rig() {
  const { display, screens } = localScreens();
  const warnings: string[] = [];
  const server = new RfbServer(screens.screen(), {
    port: 0,
    onWarning: (text) => warnings.push(text),
    writeTimeout: 2000,
  });
  const words = new Uint32Array(320 * 200).fill(0x336699);
  display.present(0, testFrame(words, 320));
  return { display, server, words, warnings, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const HELLO = new TextEncoder().encode("RFB 003.008\n");

/** Sends bytes as they are and reads all that comes, until the server has had enough or `ms` are over. */
async function throwAt(port: number, bytes: Uint8Array, ms: number): Promise<boolean> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  let closed = false;
  const drain = (async () => {
    const buffer = new Uint8Array(1 << 16);
    try {
      while (await connection.read(buffer) !== null);
    } catch {
      // Reset, or closed here.
    }
    closed = true;
  })();
  try {
    for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
  } catch {
    // The server does not want the rest.
  }
  for (let waited = 0; waited < ms && !closed; waited += 10) await settle(10);
  const dropped = closed;
  try {
    connection.close();
  } catch {
    // It is.
  }
  await drain;
  return dropped;
}

const joined = (...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]));
const BEGIN = joined(HELLO, [1, 1]);

async function serves(at: ReturnType<typeof rig>): Promise<void> {
  using client = await RfbClient.connect(at.server.port, { encodings: [Encoding.zrle] });
  await client.request(false);
  await client.update();
  assertEquals(client.screen, at.words);
}

const DROPPED: Readonly<Record<string, Uint8Array>> = {
  "no RFB": new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"),
  "RFB 2": new TextEncoder().encode("RFB 002.000\n"),
  "a security type that was not offered": joined(HELLO, [2]),
  "an unknown message": joined(BEGIN, [77]),
  "24 bits per pixel": joined(BEGIN, [0, 0, 0, 0], formatPixelFormat({ ...NATIVE_FORMAT, bitsPerPixel: 24 })),
  "a component outside its pixel": joined(
    BEGIN,
    [0, 0, 0, 0],
    formatPixelFormat({ ...NATIVE_FORMAT, bitsPerPixel: 16, shift: [12, 5, 0] }),
  ),
  "a shift of 255": joined(BEGIN, [0, 0, 0, 0], formatPixelFormat({ ...NATIVE_FORMAT, shift: [255, 8, 0] })),
  "a clipboard of 4 GiB": joined(BEGIN, [6, 0, 0, 0, 255, 255, 255, 255]),
  "a fence of 255 bytes": joined(BEGIN, [248, 0, 0, 0, 128, 0, 0, 0, 255]),
  "continuous updates that were not offered": joined(BEGIN, [150, 1, 0, 0, 0, 0, 0, 9, 0, 9]),
  "another size that was not offered": joined(BEGIN, [251, 0, 2, 0, 2, 0, 0, 0]),
  "another of QEMU's messages": joined(BEGIN, [255, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
};

for (const [what, bytes] of Object.entries(DROPPED)) {
  Deno.test(`${what} ends that connection; the next is served`, async () => {
    await using at = rig();
    assertEquals(await throwAt(at.server.port, bytes, 2000), true);
    await serves(at);
    assertEquals(at.warnings.length, 1);
  });
}

const KEPT: Readonly<Record<string, Uint8Array>> = {
  "a request for all of 65535 by 65535": joined(BEGIN, [3, 0, 0, 0, 0, 0, 255, 255, 255, 255]),
  "a request for nothing, beyond the screen": joined(BEGIN, [3, 0, 255, 255, 255, 255, 0, 0, 0, 0]),
  "65535 encodings that nobody knows": joined(BEGIN, [2, 0, 255, 255], new Uint8Array(65535 * 4).fill(0x55)),
  "a component without values": joined(
    BEGIN,
    [0, 0, 0, 0],
    formatPixelFormat({ ...NATIVE_FORMAT, max: [255, 0, 255] }),
  ),
  "a clipboard of 1 MiB": joined(BEGIN, [6, 0, 0, 0, 0, 16, 0, 0], new Uint8Array(1 << 20)),
  "a pointer beyond the screen": joined(BEGIN, [5, 255, 255, 255, 255, 255]),
  "20000 requests": joined(BEGIN, ...Array(20000).fill([3, 0, 0, 0, 0, 0, 1, 64, 0, 200])),
  "20000 keys": joined(BEGIN, ...Array(10000).fill([4, 1, 0, 0, 0, 0, 0, 97, 4, 0, 0, 0, 0, 0, 0, 97])),
};

for (const [what, bytes] of Object.entries(KEPT)) {
  Deno.test(`${what} is taken, and nothing grows`, async () => {
    await using at = rig();
    assertEquals(await throwAt(at.server.port, bytes, 300), false);
    await serves(at);
    assertEquals(at.warnings, []);
  });
}

Deno.test("fences that nobody reads the answers of stop being taken: the viewer is dropped, and nothing grows", async () => {
  await using at = rig();
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: at.server.port });
  await connection.write(joined(BEGIN, [2, 0, 0, 1], [255, 255, 254, 200]));
  const fence = joined([248, 0, 0, 0, 128, 0, 0, 7, 64], new Uint8Array(64));
  const many = joined(...Array(500).fill(fence));
  const before = Deno.memoryUsage().rss;
  let sent = 0;
  try {
    const end = Date.now() + 10_000;
    while (Date.now() < end) sent += await connection.write(many.subarray(sent % many.length));
  } catch {
    // Dropped.
  }
  connection.close();
  assert(at.warnings.some((text) => text.includes("reads nothing")), at.warnings.join());
  assert(Deno.memoryUsage().rss - before < 100 * 2 ** 20, `${sent}`);
  await serves(at);
});

Deno.test("any bytes: the server lives, and serves the next viewer", async () => {
  await using at = rig();
  const message = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.tuple(fc.constantFrom(0, 2, 3, 4, 5, 6, 150, 248, 251, 255), fc.uint8Array({ minLength: 3, maxLength: 30 }))
      .map(([type, rest]) => joined([type], rest)),
    fc.tuple(fc.nat(1), fc.uint8Array({ minLength: 8, maxLength: 8 })).map(([all, rest]) => joined([3, all], rest)),
    fc.tuple(fc.nat(1), fc.uint8Array({ minLength: 13, maxLength: 13 })).map(([order, rest]) =>
      joined([0, 0, 0, 0, 32, 24, order, 1, 0, 255, 0, 255, 0, 255], [
        rest[0] & 31,
        rest[1] & 31,
        rest[2] & 31,
        0,
        0,
        0,
      ])
    ),
    fc.array(fc.constantFrom(0, 1, 7, 16, -239, -223, -258, -308, -312, -313, -314, -316), { maxLength: 12 })
      .map((list) =>
        joined([2, 0, 0, list.length], ...list.map((n) => [n >> 24 & 255, n >> 16 & 255, n >> 8 & 255, n & 255]))
      ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(message, { maxLength: 12 }), fc.boolean(), async (messages, polite) => {
      await throwAt(at.server.port, joined(polite ? BEGIN : [], ...messages), 15);
    }),
    { numRuns: 150 },
  );
  for (let i = 0; i < 200 && at.server.viewers > 0; i++) await settle(20);
  assertEquals(at.server.viewers, 0);
  assertEquals(at.warnings.filter((text) => text.includes("is lost")), []);
  await serves(at);
});
