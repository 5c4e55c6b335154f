// Draws the page for the documents: usage: node tests/page/picture.mjs PAGE.html PICTURE.png SCHEME [FROM TO]
// with CHROMIUM in the environment; scripts/make-picture does.

import { resolve } from 'node:path';
import { chromium } from 'playwright-core';

const [, , html, picture, colorScheme, from, to] = process.argv;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox'] });
const page = await browser.newPage({ viewport: { width: 1400, height: 860 }, colorScheme });
await page.goto(`file://${resolve(html)}`);
await page.waitForFunction(() => globalThis.rembReplayPage);
if (from) await page.evaluate(([low, high]) => globalThis.rembReplayPage.charts.show(low, high), [Number(from), Number(to)]);
await page.waitForTimeout(300);
await page.screenshot({ path: picture });
await browser.close();
