// The screen: noVNC on a WebSocket to the RFB server, connected anew when the connection breaks.

import RFB from "npm:@novnc/novnc@1.7.0"; // the server writes where it gives it
import { h, setText } from "./dom.js";

const AGAIN_MS = 1000;

export class Screen {
  constructor(place, state, viewOnly) {
    this.place = place;
    this.state = state;
    this.viewOnly = viewOnly;
    this.index = 0;
    this.fit = true;
    this.rfb = undefined;
    this.timer = 0;
  }

  say(kind, text) {
    this.state.dataset.state = kind;
    setText(this.state, text);
  }

  /** Shows a screen. */
  show(index) {
    clearTimeout(this.timer);
    this.index = index;
    const old = this.rfb;
    this.rfb = undefined;
    old?.disconnect();
    this.say("wait", "connecting");
    const target = h("div");
    this.place.replaceChildren(target);
    const url = new URL(`rfb?screen=${index}`, location.href.replace(/^http/, "ws"));
    const rfb = new RFB(target, url.href, { wsProtocols: ["binary"], shared: true });
    this.rfb = rfb;
    rfb.viewOnly = this.viewOnly;
    rfb.scaleViewport = this.fit;
    rfb.background = "transparent";
    rfb.addEventListener("connect", () => {
      if (this.rfb === rfb) this.connected(rfb, target);
    });
    rfb.addEventListener("disconnect", () => {
      if (this.rfb !== rfb) return;
      this.say("off", "the connection is lost");
      this.timer = setTimeout(() => this.show(this.index), AGAIN_MS);
    });
  }

  connected(rfb, target) {
    const canvas = target.querySelector("canvas");
    const size = () => {
      if (this.rfb === rfb) this.say("on", `${canvas.width} × ${canvas.height}`);
    };
    const use = this.viewOnly ? "to look at only" : "keys and pointer go there";
    canvas.setAttribute("aria-label", `Screen of the system: ${use}`);
    new MutationObserver(size).observe(canvas, { attributes: true, attributeFilter: ["width", "height"] });
    size();
    rfb.focus();
  }

  setFit(on) {
    this.fit = on;
    if (this.rfb) {
      this.rfb.scaleViewport = on;
      this.rfb.clipViewport = !on;
      this.rfb.dragViewport = false;
    }
  }
}
