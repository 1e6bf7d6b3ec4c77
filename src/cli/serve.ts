import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import type { Logger } from 'pino';
import { createApp, type RunningApp } from '../app.setup.js';
import type { Config } from '../config/config.js';
import { shutDown } from '../http/drain.js';
import { createLogger } from '../http/logging.js';

/** Serves until it is told to stop. */
export async function serve(config: Config): Promise<void> {
  setFlagsFromString(COLLECT_GARBAGE);
  const logger = createLogger(config.log);
  endOnFault(logger);
  const running = await createApp(config, logger);
  stopOnSignal(running, logger);
  await listen(running, config);
  announce(running, config, logger);
}

/**
 * Collects as soon as there is as much garbage as there is in use. V8 would wait for three times as much, and a full
 * snapshot, which leaves its pages behind one after the other, would take all of that.
 */
const COLLECT_GARBAGE = '--heap-growing-percent=100';

async function listen({ app }: RunningApp, { server }: Config): Promise<void> {
  try {
    await app.listen(server.port, server.listen_host);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Error(`port ${server.port} is in use: stop what listens there, or set EZ_API_PORT`, { cause: error });
  }
}

function announce({ app }: RunningApp, config: Config, logger: Logger): void {
  const { port } = app.getHttpServer().address() as AddressInfo;
  const host = config.server.listen_host.includes(':') ? `[${config.server.listen_host}]` : config.server.listen_host;
  const url = `http://${host}:${port}`;
  logger.info(
    { ms_since_start: Math.round(performance.now()) },
    `EZ-API serves on ${url}${config.server.swagger_enabled ? `, Swagger at ${url}/swagger` : ''}`,
  );
  // Made for this machine at the first start, outside production only: nobody could know it otherwise.
  if (config.generated.includes('EZ_ADMIN_TOKEN')) {
    process.stdout.write(`\n  Swagger      ${url}/swagger\n  Admin token  ${config.auth.admin_token}\n`);
  }
  if (config.generated.includes('EZ_INTERNAL_TOKEN')) {
    process.stdout.write(`  Balancers    ${config.auth.internal_token}\n\n`);
  }
}

function stopOnSignal({ app, drain }: RunningApp, logger: Logger): void {
  let isStopping = false;
  const stop = (reason: string): void => {
    if (isStopping) return;
    isStopping = true;
    logger.info(`stopping: ${reason}`);
    shutDown(app, drain)
      .catch((error: unknown) => logger.error({ err: error }, 'stopping failed'))
      .finally(() => process.exit(0));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(signal));
}

/** A rejection that nobody awaited: Node would print the raw error, and with a failed statement its parameters. */
function endOnFault(logger: Logger): void {
  process.on('unhandledRejection', (error) => {
    logger.fatal({ err: error }, 'a fault of ours; ending');
    process.exit(1);
  });
}
