import { type Command, Option } from 'commander';
import { dataOption } from '../data-option.ts';
import { examples } from '../examples.ts';

/** `gabion kms-plugin`: the KMS v2 provider beside an API server. */
export function kmsPlugin(gabion: Command): void {
  gabion
    .command('kms-plugin')
    .description(
      'Serves KMS v2 to the API server of a control-plane node, with the keys of one cluster. They are in memory only; when the key service is away the plugin goes on for as long as the cluster grants.',
    )
    .requiredOption('--cluster <name>', 'as `gabion clusters list` shows it')
    .option('--node <name>', "this control-plane node; the machine's name unless told")
    .addOption(new Option('--socket <path>', 'unix socket of the API server').default('/run/gabion/kms.sock'))
    .option('--monitoring <host:port>', 'serves /healthz, /readyz and /metrics there')
    .addOption(
      new Option('--log-level <level>', 'how much is logged').choices(['debug', 'info', 'warn']).default('info'),
    )
    .addOption(dataOption())
    .action(async (options) => {
      await (await import('../small-process.ts')).becomeSmall();
      await (await import('../kms-plugin.ts')).runKmsPlugin(options);
    })
    .addHelpText(
      'after',
      examples([
        'gabion kms-plugin --cluster prod',
        'GABION_GRPC=grpcs://gabion.example:8081 GABION_TOKEN_FILE=/etc/gabion/token gabion kms-plugin --cluster prod',
      ]),
    );
}
