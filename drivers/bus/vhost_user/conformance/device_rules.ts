/**
 * Rules of a running device: pictures, the display socket, and the life of a machine.
 * @module
 */

import * as gpu from "../../../../uapi/virtio_gpu.ts";
import * as display from "../../../../uapi/vhost_user_gpu.ts";
import { close, Mapping, memfdCreate } from "../../../os/mod.ts";
import type { GpuGuest } from "../testing_guest.ts";
import { type Bench, must, type Rule, VHOST_USER, VHOST_USER_GPU, VIRTIO } from "./rule.ts";

const { VIRTIO_GPU_RESP_OK_NODATA: OK } = gpu;

/** Fills with bytes that differ from one pixel to the next. */
function pattern(seed: number): (bytes: Uint8Array) => void {
  return (bytes) => {
    // The fourth byte of a pixel means nothing.
    for (let i = 0; i < bytes.length; i++) bytes[i] = (i & 3) === 3 ? 0 : Math.imul(i + seed, 2654435761) >>> 24;
  };
}

function shown(bench: Bench, width = 64, height = 48): { readonly guest: GpuGuest; readonly bytes: Uint8Array } {
  const guest = bench.guest();
  const { bytes } = guest.show(1, width, height, pattern(1));
  must(guest.shows(bytes), "the first picture is not shown");
  return { guest, bytes };
}

const displayInfo = (): Uint8Array =>
  gpu.virtio_gpu_ctrl_hdr.bytes(gpu.virtio_gpu_ctrl_hdr.of({ type: gpu.VIRTIO_GPU_CMD_GET_DISPLAY_INFO }));

