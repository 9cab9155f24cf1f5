import { assert, assertEquals } from "@std/assert";
import { TestScreen } from "../term/testing.ts";
import { PAGE_FILES } from "./files.ts";
import { isOwnHost } from "./guard.ts";
import type { InspectSource } from "./inspect_feed.ts";
import { SocketStream } from "./socket_stream.ts";
import { WebServer, type WebServerOptions } from "./web_server.ts";

const server = (options: Partial<WebServerOptions> = {}): WebServer =>
  new WebServer({ screens: () => [new TestScreen(64, 48, 0x123456)], ...options });

/** A request with headers that fetch would not send: host, origin. */
async function raw(web: WebServer, lines: readonly string[]): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(web.url).port) });
  await connection.write(new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`));
  const buffer = new Uint8Array(4096);
  const count = await connection.read(buffer);
  return new TextDecoder().decode(buffer.subarray(0, count ?? 0));
}

const status = (answer: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);

const upgrade = (web: WebServer, path: string, headers: readonly string[] = []): string[] => {
  const { host, pathname } = new URL(web.url);
  return [
    `GET ${pathname}${path} HTTP/1.1`,
    ...(headers.some((line) => line.startsWith("Host:")) ? [] : [`Host: ${host}`]),
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ...headers,
  ];
};

async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 5000;
  while (!condition()) {
    assert(performance.now() < end, `${what} in time`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Opens a WebSocket, collects what comes. */
function open(web: WebServer, path: string, protocol?: string) {
  const socket = new WebSocket(new URL(path, web.url.replace(/^http/, "ws")), protocol);
  socket.binaryType = "arraybuffer";
  const got: (string | ArrayBuffer)[] = [];
  const ended = Promise.withResolvers<CloseEvent>();
  socket.onmessage = ({ data }) => got.push(data);
  socket.onclose = (event) => ended.resolve(event);
  socket.onerror = (event) => event instanceof ErrorEvent && event.preventDefault();
  return { socket, got, ended: ended.promise };
}

const bytesOf = (parts: readonly (string | ArrayBuffer)[]): Uint8Array =>
  new Uint8Array(parts.flatMap((part) => typeof part === "string" ? [] : [...new Uint8Array(part)]));

Deno.test("WebServer gives the page and noVNC, each with its type and the headers that keep it to itself", async () => {
  await using web = server();
  for (const file of PAGE_FILES) {
    const answer = await fetch(new URL(file, web.url));
    assertEquals(answer.status, 200, file);
    assert((await answer.text()).length > 50, file);
  }
  const page = await fetch(web.url);
  assertEquals(page.headers.get("content-type"), "text/html; charset=utf-8");
  assert((await page.text()).includes("<title>udrm</title>"));
  assert(page.headers.get("content-security-policy")?.startsWith("default-src 'none'"));
  assertEquals(page.headers.get("referrer-policy"), "no-referrer");
  const rfb = await fetch(new URL("novnc/core/rfb.js", web.url));
  assertEquals(rfb.headers.get("content-type"), "text/javascript; charset=utf-8");
  assert((await rfb.text()).includes("export default class RFB"));
});

Deno.test("WebServer's page loads nothing from elsewhere", async () => {
  await using web = server();
  for (const file of PAGE_FILES) {
    const text = await (await fetch(new URL(file, web.url))).text();
    const urls = [...text.matchAll(/(?:https?|wss?):\/\/[^\s"']+/g)].map(([url]) => url);
    assertEquals(urls.filter((url) => !url.startsWith("http://www.w3.org/")), [], file);
  }
});

Deno.test("WebServer gives no other file", async () => {
  await using web = server();
  const { host, pathname } = new URL(web.url);
  for (
    const path of [
      "../web_server.ts",
      "web_server.ts",
      "novnc/package.json",
      "novnc/core/../../../../registry.json",
      "novnc/core/%2e%2e/%2e%2e/package.json",
      "novnc/core/nothing.js",
      "page/main.js",
      "%00",
      "novnc/core//etc/passwd.js",
    ]
  ) {
    const answer = await raw(web, [`GET ${pathname}${path} HTTP/1.1`, `Host: ${host}`]);
    assertEquals(status(answer), 404, path);
  }
});

Deno.test("WebServer asks for its secret, its own name, its own origin, and GET", async () => {
  await using web = server({ names: ["desk.example"] });
  const { host, port, pathname } = new URL(web.url);
  const get = async (path: string, ...headers: string[]) =>
    status(await raw(web, [`GET ${path} HTTP/1.1`, ...headers]));
  assertEquals(await get(pathname, `Host: ${host}`), 200);
  assertEquals(await get("/", `Host: ${host}`), 404);
  assertEquals(await get(`${pathname.slice(0, -2)}0x/`, `Host: ${host}`), 404);
  assertEquals(await get(pathname, `Host: localhost:${port}`), 200);
  assertEquals(await get(pathname, `Host: desk.example:${port}`), 200);
  assertEquals(await get(pathname, `Host: rebound.example:${port}`), 421);
  assertEquals(await get(pathname, "Host: 127.0.0.1:1"), 421);
  assertEquals(await get(pathname, `Host: ${host}`, "Origin: http://elsewhere.example"), 403);
  assertEquals(await get(pathname, `Host: ${host}`, `Origin: http://${host}`), 200);
  assertEquals(status(await raw(web, [`POST ${pathname} HTTP/1.1`, `Host: ${host}`, "Content-Length: 0"])), 405);
  assertEquals(new URL(web.url).hostname, "127.0.0.1");
});

