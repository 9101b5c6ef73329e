/** What purl-spec's definition of a type (types/*-definition.json) says beyond the general grammar. */
export interface TypeRules {
  readonly namespace?: 'required' | 'prohibited';
  /** Parts that are written in lower case. */
  readonly lower?: readonly ('namespace' | 'name' | 'version')[];
  /** Whether names that differ only by case are the same, though the case is kept. */
  readonly isCaseless?: boolean;
  readonly name?: RegExp;
  readonly version?: RegExp;
  readonly requiredQualifiers?: readonly string[];
  /** What each run of these characters in a name becomes. */
  readonly replaced?: readonly [RegExp, string];
}

const both = ['namespace', 'name'] as const;
const name = ['name'] as const;
const alone = { namespace: 'prohibited' } as const;
const owned = { namespace: 'required' } as const;

// purl-spec has `golang` and `npm` in lower case, but modules (`github.com/Azure/…`) and packages of old (`JSONStream`) are
// told apart by case where they are fetched and in advisories: it is kept, and left out when names are compared.
// A namespace that the definitions of `alpm`, `apk`, `deb`, `rpm` and `qpkg` require is often left out by those who write
// package URLs; nothing is read wrongly without it.
const rules: Readonly<Record<string, TypeRules>> = {
  alpm: { lower: both },
  apk: { lower: both },
  bazel: alone,
  bitbucket: { ...owned, lower: both },
  bitnami: { ...alone, lower: name },
  brew: { lower: both },
  cargo: alone,
  'chrome-extension': { ...alone, name: /^[a-p]{32}$/, version: /^\d{1,5}(?:\.\d{1,5}){0,3}$/ },
  cocoapods: alone,
  composer: { lower: both },
  conan: {},
  conda: alone,
  cpan: { name: /^(?!.*::)/s },
  cran: alone,
  deb: { lower: both },
  docker: { lower: both },
  gem: alone,
  generic: {},
  git: { ...owned, lower: ['namespace'] },
  github: { ...owned, lower: both },
  golang: { isCaseless: true },
  hackage: alone,
  hex: { lower: both },
  huggingface: { lower: ['version'] },
  julia: { ...alone, requiredQualifiers: ['uuid'] },
  luarocks: { lower: both },
  maven: owned,
  mlflow: alone,
  npm: { isCaseless: true },
  nuget: { ...alone, isCaseless: true },
  oci: { ...alone, lower: name },
  opam: { ...alone, isCaseless: true },
  otp: { ...alone, lower: name },
  pub: { ...alone, lower: name },
  pypi: { ...alone, lower: name, replaced: [/[-_.]+/g, '-'] },
  qpkg: { lower: ['namespace'] },
  rpm: { lower: ['namespace'] },
  swid: { requiredQualifiers: ['tag_id'] },
  swift: owned,
  vcpkg: { ...alone, lower: name },
  'vscode-extension': { ...owned, lower: both },
  yocto: { lower: ['namespace'] },
};

/** The types of purl-spec. */
export const purlTypes: readonly string[] = Object.keys(rules);

/** The rules of a type; a type that purl-spec does not know has none. */
export function rulesOf(type: string): TypeRules {
  return Object.hasOwn(rules, type) ? rules[type]! : {};
}
