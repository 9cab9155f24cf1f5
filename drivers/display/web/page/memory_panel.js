// GEM objects, framebuffers and dma-bufs; clients.

import { bytes, h, keyed, Table } from "./dom.js";

const more = ({ items, count }) => count > items.length ? `${items.length} of ${count}` : `${count}`;

function sized(size, largest) {
  const bar = h("span", { class: "bar-of" });
  bar.style.width = `${Math.max(2, 100 * size / largest)}%`;
  return h("span", {}, bytes(size), bar);
}

export class MemoryPanel {
  constructor(element) {
    this.list = h("div");
    this.buffers = new Table("dma-bufs", [
      ["inode", ({ inode }) => inode],
      ["size", ({ size }) => bytes(size), true],
      ["exporter", ({ exporter, name }) => name === "" ? exporter : `${exporter} “${name}”`],
      ["refs", ({ references }) => references, true],
      ["attached", ({ attached }) => attached, true],
    ]);
    element.append(this.list, this.buffers.element);
  }

  show({ devices, dmaBufs }) {
    keyed(this.list, devices.items, ({ name }) => name, (device) => this.make(device), (element, device) => {
      const { objects, kms } = device;
      const fbs = new Map();
      for (const fb of kms?.framebuffers.items ?? []) {
        for (const number of fb.objects) fbs.set(number, [...fbs.get(number) ?? [], fb.id]);
      }
      element.largest = objects.items[0]?.size ?? 1;
      element.fbs = fbs;
      element.objects.show(objects.items, ({ number }) => number, `${more(objects)} · ${bytes(objects.bytes)}`);
      element.framebuffers.element.hidden = kms === undefined;
      if (kms) element.framebuffers.show(kms.framebuffers.items, ({ id }) => id, more(kms.framebuffers));
    });
    this.buffers.element.hidden = dmaBufs.count === 0;
    this.buffers.show(dmaBufs.items, ({ inode }) => inode, more(dmaBufs));
  }

  make(device) {
    const element = h("section", { class: "device", "aria-label": device.name });
    element.objects = new Table("GEM objects", [
      ["#", ({ number }) => number],
      ["size", ({ size }) => sized(size, element.largest)],
      ["handles (pid:handle)", (object) => handles(object)],
      ["fb", ({ number }) => (element.fbs.get(number) ?? []).join(" ")],
      [
        "shared",
        ({ dmaBuf, name, imported }) =>
          [dmaBuf ? `dma-buf ${dmaBuf}` : "", name ? `name ${name}` : "", imported ? "imported" : ""].filter((word) =>
            word
          ).join(", "),
      ],
      ["refs", ({ references }) => references, true],
      ["pending", ({ pending }) => pending || "", true],
    ]);
    element.framebuffers = new Table("Framebuffers", [
      [
        "id",
        ({ id, shown }) =>
          h(
            "span",
            {},
            h("span", { class: shown ? "dot on" : "dot", title: shown ? "shown" : "not shown" }),
            String(id),
          ),
      ],
      ["size", ({ width, height }) => `${width}×${height}`],
      ["format", ({ format, modifier }) => modifier === "0x0" ? format : `${format} ${modifier}`],
      ["pitch", ({ pitches }) => pitches.join(" "), true],
      ["object", ({ objects }) => objects.map((number) => `#${number}`).join(" ")],
      ["by", ({ comm }) => comm],
    ]);
    element.append(
      h("h3", {}, device.name, h("small", {}, device.driver)),
      element.objects.element,
      element.framebuffers.element,
    );
    return element;
  }
}

function handles({ handles, handleCount }) {
  const text = handles.map(({ pid, handle }) => `${pid}:${handle}`).join(" ");
  return handleCount > handles.length ? `${text} … ${handleCount}` : text || "none";
}

export class ClientPanel {
  constructor(element) {
    this.list = h("div");
    element.append(this.list);
  }

  show({ devices }) {
    keyed(this.list, devices.items, ({ name }) => name, (device) => {
      const table = new Table("Clients", [
        ["client", ({ comm, name }) => name === "" ? comm : `${comm} “${name}”`],
        ["pid", ({ pid }) => pid, true],
        ["uid", ({ uid }) => uid, true],
        ["node", ({ node }) => node],
        ["may", ({ master, authenticated }) => master ? "master" : authenticated ? "authenticated" : ""],
        ["handles", ({ handles }) => handles, true],
        ["syncobjs", ({ syncobjs }) => syncobjs, true],
        ["capabilities", ({ capabilities }) => capabilities.join(" ").toLowerCase()],
      ]);
      const heading = h("h3", {}, device.name, h("small", {}, `${device.driver} ${device.version} · ${device.desc}`));
      return Object.assign(h("section", { class: "device", "aria-label": device.name }, heading, table.element), {
        table,
      });
    }, (element, { clients }) => {
      const numbered = clients.items.map((client, i) => ({ ...client, key: `${client.node} ${client.pid} ${i}` }));
      element.table.show(numbered, ({ key }) => key, more(clients));
    });
  }
}
