/**
 * `--display web`: a page with the screen and an inspector.
 * @module
 */

import type { Inspection } from "../core/inspect/inspector.ts";
import type { SharedScreens } from "../drivers/display/board/shared_screens.ts";
import type { WebServer } from "../drivers/display/web/web_server.ts";
import { type DisplayText, wholeNumber } from "./display_text.ts";
import type { KernelRequest } from "./kernel_messages.ts";

/** Its lines of a --help. */
export const WEB_HELP: string = `  --display web[:PORT][,address=ADDRESS][,name=NAME][,view-only][,output=N]
                   the same, and an inspector of devices, planes, buffers, fences and requests, as a page for browsers; its
                   address, which is a secret, is printed. NAME: a host name by which it may be called, too`;

/** A page that was asked for. */
export interface WebSpec {
  /** Which kind. */
  readonly kind: "web";
  /** Its port; 0 for any. */
  readonly port: number;
  /** Where it listens. */
  readonly address: string;
  /** Host names besides addresses and localhost. */
  readonly names: readonly string[];
  /** Whether viewers may only look. */
  readonly viewOnly: boolean;
  /** The scanout that is shown; the first, and the others to choose from, if undefined. */
  readonly output: number | undefined;
}

/** Scanouts that the page offers when none is named: as many as have ever shown anything. */
const OUTPUTS = 16;

/** What the options ask for. @returns or what is wrong. */
export function parseWeb({ value, options }: DisplayText): WebSpec | { readonly error: string } {
  const port = value === undefined ? 0 : wholeNumber(value, 65535);
  if (port === undefined) return { error: "a port is a number up to 65535" };
  const names: string[] = [];
  let address = "127.0.0.1", viewOnly = false, output: number | undefined;
  for (const [name, text] of options) {
    if (name === "view-only" && text === "") viewOnly = true;
    else if (name === "address" && text !== "") address = text;
    else if (name === "name" && /^[a-z0-9.-]+$/i.test(text)) names.push(text.toLowerCase());
    else if (name === "output" && wholeNumber(text, OUTPUTS - 1) !== undefined) output = Number(text);
    else {return {
        error: `there is no option "${name}=${text}"; there are address=, name=, view-only, output= (0 to 15)`,
      };}
  }
  return { kind: "web", port, address, names, viewOnly, output };
}

/** Asks the kernel thread. */
export type AskKernel = (request: KernelRequest) => Promise<unknown>;

/**
 * Opens the page.
 *
 * @param kernel resolves with how to ask the kernel thread once it is there; undefined: there is no system to inspect.
 * @param onError is told what goes wrong with a viewer. @throws {Error} if it cannot listen.
 */
export async function openWeb(
  spec: WebSpec,
  screens: SharedScreens,
  kernel: Promise<AskKernel> | undefined,
  onError: (error: unknown) => void,
): Promise<WebServer> {
  const { WebServer } = await import("../drivers/display/web/web_server.ts");
  const all = Array.from({ length: OUTPUTS }, (_, i) => screens.screen(i));
  return new WebServer({
    screens: () => {
      if (spec.output !== undefined) return [all[spec.output]];
      for (const screen of all) screen.take();
      // The last one that is on, and all before it: numbers stay.
      const last = all.findLastIndex(({ width }) => width > 0);
      return all.slice(0, Math.max(1, last + 1));
    },
    rfb: { viewOnly: spec.viewOnly },
    inspect: kernel && {
      watch: async (on) => void await (await kernel)({ kind: "watch", on }),
      look: async (since, thumbnails) => await (await kernel)({ kind: "inspect", since, thumbnails }) as Inspection,
    },
    hostname: spec.address,
    port: spec.port,
    names: spec.names,
    onError,
  });
}