Deno.test("WebServer's sockets are for its own page alone", async () => {
  await using web = server({ inspect: { watch: () => {}, look: () => Promise.reject(new Error("unused")) } });
  const { host } = new URL(web.url);
  for (const path of ["rfb", "inspect"]) {
    assertEquals(status(await raw(web, upgrade(web, path, ["Origin: http://elsewhere.example"]))), 403);
    assertEquals(status(await raw(web, upgrade(web, path, ["Origin: null"]))), 403);
    assertEquals(status(await raw(web, upgrade(web, path, ["Host: rebound.example"]))), 421);
    assertEquals(status(await raw(web, [`GET ${new URL(path, web.url).pathname} HTTP/1.1`, `Host: ${host}`])), 426);
    assertEquals(status(await raw(web, upgrade(web, path, [`Origin: http://${host}`]))), 101);
  }
  assertEquals(status(await raw(web, upgrade(web, "rfb?screen=1"))), 404);
  await until(() => web.viewers === 0, "the viewers go");
});

Deno.test("isOwnHost takes addresses, this machine, and names that were given", () => {
  for (const host of ["127.0.0.1:80", "127.0.0.1", "[::1]:80", "192.168.0.7:80", "LOCALHOST:80"]) {
    assert(isOwnHost(host, 80), host);
  }
  for (const host of ["a.example:80", "127.0.0.1.a.example:80", "127.0.0.1:81", "", "localhost:80:80", "[::1].a:80"]) {
    assert(!isOwnHost(host, 80), host);
  }
  assert(!isOwnHost(null, 80));
  assert(isOwnHost("a.example:80", 80, ["a.example"]));
});

