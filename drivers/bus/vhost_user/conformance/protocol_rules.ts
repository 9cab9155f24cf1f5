/**
 * Rules of the front end's connection: negotiation, answers, configuration space, memory.
 * @module
 */

import * as vhost from "../../../../uapi/vhost_user.ts";
import { VIRTIO_F_VERSION_1 } from "../../../../uapi/virtio_config.ts";
import { VIRTIO_GPU_MAX_SCANOUTS } from "../../../../uapi/virtio_gpu.ts";
import { close, memfdCreate } from "../../../os/mod.ts";
import type { FrontEnd } from "../testing.ts";
import { state, u64 } from "../testing.ts";
import { type Bench, must, type Rule, VHOST_USER, VIRTIO } from "./rule.ts";

const bit = (number: number): bigint => 1n << BigInt(number);
const MIB = 1 << 20;

/** A connection with all protocol features that both sides have. */
function negotiated(bench: Bench, ...needed: readonly number[]): FrontEnd {
  const front = bench.front();
  const offered = front.askU64(vhost.VHOST_USER_GET_PROTOCOL_FEATURES);
  must(offered !== undefined, "GET_PROTOCOL_FEATURES is not answered");
  for (const feature of needed) must((offered & bit(feature)) !== 0n, `protocol feature ${feature} is not offered`);
  front.negotiate(offered & 0xffffn);
  return front;
}

const alive = (front: FrontEnd): boolean => !front.ended && front.askU64(vhost.VHOST_USER_GET_FEATURES) !== undefined;

function region(front: FrontEnd, gpa: number, size: number, user: number, fd: number, offset = 0): boolean | undefined {
  return front.addRegion({ guest_addr: gpa, size, user_addr: user, mmap_offset: offset }, fd);
}

/** With a memfd for the time of a case. */
function withMemory(size: number, run: (fd: number) => void, seals?: number): void {
  const fd = memfdCreate("conformance", size, seals);
  try {
    run(fd);
  } finally {
    close(fd);
  }
}

const MEM = vhost.VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS;
const ACK = vhost.VHOST_USER_PROTOCOL_F_REPLY_ACK;
const CONFIG = vhost.VHOST_USER_PROTOCOL_F_CONFIG;

function config(front: FrontEnd, offset: number, size: number): Uint8Array | undefined {
  const payload = new Uint8Array(12 + size);
  const head = vhost.vhost_user_config.at(payload);
  head.offset = offset;
  head.size = size;
  return front.ask(vhost.VHOST_USER_GET_CONFIG, payload);
}

