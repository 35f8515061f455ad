/** ConfigMaps that people change by commands, read and written by kubectl: the same for a lab and for EKS. */
import { execFile } from 'node:child_process';
import { APPLICATION_NAMESPACE } from '../../lib/topology/derive';
import { EXIT, ExpectedError } from '../exit';
import type { KubectlOptions } from '../recovery/cluster';

export interface ConfigMap {
  /** Of what was read: a write that does not begin from the newest is refused. */
  readonly version: string;
  readonly data: Readonly<Record<string, string>>;
}

/** Somebody else has written since it was read. */
export class Conflict extends Error {
  override readonly name = 'Conflict';
}

export interface ConfigMaps {
  /** @returns null when there is none */
  readonly read: (name: string) => Promise<ConfigMap | null>;
  /** @throws Conflict */
  readonly write: (name: string, to: ConfigMap) => Promise<void>;
}

interface Written {
  readonly metadata: { readonly resourceVersion: string };
  readonly data?: Readonly<Record<string, string>>;
}

const REQUEST_TIMEOUT = '10s';

export const kubectlConfigMaps = ({ program, kubeconfig }: KubectlOptions): ConfigMaps => {
  const kubectl = (args: readonly string[]): Promise<string> =>
    new Promise((resolve, reject) => {
      const common = [
        ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]),
        '--request-timeout',
        REQUEST_TIMEOUT,
        '--namespace',
        APPLICATION_NAMESPACE,
      ];
      execFile(program, [...common, ...args], { maxBuffer: 16 * 1024 * 1024, timeout: 30_000 }, (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else if (error.code === 'ENOENT')
          reject(new ExpectedError(`kubectl was not found (${program}): install it, or name it with --kubectl`, EXIT.notPossible));
        else if (/the object has been modified|\(Conflict\)|AlreadyExists/.test(stderr)) reject(new Conflict(stderr.trim()));
        else reject(new ExpectedError(`kubectl ${args.slice(0, 3).join(' ')}: ${stderr.trim() || error.message}`, EXIT.notPossible));
      });
    });
  return {
    read: async (name) => {
      const text = await kubectl(['get', 'configmap', name, '--ignore-not-found', '--output', 'json']);
      if (text.trim() === '') return null;
      const { metadata, data } = JSON.parse(text) as Written;
      return { version: metadata.resourceVersion, data: data ?? {} };
    },
    write: async (name, { version, data }) => {
      // A merge patch keeps the labels of the chart that made it; the version in it makes the API server refuse what does not begin from the newest.
      const change = { metadata: { resourceVersion: version }, data };
      await kubectl(['patch', 'configmap', name, '--type', 'merge', '--patch', JSON.stringify(change)]);
    },
  };
};

const ATTEMPTS = 5;

/**
 * Reads, decides, writes; again from the beginning when somebody else was faster.
 * @param decide what the data become, or null: nothing has to change
 * @returns whether anything was written
 */
export const changeConfigMap = async (
  maps: ConfigMaps,
  name: string,
  decide: (data: Readonly<Record<string, string>>) => Readonly<Record<string, string>> | null,
): Promise<boolean> => {
  for (let attempt = 1; ; attempt += 1) {
    const found = await maps.read(name);
    if (found === null) {
      throw new ExpectedError(
        `there is no ConfigMap ${name} in namespace ${APPLICATION_NAMESPACE}: the charts make it in environments with workloads; deploy them first`,
        EXIT.failed,
      );
    }
    const data = decide(found.data);
    if (data === null) return false;
    try {
      await maps.write(name, { version: found.version, data });
      return true;
    } catch (error) {
      if (!(error instanceof Conflict) || attempt === ATTEMPTS) throw error;
    }
  }
};
