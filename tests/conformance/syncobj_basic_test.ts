import { assertEquals, assertNotEquals } from "@std/assert";
import * as uapi from "udrm/uapi/mod.ts";
import { Machine, outcome } from "./client.ts";

const EXPORT = uapi.DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE;
const IMPORT = uapi.DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE;

Deno.test("F17 a syncobj crosses processes and devices: all see one object", () => {
  using machine = new Machine(2);
  const a = machine.client(0), b = machine.client(1);
  const handle = a.create();
  const fd = b.process.receive(a.process, a.toFd(handle));
  const there = b.fromFd(fd);
  b.process.close(fd);
  assertEquals(b.wait([there], {}).result, "EINVAL");
  a.set(true, handle);
  assertEquals(b.wait([there], {}).result, 0);
  b.set(false, there);
  assertEquals(a.wait([handle], {}).result, "EINVAL");
  b.signalPoint(there, 7);
  a.process[Symbol.dispose](); // whose handle and fd go: the other handle has the object still
  assertEquals(b.query([there]), [7n]);
  assertEquals([outcome(() => b.destroy(there)), outcome(() => b.query([there]))], [undefined, "ENOENT"]);
});

Deno.test("F17 what an opaque fd is not: no sync_file, no eventfd, no DRM file, and no request works on it", () => {
  using machine = new Machine();
  const c = machine.client();
  const handle = c.create(1);
  const fd = c.toFd(handle), fence = c.toFd(handle, EXPORT);
  const file = c.process.file(fd);
  assertEquals(outcome(() => file.ioctl(uapi.SYNC_IOC_FILE_INFO, uapi.sync_file_info.of())), "ENOTTY");
  assertEquals(outcome(() => file.ioctl(uapi.DRM_IOCTL_SYNCOBJ_CREATE, uapi.drm_syncobj_create.of())), "ENOTTY");
  assertEquals(file.poll(uapi.POLLIN | uapi.POLLOUT | uapi.POLLERR), uapi.POLLIN | uapi.POLLOUT);
  assertEquals([outcome(() => file.mmap(4096)), outcome(() => file.mmap(4096, 0, uapi.PROT_READ))], [
    "EACCES",
    "ENODEV",
  ]);
  assertEquals(outcome(() => c.merge(fence, fd)), "ENOENT");
  assertEquals(outcome(() => c.submit(handle, fd)), "EINVAL");
  assertEquals(outcome(() => c.fromFd(fence)), "EINVAL");
  assertEquals(outcome(() => c.fromFd(c.card.fd)), "EINVAL");
  for (const bad of [-1, 9999, 0x7fff_ffff]) {
    assertEquals([outcome(() => c.fromFd(bad)), outcome(() => c.submit(handle, bad))], ["EINVAL", "EINVAL"]);
  }
});

Deno.test("F19 the failed import of a sync_file changes nothing; a failed export leaves fd as it was", () => {
  using machine = new Machine();
  const c = machine.client();
  const handle = c.create();
  const fence = c.timeline().fence(1);
  assertEquals(outcome(() => c.submit(handle + 1, fence)), "ENOENT");
  assertEquals(c.wait([handle]).result, "EINVAL");
  const arg = uapi.drm_syncobj_handle.of({ handle, flags: EXPORT, fd: 1234 });
  const fds = c.process.fdCount;
  assertEquals(outcome(() => c.card.ioctl(uapi.DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, arg)), "EINVAL");
  assertEquals([arg.fd, c.process.fdCount], [1234, fds]);
});

