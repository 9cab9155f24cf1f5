import { assert, assertEquals, assertRejects } from "@std/assert";
import { System } from "../../../core/system.ts";
import { input_event } from "../../../uapi/input.ts";
import { BTN_LEFT, EV_ABS, EV_KEY, EV_REL, REL_WHEEL } from "../../../uapi/input_codes.ts";
import { KEY_A, KEY_F5, KEY_LEFTSHIFT, KEY_RIGHTCTRL } from "../../../uapi/input_keys.ts";
import { O_NONBLOCK, O_RDONLY } from "../../../uapi/fcntl.ts";
import { InputSeat } from "../input_seat.ts";
import { localScreens } from "../board/mod.ts";
import { RfbServer, type RfbServerOptions } from "./server.ts";
import { RfbClient, testFrame } from "./testing.ts";
import { DesktopSize, Encoding, Fence } from "./wire.ts";

function rig(options: RfbServerOptions = {}) {
  const system = new System();
  const seat = new InputSeat(system);
  const { display, screens } = localScreens(seat);
  const warnings: string[] = [];
  const server = new RfbServer(screens.screen(), { port: 0, onWarning: (text) => warnings.push(text), ...options });
  const words = Uint32Array.from({ length: 300 * 200 }, (_, i) => i * 7 & 0xff_ffff);
  display.present(0, testFrame(words, 300));
  const task = system.process();
  const files = ["/dev/input/event0", "/dev/input/event1"].map((path) => task.open(path, O_RDONLY | O_NONBLOCK));
  const events = (index: number): number[][] => {
    const bytes = new Uint8Array(24 * 64);
    const length = Number(files[index].read(bytes));
    return Array.from({ length: Math.max(0, length) / 24 }, (_, i) => {
      const { type, code, value } = input_event.at(bytes, i * 24);
      return [type, code, value];
    }).filter(([type]) => type !== 0);
  };
  return {
    ...{ system, display, screens, server, words, warnings, events },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      system[Symbol.dispose]();
    },
  };
}

const settle = (ms = 30): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

// Waits for what another end does.
async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (condition()) return;
    await settle(10);
  }
  throw new Error("it never came");
}

for (const version of ["003.003", "003.007", "003.008"] as const) {
  for (const password of [undefined, "secret12"]) {
    Deno.test(`RFB ${version} with ${password === undefined ? "no" : "VNC"} authentication lets a viewer in`, async () => {
      await using at = rig({ password });
      using client = await RfbClient.connect(at.server.port, { version, password });
      assertEquals([client.width, client.height, client.name], [300, 200, "udrm"]);
      await client.request(false);
      await client.update();
      assertEquals(client.screen, at.words);
    });
  }
}

Deno.test("a wrong password is refused, late and with a reason", async () => {
  await using at = rig({ password: "right" });
  const begin = performance.now();
  await assertRejects(() => RfbClient.connect(at.server.port, { password: "wrong" }), Error, "the password is wrong");
  assert(performance.now() - begin >= 900);
  await until(() => at.warnings.length > 0);
  assert(at.warnings[0].includes("password"));
  using client = await RfbClient.connect(at.server.port, { password: "right" });
  assertEquals(client.width, 300);
});

Deno.test("a viewer that does not share has the screen for itself", async () => {
  await using at = rig();
  using first = await RfbClient.connect(at.server.port);
  using second = await RfbClient.connect(at.server.port);
  assertEquals(at.server.viewers, 2);
  using third = await RfbClient.connect(at.server.port, { shared: false });
  await until(() => at.server.viewers === 1);
  await assertRejects(() => first.update());
  await assertRejects(() => second.update());
  await third.request(false);
  await third.update();
});

