import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import * as uapi from "../../uapi/mod.ts";
import { DEBUGFS } from "../debugfs.ts";
import { DrmError } from "../error.ts";
import type { OpenFile } from "../process.ts";
import { CRC_ENTRIES, crcLine, crcLineLength, type CrtcCrc } from "./crc.ts";
import { errnoOfCall as errno, type TestClient, TestKms, type TestKmsOptions } from "./testing.ts";

const CRC = `${DEBUGFS}/dri/0/crtc-0/crc`;
const COUNTS: Readonly<Record<string, number>> = { auto: 1, wide: 10, none: 0, toomany: 11 };

class Rig implements Disposable {
  readonly test: TestKms;
  readonly client: TestClient;
  readonly sources: (string | undefined)[] = [];
  fail = false;

  constructor(options: TestKmsOptions = {}) {
    this.test = new TestKms({
      ...options,
      crtc: {
        verifyCrcSource: (_crtc, source) => {
          const count = COUNTS[source];
          if (count === undefined) throw new DrmError("EINVAL", `Cannot use ${source}`);
          return count;
        },
        setCrcSource: (_crtc, source) => {
          if (this.fail) throw new DrmError("ENOSPC", "Cannot measure");
          this.sources.push(source);
        },
        getCrcSources: () => ["auto", "wide", "broken"],
        ...options.crtc,
      },
    });
    this.client = this.test.client();
  }
  get crc(): CrtcCrc {
    return this.test.kms.crtcs[0].crc;
  }
  open(flags: number = uapi.O_RDONLY | uapi.O_NONBLOCK): OpenFile {
    return this.client.process.open(`${CRC}/data`, flags);
  }
  control(text?: string | Uint8Array): string {
    using file = this.client.process.open(`${CRC}/control`, text === undefined ? uapi.O_RDONLY : uapi.O_WRONLY);
    if (text === undefined) {
      const bytes = new Uint8Array(4096);
      return new TextDecoder().decode(bytes.subarray(0, file.read(bytes)));
    }
    return String(file.write(typeof text === "string" ? new TextEncoder().encode(text) : text));
  }
  add(frame: number | undefined, ...values: number[]): number {
    return this.crc.add(frame, Uint32Array.from(values));
  }
  [Symbol.dispose](): void {
    this.test[Symbol.dispose]();
  }
}

function readLine(file: OpenFile, size = 256): string {
  const bytes = new Uint8Array(size);
  return new TextDecoder().decode(bytes.subarray(0, file.read(bytes)));
}

Deno.test("K7 control: the sources that the driver verifies, a star behind the current one", () => {
  using t = new Rig();
  assertEquals(t.control(), "auto*\nwide\n");
  assertEquals(t.control("wide\n"), "5");
  assertEquals(t.control(), "auto\nwide*\n");
  assertEquals(t.control("auto"), "4");
  assertEquals(t.control(), "auto*\nwide\n");
  assertEquals(t.control("wide\0behind"), "11"); // a string ends there
  assertEquals(t.control(), "auto\nwide*\n");
  using silent = new Rig({ crtc: { getCrcSources: undefined } });
  assertEquals(silent.control(), "");
  using empty = new Rig({ crtc: { getCrcSources: () => [] } });
  assertEquals(empty.control("wide"), "4");
  assertEquals(empty.control(), "wide*\n");
});

Deno.test("K7 control: an unknown source EINVAL, a page E2BIG, nothing is nothing", () => {
  using t = new Rig();
  for (const text of ["bogus", "AUTO", "auto\n\n", " auto", "\n", "\0", "x".repeat(4095)]) {
    assertEquals(errno(() => t.control(text)), "EINVAL", text.slice(0, 9));
  }
  assertEquals(errno(() => t.control("x".repeat(4096))), "E2BIG");
  assertEquals(t.control(""), "0");
  assertEquals(t.control(), "auto*\nwide\n");
});

Deno.test("K7 control: EBUSY while data is open, after the source was verified", () => {
  using t = new Rig();
  t.client.enable();
  using data = t.open();
  assertEquals(errno(() => t.control("auto")), "EBUSY");
  assertEquals(errno(() => t.control("bogus")), "EINVAL");
  data.close();
  assertEquals(t.control("auto"), "4");
});

Deno.test("K7 data: EIO while the CRTC is off, EBUSY if open, EINVAL for a source that gives no values or too many", () => {
  using t = new Rig();
  assertEquals(errno(() => t.open()), "EIO");
  t.client.enable();
  using data = t.open();
  assertEquals([t.sources, t.crc.enabled, errno(() => t.open())], [["auto"], true, "EBUSY"]);
  data.close();
  assertEquals([t.sources, t.crc.enabled], [["auto", undefined], false]);
  for (const source of ["none", "toomany"]) {
    t.control(source);
    assertEquals(errno(() => t.open()), "EINVAL");
  }
  t.control("wide");
  t.fail = true;
  assertEquals(errno(() => t.open()), "ENOSPC");
  assertEquals(t.crc.enabled, false);
  t.fail = false;
  t.open().close();
});