/** Rules of pictures and of the display socket. */
export const DISPLAY_RULES: readonly Rule[] = [
  {
    id: "D1",
    rule: "what a guest transfers and flushes is what the screen shows, byte for byte",
    cite: `${VIRTIO}, 5.7.6.8; ${VHOST_USER_GPU}, "VHOST_USER_GPU_UPDATE"`,
    run: (bench) => void shown(bench),
  },
  {
    id: "D2",
    rule: "no pixels are sent before the scanout's size, none outside of it, and no message is malformed",
    cite: `${VHOST_USER_GPU}, "VHOST_USER_GPU_SCANOUT"; QEMU has no surface before`,
    run: (bench) => {
      const { guest } = shown(bench);
      must(guest.screen.faults.length === 0, guest.screen.faults.join(", "));
    },
  },
  {
    id: "D3",
    rule: "protocol features of the display socket are negotiated before anything that needs one",
    cite: `${VHOST_USER_GPU}, "VHOST_USER_GPU_GET_PROTOCOL_FEATURES"`,
    run: (bench) => {
      const { guest } = shown(bench);
      const [first] = guest.screen.messages;
      must(first?.request === display.VHOST_USER_GPU_GET_PROTOCOL_FEATURES, `first comes message ${first?.request}`);
    },
  },
  {
    id: "D4",
    rule: "without the EDID feature no EDID is asked for, and the guest is answered",
    cite: `${VHOST_USER_GPU}, "VHOST_USER_GPU_PROTOCOL_F_EDID"`,
    run: (bench) => {
      const guest = bench.guest({ prepare: (screen) => void (screen.features = 0n) });
      must(guest.request(displayInfo()) !== undefined, "GET_DISPLAY_INFO is not answered");
      must(guest.screen.count(display.VHOST_USER_GPU_GET_EDID) === 0, "it is asked for");
    },
  },
  {
    id: "D5",
    rule: "GET_DISPLAY_INFO gives the front end's monitors",
    cite: `${VHOST_USER_GPU}, "VHOST_USER_GPU_GET_DISPLAY_INFO"`,
    run: (bench) => {
      const guest = bench.guest({
        prepare: (screen) => void (screen.modes = [{ enabled: true, width: 1000, height: 700 }]),
      });
      const answer = guest.request(displayInfo());
      must(answer?.length === gpu.virtio_gpu_resp_display_info.size, `${answer?.length} bytes`);
      const { enabled, r } = gpu.virtio_gpu_resp_display_info.at(answer).pmodes[0];
      must(enabled === 1 && r.width === 1000 && r.height === 700, `${r.width}x${r.height}`);
    },
  },
  {
    id: "D6",
    rule: "GET_EDID gives the front end's EDID",
    cite: `${VHOST_USER_GPU}, "VHOST_USER_GPU_GET_EDID"`,
    run: (bench) => {
      const edid = new Uint8Array(128).map((_, i) => i ^ 0x33);
      const guest = bench.guest({ prepare: (screen) => void (screen.edids = [edid]) });
      const answer = guest.request(
        gpu.virtio_gpu_cmd_get_edid.bytes(
          gpu.virtio_gpu_cmd_get_edid.of({ hdr: { type: gpu.VIRTIO_GPU_CMD_GET_EDID } }),
        ),
      );
      must(answer?.length === gpu.virtio_gpu_resp_edid.size, `${answer?.length} bytes`);
      const { size, edid: got } = gpu.virtio_gpu_resp_edid.at(answer);
      must(size === 128 && edid.every((byte, i) => byte === got[i]), `another EDID, of ${size} bytes`);
    },
  },
  {
    id: "D7",
    rule: "SCANOUT is not sent again for a flip to a picture of the same size: QEMU allocates a surface each time",
    cite: "QEMU hw/display/vhost-user-gpu.c: VHOST_USER_GPU_SCANOUT replaces the surface",
    run: (bench) => {
      const { guest } = shown(bench);
      const second = guest.show(2, 64, 48, pattern(2));
      must(guest.shows(second.bytes), "the second picture is not shown");
      must(guest.screen.count(display.VHOST_USER_GPU_SCANOUT) === 1, "it is sent again");
    },
  },
  {
    id: "D8",
    rule: "a part that is flushed is sent as that part",
    cite: `${VHOST_USER_GPU}, "VHOST_USER_GPU_UPDATE"`,
    run: (bench) => {
      const { guest } = shown(bench, 256, 256);
      const before = guest.screen.messages.length;
      guest.transfer(1, 16, 8, 32, 40, (40 * 256 + 32) * 4);
      guest.flush(1, 16, 8, 32, 40);
      guest.front.wait(() => (guest.device.poll(), guest.screen.messages.length > before));
      const sent = guest.screen.messages.slice(before).map(({ words }) => words.slice(1).join());
      must(sent.join(" ") === "32,40,16,8", `x,y,width,height ${sent.join(" ")}`);
    },
  },
  {
    id: "D9",
    rule: "a scanout without a resource is 0x0",
    cite: `${VHOST_USER_GPU}, "VHOST_USER_GPU_SCANOUT"; ${VIRTIO}, 5.7.6.8`,
    run: (bench) => {
      const { guest } = shown(bench);
      must(guest.scanout(0, 0, 0, 0) === OK, "SET_SCANOUT of resource 0 fails");
      const off = guest.front.wait(() => (guest.device.poll(), guest.screen.screen().width === 0));
      must(off, "it still has a size");
    },
  },
  {
    id: "D10",
    rule: "a cursor's image and place arrive, and its moves as places only",
    cite: `${VHOST_USER_GPU}, "VHOST_USER_GPU_CURSOR_UPDATE"`,
    run: (bench) => {
      const { guest } = shown(bench);
      const image = guest.buffer(64 * 64 * 4);
      pattern(9)(image.bytes);
      guest.create(5, 64, 64, gpu.VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM);
      guest.attach(5, image);
      guest.transfer(5, 64, 64);
      const cursor = (type: number, x: number): void => {
        guest.type(gpu.virtio_gpu_update_cursor, { hdr: { type }, pos: { x, y: 3 }, resource_id: 5 }, undefined, 1);
      };
      cursor(gpu.VIRTIO_GPU_CMD_UPDATE_CURSOR, 11);
      const at = (x: number): boolean =>
        guest.front.wait(() => (guest.device.poll(), guest.screen.cursors.get(0)?.x === x));
      must(at(11), "no image comes");
      must(guest.screen.cursors.get(0)?.pixels.every((byte, i) => byte === image.bytes[i]) === true, "another image");
      const updates = guest.screen.count(display.VHOST_USER_GPU_CURSOR_UPDATE);
      cursor(gpu.VIRTIO_GPU_CMD_MOVE_CURSOR, 21);
      must(at(21), "the move does not come");
      must(guest.screen.count(display.VHOST_USER_GPU_CURSOR_UPDATE) === updates, "the image comes again");
    },
  },
  {
    id: "D11",
    rule: "a front end that closes its display socket does not stop the guest",
    cite: `${VHOST_USER_GPU}; QEMU closes it whenever the machine stops`,
    run: (bench) => {
      const { guest } = shown(bench);
      guest.screen[Symbol.dispose]();
      guest.screen.reads = false;
      must(guest.flush(1, 64, 48) === OK, "RESOURCE_FLUSH is not answered");
      must(guest.transfer(1, 64, 48) === OK, "TRANSFER_TO_HOST_2D is not answered");
    },
  },
  {
    id: "D12",
    rule: "a front end that does not read its display socket does not stop the guest",
    cite: `${VHOST_USER}: both sockets are the front end's main loop; a guest that waits for it may hang it`,
    run: (bench) => {
      const { guest, bytes } = shown(bench, 1024, 1024);
      guest.screen.reads = false;
      for (let i = 0; i < 4; i++) {
        pattern(i)(bytes);
        must(guest.transfer(1, 1024, 1024) === OK && guest.flush(1, 1024, 1024) === OK, `flush ${i} is not answered`);
      }
      guest.screen.reads = true;
      must(guest.shows(bytes), "the last picture does not come when it reads again");
    },
  },
];

