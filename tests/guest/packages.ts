// What the guest tests are made of, from Debian packages, kept in the user's cache folder: QEMU and its stock vhost-user-gpu
// backend with all libraries, and a kernel, its modules and programs for the guest.
import { createHash } from "node:crypto";
import { type Deb, PrivateApt, unpack } from "./apt.ts";

/** Needed whole, with what they depend on. */
const WHOLE = [
  "qemu-system-x86",
  "libdrm-tests",
  "busybox-static",
  "xz-utils",
  "libgbm1",
  "libvirglrenderer1",
  "libepoxy0",
  "kmscube",
  "libgl1-mesa-dri",
];
/** The stock backend is packed with QEMU's windows, whose libraries it does not need. */
const ALONE = ["qemu-system-gui"];
/** A package of no content, which depends on the release's kernel. */
const KERNEL = "linux-image-amd64";
/** Modules that the guest loads, with what they depend on. */
const MODULES = ["virtio_pci", "virtio_mmio", "virtio_gpu"];
/** Modules for a guest that is to see the packages as a folder of its own: Mesa is too large to be carried in. */
const FOLDER_MODULES = ["9p", "9pnet_virtio"];
const MODULE_FILES = ["drivers/virtio/*", "drivers/gpu/drm/*.ko", "net/9p/*", "fs/9p/*", "fs/netfs/*", "fs/fscache/*"];
/** What of the packages goes into the guest, and where it is there. */
const GUEST_FILES: readonly [name: string, source: string][] = [
  ["bin/busybox", "bin/busybox"],
  ["bin/modetest", "usr/bin/modetest"],
  ["lib64/ld-linux-x86-64.so.2", "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"],
  ["lib/x86_64-linux-gnu/libc.so.6", "lib/x86_64-linux-gnu/libc.so.6"],
  ["lib/x86_64-linux-gnu/libm.so.6", "lib/x86_64-linux-gnu/libm.so.6"],
  ["lib/x86_64-linux-gnu/libdrm.so.2", "usr/lib/x86_64-linux-gnu/libdrm.so.2"],
];
/** Raised where the same packages would be unpacked in another way. */
const LAYOUT = 2;

/** Programs and files, unpacked. */
export class GuestPackages {
  /** The versions of all packages, by name. */
  readonly versions: Readonly<Record<string, string>>;
  /** The kernel: an ELF file, which QEMU starts by its PVH entry. */
  readonly kernel: string;
  /** Module files, each after those that it depends on. */
  readonly modules: readonly string[];
  /** Those that a guest needs for the packages' folder, in addition. */
  readonly folderModules: readonly string[];
  /** Files of the guest: name there, and path here. */
  readonly files: readonly (readonly [name: string, path: string])[];
  readonly #root: string;

  /** @param folder as {@link guestPackages} left it */
  constructor(folder: string) {
    const manifest: { versions: Record<string, string>; modules: string[]; folderModules: string[] } = JSON.parse(
      Deno.readTextFileSync(`${folder}/manifest.json`),
    );
    const path = (name: string): string => `${folder}/modules/${name}`;
    this.#root = `${folder}/root`;
    this.versions = manifest.versions;
    this.kernel = `${folder}/vmlinux`;
    this.modules = manifest.modules.map(path);
    this.folderModules = manifest.folderModules.map(path);
    this.files = GUEST_FILES.map(([name, source]) => [name, `${this.#root}/${source}`]);
  }

  /**
   * The words that run a program of the packages with their own loader and libraries, so that this machine's do not matter.
   *
   * @param program its path in the packages, "usr/bin/qemu-system-x86_64"
   */
  command(program: string): string[] {
    return commandIn(this.#root, program);
  }

  /** The folder of all packages' files, in which a guest may change its root. */
  get folder(): string {
    return this.#root;
  }

  /** QEMU's folders of firmware, for `-L`. */
  get firmware(): string[] {
    return [`${this.#root}/usr/share/qemu`, `${this.#root}/usr/share/seabios`];
  }

  /** What QEMU needs in its environment: where its own parts are that it loads late. */
  get env(): Record<string, string> {
    return { QEMU_MODULE_DIR: `${this.#root}/usr/lib/x86_64-linux-gnu/qemu` };
  }
}

function commandIn(root: string, program: string): string[] {
  const libraries = ["lib", "usr/lib"].map((folder) => `${root}/${folder}/x86_64-linux-gnu`).join(":");
  return [
    `${root}/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2`,
    "--library-path",
    libraries,
    `${root}/${program}`,
  ];
}

/** The folder for what is kept between runs. */
export function cacheFolder(): string {
  const cache = Deno.env.get("XDG_CACHE_HOME");
  if (cache?.startsWith("/")) return `${cache}/udrm/guest`;
  const home = Deno.env.get("HOME");
  if (!home) throw new Error("Cannot keep the guest's packages: neither XDG_CACHE_HOME nor HOME is set");
  return `${home}/.cache/udrm/guest`;
}

/** What a module needs, by its own word: the `depends=` of its .modinfo section. */
export function moduleDepends(module: Uint8Array): string[] {
  const text = new TextDecoder("latin1").decode(module);
  const match = /\0depends=([^\0]*)\0/.exec(text);
  if (match === null) throw new Error("Cannot load a file as a module: it does not say what it depends on");
  return match[1].split(",").filter((name) => name !== "");
}

/** Modules in an order in which each comes after those it depends on. */
function inOrder(wanted: readonly string[], paths: ReadonlyMap<string, string>): string[] {
  const order = new Set<string>();
  const visit = (name: string): void => {
    const path = paths.get(name.replaceAll("-", "_"));
    if (path === undefined) throw new Error(`Cannot build the guest: its kernel has no module ${name}`);
    if (order.has(path)) return;
    for (const other of moduleDepends(Deno.readFileSync(path))) visit(other);
    order.add(path);
  };
  for (const name of wanted) visit(name);
  return [...order];
}

function* filesBelow(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) yield* filesBelow(`${folder}/${name}`);
    else yield `${folder}/${name}`;
  }
}

