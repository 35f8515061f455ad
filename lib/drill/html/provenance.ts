/** Who says so: what was signed about a report, for people to read beside it. */
import { formatInstant } from '../format';
import { markup, type Markup } from './markup';

/** The statement that was signed, and by which key. */
export interface Provenance {
  readonly environment: string;
  readonly ranIn: string;
  readonly recordedAt: string;
  readonly recordedBy: string;
  readonly approvedBy: string | null;
  readonly reportDigest: string;
  readonly keyId: string;
  /** Name of the signed file, which lies beside the page. */
  readonly file: string;
}

/** The page itself is not signed, and says so. */
export const provenanceSection = (provenance: Provenance): Markup => {
  const { environment, ranIn, recordedAt, recordedBy, approvedBy, reportDigest, keyId, file } = provenance;
  const entries: readonly (readonly [string, Markup])[] = [
    ['Proves', markup`${environment}${ranIn === environment ? '' : `, by an exercise in ${ranIn}`}`],
    ['Recorded', markup`${formatInstant(recordedAt)} by ${recordedBy}`],
    ['Agreed to by', markup`${approvedBy ?? 'nobody had to agree'}`],
    ['Report', markup`<code>${reportDigest}</code>`],
    ['Signed by the key', markup`<code>${keyId}</code>`],
    ['Verify with', markup`<code>holdfast drills verify ${file} --key &lt;public-key.pem&gt;</code>`],
  ];
  return markup`<section class="only">
    <h3>Signed evidence</h3>
    <p class="quiet small">What is signed is the file, not this page: the page shows what the file says.</p>
    <dl class="origin">
      ${entries.map(
        ([name, value]) =>
          markup`<dt>${name}</dt>
            <dd>${value}</dd>`,
      )}
    </dl>
  </section>`;
};
