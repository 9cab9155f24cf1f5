// CRTCs with their planes, drawn where they lie; connectors.

import { h, keyed, setText } from "./dom.js";

const ROTATIONS = { 1: "", 2: "90°", 4: "180°", 8: "270°" };

/** Draws a thumbnail: RGBA bytes in base64. */
function draw(canvas, { width, height, rgba }) {
  if (canvas.shown === rgba) return;
  canvas.shown = rgba;
  const text = atob(rgba);
  const data = new Uint8ClampedArray(text.length);
  for (let i = 0; i < text.length; i++) data[i] = text.charCodeAt(i);
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d").putImageData(new ImageData(data, width, height), 0, 0);
}

/** Values a second, from counters that come with a time. */
class Rate {
  constructor() {
    this.samples = [];
  }
  add(time, count) {
    this.samples.push([time, count]);
    while (this.samples.length > 9) this.samples.shift();
    const [[from, first]] = this.samples;
    return time > from ? (count - first) * 1e9 / (time - from) : 0;
  }
}

export class KmsPanel {
  constructor(element) {
    this.element = element;
    this.rates = new Map();
    this.thumbnails = new Map();
    this.empty = h("p", { class: "empty" }, "No device has been added yet.");
    this.list = h("div");
    element.append(this.list, this.empty);
  }

  show({ devices, time }) {
    this.empty.hidden = devices.items.length > 0;
    this.time = time;
    keyed(this.list, devices.items, ({ name }) => name, (device) => this.makeDevice(device), (element, device) => {
      setText(element.info, `${device.driver} · ${device.bus}${device.suspended ? " · suspended" : ""}`);
      const { kms } = device;
      element.none.hidden = kms !== undefined;
      this.commits = this.rate(`${device.name} commits`, kms?.commits ?? 0);
      const connectors = kms?.connectors.items ?? [];
      keyed(
        element.crtcs,
        kms?.crtcs ?? [],
        ({ id }) => id,
        (crtc) => this.makeCrtc(crtc),
        (block, crtc) => this.showCrtc(block, device, crtc),
      );
      keyed(element.connectors, connectors, ({ id }) => id, () => h("span"), showConnector);
    });
  }

  rate(name, count) {
    if (!this.rates.has(name)) this.rates.set(name, new Rate());
    return this.rates.get(name).add(this.time, count);
  }

  makeDevice(device) {
    const parts = {
      info: h("small"),
      none: h("p", { class: "faint" }, "A device without displays."),
      crtcs: h("div"),
      connectors: h("div", { class: "connectors" }),
    };
    const name = device.render === undefined ? device.name : `${device.name} · ${device.render}`;
    const heading = h(
      "h3",
      { title: `${device.desc} ${device.version}: ${device.features.join(", ")}` },
      name,
      parts.info,
    );
    const element = h(
      "section",
      { class: "device", "aria-label": device.name },
      heading,
      parts.none,
      parts.crtcs,
      parts.connectors,
    );
    return Object.assign(element, parts);
  }

  makeCrtc(crtc) {
    const parts = {
      mode: h("span", { class: "mono" }),
      fps: h("span", { class: "fps" }),
      stage: h("div", { class: "stage" }),
      planes: h("div"),
      rest: h("p", { class: "rest" }),
    };
    const heading = h(
      "header",
      {},
      h("h4", {}, crtc.name),
      h("span", { class: "faint" }, `#${crtc.id}`),
      parts.mode,
      parts.fps,
    );
    return Object.assign(h("div", { class: "crtc" }, heading, parts.stage, parts.planes, parts.rest), parts);
  }

  showCrtc(block, device, crtc) {
    const { mode, id } = crtc;
    const planes = device.kms.planes.filter((plane) => plane.crtc === id).sort((a, b) => b.zpos - a.zpos);
    const words = [
      crtc.active ? `${mode?.width}×${mode?.height}@${mode?.refresh}` : "off",
      ...crtc.connectors.map((name) => `→ ${name}`),
      ...crtc.color,
      crtc.vrr ? "VRR" : "",
    ];
    setText(block.mode, words.filter((word) => word !== "").join(" "));
    const frames = this.rate(`${device.name} ${id}`, crtc.frame);
    block.fps.replaceChildren(
      ...(crtc.active
        ? [h("b", {}, this.commits.toFixed(0)), " commits/s, ", h("b", {}, frames.toFixed(0)), " Hz"]
        : []),
    );
    block.stage.hidden = !crtc.active || mode === undefined;
    if (!block.stage.hidden) this.showStage(block.stage, mode, [...planes].reverse());
    keyed(
      block.planes,
      planes,
      (plane) => plane.id,
      (plane) => this.makePlane(block, plane),
      (row, plane) => this.showPlane(row, plane, device.kms.framebuffers.items.find((fb) => fb.id === plane.fb)),
    );
    const off = device.kms.planes.filter((plane) => plane.crtc === 0 && plane.fb === 0);
    block.rest.hidden = off.length === 0 || crtc.id !== device.kms.crtcs[0].id;
    setText(block.rest, `Off: ${off.map((plane) => plane.name).join(", ")}`);
  }

