import { type Config, configFrom, ConfigurationError } from './config';
import { createService } from './service';

/** Usage error, as of sysexits.h: a restart won't help. */
const EX_CONFIG = 78;

const configuration = (): Config => {
  try {
    return configFrom(process.env);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    console.error(JSON.stringify({ level: 60, time: new Date().toISOString(), msg: error.message }));
    process.exit(EX_CONFIG);
  }
};

const main = async (): Promise<void> => {
  const config = configuration();
  const service = createService(config);
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) return;
    stopping = true;
    service.app.log.info({ signal }, 'draining');
    // What is not finished by then is cut off, so that the pod never meets the kernel's SIGKILL in the middle of something else.
    setTimeout(() => {
      service.app.log.error({ drainTimeoutMs: config.drainTimeoutMs }, 'requests were still running at the end of the drain');
      process.exit(1);
    }, config.drainTimeoutMs).unref();
    service.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        service.app.log.error({ err: error }, 'the drain failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  await service.start();
  service.app.log.info({ ports: config.ports }, 'serving');
};

void main();
