// Opens the audit's page in a browser and holds what it shows against the report's JSON.
// node check.js PAGE JSON CHROMIUM; SCREENSHOT=FILE writes a picture of it.
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { pathToFileURL } = require('node:url');
const puppeteer = require('puppeteer-core');

const [file, json, executablePath] = process.argv.slice(2);
const report = JSON.parse(fs.readFileSync(json, 'utf8'));
const url = pathToFileURL(file).href;
const grouped = (number) => number.toLocaleString('en-US');

/** What the page shows, read from the document as a reader sees it. */
function shown() {
  const text = (element) => element.textContent.replace(/\s+/g, ' ').trim();
  const cells = (row) => [...row.children].map(text);
  const rows = (selector) => [...document.querySelectorAll(selector)].map(cells);
  return {
    embedded: JSON.parse(document.getElementById('report').textContent),
    verdict: text(document.querySelector('.verdict')),
    figures: Object.fromEntries(
      [...document.querySelectorAll('[data-figure]')].map((it) => [it.dataset.figure, text(it)])),
    findings: rows('tr.finding'),
    partitions: rows('tr[data-partition]'),
    strips: [...document.querySelectorAll('tr[data-partition] svg')].map((svg) => ({
      label: svg.getAttribute('aria-label'),
      gaps: svg.querySelectorAll('.gap').length,
      landed: svg.querySelectorAll('.landed').length,
      rejected: svg.querySelectorAll('.rejected').length,
    })),
    ranges: rows('table.ranges tbody tr'),
    reasons: rows('table.reasons tbody tr'),
    headings: [...document.querySelectorAll('h1, h2, h3')].map((it) => Number(it.tagName[1])),
  };
}

function holdAgainstReport(page) {
  assert.deepEqual(page.embedded, report);
  assert.ok(page.verdict.startsWith(report.sound ? 'SOUND' : 'NOT SOUND'));
  assert.ok(report.sound || page.verdict.includes(`${grouped(report.wrong)} finding`));
  const { events, accepted, rejected, replayed, open, blobs } = report.totals;
  assert.deepEqual(page.figures, {
    events: grouped(events), accepted: grouped(accepted), rejected: grouped(rejected),
    'replayed since': grouped(replayed), 'open rejections': grouped(open), blobs: grouped(blobs),
  });
  assert.equal(page.findings.length, report.findings.length);
  report.findings.forEach((finding, index) => {
    const [kind, place, words] = page.findings[index];
    assert.equal(kind, finding.kind);
    for (const part of [finding.stream, `partition ${finding.partition}`, `${finding.first} to ${finding.last}`]) {
      assert.ok(place.includes(part), `${part} in ${place}`);
    }
    assert.ok(words.includes(finding.message) && words.includes(finding.remedy));
  });
  const partitions = report.streams.flatMap((stream) => stream.partitions);
  assert.equal(page.partitions.length, partitions.length);
  const ranges = [];
  partitions.forEach((partition, index) => {
    const [name, , sequences, ...figures] = page.partitions[index];
    const { totals, lives } = partition;
    assert.equal(name, partition.partition);
    assert.deepEqual(figures, [totals.events, totals.rejected, totals.replayed, totals.open].map(grouped));
    const strip = page.strips[index];
    for (const { ranges: landed, gaps } of lives) {
      assert.ok(sequences.includes(`${landed[0].first} to ${landed.at(-1).last}`), sequences);
      ranges.push(...landed.map((it) => [name, 'landed', it.first, it.last, it.least, it.greatest]));
      ranges.push(...gaps.map((it) => [name, 'gap', it.first, it.last, it.after, it.before]));
    }
    const count = (list) => lives.reduce((sum, life) => sum + life[list].length, 0);
    assert.equal(strip.gaps, count('gaps'));
    assert.equal(strip.landed, count('ranges'));
    assert.equal(strip.rejected, partition.timeline.filter((bucket) => bucket.rejected > 0).length);
    assert.ok(strip.label.includes(`${grouped(totals.events)} events`), strip.label);
  });
  const sorted = (list) => list.map((row) => row.join(' ')).sort();
  assert.deepEqual(sorted(page.ranges), sorted(ranges));
  assert.equal(page.reasons.length, report.reasons.length);
  report.reasons.forEach((reason, index) => {
    const [name, schema, count, , open, examples] = page.reasons[index];
    assert.deepEqual([name, schema, count, open],
      [reason.reason, reason.schema ?? '—', grouped(reason.count), grouped(reason.open)]);
    for (const { message, pointer } of reason.examples.flatMap((example) => example.errors)) {
      assert.ok(examples.includes(message) && examples.includes(pointer));
    }
  });
  page.headings.reduce((before, level) => {
    assert.ok(level <= before + 1, 'headings skip no level');
    return level;
  }, 0);
}

