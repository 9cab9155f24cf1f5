/**
 * What a monitor is a part of: the PATH of one behind DisplayPort hubs, the TILE of one that is a part of a larger picture.
 * Mirrors drm_connector_set_path_property and drm_connector_set_tile_property (drivers/gpu/drm/drm_connector.c).
 * @module
 */

import type { Connector } from "./connector.ts";

/** Where a connector's picture lies in that of its group. */
export interface Tile {
  /** The group's id. */
  readonly group: number;
  /** Whether the tiles are in one case. */
  readonly singleMonitor: boolean;
  /** Tiles side by side. */
  readonly columns: number;
  /** Tiles one above the other. */
  readonly rows: number;
  /** Column of this one, from 0. */
  readonly column: number;
  /** Row of this one, from 0. */
  readonly row: number;
  /** Width of this one, pixels. */
  readonly width: number;
  /** Height of this one, lines. */
  readonly height: number;
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text + "\0");

/** Attaches "PATH", and sets it: "mst:<connector id>-<port>...". */
export function attachPathProperty(connector: Connector, path: string): void {
  const { kms, properties, blobs } = connector;
  properties.attach({ property: kms.props.path, get: () => blobs.path?.id ?? 0 });
  blobs.path = kms.createBlob(bytesOf(path));
}

/** Sets "TILE", which every connector has. @param tile undefined: it is no part of anything. */
export function setTileProperty(connector: Connector, tile: Tile | undefined): void {
  const { kms, blobs } = connector;
  const text = tile &&
    [
      tile.group,
      tile.singleMonitor ? 1 : 0,
      tile.columns,
      tile.rows,
      tile.column,
      tile.row,
      tile.width,
      tile.height,
    ].join(":");
  blobs.tile?.put();
  blobs.tile = text === undefined ? undefined : kms.createBlob(bytesOf(text));
}
