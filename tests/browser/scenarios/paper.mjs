// A sheet on paper, printed from a dark screen: nothing is pale, nothing is cut, and it says of when it is.
import { measure } from "./reading.mjs";

const shown = (one) => one.checkVisibility();

// In the page: the words that do not fit into their place.
function cut() {
  const texts = [...document.querySelectorAll("#board h2, #board .who, #board .kind, #board .note .field, #board .chip")];
  return texts.filter((one) => one.checkVisibility() && one.clientWidth && one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent.trim());
}

// In the page: the words of a type that go on in another line, though one has room for them.
function broken() {
  const parts = ({ firstChild: text }) => [...(text?.data ?? "").matchAll(/\S+/g)].map(({ 0: word, index }) => {
    const range = document.createRange();
    range.setStart(text, index);
    range.setEnd(text, index + word.length);
    return [word, range.getClientRects().length];
  });
  return [...document.querySelectorAll("#board .kind")].flatMap(parts).filter(([word, lines]) => lines > 1 && word.length < 20).map(([word]) => word);
}

export default async function play({ open, base, shots }) {
  const { page } = await open({ width: 1047, height: 740 });
  await page.locator("[data-theme-toggle]").click();
  const found = { pale: {}, cut: {}, broken: {} };
  for (const day of ["2026-11-23", "2026-11-25"]) {
    await page.goto(`${base}/?date=${day}`);
    await page.locator("#board").waitFor();
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    await page.emulateMedia({ media: "print" });
    found.pale[day] = await page.evaluate(measure);
    found.cut[day] = await page.evaluate(cut);
    await page.screenshot({ path: `${shots}/paper-${day}.png`, fullPage: true });
    found.printed = await page.locator("[data-printed]").textContent();
    found.year = await page.locator("h1 span").last().evaluate((one) => one.offsetWidth > 1);
    await page.setViewportSize({ width: 718, height: 1046 });
    found.broken[day] = await page.evaluate(broken);
    await page.setViewportSize({ width: 1047, height: 740 });
    found.frame = await page.locator(".top").evaluate(shown);
    await page.emulateMedia({ media: "screen" });
  }
  await page.goto(`${base}/connections`);
  const ink = () => page.evaluate(() => getComputedStyle(document.body).color);
  found.inkOnScreen = await ink();
  await page.emulateMedia({ media: "print" });
  found.inkOnPaper = await ink();
  await page.emulateMedia({ media: "screen" });
  await page.goto(`${base}/`);
  found.onScreen = await page.locator("[data-printed]").evaluate(shown);
  return found;
}
