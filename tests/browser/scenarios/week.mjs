// A week is found in the navigation, read at both widths, by day and by night.
import { go } from "../going.mjs";

export default async function play({ open, shots }) {
  const { page, trouble } = await open();
  await go(page.getByRole("link", { name: "Week", exact: true }));
  const found = {
    title: await page.locator("h1").innerText(),
    rows: await page.locator(".week tbody tr").count(),
    worse: await page.locator(".week .worse th").allInnerTexts(),
    errors: await page.locator(".week-errors li").count(),
  };
  await page.screenshot({ path: `${shots}/week-1280-light.png`, fullPage: true });
  await go(page.getByRole("navigation", { name: "Weeks" }).getByRole("link").last());
  found.other = await page.locator("h1").innerText();
  await page.goBack();
  for (const colorScheme of ["light", "dark"]) {
    const small = await open({ width: 390, height: 844, colorScheme });
    await small.page.goto(page.url());
    await small.page.waitForSelector(".week");
    found[`width-${colorScheme}`] = await small.page.evaluate(
      () => document.documentElement.scrollWidth,
    );
    await small.page.screenshot({ path: `${shots}/week-390-${colorScheme}.png`, fullPage: true });
    trouble.push(...small.trouble);
  }
  const wide = await open({ colorScheme: "dark" });
  await wide.page.goto(page.url());
  await wide.page.screenshot({ path: `${shots}/week-1280-dark.png`, fullPage: true });
  return { ...found, trouble };
}
