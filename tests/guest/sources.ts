// Where this machine has its Debian packages from: /etc/apt/sources.list and sources.list.d, in both formats of sources.list(5).

/** One source of binary packages. */
export interface AptSource {
  /** Where the archive is. */
  readonly uri: string;
  /** One of its suites. */
  readonly suite: string;
  /** The parts of the suite: "main", "contrib"... */
  readonly components: readonly string[];
  /** The file of the keys that sign it; undefined where the system's keys do. */
  readonly signedBy?: string;
}

const words = (text: string | undefined): string[] => (text ?? "").split(/\s+/).filter((word) => word !== "");

/**
 * Reads the one-line format: `deb [signed-by=FILE] URI SUITE COMPONENT...`.
 *
 * @param text a file's text
 * @returns its binary sources
 */
export function parseList(text: string): AptSource[] {
  const sources: AptSource[] = [];
  for (const line of text.split("\n")) {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (match === null) continue;
    const signedBy = words(match[1]).find((option) => option.toLowerCase().startsWith("signed-by="))?.slice(10);
    sources.push({ uri: match[2], suite: match[3], components: words(match[4]), signedBy });
  }
  return sources;
}

/**
 * Reads the deb822 format: stanzas of `Types:`, `URIs:`, `Suites:`, `Components:`, `Signed-By:`, `Enabled:`.
 *
 * @param text a file's text
 * @returns its binary sources, one for each URI and suite; keys that stand in the file itself are not taken over
 */
export function parseDeb822(text: string): AptSource[] {
  const sources: AptSource[] = [];
  for (const stanza of text.replace(/^#.*\n?/gm, "").split(/\n[ \t]*\n/)) {
    const fields = new Map<string, string>();
    let last = "";
    for (const line of stanza.split("\n")) {
      const field = /^([A-Za-z][A-Za-z-]*):(.*)$/.exec(line);
      if (field !== null) fields.set(last = field[1].toLowerCase(), field[2].trim());
      else if (/^[ \t]/.test(line) && last !== "") fields.set(last, `${fields.get(last)} ${line.trim()}`);
    }
    if (!words(fields.get("types")).includes("deb") || /^(no|false|0)$/i.test(fields.get("enabled") ?? "")) continue;
    const key = fields.get("signed-by");
    const signedBy = key?.startsWith("/") ? key : undefined;
    const components = words(fields.get("components"));
    for (const uri of words(fields.get("uris"))) {
      for (const suite of words(fields.get("suites"))) sources.push({ uri, suite, components, signedBy });
    }
  }
  return sources;
}

/**
 * The source that is Debian's own archive.
 *
 * @param sources the machine's
 * @param codename the machine's release of Debian, VERSION_CODENAME of os-release(5)
 * @returns the source of that very suite with the component "main"; undefined if there is none
 */
export function debianArchive(sources: readonly AptSource[], codename: string): AptSource | undefined {
  return sources.find(({ suite, components, uri }) =>
    suite === codename && components.includes("main") && /^(https?|file|copy|mirror(\+\w+)?):/.test(uri)
  );
}

function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

/**
 * All sources of binary packages of this machine.
 *
 * @param folder apt's folder
 * @returns those of sources.list first
 */
export function machineSources(folder = "/etc/apt"): AptSource[] {
  const sources = parseList(read(`${folder}/sources.list`));
  let names: string[] = [];
  try {
    names = [...Deno.readDirSync(`${folder}/sources.list.d`)].map(({ name }) => name).sort();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  for (const name of names) {
    const text = read(`${folder}/sources.list.d/${name}`);
    if (name.endsWith(".sources")) sources.push(...parseDeb822(text));
    else if (name.endsWith(".list")) sources.push(...parseList(text));
  }
  return sources;
}

/**
 * The Debian archive that this machine uses; UDRM_DEBIAN_MIRROR, a URI, stands in where the machine is not a Debian.
 *
 * @throws {Error} if there is none
 */
export function machineArchive(): AptSource {
  const mirror = Deno.env.get("UDRM_DEBIAN_MIRROR");
  if (mirror) return { uri: mirror, suite: "bookworm", components: ["main"] };
  const release = read("/etc/os-release");
  const field = (name: string): string | undefined => new RegExp(`^${name}="?([^"\n]*)"?$`, "m").exec(release)?.[1];
  const codename = field("VERSION_CODENAME");
  const archive = field("ID") === "debian" && codename ? debianArchive(machineSources(), codename) : undefined;
  if (archive !== undefined) return archive;
  throw new Error(
    "Cannot tell where Debian's packages are: apt's sources name no archive of Debian (UDRM_DEBIAN_MIRROR can: a URI)",
  );
}