Deno.test("A1 the 16-byte handle requests, from before there was a point, work with and without a sync_file", () => {
  using machine = new Machine();
  const c = machine.client();
  const handle = c.create();
  const line = c.timeline();
  c.submit(handle, line.fence(1), 4n);
  const small = (cmd: number, handle: number, flags: number, fd: number): Int32Array => {
    const arg = Int32Array.of(handle, flags, fd, 0);
    c.card.ioctl(cmd, arg);
    return arg;
  };
  const again = small(0xc01064c2, 0, 0, small(0xc01064c1, handle, 0, -1)[2])[0];
  assertNotEquals(again, handle);
  assertEquals(c.query([again], uapi.DRM_SYNCOBJ_QUERY_FLAGS_LAST_SUBMITTED), [4n]);
  // TIMELINE has no point to read: 0, the whole fence, which replaces.
  const fence = small(0xc01064c1, handle, EXPORT | uapi.DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_TIMELINE, -1)[2];
  small(0xc01064c2, handle, IMPORT | uapi.DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_TIMELINE, line.fence(1));
  assertEquals(c.query([again], uapi.DRM_SYNCOBJ_QUERY_FLAGS_LAST_SUBMITTED), [0n]);
  assertEquals([c.signaled(fence), line.inc(), c.signaled(fence)], [false, undefined, true]);
});

Deno.test("A2 a request larger than the kernel's: what lies beyond is neither looked at nor changed", () => {
  using machine = new Machine();
  const c = machine.client();
  const arg = new Uint8Array(24).fill(0xa5);
  arg.fill(0, 0, 8);
  c.card.ioctl(0xc01864bf, arg); // SYNCOBJ_CREATE with 24 bytes in place of 8
  const view = new DataView(arg.buffer);
  assertEquals([view.getUint32(0, true), view.getUint32(4, true)], [1, 0]);
  assertEquals(arg.subarray(8).every((byte) => byte === 0xa5), true);
});

Deno.test("A4 a refused request has its argument copied back as it was", () => {
  using machine = new Machine();
  const c = machine.client();
  const memory = c.process.alloc(8);
  memory.bytes.set([9, 0, 0, 0, 2, 0, 0, 0]);
  assertEquals(outcome(() => c.card.ioctl(uapi.DRM_IOCTL_SYNCOBJ_CREATE, memory.address)), "EINVAL");
  assertEquals([...memory.bytes], [9, 0, 0, 0, 2, 0, 0, 0]);
  assertEquals(outcome(() => c.card.ioctl(uapi.DRM_IOCTL_SYNCOBJ_CREATE, 64n)), "EFAULT");
  assertEquals(c.create(), 1);
});

Deno.test("F1 F2 handles belong to the open file, not to the process or device", () => {
  using machine = new Machine();
  const a = machine.client(), b = machine.client(0, a.process);
  assertEquals([a.create(), a.create(), b.create(1)], [1, 2, 1]);
  assertEquals([b.wait([1]).result, a.wait([1]).result, b.wait([2]).result], [0, "EINVAL", "ENOENT"]);
  a.destroy(1);
  assertEquals([outcome(() => a.destroy(1)), b.wait([1]).result, a.create()], ["EINVAL", 0, 1]);
});

Deno.test("K6 closing the file drops its handles, not the fences that sync_files and other files have of them", () => {
  using machine = new Machine();
  const a = machine.client(), b = machine.client(0, a.process);
  const line = a.timeline();
  const handle = a.create();
  a.submit(handle, line.fence(1));
  const fence = a.toFd(handle, EXPORT), opaque = a.toFd(handle);
  a.process.close(a.card.fd);
  const other = b.fromFd(opaque);
  assertEquals([b.signaled(fence), b.wait([other]).result], [false, "ETIME"]);
  line.inc();
  assertEquals([b.signaled(fence), b.wait([other]).result], [true, 0]);
});

Deno.test("A14 after unplugging every request is ENODEV; sync_files, opaque fds and sleeping waits go on", async () => {
  using machine = new Machine(2);
  const a = machine.client(0), b = machine.client(1, a.process);
  const line = a.timeline();
  const handle = a.create();
  a.submit(handle, line.fence(1));
  const fence = a.toFd(handle, EXPORT), opaque = a.toFd(handle);
  const waited = a.sleep([handle], { timeout: 2n ** 63n - 1n });
  machine.system.removeDevice(machine.system.devices[0]);
  assertEquals([outcome(() => a.create()), a.wait([handle]).result, outcome(() => machine.client(0))], [
    "ENODEV",
    "ENODEV",
    "ENOENT",
  ]);
  const other = b.fromFd(opaque);
  line.inc();
  assertEquals([b.wait([other]).result, b.signaled(fence), (await waited).result], [0, true, 0]);
});