Deno.test("an incremental request is answered by damage alone, and not before there is any", async () => {
  await using at = rig();
  using client = await RfbClient.connect(at.server.port, { encodings: [Encoding.zrle] });
  await client.request(false);
  await client.update();
  await client.request(true);
  let came = false;
  const next = client.update().then((update) => (came = true, update));
  await settle();
  assertEquals(came, false);
  at.words[70 * 300 + 130] = 0xabcdef;
  at.display.present(0, testFrame(at.words, 300, [{ x: 130, y: 70, width: 1, height: 1 }]));
  assertEquals((await next).rects, [{ at: [128, 64, 64, 64], encoding: Encoding.zrle }]);
  assertEquals(client.screen, at.words);
  // A frame that is all damage and nothing new is nothing.
  at.display.present(0, testFrame(at.words, 300));
  await client.request(true);
  came = false;
  const last = client.update().then((update) => (came = true, update));
  await settle();
  assertEquals(came, false);
  at.words[0] = 1;
  at.display.present(0, testFrame(at.words, 300));
  assertEquals((await last).rects.length, 1);
});

Deno.test("damage that comes while an update turns out to be empty is not forgotten", async () => {
  await using at = rig();
  at.display.onRefresh = () => at.display.present(0, testFrame(at.words, 300));
  using client = await RfbClient.connect(at.server.port);
  await client.request(false);
  await client.update();
  await client.request(true);
  await settle();
  // The first is nothing new; the others come before anybody could have found out.
  for (let i = 0; i < 3; i++) at.display.present(0, testFrame(at.words, 300));
  await settle();
  at.words[5] = 0x123456;
  at.display.present(0, testFrame(at.words, 300));
  await client.update();
  assertEquals(client.screen, at.words);
});

Deno.test("requests of a part get that part", async () => {
  await using at = rig();
  using client = await RfbClient.connect(at.server.port);
  await client.request(false, [10, 20, 100, 50]);
  const { rects } = await client.update();
  for (const { at: [x, y, width, height] } of rects) {
    assert(x >= 10 && y >= 20 && x + width <= 110 && y + height <= 70);
  }
  const inside = (i: number): boolean => {
    const x = i % 300, y = Math.floor(i / 300);
    return x >= 10 && y >= 20 && x < 110 && y < 70;
  };
  assertEquals(client.screen, at.words.map((word, i) => inside(i) ? word : 0));
  await client.request(true);
  await client.update();
  assertEquals(client.screen, at.words);
});

Deno.test("a new size is told by DesktopSize, or the screen is cut for viewers without", async () => {
  await using at = rig();
  using old = await RfbClient.connect(at.server.port);
  using client = await RfbClient.connect(at.server.port, { encodings: [Encoding.desktopSize] });
  for (const each of [old, client]) {
    await each.request(false);
    await each.update();
  }
  const small = new Uint32Array(250 * 220).fill(0x123456);
  at.display.present(0, testFrame(small, 250));
  await client.request(true);
  assertEquals((await client.update()).rects, [{ at: [0, 0, 250, 220], encoding: Encoding.desktopSize }]);
  await client.request(true);
  await client.update();
  assertEquals(client.screen, small);
  await old.request(true);
  await old.update();
  assertEquals(old.screen, at.words.map((_, i) => i % 300 < 250 ? 0x123456 : 0));
  at.display.present(0, undefined);
  await client.request(true);
  await client.update();
  assertEquals(client.screen, new Uint32Array(250 * 220));
});

Deno.test("SetDesktopSize asks the device for another mode, and says what became of it", async () => {
  await using at = rig();
  const modes: unknown[] = [];
  at.display.onModeChange = (scanout, mode) => modes.push([scanout, mode]);
  using client = await RfbClient.connect(at.server.port, { encodings: [Encoding.extendedDesktopSize] });
  await client.request(true);
  const hello = (await client.update()).rects[0];
  assertEquals(hello, { at: [0, 0, 300, 200], encoding: Encoding.extendedDesktopSize });
  const ask = (width: number, height: number): Promise<void> =>
    client.send(251, 0, [width, 2], [height, 2], 1, 0, new Uint8Array(16));
  const answer = async (): Promise<readonly number[]> => {
    await client.request(true);
    for (;;) {
      const found = (await client.update()).rects.find(({ encoding }) => encoding === Encoding.extendedDesktopSize);
      if (found) return found.at;
      await client.request(true);
    }
  };
  await ask(640, 480);
  assertEquals(await answer(), [DesktopSize.byClient, DesktopSize.forwarded, 300, 200]);
  await until(() => modes.length > 0);
  assertEquals(modes, [[0, { enabled: true, width: 640, height: 480 }]]);
  at.display.present(0, testFrame(new Uint32Array(640 * 480), 640));
  assertEquals(await answer(), [DesktopSize.byServer, DesktopSize.ok, 640, 480]);
  await ask(0, 480);
  assertEquals((await answer())[1], DesktopSize.invalid);
});

