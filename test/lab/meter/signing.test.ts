import { DID_PATTERN, publicKeyOf, signatureHolds } from '../../../examples/backend/users/did';
import { SIGNATURE_PATTERN, signedText } from '../../../examples/backend/users/gate';
import { newUser, signedHeaders } from '../../../lab/meter/signing';

const verified = (headers: Readonly<Record<string, string>>, method: string, path: string, body: string): Promise<boolean> => {
  const key = publicKeyOf(headers['x-user'] ?? '');
  if (key === null) throw new Error(`not a did:key: ${headers['x-user'] ?? ''}`);
  return signatureHolds(key, signedText(method, path, headers['x-timestamp'] ?? '', Buffer.from(body)), headers['x-signature'] ?? '');
};

describe('what the meter’s users sign', () => {
  const user = newUser();
  const headers = signedHeaders(user, 'POST', '/orders', '{"item":"lamp"}', 1_700_000_000_000);

  it('is what the reference backend verifies', async () => {
    expect(headers['x-user']).toMatch(DID_PATTERN);
    expect(headers['x-signature']).toMatch(SIGNATURE_PATTERN);
    expect(headers['x-timestamp']).toBe('1700000000000');
    expect(await verified(headers, 'POST', '/orders', '{"item":"lamp"}')).toBe(true);
    expect(await verified(signedHeaders(user, 'GET', '/orders/1'), 'GET', '/orders/1', '')).toBe(true);
  });
  it('holds for nothing else', async () => {
    expect(await verified(headers, 'POST', '/orders', '{"item":"lamps"}')).toBe(false);
    expect(await verified(headers, 'POST', '/events', '{"item":"lamp"}')).toBe(false);
    expect(await verified({ ...headers, 'x-user': newUser().did }, 'POST', '/orders', '{"item":"lamp"}')).toBe(false);
  });
});
