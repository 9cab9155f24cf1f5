/**
 * A guest's virtio-gpu at 1920x1080, under QEMU's own emulation of a processor: `udrm vhost-user` against QEMU's stock backend, and
 * against its built-in device.
 * @module
 */

import type { BackendKind } from "../guest/backend.ts";
import { buildInitramfs } from "../guest/initramfs.ts";
import { guestPackages } from "../guest/packages.ts";
import { Guest } from "../guest/rig.ts";
import type { BenchRow } from "./harness.ts";

const WIDTH = 1920;
const HEIGHT = 1080;
/** How long each thing is done at once, and how often by turns. */
const SECONDS = 1;
const ROUNDS = 7;

/** What gpubench.c measures, and what is asked of it against the stock backend. */
const THINGS: readonly (readonly [name: string, what: string, target?: string])[] = [
  ["dirty_full", "guest: full DIRTYFB", ">= 1.0"],
  ["flip", "guest: page flip", ">= 3.0"],
  ["dirty_64", "guest: 64x64 DIRTYFB"],
  ["transfer_16", "guest: 16x16 transfer, pipelined", ">= 0.8"],
  ["transfer_full", "guest: full transfer, pipelined"],
  ["cursor_move", "guest: cursor move", ">= 0.9"],
  ["buffers", "guest: 256x256 buffer made and destroyed"],
];

type Kind = BackendKind | "builtin";
const KINDS: readonly Kind[] = ["udrm", "stock", "builtin"];

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1];

async function measure(guest: Guest, name: string): Promise<number> {
  const lines = await guest.machine.run(`gpubench ${WIDTH} ${HEIGHT} ${SECONDS} ${name}`);
  const rate = lines.map((line) => new RegExp(`^rate ${name} ([\\d.]+)$`).exec(line)?.[1]).find((text) =>
    text !== undefined
  );
  if (rate === undefined) throw new Error(`Cannot measure ${name}: the guest says ${lines.join(", ")}`);
  return Number(rate);
}

/** Three machines run at once; one works at a time, by turns, so that a noisy computer hurts all. */
export async function bench(): Promise<BenchRow[]> {
  const packages = guestPackages(false, (line) => console.log(`guest: ${line}`));
  const parts = { packages, initramfs: buildInitramfs(packages) };
  await using stack = new AsyncDisposableStack();
  const guests = new Map<Kind, Guest>();
  for (const kind of KINDS) guests.set(kind, stack.use(await Guest.start(parts, kind)));
  const rows: BenchRow[] = [];
  for (const [name, what, target] of THINGS) {
    const rates = new Map<Kind, number[]>(KINDS.map((kind) => [kind, []]));
    for (let round = -1; round < ROUNDS; round++) {
      for (const [kind, guest] of guests) {
        const rate = await measure(guest, name);
        if (round >= 0) rates.get(kind)?.push(rate); // the first one warms
      }
    }
    const ours = rates.get("udrm") ?? [];
    for (const kind of KINDS.slice(1)) {
      const theirs = rates.get(kind) ?? [];
      // Of each round by itself: what else the computer does meanwhile changes from round to round.
      const ratio = median(ours.map((rate, round) => rate / theirs[round]));
      const reference = kind === "stock" ? "stock backend" : "built-in device";
      const row = { name: what, unit: "ops/s", value: median(ours), reference, referenceValue: median(theirs), ratio };
      rows.push(kind === "stock" ? { ...row, target } : row);
    }
  }
  return rows;
}
