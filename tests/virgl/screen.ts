/**
 * An X server without a screen (Xvfb), for GL programs, and the pixels that it shows, read from the file that it keeps its
 * framebuffer in (XWD, as X11/XWDFile.h says).
 * @module
 */

/** Pixels, 4 bytes each: red, green, blue, 255. */
export interface Picture {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** `width * height * 4` bytes. */
  readonly data: Uint8Array;
}

/** An X server. */
export class Screen implements AsyncDisposable {
  /** DISPLAY and XDG_RUNTIME_DIR for its clients. */
  readonly env: Readonly<Record<string, string>>;
  readonly #process: Deno.ChildProcess;
  readonly #folder: string;

  private constructor(process: Deno.ChildProcess, folder: string, display: string) {
    this.#process = process;
    this.#folder = folder;
    this.env = { DISPLAY: `:${display}`, XDG_RUNTIME_DIR: folder };
  }

  /** Starts one of `size` ("1024x768") on a display that is free. Throws an Error that says what is missing. */
  static async start(size = "1024x768"): Promise<Screen> {
    const folder = Deno.makeTempDirSync({ prefix: "udrm-screen-" });
    const args = ["-displayfd", "1", "-screen", "0", `${size}x24`, "-fbdir", folder, "-noreset", "+extension", "GLX"];
    let process: Deno.ChildProcess;
    try {
      process = new Deno.Command("Xvfb", { args, stdout: "piped", stderr: "null" }).spawn();
    } catch (error) {
      throw new Error("Cannot start Xvfb: install xvfb", { cause: error });
    }
    const reader = process.stdout.getReader();
    let display = "";
    while (!display.includes("\n")) {
      const { value, done } = await reader.read();
      if (done) throw new Error("Cannot start Xvfb: it ended at once");
      display += new TextDecoder().decode(value);
    }
    reader.releaseLock();
    return new Screen(process, folder, display.trim());
  }

  /** What it shows now. */
  shot(): Picture {
    const file = Deno.readFileSync(`${this.#folder}/Xvfb_screen0`);
    const view = new DataView(file.buffer);
    const word = (index: number): number => view.getUint32(index * 4);
    // XWDFileHeader: header_size 0, pixmap_width 4, pixmap_height 5, bytes_per_line 12, ncolors 19 (12 bytes each).
    const start = word(0) + word(19) * 12, width = word(4), height = word(5), stride = word(12);
    const data = new Uint8Array(width * height * 4);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const from = start + y * stride + x * 4, to = (y * width + x) * 4;
        data[to] = file[from + 2];
        data[to + 1] = file[from + 1];
        data[to + 2] = file[from];
        data[to + 3] = 255;
      }
    }
    return { width, height, data };
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGTERM");
    await this.#process.stdout.cancel();
    await this.#process.status;
    Deno.removeSync(this.#folder, { recursive: true });
  }
}
