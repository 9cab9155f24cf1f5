// The guest's first file system: an archive in cpio's "newc" format (Documentation/driver-api/early-userspace/buffer-format.rst)
// of the packages' files and of our own programs, which are compiled here.
import { createHash } from "node:crypto";
import { cacheFolder, type GuestPackages } from "./packages.ts";

/** Our own programs: name in the guest, and source. */
const PROGRAMS: readonly [name: string, source: URL][] = [
  ["painter", new URL("./painter.c", import.meta.url)],
  ["gpubench", new URL("../bench/gpubench.c", import.meta.url)],
];
const HEADER = new URL("./kms.h", import.meta.url);
const INIT = new URL("./init.sh", import.meta.url);
const FLAGS = [
  "-O2",
  "-Wall",
  "-Wextra",
  "-static",
  "-I/usr/include/libdrm",
  `-I${new URL(".", import.meta.url).pathname}`,
];
/** What a build that nobody used for so long is worth. */
const KEEP_MS = 7 * 24 * 3600 * 1000;

const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_IFCHR = 0o020000;

/** An archive of cpio's newc format. */
export class CpioWriter {
  readonly #parts: Uint8Array[] = [];
  #inode = 0;

  #member(name: string, mode: number, data: Uint8Array, rdev: readonly [number, number]): void {
    const path = new TextEncoder().encode(`${name}\0`);
    const fields = [++this.#inode, mode, 0, 0, 1, 0, data.length, 0, 0, ...rdev, path.length, 0];
    const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
    const pad = (length: number): Uint8Array => new Uint8Array(-length & 3);
    this.#parts.push(new TextEncoder().encode(header), path, pad(header.length + path.length), data, pad(data.length));
  }

  /** Adds a folder. */
  folder(name: string): void {
    this.#member(name, S_IFDIR | 0o755, new Uint8Array(0), [0, 0]);
  }

  /** Adds a file that may be executed. */
  file(name: string, data: Uint8Array): void {
    this.#member(name, S_IFREG | 0o755, data, [0, 0]);
  }

  /** Adds a character device. */
  device(name: string, major: number, minor: number): void {
    this.#member(name, S_IFCHR | 0o600, new Uint8Array(0), [major, minor]);
  }

  /** Ends the archive. */
  finish(): Uint8Array<ArrayBuffer> {
    this.#member("TRAILER!!!", 0, new Uint8Array(0), [0, 0]);
    const bytes = new Uint8Array(this.#parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of this.#parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }
}

function compile(source: URL, target: string): Uint8Array {
  const { success, stderr } = new Deno.Command("gcc", { args: [...FLAGS, "-o", target, source.pathname] }).outputSync();
  if (!success) throw new Error(`Cannot compile ${source.pathname}: ${new TextDecoder().decode(stderr)}`);
  return Deno.readFileSync(target);
}

/**
 * The guest's file system, built if the one in the cache is not of these packages and sources.
 *
 * @param packages what it is made of
 * @returns its path
 */
export function buildInitramfs(packages: GuestPackages): string {
  const hash = createHash("sha256").update(JSON.stringify([packages.versions, FLAGS]));
  for (const url of [HEADER, INIT, new URL(import.meta.url), ...PROGRAMS.map(([, source]) => source)]) {
    hash.update(Deno.readFileSync(url));
  }
  const cache = cacheFolder();
  const target = `${cache}/initramfs-${hash.digest("hex").slice(0, 16)}.cpio`;
  try {
    Deno.utimeSync(target, new Date(), new Date());
    return target;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const work = Deno.makeTempDirSync({ dir: cache, prefix: "building-" });
  try {
    const cpio = new CpioWriter();
    const folders = ["dev", "proc", "sys", "tmp", "bin", "lib", "lib/x86_64-linux-gnu", "lib64", "modules", "packages"];
    for (const folder of folders) cpio.folder(folder);
    cpio.device("dev/console", 5, 1);
    cpio.file("init", Deno.readFileSync(INIT));
    for (const [name, path] of packages.files) cpio.file(name, Deno.readFileSync(path));
    const addModules = (paths: readonly string[], list: string): void => {
      const order: string[] = [];
      for (const path of paths) {
        const name = path.slice(path.lastIndexOf("/") + 1);
        order.push(name);
        cpio.file(`modules/${name}`, Deno.readFileSync(path));
      }
      cpio.file(`modules/${list}`, new TextEncoder().encode(`${order.join("\n")}\n`));
    };
    addModules(packages.modules, "order");
    addModules(packages.folderModules, "order_folder");
    for (const [name, source] of PROGRAMS) cpio.file(`bin/${name}`, compile(source, `${work}/${name}`));
    Deno.writeFileSync(`${work}/initramfs`, cpio.finish());
    Deno.renameSync(`${work}/initramfs`, target);
  } finally {
    Deno.removeSync(work, { recursive: true });
  }
  for (const { name } of Deno.readDirSync(cache)) {
    const path = `${cache}/${name}`;
    if (/^initramfs-.*\.cpio$/.test(name) && Date.now() - (Deno.statSync(path).mtime?.getTime() ?? 0) > KEEP_MS) {
      Deno.removeSync(path);
    }
  }
  return target;
}
