/**
 * Requests of a hostile guest: any command with any members, plausible ones among them.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Command } from "udrm/uapi/command.ts";
import * as gpu from "udrm/uapi/virtio_gpu.ts";

/** Every command. */
const COMMANDS: readonly Command[] = [...gpu.VIRTIO_GPU_COMMANDS.values()];

/** Numbers that meet each other (ids, small sizes) and numbers at which checks go wrong. */
const word = fc.oneof(
  { weight: 6, arbitrary: fc.nat(4) },
  { weight: 2, arbitrary: fc.constantFrom(1, 2, 16, 64, 67, 134, 256, 1024, 4096) },
  { weight: 1, arbitrary: fc.constantFrom(0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffc, 16384, 16385) },
  { weight: 1, arbitrary: fc.nat(0xffffffff) },
);

/** A request as it is generated. */
export interface AnyRequest {
  readonly command: Command;
  readonly words: number[];
  readonly flags: number;
  readonly context: number;
  readonly ring: number;
  readonly slack: number;
  readonly entries: [number, number][];
  readonly room: number;
}

/** A request: a command's header and words of any value, cut or lengthened, with entries behind it. */
const request: fc.Arbitrary<AnyRequest> = fc.record({
  command: fc.constantFrom(...COMMANDS),
  words: fc.array(word, { minLength: 20, maxLength: 20 }),
  flags: fc.constantFrom(0, 1, 3, 0xffffffff),
  context: fc.oneof({ weight: 9, arbitrary: fc.nat(2) }, { weight: 1, arbitrary: fc.constantFrom(3, 0xffffffff) }),
  ring: fc.oneof({ weight: 9, arbitrary: fc.nat(2) }, { weight: 1, arbitrary: fc.constantFrom(63, 64, 255) }),
  slack: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, {
    weight: 1,
    arbitrary: fc.integer({ min: -60, max: 40 }),
  }),
  entries: fc.array(fc.tuple(fc.nat(8), fc.oneof(fc.constantFrom(0, 4096, 8192, 0xffffffff), fc.nat(20000))), {
    maxLength: 4,
  }),
  room: fc.oneof({ weight: 6, arbitrary: fc.constantFrom(24, 2048) }, { weight: 1, arbitrary: fc.nat(30) }),
});

