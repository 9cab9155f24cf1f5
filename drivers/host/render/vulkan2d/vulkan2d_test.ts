import "../../../os/testing.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { DrmError } from "../../../../core/error.ts";
import { heapAllocator } from "../../../../core/memory.ts";
import { VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM as XRGB } from "../../../../uapi/virtio_gpu.ts";
import { close, memfdAllocator, memfdCreate } from "../../../os/mod.ts";
import { mappingsOf, openFds } from "../../../os/testing.ts";
import { VK_ERROR_DEVICE_LOST, VkError } from "../../vulkan/mod.ts";
import { finish, ModelPicture, pixels, readAll, scramble, TestGuest, withRenderer } from "./testing.ts";
import type { Vulkan2d } from "./vulkan2d.ts";

function errno(code: string, body: () => unknown): DrmError {
  const error = assertThrows(body, DrmError);
  assertEquals(error.code, code, error.message);
  return error;
}

/** A guest with one buffer, and a picture as large. */
function setUp(renderer: Vulkan2d, guest: TestGuest, width: number, height: number) {
  const piece = guest.alloc(width * height * 4);
  scramble(piece.pages.bytes(), 1);
  const backing = guest.backing([[piece.slot.gpa, width * height * 4]]);
  return { piece, backing, picture: renderer.createResource(XRGB, width, height) };
}

Deno.test("a new picture is zero, also where another one was", async () => {
  await withRenderer((renderer) => {
    using guest = new TestGuest(memfdAllocator());
    for (let i = 0; i < 4; i++) {
      const { piece, backing, picture } = setUp(renderer, guest, 100, 50);
      assertEquals(pixels(renderer, picture).every((byte) => byte === 0), true);
      piece.pages.bytes().fill(0xff);
      renderer.transferToHost(picture, 0, 0, 100, 50, 0, backing);
      assertEquals(pixels(renderer, picture).every((byte) => byte === 0xff), true);
      renderer.destroyResource(picture);
    }
    const { backing, picture } = setUp(renderer, guest, 100, 50);
    const model = new ModelPicture(100, 50);
    renderer.transferToHost(picture, 3, 4, 5, 6, 0, backing);
    model.transfer(3, 4, 5, 6, 0, backing);
    assertEquals(pixels(renderer, picture), model.bytes);
  });
});

Deno.test("a small transfer is a snapshot: what the guest writes before the batch runs is not seen", async () => {
  await withRenderer((renderer) => {
    using guest = new TestGuest(memfdAllocator());
    const { piece, backing, picture } = setUp(renderer, guest, 64, 64);
    const model = new ModelPicture(64, 64);
    model.transfer(0, 0, 64, 64, 0, backing);
    renderer.transferToHost(picture, 0, 0, 64, 64, 0, backing);
    piece.pages.bytes().fill(0);
    assertEquals(pixels(renderer, picture), model.bytes);
  });
});

Deno.test("of overlapping transfers in one batch the last wins, thousands of them", async () => {
  for (const importBytes of [64, Infinity]) {
    await withRenderer((renderer) => {
      using guest = new TestGuest(memfdAllocator());
      const { backing, picture } = setUp(renderer, guest, 256, 256);
      const model = new ModelPicture(256, 256);
      let state = 7;
      const next = (n: number): number => (state = Math.imul(state, 1103515245) + 12345 & 0x7fffffff) % n;
      for (let i = 0; i < 3000; i++) {
        const width = 1 + next(20), height = 1 + next(20), x = next(257 - width), y = next(257 - height);
        const offset = next(100) * 4;
        renderer.transferToHost(picture, x, y, width, height, offset, backing);
        model.transfer(x, y, width, height, offset, backing);
      }
      assertEquals(pixels(renderer, picture), model.bytes);
    }, { importBytes });
  }
});

Deno.test("pictures larger than the ring and the read-back buffer pass through in pieces", async () => {
  for (const importBytes of [undefined, Infinity]) {
    await withRenderer((renderer) => {
      using guest = new TestGuest(memfdAllocator());
      const { piece, backing, picture } = setUp(renderer, guest, 2048, 2500);
      renderer.transferToHost(picture, 0, 0, 2048, 2500, 0, backing);
      const bytes = pixels(renderer, picture);
      assert(bytes.every((byte, i) => byte === piece.pages.bytes()[i]));
      assertEquals(renderer.usage.imports, importBytes === undefined ? 1 : 0);
    }, { importBytes, stagingBytes: 512 * 1024 });
  }
});

