/**
 * A display whose viewers live in another isolate: frames, cursors and input through shared memory.
 * @module
 */

export { createBoard, SCANOUTS_MAX, type SharedMessage, SIZE_MAX, TILE } from "./board.ts";
export { type LocalScreens, localScreens } from "./local_screens.ts";
export { type DisplayInput, SharedDisplay, type SharedDisplayOptions } from "./shared_display.ts";
export { SharedScreens, type SharedScreensOptions } from "./shared_screens.ts";
export { TileSet } from "./tile_set.ts";
export type { ScreenSource, ScreenViewer, ViewerCursor } from "../screen_source.ts";
