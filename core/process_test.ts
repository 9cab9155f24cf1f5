import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as uapi from "../uapi/mod.ts";
import { DrmError } from "./error.ts";
import { File } from "./file.ts";
import { SwSyncFile } from "./sw_sync.ts";
import { SyncRig } from "./sync_testing.ts";
import { Wait } from "./wait.ts";

const code = (act: () => unknown): string => (assertThrows(act, DrmError) as DrmError).code;

class Pipe extends File {
  readonly kind = "pipe";
  waits: Wait[] = [];
  override read(): Wait {
    const wait = new Wait();
    this.waits.push(wait);
    return wait;
  }
  override write(_task: unknown, source: Uint8Array): number {
    return source.length;
  }
  override poll(): number {
    return 0;
  }
  protected override release(): void {}
}

Deno.test("read and write of a file that was not opened for it are EBADF, before anything else is looked at", async () => {
  using rig = new SyncRig();
  const open = (flags: number) => rig.task.file(rig.task.install(new Pipe(flags)));
  const byte = new Uint8Array(1);
  assertEquals([open(uapi.O_RDWR).read(byte), open(uapi.O_RDWR).write(byte)], [-11, 1]);
  assertEquals([open(uapi.O_RDONLY).read(byte), code(() => open(uapi.O_RDONLY).write(byte))], [-11, "EBADF"]);
  assertEquals([code(() => open(uapi.O_WRONLY).read(byte)), open(uapi.O_WRONLY).write(byte)], ["EBADF", 1]);
  const error = await assertRejects(() => open(uapi.O_WRONLY).readWait(byte), DrmError);
  assertEquals((error as DrmError).code, "EBADF");
  // Kinds of files that cannot do it at all: the mode comes first (a sync_file is open for reading).
  const sync = rig.task.file(rig.task.install(new SwSyncFile(rig.task, uapi.O_RDWR).createFence(1)));
  assertEquals([code(() => sync.read(byte)), code(() => sync.write(byte))], ["EINVAL", "EBADF"]);
});

Deno.test("mmap: EACCES by the open flags comes before what the kind of file cannot do (ENODEV)", () => {
  using rig = new SyncRig();
  const map = (flags: number, prot: number, sharing: number) =>
    code(() => rig.task.file(rig.task.install(new Pipe(flags))).map(4096, 0, prot, sharing));
  const { PROT_READ, PROT_WRITE, MAP_SHARED, MAP_PRIVATE } = uapi;
  assertEquals(map(uapi.O_WRONLY, PROT_WRITE, MAP_SHARED), "EACCES");
  assertEquals(map(uapi.O_WRONLY, PROT_READ, MAP_PRIVATE), "EACCES");
  assertEquals(map(uapi.O_RDONLY, PROT_WRITE, MAP_SHARED), "EACCES");
  assertEquals(map(uapi.O_RDONLY, PROT_WRITE, MAP_PRIVATE), "ENODEV");
  assertEquals(map(uapi.O_RDWR, PROT_READ | PROT_WRITE, MAP_SHARED), "ENODEV");
});

Deno.test("a process that exits interrupts its own calls that wait, and only those (EINTR)", async () => {
  using rig = new SyncRig();
  const other = rig.system.process();
  const pipe = new Pipe(uapi.O_RDWR);
  const mine = rig.task.file(rig.task.install(pipe));
  const theirs = other.file(other.install(pipe.ref()));
  const byte = new Uint8Array(1);
  let theirsDone = false;
  const waits = [mine.readWait(byte), mine.pollWait(uapi.POLLIN)];
  const foreign = theirs.readWait(byte).then((result) => (theirsDone = true, result));
  rig.task[Symbol.dispose]();
  assertEquals(await Promise.all(waits), [-4, -4]);
  assertEquals([theirsDone, pipe.references], [false, 2]); // their fd and their call
  pipe.waits[1].complete(1);
  assertEquals(await foreign, 1);
});

Deno.test("a plain object is no argument of an ioctl: a TypeError that says what to do", () => {
  using rig = new SyncRig();
  const file = rig.task.file(rig.task.install(new SwSyncFile(rig.task, uapi.O_RDWR)));
  const plain = { value: 1, name: "", fence: 0 } as unknown as number;
  for (const cmd of [uapi.SW_SYNC_IOC_CREATE_FENCE, uapi.SW_SYNC_IOC_INC as uapi.Ioctl<unknown>]) {
    assertThrows(() => file.ioctl(cmd as uapi.Ioctl<unknown>, plain), TypeError, ".of(");
  }
  assertEquals(code(() => file.ioctl(uapi.SW_SYNC_IOC_CREATE_FENCE, undefined)), "EFAULT");
});

Deno.test("CREATE_FENCE and MERGE take their fd first: EMFILE before EFAULT; what fails gives the fd and the fence back", () => {
  using rig = new SyncRig();
  const task = rig.system.process({ fdLimit: 4 });
  const sw = task.file(task.install(new SwSyncFile(task, uapi.O_RDWR)));
  const good = uapi.sw_sync_create_fence_data.of({ value: 5 });
  sw.ioctl(uapi.SW_SYNC_IOC_CREATE_FENCE, good);
  const sync = task.file(good.fence);
  const room = task.fdCount;
  // Neither a pointer to nowhere nor one that can be read but not written to leaves an fd behind.
  const { bytes, address } = task.alloc(64);
  const calls: (() => unknown)[] = [
    () => sw.ioctl(uapi.SW_SYNC_IOC_CREATE_FENCE, 8n),
    () => sync.ioctl(uapi.SYNC_IOC_MERGE, 8n),
    () => sync.ioctl(uapi.SYNC_IOC_MERGE, new Uint8Array(8)),
  ];
  for (const call of calls) assertEquals([code(call), task.fdCount], ["EFAULT", room]);
  uapi.sync_merge_data.at(bytes, 0).fd2 = 99;
  assertEquals([code(() => sync.ioctl(uapi.SYNC_IOC_MERGE, address)), task.fdCount], ["ENOENT", room]);
  uapi.sync_merge_data.at(bytes, 0).fd2 = sync.fd;
  assertEquals(sync.ioctl(uapi.SYNC_IOC_MERGE, address), 0);
  assertEquals(uapi.sync_merge_data.at(bytes, 0).fence, 2);
  task.install(new Pipe(uapi.O_RDWR));
  for (const call of calls) assertEquals(code(call), "EMFILE");
  // A copy-out that faults: the fence is forgotten, the fd free again.
  task.close(2);
  const memory = task.memory;
  const copyOut = memory.copyOut.bind(memory);
  memory.copyOut = () => {
    throw new DrmError("EFAULT", "Cannot write");
  };
  assertEquals([code(() => sw.ioctl(uapi.SW_SYNC_IOC_CREATE_FENCE, address)), task.fdCount], ["EFAULT", 3]);
  assertEquals([code(() => sync.ioctl(uapi.SYNC_IOC_MERGE, address)), task.fdCount], ["EFAULT", 3]);
  memory.copyOut = copyOut;
  assertEquals([sync.ioctl(uapi.SYNC_IOC_MERGE, address), task.fdCount], [0, 4]);
});
