import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { _IOC, _IOC_DIR, _IOC_NR, _IOC_READ, _IOC_SIZE, _IOC_TYPE, _IOC_WRITE, IO, IOR, IOW, IOWR } from "./ioctl.ts";
import { LEGACY_ENCODINGS } from "./legacy_encodings.ts";
import { type Struct, struct, u32 } from "./struct.ts";

interface one {
  v: number;
}
const one: Struct<one> = struct<one>("one", { v: u32 }, { size: 4 });

Deno.test("_IO, _IOR, _IOW and _IOWR encode direction, size, type and number as an unsigned number", () => {
  assertEquals(IO("d", 0x1e), 0x0000641e);
  assertEquals(IOR("d", 0x02, one), 0x80046402);
  assertEquals(IOW("d", 0x11, one), 0x40046411);
  assertEquals(IOWR("d", 0xaf, one), 0xc00464af);
  assertEquals(IOWR("d", 0xaf, 4), 0xc00464af);
});

Deno.test("_IOC_DIR, _IOC_TYPE, _IOC_NR and _IOC_SIZE take apart what _IOC put together", () => {
  fc.assert(
    fc.property(fc.nat(3), fc.nat(255), fc.nat(255), fc.nat(0x3fff), (dir, type, nr, size) => {
      const request = _IOC(dir, type, nr, size);
      assertEquals([_IOC_DIR(request), _IOC_TYPE(request), _IOC_NR(request), _IOC_SIZE(request)], [
        dir,
        type,
        nr,
        size,
      ]);
    }),
  );
});

for (
  const [what, type, nr, size] of [
    ["a size above 16383", "d", 0, 0x4000],
    ["a negative size", "d", 0, -1],
    ["a number above 255", "d", 256, 4],
    ["a negative number", "d", -1, 4],
    ["a type above 255", "\u0100", 0, 4],
    ["no type", "", 0, 4],
  ] as const
) {
  Deno.test(`_IOC refuses ${what}`, () => {
    assertEquals(_IOC(_IOC_READ | _IOC_WRITE, "d", 255, 0x3fff), 0xffff64ff);
    assertThrows(() => _IOC(_IOC_READ, type, nr, size), RangeError);
  });
}

Deno.test("an older encoding differs from today's in its smaller size alone", () => {
  for (const { name, request, encoding, size } of LEGACY_ENCODINGS) {
    assertEquals(
      [_IOC_DIR(encoding), _IOC_TYPE(encoding), _IOC_NR(encoding), _IOC_SIZE(encoding)],
      [_IOC_DIR(request), _IOC_TYPE(request), _IOC_NR(request), size],
      name,
    );
    assertEquals(size < _IOC_SIZE(request), true, name);
  }
});
