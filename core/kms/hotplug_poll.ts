/**
 * `OutputPoll`: looks after connectors that cannot tell of changes by themselves, and tells user space of what a probe found.
 * Mirrors output_poll_execute, drm_kms_helper_poll_* and drm_helper_hpd_irq_event (drivers/gpu/drm/drm_probe_helper.c).
 * @module
 */

import { connector_status_connected, connector_status_unknown } from "../../uapi/mod.ts";
import type { Timer } from "../clock.ts";
import type { Connector } from "./connector.ts";
import type { ModeConfig } from "./mode_config.ts";
import { detectConnector } from "./probe.ts";

/** DRM_OUTPUT_POLL_PERIOD. */
const PERIOD_NS = 10e9;
/** What was found before polling began is told so soon. */
const FIRST_NS = 1e9;

/** The polling of one device. It does nothing before `start`. */
export class OutputPoll {
  readonly #kms: ModeConfig;
  #enabled = false;
  #running = false;
  #noticed = false;
  #timer: Timer | undefined;

  /** Used by `ModeConfig`. */
  constructor(kms: ModeConfig) {
    this.#kms = kms;
  }

  /** Whether the driver has started it. */
  get enabled(): boolean {
    return this.#enabled;
  }

  /** drm_kms_helper_poll_init: connectors with `poll` are looked at every ten seconds, and `hpdEvent` works. */
  start(): void {
    this.#enabled = true;
    this.enable();
  }

  /** drm_kms_helper_poll_fini. */
  stop(): void {
    if (!this.#enabled) return;
    this.disable();
    this.#enabled = false;
  }

  /** drm_kms_helper_poll_enable: goes on, after `disable`. */
  enable(): void {
    if (!this.#enabled || this.#running) return;
    this.#running = true;
    if (this.#noticed) this.#schedule(FIRST_NS);
    else if (this.#kms.connectors.some(({ hooks: { poll } }) => poll?.connect === true || poll?.disconnect === true)) {
      this.#schedule(PERIOD_NS);
    }
  }

  /** drm_kms_helper_poll_disable: pauses, as for a suspended device. */
  disable(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#running = false;
  }

  /** A probe found a change: user space is told soon, if the driver polls. */
  noticed(): void {
    this.#noticed = true;
    if (!this.#enabled) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#schedule(0);
  }

  /**
   * drm_helper_hpd_irq_event: looks at all connectors that the driver is told of (`hotplug`), and tells user space of changes.
   *
   * @returns whether something changed; never before `start`.
   */
  hpdEvent(): boolean {
    return this.#enabled && this.lookAgain();
  }

  /** As `hpdEvent`, whether started or not: for a device that was resumed. */
  lookAgain(): boolean {
    const changed = this.#kms.connectors.filter((connector) => connector.hooks.hotplug === true && redetect(connector));
    if (changed.length > 0) this.#kms.hotplug(changed.length === 1 ? changed[0] : undefined);
    return changed.length > 0;
  }

  #schedule(delay: number): void {
    const { clock } = this.#kms;
    this.#timer ??= clock.at(clock.now() + delay, () => {
      this.#timer = undefined;
      this.#look();
    });
  }

  #look(): void {
    if (!this.#enabled) return;
    let changed = this.#noticed, again = false;
    this.#noticed = false;
    for (const connector of [...this.#kms.connectors]) {
      const { poll } = connector.hooks;
      if (connector.force !== "unspecified" || (poll?.connect !== true && poll?.disconnect !== true)) continue;
      const before = connector.status;
      if (before === connector_status_connected && poll.disconnect !== true) continue;
      again = true;
      if (!redetect(connector)) continue;
      // A gentle look may not know what a thorough one knew.
      if (connector.status === connector_status_unknown) connector.status = before;
      else changed = true;
    }
    if (changed) this.#kms.hotplug();
    if (again) this.#schedule(PERIOD_NS);
  }
}

/** check_connector_changed: detects without disturbing the picture; whether status or EDID changed. */
export function redetect(connector: Connector): boolean {
  const { epoch } = connector;
  connector.status = detectConnector(connector, false);
  return epoch !== connector.epoch;
}
