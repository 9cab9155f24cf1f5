import { assert, assertEquals, assertThrows } from "@std/assert";
import { soft2d } from "udrm/drivers/host/render/soft2d/mod.ts";
import { virtioGpuHost, type VirtioGpuHostOptions } from "udrm/drivers/host/virtio_gpu/mod.ts";
import { FAKE_COPY, FAKE_FILL, FAKE_NOP, FAKE_SHORT, FakeRenderer3d } from "udrm/drivers/host/virtio_gpu/testing.ts";
import * as gpu from "udrm/uapi/virtio_gpu.ts";
import { Recorder } from "./recorder.ts";
import { encode } from "./wire.ts";
import { bytesOfWords, submitRequest, WireGuest3d } from "./wire_3d.ts";

const OK = gpu.VIRTIO_GPU_RESP_OK_NODATA;
const UNSPEC = gpu.VIRTIO_GPU_RESP_ERR_UNSPEC;
const NO_MEMORY = gpu.VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
const BAD_RESOURCE = gpu.VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
const BAD_CONTEXT = gpu.VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID;
const BAD_PARAMETER = gpu.VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
const bit = (number: number): bigint => 1n << BigInt(number);
const VIRGL = bit(gpu.VIRTIO_GPU_F_VIRGL), CONTEXT_INIT = bit(gpu.VIRTIO_GPU_F_CONTEXT_INIT);

function setup(options: Partial<VirtioGpuHostOptions> = {}, guestOptions = {}) {
  const renderer = new FakeRenderer3d();
  const display = new Recorder();
  const host = virtioGpuHost({ renderer, display, ...options });
  const guest = new WireGuest3d(host, guestOptions);
  return {
    renderer,
    display,
    host,
    guest,
    [Symbol.dispose]: () => {
      guest[Symbol.dispose]();
      host[Symbol.dispose]();
      assertEquals(host.usage, { resources: 0, contexts: 0, bytes: 0 }, "a reset leaves nothing");
      assertEquals([renderer.contexts.size, renderer.resources.size], [0, 0], "nor does the renderer keep anything");
    },
  };
}

Deno.test("5.7.3 VIRGL and CONTEXT_INIT are offered with a renderer that has 3D, and CONTEXT_INIT requires VIRGL", () => {
  using s = setup();
  assertEquals(s.host.features & (VIRGL | CONTEXT_INIT), VIRGL | CONTEXT_INIT);
  assertEquals(s.host.acceptsFeatures(VIRGL), true);
  assertEquals(s.host.acceptsFeatures(VIRGL | CONTEXT_INIT), true);
  assertEquals(s.host.acceptsFeatures(CONTEXT_INIT), false);
  const display = new Recorder(), renderer = soft2d();
  assertEquals(virtioGpuHost({ renderer, display }).features & (VIRGL | CONTEXT_INIT), 0n);
  assertThrows(() => virtioGpuHost({ renderer, display, features: VIRGL }), RangeError);
});

Deno.test("5.7.4 num_capsets tells the renderer's sets, and none where VIRGL is not offered", () => {
  const capsets = (options: Partial<VirtioGpuHostOptions>): number => {
    using s = setup(options);
    const config = new Uint8Array(20);
    s.host.readConfig(0, config);
    return gpu.virtio_gpu_config.at(config).num_capsets;
  };
  assertEquals(capsets({}), 3);
  assertEquals(capsets({ features: 0n }), 0);
});

const capsetInfo = (capset_index: number): Uint8Array =>
  encode(gpu.virtio_gpu_get_capset_info, { hdr: { type: gpu.VIRTIO_GPU_CMD_GET_CAPSET_INFO }, capset_index });
const capset = (capset_id: number, capset_version: number): Uint8Array =>
  encode(gpu.virtio_gpu_get_capset, { hdr: { type: gpu.VIRTIO_GPU_CMD_GET_CAPSET }, capset_id, capset_version });