Deno.test("submit submits once, and only if something was recorded; a frame that nobody reads records nothing", async () => {
  await withRenderer((renderer, device) => {
    using guest = new TestGuest(memfdAllocator());
    assertEquals([renderer.submit(), renderer.completed()], [0, 0]);
    const { backing, picture } = setUp(renderer, guest, 64, 64);
    for (let i = 0; i < 8; i++) renderer.transferToHost(picture, i * 8, 0, 8, 8, 0, backing);
    assertEquals(renderer.submit(), 1);
    assertEquals(device.queue.lastSubmitted, 1);
    renderer.frame(picture, { x: 0, y: 0, width: 64, height: 64 }, []).hold?.();
    assertEquals(renderer.submit(), 1);
    assertEquals(renderer.wait(1, 10e9), true);
    assertEquals(renderer.completed(), 1);
    assertEquals(renderer.wait(2, 0), false, "a batch that nobody submitted");
  });
});

Deno.test("guest memory is imported once a slot, and given up with its last picture", async () => {
  await withRenderer((renderer, device) => {
    using guest = new TestGuest(memfdAllocator());
    const { backing, picture } = setUp(renderer, guest, 512, 512);
    const other = renderer.createResource(XRGB, 512, 512);
    const owned = device.ownedCount;
    for (let i = 0; i < 5; i++) {
      for (const p of [picture, other]) renderer.transferToHost(p, 0, 0, 512, 512, 0, backing);
      finish(renderer);
    }
    assertEquals([renderer.usage.imports, device.ownedCount - owned], [1, 1]);
    renderer.destroyResource(picture);
    assertEquals(renderer.usage.imports, 1);
    renderer.destroyResource(other);
    assertEquals(renderer.usage.imports, 0);
    finish(renderer);
    assertEquals(device.ownedCount - owned, -2);
  });
});

Deno.test("a slot that dies takes its import along, and its pages may go while the GPU reads them", async () => {
  await withRenderer((renderer) => {
    using guest = new TestGuest(memfdAllocator());
    const { piece, backing, picture } = setUp(renderer, guest, 1024, 1024);
    const expected = piece.pages.bytes().slice();
    renderer.transferToHost(picture, 0, 0, 1024, 1024, 0, backing);
    guest.free(piece);
    const batch = renderer.submit();
    assertEquals(renderer.usage.imports, 0);
    errno("EFAULT", () => renderer.transferToHost(picture, 0, 0, 1024, 1024, 0, backing));
    assert(renderer.wait(batch, 10e9));
    assertEquals(mappingsOf("vulkan2d-test"), 0);
    assert(pixels(renderer, picture).every((byte, i) => byte === expected[i]));
  });
});

Deno.test("imports are bounded: the least recently used goes, and what is in flight stays", async () => {
  await withRenderer((renderer) => {
    using guest = new TestGuest(memfdAllocator());
    const picture = renderer.createResource(XRGB, 64, 64);
    const copy = (): void => {
      const piece = guest.alloc(64 * 64 * 4);
      renderer.transferToHost(picture, 0, 0, 64, 64, 0, guest.backing([[piece.slot.gpa, 64 * 64 * 4]]));
    };
    for (let i = 0; i < 100; i++) copy();
    assertEquals(renderer.usage.imports, 64);
    finish(renderer);
    for (let i = 0; i < 10; i++) copy();
    assertEquals(renderer.usage.imports, 64);
    finish(renderer);
    assertEquals(mappingsOf("vulkan2d-test") <= 2 * 110, true);
  }, { importBytes: 4096 });
});

Deno.test("memory that cannot be imported is staged: the heap, and a memfd that could shrink", async () => {
  await withRenderer((renderer) => {
    using heap = new TestGuest(heapAllocator());
    const fd = memfdCreate("vulkan2d-test", 1 << 20, 0);
    using unsealed = new TestGuest({
      allocate: (size, name) => {
        const inner = heapAllocator().allocate(size, name);
        return {
          size,
          fd,
          bytes: () => inner.bytes(),
          pin: () => {},
          unpin: () => {},
          [Symbol.dispose]: () => {},
        };
      },
    });
    for (const guest of [heap, unsealed]) {
      const { piece, backing, picture } = setUp(renderer, guest, 512, 512);
      renderer.transferToHost(picture, 0, 0, 512, 512, 0, backing);
      assertEquals(renderer.usage.imports, 0);
      const bytes = piece.pages.bytes();
      assert(pixels(renderer, picture).every((byte, i) => byte === bytes[i]));
    }
    close(fd);
  });
});

