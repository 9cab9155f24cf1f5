/**
 * Builds the EDID of a virtual monitor: VESA E-EDID 1.4, with timings by CVT 1.2 reduced blanking. Modes too large for a
 * detailed timing of EDID stand in a DisplayID 1.3 extension block.
 * @module
 */

/** What a virtual monitor is. */
export interface EdidOptions {
  /** Preferred width, pixels, 1 to 65535. */
  readonly width: number;
  /** Preferred height, pixels, 1 to 65535. */
  readonly height: number;
  /** Frames a second, default 60. */
  readonly refresh?: number;
  /** Monitor name, at most 13 ASCII characters, default "udrm". */
  readonly name?: string;
  /** Three letters of the maker, default "UDR". */
  readonly vendor?: string;
  /** Product number, u16, default 1. */
  readonly product?: number;
  /** Serial number, u32, default 0: none. */
  readonly serial?: number;
  /** Picture width, mm; by default what 96 dots an inch give. */
  readonly widthMm?: number;
  /** Picture height, mm. */
  readonly heightMm?: number;
}

/** A mode's timing. Pixels and lines; clock in kHz. */
export interface CvtTiming {
  /** Pixel clock, kHz. */
  readonly clock: number;
  /** Visible pixels. */
  readonly hdisplay: number;
  /** Pixels before sync. */
  readonly hfront: number;
  /** Pixels of sync. */
  readonly hsync: number;
  /** Pixels a line. */
  readonly htotal: number;
  /** Visible lines. */
  readonly vdisplay: number;
  /** Lines before sync. */
  readonly vfront: number;
  /** Lines of sync. */
  readonly vsync: number;
  /** Lines a frame. */
  readonly vtotal: number;
}

/** Year of manufacture. */
const YEAR = 2026;
/** Shortest vertical blanking of CVT reduced blanking, us. */
const MIN_VBLANK_US = 460;

/** Timing by CVT with reduced blanking (version 1). The width is kept as it is, not rounded to cells of 8 pixels. */
export function cvtReducedBlanking(width: number, height: number, refresh = 60): CvtTiming {
  const lineUs = (1e6 / refresh - MIN_VBLANK_US) / height;
  const vsync = syncWidth(width, height);
  // Front porch 3, back porch at least 6.
  const vblank = Math.max(Math.floor(MIN_VBLANK_US / lineUs) + 1, 3 + vsync + 6);
  const htotal = width + 160, vtotal = height + vblank;
  return {
    clock: Math.floor(refresh * vtotal * htotal / 250e3) * 250,
    hdisplay: width,
    hfront: 48,
    hsync: 32,
    htotal,
    vdisplay: height,
    vfront: 3,
    vsync,
    vtotal,
  };
}

/** CVT says the aspect ratio by the width of vertical sync. */
function syncWidth(width: number, height: number): number {
  if (width * 3 === height * 4) return 4;
  if (width * 9 === height * 16) return 5;
  if (width * 10 === height * 16) return 6;
  if (width * 4 === height * 5 || width * 9 === height * 15) return 7;
  return 10;
}

/**
 * An EDID whose preferred mode is `width` x `height`.
 *
 * @returns 128 bytes, or 256 with a DisplayID extension where a side is over 4095 pixels or the clock over 655.35 MHz.
 * @throws {RangeError} for sizes outside 1 to 65535, or a vendor that is not three letters.
 */
