// The page in a real browser: what a person would see and do. Pages are made by the program anew, into a temporary folder.
// usage: node --test tests/page      with PROGRAM and CHROMIUM in the environment; scripts/page sets them

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';

const { PROGRAM, CHROMIUM } = process.env;
const CAPTURES = new URL('../../testdata/captures/', import.meta.url).pathname;
const S03 = join(CAPTURES, 's03-steps-audio.pcap.gz');
const folder = mkdtempSync(join(tmpdir(), 'page-'));
let browser;

const run = (...args) => execFileSync(PROGRAM, args, { stdio: ['ignore', 'ignore', 'pipe'] });

before(async () => {
  run('replay', '-q', S03, '-o', join(folder, 's03'));
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
});

after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

/** Opens a page, and notes whatever a page of this kind must not do. */
async function open(file, { script, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 1000 }, ...options });
  const page = await context.newPage();
  const faults = [];
  page.on('console', (message) => faults.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => faults.push(`dialog: ${dialog.message()}`));
  const requests = [];
  page.on('request', (request) => requests.push(request.url()));
  if (script) await page.addInitScript(script);
  await page.goto(`file://${encodeURI(file).replaceAll('?', '%3F').replaceAll('#', '%23')}`);
  await page.waitForFunction(() => globalThis.rembReplayPage);
  return { page, faults, requests, close: () => context.close() };
}

const s03 = () => open(join(folder, 's03/report.html'));
const viewOf = (page) => page.evaluate(() => ({ ...globalThis.rembReplayPage.charts.view }));
const plotArea = (page) => page.locator('.uplot[data-panel="bit rate"] .u-over').boundingBox();
const near = (value, wanted, by) => assert.ok(Math.abs(value - wanted) <= by, `${value} is not within ${by} of ${wanted}`);

/** Where a time lies on the screen. */
async function placeOf(page, seconds) {
  const [box, { min, max }] = [await plotArea(page), await viewOf(page)];
  return { x: box.x + ((seconds - min) / (max - min)) * box.width, y: box.y + box.height / 2 };
}

/** Colours of a panel's canvas, counted. */
const coloursOf = (page, panel) => page.evaluate((name) => {
  const canvas = document.querySelector(`.uplot[data-panel="${name}"] canvas`);
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const counts = {};
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] === 255) {
      const key = [data[at], data[at + 1], data[at + 2]].join(' ');
      counts[key] = (counts[key] ?? 0) + 1;
    }
  }
  return counts;
}, panel);

/** Rows of a CSV without quotes, as objects. */
function rowsOf(file) {
  const [head, ...lines] = readFileSync(file, 'utf8').trim().split('\n').map((line) => line.split(','));
  return lines.map((line) => Object.fromEntries(head.map((name, place) => [name, line[place]])));
}

test('it is drawn without an error and without a request', async () => {
  const { page, faults, requests, close } = await s03();
  const panels = await page.locator('.uplot').evaluateAll((all) => all.map((plot) => plot.dataset.panel));
  assert.deepEqual(panels, ['bit rate', 'queue delay', 'delay gradient', 'RTT']);
  const estimate = (await coloursOf(page, 'bit rate'))['0 90 181'] ?? 0;
  assert.ok(estimate > 1000, `${estimate} pixels of the estimate`);
  assert.match(await page.locator('.status').textContent(), /the whole call, .*all \d{4} rows/);
  assert.ok(await page.getByText('0xb6aa5cac').count() > 0, 'the streams are listed');
  assert.deepEqual(faults, []);
  assert.equal(requests.length, 1, `the page itself: ${requests}`);
  await close();
});

test('a drag zooms, a double click and Backspace lead back, keys move', async () => {
  const { page, faults, close } = await s03();
  const all = await viewOf(page);
  const [from, to] = [await placeOf(page, 28), await placeOf(page, 36)];
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move((from.x + to.x) / 2, from.y, { steps: 4 });
  await page.mouse.move(to.x, to.y, { steps: 4 });
  await page.mouse.up();
  const zoomed = await viewOf(page);
  near(zoomed.min, 28, 0.3);
  near(zoomed.max, 36, 0.3);
  const scales = await page.evaluate(() => globalThis.rembReplayPage.charts.plots.map((plot) => plot.scales.x.min));
  scales.forEach((min) => near(min, zoomed.min, 1e-9));
  await page.keyboard.press('ArrowRight');
  near((await viewOf(page)).min, zoomed.min + (zoomed.max - zoomed.min) / 4, 1e-6);
  await page.keyboard.press('+');
  near((await viewOf(page)).max - (await viewOf(page)).min, (zoomed.max - zoomed.min) / 2, 1e-6);
  await page.keyboard.press('Backspace');
  near((await viewOf(page)).max - (await viewOf(page)).min, zoomed.max - zoomed.min, 1e-6);
  const middle = await placeOf(page, 34);
  await page.mouse.dblclick(middle.x, middle.y);
  assert.deepEqual(await viewOf(page), all);
  assert.deepEqual(faults, []);
  await close();
});

