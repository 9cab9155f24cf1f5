import { assertEquals } from "@std/assert";
import { PagesMapping } from "./mapping.ts";
import { DrmError } from "./error.ts";
import type { Pages } from "./memory.ts";
import { errno } from "./testing.ts";

/** Pages that note what is done to them. */
function notingPages(log: string[], fail = false): Pages {
  const bytes = new Uint8Array(8192);
  return {
    size: 8192,
    get fd(): number {
      log.push("fd");
      return 5;
    },
    fdOffset: 4096,
    bytes: () => {
      if (fail) throw new DrmError("ENOMEM", "Cannot map: the test refuses");
      return bytes;
    },
    pin: () => void log.push("pin"),
    unpin: () => void log.push("unpin"),
    [Symbol.dispose]: () => {},
  };
}

Deno.test("a mapping pins its pages and holds their owner until it is disposed, once", () => {
  const log: string[] = [];
  const mapping = new PagesMapping(notingPages(log), 4096, 100, { put: () => log.push("put") });
  assertEquals([mapping.bytes.length, mapping.bytes.byteOffset, log], [100, 4096, ["pin"]]);
  mapping[Symbol.dispose]();
  mapping[Symbol.dispose]();
  assertEquals(log, ["pin", "unpin", "put"]);
});

Deno.test("a mapping asks for the descriptor only when somebody wants it", () => {
  const log: string[] = [];
  using mapping = new PagesMapping(notingPages(log), 4096, 4096, { put: () => {} });
  assertEquals(log, ["pin"]);
  assertEquals([mapping.fd, mapping.fdOffset, log], [5, 8192, ["pin", "fd"]]);
});

Deno.test("pages that cannot be mapped leave nothing pinned and no reference", () => {
  const log: string[] = [];
  assertEquals(errno(() => new PagesMapping(notingPages(log, true), 0, 1, { put: () => log.push("put") })), "ENOMEM");
  assertEquals(log, ["pin", "unpin", "put"]);
});
