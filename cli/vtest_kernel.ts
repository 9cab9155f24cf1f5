/**
 * The kernel thread of `udrm vtest`: a Worker that blocks in the loop of the server, or of the supervisor of the processes that serve.
 * @module
 */

import { receiveMessageOnPort } from "node:worker_threads";
import {
  VTEST_LIMITS,
  type VtestEvent,
  type VtestLimits,
  VtestServer,
  VtestSupervisor,
} from "../drivers/bus/vtest/mod.ts";
import { raiseFdLimit } from "../drivers/os/rlimit.ts";
import type { VtestMessage, VtestStart } from "./vtest_messages.ts";
import { openRenderer } from "./vtest_renderer.ts";

const scope = globalThis as unknown as {
  postMessage(message: VtestMessage): void;
  close(): void;
  onmessage: ((event: MessageEvent<VtestStart>) => void) | null;
};

const say = (message: VtestMessage): void => scope.postMessage(message);
const onEvent = (event: VtestEvent): void => say({ kind: "event", event });

/** Serves until it is told to end. @returns why it could not go on, if so */
function kernel({ choice, requests }: VtestStart): string | undefined {
  const { socket, gpu, isolate, timeoutNs, memoryBytes } = choice;
  const limits: VtestLimits = { ...VTEST_LIMITS, gpuNs: timeoutNs };
  const onKick = (): boolean => receiveMessageOnPort(requests) === undefined;
  raiseFdLimit();
  if (isolate === "none") {
    using renderer = openRenderer(gpu, true);
    using server = new VtestServer({ path: socket, renderer, limits, onKick, onEvent });
    say({ kind: "listening", kick: server.kick });
    say({ kind: "ready", renderer: renderer.name, device: renderer.device });
    server.run();
    return undefined;
  }
  let failure: string | undefined;
  using server = new VtestSupervisor({
    ...{ path: socket, limits, memoryBytes, onKick, onEvent },
    spawn: (id, control) => say({ kind: "spawn", id, control }),
    kill: (id) => say({ kind: "kill", id }),
    onReady: (renderer, device) => say({ kind: "ready", renderer, device }),
    onFailed: (message) => {
      failure = message;
      server.stop();
    },
  });
  say({ kind: "listening", kick: server.kick });
  server.run();
  return failure;
}

scope.onmessage = (event) => {
  let failed: string | undefined;
  try {
    failed = kernel(event.data);
  } catch (error) {
    failed = error instanceof Error ? error.message : String(error);
  }
  say({ kind: "ended", failed });
  event.data.requests.close();
  scope.close();
};