export function buildEdid(options: EdidOptions): Uint8Array {
  const { width, height } = options;
  for (const side of [width, height]) {
    if (!Number.isInteger(side) || side < 1 || side > 0xffff) {
      throw new RangeError(`Cannot describe ${width}x${height}`);
    }
  }
  const refresh = options.refresh ?? 60;
  const timing = exactly(refresh, cvtReducedBlanking(width, height, refresh));
  const fits = width <= 4095 && height <= 4095 && timing.clock <= 655_350;
  const widthMm = options.widthMm ?? Math.round(width * 25.4 / 96);
  const heightMm = options.heightMm ?? Math.round(height * 25.4 / 96);
  const edid = new Uint8Array(fits ? 128 : 256);
  const view = new DataView(edid.buffer);
  edid.set([0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00]);
  view.setUint16(8, vendorId(options.vendor ?? "UDR"), false);
  view.setUint16(10, options.product ?? 1, true);
  view.setUint32(12, options.serial ?? 0, true);
  edid[16] = 0; // week not given
  edid[17] = YEAR - 1990;
  edid[18] = 1;
  edid[19] = 4;
  edid[20] = 0xa5; // digital, 8 bits a colour, DisplayPort
  edid[21] = Math.min(255, Math.max(1, Math.round(widthMm / 10)));
  edid[22] = Math.min(255, Math.max(1, Math.round(heightMm / 10)));
  edid[23] = 120; // gamma 2.2
  edid[24] = 0x06; // RGB 4:4:4, sRGB, preferred timing is native
  // Primaries and white of sRGB, 10 bits each.
  edid.set([0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54], 25);
  establish(edid, width, height);
  for (let i = 38; i < 54; i++) edid[i] = 0x01; // no standard timings
  const base = fits ? timing : exactly(60, cvtReducedBlanking(Math.min(width, 1920), Math.min(height, 1080), 60));
  detailedTiming(view, 54, base, widthMm, heightMm);
  rangeLimits(view, 72, timing, refresh);
  text(edid, 90, 0xfc, options.name ?? "udrm");
  edid[111] = 0x10; // tag of a descriptor that says nothing
  edid[126] = fits ? 0 : 1;
  edid[127] = checksum(edid, 0, 127);
  if (!fits) displayId(view, timing, options);
  return edid;
}

/** The same lines at the nearest clock that EDID can say: CVT's own steps of 250 kHz would give 59.9 Hz for 60. */
function exactly(refresh: number, t: CvtTiming): CvtTiming {
  return { ...t, clock: Math.max(10, Math.round(refresh * t.htotal * t.vtotal / 10e3) * 10) };
}

function vendorId(vendor: string): number {
  if (!/^[A-Z]{3}$/.test(vendor)) throw new RangeError(`Cannot use vendor ${vendor}: it is not three letters`);
  const letter = (i: number): number => vendor.charCodeAt(i) - 64;
  return letter(0) << 10 | letter(1) << 5 | letter(2);
}

/** Established timings I and II that are no larger than the monitor. */
function establish(edid: Uint8Array, width: number, height: number): void {
  const fits = (w: number, h: number): boolean => w <= width && h <= height;
  if (fits(640, 480)) edid[35] |= 0x20;
  if (fits(800, 600)) edid[35] |= 0x01;
  if (fits(1024, 768)) edid[36] |= 0x08;
}

function detailedTiming(view: DataView, at: number, t: CvtTiming, widthMm: number, heightMm: number): void {
  const hblank = t.htotal - t.hdisplay, vblank = t.vtotal - t.vdisplay;
  view.setUint16(at, Math.round(t.clock / 10), true);
  view.setUint8(at + 2, t.hdisplay & 0xff);
  view.setUint8(at + 3, hblank & 0xff);
  view.setUint8(at + 4, t.hdisplay >> 8 << 4 | hblank >> 8);
  view.setUint8(at + 5, t.vdisplay & 0xff);
  view.setUint8(at + 6, vblank & 0xff);
  view.setUint8(at + 7, t.vdisplay >> 8 << 4 | vblank >> 8);
  view.setUint8(at + 8, t.hfront & 0xff);
  view.setUint8(at + 9, t.hsync & 0xff);
  view.setUint8(at + 10, (t.vfront & 0xf) << 4 | t.vsync & 0xf);
  view.setUint8(at + 11, t.hfront >> 8 << 6 | t.hsync >> 8 << 4 | t.vfront >> 4 << 2 | t.vsync >> 4);
  const w = Math.min(4095, widthMm), h = Math.min(4095, heightMm);
  view.setUint8(at + 12, w & 0xff);
  view.setUint8(at + 13, h & 0xff);
  view.setUint8(at + 14, w >> 8 << 4 | h >> 8);
  view.setUint8(at + 17, 0x1a); // separate sync, horizontal positive, vertical negative: CVT reduced blanking
}