Deno.test("GET_CAPSET_INFO tells id, version and size; an index beyond num_capsets is INVALID_PARAMETER", () => {
  using s = setup();
  const answer = s.guest.send(capsetInfo(1));
  const info = gpu.virtio_gpu_resp_capset_info.at(answer);
  assertEquals(answer.length, 40);
  assertEquals(info.hdr.type, gpu.VIRTIO_GPU_RESP_OK_CAPSET_INFO);
  assertEquals([info.capset_id, info.capset_max_version, info.capset_max_size], [2, 2, 1380]);
  assertEquals(s.guest.type(capsetInfo(3)), BAD_PARAMETER);
  assertEquals(s.guest.type(capsetInfo(0xffffffff)), BAD_PARAMETER);
});

Deno.test("GET_CAPSET gives the set's bytes; an unknown set or version is INVALID_PARAMETER", () => {
  using s = setup();
  const answer = s.guest.send(capset(2, 1));
  assertEquals(gpu.virtio_gpu_ctrl_hdr.at(answer).type, gpu.VIRTIO_GPU_RESP_OK_CAPSET);
  assertEquals(answer.slice(24), s.renderer.capset(2, 1));
  assertEquals(s.guest.send(capset(1, 0)).length, 24 + 308);
  assertEquals(s.guest.send(capset(2, 1), 100).length, 100, "an answer without room is cut");
  assertEquals(s.guest.type(capset(2, 3)), BAD_PARAMETER);
  assertEquals(s.guest.type(capset(4, 0)), BAD_PARAMETER);
});

Deno.test("CTX_CREATE: an id of 0 or one that is taken is INVALID_CONTEXT_ID", () => {
  using s = setup();
  assertEquals(s.guest.createContext(7), OK);
  assertEquals(s.guest.createContext(7), BAD_CONTEXT);
  assertEquals(s.guest.createContext(0), BAD_CONTEXT);
  assertEquals(s.guest.destroyContext(7), OK);
  assertEquals(s.guest.createContext(7), OK, "the id is free again");
});

Deno.test("CTX_CREATE: context_init names the set; 0 is virgl; other bits and unknown sets are INVALID_PARAMETER", () => {
  using s = setup();
  assertEquals(s.guest.createContext(1), OK);
  assertEquals(s.guest.createContext(2, 5), OK);
  assertEquals([...s.renderer.contexts].map((context) => context.capsetId), [gpu.VIRTIO_GPU_CAPSET_VIRGL2, 5]);
  assertEquals(s.guest.createContext(3, 4), BAD_PARAMETER);
  assertEquals(s.guest.createContext(3, 0x102), BAD_PARAMETER);
  assertEquals(s.host.usage.contexts, 2);
});

Deno.test("CTX_CREATE without CONTEXT_INIT takes no set", () => {
  using s = setup({}, { deviceFeatures: VIRGL });
  assertEquals(s.guest.createContext(1, 2), BAD_PARAMETER);
  assertEquals(s.guest.createContext(1, 0), OK);
});

Deno.test("CTX_CREATE: of a name, nlen bytes count, 64 at most, and what is not printable is a question mark", () => {
  using s = setup();
  s.guest.createContext(1, 0, "glx\x01gears", 5);
  s.guest.createContext(2, 0, "x".repeat(63), 0xffffffff);
  s.guest.createContext(3, 0, "", 9);
  assertEquals([...s.renderer.contexts].map((context) => context.name), ["glx?g", "x".repeat(63), ""]);
});

Deno.test("3D commands of a guest that has not accepted VIRGL are UNSPEC", () => {
  using s = setup({}, { deviceFeatures: 0n });
  assertEquals(s.guest.createContext(1), UNSPEC);
  assertEquals(s.guest.create3d(1), UNSPEC);
  assertEquals(s.guest.submit(1, FAKE_NOP), UNSPEC);
});

Deno.test("CTX_DESTROY, ATTACH, DETACH and SUBMIT_3D of an unknown context are INVALID_CONTEXT_ID", () => {
  using s = setup();
  s.guest.create3d(1);
  assertEquals(s.guest.destroyContext(1), BAD_CONTEXT);
  assertEquals(s.guest.attachToContext(1, 1), BAD_CONTEXT);
  assertEquals(s.guest.detachFromContext(1, 1), BAD_CONTEXT);
  assertEquals(s.guest.submit(1, FAKE_NOP), BAD_CONTEXT);
  assertEquals(s.guest.submit(0, FAKE_NOP), BAD_CONTEXT);
});

