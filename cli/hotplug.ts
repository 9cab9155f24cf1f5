/**
 * `udrm hotplug`: the connectors of a running server, and plugging something in or out.
 * @module
 */

import type { ConnectorInfo } from "./kernel_messages.ts";
import { PLACE_HELP } from "./place.ts";
import { serverCommand, UsageError } from "./server_command.ts";

const HELP = `Usage: udrm hotplug [--folder FOLDER] [--json] [CONNECTOR on|off]

Plugs a display into a connector of a running udrm serve, or out of it; its clients hear of it. Without CONNECTOR it lists them.

  CONNECTOR        as in /sys/class/drm, card0-Virtual-1, or Virtual-1 if there is one only
${PLACE_HELP}
  --json           prints the connectors as JSON
  --help           this text

Example: udrm hotplug --folder /tmp/gpu card0-HDMI-A-1 off`;

const lineOf = ({ connector, status, mode, on }: ConnectorInfo): string =>
  `${connector}  ${status}${mode === undefined ? "" : `  ${mode}`}${on ? "  on" : ""}`;

/** The command: `argv` without the word hotplug; the exit code. */
export function hotplug(argv: readonly string[]): Promise<number> {
  return serverCommand("hotplug", HELP, {}, argv, async ({ words, ask, print }) => {
    const [connector, state] = words;
    if (connector === undefined) {
      const all = await ask({ kind: "connectors" }) as ConnectorInfo[];
      print(all, all.length === 0 ? "there are no connectors" : all.map(lineOf).join("\n"));
      return 0;
    }
    if (words.length !== 2 || (state !== "on" && state !== "off")) {
      throw new UsageError("behind CONNECTOR stands on or off");
    }
    const info = await ask({ kind: "hotplug", connector, connected: state === "on" }) as ConnectorInfo;
    print(info, lineOf(info));
    return 0;
  });
}
