import type { Target } from './target.ts';
import { advisoryTargets } from './targets/advisories.ts';
import { ciphertextTargets } from './targets/ciphertexts.ts';
import { definitionTargets } from './targets/definitions.ts';
import { documentTargets } from './targets/documents.ts';
import { imageTargets } from './targets/images.ts';
import { keyServiceTargets } from './targets/key-service.ts';
import { keyTargets } from './targets/keys.ts';
import { languageTargets } from './targets/languages.ts';
import { lockFileTargets } from './targets/lock-files.ts';
import { nameTargets } from './targets/names.ts';
import { programTargets } from './targets/programs.ts';
import { systemTargets } from './targets/systems.ts';

/** One for each parser, by name. */
export const targets: readonly Target[] = [
  ...imageTargets,
  ...systemTargets,
  ...languageTargets,
  ...lockFileTargets,
  ...programTargets,
  ...documentTargets,
  ...advisoryTargets,
  ...nameTargets,
  ...definitionTargets,
  ...ciphertextTargets,
  ...keyTargets,
  ...keyServiceTargets,
];