Deno.test("K7 data: without the driver's hooks there is no crc folder", () => {
  using t = new TestKms();
  const folder = t.system.debugfs.lookup("dri/0/crtc-0");
  assert(folder !== undefined && "entries" in folder);
  assertEquals([...folder.entries.keys()], []);
});

Deno.test("K7 data: one line a read, of 12 + 11n bytes with a NUL; X where the driver has no frame number", () => {
  using t = new Rig();
  t.client.enable();
  {
    using data = t.open();
    t.add(0x12, 0xabcdef);
    t.add(undefined, 0xffff_ffff);
    assertEquals(readLine(data), "0x00000012 0x00abcdef\n\0");
    assertEquals(readLine(data, crcLineLength(1)), "XXXXXXXXXX 0xffffffff\n\0");
    assertEquals(data.read(new Uint8Array(256)), -11);
  }
  t.control("wide");
  using wide = t.open();
  t.add(0xffff_ffff, ...Array.from({ length: 10 }, (_, i) => i));
  const line = readLine(wide, 122);
  assertEquals([line.length, line.slice(0, 33)], [122, "0xffffffff 0x00000000 0x00000001 "]);
  assertEquals(crcLine({ frame: 1, values: [2, 3] }), "0x00000001 0x00000002 0x00000003\n");
});

Deno.test("K7 data: a buffer that is too short is EINVAL and takes nothing; without a line EAGAIN comes first", () => {
  using t = new Rig();
  t.client.enable();
  using data = t.open();
  assertEquals(data.read(new Uint8Array(3)), -11);
  t.add(5, 6);
  for (const size of [0, 1, crcLineLength(1) - 1]) assertEquals(errno(() => data.read(new Uint8Array(size))), "EINVAL");
  assertEquals(readLine(data), "0x00000005 0x00000006\n\0");
});

Deno.test("K7 data: cannot be written, sought or mapped", () => {
  using t = new Rig();
  t.client.enable();
  using data = t.open();
  assertEquals(errno(() => data.write(new Uint8Array(1))), "EBADF");
  assertEquals(errno(() => data.lseek(0, 0)), "ESPIPE");
  assertEquals(errno(() => data.ioctl(0x6400 as never)), "ENOTTY");
  assertEquals(errno(() => t.open(uapi.O_RDWR)), "EACCES");
});

Deno.test("K7 add: EINVAL when nobody reads; the ring keeps 127, the 128th is ENOBUFS and lost, told once", () => {
  using t = new Rig();
  assertEquals(t.add(1, 1), -uapi.ERRNO.EINVAL);
  t.client.enable();
  const told: unknown[] = [];
  using _trace = t.test.system.trace.listen((event) => {
    if (event.name === "drm_crtc_add_crc_entry") told.push(event.result);
  });
  using data = t.open();
  for (let i = 0; i < CRC_ENTRIES - 1; i++) assertEquals(t.add(i, i), 0);
  assertEquals([t.add(500, 0), t.add(501, 0)], [-uapi.ERRNO.ENOBUFS, -uapi.ERRNO.ENOBUFS]);
  assertEquals(told, ["Overflow of CRC buffer, userspace reads too slow."]);
  assertEquals(readLine(data).slice(0, 10), "0x00000000");
  assertEquals([t.add(502, 9), t.crc.pending, t.crc.overflow], [0, 127, true]);
  for (let i = 1; i < CRC_ENTRIES - 1; i++) assertEquals(Number(readLine(data).slice(0, 10)), i);
  assertEquals(readLine(data), "0x000001f6 0x00000009\n\0");
  data.close();
  using again = t.open();
  assertEquals([again.read(new Uint8Array(99)), t.crc.overflow], [-11, false]);
});

Deno.test("K7 data: what was not read is lost with its reader", () => {
  using t = new Rig();
  t.client.enable();
  t.open().close();
  const first = t.open();
  t.add(1, 1);
  first.close();
  using second = t.open();
  assertEquals(second.read(new Uint8Array(99)), -11);
});

Deno.test("K7 data: a blocking read waits for a line; a signal ends it with EINTR; two readers get a line each", async () => {
  using t = new Rig();
  t.client.enable();
  using data = t.open(uapi.O_RDONLY);
  const first = new Uint8Array(64), second = new Uint8Array(64), third = new Uint8Array(9);
  const waits = [data.readWait(first), data.readWait(second), data.readWait(third).catch((error) => error.code)];
  const stop = new AbortController();
  const stopped = data.readWait(new Uint8Array(64), { signal: stop.signal });
  stop.abort();
  assertEquals(await stopped, uapi.ERRNO.EINTR * -1);
  t.add(1, 0xa);
  t.add(2, 0xb);
  t.add(3, 0xc);
  assertEquals(await Promise.all(waits), [23, 23, "EINVAL"]);
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes.subarray(0, 21));
  assertEquals([text(first), text(second)], ["0x00000001 0x0000000a", "0x00000002 0x0000000b"]);
  assertEquals(readLine(data), "0x00000003 0x0000000c\n\0");
});