/** Rules of commands that are wrong, and rings. */
export const RING_RULES: readonly Rule[] = [
  {
    id: "R1",
    rule: "a command with a resource that is not there is answered by ERR_INVALID_RESOURCE_ID",
    cite: `${VIRTIO}, 5.7.6.7`,
    run: (bench) => {
      const type = bench.guest().flush(99, 1, 1);
      must(type === gpu.VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID, `0x${type.toString(16)}`);
    },
  },
  {
    id: "R2",
    rule: "a fence comes back with its id",
    cite: `${VIRTIO}, 5.7.6.7`,
    run: (bench) => {
      const hdr = gpu.virtio_gpu_ctrl_hdr.of({
        type: gpu.VIRTIO_GPU_CMD_GET_DISPLAY_INFO,
        flags: gpu.VIRTIO_GPU_FLAG_FENCE,
        fence_id: 0x123456789n,
      });
      const answer = bench.guest().request(gpu.virtio_gpu_ctrl_hdr.bytes(hdr));
      must(answer !== undefined, "no answer");
      const { flags, fence_id } = gpu.virtio_gpu_ctrl_hdr.at(answer);
      must((flags & 1) === 1 && fence_id === 0x123456789n, `flags ${flags}, id ${fence_id}`);
    },
  },
  {
    id: "R3",
    rule: "backing outside memory is refused, and the device goes on",
    cite: `${VIRTIO}, 5.7.6.8`,
    run: (bench) => {
      const guest = bench.guest();
      guest.create(1, 16, 16);
      const type = guest.attach(1, { ...guest.buffer(4096), gpa: 2 ** 44 });
      must(type >= 0x1200, `0x${type.toString(16)}`);
      must(guest.request(displayInfo()) !== undefined, "the next command is not answered");
    },
  },
  {
    id: "R4",
    rule: "a transfer of memory that was taken away meanwhile is survived",
    cite: `${VHOST_USER}, "VHOST_USER_REM_MEM_REG"`,
    run: (bench) => {
      const guest = bench.guest();
      const buffer = guest.show(1, 64, 64, pattern(1));
      guest.device.memory.remove(buffer.slot);
      guest.transfer(1, 64, 64);
      must(guest.request(displayInfo()) !== undefined, "the next command is not answered");
    },
  },
  {
    id: "R5",
    rule: "a descriptor outside memory breaks its ring alone, and the err eventfd tells",
    cite: `${VHOST_USER}, "VHOST_USER_SET_VRING_ERR"; ${VIRTIO}, 2.7.5`,
    run: (bench) => {
      const guest = bench.guest();
      const [ring] = guest.queues;
      ring.add(2 ** 44, 64, 2 ** 44 + 4096, 64, 2);
      ring.kick();
      must(guest.front.wait(() => (guest.device.poll(), guest.device.failed)), "the err eventfd is silent");
      must(guest.device.stop().every((base) => base >= 0), "GET_VRING_BASE is not answered");
    },
  },
];

