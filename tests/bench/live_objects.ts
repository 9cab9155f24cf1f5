/**
 * What requests cost with 100,000 objects alive against 100: handles, offsets, memory slots must not be searched.
 * @module
 */

import { createSystem, drivers } from "udrm/mod.ts";
import type { OpenFile } from "udrm/core/mod.ts";
import {
  drm_gem_close,
  DRM_IOCTL_GEM_CLOSE,
  DRM_IOCTL_MODE_CREATE_DUMB,
  DRM_IOCTL_MODE_MAP_DUMB,
  DRM_IOCTL_SYNCOBJ_CREATE,
  DRM_IOCTL_SYNCOBJ_DESTROY,
  drm_mode_create_dumb,
  drm_mode_map_dumb,
  drm_syncobj_create,
  drm_syncobj_destroy,
} from "udrm/uapi/mod.ts";
import { type BenchRow, compare, timeRow } from "./harness.ts";

const FEW = 100, MANY = 100_000;

function gemCycle(card: OpenFile): (count: number) => void {
  const dumb = drm_mode_create_dumb.of();
  const map = drm_mode_map_dumb.of();
  const close = drm_gem_close.of();
  return (count) => {
    for (let i = 0; i < count; i++) {
      dumb.width = dumb.height = 16;
      dumb.bpp = 32;
      card.ioctl(DRM_IOCTL_MODE_CREATE_DUMB, dumb);
      map.handle = dumb.handle;
      card.ioctl(DRM_IOCTL_MODE_MAP_DUMB, map);
      close.handle = dumb.handle;
      card.ioctl(DRM_IOCTL_GEM_CLOSE, close);
    }
  };
}

function syncobjCycle(card: OpenFile): (count: number) => void {
  const create = drm_syncobj_create.of();
  const destroy = drm_syncobj_destroy.of();
  return (count) => {
    for (let i = 0; i < count; i++) {
      create.flags = 0;
      card.ioctl(DRM_IOCTL_SYNCOBJ_CREATE, create);
      destroy.handle = create.handle;
      card.ioctl(DRM_IOCTL_SYNCOBJ_DESTROY, destroy);
    }
  };
}

function fill(card: OpenFile, count: number): void {
  const dumb = drm_mode_create_dumb.of();
  const create = drm_syncobj_create.of();
  for (let i = 0; i < count; i++) {
    dumb.width = dumb.height = 16;
    dumb.bpp = 32;
    card.ioctl(DRM_IOCTL_MODE_CREATE_DUMB, dumb);
    create.flags = 0;
    card.ioctl(DRM_IOCTL_SYNCOBJ_CREATE, create);
  }
}

/** The rows. */
export function bench(): BenchRow[] {
  const rows: BenchRow[] = [];
  using few = createSystem({ drivers: [drivers.virtioGpu()] });
  using many = createSystem({ drivers: [drivers.virtioGpu()] });
  using fewCard = few.process().open("/dev/dri/card0");
  using manyCard = many.process().open("/dev/dri/card0");
  fill(fewCard, FEW);
  fill(manyCard, MANY);
  for (
    const [name, cycle, batch] of [
      ["GEM create+map+close, virtio-gpu", gemCycle, 500],
      ["syncobj create+destroy", syncobjCycle, 5000],
    ] as const
  ) {
    const measured = compare(cycle(manyCard), cycle(fewCard), { batch, rounds: 21 });
    rows.push(timeRow(`${name}, 10^5 alive`, "the same, 10^2 alive", measured, "<= 1.3"));
  }
  return rows;
}
