/**
 * A real folder tree that lies, for clients, over the system's: `shim/path.c` looks names up in it first. Its folders are
 * merged with the system's of the same name, unless they are `only` ours.
 * @module
 */

const STICKY = 0o1000;

/** Writes and removes files of a tree. Links are relative, as sysfs's are. */
export class Tree {
  readonly #root: string;
  #log: string[] | undefined;

  /** A tree. @param root a folder, made if it is not there. */
  constructor(root: string) {
    this.#root = root;
    Deno.mkdirSync(root, { recursive: true });
  }

  /** Runs `body`; the names of what it makes, for `remove`. */
  record(body: () => void): string[] {
    const log: string[] = this.#log = [];
    try {
      body();
    } finally {
      this.#log = undefined;
    }
    return log;
  }

  /** Makes a folder, and those that lead to it. @param only whether it hides the system's of the same name. */
  folder(path: string, only = false): void {
    if (path === "") return;
    this.folder(path.slice(0, path.lastIndexOf("/")));
    if (this.#place(path)) {
      Deno.mkdirSync(this.#root + path);
      this.#log?.push(path);
      if (!only) this.#cover(path);
    }
    if (only) Deno.chmodSync(this.#root + path, 0o755 | STICKY);
  }

  /** Writes a file; one that is there already is replaced at once, never seen half. */
  file(path: string, content: string | Uint8Array, mode = 0o444): void {
    this.folder(path.slice(0, path.lastIndexOf("/")));
    if (this.#place(path)) this.#log?.push(path);
    const temporary = `${this.#root}.new`;
    if (typeof content === "string") Deno.writeTextFileSync(temporary, content);
    else Deno.writeFileSync(temporary, content);
    Deno.chmodSync(temporary, mode);
    Deno.renameSync(temporary, this.#root + path);
  }

  /** Makes a file that clients open at the server, as they do nodes. */
  node(path: string, mode = 0o666): void {
    this.file(path, "", mode | STICKY);
  }

  /** Makes a link. @param target an absolute path. */
  link(path: string, target: string): void {
    const from = path.split("/").slice(1, -1);
    const to = target.split("/").slice(1);
    this.folder(path.slice(0, path.lastIndexOf("/")));
    if (!this.#place(path)) return;
    let common = 0;
    while (common < from.length && common < to.length - 1 && from[common] === to[common]) common++;
    Deno.symlinkSync("../".repeat(from.length - common) + to.slice(common).join("/"), this.#root + path);
    this.#log?.push(path);
  }

  /** Removes what `record` told of; folders only if nothing else is in them. */
  remove(paths: readonly string[]): void {
    for (const path of paths.toReversed()) {
      try {
        Deno.removeSync(this.#root + path);
      } catch {
        // A folder that others use, too.
      }
    }
  }

  // Whether the name is free, if need be by removing what stands for the system's.
  #place(path: string): boolean {
    const name = this.#root + path;
    try {
      if (!Deno.lstatSync(name).isSymlink) return false;
      if (Deno.readLinkSync(name) !== path) return false;
      Deno.removeSync(name);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return true;
  }

  // Links to what the system has in a folder, so that listing it shows both. Folders at the top are listed as the system's.
  #cover(path: string): void {
    if (path.indexOf("/", 1) < 0) return;
    let names: string[];
    try {
      names = [...Deno.readDirSync(path)].map(({ name }) => name);
    } catch {
      return; // the system has none, or keeps it to itself
    }
    for (const name of names) {
      // Character devices of DRM and of input are ours alone.
      if (path === "/sys/dev/char" && /^(?:226|13):/.test(name)) continue;
      Deno.symlinkSync(`${path}/${name}`, `${this.#root}${path}/${name}`);
    }
  }
}
