// A phone: every page of many is reached, nothing is wider than the glass, in both lights.
export default async function play({ open, shots }) {
  const found = {};
  for (const colorScheme of ["light", "dark"]) {
    const { page } = await open({ width: 390, height: 844, isMobile: true, hasTouch: true, deviceScaleFactor: 2, colorScheme });
    found[colorScheme] = await page.evaluate(() => {
      const nav = document.querySelector(".top nav");
      for (const title of ["Sync", "Deliveries", "Calls", "Writes", "Settings"]) {
        const link = document.createElement("a");
        link.href = "#";
        link.textContent = title;
        nav.append(link);
      }
      const last = nav.lastElementChild;
      nav.scrollLeft = nav.scrollWidth;
      const at = last.getBoundingClientRect();
      const target = document.elementFromPoint(at.left + at.width / 2, at.top + at.height / 2);
      nav.scrollLeft = 0;
      return { wide: document.documentElement.scrollWidth, last: target === last, tall: at.height >= 40 };
    });
    await page.locator('.card:has-text("Fatima Noone")').scrollIntoViewIfNeeded();
    await page.screenshot({ path: `${shots}/phone-${colorScheme}.png` });
    await page.goto(new URL("/?date=2026-11-24", page.url()).href);
    await page.locator("#unread").waitFor();
    await page.screenshot({ path: `${shots}/phone-unread-${colorScheme}.png` });
  }
  return found;
}
