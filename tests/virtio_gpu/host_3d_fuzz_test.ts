import { assert, assertEquals } from "@std/assert";
import { virtioGpuHost } from "udrm/drivers/host/virtio_gpu/mod.ts";
import { FakeRenderer3d } from "udrm/drivers/host/virtio_gpu/testing.ts";
import type { Command } from "udrm/uapi/command.ts";
import * as gpu from "udrm/uapi/virtio_gpu.ts";
import { bytesOf, fuzzRequests } from "./any_request.ts";
import { Recorder } from "./recorder.ts";
import { WireGuest3d } from "./wire_3d.ts";

const LIMIT = 64 << 10;
const NEVER = new Set(["VIRTIO_GPU_CMD_RESOURCE_MAP_BLOB", "VIRTIO_GPU_CMD_RESOURCE_UNMAP_BLOB"]);

Deno.test("property: any command with any members to a host with 3D is answered, within the limits, and a reset leaves nothing", () => {
  const commands = ({ name }: Command) => !NEVER.has(name);
  fuzzRequests(commands, [0x1200, 0x1201, 0x1202, 0x1203, 0x1204, 0x1205], (requests, answered) => {
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
      answered(bytes, answer);
      const { bytes: used, contexts } = host.usage;
      assert(used <= LIMIT && used >= 0 && contexts <= 4 && renderer.contexts.size === contexts);
    }
    guest.restart();
    assertEquals(host.usage, { resources: 0, contexts: 0, bytes: 0 });
    assertEquals([renderer.resources.size, renderer.contexts.size, host.busy], [0, 0, false]);
  });
});
