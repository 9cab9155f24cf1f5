/**
 * Surfaces that the system itself asks a driver for. Mirrors include/uapi/misc/d3dkmthk.h.
 * @module
 */

import { type Struct, struct, u32, type View } from "./struct.ts";
import { d3dddi_rational } from "./d3dkmthk_handle.ts";

/** format: unknown. */
export const _D3DDDIFMT_UNKNOWN = 0;

/** Type of a GDI surface: invalid. */
export const _D3DKMDT_GDISURFACE_INVALID = 0;
/** Type of a GDI surface: texture. */
export const _D3DKMDT_GDISURFACE_TEXTURE = 1;
/** Type of a GDI surface: staging cpuvisible. */
export const _D3DKMDT_GDISURFACE_STAGING_CPUVISIBLE = 2;
/** Type of a GDI surface: staging. */
export const _D3DKMDT_GDISURFACE_STAGING = 3;
/** Type of a GDI surface: lookuptable. */
export const _D3DKMDT_GDISURFACE_LOOKUPTABLE = 4;
/** Type of a GDI surface: existingsysmem. */
export const _D3DKMDT_GDISURFACE_EXISTINGSYSMEM = 5;
/** Type of a GDI surface: texture cpuvisible. */
export const _D3DKMDT_GDISURFACE_TEXTURE_CPUVISIBLE = 6;
/** Type of a GDI surface: texture crossadapter. */
export const _D3DKMDT_GDISURFACE_TEXTURE_CROSSADAPTER = 7;
/** Type of a GDI surface: texture cpuvisible crossadapter. */
export const _D3DKMDT_GDISURFACE_TEXTURE_CPUVISIBLE_CROSSADAPTER = 8;

/** alloc_type: {@linkcode d3dkmdt_sharedprimarysurfacedata}. */
export const _D3DKMDT_STANDARDALLOCATION_SHAREDPRIMARYSURFACE = 1;
/** alloc_type: {@linkcode d3dkmdt_shadowsurfacedata}. */
export const _D3DKMDT_STANDARDALLOCATION_SHADOWSURFACE = 2;
/** alloc_type: {@linkcode d3dkmdt_stagingsurfacedata}. */
export const _D3DKMDT_STANDARDALLOCATION_STAGINGSURFACE = 3;
/** alloc_type: {@linkcode d3dkmdt_gdisurfacedata}. */
export const _D3DKMDT_STANDARDALLOCATION_GDISURFACE = 4;

/** A primary that several processes share. */
export interface d3dkmdt_sharedprimarysurfacedata {
  /** pixels */
  width: number;
  /** lines */
  height: number;
  /** D3DDDIFORMAT; enum d3dddiformat */
  format: number;
  /** frames a second */
  refresh_rate: View<d3dddi_rational>;
  /** display source, for a primary */
  vidpn_source_id: number;
}
/** Layout of `struct d3dkmdt_sharedprimarysurfacedata`: 24 bytes. */
export const d3dkmdt_sharedprimarysurfacedata: Struct<d3dkmdt_sharedprimarysurfacedata> = struct<
  d3dkmdt_sharedprimarysurfacedata
>("d3dkmdt_sharedprimarysurfacedata", {
  width: u32,
  height: u32,
  format: u32,
  refresh_rate: d3dddi_rational.field(),
  vidpn_source_id: u32,
}, { size: 24 });

/** A copy of a primary in system memory. */
export interface d3dkmdt_shadowsurfacedata {
  /** pixels */
  width: number;
  /** lines */
  height: number;
  /** D3DDDIFORMAT; enum d3dddiformat */
  format: number;
  /** bytes a line */
  pitch: number;
}
/** Layout of `struct d3dkmdt_shadowsurfacedata`: 16 bytes. */
export const d3dkmdt_shadowsurfacedata: Struct<d3dkmdt_shadowsurfacedata> = struct<d3dkmdt_shadowsurfacedata>(
  "d3dkmdt_shadowsurfacedata",
  {
    width: u32,
    height: u32,
    format: u32,
    pitch: u32,
  },
  { size: 16 },
);

/** A surface for transfers. */
export interface d3dkmdt_stagingsurfacedata {
  /** pixels */
  width: number;
  /** lines */
  height: number;
  /** bytes a line */
  pitch: number;
}
/** Layout of `struct d3dkmdt_stagingsurfacedata`: 12 bytes. */
export const d3dkmdt_stagingsurfacedata: Struct<d3dkmdt_stagingsurfacedata> = struct<d3dkmdt_stagingsurfacedata>(
  "d3dkmdt_stagingsurfacedata",
  {
    width: u32,
    height: u32,
    pitch: u32,
  },
  { size: 12 },
);

/** A surface of GDI. */
export interface d3dkmdt_gdisurfacedata {
  /** pixels */
  width: number;
  /** lines */
  height: number;
  /** D3DDDIFORMAT */
  format: number;
  /** kind; enum d3dkmdt_gdisurfacetype */
  type: number;
  /** bits of the surface */
  flags: number;
  /** bytes a line */
  pitch: number;
}
/** Layout of `struct d3dkmdt_gdisurfacedata`: 24 bytes. */
export const d3dkmdt_gdisurfacedata: Struct<d3dkmdt_gdisurfacedata> = struct<d3dkmdt_gdisurfacedata>(
  "d3dkmdt_gdisurfacedata",
  {
    width: u32,
    height: u32,
    format: u32,
    type: u32,
    flags: u32,
    pitch: u32,
  },
  { size: 24 },
);