/** The kernel proper out of a compressed image (Documentation/arch/x86/boot.rst: setup_sects, payload_offset, payload_length). */
function vmlinux(image: Uint8Array<ArrayBuffer>, root: string, folder: string): void {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  if (view.getUint32(0x202, true) !== 0x53726448 || view.getUint16(0x206, true) < 0x208) {
    throw new Error("Cannot build the guest: its kernel is no bzImage of boot protocol 2.08");
  }
  const start = (view.getUint8(0x1f1) + 1) * 512 + view.getUint32(0x248, true);
  // The last four bytes of the payload are its size, unpacked.
  const payload = image.subarray(start, start + view.getUint32(0x24c, true) - 4);
  if (payload[0] !== 0xfd || payload[1] !== 0x37) {
    throw new Error("Cannot build the guest: its kernel is not packed by xz");
  }
  Deno.writeFileSync(`${folder}/vmlinux.xz`, payload);
  const [loader, ...words] = commandIn(root, "usr/bin/xz");
  const { success, stderr } = new Deno.Command(loader, {
    args: [...words, "--decompress", `${folder}/vmlinux.xz`],
  }).outputSync();
  if (!success) throw new Error(`Cannot unpack the guest's kernel: ${new TextDecoder().decode(stderr)}`);
}

function build(folder: string, log: (line: string) => void): void {
  const apt = new PrivateApt(`${folder}/apt`);
  log("asking for the lists of packages");
  apt.update();
  const kernelName = apt.dependency(KERNEL);
  log(`downloading ${kernelName}, ${WHOLE.join(", ")}, ${ALONE.join(", ")} and what they need`);
  const debs = apt.download(WHOLE, [...ALONE, kernelName]);
  const kernel = debs.get(kernelName);
  if (kernel === undefined) throw new Error(`Cannot get packages: apt brought no ${kernelName}`);
  log(`unpacking ${debs.size} packages`);
  Deno.mkdirSync(`${folder}/root`);
  for (const name of ["dev", "proc", "sys", "tmp"]) Deno.mkdirSync(`${folder}/root/${name}`);
  for (const deb of debs.values()) if (deb !== kernel) unpack(deb, `${folder}/root`);
  Deno.mkdirSync(`${folder}/kernel`);
  unpack(kernel, `${folder}/kernel`, [
    "./boot/vmlinuz-*",
    ...MODULE_FILES.map((pattern) => `./lib/modules/*/kernel/${pattern}`),
  ]);
  const modules = new Map<string, string>();
  for (const path of filesBelow(`${folder}/kernel`)) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (name.endsWith(".ko")) modules.set(name.slice(0, -3).replaceAll("-", "_"), path);
    else if (name.startsWith("vmlinuz-")) vmlinux(Deno.readFileSync(path), `${folder}/root`, folder);
  }
  Deno.statSync(`${folder}/vmlinux`);
  Deno.mkdirSync(`${folder}/modules`);
  const all = inOrder([...MODULES, ...FOLDER_MODULES], modules).map((path) => {
    const name = path.slice(path.lastIndexOf("/") + 1);
    Deno.copyFileSync(path, `${folder}/modules/${name}`);
    return name;
  });
  const count = inOrder(MODULES, modules).length;
  const versions = Object.fromEntries([...debs.values()].map(({ name, version }: Deb) => [name, version]).sort());
  for (const name of ["apt", "kernel"]) Deno.removeSync(`${folder}/${name}`, { recursive: true });
  Deno.writeTextFileSync(
    `${folder}/manifest.json`,
    JSON.stringify({ versions, modules: all.slice(0, count), folderModules: all.slice(count) }, undefined, 1),
  );
}

/**
 * The packages: downloaded and unpacked if they are not in the cache, about 160 MB of network and half a minute.
 *
 * @param update get them anew
 * @param log told what goes on
 * @throws {Error} if they cannot be had; the message says why
 */
export function guestPackages(update = false, log: (line: string) => void = () => {}): GuestPackages {
  if (Deno.build.arch !== "x86_64") throw new Error("Cannot run the guest: its programs are built for x86_64 only");
  const recipe = JSON.stringify([LAYOUT, WHOLE, ALONE, KERNEL, MODULES, FOLDER_MODULES]);
  const cache = cacheFolder();
  const folder = `${cache}/packages-${createHash("sha256").update(recipe).digest("hex").slice(0, 16)}`;
  if (!update) {
    try {
      return new GuestPackages(folder);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  Deno.mkdirSync(cache, { recursive: true });
  const work = Deno.makeTempDirSync({ dir: cache, prefix: "building-" });
  try {
    build(work, log);
    try {
      Deno.removeSync(folder, { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    Deno.renameSync(work, folder);
  } catch (error) {
    Deno.removeSync(work, { recursive: true });
    throw error;
  }
  return new GuestPackages(folder);
}

if (import.meta.main) {
  const { versions } = guestPackages(Deno.args.includes("--update"), (line) => console.log(line));
  console.log(Object.entries(versions).map(([name, version]) => `${name} ${version}`).join("\n"));
}
