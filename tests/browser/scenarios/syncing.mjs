// Sync now: the page says what it waits for.
export default async function play({ open }) {
  const { page, trouble } = await open();
  await page.getByRole("button", { name: "Sync now" }).click();
  const line = page.locator("[data-progress-text]").filter({ hasText: "no sync worker" });
  await line.waitFor();
  return { line: await line.textContent(), trouble };
}
