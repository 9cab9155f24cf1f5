/**
 * Configuration files: read, checked, and with the files that they name.
 * @module
 */

import { parseVkmsEdid, vkmsEdidText } from "../drivers/gpu/vkms/config.ts";
import { ConfigError, parseConfig, type SystemConfig } from "./config.ts";

/** Greatest size of a configuration file, bytes. */
export const CONFIG_MAX: number = 1 << 22;
const EDID_MAX = 32768;

function read(file: string, limit: number): Uint8Array<ArrayBuffer> {
  const { size, isFile } = Deno.statSync(file);
  // A device need not have an end.
  if (!isFile) throw new RangeError("it is no file");
  if (size > limit) throw new RangeError(`it has ${size} bytes, ${limit} are the most`);
  const bytes = Deno.readFileSync(file);
  if (bytes.length > limit) throw new RangeError(`it has ${bytes.length} bytes, ${limit} are the most`);
  return bytes;
}

const reasonOf = (error: unknown): string => error instanceof Error ? error.message : String(error);

/**
 * Reads a configuration file.
 *
 * @throws {ConfigError} naming the file, the place in it, and what may stand there.
 */
export function readConfig(file: string): SystemConfig {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(read(file, CONFIG_MAX)));
  } catch (error) {
    throw new ConfigError(reasonOf(error), file);
  }
  const folder = file.includes("/") ? file.slice(0, file.lastIndexOf("/") + 1) : "";
  return parseConfig(value, file, (name, path) => {
    const where = name.startsWith("/") ? name : folder + name;
    let edid: string;
    try {
      edid = vkmsEdidText(read(where, EDID_MAX));
    } catch (error) {
      throw new ConfigError(`${path} names ${where}: ${reasonOf(error)}`);
    }
    try {
      parseVkmsEdid(edid);
    } catch {
      throw new ConfigError(`${path} names ${where}, which is no EDID`);
    }
    return edid;
  });
}
