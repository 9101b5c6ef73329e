import type { SecretDetector } from './secret-detector.ts';
import type { SecretSeverity } from './secret-rule.ts';

/** A secret in an image's own configuration. */
export interface ConfigurationSecret {
  readonly origin: 'environment' | 'history' | 'label';
  /** The variable or label; empty for the history. */
  readonly name: string;
  /** Index of the step of the history, from 0. */
  readonly step: number;
  readonly ruleId: string;
  readonly title: string;
  readonly severity: SecretSeverity;
  readonly redacted: string;
}

/** What of an image's configuration can hold secrets. */
export interface ConfigurationTexts {
  readonly env: readonly string[];
  readonly history: readonly { readonly createdBy: string }[];
  readonly labels: ReadonlyMap<string, string>;
}

const maxTextLength = 64 * 1024;

/** The secrets in environment, history and labels. */
export function configurationSecrets(
  detector: SecretDetector,
  { env, history, labels }: ConfigurationTexts,
): ConfigurationSecret[] {
  const found = (origin: ConfigurationSecret['origin'], name: string, text: string, step = -1) =>
    detector.find(text.slice(0, maxTextLength)).map(({ rule, redacted }) => {
      return { origin, name, step, ruleId: rule.id, title: rule.title, severity: rule.severity, redacted };
    });
  return [
    ...env.flatMap((variable) => found('environment', variable.split('=', 1)[0]!, variable)),
    ...history.flatMap(({ createdBy }, step) => found('history', '', createdBy, step)),
    ...[...labels].flatMap(([name, value]) => found('label', name, `${name}=${value}`)),
  ];
}
