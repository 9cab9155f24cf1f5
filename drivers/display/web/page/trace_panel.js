// The stream of events: requests, commands, fences.

import { duration, h, setText } from "./dom.js";

const FLOORS = ["client", "core", "gpu", "bus", "host", "render", "display"];
const ROWS_MAX = 600;

const failed = (result) => /^(E[A-Z0-9]+\b|-\d)|RESP_ERR/.test(result);

export class TracePanel {
  constructor({ list, floors, filter, rate }) {
    this.list = list;
    this.rate = rate;
    this.filter = "";
    this.off = new Set(["bus"]);
    this.stick = true;
    this.counts = [];
    for (const floor of FLOORS) {
      floors.append(h("button", {
        type: "button",
        "data-floor": floor,
        "aria-pressed": String(!this.off.has(floor)),
        onclick: ({ target }) => {
          if (!this.off.delete(floor)) this.off.add(floor);
          target.setAttribute("aria-pressed", String(!this.off.has(floor)));
          this.sift();
        },
      }, floor));
    }
    filter.addEventListener("input", () => {
      this.filter = filter.value.trim().toLowerCase();
      this.sift();
    });
    list.addEventListener("scroll", () => {
      this.stick = list.scrollTop + list.clientHeight >= list.scrollHeight - 8;
    });
    list.addEventListener("click", ({ target }) => target.closest("li")?.classList.toggle("open"));
  }

  hear({ events, lost }, time) {
    const rows = document.createDocumentFragment();
    if (lost > 0) rows.append(h("li", { class: "lost" }, `… ${lost} more events`));
    for (const event of events) rows.append(this.row(event));
    this.list.append(rows);
    while (this.list.childElementCount > ROWS_MAX) this.list.firstChild.remove();
    if (this.stick) this.list.scrollTop = this.list.scrollHeight;
    this.counts.push([time, events.length + lost]);
    while (this.counts.length > 8) this.counts.shift();
    const span = (time - this.counts[0][0]) / 1e9;
    const total = this.counts.slice(1).reduce((sum, [, count]) => sum + count, 0);
    setText(this.rate, span > 0 ? `${Math.round(total / span)}/s` : "");
  }

  row({ time, floor, name, subject, args, result, duration: took }) {
    const bad = failed(result);
    // "EINVAL: Cannot ...": the sentence stands before what may be cut off.
    const [, word, sentence] = /^(\S+?):\s(.*)$/s.exec(result) ?? [undefined, result, ""];
    const body = h(
      "span",
      { title: args },
      h("b", {}, name.replace(/^DRM_IOCTL_|^VIRTIO_GPU_CMD_/, "")),
      ` ${subject} `,
      sentence === "" ? "" : h("span", { class: bad ? "failed" : "" }, `${sentence} `),
      h("i", {}, args),
    );
    const row = h(
      "li",
      { "data-floor": floor },
      h("span", { class: "time" }, (time / 1e9).toFixed(4).slice(-9)),
      h("span", { class: "floor" }, floor),
      body,
      h("span", { class: bad ? "result failed" : "result", title: result }, word.replace(/^VIRTIO_GPU_RESP_/, "")),
      h("span", { class: "took" }, duration(took)),
    );
    row.words = `${name} ${subject} ${args} ${result}`.toLowerCase();
    row.hidden = !this.fits(row);
    return row;
  }

  fits(row) {
    return row.words === undefined || !this.off.has(row.dataset.floor) && row.words.includes(this.filter);
  }

  sift() {
    for (const row of this.list.children) row.hidden = !this.fits(row);
    if (this.stick) this.list.scrollTop = this.list.scrollHeight;
  }
}
