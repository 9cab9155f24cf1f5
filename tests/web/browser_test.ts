/// <reference lib="dom" />
// The page in a real browser: headless Chromium by playwright-core. What the canvas shows is compared with what the client drew, and
// what is typed and clicked with what the system hears.

import { assert, assertEquals } from "@std/assert";
import { type Browser, chromium, type Page } from "playwright-core";
import { TEST_COLORS, TEST_OVERLAY, TEST_SIZE, TestSite } from "./test_site.ts";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});

if (CHROMIUM === undefined) {
  console.error("NO BROWSER: the page of --display web is not tested; `deno task setup --for test` installs chromium");
}

// The browser's client keeps sockets and timers of its own beyond a test.
const loose = { ignore: CHROMIUM === undefined, sanitizeOps: false, sanitizeResources: false };

interface Visit {
  readonly page: Page;
  readonly problems: string[];
}

/** A page at the site, with everything that it complains of. */
async function visit(browser: Browser, url: string): Promise<Visit> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const problems: string[] = [];
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("requestfailed", (request) => problems.push(`failed: ${request.url()}`));
  page.on("request", (request) => {
    if (!/^(http|ws):\/\/127\.0\.0\.1:|^data:|^blob:/.test(request.url())) problems.push(`elsewhere: ${request.url()}`);
  });
  await page.goto(url);
  await page.waitForSelector("body[data-ready=yes]");
  await page.waitForSelector("#screen-state[data-state=on]");
  return { page, problems };
}

const launch = (): Promise<Browser> => chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });

/** The colour of a pixel of the screen's canvas, 0xrrggbb. */
function colorAt(page: Page, x: number, y: number): Promise<number> {
  return page.evaluate(([x, y]) => {
    const canvas = document.querySelector<HTMLCanvasElement>("#screen canvas");
    const [r, g, b] = canvas?.getContext("2d")?.getImageData(x, y, 1, 1).data ?? [];
    return r << 16 | g << 8 | b;
  }, [x, y] as const);
}

async function until(condition: () => Promise<boolean> | boolean, what: string): Promise<void> {
  const end = performance.now() + 15_000;
  while (!await condition()) {
    assert(performance.now() < end, `${what} in time`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

Deno.test({ name: "the page shows what the client drew, pixel by pixel", ...loose }, async () => {
  await using site = new TestSite();
  await using browser = await launch();
  const { page, problems } = await visit(browser, site.web.url);
  const { width, height } = TEST_SIZE;
  await until(async () => await colorAt(page, 1, 1) === TEST_COLORS[0], "the picture");
  const places = [[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1]] as const;
  for (const [i, [x, y]] of places.entries()) assertEquals(await colorAt(page, x, y), TEST_COLORS[i], `${x},${y}`);
  assertEquals(await colorAt(page, width / 2, height / 2), TEST_OVERLAY);
  assertEquals(await page.textContent("#screen-state"), `${width} × ${height}`);
  assertEquals(problems, []);
});

Deno.test(
  { name: "the inspector lists device, planes, buffers, clients and the latest requests", ...loose },
  async () => {
    await using site = new TestSite();
    await using browser = await launch();
    const { page, problems } = await visit(browser, site.web.url);
    await page.waitForSelector("#panel-kms .plane");
    const text = async (selector: string) => await page.innerText(selector);
    const kms = await text("#panel-kms");
    for (const word of ["card0", "vkms", "640×480@60", "DP-1 connected", "128×96+256+192"]) {
      assert(
        kms.includes(word),
        `${word} in ${kms}`,
      );
    }
    const thumb = await page.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>("#panel-kms .plane.primary canvas");
      const [r, g, b] = canvas?.getContext("2d")?.getImageData(4, 4, 1, 1).data ?? [];
      return r << 16 | g << 8 | b;
    });
    assertEquals(thumb, TEST_COLORS[0]);
    site.card.capability(5);
    await until(async () => (await text("#events")).includes("GET_CAP card0"), "the request");
    try {
      site.card.removeFramebuffer(99999);
    } catch { /* that is what the trace is to show */ }
    await until(async () => (await page.innerText("#events .failed >> nth=0")) !== "", "the refusal");
    assert((await text("#events")).includes("ENOENT"));
    await page.fill("#filter", "get_cap");
    assertEquals(await page.locator("#events li:visible", { hasText: "RMFB" }).count(), 0);
    assert(await page.locator("#events li:visible", { hasText: "GET_CAP" }).count() > 0);
    await page.click("#tab-memory");
    assert((await text("#panel-memory")).includes("4242:1"));
    assert((await text("#panel-memory")).includes("1.2 MiB"));
    await page.click("#tab-clients");
    assert((await text("#panel-clients")).includes("painter"));
    await page.keyboard.press("ArrowLeft");
    assertEquals(await page.getAttribute("#tab-fences", "aria-selected"), "true");
    assertEquals(problems, []);
  },
);

Deno.test({ name: "keys and clicks on the screen reach the system", ...loose }, async () => {
  await using site = new TestSite();
  await using browser = await launch();
  const { page } = await visit(browser, site.web.url);
  const canvas = page.locator("#screen canvas");
  const box = await canvas.boundingBox();
  assert(box !== null);
  await page.mouse.click(box.x + box.width / 4, box.y + box.height / 2);
  await until(() => site.heard.some((line) => line.endsWith(" 1")), "the click");
  const [, x, y] = (site.heard.find((line) => line.endsWith(" 1")) ?? "").split(" ").map(Number);
  assert(Math.abs(x - TEST_SIZE.width / 4) <= 2 && Math.abs(y - TEST_SIZE.height / 2) <= 2, `clicked at ${x},${y}`);
  site.heard.length = 0;
  await page.keyboard.press("a");
  await page.mouse.wheel(0, 120);
  await until(
    () => site.heard.includes("key 30 up") && site.heard.some((line) => line.startsWith("wheel 1")),
    "key and wheel",
  );
  assert(site.heard.indexOf("key 30 down") < site.heard.indexOf("key 30 up"));
});

Deno.test({ name: "the inspector costs nothing once the page is gone", ...loose }, async () => {
  await using site = new TestSite();
  await using browser = await launch();
  const { page } = await visit(browser, site.web.url);
  await until(() => site.inspector.watching, "watching");
  assertEquals(site.web.viewers, 1);
  await page.close();
  await until(() => !site.inspector.watching && site.web.viewers === 0 && site.web.watchers === 0, "the end of it");
  assertEquals(site.system.trace.enabled, false);
});

Deno.test({ name: "a page of another site gets nothing", ...loose }, async () => {
  await using site = new TestSite({ token: "known" });
  await using other = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response("<title>evil</title>", { headers: { "content-type": "text/html" } }),
  );
  await using browser = await launch();
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${other.addr.port}/`);
  // Even with the secret: neither the socket opens, nor can the answer be read, nor the page be framed.
  const outcome = await page.evaluate(async (url) => {
    const socket = new WebSocket(`${url.replace(/^http/, "ws")}inspect`);
    const opened = await new Promise((resolve) => {
      socket.onopen = () => resolve(true);
      socket.onclose = () => resolve(false);
    });
    const read = await fetch(url).then(() => true, () => false);
    return { opened, read };
  }, site.web.url);
  assertEquals(outcome, { opened: false, read: false });
});