  showStage(stage, mode, planes) {
    stage.style.aspectRatio = `${mode.width} / ${mode.height}`;
    stage.style.maxHeight = "240px";
    const percent = (part, whole) => `${part * 100 / whole}%`;
    keyed(stage, planes, ({ id }) => id, ({ id, type }) => {
      const canvas = h("canvas", { "aria-hidden": "true" });
      return Object.assign(h("div", { class: `layer ${type}`, "data-plane": id }, canvas), { canvas });
    }, (layer, plane) => {
      const { dst } = plane;
      Object.assign(layer.style, {
        left: percent(dst.x, mode.width),
        top: percent(dst.y, mode.height),
        width: percent(dst.width, mode.width),
        height: percent(dst.height, mode.height),
        opacity: plane.alpha,
      });
      layer.title = plane.name;
      if (plane.thumbnail) draw(layer.canvas, plane.thumbnail);
    });
  }

  makePlane(block, plane) {
    const light = (on) => block.stage.querySelector(`[data-plane="${plane.id}"]`)?.classList.toggle("lit", on);
    const parts = {
      canvas: h("canvas", { "aria-hidden": "true" }),
      what: h("span", { class: "faint" }),
      geometry: h("div", { class: "geometry" }),
    };
    const thumb = h("div", { class: "thumb" }, parts.canvas);
    const what = h(
      "div",
      { class: "what" },
      h("b", {}, plane.name),
      h("span", { class: "chip" }, plane.type),
      parts.what,
    );
    const listeners = { onmouseenter: () => light(true), onmouseleave: () => light(false) };
    const row = h("div", { class: `plane ${plane.type}`, ...listeners }, thumb, h("div", {}, what, parts.geometry));
    return Object.assign(row, parts, { thumb });
  }

  showPlane(row, plane, fb) {
    if (plane.thumbnail) draw(row.canvas, plane.thumbnail);
    const { src, dst } = plane;
    const linear = fb === undefined || fb.modifier === "0x0";
    setText(
      row.what,
      fb === undefined
        ? `fb ${plane.fb}`
        : `fb ${fb.id} ${fb.width}×${fb.height} ${fb.format}${linear ? "" : ` ${fb.modifier}`}`,
    );
    const place = ({ x, y, width, height }) => `${round(width)}×${round(height)}+${round(x)}+${round(y)}`;
    const same = src.width === dst.width && src.height === dst.height && src.x === 0 && src.y === 0;
    const extras = [
      `z ${plane.zpos}`,
      plane.alpha < 1 ? `α ${plane.alpha.toFixed(2)}` : "",
      ROTATIONS[plane.rotation & 15] ?? "",
      plane.rotation & 16 ? "mirrored ↔" : "",
      plane.rotation & 32 ? "mirrored ↕" : "",
      plane.visible ? "" : "not visible",
    ].filter((word) => word !== "");
    setText(row.geometry, `${same ? "" : `${place(src)} → `}${place(dst)}  ${extras.join("  ")}`);
  }
}

const round = (value) => Math.round(value * 100) / 100;

function showConnector(element, connector) {
  const [best] = connector.modes.items;
  const size = connector.widthMm > 0 ? ` · ${connector.widthMm}×${connector.heightMm} mm` : "";
  const mode = best === undefined ? "" : ` · ${best.width}×${best.height}@${best.refresh}`;
  element.className = `connector ${connector.status}`;
  const text = `${connector.status}${mode}${size}${
    connector.modes.count > 1 ? ` · ${connector.modes.count} modes` : ""
  }`;
  if (element.shown === text) return;
  element.shown = text;
  element.replaceChildren(
    h("span", { class: "dot", "aria-hidden": "true" }),
    h("b", {}, connector.name),
    ` ${connector.writeback ? "writeback" : text}`,
  );
}