/** Display range limits (section 3.10.3.3.1), without a timing formula. */
function rangeLimits(view: DataView, at: number, t: CvtTiming, refresh: number): void {
  const lineKhz = Math.ceil(t.clock / t.htotal);
  view.setUint8(at + 3, 0xfd);
  view.setUint8(at + 4, lineKhz > 255 ? 0x08 : 0); // the largest line rate goes on at 256
  view.setUint8(at + 5, Math.min(50, Math.max(1, Math.floor(refresh) - 10)));
  view.setUint8(at + 6, Math.min(255, Math.max(75, Math.ceil(refresh))));
  view.setUint8(at + 7, Math.min(30, lineKhz > 255 ? 30 : lineKhz));
  view.setUint8(at + 8, Math.min(255, lineKhz > 255 ? lineKhz - 255 : Math.max(lineKhz, 48)));
  view.setUint8(at + 9, Math.min(255, Math.ceil(t.clock / 10_000)));
  view.setUint8(at + 10, 0x01);
  view.setUint8(at + 11, 0x0a);
  for (let i = 12; i < 18; i++) view.setUint8(at + i, 0x20);
}

/** A display descriptor of text: ended by a line feed, filled with spaces (section 3.10.3.4). */
function text(edid: Uint8Array, at: number, tag: number, value: string): void {
  edid[at + 3] = tag;
  for (let i = 0; i < 13; i++) {
    const code = value.charCodeAt(i);
    edid[at + 5 + i] = i < value.length
      ? (code >= 0x20 && code < 0x7f ? code : 0x3f)
      : i === value.length
      ? 0x0a
      : 0x20;
  }
}

/** A DisplayID 1.3 section: the product again, and one type I detailed timing, in the extension block at 128. */
function displayId(view: DataView, t: CvtTiming, { vendor = "UDR", product = 1, serial = 0 }: EdidOptions): void {
  const edid = new Uint8Array(view.buffer);
  const at = 128;
  edid[at] = 0x70; // tag of a DisplayID extension
  edid[at + 1] = 0x13; // version 1.3
  edid[at + 2] = 121; // bytes of the section
  edid[at + 3] = 0x00; // an extension: the base block says what the display is
  edid[at + 7] = 12; // a product identification block, tag 0
  for (let i = 0; i < 3; i++) edid[at + 8 + i] = vendor.charCodeAt(i);
  view.setUint16(at + 11, product, true);
  view.setUint32(at + 13, serial, true);
  edid[at + 18] = YEAR - 2000;
  const d = at + 5 + 3 + 12 + 3;
  edid[d - 3] = 0x03; // type I timings
  edid[d - 1] = 20;
  const clock = Math.round(t.clock / 10) - 1;
  view.setUint16(d, clock & 0xffff, true);
  view.setUint8(d + 2, clock >> 16);
  view.setUint8(d + 3, 0x88); // preferred; aspect ratio not given
  view.setUint16(d + 4, t.hdisplay - 1, true);
  view.setUint16(d + 6, t.htotal - t.hdisplay - 1, true);
  view.setUint16(d + 8, t.hfront - 1 | 0x8000, true); // positive
  view.setUint16(d + 10, t.hsync - 1, true);
  view.setUint16(d + 12, t.vdisplay - 1, true);
  view.setUint16(d + 14, t.vtotal - t.vdisplay - 1, true);
  view.setUint16(d + 16, t.vfront - 1, true); // negative
  view.setUint16(d + 18, t.vsync - 1, true);
  // The section's own checksum covers its header too, then comes the block's.
  edid[at + 5 + 121] = checksum(edid, at + 1, at + 5 + 121);
  edid[at + 127] = checksum(edid, at, at + 127);
}

/** The byte that makes the sum of `bytes` from `start`, itself included, a multiple of 256. */
function checksum(bytes: Uint8Array, start: number, end: number): number {
  let sum = 0;
  for (let i = start; i < end; i++) sum += bytes[i];
  return -sum & 0xff;
}
