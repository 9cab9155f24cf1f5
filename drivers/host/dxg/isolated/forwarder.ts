/**
 * Messages of the guest on their way to the processes, and answers on their way back. The path of every submission: nothing is made here
 * for a message that nobody waits for.
 * @module
 */

import { DrmError } from "../../../../core/error.ts";
import type { VmbusChannel, VmbusPacket } from "../../../../core/vmbus.ts";
import { _D3DKMT_DEVICESTATE_EXECUTION, d3dkmt_getdevicestate } from "../../../../uapi/d3dkmthk_device.ts";
import { dxgkExtHeaderSize, DXGKVMB_VGPU_TO_HOST, DXGKVMB_VM_TO_HOST } from "../../../../uapi/dxgvmbus_hdr.ts";
import {
  STATUS_DEVICE_REMOVED,
  STATUS_INVALID_HANDLE,
  STATUS_INVALID_PARAMETER,
  STATUS_SUCCESS,
} from "../../../../uapi/ntstatus.ts";
import { readUtf16 } from "../adapter_info.ts";
import type { DxgBroker } from "./broker.ts";
import type { HostProcess, Pending } from "./host_process.ts";
import { Broken, statusFor } from "./rewriter.ts";
import { GLOBAL, KEY, REPLY, REQUEST, UNDOING } from "./routes.ts";

const HEADER = 24;
const NAME_UNITS = 260;

interface Answer {
  readonly to: Pending;
  readonly data: Uint8Array;
}

/** Passes messages on. */
export class Forwarder {
  readonly #broker: DxgBroker;
  readonly #wait: (process: HostProcess, number: number) => void;
  // Answers go to the guest when nothing is read from a process: the guest may go on at once, and ask for more.
  readonly #answers: Answer[] = [];
  readonly #word = new Uint8Array(4);

  /** @param wait gives a process the time to answer. */
  constructor(broker: DxgBroker, wait: (process: HostProcess, number: number) => void) {
    this.#broker = broker;
    this.#wait = wait;
  }

  /** A message of the guest. @param local executes what is about no process. */
  packet(index: number, channel: VmbusChannel, packet: VmbusPacket, local: (packet: VmbusPacket) => void): void {
    const broker = this.#broker;
    const { view, data, length } = packet;
    const ext = dxgkExtHeaderSize(broker.host.version);
    const start = ext === 0 ? 0 : length >= ext ? view.getUint32(0, true) : -1;
    if (start < 0 || start % 8 !== 0 || start + HEADER > length) return local(packet);
    const kind = view.getUint32(start + 12, true) & 0xff;
    const isGlobal = kind === DXGKVMB_VM_TO_HOST;
    if (isGlobal ? index !== 0 : kind !== DXGKVMB_VGPU_TO_HOST) return local(packet);
    const key = (isGlobal ? GLOBAL : 0) + view.getUint32(start + 16, true);
    const own = view.getUint32(start + 8, true);
    if (own === 0 || key === KEY.destroyNtSharedObject || key === KEY.createProcess) {
      return this.#guest(key, channel, packet, start, local);
    }
    const process = broker.table.get(own);
    if (process === undefined) return local(packet); // it knows no process at all
    const pending = packet.wantsCompletion
      ? { channel, index, idLow: packet.idLow, idHigh: packet.idHigh, data: data.slice(0, length), start }
      : undefined;
    if (process.state === "dead") {
      if (pending !== undefined) this.answerLost(process, pending);
      if (key === KEY.destroyProcess) broker.destroy(process);
      return this.deliver();
    }
    if (BUDGETED.has(key)) broker.ledger.refresh(process);
    try {
      broker.rewriter.request(process, key, view, start, length, own);
    } catch (error) {
      if (!(error instanceof DrmError)) throw error;
      // Nobody would hear of it: what follows would run out of order.
      if (pending === undefined) return broker.lose(process, error.message);
      this.#refuse(pending, statusFor(error));
      return this.deliver();
    }
    const number = process.send(data, length, index, pending);
    if (number < 0) {
      broker.lose(process, "it does not take its messages");
      if (pending !== undefined) this.answerLost(process, pending);
      return this.deliver();
    }
    if (pending !== undefined) this.#wait(process, number);
  }

