import { type Command, InvalidArgumentError, Option } from 'commander';
import { dataOption } from '../data-option.ts';
import { examples } from '../examples.ts';
import { machineReadable, names } from './options.ts';

/** `gabion clusters`: encryption at rest of Kubernetes clusters. */
export function clusters(gabion: Command): void {
  const group = gabion.command('clusters').description('Encryption at rest of the Secrets of Kubernetes clusters.');
  settings(group);
  storage(group);
}

function settings(group: Command): void {
  machineReadable(group.command('add'))
    .description('Adds a cluster with a key of its own, or changes the one of that name; what is not told is kept.')
    .argument('<cluster>', 'small letters, digits and "-"')
    .option('--key <key>', 'a key of AES-256 that is there; one is made unless told')
    .addOption(new Option('--resources <names>', 'what is encrypted; secrets unless told').argParser(names))
    .addOption(new Option('--grace <seconds>', 'how long plugins go on without the key service').argParser(seconds))
    .option('--kubeconfig <file>', 'for storage migrations: may list and patch the resources; "-" is standard input')
    .addOption(
      new Option('--plugin-accounts <ids>', 'service accounts whose plugins get the keys; all unless told').argParser(
        names,
      ),
    )
    .action(async (cluster, options) => (await import('../clusters.ts')).addCluster(cluster, options))
    .addHelpText(
      'after',
      examples(['gabion clusters add prod', 'gabion clusters add prod --kubeconfig migrator.kubeconfig']),
    );
  machineReadable(group.command('list'))
    .description('Lists the clusters and the plugins at work.')
    .action(async (options) => (await import('../clusters.ts')).listClusters(options))
    .addHelpText('after', examples(['gabion clusters list']));
  ofCluster(group, 'show', 'Shows a cluster with its plugins.', 'showCluster');
  ofCluster(group, 'remove', 'Forgets a cluster; refused while it needs its key.', 'removeCluster');
  ofCluster(
    group,
    'suspend',
    'Takes the keys from all plugins at once: for an emergency. API servers stop.',
    'suspendCluster',
  );
  ofCluster(group, 'resume', 'Gives the keys of a suspended cluster back.', 'resumeCluster');
  group
    .command('config')
    .description('Prints the EncryptionConfiguration of the API servers.')
    .argument('<cluster>')
    .option('--endpoint <url>', 'socket of the plugin', 'unix:///run/gabion/kms.sock')
    .addOption(dataOption())
    .action(async (cluster, options) => (await import('../clusters.ts')).printConfiguration(cluster, options))
    .addHelpText('after', examples(['gabion clusters config prod > /etc/kubernetes/encryption.yaml']));
}

function storage(group: Command): void {
  machineReadable(group.command('migrate'))
    .description('Has every value written again under the present key, and waits for the end.')
    .argument('<cluster>')
    .option('--detach', 'only begins it')
    .action(async (cluster, options) => (await import('../storage-migration.ts')).migrate(cluster, options))
    .addHelpText('after', examples(['gabion clusters migrate prod', 'gabion clusters migrations prod']));
  ofCluster(group, 'migrations', 'Lists the migrations of a cluster, newest first.', 'listMigrations');
  machineReadable(group.command('cancel'))
    .description('Cancels a migration; what was written stays so.')
    .argument('<id>', 'as `gabion clusters migrations` shows it')
    .action(async (id, options) => (await import('../storage-migration.ts')).cancelMigration(id, options))
    .addHelpText('after', examples(['gabion clusters cancel 0192f0c1-…']));
  machineReadable(group.command('evidence'))
    .description(
      'Shows which key encrypts how many values; counts them in etcd first when it is told where. Exit code 1 unless all are under the present key.',
    )
    .argument('<cluster>')
    .option('--etcd <url>', 'endpoint of etcd, for example https://127.0.0.1:2379')
    .option('--etcd-ca <file>', 'authority of etcd, PEM')
    .option('--etcd-cert <file>', 'client certificate, PEM')
    .option('--etcd-key <file>', 'its key, PEM')
    .option('--etcd-prefix <prefix>', "the API server's --etcd-prefix", '/registry')
    .action(async (cluster, options) => (await import('../encryption-evidence.ts')).evidence(cluster, options))
    .addHelpText(
      'after',
      examples([
        'gabion clusters evidence prod',
        'gabion clusters evidence prod --etcd https://127.0.0.1:2379 --etcd-ca /etc/kubernetes/pki/etcd/ca.crt --etcd-cert /etc/kubernetes/pki/apiserver-etcd-client.crt --etcd-key /etc/kubernetes/pki/apiserver-etcd-client.key',
      ]),
    );
}

type OfCluster = 'showCluster' | 'removeCluster' | 'suspendCluster' | 'resumeCluster' | 'listMigrations';

function ofCluster(group: Command, name: string, description: string, does: OfCluster): void {
  machineReadable(group.command(name))
    .description(description)
    .argument('<cluster>')
    .action(async (cluster, options) => {
      if (does === 'listMigrations') return (await import('../storage-migration.ts')).listMigrations(cluster, options);
      return (await import('../clusters.ts'))[does](cluster, options);
    })
    .addHelpText('after', examples([`gabion clusters ${name} prod`]));
}

function seconds(text: string): number {
  const number = Number(text);
  if (!/^\d{1,6}$/.test(text) || number < 1 || number > 604_800) throw new InvalidArgumentError('must be 1 to 604800');
  return number;
}
