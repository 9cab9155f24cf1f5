/**
 * What the server gives to browsers: the page beside this file, and noVNC out of the npm cache. Nothing else of the file system.
 * @module
 */

import { refusal, SAFE_HEADERS } from "./guard.ts";

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

/** Names that a path may be made of: no dots that lead elsewhere. */
const SAFE_PATH = /^(?:[a-z0-9_-]+\/)*[a-z0-9_-]+\.(html|css|js|svg)$/;

/** The page's files. */
export const PAGE_FILES: readonly string[] = [
  "index.html",
  "style.css",
  "inspector.css",
  "icon.svg",
  "main.js",
  "dom.js",
  "screen.js",
  "feed.js",
  "panels.js",
  "kms_panel.js",
  "memory_panel.js",
  "fence_panel.js",
  "trace_panel.js",
];

/**
 * noVNC as a module. It runs in browsers alone, so nobody calls this; written out, it makes the package part of the module graph, and
 * so present in the cache.
 */
export const novncModule = (): Promise<unknown> => import("npm:@novnc/novnc@1.7.0");

// The package's folder. Its main file is core/rfb.js.
const novncFolder = (): URL => new URL("../", import.meta.resolve("npm:@novnc/novnc@1.7.0"));

/**
 * Answers with a file.
 *
 * @param path "/" for the page, "/main.js", "/novnc/core/rfb.js".
 */
export async function serveFile(path: string): Promise<Response> {
  const name = path === "/" ? "index.html" : path.slice(1);
  const found = SAFE_PATH.exec(name);
  if (found === null) return refusal(404, "There is no such file");
  const vendor = /^novnc\/((?:core|vendor)\/.*\.js)$/.exec(name);
  if (vendor === null && !PAGE_FILES.includes(name)) return refusal(404, "There is no such file");
  const url = vendor === null ? new URL(`page/${name}`, import.meta.url) : new URL(vendor[1], novncFolder());
  try {
    const file = await fetch(url);
    if (!file.ok) throw new Error(file.statusText);
    // Browsers know no packages: what a module of the page calls so lies here under this path.
    const body = vendor === null && found[1] === "js"
      ? (await file.text()).replaceAll('"npm:@novnc/novnc@1.7.0"', '"./novnc/core/rfb.js"')
      : await file.bytes();
    return new Response(body, { headers: { ...SAFE_HEADERS, "content-type": TYPES[found[1]] } });
  } catch {
    return refusal(404, "There is no such file");
  }
}