Deno.test("WebServer talks RFB over a WebSocket: the handshake and a screen of one colour", async () => {
  await using web = server();
  const { socket, got, ended } = open(web, "rfb", "binary");
  const take = async (length: number): Promise<Uint8Array> => {
    await until(() => bytesOf(got).length >= length, `${length} bytes`);
    const bytes = bytesOf(got);
    got.splice(0, got.length, bytes.slice(length).buffer);
    return bytes.subarray(0, length);
  };
  assertEquals(new TextDecoder().decode(await take(12)), "RFB 003.008\n");
  assertEquals(socket.protocol, "binary");
  socket.send(new TextEncoder().encode("RFB 003.008\n"));
  assertEquals([...await take(2)], [1, 1]);
  socket.send(Uint8Array.of(1));
  assertEquals([...await take(4)], [0, 0, 0, 0]);
  socket.send(Uint8Array.of(1));
  const init = await take(24);
  assertEquals([init[1], init[3]], [64, 48]);
  await take(new DataView(init.buffer, init.byteOffset).getUint32(20));
  assertEquals(web.viewers, 1);
  socket.send(Uint8Array.of(2, 0, 0, 1, 0, 0, 0, 0)); // SetEncodings: Raw
  socket.send(Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 64, 0, 48)); // FramebufferUpdateRequest
  assertEquals([...await take(4)].slice(0, 1), [0]);
  const rect = await take(12);
  assertEquals([...rect], [0, 0, 0, 0, 0, 64, 0, 48, 0, 0, 0, 0]);
  assertEquals([...(await take(64 * 48 * 4)).subarray(0, 3)], [0x56, 0x34, 0x12]);
  socket.close();
  await ended;
  await until(() => web.viewers === 0, "the viewer goes");
});

Deno.test("WebServer drops viewers that break the protocol, send text, or send too much", async () => {
  const errors: unknown[] = [];
  await using web = server({ socketLimits: { incoming: 4096 }, onError: (error) => errors.push(error) });
  for (const message of ["text", new Uint8Array(1 << 20), new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n")]) {
    const { socket, ended } = open(web, "rfb", "binary");
    socket.onopen = () => socket.send(message);
    await ended;
  }
  await until(() => web.viewers === 0, "all are dropped");
  assertEquals(errors, []);
});

Deno.test("WebServer has room for a number of viewers, and for the next when one goes", async () => {
  await using web = server({ viewers: 3 });
  const many = Array.from({ length: 12 }, () => open(web, "rfb", "binary"));
  await until(
    () => web.viewers === 3 && many.filter(({ socket }) => socket.readyState === WebSocket.CLOSED).length === 9,
    "nine refused",
  );
  for (const { socket } of many) socket.close();
  await until(() => web.viewers === 0, "all gone");
  const again = open(web, "rfb", "binary");
  await until(() => again.got.length > 0, "the next is served");
  again.socket.close();
  await again.ended;
});

Deno.test("WebServer answers while many connections say nothing", async () => {
  await using web = server();
  const port = Number(new URL(web.url).port);
  const idle = await Promise.all(Array.from({ length: 200 }, () => Deno.connect({ hostname: "127.0.0.1", port })));
  assertEquals((await (await fetch(web.url)).text()).length > 100, true);
  for (const connection of idle) connection.close();
});

/** An inspector that counts. */
class Source implements InspectSource {
  readonly log: string[] = [];
  text = "x";
  fails = false;
  #next = 0;
  watch(on: boolean): void {
    this.log.push(on ? "on" : "off");
  }
  look(since: number, thumbnails: boolean) {
    if (this.fails) throw new Error("the kernel thread has ended");
    this.log.push(`${since}${thumbnails ? " pictures" : ""}`);
    return { system: this.text, trace: { events: [], next: ++this.#next, lost: 0 } } as unknown as ReturnType<
      Extract<InspectSource["look"], () => unknown>
    >;
  }
}

Deno.test("InspectFeed looks only while somebody watches, on from where it was", async () => {
  const source = new Source();
  await using web = server({ inspect: source, inspectLimits: { interval: 5 } });
  await new Promise((resolve) => setTimeout(resolve, 30));
  assertEquals(source.log, []);
  const one = open(web, "inspect"), two = open(web, "inspect");
  await until(() => one.got.length >= 3 && two.got.length >= 3, "snapshots");
  assertEquals(source.log.slice(0, 4), ["on", "0 pictures", "1", "2 pictures"]);
  assertEquals(JSON.parse(String(one.got[0])).system, "x");
  one.socket.close();
  two.socket.close();
  await until(() => source.log.at(-1) === "off", "the end of watching");
  const length = source.log.length;
  await new Promise((resolve) => setTimeout(resolve, 30));
  assertEquals(source.log.length, length);
  const three = open(web, "inspect");
  await until(() => three.got.length > 0, "snapshots again");
  assertEquals(source.log.slice(length, length + 2), ["on", "0 pictures"]);
  three.socket.close();
  await three.ended;
});

Deno.test("InspectFeed has room for a number of watchers, and none for those who talk", async () => {
  const source = new Source();
  await using web = server({ inspect: source, inspectLimits: { interval: 5, watchers: 2 } });
  const many = Array.from({ length: 6 }, () => open(web, "inspect"));
  await until(() => many.filter(({ socket }) => socket.readyState === WebSocket.CLOSED).length === 4, "four refused");
  assertEquals(web.watchers, 2);
  const left = many.filter(({ socket }) => socket.readyState === WebSocket.OPEN);
  left[0].socket.send("a".repeat(100_000));
  assertEquals((await left[0].ended).code, 1008);
  assertEquals(web.watchers, 1);
  left[1].socket.close();
  await left[1].ended;
});

Deno.test("InspectFeed leaves snapshots out for who reads slowly, and drops who does not read", async () => {
  const source = new Source();
  source.text = "z".repeat(1 << 20);
  await using web = server({ inspect: source, inspectLimits: { interval: 1, outgoing: 1 << 20, patience: 20 } });
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(web.url).port) });
  await connection.write(new TextEncoder().encode(`${upgrade(web, "inspect").join("\r\n")}\r\n\r\n`));
  await until(() => web.watchers === 1, "the watcher comes");
  const quick = open(web, "inspect");
  await until(() => web.watchers === 1 && quick.got.length > 5, "who does not read is dropped");
  assertEquals(quick.socket.readyState, WebSocket.OPEN);
  quick.socket.close();
  await quick.ended;
  connection.close();
});