  // A message of the whole guest.
  #guest(
    key: number,
    channel: VmbusChannel,
    packet: VmbusPacket,
    start: number,
    local: (packet: VmbusPacket) => void,
  ): void {
    const broker = this.#broker;
    const { view, length } = packet;
    switch (key) {
      case KEY.createProcess: {
        const end = start + REQUEST.processName + 2 * NAME_UNITS;
        if (length < end) return this.#status(channel, packet, STATUS_INVALID_PARAMETER);
        const pid = view.getUint32(start + REQUEST.processId, true);
        let handle = 0;
        try {
          handle = broker.create(pid, readUtf16(view, start + REQUEST.processName, NAME_UNITS));
        } catch (error) {
          if (!(error instanceof DrmError)) throw error;
          broker.host.trace("CREATEPROCESS", `process ${pid}`, error.message);
        }
        return this.#status(channel, packet, handle | 0);
      }
      case KEY.destroyNtSharedObject: {
        const at = start + REQUEST.ntHandle;
        const known = length >= at + 4 && broker.destroyNt(view.getUint32(at, true));
        return this.#status(channel, packet, known ? STATUS_SUCCESS : STATUS_INVALID_HANDLE);
      }
      case KEY.closeAdapter: {
        const at = start + REQUEST.adapterHandle;
        const handle = length >= at + 4 ? view.getUint32(at, true) : 0;
        const adapter = broker.host.adapters.findIndex((each) => each.handle !== 0 && each.handle === handle);
        if (adapter >= 0) { for (const process of broker.table) process.tell({ kind: "closeAdapter", adapter }); }
        return local(packet);
      }
    }
    local(packet);
  }

  #status(channel: VmbusChannel, { idLow, idHigh, wantsCompletion }: VmbusPacket, status: number): void {
    if (!wantsCompletion) return;
    new DataView(this.#word.buffer).setInt32(0, status, true);
    channel.complete(idLow, idHigh, this.#word, 4);
  }

  /** A process answers. */
  completion(process: HostProcess, { idLow, idHigh, data, length }: VmbusPacket): void {
    const pending = process.pending.get(idLow);
    if (pending === undefined || idHigh !== 0) return void (process.verdict ||= "it answers what nobody asked");
    const { data: request, start } = pending;
    const view = new DataView(request.buffer, request.byteOffset, request.length);
    const reply = data.slice(0, length);
    try {
      const key = keyOf(view, start);
      if (SAYING.has(key)) this.#broker.listen(process);
      // All that was asked before is done: it is the process itself that is over.
      if (key === KEY.destroyProcess) process.over = true;
      if (process.verdict !== "") return; // it is answered as what it asked is lost
      process.pending.delete(idLow);
      this.#broker.rewriter.reply(process, key, reply, length, view, start);
      if (length > pending.channel.maxPacket) throw new Broken("its answer is longer than any");
      this.#answers.push({ to: pending, data: reply });
    } catch (error) {
      if (error instanceof DrmError) this.#refuse(pending, statusFor(error));
      else if (error instanceof Broken) {
        process.verdict ||= error.message;
        this.answerLost(process, pending);
      } else throw error;
    }
  }

  #refuse(to: Pending, status: number): void {
    const { host } = this.#broker;
    const { data, index } = to;
    this.#answers.push({ to, data: host.refuse(data, data.length, host.adapters[index - 1], status).slice() });
  }

  /** Answers for a process that is gone. */
  answerLost(process: HostProcess, pending: Pending): void {
    const { data, start } = pending;
    const view = new DataView(data.buffer, data.byteOffset, data.length);
    const key = keyOf(view, start);
    if (key === KEY.destroyProcess) process.over = true;
    this.#refuse(pending, UNDOING.has(key) || key === KEY.deviceState ? STATUS_SUCCESS : STATUS_DEVICE_REMOVED);
    if (key !== KEY.deviceState) return;
    const answer = this.#answers[this.#answers.length - 1].data;
    const size = d3dkmt_getdevicestate.size;
    if (answer.length < REPLY.stateArgs + size || data.length < start + REQUEST.stateArgs + size) return;
    const asked = d3dkmt_getdevicestate.at(data, start + REQUEST.stateArgs);
    const state = d3dkmt_getdevicestate.at(answer, REPLY.stateArgs);
    state.device = asked.device;
    state.state_type = asked.state_type;
    if (asked.state_type === _D3DKMT_DEVICESTATE_EXECUTION) state.execution_state = process.deviceState;
  }

  /** Gives the guest its answers, and what the processes have to say. */
  deliver(): void {
    for (let answer = this.#answers.shift(); answer !== undefined; answer = this.#answers.shift()) {
      const { to: { channel, idLow, idHigh }, data } = answer;
      channel.complete(idLow, idHigh, data, data.length);
    }
    this.#broker.host.events.flush();
  }
}

function keyOf(view: DataView, start: number): number {
  const kind = view.getUint32(start + 12, true) & 0xff;
  return (kind === DXGKVMB_VM_TO_HOST ? GLOBAL : 0) + view.getUint32(start + 16, true);
}

/** Messages whose answer rests on what the process has said besides. */
const SAYING: ReadonlySet<number> = new Set([
  KEY.createSyncObject,
  KEY.openSyncObject,
  KEY.createPagingQueue,
  KEY.createHwQueue,
  KEY.lock,
  KEY.createNtSharedObject,
  KEY.shareObjectWithHost,
  KEY.createAllocation,
  KEY.destroyProcess,
]);

/** Messages whose answer rests on what all processes have of the adapters' memory. */
const BUDGETED: ReadonlySet<number> = new Set([
  KEY.makeResident,
  KEY.evict,
  KEY.videoMemoryInfo,
  KEY.videoMemoryReservation,
  KEY.statistics,
]);