Deno.test("backing that is short or gone is EFAULT, and the picture stays as it was", async () => {
  for (const importBytes of [64, Infinity]) {
    await withRenderer((renderer) => {
      using guest = new TestGuest(memfdAllocator());
      const { backing, picture } = setUp(renderer, guest, 64, 64);
      renderer.transferToHost(picture, 0, 0, 64, 64, 0, backing);
      const before = pixels(renderer, picture);
      const short = guest.backing([[backing.gpas[0], 64 * 64 * 4 - 1]]);
      errno("EFAULT", () => renderer.transferToHost(picture, 0, 0, 64, 64, 0, short));
      errno("EFAULT", () => renderer.transferToHost(picture, 0, 0, 64, 64, 4, backing));
      const gone = guest.alloc(8192), half = guest.alloc(8192);
      const torn = guest.backing([[half.slot.gpa, 8192], [gone.slot.gpa, 8192]]);
      renderer.transferToHost(picture, 0, 0, 64, 1, 0, torn);
      renderer.transferToHost(picture, 0, 0, 64, 1, 0, backing);
      guest.free(gone);
      errno("EFAULT", () => renderer.transferToHost(picture, 0, 0, 64, 64, 0, torn));
      errno("EFAULT", () => renderer.transferToHost(picture, 0, 30, 10, 10, 8190, torn));
      assertEquals(pixels(renderer, picture), before);
      renderer.transferToHost(picture, 0, 0, 64, 1, 256, backing);
      assertEquals(pixels(renderer, picture).subarray(0, 256), before.subarray(256, 512));
    }, { importBytes });
  }
});

Deno.test("transfers that fail take no staging memory", async () => {
  await withRenderer((renderer, device) => {
    using guest = new TestGuest(memfdAllocator());
    const { backing, picture } = setUp(renderer, guest, 64, 64);
    const gone = guest.alloc(8192);
    const torn = guest.backing([[backing.gpas[0], 8192], [gone.slot.gpa, 8192]]);
    guest.free(gone);
    for (let i = 0; i < 1000; i++) errno("EFAULT", () => renderer.transferToHost(picture, 0, 0, 64, 64, 0, torn));
    assertEquals(renderer.submit(), 0);
    for (let i = 0; i < 100; i++) renderer.transferToHost(picture, 0, 0, 64, 64, 0, backing);
    assert(device.queue.lastSubmitted > 0, "a full ring is emptied by submitting");
    assertEquals(pixels(renderer, picture), guest.memory.bytes(backing.gpas[0], 64 * 64 * 4).slice());
  }, { importBytes: Infinity, stagingBytes: 256 * 1024 });
});

Deno.test("createResource refuses formats and sizes that are none (EINVAL), and what the budget does not hold (ENOMEM)", async () => {
  await withRenderer((renderer) => {
    for (
      const [format, width, height] of [[0, 8, 8], [5, 8, 8], [XRGB, 0, 8], [XRGB, 8, 16385], [XRGB, 1.5, 8], [
        XRGB,
        NaN,
        8,
      ]]
    ) {
      errno("EINVAL", () => renderer.createResource(format, width, height));
    }
    const first = renderer.createResource(XRGB, 512, 512);
    errno("ENOMEM", () => renderer.createResource(XRGB, 1, 1));
    renderer.destroyResource(first);
    renderer.createResource(XRGB, 512, 512);
  }, { maxBytes: 1 << 20 });
});

Deno.test("memory of pictures that the batch still uses is waited for before ENOMEM", async () => {
  await withRenderer((renderer) => {
    using guest = new TestGuest(memfdAllocator());
    for (let i = 0; i < 20; i++) {
      const { backing, picture } = setUp(renderer, guest, 512, 512);
      renderer.transferToHost(picture, 0, 0, 512, 512, 0, backing);
      renderer.destroyResource(picture);
    }
    assert(renderer.usage.bytes <= 2 << 20);
  }, { maxBytes: 2 << 20 });
});

Deno.test("a frame that is held keeps its pixels, also of a destroyed picture; one that is not costs nothing", async () => {
  await withRenderer((renderer, device) => {
    using guest = new TestGuest(memfdAllocator());
    const { piece, backing, picture } = setUp(renderer, guest, 32, 32);
    renderer.transferToHost(picture, 0, 0, 32, 32, 0, backing);
    const rect = { x: 4, y: 5, width: 8, height: 9 };
    const frame = renderer.frame(picture, rect, []), model = new ModelPicture(32, 32);
    model.transfer(0, 0, 32, 32, 0, backing);
    const expected = model.crop(4, 5, 8, 9);
    frame.hold?.();
    frame.hold?.();
    finish(renderer);
    const owned = device.ownedCount;
    piece.pages.bytes().fill(0);
    renderer.transferToHost(picture, 0, 0, 32, 32, 0, backing);
    renderer.transferToHost(picture, 0, 0, 32, 32, 0, backing);
    assertEquals(device.ownedCount, owned + 1, "one copy");
    const second = renderer.frame(picture, rect, []);
    second.hold?.();
    renderer.destroyResource(picture);
    finish(renderer);
    assertEquals(readAll(frame), expected);
    assertEquals(readAll(second), new Uint8Array(8 * 9 * 4));
    const part = new Uint8Array(100).fill(7);
    frame.read(part, 40, { x: 1, y: 2, width: 3, height: 2 });
    assertEquals(part.subarray(40, 52), expected.subarray((3 * 8 + 1) * 4, (3 * 8 + 4) * 4));
    assertEquals(part[12], 7);
    assertThrows(() => frame.read(part, 40, { x: 7, y: 0, width: 2, height: 1 }), RangeError);
    for (const f of [frame, second]) {
      f.release?.();
      f.release?.();
    }
    finish(renderer);
    assertThrows(() => readAll(second), TypeError, "hold");
    assertEquals(renderer.usage.bytes, 65536, "the buffer for reading");
  });
});

