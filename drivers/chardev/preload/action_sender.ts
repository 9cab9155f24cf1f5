/**
 * Sends what the client library is to do with the client's addresses: messages of their own before the answer, so that there may
 * be any number of them.
 * @module
 */

import { O_RDWR } from "../../../uapi/fcntl.ts";
import { close, MessageBuffer, MSG_DONTWAIT } from "../../os/mod.ts";
import type { Action } from "./client_memory.ts";
import { lend } from "./dma_bufs.ts";
import { ACTION_SIZE, ACTIONS_MAX, HEADER, REPLY, STATUS_ACTIONS } from "./protocol.ts";

/** One for a server. */
export class ActionSender {
  readonly #message = new MessageBuffer(HEADER + ACTIONS_MAX * ACTION_SIZE);

  /**
   * Sends actions.
   *
   * @param socket the connection. @param sequence of the request. @param actions in order.
   * @returns 0, or -errno: the client cannot go on
   * @throws {DrmError} ENFILE
   */
  send(socket: number, sequence: number, actions: readonly Action[]): number {
    for (let at = 0; at < actions.length; at += ACTIONS_MAX) {
      const sent = this.#part(socket, sequence, actions.slice(at, at + ACTIONS_MAX));
      if (sent < 0) return sent;
    }
    return 0;
  }

  #part(socket: number, sequence: number, actions: readonly Action[]): number {
    const { view, fds, bytes } = this.#message;
    bytes.fill(0, 0, HEADER);
    view.setUint32(REPLY.status * 4, STATUS_ACTIONS, true);
    view.setUint32(REPLY.sequence * 4, sequence, true);
    view.setUint32(REPLY.installs * 4, actions.length, true);
    let count = 0;
    let at = HEADER;
    try {
      for (const { kind, address, length, segment } of actions) {
        const memory = segment?.pages.fd;
        view.setBigUint64(at, address, true);
        view.setBigUint64(at + 8, BigInt(length), true);
        view.setBigUint64(at + 16, BigInt((segment?.pages.fdOffset ?? 0) + (segment?.offset ?? 0)), true);
        view.setUint32(at + 24, kind, true);
        view.setUint32(at + 28, memory === undefined ? 0 : 1, true);
        if (memory !== undefined) fds[count++] = lend(memory, O_RDWR);
        at += ACTION_SIZE;
      }
      return this.#message.send(socket, at, count, MSG_DONTWAIT);
    } finally {
      for (let i = 0; i < count; i++) close(fds[i]);
    }
  }
}
