/**
 * The coverage table of /dev/dxg while a test fills it: which D3DKMT call makes which ioctl, what came of it, and which of this
 * repository's programs were seen to use it. What it prints is drivers/gpu/dxg/COVERAGE.md.
 */

import { assert, assertEquals } from "@std/assert";
import type { System } from "udrm/core/system.ts";
import { D3dkmt } from "udrm/drivers/umd/d3dkmt/mod.ts";
import * as k from "udrm/uapi/d3dkmthk.ts";
import { _IOC_NR, type Ioctl } from "udrm/uapi/ioctl.ts";
import { NT_SUCCESS } from "udrm/uapi/ntstatus.ts";
import type { View } from "udrm/uapi/struct.ts";
import type { Client } from "./rig.ts";

/** Names of the D3DKMT calls. */
export type Call = Extract<keyof D3dkmt, `D3DKMT${string}`>;

/** Ioctls that dxgkrnl implements, in the order of their numbers. */
export const IOCTLS: readonly k.DxgIoctl[] = k.DXG_IOCTLS.filter(({ implemented }) => implemented);

/** How long a test waits for a GPU, ms. */
const PATIENCE = 20_000;

/** The D3DKMT calls, each noting what ioctls it makes. */
class Recording extends D3dkmt {
  readonly seen: string[] = [];

  override call<A>(request: Ioctl<A>, arg: View<A>): number {
    this.seen.push(k.dxgIoctl(request)?.name ?? `ioctl 0x${(request as number).toString(16)}`);
    return super.call(request, arg);
  }
}

interface Row {
  readonly call: Call;
  readonly effect: string;
}

/** The table, and a client that fills it. */
export class Coverage {
  /** By the ioctl's name. */
  readonly rows: Map<string, Row> = new Map();
  /** Whom the trace has seen use an ioctl, by its name. */
  readonly users: Map<string, Set<string>> = new Map();
  /** The client under test. */
  readonly client: Client;
  /** Its calls. */
  readonly kmt: D3dkmt;
  readonly #recording: Recording;

  /** @param client whose /dev/dxg is used; it stays the caller's. */
  constructor(client: Client) {
    this.client = client;
    this.kmt = this.#recording = new Recording(client.dxg);
  }

  /**
   * Makes a call by the D3DKMT client. Its ioctl gets a row once `observe` has seen what `effect` says, and none if it throws.
   *
   * @param observe looks at what the call did; it must fail where the call did nothing.
   */
  async see<C extends Call>(
    call: C,
    arg: Parameters<D3dkmt[C]>[0],
    effect: string,
    observe: (status: number) => void | Promise<void>,
  ): Promise<void> {
    const { seen } = this.#recording;
    seen.length = 0;
    const method = this.kmt[call] as (arg: Parameters<D3dkmt[C]>[0]) => number;
    const status = method.call(this.kmt, arg);
    assertEquals(seen.length, 1, `${call} makes one ioctl`);
    const [name] = seen;
    assert(NT_SUCCESS(status), `${call}: status 0x${(status >>> 0).toString(16)}`);
    await observe(status);
    assert(!this.rows.has(name), `${name} has two rows`);
    this.rows.set(name, { call, effect });
  }

  /** Fails unless the kernel refuses: what a dead handle answers. */
  refused(status: number): void {
    assert(!NT_SUCCESS(status), "this should have been refused");
  }

  /** Drives the system until a fence's page shows a value; fails after a while, and at once for a greater one. */
  async reach(address: bigint, value: bigint): Promise<void> {
    const { client } = this;
    await this.until(() => client.peek(address) >= value, `a fence at ${value}`);
    assertEquals(client.peek(address), value);
  }

  /** Drives the system until something is so. */
  async until(done: () => boolean, what: string): Promise<void> {
    const { system } = this.client.task, end = Date.now() + PATIENCE;
    while (!done()) {
      assert(Date.now() < end, `Cannot wait any longer for ${what}`);
      system.pump();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** Drives the system while nothing should change; fails if a fence's page changes. */
  async stays(address: bigint, value: bigint): Promise<void> {
    for (let i = 0; i < 10; i++) {
      this.client.task.system.pump();
      await new Promise((resolve) => setTimeout(resolve, 1));
      assertEquals(this.client.peek(address), value);
    }
  }

  /** Notes the ioctls that succeed in a system, by its trace, until it is disposed of. @param name of who makes them. */
  watch(system: System, name: string): Disposable {
    return system.trace.listen((event) => {
      if (event.floor !== "client" || !event.name.startsWith("LX_") || !(Number(event.result) >= 0)) return;
      const users = this.users.get(event.name) ?? new Set();
      this.users.set(event.name, users.add(name));
    });
  }

  /** Ioctls without a row. */
  get missing(): string[] {
    return IOCTLS.flatMap(({ name }) => this.rows.has(name) ? [] : [name]);
  }

  /** The table as Markdown. */
  markdown(): string {
    const lines = IOCTLS.map(({ name, request }) => {
      const row = this.rows.get(name);
      const nr = _IOC_NR(request).toString(16).padStart(2, "0");
      const users = [...this.users.get(name) ?? []].sort().map((user) => `\`${user}\``).join(", ");
      return `| 0x${nr} | ${name} | ${row?.call ?? "**none**"} | ${users} | ${row?.effect ?? "**none**"} |`;
    });
    return HEAD + lines.join("\n") + "\n";
  }
}

const HEAD = `# Ioctls of /dev/dxg, who uses them, and what they do

Made by \`tests/dxg/coverage_test.ts\`, which calls each of the ${IOCTLS.length} ioctls by its function in \`drivers/umd/d3dkmt\` on a live
adapter (Vulkan on the CPU), sees its effect, and fails where this file says anything else. Further users are those that the
trace saw succeed: the compute library \`umd/compute\`, on which the examples stand, and the C programs of \`tests/clients\`, which
make the ioctls themselves. \`UDRM_UPDATE=1\` writes the file anew.

| nr | ioctl | umd/d3dkmt | used by | effect observed |
| --- | --- | --- | --- | --- |
`;
