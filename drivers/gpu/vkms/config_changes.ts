/**
 * What differs between two configurations: what needs a new device, and which connectors come and go.
 * @module
 */

import { parseVkmsConfig, type VkmsConfig, type VkmsConnectorConfig } from "./config.ts";

/**
 * All of a configuration that cannot change while the device is there, as text, by its member.
 *
 * @throws {TypeError} for a configuration that cannot be.
 */
export function fixedPartOf(config: VkmsConfig): Readonly<Record<string, string>> {
  const { connectors: _, ...fixed } = parseVkmsConfig(config);
  return Object.fromEntries(
    Object.entries(fixed).filter(([, value]) => value !== undefined).map(([key, value]) => [key, canonical(value)]),
  );
}

/** The same text for the same value, whatever the order of its members. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member !== "object" || member === null || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** Which connectors stay. */
export interface ConnectorMatch {
  /** For each of the new ones: its place among the old ones, or undefined. */
  readonly kept: readonly (number | undefined)[];
  /** Places of old ones that go. */
  readonly gone: readonly number[];
  /** The new ones. */
  readonly order: readonly VkmsConnectorConfig[];
}

/** Pairs connectors of the same type and encoders, the first with the first. */
export function matchConnectors(
  before: readonly VkmsConnectorConfig[],
  after: readonly VkmsConnectorConfig[],
): ConnectorMatch {
  const keyOf = ({ type = "Virtual", encoders, crtcs }: VkmsConnectorConfig): string =>
    canonical([type, encoders ?? null, crtcs ?? null]);
  const left = new Map<string, number[]>();
  before.forEach((own, i) => {
    const key = keyOf(own);
    const places = left.get(key);
    if (places === undefined) left.set(key, [i]);
    else places.push(i);
  });
  const kept = after.map((own) => left.get(keyOf(own))?.shift());
  return { kept, gone: [...left.values()].flat().sort((a, b) => a - b), order: after };
}
