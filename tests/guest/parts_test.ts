// What stands before a guest: apt's sources, archives, pictures. No guest is needed.
import { assertEquals, assertThrows } from "@std/assert";
import { PrivateApt } from "./apt.ts";
import { CpioWriter } from "./initramfs.ts";
import { difference, parsePpm } from "./machine.ts";
import { moduleDepends } from "./packages.ts";
import { debianArchive, parseDeb822, parseList } from "./sources.ts";

Deno.test("guest: apt's one-line sources are read as sources.list(5) says", () => {
  const text = `# deb http://commented.example/debian trixie main
deb http://one.example/debian bookworm main contrib # why
deb-src http://one.example/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/two.gpg] https://two.example/x ./ 
`;
  assertEquals(parseList(text), [
    { uri: "http://one.example/debian", suite: "bookworm", components: ["main", "contrib"], signedBy: undefined },
    { uri: "https://two.example/x", suite: "./", components: [], signedBy: "/usr/share/keyrings/two.gpg" },
  ]);
});

Deno.test("guest: apt's deb822 sources are read as sources.list(5) says", () => {
  const text = `Types: deb deb-src
# a comment within
URIs: http://one.example/debian
Suites: bookworm
  bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/one.gpg

Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
Enabled: no

Types: deb-src
URIs: http://source.example/debian
Suites: bookworm
Components: main
`;
  const one = { uri: "http://one.example/debian", components: ["main"], signedBy: "/usr/share/keyrings/one.gpg" };
  assertEquals(parseDeb822(text), [{ ...one, suite: "bookworm" }, { ...one, suite: "bookworm-updates" }]);
});

Deno.test("guest: Debian's archive is the source of the release's own suite", () => {
  const source = (uri: string, suite: string, component: string) => ({ uri, suite, components: [component] });
  const archive = source("http://one.example/debian", "bookworm", "main");
  const others = [
    source("cdrom:[x]/", "bookworm", "main"),
    source("http://security.example/", "bookworm-security", "main"),
    source("http://vendor.example/", "bookworm", "vendor"),
  ];
  assertEquals(debianArchive([...others, archive], "bookworm"), archive);
  assertEquals(debianArchive(others, "bookworm"), undefined);
  assertEquals(debianArchive([archive], "trixie"), undefined);
});

Deno.test("guest: packages that cannot be had are an error that says why", () => {
  const folder = Deno.makeTempDirSync({ prefix: "udrm-apt-" });
  try {
    const apt = new PrivateApt(folder, { uri: `file:${folder}/nothing`, suite: "bookworm", components: ["main"] });
    assertThrows(() => apt.update(), Error, "Cannot get packages: apt-get says");
    assertThrows(() => apt.download(["qemu-system-x86"], []), Error, "Cannot get packages: apt-get says");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("guest: an archive of ours is laid out as cpio's newc format is", () => {
  const cpio = new CpioWriter();
  cpio.folder("a");
  cpio.file("a/odd", new TextEncoder().encode("12345"));
  cpio.file("a/empty", new Uint8Array(0));
  const bytes = cpio.finish();
  assertEquals(bytes.length % 4, 0);
  const text = new TextDecoder("latin1").decode(bytes);
  // Each member: 110 bytes of header, name and data padded to four.
  const members: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const field = (index: number): number => parseInt(text.slice(at + 6 + index * 8, at + 14 + index * 8), 16);
    assertEquals(text.slice(at, at + 6), "070701");
    const [size, name] = [field(6), field(11)];
    const data = at + (110 + name + 3 & ~3);
    members.push(`${text.slice(at + 110, at + 109 + name)}:${field(1).toString(8)}:${text.slice(data, data + size)}`);
    at = data + (size + 3 & ~3);
  }
  assertEquals(members, ["a:40755:", "a/odd:100755:12345", "a/empty:100755:", "TRAILER!!!:0:"]);
});

Deno.test("guest: a module's own word tells what it needs", () => {
  const module = (text: string): Uint8Array => new TextEncoder().encode(`\x7fELF\0license=GPL\0${text}\0name=x\0`);
  assertEquals(moduleDepends(module("depends=drm,virtio_ring")), ["drm", "virtio_ring"]);
  assertEquals(moduleDepends(module("depends=")), []);
  assertThrows(() => moduleDepends(module("intree=Y")), Error, "does not say what it depends on");
});

Deno.test("guest: a picture of QEMU's is read, padded rows and all, and one that is cut is refused", () => {
  const ppm = (size: string, bytes: number[]): Uint8Array =>
    Uint8Array.from([...new TextEncoder().encode(`P6\n${size}\n255\n`), ...bytes]);
  const padded = ppm("1 2", [1, 2, 3, 99, 4, 5, 6, 99]);
  const picture = parsePpm(padded);
  assertEquals([...picture.pixels], [1, 2, 3, 4, 5, 6]);
  assertThrows(() => parsePpm(padded.subarray(0, -1)), Error, "Cannot read a picture");
  assertThrows(() => parsePpm(ppm("1 1", []).subarray(2)), Error, "not of the PPM format");
  assertEquals(difference(picture, picture), "");
  const other = { ...picture, pixels: Uint8Array.of(1, 2, 3, 4, 5, 7) };
  assertEquals(difference(other, picture), "1 pixels differ, the first at 0,1: (4, 5, 7) instead of (4, 5, 6)");
  assertEquals(difference({ ...picture, height: 1 }, picture), "1x1 instead of 1x2");
});