Deno.test("CTX_ATTACH_RESOURCE lets commands name a resource until DETACH, and twice is once", () => {
  using s = setup();
  s.guest.createContext(1);
  s.guest.create3d(5);
  assertEquals(s.guest.attachToContext(1, 6), BAD_RESOURCE);
  assertEquals(s.guest.detachFromContext(1, 6), BAD_RESOURCE);
  assertEquals(s.guest.attachToContext(1, 5), OK);
  const { bytes } = s.host.usage;
  assertEquals(s.guest.attachToContext(1, 5), OK);
  assertEquals(s.host.usage.bytes, bytes, "nothing is charged twice");
  assertEquals(s.guest.submit(1, FAKE_FILL, 5, 9), OK);
  assertEquals(s.guest.detachFromContext(1, 5), OK);
  assertEquals(s.guest.detachFromContext(1, 5), OK);
  assertEquals(s.guest.submit(1, FAKE_FILL, 5, 9), BAD_PARAMETER);
});

Deno.test("RESOURCE_UNREF takes the resource out of every context", () => {
  using s = setup();
  s.guest.create3d(5);
  for (const id of [1, 2]) {
    s.guest.createContext(id);
    s.guest.attachToContext(id, 5);
  }
  assertEquals(s.guest.unref(5), OK);
  s.guest.create3d(5);
  for (const id of [1, 2]) assertEquals(s.guest.submit(id, FAKE_FILL, 5, 1), BAD_PARAMETER, "it is another one");
});

Deno.test("a guest blob can be attached to a context, though commands cannot name it", () => {
  using s = setup();
  const memory = s.guest.alloc(4096);
  s.guest.createContext(1);
  assertEquals(s.guest.createBlob(2, 4096, [[memory.gpa, 4096]]), OK);
  assertEquals(s.guest.attachToContext(1, 2), OK);
  assertEquals(s.guest.submit(1, FAKE_FILL, 2, 1), BAD_PARAMETER);
});

Deno.test("backing reaches the renderer when it is attached and leaves it when it is detached", () => {
  using s = setup();
  s.guest.create3d(1);
  const [resource] = s.renderer.resources;
  s.guest.attach(1, [[s.guest.alloc(4096).gpa, 4096]]);
  assertEquals(resource.backing?.size, 4096);
  s.guest.detach(1);
  assertEquals(resource.backing, undefined);
});

Deno.test("RESOURCE_CREATE_3D: taken ids, unknown formats, and what the renderer refuses", () => {
  using s = setup();
  assertEquals(s.guest.create3d(1), OK);
  assertEquals(s.guest.create3d(1), BAD_RESOURCE);
  assertEquals(s.guest.create3d(0), BAD_RESOURCE);
  assertEquals(s.guest.create3d(2, { format: 0xffff }), BAD_PARAMETER);
  assertEquals(s.guest.create3d(2, { width: 5000 }), BAD_PARAMETER);
  assertEquals(s.guest.create3d(2, { width: 4096, height: 4096, depth: 4 }), NO_MEMORY);
  const { bytes } = s.host.usage;
  assertEquals(s.guest.create3d(2, { width: 0xffffffff, height: 0xffffffff, depth: 0xffffffff }), NO_MEMORY);
  assertEquals(s.host.usage.bytes, bytes, "refusals cost nothing");
});

Deno.test("what 3D resources take is limited, levels, layers and samples included", () => {
  using s = setup({ limits: { maxHostMemory: 64 * 64 * 4 * 8 } });
  for (const more of [{ array_size: 8 }, { depth: 8 }, { nr_samples: 4, array_size: 2 }]) {
    assertEquals(s.guest.create3d(1, { width: 64, height: 64, ...more }), NO_MEMORY);
  }
  assertEquals(s.guest.create3d(1, { width: 64, height: 64, array_size: 6 }), OK);
  assertEquals(s.guest.create3d(2, { width: 64, height: 64, last_level: 1 }), NO_MEMORY);
  assertEquals(s.guest.create3d(2, { width: 64, height: 64 }), OK);
});

