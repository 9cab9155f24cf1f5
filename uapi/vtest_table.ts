/**
 * The commands of vtest as a table for servers, clients, fuzzers and documentation.
 * @module
 */

/** What the server answers: nothing, raw bytes without a header, or a message. */
export type VtestReply =
  | { readonly kind: "none" }
  | { readonly kind: "bytes"; readonly what: string }
  | {
    readonly kind: "message";
    /** the payload in words, for people */
    readonly what: string;
    /** dwords of the payload; undefined if it varies */
    readonly dwords: number | undefined;
    /** the version from which on there is an answer */
    readonly since: number;
  };

/** A command of vtest. */
export interface VtestCommandInfo {
  /** the header's name, without VCMD_ */
  readonly name: string;
  /** the number on the wire */
  readonly number: number;
  /** the protocol version that brought it */
  readonly since: number;
  /** the payload in words, for people */
  readonly payload: string;
  /**
   * fixed part of the payload, dwords: what the server reads, whatever the length in the header says of it; the rest is `tail`.
   * The length of VCMD_TRANSFER_PUT and _PUT2 counts data rounded up to dwords, which PUT sends unpadded and PUT2 not at all
   */
  readonly dwords: number;
  /** what follows the fixed part: nothing, `length` dwords in all, `length` bytes in all, or as many bytes as its data_size says */
  readonly tail: "none" | "dwords" | "bytes" | "data_size";
  /** what the server answers; if it is both an id and an fd, the id comes first */
  readonly reply: VtestReply;
  /** an fd comes after the reply with a byte 0 (SCM_RIGHTS): always, or if data_size is not 0 */
  readonly fd?: "always" | "data_size";
}

const NONE: VtestReply = { kind: "none" };
const message = (what: string, dwords: number | undefined, since = 0): VtestReply => (
  { kind: "message", what, dwords, since }
);

type Rest = Omit<VtestCommandInfo, "name" | "number" | "since" | "payload" | "dwords" | "tail" | "reply">;

function row(
  number: number,
  name: string,
  since: number,
  dwords: number,
  payload: string,
  reply: VtestReply,
  tail: VtestCommandInfo["tail"] = "none",
  rest: Rest = {},
): VtestCommandInfo {
  return Object.freeze({ name, number, since, payload, dwords, tail, reply, ...rest });
}

const RESOURCE = "res, target, format, bind, width, height, depth, array_size, last_level, nr_samples";
const TRANSFER = "res, level, stride, layer_stride, x, y, z, width, height, depth, data_size";
const TRANSFER2 = "res, level, x, y, z, width, height, depth, data_size, offset";

/** Every command, number n at index n - 1 (VCMD_*). */
export const VTEST_COMMANDS: readonly VtestCommandInfo[] = Object.freeze([
  // The length of both caps replies is in bytes plus one.
  row(1, "GET_CAPS", 0, 0, "", message("virgl_caps_v1, length in bytes + 1", undefined)),
  row(2, "RESOURCE_CREATE", 0, 10, RESOURCE, message("res", 1, 3)),
  row(3, "RESOURCE_UNREF", 0, 1, "res", NONE),
  row(4, "TRANSFER_GET", 0, 11, TRANSFER, { kind: "bytes", what: "data_size bytes" }),
  row(5, "TRANSFER_PUT", 0, 11, `${TRANSFER}; data_size bytes`, NONE, "data_size"),
  row(6, "SUBMIT_CMD", 0, 0, "virgl commands", NONE, "dwords"),
  row(7, "RESOURCE_BUSY_WAIT", 0, 2, "res, flags", message("busy", 1)),
  row(8, "CREATE_RENDERER", 0, 0, "name, ended by a NUL", NONE, "bytes"),
  // The command of this reply is 2, not 9.
  row(9, "GET_CAPS2", 0, 0, "", message("virgl_caps_v2, length in bytes + 1", undefined)),
  row(10, "PING_PROTOCOL_VERSION", 0, 0, "", message("", 0)),
  row(11, "PROTOCOL_VERSION", 0, 1, "version", message("the lesser version", 1)),
  row(12, "RESOURCE_CREATE2", 2, 11, `${RESOURCE}, data_size`, message("res", 1, 3), "none", { fd: "data_size" }),
  row(13, "TRANSFER_GET2", 2, 10, TRANSFER2, NONE),
  row(14, "TRANSFER_PUT2", 2, 10, TRANSFER2, NONE),
  row(15, "GET_PARAM", 3, 1, "param", message("valid, value", 2)),
  row(16, "GET_CAPSET", 3, 2, "id, version", message("valid; the set", undefined)),
  row(17, "CONTEXT_INIT", 3, 1, "capset_id", NONE),
  row(
    18,
    "RESOURCE_CREATE_BLOB",
    3,
    6,
    "type, flags, size lo, size hi, blob_id lo, blob_id hi",
    message("res", 1),
    "none",
    { fd: "always" },
  ),
  row(19, "SYNC_CREATE", 3, 2, "value lo, value hi", message("sync", 1)),
  row(20, "SYNC_UNREF", 3, 1, "sync", NONE),
  row(21, "SYNC_READ", 3, 1, "sync", message("value lo, value hi", 2)),
  row(22, "SYNC_WRITE", 3, 3, "sync, value lo, value hi", NONE),
  row(23, "SYNC_WAIT", 3, 2, "flags, timeout, {sync, value lo, value hi} * n", message("", 0), "dwords", {
    fd: "always",
  }),
  row(24, "SUBMIT_CMD2", 3, 1, "batch_count, batch * n, commands and syncs at their offsets", NONE, "dwords"),
]);

/** A command of vtest by its number; undefined for none. */
export function vtestCommand(number: number): VtestCommandInfo | undefined {
  return VTEST_COMMANDS[number - 1];
}