/** What axe-core finds against the guidelines for accessible pages, with all details open. */
async function accessible(browser, features, width) {
  const page = await browser.newPage();
  // the page allows no script; the checker is one
  await page.setBypassCSP(true);
  await page.setViewport({ width, height: 900 });
  await page.emulateMediaFeatures(features);
  await page.goto(url);
  await page.evaluate(() => document.querySelectorAll('details').forEach((it) => { it.open = true; }));
  await page.addScriptTag({ path: require.resolve('axe-core') });
  const { violations, passes } = await page.evaluate(() => globalThis.axe.run());
  const words = violations.map((it) => `${it.id}: ${it.help}: ${it.nodes[0].html}`);
  assert.deepEqual(words, [], `${JSON.stringify(features)}, ${width} px`);
  assert.ok(passes.some((it) => it.id === 'color-contrast'), 'contrast was checked');
  await page.close();
}

/** Whether Tab reaches everything that can be used, in the order of the document. */
async function reachable(page) {
  const usable = await page.$$eval('a[href], summary, [tabindex="0"]', (all) => all
    .filter((it) => it.checkVisibility())
    .map((it, index) => { it.dataset.order = index; return index; }));
  const visited = [];
  for (let tab = 0; tab < usable.length; tab += 1) {
    await page.keyboard.press('Tab');
    visited.push(await page.evaluate(() => Number(document.activeElement.dataset.order)));
  }
  assert.deepEqual(visited, usable);
}

async function main() {
  const browser = await puppeteer.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    const page = await browser.newPage();
    const requests = [];
    const complaints = [];
    page.on('request', (request) => requests.push(request.url()));
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.setViewport({ width: 1200, height: 900 });
    await page.goto(url);
    holdAgainstReport(await page.evaluate(shown));
    assert.deepEqual(requests, [url], 'nothing else is loaded');
    assert.deepEqual(complaints, []);

    await reachable(page);
    const summary = await page.$('summary');
    await summary.focus();
    await page.keyboard.press('Enter');
    assert.ok(await page.$eval('details', (it) => it.open), 'Enter opens details');
    await page.keyboard.press('Enter');

    if (process.env.SCREENSHOT) {
      await page.evaluate(() => document.activeElement.blur());
      await page.screenshot({ path: process.env.SCREENSHOT, clip: { x: 0, y: 0, width: 1200, height: 1180 } });
    }

    for (const scheme of ['light', 'dark']) {
      const features = [{ name: 'prefers-color-scheme', value: scheme }];
      await accessible(browser, features, 1200);
      await accessible(browser, features, 360);
      await page.emulateMediaFeatures(features);
      await page.screenshot({ path: `target/audit-${scheme}.png`, fullPage: true });
    }
    await page.setViewport({ width: 360, height: 800 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 360, `it is ${wide} px wide on a screen of 360`);
    await page.screenshot({ path: 'target/audit-narrow.png', fullPage: true });

    const plain = await browser.newPage();
    await plain.setJavaScriptEnabled(false);
    await plain.goto(url);
    assert.equal((await plain.$$('tr[data-partition] svg')).length,
      report.streams.flatMap((stream) => stream.partitions).length);
  } finally {
    await browser.close();
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
