/** Versions of the CVSS specification that have a vector form. */
export type CvssVersion = '2.0' | '3.0' | '3.1' | '4.0';

/** The metrics of one version in the order of its specification, each with the values that it may have. */
export interface MetricGroup {
  /** A mandatory group must be there in full; a `complete` one is either absent or there in full. */
  readonly presence: 'mandatory' | 'complete' | 'optional';
  readonly metrics: Readonly<Record<string, string>>;
}

// CVSS v2.0 Complete Documentation, 2.4: each group is listed whole or not at all.
const v2: readonly MetricGroup[] = [
  {
    presence: 'mandatory',
    metrics: { AV: 'L A N', AC: 'H M L', Au: 'M S N', C: 'N P C', I: 'N P C', A: 'N P C' },
  },
  { presence: 'complete', metrics: { E: 'U POC F H ND', RL: 'OF TF W U ND', RC: 'UC UR C ND' } },
  {
    presence: 'complete',
    metrics: { CDP: 'N L LM MH H ND', TD: 'N L M H ND', CR: 'L M H ND', IR: 'L M H ND', AR: 'L M H ND' },
  },
];

// CVSS v3.1 Specification Document, table 15; version 3.0 has the same metrics and values.
const v3: readonly MetricGroup[] = [
  {
    presence: 'mandatory',
    metrics: { AV: 'N A L P', AC: 'L H', PR: 'N L H', UI: 'N R', S: 'U C', C: 'H L N', I: 'H L N', A: 'H L N' },
  },
  { presence: 'optional', metrics: { E: 'X H F P U', RL: 'X U W T O', RC: 'X C R U' } },
  {
    presence: 'optional',
    metrics: {
      CR: 'X H M L',
      IR: 'X H M L',
      AR: 'X H M L',
      MAV: 'X N A L P',
      MAC: 'X L H',
      MPR: 'X N L H',
      MUI: 'X N R',
      MS: 'X U C',
      MC: 'X N L H',
      MI: 'X N L H',
      MA: 'X N L H',
    },
  },
];

// CVSS v4.0 Specification Document, table 23.
const v4: readonly MetricGroup[] = [
  {
    presence: 'mandatory',
    metrics: {
      AV: 'N A L P',
      AC: 'L H',
      AT: 'N P',
      PR: 'N L H',
      UI: 'N P A',
      VC: 'H L N',
      VI: 'H L N',
      VA: 'H L N',
      SC: 'H L N',
      SI: 'H L N',
      SA: 'H L N',
    },
  },
  {
    presence: 'optional',
    metrics: {
      E: 'X A P U',
      CR: 'X H M L',
      IR: 'X H M L',
      AR: 'X H M L',
      MAV: 'X N A L P',
      MAC: 'X L H',
      MAT: 'X N P',
      MPR: 'X N L H',
      MUI: 'X N P A',
      MVC: 'X H L N',
      MVI: 'X H L N',
      MVA: 'X H L N',
      MSC: 'X H L N',
      MSI: 'X S H L N',
      MSA: 'X S H L N',
      S: 'X N P',
      AU: 'X N Y',
      R: 'X A U I',
      V: 'X D C',
      RE: 'X L M H',
      U: 'X Clear Green Amber Red',
    },
  },
];

/** The metric groups of each version. */
export const metricGroups: Readonly<Record<CvssVersion, readonly MetricGroup[]>> = {
  '2.0': v2,
  '3.0': v3,
  '3.1': v3,
  '4.0': v4,
};