Deno.test("TRANSFER_TO_HOST_3D and FROM_HOST_3D move a box of a level; strides of 0 are those of the whole level", () => {
  using s = setup();
  const memory = s.guest.pattern(4096);
  s.guest.create3d(1, { width: 8, height: 8, last_level: 2 });
  s.guest.attach(1, [[memory.gpa, 4096]]);
  const sent = memory.bytes.slice();
  // Level 1 is 4x4: rows are 16 bytes apart, though the box is 2 wide.
  assertEquals(s.guest.transfer3d("to", 0, 1, { x: 1, y: 1, w: 2, h: 3 }, { level: 1, offset: 20 }), OK);
  memory.bytes.fill(0);
  assertEquals(s.guest.transfer3d("from", 0, 1, { x: 0, y: 0, w: 4, h: 4 }, { level: 1, stride: 32 }), OK);
  for (let y = 0; y < 4; y++) {
    for (let x = 0; x < 4; x++) {
      const inside = x >= 1 && x < 3 && y >= 1;
      const from = 20 + (y - 1) * 16 + (x - 1) * 4;
      assertEquals(
        [...memory.bytes.subarray(y * 32 + x * 4, y * 32 + x * 4 + 4)],
        inside ? [...sent.subarray(from, from + 4)] : [0, 0, 0, 0],
        `${x},${y}`,
      );
    }
  }
});

Deno.test("TRANSFER_*_3D: contexts, resources, backing and boxes are checked", () => {
  using s = setup();
  const memory = s.guest.alloc(64);
  const box = { w: 4, h: 4 };
  s.guest.createContext(1);
  s.guest.create3d(1);
  for (const direction of ["to", "from"] as const) {
    assertEquals(s.guest.transfer3d(direction, 0, 1, box), BAD_PARAMETER, "without backing");
  }
  s.guest.attach(1, [[memory.gpa, 64]]);
  for (const direction of ["to", "from"] as const) {
    assertEquals(s.guest.transfer3d(direction, 0, 1, box), OK);
    assertEquals(s.guest.transfer3d(direction, 2, 1, box), BAD_CONTEXT);
    assertEquals(s.guest.transfer3d(direction, 1, 1, box), BAD_RESOURCE, "not the context's");
    assertEquals(s.guest.transfer3d(direction, 0, 2, box), BAD_RESOURCE);
    assertEquals(s.guest.transfer3d(direction, 0, 1, { ...box, x: 1 }), BAD_PARAMETER);
    assertEquals(s.guest.transfer3d(direction, 0, 1, { ...box, w: 0xffffffff }), BAD_PARAMETER);
    assertEquals(s.guest.transfer3d(direction, 0, 1, box, { level: 1 }), BAD_PARAMETER);
    assertEquals(s.guest.transfer3d(direction, 0, 1, box, { offset: 65 }), BAD_PARAMETER);
    assertEquals(s.guest.transfer3d(direction, 0, 1, box, { offset: 2 ** 52 }), BAD_PARAMETER);
    assertEquals(s.guest.transfer3d(direction, 0, 1, box, { offset: 4 }), UNSPEC, "beyond the backing");
  }
  s.guest.attachToContext(1, 1);
  assertEquals(s.guest.transfer3d("to", 1, 1, box), OK);
  const blob = s.guest.alloc(4096);
  s.guest.createBlob(3, 4096, [[blob.gpa, 4096]]);
  assertEquals(s.guest.transfer3d("to", 0, 3, box), BAD_PARAMETER, "a guest blob is no texture");
});

Deno.test("a 2D resource is a 3D one: contexts use it, and 2D transfers fill a 3D one", () => {
  using s = setup();
  const memory = s.guest.alloc(64);
  memory.bytes.fill(0x5a);
  s.guest.createContext(1);
  s.guest.create2d(1, gpu.VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, 4, 4);
  s.guest.create3d(2);
  for (const id of [1, 2]) {
    s.guest.attach(id, [[memory.gpa, 64]]);
    assertEquals(s.guest.attachToContext(1, id), OK);
    assertEquals(s.guest.transfer(id, 0, 0, 4, 4, 0), OK);
  }
  assertEquals(s.guest.submit(1, FAKE_FILL, 1, 3, FAKE_COPY, 2, 1), OK);
  assertEquals(s.guest.transfer3d("from", 1, 2, { w: 4, h: 4 }), OK);
  assertEquals([...memory.bytes], new Array(64).fill(3));
});

