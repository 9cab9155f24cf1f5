/**
 * The kernel thread of `udrm run` and `udrm serve`: a Worker with a system and the door for programs. It blocks in the server's
 * loop; a kick makes it look for requests of the main isolate.
 * @module
 */

import { receiveMessageOnPort } from "node:worker_threads";
import { DrmFile } from "../core/drm_file.ts";
import { DrmError } from "../core/error.ts";
import { Inspector } from "../core/inspect/inspector.ts";
import { formatTrace } from "../core/trace.ts";
import { PreloadServer, SystemFiles } from "../drivers/chardev/preload/mod.ts";
import { InputSeat } from "../drivers/display/input_seat.ts";
import { encodePng } from "../drivers/display/png/apng.ts";
import { SharedDisplay } from "../drivers/display/board/shared_display.ts";
import { createSystem } from "../mod.ts";
import { parseConfig } from "./config.ts";
import { DeviceSet } from "./device_set.ts";
import type { KernelMessage, KernelOptions, KernelRequest, NumberedRequest, Screenshot } from "./kernel_messages.ts";
import { AskingScreen, LastPicture } from "./screens.ts";
import { ViewedScreen } from "./viewed_screen.ts";

// The project is checked as for the main isolate, whose global scope is another.
const scope = globalThis as unknown as {
  postMessage(message: KernelMessage): void;
  close(): void;
  onmessage: ((event: MessageEvent<KernelOptions>) => void) | null;
};

const messageOf = (error: unknown): string => error instanceof Error ? error.message : String(error);

function printError(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
}

function answer(
  devices: DeviceSet,
  inspector: Inspector,
  request: Exclude<KernelRequest, { kind: "end" }>,
): unknown {
  switch (request.kind) {
    case "config":
      return devices.apply(parseConfig(request.config));
    case "connectors":
      return devices.connectors();
    case "hotplug":
      return devices.plug(request.connector, request.connected);
    case "screenshot": {
      const { connector, picture } = devices.picture(request.connector);
      const { width, height } = picture;
      return { connector, width, height, png: encodePng(picture) } satisfies Screenshot;
    }
    case "watch":
      return inspector.watch(request.on);
    case "inspect":
      return inspector.look(request);
  }
}

/**
 * Makes the system and serves until it is told to end.
 *
 * @param options what the Worker was told
 * @returns what is told then. By that time nothing is left of it: who hears it may end the process, and libraries of drivers that
 * unload meanwhile would be missing to their own exit handlers
 */
function kernel(options: KernelOptions): KernelMessage {
  const { folder, requests } = options;
  using display = new LastPicture();
  using system = createSystem({ pages: "memfd", clock: "monotonic" });
  const { board } = options;
  using shared = board && new SharedDisplay({
    board,
    input: new InputSeat(system),
    send: (message) => scope.postMessage({ kind: "screen", message }),
  });
  const pictures = options.picture ? display : undefined;
  using devices = new DeviceSet(
    system,
    shared === undefined ? pictures : new ViewedScreen(shared, pictures ?? new AskingScreen()),
  );
  devices.apply(parseConfig(options.config));
  using inspector = new Inspector(system);
  // Whether it goes on.
  const take = (): boolean => {
    shared?.poll();
    for (;;) {
      const received = receiveMessageOnPort(requests);
      if (received === undefined) return true;
      const { id, request } = received.message as NumberedRequest;
      devices.sweep();
      if (request.kind === "end") return false;
      try {
        scope.postMessage({ kind: "answer", id, result: answer(devices, inspector, request) });
      } catch (error) {
        const expected = error instanceof DrmError || error instanceof TypeError || error instanceof RangeError;
        if (!expected) printError(`udrm: ${error instanceof Error ? error.stack : error}`);
        scope.postMessage({ kind: "answer", id, error: messageOf(error) });
      }
    }
  };
  {
    using _files = new SystemFiles(system, folder);
    using server = new PreloadServer({
      system,
      folder,
      onKick: take,
      onRelease: (file) => {
        if (options.picture && file instanceof DrmFile && file.isCurrentMaster) display.keep();
      },
      onError: (error) => printError(`udrm: ${error instanceof Error ? error.stack : error}`),
    });
    if (options.trace) {
      system.trace.listen((event) => {
        if (event.floor === "client" && !server.discarding) printError(formatTrace(event));
      });
    }
    scope.postMessage({ kind: "ready", kick: server.kick });
    server.run();
  }
  const last = options.picture ? display.last : undefined;
  return { kind: "ended", png: last && encodePng(last) };
}

scope.onmessage = (event) => {
  try {
    scope.postMessage(kernel(event.data));
  } catch (error) {
    scope.postMessage({ kind: "failed", message: messageOf(error) });
  }
  event.data.requests.close();
  scope.close();
};
