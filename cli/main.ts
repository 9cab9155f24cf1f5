/**
 * The `udrm` command: its subcommands and how to find them.
 * @module
 */

/** A subcommand: takes its arguments, gives the exit code. */
export type Command = (args: readonly string[]) => number | Promise<number>;

const COMMANDS: Readonly<Record<string, { readonly run: Command; readonly summary: string }>> = {
  info: {
    run: async (args) => (await import("./info.ts")).info(args),
    summary: "devices, nodes, drivers, formats, and the GPU that would be chosen and why",
  },
  run: {
    run: async (args) => (await import("./run.ts")).run(args),
    summary: "runs a program of Linux on udrm's devices",
  },
  serve: {
    run: async (args) => (await import("./serve.ts")).serve(args),
    summary: "keeps udrm's devices for many programs of Linux",
  },
  config: {
    run: async (args) => (await import("./configure.ts")).configure(args),
    summary: "gives a running server another configuration, or checks one",
  },
  hotplug: {
    run: async (args) => (await import("./hotplug.ts")).hotplug(args),
    summary: "plugs displays into a running server's connectors, or out",
  },
  screenshot: {
    run: async (args) => (await import("./screenshot.ts")).screenshot(args),
    summary: "a picture of what a running server shows",
  },
  vtest: {
    run: async (args) => (await import("./vtest.ts")).vtest(args),
    summary: "OpenGL for programs of this machine: a vtest server for Mesa's virpipe driver",
  },
  "vhost-user": {
    run: async (args) => (await import("./vhost_user.ts")).vhostUser(args),
    summary: "the GPU of a virtual machine: a vhost-user-gpu back end for QEMU",
  },
  conformance: {
    run: async (args) => (await import("./conformance.ts")).conformance(args),
    summary: "tries the rules of a vhost-user-gpu back end on any of them",
  },
};

const HELP = `udrm: a Linux DRM stack in user space

Usage: udrm COMMAND [OPTIONS]

${Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(11)} ${summary}`).join("\n")}

udrm COMMAND --help tells more.

Example: udrm info --json`;

/** Runs the command line; the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    console.log(HELP);
    return 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    console.error(`udrm: there is no command "${name}"; udrm --help lists them`);
    return 2;
  }
  return await command.run(rest);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
