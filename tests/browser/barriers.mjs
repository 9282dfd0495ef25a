// What keeps people out of a page who cannot see it, or cannot point at it, as axe-core knows it.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const ENGINE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
// Small targets lie on a card, which opens the same ones beside it, as large as they should be; and a
// tip or an editor is spoken where it belongs, whatever part of the page it is kept in.
const FINE = { "target-size": ".card *", region: "[popover], [popover] *" };

// In the page: a sentence for each element in the way, with the rule it breaks.
async function find({ rules, fine }) {
  // What is still sliding in is not yet seen as it will be.
  const moves = document.getAnimations().filter((one) => Number.isFinite(one.effect.getComputedTiming().endTime));
  await Promise.allSettled(moves.map((one) => one.finished));
  const { violations } = await window.axe.run(document, { runOnly: rules, resultTypes: ["violations"], preload: false, elementRef: true });
  const say = (one) => one.html.replace(/\s+/g, " ").slice(0, 160);
  const why = ({ any, all, none }) => [...any, ...all, ...none].map((check) => check.message).join("; ").slice(0, 200);
  return violations.flatMap(({ id, nodes }) =>
    nodes.filter((one) => !one.element?.matches(fine[id] ?? ":not(*)")).map((one) => `${id}: ${say(one)}: ${why(one)}`));
}

export async function barriers(page) {
  // Not as a script of the page: its policy takes none that is not its own.
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(ENGINE);
  return page.evaluate(find, { rules: RULES, fine: FINE });
}
