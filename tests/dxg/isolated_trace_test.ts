/** What host processes trace is heard where the others are listened to, and is believed nothing. */

import { assert, assertEquals } from "@std/assert";
import { errno } from "udrm/core/testing.ts";
import { formatTrace, type TraceEvent } from "udrm/core/trace.ts";
import { type IsolatedClient, IsolatedRig } from "./isolated_rig.ts";

/** Asks its host process for what it refuses. */
function refused(c: IsolatedClient): void {
  assertEquals(errno(() => c.allocate(new Uint8Array(8))), "EINVAL");
}

/** What is heard of host processes from now on. */
function listen(rig: IsolatedRig): { readonly events: TraceEvent[] } & Disposable {
  const events: TraceEvent[] = [];
  const listening = rig.system.trace.listen((event) => {
    if (event.floor === "host" && event.subject?.startsWith("host of process ")) events.push(event);
  });
  return { events, [Symbol.dispose]: () => listening[Symbol.dispose]() };
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

Deno.test("isolated: what a host process refuses is traced, with its client and its time", async () => {
  using rig = new IsolatedRig();
  using heard = listen(rig);
  const a = rig.client(), b = rig.client();
  const before = rig.system.clock.now();
  refused(b);
  await rig.until(() => heard.events.length > 0);
  const [event] = heard.events;
  assert(event.subject?.startsWith(`host of process ${b.task.tgid}: `), event.subject);
  assert(event.name.includes("CREATEALLOCATION"), event.name);
  assert(event.time >= before && event.time <= rig.system.clock.now(), `${event.time} after ${before}`);
  assert(a.task.tgid !== b.task.tgid);
});

Deno.test("isolated: nobody listens, nothing is told; it begins and ends with who listens", async () => {
  using rig = new IsolatedRig({ listen: false });
  const c = rig.client();
  assertEquals(rig.system.trace.enabled, false);
  refused(c);
  const heard = listen(rig);
  rig.system.pump();
  // The host process hears of the listener by a way of its own: what is refused before that is not told.
  let tries = 0;
  await rig.until(() => {
    if (heard.events.length > 0) return true;
    refused(c);
    tries++;
    return false;
  });
  await pause(50);
  rig.system.pump();
  const told = heard.events.length;
  assert(told <= tries, `${told} of ${tries}`); // not the one before
  heard[Symbol.dispose]();
  rig.system.pump();
  refused(c);
  await pause(50);
  rig.system.pump();
  assertEquals(heard.events.length, told);
});

Deno.test("isolated: what a host process that was taken over writes into the trace moves no terminal's cursor", async () => {
  using rig = new IsolatedRig();
  using heard = listen(rig);
  const c = rig.client();
  errno(() => c.evil(31));
  await rig.until(() => heard.events.length >= 5);
  // deno-lint-ignore no-control-regex
  for (const event of heard.events) assertEquals(/[\u0000-\u001f\u007f-\u009f\u202e]/.test(formatTrace(event)), false);
  assert(heard.events.some(({ result }) => result === "7 events were dropped: nobody read them in time"));
});
