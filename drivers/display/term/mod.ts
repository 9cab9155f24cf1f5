/**
 * A screen in a terminal: half blocks, sixels, or kitty's graphics protocol.
 * @module
 */

export { boxFilter, drawCursor, fit, type Size } from "./box_filter.ts";
export { color256, type ColorDepth, HalfBlocks } from "./half_blocks.ts";
export { KeyParser, type Typed, type TypedKey, type TypedPointer } from "./keys.ts";
export { encodeKitty } from "./kitty.ts";
export { encodeSixel } from "./sixel.ts";
export { TERM_MODES, type TermMode, type TermOptions, TermScreen } from "./term_screen.ts";
export { ProcessTerminal, type TerminalPort } from "./terminal.ts";
export type { ScreenSource, ScreenViewer, ViewerCursor } from "../screen_source.ts";
export { TileSet } from "../board/tile_set.ts";
