import { Command, InvalidArgumentError, Option } from 'commander';
import { advisories } from './commands/advisories-command.ts';
import { clusters } from './commands/clusters-command.ts';
import { keys } from './commands/keys-command.ts';
import { kmsPlugin } from './commands/kms-plugin-command.ts';
import { names } from './commands/options.ts';
import { registries } from './commands/registries-command.ts';
import { results } from './commands/result-commands.ts';
import { scanning } from './commands/scan-commands.ts';
import { seal } from './commands/seal-command.ts';
import { secretInjection } from './commands/secret-injection-command.ts';
import { secretPolicies } from './commands/secret-policies-command.ts';
import { secretRotations } from './commands/secret-rotations-command.ts';
import { secretSyncs } from './commands/secret-syncs-command.ts';
import { secretValues } from './commands/secrets-command.ts';
import { dataOption } from './data-option.ts';
import { examples } from './examples.ts';
import { version } from './version.ts';

// Every command's code is loaded when the command runs: `gabion --help` must not wait for a platform to load.

/** The command line: every command, its options, and help that teaches by example. */
export function program(): Command {
  const gabion = new Command('gabion')
    .description('Gabion, a self-hosted security platform for Kubernetes and containers.')
    .version(version)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(see --help)')
    .addHelpText('after', examples(['gabion up', 'gabion scan debian:12', 'gabion advisories import ./feeds/debian']))
    .addHelpText('after', exitCodesText);
  for (const add of [
    up,
    down,
    status,
    scanning,
    results,
    advisories,
    registries,
    seal,
    keys,
    clusters,
    kmsPlugin,
    token,
    secrets,
    service,
    test,
  ])
    add(gabion);
  return gabion;
}

const exitCodesText = `
Exit codes:
  0  fine
  1  the answer is "no": findings over the limit, failed tests, nothing runs
  2  usage or bad input
  3  the platform failed

Environment:
  GABION_DATA                       data directory
  GABION_GRPC, GABION_URL           a platform elsewhere: host:port of its gRPC, or its HTTP address
  GABION_TOKEN, GABION_TOKEN_FILE   token to show it`;

function up(gabion: Command): void {
  const command = gabion
    .command('up')
    .description('Starts the platform: all services in this one process, with everything they need.')
    .addOption(dataOption())
    .addOption(
      new Option('--port <port>', 'HTTP port; 0 takes a free one').argParser(port).default(8080).env('GABION_PORT'),
    )
    .addOption(new Option('--host <address>', 'address to listen on').default('127.0.0.1').env('GABION_HOST'))
    .addOption(
      new Option('--grpc-port <port>', 'gRPC port; 0 takes a free one')
        .argParser(port)
        .default(8081)
        .env('GABION_GRPC_PORT'),
    )
    .addOption(new Option('--services <names>', 'only these services, for example identity,gateway').argParser(names))
    .option('--detach', 'run in the background; answers when it is ready')
    .addOption(
      new Option('--kafka <brokers>', 'Kafka as the bus, host:port,…; without, the embedded one')
        .argParser(names)
        .env('GABION_KAFKA_BROKERS'),
    )
    .addOption(
      new Option('--postgres <url>', 'a PostgreSQL to use, as an administrator; without, one is started').env(
        'GABION_POSTGRES_URL',
      ),
    )
    .addOption(new Option('--redis <url>', 'a Redis to use; without, memory').env('GABION_REDIS_URL'))
    .addOption(
      new Option('--log-level <level>', 'how much the log says')
        .choices(['trace', 'debug', 'info', 'warn', 'error', 'fatal'])
        .env('GABION_LOG_LEVEL')
        .default('info'),
    )
    .action(async (options) => (await import('./up.ts')).up(options));
  command.addHelpText(
    'after',
    examples([
      'gabion up                                   # everything embedded, under the data directory',
      'gabion up --detach --data ~/gabion --port 9000',
      'gabion up --kafka kafka:9092 --postgres postgresql://admin@db/postgres --redis redis://cache',
    ]),
  );
}

function down(gabion: Command): void {
  gabion
    .command('down')
    .description('Stops the platform that runs on a data directory.')
    .addOption(dataOption())
    .action(async (options) => (await import('./down.ts')).down(options))
    .addHelpText('after', examples(['gabion down', 'gabion down --data ~/gabion']));
}

