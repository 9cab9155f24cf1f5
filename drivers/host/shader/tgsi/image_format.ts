/** Formats of shader images: PIPE_FORMAT_* to SPIR-V's Image Format (3.11). */

const NAMES: readonly string[] = [
  "",
  "R32G32B32A32_FLOAT",
  "R16G16B16A16_FLOAT",
  "R32_FLOAT",
  "R8G8B8A8_UNORM",
  "R8G8B8A8_SNORM",
  "R32G32_FLOAT",
  "R16G16_FLOAT",
  "R11G11B10_FLOAT",
  "R16_FLOAT",
  "R16G16B16A16_UNORM",
  "R10G10B10A2_UNORM",
  "R16G16_UNORM",
  "R8G8_UNORM",
  "R16_UNORM",
  "R8_UNORM",
  "R16G16B16A16_SNORM",
  "R16G16_SNORM",
  "R8G8_SNORM",
  "R16_SNORM",
  "R8_SNORM",
  "R32G32B32A32_SINT",
  "R16G16B16A16_SINT",
  "R8G8B8A8_SINT",
  "R32_SINT",
  "R32G32_SINT",
  "R16G16_SINT",
  "R8G8_SINT",
  "R16_SINT",
  "R8_SINT",
  "R32G32B32A32_UINT",
  "R16G16B16A16_UINT",
  "R8G8B8A8_UINT",
  "R32_UINT",
  "R10G10B10A2_UINT",
  "R32G32_UINT",
  "R16G16_UINT",
  "R8G8_UINT",
  "R16_UINT",
  "R8_UINT",
];

/** Formats that the capability Shader covers. */
const BASIC: ReadonlySet<number> = new Set([0, 1, 2, 3, 4, 5, 21, 22, 23, 24, 30, 31, 32, 33]);

/** The SPIR-V format of a name without PIPE_FORMAT_; 0 (Unknown) for others. `extended` ones need StorageImageExtendedFormats. */
export function imageFormat(name: string): { readonly format: number; readonly extended: boolean } {
  const format = Math.max(0, NAMES.indexOf(name));
  return { format, extended: !BASIC.has(format) };
}