Deno.test("2D transfers, scanouts and cursors take 2D textures of known pixels alone", () => {
  using s = setup();
  const memory = s.guest.alloc(65536);
  const wrong = [{ target: 0 }, { target: 3, depth: 2 }, { nr_samples: 4 }, { format: 64, target: 2 }];
  wrong.forEach((more, i) => {
    const id = i + 1;
    assertEquals(s.guest.create3d(id, { width: 64, height: 64, ...more }), OK);
    s.guest.attach(id, [[memory.gpa, 65536]]);
    assertEquals(s.guest.transfer(id, 0, 0, 4, 4, 0), BAD_PARAMETER);
    assertEquals(s.guest.setScanout(0, id, 0, 0, 4, 4), BAD_PARAMETER);
    assertEquals(s.guest.updateCursor(0, id, 0, 0), BAD_PARAMETER);
  });
});

Deno.test("SET_SCANOUT of a 3D resource shows what its contexts drew, at RESOURCE_FLUSH", () => {
  using s = setup();
  s.guest.createContext(1);
  s.guest.create3d(1);
  s.guest.attachToContext(1, 1);
  assertEquals(s.guest.setScanout(0, 1, 0, 0, 4, 4), OK);
  assertEquals(s.guest.submit(1, FAKE_FILL, 1, 0x77), OK);
  assertEquals(s.guest.flush(1, 0, 0, 4, 4), OK);
  assertEquals([...s.display.last().pixels], new Array(64).fill(0x77));
});

Deno.test("SUBMIT_3D: a size that is no whole words, is longer than the request or over the limit is refused, the context lives", () => {
  using s = setup({ limits: { maxSubmit: 64 } });
  s.guest.createContext(1);
  const commands = bytesOfWords(FAKE_NOP, FAKE_NOP);
  const submit = (size: number, bytes = commands): number => s.guest.type(submitRequest(1, bytes, {}, size));
  assertEquals(submit(8), OK);
  assertEquals(submit(4), OK, "less than the request holds");
  assertEquals(submit(0), OK);
  assertEquals(submit(6), BAD_PARAMETER);
  assertEquals(submit(12), BAD_PARAMETER);
  assertEquals(submit(0xfffffffc), BAD_PARAMETER);
  assertEquals(submit(64, new Uint8Array(64)), OK);
  assertEquals(submit(68, new Uint8Array(68)), NO_MEMORY);
  assertEquals(s.renderer.submissions.map((words) => words.length), [2, 1, 16]);
  assertEquals(s.guest.submit(1, FAKE_NOP), OK);
});

Deno.test("SUBMIT_3D: a wrong command loses its context, and no other", () => {
  using s = setup();
  for (const id of [1, 2]) s.guest.createContext(id);
  assertEquals(s.guest.submit(1, FAKE_SHORT), NO_MEMORY);
  assertEquals(s.guest.submit(1, FAKE_NOP), OK, "want of memory loses nothing");
  assertEquals(s.guest.submit(1, 99), BAD_PARAMETER);
  assertEquals(s.guest.submit(1, FAKE_NOP), UNSPEC);
  assertEquals(s.guest.type(submitRequest(1, new Uint8Array(0))), UNSPEC, "even of nothing");
  assertEquals(s.guest.submit(2, FAKE_NOP), OK);
  assertEquals(s.guest.destroyContext(1), OK);
  assertEquals(s.guest.createContext(1), OK);
  assertEquals(s.guest.submit(1, FAKE_NOP), OK, "a new context of the same id is another one");
});