function status(gabion: Command): void {
  gabion
    .command('status')
    .description('Says what runs on a data directory, since when and where; exit code 1 when nothing does.')
    .addOption(dataOption())
    .option('--json', 'answer for a machine')
    .action(async (options) => (await import('./status.ts')).status(options))
    .addHelpText('after', examples(['gabion status', 'gabion status --json | jq .url']));
}

function token(gabion: Command): void {
  const group = gabion.command('token').description('API tokens.');
  group
    .command('create')
    .description('Makes a token and prints its text, which is shown this once.')
    .argument('<name>', 'what you call it')
    .addOption(new Option('--days <days>', 'how long it is in force').argParser(days).default(90))
    .option('--owner <id>', 'a user or service account; yourself unless told')
    .addOption(dataOption())
    .option('--json', 'answer for a machine')
    .action(async (name, options) => (await import('./token.ts')).createToken(name, options))
    .addHelpText(
      'after',
      examples(['gabion token create ci --days 30', 'export GABION_TOKEN=$(gabion token create ci)']),
    );
  group
    .command('list')
    .description('Lists tokens, newest first.')
    .option('--all', 'revoked ones too')
    .addOption(dataOption())
    .option('--json', 'answer for a machine')
    .action(async (options) => (await import('./token.ts')).listTokens(options))
    .addHelpText('after', examples(['gabion token list --all']));
  group
    .command('revoke')
    .description('Revokes a token: nothing is let in with it from then on.')
    .argument('<id>', 'as `gabion token list` shows it')
    .addOption(dataOption())
    .option('--json', 'answer for a machine')
    .action(async (id, options) => (await import('./token.ts')).revokeToken(id, options))
    .addHelpText('after', examples(['gabion token revoke 0192f0c1-…']));
  group
    .command('whoami')
    .description('Says whose the token is and what it may do.')
    .addOption(dataOption())
    .option('--json', 'answer for a machine')
    .action(async (options) => (await import('./token.ts')).whoAmI(options))
    .addHelpText('after', examples(['gabion token whoami']));
}

function secrets(gabion: Command): void {
  const group = gabion
    .command('secrets')
    .description('Secrets by path, and (init, databases, print) those of a distributed installation itself.');
  secretValues(group);
  secretRotations(group);
  secretPolicies(group);
  secretInjection(group);
  secretSyncs(group);
  const dir = () => new Option('--dir <directory>', 'folder of the secrets').makeOptionMandatory();
  group
    .command('init')
    .description(
      "Makes what is missing: passwords, join tokens and the platform's own authority, as files of mode 0600.",
    )
    .addOption(dir())
    .option('--host <address>', 'host:port at which the services reach PostgreSQL', 'postgres:5432')
    .option('--redis-host <address>', 'host:port at which they reach Redis', 'redis:6379')
    .action(async (options) => (await import('./secrets.ts')).initialise(options))
    .addHelpText('after', examples(['gabion secrets init --dir ./gabion-secrets']));
  group
    .command('databases')
    .description('Gives each service its database and role, with the passwords of the folder.')
    .addOption(dir())
    .option('--host <address>', 'host:port of PostgreSQL', 'postgres:5432')
    .action(async (options) => (await import('./secrets.ts')).makeDatabases(options))
    .addHelpText('after', examples(['gabion secrets databases --dir /secrets --host postgres']));
  group
    .command('print')
    .description('Prints the folder as Kubernetes Secrets, YAML.')
    .addOption(dir())
    .action(async (options) => (await import('./secrets.ts')).print(options))
    .addHelpText('after', examples(['gabion secrets print --dir ./gabion-secrets | kubectl apply -n gabion -f -']));
}

function service(gabion: Command): void {
  gabion
    .command('service')
    .description('Runs one service by itself, configured by its environment; for containers.')
    .argument('<name>', 'identity, kms-secrets, image-scanner or gateway')
    .action(async (name) => (await import('./service.ts')).runService(name))
    .addHelpText('after', examples(['GABION_POSTGRES_URL_FILE=/secrets/identity.url gabion service identity']));
}

function test(gabion: Command): void {
  gabion
    .command('test')
    .description('Checks and tests the whole tree: contracts, format, types, boundaries, build, tests.')
    .option('--full', 'the long tests too (outages, repeated kills)')
    .action(async (options) => (await import('./test.ts')).test(options))
    .addHelpText('after', examples(['gabion test', 'gabion test --full']));
}

function port(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number > 65_535) throw new InvalidArgumentError('must be a port, 0 to 65535');
  return number;
}

function days(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1 || number > 365) throw new InvalidArgumentError('must be 1 to 365');
  return number;
}
