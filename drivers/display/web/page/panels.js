// The inspector: tabs, and what is behind them.

import { bytes, h, setText } from "./dom.js";
import { FencePanel } from "./fence_panel.js";
import { KmsPanel } from "./kms_panel.js";
import { ClientPanel, MemoryPanel } from "./memory_panel.js";
import { TracePanel } from "./trace_panel.js";

const byId = (id) => document.getElementById(id);

export class Inspector {
  constructor() {
    this.panels = {
      kms: new KmsPanel(byId("panel-kms")),
      memory: new MemoryPanel(byId("panel-memory")),
      fences: new FencePanel(byId("panel-fences")),
      clients: new ClientPanel(byId("panel-clients")),
    };
    this.trace = new TracePanel({
      list: byId("events"),
      floors: byId("floors"),
      filter: byId("filter"),
      rate: byId("rate"),
    });
    this.memory = byId("memory");
    this.paused = false;
    this.shown = "kms";
    this.tabs = Object.keys(this.panels).map((name) => byId(`tab-${name}`));
    this.counts = this.tabs.map((tab) => {
      const count = h("span", { class: "count" });
      tab.append(count);
      return count;
    });
    this.tabs.forEach((tab, i) => {
      tab.addEventListener("click", () => this.select(i));
      tab.addEventListener("keydown", ({ key }) => {
        const step = key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0;
        if (step !== 0) this.select((i + step + this.tabs.length) % this.tabs.length);
      });
    });
  }

  select(index) {
    this.tabs.forEach((tab, i) => {
      tab.setAttribute("aria-selected", String(i === index));
      tab.tabIndex = i === index ? 0 : -1;
      byId(tab.getAttribute("aria-controls")).hidden = i !== index;
    });
    this.tabs[index].focus();
    this.shown = Object.keys(this.panels)[index];
    if (this.last !== undefined) this.panels[this.shown].show(this.last);
  }

  /** Takes a snapshot in. */
  hear({ system, trace }) {
    if (this.paused) return;
    this.last = system;
    const devices = system.devices.items;
    const sum = (count) => devices.reduce((total, device) => total + count(device), 0);
    const planes = sum(({ kms }) => kms?.planes.filter(({ fb }) => fb !== 0).length ?? 0);
    const pending = system.timelines.reduce((total, timeline) => total + timeline.pending.count, 0);
    [planes, sum(({ objects }) => objects.count), pending, sum(({ clients }) => clients.count)]
      .forEach((count, i) => setText(this.counts[i], String(count)));
    setText(this.memory, `${bytes(system.memory.used)} of buffers`);
    this.trace.hear(trace, system.time);
    this.panels.fences.hear(trace.events);
    // Fences are followed all the time, the others only while they can be seen.
    if (this.shown !== "fences") this.panels.fences.show(system);
    this.panels[this.shown].show(system);
  }
}
