/**
 * What a front end can ask, and what is done about it: a table of requests. Sizes and descriptors of a message are checked
 * before its handler runs. "Front-end message types" of the vhost-user protocol.
 * @module
 */

import * as vhost from "../../../uapi/vhost_user.ts";
import { VIRTIO_ID_GPU } from "../../../uapi/virtio_config.ts";
import { closed, takeEventfd, takeSocket } from "./descriptors.ts";
import { DirtyLog } from "./dirty_log.ts";
import { VhostUserError, VhostUserProtocolError } from "./error.ts";
import { MEM_SLOTS_MAX } from "./regions.ts";
import { type Session, VHOST_USER_FEATURES, VHOST_USER_PROTOCOL_FEATURES } from "./session.ts";
import type { Vring } from "./vring.ts";

/** How a request was answered: `true` if its handler has, else the front end is told of success if it wants to know. */
type Answered = boolean | void;

interface Entry {
  /** Bytes of payload: exactly, or at least if negative. */
  readonly size: number;
  /** Descriptors: exactly; undefined: the handler looks. */
  readonly fds: number | undefined;
  /** The protocol feature without which there is no such request. */
  readonly needs?: number;
  /** Does it. */
  readonly run: (session: Session, payload: Uint8Array) => Answered;
}

const QUEUE_SIZE_MAX = 32768;
const PER_REGION = vhost.vhost_user_memory_region.size;
/** Where num_scanouts is in virtio_gpu_config. */
const NUM_SCANOUTS = 8;

const u64 = (payload: Uint8Array): bigint => new DataView(payload.buffer, payload.byteOffset).getBigUint64(0, true);

function ringOf(session: Session, index: number): Vring {
  const ring = session.rings[index];
  if (ring === undefined) throw new VhostUserError(`there is no ring ${index}: there are ${session.rings.length}`);
  return ring;
}

function stateOf(session: Session, payload: Uint8Array): { readonly ring: Vring; readonly num: number } {
  const { index, num } = vhost.vhost_vring_state.at(payload);
  return { ring: ringOf(session, index), num };
}

/** The ring that KICK, CALL or ERR name and the eventfd that came, -1 for none. */
function eventOf(session: Session, payload: Uint8Array): { readonly ring: Vring; readonly fd: number } {
  const value = Number(u64(payload) & 0xffff_ffffn);
  const { input } = session.socket;
  const none = (value & vhost.VHOST_USER_VRING_NOFD_MASK) !== 0;
  if (input.fdCount !== (none ? 0 : 1)) {
    throw new VhostUserProtocolError(`an eventfd is ${none ? "not announced" : "missing"}: ${input.fdCount} came`);
  }
  const ring = ringOf(session, value & vhost.VHOST_USER_VRING_IDX_MASK);
  return { ring, fd: none ? -1 : takeEventfd(input) };
}

function config(session: Session, payload: Uint8Array): boolean {
  const { offset, size } = vhost.vhost_user_config.at(payload);
  if (payload.length !== 12 + size || offset + size > vhost.VHOST_USER_MAX_CONFIG_SIZE) {
    // An answer without payload is how this request fails.
    session.socket.reply(new Uint8Array(0));
    return true;
  }
  const { backend, outputs, display } = session.around;
  const space = payload.slice();
  backend.readConfig(offset, space.subarray(12));
  if (backend.deviceId === VIRTIO_ID_GPU) {
    const count = [outputs, 0, 0, 0];
    for (let i = 0; i < 4; i++) {
      const at = NUM_SCANOUTS + i - offset;
      if (at >= 0 && at < size) space[12 + at] = count[i];
    }
  }
  session.socket.reply(space);
  // A driver reads configuration space when it was told of other monitors; it will ask for them next.
  if (session.running) display.query();
  return true;
}