Deno.test("K7 data: poll is POLLIN while there is a line, and wakes who waits", async () => {
  using t = new Rig();
  t.client.enable();
  using data = t.open();
  const events = uapi.POLLIN | uapi.POLLRDNORM | uapi.POLLOUT;
  assertEquals([data.poll(events), data.poll(uapi.POLLOUT)], [0, 0]);
  const woken = data.pollWait(uapi.POLLIN);
  t.add(1, 1);
  assertEquals(await woken, uapi.POLLIN);
  assertEquals(data.poll(events), uapi.POLLIN | uapi.POLLRDNORM);
  readLine(data);
  assertEquals(data.poll(events), 0);
  const timedOut = data.pollWait(uapi.POLLIN, 10);
  t.test.clock.advance(10);
  t.test.system.pump();
  assertEquals(await timedOut, 0);
});

Deno.test("K7 data: unplugging ends waiting reads with EIO, poll with POLLHUP", async () => {
  using t = new Rig();
  t.client.enable();
  using data = t.open(uapi.O_RDONLY);
  const wait = data.readWait(new Uint8Array(64)).catch((error) => error.code);
  const poll = data.pollWait(uapi.POLLIN);
  t.test.system.removeDevice(t.test.device);
  assertEquals([await wait, await poll], ["EIO", uapi.POLLHUP]);
  assertEquals([errno(() => readLine(data)), data.poll(uapi.POLLIN)], ["EIO", uapi.POLLHUP]);
  data.close();
  assertEquals(t.sources, ["auto", undefined]);
  assertEquals(errno(() => t.open()), "ENOENT");
});

Deno.test("K7 data: switching the CRTC off leaves the reader; it reads on when frames come again", () => {
  using t = new Rig();
  const fb = t.client.enable();
  using data = t.open();
  const crtc = t.test.kms.crtcs[0];
  t.client.atomic({ [crtc.id]: { ACTIVE: 0 } }, uapi.DRM_MODE_ATOMIC_ALLOW_MODESET);
  t.client.frame(2);
  assertEquals(data.read(new Uint8Array(64)), -11);
  t.client.atomic({ [crtc.id]: { ACTIVE: 1 } }, uapi.DRM_MODE_ATOMIC_ALLOW_MODESET);
  t.add(9, fb);
  assertEquals(readLine(data).slice(0, 10), "0x00000009");
});

Deno.test("K7 crc: any order of entries, reads and re-openings gives each line once, in order, or none", () => {
  const step = fc.oneof(
    fc.record({ op: fc.constant("add" as const), value: fc.nat(0xffff_ffff) }),
    fc.record({ op: fc.constant("read" as const), value: fc.nat(40) }),
    fc.record({ op: fc.constant("many" as const), value: fc.nat(150) }),
    fc.record({ op: fc.constant("reopen" as const), value: fc.nat(1) }),
    fc.record({ op: fc.constant("control" as const), value: fc.nat(4) }),
  );
  const sources = ["auto", "wide", "bogus", "", "auto\n"];
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      using t = new Rig();
      t.client.enable();
      let data = t.open();
      let expected: string[] = [];
      let frame = 0;
      const add = (value: number): void => {
        const room = expected.length < CRC_ENTRIES - 1;
        assertEquals(t.add(++frame, value), room ? 0 : -uapi.ERRNO.ENOBUFS);
        if (room) expected.push(`${crcLine({ frame, values: [value] })}\0`);
      };
      for (const { op, value } of steps) {
        if (op === "add") add(value);
        else if (op === "many") { for (let i = 0; i < value; i++) add(i); }
        else if (op === "reopen") {
          data.close();
          data = t.open();
          expected = [];
        } else if (op === "control") {
          const outcome = errno(() => t.control(sources[value]));
          assertEquals(outcome, value === 3 ? "" : value === 2 ? "EINVAL" : "EBUSY");
        } else {
          const bytes = new Uint8Array(value);
          const answer = errno(() => data.read(bytes));
          if (expected.length === 0) assertEquals(answer, "EAGAIN");
          else if (value < crcLineLength(1)) assertEquals(answer, "EINVAL");
          else assertEquals(new TextDecoder().decode(bytes.subarray(0, 23)), expected.shift());
        }
      }
      data.close();
    }),
    { numRuns: 50 },
  );
});