Deno.test("the cursor goes as an image to viewers that draw it, and is drawn for others", async () => {
  await using at = rig();
  const bytes = new Uint8Array(Uint32Array.of(0xffff0000, 0x80008000, 0, 0xff0000ff).buffer);
  const image = { width: 2, height: 2, bytes, hotX: 1, hotY: 0 };
  at.display.cursor(0, image, 50, 60);
  using mask = await RfbClient.connect(at.server.port, { encodings: [Encoding.cursor] });
  using alpha = await RfbClient.connect(at.server.port, { encodings: [Encoding.cursorWithAlpha, Encoding.cursor] });
  using none = await RfbClient.connect(at.server.port);
  for (const each of [mask, alpha, none]) {
    await each.request(false);
    await each.update();
  }
  assertEquals(mask.screen, at.words);
  assertEquals([...mask.cursor?.bytes.subarray(16) ?? []], [0b1100_0000, 0b0100_0000]);
  assertEquals([...mask.cursor?.bytes.subarray(0, 8) ?? []], [0, 0, 255, 0, 0, 255, 0, 0]);
  assertEquals([...alpha.cursor?.bytes ?? []], [255, 0, 0, 255, 0, 128, 0, 128, 0, 0, 0, 0, 0, 0, 255, 255]);
  const place = (x: number, y: number): number => none.screen[y * 300 + x];
  assertEquals([place(50, 60), place(51, 61), place(50, 61)], [0xff0000, 0x0000ff, at.words[61 * 300 + 50]]);
  at.display.cursor(0, image, 150, 160);
  await none.request(true);
  await none.update();
  assertEquals([place(50, 60), place(150, 160)], [at.words[60 * 300 + 50], 0xff0000]);
});

Deno.test("ContinuousUpdates come without requests until they are switched off; fences are answered in order", async () => {
  await using at = rig();
  using client = await RfbClient.connect(at.server.port, { encodings: [Encoding.fence, Encoding.continuousUpdates] });
  const hello = await client.next();
  assertEquals(hello.kind, "fence");
  assertEquals((await client.next()).kind, "endOfContinuousUpdates");
  await client.send(150, 1, [0, 2], [0, 2], [300, 2], [200, 2]);
  await client.update();
  for (let i = 1; i < 5; i++) {
    at.words.fill(i);
    at.display.present(0, testFrame(at.words, 300));
    await client.update();
    assertEquals(client.screen[1000], i);
  }
  await client.send(248, 0, 0, 0, [Fence.request + 7, 4], 3, 1, 2, 3);
  assertEquals(await client.next(), { kind: "fence", flags: 7, payload: Uint8Array.of(1, 2, 3) });
  await client.send(150, 0, [0, 2], [0, 2], [0, 2], [0, 2]);
  assertEquals((await client.next()).kind, "endOfContinuousUpdates");
  at.words.fill(9);
  at.display.present(0, testFrame(at.words, 300));
  await client.send(248, 0, 0, 0, [Fence.request, 4], 0);
  assertEquals((await client.next()).kind, "fence");
});

