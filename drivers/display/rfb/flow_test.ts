import { assert, assertEquals, assertRejects } from "@std/assert";
import type { ScreenSource } from "../screen_source.ts";
import { localScreens } from "../board/mod.ts";
import { RfbServer, type RfbServerOptions } from "./server.ts";
import { RfbClient, type RfbClientOptions, testFrame } from "./testing.ts";
import { Encoding, Fence } from "./wire.ts";

function rig(options: RfbServerOptions = {}, width = 300, height = 200) {
  const { display, screens } = localScreens();
  const warnings: string[] = [];
  const source = screens.screen();
  let name = "one";
  // A screen whose name can change.
  const named: ScreenSource = new Proxy(source, {
    get: (target, key) => {
      if (key === "name") return name;
      const value = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const server = new RfbServer(named, { port: 0, onWarning: (text) => warnings.push(text), ...options });
  const words = Uint32Array.from({ length: width * height }, (_, i) => i * 7 & 0xff_ffff);
  const show = (fill?: number): void => {
    if (fill !== undefined) words.fill(fill);
    display.present(0, testFrame(words, width));
  };
  show();
  return {
    ...{ server, words, warnings, show },
    rename: (to: string) => name = to,
    connect: (more: RfbClientOptions = {}) => RfbClient.connect(server.port, more),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

const settle = (ms = 30): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (condition()) return;
    await settle(10);
  }
  throw new Error("it never came");
}

const all = (width: number, height: number) => [150, 1, [0, 2], [0, 2], [width, 2], [height, 2]] as const;

Deno.test("DesktopName tells another name, to those who know it", async () => {
  await using at = rig();
  using client = await at.connect({ encodings: [Encoding.desktopName] });
  using old = await at.connect();
  assertEquals(client.name, "one");
  for (const each of [client, old]) {
    await each.request(false);
    assertEquals((await each.update()).rects.every(({ encoding }) => encoding === Encoding.raw), true);
  }
  at.rename("zwölf");
  at.show(3);
  for (const each of [client, old]) {
    await each.request(true);
    await each.update();
  }
  assertEquals([client.name, old.name], ["zwölf", "one"]);
});

for (const encoding of [Encoding.raw, Encoding.zrle, Encoding.tight]) {
  Deno.test(`LastRect ends large updates of encoding ${encoding} of viewers that know it`, async () => {
    await using at = rig({}, 900, 700);
    using client = await at.connect({ encodings: [encoding, Encoding.lastRect] });
    using old = await at.connect({ encodings: [encoding] });
    for (const each of [client, old]) {
      await each.request(false);
      const { counted } = await each.update();
      assertEquals(counted, each === old);
      assertEquals(each.screen, at.words);
    }
    at.words[5]++;
    at.show();
    await client.request(true);
    assertEquals((await client.update()).counted, true);
    assertEquals(client.screen, at.words);
  });
}

Deno.test("ContinuousUpdates wait for the answers of the fences behind them; requests do not", async () => {
  await using at = rig();
  const encodings = [Encoding.fence, Encoding.continuousUpdates];
  using client = await at.connect({ encodings, answersFences: false });
  await client.send(...all(300, 200));
  let updates = 0;
  const counting = (async () => {
    for (;;) {
      await client.update();
      updates++;
    }
  })().catch(() => {});
  for (let i = 1; i <= 12; i++) {
    at.show(i);
    await settle();
  }
  assertEquals([updates, client.fences], [3, 3]);
  // One that was not sent, one that is none of its, one of the past, and then one of them.
  for (const payload of [Uint8Array.of(0, 0, 0, 9), Uint8Array.of(1, 2), Uint8Array.of(255, 255, 255, 255)]) {
    await client.send(248, 0, 0, 0, [0, 4], payload.length, payload);
  }
  await settle(60);
  assertEquals(updates, 3);
  await client.send(248, 0, 0, 0, [Fence.blockBefore, 4], 4, [1, 4]);
  await until(() => updates === 4);
  assertEquals(client.screen[0], 12);
  at.show(13);
  await settle(60);
  assertEquals(updates, 4);
  await client.request(true);
  await until(() => updates === 5);
  // Without fences nothing waits for them.
  await client.setEncodings([Encoding.continuousUpdates]);
  for (let i = 20; i < 30; i++) {
    at.show(i);
    await until(() => client.screen[0] === i);
  }
  client[Symbol.dispose]();
  await counting;
});

Deno.test("ContinuousUpdates go on while fences are answered", async () => {
  await using at = rig();
  using client = await at.connect({ encodings: [Encoding.fence, Encoding.continuousUpdates] });
  await client.send(...all(300, 200));
  await client.update();
  for (let i = 1; i <= 20; i++) {
    at.show(i);
    while (client.screen[0] !== i) await client.update();
  }
  assert(client.fences >= 20);
});

Deno.test("further viewers than there is room for are turned away", async () => {
  await using at = rig({ viewers: 2 });
  using first = await at.connect();
  using second = await at.connect();
  using third = await at.connect().catch(() => undefined);
  if (third !== undefined) await assertRejects(() => third.request(false).then(() => third.update()));
  await until(() => at.warnings.some((text) => text.includes("2 viewers are there")));
  for (const each of [first, second]) {
    await each.request(false);
    await each.update();
  }
  first[Symbol.dispose]();
  await until(() => at.server.viewers === 1);
  using fourth = await at.connect();
  await fourth.request(false);
  await fourth.update();
});

Deno.test("a handshake that takes too long ends", async () => {
  await using at = rig({ handshakeTimeout: 300 });
  const idle = await Promise.all([0, 1].map(() => Deno.connect({ hostname: "127.0.0.1", port: at.server.port })));
  await until(() => at.server.viewers === 2);
  await until(() => at.server.viewers === 0);
  for (const each of idle) each.close();
  assertEquals(at.warnings.filter((text) => text.includes("handshake")).length, 2);
});

Deno.test("connections that say nothing take no place of a viewer, and the oldest of too many goes", async () => {
  await using at = rig({ viewers: 1, password: "secret" });
  const idle: Deno.TcpConn[] = [];
  for (let i = 0; i < 40; i++) idle.push(await Deno.connect({ hostname: "127.0.0.1", port: at.server.port }));
  await until(() => at.warnings.length >= 24);
  assertEquals(at.server.viewers, 16);
  using client = await at.connect({ password: "secret" });
  await client.request(false);
  await client.update();
  assertEquals(client.screen, at.words);
  // A viewer that is let in goes for none of them.
  for (let i = 0; i < 40; i++) idle.push(await Deno.connect({ hostname: "127.0.0.1", port: at.server.port }));
  await until(() => at.warnings.length >= 60);
  at.show(5);
  await client.request(true);
  await client.update();
  assertEquals(client.screen[0], 5);
  for (const each of idle) each.close();
});
