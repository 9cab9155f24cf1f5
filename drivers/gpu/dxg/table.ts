/**
 * The table of /dev/dxg. Numbers are found by the whole request: slots of old calls are as unknown as any other number.
 * @module
 */

import { IoctlTable } from "../../../core/ioctl.ts";
import { DXG_IOCTLS } from "../../../uapi/d3dkmthk.ts";
import type { DxgFile } from "./file.ts";
import { ADAPTER_IOCTLS } from "./ioctl_adapter.ts";
import { ALLOCATION_IOCTLS } from "./ioctl_allocation.ts";
import { DEVICE_IOCTLS } from "./ioctl_device.ts";
import { PAGING_IOCTLS } from "./ioctl_paging.ts";
import { QUERY_IOCTLS } from "./ioctl_query.ts";
import { RESIDENCY_IOCTLS } from "./ioctl_residency.ts";
import { SHARE_IOCTLS } from "./ioctl_share.ts";
import { SIGNAL_IOCTLS } from "./ioctl_signal.ts";
import { SUBMIT_IOCTLS } from "./ioctl_submit.ts";
import { SYNC_IOCTLS } from "./ioctl_sync.ts";
import { SYNC_FILE_IOCTLS } from "./ioctl_sync_file.ts";
import { WAIT_IOCTLS } from "./ioctl_wait.ts";

let table: IoctlTable<DxgFile> | undefined;

/** The table, made when it is first asked for. */
export function dxgTable(): IoctlTable<DxgFile> {
  if (table !== undefined) return table;
  const names = new Map(DXG_IOCTLS.map(({ request, name }) => [request as number, name]));
  const lines = [
    ...ADAPTER_IOCTLS,
    ...ALLOCATION_IOCTLS,
    ...DEVICE_IOCTLS,
    ...PAGING_IOCTLS,
    ...QUERY_IOCTLS,
    ...RESIDENCY_IOCTLS,
    ...SHARE_IOCTLS,
    ...SIGNAL_IOCTLS,
    ...SUBMIT_IOCTLS,
    ...SYNC_IOCTLS,
    ...SYNC_FILE_IOCTLS,
    ...WAIT_IOCTLS,
  ].map((line) => ({ ...line, name: names.get(line.cmd) }));
  return table = new IoctlTable<DxgFile>(lines, "cmd");
}
