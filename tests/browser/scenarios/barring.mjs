// A choice loses its name: whoever cannot see it is told nothing of what it is for.
export default async function play({ open, shots }) {
  const { page } = await open();
  await page.locator("[data-filter=clinician]").evaluate((one) => one.previousElementSibling.remove());
  await page.screenshot({ path: `${shots}/barred.png` });
  return {};
}
