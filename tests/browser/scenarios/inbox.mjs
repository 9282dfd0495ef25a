// The inbox as it is first seen, filtered, in both lights, wide and narrow.
export default async function play({ open, shots, base }) {
  const { page, trouble } = await open();
  await page.goto(`${base}/conflicts`);
  const grace = page.locator('.dispute:has-text("Grace Invented")');
  const found = {
    count: await page.locator('[data-count="/conflicts"]').textContent(),
    bars: (await page.locator(".bars a").allTextContents()).map((text) => text.trim().replace(/\s+/g, " ")),
    people: await page.locator(".dispute .what a").allTextContents(),
    sides: await grace.locator(".said").allTextContents(),
    who: await grace.locator(".whose").first().textContent(),
  };
  await page.locator(".dispute").first().focus();
  await page.screenshot({ path: `${shots}/conflicts-light.png`, fullPage: true });
  await page.locator('.bars a:has-text("Time")').click();
  await page.waitForURL(/rule=start/);
  found.filtered = await page.locator(".dispute").count();
  const dark = await open({ colorScheme: "dark" });
  await dark.page.goto(`${base}/conflicts`);
  await dark.page.screenshot({ path: `${shots}/conflicts-dark.png`, fullPage: true });
  const phone = await open({ width: 390, height: 844, isMobile: true, hasTouch: true, deviceScaleFactor: 2 });
  await phone.page.goto(`${base}/conflicts`);
  await phone.page.screenshot({ path: `${shots}/conflicts-phone.png`, fullPage: true });
  found.widths = await phone.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  return { ...found, trouble: [...trouble, ...dark.trouble, ...phone.trouble] };
}
