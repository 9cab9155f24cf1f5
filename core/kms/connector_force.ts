/**
 * What somebody decided of a connector, whatever is plugged in: the words of its files `force` (debugfs) and `status` (sysfs).
 * Mirrors connector_write (drivers/gpu/drm/drm_debugfs.c), status_store (drm_sysfs.c) and their reading halves.
 * @module
 */

import { connector_status_connected, connector_status_disconnected } from "../../uapi/mod.ts";
import { DrmError } from "../error.ts";
import type { Connector, ConnectorStatus } from "./connector.ts";

/** DRM_FORCE_*: whether a connector counts as connected whatever its driver detects. */
export type ConnectorForce = "unspecified" | "off" | "on" | "on-digital";

const LONGEST = 11;
const DEBUGFS_WORDS: Readonly<Record<ConnectorForce, string>> = {
  "unspecified": "unspecified",
  "off": "off",
  "on": "on",
  "on-digital": "digital",
};
const SYSFS_WORDS: Readonly<Record<ConnectorForce, string>> = {
  "unspecified": "detect",
  "off": "off",
  "on": "on",
  "on-digital": "on-digital",
};

// sysfs_streq: text ends at its first NUL, and one line feed at its end does not count.
function wordOf(text: string): string {
  const [word] = text.split("\0", 1);
  return word.endsWith("\n") ? word.slice(0, -1) : word;
}

function find(words: Readonly<Record<ConnectorForce, string>>, text: string): ConnectorForce | undefined {
  const word = wordOf(text);
  for (const force of Object.keys(words) as ConnectorForce[]) if (words[force] === word) return force;
  return undefined;
}

/** drm_get_connector_status_name. @param status connector_status_*. */
export function connectorStatusName(status: ConnectorStatus): "connected" | "disconnected" | "unknown" {
  if (status === connector_status_connected) return "connected";
  return status === connector_status_disconnected ? "disconnected" : "unknown";
}

/** What debugfs's `force` reads as: a word and a line feed. */
export function showForce(connector: Connector): string {
  return `${DEBUGFS_WORDS[connector.force]}\n`;
}

/**
 * A write to debugfs's `force`; the next probe goes by it.
 *
 * @param text "unspecified", "on", "digital" or "off", with or without a line feed.
 * @throws {DrmError} EINVAL for anything else, and beyond 11 bytes.
 */
export function storeForce(connector: Connector, text: string): void {
  const force = text.length > LONGEST ? undefined : find(DEBUGFS_WORDS, text);
  if (force === undefined) throw new DrmError("EINVAL", `Cannot force ${connector.name}: ${JSON.stringify(text)}`);
  connector.setForce(force);
}

/** What sysfs's `status` reads as: a word and a line feed. */
export function showStatus(connector: Connector): string {
  return `${connectorStatusName(connector.status)}\n`;
}

/**
 * A write to sysfs's `status`: forces the connector, and probes it if that changed something or it is not forced. As in the
 * kernel, a wrong word on a connector that is not forced probes it too.
 *
 * @param text "detect", "on", "on-digital" or "off", with or without a line feed.
 * @throws {DrmError} EINVAL for anything else.
 */
export function storeStatus(connector: Connector, text: string): void {
  const before = connector.force;
  const force = find(SYSFS_WORDS, text);
  if (force !== undefined) connector.setForce(force);
  if (before !== connector.force || connector.force === "unspecified") connector.probe();
  if (force === undefined) {
    throw new DrmError("EINVAL", `Cannot set the status of ${connector.name}: ${JSON.stringify(text)}`);
  }
}
