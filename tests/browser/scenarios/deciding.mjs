// A conflict shows both values and is settled with one click.
export default async function play({ open }) {
  const { page, trouble } = await open();
  const sides = await page.locator("#decisions .said").allTextContents();
  await page.getByRole("button", { name: "Take theirs" }).click();
  await page.locator("#decisions").waitFor({ state: "detached" });
  const card = page.locator('.card:has-text("Grace Invented")');
  return {
    sides,
    shown: await card.locator('[data-edit="patient_phone"] [data-shown]').textContent(),
    disputed: await card.evaluate((one) => one.classList.contains("disputed")),
    trouble,
  };
}
