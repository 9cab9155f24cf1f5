/**
 * A client of vtest, for tests, benches and replays: every command of versions 0 to 3, answered synchronously.
 * @module
 */

import { ERRNO, errnoName } from "../../../uapi/errno.ts";
import type { Resource3dInfo } from "../../../core/host3d.ts";
import * as V from "../../../uapi/vtest.ts";
import { close, connectStream, Mapping, poll, POLLIN, POLLOUT, sendStream, StreamInput } from "../../os/mod.ts";

const { EAGAIN, EINTR } = ERRNO;
const CHUNK = 1 << 20;

/** A region of a level: x, y, z, width, height, depth. */
export type Box = readonly [x: number, y: number, z: number, width: number, height: number, depth: number];

/** One batch of SUBMIT_CMD2. */
export interface Batch {
  /** Commands. */
  readonly commands: readonly number[];
  /** Timelines that it moves: id, value. */
  readonly syncs?: readonly (readonly [id: number, value: bigint])[];
  /** The ring; without one timelines move at once. */
  readonly ring?: number;
}

/** A 2D texture of one level, or with `more` something else. */
export function texture(width: number, height: number, format: number, more?: Partial<Resource3dInfo>): Resource3dInfo {
  const plain = { target: 2, bind: 2, depth: 1, arraySize: 1, lastLevel: 0, nrSamples: 0, flags: 0 };
  return { ...plain, width, height, format, ...more };
}

/** A connection to a server. */
export class VtestClient implements Disposable {
  /** The connection. */
  readonly fd: number;
  /** How long an answer may take, ms. */
  timeout = 10_000;
  readonly #pump: (() => void) | undefined;
  readonly #input = new StreamInput(CHUNK);
  #closed = false;

  /** @param to a socket file, or a connected stream socket, owned from now on. @param pump runs the server, if it is in this thread. */
  constructor(to: string | number, pump?: () => void) {
    this.fd = typeof to === "number" ? to : connectStream(to);
    this.#pump = pump;
  }

