/**
 * The display that writes files.
 * @module
 */

export { encodeApng, encodePng } from "./apng.ts";
export { PngDisplay, type PngDisplayOptions } from "./png_display.ts";
export { composeCursor, DISPLAY_FORMATS, type Picture, Shadow, toRgba } from "../pixels.ts";
