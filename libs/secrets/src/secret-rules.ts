import { cloudRules } from './rules/cloud.ts';
import { developmentRules } from './rules/development.ts';
import { genericRules } from './rules/generic.ts';
import { serviceRules } from './rules/services.ts';
import type { SecretRule } from './secret-rule.ts';

/** All rules, the more specific before the more general. */
export const secretRules: readonly SecretRule[] = [
  ...cloudRules,
  ...developmentRules,
  ...serviceRules,
  ...genericRules,
];

/** Names the set of rules: what was found by another set is to be looked for anew. */
export const secretRulesVersion = 1;