function memTable(session: Session, payload: Uint8Array): void {
  const view = new DataView(payload.buffer, payload.byteOffset);
  const count = view.getUint32(0, true);
  const { input } = session.socket;
  if (count > vhost.VHOST_MEMORY_BASELINE_NREGIONS || payload.length !== 8 + count * PER_REGION) {
    throw new VhostUserProtocolError(`a table of ${count} regions in ${payload.length} bytes`);
  }
  if (input.fdCount !== count) throw new VhostUserProtocolError(`${input.fdCount} descriptors for ${count} regions`);
  const regions = Array.from(
    { length: count },
    (_, i) => vhost.vhost_user_memory_region.at(payload, 8 + i * PER_REGION),
  );
  const running = session.rings.filter((ring) => ring.running);
  session.drain(session.rings.filter((ring) => ring.attached));
  try {
    session.regions.replace(regions, [...input.fds.subarray(0, count)]);
  } finally {
    for (const ring of session.rings) ring.reattach();
    for (const ring of running) {
      ring.setOpen(true);
      session.kick(ring);
    }
  }
}

const ENTRIES: readonly (readonly [number, Entry])[] = [
  [vhost.VHOST_USER_GET_FEATURES, {
    size: 0,
    fds: 0,
    run: (session) => {
      session.socket.replyU64(session.around.backend.features | VHOST_USER_FEATURES);
      return true;
    },
  }],
  [vhost.VHOST_USER_SET_FEATURES, { size: 8, fds: 0, run: (session, payload) => session.setFeatures(u64(payload)) }],
  [vhost.VHOST_USER_GET_PROTOCOL_FEATURES, {
    size: 0,
    fds: 0,
    run: (session) => {
      session.socket.replyU64(VHOST_USER_PROTOCOL_FEATURES);
      return true;
    },
  }],
  [vhost.VHOST_USER_SET_PROTOCOL_FEATURES, {
    size: 8,
    fds: 0,
    run: (session, payload) => {
      session.protocolFeatures = u64(payload) & VHOST_USER_PROTOCOL_FEATURES;
    },
  }],
  [vhost.VHOST_USER_SET_OWNER, { size: 0, fds: 0, run: () => {} }],
  [vhost.VHOST_USER_RESET_OWNER, { size: 0, fds: 0, run: (session) => session.reset() }],
  [vhost.VHOST_USER_RESET_DEVICE, {
    size: 0,
    fds: 0,
    needs: vhost.VHOST_USER_PROTOCOL_F_RESET_DEVICE,
    run: (session) => session.reset(),
  }],
  [vhost.VHOST_USER_GET_QUEUE_NUM, {
    size: 0,
    fds: 0,
    needs: vhost.VHOST_USER_PROTOCOL_F_MQ,
    run: (session) => {
      session.socket.replyU64(BigInt(session.rings.length));
      return true;
    },
  }],
  [vhost.VHOST_USER_GET_MAX_MEM_SLOTS, {
    size: 0,
    fds: 0,
    needs: vhost.VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS,
    run: (session) => {
      session.socket.replyU64(BigInt(MEM_SLOTS_MAX));
      return true;
    },
  }],
  [vhost.VHOST_USER_SET_MEM_TABLE, { size: -8, fds: undefined, run: memTable }],
  [vhost.VHOST_USER_ADD_MEM_REG, {
    size: 40,
    fds: 1,
    needs: vhost.VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS,
    run: (session, payload) => {
      session.regions.add(vhost.vhost_user_single_mem_region.at(payload).region, session.socket.input.fds[0]);
    },
  }],
  [vhost.VHOST_USER_REM_MEM_REG, {
    size: 40,
    // Front ends may send the region's descriptor along; it is not needed.
    fds: undefined,
    needs: vhost.VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS,
    run: (session, payload) => session.regions.remove(vhost.vhost_user_single_mem_region.at(payload).region),
  }],
  [vhost.VHOST_USER_SET_LOG_BASE, {
    size: 16,
    fds: 1,
    needs: vhost.VHOST_USER_PROTOCOL_F_LOG_SHMFD,
    run: (session, payload) => {
      const { mmap_size, mmap_offset } = vhost.vhost_user_log.at(payload);
      const log = new DirtyLog(session.socket.input.fds[0], mmap_offset, mmap_size);
      session.dirtyLog?.[Symbol.dispose]();
      session.dirtyLog = log;
      session.socket.replyU64(0n);
      return true;
    },
  }],
  [vhost.VHOST_USER_SET_LOG_FD, {
    size: 0,
    fds: 1,
    run: (session) => {
      const fd = takeEventfd(session.socket.input);
      closed(session.logFd);
      session.logFd = fd;
    },
  }],
  [vhost.VHOST_USER_SET_VRING_NUM, {
    size: 8,
    fds: 0,
    run: (session, payload) => {
      const { ring, num } = stateOf(session, payload);
      if (num === 0 || num > QUEUE_SIZE_MAX || (num & (num - 1)) !== 0) {
        throw new VhostUserError(`a ring of ${num} descriptors cannot be`);
      }
      idle(ring);
      ring.num = num;
    },
  }],
  [vhost.VHOST_USER_SET_VRING_BASE, {
    size: 8,
    fds: 0,
    run: (session, payload) => {
      const { ring, num } = stateOf(session, payload);
      if (num > 0xffff) throw new VhostUserError(`an index of ${num} cannot be: it has 16 bits`);
      idle(ring);
      ring.base = num;
    },
  }],
  [vhost.VHOST_USER_SET_VRING_ADDR, {
    size: 40,
    fds: 0,
    run: (session, payload) => {
      const { index, flags, desc_user_addr: desc, used_user_addr: used, avail_user_addr: avail, log_guest_addr } = vhost
        .vhost_vring_addr.at(payload);
      const ring = ringOf(session, index);
      const { address } = ring;
      const moved = address?.desc !== desc || address.used !== used || address.avail !== avail;
      if (moved) {
        idle(ring);
        if (session.regions.count > 0) checkMapped(session, ring, { desc, used, avail });
        ring.address = { desc, used, avail };
      }
      // Migration begins and ends while a ring runs.
      ring.logged = (flags & 1 << vhost.VHOST_VRING_F_LOG) !== 0;
      ring.logAddress = log_guest_addr;
      session.settle(ring);
    },
  }],
  [vhost.VHOST_USER_GET_VRING_BASE, {
    size: 8,
    fds: 0,
    run: (session, payload) => {
      const { ring } = stateOf(session, payload);
      const num = session.stop(ring);
      session.socket.reply(
        vhost.vhost_vring_state.bytes(vhost.vhost_vring_state.of({ index: ring.index, num })),
      );
      return true;
    },
  }],
  [vhost.VHOST_USER_SET_VRING_KICK, {
    size: 8,
    fds: undefined,
    run: (session, payload) => {
      const { ring, fd } = eventOf(session, payload);
      if (fd < 0) throw new VhostUserError("a ring without a kick eventfd would have to be polled, which is not done");
      session.watchKick(ring, fd);
      ring.started = true;
      session.settle(ring);
    },
  }],
  [vhost.VHOST_USER_SET_VRING_CALL, {
    size: 8,
    fds: undefined,
    run: (session, payload) => {
      const { ring, fd } = eventOf(session, payload);
      closed(ring.callFd);
      ring.callFd = fd;
      // An interrupt may have gone to the descriptor before: a spurious one is harmless, a lost one is not.
      if (ring.attached) session.doorbells.ring(fd);
    },
  }],
  [vhost.VHOST_USER_SET_VRING_ERR, {
    size: 8,
    fds: undefined,
    run: (session, payload) => {
      const { ring, fd } = eventOf(session, payload);
      closed(ring.errFd);
      ring.errFd = fd;
    },
  }],
  [vhost.VHOST_USER_SET_VRING_ENABLE, {
    size: 8,
    fds: 0,
    run: (session, payload) => {
      const { ring, num } = stateOf(session, payload);
      if (num > 1) throw new VhostUserError(`a ring is enabled by 1 and disabled by 0, not ${num}`);
      ring.enabled = num === 1;
      if (num === 0) session.drain([ring]);
      session.settle(ring);
    },
  }],
  [vhost.VHOST_USER_SET_BACKEND_REQ_FD, {
    size: 0,
    fds: 1,
    needs: vhost.VHOST_USER_PROTOCOL_F_BACKEND_REQ,
    run: (session) => {
      const fd = takeSocket(session.socket.input);
      closed(session.requestFd);
      session.requestFd = fd;
    },
  }],
  [vhost.VHOST_USER_GET_CONFIG, {
    size: -12,
    fds: 0,
    needs: vhost.VHOST_USER_PROTOCOL_F_CONFIG,
    run: config,
  }],
  [vhost.VHOST_USER_SET_CONFIG, {
    size: -12,
    fds: 0,
    needs: vhost.VHOST_USER_PROTOCOL_F_CONFIG,
    run: (session, payload) => {
      const { offset, size } = vhost.vhost_user_config.at(payload);
      if (payload.length !== 12 + size || offset + size > vhost.VHOST_USER_MAX_CONFIG_SIZE) {
        throw new VhostUserError(`${size} bytes at ${offset} of configuration space cannot be written`);
      }
      session.around.backend.writeConfig(offset, payload.subarray(12));
    },
  }],
  [vhost.VHOST_USER_GPU_SET_SOCKET, {
    size: 0,
    fds: 1,
    run: (session) => session.around.display.connect(takeSocket(session.socket.input)),
  }],
];

