/**
 * `/dev/udmabuf`: dma-bufs over memory of memfds (C16). Mirrors drivers/dma-buf/udmabuf.c.
 * @module
 */

import { F_SEAL_FUTURE_WRITE, F_SEAL_SHRINK, F_SEAL_WRITE, O_RDWR } from "../uapi/fcntl.ts";
import * as uapi from "../uapi/udmabuf.ts";
import type { View } from "../uapi/struct.ts";
import { DmaBuf } from "./dma_buf.ts";
import { DrmError } from "./error.ts";
import { File, type IoctlArgument } from "./file.ts";
import { argumentIn, ioctlMaker, IoctlTable } from "./ioctl.ts";
import { MemFdFile } from "./memfd.ts";
import { PAGE_SIZE, type PageSegment } from "./memory.ts";
import { joinPages } from "./pages_range.ts";
import type { Process } from "./process.ts";
import { Resv } from "./resv.ts";
import type { Wait } from "./wait.ts";

/** The most ranges of one buffer (module parameter list_limit). */
export const UDMABUF_LIST_LIMIT = 1024;
/** The most MiB of one buffer (module parameter size_limit_mb). */
export const UDMABUF_SIZE_LIMIT_MB = 64;

/** An open of /dev/udmabuf. */
export class UdmabufDevice extends File {
  /** Always "udmabuf". */
  readonly kind = "udmabuf";

  /** open(2) of the node. @param _task who opens. @param flags O_*. */
  constructor(_task: Process, flags: number) {
    super(flags);
  }

  /** CREATE and CREATE_LIST: the new fd is the result. */
  override ioctl(task: Process, cmd: number, arg: IoctlArgument): number | Wait {
    return table.call(this, task, cmd, arg, "ENOTTY");
  }

  /** Nothing to release: buffers hold what they need. */
  protected override release(): void {}
}

// check_memfd_seals: memory that a device uses must not go away, and must stay writable.
function lookupMemfd(task: Process, fd: number): MemFdFile {
  const file = task.fds.get(fd);
  if (!(file instanceof MemFdFile)) throw new DrmError("EBADFD", `Cannot make a buffer of fd ${fd}: it is no memfd`);
  if ((file.seals & F_SEAL_SHRINK) === 0 || (file.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) !== 0) {
    throw new DrmError(
      "EINVAL",
      `Cannot make a buffer of fd ${fd}: it must be sealed against shrinking, not against writing`,
    );
  }
  return file;
}

function create(task: Process, flags: number, items: readonly View<uapi.udmabuf_create_item>[]): number {
  let size = 0;
  for (const item of items) {
    if (item.offset % PAGE_SIZE !== 0 || item.size % PAGE_SIZE !== 0) {
      throw new DrmError("EINVAL", `Cannot make a buffer of ${item.size} bytes at ${item.offset}: not whole pages`);
    }
    size += item.size;
    if (size > UDMABUF_SIZE_LIMIT_MB * 2 ** 20) {
      throw new DrmError("EINVAL", `Cannot make a buffer of ${size} bytes: ${UDMABUF_SIZE_LIMIT_MB} MiB are allowed`);
    }
  }
  if (size === 0) throw new DrmError("EINVAL", "Cannot make a buffer of nothing");
  const faults = task.system.faults;
  if (faults.armed) faults.check("udmabuf.create");
  const pinned: MemFdFile[] = [];
  const unpin = (): void => {
    for (const memfd of pinned) memfd.unpin();
  };
  let buffer: DmaBuf;
  try {
    const segments: PageSegment[] = [];
    for (const item of items) {
      const memfd = lookupMemfd(task, item.memfd);
      segments.push(...memfd.pinRange(item.offset, item.size));
      pinned.push(memfd);
    }
    const pages = joinPages(task.system.pages, segments);
    buffer = new DmaBuf({
      exporterName: "udmabuf",
      size,
      flags: O_RDWR,
      pages,
      resv: new Resv(),
      system: task.system,
      release: () => {
        pages[Symbol.dispose]();
        unpin();
      },
    });
  } catch (error) {
    unpin();
    throw error;
  }
  return task.install(buffer, (flags & uapi.UDMABUF_FLAGS_CLOEXEC) !== 0);
}

// The ranges follow the struct, so its line has none and the whole argument is read here.
function createList(task: Process, arg: IoctlArgument): number {
  const head = uapi.udmabuf_create_list.of();
  argumentIn(task, arg, uapi.udmabuf_create_list.bytes(head));
  if (head.count > UDMABUF_LIST_LIMIT) {
    throw new DrmError("EINVAL", `Cannot make a buffer of ${head.count} ranges: ${UDMABUF_LIST_LIMIT} are allowed`);
  }
  const item = uapi.udmabuf_create_item;
  const bytes = new Uint8Array(head.count * item.size);
  if (bytes.length > 0) argumentIn(task, arg, bytes, uapi.udmabuf_create_list.size);
  return create(task, head.flags, Array.from({ length: head.count }, (_, i) => item.at(bytes, i * item.size)));
}

const { ioctl } = ioctlMaker<UdmabufDevice>();

const table: IoctlTable<UdmabufDevice> = new IoctlTable<UdmabufDevice>(
  [
    ioctl(uapi.UDMABUF_CREATE, uapi.udmabuf_create, 0, (_file, arg, task) =>
      create(task, arg.flags, [
        uapi.udmabuf_create_item.of({ memfd: arg.memfd, offset: arg.offset, size: arg.size }),
      ])),
    ioctl<unknown>(
      uapi.UDMABUF_CREATE_LIST,
      undefined,
      0,
      (_file, arg, task) => createList(task, arg as IoctlArgument),
    ),
  ],
  "cmd",
  uapi,
);
