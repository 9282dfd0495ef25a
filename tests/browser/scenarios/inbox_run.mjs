// A whole sync is undone, after what it did was shown again.
export default async function play({ open, base }) {
  const { page, trouble } = await open();
  await page.goto(`${base}/conflicts`);
  const found = {};
  const becomes = (count) => page.waitForFunction((wanted) => document.querySelectorAll(".dispute").length === wanted, count);
  const sync = page.locator(".runs li").first();
  await sync.getByRole("button", { name: "Undo this sync" }).click();
  await page.locator("[data-sure][open]").waitFor();
  found.asked = await page.locator("[data-sure-text]").textContent();
  await page.locator("[data-sure-yes]").click();
  found.run = await page.locator("[data-toasts] p", { hasText: "Undone:" }).textContent();
  await sync.locator(".undone").waitFor();
  found.marked = await sync.locator(".undone").textContent();
  await becomes(1);
  found.left = await page.locator(".dispute").count();
  await sync.getByRole("button", { name: "Do it again" }).click();
  await page.locator("[data-sure-yes]").click();
  found.again = await page.locator("[data-toasts] p", { hasText: "Done again:" }).textContent();
  await becomes(3);
  await sync.getByRole("button", { name: "Undo this sync" }).waitFor();
  return { ...found, trouble };
}
