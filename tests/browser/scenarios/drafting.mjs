// What was typed on a settings page comes back after a reload, and only that.
import { go } from "../going.mjs";

export default async function play({ open, shots, base }) {
  const { page, trouble } = await open();
  const found = {};
  await page.goto(`${base}/connections`);
  await go(page.getByRole("link", { name: "Harbour Allied Health" }));
  const hours = page.locator('[data-form="hours"]');
  const times = (day) => hours.locator(`[data-day="${day}"] [type=time]`).evaluateAll((all) => all.map((one) => one.value));
  await hours.getByLabel("Always open").uncheck();
  const monday = hours.locator('[data-day="mon"]');
  await monday.getByLabel("Monday opens").fill("09:00");
  await monday.getByRole("button", { name: "Add a shift" }).click();
  await monday.getByLabel("Monday closes").nth(1).fill("21:00");
  await hours.getByRole("button", { name: "Copy to Tue–Fri" }).click();
  await page.reload();
  await hours.locator("[data-said]").filter({ hasText: "is back" }).waitFor();
  found.monday = await times("mon");
  found.friday = await times("fri");
  found.labels = await hours.locator('[data-day="fri"] [type=time]').evaluateAll((all) => all.map((one) => one.getAttribute("aria-label")));
  await page.screenshot({ path: `${shots}/hours-back.png`, fullPage: true });
  await monday.getByLabel("Monday closes").first().fill("09:00");
  await hours.getByRole("button", { name: "Save" }).click();
  found.refused = await hours.locator("[data-error]").filter({ hasText: /\S/ }).textContent();

  const general = page.locator('[data-form="general"]');
  await general.getByLabel("Days ahead").fill("5");
  await page.evaluate(async () => {
    const { exchange } = await import("/static/api.js");
    const { connection } = document.querySelector("[data-connection]").dataset;
    const { version } = await exchange("GET", `/api/pms/connections/${connection}`);
    await exchange("PATCH", `/api/pms/connections/${connection}`, { body: { name: "Renamed By Robin" }, version });
  });
  await page.reload();
  found.name = await general.getByLabel("Name").inputValue();
  found.days = await general.getByLabel("Days ahead").inputValue();
  await general.getByRole("button", { name: "Save" }).click();
  await general.locator("[data-said]").filter({ hasText: "Saved." }).waitFor();
  found.left = await page.evaluate(() => Object.keys(sessionStorage).filter((key) => key.endsWith(":general")));
  return { ...found, trouble: trouble.filter((line) => !line.includes("status of 422 ")) };
}