const TABLE: ReadonlyMap<number, Entry> = new Map(ENTRIES);

/** The requests that are served. */
export const VHOST_USER_REQUESTS: readonly number[] = [...TABLE.keys()];

function idle(ring: Vring): void {
  if (ring.attached) throw new VhostUserError(`ring ${ring.index} runs: stop it first`);
}

function checkMapped(
  session: Session,
  ring: Vring,
  { desc, used, avail }: { readonly desc: number; readonly used: number; readonly avail: number },
): void {
  const parts: readonly (readonly [string, number, number])[] = [
    ["descriptor table", desc, 16 * ring.num],
    ["available ring", avail, 6 + 2 * ring.num],
    ["used ring", used, 6 + 8 * ring.num],
  ];
  for (const [name, address, length] of parts) {
    if (session.regions.guestAddress(address, length) !== undefined) continue;
    throw new VhostUserError(`the ${name} of ring ${ring.index} at 0x${address.toString(16)} does not lie in memory`);
  }
}

/**
 * Does what the front end's message asks, and answers.
 *
 * @throws {VhostUserError} if it is refused and nobody asked for an answer
 * @throws {VhostUserProtocolError} if it makes no sense
 * @throws {DrmError} EPIPE if the front end does not read answers
 */
export function handleRequest(session: Session): void {
  const { socket } = session;
  const { request, size, payload, input } = socket;
  const name = vhost.vhostUserName(request);
  const entry = TABLE.get(request);
  if (entry !== undefined && (entry.size < 0 ? size < -entry.size : size !== entry.size)) {
    throw new VhostUserProtocolError(`${name} with ${size} bytes of payload`);
  }
  if (entry?.fds !== undefined && input.fdCount !== entry.fds) {
    throw new VhostUserProtocolError(`${name} with ${input.fdCount} descriptors, not ${entry.fds}`);
  }
  const wanted = socket.needReply && session.uses(vhost.VHOST_USER_PROTOCOL_F_REPLY_ACK);
  try {
    if (entry === undefined) throw new VhostUserError(`${name} is not served`);
    if (entry.needs !== undefined && !session.uses(entry.needs)) {
      throw new VhostUserError(`${name} needs protocol feature ${entry.needs}, which was not negotiated`);
    }
    if (entry.run(session, payload) !== true && wanted) socket.replyU64(0n);
  } catch (error) {
    if (!(error instanceof VhostUserError) || error instanceof VhostUserProtocolError || !wanted) throw error;
    session.around.say(`${name}: ${error.message}`);
    socket.replyU64(1n);
  }
}
