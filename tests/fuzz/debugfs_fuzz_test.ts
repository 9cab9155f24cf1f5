/**
 * Every file below /sys/kernel/debug is opened, read, written, sought, polled and closed at random, with the paths and bytes of
 * somebody who wants harm, while devices come and go. The answer is always a number or a DrmError, and the system stays
 * usable.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { DebugFolder, DEBUGFS } from "udrm/core/debugfs.ts";
import { DrmError } from "udrm/core/error.ts";
import { softwareKms, TestKms } from "udrm/core/kms/testing.ts";
import type { OpenFile } from "udrm/core/process.ts";
import { vkms } from "udrm/drivers/gpu/vkms/mod.ts";

const RUNS = 200;

/** Paths of all files and folders of a tree, links too. */
function pathsOf(folder: DebugFolder, above = ""): string[] {
  const paths: string[] = [];
  for (const [name, entry] of folder.entries) {
    paths.push(`${above}/${name}`);
    if (entry instanceof DebugFolder) paths.push(...pathsOf(entry, `${above}/${name}`));
  }
  return paths;
}

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.constantFrom("auto", "auto\n", "on", "off", "digital", "unspecified", "reset", "\0", "").map((text) =>
    new TextEncoder().encode(text)
  ),
  fc.integer({ min: 4090, max: 4100 }).map((length) => new Uint8Array(length).fill(65)),
);
const step = fc.oneof(
  fc.record({
    op: fc.constant("open" as const),
    path: fc.nat(),
    tail: fc.constantFrom("", "/", "/..", "/x", "//"),
    flags: fc.oneof(fc.constantFrom(0, 1, 2, 0x800), fc.nat(0x7fff_ffff)),
  }),
  fc.record({ op: fc.constant("read" as const), file: fc.nat(), length: fc.nat(5000) }),
  fc.record({ op: fc.constant("write" as const), file: fc.nat(), data: bytes }),
  fc.record({ op: fc.constant("seek" as const), file: fc.nat(), offset: fc.double(), whence: fc.integer() }),
  fc.record({ op: fc.constant("poll" as const), file: fc.nat(), events: fc.integer() }),
  fc.record({ op: fc.constant("map" as const), file: fc.nat(), length: fc.double() }),
  fc.record({ op: fc.constant("ioctl" as const), file: fc.nat(), cmd: fc.nat(0xffff_ffff) }),
  fc.record({ op: fc.constant("close" as const), file: fc.nat() }),
  fc.record({ op: fc.constant("frames" as const), count: fc.nat(3) }),
  fc.record({ op: fc.constant("unplug" as const), card: fc.nat(1) }),
);

Deno.test("debugfs takes anything", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      using test = new TestKms({ crtc: { verifyCrcSource: () => 1, setCrcSource: () => {} } });
      const { system } = test;
      const add = (card: number) =>
        system.addDevice(card === 0 ? softwareKms({}, []) : vkms({ connectors: [{ modes: ["16x16"] }] }));
      add(1);
      const client = test.client();
      client.enable();
      const task = system.process({ fdLimit: 64 });
      const files: OpenFile[] = [];
      const seen: string[] = [];
      const attempt = (call: () => unknown): void => {
        try {
          const result = call();
          assert(result === undefined || typeof result === "number" || typeof result === "object", String(result));
        } catch (error) {
          assert(error instanceof DrmError, String(error));
          seen.push(error.code);
        }
      };
      for (const item of steps) {
        const file = "file" in item ? files[item.file % Math.max(1, files.length)] : undefined;
        if (item.op === "open") {
          const paths = pathsOf(system.debugfs);
          attempt(() => void files.push(task.open(DEBUGFS + paths[item.path % paths.length] + item.tail, item.flags)));
        } else if (item.op === "frames") {
          client.frame(item.count);
          system.pump();
        } else if (item.op === "unplug") {
          const device = system.devices[item.card % system.devices.length];
          system.removeDevice(device);
          add(device.driver.spec.name === "vkms" ? 1 : 0);
        } else if (file === undefined) continue;
        else if (item.op === "read") {
          attempt(() => {
            const count = file.read(new Uint8Array(item.length));
            assert(count <= item.length);
            return count;
          });
        } else if (item.op === "write") attempt(() => file.write(item.data));
        else if (item.op === "seek") attempt(() => file.lseek(item.offset, item.whence));
        else if (item.op === "poll") attempt(() => file.poll(item.events));
        else if (item.op === "map") attempt(() => file.mmap(item.length));
        else if (item.op === "ioctl") attempt(() => file.ioctl(item.cmd as never, 0n));
        else attempt(() => file.close());
      }
      task[Symbol.dispose]();
      assertEquals(system.swTimelines.size, 0);
      for (const device of system.devices) {
        for (const crtc of device.kms?.crtcs ?? []) assertEquals(crtc.crc.enabled, false);
      }
      for (const device of system.devices) {
        using name = system.process().open(`${DEBUGFS}/dri/${device.card}/name`, 0);
        assert(name.read(new Uint8Array(99)) > 0);
      }
    }),
    { numRuns: RUNS },
  );
});
