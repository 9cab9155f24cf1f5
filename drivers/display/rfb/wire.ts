/**
 * Numbers of the RFB protocol: RFC 6143, and the registry of its extensions (rfbproto, the community's specification).
 * @module
 */

/** Security types (RFC 6143, 7.1.2). */
export const Security = { none: 1, vnc: 2 } as const;

/** Messages of a client (RFC 6143, 7.5, and extensions). */
export const Client = {
  setPixelFormat: 0,
  setEncodings: 2,
  updateRequest: 3,
  key: 4,
  pointer: 5,
  cutText: 6,
  continuousUpdates: 150,
  fence: 248,
  setDesktopSize: 251,
  qemu: 255,
} as const;

/** Messages of a server. */
export const Server = {
  update: 0,
  colourMap: 1,
  endOfContinuousUpdates: 150,
  fence: 248,
} as const;

/** Encodings and pseudo-encodings, s32. */
export const Encoding = {
  raw: 0,
  copyRect: 1,
  tight: 7,
  zrle: 16,
  cursor: -239,
  desktopSize: -223,
  lastRect: -224,
  qemuKey: -258,
  desktopName: -307,
  extendedDesktopSize: -308,
  fence: -312,
  continuousUpdates: -313,
  cursorWithAlpha: -314,
  extendedMouseButtons: -316,
  /** -256 to -247: how hard to compress, 0 to 9. */
  compressLevel0: -256,
} as const;

/** Flags of a fence. */
export const Fence = { blockBefore: 1, blockAfter: 2, syncNext: 4, request: 0x8000_0000 } as const;

/** Why a desktop size is told, and what became of a request. */
export const DesktopSize = {
  byServer: 0,
  byClient: 1,
  byOther: 2,
  ok: 0,
  prohibited: 1,
  invalid: 3,
  forwarded: 4,
} as const;
