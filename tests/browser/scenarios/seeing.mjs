// The sheet as it is first seen, in both lights, wide and narrow.
export default async function play({ open, shots }) {
  const { page, trouble } = await open();
  const found = {
    title: await page.title(),
    columns: await page.locator("#board .column h2").allTextContents(),
    cards: await page.locator("#board .card").count(),
    decisions: await page.locator("#decisions h2").textContent(),
    waiting: await page.getByRole("link", { name: "Conflicts 1", exact: true }).count(),
    about: await page.locator("#decisions .what").innerText(),
  };
  await page.locator("#board").evaluate((board) => (board.scrollTop = 250));
  await page.screenshot({ path: `${shots}/run-sheet-light.png` });

  const nav = page.locator(".top nav");
  await page.setViewportSize({ width: 834, height: 1112 });
  const hidden = await nav.evaluate((one) => one.scrollWidth - one.clientWidth);

  const dark = await open({ colorScheme: "dark" });
  await dark.page.locator("#board").evaluate((board) => (board.scrollTop = 250));
  await dark.page.screenshot({ path: `${shots}/run-sheet-dark.png` });

  const phone = await open({ width: 390, height: 844, isMobile: true, hasTouch: true, deviceScaleFactor: 2 });
  await phone.page.screenshot({ path: `${shots}/run-sheet-phone.png` });
  const widths = await phone.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  return { ...found, hidden, widths, trouble: [...trouble, ...dark.trouble, ...phone.trouble] };
}