/** Rules of the life of a machine. */
export const LIFE_RULES: readonly Rule[] = [
  {
    id: "L1",
    rule: "GET_VRING_BASE gives the number of buffers taken",
    cite: `${VHOST_USER}, "VHOST_USER_GET_VRING_BASE"`,
    run: (bench) => {
      const { guest } = shown(bench);
      const [base] = guest.device.stop();
      must(base === 5, `${base} after 5 commands`);
    },
  },
  {
    id: "L2",
    rule: "after stop and cont, the display socket is another one, and the picture is there again without the guest",
    cite: "QEMU: vhost_user_gpu_set_status makes a new socket pair at each start",
    run: (bench) => {
      const { guest, bytes } = shown(bench);
      guest.device.stop();
      guest.device.cont();
      must(guest.shows(bytes), "it is not");
    },
  },
  {
    id: "L3",
    rule: "after stop and cont, resources are what they were",
    cite: `${VHOST_USER}, "Ring states": a ring that stops loses nothing`,
    run: (bench) => {
      const { guest } = shown(bench);
      guest.device.stop();
      guest.device.cont();
      must(guest.transfer(1, 64, 48) === OK && guest.flush(1, 64, 48) === OK, "the resource is gone");
    },
  },
  {
    id: "L4",
    rule: "after a reboot, nothing of the guest before is left",
    cite: `${VIRTIO}, 2.4 and 5.7.5`,
    run: (bench) => {
      const { guest } = shown(bench);
      guest.reboot();
      must(guest.flush(1, 64, 48) === gpu.VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID, "resource 1 is still there");
      const { bytes } = guest.show(1, 32, 32, pattern(4));
      must(guest.shows(bytes), "the new guest's picture is not shown");
    },
  },
  {
    id: "L5",
    rule: "ten reboots and ten times stop and cont in a row are no more than one",
    cite: `${VHOST_USER}`,
    run: (bench) => {
      const { guest } = shown(bench);
      for (let i = 0; i < 10; i++) {
        guest.reboot();
        const { bytes } = guest.show(1, 32, 32, pattern(i));
        guest.device.stop();
        guest.device.cont();
        must(guest.shows(bytes), `round ${i}: the picture is not shown`);
      }
    },
  },
  {
    id: "L6",
    rule: "a front end that vanishes in the middle is followed by the next",
    cite: `${VHOST_USER}, "Communication"`,
    run: (bench) => {
      const { guest } = shown(bench);
      guest.front.raw(new Uint8Array([2, 0, 0]));
      guest[Symbol.dispose]();
      shown(bench);
    },
  },
  {
    id: "L7",
    rule: "what the device writes while the log is on is marked in it: answers and used rings",
    cite: `${VHOST_USER}, "Migration"`,
    run: (bench) => {
      const { guest } = shown(bench);
      const logged = loggedPages(guest, 1 << 18);
      must(logged > 0, "nothing is");
    },
  },
];

/** Logs for one command. @returns how many groups of 8 pages were marked. */
function loggedPages(guest: GpuGuest, size: number): number {
  const fd = memfdCreate("conformance-log", size);
  try {
    using mapping = Mapping.map(fd, size);
    guest.device.log(fd, size);
    guest.request(displayInfo());
    return new Uint8Array(mapping.buffer).reduce((count, byte) => count + (byte !== 0 ? 1 : 0), 0);
  } finally {
    close(fd);
  }
}
