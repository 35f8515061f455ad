import { ListIPSetsCommand, type GetIPSetCommand, type UpdateIPSetCommand, type WAFV2Client } from '@aws-sdk/client-wafv2';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { changeConfigMap, Conflict, kubectlConfigMaps } from '../../bin/blocking/config-maps';
import { awsIpSets, StaleToken, type Place } from '../../bin/blocking/ip-sets';

const folder = mkdtempSync(join(tmpdir(), 'blocking-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A kubectl that writes down how it was called, and answers as it is told. */
const kubectl = (name: string, script: string): { readonly program: string; readonly called: () => string } => {
  const [program, calls] = [join(folder, name), join(folder, `${name}.calls`)];
  writeFileSync(program, `#!/bin/sh\necho "$@" >> ${calls}\n${script}\n`);
  chmodSync(program, 0o755);
  return { program, called: () => readFileSync(calls, 'utf8') };
};
const FOUND = `case "$*" in *" get "*) echo '{"metadata":{"resourceVersion":"7"},"data":{"a":"1"}}';; esac`;

describe('ConfigMaps by kubectl', () => {
  test('are changed from the version that was read, and keep what else is in them', async () => {
    const { program, called } = kubectl('good', FOUND);
    const maps = kubectlConfigMaps({ program, kubeconfig: '/etc/kube' });
    expect(await changeConfigMap(maps, 'switches', (data) => ({ b: `${data['a'] ?? ''}2` }))).toBe(true);
    expect(called()).toMatch(/--kubeconfig \/etc\/kube .*--namespace applications get configmap switches --ignore-not-found/);
    expect(called()).toContain('patch configmap switches --type merge --patch {"metadata":{"resourceVersion":"7"},"data":{"b":"12"}}');
  });

  test('that somebody else changed meanwhile are a conflict', async () => {
    const { program, called } = kubectl(
      'busy',
      `${FOUND}\ncase "$*" in *patch*) echo 'Error from server (Conflict): the object has been modified' >&2; exit 1;; esac`,
    );
    await expect(changeConfigMap(kubectlConfigMaps({ program, kubeconfig: undefined }), 'switches', () => ({}))).rejects.toThrow(Conflict);
    expect(called().match(/patch/g)).toHaveLength(10);
  });

  test('that are not there are said to be missing, and what makes them', async () => {
    const { program } = kubectl('empty', 'true');
    await expect(changeConfigMap(kubectlConfigMaps({ program, kubeconfig: undefined }), 'switches', () => ({}))).rejects.toThrow(
      /no ConfigMap switches in namespace applications/,
    );
  });

  test('of a cluster that refuses are an error with what it said', async () => {
    const { program } = kubectl('forbidden', `echo 'Error from server (Forbidden): you may not' >&2; exit 1`);
    await expect(kubectlConfigMaps({ program, kubeconfig: undefined }).read('switches')).rejects.toThrow(/Forbidden.*you may not/);
  });
});

describe('IP sets by the SDK', () => {
  const place: Place = { scope: 'REGIONAL', region: 'eu-central-1', name: 'wanted' };
  const page = (names: readonly string[]): object => ({ IPSets: names.map((Name, i) => ({ Name, Id: `id-${Name}-${i}` })), NextMarker: 'more' });
  const others = Array.from({ length: 100 }, (_, i) => `other-${i}`);

  const client = (answer: (command: unknown) => object): { readonly sets: ReturnType<typeof awsIpSets>; readonly sent: unknown[] } => {
    const sent: unknown[] = [];
    const send = (command: unknown): Promise<object> => {
      sent.push(command);
      try {
        return Promise.resolve(answer(command));
      } catch (error) {
        return Promise.reject(error instanceof Error ? error : new Error(String(error)));
      }
    };
    return { sets: awsIpSets(() => ({ send }) as unknown as WAFV2Client), sent };
  };

  test('are found by name, on whichever page, and read with their lock token', async () => {
    const { sets } = client((command) => {
      if (command instanceof ListIPSetsCommand) return command.input.NextMarker === undefined ? page(others) : page(['wanted']);
      expect((command as GetIPSetCommand).input).toEqual({ Scope: 'REGIONAL', Id: 'id-wanted-0', Name: 'wanted' });
      return { IPSet: { Addresses: ['198.51.100.0/24'] }, LockToken: 'token' };
    });
    expect(await sets.read(place)).toEqual({ id: 'id-wanted-0', addresses: ['198.51.100.0/24'], lockToken: 'token' });
  });

  test('that are not there are said to be missing, and the search ends', async () => {
    const { sets, sent } = client(() => page(['other']));
    await expect(sets.read(place)).rejects.toThrow(/no IP set wanted \(REGIONAL\) in eu-central-1: deploy/);
    expect(sent).toHaveLength(1);
  });

  test('are written with the token that was read', async () => {
    const { sets, sent } = client(() => ({}));
    await sets.write(place, { id: '1', addresses: ['192.0.2.1/32'], lockToken: 'token' });
    expect((sent[0] as UpdateIPSetCommand).input).toMatchObject({
      Scope: 'REGIONAL',
      Id: '1',
      Name: 'wanted',
      Addresses: ['192.0.2.1/32'],
      LockToken: 'token',
    });
  });

  test('with a token that is stale are read again, and with no rights are not', async () => {
    const failing = (name: string) =>
      client(() => {
        throw Object.assign(new Error('no'), { name });
      }).sets.write(place, { id: '1', addresses: [], lockToken: 't' });
    await expect(failing('WAFOptimisticLockException')).rejects.toThrow(StaleToken);
    await expect(failing('AccessDeniedException')).rejects.not.toThrow(StaleToken);
  });
});
