import { assertEquals } from "@std/assert";
import * as codes from "udrm/uapi/input_codes.ts";
import * as input from "udrm/uapi/input.ts";
import * as keys from "udrm/uapi/input_keys.ts";
import * as media from "udrm/uapi/input_keys_media.ts";

Deno.test("codes and requests of input devices are those of the kernel's headers", async () => {
  const constants = Object.entries({ ...codes, ...keys, ...media, ...input })
    .filter((entry): entry is [string, number] => typeof entry[1] === "number" && entry[0] !== "EVIOC_MAGIC");
  const requests = {
    "EVIOCGNAME(77)": input.EVIOCGNAME(77),
    "EVIOCGPHYS(77)": input.EVIOCGPHYS(77),
    "EVIOCGUNIQ(77)": input.EVIOCGUNIQ(77),
    "EVIOCGPROP(77)": input.EVIOCGPROP(77),
    "EVIOCGKEY(77)": input.EVIOCGKEY(77),
    "EVIOCGLED(77)": input.EVIOCGLED(77),
    "EVIOCGSND(77)": input.EVIOCGSND(77),
    "EVIOCGSW(77)": input.EVIOCGSW(77),
    "EVIOCGBIT(3,77)": input.EVIOCGBIT(3, 77),
    "EVIOCGABS(5)": input.EVIOCGABS(5),
    "sizeof(struct input_event)": input.input_event.size,
    "sizeof(struct input_absinfo)": input.input_absinfo.size,
    "sizeof(struct input_mask)": input.input_mask.size,
  };
  const all = [...constants, ...Object.entries(requests)];
  const source = ["#include <linux/input.h>", "#include <stdio.h>", "int main(void) {"]
    .concat(all.map(([name]) => `printf("%u\\n", (unsigned)(${name}));`), "}").join("\n");
  const folder = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${folder}/codes.c`, source);
    const gcc = await new Deno.Command("gcc", { args: ["-o", `${folder}/codes`, `${folder}/codes.c`] }).output();
    assertEquals(gcc.code, 0, new TextDecoder().decode(gcc.stderr));
    const { stdout } = await new Deno.Command(`${folder}/codes`).output();
    const lines = new TextDecoder().decode(stdout).trim().split("\n").map(Number);
    assertEquals(all.map(([name, value]) => [name, value >>> 0]), all.map(([name], i) => [name, lines[i]]));
    assertEquals(all.length > 300, true);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
