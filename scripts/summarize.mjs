// Adds up jest's result files and prints one line. `node scripts/summarize.mjs <file...>`; exit code 1 when anything failed, or was skipped with CI=true.
import { existsSync, readFileSync } from 'node:fs';

const totals = { passed: 0, failed: 0, skipped: 0 };
for (const file of process.argv.slice(2)) {
  if (!existsSync(file)) {
    console.error(`no results in ${file}: jest did not get that far`);
    totals.failed += 1;
    continue;
  }
  const results = JSON.parse(readFileSync(file, 'utf8'));
  totals.passed += results.numPassedTests;
  totals.failed += results.numFailedTests + results.numRuntimeErrorTestSuites;
  totals.skipped += results.numPendingTests + results.numTodoTests;
}
process.stdout.write(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`);
const skippedInCi = process.env.CI === 'true' && totals.skipped > 0;
if (skippedInCi) console.error(`${totals.skipped} skipped: with CI=true that is a failure, since nothing may go unproven there`);
process.exit(totals.failed > 0 || skippedInCi ? 1 : 0);
