/** A page for people beside each piece of evidence. It is not signed, and says so. */
import { renderPage } from '../../lib/drill/html/page';
import type { DrillReport } from '../../lib/drill/report-types';
import type { Evidence } from '../../lib/operations/drills/evidence';
import { bucketHere } from '../drills/clients-s3';

/** @param evidence the file's text @param file its name, without folders */
export const evidencePage = (evidence: string, file: string): string => {
  const { statement, signature, report } = JSON.parse(evidence) as Evidence;
  // Written a moment ago by drill-record, from the same types.
  return renderPage([{ report: report as DrillReport, timelines: [null] }], { ...statement, keyId: signature.keyId, file });
};

export const handler = async ({ evidence: name }: { readonly evidence: string }): Promise<{ readonly page: string }> => {
  const bucket = bucketHere();
  const page = name.replace(/\.json$/, '.html');
  await bucket.write(page, evidencePage(await bucket.textOf(name), name.split('/').at(-1) ?? name), 'text/html; charset=utf-8');
  return { page };
};
