import { assertEquals, assertLess, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { VtestClient } from "../drivers/bus/vtest/testing.ts";
import "../drivers/os/testing.ts";
import { parseVtest } from "./vtest_options.ts";

const here = (path: string): string => new URL(path, import.meta.url).href;

/** `udrm vtest` on a renderer for tests. */
class Running implements AsyncDisposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "vtest" });
  readonly socket = `${this.folder}/socket`;
  readonly process: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  #text = "";

  constructor(mode: string) {
    const code = `import { vtest } from "${here("./vtest.ts")}";
      Deno.exit(await vtest(Deno.args, new URL("${here("../drivers/bus/vtest/testing_child.ts")}")));`;
    const entry = `${this.folder}/entry.ts`;
    Deno.writeTextFileSync(entry, code);
    this.process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-prompt", entry, "--json", "--socket", this.socket, "--gpu", mode],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#lines = this.process.stdout.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>)
      .getReader();
  }
  /** The next line. */
  async next(): Promise<Record<string, unknown>> {
    while (!this.#text.includes("\n")) {
      const { value, done } = await this.#lines.read();
      if (done) throw new Error(`Cannot read a line: the command has ended after ${JSON.stringify(this.#text)}`);
      this.#text += value;
    }
    const end = this.#text.indexOf("\n");
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 1);
    return JSON.parse(line);
  }
  /** How it has ended. */
  async end(): Promise<{ readonly code: number; readonly said: string }> {
    await this.#lines.cancel();
    const said = await new Response(this.process.stderr).text();
    return { code: (await this.process.status).code, said };
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lines.cancel();
    if (!this.process.stderr.locked) await this.process.stderr.cancel();
    await this.process.status;
    Deno.removeSync(this.folder, { recursive: true });
  }
}

Deno.test("udrm vtest serves programs, tells of them in JSON, and ends when it is told to", async () => {
  await using running = new Running("usual");
  const { socket } = running;
  assertEquals(await running.next(), {
    ...{ event: "ready", socket, renderer: "fake", device: "no GPU", isolate: "process" },
  });
  using client = new VtestClient(socket);
  assertEquals(client.handshake("glxgears", 2), 2);
  assertEquals(await running.next(), { event: "client", client: 1 });
  assertEquals(await running.next(), { event: "name", client: 1, name: "glxgears" });
  client.submit([0xbad0_0001]);
  const end = await running.next();
  assertEquals([end.event, end.client, end.failed], ["end", 1, false]);
  assertMatch(String(end.reason), /^SUBMIT_CMD: Cannot execute/);
  using other = new VtestClient(socket);
  other.handshake("other", 0);
  const start = performance.now();
  running.process.kill("SIGTERM");
  const { code, said } = await running.end();
  assertEquals([code, said], [0, ""]);
  assertLess(performance.now() - start, 10_000);
  assertEquals(other.ended(1000), true);
  assertThrows(() => Deno.lstatSync(socket), Deno.errors.NotFound);
});

Deno.test("udrm vtest: when it is killed, so are the processes of its programs", async () => {
  await using running = new Running("usual");
  await running.next();
  using client = new VtestClient(running.socket);
  client.handshake("orphan", 2);
  // It would otherwise go on for a minute.
  client.submit([0xbad0_0002, 60_000]);
  running.process.kill("SIGKILL");
  await running.process.status;
  assertEquals(client.ended(1000), true);
});

Deno.test("udrm vtest says why there is no renderer", async () => {
  await using running = new Running("none");
  const { code, said } = await running.end();
  assertEquals(code, 1);
  assertStringIncludes(said, "udrm vtest: there is no GPU");
});

Deno.test("udrm vtest: options", () => {
  const choice = parseVtest([]);
  assertEquals(choice, {
    ...{ socket: "/tmp/.virgl_test", gpu: undefined, isolate: "process", json: false },
    ...{ timeoutNs: 30e9, memoryBytes: 4096 * 2 ** 20 },
  });
  assertEquals(parseVtest(["--help"]), "help");
  for (
    const wrong of [["--isolate", "thread"], ["--timeout", "0"], ["--memory", "x"], ["--socket", ""], ["--what"], ["x"]]
  ) {
    const refused = parseVtest(wrong);
    assertEquals(typeof refused === "object" && "error" in refused, true, wrong.join(" "));
  }
});
