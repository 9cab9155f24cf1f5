/**
 * The kernel thread of `udrm run`: a Worker with a system and the door for programs. It blocks in the server's loop; a kick
 * ends it.
 * @module
 */

import type { Frame } from "../core/display.ts";
import { DrmFile } from "../core/drm_file.ts";
import { formatTrace } from "../core/trace.ts";
import { PreloadServer, writeTree } from "../drivers/chardev/preload/mod.ts";
import type { Picture } from "../drivers/display/pixels.ts";
import { encodePng } from "../drivers/display/png/apng.ts";
import { createSystem, drivers, type DriverSource, PngDisplay } from "../mod.ts";
import type { DriverName, KernelMessage, KernelOptions } from "./kernel_messages.ts";

// The project is checked as for the main isolate, whose global scope is another.
const scope = globalThis as unknown as {
  postMessage(message: KernelMessage): void;
  close(): void;
  onmessage: ((event: MessageEvent<KernelOptions>) => void) | null;
};

/**
 * A display that remembers what it showed before its client went: then it is switched off, or black, where the driver leaves the
 * CRTC running without a plane.
 */
class LastPicture extends PngDisplay {
  #last: Picture | undefined;

  override present(scanout: number, frame: Frame | undefined): void {
    if (frame === undefined && scanout === 0) this.keep();
    super.present(scanout, frame);
  }

  /** Remembers the first screen, unless it is off or black. */
  keep(): void {
    const now = this.picture(0);
    if (now?.data.some((byte, i) => byte !== 0 && (i & 3) !== 3)) this.#last = now;
  }

  /** A PNG file of the remembered picture, else of the screen; undefined if it never showed anything. */
  get last(): Uint8Array | undefined {
    const picture = this.#last ?? this.picture(0);
    return picture === undefined ? undefined : encodePng(picture);
  }
}

/** A PCI function where the machine has none: slot 2 for the first device, as QEMU's is, or one further on. */
function freeFunction(index: number): string {
  for (let slot = 2, free = 0; slot < 32; slot++) {
    const address = `0000:00:${slot.toString(16).padStart(2, "0")}.0`;
    try {
      Deno.lstatSync(`/sys/bus/pci/devices/${address}`);
    } catch {
      if (free++ === index) return address;
    }
  }
  return `0001:00:${index.toString(16).padStart(2, "0")}.0`;
}

/** How a driver is made: with the display of the first screen, and the number of the device. */
const DRIVERS: Readonly<Record<DriverName, (display: PngDisplay | undefined, index: number) => DriverSource>> = {
  virtio_gpu: (display, index) => drivers.virtioGpu({ display, name: `pci:${freeFunction(index)}` }),
  vkms: (display) => drivers.vkms({ display }),
  vgem: () => drivers.vgem(),
};

function printError(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
}

/** Makes the system and serves until kicked. @param options what the Worker was told. */
function kernel(options: KernelOptions): void {
  using display = new LastPicture();
  using system = createSystem({
    pages: "memfd",
    clock: "monotonic",
    drivers: options.drivers.map((name, index) =>
      DRIVERS[name](options.picture && index === 0 ? display : undefined, index)
    ),
  });
  {
    writeTree(system, `${options.folder}/root`);
    using server = new PreloadServer({
      system,
      folder: options.folder,
      onKick: () => false,
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
  scope.postMessage({ kind: "ended", png: options.picture ? display.last : undefined });
}

scope.onmessage = (event) => {
  try {
    kernel(event.data);
  } catch (error) {
    scope.postMessage({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
  }
  scope.close();
};