test('a click on the fall at 30 s brings the axis to it, and the cursor reads what estimate.csv says', async () => {
  const { page, faults, close } = await s03();
  const fall = page.locator('.event[data-type="fall"]').filter({ hasText: /^30\.\d\d/ });
  assert.equal(await fall.count(), 1);
  await fall.click();
  const { min, max } = await viewOf(page);
  assert.ok(min > 20 && min < 30 && max > 31 && max < 45, `${min} to ${max}`);
  const rows = rowsOf(join(folder, 's03/estimate.csv'));
  for (const seconds of [30.05, 30.9, 31.7]) {
    const { x, y } = await placeOf(page, seconds);
    await page.mouse.move(x, y);
    await page.waitForTimeout(50);
    const read = await page.evaluate(() => {
      const series = [...document.querySelectorAll('.legend .u-series')];
      return series.map((row) => [row.querySelector('.u-label').textContent, row.querySelector('.u-value').textContent]);
    });
    const value = Object.fromEntries(read.filter(([, text]) => text !== '').map(([label, text]) => [label, parseFloat(text)]));
    const exact = await page.evaluate(() => {
      const [plot] = globalThis.rembReplayPage.charts.plots;
      return plot.posToVal(plot.cursor.left, 'x');
    });
    near(value.time, seconds, 0.05);
    const last = (column) => Number(rows.findLast((row) => Number(row.time_s) <= exact && row[column] !== '')[column]);
    near(value.incoming, last('incoming_bps') / 1000, 0.0006);
    near(value.estimate, last('estimate_bps') / 1000, 0.0006);
    near(value['queue delay'], last('queue_ms'), 0.0056);
    near(value['round trip time'], last('rtt_ms'), 0.0056);
  }
  assert.deepEqual(faults, []);
  await close();
});

test('a click on a name hides its line', async () => {
  const { page, close } = await s03();
  const pixels = async () => (await coloursOf(page, 'bit rate'))['0 90 181'] ?? 0;
  assert.ok(await pixels() > 1000);
  await page.locator('.u-series', { hasText: 'estimate' }).first().locator('th').click();
  await page.mouse.move(5, 5);
  await page.waitForTimeout(100);
  assert.ok(await pixels() < 50, `${await pixels()} pixels of a hidden line`);
  await close();
});

test('it follows the colour scheme, and prints in light', async () => {
  const { page, faults, close } = await s03();
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.equal(await paper(), 'rgb(255, 255, 255)');
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.waitForTimeout(100);
  assert.equal(await paper(), 'rgb(21, 23, 26)');
  assert.ok(((await coloursOf(page, 'bit rate'))['90 169 255'] ?? 0) > 1000, 'the estimate in its colour for dark');
  await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
  assert.ok(((await coloursOf(page, 'bit rate'))['0 90 181'] ?? 0) > 1000, 'the estimate in its colour for paper');
  assert.deepEqual(faults, []);
  await close();
});

test('without DecompressionStream it unpacks by itself, to the same', async () => {
  const content = async (script) => {
    const { page, faults, close } = await open(join(folder, 's03/report.html'), { script });
    const all = await page.evaluate(() => JSON.stringify(globalThis.rembReplayPage.data.series));
    assert.deepEqual(faults, []);
    await close();
    return all;
  };
  const native = await content();
  assert.ok(native.length > 100_000);
  assert.equal(await content(() => { delete globalThis.DecompressionStream; }), native);
});

test('text of strangers is text', async () => {
  const evil = '<script>globalThis.wasHere = 1<\\script><img src=x onerror="globalThis.wasHere=1">';
  const capture = join(folder, `${evil}.pcap.gz`);
  const sdp = join(folder, `${evil}.sdp`);
  copyFileSync(S03, capture);
  const offer = readFileSync(join(CAPTURES, '../captures/s03-steps-audio.offer.sdp'), 'utf8');
  writeFileSync(sdp, offer.replaceAll(/a=mid:.*/g, (line) => `${line}</script><script>globalThis.wasHere = 1</script>`)
    .replaceAll(/a=extmap:14 .*/g, 'a=extmap:14 </script><script>globalThis.wasHere = 1</script>'));
  const html = join(folder, 'evil.html');
  run('replay', '-q', capture, '--sdp', sdp, '--html', html);
  const { page, requests, faults, close } = await open(html);
  assert.equal(await page.locator('h1').textContent(), `${evil}.pcap.gz`);
  assert.equal(await page.evaluate(() => globalThis.wasHere), undefined);
  assert.equal(await page.locator('img, main script').count(), 0);
  assert.equal(readFileSync(html, 'utf8').includes('wasHere = 1<'), false, 'not even as text of the document');
  assert.deepEqual(faults, []);
  assert.equal(requests.length, 1);
  await close();
});

test('a script that is not the page\'s own does not run', async () => {
  const { page, close } = await s03();
  await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'globalThis.wasHere = 1';
    document.body.append(script);
  });
  assert.equal(await page.evaluate(() => globalThis.wasHere), undefined);
  await close();
});

test('--view is what is shown first', async () => {
  const html = join(folder, 'view.html');
  run('replay', '-q', S03, '--html', html, '--view', '29..33');
  const { page, faults, close } = await open(html);
  assert.deepEqual(await viewOf(page), { min: 29, max: 33 });
  assert.deepEqual(faults, []);
  await close();
});

test('a comparison has the band of all phases and the recorded REMBs', async () => {
  const html = join(folder, 'compare.html');
  run('compare', '-q', S03, '--html', html);
  const { page, faults, close } = await open(html);
  const labels = await page.locator('.u-label').allTextContents();
  assert.ok(labels.includes('recorded REMB') && labels.some((label) => label.startsWith('all clock phases')), labels.join());
  assert.deepEqual(faults, []);
  await close();
});

test('a call of both directions has a page of both, one after the other', async () => {
  const html = join(folder, 's12.html');
  run('replay', '-q', join(CAPTURES, 's12-bidir.pcap.gz'), '--html', html);
  const { page, faults, close } = await open(html);
  const tabs = page.locator('.flows button');
  assert.equal(await tabs.count(), 2);
  const first = await page.locator('.subtitle').textContent();
  await tabs.nth(1).click();
  assert.notEqual(await page.locator('.subtitle').textContent(), first);
  assert.equal(await page.locator('.uplot').count() >= 3, true);
  assert.deepEqual(faults, []);
  await close();
});
