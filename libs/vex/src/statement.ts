/** What a product's supplier says of a vulnerability in it (OpenVEX 0.2.0, "Status Labels"). */
export type VexStatus = 'not_affected' | 'affected' | 'fixed' | 'under_investigation';

/** Why a product is not affected (OpenVEX 0.2.0, "Status Justifications"; CSAF's flags are the same). */
export const justifications = [
  'component_not_present',
  'vulnerable_code_not_present',
  'vulnerable_code_not_in_execute_path',
  'vulnerable_code_cannot_be_controlled_by_adversary',
  'inline_mitigations_already_exist',
] as const;
export type Justification = (typeof justifications)[number];

/** One statement of a VEX document of any format, as plain JSON. */
export interface Statement {
  /** All names of the vulnerability, as written. */
  readonly vulnerabilities: readonly string[];
  readonly products: readonly Product[];
  readonly status: VexStatus;
  readonly justification?: Justification;
  /** In words, why it is not affected. */
  readonly impact?: string;
  /** What those affected should do. */
  readonly action?: string;
  /** RFC 3339: since when it holds. */
  readonly timestamp: string;
  readonly author: string;
  readonly documentId: string;
}

/** What a statement is about. With subcomponents, it is about these only where they are in the product. */
export interface Product extends Component {
  readonly subcomponents: readonly Component[];
}

/** Something with any of these names. */
export interface Component {
  /** Package URLs; one without a version stands for every version. */
  readonly purls: readonly string[];
  /** `sha256:…` of images. */
  readonly digests: readonly string[];
  /** References of images: `registry.example/app:1.2`. */
  readonly references: readonly string[];
  /** Versions that are meant, `1.2.3` or `vers:npm/<1.2.3`; all where empty. */
  readonly versions: readonly string[];
}

/** What was read of a VEX document. */
export interface VexDocument {
  readonly format: 'openvex' | 'cyclonedx' | 'csaf';
  readonly id: string;
  readonly author: string;
  /** RFC 3339. */
  readonly timestamp: string;
  readonly statements: readonly Statement[];
  /** Statements that say too little to be used, with the reason; so many at most. */
  readonly skipped: readonly string[];
}

export const maxSkipped = 100;
export const maxStatements = 100_000;
