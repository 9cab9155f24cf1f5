/**
 * A display without a screen.
 * @module
 */

export { NullDisplay, nullDisplay } from "./null_display.ts";