Deno.test("InspectFeed tells watchers when the system has ended", async () => {
  const source = new Source();
  await using web = server({ inspect: source, inspectLimits: { interval: 5 } });
  const { got, ended } = open(web, "inspect");
  await until(() => got.length > 0, "a snapshot");
  source.fails = true;
  assertEquals((await ended).code, 1001);
});

/** Two ends of a WebSocket: a stream, and a plain socket. */
async function pair(limits: ConstructorParameters<typeof SocketStream>[1]) {
  const made = Promise.withResolvers<SocketStream>();
  const http = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    made.resolve(new SocketStream(socket, limits));
    return response;
  });
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: http.addr.port });
  const head = upgrade({ url: `http://127.0.0.1:${http.addr.port}/` } as WebServer, "");
  await connection.write(new TextEncoder().encode(`${head.join("\r\n")}\r\n\r\n`));
  const stream = await made.promise;
  return {
    stream,
    connection,
    async [Symbol.asyncDispose]() {
      stream.close();
      connection.close();
      await http.shutdown();
    },
  };
}

Deno.test("SocketStream.write waits for a slow reader, then drops it", async () => {
  await using ends = await pair({ outgoing: 1 << 16, patience: 150 });
  const { stream } = ends;
  const part = new Uint8Array(1 << 18);
  let written = 0, error: unknown;
  const start = performance.now();
  try {
    for (; written < 1 << 28; written += part.length) await stream.write(part);
  } catch (caught) {
    error = caught;
  }
  assert(error instanceof Deno.errors.BrokenPipe);
  assert(performance.now() - start >= 150);
  assert(written < 1 << 25, `${written} bytes were taken`);
  assert(stream.over);
  await stream.closed;
  assertEquals(await stream.read(new Uint8Array(1)), null);
});
