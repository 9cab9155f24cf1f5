import { assertEquals } from "@std/assert";
import { makeServerFolder } from "./server_folder.ts";

function folderUnder(temporary: string | undefined): string {
  const before = Deno.env.get("TMPDIR");
  if (temporary === undefined) Deno.env.delete("TMPDIR");
  else Deno.env.set("TMPDIR", temporary);
  try {
    return makeServerFolder();
  } finally {
    if (before === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", before);
  }
}

Deno.test("makeServerFolder makes a folder for this user alone: where TMPDIR says, else in memory if there is such a place", () => {
  const chosen = Deno.makeTempDirSync();
  let memory = true;
  try {
    Deno.removeSync(Deno.makeTempDirSync({ dir: "/dev/shm" }));
  } catch {
    memory = false;
  }
  const [own, usual] = [folderUnder(chosen), folderUnder(undefined)];
  assertEquals([own.startsWith(`${chosen}/udrm-`), usual.startsWith("/dev/shm/udrm-")], [true, memory]);
  for (const folder of [own, usual]) {
    assertEquals([(Deno.statSync(folder).mode ?? 0) & 0o777, [...Deno.readDirSync(folder)].length], [0o700, 0]);
    Deno.removeSync(folder);
  }
  Deno.removeSync(chosen);
});
