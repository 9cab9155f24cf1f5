import { assertEquals, assertThrows } from "@std/assert";
import { DrmError } from "udrm/core/error.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { createBlob, type Rig } from "./rig.ts";
import { exec, putWords, rig3d } from "./rig_3d.ts";

function errno(name: string, action: () => unknown): void {
  assertEquals(assertThrows(action, DrmError).code, name);
}

/** SUBMIT_3D commands so far. */
function submissions(t: Rig) {
  return t.gpu.commands.filter(({ name }) => name === "SUBMIT_3D").map(({ bytes }) => {
    const { hdr, size } = uapi.virtio_gpu_cmd_submit.at(bytes);
    const words = new Uint32Array(bytes.slice(32).buffer);
    return { ctx: hdr.ctx_id, flags: hdr.flags, ring: hdr.ring_idx, fence: hdr.fence_id, size, words: [...words] };
  });
}

Deno.test("RESOURCE_CREATE_BLOB of the host's memory: its commands go first, then context and blob_id", () => {
  using t = rig3d();
  const from = t.gpu.commands.length;
  const made = createBlob(t.file, {
    blob_mem: uapi.VIRTGPU_BLOB_MEM_HOST3D,
    size: 5000,
    blob_id: 0x1_0000_0002n,
    cmd_size: 8,
    cmd: putWords(t.file, 6, 7),
  });
  assertEquals(t.gpu.names(from), ["CTX_CREATE", "SUBMIT_3D", "RESOURCE_CREATE_BLOB", "CTX_ATTACH_RESOURCE"]);
  const blob = uapi.virtio_gpu_resource_create_blob.at(t.gpu.commands[from + 2].bytes);
  assertEquals([blob.hdr.ctx_id, blob.blob_id, blob.size, blob.nr_entries], [1, 0x1_0000_0002n, 8192, 0]);
  assertEquals(submissions(t)[0].words, [6, 7]);
  const info = uapi.drm_virtgpu_resource_info.of({ bo_handle: made.bo_handle });
  t.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_RESOURCE_INFO, info);
  assertEquals([info.size, info.blob_mem], [8192, uapi.VIRTGPU_BLOB_MEM_HOST3D]);
  const map = uapi.drm_virtgpu_map.of({ handle: made.bo_handle });
  t.file.ioctl(uapi.DRM_IOCTL_VIRTGPU_MAP, map);
  errno("EINVAL", () => t.file.mmap(8192, map.offset));
});

Deno.test("RESOURCE_CREATE_BLOB of both memories has pages of the guest, too", () => {
  using t = rig3d();
  createBlob(t.file, { blob_mem: uapi.VIRTGPU_BLOB_MEM_HOST3D_GUEST, size: 4096, blob_id: 3n });
  const { bytes } = t.gpu.commands.find(({ name }) => name === "RESOURCE_CREATE_BLOB") ?? { bytes: new Uint8Array(56) };
  const blob = uapi.virtio_gpu_resource_create_blob.at(bytes);
  assertEquals([blob.blob_mem, blob.nr_entries, blob.hdr.ctx_id, blob.blob_id], [3, 1, 1, 3n]);
});

Deno.test("L6 RESOURCE_CREATE_BLOB with 3D: what cannot be", () => {
  using t = rig3d();
  const host = { blob_mem: uapi.VIRTGPU_BLOB_MEM_HOST3D };
  errno("EINVAL", () => createBlob(t.file, { ...host, cmd_size: 6, cmd: putWords(t.file, 1, 2) }));
  errno("EFAULT", () => createBlob(t.file, { ...host, cmd_size: 8, cmd: 8n }));
  errno("ENOMEM", () => createBlob(t.file, { ...host, cmd_size: 2 ** 23, cmd: 8n }));
  errno("ENOSPC", () => createBlob(t.file, { ...host, size: 0 }));
  errno("EINVAL", () => createBlob(t.file, { cmd_size: 4, cmd: putWords(t.file, 1) }));
  errno("EINVAL", () => createBlob(t.file, { blob_id: 1n }));
  exec(t.file);
  const from = t.gpu.commands.length;
  errno("EINVAL", () => createBlob(t.file, { ...host, blob_flags: uapi.VIRTGPU_BLOB_FLAG_USE_MAPPABLE }));
  assertEquals(t.gpu.names(from), ["RESOURCE_CREATE_BLOB", "RESOURCE_UNREF"], "there is nowhere to map it");
  assertEquals(t.driver.resources.count, 0);
});

Deno.test("RESOURCE_CREATE_BLOB of sizes that nothing has: EINVAL where no file is so long, ENOSPC where no mmap offset is", () => {
  using t = rig3d();
  exec(t.file);
  const from = t.gpu.commands.length;
  const host = { blob_mem: uapi.VIRTGPU_BLOB_MEM_HOST3D };
  // Of guest memory: rounded up to pages in 64 bits, the greatest sizes are 0.
  for (const size of [0, 2 ** 64, 2 ** 40 + 4096, 2 ** 63 - 8192]) {
    errno("ENOSPC", () => createBlob(t.file, { size }));
  }
  for (const size of [2 ** 63, 2 ** 63 + 4096, 2 ** 64 - 4096]) errno("EINVAL", () => createBlob(t.file, { size }));
  errno("ENOMEM", () => createBlob(t.file, { size: 2 ** 40 }));
  // Of the host's, which is no file.
  for (const size of [0, 2 ** 64, 2 ** 40 + 4096, 2 ** 63, 2 ** 64 - 4096]) {
    errno("ENOSPC", () => createBlob(t.file, { ...host, size }));
  }
  assertEquals([t.gpu.names(from), t.driver.resources.count], [[], 0], "the host hears nothing of it");
});

Deno.test("RESOURCE_CREATE_BLOB of the host's memory takes its mmap offset at once: together they have 1 TiB", () => {
  using t = rig3d();
  const host = { blob_mem: uapi.VIRTGPU_BLOB_MEM_HOST3D };
  const { bo_handle: handle } = createBlob(t.file, { ...host, size: 2 ** 40 });
  const from = t.gpu.commands.length;
  errno("ENOSPC", () => createBlob(t.file, { ...host, size: 4096 }));
  assertEquals([t.gpu.names(from), t.driver.resources.count], [[], 1]);
  t.file.ioctl(uapi.DRM_IOCTL_GEM_CLOSE, uapi.drm_gem_close.of({ handle }));
  createBlob(t.file, { ...host, size: 2 ** 40 });
});