/** Rules of the connection. */
export const PROTOCOL_RULES: readonly Rule[] = [
  {
    id: "P1",
    rule: "GET_FEATURES is answered by a u64 that has VHOST_USER_F_PROTOCOL_FEATURES",
    cite: `${VHOST_USER}, "Protocol features"`,
    run: (bench) => {
      const features = bench.front().askU64(vhost.VHOST_USER_GET_FEATURES);
      must(features !== undefined, "no answer of 8 bytes");
      must((features & bit(vhost.VHOST_USER_F_PROTOCOL_FEATURES)) !== 0n, `features 0x${features.toString(16)}`);
    },
  },
  {
    id: "P2",
    rule: "a GPU offers VIRTIO_F_VERSION_1",
    cite: `${VIRTIO}, 6.1 and 5.7: there is no legacy GPU`,
    run: (bench) => {
      const features = bench.front().askU64(vhost.VHOST_USER_GET_FEATURES) ?? 0n;
      must((features & bit(VIRTIO_F_VERSION_1)) !== 0n, `features 0x${features.toString(16)}`);
    },
  },
  {
    id: "P3",
    rule: "protocol features can be asked for before SET_FEATURES",
    cite: `${VHOST_USER}, "VHOST_USER_GET_PROTOCOL_FEATURES"`,
    run: (bench) => {
      const features = bench.front().askU64(vhost.VHOST_USER_GET_PROTOCOL_FEATURES);
      must(features !== undefined, "no answer");
    },
  },
  {
    id: "P4",
    rule: "CONFIG is offered: configuration space of a GPU is the back end's",
    cite: `${VHOST_USER}, "VHOST_USER_PROTOCOL_F_CONFIG"; QEMU asks for it at realize`,
    run: (bench) => void negotiated(bench, CONFIG),
  },
  {
    id: "P5",
    rule: "LOG_SHMFD is offered where VHOST_F_LOG_ALL is",
    cite: `${VHOST_USER}, "Migration"`,
    run: (bench) => {
      const front = negotiated(bench, vhost.VHOST_USER_PROTOCOL_F_LOG_SHMFD);
      const features = front.askU64(vhost.VHOST_USER_GET_FEATURES) ?? 0n;
      must((features & bit(vhost.VHOST_F_LOG_ALL)) !== 0n, "VHOST_F_LOG_ALL is not offered: no live migration");
    },
  },
  {
    id: "P6",
    rule: "GET_QUEUE_NUM tells of at least the two queues of a GPU",
    cite: `${VHOST_USER}, "Multiple queue support"; ${VIRTIO}, 5.7.2`,
    run: (bench) => {
      const count = negotiated(bench, vhost.VHOST_USER_PROTOCOL_F_MQ).askU64(vhost.VHOST_USER_GET_QUEUE_NUM);
      must(count !== undefined && count >= 2n, `${count}`);
    },
  },
  {
    id: "P7",
    rule: "with REPLY_ACK, NEED_REPLY is answered by 0 for success",
    cite: `${VHOST_USER}, "VHOST_USER_PROTOCOL_F_REPLY_ACK"`,
    run: (bench) => must(negotiated(bench, ACK).tell(vhost.VHOST_USER_SET_OWNER) === true, "no answer of 0"),
  },
  {
    id: "P8",
    rule: "without NEED_REPLY, SET_OWNER is not answered",
    cite: `${VHOST_USER}, "Communication"`,
    run: (bench) => {
      const front = negotiated(bench, ACK);
      front.send(vhost.VHOST_USER_SET_OWNER);
      // An answer too many would come in place of this one.
      must(front.askU64(vhost.VHOST_USER_GET_FEATURES) !== undefined, "the next request is not answered");
    },
  },
  {
    id: "P9",
    rule: "SET_FEATURES with a bit that was not offered (RING_RESET, as QEMU sends it) is no reason to end",
    cite: "QEMU 10 passes VIRTIO_F_RING_RESET on whatever the back end offers",
    run: (bench) => {
      const front = negotiated(bench);
      front.setFeatures(bit(VIRTIO_F_VERSION_1) | bit(vhost.VHOST_USER_F_PROTOCOL_FEATURES) | bit(40));
      must(alive(front), "the connection has ended");
    },
  },
  {
    id: "P10",
    rule: "GET_CONFIG gives as many bytes as it asks for, with between 1 and 16 scanouts",
    cite: `${VHOST_USER}, "Virtio device config space"; ${VIRTIO}, 5.7.4`,
    run: (bench) => {
      const answer = config(negotiated(bench, CONFIG), 0, 16);
      must(answer?.length === 28, `${answer?.length} bytes for 12 + 16`);
      const scanouts = new DataView(answer.buffer).getUint32(12 + 8, true);
      must(scanouts >= 1 && scanouts <= VIRTIO_GPU_MAX_SCANOUTS, `${scanouts} scanouts`);
    },
  },
  {
    id: "P11",
    rule: "GET_CONFIG of bytes in the middle gives those",
    cite: `${VHOST_USER}, "Virtio device config space"`,
    run: (bench) => {
      const front = negotiated(bench, CONFIG);
      const whole = config(front, 0, 16), part = config(front, 8, 4);
      must(whole?.length === 28 && part?.length === 16, `${whole?.length} and ${part?.length} bytes`);
      must(part.slice(12).every((byte, i) => byte === whole[12 + 8 + i]), "other bytes than at offset 0");
    },
  },
  {
    id: "P12",
    rule: "GET_CONFIG of more bytes than may be is answered by a payload of none, or the connection ends",
    cite: `${VHOST_USER}, "VHOST_USER_GET_CONFIG": a zero-length payload to indicate an error`,
    run: (bench) => {
      const answer = config(negotiated(bench, CONFIG), 0, 300);
      must(answer === undefined || answer.length === 0, `${answer?.length} bytes`);
    },
  },
  {
    id: "P13",
    rule: "a request that does not exist is refused if an answer is wanted, or the connection ends",
    cite: `${VHOST_USER}, "VHOST_USER_PROTOCOL_F_REPLY_ACK": non-zero for failure`,
    run: (bench) => must(negotiated(bench, ACK).tell(200) !== true, "it is done"),
  },
  {
    id: "P14",
    rule: "the ring index of SET_VRING_NUM is checked",
    cite: `${VHOST_USER}, "Vring state description"`,
    run: (bench) => {
      const done = negotiated(bench, ACK).tell(vhost.VHOST_USER_SET_VRING_NUM, state(77, 64));
      must(done !== true, "ring 77 is taken");
    },
  },
  {
    id: "P15",
    rule: "GET_VRING_BASE of a ring that never ran gives the index that was set",
    cite: `${VHOST_USER}, "VHOST_USER_GET_VRING_BASE"`,
    run: (bench) => {
      const front = negotiated(bench);
      front.vring(vhost.VHOST_USER_SET_VRING_BASE, 0, 1234);
      const base = front.getBase(0);
      must(base === 1234, `${base}`);
    },
  },
  {
    id: "M1",
    rule: "GET_MAX_MEM_SLOTS gives at least 8",
    cite: `${VHOST_USER}, "VHOST_USER_GET_MAX_MEM_SLOTS"`,
    run: (bench) => {
      const slots = negotiated(bench, MEM).askU64(vhost.VHOST_USER_GET_MAX_MEM_SLOTS);
      must(slots !== undefined && slots >= 8n, `${slots}`);
    },
  },
  {
    id: "M2",
    rule: "a region of a sealed memfd can be added and removed",
    cite: `${VHOST_USER}, "VHOST_USER_ADD_MEM_REG"`,
    run: (bench) =>
      withMemory(MIB, (fd) => {
        const front = negotiated(bench, MEM, ACK);
        must(region(front, 0, MIB, 0x10000000, fd) === true, "not added");
        const removed = front.removeRegion({ guest_addr: 0, size: MIB, user_addr: 0x10000000, mmap_offset: 0 });
        must(removed === true, "not removed");
      }),
  },
  {
    id: "M3",
    rule: "a region that is not there cannot be removed",
    cite: `${VHOST_USER}, "VHOST_USER_REM_MEM_REG"`,
    run: (bench) => {
      const front = negotiated(bench, MEM, ACK);
      const removed = front.removeRegion({ guest_addr: 0, size: MIB, user_addr: 0x10000000, mmap_offset: 0 });
      must(removed !== true, "it is removed");
    },
  },
  {
    id: "M4",
    rule: "a region that ends beyond its file is refused: reading it would kill the back end",
    cite: "mmap(2): SIGBUS",
    run: (bench) =>
      withMemory(MIB, (fd) => must(region(negotiated(bench, MEM, ACK), 0, 2 * MIB, 0x10000000, fd) !== true, "taken")),
  },
  {
    id: "M5",
    rule: "a region of a file that its owner can make shorter is refused: that would kill the back end",
    cite: "memfd_create(2), F_SEAL_SHRINK: what it is for",
    run: (bench) =>
      withMemory(MIB, (fd) => must(region(negotiated(bench, MEM, ACK), 0, MIB, 0x10000000, fd) !== true, "taken"), 0),
  },
  {
    id: "M6",
    rule: "regions that overlap in guest addresses are refused",
    cite: `${VHOST_USER}, "Memory access"`,
    run: (bench) =>
      withMemory(2 * MIB, (fd) => {
        const front = negotiated(bench, MEM, ACK);
        must(region(front, 0, MIB, 0x10000000, fd) === true, "the first is not taken");
        must(region(front, MIB / 2, MIB, 0x20000000, fd) !== true, "taken");
      }),
  },
  {
    id: "M7",
    rule: "ADD_MEM_REG without a descriptor is refused, and the back end lives",
    cite: `${VHOST_USER}, "VHOST_USER_ADD_MEM_REG"`,
    run: (bench) => {
      const front = negotiated(bench, MEM, ACK);
      const bytes = new Uint8Array(40);
      bytes.set(u64(MIB), 16);
      must(front.tell(vhost.VHOST_USER_ADD_MEM_REG, bytes) !== true, "taken");
      must(bench.front().askU64(vhost.VHOST_USER_GET_FEATURES) !== undefined, "the next front end is not served");
    },
  },
  {
    id: "M8",
    rule: "SET_MEM_TABLE with several regions is taken",
    cite: `${VHOST_USER}, "VHOST_USER_SET_MEM_TABLE"`,
    run: (bench) =>
      withMemory(2 * MIB, (fd) => {
        const front = negotiated(bench, ACK);
        const table = vhost.vhost_user_memory.of({ nregions: 2 });
        [0, 1].forEach((i) => {
          table.regions[i].guest_addr = i * 16 * MIB;
          table.regions[i].size = MIB;
          table.regions[i].user_addr = 0x10000000 + i * 16 * MIB;
          table.regions[i].mmap_offset = i * MIB;
        });
        const payload = vhost.vhost_user_memory.bytes(table).subarray(0, 8 + 2 * 32);
        must(front.tell(vhost.VHOST_USER_SET_MEM_TABLE, payload, [fd, fd]) === true, "not taken");
      }),
  },
];

