// The page: the screen, the inspector, and the buttons above them.

import { h } from "./dom.js";
import { Feed } from "./feed.js";
import { Inspector } from "./panels.js";
import { Screen } from "./screen.js";

const byId = (id) => document.getElementById(id);

const { screens, inspector: inspected, viewOnly } = await (await fetch("screens")).json();

const screen = new Screen(byId("screen"), byId("screen-state"), viewOnly);
byId("view-only").hidden = !viewOnly;
const choice = byId("screens");
choice.append(...screens.map((name, i) => h("option", { value: String(i) }, name)));
byId("screen-choice").hidden = screens.length < 2;
choice.addEventListener("change", () => screen.show(Number(choice.value)));
screen.show(0);

const toggle = (id, change) => {
  const button = byId(id);
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    change(on);
  });
};
toggle("fit", (on) => screen.setFit(on));
byId("full").addEventListener("click", () => byId("screen").requestFullscreen());

const root = document.documentElement;
try {
  root.dataset.theme = localStorage.getItem("udrm-theme") ?? "";
} catch { /* a browser that keeps nothing */ }
byId("theme").addEventListener("click", () => {
  const dark = getComputedStyle(document.body).backgroundColor === "rgb(14, 17, 23)";
  root.dataset.theme = dark ? "light" : "dark";
  try {
    localStorage.setItem("udrm-theme", root.dataset.theme);
  } catch { /* a browser that keeps nothing */ }
});

if (inspected) {
  const inspector = new Inspector();
  toggle("pause", (on) => inspector.paused = on);
  new Feed((inspection) => inspector.hear(inspection));
} else {
  document.querySelector("main").classList.add("alone");
  for (const id of ["inspector", "trace", "pause", "memory"]) byId(id).hidden = true;
  byId("no-inspector").hidden = false;
}
document.body.dataset.ready = "yes";
