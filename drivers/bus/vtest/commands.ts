/**
 * What each message does: a table by number, with the version that brought it and the words that it reads. The order of a handler's
 * checks and replies is virglrenderer's (vtest_renderer.c).
 * @module
 */

import type { Resource3dInfo, Transfer3d } from "../../../core/host3d.ts";
import { PIPE_BUFFER } from "../../../uapi/pipe_texture.ts";
import { VIRGL_BIND_STAGING } from "../../../uapi/virgl_caps.ts";
import { VIRGL_FORMAT_R8_UNORM } from "../../../uapi/virgl_format.ts";
import * as V from "../../../uapi/vtest.ts";
import { StreamBuffer } from "../../os/mod.ts";
import type { Client } from "./client.ts";
import { VtestError } from "./error.ts";
import { setStrides } from "./resources.ts";
import * as V3 from "./commands_v3.ts";

/** A command. */
export interface Command {
  /** The protocol's name of it. */
  readonly name: string;
  /** The version that brought it. */
  readonly since: number;
  /** Words of its payload; undefined: as many as the header says. */
  readonly words: number | undefined;
  /** Whether it needs a context. */
  readonly context: boolean;
  /**
   * Does it.
   *
   * @param words where the payload lies, from `at`. @param length what the header says, words
   * @throws {VtestError | DrmError} if it cannot be: the client's connection ends
   */
  run(client: Client, words: Uint32Array, at: number, length: number): void;
}

const table: (Command | undefined)[] = [];

/** What a client may ask before it has a context, none of which makes one. */
const NO_CONTEXT: ReadonlySet<number> = new Set([
  V.VCMD_GET_CAPS,
  V.VCMD_GET_CAPS2,
  V.VCMD_RESOURCE_BUSY_WAIT,
  V.VCMD_PING_PROTOCOL_VERSION,
  V.VCMD_PROTOCOL_VERSION,
  V.VCMD_GET_PARAM,
  V.VCMD_GET_CAPSET,
  V.VCMD_CONTEXT_INIT,
]);

function command(id: number, run: Command["run"]): void {
  const info = V.vtestCommand(id);
  if (info === undefined) throw new TypeError(`Cannot handle command ${id}: there is none`);
  const { name, since, dwords, tail } = info;
  table[id] = { name, since, words: tail === "none" ? dwords : undefined, context: !NO_CONTEXT.has(id), run };
}

/** Sends a capability set as GET_CAPS and GET_CAPS2 do: the length is in bytes. */
function caps(client: Client, capset: number): void {
  const info = client.renderer.capsets.find(({ id }) => id === capset);
  if (info === undefined) throw new VtestError(`the renderer has no capability set ${capset}`);
  const bytes = client.renderer.capset(capset, info.maxVersion);
  const buffer = new StreamBuffer(bytes.length);
  buffer.bytes.set(bytes);
  client.output.header(bytes.length + 1, capset);
  client.output.large(buffer, bytes.length);
}

function resourceInfo(words: Uint32Array, at: number): Resource3dInfo {
  return {
    target: words[at + 1],
    format: words[at + 2],
    bind: words[at + 3],
    width: words[at + 4],
    height: words[at + 5],
    depth: words[at + 6],
    arraySize: words[at + 7],
    lastLevel: words[at + 8],
    nrSamples: words[at + 9],
    flags: 0,
  };
}

function create(client: Client, words: Uint32Array, at: number, command: number, shared: number): void {
  const wanted = words[at];
  if (client.version >= 3 && wanted !== 0) throw new VtestError(`ids are the server's, not ${wanted}`);
  const id = client.version >= 3 ? client.resources.freshId() : wanted;
  const { memory } = client.resources.create(id, resourceInfo(words, at), shared, client.context);
  if (client.version >= 3) client.output.reply(command, id);
  if (memory !== undefined) client.output.descriptor(memory.fd, false);
}

function readBox(transfer: Transfer3d, words: Uint32Array, at: number): void {
  transfer.x = words[at];
  transfer.y = words[at + 1];
  transfer.z = words[at + 2];
  transfer.width = words[at + 3];
  transfer.height = words[at + 4];
  transfer.depth = words[at + 5];
}

/** Reads what TRANSFER_GET and TRANSFER_PUT begin with. */
function inlineTransfer(client: Client, words: Uint32Array, at: number): Transfer3d {
  const { transfer } = client;
  transfer.level = words[at + 1];
  transfer.stride = words[at + 2];
  transfer.layerStride = words[at + 3];
  readBox(transfer, words, at + 4);
  transfer.offset = 0;
  setStrides(client.resources.get(words[at]).resource.info, transfer);
  return transfer;
}

/** Reads TRANSFER_GET2 and TRANSFER_PUT2: in shared memory, rows lie as in the whole level. */
function sharedTransfer(client: Client, words: Uint32Array, at: number): Transfer3d {
  const { transfer } = client;
  const { resource, shared } = client.resources.get(words[at]);
  transfer.level = words[at + 1];
  transfer.stride = transfer.layerStride = 0;
  readBox(transfer, words, at + 2);
  transfer.offset = words[at + 9];
  if (transfer.offset >= shared) {
    throw new VtestError(`offset ${transfer.offset} is not in the ${shared} bytes that resource ${words[at]} shares`);
  }
  setStrides(resource.info, transfer);
  return transfer;
}

