/**
 * `udrm config`: gives a running server another configuration, checks a file, or prints the schema of such files.
 * @module
 */

import type { Change } from "./kernel_messages.ts";
import { PLACE_HELP } from "./place.ts";
import { describeChanges } from "./serve.ts";
import { serverCommand, UsageError } from "./server_command.ts";

const HELP = `Usage: udrm config [--folder FOLDER] [--json] FILE
       udrm config --check FILE
       udrm config --schema

Makes the devices of a running udrm serve what FILE says. Only what differs changes: what is plugged into connectors, connectors,
devices; a device whose other parts differ is removed and made anew.

${PLACE_HELP}
  --check          only says whether FILE can be used
  --schema         prints the JSON Schema of such files
  --json           prints what changed as JSON
  --help           this text

Example: udrm config --folder /tmp/gpu examples/screens.json`;

/** The command: `argv` without the word config; the exit code. */
export function configure(argv: readonly string[]): Promise<number> {
  const more = { check: { type: "boolean" }, schema: { type: "boolean" } } as const;
  return serverCommand("config", HELP, more, argv, async ({ values, words, ask, print }) => {
    if (values.schema) {
      if (words.length > 0) throw new UsageError("--schema takes no file");
      console.log(JSON.stringify((await import("./config_schema.ts")).configSchema(), undefined, 2));
      return 0;
    }
    const [file] = words;
    if (file === undefined || words.length > 1) throw new UsageError("one configuration file is needed");
    const config = (await import("./config_file.ts")).readConfig(file);
    if (values.check) {
      const devices = config.devices.map(({ driver, name }) => ({ driver, name }));
      print({ devices }, `${file} can be used: ${devices.map(({ driver, name }) => `${driver} ${name}`).join(", ")}`);
      return 0;
    }
    const changes = await ask({ kind: "config", config }) as Change[];
    print(changes, describeChanges(changes));
    return 0;
  });
}
