import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { virtioGpuHost } from "udrm/drivers/host/virtio_gpu/mod.ts";
import { FakeRenderer3d } from "udrm/drivers/host/virtio_gpu/testing.ts";
import * as gpu from "udrm/uapi/virtio_gpu.ts";
import { bytesOf, COMMANDS, isResponse, request } from "./any_request.ts";
import { Recorder } from "./recorder.ts";
import { WireGuest3d } from "./wire_3d.ts";

const LIMIT = 64 << 10;
const ERRORS = [0x1200, 0x1201, 0x1202, 0x1203, 0x1204, 0x1205];
const NEVER = new Set(["VIRTIO_GPU_CMD_RESOURCE_MAP_BLOB", "VIRTIO_GPU_CMD_RESOURCE_UNMAP_BLOB"]);

Deno.test("property: any command with any members to a host with 3D is answered, within the limits, and a reset leaves nothing", () => {
  const seen = new Map<number, number>();
  // A generator that never gets anywhere would test nothing.
  const never = (): string[] => [
    ...COMMANDS.filter(({ type, name }) => !NEVER.has(name) && !seen.has(type)).map(({ name }) => name),
    ...ERRORS.filter((error) => !seen.has(error)).map((error) => `${gpu.virtioGpuTypeName(error)}`),
  ];
  for (let round = 0; round === 0 || round < 5 && never().length > 0; round++) {
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 40, size: "max" }), (requests) => {
        const renderer = new FakeRenderer3d();
        const host = virtioGpuHost({
          renderer,
          display: new Recorder(),
          scanouts: 3,
          limits: { maxHostMemory: LIMIT, maxSize: 1024, maxEntries: 64, maxContexts: 4, maxSubmit: 256 },
        });
        using guest = new WireGuest3d(host);
        const memory = guest.pattern(32768);
        // Something to work on, or hardly anything would succeed.
        guest.create2d(1, gpu.VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM, 64, 64);
        guest.attach(1, [[memory.gpa, 16384]]);
        guest.create3d(2, { width: 16, height: 16 });
        guest.attach(2, [[memory.gpa + 16384, 4096]]);
        guest.createContext(1);
        guest.attachToContext(1, 1);
        guest.attachToContext(1, 2);
        for (const r of requests) {
          const bytes = bytesOf(r, memory.gpa);
          if (bytes.length === 0) continue;
          const answer = guest.send(bytes, r.room, r.command.type >= 0x300 ? 1 : 0);
          assert(guest.resetReason === undefined);
          if (answer.length < 24) continue;
          const { type, flags } = gpu.virtio_gpu_ctrl_hdr.at(answer);
          assert(isResponse(type), `0x${type.toString(16)}`);
          const sent = bytes.length < 24 ? undefined : gpu.virtio_gpu_ctrl_hdr.at(bytes);
          assertEquals(flags & 1, (sent?.flags ?? 0) & 1);
          const ok = type < gpu.VIRTIO_GPU_RESP_ERR_UNSPEC;
          if (ok) assertEquals(type, gpu.VIRTIO_GPU_COMMANDS.get(sent?.type ?? 0)?.responseType);
          const key = ok ? sent?.type ?? 0 : type;
          seen.set(key, (seen.get(key) ?? 0) + 1);
          const { bytes: used, contexts } = host.usage;
          assert(used <= LIMIT && used >= 0 && contexts <= 4 && renderer.contexts.size === contexts);
        }
        guest.restart();
        assertEquals(host.usage, { resources: 0, contexts: 0, bytes: 0 });
        assertEquals([renderer.resources.size, renderer.contexts.size, host.busy], [0, 0, false]);
      }),
      { numRuns: 1000 },
    );
  }
  assertEquals(never(), []);
});