Deno.test("SUBMIT_3D takes commands that lie in many pieces, and what is sent does not change under the renderer", () => {
  using s = setup();
  s.guest.createContext(1);
  const request = submitRequest(1, bytesOfWords(...new Array(100).fill(FAKE_NOP)));
  const memory = s.guest.alloc(8192);
  memory.bytes.set(request);
  const ring = s.guest.rings[0];
  const cuts = [10, 33, 41, 200, request.length];
  let from = 0;
  cuts.forEach((end, i) => {
    ring.descriptor(i, memory.gpa + from, end - from, 1, i + 1);
    from = end;
  });
  ring.descriptor(cuts.length, memory.gpa + 4096, 24, 2);
  ring.expose(0);
  s.guest.kick(0);
  assertEquals(gpu.virtio_gpu_ctrl_hdr.at(memory.bytes, 4096).type, OK);
  memory.bytes.fill(0xff, 0, 1000);
  assertEquals([...s.renderer.submissions[0]], new Array(100).fill(FAKE_NOP));
});

Deno.test("RESOURCE_CREATE_BLOB of the host's memory: no renderer here exports any", () => {
  using s = setup();
  s.guest.createContext(1);
  for (const mem of [gpu.VIRTIO_GPU_BLOB_MEM_HOST3D, gpu.VIRTIO_GPU_BLOB_MEM_HOST3D_GUEST]) {
    assertEquals(s.guest.createHostBlob(2, 1, mem, 4096), BAD_CONTEXT);
    assertEquals(s.guest.createHostBlob(1, 1, mem, 0), BAD_PARAMETER);
    assertEquals(s.guest.createHostBlob(1, 0, mem, 4096), BAD_RESOURCE);
    assertEquals(s.guest.createHostBlob(1, 1, mem, 4096), UNSPEC);
  }
  assertEquals(s.guest.createHostBlob(1, 1, 4, 4096), BAD_PARAMETER);
  assertEquals(s.host.usage.resources, 0);
});

Deno.test("RESOURCE_MAP_BLOB and UNMAP_BLOB: an unknown id is INVALID_RESOURCE_ID, guest memory is INVALID_PARAMETER", () => {
  using s = setup();
  s.guest.create3d(1);
  for (const type of [gpu.VIRTIO_GPU_CMD_RESOURCE_MAP_BLOB, gpu.VIRTIO_GPU_CMD_RESOURCE_UNMAP_BLOB]) {
    const map = (resource_id: number): Uint8Array =>
      encode(gpu.virtio_gpu_resource_map_blob, { hdr: { type }, resource_id });
    assertEquals(s.guest.type(map(2)), BAD_RESOURCE);
    assertEquals(s.guest.type(map(1)), BAD_PARAMETER);
  }
});

Deno.test("contexts are limited, and what they attach is paid for", () => {
  using s = setup({ limits: { maxContexts: 2, maxHostMemory: 1 << 14 } });
  assertEquals([1, 2, 3].map((id) => s.guest.createContext(id)), [OK, OK, NO_MEMORY]);
  assertEquals(s.guest.destroyContext(1), OK);
  assertEquals(s.guest.createContext(3), OK);
  let made = 0;
  while (s.guest.create3d(made + 1, { width: 1, height: 1 }) === OK) made++;
  assertEquals(s.guest.attachToContext(2, 1), OK, "what is left pays for a few");
  const answers = Array.from({ length: made * 2 }, (_, i) => s.guest.attachToContext(2 + (i & 1), 1 + (i >> 1)));
  assert(answers.includes(NO_MEMORY));
  assert(s.host.usage.bytes <= 1 << 14);
});

Deno.test("a reset ends contexts and resources, and lets their ids go", () => {
  using s = setup();
  s.guest.createContext(1);
  s.guest.create3d(1);
  s.guest.attachToContext(1, 1);
  s.guest.restart();
  assertEquals(s.host.usage, { resources: 0, contexts: 0, bytes: 0 });
  assertEquals([s.renderer.contexts.size, s.renderer.resources.size], [0, 0]);
  assertEquals([s.guest.createContext(1), s.guest.create3d(1)], [OK, OK]);
  assertEquals(s.guest.submit(1, FAKE_FILL, 1, 1), BAD_PARAMETER, "it is not attached any more");
});