Deno.test("keys and the pointer reach the system's input devices", async () => {
  await using at = rig();
  using client = await RfbClient.connect(at.server.port, { encodings: [Encoding.qemuKey] });
  await client.key(0xffe1, true);
  await client.key("A".charCodeAt(0), true);
  await client.key("A".charCodeAt(0), false);
  await client.key(0xffe1, false);
  await client.key(0x1234567, true); // nobody has it
  await client.send(255, 0, [1, 2], [0xffe4, 4], [0x9d, 4]);
  await client.send(255, 0, [1, 2], [0, 4], [0x3f, 4]);
  await client.pointer(299, 0, 1);
  await client.pointer(299, 0, 0);
  await client.pointer(299, 0, 8);
  await client.request(false);
  await client.update();
  assertEquals(at.events(0), [
    [EV_KEY, KEY_LEFTSHIFT, 1],
    [EV_KEY, KEY_A, 1],
    [EV_KEY, KEY_A, 0],
    [EV_KEY, KEY_LEFTSHIFT, 0],
    [EV_KEY, KEY_RIGHTCTRL, 1],
    [EV_KEY, KEY_F5, 1],
  ]);
  assertEquals(at.events(1), [[EV_ABS, 0, 32767], [EV_KEY, BTN_LEFT, 1], [EV_KEY, BTN_LEFT, 0], [
    EV_REL,
    REL_WHEEL,
    1,
  ]]);
  client[Symbol.dispose]();
  await until(() => at.server.viewers === 0);
  await settle();
  // What it held down goes up with it.
  assertEquals(at.events(0), [[EV_KEY, KEY_RIGHTCTRL, 0], [EV_KEY, KEY_F5, 0]]);
});

Deno.test("a viewer that may only look moves nothing", async () => {
  await using at = rig({ viewOnly: true });
  using client = await RfbClient.connect(at.server.port);
  await client.key(0x61, true);
  await client.pointer(1, 1, 1);
  await client.request(false);
  await client.update();
  assertEquals([at.events(0), at.events(1)], [[], []]);
});

Deno.test("viewers with different formats and encodings look at once", async () => {
  await using at = rig();
  const clients = [];
  for (const encodings of [[Encoding.raw], [Encoding.zrle], [Encoding.tight]]) {
    clients.push(await RfbClient.connect(at.server.port, { encodings }));
  }
  await Promise.all(clients.map(async (client) => {
    for (let i = 0; i < 3; i++) {
      await client.request(i > 0);
      if (i > 0) at.display.present(0, testFrame(at.words.fill(Math.random() * 0xff_ffff), 300));
      await client.update();
    }
  }));
  for (const client of clients) {
    await client.request(false);
    await client.update();
    assertEquals(client.screen, at.words);
    client[Symbol.dispose]();
  }
});

Deno.test("a slow viewer slows nobody: frames are presented and others served while it takes nothing; then it is dropped", async () => {
  await using at = rig({ writeTimeout: 1500 });
  const width = 1600, height = 1200;
  const words = new Uint32Array(width * height);
  at.display.present(0, testFrame(words, width));
  using slow = await RfbClient.connect(at.server.port, { encodings: [Encoding.continuousUpdates] });
  await slow.send(150, 1, [0, 2], [0, 2], [width, 2], [height, 2]);
  using fast = await RfbClient.connect(at.server.port, { encodings: [Encoding.zrle] });
  const before = Deno.memoryUsage().rss;
  let worst = 0, served = 0;
  await fast.request(false);
  await fast.update();
  for (let i = 1; i <= 40; i++) {
    words.fill(i * 0x10203);
    const begin = performance.now();
    at.display.present(0, testFrame(words, width));
    worst = Math.max(worst, performance.now() - begin);
    await fast.request(true);
    await fast.update();
    if (fast.screen[5] === (i * 0x10203 & 0xff_ffff)) served++;
  }
  assertEquals(served, 40);
  assert(worst < 250, `a frame took ${worst} ms`);
  assert(Deno.memoryUsage().rss - before < 200 * 2 ** 20);
  await until(() => at.warnings.some((text) => text.includes("reads nothing")));
  assertEquals(at.server.viewers, 1);
});
