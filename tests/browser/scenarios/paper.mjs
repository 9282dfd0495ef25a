// A sheet on paper, printed from a dark screen: nothing is pale, nothing is cut, and it says of when it is.
import { measure } from "./reading.mjs";

const shown = (one) => one.checkVisibility();

// In the page: the words that do not fit into their place.
function cut() {
  const texts = [...document.querySelectorAll("#board h2, #board .who, #board .kind, #board .note .field, #board .chip")];
  return texts.filter((one) => one.checkVisibility() && one.clientWidth && one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent.trim());
}

export default async function play({ open, base, shots }) {
  const { page } = await open({ width: 1047, height: 740 });
  await page.locator("[data-theme-toggle]").click();
  const found = { pale: {}, cut: {} };
  for (const day of ["2026-11-23", "2026-11-25"]) {
    await page.goto(`${base}/?date=${day}`);
    await page.locator("#board").waitFor();
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    await page.emulateMedia({ media: "print" });
    found.pale[day] = await page.evaluate(measure);
    found.cut[day] = await page.evaluate(cut);
    await page.screenshot({ path: `${shots}/paper-${day}.png`, fullPage: true });
    found.printed = await page.locator("[data-printed]").textContent();
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
