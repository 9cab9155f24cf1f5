/**
 * A host process with an engine on the CPU instead of a GPU: the arguments are the process that started it, and what is wrong with it.
 * An escape that begins with EVIL makes it do what no host process does.
 * @module
 */

import { ringChannel } from "udrm/drivers/bus/vmbus/mod.ts";
import { Grants } from "udrm/drivers/host/dxg/isolated/grants.ts";
import * as ledger from "udrm/drivers/host/dxg/isolated/ledger_words.ts";
import { type OpenWire, serveDxgProcess } from "udrm/drivers/host/dxg/isolated/mod.ts";
import { CpuEngine } from "udrm/drivers/host/dxg/testing.ts";
import { dieWithParent, eventfd, MessageBuffer, openMemfd } from "udrm/drivers/os/mod.ts";
import { DXGK_VMBCOMMAND_SIGNALGUESTEVENT } from "udrm/uapi/dxgvmbus_number.ts";
import { DXGKVMB_HOST_TO_VM } from "udrm/uapi/dxgvmbus_hdr.ts";
import { dxgkvmb_command_signalguestevent } from "udrm/uapi/dxgvmbus_process.ts";

const CONTROL = 3;
const [parent, mode] = Deno.args;
if (!dieWithParent(Number(parent))) Deno.exit(1);

function say(text: string, ...fds: number[]): void {
  const buffer = new MessageBuffer(65536);
  const { written } = new TextEncoder().encodeInto(text, buffer.bytes);
  fds.forEach((fd, i) => buffer.fds[i] = fd);
  buffer.send(CONTROL, written, fds.length);
}

const hoard: Uint8Array[] = [];
/** Where the words of the ledger are in what it shares with its broker. */
const LEDGER = 64;

const wire: OpenWire = (options) => {
  let evil = 0, event = 0;
  const channel = ringChannel({
    ...options,
    handlers: {
      ...options.handlers,
      packet: (packet) => {
        for (let at = 24; at + 4 <= packet.length; at += 4) {
          const word = packet.view.getUint32(at, true);
          if (word >>> 16 === 0xe711) evil = word & 0xffff;
        }
        if (evil !== 0) ACTS[evil]?.();
        options.handlers.packet(packet);
      },
    },
  });
  const complete = channel.complete.bind(channel);
  // What it answers from then on.
  channel.complete = (low, high, data, length) => {
    switch (evil) {
      case 20: // another number
        return complete(low + 1, high, data, length);
      case 21: // twice
        complete(low, high, data, length);
        return complete(low, high, data, length);
      case 22: // longer than any answer may be
        return complete(low, high, new Uint8Array(0x22000), 0x22000);
      case 23: // nothing
        return complete(low, high, data, 0);
      case 24: // nonsense: addresses that it does not show, handles that nobody has
        return complete(low, high, new Uint8Array(length).fill(0x5b), length);
      default:
        return complete(low, high, data, length);
    }
  };
  const signal = dxgkvmb_command_signalguestevent.of();
  const words = new Uint32Array(options.outgoing.buffer, LEDGER, ledger.LEDGER_SIZE / 4);
  const ask = (): void => {
    Atomics.add(words, ledger.ASK, 1);
    options.signal();
  };
  let random = 1;
  const ACTS: Record<number, () => void> = {
    1: () => Deno.exit(9),
    2: () => {
      for (;;);
    },
    3: () => options.outgoing.fill(0xff),
    4: () => say("no JSON"),
    5: () => say('{"kind":"show","gpa":4096,"size":4096,"offset":0}'),
    6: () => say('{"kind":"show","gpa":4096,"size":4096,"offset":0}', openMemfd("soft", 4096, 0)),
    7: () => say('{"kind":"show","gpa":4096,"size":1e300,"offset":-4096}', openMemfd("hard", 4096)),
    8: () => say('{"kind":"show","gpa":4096,"size":4096,"offset":0}', eventfd()),
    9: () => say('{"kind":"hide","gpa":12}'),
    10: () => say('{"kind":"export","share":1,"what":"sync","adapter":0}', openMemfd("hard", 4096)),
    11: () => say('{"kind":"export","share":1073741824,"what":"sync","adapter":7}', openMemfd("hard", 4096)),
    12: () => say('{"kind":"released","share":5,"seen":0}'),
    13: () => say('{"kind":"unknown"}'),
    14: () => say("[]", ...Array.from({ length: 200 }, () => openMemfd("many", 4096))),
    15: () => say('{"kind":"ready","infos":[]}'),
    16: () => { // events of others
      signal.hdr.channel_bits = DXGKVMB_HOST_TO_VM;
      signal.hdr.command_type = DXGK_VMBCOMMAND_SIGNALGUESTEVENT;
      for (let i = 0; i < 100; i++) {
        signal.event = BigInt(++event);
        channel.send(dxgkvmb_command_signalguestevent.bytes(signal), dxgkvmb_command_signalguestevent.size, 0, false);
      }
    },
    17: () => void channel.send(new Uint8Array(64).fill(0xee), 64, 0, true),
    18: () => say('{"kind":"hung","reason":"because"}'),
    19: () => {
      for (let i = 0; i < 20_000; i++) say('{"kind":"changed","share":1073741824}');
    },
    25: () => { // never gives memory back
      Grants.prototype.poll = () => false;
    },
    26: () => { // says that it has, and has not
      Grants.prototype.poll = () => {
        const limits = Atomics.load(words, ledger.LIMITS);
        if (Atomics.load(words, ledger.YIELDED) === limits) return false;
        for (let at = 8; at < words.length; at += 16) Atomics.store(words, at + ledger.HOLD, ledger.POOL_MAX);
        Atomics.store(words, ledger.YIELDED, limits);
        ask();
        return false;
      };
    },
    27: () => { // wants all there is, and all reserved
      for (let at = 8; at < words.length; at += 16) {
        for (const word of [ledger.HOLD, ledger.WANT, ledger.FORCE, ledger.WANTED, ledger.RESERVE]) {
          Atomics.store(words, at + word, word === ledger.RESERVE ? 1000 : 0xffff_ffff);
        }
      }
      ask();
    },
    28: () => { // writes random words
      for (let i = 0; i < 40; i++) {
        random = Math.imul(random, 1664525) + 1013904223 >>> 0;
        Atomics.store(words, random % 48, random >>> (random & 31));
        if (i % 8 === 0) ask();
      }
    },
    29: () => { // asks more than anybody who works
      for (const end = performance.now() + 3000; performance.now() < end;) ask();
    },
    30: () => { // takes memory that nobody gave it
      for (let i = 0; i < 16 && hoard.length < 16; i++) hoard.push(new Uint8Array(64 << 20).fill(1));
    },
    31: () => { // writes to whoever reads the trace
      const event = [0, "\u001b[2J\u001b]0;mine\u0007", "a\nb\u202e", "\u009b31mred"];
      say(JSON.stringify({ kind: "trace", events: [event, "none", {}, null], dropped: 7 }));
    },
    32: () => say(JSON.stringify({ kind: "trace", events: Array(10_000).fill(0), dropped: 0 })),
    33: () => say('{"kind":"trace","events":{},"dropped":0}'),
    34: () => say('{"kind":"trace","events":[],"dropped":-1}'),
  };
  return channel;
};

const served = serveDxgProcess({
  control: CONTROL,
  wire,
  open: () => {
    if (mode === "none") throw new Error("there is no GPU");
    if (mode === "silent") { for (;;); }
    return [new CpuEngine()];
  },
});
Deno.exit(served ? 0 : 1);
