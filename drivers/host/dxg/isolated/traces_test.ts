import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { formatTrace, type TraceEvent } from "../../../../core/trace.ts";
import { readTrace, TraceSender } from "./traces.ts";

const event = (n: number): TraceEvent => ({ time: n, floor: "host", name: `m${n}`, subject: "s", result: "EINVAL" });

/** A sender, and what the broker reads of it while there is room. */
function pair() {
  const heard: TraceEvent[] = [];
  const state = { room: true, messages: 0, heard };
  const sender = new TraceSender((body) => {
    if (!state.room) return false;
    const text = JSON.stringify(body);
    assert(new TextEncoder().encode(text).length < 65536);
    const events = readTrace(JSON.parse(text), 7, 1e6, 1e6);
    assert(events !== undefined);
    heard.push(...events);
    state.messages++;
    return true;
  });
  return { sender, state };
}

Deno.test("TraceSender tells what happened, in order, while somebody listens, and otherwise costs a branch", () => {
  const { sender, state } = pair();
  assertEquals(sender.trace.enabled, false);
  sender.trace.emit(event(1));
  sender.flush();
  assertEquals(state.messages, 0);
  sender.enabled = true;
  assertEquals(sender.trace.enabled, true);
  for (let i = 0; i < 30; i++) sender.trace.emit(event(i));
  sender.flush();
  assertEquals(state.heard.map(({ name }) => name), Array.from({ length: 30 }, (_, i) => `m${i}`));
  assertEquals(state.heard[29], {
    ...{ time: 29, floor: "host", name: "m29", subject: "host of process 7: s", result: "EINVAL" },
  });
  sender.enabled = false;
  assertEquals(sender.trace.enabled, false);
});

Deno.test("TraceSender keeps so much for a reader that is slow, and then counts", () => {
  const { sender, state } = pair();
  sender.enabled = true;
  state.room = false;
  for (let i = 0; i < 1000; i++) sender.trace.emit(event(i));
  sender.flush();
  assertEquals(state.messages, 0);
  state.room = true;
  sender.flush();
  assertEquals(state.heard.length, 257);
  assertEquals(state.heard[256].result, "744 events were dropped: nobody read them in time");
  sender.trace.emit(event(5));
  sender.flush();
  assertEquals(state.heard.slice(257).map(({ name }) => name), ["m5"]);
});

Deno.test("TraceSender cuts what is long: a message of nothing but escapes goes", () => {
  const { sender, state } = pair();
  sender.enabled = true;
  const long = "\u0001".repeat(100_000);
  for (let i = 0; i < 100; i++) sender.trace.emit({ time: 0, floor: "host", name: long, subject: long, result: long });
  sender.flush();
  assertEquals(state.heard.length, 100);
});

Deno.test("readTrace: what a process says can move no terminal's cursor, and is of no other time", () => {
  const events = readTrace({ events: [[5e9, "\u001b[2J", "a\nb\u202e", "\u009b31m"]], dropped: 0 }, 7, 2e9, 1e9);
  assertEquals(events?.map(formatTrace), ["2.000000 host    \ufffd[2J(host of process 7: a\ufffdb\ufffd) = \ufffd31m"]);
  assertEquals(readTrace({ events: [[0.25e9, "a"]], dropped: 0 }, 7, 2e9, 1e9)?.[0].time, 1.25e9);
  for (const time of [-1, NaN, "x", null, Infinity, -Infinity, 1e300]) {
    const [read] = readTrace({ events: [[time, "a"]], dropped: 0 }, 7, 2e9, 1e9 + 70e9) ?? [];
    assertEquals(read.time, 2e9, `${time}`);
  }
});

Deno.test("readTrace refuses what no process tells, and takes anything else for text", () => {
  for (const body of [{}, { events: 1, dropped: 0 }, { events: [], dropped: -1 }, { events: [], dropped: 0.5 }]) {
    assertEquals(readTrace(body, 7, 0, 0), undefined);
  }
  assertEquals(readTrace({ events: Array(13).fill([]), dropped: 0 }, 7, 0, 0), undefined);
  fc.assert(fc.property(fc.array(fc.jsonValue(), { maxLength: 12 }), fc.nat(), (events, dropped) => {
    const read = readTrace({ events, dropped }, 7, 1e9, 1e9);
    assertEquals(read?.length, events.length + (dropped > 0 ? 1 : 0));
    // deno-lint-ignore no-control-regex
    for (const each of read ?? []) assertEquals(/[\u0000-\u001f\u007f-\u009f]/.test(formatTrace(each)), false);
  }));
});
