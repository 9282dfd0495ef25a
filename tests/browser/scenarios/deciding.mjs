// A conflict shows both values and is settled with one click.
export default async function play({ open }) {
  const { page, trouble } = await open();
  const sides = await page.locator("#decisions .said").allTextContents();
  const badge = page.locator('.top [data-count="/conflicts"]');
  const waiting = await badge.textContent();
  await page.getByRole("button", { name: "Take theirs" }).click();
  await page.locator("#decisions").waitFor({ state: "detached" });
  const card = page.locator('.card:has-text("Grace Invented")');
  await badge.waitFor({ state: "hidden" });
  // The sheet is read again after the decision is gone.
  await card.locator('[data-edit="patient_phone"] [data-shown]').filter({ hasText: sides[1] }).waitFor();
  return {
    sides,
    waiting,
    shown: await card.locator('[data-edit="patient_phone"] [data-shown]').textContent(),
    disputed: await card.evaluate((one) => one.classList.contains("disputed")),
    trouble,
  };
}
