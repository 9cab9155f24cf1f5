/**
 * The kernel thread of `udrm vhost-user`: a Worker with the device and the back end. It blocks in the server's loop; a kick makes
 * it look for requests of the main isolate, and at what its viewers want.
 * @module
 */

import { receiveMessageOnPort } from "node:worker_threads";
import type { Display } from "../core/display.ts";
import { DrmError } from "../core/error.ts";
import { GpuDisplay, VhostUserServer } from "../drivers/bus/vhost_user/mod.ts";
import { encodePng } from "../drivers/display/png/apng.ts";
import { SharedDisplay } from "../drivers/display/board/shared_display.ts";
import { hostFeatures, virtioGpuHost } from "../drivers/host/virtio_gpu/mod.ts";
import { openRenderer } from "../mod.ts";
import { VIRTIO_GPU_F_RESOURCE_BLOB, VIRTIO_GPU_MAX_SCANOUTS } from "../uapi/virtio_gpu.ts";
import { AskingScreen } from "./screens.ts";
import { TeeDisplay } from "./tee_display.ts";
import type { VhostUserMessage, VhostUserOptions, VhostUserRequest } from "./vhost_user_messages.ts";

const scope = globalThis as unknown as {
  postMessage(message: VhostUserMessage): void;
  close(): void;
  onmessage: ((event: MessageEvent<VhostUserOptions>) => void) | null;
};

// Guests that have blobs scan out their own memory, which no transfer says is finished.
const BLOB = 1n << BigInt(VIRTIO_GPU_F_RESOURCE_BLOB);

function picture(screen: AskingScreen | undefined): Uint8Array | undefined {
  for (let scanout = 0; screen !== undefined && scanout < VIRTIO_GPU_MAX_SCANOUTS; scanout++) {
    const found = screen.picture(scanout);
    if (found !== undefined) return encodePng(found);
  }
  return undefined;
}

/** Serves until it is told to end. @param options what the Worker was told. @returns the last picture, if one is wanted. */
function kernel(options: VhostUserOptions): Uint8Array | undefined {
  const { socket, gpu, device, outputs, requests, board, picture: wanted } = options;
  const say = (sentence: string): void => scope.postMessage({ kind: "event", sentence });
  const sayError = (error: unknown): void =>
    say(`an error in udrm itself: ${error instanceof Error ? error.stack : error}`);
  using renderer = openRenderer(gpu, device, true);
  using display = new GpuDisplay(VIRTIO_GPU_MAX_SCANOUTS);
  // No input: there is no way to the machine for it. Monitors are the front end's.
  using shared = board &&
    new SharedDisplay({ board, send: (message) => scope.postMessage({ kind: "screen", message }) });
  using screen = wanted ? new AskingScreen() : undefined;
  const displays: Display[] = [display];
  if (shared !== undefined) displays.push(shared);
  if (screen !== undefined) displays.push(screen);
  using host = virtioGpuHost({
    renderer,
    display: displays.length === 1 ? display : new TeeDisplay(displays),
    scanouts: VIRTIO_GPU_MAX_SCANOUTS,
    features: hostFeatures(renderer) & ~BLOB,
  });
  // Whether it goes on.
  const take = (): boolean => {
    try {
      shared?.poll();
    } catch (error) {
      // What a viewer asks to see again cannot be read: the machine goes on.
      if (error instanceof DrmError) say(error.message);
      else sayError(error);
    }
    for (;;) {
      const received = receiveMessageOnPort(requests);
      if (received === undefined) return true;
      if (received.message as VhostUserRequest === "end") return false;
      scope.postMessage({ kind: "picture", png: picture(screen) });
    }
  };
  using server = new VhostUserServer({
    path: socket,
    backend: host,
    display,
    outputs,
    onKick: take,
    onEvent: say,
    onError: sayError,
  });
  scope.postMessage({ kind: "ready", kick: server.kick, renderer: renderer.name, device: renderer.device });
  server.run();
  return picture(screen);
}

scope.onmessage = (event) => {
  try {
    const png = kernel(event.data);
    // Only now is the socket removed: the process ends with this message.
    scope.postMessage({ kind: "ended", png });
  } catch (error) {
    scope.postMessage({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
  }
  event.data.requests.close();
  scope.close();
};
