/**
 * A back end of this thread, its device, and whoever plays the front end.
 * @module
 */

import "udrm/drivers/os/testing.ts";
import { GpuDisplay, VhostUserServer } from "udrm/drivers/bus/vhost_user/mod.ts";
import { FrontEnd } from "udrm/drivers/bus/vhost_user/testing.ts";
import { GpuGuest, type GpuGuestOptions } from "udrm/drivers/bus/vhost_user/testing_guest.ts";
import { soft2d } from "udrm/drivers/host/render/soft2d/mod.ts";
import { type VirtioGpuHost, virtioGpuHost } from "udrm/drivers/host/virtio_gpu/mod.ts";
import type { Renderer } from "udrm/core/host.ts";

/** The back end. */
export interface Rig extends Disposable {
  /** Its socket. */
  readonly path: string;
  readonly server: VhostUserServer;
  readonly host: VirtioGpuHost;
  readonly display: GpuDisplay;
  /** What it said. */
  readonly events: string[];
  /** Programming errors; the rig's disposal throws the first. */
  readonly errors: unknown[];
  /** Lets it work. */
  pump(): void;
  /** A front end that says what it is told to. */
  front(): FrontEnd;
  /** A guest. */
  guest(options?: GpuGuestOptions): GpuGuest;
}

/** Makes one. */
export function rig(
  options: { readonly renderer?: Renderer; readonly outputs?: number; readonly features?: bigint } = {},
): Rig {
  const folder = Deno.makeTempDirSync({ prefix: "udrm-vhost-" });
  const path = `${folder}/socket`;
  const renderer = options.renderer ?? soft2d();
  const display = new GpuDisplay(16);
  const host = virtioGpuHost({ renderer, display, scanouts: 16, features: options.features ?? 3n << 1n });
  const events: string[] = [], errors: unknown[] = [];
  const server = new VhostUserServer({
    path,
    backend: host,
    display,
    outputs: options.outputs,
    onEvent: (sentence) => void events.push(sentence),
    onError: (error) => void errors.push(error),
  });
  const pump = (): void => void server.turn(0);
  return {
    path,
    server,
    host,
    display,
    events,
    errors,
    pump,
    front: () => new FrontEnd(path, { pump, timeout: 500 }),
    guest: (more) => new GpuGuest(path, { pump, timeout: 500, ...more }),
    [Symbol.dispose]: () => {
      server[Symbol.dispose]();
      host[Symbol.dispose]();
      display[Symbol.dispose]();
      renderer[Symbol.dispose]();
      Deno.removeSync(folder, { recursive: true });
      if (errors.length > 0) throw errors[0];
    },
  };
}

/** Fills with bytes that look random and are the same each time. */
export function noise(seed: number): (bytes: Uint8Array) => void {
  return (bytes) => {
    let state = seed >>> 0 || 1;
    for (let i = 0; i < bytes.length; i++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      bytes[i] = state;
    }
  };
}