/** Its bytes. @param gpa memory that its entries name. */
export function bytesOf(r: AnyRequest, gpa: number): Uint8Array {
  const size = r.command.request.size;
  const whole = new Uint8Array(Math.max(0, size + r.slack) + r.entries.length * 16);
  const head = new Uint8Array(size);
  const view = new DataView(head.buffer);
  view.setUint32(0, r.command.type, true);
  view.setUint32(4, r.flags, true);
  view.setUint32(16, r.context, true);
  view.setUint32(20, r.ring, true);
  for (let at = 24, i = 0; at + 4 <= size; at += 4, i++) view.setUint32(at, r.words[i % r.words.length], true);
  // High halves of 64-bit members are 0 as a rule, or nothing would ever pass.
  for (const { kind, offset } of r.command.request.fields) {
    if ((kind === "u53" || kind === "u64") && offset >= 24 && (r.words[19] & 3) !== 0) {
      view.setUint32(offset + 4, 0, true);
    }
  }
  // Commands with many members would hardly ever be right: half of them get most of them so.
  if ((r.words[18] & 1) === 0) {
    if (r.command.type === gpu.VIRTIO_GPU_CMD_RESOURCE_CREATE_2D) {
      Object.assign(gpu.virtio_gpu_resource_create_2d.at(head), { format: gpu.VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM });
    } else if (r.command.type === gpu.VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB) {
      const nr_entries = r.entries.length;
      Object.assign(gpu.virtio_gpu_resource_create_blob.at(head), { blob_mem: 1, blob_flags: 0, nr_entries });
    } else if (r.command.type === gpu.VIRTIO_GPU_CMD_RESOURCE_CREATE_3D) {
      const one = { target: 2, format: gpu.VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM, depth: 1, array_size: 1 };
      Object.assign(gpu.virtio_gpu_resource_create_3d.at(head), { ...one, last_level: 0, nr_samples: 0 });
    } else if (
      r.command.type === gpu.VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D ||
      r.command.type === gpu.VIRTIO_GPU_CMD_TRANSFER_FROM_HOST_3D
    ) {
      const box = gpu.virtio_gpu_box.of({ x: r.words[0] & 3, y: r.words[1] & 3, w: r.words[2] & 7, h: 4, d: 1 });
      const one = { box, offset: r.words[3] & 255, level: 0, stride: 0, layer_stride: 0 };
      Object.assign(gpu.virtio_gpu_transfer_host_3d.at(head), { ...one, resource_id: 1 + (r.words[4] & 1) });
    } else if (r.command.type === gpu.VIRTIO_GPU_CMD_CTX_CREATE) {
      Object.assign(gpu.virtio_gpu_ctx_create.at(head), { context_init: r.words[0] & 3 });
    } else if (r.command.type === gpu.VIRTIO_GPU_CMD_SUBMIT_3D) {
      Object.assign(gpu.virtio_gpu_cmd_submit.at(head), { size: r.entries.length * 16 });
    }
  }
  whole.set(head.subarray(0, Math.max(0, size + r.slack)));
  const tail = new DataView(whole.buffer, Math.max(0, size + r.slack));
  r.entries.forEach(([page, length], i) => {
    tail.setBigUint64(16 * i, page === 8 ? 0xffff_ffff_ffff_f000n : BigInt(gpa + page * 4096), true);
    tail.setUint32(16 * i + 8, length, true);
  });
  return whole;
}

/** Whether a number is a response's. */
export const isResponse: (type: number) => boolean = (type) =>
  /^VIRTIO_GPU_RESP_/.test(gpu.virtioGpuTypeName(type) ?? "");

/**
 * Runs `body` over lists of requests, a thousand and, by bad luck, up to five thousand, until each of `commands` has succeeded and each
 * of `errors` has been given: a generator that never gets anywhere would test nothing.
 *
 * @param body sends the requests, and tells of each what was sent and how it was answered
 */
export function fuzzRequests(
  commands: (command: Command) => boolean,
  errors: readonly number[],
  body: (requests: AnyRequest[], answered: (sent: Uint8Array, answer: Uint8Array) => void) => void,
): void {
  const seen = new Set<number>();
  const missing = (): string[] => [
    ...COMMANDS.filter((command) => commands(command) && !seen.has(command.type)).map(({ name }) => name),
    ...errors.filter((error) => !seen.has(error)).map((error) => `${gpu.virtioGpuTypeName(error)}`),
  ];
  const answered = (sent: Uint8Array, answer: Uint8Array): void => {
    if (answer.length < gpu.virtio_gpu_ctrl_hdr.size) return;
    const { type, flags } = gpu.virtio_gpu_ctrl_hdr.at(answer);
    assert(isResponse(type), `0x${type.toString(16)}`);
    // What was sent, after cutting, counts.
    const header = sent.length < gpu.virtio_gpu_ctrl_hdr.size ? undefined : gpu.virtio_gpu_ctrl_hdr.at(sent);
    assertEquals(flags & 1, (header?.flags ?? 0) & 1);
    const ok = type < gpu.VIRTIO_GPU_RESP_ERR_UNSPEC;
    if (ok) assertEquals(type, gpu.VIRTIO_GPU_COMMANDS.get(header?.type ?? 0)?.responseType);
    seen.add(ok ? header?.type ?? 0 : type);
  };
  const property = fc.property(fc.array(request, { minLength: 1, maxLength: 40, size: "max" }), (requests) => {
    body(requests, answered);
  });
  for (let round = 0; round === 0 || round < 5 && missing().length > 0; round++) fc.assert(property, { numRuns: 1000 });
  assertEquals(missing(), []);
}
