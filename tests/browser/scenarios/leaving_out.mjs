// What a practice leaves out is switched off on its page, stays so, and is told under its abilities.
import { go } from "../going.mjs";

export default async function play({ open, shots, base }) {
  const { page, trouble } = await open();
  const found = {};
  await page.goto(`${base}/connections`);
  await go(page.getByRole("link", { name: "Harbour Allied Health" }));
  const data = page.locator('[data-form="data"]');
  const held = () => data.locator("[data-keep]:checked").evaluateAll((all) => all.map((one) => one.dataset.keep));
  found.before = await held();
  found.loss = await data.locator("#keep_phone-hint").textContent();
  await data.getByLabel("Phone").uncheck();
  await data.getByLabel("Notes").uncheck();
  await data.getByRole("button", { name: "Save" }).click();
  await data.locator("[data-said]").filter({ hasText: "Saved." }).waitFor();
  await page.reload();
  found.after = await held();
  found.abilities = await page.locator("#abilities").textContent();
  for (const scheme of ["light", "dark"]) {
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme: scheme });
      found[`width_${width}_${scheme}`] = await page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - innerWidth));
      await page.locator("#data").screenshot({ path: `${shots}/data-${width}-${scheme}.png` });
    }
  }
  await data.getByLabel("Phone").check();
  await data.getByLabel("Notes").check();
  await data.getByRole("button", { name: "Save" }).click();
  await data.locator("[data-said]").filter({ hasText: "Saved." }).waitFor();
  await page.reload();
  found.back = await held();
  return { ...found, trouble };
}
