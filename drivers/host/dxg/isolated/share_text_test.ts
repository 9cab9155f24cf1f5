/** What one host process says of a resource, as the broker and another process read it. */

import { assertEquals } from "@std/assert";
import { errno } from "../../../../core/testing.ts";
import {
  _D3DDDI_CPU_NOTIFICATION,
  _D3DDDI_MONITORED_FENCE,
  _D3DDDI_SEMAPHORE,
} from "../../../../uapi/d3dkmthk_sync.ts";
import { close, openMemfd, sealedFile } from "../../../os/mod.ts";
import "../../../os/testing.ts";
import { isSync, readResource } from "./share_text.ts";

const DATA = "00".repeat(64);
const GOOD = {
  privateData: "0aff",
  allocations: [
    { size: 4096, kind: "visible", privateData: DATA, pieces: [[0, 0, 4096]] },
    { size: 8192, kind: "sysmem", privateData: DATA, pieces: [[1, 4096, 4096], [1, 0, 4096]] },
  ],
};

function read(value: unknown, sizes: readonly number[] = [4096, 8192]): unknown {
  const file = sealedFile("text", new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value)));
  try {
    return readResource(file, sizes);
  } finally {
    close(file);
  }
}

Deno.test("readResource: what was written is read", () => assertEquals(read(GOOD), GOOD));

const first = (change: object): unknown => ({ ...GOOD, allocations: [{ ...GOOD.allocations[0], ...change }] });
const second = (change: object): unknown => ({ ...GOOD, allocations: [{ ...GOOD.allocations[1], ...change }] });
const WRONG: Readonly<Record<string, unknown>> = {
  "no JSON": "{",
  "null": "null",
  "a number": "7",
  "no allocations": { privateData: "", allocations: [] },
  "too many": { privateData: "", allocations: new Array(1025).fill(GOOD.allocations[0]) },
  "data that is not hexadecimal": { ...GOOD, privateData: "0g" },
  "half a byte": { ...GOOD, privateData: "0" },
  "an allocation that is null": { ...GOOD, allocations: [null] },
  "too little private data": first({ privateData: "00" }),
  "memory of an engine": first({ kind: "device" }),
  "an unknown kind": first({ kind: "toString" }),
  "no size": first({ size: 0 }),
  "a size of no whole pages": first({ size: 4097 }),
  "a negative size": first({ size: -4096 }),
  "no memory": first({ pieces: [] }),
  "a file that did not come": first({ pieces: [[2, 0, 4096]] }),
  "a negative file": first({ pieces: [[-1, 0, 4096]] }),
  "more than the file has": first({ size: 8192, pieces: [[0, 0, 8192]] }),
  "another size than its memory": second({ size: 4096 }),
  "an offset within a page": second({ size: 4096, pieces: [[1, 8, 4096]] }),
  "a part of a file as memory of its own": first({ pieces: [[1, 0, 4096]] }),
  "pieces that are texts": second({ pieces: ["0", "1"] }),
};

for (const [name, value] of Object.entries(WRONG)) {
  Deno.test(`readResource refuses ${name}`, () => assertEquals(errno(() => read(value)), "EINVAL"));
}

Deno.test("readResource refuses a file that can still change", () => {
  const file = openMemfd("text", 4096);
  assertEquals(errno(() => readResource(file, [])), "EINVAL");
  close(file);
});

Deno.test("isSync: objects whose value can stand in a page", () => {
  assertEquals(isSync(_D3DDDI_MONITORED_FENCE, 3, 0), true);
  assertEquals(isSync(_D3DDDI_SEMAPHORE, 3, 0xffff_ffff), true);
  assertEquals(isSync(_D3DDDI_CPU_NOTIFICATION, 3, 0), false);
  assertEquals(isSync(_D3DDDI_SEMAPHORE, -1, 0), false);
  assertEquals(isSync(_D3DDDI_SEMAPHORE, 3, 2 ** 32), false);
  assertEquals(isSync(99, 3, 0), false);
});
