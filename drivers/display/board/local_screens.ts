/**
 * A shared display and its viewers' end in one isolate: for examples, tests and libraries.
 * @module
 */

import { createBoard } from "./board.ts";
import { type DisplayInput, SharedDisplay } from "./shared_display.ts";
import { SharedScreens, type SharedScreensOptions } from "./shared_screens.ts";

/** Both ends. */
export interface LocalScreens {
  /** For the device. */
  readonly display: SharedDisplay;
  /** For the viewers. */
  readonly screens: SharedScreens;
}

/** Makes both ends. @param input where input goes; nowhere by default. */
export function localScreens(
  input?: DisplayInput,
  options: Omit<SharedScreensOptions, "board" | "kick"> = {},
): LocalScreens {
  const board = createBoard();
  let kicked = false;
  // Not at once: who kicks is in the middle of something.
  const kick = (): void => {
    if (kicked) return;
    kicked = true;
    queueMicrotask(() => {
      kicked = false;
      display.poll();
    });
  };
  const screens = new SharedScreens({ ...options, board, kick });
  const display = new SharedDisplay({ board, input, send: (message) => screens.receive(message) });
  return { display, screens };
}
