/**
 * `RfbDisplay`: a display and its VNC server in one isolate, for programs whose event loop runs.
 * @module
 */

import type { System } from "../../../core/system.ts";
import { InputSeat } from "../input_seat.ts";
import { createBoard } from "../board/board.ts";
import { SharedDisplay } from "../board/shared_display.ts";
import { SharedScreens } from "../board/shared_screens.ts";
import { RfbServer, type RfbServerOptions } from "./server.ts";

/** What an {@linkcode RfbDisplay} is made of. */
export interface RfbDisplayOptions extends RfbServerOptions {
  /** For people; "udrm" by default. */
  readonly title?: string;
  /** The scanout that is shown, 0 by default. */
  readonly scanout?: number;
}

/** The display. Its server listens from the beginning. */
export class RfbDisplay extends SharedDisplay implements AsyncDisposable {
  /** Always "rfb". */
  override readonly name: string = "rfb";
  /** The server. */
  readonly server: RfbServer;
  readonly #seat: { input: InputSeat | undefined };

  private constructor(options: RfbDisplayOptions) {
    const board = createBoard();
    const seat: { input: InputSeat | undefined } = { input: undefined };
    let kicked = false;
    const kick = (): void => {
      if (kicked) return;
      kicked = true;
      queueMicrotask(() => {
        kicked = false;
        this.poll();
      });
    };
    const screens = new SharedScreens({ board, kick, name: options.title });
    super({
      board,
      send: (message) => screens.receive(message),
      input: {
        key: (code, down) => seat.input?.key(code, down),
        pointer: (...place) => seat.input?.pointer(...place),
        wheel: (down, right) => seat.input?.wheel(down, right),
        reset: () => seat.input?.reset(),
      },
    });
    this.#seat = seat;
    this.server = new RfbServer(screens.screen(options.scanout), options);
  }

  /** A display that viewers can reach. @throws what `RfbServer` throws. */
  static listen(options: RfbDisplayOptions = {}): RfbDisplay {
    return new RfbDisplay(options);
  }

  /** Gives a system the viewers' keyboard and pointer. Once. */
  plugInto(system: System): void {
    this.#seat.input ??= new InputSeat(system);
  }

  /** Ends the server, and unplugs the keyboard. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    this.#seat.input?.[Symbol.dispose]();
    this[Symbol.dispose]();
  }
}