  #wait(events: number, tries: number): void {
    if (this.#pump !== undefined) {
      if (tries > 1000) throw new Error("Cannot go on: the server does not answer");
      this.#pump();
    } else if (poll(this.fd, events, this.timeout) === 0) throw new Error("Cannot go on: the server does not answer");
  }

  /** Sends bytes. @throws {Error} if the server is gone */
  send(bytes: Uint8Array): void {
    for (let at = 0, tries = 0; at < bytes.length;) {
      const sent = sendStream(this.fd, bytes.subarray(at));
      if (sent === -EAGAIN || sent === -EINTR) this.#wait(POLLOUT, tries++);
      else if (sent < 0) throw new Error(`Cannot send: ${errnoName(sent)}`);
      else at += sent, tries = 0;
    }
  }

  /** Sends a message. */
  message(length: number, id: number, words: readonly number[] | Uint32Array = []): void {
    const all = new Uint32Array(2 + words.length);
    all[0] = length;
    all[1] = id;
    all.set(words, 2);
    this.send(new Uint8Array(all.buffer));
  }

  /** Reads bytes. @throws {Error} if the server is gone */
  read(length: number): Uint8Array {
    const result = new Uint8Array(length);
    for (let at = 0, tries = 0; at < length;) {
      const part = Math.min(length - at, CHUNK);
      const got = this.#input.receive(this.fd, part);
      if (got >= 0) {
        result.set(this.#input.bytes.subarray(0, part), at);
        at += part;
        this.#input.clear();
      } else if (got === -EAGAIN || got === -EINTR) this.#wait(POLLIN, tries++);
      else throw new Error(`Cannot read: ${errnoName(got)}`);
    }
    return result;
  }
  /** Reads words. */
  words(count: number): Uint32Array {
    return new Uint32Array(this.read(count * 4).buffer);
  }
  /** Reads a reply's header and payload. @throws {Error} for another reply */
  reply(id: number, length: number): Uint32Array {
    const all = this.words(2 + length);
    if (all[0] !== length || all[1] !== id) throw new Error(`Cannot read a reply to ${id}: it is ${all}`);
    return all.subarray(2);
  }
  /** Reads the byte with a descriptor, the caller's from now on. */
  descriptor(): number {
    for (let tries = 0;; tries++) {
      const got = this.#input.receive(this.fd, 1);
      if (got === 1) break;
      if (got !== -EAGAIN && got !== -EINTR) throw new Error(`Cannot read a descriptor: ${errnoName(got)}`);
      this.#wait(POLLIN, tries);
    }
    if (this.#input.fdCount !== 1 || this.#input.bytes[0] !== 0) throw new Error("Cannot find a descriptor");
    const fd = this.#input.takeFd(0);
    this.#input.clear();
    return fd;
  }
  /** Whether the server has hung up, now or within `ms`; what it sent before is thrown away. */
  ended(ms: number): boolean {
    const end = performance.now() + ms;
    for (;;) {
      this.#pump?.();
      const got = this.#input.receive(this.fd, 1);
      this.#input.clear();
      if (got === 1) continue;
      if (got !== -EAGAIN && got !== -EINTR) return true;
      if (performance.now() >= end) return false;
      poll(this.fd, POLLIN, this.#pump === undefined ? Math.max(0, Math.ceil(end - performance.now())) : 0);
    }
  }

  /** CREATE_RENDERER. */
  createRenderer(name: string): void {
    const text = new TextEncoder().encode(`${name}\0`);
    const all = new Uint8Array(8 + text.length);
    new Uint32Array(all.buffer, 0, 2).set([text.length, V.VCMD_CREATE_RENDERER]);
    all.set(text, 8);
    this.send(all);
  }
  /** PING_PROTOCOL_VERSION. */
  ping(): void {
    this.message(0, V.VCMD_PING_PROTOCOL_VERSION);
    this.reply(V.VCMD_PING_PROTOCOL_VERSION, 0);
  }
  /** PROTOCOL_VERSION. @returns the version agreed upon */
  protocolVersion(version: number): number {
    this.message(1, V.VCMD_PROTOCOL_VERSION, [version]);
    return this.reply(V.VCMD_PROTOCOL_VERSION, 1)[0];
  }
  /** What Mesa begins with. @returns the version agreed upon */
  handshake(name: string, version: number): number {
    this.createRenderer(name);
    this.message(0, V.VCMD_PING_PROTOCOL_VERSION);
    this.message(2, V.VCMD_RESOURCE_BUSY_WAIT, [0, 0]);
    this.reply(V.VCMD_PING_PROTOCOL_VERSION, 0);
    this.reply(V.VCMD_RESOURCE_BUSY_WAIT, 1);
    return this.protocolVersion(version);
  }
  /** GET_CAPS2 and GET_CAPS in one write, as Mesa asks. @returns the second and the first set */
  caps(): readonly [caps2: Uint8Array, caps1: Uint8Array] {
    this.send(new Uint8Array(Uint32Array.of(0, V.VCMD_GET_CAPS2, 0, V.VCMD_GET_CAPS).buffer));
    const read = (id: number): Uint8Array => {
      const [size, got] = this.words(2);
      if (got !== id) throw new Error(`Cannot read capability set ${id}: it is ${got}`);
      return this.read(size - 1);
    };
    return [read(2), read(1)];
  }
  /** RESOURCE_CREATE. @param id 0 from version 3 on. @param version the version agreed upon. @returns its id */
  create(id: number, info: Resource3dInfo, version: number): number {
    this.message(10, V.VCMD_RESOURCE_CREATE, [id, ...fields(info)]);
    return version >= 3 ? this.reply(V.VCMD_RESOURCE_CREATE, 1)[0] : id;
  }
  /** RESOURCE_CREATE2. @returns its id, and the descriptor of `size` bytes (-1 for 0 of them), the caller's */
  create2(id: number, info: Resource3dInfo, size: number, version: number): readonly [id: number, fd: number] {
    this.message(11, V.VCMD_RESOURCE_CREATE2, [id, ...fields(info), size]);
    const given = version >= 3 ? this.reply(V.VCMD_RESOURCE_CREATE2, 1)[0] : id;
    return [given, size > 0 ? this.descriptor() : -1];
  }
  /** RESOURCE_CREATE2, mapped. */
  create2Mapped(id: number, info: Resource3dInfo, size: number, version: number): readonly [id: number, Mapping] {
    const [given, fd] = this.create2(id, info, size, version);
    const mapping = Mapping.map(fd, size);
    close(fd);
    return [given, mapping];
  }
  /** RESOURCE_UNREF. */
  unref(id: number): void {
    this.message(1, V.VCMD_RESOURCE_UNREF, [id]);
  }
  /** TRANSFER_GET. */
  transferGet(id: number, level: number, stride: number, layerStride: number, box: Box, size: number): Uint8Array {
    this.message(11, V.VCMD_TRANSFER_GET, [id, level, stride, layerStride, ...box, size]);
    return this.read(size);
  }
  /** TRANSFER_PUT. */
  transferPut(id: number, level: number, stride: number, layerStride: number, box: Box, bytes: Uint8Array): void {
    const length = 11 + Math.ceil(bytes.length / 4);
    this.message(length, V.VCMD_TRANSFER_PUT, [id, level, stride, layerStride, ...box, bytes.length]);
    this.send(bytes);
  }
  /** TRANSFER_GET2; BUSY_WAIT tells when the bytes are there. */
  transferGet2(id: number, level: number, box: Box, size: number, offset: number): void {
    this.message(10, V.VCMD_TRANSFER_GET2, [id, level, ...box, size, offset]);
  }
  /** TRANSFER_PUT2, whose length counts bytes that are not sent. */
  transferPut2(id: number, level: number, box: Box, size: number, offset: number): void {
    this.message(10 + Math.ceil(size / 4), V.VCMD_TRANSFER_PUT2, [id, level, ...box, size, offset]);
  }
  /** SUBMIT_CMD. */
  submit(words: readonly number[] | Uint32Array): void {
    this.message(words.length, V.VCMD_SUBMIT_CMD, words);
  }
  /** RESOURCE_BUSY_WAIT. @returns whether it is busy */
  busyWait(id: number, wait: boolean): boolean {
    this.message(2, V.VCMD_RESOURCE_BUSY_WAIT, [id, wait ? 1 : 0]);
    return this.reply(V.VCMD_RESOURCE_BUSY_WAIT, 1)[0] !== 0;
  }
  /** GET_PARAM. @returns the value, or undefined */
  getParam(param: number): number | undefined {
    this.message(1, V.VCMD_GET_PARAM, [param]);
    const [valid, value] = this.reply(V.VCMD_GET_PARAM, 2);
    return valid ? value : undefined;
  }
  /** GET_CAPSET. @returns the set, or undefined */
  getCapset(id: number, version: number): Uint8Array | undefined {
    this.message(2, V.VCMD_GET_CAPSET, [id, version]);
    const [length, got, valid] = this.words(3);
    if (got !== V.VCMD_GET_CAPSET) throw new Error(`Cannot read a capability set: it is ${got}`);
    return valid ? this.read((length - 1) * 4) : undefined;
  }
  /** CONTEXT_INIT. */
  contextInit(capset: number): void {
    this.message(1, V.VCMD_CONTEXT_INIT, [capset]);
  }
  /** RESOURCE_CREATE_BLOB. @returns its id and its descriptor, the caller's */
  createBlob(type: number, flags: number, size: number): readonly [id: number, fd: number] {
    this.message(6, V.VCMD_RESOURCE_CREATE_BLOB, [type, flags, size, Math.floor(size / 2 ** 32), 0, 0]);
    return [this.reply(V.VCMD_RESOURCE_CREATE_BLOB, 1)[0], this.descriptor()];
  }
  /** SYNC_CREATE. @returns its id */
  syncCreate(value: bigint): number {
    this.message(2, V.VCMD_SYNC_CREATE, split(value));
    return this.reply(V.VCMD_SYNC_CREATE, 1)[0];
  }
  /** SYNC_UNREF. */
  syncUnref(id: number): void {
    this.message(1, V.VCMD_SYNC_UNREF, [id]);
  }
  /** SYNC_READ. */
  syncRead(id: number): bigint {
    this.message(1, V.VCMD_SYNC_READ, [id]);
    const [lo, hi] = this.reply(V.VCMD_SYNC_READ, 2);
    return BigInt(hi) << 32n | BigInt(lo);
  }
  /** SYNC_WRITE. */
  syncWrite(id: number, value: bigint): void {
    this.message(3, V.VCMD_SYNC_WRITE, [id, ...split(value)]);
  }
  /** SYNC_WAIT. @returns an eventfd, the caller's */
  syncWait(any: boolean, timeoutMs: number, points: readonly (readonly [id: number, value: bigint])[]): number {
    const words = [any ? 1 : 0, timeoutMs, ...points.flatMap(([id, value]) => [id, ...split(value)])];
    this.message(words.length, V.VCMD_SYNC_WAIT, words);
    this.reply(V.VCMD_SYNC_WAIT, 0);
    return this.descriptor();
  }
  /** SUBMIT_CMD2. */
  submit2(batches: readonly Batch[]): void {
    const words: number[] = [batches.length];
    let at = 1 + batches.length * (V.vcmd_submit_cmd2_batch.size / 4);
    const tail: number[] = [];
    for (const { commands, syncs = [], ring } of batches) {
      words.push(ring === undefined ? 0 : 1, at, commands.length, at + commands.length, syncs.length, ring ?? 0, 0, 0);
      tail.push(...commands, ...syncs.flatMap(([id, value]) => [id, ...split(value)]));
      at += commands.length + syncs.length * 3;
    }
    words.push(...tail);
    this.message(words.length, V.VCMD_SUBMIT_CMD2, words);
  }

  /** Hangs up. Twice does nothing. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#input.clear();
    close(this.fd);
  }
}

const split = (value: bigint): [number, number] => [Number(value & 0xffff_ffffn), Number(value >> 32n)];
const fields = (i: Resource3dInfo): number[] => [
  ...[i.target, i.format, i.bind, i.width, i.height, i.depth, i.arraySize, i.lastLevel, i.nrSamples],
];