const garbage = (words: readonly number[]): Uint8Array => new Uint8Array(Uint32Array.from(words).buffer);

/** Whatever a connection has ended with, another one is served. */
function servesNext(bench: Bench, spoil: (front: FrontEnd) => void): void {
  const front = bench.front();
  spoil(front);
  front.settle();
  front[Symbol.dispose]();
  must(bench.front().askU64(vhost.VHOST_USER_GET_FEATURES) !== undefined, "the next front end is not served");
}

/** Rules about front ends that do not keep the protocol. */
export const HOSTILE_RULES: readonly Rule[] = [
  {
    id: "H1",
    rule: "a message of another protocol version ends its connection alone",
    cite: `${VHOST_USER}, "Header"`,
    run: (bench) => servesNext(bench, (front) => void front.raw(garbage([1, 2, 0]))),
  },
  {
    id: "H2",
    rule: "a message that says it is 4 GiB long ends its connection alone",
    cite: `${VHOST_USER}, "Header"`,
    run: (bench) => servesNext(bench, (front) => void front.raw(garbage([1, 1, 0xffffffff]))),
  },
  {
    id: "H3",
    rule: "half a message and then the end is survived",
    cite: `${VHOST_USER}, "Communication"`,
    run: (bench) => servesNext(bench, (front) => void front.raw(garbage([2, 1, 8, 7]))),
  },
  {
    id: "H4",
    rule: "a kick descriptor that is no eventfd is survived",
    cite: `${VHOST_USER}, "VHOST_USER_SET_VRING_KICK"`,
    run: (bench) =>
      withMemory(
        4096,
        (fd) => servesNext(bench, (front) => void front.send(vhost.VHOST_USER_SET_VRING_KICK, u64(0), [fd])),
      ),
  },
  {
    id: "H5",
    rule: "rings that are enabled before there is memory are survived",
    cite: `${VHOST_USER}, "Ring states"`,
    run: (bench) =>
      servesNext(bench, (front) => {
        front.setFeatures(bit(VIRTIO_F_VERSION_1) | bit(vhost.VHOST_USER_F_PROTOCOL_FEATURES));
        front.vring(vhost.VHOST_USER_SET_VRING_NUM, 0, 64);
        front.send(vhost.VHOST_USER_SET_VRING_ADDR, new Uint8Array(40).fill(0x11, 8));
        front.vring(vhost.VHOST_USER_SET_VRING_ENABLE, 0, 1);
      }),
  },
  {
    id: "H6",
    rule: "a display socket that is none is survived",
    cite: `${VHOST_USER}, "VHOST_USER_GPU_SET_SOCKET"`,
    run: (bench) =>
      withMemory(
        4096,
        (fd) => servesNext(bench, (front) => void front.send(vhost.VHOST_USER_GPU_SET_SOCKET, undefined, [fd])),
      ),
  },
];