/** Bytes that follow TRANSFER_PUT's 11 words. @throws {VtestError} if they are too many, or for no resource. */
export function putSize(client: Client, words: Uint32Array, at: number): number {
  client.resources.get(words[at]);
  return checkedSize(client, words[at + 10]);
}

function checkedSize(client: Client, size: number): number {
  if (size > client.limits.inlineBytes) throw new VtestError(`a transfer of ${size} bytes is too much`);
  return size;
}

/** TRANSFER_PUT with its bytes. */
export function put(client: Client, words: Uint32Array, at: number, bytes: Uint8Array): void {
  const { resource } = client.resources.get(words[at]);
  client.renderer.writeResource(resource, inlineTransfer(client, words, at), bytes);
  client.touch();
}

/** Words of TRANSFER_PUT before its bytes. */
export const PUT_WORDS = 11;

command(V.VCMD_GET_CAPS, (client) => caps(client, 1));
command(V.VCMD_GET_CAPS2, (client) => caps(client, 2));
command(V.VCMD_RESOURCE_CREATE, (client, words, at) => {
  create(client, words, at, V.VCMD_RESOURCE_CREATE, 0);
});
command(V.VCMD_RESOURCE_CREATE2, (client, words, at) => {
  create(client, words, at, V.VCMD_RESOURCE_CREATE2, words[at + 10]);
});
command(V.VCMD_RESOURCE_UNREF, (client, words, at) => {
  client.resources.unref(words[at], client.context);
});
command(V.VCMD_TRANSFER_GET, (client, words, at) => {
  const { resource } = client.resources.get(words[at]);
  const size = checkedSize(client, words[at + 10]);
  // Fresh memory: what the box does not fill is zero. It has a buffer of its own, so that nothing grows for good.
  const buffer = new StreamBuffer(size);
  client.renderer.readResource(resource, inlineTransfer(client, words, at), buffer.bytes.subarray(0, size));
  client.settle();
  client.output.large(buffer, size);
});
command(V.VCMD_TRANSFER_GET2, (client, words, at) => {
  const { resource } = client.resources.get(words[at]);
  sharedTransfer(client, words, at);
  client.read(resource);
});
command(V.VCMD_TRANSFER_PUT2, (client, words, at) => {
  const { resource } = client.resources.get(words[at]);
  client.renderer.transferToHost3d(resource, sharedTransfer(client, words, at));
  client.touch();
});
command(V.VCMD_RESOURCE_BUSY_WAIT, (client, words, at) => {
  // Clients ask for resource 0 to find out whether the server answers a PING; everything else is for contexts.
  if (!client.initialized && words[at] !== 0) throw new VtestError("BUSY_WAIT before there is a context");
  if ((words[at + 1] & V.VCMD_BUSY_WAIT_FLAG_WAIT) !== 0) return client.answerWhenIdle();
  client.flush();
  client.output.reply(V.VCMD_RESOURCE_BUSY_WAIT, client.busy ? 1 : 0);
});
command(V.VCMD_PING_PROTOCOL_VERSION, (client) => {
  client.output.header(0, V.VCMD_PING_PROTOCOL_VERSION);
});
command(V.VCMD_PROTOCOL_VERSION, (client, words, at) => {
  // Who chooses the ids of resources depends on it.
  if (client.initialized) throw new VtestError("the version changes after there is a context");
  const version = Math.min(words[at], V.VTEST_PROTOCOL_VERSION);
  // Version 1 was withdrawn.
  client.version = version === 1 ? 0 : version;
  client.output.reply(V.VCMD_PROTOCOL_VERSION, client.version);
});
command(V.VCMD_GET_PARAM, V3.getParam);
command(V.VCMD_GET_CAPSET, V3.getCapset);
command(V.VCMD_CONTEXT_INIT, (client, words, at) => {
  if (words[at] === 0) throw new VtestError("there is no capability set 0");
  client.initialize(words[at]);
});
command(V.VCMD_RESOURCE_CREATE_BLOB, (client, words, at) => {
  const [type, , size, high] = words.subarray(at, at + 4);
  if (type !== V.VCMD_BLOB_TYPE_GUEST) throw new VtestError(`there are no blobs of type ${type} here`);
  if (size === 0 || high !== 0) throw new VtestError(`a blob of ${high * 2 ** 32 + size} bytes cannot be`);
  const id = client.resources.freshId();
  const info: Resource3dInfo = {
    ...{ target: PIPE_BUFFER, format: VIRGL_FORMAT_R8_UNORM, bind: VIRGL_BIND_STAGING },
    ...{ width: size, height: 1, depth: 1, arraySize: 1, lastLevel: 0, nrSamples: 0, flags: 0 },
  };
  const { memory } = client.resources.create(id, info, size, client.context);
  client.output.reply(V.VCMD_RESOURCE_CREATE_BLOB, id);
  if (memory !== undefined) client.output.descriptor(memory.fd, false);
});
command(V.VCMD_SYNC_CREATE, V3.syncCreate);
command(V.VCMD_SYNC_UNREF, (client, words, at) => client.syncs.unref(words[at]));
command(V.VCMD_SYNC_READ, V3.syncRead);
command(V.VCMD_SYNC_WRITE, (client, words, at) => client.syncs.write(words, at));
command(V.VCMD_SYNC_WAIT, V3.syncWait);
command(V.VCMD_SUBMIT_CMD2, V3.submit2);

/** Every command but CREATE_RENDERER, TRANSFER_PUT and SUBMIT_CMD, whose payload the session reads in a way of its own. */
export const COMMANDS: readonly (Command | undefined)[] = table;
