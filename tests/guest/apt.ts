// Debian packages without installing any: apt with a state, a cache and sources of its own in a folder, and dpkg-deb to unpack.
import { type AptSource, machineArchive } from "./sources.ts";

/** The release that the guest and QEMU's libraries are from. */
const SUITE = "bookworm";
/** QEMU 7.2, which the release has, runs no vhost-user device without KVM; its backports have 10. */
const BACKPORTS = `${SUITE}-backports`;

/** A downloaded package. */
export interface Deb {
  /** Its name. */
  readonly name: string;
  /** Its version. */
  readonly version: string;
  /** The file. */
  readonly path: string;
}

function output(command: string, args: readonly string[], cwd?: string): string {
  let result: Deno.CommandOutput;
  try {
    result = new Deno.Command(command, {
      args: [...args],
      cwd,
      env: { LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" },
      stdin: "null",
    }).outputSync();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new Error(`Cannot run ${command}: it is not installed`);
    throw error;
  }
  const decoder = new TextDecoder();
  if (!result.success) {
    throw new Error(`Cannot get packages: ${command} says\n${decoder.decode(result.stderr).trim()}`);
  }
  return decoder.decode(result.stdout);
}

/** An apt of its own: nothing of the system's is written, and of its settings only those for the network matter. */
export class PrivateApt {
  readonly #folder: string;

  /**
   * @param folder an absolute path; apt's state and the downloads stay there
   * @param archive Debian's archive, this machine's by default
   */
  constructor(folder: string, archive: AptSource = machineArchive()) {
    this.#folder = folder;
    for (const path of ["state/lists/partial", "cache/archives/partial"]) {
      Deno.mkdirSync(`${folder}/${path}`, { recursive: true });
    }
    const options = [`arch=amd64`, ...archive.signedBy ? [`signed-by=${archive.signedBy}`] : []].join(" ");
    const write = (name: string, lines: readonly string[]): void =>
      Deno.writeTextFileSync(`${folder}/${name}`, lines.map((line) => `${line}\n`).join(""));
    write("status", []);
    write("sources.list", [SUITE, BACKPORTS].map((suite) => `deb [${options}] ${archive.uri} ${suite} main`));
    write("preferences", ["Package: src:qemu src:seabios", `Pin: release n=${BACKPORTS}`, "Pin-Priority: 900"]);
    write("apt.conf", [
      `Dir::State "${folder}/state";`,
      `Dir::State::status "${folder}/status";`,
      `Dir::Cache "${folder}/cache";`,
      `Dir::Etc::sourcelist "${folder}/sources.list";`,
      `Dir::Etc::sourceparts "/dev/null";`,
      `Dir::Etc::preferences "${folder}/preferences";`,
      `Dir::Etc::preferencesparts "/dev/null";`,
      `APT::Architecture "amd64";`,
      "#clear APT::Architectures;",
      `APT::Architectures "amd64";`,
      // The download folder need not be readable by the user that apt would become.
      `APT::Sandbox::User "root";`,
      `APT::Install-Recommends "false";`,
      `APT::Default-Release "";`,
      `Acquire::Languages "none";`,
      `Acquire::Retries "3";`,
      "#clear APT::Update::Pre-Invoke;",
      "#clear APT::Update::Post-Invoke;",
      "#clear APT::Update::Post-Invoke-Success;",
      "#clear DPkg::Pre-Invoke;",
      "#clear DPkg::Post-Invoke;",
      "#clear DPkg::Pre-Install-Pkgs;",
    ]);
  }

  #apt(command: string, args: readonly string[], cwd?: string): string {
    return output(command, ["-c", `${this.#folder}/apt.conf`, "-q", ...args], cwd);
  }

  /** Fetches the lists of packages. */
  update(): void {
    // Without a fresh list of each source the versions would be of yesterday or missing, and apt only warns.
    this.#apt("apt-get", ["update", "-o", "APT::Update::Error-Mode=any"]);
  }

  /** The first package that `name` depends on: the one that a package of no content of its own stands for. */
  dependency(name: string): string {
    const match = /^\s+Depends: (\S+)$/m.exec(this.#apt("apt-cache", ["depends", "--no-recommends", name]));
    if (match === null) throw new Error(`Cannot get packages: ${name} depends on nothing`);
    return match[1];
  }

  /**
   * Downloads packages.
   *
   * @param whole these with all they need
   * @param alone these by themselves
   * @returns every package, by name
   */
  download(whole: readonly string[], alone: readonly string[]): Map<string, Deb> {
    const archives = `${this.#folder}/cache/archives`;
    for (const entry of Deno.readDirSync(archives)) {
      if (entry.isFile && entry.name.endsWith(".deb")) Deno.removeSync(`${archives}/${entry.name}`);
    }
    this.#apt("apt-get", ["install", "--download-only", "-y", ...whole]);
    this.#apt("apt-get", ["download", ...alone], archives);
    const debs = new Map<string, Deb>();
    for (const { name: file } of Deno.readDirSync(archives)) {
      const match = /^([^_]+)_([^_]+)_[^_]+\.deb$/.exec(file);
      if (match === null) continue;
      const [, name, version] = match;
      debs.set(name, { name, version: version.replace(/%3a/gi, ":"), path: `${archives}/${file}` });
    }
    return debs;
  }
}

/**
 * Unpacks a package.
 *
 * @param deb the package
 * @param folder where to; it exists
 * @param only files to take, as tar's patterns ("./usr/bin/*"); all but documentation by default
 */
export function unpack(deb: Deb, folder: string, only: readonly string[] = []): void {
  const except = ["doc", "man", "locale", "info", "lintian", "bug"].map((name) => `--exclude=./usr/share/${name}`);
  output("sh", [
    "-c",
    'set -e; deb=$1; shift; { dpkg-deb --fsys-tarfile "$deb" || kill $$; } | tar --extract --no-same-owner "$@"',
    "sh",
    deb.path,
    `--directory=${folder}`,
    "--wildcards",
    ...except,
    ...only,
  ]);
}
