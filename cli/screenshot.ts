/**
 * `udrm screenshot`: a picture of what a running server shows.
 * @module
 */

import { PLACE_HELP } from "./place.ts";
import { serverCommand, UsageError } from "./server_command.ts";

const HELP = `Usage: udrm screenshot [--folder FOLDER] [--connector CONNECTOR] [--json] FILE.png

Writes what a connector of a running udrm serve shows now, cursor and all, as a PNG file. "-" is stdout.

  --connector CONNECTOR  card0-Virtual-1, or Virtual-1 if there is one only; by default the first that shows anything
${PLACE_HELP}
  --json           prints which connector it was, and the size, as JSON
  --help           this text

Example: udrm screenshot --folder /tmp/gpu screen.png`;

/** The command: `argv` without the word screenshot; the exit code. */
export function screenshot(argv: readonly string[]): Promise<number> {
  const more = { connector: { type: "string" } } as const;
  return serverCommand("screenshot", HELP, more, argv, async ({ values, words, ask, print }) => {
    const [file] = words;
    if (file === undefined || words.length > 1) throw new UsageError("one file to write is needed");
    const connector = typeof values.connector === "string" ? values.connector : undefined;
    const { png, ...shot } = await ask({ kind: "screenshot", connector }) as {
      connector: string;
      width: number;
      height: number;
      png: string;
    };
    const bytes = Uint8Array.fromBase64(png);
    if (file === "-") {
      for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
      return 0;
    }
    Deno.writeFileSync(file, bytes);
    print({ ...shot, file }, `${file} shows ${shot.connector}, ${shot.width}x${shot.height}`);
    return 0;
  });
}
