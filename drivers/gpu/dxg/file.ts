/**
 * `DxgFile`: an open /dev/dxg: ioctls, and nothing else. Mirrors dxgk_ioctl and the file operations of dxgmodule.c.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import { File, type IoctlArgument } from "../../../core/file.ts";
import type { Process } from "../../../core/process.ts";
import type { Wait } from "../../../core/wait.ts";
import type { DxgProcess } from "./process.ts";
import { dxgTable } from "./table.ts";

/** An open file. */
export class DxgFile extends File {
  readonly kind = "dxg";
  /** The opener. */
  readonly process: DxgProcess;

  /** @param process of the opener. @param flags O_*. */
  constructor(process: DxgProcess, flags: number) {
    super(flags);
    this.process = process;
    process.hold();
  }

  /** The whole request number counts, and who calls: a client that has forked, or was given the fd, gets ENOTTY. */
  override ioctl(task: Process, cmd: number, arg: IoctlArgument): number | Wait {
    return dxgTable().call(this, task, cmd, arg, "ENOTTY", permit);
  }

  protected override release(): void {
    this.process.drop();
  }
}

function permit(file: DxgFile, _flags: number, task: Process): void {
  if (task.tgid !== file.process.tgid) {
    throw new DrmError("ENOTTY", `Cannot use the file of process ${file.process.tgid} as process ${task.tgid}`);
  }
}
