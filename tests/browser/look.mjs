// Opens HTML files in Chromium and prints as JSON what a reader would meet:
//   node look.mjs FILE... [--pictures FOLDER]
// For each file and width: axe's violations, the walk by keyboard, requests, console messages, overflow, print.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const SIZES = { wide: { width: 1100, height: 900 }, narrow: { width: 390, height: 844 } };
const OVERFLOWS = [320, 390, 1100];
const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];
const FOCUSABLE = "a[href], summary, button, input, select, textarea, [tabindex]:not([tabindex='-1'])";
// WCAG 1.4.12: a page must bear this spacing.
const SPACED = "* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important } p { margin-bottom: 2em !important }";

const words = process.argv.slice(2);
const at = words.indexOf("--pictures");
const pictures = at < 0 ? "" : words.splice(at, 2)[1];

const browser = await chromium.launch({
  executablePath: process.env.KPI_CHROMIUM || "/usr/bin/chromium",
  args: FLAGS,
});
const found = [];
try {
  for (const file of words) {
    const url = pathToFileURL(resolve(file)).href;
    for (const [name, viewport] of Object.entries(SIZES)) {
      found.push({ file, width: viewport.width, ...(await looked(url, viewport, join(pictures, `${basename(file, ".html")}-${name}`))) });
    }
  }
} finally {
  await browser.close();
}
console.log(JSON.stringify(found, null, 1));

async function looked(url, viewport, picture) {
  const context = await browser.newContext({ viewport, locale: "en-GB", reducedMotion: "reduce" });
  const page = await context.newPage();
  page.setDefaultTimeout(20000);
  const requests = [], said = [];
  context.on("request", (request) => requests.push(request.url().split("#")[0]));
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  page.on("dialog", (dialog) => { said.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  await page.goto(url);
  if (pictures) await page.screenshot({ path: `${picture}.png`, fullPage: true });
  if (pictures) await page.screenshot({ path: `${picture}-first.png` });
  const result = { closed: await violations(page), skip: await skips(page, url), walk: await walked(page, url) };
  result.details = await opened(page, url);
  result.open = await violations(page);
  result.walk_open = await walked(page);
  result.overflow = await overflows(page, viewport);
  result.unprinted = await unprinted(page);
  result.lonely = await page.evaluate(() => {
    const tops = [...document.querySelectorAll(".tally")].map((tile) => tile.getBoundingClientRect().top);
    const rows = [...new Set(tops)].map((top) => tops.filter((one) => one === top).length);
    return rows[0] > 1 && rows.at(-1) === 1;
  });
  result.ids = await page.evaluate(() => {
    const ids = [...document.querySelectorAll("[id]")].map((held) => held.id);
    return ids.filter((id, n) => ids.indexOf(id) !== n);
  });
  result.dead_links = await page.evaluate(() =>
    [...document.querySelectorAll('a[href^="#"]')].map((a) => a.getAttribute("href")).filter((h) => !document.getElementById(h.slice(1))));
  result.elsewhere = [...new Set(requests)].filter((asked) => asked !== url);
  result.console = said;
  await context.close();
  return result;
}

async function violations(page) {
  await page.evaluate(AXE);
  const result = await page.evaluate((tags) => window.axe.run(document, { runOnly: tags, resultTypes: ["violations", "incomplete"] }), RULES);
  const brief = (held) => held.map((rule) => ({ rule: rule.id, help: rule.help, where: rule.nodes.slice(0, 5).map((node) => `${node.target} ${(node.any[0] || node.all[0] || node.none[0] || {}).message || ""}`) }));
  return { violations: brief(result.violations), unsure: brief(result.incomplete), passes: result.passes.length };
}

// The first Tab shows the skip link; Enter puts the next Tab inside the report.
async function skips(page, url) {
  await page.goto(url);
  await page.keyboard.press("Tab");
  const first = await page.evaluate(() => {
    const held = document.activeElement, box = held.getBoundingClientRect();
    return { tag: held.tagName, text: held.textContent.trim(), seen: box.top >= 0 && box.left >= 0 && box.bottom > box.top };
  });
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  const inside = await page.evaluate(() => document.querySelector("main")?.contains(document.activeElement) === true);
  return { ...first, inside };
}

// Tab from the top to the end: what was missed, came out of order, or showed no focus.
async function walked(page, url) {
  if (url) await page.goto(url);
  const total = await page.evaluate((selector) => {
    const held = [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility({ visibilityProperty: true }));
    held.forEach((one, n) => { one.dataset.tab = n; });
    return held.length;
  }, FOCUSABLE);
  // Back to the top, where the page was not opened anew.
  if (!url) await page.evaluate(() => { scrollTo(0, 0); const top = document.createElement("span"); top.tabIndex = -1; document.body.prepend(top); top.focus(); top.remove(); });
  const order = [], unseen = [];
  for (let n = 0; n < total + 5; n += 1) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const held = document.activeElement;
      if (!held || held === document.body) return null;
      const style = getComputedStyle(held), box = held.getBoundingClientRect();
      const there = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
      return { n: Number(held.dataset.tab ?? -1), text: held.textContent.trim().slice(0, 60), ringed: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2, there };
    });
    if (stop === null || order.includes(stop.n)) break;
    order.push(stop.n);
    if (!stop.ringed || !stop.there) unseen.push(stop.text);
  }
  const missed = await page.evaluate((reached) => [...document.querySelectorAll("[data-tab]")].filter((one) => !reached.includes(Number(one.dataset.tab))).map((one) => one.textContent.trim().slice(0, 60)), order);
  const disordered = order.filter((n, i) => i > 0 && n < order[i - 1]).length;
  await page.evaluate(() => document.querySelectorAll("[data-tab]").forEach((one) => { delete one.dataset.tab; }));
  return { total, missed, unseen, disordered };
}

async function opened(page, url) {
  await page.goto(url);
  const summaries = await page.locator("summary").all();
  let shut = 0;
  for (const summary of summaries) {
    await summary.focus();
    await page.keyboard.press("Enter");
    if (!(await summary.evaluate((held) => held.parentElement.open))) shut += 1;
  }
  return { total: summaries.length, shut };
}

// What makes the page scroll sideways, at each width, as it is and with wider spacing; every detail is open.
async function overflows(page, viewport) {
  const wide = [];
  for (const spaced of [false, true]) {
    await page.evaluate((css) => { const sheet = new CSSStyleSheet(); sheet.replaceSync(css); document.adoptedStyleSheets = [sheet]; }, spaced ? SPACED : "");
    for (const width of OVERFLOWS) {
      await page.setViewportSize({ width, height: 900 });
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (over <= 0) continue;
      const by = await page.evaluate(() => [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".scroll")).slice(0, 3).map((one) => `${one.tagName}.${one.className}`));
      wide.push({ width, spaced, over, by });
    }
  }
  await page.evaluate(() => { document.adoptedStyleSheets = []; });
  await page.setViewportSize(viewport);
  return wide;
}

// Details that are shut stay readable on paper.
async function unprinted(page) {
  await page.evaluate(() => document.querySelectorAll("details").forEach((one) => { one.open = false; }));
  await page.emulateMedia({ media: "print" });
  await page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));
  const lost = await page.evaluate(() => [...document.querySelectorAll("details")].filter((one) => ![...one.querySelectorAll("td, p, li")].some((cell) => cell.checkVisibility() && cell.getBoundingClientRect().height > 0)).length);
  if (pictures) await page.pdf({ path: join(pictures, "printed.pdf"), preferCSSPageSize: true });
  await page.emulateMedia({ media: null });
  return lost;
}
