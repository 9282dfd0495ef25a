// Somebody who may only look sees everything and can change nothing.
import { go } from "../going.mjs";

export default async function play({ open, base }) {
  const { page, trouble } = await open();
  await page.goto(`${base}/connections`);
  const buttons = await page.locator("#connections button").count();
  await go(page.getByRole("link", { name: "Harbour Allied Health" }));
  const enabled = await page.locator("[data-form] input:enabled:not([type=search]), [data-form] select:enabled, [data-form] button:enabled").count();
  const name = await page.getByLabel("Name", { exact: true }).inputValue();
  const answer = await page.goto(`${base}/setup`);
  return { buttons, enabled, name, refused: answer.status(), trouble: trouble.filter((one) => !one.includes("status of 403 ")) };
}
