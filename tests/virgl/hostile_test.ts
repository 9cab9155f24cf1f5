/** Shaders that do not end: of a process for each client, that client alone dies; within one process its budget ends it. */
import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { virglContexts } from "udrm/drivers/host/render/virgl/contexts.ts";
import { withVirgl } from "udrm/drivers/host/render/virgl/testing.ts";
import { difference, loadCapture, replay } from "udrm/drivers/bus/vtest/replay.ts";
import { VtestClient } from "udrm/drivers/bus/vtest/testing.ts";
import "udrm/drivers/os/testing.ts";
import { drawScript, ENDLESS } from "../fuzz/virgl_feature_script.ts";
import { Player } from "../fuzz/virgl_player.ts";
import { captureScript, type Script } from "../fuzz/virgl_script.ts";

const root = new URL("../../", import.meta.url).pathname;
const CAPTURE = new URL("../data/virgl/captures/build.vtr.gz", import.meta.url);

/** `udrm vtest` with a process for each client. */
class Server implements AsyncDisposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "virgl" });
  readonly socket = `${this.folder}/socket`;
  readonly process: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  #text = "";

  constructor(timeout: number) {
    const args = ["run", "-A", "cli/main.ts", "vtest", "--json", "--socket", this.socket, "--timeout", `${timeout}`];
    this.process = new Deno.Command(Deno.execPath(), { args, cwd: root, stdout: "piped", stderr: "null" }).spawn();
    this.#lines = this.process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next event of a kind. */
  async next(kind: string): Promise<Record<string, unknown>> {
    for (;;) {
      const end = this.#text.indexOf("\n");
      if (end < 0) {
        const { value, done } = await this.#lines.read();
        if (done) throw new Error(`The server has ended after ${JSON.stringify(this.#text)}`);
        this.#text += value;
        continue;
      }
      const line = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + 1);
      const event = line.startsWith("{") ? JSON.parse(line) : {};
      if (event.event === kind) return event;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill("SIGTERM");
    await this.#lines.cancel();
    await this.process.status;
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** Says what a script does to a server. */
function send(client: VtestClient, { steps }: Script): void {
  for (const step of steps) {
    if (step.kind === "create") client.create(step.id, step.info, 0);
    else if (step.kind === "submit") client.submit(step.words);
    else if (step.kind === "put") {
      const { x, y, z, width, height, depth } = step.transfer;
      client.transferPut(step.id, 0, 0, 0, [x, y, z, width, height, depth], step.bytes);
    }
  }
}

Deno.test("over udrm vtest, a shader that never ends kills its own client alone", async () => {
  const messages = await loadCapture(CAPTURE);
  await using server = new Server(2);
  await server.next("ready");
  const pictures = (client: VtestClient) => {
    let count = 0;
    replay(client, messages, (expected, actual) => {
      assertLess(difference(expected, actual), 0.005);
      count++;
    });
    return count;
  };
  using hostile = new VtestClient(server.socket);
  hostile.handshake("endless", 0);
  const start = performance.now();
  send(hostile, drawScript(ENDLESS, 1000));
  // Others come and draw meanwhile.
  using innocent = new VtestClient(server.socket);
  assertEquals(pictures(innocent), 2);
  const end = await server.next("end");
  assertEquals(end.client, 1);
  assertMatch(String(end.reason), /did not finish|was not done/);
  assertLess(performance.now() - start, 20_000);
  assertEquals(hostile.ended(1000), true);
  using next = new VtestClient(server.socket);
  assertEquals(pictures(next), 2);
});

Deno.test("within one process, a shader that never ends is ended by its budget, and others draw on", async () => {
  const build = await captureScript("build", 2);
  await withVirgl((virgl) => {
    const hostile = new Player(virgl, undefined, "endless"), innocent = new Player(virgl, undefined, "innocent");
    for (const step of drawScript(ENDLESS, 1).steps) hostile.step(step);
    assertEquals(hostile.context.lost, undefined);
    let pictures = 0;
    for (const step of build.steps) {
      const bytes = innocent.step(step);
      if (step.kind !== "get" || step.expected === undefined) continue;
      assert(bytes !== undefined);
      assertLess(difference(step.expected, bytes), 0.005);
      pictures++;
    }
    assertEquals([pictures, innocent.errors], [2, 0]);
    hostile[Symbol.dispose]();
    innocent[Symbol.dispose]();
  }, { contexts: virglContexts, validation: false });
});