Deno.test("a transfer that has no memory to keep a held frame is ENOMEM", async () => {
  await withRenderer((renderer) => {
    using guest = new TestGuest(memfdAllocator());
    const { backing, picture } = setUp(renderer, guest, 64, 64);
    const frame = renderer.frame(picture, { x: 0, y: 0, width: 64, height: 64 }, []);
    frame.hold?.();
    errno("ENOMEM", () => renderer.transferToHost(picture, 0, 0, 64, 64, 0, backing));
    frame.release?.();
    renderer.transferToHost(picture, 0, 0, 64, 64, 0, backing);
  }, { maxBytes: 64 * 64 * 4 });
});

Deno.test("a lost device is EIO for what executes, completes every batch, and crashes nothing", async () => {
  await withRenderer((renderer, device) => {
    using guest = new TestGuest(memfdAllocator());
    const { backing, picture } = setUp(renderer, guest, 512, 512);
    const frame = renderer.frame(picture, { x: 0, y: 0, width: 512, height: 512 }, []);
    renderer.transferToHost(picture, 0, 0, 512, 512, 0, backing);
    finish(renderer);
    renderer.transferToHost(picture, 0, 0, 512, 512, 0, backing);
    assertThrows(() => device.check(VK_ERROR_DEVICE_LOST, "vkTest"), VkError);
    assertEquals(renderer.submit(), 1);
    assertEquals(renderer.completed(), 1);
    assertEquals(renderer.wait(1, 1e9), true);
    assertEquals(renderer.failure?.code, "EIO");
    errno("EIO", () => renderer.transferToHost(picture, 0, 0, 8, 8, 0, backing));
    errno("EIO", () => renderer.createResource(XRGB, 8, 8));
    errno("EIO", () => readAll(frame));
    errno("EIO", () => renderer.cursor(picture, 0, 0));
    renderer.destroyResource(picture);
  });
});

Deno.test("ten thousand pictures come and go and leave nothing", async () => {
  await withRenderer((renderer, device) => {
    using guest = new TestGuest(memfdAllocator());
    const piece = guest.alloc(64 * 64 * 4);
    const backing = guest.backing([[piece.slot.gpa, 64 * 64 * 4]]);
    let counts: number[] = [];
    for (let i = 0; i < 10_000; i++) {
      const picture = renderer.createResource(XRGB, 64, 1 + i % 64);
      if (i % 4 > 0) renderer.transferToHost(picture, 0, 0, 64, 1 + i % 64, 0, backing);
      if (i % 100 === 0) readAll(renderer.frame(picture, { x: 0, y: 0, width: 1, height: 1 }, []));
      renderer.destroyResource(picture);
      if (i % 8 === 0) renderer.submit();
      if (i === 999 || i === 9_999) {
        finish(renderer);
        const { queue, memory } = device;
        const now = [
          renderer.usage.bytes,
          renderer.usage.imports,
          device.ownedCount,
          memory.blockCount,
          queue.deletionCount,
          openFds(),
        ];
        if (i === 999) counts = now;
        else assertEquals(now, counts);
      }
    }
  }, { importBytes: 8192 });
});

Deno.test("disposing frees everything in order, whatever is under way", async () => {
  await withRenderer((renderer) => {
    using guest = new TestGuest(memfdAllocator());
    const { backing, picture } = setUp(renderer, guest, 512, 512);
    renderer.transferToHost(picture, 0, 0, 512, 512, 0, backing);
    renderer.submit();
    const held = renderer.frame(picture, { x: 0, y: 0, width: 512, height: 512 }, []);
    held.hold?.();
    renderer.transferToHost(picture, 0, 0, 16, 16, 0, backing);
    const left = renderer.frame(picture, { x: 0, y: 0, width: 16, height: 16 }, []);
    left.hold?.();
    renderer[Symbol.dispose]();
    renderer[Symbol.dispose]();
    assertEquals(renderer.usage, { bytes: 0, imports: 0 });
    errno("EIO", () => readAll(held));
    errno("EIO", () => renderer.transferToHost(picture, 0, 0, 16, 16, 0, backing));
    held.release?.();
    left.release?.();
    renderer.destroyResource(picture);
    assertEquals(renderer.completed(), renderer.submit());
  });
});
