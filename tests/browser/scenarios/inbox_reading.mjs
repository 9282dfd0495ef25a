// Contrast of every text of the inbox, in both lights.
import { measure } from "./reading.mjs";

export default async function play({ open, base }) {
  const found = {};
  for (const colorScheme of ["light", "dark"]) {
    const { page } = await open({ colorScheme });
    await page.goto(`${base}/conflicts`);
    found[colorScheme] = await page.evaluate(measure);
    const theirs = page.getByRole("button", { name: "Take theirs", exact: true }).first();
    const left = (await page.locator(".dispute").count()) - 1;
    await theirs.click();
    await page.waitForFunction((count) => document.querySelectorAll(".dispute").length === count, left);
    await page.goto(`${base}/conflicts?state=settled`);
    found[`settled ${colorScheme}`] = await page.evaluate(measure);
  }
  return found;
}
