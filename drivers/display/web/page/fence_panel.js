// Timelines: commands of the queues, page flips and fences over the last seconds, and where each fence context has come to.

import { duration, h, setText, Table } from "./dom.js";

const SPAN = 5e9, LANE = 22, LABEL = 118, MARKS_MAX = 4000, LANES_MAX = 24;

export class FencePanel {
  constructor(element) {
    this.canvas = h("canvas", {
      class: "lanes",
      role: "img",
      "aria-label": "Commands, flips and fences of the last five seconds",
    });
    this.note = h("p", { class: "lane-note" }, "Point at a mark to read it.");
    this.table = new Table("Fence contexts", [
      ["context", ({ context }) => context, true],
      ["driver", ({ driver }) => driver],
      ["timeline", ({ name }) => name],
      [
        "signalled",
        ({ signaled }) => signaled ? `${signaled.seqno}${signaled.error ? ` (${signaled.error})` : ""}` : "",
      ],
      [
        "pending",
        ({ pending }) =>
          pending.count === 0 ? "" : h("span", {}, h("span", { class: "dot wait" }), pendingText(pending)),
      ],
    ]);
    this.none = h("p", { class: "faint" }, "No buffer, syncobj or plane holds a fence now.");
    element.append(this.canvas, this.note, this.table.element, this.none);
    this.element = element;
    // Marks of each lane: {from, to, text, color}; `to` undefined while a fence is pending.
    this.lanes = new Map();
    this.pending = new Map();
    this.canvas.addEventListener("mousemove", (event) => this.point(event));
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  lane(name, color) {
    let lane = this.lanes.get(name);
    if (lane === undefined) {
      if (this.lanes.size >= LANES_MAX) return undefined;
      this.lanes.set(name, lane = { color, marks: [] });
    }
    return lane;
  }

  mark(name, color, mark) {
    const lane = this.lane(name, color);
    if (lane === undefined) return undefined;
    lane.marks.push(mark);
    if (lane.marks.length > MARKS_MAX) lane.marks.shift();
    return mark;
  }

  /** Takes events in, also while the panel is not shown. */
  hear(events) {
    for (const { time, floor, name, subject, args, result, duration: took } of events) {
      if (name === "flip_done") {
        this.mark(`flip ${subject}`, "core", { from: time, to: time, text: `${subject} flip done ${args}` });
      } else if (name === "dma_fence_signaled") {
        const context = /context: (\d+)/.exec(args)?.[1] ?? "?";
        this.mark(`fence ${context}`, "gpu", { from: time, to: time, text: `signalled ${args}` });
      } else if ((floor === "gpu" || floor === "host") && took !== undefined) {
        const lane = floor === "gpu" ? `driver ${subject}` : `device ${subject}`;
        this.mark(lane, floor, { from: time, to: time + took, text: `${name} ${duration(took)} ${result}` });
      }
    }
  }

  show({ timelines, time }) {
    this.now = time;
    this.at = performance.now();
    this.table.show(timelines, ({ context }) => context, `${timelines.length}`);
    this.none.hidden = timelines.length > 0;
    const still = new Set();
    for (const { context, driver, name, pending } of timelines) {
      for (const { seqno, holder } of pending.items) {
        const key = `${context} ${seqno}`;
        still.add(key);
        if (this.pending.has(key)) continue;
        const text = `${driver} ${name}: fence ${seqno}, held by ${holder}`;
        const mark = this.mark(`fence ${context}`, "gpu", { from: time, to: undefined, text });
        if (mark !== undefined) this.pending.set(key, mark);
      }
    }
    for (const [key, mark] of this.pending) {
      if (still.has(key)) continue;
      mark.to = time;
      this.pending.delete(key);
    }
    const old = time - 2 * SPAN;
    for (const [name, lane] of this.lanes) {
      lane.marks = lane.marks.filter((mark) => mark.to === undefined || mark.to > old);
      if (lane.marks.length === 0) this.lanes.delete(name);
    }
    this.draw();
  }

  draw() {
    const { canvas } = this;
    if (canvas.offsetParent === null) return;
    const names = [...this.lanes.keys()].sort();
    const width = canvas.clientWidth, height = Math.max(2, names.length) * LANE + 18;
    const scale = devicePixelRatio;
    canvas.style.height = `${height}px`;
    if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
    if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    const style = getComputedStyle(canvas);
    // light-dark() is resolved only in properties that are colours.
    const color = (name) => {
      canvas.style.outlineColor = `var(--${name})`;
      return getComputedStyle(canvas).outlineColor;
    };
    const colors = Object.fromEntries(
      ["core", "gpu", "host", "warn", "faint", "line", "text"].map((name) => [name, color(name)]),
    );
    context.font = `11px ${style.fontFamily}`;
    this.hits = [];
    const x = (time) => LABEL + (time - (this.now - SPAN)) * (width - LABEL - 6) / SPAN;
    context.fillStyle = colors.faint;
    for (let second = 0; second <= 5; second++) {
      const at = x(this.now - second * 1e9);
      context.fillRect(at, 0, 0.5, height - 16);
      context.fillText(second === 0 ? "now" : `−${second} s`, at - (second === 0 ? 20 : 8), height - 4);
    }
    names.forEach((name, i) => {
      const lane = this.lanes.get(name), top = i * LANE + 3;
      context.fillStyle = colors.text;
      context.fillText(name, 6, top + 13, LABEL - 12);
      context.fillStyle = colors.line;
      context.fillRect(0, top + LANE - 4, width, 0.5);
      for (const mark of lane.marks) {
        const from = Math.max(LABEL, x(mark.from)), to = x(mark.to ?? this.now);
        if (to < LABEL) continue;
        context.fillStyle = mark.to === undefined ? colors.warn : colors[lane.color];
        const wide = Math.max(2, to - from);
        context.fillRect(from, top + 2, wide, LANE - 9);
        this.hits.push({ from: from - 2, to: from + wide + 2, top, mark });
      }
    });
    if (names.length === 0) {
      context.fillStyle = colors.faint;
      context.fillText("nothing has happened", LABEL, 14);
    }
  }

  point({ offsetX, offsetY }) {
    const hits = (this.hits ?? []).filter(({ from, to, top }) =>
      offsetX >= from && offsetX <= to && offsetY >= top && offsetY < top + LANE
    );
    setText(this.note, hits.at(-1)?.mark.text ?? "Point at a mark to read it.");
  }
}

function pendingText({ items, count }) {
  const text = items.slice(0, 4).map(({ seqno, holder, awaited }) =>
    `${seqno} (${holder}${awaited ? ", awaited" : ""})`
  ).join(", ");
  return count > 4 ? `${text} … ${count}` : text;
}
