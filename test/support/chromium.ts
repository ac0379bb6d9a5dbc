import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe } from '@jest/globals';
import { type Browser, type BrowserContextOptions, type Page, chromium } from 'playwright-core';
import { afterTest } from './after-test.ts';

/** Debian's name of the command, and Fedora's. */
const COMMANDS = ['chromium', 'chromium-browser'];

/** Nothing but what a test asks for: no sandbox for root, no processor for graphics, nothing of the network. */
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const executablePath = findCommand();

/** What a test does with the browser: a page of a context of its own, which is closed after the test. */
export type OpenPage = (options?: BrowserContextOptions) => Promise<Page>;

/**
 * `describe` for tests in a real Chromium, one process for all of them, which ends with them. Where CI runs, a
 * missing Chromium is a failure; elsewhere the tests are left out, and say so in their name.
 */
export function describeInChromium(name: string, tests: (open: OpenPage) => void): void {
  if (executablePath === null && process.env['CI'] !== 'true') {
    describe.skip(`${name} (left out: there is no Chromium here)`, () => {
      tests(() => Promise.reject(new Error('there is no Chromium here')));
    });
    return;
  }
  describe(name, () => {
    let browser: Browser;
    beforeAll(async () => {
      if (executablePath === null) throw new Error(`none of ${COMMANDS.join(', ')} is installed`);
      browser = await chromium.launch({ executablePath, args: ARGS });
    });
    afterAll(() => browser.close());
    tests(async (options = {}) => {
      const context = await browser.newContext(options);
      afterTest(() => context.close());
      return context.newPage();
    });
  });
}

function findCommand(): string | null {
  for (const command of COMMANDS) {
    try {
      return execFileSync('sh', ['-c', 'command -v "$0"', command], { encoding: 'utf8' }).trim();
    } catch {
      // The next one.
    }
  }
  return null;
}
