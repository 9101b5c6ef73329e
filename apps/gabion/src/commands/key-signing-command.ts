import { type Command, Option } from 'commander';
import { examples } from '../examples.ts';
import { macAlgorithmNames, signatureAlgorithmNames } from '../key-names.ts';
import { machineReadable, versionOption } from './options.ts';

/** `gabion keys sign`, `mac`, `jwt` and what verifies them. */
export function keySigning(group: Command): void {
  signatures(group);
  macs(group);
  webTokens(group);
}

function signatures(group: Command): void {
  signing(group.command('sign'))
    .description('Signs standard input, or a file, and prints the signature in base64.')
    .action(async (key, options) => (await import('../key-signing.ts')).sign(key, options))
    .addHelpText(
      'after',
      examples([
        'gabion keys sign release --file app.tar.gz > app.sig',
        'sha256sum image.iso | gabion keys sign web --digest sha256 --algorithm rsa-pkcs1-sha256',
        'gabion keys sign web --file app --json | jq -r .signature | base64 -d > app.der   # for openssl',
      ]),
    );
  signing(group.command('verify'))
    .description("Says whether a signature of standard input, or a file, is the key's; exit code 1 when it is not.")
    .requiredOption('--signature <file|base64>', 'as `gabion keys sign` printed it, or its bytes in a file')
    .action(async (key, options) => (await import('../key-signing.ts')).verify(key, options))
    .addHelpText(
      'after',
      examples([
        'gabion keys verify release --signature app.sig --file app.tar.gz',
        'gabion keys verify release --signature app.sig --file app.tar.gz --at 1   # made before the key was rotated',
      ]),
    );
}

function signing(command: Command): Command {
  return machineReadable(command)
    .argument('<key>', 'id, name or alias')
    .option('--file <file>', 'the message; standard input unless told')
    .addOption(
      new Option('--digest <name>', 'the input is this digest of the message, its bytes or in hexadecimal').choices([
        'sha256',
        'sha384',
        'sha512',
      ]),
    )
    .addOption(algorithmOption())
    .addOption(
      new Option('--encoding <encoding>', 'of ECDSA: DER, or r and s as JWS has them')
        .choices(['der', 'ieee-p1363'])
        .default('der'),
    )
    .addOption(versionOption());
}

function macs(group: Command): void {
  authenticating(group.command('mac'))
    .description('Prints the MAC of standard input, or of a file, in base64.')
    .action(async (key, options) => (await import('../key-macs.ts')).mac(key, options))
    .addHelpText(
      'after',
      examples([
        'gabion keys mac webhooks < body.json',
        'gabion keys mac webhooks --algorithm hmac-sha512 --file body',
      ]),
    );
  authenticating(group.command('verify-mac'))
    .description("Says whether a MAC of standard input, or a file, is the key's; exit code 1 when it is not.")
    .requiredOption('--mac <file|base64>', 'as `gabion keys mac` printed it, or its bytes in a file')
    .action(async (key, options) => (await import('../key-macs.ts')).verifyMac(key, options))
    .addHelpText('after', examples(['gabion keys verify-mac webhooks --mac "$SIGNATURE" < body.json']));
}

function authenticating(command: Command): Command {
  return machineReadable(command)
    .argument('<key>', 'id, name or alias, of type hmac')
    .option('--file <file>', 'the message; standard input unless told')
    .addOption(new Option('--algorithm <name>', 'hmac-sha256 unless told').choices(macAlgorithmNames))
    .addOption(versionOption());
}

function webTokens(group: Command): void {
  const jwt = group.command('jwt').description('JSON Web Tokens signed by keys.');
  machineReadable(jwt.command('sign'))
    .description('Signs the claims on standard input, a JSON object, and prints the JWT.')
    .argument('<key>', 'id, name or alias')
    .option('--type <type>', 'typ of its header, for example at+jwt', 'JWT')
    .addOption(algorithmOption())
    .addOption(versionOption())
    .action(async (key, options) => (await import('../key-jwt.ts')).signJwt(key, options))
    .addHelpText(
      'after',
      examples([
        `jq -n '{sub: "ci", aud: "deploy", exp: (now + 600 | floor)}' | gabion keys jwt sign tokens`,
        'gabion keys public tokens --json | jq -r .jwk   # what others verify it with',
      ]),
    );
  machineReadable(jwt.command('verify'))
    .description('Prints the claims of a JWT on standard input; exit code 1 when it is not valid, and why.')
    .argument('<key>', 'id, name or alias')
    .option('--audience <name>', 'who you are: aud has to hold it; needed for a JWT that has aud')
    .addOption(algorithmOption('the only one that is taken; that of the key unless told'))
    .action(async (key, options) => (await import('../key-jwt.ts')).verifyJwt(key, options))
    .addHelpText(
      'after',
      '\nChecked are the signature, exp, nbf and aud. Other claims, such as iss and sub, are yours to check.',
    )
    .addHelpText('after', examples(['gabion keys jwt verify tokens --audience deploy < token.jwt | jq -r .sub']));
}

function algorithmOption(description = 'that of the key unless told'): Option {
  return new Option('--algorithm <name>', description).choices(signatureAlgorithmNames);
}
