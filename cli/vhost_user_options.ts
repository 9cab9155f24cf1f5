/**
 * The options of `udrm vhost-user`.
 * @module
 */

import { parseArgs } from "node:util";
import { displayChoice, type DisplaySpec } from "./display_options.ts";
import { absolute } from "./place.ts";
import type { VhostUserOptions } from "./vhost_user_messages.ts";

/** Its --help. */
export const VHOST_USER_HELP: string =
  `Usage: udrm vhost-user --socket PATH [--gpu soft2d|vulkan2d[:GPU]|virgl[:GPU]] [--outputs N] [--display DISPLAY...] [--json]

A GPU for a virtual machine: a vhost-user-gpu back end. It serves one machine after the other until SIGINT or SIGTERM.

  --socket PATH    where QEMU connects; made here, removed at the end
  --gpu GPU        soft2d draws on the CPU, vulkan2d on a GPU: the best one, or what part of a name or a number of udrm info says;
                   virgl on a GPU, too, with 3D for the machine's programs; soft2d by default
  --outputs N      heads of the device, 1 to 16, 1 by default; QEMU has its own number, max_outputs=
  --display none   the screens are the machine's own, QEMU's; by default. What else there is shows the same besides, as often as
                   it is named, and goes on when the machine is gone. Viewers look only: vhost-user takes neither keys, nor the
                   pointer, nor another size to the machine, which has its own from QEMU
  --display vnc[:PORT][,address=ADDRESS][,password-file=FILE][,output=N]
                   for VNC viewers; on 127.0.0.1 and the first free port from 5900 unless told
  --display web[:PORT][,address=ADDRESS][,name=NAME][,output=N]
                   as a page for browsers; its address, which is a secret, is printed. It has no inspector: the system is the
                   machine's. NAME: a host name by which it may be called, too
  --display term[:half|sixel|kitty][,fps=N][,output=N]
                   in this terminal, by half blocks (default), sixels or kitty's protocol; Ctrl-] quits
  --display png:FILE
                   writes what is shown to FILE, at each SIGUSR2 and at the end
  --json           prints one line of JSON when it is ready
  --help           this text

Examples:
  udrm vhost-user --socket /tmp/gpu.sock &
  qemu-system-x86_64 -m 1G -object memory-backend-memfd,id=mem,size=1G,share=on -machine q35,memory-backend=mem \\
    -chardev socket,id=gpu,path=/tmp/gpu.sock -device vhost-user-gpu-pci,chardev=gpu ...
  udrm vhost-user --socket /tmp/gpu.sock --display vnc:5901 --display web`;

/** What was asked for. */
export type VhostUserChoice = Omit<VhostUserOptions, "requests" | "picture" | "board"> & {
  /** Screens that people look at. */
  readonly displays: readonly DisplaySpec[];
  /** Where pictures go, if any are wanted. */
  readonly png: string | undefined;
  /** Whether a program reads what is printed. */
  readonly json: boolean;
};

/** Reads `argv`. @returns what it asks for, or what is wrong. */
export function parseVhostUser(argv: readonly string[]): VhostUserChoice | "help" | { readonly error: string } {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        socket: { type: "string" },
        gpu: { type: "string", default: "soft2d" },
        outputs: { type: "string", default: "1" },
        display: { type: "string", multiple: true },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) return "help";
    if (!values.socket) return { error: "where is QEMU to connect? Name a path by --socket" };
    const [gpu, device] = split(values.gpu);
    const known = gpu === "soft2d" || gpu === "vulkan2d" || gpu === "virgl";
    if (!known || gpu === "soft2d" && device !== undefined) {
      return {
        error: `--gpu takes soft2d, vulkan2d, virgl, vulkan2d:GPU or virgl:GPU, not ${JSON.stringify(values.gpu)}`,
      };
    }
    if (!/^([1-9]|1[0-6])$/.test(values.outputs)) {
      return { error: `--outputs takes 1 to 16, not ${JSON.stringify(values.outputs)}` };
    }
    const shown = readDisplays(values.display ?? []);
    if ("error" in shown) return shown;
    const { json, outputs } = values;
    return { socket: absolute(values.socket), gpu, device, outputs: Number(outputs), ...shown, json };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

function readDisplays(
  texts: readonly string[],
): Pick<VhostUserChoice, "displays" | "png"> | { readonly error: string } {
  const viewed: string[] = [];
  let png: string | undefined;
  for (const text of texts) {
    const [kind, rest] = split(text);
    if (kind === "png") {
      if (!rest) return { error: `--display ${text}: where is the picture to go? png:FILE` };
      if (png !== undefined) return { error: "--display png:FILE is for one file" };
      png = rest;
    } else if (text !== "none") {
      if (!/^(vnc|web|term)(?![^:,])/.test(text)) {
        return { error: `--display ${text}: there is no such display; there are none, vnc, web, term, png:FILE` };
      }
      viewed.push(text);
    } else if (texts.length > 1) return { error: "--display none is for none: not with others" };
  }
  const displays = displayChoice(viewed);
  return "error" in displays ? displays : { displays, png };
}

function split(text: string): [string, string | undefined] {
  const colon = text.indexOf(":");
  return colon < 0 ? [text, undefined] : [text.slice(0, colon), text.slice(colon + 1)];
}
