// The days on which a practice is shut are named on its page, come back after a reload, and stay
// until they have passed.
import { go } from "../going.mjs";

export default async function play({ open, shots, base }) {
  const { page, trouble } = await open();
  const found = {};
  await page.goto(`${base}/connections`);
  await go(page.getByRole("link", { name: "Harbour Allied Health" }));
  const shut = page.locator('[data-form="shut"]');
  const days = () => shut.getByLabel("Shut on").evaluateAll((all) => all.map((one) => one.value));
  const save = async () => {
    await shut.getByRole("button", { name: "Save" }).click();
    await shut.locator("[data-said]").filter({ hasText: "Saved." }).waitFor();
    await page.reload();
  };
  await page.evaluate(async () => {
    const { exchange } = await import("/static/api.js");
    const path = `/api/pms/connections/${document.querySelector("[data-connection]").dataset.connection}`;
    const { version } = await exchange("GET", path);
    await exchange("PATCH", path, { body: { settings: { closed_on: "2020-12-25,2026-12-26" } }, version });
  });
  await page.reload();
  found.before = await days();
  await shut.getByRole("button", { name: "Remove this day" }).click();
  for (const day of ["2027-01-01", "2026-12-25"]) {
    await shut.getByRole("button", { name: "Add a day" }).click();
    await shut.getByLabel("Shut on").last().fill(day);
  }
  await page.reload();
  await shut.locator("[data-said]").filter({ hasText: "is back" }).waitFor();
  found.typed = await days();
  await save();
  found.saved = await days();
  for (const scheme of ["light", "dark"]) {
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme: scheme });
      found[`width_${width}_${scheme}`] = await page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - innerWidth));
      await page.locator("#hours").screenshot({ path: `${shots}/shut-${width}-${scheme}.png` });
    }
  }
  await shut.getByRole("button", { name: "Remove this day" }).first().click();
  await shut.getByRole("button", { name: "Add a day" }).click();
  await save();
  found.after = await days();
  return { ...found, trouble };
}
