// All at once: counted first, taken back right after.
export default async function play({ open, shots, base }) {
  const { page, trouble } = await open();
  await page.goto(`${base}/conflicts`);
  const found = {};
  const becomes = (count) => page.waitForFunction((wanted) => document.querySelectorAll(".dispute").length === wanted, count);
  const all = page.getByRole("button", { name: "Take theirs in all" });
  await all.click();
  await page.locator("[data-sure][open]").waitFor();
  found.asked = await page.locator("[data-sure-title]").textContent();
  await page.screenshot({ path: `${shots}/conflicts-sure.png` });
  await page.getByRole("button", { name: "Cancel" }).click();
  await becomes(3);
  found.cancelled = await page.locator(".dispute").count();
  await all.click();
  await page.getByRole("button", { name: "Take theirs", exact: true }).and(page.locator("[data-sure-yes]")).click();
  await becomes(0);
  found.said = await page.locator("[data-undo-said]").textContent();
  found.empty = await page.locator(".inbox .nothing h2").textContent();
  await page.screenshot({ path: `${shots}/conflicts-empty.png` });
  await page.locator("[data-undo-last]").click();
  await becomes(3);
  found.reopened = await page.locator(".dispute").count();
  return { ...found, trouble };
}
